WITH _entering AS (
    SELECT e.distinct_id, e.event_time
    FROM "events" AS e
    WHERE e.event_name = 'View'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
), _reached_1 AS (
    SELECT distinct_id, min(event_time) AS time_1
    FROM _entering
    GROUP BY distinct_id
), _step_2 AS (
    SELECT e.distinct_id, e.event_time
    FROM "events" AS e
    WHERE e.event_name = 'Buy'
      AND e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 22:59:58' AS TIMESTAMP)
      AND e.event_time < CAST('2025-02-07 23:00:00' AS TIMESTAMP)
      AND CASE WHEN isfinite(e."amount") THEN e."amount" END > 50
), _reached_2 AS (
    SELECT r.distinct_id, min(r.time_1) AS time_1, min(s.event_time) AS time_2
    FROM _reached_1 AS r
    JOIN _step_2 AS s
        ON s.distinct_id = r.distinct_id
        AND s.event_time >= r.time_1 - INTERVAL '2' SECOND
        AND s.event_time <= r.time_1 + INTERVAL '604800' SECOND
    GROUP BY r.distinct_id
), _each_step AS (
    SELECT 1 AS step, time_1, CAST(NULL AS TIMESTAMP) AS time_2
    FROM _reached_1
    UNION ALL
    SELECT 2 AS step, time_1, time_2
    FROM _reached_2
), _counted AS (
    SELECT
        count(*) FILTER (WHERE step = 1) AS count_1,
        count(*) FILTER (WHERE step = 2) AS count_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE step = 2) / 1000000 AS avg_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE step = 2) / 1000000 AS median_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE step = 2) / 1000000 AS p90_time_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE step = 2) / 1000000 AS avg_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE step = 2) / 1000000 AS median_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE step = 2) / 1000000 AS p90_time_from_start_2
    FROM _each_step
)
SELECT * FROM _counted
