WITH _events AS NOT MATERIALIZED (
    SELECT
        e.distinct_id,
        e.event_time,
        e.event_name AS name,
        e.insert_id,
        e."rowid" AS place,
        e.event_name = 'View' AS step_1,
        coalesce(e.event_name = 'Buy' AND CASE WHEN isfinite(e."amount") THEN e."amount" END > 50, FALSE) AS step_2,
        e.event_name = 'Leave' AS excluded_1,
        e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP) AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP) AS in_period,
        [coalesce(e."plan", 'undefined')] AS on_1
    FROM "events" AS e
    WHERE e.distinct_id <> ''
      AND e.event_name IN ('View', 'Buy', 'Leave')
      AND e.event_time >= CAST('2024-12-31 22:59:58' AS TIMESTAMP)
      AND e.event_time < CAST('2025-02-07 23:00:00' AS TIMESTAMP)
), _path_1 AS (
    SELECT distinct_id, event_time AS time_1, row_number() OVER (PARTITION BY distinct_id ORDER BY event_time, place, name) AS number_1, on_1 AS found_1
    FROM _events
    WHERE in_period AND step_1
), _out_1 AS (
    SELECT r.*, s.event_time AS out_1
    FROM _path_1 AS r
    ASOF LEFT JOIN (SELECT distinct_id, event_time FROM _events WHERE excluded_1) AS s
        ON s.distinct_id = r.distinct_id AND s.event_time >= r.time_1 + INTERVAL '2000001' MICROSECOND
), _path_2 AS (
    SELECT
        r.*,
        CASE WHEN s.event_time <= r.time_1 + INTERVAL '604800' SECOND
            AND (r.out_1 IS NULL OR s.event_time <= r.out_1 + INTERVAL '2' SECOND) THEN s.event_time END AS time_2
    FROM _out_1 AS r
    ASOF LEFT JOIN (SELECT distinct_id, event_time FROM _events WHERE step_2) AS s
        ON s.distinct_id = r.distinct_id AND s.event_time >= r.time_1 - INTERVAL '2' SECOND
), _path AS (
    SELECT distinct_id, number_1, time_1, time_2, out_1, found_1 FROM _path_2
), _made AS MATERIALIZED (
    SELECT
        distinct_id,
        number_1,
        time_1,
        time_2,
        CAST(time_1 IS NOT NULL AS INTEGER) + CAST(time_2 IS NOT NULL AS INTEGER) AS reached,
        CASE WHEN time_2 IS NULL THEN least(time_1 + INTERVAL '604800' SECOND, CASE WHEN time_2 IS NULL THEN out_1 END) ELSE greatest(time_1, time_2) END AS until,
        coalesce(found_1, ['undefined']) AS segments
    FROM _path
), _fresh AS (
    SELECT
        distinct_id,
        list_reduce(
            list({
                'since': time_1, 'until': until,
                'entered': list_transform(segments, lambda s: {'segment': s, 'number': number_1})
            } ORDER BY number_1),
            lambda done, next: CASE
                WHEN next.since > done.until AND NOT list_has_all(list_transform(done.entered, lambda made: made.segment), list_transform(next.entered, lambda made: made.segment))
                THEN {
                    'since': next.since, 'until': next.until, 
                    'entered': list_concat(done.entered, list_filter(
                        next.entered, lambda one: NOT list_contains(list_transform(done.entered, lambda made: made.segment), one.segment)
                    ))
                }
                ELSE done
            END
        ).entered AS entered
    FROM _made
    GROUP BY distinct_id
), _new AS (
    SELECT distinct_id, one.segment AS segment, one.number AS number_1
    FROM (SELECT distinct_id, unnest(entered) AS one FROM _fresh)
), _entered AS (
    SELECT CAST(NULL AS VARCHAR) AS segment, time_1, time_2
    FROM _made
    QUALIFY row_number() OVER (PARTITION BY distinct_id ORDER BY time_1, number_1) = 1
    UNION ALL
    SELECT segment, time_1, time_2
    FROM (_new JOIN _made USING (distinct_id, number_1))
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
