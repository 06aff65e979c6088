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
        e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP) AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP) AS in_period
    FROM "events" AS e
    WHERE e.distinct_id <> ''
      AND e.event_name IN ('View', 'Add', 'Buy')
      AND e.event_time >= CAST('2024-12-31 22:59:56' AS TIMESTAMP)
      AND e.event_time < CAST('2025-02-07 23:00:00' AS TIMESTAMP)
), _path_1 AS (
    SELECT distinct_id, event_time AS time_1, 1 AS number_1
    FROM _events
    WHERE in_period AND step_1
    GROUP BY distinct_id, event_time
), _path_2 AS MATERIALIZED (
    SELECT
        r.*,
        CASE WHEN s.event_time <= r.time_1 + INTERVAL '604800' SECOND
            AND r.time_1 = max(r.time_1) OVER (PARTITION BY r.distinct_id, s.event_time) THEN s.event_time END AS time_2
    FROM _path_1 AS r
    ASOF LEFT JOIN (SELECT distinct_id, event_time FROM _events WHERE step_2) AS s
        ON s.distinct_id = r.distinct_id AND s.event_time >= r.time_1 - INTERVAL '2' SECOND
), _path_3 AS (
    SELECT
        r.*,
        CASE WHEN s.event_time <= r.time_1 + INTERVAL '604800' SECOND
            AND r.time_1 = max(r.time_1) OVER (PARTITION BY r.distinct_id, s.event_time) THEN s.event_time END AS time_3
    FROM (SELECT * FROM _path_2 WHERE time_2 IS NOT NULL) AS r
    ASOF LEFT JOIN (SELECT distinct_id, event_time FROM _events WHERE step_3) AS s
        ON s.distinct_id = r.distinct_id AND s.event_time >= r.time_2 - INTERVAL '2' SECOND
), _path AS (
    SELECT distinct_id, number_1, time_1, time_2, CAST(NULL AS TIMESTAMP) AS time_3 FROM _path_2 WHERE time_2 IS NULL
    UNION ALL
    SELECT distinct_id, number_1, time_1, time_2, time_3 FROM _path_3
), _made AS MATERIALIZED (
    SELECT
        distinct_id,
        number_1,
        time_1,
        time_2,
        time_3,
        CAST(time_1 IS NOT NULL AS INTEGER) + CAST(time_2 IS NOT NULL AS INTEGER) + CAST(time_3 IS NOT NULL AS INTEGER) AS reached,
        CASE WHEN time_3 IS NULL THEN time_1 + INTERVAL '604800' SECOND ELSE greatest(time_1, time_2, time_3) END AS until
    FROM _path
), _entered AS (
    SELECT time_1, time_2, time_3
    FROM _made
    QUALIFY row_number() OVER (PARTITION BY distinct_id ORDER BY reached DESC, time_1, number_1) = 1
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
