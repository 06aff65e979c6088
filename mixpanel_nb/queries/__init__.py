"""Queries: one frozen dataclass per report.

A query declares its fields once: their types, defaults, choices, checks and help. The command and the magic,
the explorer's form, the code that repeats an answer, the reference page and a JSON Schema are derived from
it. Nothing here depends on HTTP, SQL or rendering.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import lazy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from mixpanel_nb.queries.activity import ActivityFeed
    from mixpanel_nb.queries.anomalies import Anomalies
    from mixpanel_nb.queries.base import Query, changed, parameters_of, request_parameters, schema
    from mixpanel_nb.queries.checks import MAX_SEGMENTS, Expansion, Step, parse_step
    from mixpanel_nb.queries.counts import EventCounts, PropertyCounts, TopEvents
    from mixpanel_nb.queries.experiment import Experiment
    from mixpanel_nb.queries.flow import Flow
    from mixpanel_nb.queries.formulas import Formula
    from mixpanel_nb.queries.frequency import Frequency
    from mixpanel_nb.queries.funnel import DEFAULT_WINDOW, Funnel
    from mixpanel_nb.queries.insights import Active, Insights
    from mixpanel_nb.queries.metrics import Buckets, Metric
    from mixpanel_nb.queries.parameter import Label, Parameter
    from mixpanel_nb.queries.retention import Retention
    from mixpanel_nb.queries.saved import JQL, SavedReport
    from mixpanel_nb.queries.segmentation import (
        Segmentation,
        SegmentationAverage,
        SegmentationNumeric,
        SegmentationSum,
    )
    from mixpanel_nb.queries.sessions import Sessions
    from mixpanel_nb.queries.shared import (
        COUNT_TYPES,
        LARGE_UNITS,
        UNITS,
        CountType,
        LargeUnit,
        Unit,
    )
    from mixpanel_nb.queries.signal import Signal
    from mixpanel_nb.queries.why import Why
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "activity": ("ActivityFeed",),
            "anomalies": ("Anomalies",),
            "base": ("Query", "changed", "parameters_of", "request_parameters", "schema"),
            "checks": ("MAX_SEGMENTS", "Expansion", "Step", "parse_step"),
            "counts": ("EventCounts", "PropertyCounts", "TopEvents"),
            "experiment": ("Experiment",),
            "flow": ("Flow",),
            "formulas": ("Formula",),
            "frequency": ("Frequency",),
            "funnel": ("DEFAULT_WINDOW", "Funnel"),
            "insights": ("Active", "Insights"),
            "metrics": ("Buckets", "Metric"),
            "parameter": ("Label", "Parameter"),
            "retention": ("Retention",),
            "saved": ("JQL", "SavedReport"),
            "segmentation": ("Segmentation", "SegmentationAverage", "SegmentationNumeric", "SegmentationSum"),
            "sessions": ("Sessions",),
            "shared": ("COUNT_TYPES", "LARGE_UNITS", "UNITS", "CountType", "LargeUnit", "Unit"),
            "signal": ("Signal",),
            "why": ("Why",),
        },
    )

QUERIES: Mapping[str, type[Query[Any]]] = lazy.ByName(
    __name__,
    {
        "insights": "insights.Insights",
        "active": "insights.Active",
        "segmentation": "segmentation.Segmentation",
        "segmentation_numeric": "segmentation.SegmentationNumeric",
        "segmentation_sum": "segmentation.SegmentationSum",
        "segmentation_average": "segmentation.SegmentationAverage",
        "event_counts": "counts.EventCounts",
        "property_counts": "counts.PropertyCounts",
        "top_events": "counts.TopEvents",
        "funnel": "funnel.Funnel",
        "retention": "retention.Retention",
        "flow": "flow.Flow",
        "frequency": "frequency.Frequency",
        "sessions": "sessions.Sessions",
        "experiment": "experiment.Experiment",
        "why": "why.Why",
        "anomalies": "anomalies.Anomalies",
        "signal": "signal.Signal",
        "activity_feed": "activity.ActivityFeed",
        "saved_report": "saved.SavedReport",
        "jql": "saved.JQL",
    },
)
"""Every report, by the name of its method of ``Workspace``."""

__all__ = [
    "COUNT_TYPES",
    "DEFAULT_WINDOW",
    "JQL",
    "LARGE_UNITS",
    "MAX_SEGMENTS",
    "QUERIES",
    "UNITS",
    "Active",
    "ActivityFeed",
    "Anomalies",
    "Buckets",
    "CountType",
    "EventCounts",
    "Expansion",
    "Experiment",
    "Flow",
    "Formula",
    "Frequency",
    "Funnel",
    "Insights",
    "Label",
    "LargeUnit",
    "Metric",
    "Parameter",
    "PropertyCounts",
    "Query",
    "Retention",
    "SavedReport",
    "Segmentation",
    "SegmentationAverage",
    "SegmentationNumeric",
    "SegmentationSum",
    "Sessions",
    "Signal",
    "Step",
    "TopEvents",
    "Unit",
    "Why",
    "changed",
    "parameters_of",
    "parse_step",
    "request_parameters",
    "schema",
]
