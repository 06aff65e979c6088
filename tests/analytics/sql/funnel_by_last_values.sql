WITH _events AS (
    SELECT
        e.distinct_id,
        e.event_time,
        e.event_name AS name,
        e.insert_id,
        e."rowid" AS place,
        e.event_name = 'View' AS step_1,
        coalesce(e.event_name = 'Buy' AND CASE WHEN isfinite(e."amount") THEN e."amount" END > 50, FALSE) AS step_2,
        e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP) AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP) AS in_period,
        [coalesce(e."plan", 'undefined')] AS on_1,
        CASE WHEN CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END IS NOT NULL THEN CASE WHEN json_array_length(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END) = 0 THEN ['undefined'] ELSE list_distinct([coalesce(coalesce(CASE WHEN json_type(item) = 'VARCHAR' THEN (item ->> '$') END, coalesce(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((item ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(item) = 'BOOLEAN' THEN (item ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(item) IN ('ARRAY', 'OBJECT') THEN item ->> '$' END, 'undefined') FOR item IN json_extract(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END, '$[*]')]) END ELSE [coalesce(coalesce(CASE WHEN json_type(e."tags") = 'VARCHAR' THEN (e."tags" ->> '$') END, coalesce(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((e."tags" ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(e."tags") = 'BOOLEAN' THEN (e."tags" ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(e."tags") = 'OBJECT' THEN (e."tags" ->> '$') END, 'undefined')] END AS on_2,
        coalesce(CASE WHEN isfinite(e."amount") THEN e."amount" END, 0) AS amount
    FROM "events" AS e
    WHERE e.distinct_id <> ''
      AND e.event_name IN ('View', 'Buy')
      AND e.event_time >= CAST('2024-12-31 22:59:58' AS TIMESTAMP)
      AND e.event_time < CAST('2025-02-07 23:00:00' AS TIMESTAMP)
), _numbered AS (
    SELECT *, row_number() OVER (PARTITION BY distinct_id ORDER BY event_time, place, name) AS number
    FROM _events
), _rows AS MATERIALIZED (
    SELECT
        *,
        min(number) FILTER (WHERE step_2) OVER soon AS next_2
    FROM _numbered
    WINDOW
        soon AS (PARTITION BY distinct_id ORDER BY event_time RANGE BETWEEN INTERVAL '2' SECOND PRECEDING AND UNBOUNDED FOLLOWING)
), _path_1 AS (
    SELECT distinct_id, event_time AS time_1, number AS number_1, amount AS amount_1, CASE WHEN on_1 <> ['undefined'] THEN on_1 END AS found_1, CASE WHEN on_2 <> ['undefined'] THEN on_2 END AS found_2, next_2
    FROM _rows
    WHERE in_period AND (step_1)
), _path_2 AS (
    SELECT
        r.distinct_id,
        r.time_1,
        r.number_1,
        r.amount_1,
        s.event_time AS time_2,
        s.number AS number_2,
        s.amount AS amount_2,
        coalesce(CASE WHEN s.on_1 <> ['undefined'] THEN s.on_1 END, r.found_1) AS found_1,
        coalesce(CASE WHEN s.on_2 <> ['undefined'] THEN s.on_2 END, r.found_2) AS found_2,
        s.next_2
    FROM _path_1 AS r
    LEFT JOIN _rows AS s
        ON s.distinct_id = r.distinct_id
        AND s.number = r.next_2
        AND s.event_time <= r.time_1 + INTERVAL '604800' SECOND
), _made AS MATERIALIZED (
    SELECT
        distinct_id,
        number_1,
        time_1,
        time_2,
        amount_1,
        amount_2,
        CAST(time_1 IS NOT NULL AS INTEGER) + CAST(time_2 IS NOT NULL AS INTEGER) AS reached,
        CASE WHEN time_2 IS NULL THEN time_1 + INTERVAL '604800' SECOND ELSE greatest(time_1, time_2) END AS until,
        flatten(list_transform(list_transform(coalesce(found_1, ['undefined']), lambda a: [a]), lambda p: list_transform(coalesce(found_2, ['undefined']), lambda v: list_append(p, v)))) AS segments
    FROM _path_2
), _taken AS (
    SELECT distinct_id, unnest(taken) AS number_1
    FROM (
        SELECT
            distinct_id,
            list_reduce(
                list({'since': time_1, 'until': until, 'taken': [number_1]} ORDER BY number_1),
                lambda done, next: CASE
                    WHEN next.since > done.until
                    THEN struct_update(next, taken := list_concat(done.taken, next.taken))
                    ELSE done
                END
            ).taken AS taken
        FROM _made
        GROUP BY distinct_id
    )
), _chained AS (
    SELECT _made.*
    FROM _made JOIN _taken USING (distinct_id, number_1)
), _entered AS (
    SELECT CAST(NULL AS VARCHAR[]) AS segment, time_1, time_2, amount_1, amount_2
    FROM _chained
    QUALIFY row_number() OVER (PARTITION BY distinct_id ORDER BY time_1, number_1) = 1
    UNION ALL
    SELECT segment, time_1, time_2, amount_1, amount_2
    FROM (SELECT * FROM (SELECT *, unnest(segments) AS segment FROM _chained)
    QUALIFY row_number() OVER (PARTITION BY distinct_id, segment ORDER BY time_1, number_1) = 1)
), _counted AS (
    SELECT
        segment,
        count(*) FILTER (WHERE time_1 IS NOT NULL) AS count_1,
        count(*) FILTER (WHERE time_2 IS NOT NULL) AS count_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS avg_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS median_time_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS p90_time_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS avg_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.5) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS median_time_from_start_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), 0.9) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS p90_time_from_start_2,
        sum(amount_1) AS sum_1,
        sum(amount_2) AS sum_2,
        avg(greatest(date_diff('microsecond', time_1, time_2), 0)) FILTER (WHERE time_2 IS NOT NULL) / 1000000 AS mean_1_2,
        quantile_cont(greatest(date_diff('microsecond', time_1, time_2), 0), [0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0]) FILTER (WHERE time_2 IS NOT NULL) AS quantiles_1_2,
        histogram(greatest(date_diff('microsecond', time_1, time_2), 0), [999999, 9999999, 29999999, 59999999, 119999999, 299999999, 599999999, 1799999999, 3599999999, 7199999999, 21599999999, 43199999999, 86399999999, 172799999999, 259199999999, 604799999999, 1209599999999, 2591999999999, 5183999999999, 7775999999999, 15551999999999, 31622399999999]) FILTER (WHERE time_2 IS NOT NULL) AS histogram_1_2
    FROM _entered
    GROUP BY segment
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sum(count_1) DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _counted
    GROUP BY segment
)
SELECT _counted.*, _ranked.place, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment IS NOT DISTINCT FROM _counted.segment
WHERE _ranked.place <= 255
ORDER BY _ranked.place
