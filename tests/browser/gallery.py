"""One card of every kind, as cells of a notebook on the sandbox."""

from __future__ import annotations

_DAYS = "--from 2025-01-01 --to 2025-03-31"
_LOCAL = f"{_DAYS} --table events"
_STEPS = '--step "View Product" --step "Add to Cart" --step "Start Checkout" --step Purchase'
_SCRIPT = (
    'function main() { return [{"name": "Purchase", "count": 3921}, {"name": "Sign Up", "count": 8345}] }'
)

SETUP = {
    "load": "%load_ext mixpanel_nb",
    "connect": "%mp_connect sandbox --memory",
    "fetch": f"%mp_fetch {_DAYS}",
}
REPORTS = {
    "insights": (
        "%mp_insights 'unique(View Product)' 'unique(Purchase)' --formula 'Conversion = B / A * 100 [%]' "
        f"--unit week {_LOCAL}"
    ),
    "active": f"%mp_active {_LOCAL}",
    "segmentation_by": f"%mp_segmentation Purchase --on $os --unit week {_LOCAL}",
    "segmentation_numeric": f"%mp_segmentation_numeric Purchase --on revenue --unit month {_LOCAL}",
    "segmentation_sum": f"%mp_segmentation_sum Purchase --on revenue --unit week {_LOCAL}",
    "segmentation_average": f"%mp_segmentation_average Purchase --on revenue {_LOCAL}",
    "event_counts": f'%mp_event_counts "View Product" "Add to Cart" Purchase {_LOCAL}',
    "property_counts": f'%mp_property_counts "View Product" category --unit week {_LOCAL}',
    "funnel": f"%mp_funnel {_STEPS} {_LOCAL}",
    "retention": f'%mp_retention --born "Sign Up" --unit week {_LOCAL}',
    "frequency": f"%mp_frequency --event Purchase --unit month {_LOCAL}",
    "flow": f'%mp_flow --start "Sign Up" --end Purchase --forward 2 --back 1 {_LOCAL}',
    "sessions": f"%mp_sessions --unit week {_LOCAL}",
    "experiment": (
        "%mp_experiment 'unique(Purchase)' 'average(Purchase, revenue)' 'sum(Purchase, revenue)' "
        "--exposure 'View Product' --variant price_variant --from 2025-02-10 --to 2025-03-09 --table events"
    ),
    "why": "%mp_why Purchase 2025-03-11 --table events",
    "anomalies": "%mp_anomalies --date 2025-03-12 --table events",
    "signal": '%mp_signal Purchase --start "Sign Up" --during 2025-01 --table events',
    "activity_feed": f"%mp_activity_feed user_006120 {_LOCAL}",
}
OTHERS = {
    "compared": "%mp_segmentation Purchase --on plan --unit month --during 2025-03 --compare previous",
    "compared_over_time": "%mp_segmentation Purchase --during 2025-03 --compare previous",
    "compared_funnel": f"%mp_funnel {_STEPS} --during 2025-03 --compare previous",
    "segmentation": f'%mp_segmentation "Sign Up" {_LOCAL}',
    "segmentation_live": f"%mp_segmentation Purchase --on plan --type unique --unit month {_DAYS}",
    "funnel_by": f"%mp_funnel {_STEPS} --on $os {_LOCAL}",
    "retention_by": f'%mp_retention --born "Sign Up" --unit week --intervals 8 --on utm_source {_LOCAL}',
    "top_events": "%mp_top_events --date 2025-03-12 --table events",
    "saved_report": "%mp_saved_report 3002",
    "sql": (
        '%%mp_sql\nSELECT event_time, distinct_id, event_name, revenue, "$os", items\n'
        "FROM events WHERE event_name IN ('Purchase', 'Sign Up') ORDER BY event_time"
    ),
    "sql_chart": (
        '%%mp_sql --chart bar --max-rows 4\nSELECT "$os" AS os, count(*) AS events FROM events GROUP BY os'
    ),
    "fetch_gaps": '%mp_fetch crashes --event "App Crash" --from 2025-01-01 --to 2025-02-28',
    "fetch_profiles": "%mp_fetch profiles",
    "fetch_nothing": "%mp_fetch nothing --from 2024-06-01 --to 2024-06-30",
    "tables": "%mp_tables",
    "schema": "%mp_schema events",
    "sample": "%mp_sample events",
    "summarize": "%mp_summarize events",
    "info": "%mp_info",
    "empty_sql": "%mp_sql SELECT * FROM events WHERE event_name = 'Nothing'",
    "empty_segmentation": f"%mp_segmentation Purchse --on plan --unit week {_LOCAL}",
    "empty_funnel": f'%mp_funnel --step Purchse --step "Sign Up" {_LOCAL}',
    "empty_retention": f"%mp_retention --born Nothing {_LOCAL}",
    "expression": '%mp_expression \'properties["revenue"] > 100 and user["plan"] == "pro"\'',
    "jql": f"from pathlib import Path\nPath('a.js').write_text({_SCRIPT!r})\n%mp_jql a.js",
    "events": "%mp_events",
    "properties": '%mp_properties "View Product"',
    "values": '%mp_values "View Product" category',
    "funnels": "%mp_funnels",
    "cohorts": "%mp_cohorts",
    "bookmarks": "%mp_bookmarks",
    "lexicon": "%mp_lexicon",
}
CELLS = SETUP | REPORTS | OTHERS
