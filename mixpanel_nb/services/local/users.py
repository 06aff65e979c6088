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
    signal,
    why,
)
from mixpanel_nb.services.local.cohorts import as_asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.queries import (
        ActivityFeed,
        Anomalies,
        EventCounts,
        Flow,
        PropertyCounts,
        Query,
        Retention,
        Segmentation,
        SegmentationAverage,
        SegmentationNumeric,
        SegmentationSum,
        TopEvents,
    )


def members(context: ReportContext, query: Query[Any], found: dict[str, Any]) -> str:
    """The users of a number of a report, as ``analytics.users`` takes them.

    Args:
        context: The table and the days of the report.
        query: The report.
        found: What the number stands for in the table: the arguments of the report's ``members``.
    """
    return _MEMBERS[query.name](context, query, **found)


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


def _anomalies(context: ReportContext, query: Anomalies, *, event: str | None, **found: Any) -> str:
    return why.members_of_event(context, event, query.where, **found)


def _activity(context: ReportContext, query: ActivityFeed) -> str:
    return activity.members(context, query.distinct_ids)


_MEMBERS: dict[str, Callable[..., str]] = {
    "segmentation": _segmentation,
    "segmentation_sum": _segmentation,
    "segmentation_average": _segmentation,
    "segmentation_numeric": _numeric,
    "event_counts": _event_counts,
    "property_counts": _segmentation,
    "top_events": _top_events,
    "funnel": funnel.members,
    "retention": _retention,
    "flow": _flow,
    "frequency": frequency.members,
    "sessions": sessions.members,
    "experiment": experiment.members,
    "why": why.members,
    "anomalies": _anomalies,
    "signal": signal.members,
    "activity_feed": _activity,
}
