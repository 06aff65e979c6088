WITH _matching AS (
    SELECT CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date, e."tags" AS raw, e.distinct_id AS user_id
    FROM "events" AS e
    WHERE e.event_name = 'Buy'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _found AS (
    SELECT raw, count(*) AS events
    FROM _matching
    GROUP BY raw
), _named AS (
    SELECT raw, unnest(CASE WHEN CASE WHEN json_type(raw) = 'ARRAY' THEN CAST((raw ->> '$') AS JSON) END IS NOT NULL THEN CASE WHEN json_array_length(CASE WHEN json_type(raw) = 'ARRAY' THEN CAST((raw ->> '$') AS JSON) END) = 0 THEN ['undefined'] ELSE list_distinct([coalesce(coalesce(CASE WHEN json_type(item) = 'VARCHAR' THEN (item ->> '$') END, coalesce(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((item ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(item) = 'BOOLEAN' THEN (item ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(item) IN ('ARRAY', 'OBJECT') THEN item ->> '$' END, 'undefined') FOR item IN json_extract(CASE WHEN json_type(raw) = 'ARRAY' THEN CAST((raw ->> '$') AS JSON) END, '$[*]')]) END ELSE [coalesce(coalesce(CASE WHEN json_type(raw) = 'VARCHAR' THEN (raw ->> '$') END, coalesce(CAST(CASE WHEN json_type(raw) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((raw ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(raw) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((raw ->> '$') AS DOUBLE)) THEN TRY_CAST((raw ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(raw) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((raw ->> '$') AS DOUBLE)) THEN TRY_CAST((raw ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(raw) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((raw ->> '$') AS DOUBLE)) THEN TRY_CAST((raw ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(raw) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((raw ->> '$') AS DOUBLE)) THEN TRY_CAST((raw ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(raw) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((raw ->> '$') AS DOUBLE)) THEN TRY_CAST((raw ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(raw) = 'BOOLEAN' THEN (raw ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(raw) = 'OBJECT' THEN (raw ->> '$') END, 'undefined')] END) AS segment, events
    FROM _found
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY sum(events) DESC, segment) AS place,
        count(*) OVER () AS segments
    FROM _named
    GROUP BY segment
), _shown AS (
    SELECT _named.raw, 
        CASE WHEN _ranked.place <= 60 THEN _ranked.segment END AS segment,
        least(_ranked.place, 60 + 1) AS place,
        _ranked.segments
    FROM _named JOIN _ranked ON _ranked.segment = _named.segment
)
SELECT _matching.date, _shown.segment, count(*) AS count, _shown.place, _shown.segments
FROM _matching JOIN _shown ON _shown.raw IS NOT DISTINCT FROM _matching.raw
GROUP BY _matching.date, _shown.segment, _shown.place, _shown.segments
ORDER BY _shown.place, _matching.date
