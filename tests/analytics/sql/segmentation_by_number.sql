WITH _matching AS (
    SELECT date_trunc('hour', (e.event_time + INTERVAL '3600' SECOND)) AS date, CASE WHEN isfinite(e."amount") THEN e."amount" END AS raw, e.distinct_id AS user_id
    FROM "events" AS e
    WHERE e.event_name = 'Buy'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _found AS (
    SELECT raw, count(*) AS events
    FROM _matching
    GROUP BY raw
), _named AS (
    SELECT raw, coalesce(CASE WHEN raw = trunc(raw) AND abs(raw) < 9007199254740992 THEN CAST(CAST(raw AS BIGINT) AS VARCHAR) ELSE CAST(raw AS VARCHAR) END, 'undefined') AS segment, events
    FROM _found
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY sum(events) DESC, segment) AS place,
        count(*) OVER () AS segments
    FROM _named
    GROUP BY segment
), _shown AS (
    SELECT _named.raw, 
        CASE WHEN _ranked.place <= 60 THEN _ranked.segment END AS segment,
        least(_ranked.place, 60 + 1) AS place,
        _ranked.segments
    FROM _named JOIN _ranked ON _ranked.segment = _named.segment
)
SELECT _matching.date, _shown.segment, count(*) AS count, _shown.place, _shown.segments
FROM _matching JOIN _shown ON _shown.raw IS NOT DISTINCT FROM _matching.raw
GROUP BY _matching.date, _shown.segment, _shown.place, _shown.segments
ORDER BY _shown.place, _matching.date
