WITH _users AS (
    SELECT distinct_id, row_number() OVER (ORDER BY distinct_id) AS number
    FROM (
        SELECT DISTINCT e.distinct_id
        FROM "events" AS e
        WHERE e.distinct_id <> ''
          AND e.event_name NOT IN ('$identify', '$create_alias', '$merge', '$hotshard_events', '$campaign_delivery', '$campaign_bounced', '$campaign_marked_spam', '$message_suppressed', '$unsubscribe', '$journey_entered')
          AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
          AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
    )
), _active AS (
    SELECT
        _users.number AS distinct_id,
        e.event_time,
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS local_day
    FROM "events" AS e
    JOIN _users ON _users.distinct_id = e.distinct_id
    WHERE e.distinct_id <> ''
      AND e.event_name NOT IN ('$identify', '$create_alias', '$merge', '$hotshard_events', '$campaign_delivery', '$campaign_bounced', '$campaign_marked_spam', '$message_suppressed', '$unsubscribe', '$journey_entered')
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _marked AS (
    SELECT
        *,
        event_time <= lag(event_time) OVER (PARTITION BY distinct_id ORDER BY event_time) + INTERVAL '1800' SECOND
            AND local_day = lag(local_day) OVER (PARTITION BY distinct_id ORDER BY event_time) AS goes_on
    FROM _active
), _sessioned AS (
    SELECT
        *,
        count(CASE WHEN goes_on THEN NULL ELSE 1 END)
            OVER (PARTITION BY distinct_id ORDER BY event_time) AS session
    FROM _marked
), _sessions AS (
    SELECT
        distinct_id,
        CAST((min(event_time) + INTERVAL '3600' SECOND) AS DATE) AS date,
        date_diff('microsecond', min(event_time), max(event_time)) AS lasted,
        count(*) AS events,
        [CAST(NULL AS VARCHAR)] AS segments
    FROM _sessioned
    GROUP BY distinct_id, session
), _split AS (
    SELECT distinct_id, date, lasted, events, unnest(segments) AS segment
    FROM _sessions
), _counted AS (
    SELECT
        date,
        segment,
        count(*) AS sessions,
        count(DISTINCT distinct_id) AS users,
        avg(lasted) / 1000000 AS avg_duration,
        quantile_cont(lasted, 0.5) / 1000000 AS median_duration,
        quantile_cont(lasted, 0.9) / 1000000 AS p90_duration,
        avg(events) AS events
    FROM _split
    GROUP BY GROUPING SETS ((date, segment), (segment))
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sessions DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _counted
    WHERE date IS NULL
)
SELECT _counted.*, _ranked.place, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment IS NOT DISTINCT FROM _counted.segment
WHERE _ranked.place <= 60
ORDER BY _ranked.place, _counted.date
