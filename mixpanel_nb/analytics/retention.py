"""Retention: of those who did something, how many came back, period by period.

https://developer.mixpanel.com/reference/retention-query; periods roll from each person's own first event:
https://docs.mixpanel.com/docs/reports/retention ('On' time interval).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics.calendar import SECONDS
from mixpanel_nb.analytics.context import everyone_and_segments
from mixpanel_nb.analytics.sql import seconds

if TYPE_CHECKING:
    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Retention


def period_seconds(query: Retention) -> int:
    """The length of a period: 24 hours, 7 days or 30 days, ``interval`` times."""
    return SECONDS[query.unit] * query.interval


def _born_as_any(query: Retention) -> bool:
    """Whether an event of any name makes a user part of a cohort."""
    return (query.born_event if query.type == "birth" else query.return_event) is None


def statement(context: ReportContext, query: Retention) -> Statement:
    """Columns ``segment, segments, cohort, cohort_size, period, people, last_event``.

    ``segment`` is NULL for all people, the only one without a breakdown; ``segments`` is how many there are
    beside. A row tells how many people of a cohort came back in a period (where unbounded: came back in it
    for the last time); a cohort of which nobody did has one row, with a NULL period. ``last_event`` is the
    time of the table's last event; where there is no cohort at all, there is a row with it alone.
    """
    return context.statement(f"""\
WITH {_born(context, query)}, _cohorts AS (
    SELECT *, {context.bucket(query.unit, "born_at")} AS cohort
    FROM _born
), {_returned(context, query)}, _counted AS (
    SELECT segment, cohort, period, count(*) AS people
    FROM _returned
    GROUP BY segment, cohort, period
), _sizes AS (
    SELECT segment, cohort, count(*) AS cohort_size
    FROM _cohorts
    GROUP BY segment, cohort
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sum(cohort_size) DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _sizes
    GROUP BY segment
), _shown AS (
    SELECT _sizes.*, _ranked.place, _ranked.segments
    FROM _sizes JOIN _ranked ON _ranked.segment IS NOT DISTINCT FROM _sizes.segment
    WHERE _ranked.place <= {context.bind(query.limit, "limit")}
), _ending AS (
    SELECT max(e.event_time) AS last_event {context.select().sql("")}
)
SELECT
    _shown.segment, _shown.segments, _shown.cohort, _shown.cohort_size,
    _counted.period, _counted.people, _ending.last_event
FROM _ending
LEFT JOIN _shown ON TRUE
LEFT JOIN _counted ON _counted.cohort = _shown.cohort AND _counted.segment IS NOT DISTINCT FROM _shown.segment
ORDER BY _shown.place, _shown.cohort, _counted.period""")


def _born(context: ReportContext, query: Retention) -> str:
    """Each person's first event in each bucket of the days asked about; ``born_as`` is its name."""
    if query.type == "birth":
        chosen = context.select().named(query.born_event, "born_event").where(query.born_where)
    else:
        chosen = context.select().named(query.return_event, "return_event").where(query.return_where)
    chosen.in_period().of_people()
    name = everyone_and_segments(chosen, query.on)
    entering, born = "", ""
    if _born_as_any(query):
        entering, born = ", e.event_name", ", arg_min(event_name, event_time) AS born_as"
    return f"""\
_entering AS (
    SELECT e.distinct_id, e.event_time{entering}, {name} AS segment
    {chosen.sql()}
), _born AS (
    SELECT distinct_id, segment, min(event_time) AS born_at{born}
    FROM _entering
    GROUP BY distinct_id, segment, {context.bucket(query.unit, "event_time")}
)"""


def _returned(context: ReportContext, query: Retention) -> str:
    """Who came back in which period, once each."""
    back = context.select().named(query.return_event, "return_event").where(query.return_where)
    later = "r.event_time > c.born_at"
    if query.return_event is None or _born_as_any(query):
        # At the moment of birth itself only an event of another name can be a return.
        name = "c.born_as" if _born_as_any(query) else context.bind(query.born_event, "born_event")
        later = f"r.event_time >= c.born_at\n    WHERE r.event_time > c.born_at OR r.event_name <> {name}"
    elif query.type == "birth" and query.return_event != query.born_event:
        later = "r.event_time >= c.born_at"
    length = context.bind(period_seconds(query) * 1_000_000, "period_microseconds")
    period = f"date_diff('microsecond', c.born_at, r.event_time) // {length}"
    if query.unbounded:
        last = context.bind(query.interval_count, "interval_count")
        columns = f"c.segment, c.cohort, least(max({period}), {last}) AS period"
        within, grouped = "", "\n    GROUP BY c.distinct_id, c.segment, c.cohort"
    else:
        columns = f"DISTINCT c.distinct_id, c.segment, c.cohort, {period} AS period"
        end = seconds(period_seconds(query) * (query.interval_count + 1))
        within, grouped = f"\n        AND r.event_time < c.born_at + {end}", ""
    return f"""\
_coming AS (
    SELECT e.distinct_id, e.event_time, e.event_name
    {back.sql()}
), _returned AS (
    SELECT {columns}
    FROM _cohorts AS c
    JOIN _coming AS r ON r.distinct_id = c.distinct_id{within}
        AND {later}{grouped}
)"""
