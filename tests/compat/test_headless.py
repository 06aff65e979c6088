"""Mixpanel's own client, in an environment of its own, takes the sandbox for Mixpanel: with our figures."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from .environment import QUARTER, Client

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.server import SandboxServer
    from mixpanel_nb.sandbox.store import Dataset

TWO_WEEKS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-19"}

ASK = """
import json, sys
import mixpanel_headless
quarter, weeks, person, link = json.loads(sys.argv[1])
ws = mixpanel_headless.Workspace()
linked = ws.query_report_link(ws.resolve_report_link(link.rpartition("#")[2]))
own = ws.create_report_link(ws.build_params("Purchase", **weeks), name="Purchases")
again = ws.resolve_report_link(own.slug)
funnel = ws.funnel(1001, unit="month", **quarter)
retention = ws.retention(
    born_event="Sign Up", return_event="Purchase", unit="week", interval_count=4, **weeks
)
feed, page = [], None
while page is None or page.sentinel_event:
    page = ws.activity_feed(
        [person], from_date=quarter["from_date"], limit=4,
        sentinel_event=page and page.sentinel_event,
    )
    feed = page.events + feed
tag = ws.create_annotation_tag(mixpanel_headless.CreateAnnotationTagParams(name="board"))
note = ws.create_annotation(mixpanel_headless.CreateAnnotationParams(
    date="2025-03-20 09:00:00", description="Meeting", tags=[tag.id]
))
ws.update_annotation(note.id, mixpanel_headless.UpdateAnnotationParams(description="Board meeting"))
made = ws.get_annotation(note.id)
ws.delete_annotation(note.id)
print(json.dumps({
    "feed": [event.event for event in feed],
    "found": [event.event for event in ws.activity_feed(
        [person], from_date=quarter["from_date"], search="PURCHASE"
    ).events],
    "made": [made.date, made.description, [tag.name for tag in made.tags]],
    "left": [one.id for one in ws.list_annotations()],
    "events": ws.events(),
    "properties": ws.properties("Purchase"),
    "purchases": ws.segmentation("Purchase", **quarter).series["Purchase"],
    "funnel": [step.count for step in funnel.steps],
    "retention": {cohort.date: [cohort.size, cohort.retention] for cohort in retention.cohorts},
    "frequency": ws.frequency(unit="week", addiction_unit="day", **weeks).data,
    "pro": sorted(person["distinct_id"] for person in ws.query_user(
        mode="profiles", where='properties["plan"] == "pro"', limit=None
    ).profiles),
    "linked": linked.series,
    "own": [again.name, again.report_type, again.params == ws.build_params("Purchase", **weeks)],
    "streamed": sum(1 for _ in ws.stream_events(**quarter)),
}))
"""


@pytest.fixture(scope="module")
def busiest(store: Dataset) -> str:
    """Who has most events, duplicates included."""
    events = (json.loads(line)["properties"] for line in store.export_lines(*QUARTER.values()))
    [(user, _)] = Counter(event["distinct_id"] for event in events if event["distinct_id"]).most_common(1)
    return str(user)


@pytest.fixture(scope="module")
def link(ws: Workspace) -> str:
    """The address of a report of ours."""
    address: str = ws.event_counts(["Purchase"], unit="week", **QUARTER, live=True).open_in_mixpanel()
    return address


@pytest.fixture(scope="module")
def theirs(
    server: SandboxServer, busiest: str, link: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What Mixpanel's client makes of the sandbox."""
    client = Client("mixpanel-headless==0.4.0")
    assert client.installed == client.version
    account = {"MP_USERNAME": "sandbox", "MP_SECRET": "sandbox", "MP_PROJECT_ID": "1", "MP_REGION": "us"}
    home = tmp_path_factory.mktemp("headless")
    asked = json.dumps([QUARTER, TWO_WEEKS, busiest, link])
    printed = client.run(ASK, asked, home=home, MP_API_BASE_URL=server.url, **account)
    answer: dict[str, Any] = json.loads(printed)
    return answer


