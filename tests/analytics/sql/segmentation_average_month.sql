SELECT CAST(date_trunc('month', (e.event_time + INTERVAL '3600' SECOND)) AS DATE) AS date, coalesce(CAST(count(*) FILTER (WHERE e.distinct_id <> '') AS DOUBLE) / nullif(count(DISTINCT e.distinct_id) FILTER (WHERE e.distinct_id <> ''), 0), 0) AS count
FROM "events" AS e
WHERE e.event_name = 'Buy'
  AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
  AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
GROUP BY 1
ORDER BY 1
