"""Days, groups and events of a bookmark."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mixpanel_nb.bookmarks import cohorts, filters
from mixpanel_nb.bookmarks.properties import (
    named,
    property_node,
    property_of_clause,
    resource_of,
)
from mixpanel_nb.bookmarks.refusals import only_tables, untranslated
from mixpanel_nb.queries import Buckets
from mixpanel_nb.queries.customs import CUSTOM_EVENT, custom_property
from mixpanel_nb.queries.days import days_before

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.errors import ParameterError

ALL_EVENTS = "$all_events"
ANY_EVENT = (ALL_EVENTS, "$any_event")
_NUMBER = "number"
_LENGTHS = {"day": "d", "week": "w", "month": "m", "year": "y"}
_MAX_RANGES = 1_000
_DAY = timedelta(days=1)


# Days


@dataclass(frozen=True)
class Days:
    """The days of a bookmark, and the unit of its buckets."""

    first: date
    last: date
    unit: str


def days_of(time: Any, today: date) -> Days:
    """The days of ``sections.time``.

    Raises:
        ParameterError: they are of an unknown form.
    """
    entry = time[0] if isinstance(time, list) and time else time
    if not isinstance(entry, dict):
        raise untranslated("no days", time)
    first, last = _range_of(
        str(entry.get("dateRangeType")), entry.get("value"), entry.get("window"), today, entry
    )
    return Days(first, last, str(entry.get("unit", "day")))


def flow_days(entry: Any, today: date) -> tuple[date, date]:
    """The days of a flow's ``date_range``.

    Raises:
        ParameterError: they are of an unknown form.
    """
    if not isinstance(entry, dict):
        raise untranslated("no days", entry)
    since, until = entry.get("from_date"), entry.get("to_date")
    window = since if isinstance(since, dict) else None
    value = [since, today.isoformat() if until == "$now" else until]
    return _range_of(str(entry.get("type")), value, window, today, entry)


def _range_of(kind: str, value: Any, window: Any, today: date, entry: Any) -> tuple[date, date]:
    try:
        if kind == "between":
            first, last = (date.fromisoformat(str(day)[:10]) for day in value)
            return first, last
        if kind == "on":
            day = date.fromisoformat(str(value[0] if isinstance(value, list) else value)[:10])
            return day, day
        if kind == "since":
            return date.fromisoformat(str(value[0] if isinstance(value, list) else value)[:10]), today
        if kind == "in the last":
            unit, number = window["unit"], window["value"]
            if unit == "hour":
                return today - (number // 24) * _DAY, today
            if unit == "quarter":
                unit, number = "month", 3 * number
            return days_before(f"{number}{_LENGTHS[unit]}", "bookmark", today), today
    except (KeyError, TypeError, ValueError):
        pass
    raise untranslated(f"days of an unknown form, {str(entry)[:100]!r}", entry)


def time_section(first: date, last: date, unit: str) -> list[dict[str, Any]]:
    """``sections.time`` of some days."""
    return [{"dateRangeType": "between", "unit": unit, "value": [first.isoformat(), last.isoformat()]}]


def compared_days(comparison: Mapping[str, Any] | None, days: Days) -> str | None:
    """``displayOptions.timeComparison`` as the days that a query compares with.

    Raises:
        ParameterError: it is of an unknown form.
    """
    if not comparison:
        return None
    kind, value, length = comparison.get("type"), str(comparison.get("value")), days.last - days.first
    try:
        if kind == "absolute-start":
            first = date.fromisoformat(value)
            return f"{first}..{first + length}"
        if kind == "absolute-end":
            last = date.fromisoformat(value)
            return f"{last - length}..{last}"
        if kind == "relative":
            first, last = (_before(day, value) for day in (days.first, days.last))
            return f"{first}..{last}"
    except (ValueError, KeyError, OverflowError):
        pass
    raise untranslated(f"the comparison {value!r}", comparison)


def _before(day: date, unit: str) -> date:
    if unit in ("day", "week"):
        return day - (7 if unit == "week" else 1) * _DAY
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    place = day.year * 12 + day.month - 1 - months
    year, month = divmod(place, 12)
    for number in range(day.day, 0, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise ValueError(day)


# Groups


def groups_of(found: Sequence[Mapping[str, Any]]) -> tuple[list[str | Buckets], dict[str, str]]:
    """``sections.group`` as breakdowns, and other names of their segments.

    Raises:
        ParameterError: a group is none that a query can break down by.
    """
    breakdowns: list[str | Buckets] = []
    renamed: dict[str, str] = {}
    for group in found:
        by_cohort = cohorts.breakdown_of(group)
        if by_cohort is not None:
            breakdown, names = by_cohort
            breakdowns.append(breakdown)
            renamed |= names
        else:
            breakdowns.append(_breakdown(group))
    return breakdowns, renamed


def _breakdown(group: Mapping[str, Any]) -> str | Buckets:
    of = named(property_of_clause(group))
    bucket = group.get("customBucket") or {}
    if bucket and not bucket.get("disabled"):
        return Buckets(of, _edges(bucket))
    return Buckets(of) if group.get("propertyType") == _NUMBER else of


def _edges(bucket: Mapping[str, Any]) -> tuple[float, ...]:
    size, low, high = (bucket.get(name) for name in ("bucketSize", "min", "max"))
    if size is None or low is None or high is None:
        raise untranslated("ranges of a number without bucketSize, min or max", dict(bucket))
    try:
        count = (high - low) / size
        if not 0 < count <= _MAX_RANGES:
            raise untranslated(f"{count:,.0f} ranges of a number", dict(bucket))
        edges = [low + place * size for place in range(int(count) + 1)]
    except (TypeError, ZeroDivisionError):
        raise untranslated("ranges of a number that are none", dict(bucket)) from None
    return tuple(edges if edges[-1] == high else [*edges, high])


def group_section(breakdowns: Sequence[str | Buckets]) -> list[dict[str, Any]]:
    """``sections.group`` of breakdowns.

    Raises:
        ParameterError: only tables can be broken down so.
    """
    return [_group(each) for each in breakdowns]


def _group(on: str | Buckets) -> dict[str, Any]:
    of = on.of if isinstance(on, Buckets) else on
    if of.startswith("cohort:"):
        name = of.removeprefix("cohort:")
        if "," in name:
            raise only_tables("Mixpanel is asked for one cohort to break down by.", "on")
        return cohorts.group_of(name)
    node = property_node(of)
    if node is None:
        raise only_tables(f"Mixpanel is asked for properties to break down by, not for {of[:60]!r}.", "on")
    kind = _NUMBER if isinstance(on, Buckets) else "string"
    group = _custom_group(node.name, kind) or {
        "value": node.name,
        "propertyName": node.name,
        "resourceType": resource_of(node),
        "propertyType": kind,
        "propertyDefaultType": kind,
    }
    if isinstance(on, Buckets) and on.edges:
        group |= {"customBucket": _custom_bucket(on.edges)}
    return group


def _custom_group(name: str, kind: str) -> dict[str, Any] | None:
    """The group of a custom property, as Mixpanel's own client sends it; None for any other property."""
    number = custom_property(name)
    if number is None:
        return None
    return {
        "customPropertyId": number,
        "value": None,
        "resourceType": "events",
        "profileType": None,
        "search": "",
        "dataGroupId": None,
        "dataset": "$mixpanel",
        "propertyType": kind,
        "typeCast": None,
        "unit": None,
        "isHidden": False,
    }


