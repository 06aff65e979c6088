"""Results: one frozen dataclass per kind of answer.

This package contains the result dataclasses, one file per report: columns, rows, figures, notes, the
DataFrame (``.df``) and the JSON (``.to_dict()``, ``.records()``). Results are pure data. ``views`` renders
them; ``Result`` reaches it in one place, and only for display (``.chart()``, ``repr()``…). Reading from
Mixpanel or a database (a large result reads from its ``RowSource``), texts, rendering, and code for notebooks
or the command line do not belong here. pandas is imported only for DataFrames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import lazy
from mixpanel_nb.results.base import ALL_ROWS, Result, RowsResult
from mixpanel_nb.results.json_safe import json_safe
from mixpanel_nb.rows import MemoryRows, RowSource

if TYPE_CHECKING:
    from mixpanel_nb.results.activity import ActivityEvent, ActivityFeedResult
    from mixpanel_nb.results.annotations import Annotation, AnnotationList
    from mixpanel_nb.results.anomalies import AnomaliesResult, Anomaly
    from mixpanel_nb.results.cohorts import CohortResult, CohortSizesResult, LocalCohort, LocalCohortList
    from mixpanel_nb.results.comparison import ComparedLine, ComparedTotal, ComparisonResult
    from mixpanel_nb.results.counts import (
        ANY_EVENT,
        EventCountsResult,
        PropertyCountsResult,
        TopEvent,
        TopEventsResult,
    )
    from mixpanel_nb.results.discovery import (
        Bookmark,
        BookmarkList,
        Cohort,
        CohortList,
        CustomEvent,
        CustomEventList,
        CustomProperty,
        CustomPropertyList,
        FunnelList,
        LexiconProperty,
        LexiconSchema,
        LexiconSchemaList,
        Lookup,
        LookupList,
        LookupTable,
        LookupTableList,
        NameList,
        SavedFunnel,
    )
    from mixpanel_nb.results.experiment import ExperimentEffect, ExperimentGroup, ExperimentResult
    from mixpanel_nb.results.export import ExportResult
    from mixpanel_nb.results.expression import ExpressionResult
    from mixpanel_nb.results.fetch import FetchProgress, FetchResult
    from mixpanel_nb.results.flow import FlowEdge, FlowNode, FlowPath, FlowResult
    from mixpanel_nb.results.frequency import FrequencyResult
    from mixpanel_nb.results.funnel import FunnelResult, FunnelSignificance, FunnelStep, FunnelTimes
    from mixpanel_nb.results.groups import ComparedGroups
    from mixpanel_nb.results.identities import IdentitiesResult, LinkCount, PreviousIdentities, Refusal
    from mixpanel_nb.results.insights import InsightsLine, InsightsResult
    from mixpanel_nb.results.lakes import LakeTableInfo, LakeTableList
    from mixpanel_nb.results.link import ReportLink
    from mixpanel_nb.results.load import LoadResult
    from mixpanel_nb.results.numeric import NumericAverageResult, NumericBucketResult, NumericSumResult
    from mixpanel_nb.results.plan import PlanResult, PlanStep
    from mixpanel_nb.results.query import SQLResult
    from mixpanel_nb.results.reconcile import Cause, ReconciledNumber, ReconcileResult
    from mixpanel_nb.results.report import OVERALL, ReportResult
    from mixpanel_nb.results.retention import RetentionCohort, RetentionResult
    from mixpanel_nb.results.saved import JQLResult, SavedReportResult
    from mixpanel_nb.results.segmentation import SegmentationResult
    from mixpanel_nb.results.sessions import SessionFigures, SessionsResult
    from mixpanel_nb.results.signal import Behaviour, HeatCell, SignalResult
    from mixpanel_nb.results.summary import ColumnSummary, SummaryResult
    from mixpanel_nb.results.sync import DaySync, SyncResult
    from mixpanel_nb.results.tables import (
        AccountInfo,
        AccountList,
        ColumnInfo,
        TableInfo,
        TableList,
        TableSchema,
        UnfinishedFetch,
        WorkspaceInfo,
    )
    from mixpanel_nb.results.users import UsersQuestion, UsersResult
    from mixpanel_nb.results.why import Finding, WhyResult
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "activity": ("ActivityEvent", "ActivityFeedResult"),
            "annotations": ("Annotation", "AnnotationList"),
            "anomalies": ("AnomaliesResult", "Anomaly"),
            "cohorts": ("CohortResult", "CohortSizesResult", "LocalCohort", "LocalCohortList"),
            "comparison": ("ComparedLine", "ComparedTotal", "ComparisonResult"),
            "groups": ("ComparedGroups",),
            "counts": (
                "ANY_EVENT",
                "EventCountsResult",
                "PropertyCountsResult",
                "TopEvent",
                "TopEventsResult",
            ),
            "discovery": (
                "Bookmark",
                "BookmarkList",
                "Cohort",
                "CohortList",
                "CustomEvent",
                "CustomEventList",
                "CustomProperty",
                "CustomPropertyList",
                "FunnelList",
                "LexiconProperty",
                "LexiconSchema",
                "LexiconSchemaList",
                "Lookup",
                "LookupList",
                "LookupTable",
                "LookupTableList",
                "NameList",
                "SavedFunnel",
            ),
            "experiment": ("ExperimentEffect", "ExperimentGroup", "ExperimentResult"),
            "export": ("ExportResult",),
            "expression": ("ExpressionResult",),
            "fetch": ("FetchProgress", "FetchResult"),
            "flow": ("FlowEdge", "FlowNode", "FlowPath", "FlowResult"),
            "frequency": ("FrequencyResult",),
            "funnel": ("FunnelResult", "FunnelSignificance", "FunnelStep", "FunnelTimes"),
            "identities": ("IdentitiesResult", "LinkCount", "PreviousIdentities", "Refusal"),
            "insights": ("InsightsLine", "InsightsResult"),
            "lakes": ("LakeTableInfo", "LakeTableList"),
            "link": ("ReportLink",),
            "load": ("LoadResult",),
            "numeric": ("NumericAverageResult", "NumericBucketResult", "NumericSumResult"),
            "plan": ("PlanResult", "PlanStep"),
            "query": ("SQLResult",),
            "reconcile": ("Cause", "ReconciledNumber", "ReconcileResult"),
            "report": ("OVERALL", "ReportResult"),
            "retention": ("RetentionCohort", "RetentionResult"),
            "saved": ("JQLResult", "SavedReportResult"),
            "segmentation": ("SegmentationResult",),
            "sessions": ("SessionFigures", "SessionsResult"),
            "signal": ("Behaviour", "HeatCell", "SignalResult"),
            "summary": ("ColumnSummary", "SummaryResult"),
            "sync": ("DaySync", "SyncResult"),
            "tables": (
                "AccountInfo",
                "AccountList",
                "ColumnInfo",
                "TableInfo",
                "TableList",
                "TableSchema",
                "UnfinishedFetch",
                "WorkspaceInfo",
            ),
            "users": ("UsersQuestion", "UsersResult"),
            "why": ("Finding", "WhyResult"),
        },
    )

__all__ = [
    "ALL_ROWS",
    "ANY_EVENT",
    "OVERALL",
    "AccountInfo",
    "AccountList",
    "ActivityEvent",
    "ActivityFeedResult",
    "Annotation",
    "AnnotationList",
    "AnomaliesResult",
    "Anomaly",
    "Behaviour",
    "Bookmark",
    "BookmarkList",
    "Cause",
    "Cohort",
    "CohortList",
    "CohortResult",
    "CohortSizesResult",
    "ColumnInfo",
    "ColumnSummary",
    "ComparedGroups",
    "ComparedLine",
    "ComparedTotal",
    "ComparisonResult",
    "CustomEvent",
    "CustomEventList",
    "CustomProperty",
    "CustomPropertyList",
    "DaySync",
    "EventCountsResult",
    "ExperimentEffect",
    "ExperimentGroup",
    "ExperimentResult",
    "ExportResult",
    "ExpressionResult",
    "FetchProgress",
    "FetchResult",
    "Finding",
    "FlowEdge",
    "FlowNode",
    "FlowPath",
    "FlowResult",
    "FrequencyResult",
    "FunnelList",
    "FunnelResult",
    "FunnelSignificance",
    "FunnelStep",
    "FunnelTimes",
    "HeatCell",
    "IdentitiesResult",
    "InsightsLine",
    "InsightsResult",
    "JQLResult",
    "LakeTableInfo",
    "LakeTableList",
    "LexiconProperty",
    "LexiconSchema",
    "LexiconSchemaList",
    "LinkCount",
    "LoadResult",
    "LocalCohort",
    "LocalCohortList",
    "Lookup",
    "LookupList",
    "LookupTable",
    "LookupTableList",
    "MemoryRows",
    "NameList",
    "NumericAverageResult",
    "NumericBucketResult",
    "NumericSumResult",
    "PlanResult",
    "PlanStep",
    "PreviousIdentities",
    "PropertyCountsResult",
    "ReconcileResult",
    "ReconciledNumber",
    "Refusal",
    "ReportLink",
    "ReportResult",
    "Result",
    "RetentionCohort",
    "RetentionResult",
    "RowSource",
    "RowsResult",
    "SQLResult",
    "SavedFunnel",
    "SavedReportResult",
    "SegmentationResult",
    "SessionFigures",
    "SessionsResult",
    "SignalResult",
    "SummaryResult",
    "SyncResult",
    "TableInfo",
    "TableList",
    "TableSchema",
    "TopEvent",
    "TopEventsResult",
    "UnfinishedFetch",
    "UsersQuestion",
    "UsersResult",
    "WhyResult",
    "WorkspaceInfo",
    "json_safe",
]
