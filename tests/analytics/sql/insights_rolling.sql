WITH _matching AS (
    SELECT
        CASE WHEN isfinite(e."amount") THEN e."amount" END AS b1,
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date,
        e.event_time >= CAST('2024-12-25 23:00:00' AS TIMESTAMP) AS counted,
        e.event_name = 'Buy' AS is_1,
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS day,
        nullif(e.distinct_id, '') AS user_id
    FROM "events" AS e
    WHERE e.event_time >= CAST('2024-12-19 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND (e.event_name = 'Buy' OR TRUE)
), _found AS (
    SELECT b1, count(*) FILTER (WHERE counted AND date >= CAST(CAST('2025-01-01' AS DATE) AS DATE)) AS events
    FROM _matching
    GROUP BY b1
), _ranked AS (
    SELECT b1, coalesce(CASE WHEN b1 = trunc(b1) AND abs(b1) < 9007199254740992 THEN CAST(CAST(b1 AS BIGINT) AS VARCHAR) ELSE CAST(b1 AS VARCHAR) END, 'undefined') AS segment_1, row_number() OVER (ORDER BY events DESC, coalesce(CASE WHEN b1 = trunc(b1) AND abs(b1) < 9007199254740992 THEN CAST(CAST(b1 AS BIGINT) AS VARCHAR) ELSE CAST(b1 AS VARCHAR) END, 'undefined')) AS place
    FROM _found
), _number AS (
    SELECT count(*) AS segments
    FROM _ranked
), _shown AS (
    SELECT *
    FROM _ranked
    WHERE place <= 60
), _placed AS (
    SELECT _shown.place, _matching.date, _matching.counted, _matching.is_1, _matching.day, _matching.user_id
    FROM _matching LEFT JOIN _shown ON _shown.b1 IS NOT DISTINCT FROM _matching.b1
), _events AS (
    SELECT date, place, count(*) FILTER (WHERE is_1) AS value_0
    FROM _placed
    WHERE counted
    GROUP BY date, place
), _ends AS (
    SELECT CAST(day AS DATE) AS date, max(day) AS last
    FROM (
        SELECT CAST(unnest(generate_series(CAST(CAST('2024-12-26' AS DATE) AS DATE), CAST(CAST('2025-01-31' AS DATE) AS DATE), INTERVAL '1' DAY)) AS DATE) AS day
    ) AS days
    GROUP BY 1
), _active_1 AS (
    SELECT day, place, lead(day) OVER (PARTITION BY user_id, place ORDER BY day) AS next
    FROM (
        SELECT DISTINCT day, place, user_id
        FROM _placed
        WHERE user_id IS NOT NULL
    ) AS active
), _changes_1 AS (
    SELECT day, place, count(*) AS users
    FROM _active_1
    GROUP BY day, place
    UNION ALL
    SELECT least(CAST(day + INTERVAL '7' DAY AS DATE), next) AS day, place, -count(*) AS users
    FROM _active_1
    GROUP BY 1, place
), _last_days_1 AS (
    SELECT date, place, sum(users) AS value_1
    FROM _ends JOIN _changes_1 AS changes ON changes.day <= _ends.last
    GROUP BY date, place
), _values AS (
    SELECT 0 AS metric, date, place, CAST(value_0 AS DOUBLE) AS value
    FROM _events
    UNION ALL
    SELECT 1 AS metric, date, place, CAST(value_1 AS DOUBLE) AS value
    FROM _last_days_1
)
SELECT metric, date, value, coalesce(_shown.place, _values.place) AS place, _number.segments, _shown.segment_1
FROM _values FULL JOIN _shown ON _shown.place = _values.place CROSS JOIN _number
ORDER BY place, metric, date
