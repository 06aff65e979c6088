"""The users behind the numbers of local reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics import (
    activity,
    counts,
    experiment,
    flow,
    frequency,
    funnel,
    numeric,
    retention,
    segmentation,
    sessions,
    why,
)
from mixpanel_nb.queries import (
    ActivityFeed,
    EventCounts,
    Experiment,
    Flow,
    Frequency,
    Funnel,
    PropertyCounts,
    Query,
    Retention,
    Segmentation,
    SegmentationAverage,
    SegmentationNumeric,
    SegmentationSum,
    Sessions,
    TopEvents,
    Why,
    changed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.analytics.context import ReportContext


def members(context: ReportContext, query: Query[Any], found: dict[str, Any]) -> str:
    """The users of a number of a report, as ``analytics.users`` takes them.

    Args:
        context: The table and the days of the report.
        query: The report.
        found: What the number stands for in the table: the arguments of the report's ``members``.
    """
    return _MEMBERS[type(query)](context, query, **found)


def _segmentation(
    context: ReportContext,
    query: Segmentation | PropertyCounts | SegmentationSum | SegmentationAverage,
    **found: Any,
) -> str:
    return segmentation.members(context, query.event, unit=query.unit, where=query.where, **found)


def _numeric(context: ReportContext, query: SegmentationNumeric, **found: Any) -> str:
    return numeric.members(
        context,
        query.event,
        on=query.on,
        unit=query.unit,
        where=query.where,
        buckets=query.buckets,
        **found,
    )


def _event_counts(context: ReportContext, query: EventCounts, **found: Any) -> str:
    return counts.members(context, unit=query.unit, where=query.where, **found)


def _top_events(context: ReportContext, query: TopEvents, *, day: Any, events: Any) -> str:  # noqa: ARG001 - one form
    return counts.members(context, events, unit="day", where=None, date=day)


def _retention(context: ReportContext, query: Retention, **found: Any) -> str:
    return retention.members(context, as_asked(query), **found)


def _flow(context: ReportContext, query: Flow, *, line: Any, **found: Any) -> str:
    return flow.members(context, query, line=None if line is None else flow.Line(*line), **found)


def _activity(context: ReportContext, query: ActivityFeed) -> str:
    return activity.members(context, query.distinct_ids)


def as_asked(query: Retention) -> Retention:
    """The report with the periods it is about, and without an event that it does not look at."""
    unit, interval = query.period
    query = changed(query, unit=unit, interval=interval)
    return changed(query, born_event=None, born_where=None) if query.type == "compounded" else query


_MEMBERS: dict[type[Query[Any]], Callable[..., str]] = {
    Segmentation: _segmentation,
    SegmentationSum: _segmentation,
    SegmentationAverage: _segmentation,
    SegmentationNumeric: _numeric,
    EventCounts: _event_counts,
    PropertyCounts: _segmentation,
    TopEvents: _top_events,
    Funnel: funnel.members,
    Retention: _retention,
    Flow: _flow,
    Frequency: frequency.members,
    Sessions: sessions.members,
    Experiment: experiment.members,
    Why: why.members,
    ActivityFeed: _activity,
}
