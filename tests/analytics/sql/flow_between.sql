WITH _entering AS (
    SELECT e.distinct_id, min(e.event_time) AS first_time, max(e.event_time) AS last_time
    FROM "events" AS e
    WHERE e.distinct_id <> ''
      AND e.event_name = 'View'
        AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
        AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
    GROUP BY e.distinct_id
), _events AS (
    SELECT
        e.distinct_id,
        e.event_time,
        e."rowid" AS tie_1,
        e.event_name AS label,
        coalesce(e.event_name = 'View'
        AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
        AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP), FALSE) AS enters,
        coalesce(e.event_name = 'Buy' AND CASE WHEN isfinite(e."amount") THEN e."amount" END > 50, FALSE) AS is_2,
        (e.event_name IN ('Help')) AS excluded
    FROM "events" AS e
    JOIN _entering AS n ON n.distinct_id = e.distinct_id
    WHERE e.distinct_id <> ''
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-03-02 23:00:00' AS TIMESTAMP)
      AND e.event_time >= n.first_time
      AND e.event_time <= n.first_time + INTERVAL '2592000' SECOND
      AND TRUE
), _placed AS (
    SELECT
        distinct_id,
        event_time,
        label,
        enters,
        is_2,
        excluded,
        row_number() OVER flow AS place,
        count(CASE WHEN is_2 THEN 1 END) OVER before AS count_is_2,
        count(CASE WHEN excluded THEN 1 END) OVER before AS count_excluded,
        count(CASE WHEN enters THEN 1 END) OVER before AS entered,
        lead(label, 1) OVER flow AS lead_1_label,
        lead(excluded, 1) OVER flow AS lead_1_excluded,
        lead(label, 2) OVER flow AS lead_2_label,
        lead(excluded, 2) OVER flow AS lead_2_excluded,
        lead(label, 3) OVER flow AS lead_3_label,
        lead(excluded, 3) OVER flow AS lead_3_excluded,
        lag(label, 1) OVER flow AS lag_1_label,
        lag(excluded, 1) OVER flow AS lag_1_excluded
    FROM _events
    WINDOW flow AS (PARTITION BY distinct_id ORDER BY event_time, tie_1), before AS (PARTITION BY distinct_id ORDER BY event_time, tie_1 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), _entries AS (
    SELECT * FROM _placed WHERE enters AND entered = 1
), _attempts AS (
    SELECT
        a_1.label AS slot_1,
        CASE WHEN coalesce(a_2.place - a_1.place - 1 >= 1, TRUE) THEN a_1.lead_1_label END AS slot_2,
        CASE WHEN coalesce(a_2.place - a_1.place - 1 >= 2, TRUE) THEN a_1.lead_2_label END AS slot_3,
        CASE WHEN coalesce(a_2.place - a_1.place - 1 >= 3, TRUE) THEN a_1.lead_3_label END AS slot_4,
        CASE WHEN a_2.place - a_1.place - 1 - 3 >= 1 THEN a_2.lag_1_label END AS slot_5,
        a_2.label AS slot_6,
        coalesce(a_2.place - a_1.place - 1 > 4, FALSE) AS more_2
    FROM _entries AS a_1
    LEFT JOIN _placed AS a_2
        ON a_2.distinct_id = a_1.distinct_id
        AND a_2.is_2
        AND a_2.count_is_2 = a_1.count_is_2 + 1
        AND a_2.event_time <= a_1.event_time + INTERVAL '2592000' SECOND
    LEFT JOIN _placed AS x
        ON x.distinct_id = a_1.distinct_id
        AND x.excluded
        AND x.count_excluded = a_1.count_excluded + 1
        AND x.event_time <= a_1.event_time + INTERVAL '2592000' SECOND
    WHERE NOT (x.place IS NOT NULL AND (a_2.place IS NULL OR x.place < a_2.place))
      AND (CASE WHEN coalesce(a_2.place - a_1.place - 1 >= 1, TRUE) THEN a_1.lead_1_excluded END) IS NOT TRUE
      AND (CASE WHEN coalesce(a_2.place - a_1.place - 1 >= 2, TRUE) THEN a_1.lead_2_excluded END) IS NOT TRUE
      AND (CASE WHEN coalesce(a_2.place - a_1.place - 1 >= 3, TRUE) THEN a_1.lead_3_excluded END) IS NOT TRUE
      AND (CASE WHEN a_2.place - a_1.place - 1 - 3 >= 1 THEN a_2.lag_1_excluded END) IS NOT TRUE
), _paths AS (
    SELECT CAST(NULL AS VARCHAR) AS segment, slot_1, slot_2, slot_3, slot_4, slot_5, slot_6, more_2, count(*) AS count
    FROM _attempts
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
), _lines AS (
    SELECT
        segment, 0 AS step, slot_1 AS source,
        CASE WHEN slot_2 IS NOT NULL THEN 1 WHEN slot_6 IS NOT NULL THEN 5 ELSE 1 END AS target_step,
        coalesce(slot_2, slot_6) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_1 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT
        segment, 1 AS step, slot_2 AS source,
        CASE WHEN slot_3 IS NOT NULL THEN 2 WHEN slot_6 IS NOT NULL THEN 5 ELSE 2 END AS target_step,
        coalesce(slot_3, slot_6) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_2 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT
        segment, 2 AS step, slot_3 AS source,
        CASE WHEN slot_4 IS NOT NULL THEN 3 WHEN slot_6 IS NOT NULL THEN 5 ELSE 3 END AS target_step,
        coalesce(slot_4, slot_6) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_3 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT
        segment, 3 AS step, slot_4 AS source,
        CASE WHEN slot_5 IS NOT NULL THEN 4 WHEN slot_6 IS NOT NULL THEN 5 ELSE 5 END AS target_step,
        coalesce(slot_5, slot_6) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_4 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT
        segment, 4 AS step, slot_5 AS source,
        CASE WHEN slot_6 IS NOT NULL THEN 5 ELSE 5 END AS target_step,
        coalesce(slot_6) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_5 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT
        segment, 5 AS step, slot_6 AS source,
        CAST(NULL AS INTEGER) AS target_step,
        CAST(NULL AS VARCHAR) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_6 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
), _segments AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sum(count) DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _paths
    GROUP BY segment
), _events_shown AS (
    SELECT
        segment, step, source AS event,
        row_number() OVER (PARTITION BY segment, step ORDER BY sum(count) DESC, source) AS place
    FROM _lines
    GROUP BY segment, step, source
), _edges AS (
    SELECT
        l.segment,
        l.step,
        CASE WHEN s.place <= 3 THEN l.source END AS source,
        l.target_step,
        CASE WHEN t.place <= 3 THEN l.target END AS target,
        CASE
            WHEN l.target IS NOT NULL THEN 'event' WHEN l.target_step IS NULL THEN 'end' ELSE 'dropoff'
        END AS ends,
        sum(l.count) AS count
    FROM _lines AS l
    JOIN _events_shown AS s
        ON s.segment IS NOT DISTINCT FROM l.segment AND s.step = l.step AND s.event = l.source
    LEFT JOIN _events_shown AS t
        ON t.segment IS NOT DISTINCT FROM l.segment AND t.step = l.target_step AND t.event = l.target
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT
    p.place, p.segment, p.segments,
    e.step, e.source, e.target_step, e.target, e.ends, e.count, CAST(NULL AS VARCHAR[]) AS path
FROM _edges AS e JOIN _segments AS p ON p.segment IS NOT DISTINCT FROM e.segment
WHERE p.place <= 10
UNION ALL
SELECT
    p.place, p.segment, p.segments, r.rank, NULL, NULL, NULL, 'path', r.count, [slot_1, slot_2, slot_3, slot_4, slot_5, slot_6, CASE WHEN more_2 THEN 'more' END]
FROM (
    SELECT *, row_number() OVER (PARTITION BY segment ORDER BY count DESC, slot_1, slot_2, slot_3, slot_4, slot_5, slot_6, more_2) AS rank
    FROM _paths
) AS r JOIN _segments AS p ON p.segment IS NOT DISTINCT FROM r.segment
WHERE p.place <= 10 AND r.rank <= 50
ORDER BY 1, 8, 4, 9 DESC, 5, 6, 7
