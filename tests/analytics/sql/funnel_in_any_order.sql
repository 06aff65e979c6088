WITH _events AS (
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
), _numbered AS (
    SELECT *, row_number() OVER (PARTITION BY distinct_id ORDER BY event_time, place, name) AS number
    FROM _events
), _rows AS MATERIALIZED (
    SELECT
        *,
        min(number) FILTER (WHERE step_2) OVER soon AS next_2,
        min(number) FILTER (WHERE step_3) OVER soon AS next_3
    FROM _numbered
    WINDOW
        soon AS (PARTITION BY distinct_id ORDER BY event_time RANGE BETWEEN INTERVAL '2' SECOND PRECEDING AND UNBOUNDED FOLLOWING)
), _path_1 AS (
    SELECT distinct_id, event_time AS time_1, number AS number_1, next_2, next_3, CASE WHEN step_1 THEN 1 END AS done_1
    FROM _rows
    WHERE in_period AND (step_1)
    QUALIFY row_number() OVER (PARTITION BY distinct_id ORDER BY event_time, place, name) = 1
), _path_2 AS (
    SELECT
        r.distinct_id,
        r.time_1,
        r.number_1,
        r.done_1,
        s.event_time AS time_2,
        s.number AS number_2,
        s.next_2,
        s.next_3,
        CASE WHEN s.number = r.next_2 THEN 2 WHEN s.number = r.next_3 THEN 3 END AS done_2
    FROM _path_1 AS r
    LEFT JOIN _rows AS s
        ON s.distinct_id = r.distinct_id
        AND s.number = least(r.next_2, r.next_3)
), _path_3 AS (
    SELECT
        r.distinct_id,
        r.time_1,
        r.number_1,
        r.done_1,
        r.time_2,
        r.number_2,
        r.done_2,
        s.event_time AS time_3,
        s.number AS number_3,
        s.next_2,
        s.next_3,
        CASE WHEN s.number = CASE WHEN 2 NOT IN (r.done_2) THEN r.next_2 END THEN 2 WHEN s.number = CASE WHEN 3 NOT IN (r.done_2) THEN r.next_3 END THEN 3 END AS done_3
    FROM _path_2 AS r
    LEFT JOIN _rows AS s
        ON s.distinct_id = r.distinct_id
        AND s.number = least(CASE WHEN 2 NOT IN (r.done_2) THEN r.next_2 END, CASE WHEN 3 NOT IN (r.done_2) THEN r.next_3 END)
), _made AS MATERIALIZED (
    SELECT
        distinct_id,
        number_1,
        time_1,
        time_2,
        time_3,
        CAST(time_1 IS NOT NULL AS INTEGER) + CAST(time_2 IS NOT NULL AS INTEGER) + CAST(time_3 IS NOT NULL AS INTEGER) AS reached,
        CASE WHEN time_3 IS NULL THEN CAST('9999-12-31' AS TIMESTAMP) ELSE greatest(time_1, time_2, time_3) END AS until
    FROM _path_3
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
