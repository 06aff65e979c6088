"""The same question, asked of Mixpanel (the sandbox, over HTTP) and of the fetched table: the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from workspaces import workspace_on

from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.results.series import OTHER
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb import Workspace
    from mixpanel_nb.results import ReportResult
    from mixpanel_nb.sandbox.store import Dataset

QUARTER: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31"}
RANGES: dict[str, dict[str, Any]] = {
    "five weeks": {"from_date": "2025-01-06", "to_date": "2025-02-09"},
    "one day": {"from_date": "2025-03-12", "to_date": "2025-03-12"},
    "an odd month": {"from_date": "2025-01-30", "to_date": "2025-03-02"},
}
PRO = 'properties["plan"] == "pro" or not defined(properties["plan"])'

Question = tuple[str, tuple[Any, ...], dict[str, Any]]
QUESTIONS: list[Question] = [
    ("segmentation", ("Purchase",), {}),
    ("segmentation", ("Purchase",), {"unit": "hour", "type": "unique"}),
    ("segmentation", ("View Product",), {"unit": "month", "type": "average", "where": PRO}),
    ("segmentation", ("Purchase",), {"on": "plan", "unit": "week"}),
    ("segmentation", ("Purchase",), {"on": "$city", "limit": 3}),
    ("segmentation", ("Purchase",), {"on": "categories", "type": "unique"}),
    ("segmentation", ("Purchase",), {"on": 'user["platform"]', "where": PRO}),
    ("segmentation", ("No such event",), {}),
    ("segmentation_numeric", ("Purchase",), {"on": "revenue"}),
    ("segmentation_numeric", ("Purchase",), {"on": 'properties["revenue"] / 10', "type": "unique"}),
    ("segmentation_sum", ("Purchase",), {"on": "revenue"}),
    ("segmentation_sum", ("Purchase",), {"on": "revenue", "unit": "hour", "where": PRO}),
    ("segmentation_average", ("Purchase",), {"on": "revenue"}),
    ("event_counts", (["Purchase", "Sign Up"],), {"unit": "week"}),
    ("event_counts", (["App Open"],), {"type": "unique"}),
    ("property_counts", ("Purchase", "plan"), {}),
    ("property_counts", ("Purchase", "plan"), {"values": ["pro", "none"], "type": "unique"}),
    ("retention", (), {"born_event": "Sign Up", "interval_count": 5}),
    ("retention", (), {"born_event": "Sign Up", "return_event": "Purchase", "unit": "week"}),
    ("retention", (), {"born_event": "Sign Up", "born_where": PRO, "unit": "month", "mode": "on_or_after"}),
    ("retention", (), {"return_event": "Purchase", "type": "compounded", "return_where": PRO}),
    ("retention", (), {"born_event": "Sign Up", "interval": 3, "interval_count": 4}),
    ("frequency", (), {}),
    ("frequency", (), {"unit": "month", "addiction_unit": "day", "event": "App Open"}),
]
FUNNELS: dict[int, dict[str, Any]] = {
    1001: {"steps": ["View Product", "Add to Cart", "Start Checkout", "Purchase"]},
    1002: {"steps": ["Sign Up", "Purchase"], "window": 30},
}


@pytest.fixture(scope="module")
def ws(store: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace on a server, with all that it has fetched."""
    folder = tmp_path_factory.mktemp("both")
    with pytest.MonkeyPatch.context() as patch, SandboxServer(create_app(store)) as server:
        patch.setenv("MIXPANEL_NB_HOME", str(folder / "home"))
        client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)  # keeps no count of requests
        with workspace_on(client, folder / "data.db") as workspace:
            workspace.fetch_events(**QUARTER)
            workspace.fetch_profiles()
            yield workspace


def rows(result: ReportResult) -> list[str]:
    """The rows in an order of their own: live, segments can only be ranked by what comes back.

    What a limit cut off is known to a table alone.
    """
    known = [record for record in result.records() if record.get("segment") != OTHER]
    return sorted(str(sorted(record.items())) for record in known)


@pytest.mark.parametrize("days", RANGES)
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"{question[0]} {question[2]}")
def test_live_and_local_agree(ws: Workspace, question: Question, days: str) -> None:
    report, words, asked = question
    live = getattr(ws, report)(*words, **asked, **RANGES[days], live=True)
    local = getattr(ws, report)(*words, **asked, **RANGES[days], table="events")
    assert rows(live) == rows(local)
    assert live.column_names == local.column_names
    assert (live.sql, local.request) == (None, None)
    assert live.request["params"]["project_id"] == "1"
    assert "sandbox:" not in str(live.request)


