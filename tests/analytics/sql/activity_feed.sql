SELECT e.event_name AS event, e.event_time AS time, e.distinct_id, e.properties
FROM "events" AS e
WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
  AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
  AND e.distinct_id IN ('u1', 'u2')
ORDER BY e.event_time, e."rowid"
