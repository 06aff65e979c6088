"""The Mixpanel workbench for notebooks.

``Workspace`` is the library; ``%load_ext mixpanel_nb`` makes its commands magics; ``python -m
mixpanel_nb`` (or ``mp``) runs the same commands in a terminal. Public names are loaded on first use, so that
importing the package is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mixpanel_nb.accounts import ConfigManager, Credentials
    from mixpanel_nb.errors import (
        AccessDeniedError,
        AccountExistsError,
        AccountNotFoundError,
        APIError,
        AuthenticationError,
        ChartError,
        ConfigError,
        ConnectionFailedError,
        DatabaseLockedError,
        ExpressionError,
        IncompleteExportError,
        MixpanelDataError,
        NotFoundError,
        ParameterError,
        PlanError,
        QueryError,
        RateLimitError,
        ServerError,
        StorageError,
        TableExistsError,
        TableNotFoundError,
    )
    from mixpanel_nb.queries import Buckets, Formula, Metric
    from mixpanel_nb.queries.cohorts import did, did_not, in_cohort, profile
    from mixpanel_nb.results import (
        AccountInfo,
        AccountList,
        ActivityEvent,
        ActivityFeedResult,
        Annotation,
        AnnotationList,
        AnomaliesResult,
        Anomaly,
        Behaviour,
        Bookmark,
        BookmarkList,
        Cause,
        Cohort,
        CohortList,
        CohortResult,
        CohortSizesResult,
        ColumnInfo,
        ColumnSummary,
        ComparedGroups,
        ComparedLine,
        ComparedTotal,
        ComparisonResult,
        CustomEvent,
        CustomEventList,
        CustomProperty,
        CustomPropertyList,
        DaySync,
        EventCountsResult,
        ExperimentEffect,
        ExperimentGroup,
        ExperimentResult,
        ExportResult,
        ExpressionResult,
        FetchProgress,
        FetchResult,
        Finding,
        FlowEdge,
        FlowNode,
        FlowPath,
        FlowResult,
        FrequencyResult,
        FunnelList,
        FunnelResult,
        FunnelSignificance,
        FunnelStep,
        FunnelTimes,
        HeatCell,
        IdentitiesResult,
        InsightsLine,
        InsightsResult,
        JQLResult,
        LakeTableInfo,
        LakeTableList,
        LexiconProperty,
        LexiconSchema,
        LexiconSchemaList,
        LinkCount,
        LoadResult,
        LocalCohort,
        LocalCohortList,
        Lookup,
        LookupList,
        LookupTable,
        LookupTableList,
        NameList,
        NumericAverageResult,
        NumericBucketResult,
        NumericSumResult,
        PlanResult,
        PlanStep,
        PreviousIdentities,
        PropertyCountsResult,
        ReconciledNumber,
        ReconcileResult,
        Refusal,
        ReportLink,
        ReportResult,
        Result,
        RetentionCohort,
        RetentionResult,
        SavedFunnel,
        SavedReportResult,
        SegmentationResult,
        SessionFigures,
        SessionsResult,
        SignalResult,
        SQLResult,
        SummaryResult,
        SyncResult,
        TableInfo,
        TableList,
        TableSchema,
        TopEvent,
        TopEventsResult,
        UnfinishedFetch,
        UsersQuestion,
        UsersResult,
        WhyResult,
        WorkspaceInfo,
    )
    from mixpanel_nb.workspace import Workspace

__version__ = "0.1.0"

__all__ = [
    "APIError",
    "AccessDeniedError",
    "AccountExistsError",
    "AccountInfo",
    "AccountList",
    "AccountNotFoundError",
    "ActivityEvent",
    "ActivityFeedResult",
    "Annotation",
    "AnnotationList",
    "AnomaliesResult",
    "Anomaly",
    "AuthenticationError",
    "Behaviour",
    "Bookmark",
    "BookmarkList",
    "Buckets",
    "Cause",
    "ChartError",
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
    "ConfigError",
    "ConfigManager",
    "ConnectionFailedError",
    "Credentials",
    "CustomEvent",
    "CustomEventList",
    "CustomProperty",
    "CustomPropertyList",
    "DatabaseLockedError",
    "DaySync",
    "EventCountsResult",
    "ExperimentEffect",
    "ExperimentGroup",
    "ExperimentResult",
    "ExportResult",
    "ExpressionError",
    "ExpressionResult",
    "FetchProgress",
    "FetchResult",
    "Finding",
    "FlowEdge",
    "FlowNode",
    "FlowPath",
    "FlowResult",
    "Formula",
    "FrequencyResult",
    "FunnelList",
    "FunnelResult",
    "FunnelSignificance",
    "FunnelStep",
    "FunnelTimes",
    "HeatCell",
    "IdentitiesResult",
    "IncompleteExportError",
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
    "Metric",
    "MixpanelDataError",
    "NameList",
    "NotFoundError",
    "NumericAverageResult",
    "NumericBucketResult",
    "NumericSumResult",
    "ParameterError",
    "PlanError",
    "PlanResult",
    "PlanStep",
    "PreviousIdentities",
    "PropertyCountsResult",
    "QueryError",
    "RateLimitError",
    "ReconcileResult",
    "ReconciledNumber",
    "Refusal",
    "ReportLink",
    "ReportResult",
    "Result",
    "RetentionCohort",
    "RetentionResult",
    "SQLResult",
    "SavedFunnel",
    "SavedReportResult",
    "SegmentationResult",
    "ServerError",
    "SessionFigures",
    "SessionsResult",
    "SignalResult",
    "StorageError",
    "SummaryResult",
    "SyncResult",
    "TableExistsError",
    "TableInfo",
    "TableList",
    "TableNotFoundError",
    "TableSchema",
    "TopEvent",
    "TopEventsResult",
    "UnfinishedFetch",
    "UsersQuestion",
    "UsersResult",
    "WhyResult",
    "Workspace",
    "WorkspaceInfo",
    "__version__",
    "did",
    "did_not",
    "in_cohort",
    "profile",
]


def __getattr__(name: str) -> Any:
    """Load a public name on first use.

    Raises:
        AttributeError: there is no such name.
    """
    if name in __all__:
        return getattr(importlib.import_module(_home_of(name)), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def _home_of(name: str) -> str:
    """The module that defines a public name."""
    if name == "Workspace":
        return "mixpanel_nb.workspace"
    if name in {"ConfigManager", "Credentials"}:
        return "mixpanel_nb.accounts"
    if name in {"Buckets", "Formula", "Metric"}:
        return "mixpanel_nb.queries"
    if name in {"did", "did_not", "in_cohort", "profile"}:
        return "mixpanel_nb.queries.cohorts"
    return f"mixpanel_nb.{'errors' if name.endswith('Error') else 'results'}"


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext mixpanel_nb``: register the magics, without other side effects."""
    importlib.import_module("mixpanel_nb.notebook").load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext mixpanel_nb``: remove the magics and all hooks."""
    importlib.import_module("mixpanel_nb.notebook").unload(shell)
