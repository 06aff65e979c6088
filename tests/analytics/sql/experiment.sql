WITH _exposed AS (
    SELECT
        e.distinct_id,
        e.event_time,
        coalesce(coalesce(CASE WHEN json_type(e.properties, '/Variant name') = 'VARCHAR' THEN (e.properties ->> '/Variant name') END, coalesce(CAST(CASE WHEN json_type(e.properties, '/Variant name') IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((e.properties ->> '/Variant name') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(e.properties, '/Variant name') IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE)) THEN TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE) END = trunc(CASE WHEN json_type(e.properties, '/Variant name') IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE)) THEN TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE) END) AND abs(CASE WHEN json_type(e.properties, '/Variant name') IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE)) THEN TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(e.properties, '/Variant name') IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE)) THEN TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(e.properties, '/Variant name') IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE)) THEN TRY_CAST((e.properties ->> '/Variant name') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(e.properties, '/Variant name') = 'BOOLEAN' THEN (e.properties ->> '/Variant name') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(e.properties, '/Variant name') = 'OBJECT' THEN (e.properties ->> '/Variant name') END, CAST(CASE WHEN json_type(e.properties, '/Variant name') = 'ARRAY' THEN CAST((e.properties ->> '/Variant name') AS JSON) END AS VARCHAR)) AS variant,
        CAST(NULL AS VARCHAR) AS held,
        row_number() OVER (PARTITION BY e.distinct_id ORDER BY e.event_time, e."rowid") AS place
    FROM "events" AS e
    WHERE e.event_name = '$experiment_started'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
), _users AS (
    SELECT
        distinct_id,
        min(event_time) AS exposed,
        arg_min(variant, place) AS variant,
        [CAST(NULL AS VARCHAR)] AS segments,
        count(DISTINCT variant) > 1 AS switched,
        TRUE AS ripe,
        count(*) AS exposures
    FROM _exposed
    WHERE variant IS NOT NULL
    GROUP BY distinct_id
), _facts AS (
    SELECT
        e.distinct_id,
        CAST(least(count(CASE WHEN e.event_time >= _u.exposed AND e.event_name = 'Buy' THEN 1 END), 1) AS DOUBLE) AS number_0,
        sum(CASE WHEN e.event_time >= _u.exposed AND e.event_name = 'Buy' THEN CASE WHEN isfinite(e."amount") THEN e."amount" END END) AS number_1
    FROM "events" AS e
    JOIN _users AS _u ON _u.distinct_id = e.distinct_id
    WHERE e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time >= _u.exposed
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND (e.event_name = 'Buy')
    GROUP BY e.distinct_id
), _values AS (
    SELECT
        variant,
        segments,
        coalesce(number_0, 0) AS number_0,
        coalesce(number_1, 0) AS number_1
    FROM _users LEFT JOIN _facts ON _facts.distinct_id = _users.distinct_id
    WHERE ripe
), _left_out AS (
    SELECT
        0 AS waiting,
        (SELECT count(DISTINCT distinct_id) FROM _exposed) - (SELECT count(*) FROM _users) AS undefined,
        (SELECT count(*) FROM _users WHERE switched AND ripe) AS switched
), _counted AS (
    SELECT
        variant,
        segment,
        count(*) AS users,
        avg(number_0) AS m0,
        NULL AS m1,
        NULL AS m2,
        var_samp(number_0) AS m3,
        NULL AS m4,
        NULL AS m5,
        NULL AS m6,
        NULL AS m7,
        avg(number_1) AS m8,
        NULL AS m9,
        NULL AS m10,
        var_samp(number_1) AS m11,
        NULL AS m12,
        NULL AS m13,
        NULL AS m14,
        NULL AS m15
    FROM (SELECT *, unnest(segments) AS segment FROM _values) AS _split
    GROUP BY variant, segment
)
SELECT _left_out.*, _counted.*
FROM _left_out LEFT JOIN _counted ON TRUE
ORDER BY _counted.segment IS NOT NULL, _counted.segment, _counted.variant