def _custom_bucket(edges: Sequence[float]) -> dict[str, Any]:
    size = edges[1] - edges[0] if len(edges) > 1 else None
    if size is None or any(high - low != size for low, high in pairwise(edges)):
        raise only_tables("Mixpanel takes ranges of one width, from one bound to another.", "on")
    return {"bucketSize": size, "min": edges[0], "max": edges[-1]}


def plain_breakdowns(breakdowns: Sequence[str | Buckets]) -> str | tuple[str, ...] | None:
    """The breakdowns of a report that takes no ranges.

    Raises:
        ParameterError: there are ranges.
    """
    for each in breakdowns:
        if isinstance(each, Buckets) and each.edges:
            raise untranslated(f"ranges of {each.of!r} in a report that is not Insights", str(each))
    names = tuple(each.of if isinstance(each, Buckets) else each for each in breakdowns)
    if len(names) > 1:
        return names
    return names[0] if names else None


# Events


def event_of(behavior: Mapping[str, Any]) -> str | None:
    """The event of a behavior; None is any.

    Raises:
        ParameterError: it is no single event.
    """
    kind, name = behavior.get("type", "event"), behavior.get("name")
    if kind == "simple":
        inner = list(behavior.get("behaviors") or ())
        if len(inner) != 1:
            raise untranslated(f"a metric of {len(inner)} events together", name)
        return event_of(inner[0])
    if kind == "custom-event" and isinstance(behavior.get("id"), int):
        return f"{CUSTOM_EVENT}{behavior['id']}"
    if kind != "event":
        raise untranslated(f"the {kind} {name or behavior.get('id')!r} in place of an event", name)
    if not isinstance(name, str) or not name:
        raise untranslated("an event without a name", name)
    return None if name in ANY_EVENT else name


def where_of(behavior: Mapping[str, Any]) -> str | None:
    """The filters of a behavior as an expression.

    Raises:
        ParameterError: they cannot be said in one.
    """
    listed = behavior.get("filters") or ()
    return filters.expression_of(listed, str(behavior.get("filtersDeterminer") or filters.ALL))


def event_behavior(event: str | None, where: str | None, parameter: str, **more: Any) -> dict[str, Any]:
    """A behavior of one event with its filter.

    Raises:
        ExpressionError: there is a mistake in the filter.
        ParameterError: only a table can filter so.
    """
    clauses, determiner = said(where, parameter)
    return {
        "type": "event",
        "name": ALL_EVENTS if event is None else event,
        "filters": clauses,
        "filtersDeterminer": determiner,
    } | more


def said(where: str | None, parameter: str) -> tuple[list[dict[str, Any]], str]:
    """The clauses of an expression, and how they are joined.

    Raises:
        ExpressionError: there is a mistake in it.
        ParameterError: only a table can filter so.
    """
    found = filters.clauses_of(where)
    if found is None:
        raise unsaid(where, parameter)
    return found


def unsaid(where: str | None, parameter: str) -> ParameterError:
    """The error for an expression that Mixpanel's filters cannot say."""
    message = (
        f"Mixpanel's filters compare a property with values, joined by `and` or by `or`: "
        f"{str(where)[:80]!r} is more."
    )
    return only_tables(message, parameter)