def test_names_are_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    assert sorted(theirs["events"]) == [row["event"] for row in ws.events().records()]
    assert set(theirs["properties"]) <= {row["property"] for row in ws.properties("Purchase").records()}
    assert theirs["properties"]


def test_segmentation_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.segmentation("Purchase", **QUARTER, table="events")
    assert theirs["purchases"] == {row["date"]: row["count"] for row in ours.records() if row["count"]}


def test_the_saved_funnel_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    """Their client adds up the buckets."""
    steps = ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
    ours = ws.funnel(steps=steps, unit="month", **QUARTER, table="events")
    assert theirs["funnel"] == [
        sum(step.count for step in ours.steps if step.step == number) for number in range(1, 5)
    ]


def test_retention_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.retention(
        born_event="Sign Up",
        return_event="Purchase",
        unit="week",
        interval_count=4,
        **TWO_WEEKS,
        table="events",
    )
    assert theirs["retention"] == {
        str(cohort.date): [
            cohort.size,
            pytest.approx([rate or 0 for rate in cohort.rates]),
        ]
        for cohort in ours.cohorts
    }


def test_frequency_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.frequency(unit="week", addiction_unit="day", **TWO_WEEKS, table="events")
    assert theirs["frequency"] == {str(date): list(counts) for date, counts in ours.counts.items()}


def test_profiles_are_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.stream_profiles(where='properties["plan"] == "pro"')
    assert theirs["pro"] == sorted(user["distinct_id"] for user in ours)


def test_their_stream_has_every_event_duplicates_included(theirs: dict[str, Any], ws: Workspace) -> None:
    stored = ws.sql_scalar("SELECT count(*) FROM events")
    assert theirs["streamed"] == sum(1 for _ in ws.stream_events(**QUARTER))
    assert theirs["streamed"] > stored


def test_pages_of_a_feed_are_all_of_it(theirs: dict[str, Any], ws: Workspace, busiest: str) -> None:
    rows = ws.sql("SELECT event_name FROM events WHERE distinct_id = $who", {"who": busiest})
    assert Counter(theirs["feed"]) == Counter(rows["event_name"])
    assert len(theirs["feed"]) > 4
    assert {"Purchase"} & set(rows["event_name"]) <= set(theirs["found"])


def test_annotations_are_made_changed_and_removed(theirs: dict[str, Any], store: Dataset) -> None:
    assert theirs["made"] == ["2025-03-20T09:00:00+00:00", "Board meeting", ["board"]]
    assert sorted(theirs["left"]) == [note.id for note in store.saved.annotations]


