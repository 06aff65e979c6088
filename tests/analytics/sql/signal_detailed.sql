WITH _starts AS (
    SELECT e.distinct_id, min(e.event_time) AS started
    FROM "events" AS e
    WHERE e.event_name = 'View'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
      AND e.distinct_id <> ''
      AND e."plan" = 'pro'
    GROUP BY e.distinct_id
), _each AS (
    SELECT
        e.distinct_id,
        e.event_time,
        row_number() OVER (PARTITION BY e.distinct_id ORDER BY e.event_time) AS place
    FROM "events" AS e
    JOIN _starts AS _s ON _s.distinct_id = e.distinct_id
    WHERE e.distinct_id <> ''
      AND e.event_name = 'Buy'
      AND e."plan" = 'pro'
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP) + INTERVAL '1209600' SECOND
      AND e.event_time >= _s.started
      AND e.event_time < _s.started + INTERVAL '1209600' SECOND
), _goals AS (
    SELECT distinct_id, event_time AS reached
    FROM _each
    WHERE place = 2
), _users AS (
    SELECT _starts.distinct_id, _starts.started, _goals.reached
    FROM _starts LEFT JOIN _goals ON _goals.distinct_id = _starts.distinct_id
    WHERE _starts.started + INTERVAL '1209600' SECOND <= CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _events AS (
    SELECT
        e.distinct_id,
        e.event_name AS event,
        _u.reached IS NOT NULL AS is_reached,
        date_diff('microsecond', _u.started, e.event_time) // 86400000000 AS day,
        CASE WHEN (e."plan" IS NOT NULL) THEN coalesce(e."plan", 'undefined') END AS value_1,
        CASE WHEN coalesce(json_type(e."tags") <> 'NULL', FALSE) THEN CASE WHEN CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END IS NOT NULL THEN CASE WHEN json_array_length(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END) = 0 THEN ['undefined'] ELSE list_distinct([coalesce(coalesce(CASE WHEN json_type(item) = 'VARCHAR' THEN (item ->> '$') END, coalesce(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((item ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(item) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((item ->> '$') AS DOUBLE)) THEN TRY_CAST((item ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(item) = 'BOOLEAN' THEN (item ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(item) IN ('ARRAY', 'OBJECT') THEN item ->> '$' END, 'undefined') FOR item IN json_extract(CASE WHEN json_type(e."tags") = 'ARRAY' THEN CAST((e."tags" ->> '$') AS JSON) END, '$[*]')]) END ELSE [coalesce(coalesce(CASE WHEN json_type(e."tags") = 'VARCHAR' THEN (e."tags" ->> '$') END, coalesce(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT') THEN TRY_CAST((e."tags" ->> '$') AS HUGEINT) END AS VARCHAR), CASE WHEN CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END = trunc(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) AND abs(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END) < 9007199254740992 THEN CAST(CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS BIGINT) AS VARCHAR) ELSE CAST(CASE WHEN json_type(e."tags") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') AND isfinite(TRY_CAST((e."tags" ->> '$') AS DOUBLE)) THEN TRY_CAST((e."tags" ->> '$') AS DOUBLE) END AS VARCHAR) END), CASE CASE WHEN json_type(e."tags") = 'BOOLEAN' THEN (e."tags" ->> '$') = 'true' END WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END), CASE WHEN json_type(e."tags") = 'OBJECT' THEN (e."tags" ->> '$') END, 'undefined')] END END AS value_2
    FROM "events" AS e
    JOIN _users AS _u ON _u.distinct_id = e.distinct_id
    WHERE e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP) + INTERVAL '1209600' SECOND
      AND e.event_time >= _u.started
      AND e.event_time < _u.started + INTERVAL '1209600' SECOND
      AND (_u.reached IS NULL OR e.event_time < _u.reached)
      AND e.event_name IN ('View', 'Add')
), _done AS (
    SELECT distinct_id, is_reached, event, day, 0 AS place, '' AS value FROM _events
    UNION ALL
    SELECT distinct_id, is_reached, event, day, 1 AS place, value_1 AS value FROM _events WHERE value_1 IS NOT NULL
    UNION ALL
    SELECT distinct_id, is_reached, event, day, 2 AS place, unnest(value_2) AS value FROM _events WHERE value_2 IS NOT NULL
), _days AS (
    SELECT distinct_id, is_reached, event, place, value, day, count(*) AS events
    FROM _done
    GROUP BY 1, 2, 3, 4, 5, 6
), _running AS (
    SELECT
        *,
        CAST(sum(events) OVER (PARTITION BY distinct_id, event, place, value ORDER BY day) AS BIGINT) AS total
    FROM _days
), _times AS (
    SELECT *, unnest(generate_series(total - events + 1, least(total, 10))) AS times
    FROM _running
    WHERE total - events < 10
), _counted AS (
    SELECT
        event, place, value, times, day, count(*) AS did, count(CASE WHEN is_reached THEN 1 END) AS hits
    FROM _times
    GROUP BY 1, 2, 3, 4, 5
), _kept AS (
    SELECT event, place, value, sum(did) AS size
    FROM _counted
    WHERE times = 1
    GROUP BY 1, 2, 3
    HAVING place = 0 OR sum(did) >= 5
    ORDER BY 4 DESC, 1, 2, 3
    LIMIT 1000
), _tried AS (
    SELECT _counted.*
    FROM _counted
    JOIN _kept
        ON _kept.event = _counted.event AND _kept.place = _counted.place AND _kept.value = _counted.value
), _whole AS (
    SELECT
        (SELECT count(*) FROM _starts) - count(*) AS waiting,
        count(*) AS users,
        count(reached) AS reached
    FROM _users
)
SELECT _whole.*, _tried.*
FROM _whole LEFT JOIN _tried ON TRUE
ORDER BY _tried.event, _tried.place, _tried.value, _tried.times, _tried.day
