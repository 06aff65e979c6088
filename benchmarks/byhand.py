"""The reports' questions about the shop in DuckDB's own SQL, as fast as we know how to ask them.

Each is the fastest of several that were tried. Segmentation: grouping by the day as a number or a date,
before or after naming what is not set; ``count(DISTINCT)`` with a filter or behind one, or two groupings.
Funnel: joins of minima, inner and outer; one pass with a list of times a person and step; ASOF joins;
windows; only events near the first step, joined by a number for each person, in lists or by further joins.
Retention: distinct periods, bit masks and lists; joined by the text of ``distinct_id`` or grouped by a
number; the conditions in the join or behind it.

Unlike the package's, they know that the events of the steps differ, that the range is that of UTC days, and
which columns and types there are; nothing is ranked, limited or filled up with zeros.
"""

from __future__ import annotations

IN_RANGE = "event_time >= TIMESTAMP '2025-01-01' AND event_time < TIMESTAMP '2025-04-01'"
PAGE_VIEWS = f"event_name = 'Page View' AND {IN_RANGE}"
WEEK = 7 * 86_400 * 1_000_000  # in microseconds, as times are below
SECOND = 1_000_000

SEGMENTATION = f"""
SELECT date, coalesce(segment, 'undefined') AS segment, count
FROM (
    SELECT CAST(event_time AS DATE) AS date, mp_country_code AS segment, count(*) AS count
    FROM events
    WHERE {PAGE_VIEWS}
    GROUP BY ALL
)
"""

UNIQUE = f"""
SELECT
    CAST(event_time AS DATE) AS date, coalesce(mp_country_code, 'undefined') AS segment,
    count(DISTINCT distinct_id) AS count
FROM events
WHERE {PAGE_VIEWS} AND distinct_id <> ''
GROUP BY ALL
"""

BY_NUMBER = f"""
SELECT
    date,
    CASE
        WHEN number = trunc(number) THEN CAST(CAST(number AS BIGINT) AS VARCHAR)
        ELSE coalesce(CAST(number AS VARCHAR), 'undefined')
    END AS segment,
    count
FROM (
    SELECT CAST(event_time AS DATE) AS date, amount AS number, count(*) AS count
    FROM events
    WHERE {PAGE_VIEWS} AND amount IN (
        SELECT amount FROM events WHERE {PAGE_VIEWS} AND amount IS NOT NULL
        GROUP BY amount ORDER BY count(*) DESC, CAST(CAST(amount AS DECIMAL(18, 2)) AS VARCHAR) LIMIT 60
    )
    GROUP BY ALL
)
"""

BY_BOOLEAN = f"""
SELECT date, coalesce(CAST(segment AS VARCHAR), 'undefined') AS segment, count
FROM (
    SELECT CAST(event_time AS DATE) AS date, is_member AS segment, count(*) AS count
    FROM events
    WHERE {PAGE_VIEWS}
    GROUP BY ALL
)
"""

IN_BERLIN = """
SELECT date, coalesce(segment, 'undefined') AS segment, count
FROM (
    SELECT
        CAST(event_time + CASE WHEN event_time < TIMESTAMP '2025-03-30 01:00:00' THEN INTERVAL 1 HOUR
            ELSE INTERVAL 2 HOUR END AS DATE) AS date,
        mp_country_code AS segment, count(*) AS count
    FROM events
    WHERE event_name = 'Page View' AND event_time >= TIMESTAMP '2024-12-31 23:00:00'
        AND event_time < TIMESTAMP '2025-03-31 22:00:00'
    GROUP BY ALL
)
"""

