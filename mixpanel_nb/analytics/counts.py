"""Counts of several events, over time or on one day.

https://developer.mixpanel.com/reference/query-total-events and …/query-top-events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.context import ReportContext, measure

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mixpanel_nb.analytics.context import Selection
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import CountType, Unit


def by_event(
    context: ReportContext, events: Sequence[str], *, unit: Unit, kind: CountType, where: str | None
) -> Statement:
    """Columns ``date, event, count``; buckets without events have no row."""
    matching = _selected(context, events, where)
    return context.statement(f"""\
SELECT {context.bucket(unit)} AS date, e.event_name AS event, {measure(kind)} AS count
{matching.sql("")}
GROUP BY 1, 2
ORDER BY 1, 2""")


def top(context: ReportContext, *, kind: CountType, limit: int, elapsed: float = 1.0) -> Statement:
    """Columns ``event, count, percent_change`` of the last day asked about; the day before is needed, too.

    ``percent_change`` is the change since the day before as a part of its count; 1 where that was 0. It is
    normalized (https://developer.mixpanel.com/reference/query-top-events): only the same part of the day
        before is compared as has passed of the last day.

    Args:
        context: The table and days.
        kind: What is counted.
        limit: Maximum number of events.
        elapsed: The part of the last day that has passed, above 0 and up to 1; not used for averages.
    """
    matching = _selected(context, None, None)
    before = "before.count" if kind == "average" else f"before.count * {context.bind(elapsed, 'elapsed')}"
    return context.statement(f"""\
WITH _counted AS (
    SELECT {context.bucket("day")} AS date, e.event_name AS event, {measure(kind)} AS count
    {matching.sql()}
    GROUP BY 1, 2
)
SELECT
    today.event,
    today.count,
    coalesce(CAST(today.count - {before} AS DOUBLE) / nullif({before}, 0), 1) AS percent_change
FROM _counted AS today
LEFT JOIN _counted AS before ON before.event = today.event AND before.date < today.date
WHERE today.date = {context.bind(context.period.last, "day")}
ORDER BY today.count DESC, today.event
LIMIT {context.bind(limit, "limit")}""")


def members(
    context: ReportContext,
    events: Sequence[str] | None,
    *,
    unit: Unit,
    where: str | None,
    date: dt.date | None,
) -> str:
    """The users who did one of the events, in a bucket of time; None is any event."""
    return users.of_events(users.in_bucket(context, _selected(context, events, where), unit, date))


def _selected(context: ReportContext, events: Sequence[str] | None, where: str | None) -> Selection:
    return context.select().named(events).in_period().where(where)


def last_event(context: ReportContext) -> Statement:
    """One row: the time (UTC) of the table's last event, or NULL."""
    return context.statement(f"SELECT max(e.event_time) AS last_event\n{context.select().sql('')}")
