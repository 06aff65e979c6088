"""The registry of views by class of result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.views import (
    activity,
    cohorts,
    comparison,
    counts,
    discovery,
    experiment,
    export,
    expression,
    fetch,
    flow,
    frequency,
    funnel,
    identities,
    insights,
    load,
    numeric,
    plan,
    query,
    reconcile,
    retention,
    saved,
    segmentation,
    sessions,
    summary,
    sync,
    tables,
    users,
    why,
)

if TYPE_CHECKING:
    from mixpanel_nb.views.base import View

VIEWS: dict[type[results.Result], type[View[Any]]] = {
    results.AccountList: tables.AccountListView,
    results.ActivityFeedResult: activity.ActivityFeedView,
    results.AnnotationList: discovery.AnnotationListView,
    results.BookmarkList: discovery.BookmarkListView,
    results.CohortList: discovery.CohortListView,
    results.CohortResult: cohorts.CohortView,
    results.CohortSizesResult: cohorts.CohortSizesView,
    results.ComparisonResult: comparison.ComparisonView,
    results.EventCountsResult: counts.EventCountsView,
    results.ExperimentResult: experiment.ExperimentView,
    results.ExportResult: export.ExportView,
    results.ExpressionResult: expression.ExpressionView,
    results.FetchResult: fetch.FetchView,
    results.FlowResult: flow.FlowView,
    results.FrequencyResult: frequency.FrequencyView,
    results.CustomEventList: discovery.CustomEventListView,
    results.CustomPropertyList: discovery.CustomPropertyListView,
    results.FunnelList: discovery.FunnelListView,
    results.FunnelResult: funnel.FunnelView,
    results.IdentitiesResult: identities.IdentitiesView,
    results.InsightsResult: insights.InsightsView,
    results.JQLResult: saved.JQLView,
    results.LexiconSchemaList: discovery.LexiconSchemaListView,
    results.LoadResult: load.LoadView,
    results.LocalCohortList: cohorts.LocalCohortListView,
    results.LookupList: discovery.LookupListView,
    results.LookupTableList: discovery.LookupTableListView,
    results.NameList: discovery.NameListView,
    results.NumericAverageResult: numeric.NumericAverageView,
    results.NumericBucketResult: numeric.NumericBucketView,
    results.NumericSumResult: numeric.NumericSumView,
    results.PlanResult: plan.PlanView,
    results.PropertyCountsResult: counts.PropertyCountsView,
    results.ReconcileResult: reconcile.ReconcileView,
    results.RetentionResult: retention.RetentionView,
    results.SQLResult: query.SQLView,
    results.SavedReportResult: saved.SavedReportView,
    results.SegmentationResult: segmentation.SegmentationView,
    results.SessionsResult: sessions.SessionsView,
    results.SummaryResult: summary.SummaryView,
    results.SyncResult: sync.SyncView,
    results.TableList: tables.TableListView,
    results.TableSchema: tables.TableSchemaView,
    results.TopEventsResult: counts.TopEventsView,
    results.UsersResult: users.UsersView,
    results.WhyResult: why.WhyView,
    results.WorkspaceInfo: tables.WorkspaceInfoView,
}
"""The view of each class of results; a class that is derived from one of these has its view."""


def view_of(result: results.Result) -> View[Any]:
    """The view of a result.

    Raises:
        TypeError: If there is none for its class.
    """
    for kind in type(result).__mro__:
        if kind in VIEWS:
            return VIEWS[kind](result)
    raise TypeError(
        f"No view is registered for {type(result).__name__}; add it to mixpanel_nb.views.registry."
    )
