"""The registry of views by class of result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb import lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.results import Result
    from mixpanel_nb.views.base import View

VIEWS: Mapping[str, type[View[Any]]] = lazy.ByName(
    "mixpanel_nb.views",
    {
        "AccountList": "tables.AccountListView",
        "ActivityFeedResult": "activity.ActivityFeedView",
        "AnnotationList": "discovery.AnnotationListView",
        "AnomaliesResult": "anomalies.AnomaliesView",
        "BookmarkList": "discovery.BookmarkListView",
        "CohortList": "discovery.CohortListView",
        "CohortResult": "cohorts.CohortView",
        "CohortSizesResult": "cohorts.CohortSizesView",
        "ComparisonResult": "comparison.ComparisonView",
        "EventCountsResult": "counts.EventCountsView",
        "ExperimentResult": "experiment.ExperimentView",
        "ExportResult": "export.ExportView",
        "ExpressionResult": "expression.ExpressionView",
        "FetchResult": "fetch.FetchView",
        "FlowResult": "flow.FlowView",
        "FrequencyResult": "frequency.FrequencyView",
        "CustomEventList": "discovery.CustomEventListView",
        "CustomPropertyList": "discovery.CustomPropertyListView",
        "FunnelList": "discovery.FunnelListView",
        "FunnelResult": "funnel.FunnelView",
        "IdentitiesResult": "identities.IdentitiesView",
        "InsightsResult": "insights.InsightsView",
        "JQLResult": "saved.JQLView",
        "LakeTableList": "lakes.LakeTableListView",
        "LexiconSchemaList": "discovery.LexiconSchemaListView",
        "LoadResult": "load.LoadView",
        "LocalCohortList": "cohorts.LocalCohortListView",
        "LookupList": "discovery.LookupListView",
        "LookupTableList": "discovery.LookupTableListView",
        "NameList": "discovery.NameListView",
        "NumericAverageResult": "numeric.NumericAverageView",
        "NumericBucketResult": "numeric.NumericBucketView",
        "NumericSumResult": "numeric.NumericSumView",
        "PlanResult": "plan.PlanView",
        "PropertyCountsResult": "counts.PropertyCountsView",
        "ReconcileResult": "reconcile.ReconcileView",
        "RetentionResult": "retention.RetentionView",
        "SQLResult": "query.SQLView",
        "SavedReportResult": "saved.SavedReportView",
        "SegmentationResult": "segmentation.SegmentationView",
        "SessionsResult": "sessions.SessionsView",
        "SignalResult": "signal.SignalView",
        "SummaryResult": "summary.SummaryView",
        "SyncResult": "sync.SyncView",
        "TableList": "tables.TableListView",
        "TableSchema": "tables.TableSchemaView",
        "TopEventsResult": "counts.TopEventsView",
        "UsersResult": "users.UsersView",
        "WhyResult": "why.WhyView",
        "WorkspaceInfo": "tables.WorkspaceInfoView",
    },
)
"""The view of each class of results by name; a class that is derived from one of these has its view."""


def _shown(result: Result) -> Result:
    """The result with the names of its custom events, where these are known."""
    if not getattr(result, "event_names", None):
        return result
    from mixpanel_nb.views.renamed import renamed

    return renamed(result)


def view_of(result: Result) -> View[Any]:
    """The view of a result.

    Raises:
        TypeError: If there is none for its class.
    """
    for kind in type(result).__mro__:
        if kind.__name__ in VIEWS:
            return VIEWS[kind.__name__](_shown(result), result)
    raise TypeError(
        f"No view is registered for {type(result).__name__}; add it to mixpanel_nb.views.registry."
    )
