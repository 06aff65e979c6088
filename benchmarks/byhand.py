"""The reports' questions about the shop in DuckDB's own SQL, as fast as we know how to ask them.

Each is the fastest of several that were tried. Segmentation: grouping by the day as a number or a date,
before or after naming what is not set; ``count(DISTINCT)`` with a filter or behind one, or two groupings.
Funnel: joins of minima, inner and outer; one pass with a list of times a user and step; ASOF joins;
windows; only events near the first step, joined by a number for each user, in lists or by further joins.
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
    SELECT row_number() OVER () AS user_id, distinct_id, time_1
    FROM (
        SELECT distinct_id, epoch_us(min(event_time)) AS time_1
        FROM events
        WHERE {PAGE_VIEWS} AND distinct_id <> ''
        GROUP BY distinct_id
    )
), near AS (
    SELECT user_id, time_1, event_name, epoch_us(event_time) AS time
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
    GROUP BY user_id
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

# The same event twice: the second time is the earliest but the first event within a user's window.
REPEATED_FUNNEL = f"""
WITH entered AS MATERIALIZED (
    SELECT row_number() OVER () AS user_id, distinct_id, first.event_time AS time_1, first.place AS place_1
    FROM (
        SELECT distinct_id, min({{'event_time': event_time, 'place': rowid}}) AS first
        FROM events
        WHERE {PAGE_VIEWS} AND distinct_id <> ''
        GROUP BY distinct_id
    )
), near AS (
    SELECT user_id, time_1, event_name, event_time AS time
    FROM events JOIN entered USING (distinct_id)
    WHERE event_time BETWEEN time_1 - INTERVAL 4 SECOND AND time_1 + INTERVAL 7 DAY
        AND (event_name = 'Purchase' OR (event_name = 'Page View' AND events.rowid <> place_1))
), second AS (
    SELECT
        any_value(time_1) AS time_1,
        min(time) FILTER (event_name = 'Page View' AND time >= time_1 - INTERVAL 2 SECOND) AS time_2,
        list(time) FILTER (event_name = 'Purchase') AS times_3
    FROM near
    GROUP BY user_id
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
    SELECT row_number() OVER () AS user_id, distinct_id, born
    FROM (
        SELECT distinct_id, epoch_us(min(event_time)) AS born
        FROM events
        WHERE event_name = 'View Product' AND {IN_RANGE} AND distinct_id <> ''
        GROUP BY distinct_id, date_trunc('week', event_time)
    )
), returned AS (
    SELECT DISTINCT user_id, born, (epoch_us(event_time) - born) // {WEEK} AS period
    FROM events JOIN born USING (distinct_id)
    WHERE epoch_us(event_time) < born + {11 * WEEK}
        AND (epoch_us(event_time) > born OR (epoch_us(event_time) = born AND event_name <> 'View Product'))
)
SELECT CAST(date_trunc('week', make_timestamp(born)) AS DATE) AS cohort, period, count(*) AS users
FROM returned
GROUP BY ALL
UNION ALL
SELECT CAST(date_trunc('week', make_timestamp(born)) AS DATE) AS cohort, -1, count(*)
FROM born
GROUP BY ALL
"""

_BORN = f"""born AS MATERIALIZED (
    SELECT distinct_id, epoch_us(min(event_time)) AS born
    FROM events
    WHERE event_name = 'View Product' AND {IN_RANGE} AND distinct_id <> ''
    GROUP BY distinct_id, date_trunc('week', event_time)
)"""
_SIZES = """\
SELECT CAST(date_trunc('week', make_timestamp(born)) AS DATE) AS cohort, -1 AS period, count(*) AS users
FROM born
GROUP BY ALL"""

# Of each user the last event of all, and the last one that is not a birth at the same moment.
ON_OR_AFTER = f"""
WITH {_BORN}, latest AS (
    SELECT
        distinct_id, epoch_us(max(event_time)) AS last,
        epoch_us(max(event_time) FILTER (event_name <> 'View Product')) AS last_other
    FROM events
    GROUP BY distinct_id
), returned AS (
    SELECT born, least(10, (last - born) // {WEEK}) AS period
    FROM born JOIN latest USING (distinct_id)
    WHERE last > born OR last_other >= born
), counted AS (
    SELECT CAST(date_trunc('week', make_timestamp(born)) AS DATE) AS cohort, period, count(*) AS users
    FROM returned
    GROUP BY ALL
), cohorts AS (
    SELECT DISTINCT cohort FROM counted
)
SELECT cohort, asked.period, sum(users) AS users
FROM cohorts CROSS JOIN range(11) AS asked(period) JOIN counted USING (cohort)
WHERE counted.period >= asked.period
GROUP BY ALL
UNION ALL
{_SIZES}
"""

STREAK = f"""
WITH {_BORN}, returned AS (
    SELECT DISTINCT distinct_id, born, (epoch_us(event_time) - born) // {WEEK} AS period
    FROM events JOIN born USING (distinct_id)
    WHERE epoch_us(event_time) >= born AND epoch_us(event_time) < born + {11 * WEEK}
), streaks AS (
    SELECT born, period, row_number() OVER (PARTITION BY distinct_id, born ORDER BY period) - 1 AS place
    FROM returned
)
SELECT CAST(date_trunc('week', make_timestamp(born)) AS DATE) AS cohort, period, count(*) AS users
FROM streaks
WHERE period = place
GROUP BY ALL
UNION ALL
{_SIZES}
"""

METRICS = f"""
WITH weeks AS (
    SELECT
        CAST(date_trunc('week', event_time) AS DATE) AS date,
        count(*) FILTER (event_name = 'Page View') AS views,
        count(DISTINCT nullif(distinct_id, '')) FILTER (event_name = 'Page View') AS users,
        coalesce(sum(amount) FILTER (event_name = 'Purchase'), 0) AS amount
    FROM events
    WHERE event_name IN ('Page View', 'Purchase') AND {IN_RANGE}
    GROUP BY ALL
)
SELECT date, 'Page View', views FROM weeks
UNION ALL
SELECT date, 'unique(Page View)', users FROM weeks
UNION ALL
SELECT date, 'sum(Purchase, amount)', amount FROM weeks
"""

MEDIAN = f"""
SELECT CAST(event_time AS DATE) AS date, 'median(Purchase, amount)', median(amount)
FROM events
WHERE event_name = 'Purchase' AND {IN_RANGE}
GROUP BY ALL
"""

PER_USER = f"""
SELECT date, 'p90(per user sum(Purchase, amount))', quantile_cont(amount, 0.9)
FROM (
    SELECT CAST(date_trunc('week', event_time) AS DATE) AS date, distinct_id, sum(amount) AS amount
    FROM events
    WHERE event_name = 'Purchase' AND {IN_RANGE} AND distinct_id <> ''
    GROUP BY ALL
)
WHERE amount IS NOT NULL
GROUP BY date
"""

# Each day of a user counts until the user's next one, but 1, 7 or 30 days at most.
ACTIVE = """
WITH days AS (
    SELECT date, lead(date) OVER (PARTITION BY distinct_id ORDER BY date) AS next
    FROM (
        SELECT DISTINCT distinct_id, CAST(event_time AS DATE) AS date
        FROM events
        WHERE event_time >= TIMESTAMP '2024-12-03' AND event_time < TIMESTAMP '2025-04-01'
            AND distinct_id <> ''
    )
), lengths AS (
    SELECT unnest([1, 7, 30]) AS length
), changes AS (
    SELECT length, date, count(*) AS users FROM days, lengths GROUP BY ALL
    UNION ALL
    SELECT length, least(date + length, next) AS date, -count(*) AS users FROM days, lengths GROUP BY ALL
), summed AS (
    SELECT length, date, sum(users) AS users FROM changes GROUP BY ALL
)
SELECT date, CASE length WHEN 1 THEN 'dau(*)' WHEN 7 THEN 'wau(*)' ELSE 'mau(*)' END AS metric, users
FROM (SELECT length, date, sum(users) OVER (PARTITION BY length ORDER BY date) AS users FROM summed)
WHERE date BETWEEN DATE '2025-01-01' AND DATE '2025-03-31'
"""


def _best(step: int, event: str) -> str:
    """Of each entry that has come so far, the next event of this name; each one serves the latest entry."""
    before = step - 1
    return f"""SELECT
        r.*,
        CASE WHEN s.event_time <= r.time_1 + INTERVAL 7 DAY AND r.time_1 = max(r.time_1) OVER
            (PARTITION BY r.distinct_id, s.event_time) THEN s.event_time END AS time_{step}
    FROM (FROM step_{before} WHERE time_{before} IS NOT NULL) AS r
    ASOF LEFT JOIN (SELECT distinct_id, event_time FROM events WHERE event_name = '{event}') AS s
        ON s.distinct_id = r.distinct_id AND s.event_time >= r.time_{before} - INTERVAL 2 SECOND"""


OPTIMIZED = f"""
WITH step_1 AS (
    SELECT distinct_id, event_time AS time_1
    FROM events
    WHERE {PAGE_VIEWS} AND distinct_id <> ''
), step_2 AS (
    {_best(2, "View Product")}
), step_3 AS (
    {_best(3, "Add to Cart")}
), step_4 AS (
    {_best(4, "Purchase")}
)
SELECT
    (SELECT count(DISTINCT distinct_id) FROM step_1),
    (SELECT count(DISTINCT distinct_id) FROM step_2 WHERE time_2 IS NOT NULL),
    (SELECT count(DISTINCT distinct_id) FROM step_3 WHERE time_3 IS NOT NULL),
    (SELECT count(DISTINCT distinct_id) FROM step_4 WHERE time_4 IS NOT NULL)
"""

# The first search more than two seconds after the entry ends it, but for what comes within two seconds.
EXCLUDED = f"""
WITH entered AS MATERIALIZED (
    SELECT distinct_id, min(event_time) AS time_1
    FROM events
    WHERE {PAGE_VIEWS} AND distinct_id <> ''
    GROUP BY distinct_id
), near AS (
    SELECT distinct_id, time_1, event_name, event_time AS time
    FROM events JOIN entered USING (distinct_id)
    WHERE event_name IN ('View Product', 'Purchase', 'Search')
        AND event_time BETWEEN time_1 - INTERVAL 4 SECOND AND time_1 + INTERVAL 7 DAY
), listed AS (
    SELECT
        min(time) FILTER (event_name = 'View Product' AND time >= time_1 - INTERVAL 2 SECOND) AS time_2,
        list(time) FILTER (event_name = 'Purchase') AS times_3,
        coalesce(min(time) FILTER (event_name = 'Search' AND time > time_1 + INTERVAL 2 SECOND),
            TIMESTAMP 'infinity') AS ended
    FROM near
    GROUP BY distinct_id, time_1
), reached AS (
    SELECT
        time_2, ended,
        list_min(list_filter(times_3, lambda t: t >= time_2 - INTERVAL 2 SECOND)) AS time_3
    FROM listed
    WHERE time_2 <= ended + INTERVAL 2 SECOND
)
SELECT
    (SELECT count(*) FROM entered),
    count(*),
    count(*) FILTER (time_3 <= ended + INTERVAL 2 SECOND)
FROM reached
"""

FLOW = f"""
WITH entered AS MATERIALIZED (
    SELECT distinct_id, min({{'time': event_time, 'place': rowid}}) AS start
    FROM events
    WHERE event_name = 'View Product' AND {IN_RANGE} AND distinct_id <> ''
    GROUP BY distinct_id
), following AS (
    SELECT array_agg(event_name ORDER BY event_time, events.rowid)[1:4] AS path
    FROM events JOIN entered USING (distinct_id)
    WHERE event_time <= start.time + INTERVAL 30 DAY
        AND (event_time > start.time OR (event_time = start.time AND events.rowid >= start.place))
    GROUP BY distinct_id
)
SELECT path, count(*) AS flows FROM following GROUP BY ALL ORDER BY flows DESC LIMIT 50
"""

SESSIONS = f"""
WITH marked AS (
    SELECT
        distinct_id, event_time,
        lag(event_time) OVER (PARTITION BY distinct_id ORDER BY event_time) AS earlier
    FROM events
    WHERE {IN_RANGE} AND distinct_id <> ''
), numbered AS (
    SELECT
        distinct_id, event_time,
        count(*) FILTER (earlier IS NULL OR event_time > earlier + INTERVAL 30 MINUTE
            OR CAST(event_time AS DATE) <> CAST(earlier AS DATE))
            OVER (PARTITION BY distinct_id ORDER BY event_time) AS number
    FROM marked
), sessions AS (
    SELECT CAST(min(event_time) AS DATE) AS date, epoch(max(event_time)) - epoch(min(event_time)) AS seconds
    FROM numbered
    GROUP BY distinct_id, number
)
SELECT date, count(*), avg(seconds) FROM sessions GROUP BY ALL
"""
