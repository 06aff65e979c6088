"""The same question, asked of Mixpanel (the sandbox, over HTTP) and of the fetched table: the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspaces import workspace_on

from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import NotFoundError, ParameterError
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

MEASURES = [
    "unique(Purchase)",
    "sum(Purchase, revenue)",
    "Bought = Purchase",
    "p97.5(Purchase, revenue)",
    "average(per user total(Purchase))",
    "max(per user sum(Purchase, revenue))",
    "distinct(Purchase, product)",
    "sessions(App Open)",
    f"View Product where {PRO}",
]
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
    ("retention", (), {"born_event": "Sign Up", "on": "plan", "unit": "week"}),
    ("retention", (), {"born_event": "Sign Up", "return_event": "Purchase", "brackets": [0, 1, 3, 7, 14]}),
    ("retention", (), {"mode": "streak", "unit": "week", "on": ["plan", "method"], "limit": 4}),
    ("retention", (), {"return_event": "Purchase", "prop": "revenue", "unit": "month", "born_where": PRO}),
    ("retention", (), {"born_event": "Sign Up", "alignment": "calendar", "mode": "on_or_before"}),
    ("retention", (), {"born_event": "Sign Up", "unit": "week", "interval": 2, "interval_count": 3}),
    ("insights", ("Purchase",), {"where": PRO}),
    ("insights", (MEASURES,), {"unit": "week", "formulas": ["AOV = B / C [USD]", "A - C ^ 2"]}),
    ("insights", (["Purchase", "unique_first(View Product)"],), {"on": ["plan", "$city"], "limit": 5}),
    ("insights", (["sum(Purchase, revenue)"],), {"on": ["buckets(revenue, 0, 50, 100)"], "totals": True}),
    ("insights", (['sum(Purchase, properties["revenue"] * properties["quantity"])'],), {"unit": "month"}),
    ("insights", (["dau(*)", "Purchase"],), {"cumulative": True, "on": ["plan"]}),
    ("flow", (), {"start": "Sign Up"}),
    ("flow", (), {"start": "Sign Up", "end": ("Purchase", PRO), "back": 1, "count": "totals", "window": 3}),
    ("flow", (), {"through": ["Purchase"], "count": "sessions", "collapse_repeats": True, "where": PRO}),
    ("flow", (), {"start": ("$session_start", PRO), "end": "$session_end", "count": "sessions", "back": 1}),
    ("flow", (), {"end": "Purchase", "hide": ["Page View"], "exclude": ["App Crash"], "limit": 5}),
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
    known = [record for record in result.records() if OTHER not in record.values()]
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


STEPS: list[dict[str, Any]] = [
    {"steps": ["View Product", ("Add to Cart", PRO), "Purchase"]},
    {"steps": ["View Product", "Purchase"], "on": "plan", "unit": "week", "window": 2, "limit": 2},
    {"steps": ["View Product", "Purchase"], "on": ["plan", "$city"], "count": "totals", "limit": 5},
    {"steps": ["Search", "Purchase"], "order": "any", "where": PRO, "reentry": "optimized", "unit": "month"},
    {"steps": ["Search", "Purchase"], "exclude": [("App Crash", None, 1, 2)], "count": "sessions"},
    {"steps": ["Search", "Purchase"], "hold": ["$city"], "window": 1, "window_unit": "session"},
]


@pytest.mark.parametrize("asked", STEPS, ids=str)
def test_funnels_of_steps_agree(ws: Workspace, asked: dict[str, Any]) -> None:
    for days in RANGES.values():
        live = ws.funnel(**asked, **days, live=True)
        local = ws.funnel(**asked, **days, table="events")
        # Mixpanel's answer has means alone.
        unknown = [name for name in local.column_names if name.startswith(("median", "p90"))]
        pd.testing.assert_frame_equal(live.df.drop(columns=unknown), local.df.drop(columns=unknown))
        assert live.request["json"]["bookmark"]["sections"]["show"][0]["behavior"]["type"] == "funnel"


def test_active_users_agree_where_the_table_reaches_back_far_enough(ws: Workspace) -> None:
    asked: dict[str, Any] = {"unit": "week", "on": 'user["platform"]', "during": "2025-02-10..2025-03-02"}
    assert rows(ws.active("App Open", **asked, live=True)) == rows(ws.active("App Open", **asked))


def test_the_paths_of_a_flow_agree(ws: Workspace) -> None:
    asked: dict[str, Any] = {"start": "Sign Up", "forward": 4, **RANGES["five weeks"]}
    live, local = ws.flow(**asked, live=True), ws.flow(**asked, table="events")
    assert live.flow_paths == local.flow_paths
    assert live.flow_nodes == local.flow_nodes
    assert any("Two queries" in note for note in live.notes)


EVENTS = st.sampled_from(["Purchase", "View Product", "App Open", "Sign Up", "Search"])
FILTERS = st.sampled_from(
    [
        None,
        PRO,
        'properties["plan"] in ["free", "plus"]',
        'properties["revenue"] >= 20 and properties["revenue"] <= 90',
        '"a" in properties["$city"]',
        'not defined(properties["plan"]) and user["newsletter"] == true',
    ]
)
BREAKDOWNS = st.sampled_from([None, "plan", "$city", ("plan", "$os"), 'user["platform"]'])
MEASURED = st.sampled_from(
    ["{}", "unique({})", "wau({})", "sessions({})", "median({}, revenue)", "p25({}, revenue)", "dau({})"]
)
WITHIN = st.sampled_from([("2025-02-10", "2025-02-23"), ("2025-03-03", "2025-03-31")])


@st.composite
def questions(draw: st.DrawFn) -> Question:
    first, last = draw(WITHIN)
    days = {"from_date": first, "to_date": last}
    one, other, where, on = draw(EVENTS), draw(EVENTS), draw(FILTERS), draw(BREAKDOWNS)
    report = draw(st.sampled_from(["insights", "funnel", "retention", "flow"]))
    if report == "insights":
        metrics = draw(st.lists(MEASURED, min_size=1, max_size=3, unique=True))
        kinds: list[dict[str, Any]] = [{}, {"totals": True}, {"rolling": 3}, {"cumulative": True}]
        more = draw(st.sampled_from(kinds))
        asked: dict[str, Any] = {"where": where, "unit": draw(st.sampled_from(["day", "week"])), **more}
        return report, ([each.format(one) for each in metrics],), asked | days | ({"on": on} if on else {})
    if report == "funnel":
        count = draw(st.sampled_from(["uniques", "totals", "sessions"]))
        unit = draw(st.sampled_from([None, "week"]))
        return report, (), {"steps": [(one, where), other], "count": count, "unit": unit, "on": on, **days}
    if report == "retention":
        mode = draw(st.sampled_from(["on", "on_or_after", "on_or_before", "streak"]))
        alignment = draw(st.sampled_from(["rolling", "calendar"]))
        asked = {"born_event": one, "return_event": other, "return_where": where, "on": on, "mode": mode}
        return report, (), asked | {"alignment": alignment, "interval_count": 4, **days}
    count = draw(st.sampled_from(["uniques", "totals", "sessions"]))
    return report, (), {"start": one, "forward": 2, "count": count, "where": where, **days}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(question=questions())
def test_random_questions_agree(ws: Workspace, question: Question) -> None:
    report, words, asked = question
    live = getattr(ws, report)(*words, **asked, live=True)
    local = getattr(ws, report)(*words, **asked, table="events")
    unknown = ("median_time", "median_time_from_start", "p90_time", "p90_time_from_start")
    told = [{name: record[name] for name in record if name not in unknown} for record in local.records()]
    shown = [{name: record[name] for name in record if name not in unknown} for record in live.records()]
    assert sorted(map(str, shown)) == sorted(str(each) for each in told if OTHER not in each.values())


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


def test_saved_reports_become_queries_of_a_table(ws: Workspace) -> None:
    counts = ws.saved_report(3001, table="events")
    assert rows(counts) == rows(ws.insights(["Sign Up", "Purchase"], **QUARTER, table="events"))
    assert counts.question is not None
    assert counts.question.query.python().startswith("ws.insights(")
    assert "Saved report 3001: Sign-ups and purchases per day." in counts.notes
    funnel = ws.saved_report(1001, table="events")
    assert rows(funnel) == rows(ws.funnel(**FUNNELS[1001], **QUARTER, table="events"))
    [series] = ws.saved_report(3004).series.values()
    told = {day[:10]: [each["first"], each["counts"]] for day, each in series.items() if day[0] != "$"}
    retention: Any = ws.saved_report(3004, table="events")
    for cohort in retention.cohorts:
        size, counted = told[str(cohort.date)]
        assert (cohort.size, list(cohort.counts[: len(counted)])) == (size, counted)
    with pytest.raises(NotFoundError, match="bookmarks"):
        ws.saved_report(9, table="events")


@pytest.mark.parametrize(
    ("report", "words", "asked", "message"),
    [
        ("funnel", (), {"steps": ["Sign Up", "Purchase"], "times": True}, "has no times"),
        ("retention", (), {"type": "compounded", "on": "plan"}, "without breakdowns"),
        ("insights", ("unique_last(Purchase)",), {}, "no measure"),
        ("flow", (), {"start": "Sign Up", "on": "plan"}, "no flow with on"),
        ("sessions", (), {}, "only tables"),
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
