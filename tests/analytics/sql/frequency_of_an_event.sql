WITH _active AS (
    SELECT DISTINCT
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date,
        date_trunc('hour', (e.event_time + INTERVAL '3600' SECOND)) AS period,
        e.distinct_id AS user_id
    FROM "events" AS e
    WHERE e.event_name = 'Buy'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
      AND e."plan" = 'pro'
), _counted AS (
    SELECT date, user_id, count(*) AS periods
    FROM _active
    GROUP BY date, user_id
)
SELECT date, periods, count(*) AS users
FROM _counted
GROUP BY date, periods
ORDER BY date, periods
