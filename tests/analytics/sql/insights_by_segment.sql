WITH _matching AS (
    SELECT
        coalesce(e."plan", 'undefined') AS b1,
        CASE WHEN CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END IS NOT NULL THEN CASE WHEN json_array_length(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END) = 0 THEN ['undefined'] ELSE list_distinct([coalesce(coalesce(CASE WHEN json_type(item) = 'VARCHAR' THEN (item ->> '$') END, coalesce(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((item ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(item) = 'BOOLEAN' THEN (item ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(item) IN ('ARRAY', 'OBJECT') THEN item ->> '$' END, 'undefined') FOR item IN json_extract(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END, '$[*]')]) END ELSE [coalesce(coalesce(CASE WHEN json_type(e."tags") = 'VARCHAR' THEN (e."tags" ->> '$') END, coalesce(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((e."tags" ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(e."tags") = 'BOOLEAN' THEN (e."tags" ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(e."tags") = 'OBJECT' THEN (e."tags" ->> '$') END, 'undefined')] END AS list_2,
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date,
        e.event_time AS time,
        nullif(e.distinct_id, '') AS user_id,
        row_number() OVER () AS event_number
    FROM "events" AS e
    WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.event_name = 'Buy'
), _by_2 AS (
    SELECT *, unnest(list_2) AS b2
    FROM _matching
), _found AS (
    SELECT b1, b2, count(*) AS events
    FROM _by_2
    GROUP BY b1, b2
), _ranked AS (
    SELECT b1, b2, b1 AS segment_1, b2 AS segment_2, row_number() OVER (ORDER BY events DESC, b1, b2) AS place
    FROM _found
), _number AS (
    SELECT count(*) AS segments
    FROM _ranked
), _shown AS (
    SELECT *
    FROM _ranked
    WHERE place <= 60
), _placed AS (
    SELECT DISTINCT _shown.place, _by_2.date, _by_2.time, _by_2.user_id, _by_2.event_number
    FROM _by_2 LEFT JOIN _shown ON _shown.b1 IS NOT DISTINCT FROM _by_2.b1 AND _shown.b2 IS NOT DISTINCT FROM _by_2.b2
), _events AS (
    SELECT date, place, count(*) AS value_0
    FROM _placed
    GROUP BY date, place
), _segment_1 AS (
    SELECT date, nullif(abs(min(ROW(time, coalesce(place, 61)))[2]), 61) AS place
    FROM _placed
    WHERE user_id IS NOT NULL
    GROUP BY date, user_id
), _once_1 AS (
    SELECT date, place, count(*) AS value_1
    FROM _segment_1
    GROUP BY date, place
), _values AS (
    SELECT 0 AS metric, date, place, CAST(value_0 AS DOUBLE) AS value
    FROM _events
    UNION ALL
    SELECT 1 AS metric, date, place, CAST(value_1 AS DOUBLE) AS value
    FROM _once_1
)
SELECT metric, date, value, coalesce(_shown.place, _values.place) AS place, _number.segments, _shown.segment_1, _shown.segment_2
FROM _values FULL JOIN _shown ON _shown.place = _values.place CROSS JOIN _number
ORDER BY place, metric, date
