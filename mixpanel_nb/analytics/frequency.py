"""Frequency (in the API, addiction): in how many hours of a day, or days of a month, users were active.

https://developer.mixpanel.com/reference/retention-frequency-query
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    """Columns ``date, periods, people``: the users active in exactly ``periods`` periods of the bucket."""
    matching = context.select().named(query.event).in_period().of_users().where(query.where)
    return context.statement(f"""\
WITH _active AS (
    SELECT DISTINCT
        {context.bucket(query.unit)} AS date,
        {context.bucket(query.addiction_unit)} AS period,
        e.distinct_id AS person
    {matching.sql()}
), _counted AS (
    SELECT date, person, count(*) AS periods
    FROM _active
    GROUP BY date, person
)
SELECT date, periods, count(*) AS people
FROM _counted
GROUP BY date, periods
ORDER BY date, periods""")
