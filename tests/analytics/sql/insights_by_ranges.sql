WITH _matching AS (
    SELECT
        CASE WHEN CASE WHEN isfinite(e."amount") THEN e."amount" END IS NULL AND (CASE WHEN isfinite(e."amount") THEN e."amount" END IS NOT NULL) THEN CAST('NaN' AS DOUBLE) END AS not_a_number_1,
        CASE WHEN isfinite(e."amount") THEN e."amount" END AS ranged_1,
        CASE WHEN CASE WHEN isfinite(e."amount") THEN e."amount" END IS NULL THEN CASE WHEN (CASE WHEN isfinite(e."amount") THEN e."amount" END IS NOT NULL) THEN '(non-numeric values)' ELSE '(not set)' END WHEN CASE WHEN isfinite(e."amount") THEN e."amount" END < 0 THEN '< 0' WHEN CASE WHEN isfinite(e."amount") THEN e."amount" END < 9.5 THEN '0 - 9.5' ELSE '≥ 9.5' END AS b2,
        CAST(CAST('2025-01-01' AS DATE) AS DATE) AS date
    FROM "events" AS e
    WHERE e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.event_name = 'Buy'
), _span_1 AS (
    SELECT min(ranged_1) AS lowest, max(ranged_1) AS highest
    FROM _matching
), _wide_1 AS (
    SELECT lowest, greatest(
        CASE WHEN highest > lowest THEN least(highest / 10 - lowest / 10, 5e307) ELSE 1 END,
        greatest(abs(CAST(lowest AS DOUBLE)), abs(CAST(highest AS DOUBLE))) / 2251799813685248
    ) AS raw
    FROM _span_1
), _scale_1 AS (
    SELECT lowest, raw, pow(10, floor(log10(raw))) AS power
    FROM _wide_1
), _chosen_1 AS (
    SELECT
        lowest,
        CASE
            WHEN raw <= power THEN power
            WHEN raw <= 2 * power THEN 2 * power
            WHEN raw <= 5 * power THEN 5 * power
            ELSE 10 * power
        END AS width
    FROM _scale_1
), _begun_1 AS (
    SELECT width, CAST(0 AS DOUBLE) AS origin
    FROM _chosen_1
), _by_1 AS (
    SELECT _matching.*, coalesce(floor(round(CAST(ranged_1 - origin AS DOUBLE) / width, 9)), not_a_number_1) AS b1
    FROM _matching CROSS JOIN _begun_1
), _found AS (
    SELECT b1, b2, count(*) AS events
    FROM _by_1
    GROUP BY b1, b2
), _ranked AS (
    SELECT b1, b2, CASE WHEN b1 IS NULL THEN '(not set)' WHEN isnan(b1) THEN '(non-numeric values)' ELSE CAST(CAST(b1 AS HUGEINT) AS VARCHAR) END AS segment_1, b2 AS segment_2, row_number() OVER (ORDER BY events DESC, CASE WHEN b1 IS NULL THEN '(not set)' WHEN isnan(b1) THEN '(non-numeric values)' ELSE CAST(CAST(b1 AS HUGEINT) AS VARCHAR) END, b2) AS place
    FROM _found
), _number AS (
    SELECT count(*) AS segments
    FROM _ranked
), _shown AS (
    SELECT *
    FROM _ranked
    WHERE place <= 60
), _placed AS (
    SELECT _shown.place, _by_1.date
    FROM _by_1 LEFT JOIN _shown ON _shown.b1 IS NOT DISTINCT FROM _by_1.b1 AND _shown.b2 IS NOT DISTINCT FROM _by_1.b2
), _events AS (
    SELECT date, place, count(*) AS value_0
    FROM _placed
    GROUP BY date, place
), _values AS (
    SELECT 0 AS metric, date, place, CAST(value_0 AS DOUBLE) AS value
    FROM _events
)
SELECT metric, date, value, coalesce(_shown.place, _values.place) AS place, _number.segments, _shown.segment_1, _shown.segment_2, _begun_1.width, _begun_1.origin
FROM _values FULL JOIN _shown ON _shown.place = _values.place CROSS JOIN _number CROSS JOIN _begun_1
ORDER BY place, metric, date
