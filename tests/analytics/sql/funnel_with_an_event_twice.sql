WITH _entering AS (
    SELECT e.distinct_id, e.event_time, e.insert_id, e."rowid" AS place
    FROM "events" AS e
    WHERE e.event_name = 'View'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
      AND e."plan" = 'pro'
), _reached_1 AS (
    SELECT distinct_id, found.time AS time_1, found.id AS id_1
    FROM (
        SELECT distinct_id, min({'time': event_time, 'place': place, 'id': insert_id}) AS found
        FROM _entering
        GROUP BY distinct_id
    )
), _step_2 AS (
    SELECT e.distinct_id, e.event_time, e.insert_id, e."rowid" AS place
    FROM "events" AS e
    WHERE e.event_name = 'Buy'
      AND e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 22:59:58' AS TIMESTAMP)
      AND e.event_time < CAST('2025-02-07 23:00:00' AS TIMESTAMP)
      AND e."plan" = 'pro'
), _reached_2 AS (
    SELECT distinct_id, time_1, id_1, found.time AS time_2, found.id AS id_2
    FROM (
    SELECT
        r.distinct_id, min(r.time_1) AS time_1, min(r.id_1) AS id_1,
        min({'time': s.event_time, 'place': s.place, 'id': s.insert_id})
            FILTER (WHERE s.event_time IS NOT NULL) AS found
    FROM _reached_1 AS r
    JOIN _step_2 AS s
        ON s.distinct_id = r.distinct_id
        AND s.event_time >= r.time_1 - INTERVAL '2' SECOND
        AND s.event_time <= r.time_1 + INTERVAL '604800' SECOND
    GROUP BY r.distinct_id
    )
), _step_3 AS (
    SELECT e.distinct_id, e.event_time, e.insert_id, e."rowid" AS place
    FROM "events" AS e
    WHERE e.event_name = 'View'
      AND e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 22:59:56' AS TIMESTAMP)
      AND e.event_time < CAST('2025-02-07 23:00:00' AS TIMESTAMP)
      AND e."plan" = 'pro'
), _reached_3 AS (
    SELECT distinct_id, time_1, time_2, id_1, id_2, found.time AS time_3, found.id AS id_3
    FROM (
    SELECT
        r.distinct_id, min(r.time_1) AS time_1, min(r.time_2) AS time_2, min(r.id_1) AS id_1, min(r.id_2) AS id_2,
        min({'time': s.event_time, 'place': s.place, 'id': s.insert_id})
            FILTER (WHERE s.event_time IS NOT NULL) AS found
    FROM _reached_2 AS r
    JOIN _step_3 AS s
        ON s.distinct_id = r.distinct_id
        AND s.event_time >= r.time_2 - INTERVAL '2' SECOND
        AND s.event_time <= r.time_1 + INTERVAL '604800' SECOND
        AND (s.event_time IS DISTINCT FROM r.time_1 OR s.insert_id IS DISTINCT FROM r.id_1)
    GROUP BY r.distinct_id
    )
), _each_step AS (
    SELECT 1 AS step, time_1, CAST(NULL AS TIMESTAMP) AS time_2, CAST(NULL AS TIMESTAMP) AS time_3
    FROM _reached_1
    UNION ALL
    SELECT 2 AS step, time_1, time_2, CAST(NULL AS TIMESTAMP) AS time_3
    FROM _reached_2
    UNION ALL
    SELECT 3 AS step, time_1, time_2, time_3
    FROM _reached_3
), _counted AS (
    SELECT
        count(*) FILTER (WHERE step = 1) AS count_1,
        count(*) FILTER (WHERE step = 2) AS count_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE step = 2) / 1000000 AS avg_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE step = 2) / 1000000 AS median_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE step = 2) / 1000000 AS p90_time_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE step = 2) / 1000000 AS avg_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE step = 2) / 1000000 AS median_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE step = 2) / 1000000 AS p90_time_from_start_2,
        count(*) FILTER (WHERE step = 3) AS count_3,
        avg(greatest(date_diff('microsecond', time_2, time_3), 0)) FILTER (WHERE step = 3) / 1000000 AS avg_time_3,
        quantile_cont(greatest(date_diff('microsecond', time_2, time_3), 0), 0.5) FILTER (WHERE step = 3) / 1000000 AS median_time_3,
        quantile_cont(greatest(date_diff('microsecond', time_2, time_3), 0), 0.9) FILTER (WHERE step = 3) / 1000000 AS p90_time_3,
        avg(greatest(date_diff('microsecond', time_1, time_3), 0)) FILTER (WHERE step = 3) / 1000000 AS avg_time_from_start_3,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_3), 0), 0.5) FILTER (WHERE step = 3) / 1000000 AS median_time_from_start_3,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_3), 0), 0.9) FILTER (WHERE step = 3) / 1000000 AS p90_time_from_start_3
    FROM _each_step
)
SELECT * FROM _counted
