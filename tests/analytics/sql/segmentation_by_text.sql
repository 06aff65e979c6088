WITH _matching AS (
    SELECT
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date,
        coalesce(e."plan", 'undefined') AS segment,
        e.distinct_id AS user_id
    FROM "events" AS e
    WHERE e.event_name = 'Buy'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _counted AS (
    SELECT date, segment, count(*) AS count, count(*) AS events
    FROM _matching
    GROUP BY date, segment
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY sum(events) DESC, segment) AS place,
        count(*) OVER () AS segments
    FROM _counted
    GROUP BY segment
)
SELECT _counted.date, _counted.segment, _counted.count, _ranked.place, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment = _counted.segment
WHERE _ranked.place <= 60
UNION ALL
SELECT _counted.date, NULL, sum(_counted.count), 60 + 1, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment = _counted.segment
WHERE _ranked.place > 60
GROUP BY _counted.date, _ranked.segments
ORDER BY 4, 1
