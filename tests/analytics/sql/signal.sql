WITH _starts AS (
    SELECT e.distinct_id, min(e.event_time) AS started
    FROM "events" AS e
    WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
    GROUP BY e.distinct_id
), _goals AS (
    SELECT e.distinct_id, min(e.event_time) AS reached
    FROM "events" AS e
    JOIN _starts AS _s ON _s.distinct_id = e.distinct_id
    WHERE e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP) + INTERVAL '1209600' SECOND
      AND e.event_time >= _s.started + INTERVAL '604800' SECOND
      AND e.event_time < _s.started + INTERVAL '1209600' SECOND
    GROUP BY e.distinct_id
), _users AS (
    SELECT _starts.distinct_id, _starts.started, _goals.reached
    FROM _starts LEFT JOIN _goals ON _goals.distinct_id = _starts.distinct_id
    WHERE _starts.started + INTERVAL '1209600' SECOND <= CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _events AS (
    SELECT
        e.distinct_id,
        e.event_name AS event,
        _u.reached IS NOT NULL AS is_reached,
        date_diff('microsecond', _u.started, e.event_time) // 86400000000 AS day
    FROM "events" AS e
    JOIN _users AS _u ON _u.distinct_id = e.distinct_id
    WHERE e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP) + INTERVAL '604800' SECOND
      AND e.event_time >= _u.started
      AND e.event_time < _u.started + INTERVAL '604800' SECOND
), _done AS (
    SELECT distinct_id, is_reached, event, day, 0 AS place, '' AS value FROM _events
), _days AS (
    SELECT distinct_id, is_reached, event, place, value, day, count(*) AS events
    FROM _done
    GROUP BY 1, 2, 3, 4, 5, 6
), _running AS (
    SELECT
        *,
        CAST(sum(events) OVER (PARTITION BY distinct_id, event, place, value ORDER BY day) AS BIGINT) AS total
    FROM _days
), _times AS (
    SELECT *, unnest(generate_series(total - events + 1, least(total, 10))) AS times
    FROM _running
    WHERE total - events < 10
), _counted AS (
    SELECT
        event, place, value, times, day, count(*) AS did, count(CASE WHEN is_reached THEN 1 END) AS hits
    FROM _times
    GROUP BY 1, 2, 3, 4, 5
), _kept AS (
    SELECT event, place, value, sum(did) AS size
    FROM _counted
    WHERE times = 1
    GROUP BY 1, 2, 3
    HAVING place = 0 OR sum(did) >= 5
    ORDER BY 4 DESC, 1, 2, 3
    LIMIT 1000
), _tried AS (
    SELECT _counted.*
    FROM _counted
    JOIN _kept
        ON _kept.event = _counted.event AND _kept.place = _counted.place AND _kept.value = _counted.value
), _whole AS (
    SELECT
        (SELECT count(*) FROM _starts) - count(*) AS waiting,
        count(*) AS users,
        count(reached) AS reached
    FROM _users
)
SELECT _whole.*, _tried.*
FROM _whole LEFT JOIN _tried ON TRUE
ORDER BY _tried.event, _tried.place, _tried.value, _tried.times, _tried.day
