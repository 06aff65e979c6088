"""Live reports send cohorts of the database as definitions; the sandbox, over HTTP, finds the same users."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports.strategies import examples
from workspaces import workspace_on

from mixpanel_nb import ParameterError, Workspace, did, did_not, in_cohort, profile
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.queries.cohorts import Definition
    from mixpanel_nb.sandbox.store import Dataset

QUARTER: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31"}
EVENTS = ("Purchase", "Sign Up", "App Open", "View Product")
FILTERS = (
    None,
    'properties["plan"] == "pro"',
    'properties["revenue"] > 40',
    'defined(properties["revenue"])',
    'properties["plan"] != "free" and properties["revenue"] >= 10 and properties["revenue"] <= 60',
    'not properties["plan"] in ["free", "pro"]',
)
PROFILES = (
    'user["plan"] == "pro"',
    'user["plan"] != "pro"',
    'user["plan"] in ["pro", "free"]',
    'not user["plan"] in ["pro"]',
    'not defined(user["$email"])',
    '"a" in user["$email"]',
    'user["orders"] >= 2',
    'user["orders"] > 1 or user["plan"] == "pro"',
)
WITHIN = st.sampled_from([{}, {"within": "10d"}, {"within": "3w"}, {"within": "1m"}]) | st.sampled_from(
    [
        {"from_date": "2025-02-03"},
        {"to_date": "2025-02-09"},
        {"from_date": "2025-01-15", "to_date": "2025-03-02"},
    ]
)
COUNTED = st.sampled_from(
    [{}, {"at_least": 2}, {"at_most": 2}, {"exactly": 3}, {"at_least": 2, "at_most": 4}]
)
SUMMED = st.builds(lambda least: {"sum_of": "revenue", "at_least": least}, st.sampled_from([1, 40.5, 200]))


@pytest.fixture(scope="module")
def ws(store: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace on a server, with events and profiles."""
    folder = tmp_path_factory.mktemp("live_cohorts")
    with pytest.MonkeyPatch.context() as patch, SandboxServer(create_app(store)) as server:
        patch.setenv("MIXPANEL_NB_HOME", str(folder / "home"))
        client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
        with workspace_on(client, folder / "data.db") as workspace:
            workspace.fetch_events(**QUARTER)
            workspace.fetch_profiles()
            workspace.custom_events()
            workspace.cohort("shoppers", did("View Product", at_least=3) | did("Purchase"))
            yield workspace


def _conditions() -> st.SearchStrategy[Definition]:
    counted: st.SearchStrategy[Definition] = st.builds(
        lambda event, where, within, often: did(event, where=where, **within, **often),
        st.sampled_from(EVENTS),
        st.sampled_from(FILTERS),
        WITHIN,
        COUNTED,
    )
    summed: st.SearchStrategy[Definition] = st.builds(
        lambda within, least: did("Purchase", **within, **least), WITHIN, SUMMED
    )
    others: st.SearchStrategy[Definition] = st.builds(profile, st.sampled_from(PROFILES))
    inner: st.SearchStrategy[Definition] = st.just(in_cohort("shoppers"))
    negated = (counted | inner | st.builds(profile, st.sampled_from(PROFILES[:6]))).map(lambda each: ~each)
    return counted | summed | others | inner | negated


DEFINITIONS = st.recursive(
    _conditions(),
    lambda inner: st.builds(
        lambda one, other, is_and: one & other if is_and else one | other, inner, inner, st.booleans()
    ),
    max_leaves=3,
)


WITHOUT = ("median_time", "median_time_from_start", "p90_time", "p90_time_from_start")
"""Mixpanel's funnels have no percentiles of times."""


def told(result: Any) -> list[str]:
    """The rows that both sides have, in an order of their own."""
    kept = ({name: value for name, value in row.items() if name not in WITHOUT} for row in result.records())
    return sorted(json.dumps(row, sort_keys=True, default=str) for row in kept)


def same(live: Any, local: Any) -> None:
    """Both have the same rows."""
    assert live.notes[-1].startswith("Sent as a definition: ")
    assert told(live) == told(local)


@given(DEFINITIONS)
@examples(12)
def test_mixpanel_counts_the_users_of_a_definition_that_the_table_has(
    ws: Workspace, meant: Definition
) -> None:
    ws.cohort("meant", meant, replace=True)
    asked: dict[str, Any] = {"totals": True, "on": "cohort:meant", **QUARTER}
    same(*(ws.insights(["unique(App Open)", "Purchase"], **asked, live=live) for live in (True, False)))


