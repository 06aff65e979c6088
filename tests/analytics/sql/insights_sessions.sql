WITH _seen AS (
    SELECT e.distinct_id, e.event_time, e.event_name, CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS local_day
    FROM "events" AS e
    WHERE e.distinct_id <> ''
      AND e.event_name NOT IN ('$identify', '$create_alias', '$merge', '$hotshard_events', '$campaign_delivery', '$campaign_bounced', '$campaign_marked_spam', '$message_suppressed', '$unsubscribe', '$journey_entered')
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _marked AS (
    SELECT
        *,
        event_time <= lag(event_time) OVER (PARTITION BY distinct_id ORDER BY event_time) + INTERVAL '1800' SECOND
            AND local_day = lag(local_day) OVER (PARTITION BY distinct_id ORDER BY event_time) AS goes_on
    FROM _seen
), _sessioned AS (
    SELECT
        *,
        count(CASE WHEN goes_on THEN NULL ELSE 1 END)
            OVER (PARTITION BY distinct_id ORDER BY event_time) AS session
    FROM _marked
), _session_events AS (
    SELECT distinct_id, event_time, event_name, min(session) AS session
    FROM _sessioned
    GROUP BY distinct_id, event_time, event_name
), _matching AS (
    SELECT
        coalesce(e."plan", 'undefined') AS b1,
        CAST(date_trunc('week', (e.event_time + INTERVAL '3600' SECOND)) AS DATE) AS date,
        CASE WHEN s.session IS NOT NULL THEN concat(s.distinct_id, '-', s.session) END AS session
    FROM "events" AS e
    LEFT JOIN _session_events AS s ON s.distinct_id = e.distinct_id AND s.event_time = e.event_time AND s.event_name = e.event_name
    WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.event_name = 'Buy'
), _found AS (
    SELECT b1, count(*) AS events
    FROM _matching
    GROUP BY b1
), _ranked AS (
    SELECT b1, b1 AS segment_1, row_number() OVER (ORDER BY events DESC, b1) AS place
    FROM _found
), _number AS (
    SELECT count(*) AS segments
    FROM _ranked
), _shown AS (
    SELECT *
    FROM _ranked
    WHERE place <= 60
), _placed AS (
    SELECT _shown.place, _matching.date, _matching.session
    FROM _matching LEFT JOIN _shown ON _shown.b1 IS NOT DISTINCT FROM _matching.b1
), _events AS (
    SELECT date, place, count(DISTINCT session) AS value_0
    FROM _placed
    GROUP BY date, place
), _values AS (
    SELECT 0 AS metric, date, place, CAST(value_0 AS DOUBLE) AS value
    FROM _events
)
SELECT metric, date, value, coalesce(_shown.place, _values.place) AS place, _number.segments, _shown.segment_1
FROM _values FULL JOIN _shown ON _shown.place = _values.place CROSS JOIN _number
ORDER BY place, metric, date
