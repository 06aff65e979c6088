"""Cohorts as metrics: how many users each had as of the end of every interval.

https://docs.mixpanel.com/docs/users/cohorts. What users did counts up to that day; profiles are as they are.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import Period, later
from mixpanel_nb.bookmarks.sections import days_of
from mixpanel_nb.queries.shared import CALENDAR_UNITS
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.reports import ZONE
from mixpanel_nb.sandbox.saved import by_id
from mixpanel_nb.sandbox.saved.kinds import Did
from mixpanel_nb.sandbox.typed import inline
from mixpanel_nb.sandbox.typed.series import ALL
from mixpanel_nb.sandbox.user_counts import condition_of, times_done
from mixpanel_nb.sandbox.wire import bucket_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_nb.bookmarks.sections import Days
    from mixpanel_nb.sandbox.calls import Call

    Item = Mapping[str, Any]

MAX_INTERVALS = 93
"""Mixpanel's limit for cohorts over time."""


def shown_by(bookmark: Item) -> list[Item]:
    """The metrics of a bookmark if all are cohorts, else none."""
    sections = bookmark.get("sections")
    show = sections.get("show") if isinstance(sections, dict) else None
    listed = show if isinstance(show, list) and all(isinstance(each, dict) for each in show) else []
    are_cohorts = [(each.get("behavior") or {}).get("type") == "cohort" for each in listed]
    return listed if are_cohorts and all(are_cohorts) else []


def sizes(call: Call, bookmark: Item) -> tuple[Days, dict[str, Any]]:
    """The days, and the series of each cohort.

    Raises:
        RefusedError: a cohort is not known, or something is asked for that a size does not have.
        ParameterError: the days are of an unknown form.
    """
    sections = bookmark["sections"]
    if sections.get("filter") or sections.get("group"):
        raise RefusedError(400, "The sandbox has no filters and groups of the size of a cohort")
    days = days_of(sections.get("time"), call.last_day)
    chart = (bookmark.get("displayOptions") or {}).get("chartType", "line")
    ends = dict(_ends(call, days)) if chart == "line" else {ALL: min(days.last, call.last_day)}
    if len(ends) > MAX_INTERVALS:
        raise RefusedError(400, f"Cohorts are counted in {MAX_INTERVALS} intervals at most, not {len(ends)}")
    series: dict[str, Any] = {}
    for clause in sections["show"]:
        behavior, math = clause["behavior"], (clause.get("measurement") or {}).get("math", "unique")
        if math != "unique":
            raise RefusedError(400, f"The sandbox counts the users of a cohort, not its {math!r}")
        name = str(clause.get("name") or behavior.get("name") or f"Cohort {behavior.get('id')}")
        series[name] = {moment: len(_members(call, behavior, end)) for moment, end in ends.items()}
    return days, series


def _ends(call: Call, days: Days) -> Iterator[tuple[str, date]]:
    """The last day of each interval, by the moment that it begins with."""
    if days.unit not in CALENDAR_UNITS:
        raise RefusedError(400, f"Cohorts are counted by days and longer units, not by {days.unit!r}")
    unit: Any = days.unit
    for start in Period(days.first, days.last, ZONE, call.dataset.week_start).buckets(unit):
        if not isinstance(start, datetime):
            yield bucket_moment(start), min(later(start, unit, 1) - timedelta(days=1), days.last)


def _members(call: Call, behavior: Item, end: date) -> Sequence[str]:
    """The users of a cohort as of the end of a day."""
    if behavior.get("raw_cohort"):
        return inline.members(call, behavior["raw_cohort"], end)
    number = behavior.get("id")
    cohort = by_id(call.dataset.saved.cohorts, number if isinstance(number, int) else -1)
    if cohort is None:
        raise RefusedError(400, f"Invalid cohort: there is no cohort {number}")
    if not isinstance(cohort.members, Did):
        return call.dataset.members(cohort)
    if end < cohort.members.first:
        return []
    did = replace(cohort.members, last=min(cohort.members.last, end))
    with call.runner() as runner:
        return list(times_done(runner, condition_of(did)))
