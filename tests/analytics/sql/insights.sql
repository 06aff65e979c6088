WITH _matching AS (
    SELECT
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date
    FROM "events" AS e
    WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.event_name = 'Buy'
)
SELECT 0 AS metric, date, CAST(count(*) AS DOUBLE) AS value
FROM _matching
GROUP BY date
ORDER BY 2
