"""One function a report: its statement, run on a table, and its rows as a result."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixpanel_nb.queries import Query
    from mixpanel_nb.services.local.table import AskedTable

ANSWERS = {
    "insights": ("insights", "insights"),
    "active": ("insights", "active"),
    "segmentation": ("segmentation", "segmentation"),
    "segmentation_numeric": ("segmentation", "numeric"),
    "segmentation_sum": ("segmentation", "total"),
    "segmentation_average": ("segmentation", "average"),
    "event_counts": ("counts", "event_counts"),
    "property_counts": ("counts", "property_counts"),
    "top_events": ("counts", "top_events"),
    "funnel": ("funnel", "funnel"),
    "retention": ("retention", "retention"),
    "flow": ("flow", "flow"),
    "frequency": ("activity", "frequency"),
    "sessions": ("sessions", "sessions"),
    "experiment": ("judgement", "experiment"),
    "why": ("judgement", "why"),
    "anomalies": ("judgement", "anomalies"),
    "signal": ("judgement", "signal"),
    "activity_feed": ("activity", "activity_feed"),
}
"""The name of a query to its module here and its function, which are imported when they are asked."""


def answer(table: AskedTable, query: Query[Any]) -> Any:
    """The result of a query about a table."""
    module, function = ANSWERS[query.name]
    return getattr(import_module(f"{__name__}.{module}"), function)(table, query)
