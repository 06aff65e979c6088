"""How often users did an event, as a breakdown or a filter of Insights: counted in each interval by itself.

https://docs.mixpanel.com/docs/features/computed-properties#per-interval. A bar, a table or a pie has one
interval, all days. To a query, the counts are a column of a lookup table by the users' ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import Period, later, midnight
from mixpanel_nb.bookmarks.cohorts import FREQUENCY
from mixpanel_nb.queries.customs import LOOKUP
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.reports import ZONE
from mixpanel_nb.sandbox.user_counts import EventCondition, times_done, users_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_nb.bookmarks import Reading
    from mixpanel_nb.queries import Insights
    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.weekdays import Weekday

    Interval = tuple[date, date]

MAX_INTERVALS = 93


@dataclass(frozen=True)
class Frequency:
    """How often users did an event.

    Attributes:
        table: The lookup table that has it.
        label: Its column.
        event: The event.
    """

    table: str
    label: str
    event: str


def taken_out(bookmark: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[Frequency, ...]]:
    """A bookmark whose groups by frequency are groups by columns of lookup tables, and these columns.

    Raises:
        RefusedError: one counts something that the sandbox does not.
    """
    sections = bookmark.get("sections")
    groups = sections.get("group") if isinstance(sections, dict) else None
    if not isinstance(sections, dict) or not isinstance(groups, list):
        return bookmark, ()
    found: list[Frequency] = []
    changed: list[Any] = []
    for group in groups:
        behavior = group.get("behavior") if isinstance(group, dict) else None
        if not isinstance(behavior, dict) or behavior.get("behaviorType") != FREQUENCY:
            changed.append(group)
            continue
        one = _frequency(behavior, str(group.get("value") or "Frequency"), f"frequency {len(found)}")
        found.append(one)
        column = {"value": f"{LOOKUP}{one.table}.{one.label}", "resourceType": "events"}
        changed.append({"propertyType": "number", "customBucket": group.get("customBucket"), **column})
    return {**bookmark, "sections": {**sections, "group": changed}}, tuple(found)


def _frequency(behavior: Mapping[str, Any], label: str, table: str) -> Frequency:
    event = (behavior.get("event") or {}).get("value")
    plain = behavior.get("aggregationOperator", "total") == "total" and not behavior.get("filters")
    if not isinstance(event, str) or not plain or behavior.get("dateRange"):
        raise RefusedError(
            400, "The sandbox breaks down by how often users did an event, without filters and days"
        )
    return Frequency(table, label, event)


def is_per_interval(reading: Reading, found: Sequence[Frequency]) -> bool:
    """Whether something of the query is counted in each interval."""
    filtered = any("frequency" in definition for definition in reading.cohorts.values())
    return bool(found) or filtered


def intervals(query: Insights, week_start: Weekday) -> list[Interval]:
    """The first and the last day of each interval.

    Raises:
        RefusedError: there are too many, or their values depend on each other.
    """
    if query.totals:
        return [(query.from_date, query.to_date)]
    if query.rolling is not None or query.cumulative:
        raise RefusedError(400, "The sandbox counts frequencies of linear values alone")
    found = list(_buckets(query, week_start))
    if len(found) > MAX_INTERVALS:
        raise RefusedError(
            400, f"Frequencies are counted in {MAX_INTERVALS} intervals at most, not {len(found)}"
        )
    return found


def _buckets(query: Insights, week_start: Weekday) -> Iterator[Interval]:
    unit: Any = query.unit
    for start in Period(query.from_date, query.to_date, ZONE, week_start).buckets(unit):
        if isinstance(start, datetime):
            raise RefusedError(400, "The sandbox counts frequencies by days and longer units")
        end = later(start, unit, 1) - timedelta(days=1)
        yield max(start, query.from_date), min(end, query.to_date)


def times_of(call: Call, event: str, interval: Interval) -> dict[str, int]:
    """How often each user did an event on some days; none for those who did not."""
    first, last = interval
    condition = EventCondition(((event, None),), midnight(first), midnight(last + timedelta(days=1)))
    with call.runner() as runner:
        return times_done(runner, condition)


def counts_of(call: Call, found: Sequence[Frequency], interval: Interval) -> dict[Frequency, dict[str, int]]:
    """How often each user of the data set did each event; 0 for those who did not."""
    if not found:
        return {}
    with call.runner() as runner:
        nobody = dict.fromkeys(users_of(runner), 0)
    return {each: nobody | times_of(call, each.event, interval) for each in found}


def merged(one: Any, other: Any) -> Any:
    """Series of several intervals as one."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return other
    return one | {key: merged(one[key], value) if key in one else value for key, value in other.items()}


def headers_of(names: Sequence[str], found: Sequence[Frequency]) -> list[str]:
    """The headers, with the labels of frequencies."""
    labels = {f"{LOOKUP}{each.table}.{each.label}": each.label for each in found}
    return [labels.get(name, name) for name in names]
