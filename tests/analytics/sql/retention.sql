WITH _entering AS (
    SELECT e.distinct_id, e.event_time, CAST(NULL AS VARCHAR) AS segment
    FROM "events" AS e
    WHERE e.event_name = 'View'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
), _born AS (
    SELECT distinct_id, segment, min(event_time) AS born_at
    FROM _entering
    GROUP BY distinct_id, segment, CAST((event_time + INTERVAL '3600' SECOND) AS DATE)
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
          AND e.event_time < CAST('2025-02-11 23:00:00' AS TIMESTAMP)
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
    SELECT DISTINCT c.number, c.segment, c.cohort, (r.moment - c.moment) // 172800000000 AS period
    FROM _begun AS c
    JOIN _coming AS r ON r.distinct_id = c.distinct_id
        AND r.moment > c.moment
        AND r.moment < c.moment + 1900800000000
), _counted AS (
    SELECT segment, cohort, period, count(*) AS users
    FROM _returned
    GROUP BY segment, cohort, period
), _sizes AS (
    SELECT segment, cohort, count(*) AS cohort_size
    FROM _cohorts
    GROUP BY segment, cohort
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sum(cohort_size) DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _sizes
    GROUP BY segment
), _shown AS (
    SELECT _sizes.*, _ranked.place, _ranked.segments
    FROM _sizes JOIN _ranked ON _ranked.segment IS NOT DISTINCT FROM _sizes.segment
    WHERE _ranked.place <= 255
), _ending AS (
    SELECT max(e.event_time) AS last_event FROM "events" AS e
)
SELECT
    _shown.segment, _shown.segments, _shown.cohort, _shown.cohort_size,
    _counted.period, _counted.users, _ending.last_event
FROM _ending
LEFT JOIN _shown ON TRUE
LEFT JOIN _counted ON _counted.cohort = _shown.cohort AND _counted.segment IS NOT DISTINCT FROM _shown.segment
ORDER BY _shown.place, _shown.cohort, _counted.period