TYPED = """
import json, sys
import mixpanel_headless as m
days = {"from_date": "2025-01-06", "to_date": "2025-02-02"}
ws = m.Workspace()
plan = m.Filter.equals("plan", "pro")
rows = lambda result: json.loads(result.df.to_json(orient="records", date_format="iso"))
of = lambda event, **more: m.Metric(event, **more)
bought = m.FunnelStep("Purchase", filters=[plan])
funnel = ws.query_funnel(["View Product", bought], conversion_window=7, **days)
by_plan = ws.query_funnel(["View Product", "Purchase"], group_by="plan", conversion_window=7, **days)
trend = ws.query_funnel(["View Product", "Purchase"], mode="trends", unit="week", conversion_window=7, **days)
retention = ws.query_retention("Sign Up", "Purchase", retention_unit="week", group_by="plan", **days)
brackets = ws.query_retention("Sign Up", "Purchase", retention_unit="day", bucket_sizes=[1, 3, 7], **days)
flow = ws.query_flow("Sign Up", forward=2, conversion_window=7, **days)
paths = ws.query_flow("Sign Up", forward=2, conversion_window=7, mode="paths", **days)
tree = ws.query_flow("Sign Up", forward=2, conversion_window=7, mode="tree", **days)
print(json.dumps({
    "total": ws.query("Purchase", unit="week", **days).series,
    "measures": ws.query(
        [
            of("Purchase", math="unique"),
            of("Purchase", math="total", property="revenue"),
            of("Purchase", math="p90", property="revenue"),
            of("Purchase", math="average", property="revenue", per_user="total"),
            of("Purchase", math="unique_values", property="product"),
        ],
        mode="total", where=[plan, m.Filter.at_least("revenue", 20)], **days,
    ).series,
    "formula": ws.query(
        [of("View Product", math="unique"), of("Purchase", math="unique")],
        formula="(B / A) * 100", formula_label="Conversion", unit="week", **days,
    ).series,
    "groups": rows(ws.query("Purchase", group_by=["plan", m.GroupBy(
        "revenue", property_type="number", bucket_size=50, bucket_min=0, bucket_max=200
    )], mode="total", **days)),
    "rolling": ws.query("Purchase", rolling=3, from_date="2025-02-01", to_date="2025-02-10").series,
    "cohort": ws.query("Purchase", where=m.Filter.in_cohort(2003), mode="total", **days).series,
    "funnel": [[step["event"], step["count"]] for step in funnel.steps_data],
    "by_plan": by_plan.series,
    "trend": trend.series,
    "retention": {name: rates for name, rates in retention.segments.items()},
    "everyone": retention.cohorts,
    "brackets": brackets.cohorts,
    "nodes": json.loads(flow.nodes_df.to_json(orient="records")),
    "edges": json.loads(flow.edges_df.to_json(orient="records")),
    "paths": [
        [[s["event"] for s in f["flowSteps"]], int(f["flowSteps"][-1]["totalCount"])] for f in paths.flows
    ],
    "tree": sum(each.total_count for each in tree.trees),
    "saved": {number: ws.query_saved_report(number).series for number in (3001, 3002, 1001, 3004)},
    "users": ws.query_user(mode="aggregate", aggregate="count").aggregate_data,
    "points": ws.query_user(
        mode="aggregate", aggregate="extremes", aggregate_property="loyalty_points"
    ).aggregate_data,
    "buyers": ws.query_user(mode="profiles", cohort=2003, limit=5, properties=["$email"]).total,
}))
"""