@pytest.mark.parametrize("more", [{}, {"unit": "week"}, {"on": "plan"}, {"on": "plan", "unit": "month"}])
@pytest.mark.parametrize("funnel", FUNNELS)
def test_saved_funnels_agree_with_their_steps(ws: Workspace, funnel: int, more: dict[str, Any]) -> None:
    for days in RANGES.values():
        live = ws.funnel(funnel, **more, **days)
        local = ws.funnel(**FUNNELS[funnel], **more, **days, table="events")
        # Mixpanel's answer has means alone.
        unknown = [name for name in local.column_names if name.startswith(("median", "p90"))]
        assert live.df[unknown].isna().all(axis=None)
        assert local.df.query("step > 1 and count > 0")[unknown].notna().all(axis=None)
        pd.testing.assert_frame_equal(live.df.drop(columns=unknown), local.df.drop(columns=unknown))


def test_the_feed_of_somebody_agrees(ws: Workspace) -> None:
    users = ws.sql("SELECT distinct_id FROM events WHERE distinct_id <> '' GROUP BY ALL LIMIT 3")
    live = ws.activity_feed(users.distinct_id.tolist(), **QUARTER, live=True)
    local = ws.activity_feed(users.distinct_id.tolist(), **QUARTER, table="events")
    assert rows(live) == rows(local)
    assert len(live.events) > 3


def test_top_events_agree(ws: Workspace) -> None:
    assert rows(ws.top_events(live=True)) == rows(ws.top_events(table="events"))
    assert rows(ws.top_events(type="unique", limit=3, live=True)) == rows(
        ws.top_events(type="unique", limit=3, table="events")
    )


def test_saved_reports_agree_with_what_they_ask(ws: Workspace) -> None:
    saved = {report.name: report.id for report in ws.bookmarks()}
    report = ws.saved_report(saved["Sign-ups and purchases per day"])
    local = ws.event_counts(["Sign Up", "Purchase"], **QUARTER, table="events")
    counted = {(row["event"], row["date"]): row["count"] for row in local.records() if row["count"]}
    assert {(row["$event"], row["date"]): row["value"] for row in report.records() if row["value"]} == counted


@pytest.mark.parametrize(
    ("report", "words", "asked", "message"),
    [
        ("funnel", (), {"steps": ["Sign Up", "Purchase"]}, "saved funnels alone"),
        ("retention", (), {"born_event": "Sign Up", "on": "plan"}, "breaks no retention down"),
        ("event_counts", (["Purchase"],), {"where": PRO}, "without a filter"),
        ("event_counts", (["Purchase"],), {"unit": "hour", "type": "unique"}, "hour"),
        ("event_counts", (None,), {}, "not any event"),
        ("top_events", (), {"date": "2025-01-01"}, "today alone"),
    ],
)
def test_what_only_a_table_can_answer_says_so(
    ws: Workspace, report: str, words: tuple[Any, ...], asked: dict[str, Any], message: str
) -> None:
    days = {} if report == "top_events" else RANGES["five weeks"]
    with pytest.raises(ParameterError, match=message) as caught:
        getattr(ws, report)(*words, **asked, **days, live=True)
    assert 'table="events"' in str(caught.value)


def test_profiles_are_the_same_in_parallel_pages_and_by_every_filter(ws: Workspace) -> None:
    everybody = {user["distinct_id"] for user in ws.stream_profiles()}
    assert everybody == set(ws.sql("SELECT distinct_id FROM profiles").distinct_id)
    two = sorted(everybody)[:2]
    assert [user["distinct_id"] for user in ws.stream_profiles(distinct_ids=two)] == two
    pro = {user["distinct_id"] for user in ws.stream_profiles(where='properties["plan"] == "pro"')}
    assert pro == set(ws.sql("SELECT distinct_id FROM profiles WHERE plan = 'pro'").distinct_id)
    cohort = next(cohort.id for cohort in ws.cohorts() if cohort.name == "Pro members")
    assert {user["distinct_id"] for user in ws.stream_profiles(cohort_id=cohort)} == pro
    behaviors = [{"name": "bought", "window": "30d", "event_selectors": [{"event": "Purchase"}]}]
    moment = 1743465600  # 2025-04-01
    buyers = ws.stream_profiles(behaviors=behaviors, as_of_timestamp=moment, where='behaviors["bought"] > 0')
    bought = ws.sql(
        "SELECT DISTINCT distinct_id FROM events WHERE event_name = 'Purchase' "
        "AND event_time >= '2025-03-02' AND event_time < '2025-04-01'"
    )
    assert {user["distinct_id"] for user in buyers} == set(bought.distinct_id) & everybody