_FUNNEL_TIMES = f"""
WITH entered AS MATERIALIZED (
    SELECT row_number() OVER () AS person, distinct_id, time_1
    FROM (
        SELECT distinct_id, epoch_us(min(event_time)) AS time_1
        FROM events
        WHERE {PAGE_VIEWS} AND distinct_id <> ''
        GROUP BY distinct_id
    )
), near AS (
    SELECT person, time_1, event_name, epoch_us(event_time) AS time
    FROM events JOIN entered USING (distinct_id)
    WHERE event_name IN ('View Product', 'Add to Cart', 'Purchase')
        AND epoch_us(event_time) BETWEEN time_1 - {6 * SECOND} AND time_1 + {WEEK}
), second AS (
    SELECT
        any_value(time_1) AS time_1,
        min(time) FILTER (event_name = 'View Product' AND time >= time_1 - {2 * SECOND}) AS time_2,
        list(time) FILTER (event_name = 'Add to Cart') AS times_3,
        list(time) FILTER (event_name = 'Purchase') AS times_4
    FROM near
    GROUP BY person
), third AS (
    SELECT *, list_min(list_filter(times_3, lambda t: t >= time_2 - {2 * SECOND})) AS time_3
    FROM second
    WHERE time_2 IS NOT NULL
), fourth AS (
    SELECT *, list_min(list_filter(times_4, lambda t: t >= time_3 - {2 * SECOND})) AS time_4
    FROM third
)"""


def _seconds(start: int, end: int) -> str:
    reached = f"time_{end} IS NOT NULL"
    return f"avg(greatest(time_{end} - time_{start}, 0)) FILTER ({reached}) / {SECOND}"


FUNNEL = f"""{_FUNNEL_TIMES}
SELECT
    (SELECT count(*) FROM entered),
    count(time_2), {_seconds(1, 2)}, {_seconds(1, 2)},
    count(time_3), {_seconds(2, 3)}, {_seconds(1, 3)},
    count(time_4), {_seconds(3, 4)}, {_seconds(1, 4)}
FROM fourth
"""

# The same event twice: the second time is the earliest but the first event within a person's window.
REPEATED_FUNNEL = f"""
WITH entered AS MATERIALIZED (
    SELECT row_number() OVER () AS person, distinct_id, first.event_time AS time_1, first.insert_id AS id_1
    FROM (
        SELECT distinct_id, min({{'event_time': event_time, 'insert_id': insert_id}}) AS first
        FROM events
        WHERE {PAGE_VIEWS} AND distinct_id <> ''
        GROUP BY distinct_id
    )
), near AS (
    SELECT person, time_1, event_name, event_time AS time
    FROM events JOIN entered USING (distinct_id)
    WHERE event_time BETWEEN time_1 - INTERVAL 4 SECOND AND time_1 + INTERVAL 7 DAY
        AND (event_name = 'Purchase' OR (event_name = 'Page View' AND insert_id <> id_1))
), second AS (
    SELECT
        any_value(time_1) AS time_1,
        min(time) FILTER (event_name = 'Page View' AND time >= time_1 - INTERVAL 2 SECOND) AS time_2,
        list(time) FILTER (event_name = 'Purchase') AS times_3
    FROM near
    GROUP BY person
), third AS (
    SELECT *, list_min(list_filter(times_3, lambda t: t >= time_2 - INTERVAL 2 SECOND)) AS time_3
    FROM second
    WHERE time_2 IS NOT NULL
), timed AS (
    SELECT epoch_us(time_1) AS time_1, epoch_us(time_2) AS time_2, epoch_us(time_3) AS time_3 FROM third
)
SELECT
    (SELECT count(*) FROM entered),
    count(time_2), {_seconds(1, 2)}, {_seconds(1, 2)},
    count(time_3), {_seconds(2, 3)}, {_seconds(1, 3)}
FROM timed
"""

# A row for each cohort and period, period -1 being the size of the cohort.
RETENTION = f"""
WITH born AS MATERIALIZED (
    SELECT row_number() OVER () AS person, distinct_id, born
    FROM (
        SELECT distinct_id, epoch_us(min(event_time)) AS born
        FROM events
        WHERE event_name = 'View Product' AND {IN_RANGE} AND distinct_id <> ''
        GROUP BY distinct_id
    )
), returned AS (
    SELECT DISTINCT person, born, (epoch_us(event_time) - born) // {WEEK} AS period
    FROM events JOIN born USING (distinct_id)
    WHERE epoch_us(event_time) < born + {11 * WEEK}
        AND (epoch_us(event_time) > born OR (epoch_us(event_time) = born AND event_name <> 'View Product'))
)
SELECT CAST(date_trunc('week', make_timestamp(born)) AS DATE) AS cohort, period, count(*) AS people
FROM returned
GROUP BY ALL
UNION ALL
SELECT CAST(date_trunc('week', make_timestamp(born)) AS DATE) AS cohort, -1, count(*)
FROM born
GROUP BY ALL
"""
