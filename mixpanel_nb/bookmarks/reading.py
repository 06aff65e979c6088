"""``read``: a bookmark as a query."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mixpanel_nb.bookmarks import cohorts, filters
from mixpanel_nb.bookmarks.measures import metric_of
from mixpanel_nb.bookmarks.refusals import untranslated
from mixpanel_nb.bookmarks.sections import (
    compared_days,
    days_of,
    event_of,
    flow_days,
    groups_of,
    plain_breakdowns,
    where_of,
)
from mixpanel_nb.queries import Flow, Formula, Funnel, Insights, Query, Retention
from mixpanel_nb.queries.checks import MAX_SEGMENTS, Step
from mixpanel_nb.queries.flow import SESSION_EVENTS
from mixpanel_nb.queries.retention import MAX_PERIODS
from mixpanel_nb.queries.shared import CALENDAR_UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.bookmarks.sections import Days

    Params = Mapping[str, Any]

_OVER_TIME = ("line", "stacked-line", "column", "stacked-column")
_FUNNEL_TRENDS = (*_OVER_TIME, "funnel-trend")
_COUNTS = {"unique": "uniques", "general": "uniques", "total": "totals", "session": "sessions"}
_CONVERSION = "conversion_rate"
_REENTRIES = {"default": "default", "optimized": "optimized", "aggressive": "aggressive"}
_ALIGNMENTS = {"birth": "rolling", "interval_start": "calendar"}
_MODES = {
    "none": "on",
    "carry_back": "on_or_after",
    "carry_forward": "on_or_before",
    "consecutive_forward": "streak",
}
_FLOW_COUNTS = {"unique": "uniques", "total": "totals", "session": "sessions"}
_MOST_PERIODS = 60


@dataclass(frozen=True)
class Reading:
    """A bookmark as a query.

    Attributes:
        query: The query, of no table.
        hidden: The places, from 0, of metrics and formulas that the report calculates with and does not show.
        cohorts: Who is in each cohort that the query names: ``{"id": 12}``, ``{"raw_cohort": …}``, or
            ``{"frequency": …, "least": n}``.
        segments: Names of segments in the report, by those of the query's answer.
        notes: What the query leaves out, because it changes no number.
    """

    query: Query[Any]
    hidden: frozenset[int] = frozenset()
    cohorts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    segments: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(params: Params, today: date, limit: int | None = None) -> Reading:
    """The query of a bookmark.

    Args:
        params: The bookmark, or the ``params`` of a saved report.
        today: The last day of ranges such as "in the last 30 days".
        limit: The most segments; None is the query's own default.

    Raises:
        ParameterError: it has a part that no query can hold, which the error names.
        ExpressionError: a filter is no expression.
    """
    if not isinstance(params, dict):
        raise untranslated("no object", params)
    limits = {} if limit is None else {"limit": min(limit, MAX_SEGMENTS)}
    if "steps" in params:
        return _flow(params, today)
    sections = params.get("sections")
    show = sections.get("show") if isinstance(sections, dict) else None
    if not isinstance(show, list) or not show or not all(isinstance(each, dict) for each in show):
        raise untranslated("no metric to show (`sections.show`)", show)
    kinds = [str((each.get("behavior") or {}).get("type")) for each in show]
    for kind, readers in (("funnel", _funnel), ("retention", _retention)):
        if kind in kinds:
            if len(show) > 1:
                raise untranslated(f"a {kind} beside other metrics", kinds)
            return readers(params, show[0], today, limits)
    return _insights(params, show, today, limits)


def _insights(params: Params, show: Sequence[Params], today: date, limits: Params) -> Reading:
    sections, display = params["sections"], params.get("displayOptions") or {}
    days = _days(sections, today, CALENDAR_UNITS)
    on, renamed = groups_of(sections.get("group") or ())
    metrics = [each for each in show if not _is_formula(each)]
    formulas = [each for each in (*show, *(sections.get("formula") or ())) if _is_formula(each)]
    analysis = display.get("analysis") or "linear"
    hidden = [place for place, each in enumerate((*metrics, *formulas)) if each.get("isHidden")]
    query = Insights.of(
        {
            "metrics": [metric_of(each) for each in metrics],
            "formulas": [_formula(each) for each in formulas],
            "from_date": days.first,
            "to_date": days.last,
            "unit": days.unit,
            "on": on,
            "where": filters.expression_of(sections.get("filter") or ()),
            "rolling": display.get("rollingWindowSize", 7) if analysis == "rolling" else None,
            "cumulative": analysis == "cumulative",
            "totals": display.get("chartType", "line") not in _OVER_TIME,
            "compare": compared_days(display.get("timeComparison"), days),
            **limits,
        }
    )
    return Reading(query, frozenset(hidden), cohorts.cohorts_of(params), renamed)


def _is_formula(clause: Params) -> bool:
    return clause.get("type") == "formula" or "formula" in clause


def _formula(clause: Params) -> Formula:
    text = clause.get("definition", clause.get("formula"))
    if clause.get("referencedMetrics"):
        raise untranslated("a formula with metrics of its own", text)
    return Formula(str(text), clause.get("name") or None)


def _days(sections: Params, today: date, units: Sequence[str]) -> Days:
    days = days_of(sections.get("time"), today)
    if days.unit not in units:
        raise untranslated(f"the unit {days.unit!r}", days.unit)
    return days


def _funnel(params: Params, clause: Params, today: date, limits: Params) -> Reading:
    sections, display = params["sections"], params.get("displayOptions") or {}
    behavior, measurement = clause["behavior"], clause.get("measurement") or {}
    days = _days(sections, today, ("minute", "hour", "day", "week", "month"))
    on, renamed = groups_of(sections.get("group") or ())
    chart = display.get("chartType", "funnel-steps")
    order = behavior.get("funnelOrder") or "loose"
    if order not in ("loose", "any"):
        raise untranslated(f"the order of steps {order!r}", order)
    reentry = behavior.get("funnelReentryMode") or "default"
    if reentry not in _REENTRIES:
        raise untranslated(f"the re-entry {reentry!r}", reentry)
    query = Funnel.of(
        {
            "steps": [_step(each) for each in _behaviors(behavior, 2)],
            "from_date": days.first,
            "to_date": days.last,
            "window": behavior.get("conversionWindowDuration"),
            "window_unit": behavior.get("conversionWindowUnit") or "day",
            "unit": days.unit if chart in _FUNNEL_TRENDS else None,
            "on": plain_breakdowns(on),
            "where": filters.expression_of([*(sections.get("filter") or ()), *_inner_filters(behavior)]),
            "count": _counted(measurement),
            "exclude": [_exclusion(each) for each in behavior.get("exclusions") or ()],
            "hold": [_held(each) for each in behavior.get("aggregateBy") or ()],
            "order": "any" if order == "any" else "specific",
            "reentry": _REENTRIES[reentry],
            "compare": compared_days(display.get("timeComparison"), days),
            **limits,
        }
    )
    return Reading(query, cohorts=cohorts.cohorts_of(params), segments=renamed)


def _behaviors(behavior: Params, least: int) -> Sequence[Params]:
    found = behavior.get("behaviors")
    if not isinstance(found, list) or len(found) < least:
        raise untranslated(f"fewer than {least} events in its {behavior.get('type')}", found)
    return found


def _inner_filters(behavior: Params) -> Sequence[Params]:
    found = behavior.get("filter")
    return found if isinstance(found, list) else ()


def _step(behavior: Params) -> Step:
    event = event_of(behavior)
    if event is None:
        raise untranslated("a step of any event", behavior.get("name"))
    return Step(event, where_of(behavior))


def _counted(measurement: Params) -> str:
    math = str(measurement.get("math") or _CONVERSION)
    count = _COUNTS.get(math.removeprefix(_CONVERSION).lstrip("_") or "unique")
    if count is None or measurement.get("property") is not None:
        raise untranslated(f"the measure {math!r} of a property in a funnel", math)
    if measurement.get("stepIndex") is not None:
        raise untranslated("one step of a funnel alone", measurement["stepIndex"])
    return count


def _exclusion(entry: Params) -> tuple[Any, ...]:
    if entry.get("filters"):
        where = filters.expression_of(entry["filters"], str(entry.get("filtersDeterminer") or filters.ALL))
    else:
        where = None
    limits = entry.get("steps") or {}
    return entry.get("event"), where, limits.get("from"), limits.get("to")


def _held(entry: Params) -> str:
    if entry.get("resourceType", "events") != "events" or not isinstance(entry.get("value"), str):
        raise untranslated(f"a property held constant that is {entry.get('value')!r} of users", dict(entry))
    return str(entry["value"])


def _retention(params: Params, clause: Params, today: date, limits: Params) -> Reading:
    sections, display = params["sections"], params.get("displayOptions") or {}
    behavior, measurement = clause["behavior"], clause.get("measurement") or {}
    days = days_of(sections.get("time"), today)
    on, renamed = groups_of(sections.get("group") or ())
    born, back = _behaviors(behavior, 2)[:2]
    general = filters.expression_of([*(sections.get("filter") or ()), *_inner_filters(behavior)])
    unit = behavior.get("retentionUnit") or "day"
    brackets = tuple(behavior.get("retentionCustomBucketSizes") or ())
    periods = {} if brackets else {"interval_count": _periods(unit, days, today)}
    query = Retention.of(
        {
            "born_event": event_of(born),
            "return_event": event_of(back),
            "born_where": filters.both(general, where_of(born)),
            "return_where": filters.both(general, where_of(back)),
            "from_date": days.first,
            "to_date": days.last,
            "unit": unit,
            "mode": _mode(behavior, measurement),
            "alignment": _known(_ALIGNMENTS, behavior.get("retentionAlignmentType") or "birth", "alignment"),
            "brackets": (0, *brackets) if brackets else None,
            "on": plain_breakdowns(on),
            "compare": compared_days(display.get("timeComparison"), days),
            **_retention_measure(measurement),
            **periods,
            **limits,
        }
    )
    notes: tuple[str, ...] = ()
    if days.unit not in ("day", unit):
        notes = (f"Its cohorts are of a {days.unit}, its periods of a {unit}: both are of a {unit} here.",)
    return Reading(query, cohorts=cohorts.cohorts_of(params), segments=renamed, notes=notes)


def _periods(unit: str, days: Days, today: date) -> int:
    """The last period that may have begun, for a report that does not say it."""
    length = {"day": 1, "week": 7, "month": 30}.get(unit, 1)
    elapsed = max((max(today, days.last) - days.first).days // length, 1)
    return min(elapsed, _MOST_PERIODS, MAX_PERIODS)


def _known(words: Mapping[str, str], value: Any, what: str) -> str:
    if value not in words:
        raise untranslated(f"the {what} {value!r}", value)
    return words[value]


def _mode(behavior: Params, measurement: Params) -> str:
    """When a user counts as retained. Counts that add up are those of users who came back so far."""
    mode = _known(_MODES, behavior.get("retentionUnboundedMode") or "none", "retention mode")
    if not measurement.get("retentionCumulative"):
        return mode
    if mode not in ("on", "on_or_before"):
        raise untranslated(f"cumulative retention of the mode {mode}", mode)
    return "on_or_before"


def _retention_measure(measurement: Params) -> dict[str, Any]:
    math, of = measurement.get("math") or "retention_rate", measurement.get("property")
    if math in ("retention_rate", "unique") and not of:
        return {}
    if math in ("total", "average") and of:
        from mixpanel_nb.bookmarks.properties import named, property_of_clause

        measure = "sum" if math == "total" else "average"
        return {"prop": named(property_of_clause(of)), "measure": measure}
    raise untranslated(f"the measure {math!r} in a retention", math)


def _flow(params: Params, today: date) -> Reading:
    first, last = flow_days(params.get("date_range"), today)
    steps = params["steps"]
    if not isinstance(steps, list) or not steps or not all(isinstance(each, dict) for each in steps):
        raise untranslated("no steps", steps)
    if any(each.get("session_event") for each in steps) and params.get("count_type") != "session":
        raise untranslated("the start or end of a session in a flow that does not count sessions")
    window = params.get("conversion_window") or {}
    on, renamed = groups_of(params.get("segments") or ())
    breakdown = plain_breakdowns(on)
    if isinstance(breakdown, tuple):
        raise untranslated("a flow by several properties", list(breakdown))
    query = Flow.of(
        {
            **_anchors(steps),
            "from_date": first,
            "to_date": last,
            "count": _known(_FLOW_COUNTS, params.get("count_type") or "unique", "count"),
            **_flow_window(window, params.get("count_type")),
            "limit": params.get("cardinality_threshold") or 3,
            "hide": list(params.get("hidden_events") or ()),
            "exclude": [_excluded(each) for each in params.get("exclusions") or ()],
            "collapse_repeats": bool(params.get("collapse_repeated")),
            "on": breakdown,
            "where": filters.both(
                filters.of_flow(params.get("filter_by_event")),
                cohorts.of_flow(params.get("filter_by_cohort")),
            ),
        }
    )
    return Reading(query, cohorts=cohorts.cohorts_of(params), segments=renamed)


def _flow_window(window: Params, count: Any) -> dict[str, Any]:
    value, unit = window.get("value") or 30, window.get("unit") or "day"
    if unit == "session":
        if value != 1 or count != "session":
            raise untranslated(f"a window of {value} sessions in a flow of {count} counts", value)
        return {}  # flows of sessions end with theirs
    return {"window": value, "window_unit": unit}


def _excluded(entry: Any) -> Any:
    return entry.get("event") if isinstance(entry, dict) else entry


def _anchors(steps: Sequence[Params]) -> dict[str, Any]:
    """The steps as start, through and end, with how many events are shown between them."""
    around = [(int(step.get("reverse") or 0), int(step.get("forward") or 0)) for step in steps]
    anchors = [_flow_step(step) for step in steps]
    count = len(steps)
    has_start = around[0][0] == 0
    has_end = around[-1][1] == 0 and (count > 1 or not has_start)
    after = {forward for place, (_, forward) in enumerate(around) if not (has_end and place == count - 1)}
    before = {back for place, (back, _) in enumerate(around) if not (has_start and place == 0)}
    if len(after) > 1 or len(before) > 1:
        raise untranslated("steps that show different numbers of events around them", around)
    found: dict[str, Any] = {"through": anchors[int(has_start) : count - int(has_end)]}
    if has_start:
        found["start"] = anchors[0]
    if has_end:
        found["end"] = anchors[-1]
    if after:
        found["forward"] = after.pop()
    if before:
        found["back"] = before.pop()
    return found


def _flow_step(step: Params) -> Step:
    name, bound = step.get("event"), step.get("session_event")
    if bound:
        name = next((event for event, word in SESSION_EVENTS.items() if word == bound), None)
    if not isinstance(name, str) or not name:
        raise untranslated(f"a flow from {(bound or step.get('event'))!r}", bound or step.get("event"))
    listed = step.get("property_filter_params_list") or ()
    return Step(name, filters.of_step(listed, str(step.get("bool_op") or "and")))
