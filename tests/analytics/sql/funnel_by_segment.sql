WITH _entering AS (
    SELECT e.distinct_id, e.event_time, e.insert_id, e."rowid" AS place, coalesce(e."plan", 'undefined') AS segment
    FROM "events" AS e
    WHERE e.event_name = 'View'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
), _beginning AS (
    SELECT
        distinct_id, event_time AS time_1, insert_id AS id_1, min(place) AS place_1,
        list(DISTINCT segment ORDER BY segment) AS segments
    FROM _entering
    GROUP BY distinct_id, event_time, insert_id
), _attempts AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY distinct_id ORDER BY time_1, place_1) AS attempt,
        list_has_all(first_value(segments) OVER (PARTITION BY distinct_id ORDER BY time_1, place_1), segments) AS known
    FROM _beginning
), _reached_1 AS (
    SELECT distinct_id, attempt, time_1
    FROM _attempts
    WHERE attempt = 1 OR NOT known
), _step_2 AS (
    SELECT e.distinct_id, e.event_time
    FROM "events" AS e
    WHERE e.event_name = 'Buy'
      AND e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 22:59:58' AS TIMESTAMP)
      AND e.event_time < CAST('2025-02-07 23:00:00' AS TIMESTAMP)
      AND CASE WHEN isfinite(e."amount") THEN e."amount" END > 50
), _reached_2 AS (
    SELECT r.distinct_id, r.attempt, min(r.time_1) AS time_1, min(s.event_time) AS time_2
    FROM _reached_1 AS r
    LEFT JOIN _step_2 AS s
        ON s.distinct_id = r.distinct_id
        AND s.event_time >= r.time_1 - INTERVAL '2' SECOND
        AND s.event_time <= r.time_1 + INTERVAL '604800' SECOND
    GROUP BY r.distinct_id, r.attempt
), _ending AS (
    SELECT
        r.distinct_id, r.attempt,
        r.time_1 AS since,
        CASE
            WHEN r.time_2 IS NULL THEN r.time_1 + INTERVAL '604800' SECOND
            ELSE greatest(r.time_1, r.time_2)
        END AS until,
        list_transform(a.segments, lambda name: {'segment': name, 'steps': {'time_1': r.time_1, 'time_2': r.time_2}}) AS entered
    FROM _reached_2 AS r
    JOIN _attempts AS a ON a.distinct_id = r.distinct_id AND a.attempt = r.attempt
), _chained AS (
    SELECT
        distinct_id,
        list_reduce(
            list({'since': since, 'until': until, 'entered': entered} ORDER BY attempt),
            lambda done, next: CASE
                WHEN next.since > done.until AND NOT list_has_all(list_transform(done.entered, lambda made: made.segment), list_transform(next.entered, lambda made: made.segment))
                THEN {
                    'since': next.since,
                    'until': next.until,
                    'entered': list_concat(done.entered, list_filter(
                        next.entered, lambda one: NOT list_contains(list_transform(done.entered, lambda made: made.segment), one.segment)
                    ))
                }
                ELSE done
            END
        ).entered AS entered
    FROM _ending
    GROUP BY distinct_id
), _entered AS (
    SELECT CAST(NULL AS VARCHAR) AS segment, time_1, time_2
    FROM _reached_2
    WHERE attempt = 1
    UNION ALL
    SELECT one.segment AS segment, one.steps.time_1 AS time_1, one.steps.time_2 AS time_2
    FROM (SELECT unnest(entered) AS one FROM _chained)
), _counted AS (
    SELECT
        segment,
        count(*) FILTER (WHERE time_1 IS NOT NULL) AS count_1,
        count(*) FILTER (WHERE time_2 IS NOT NULL) AS count_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS avg_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS median_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS p90_time_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS avg_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS median_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS p90_time_from_start_2
    FROM _entered
    GROUP BY segment
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sum(count_1) DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _counted
    GROUP BY segment
)
SELECT _counted.*, _ranked.place, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment IS NOT DISTINCT FROM _counted.segment
WHERE _ranked.place <= 255
ORDER BY _ranked.place
