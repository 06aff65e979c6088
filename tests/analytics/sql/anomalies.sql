SELECT CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date, count(*) AS value, CAST(NULL AS DOUBLE) AS squares
FROM "events" AS e
WHERE e.event_time >= CAST('2024-11-28 23:00:00' AS TIMESTAMP)
  AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
  AND e."plan" = 'pro'
GROUP BY 1
ORDER BY 1
