WITH _matching AS (
    SELECT
        CAST(date_trunc('quarter', (e.event_time + INTERVAL '3600' SECOND)) AS DATE) AS date,
        nullif(e.distinct_id, '') AS user_id,
        CASE WHEN isfinite(e."amount") THEN e."amount" END AS number_1
    FROM "events" AS e
    WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.event_name = 'Buy'
), _by_user AS (
    SELECT date, CAST(nullif(count(*), 0) AS DOUBLE) AS number_0, CAST(max(number_1) AS DOUBLE) AS number_1
    FROM _matching
    WHERE user_id IS NOT NULL
    GROUP BY date, user_id
), _users AS (
    SELECT date, quantile_cont(number_0, 0.9) AS value_0, sum(number_1) AS value_1
    FROM _by_user
    GROUP BY date
)
SELECT 0 AS metric, date, CAST(value_0 AS DOUBLE) AS value
FROM _users
UNION ALL
SELECT 1 AS metric, date, CAST(value_1 AS DOUBLE) AS value
FROM _users
ORDER BY 1, 2
