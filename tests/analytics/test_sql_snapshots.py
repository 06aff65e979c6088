"""The SQL of reports, written down: what a change does to it is seen in review.

``pytest tests/analytics/test_sql_snapshots.py --update-sql`` writes the files of ``sql/`` anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "sql"
DAYS = {"from_date": "2025-01-01", "to_date": "2025-01-31", "table": "events"}
PRO = 'properties["plan"] == "pro"'
STEPS = ["View", ("Buy", 'properties["amount"] > 50')]
TABLE = """
CREATE TABLE events (event_name VARCHAR, event_time TIMESTAMP, distinct_id VARCHAR, insert_id VARCHAR,
    properties JSON, plan VARCHAR, amount DOUBLE, tags JSON, is_new BOOLEAN)
"""

ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "insights": ("insights", {"metrics": ["Buy"]}),
    "insights_several": (
        "insights",
        {
            "metrics": ["View", "unique(Buy)", f"median(Buy, amount) where {PRO}", "distinct(Buy, tags)"],
            "formulas": ["B / A * 100 [%]"],
            "unit": "week",
        },
    ),
    "insights_per_user": (
        "insights",
        {"metrics": ["p90(per user total(Buy))", "sum(per user max(Buy, amount))"], "unit": "quarter"},
    ),
    "insights_sessions": ("insights", {"metrics": ["sessions(Buy)"], "on": ["plan"], "unit": "week"}),
    "insights_by_segment": ("insights", {"metrics": ["Buy", "unique_first(Buy)"], "on": ["plan", "tags"]}),
    "insights_by_ranges": (
        "insights",
        {"metrics": ["Buy"], "on": ["buckets(amount)", "buckets(amount, 0, 9.5)"], "totals": True},
    ),
    "insights_rolling": ("insights", {"metrics": ["Buy", "wau(*)"], "rolling": 7, "on": ["amount"]}),
    "active": ("active", {"unit": "month"}),
    "segmentation": ("segmentation", {"event": "Buy"}),
    "segmentation_unique_week": ("segmentation", {"event": "Buy", "type": "unique", "unit": "week"}),
    "segmentation_average_month": ("segmentation", {"event": "Buy", "type": "average", "unit": "month"}),
    "segmentation_by_text": ("segmentation", {"event": "Buy", "on": "plan"}),
    "segmentation_by_json": ("segmentation", {"event": "Buy", "on": "city"}),
    "segmentation_by_list": ("segmentation", {"event": "Buy", "on": "tags"}),
    "segmentation_by_number": ("segmentation", {"event": "Buy", "on": "amount", "unit": "hour"}),
    "segmentation_by_two": ("segmentation", {"event": None, "on": ["plan", "tags"]}),
    "segmentation_where": ("segmentation", {"event": "Buy", "where": PRO}),
    "segmentation_where_not": ("segmentation", {"event": "Buy", "where": f"not {PRO}"}),
    "segmentation_where_in": (
        "segmentation",
        {"event": "Buy", "where": 'properties["plan"] in ["a", "b"] and defined(properties["is_new"])'},
    ),
    "segmentation_numeric": ("segmentation_numeric", {"event": "Buy", "on": "amount"}),
    "segmentation_numeric_json": ("segmentation_numeric", {"event": "Buy", "on": "size", "buckets": 5}),
    "segmentation_sum": ("segmentation_sum", {"event": "Buy", "on": "amount"}),
    "segmentation_average": ("segmentation_average", {"event": "Buy", "on": "amount", "unit": "week"}),
    "event_counts": ("event_counts", {"events": ["View", "Buy"], "where": PRO}),
    "event_counts_any": ("event_counts", {"events": None, "type": "unique"}),
    "event_counts_unique": ("event_counts", {"events": ["View", "Buy"], "type": "unique"}),
    "property_counts": ("property_counts", {"event": "Buy", "prop": "plan"}),
    "property_counts_of_values": ("property_counts", {"event": "Buy", "prop": "plan", "values": ["pro"]}),
    "top_events": ("top_events", {"date": "2025-01-31", "table": "events"}),
    "funnel": ("funnel", {"steps": STEPS}),
    "funnel_by_segment": ("funnel", {"steps": STEPS, "on": "plan"}),
    "funnel_per_week": ("funnel", {"steps": STEPS, "unit": "week", "window": 1, "window_unit": "hour"}),
    "funnel_with_an_event_twice": ("funnel", {"steps": ["View", "Buy", "View"], "where": PRO}),
    "funnel_of_totals": ("funnel", {"steps": STEPS, "count": "totals", "exclude": ["Leave"]}),
    "funnel_in_any_order": (
        "funnel",
        {"steps": ["View", "Add", "Buy"], "order": "any", "anchors": [1], "window": "ever"},
    ),
    "funnel_optional": ("funnel", {"steps": ["View", "Add", "Buy"], "optional": [2]}),
    "funnel_optimized": ("funnel", {"steps": STEPS, "reentry": "optimized", "hold": ["plan"]}),
    "funnel_by_last_values": (
        "funnel",
        {"steps": STEPS, "on": ["plan", "tags"], "attribution": "last", "sum_of": "amount", "times": True},
    ),
    "funnel_excluding": ("funnel", {"steps": ["View", "Add", "Buy"], "exclude": ["Leave"]}),
    "funnel_optimized_of_users": ("funnel", {"steps": ["View", "Add", "Buy"], "reentry": "optimized"}),
    "funnel_excluding_by_segment": ("funnel", {"steps": STEPS, "exclude": ["Leave"], "on": "plan"}),
    "retention": ("retention", {"born_event": "View"}),
    "retention_by_segment": ("retention", {"born_event": "View", "return_event": "Buy", "on": "plan"}),
    "retention_of_any_event": ("retention", {"return_event": "Buy"}),
    "retention_on_or_after": ("retention", {"born_event": "View", "unit": "week", "mode": "on_or_after"}),
    "retention_on_or_before": (
        "retention",
        {"born_event": "View", "return_event": "Buy", "mode": "on_or_before", "prop": "amount"},
    ),
    "retention_streak": ("retention", {"born_event": "View", "unit": "week", "mode": "streak"}),
    "retention_calendar": (
        "retention",
        {"born_event": "View", "unit": "month", "interval": 3, "alignment": "calendar"},
    ),
    "retention_by_two": (
        "retention",
        {"born_event": "View", "brackets": [0, 1, 3, 7], "on": ["plan", "tags"]},
    ),
    "retention_compounded": ("retention", {"type": "compounded", "return_event": "Buy"}),
    "flow": ("flow", {"start": "View"}),
    "flow_between": ("flow", {"start": "View", "end": STEPS[1], "back": 1, "exclude": "Help"}),
    "flow_totals": ("flow", {"start": "View", "end": "Buy", "count": "totals", "hold": "plan"}),
    "flow_sessions": ("flow", {"end": "Buy", "count": "sessions", "collapse_repeats": True}),
    "flow_of_sessions": (
        "flow",
        {"start": "$session_start", "end": "Buy", "count": "sessions", "on": "plan", "where": PRO},
    ),
    "flow_by_segment": ("flow", {"through": "Buy", "on": "tags", "expand": {"Buy": "plan"}, "hide": "Help"}),
    "sessions": ("sessions", {}),
    "sessions_by_segment": ("sessions", {"on": "plan", "event": "Buy", "unit": "week"}),
    "experiment": ("experiment", {"metrics": ["unique(Buy)", "sum(Buy, amount)"]}),
    "experiment_detailed": (
        "experiment",
        {
            "metrics": ["Buy", "average(Buy, amount)", f"unique(View) where {PRO}"],
            "formulas": "A / C",
            "exposure": "View",
            "variant": "plan",
            "on": "tags",
            "where": PRO,
            "window": 7,
            "cuped": 14,
            "winsorize": 1,
        },
    ),
    "why": ("why", {"metric": "sum(Buy, amount)", "date": "2025-01-31", "where": PRO, "table": "events"}),
    "why_ranges": ("why", {"metric": "unique(Buy)", "date": "2025-01-25..2025-01-31", "table": "events"}),
    "anomalies": ("anomalies", {"date": "2025-01-31", "where": PRO, "table": "events"}),
    "signal": ("signal", {}),
    "signal_detailed": (
        "signal",
        {
            "goal": "Buy",
            "start": "View",
            "where": PRO,
            "goal_where": PRO,
            "goal_times": 2,
            "before_goal": True,
            "properties": ["plan", "tags"],
            "events": ["View", "Add"],
        },
    ),
    "frequency": ("frequency", {"unit": "week", "addiction_unit": "day"}),
    "frequency_of_an_event": ("frequency", {"event": "Buy", "where": PRO}),
    "activity_feed": ("activity_feed", {"distinct_ids": ["u1", "u2"]}),
}


@pytest.fixture(scope="module")
def ws() -> Iterator[Workspace]:
    with Workspace.memory(account="sandbox", timezone="Europe/Berlin") as ws:
        ws.sql(TABLE)
        yield ws


@pytest.mark.parametrize("name", ASKED)
def test_the_sql_is_what_is_written_down(ws: Workspace, name: str, request: pytest.FixtureRequest) -> None:
    report, given = ASKED[name]
    days = {} if report in {"top_events", "why", "anomalies"} else DAYS
    sql = getattr(ws, report)(**given, **days).sql
    file = FOLDER / f"{name}.sql"
    if request.config.getoption("--update-sql"):
        file.write_text(f"{sql}\n", encoding="utf-8")
    assert f"{sql}\n" == file.read_text(encoding="utf-8")


def test_no_file_is_left_over() -> None:
    assert {file.stem for file in FOLDER.glob("*.sql")} == set(ASKED)
