WITH _counted AS (
    SELECT CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date, e.event_name AS event, count(*) AS count
    FROM "events" AS e
    WHERE e.event_time >= CAST('2025-01-29 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
    GROUP BY 1, 2
)
SELECT
    today.event,
    today.count,
    coalesce(CAST(today.count - before.count * 1.0 AS DOUBLE) / nullif(before.count * 1.0, 0), 1) AS percent_change
FROM _counted AS today
LEFT JOIN _counted AS before ON before.event = today.event AND before.date < today.date
WHERE today.date = CAST('2025-01-31' AS DATE)
ORDER BY today.count DESC, today.event
LIMIT 100
