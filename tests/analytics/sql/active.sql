WITH _matching AS (
    SELECT
        CAST(date_trunc('month', (e.event_time + INTERVAL '3600' SECOND)) AS DATE) AS date,
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS day,
        nullif(e.distinct_id, '') AS user_id
    FROM "events" AS e
    WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _ends AS (
    SELECT CAST(date_trunc('month', day) AS DATE) AS date, max(day) AS last
    FROM (
        SELECT CAST(unnest(generate_series(CAST(CAST('2025-01-01' AS DATE) AS DATE), CAST(CAST('2025-01-31' AS DATE) AS DATE), INTERVAL '1' DAY)) AS DATE) AS day
    ) AS days
    GROUP BY 1
), _active_1 AS (
    SELECT day, lead(day) OVER (PARTITION BY user_id ORDER BY day) AS next
    FROM (
        SELECT DISTINCT day, user_id
        FROM _matching
        WHERE user_id IS NOT NULL
    ) AS active
), _changes_0 AS (
    SELECT day, count(*) AS users
    FROM _active_1
    GROUP BY day
    UNION ALL
    SELECT least(CAST(day + INTERVAL '1' DAY AS DATE), next) AS day, -count(*) AS users
    FROM _active_1
    GROUP BY 1
), _last_days_0 AS (
    SELECT date, sum(users) AS value_0
    FROM _ends JOIN _changes_0 AS changes ON changes.day <= _ends.last
    GROUP BY date
), _changes_1 AS (
    SELECT day, count(*) AS users
    FROM _active_1
    GROUP BY day
    UNION ALL
    SELECT least(CAST(day + INTERVAL '7' DAY AS DATE), next) AS day, -count(*) AS users
    FROM _active_1
    GROUP BY 1
), _last_days_1 AS (
    SELECT date, sum(users) AS value_1
    FROM _ends JOIN _changes_1 AS changes ON changes.day <= _ends.last
    GROUP BY date
), _changes_2 AS (
    SELECT day, count(*) AS users
    FROM _active_1
    GROUP BY day
    UNION ALL
    SELECT least(CAST(day + INTERVAL '30' DAY AS DATE), next) AS day, -count(*) AS users
    FROM _active_1
    GROUP BY 1
), _last_days_2 AS (
    SELECT date, sum(users) AS value_2
    FROM _ends JOIN _changes_2 AS changes ON changes.day <= _ends.last
    GROUP BY date
)
SELECT 0 AS metric, date, CAST(value_0 AS DOUBLE) AS value
FROM _last_days_0
UNION ALL
SELECT 1 AS metric, date, CAST(value_1 AS DOUBLE) AS value
FROM _last_days_1
UNION ALL
SELECT 2 AS metric, date, CAST(value_2 AS DOUBLE) AS value
FROM _last_days_2
ORDER BY 1, 2
