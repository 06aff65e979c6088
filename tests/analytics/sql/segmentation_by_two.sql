WITH _matching AS (
    SELECT
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date,
        e.distinct_id AS user_id,
        coalesce(e."plan", 'undefined') AS segment_1,
        CASE WHEN CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END IS NOT NULL THEN CASE WHEN json_array_length(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END) = 0 THEN ['undefined'] ELSE list_distinct([coalesce(coalesce(CASE WHEN json_type(item) = 'VARCHAR' THEN (item ->> '$') END, coalesce(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((item ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(item) = 'BOOLEAN' THEN (item ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(item) IN ('ARRAY', 'OBJECT') THEN item ->> '$' END, 'undefined') FOR item IN json_extract(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END, '$[*]')]) END ELSE [coalesce(coalesce(CASE WHEN json_type(e."tags") = 'VARCHAR' THEN (e."tags" ->> '$') END, coalesce(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((e."tags" ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(e."tags") = 'BOOLEAN' THEN (e."tags" ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(e."tags") = 'OBJECT' THEN (e."tags" ->> '$') END, 'undefined')] END AS segment_2
    FROM "events" AS e
    WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _segment_2 AS (
    SELECT date, user_id, segment_1, unnest(segment_2) AS segment_2
    FROM _matching
), _counted AS (
    SELECT date, segment_1, segment_2, count(*) AS count, count(*) AS events
    FROM _segment_2
    GROUP BY date, segment_1, segment_2
), _ranked AS (
    SELECT
        segment_1, segment_2,
        row_number() OVER (ORDER BY sum(events) DESC, segment_1, segment_2) AS place,
        count(*) OVER () AS segments
    FROM _counted
    GROUP BY segment_1, segment_2
)
SELECT
    _counted.date, _counted.count, _ranked.place, _ranked.segments,
    _counted.segment_1, _counted.segment_2
FROM _counted JOIN _ranked ON _ranked.segment_1 = _counted.segment_1 AND _ranked.segment_2 = _counted.segment_2
WHERE _ranked.place <= 60
UNION ALL
SELECT _counted.date, sum(_counted.count), 60 + 1, _ranked.segments, NULL, NULL
FROM _counted JOIN _ranked ON _ranked.segment_1 = _counted.segment_1 AND _ranked.segment_2 = _counted.segment_2
WHERE _ranked.place > 60
GROUP BY _counted.date, _ranked.segments
ORDER BY 3, 1
