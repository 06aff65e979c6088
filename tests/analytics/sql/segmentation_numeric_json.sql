WITH _matching AS (
    SELECT CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS date, CASE WHEN json_type(e.properties, '/size') IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e.properties ->> '/size') AS DOUBLE)) THEN TRY_CAST((e.properties ->> '/size') AS DOUBLE) END AS number, nullif(e.distinct_id, '') AS user_id
    FROM "events" AS e
    WHERE e.event_name = 'Buy'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND CASE WHEN json_type(e.properties, '/size') IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e.properties ->> '/size') AS DOUBLE)) THEN TRY_CAST((e.properties ->> '/size') AS DOUBLE) END IS NOT NULL
), _span AS (
    SELECT min(number) AS lowest, max(number) AS highest
    FROM _matching
), _wide AS (
    SELECT lowest, greatest(
        CASE WHEN highest > lowest THEN least(highest / 5 - lowest / 5, 5e307) ELSE 1 END,
        greatest(abs(CAST(lowest AS DOUBLE)), abs(CAST(highest AS DOUBLE))) / 2251799813685248
    ) AS raw
    FROM _span
), _scale AS (
    SELECT lowest, raw, pow(10, floor(log10(raw))) AS power
    FROM _wide
), _chosen AS (
    SELECT
        lowest,
        CASE
            WHEN raw <= power THEN power
            WHEN raw <= 2 * power THEN 2 * power
            WHEN raw <= 5 * power THEN 5 * power
            ELSE 10 * power
        END AS width
    FROM _scale
), _begun AS (
    SELECT width, CAST(0 AS DOUBLE) AS origin
    FROM _chosen
), _placed AS (
    SELECT date, floor(round(CAST(number - origin AS DOUBLE) / width, 9)) AS place, width, origin, user_id
    FROM _matching CROSS JOIN _begun
)
SELECT date, place, width, origin, count(*) AS count
FROM _placed
GROUP BY date, place, width, origin
ORDER BY place, date
