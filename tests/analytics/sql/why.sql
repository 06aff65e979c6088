SELECT CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date, coalesce(sum(CASE WHEN isfinite(e."amount") THEN e."amount" END), 0) AS value, sum(pow(CASE WHEN isfinite(e."amount") THEN e."amount" END, 2)) AS squares
FROM "events" AS e
WHERE e.event_name = 'Buy'
  AND e.event_time >= CAST('2024-12-05 23:00:00' AS TIMESTAMP)
  AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
  AND e."plan" = 'pro'
GROUP BY 1
ORDER BY 1
