"""Frequency (in the API, addiction): in how many hours of a day, or days of a month, users were active.

https://developer.mixpanel.com/reference/retention-frequency-query
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users

if TYPE_CHECKING:
    import datetime as dt

    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Frequency, LargeUnit
    from mixpanel_nb.queries.frequency import AddictionUnit

MOST: dict[tuple[LargeUnit, AddictionUnit], int] = {
    ("day", "hour"): 24,
    ("week", "hour"): 7 * 24,
    ("month", "hour"): 31 * 24,
    ("day", "day"): 1,
    ("week", "day"): 7,
    ("month", "day"): 31,
}
"""The maximum number of smaller units in a larger one."""


def statement(context: ReportContext, query: Frequency) -> Statement:
    """Columns ``date, periods, users``: the users active in exactly ``periods`` periods of the bucket."""
    return context.statement(f"""\
WITH {_active(context, query)}, _counted AS (
    SELECT date, user_id, count(*) AS periods
    FROM _active
    GROUP BY date, user_id
)
SELECT date, periods, count(*) AS users
FROM _counted
GROUP BY date, periods
ORDER BY date, periods""")


def members(context: ReportContext, query: Frequency, *, date: dt.date | None, at_least: int | None) -> str:
    """The users of a bucket that were active in at least so many periods of it."""
    parts = f"""\
WITH {_active(context, query, timed=True)}, _counted AS (
    SELECT
        date, user_id, count(DISTINCT period) AS periods,
        min(time) AS first_time, max(time) AS last_time, count(*) AS events
    FROM _active
    GROUP BY date, user_id
)"""
    conditions = [] if date is None else [f"date = {context.bind(date, 'bucket')}"]
    if at_least is not None:
        conditions.append(f"periods >= {context.bind(at_least, 'at_least')}")
    times = ("first_time", "last_time")
    return users.of_rows(parts, "_counted", conditions, user="user_id", times=times, events="sum(events)")


def _active(context: ReportContext, query: Frequency, *, timed: bool = False) -> str:
    """Who was active in which periods, once each; each of their events where the times matter."""
    matching = context.select().named(query.event).in_period().of_users().where(query.where)
    return f"""\
_active AS (
    SELECT{"" if timed else " DISTINCT"}
        {context.bucket(query.unit)} AS date,
        {context.bucket(query.addiction_unit)} AS period,
        e.distinct_id AS user_id{f",{chr(10)}        e.event_time AS time" if timed else ""}
    {matching.sql()}
)"""
