WITH _events AS (
    SELECT
        e.distinct_id,
        e.event_time,
        e."rowid" AS tie_1,
        e.event_name AS label,
        coalesce(FALSE
        AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
        AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP), FALSE) AS enters,
        coalesce(e.event_name = 'Buy', FALSE) AS is_2,
        CASE WHEN FALSE THEN [coalesce(e."plan", 'undefined')] END AS segments,
        CAST((e.event_time + INTERVAL '3600' SECOND) AS DATE) AS local_day,
        coalesce(e."plan" = 'pro', FALSE) AS kept,
        coalesce(e."plan" = 'pro', FALSE) AS passes_where,
        CASE WHEN (e."plan" IS NOT NULL) THEN coalesce(e."plan" = 'pro', FALSE) END AS told_where,
        CASE WHEN (e."plan" IS NOT NULL) THEN [coalesce(e."plan", 'undefined')] END AS split_by
    FROM "events" AS e
    WHERE e.distinct_id <> ''
      AND e.event_name NOT IN ('$identify', '$create_alias', '$merge', '$hotshard_events', '$campaign_delivery', '$campaign_bounced', '$campaign_marked_spam', '$message_suppressed', '$unsubscribe', '$journey_entered')
      AND e.event_time >= CAST('2024-12-31 23:00:00' AS TIMESTAMP)
      AND e.event_time < CAST('2025-01-31 23:00:00' AS TIMESTAMP)
), _marked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY distinct_id ORDER BY event_time, tie_1) AS place,
        event_time <= lag(event_time) OVER (PARTITION BY distinct_id ORDER BY event_time, tie_1) + INTERVAL '1800' SECOND
            AND local_day = lag(local_day) OVER (PARTITION BY distinct_id ORDER BY event_time, tie_1) AS goes_on
    FROM _events
), _sessioned AS (
    SELECT
        *,
        count(CASE WHEN goes_on THEN NULL ELSE 1 END)
            OVER (PARTITION BY distinct_id ORDER BY event_time) AS session
    FROM _marked
), _bounded AS (
    SELECT
        distinct_id, session, event_time, tie_1, label, enters, is_2, kept, segments, 0 AS bound
    FROM _sessioned
    UNION ALL
    SELECT
        distinct_id,
        session,
        min(event_time),
        min(tie_1),
        '$session_start',
        TRUE,
        FALSE,
        coalesce(arg_min(told_where, place), arg_min(passes_where, place)),
        coalesce(arg_min(split_by, place), ['undefined']),
        -1
    FROM _sessioned
    GROUP BY distinct_id, session
), _placed AS (
    SELECT
        distinct_id,
        session,
        event_time,
        label,
        enters,
        is_2,
        segments,
        row_number() OVER flow AS place,
        count(CASE WHEN is_2 THEN 1 END) OVER before AS count_is_2,
        count(CASE WHEN enters THEN 1 END) OVER before AS entered,
        lead(label, 1) OVER flow AS lead_1_label,
        lead(event_time, 1) OVER flow AS lead_1_event_time,
        lead(label, 2) OVER flow AS lead_2_label,
        lead(event_time, 2) OVER flow AS lead_2_event_time,
        lead(label, 3) OVER flow AS lead_3_label,
        lead(event_time, 3) OVER flow AS lead_3_event_time
    FROM _bounded
    WHERE kept
    WINDOW flow AS (PARTITION BY distinct_id, session ORDER BY event_time, bound, tie_1), before AS (PARTITION BY distinct_id, session ORDER BY event_time, bound, tie_1 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), _entries AS (
    SELECT * FROM _placed WHERE enters AND entered = 1
), _attempts AS (
    SELECT
        a_1.segments,
        a_1.label AS slot_1,
        CASE WHEN coalesce(a_2.place - a_1.place - 1 >= 1, a_1.lead_1_event_time <= a_1.event_time + INTERVAL '2592000' SECOND) THEN a_1.lead_1_label END AS slot_2,
        CASE WHEN coalesce(a_2.place - a_1.place - 1 >= 2, a_1.lead_2_event_time <= a_1.event_time + INTERVAL '2592000' SECOND) THEN a_1.lead_2_label END AS slot_3,
        CASE WHEN coalesce(a_2.place - a_1.place - 1 >= 3, a_1.lead_3_event_time <= a_1.event_time + INTERVAL '2592000' SECOND) THEN a_1.lead_3_label END AS slot_4,
        a_2.label AS slot_5,
        coalesce(a_2.place - a_1.place - 1 > 3, FALSE) AS more_2
    FROM _entries AS a_1
    LEFT JOIN _placed AS a_2
        ON a_2.distinct_id = a_1.distinct_id
        AND a_2.session = a_1.session
        AND a_2.is_2
        AND a_2.count_is_2 = a_1.count_is_2 + 1
        AND a_2.event_time <= a_1.event_time + INTERVAL '2592000' SECOND
), _paths AS (
    SELECT unnest(list_append(segments, NULL)) AS segment, slot_1, slot_2, slot_3, slot_4, slot_5, more_2, count(*) AS count
    FROM _attempts
    GROUP BY 1, 2, 3, 4, 5, 6, 7
), _lines AS (
    SELECT
        segment, 0 AS step, slot_1 AS source,
        CASE WHEN slot_2 IS NOT NULL THEN 1 WHEN slot_5 IS NOT NULL THEN 4 ELSE 1 END AS target_step,
        coalesce(slot_2, slot_5) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_1 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT
        segment, 1 AS step, slot_2 AS source,
        CASE WHEN slot_3 IS NOT NULL THEN 2 WHEN slot_5 IS NOT NULL THEN 4 ELSE 2 END AS target_step,
        coalesce(slot_3, slot_5) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_2 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT
        segment, 2 AS step, slot_3 AS source,
        CASE WHEN slot_4 IS NOT NULL THEN 3 WHEN slot_5 IS NOT NULL THEN 4 ELSE 3 END AS target_step,
        coalesce(slot_4, slot_5) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_3 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT
        segment, 3 AS step, slot_4 AS source,
        CASE WHEN slot_5 IS NOT NULL THEN 4 ELSE 4 END AS target_step,
        coalesce(slot_5) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_4 IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT
        segment, 4 AS step, slot_5 AS source,
        CAST(NULL AS INTEGER) AS target_step,
        CAST(NULL AS VARCHAR) AS target,
        sum(count) AS count
    FROM _paths
    WHERE slot_5 IS NOT NULL
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
    p.place, p.segment, p.segments, r.rank, NULL, NULL, NULL, 'path', r.count, [slot_1, slot_2, slot_3, slot_4, slot_5, CASE WHEN more_2 THEN 'more' END]
FROM (
    SELECT *, row_number() OVER (PARTITION BY segment ORDER BY count DESC, slot_1, slot_2, slot_3, slot_4, slot_5, more_2) AS rank
    FROM _paths
) AS r JOIN _segments AS p ON p.segment IS NOT DISTINCT FROM r.segment
WHERE p.place <= 10 AND r.rank <= 50
ORDER BY 1, 8, 4, 9 DESC, 5, 6, 7
