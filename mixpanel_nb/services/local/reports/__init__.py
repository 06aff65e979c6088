"""One function a report: its statement, run on a table, and its rows as a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.services.local.reports import (
    activity,
    counts,
    flow,
    funnel,
    insights,
    judgement,
    retention,
    segmentation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWERS: dict[str, Callable[..., Any]] = {
    "insights": insights.insights,
    "active": insights.active,
    "segmentation": segmentation.segmentation,
    "segmentation_numeric": segmentation.numeric,
    "segmentation_sum": segmentation.total,
    "segmentation_average": segmentation.average,
    "event_counts": counts.event_counts,
    "property_counts": counts.property_counts,
    "top_events": counts.top_events,
    "funnel": funnel.funnel,
    "retention": retention.retention,
    "flow": flow.flow,
    "frequency": activity.frequency,
    "sessions": activity.sessions,
    "experiment": judgement.experiment,
    "why": judgement.why,
    "anomalies": judgement.anomalies,
    "signal": judgement.signal,
    "activity_feed": activity.activity_feed,
}
"""The name of a query to the function that takes a table and the query, and gives its result."""
