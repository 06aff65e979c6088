"""The map from magics to commands."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, ...]] = {
    "mp_auth": ("auth",),
    "mp_fetch": ("fetch",),
    "mp_sync": ("sync",),
    "mp_load": ("load",),
    "mp_insights": ("insights",),
    "mp_active": ("active",),
    "mp_segmentation": ("segmentation",),
    "mp_segmentation_numeric": ("segmentation-numeric",),
    "mp_segmentation_sum": ("segmentation-sum",),
    "mp_segmentation_average": ("segmentation-average",),
    "mp_event_counts": ("event-counts",),
    "mp_property_counts": ("property-counts",),
    "mp_top_events": ("top-events",),
    "mp_funnel": ("funnel",),
    "mp_retention": ("retention",),
    "mp_flow": ("flow",),
    "mp_frequency": ("frequency",),
    "mp_sessions": ("sessions",),
    "mp_experiment": ("experiment",),
    "mp_why": ("why",),
    "mp_activity_feed": ("activity-feed",),
    "mp_users": ("users",),
    "mp_saved_report": ("saved-report",),
    "mp_jql": ("jql",),
    "mp_expression": ("expression",),
    "mp_reconcile": ("reconcile",),
    "mp_export": ("export",),
    "mp_cohort": ("cohort",),
    "mp_identities": ("identities",),
    "mp_info": ("info",),
    "mp_tables": ("tables",),
    "mp_schema": ("schema",),
    "mp_sample": ("sample",),
    "mp_summarize": ("summarize",),
    "mp_promote": ("promote",),
    "mp_session_view": ("session-view",),
    "mp_drop": ("drop",),
    "mp_events": ("events",),
    "mp_properties": ("properties",),
    "mp_values": ("values",),
    "mp_funnels": ("funnels",),
    "mp_cohorts": ("cohorts",),
    "mp_bookmarks": ("bookmarks",),
    "mp_custom_events": ("custom-events",),
    "mp_custom_properties": ("custom-properties",),
    "mp_lookup_tables": ("lookup-tables",),
    "mp_lookup": ("lookup",),
    "mp_login": ("auth", "login"),
    "mp_annotations": ("annotations",),
    "mp_lexicon": ("lexicon",),
}
"""Magic name and the path of its command."""

CONNECT, EXPLORE, SQL, COHORT = "mp_connect", "mp_explore", "mp_sql", "mp_cohort"

USUAL = {"mp_fetch": "events"}
"""The default command of a group."""
