WITH _events AS NOT MATERIALIZED (
    SELECT
        e.distinct_id,
        e.event_time,
        e.event_name AS name,
        e.insert_id,
        e."rowid" AS place,
        e.event_name = 'View' AS step_1,
        e.event_name = 'Add' AS step_2,
        e.event_name = 'Buy' AS step_3,
        e.event_name = 'Leave' AS excluded_1,
        e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP) AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP) AS in_period
    FROM "events" AS e
    WHERE e.distinct_id <> ''
      AND e.event_name IN ('View', 'Add', 'Buy', 'Leave')
      AND e.event_time >= CAST('2024-12-31 22:59:56' AS TIMESTAMP)
      AND e.event_time < CAST('2025-02-07 23:00:00' AS TIMESTAMP)
), _path_1 AS MATERIALIZED (
    SELECT distinct_id, min(event_time) AS time_1, row_number() OVER () AS number_1
    FROM _events
    WHERE in_period AND step_1
    GROUP BY distinct_id
), _near AS MATERIALIZED (
    SELECT r.number_1, s.event_time, step_2, step_3, excluded_1
    FROM _path_1 AS r
    JOIN _events AS s
        ON s.distinct_id = r.distinct_id
        AND s.event_time >= r.time_1 - INTERVAL '4' SECOND
        AND s.event_time <= r.time_1 + INTERVAL '604800' SECOND
    WHERE step_2 OR step_3 OR excluded_1
), _out_1 AS (
    SELECT r.number_1, min(r.time_1) AS time_1, min(s.event_time) AS out_1
    FROM _path_1 AS r
    LEFT JOIN _near AS s
        ON s.number_1 = r.number_1
        AND s.excluded_1
        AND s.event_time >= r.time_1 + INTERVAL '2000001' MICROSECOND
    GROUP BY r.number_1
), _path_2 AS (
    SELECT r.number_1, min(r.time_1) AS time_1, min(r.out_1) AS out_1, min(s.event_time) AS time_2
    FROM _out_1 AS r
    LEFT JOIN _near AS s
        ON s.number_1 = r.number_1
        AND s.step_2
        AND s.event_time >= r.time_1 - INTERVAL '2' SECOND
        AND (r.out_1 IS NULL OR s.event_time <= r.out_1 + INTERVAL '2' SECOND)
    GROUP BY r.number_1
), _path_3 AS (
    SELECT r.number_1, min(r.time_1) AS time_1, min(r.out_1) AS out_1, min(r.time_2) AS time_2, min(s.event_time) AS time_3
    FROM _path_2 AS r
    LEFT JOIN _near AS s
        ON s.number_1 = r.number_1
        AND s.step_3
        AND s.event_time >= r.time_2 - INTERVAL '2' SECOND
        AND (r.out_1 IS NULL OR s.event_time <= r.out_1 + INTERVAL '2' SECOND)
    GROUP BY r.number_1
), _path AS (
    SELECT r.number_1, p.distinct_id, r.time_1, r.out_1, r.time_2, r.time_3
    FROM _path_3 AS r
    JOIN _path_1 AS p ON p.number_1 = r.number_1
), _made AS MATERIALIZED (
    SELECT
        distinct_id,
        number_1,
        time_1,
        time_2,
        time_3,
        CAST(time_1 IS NOT NULL AS INTEGER) + CAST(time_2 IS NOT NULL AS INTEGER) + CAST(time_3 IS NOT NULL AS INTEGER) AS reached,
        CASE WHEN time_3 IS NULL THEN least(time_1 + INTERVAL '604800' SECOND, CASE WHEN time_3 IS NULL THEN out_1 END) ELSE greatest(time_1, time_2, time_3) END AS until
    FROM _path
), _entered AS (
    SELECT time_1, time_2, time_3
    FROM _made
), _counted AS (
    SELECT
        count(*) FILTER (WHERE time_1 IS NOT NULL) AS count_1,
        count(*) FILTER (WHERE time_2 IS NOT NULL) AS count_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS avg_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS median_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS p90_time_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS avg_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS median_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS p90_time_from_start_2,
        count(*) FILTER (WHERE time_3 IS NOT NULL) AS count_3,
        avg(greatest(date_diff('microsecond', time_2, time_3), 0)) FILTER (WHERE time_3 IS NOT NULL) / 1000000 AS avg_time_3,
        quantile_cont(greatest(date_diff('microsecond', time_2, time_3), 0), 0.5) FILTER (WHERE time_3 IS NOT NULL) / 1000000 AS median_time_3,
        quantile_cont(greatest(date_diff('microsecond', time_2, time_3), 0), 0.9) FILTER (WHERE time_3 IS NOT NULL) / 1000000 AS p90_time_3,
        avg(greatest(date_diff('microsecond', time_1, time_3), 0)) FILTER (WHERE time_3 IS NOT NULL) / 1000000 AS avg_time_from_start_3,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_3), 0), 0.5) FILTER (WHERE time_3 IS NOT NULL) / 1000000 AS median_time_from_start_3,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_3), 0), 0.9) FILTER (WHERE time_3 IS NOT NULL) / 1000000 AS p90_time_from_start_3
    FROM _entered
)
SELECT * FROM _counted
