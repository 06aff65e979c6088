WITH _exposed AS (
    SELECT
        e.distinct_id,
        e.event_time,
        e."plan" AS variant,
        CASE WHEN CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END IS NOT NULL THEN CASE WHEN json_array_length(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END) = 0 THEN ['undefined'] ELSE list_distinct([coalesce(coalesce(CASE WHEN json_type(item) = 'VARCHAR' THEN (item ->> '$') END, coalesce(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((item ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(item) = 'BOOLEAN' THEN (item ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(item) IN ('ARRAY', 'OBJECT') THEN item ->> '$' END, 'undefined') FOR item IN json_extract(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END, '$[*]')]) END ELSE [coalesce(coalesce(CASE WHEN json_type(e."tags") = 'VARCHAR' THEN (e."tags" ->> '$') END, coalesce(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((e."tags" ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(e."tags") = 'BOOLEAN' THEN (e."tags" ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(e."tags") = 'OBJECT' THEN (e."tags" ->> '$') END, 'undefined')] END AS held,
        row_number() OVER (PARTITION BY e.distinct_id ORDER BY e.event_time, e."rowid") AS place
    FROM "events" AS e
    WHERE e.event_name = 'View'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
      AND e."plan" = 'pro'
), _users AS (
    SELECT
        distinct_id,
        min(event_time) AS exposed,
        arg_min(variant, place) AS variant,
        list_append(arg_min(held, place), NULL) AS segments,
        count(DISTINCT variant) > 1 AS switched,
        min(event_time) + INTERVAL '604800' SECOND <= CAST('2025-01-31 23:00:00' AS TIMESTAMP) AS ripe,
        count(*) AS exposures
    FROM _exposed
    WHERE variant IS NOT NULL
    GROUP BY distinct_id
), _facts AS (
    SELECT
        e.distinct_id,
        CAST(count(CASE WHEN e.event_time >= _u.exposed AND e.event_time < _u.exposed + INTERVAL '604800' SECOND AND e.event_name = 'Buy' THEN 1 END) AS DOUBLE) AS number_0,
        CAST(count(CASE WHEN e.event_time < _u.exposed AND e.event_name = 'Buy' THEN 1 END) AS DOUBLE) AS before_0,
        sum(CASE WHEN e.event_time >= _u.exposed AND e.event_time < _u.exposed + INTERVAL '604800' SECOND AND e.event_name = 'Buy' THEN CASE WHEN isfinite(e."amount") THEN e."amount" END END) AS number_1,
        count(CASE WHEN e.event_time >= _u.exposed AND e.event_time < _u.exposed + INTERVAL '604800' SECOND AND e.event_name = 'Buy' THEN CASE WHEN isfinite(e."amount") THEN e."amount" END END) AS count_1,
        CAST(least(count(CASE WHEN e.event_time >= _u.exposed AND e.event_time < _u.exposed + INTERVAL '604800' SECOND AND (e.event_name = 'View' AND e."plan" = 'pro') THEN 1 END), 1) AS DOUBLE) AS number_2,
        CAST(least(count(CASE WHEN e.event_time < _u.exposed AND (e.event_name = 'View' AND e."plan" = 'pro') THEN 1 END), 1) AS DOUBLE) AS before_2
    FROM "events" AS e
    JOIN _users AS _u ON _u.distinct_id = e.distinct_id
    WHERE e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP) - INTERVAL '1209600' SECOND
      AND e.event_time >= _u.exposed - INTERVAL '1209600' SECOND
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP) + INTERVAL '604800' SECOND
      AND e.event_time < _u.exposed + INTERVAL '604800' SECOND
      AND (e.event_name = 'Buy' OR (e.event_name = 'View' AND e."plan" = 'pro'))
    GROUP BY e.distinct_id
), _values AS (
    SELECT
        variant,
        segments,
        coalesce(number_0, 0) AS number_0,
        coalesce(before_0, 0) AS before_0,
        coalesce(number_1, 0) AS number_1,
        coalesce(count_1, 0) AS count_1,
        coalesce(number_2, 0) AS number_2,
        coalesce(before_2, 0) AS before_2
    FROM _users LEFT JOIN _facts ON _facts.distinct_id = _users.distinct_id
    WHERE ripe
), _bounds AS (
    SELECT
        quantile_cont(number_0, 0.01) AS low_number_0,
        quantile_cont(number_0, 0.99) AS high_number_0,
        quantile_cont(before_0, 0.01) AS low_before_0,
        quantile_cont(before_0, 0.99) AS high_before_0
    FROM _values
), _capped AS (
    SELECT
        variant,
        segments,
        greatest(least(number_0, high_number_0), low_number_0) AS number_0,
        greatest(least(before_0, high_before_0), low_before_0) AS before_0,
        number_1,
        count_1,
        number_2,
        before_2
    FROM _values CROSS JOIN _bounds
), _left_out AS (
    SELECT
        (SELECT count(*) FROM _users WHERE NOT ripe) AS waiting,
        (SELECT count(DISTINCT distinct_id) FROM _exposed) - (SELECT count(*) FROM _users) AS undefined,
        (SELECT count(*) FROM _users WHERE switched AND ripe) AS switched
), _counted AS (
    SELECT
        variant,
        segment,
        count(*) AS users,
        avg(number_0) AS m0,
        NULL AS m1,
        avg(before_0) AS m2,
        var_samp(number_0) AS m3,
        NULL AS m4,
        var_samp(before_0) AS m5,
        NULL AS m6,
        covar_samp(number_0, before_0) AS m7,
        avg(number_1) AS m8,
        avg(count_1) AS m9,
        NULL AS m10,
        var_samp(number_1) AS m11,
        var_samp(count_1) AS m12,
        NULL AS m13,
        covar_samp(number_1, count_1) AS m14,
        NULL AS m15,
        avg(number_2) AS m16,
        NULL AS m17,
        avg(before_2) AS m18,
        var_samp(number_2) AS m19,
        NULL AS m20,
        var_samp(before_2) AS m21,
        NULL AS m22,
        covar_samp(number_2, before_2) AS m23,
        avg(number_0) AS m24,
        avg(number_2) AS m25,
        NULL AS m26,
        var_samp(number_0) AS m27,
        var_samp(number_2) AS m28,
        NULL AS m29,
        covar_samp(number_0, number_2) AS m30,
        NULL AS m31
    FROM (SELECT *, unnest(segments) AS segment FROM _capped) AS _split
    GROUP BY variant, segment
)
SELECT _left_out.*, _counted.*
FROM _left_out LEFT JOIN _counted ON TRUE
ORDER BY _counted.segment IS NOT NULL, _counted.segment, _counted.variant
