SELECT CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date, count(DISTINCT e.distinct_id) FILTER (WHERE e.distinct_id <> '') AS count
FROM "events" AS e
WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
  AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
GROUP BY 1
ORDER BY 1