@pytest.mark.parametrize("name", ["in_cohort", "not_in_cohort"])
@pytest.mark.parametrize(
    ("report", "asked"),
    [
        ("insights", {"metrics": ["Purchase", "unique(App Open)"], "unit": "week"}),
        (
            "insights",
            {"metrics": "Purchase", "where": 'properties["plan"] == "pro" or properties["plan"] == "free"'},
        ),
        ("active", {"unit": "month"}),
        ("funnel", {"steps": ["Sign Up", "Purchase"], "on": "plan"}),
        ("retention", {"born_event": "Sign Up", "return_event": "App Open", "unit": "week"}),
        ("flow", {"start": "Sign Up", "where": 'defined(properties["plan"])'}),
    ],
)
def test_every_typed_report_takes_cohorts_of_the_database(
    ws: Workspace, name: str, report: str, asked: dict[str, Any]
) -> None:
    ws.cohort("buyers", did("Purchase", at_least=2, within="60d") & did_not("Refund"), replace=True)
    live, local = (
        getattr(ws, report)(**asked, **QUARTER, **{name: "buyers"}, live=live) for live in (True, False)
    )
    same(live, local)
    assert getattr(live.question.query, name) == ("buyers",)


def test_the_users_are_those_that_a_plain_count_finds(ws: Workspace, store: Dataset) -> None:
    events = [json.loads(line) for line in store.export_lines("2025-01-01", "2025-03-31")]
    once = {
        (
            each["event"],
            each["properties"]["distinct_id"],
            each["properties"]["time"],
            each["properties"].get("$insert_id", place),
        ): each
        for place, each in enumerate(events)
    }
    bought = Counter(user for event, user, *_ in once if event == "Purchase")
    ws.cohort("three", did("Purchase", at_least=3), replace=True)
    live = ws.insights("Purchase", totals=True, in_cohort="three", live=True, **QUARTER)
    assert live.df.value.item() == sum(times for user, times in bought.items() if user and times >= 3)
    (leaf,) = live.request["json"]["bookmark"]["sections"]["filter"][0]["filterValue"]
    assert leaf["cohort"]["raw_cohort"] == {
        "selector": {
            "operator": "and",
            "children": [{"property": "behaviors", "value": "bhvr_0", "operator": ">=", "operand": 3}],
        },
        "behaviors": {
            "bhvr_0": {
                "count": {"event_selector": {"event": "Purchase"}, "type": "absolute"},
                "from_date": "2025-01-01",
                "to_date": "2025-03-31",
            }
        },
    }


REFUSED: list[tuple[str, Any, str]] = [
    ("in order", did("Sign Up").then("Purchase", within="7d"), "one event after the other"),
    ("any", did(), "users who did any event"),
    ("custom", did("$custom_event:5001"), "a custom event"),
    ("either", did("Purchase", where='properties["a"] == 1 or properties["b"] == 2'), "joined by or"),
    ("at least", did("Purchase", where='properties["revenue"] >= 5'), "the filter"),
    ("of users", did("Purchase", where='user["plan"] == "pro"'), "the filter"),
    ("calculated", did("Purchase", where='properties["a"] + 1 == 2'), "the condition"),
    ("no sum", did("Purchase", sum_of="revenue", at_most=5), "a sum"),
    ("other sum", did("Purchase", sum_of='properties["a"] + 1', at_least=5), "no property of the event"),
    ("larger", ~profile('user["orders"] > 1'), "the opposite"),
]


@pytest.mark.parametrize(("name", "definition", "part"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_what_mixpanel_takes_no_definition_of_is_refused_by_name(
    ws: Workspace, name: str, definition: Definition, part: str
) -> None:
    ws.cohort(name, definition, replace=True)
    for asked in ({"in_cohort": name}, {"where": f'in_cohort("{name}")'}, {"on": f"cohort:{name}"}):
        with pytest.raises(ParameterError) as refused:
            ws.insights("Purchase", live=True, **asked, **QUARTER)
        assert f"The cohort {name!r} has " in str(refused.value)
        assert part in str(refused.value)
        assert "Ask a fetched table" in str(refused.value)


def test_lists_queries_and_unknown_names_are_refused(ws: Workspace) -> None:
    ws.cohort("listed", ["a", "b"], replace=True)
    ws.cohort("queried", sql="SELECT 'a' AS distinct_id", replace=True)
    for name, part in (
        ("listed", "a list of users"),
        ("queried", "users found by SQL"),
        ("shopers", "'shoppers'"),
    ):
        with pytest.raises(ParameterError, match=part):
            ws.insights("Purchase", live=True, in_cohort=name, **QUARTER)
    with pytest.raises(ParameterError, match="one cohort"):
        ws.insights("Purchase", live=True, on="cohort:shoppers,listed", **QUARTER)
    with pytest.raises(ParameterError, match="one cohort"):
        ws.flow(start="Purchase", live=True, in_cohort=["shoppers", "listed"], **QUARTER)
    with pytest.raises(ParameterError, match="Mixpanel for the report insights"):
        ws.segmentation("Purchase", live=True, in_cohort="shoppers", **QUARTER)


def test_a_cohort_of_mixpanel_that_is_kept_here_is_asked_for_by_its_id(ws: Workspace) -> None:
    ws.cohort("pros", mixpanel=2001, replace=True)
    asked: dict[str, Any] = {"totals": True, "in_cohort": "pros", **QUARTER}
    same(*(ws.insights("Purchase", **asked, live=live) for live in (True, False)))
