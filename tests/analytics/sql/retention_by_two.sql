WITH _named AS (
    SELECT e.distinct_id, e.event_time, unnest(list_append([[coalesce(e."plan", 'undefined'), _item_1] FOR _item_1 IN CASE WHEN CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END IS NOT NULL THEN CASE WHEN json_array_length(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END) = 0 THEN ['undefined'] ELSE list_distinct([coalesce(coalesce(CASE WHEN json_type(item) = 'VARCHAR' THEN (item ->> '$') END, coalesce(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((item ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(item) = 'BOOLEAN' THEN (item ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(item) IN ('ARRAY', 'OBJECT') THEN item ->> '$' END, 'undefined') FOR item IN json_extract(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END, '$[*]')]) END ELSE [coalesce(coalesce(CASE WHEN json_type(e."tags") = 'VARCHAR' THEN (e."tags" ->> '$') END, coalesce(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((e."tags" ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(e."tags") = 'BOOLEAN' THEN (e."tags" ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(e."tags") = 'OBJECT' THEN (e."tags" ->> '$') END, 'undefined')] END], NULL)) AS segments
    FROM "events" AS e
    WHERE e.event_name = 'View'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
), _entering AS (
    SELECT *, segments[1] AS segment_1, segments[2] AS segment_2
    FROM _named
), _born AS (
    SELECT distinct_id, segment_1, segment_2, min(event_time) AS born_at
    FROM _entering
    GROUP BY distinct_id, segment_1, segment_2, CAST((event_time + INTERVAL '3600' SECOND) AS DATE)
), _cohorts AS (
    SELECT *, CAST((born_at + INTERVAL '3600' SECOND) AS DATE) AS cohort
    FROM _born
), _begun AS (
    SELECT
        *,
        2 * date_diff('microsecond', CAST('2024-12-31 23:00:00' AS TIMESTAMP), born_at) AS moment,
        row_number() OVER () AS number
    FROM _cohorts
), _met AS (
    SELECT distinct_id, min(moment) AS first_moment, max(moment) AS last_moment
    FROM (
        SELECT e.distinct_id, 2 * date_diff('microsecond', CAST('2024-12-31 23:00:00' AS TIMESTAMP), e.event_time) + CASE WHEN e.event_name <> 'View' THEN 1 ELSE 0 END AS moment
        FROM "events" AS e
        WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
          AND e.event_time < CAST('2025-02-07 23:00:00' AS TIMESTAMP)
    ) AS _moments
    GROUP BY distinct_id, moment // 172800000000
), _coming AS (
    SELECT
        distinct_id,
        unnest(
            CASE WHEN first_moment < last_moment THEN [first_moment, last_moment] ELSE [last_moment] END
        ) AS moment
    FROM _met
), _returned AS (
    SELECT DISTINCT c.number, c.segment_1, c.segment_2, c.cohort, CASE WHEN (r.moment - c.moment) // 172800000000 < 1 THEN 0 WHEN (r.moment - c.moment) // 172800000000 < 3 THEN 1 ELSE 2 END AS period
    FROM _begun AS c
    JOIN _coming AS r ON r.distinct_id = c.distinct_id
        AND r.moment > c.moment
        AND r.moment < c.moment + 1209600000000
), _counted AS (
    SELECT segment_1, segment_2, cohort, period, count(*) AS users
    FROM _returned
    GROUP BY segment_1, segment_2, cohort, period
), _sizes AS (
    SELECT segment_1, segment_2, cohort, count(*) AS cohort_size
    FROM _cohorts
    GROUP BY segment_1, segment_2, cohort
), _ranked AS (
    SELECT
        segment_1, segment_2,
        row_number() OVER (ORDER BY segment_1 IS NOT NULL, sum(cohort_size) DESC, segment_1, segment_2) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _sizes
    GROUP BY segment_1, segment_2
), _shown AS (
    SELECT _sizes.*, _ranked.place, _ranked.segments
    FROM _sizes JOIN _ranked ON _ranked.segment_1 IS NOT DISTINCT FROM _sizes.segment_1 AND _ranked.segment_2 IS NOT DISTINCT FROM _sizes.segment_2
    WHERE _ranked.place <= 255
), _ending AS (
    SELECT max(e.event_time) AS last_event FROM "events" AS e
)
SELECT
    _shown.segment_1, _shown.segment_2, _shown.segments, _shown.cohort, _shown.cohort_size,
    _counted.period, _counted.users, _ending.last_event
FROM _ending
LEFT JOIN _shown ON TRUE
LEFT JOIN _counted ON _counted.cohort = _shown.cohort AND _counted.segment_1 IS NOT DISTINCT FROM _shown.segment_1 AND _counted.segment_2 IS NOT DISTINCT FROM _shown.segment_2
ORDER BY _shown.place, _shown.cohort, _counted.period