@pytest.fixture(scope="module")
def typed(server: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What their typed queries make of the sandbox."""
    account = {"MP_USERNAME": "sandbox", "MP_SECRET": "sandbox", "MP_PROJECT_ID": "1", "MP_REGION": "us"}
    home = tmp_path_factory.mktemp("typed")
    printed = Client("mixpanel-headless==0.4.0").run(TYPED, home=home, MP_API_BASE_URL=server.url, **account)
    answer: dict[str, Any] = json.loads(printed)
    return answer


FOUR_WEEKS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-02-02", "table": "events"}
PRO = 'properties["plan"] == "pro"'


def over_time(result: Any, metric: str) -> dict[str, Any]:
    """A metric's values by moment, as they are on the wire."""
    return {
        f"{row['date']}T00:00:00+00:00": row["value"] for row in result.records() if row["metric"] == metric
    }


def test_typed_metrics_and_formulas_are_the_same(typed: dict[str, Any], ws: Workspace) -> None:
    ours = ws.insights("Purchase", unit="week", **FOUR_WEEKS)
    assert typed["total"] == {"Purchase": over_time(ours, "Purchase")}
    measures = [
        "unique(Purchase)",
        "sum(Purchase, revenue)",
        "p90(Purchase, revenue)",
        "average(per user sum(Purchase, revenue))",
        "distinct(Purchase, product)",
    ]
    where = f'{PRO} and properties["revenue"] >= 20'
    totals = ws.insights(measures, totals=True, where=where, **FOUR_WEEKS).records()
    assert typed["measures"] == {row["metric"]: {"all": pytest.approx(row["value"])} for row in totals}
    formula = ws.insights(
        ["unique(View Product)", "unique(Purchase)"],
        formulas="Conversion = (B / A) * 100",
        unit="week",
        **FOUR_WEEKS,
    )
    assert typed["formula"] == {"Conversion": over_time(formula, "Conversion")}
    days = {"from_date": "2025-02-01", "to_date": "2025-02-10", "table": "events"}
    rolling = ws.insights("Purchase", rolling=3, **days)
    assert typed["rolling"]["Purchase"] == pytest.approx(over_time(rolling, "Purchase"))


def test_typed_groups_are_the_same(typed: dict[str, Any], ws: Workspace) -> None:
    buckets = "buckets(revenue, 0, 50, 100, 150, 200)"
    ours = ws.insights("Purchase", on=["plan", buckets], totals=True, **FOUR_WEEKS).records()
    theirs = {
        (row["plan"], row["revenue"]): row["count"]
        for row in typed["groups"]
        if "$overall" not in (row["plan"], row["revenue"])
    }
    assert theirs == {(row["plan"], row["revenue"]): row["value"] for row in ours}


def test_typed_funnels_are_the_same(typed: dict[str, Any], ws: Workspace) -> None:
    ours = ws.funnel(steps=["View Product", ("Purchase", PRO)], **FOUR_WEEKS)
    assert typed["funnel"] == [[step.event, step.count] for step in ours.steps]
    by_plan = ws.funnel(steps=["View Product", "Purchase"], on="plan", **FOUR_WEEKS)
    [found] = typed["by_plan"].values()
    assert {
        (name, step): counts["all"] for name, each in found.items() for step, counts in each["count"].items()
    } == {(step.segment, f"{step.step}. {step.event}"): step.count for step in by_plan.steps}
    trend = ws.funnel(steps=["View Product", "Purchase"], unit="week", **FOUR_WEEKS)
    [found] = typed["trend"].values()
    assert {
        (day[:10], step): counts["all"]
        for day, each in found.items()
        for step, counts in each["count"].items()
    } == {(str(step.date), f"{step.step}. {step.event}"): step.count for step in trend.steps}


def test_typed_retention_is_the_same(typed: dict[str, Any], ws: Workspace) -> None:
    asked: dict[str, Any] = {"born_event": "Sign Up", "return_event": "Purchase", **FOUR_WEEKS}
    ours = ws.retention(unit="week", on="plan", interval_count=12, **asked)
    found = {"$overall": typed["everyone"], **typed["retention"]}
    assert {
        (name, day): [cohort["first"], cohort["counts"]]
        for name, cohorts in found.items()
        for day, cohort in cohorts.items()
    } == {
        (cohort.segment, str(cohort.date)): [
            cohort.size,
            [each for each in cohort.counts if each is not None],
        ]
        for cohort in ours.cohorts
    }
    brackets = ws.retention(brackets=[0, 1, 3, 7], **asked)
    assert {day: cohort["counts"] for day, cohort in typed["brackets"].items()} == {
        str(cohort.date): list(cohort.counts) for cohort in brackets.cohorts
    }


def test_typed_flows_are_the_same(typed: dict[str, Any], ws: Workspace) -> None:
    ours = ws.flow(start="Sign Up", forward=2, window=7, **FOUR_WEEKS)
    assert [[row["step"], row["event"], row["count"]] for row in typed["nodes"]] == [
        [node.step, node.event, node.count] for node in ours.flow_nodes
    ]
    edges = [[e["source_step"], e["source_event"], e["target_event"], e["count"]] for e in typed["edges"]]
    assert sorted(edges) == sorted([e.step, e.source, e.target, e.count] for e in ours.flow_edges)
    assert typed["paths"] == [[list(path.events), path.count] for path in ours.flow_paths]
    assert typed["tree"] == ours.entered()


def test_their_saved_reports_cohorts_and_users_are_answered(typed: dict[str, Any], store: Dataset) -> None:
    assert all(typed["saved"].values())
    assert typed["cohort"]["Purchase"]["all"] > 0
    assert typed["users"] == store.profiles.page(0)[1]
    assert typed["points"]["min"] < typed["points"]["max"]
    assert typed["buyers"] > 0


DEFINED = """
import json
import mixpanel_headless as m
ws = m.Workspace()
days = {"from_date": "2025-01-06", "to_date": "2025-02-02"}
of = m.CustomPropertyRef
print(json.dumps({
    "events": {each.custom_event_id: each.name for each in ws.list_custom_events()},
    "properties": {each.custom_property_id: each.display_formula for each in ws.list_custom_properties()},
    "one": ws.get_custom_property("6001").name,
    "tables": {each.id: each.name for each in ws.list_lookup_tables()},
    "rows": len(ws.download_lookup_table(7001).splitlines()),
    "users": ws.query(m.Metric(m.CustomEventRef(5001), math="unique"), mode="total", **days).series,
    "average": ws.query(
        m.Metric("Purchase", math="average", property=of(6002)),
        group_by=m.GroupBy(of(6001)), where=[m.Filter.greater_than(of(6002), 50)], mode="total", **days,
    ).series,
    "funnel": [
        step["count"] for step in ws.query_funnel(
            ["$custom_event:5001", "$custom_event:5002"], conversion_window=7, **days
        ).steps_data
    ],
    "flow": [[node["event"] for node in step["nodes"]] for step in ws.query_saved_flows(3005).steps],
}))
"""


def test_custom_events_and_properties_are_read_and_asked(
    server: SandboxServer, ws: Workspace, tmp_path: Path
) -> None:
    account = {"MP_USERNAME": "sandbox", "MP_SECRET": "sandbox", "MP_PROJECT_ID": "1", "MP_REGION": "us"}
    client = Client("mixpanel-headless==0.4.0")
    theirs = json.loads(client.run(DEFINED, home=tmp_path, MP_API_BASE_URL=server.url, **account))
    assert theirs["events"] == {str(each.id): each.name for each in ws.custom_events()}
    assert set(theirs["properties"]) == {str(each.id) for each in ws.custom_properties()}
    assert (theirs["one"], theirs["tables"], theirs["rows"]) == ("Order size", {"7001": "Products"}, 21)
    users = ws.insights("unique($custom_event:5001)", totals=True, **FOUR_WEEKS).df.value.item()
    assert [each["all"] for each in theirs["users"].values()] == [users]
    ours = ws.insights(
        "average(Purchase, $custom_property:6002)",
        on="$custom_property:6001",
        where='properties["$custom_property:6002"] > 50',
        totals=True,
        **FOUR_WEEKS,
    )
    [segments] = theirs["average"].values()
    for row in ours.records():
        assert segments[row["$custom_property:6001"]]["all"] == pytest.approx(row["value"])
    funnel = ws.funnel(steps=["$custom_event:5001", "$custom_event:5002"], **FOUR_WEEKS)
    assert theirs["funnel"] == [step.count for step in funnel.steps]
    assert theirs["flow"][0][0] == "Sign Up"


def test_a_token_is_taken(server: SandboxServer, tmp_path: Path) -> None:
    script = "import mixpanel_headless as m; print(len(m.Workspace().events()))"
    account = {"MP_OAUTH_TOKEN": "sandbox", "MP_PROJECT_ID": "1", "MP_REGION": "us"}
    client = Client("mixpanel-headless==0.4.0")
    assert int(client.run(script, home=tmp_path, MP_API_BASE_URL=server.url, **account)) > 5


def test_a_link_of_ours_leads_them_to_our_figures(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.event_counts(["Purchase"], unit="week", **QUARTER, live=True)
    [series] = theirs["linked"].values()
    assert [value for _, value in sorted(series.items())] == [row["count"] for row in ours.records()]
    assert sum(series.values()) > 0
    assert theirs["own"] == ["Purchases", "insights", True]
