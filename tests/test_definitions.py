"""Custom events, custom properties and lookup tables of a project: listed, in live queries, and on tables."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from workspaces import workspace_on

from mixpanel_nb import ExpressionError, NotFoundError, ParameterError, TableExistsError, Workspace
from mixpanel_nb.bookmarks import body_of, read
from mixpanel_nb.bookmarks.definitions import custom_event_of, custom_property_of
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.queries import Insights
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.sandbox.store import Dataset

JANUARY: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-31"}
LOOKS, PRO, CLOSE = (f"$custom_event:{number}" for number in (5001, 5002, 5003))
NAMES = ("A", "B")
SIZE, EACH, COUNTED = (f"$custom_property:{number}" for number in (6001, 6002, 6003))

WITH_ITEMS = f'defined(properties["{EACH}"])'


@pytest.fixture(scope="module")
def ws(store: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace on a server, with events and the definitions of the project."""
    folder = tmp_path_factory.mktemp("definitions")
    with pytest.MonkeyPatch.context() as patch, SandboxServer(create_app(store)) as server:
        patch.setenv("MIXPANEL_NB_HOME", str(folder / "home"))
        client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
        with workspace_on(client, folder / "data.db") as workspace:
            workspace.fetch_events(from_date="2025-01-01", to_date="2025-03-31")
            workspace.custom_events()
            workspace.custom_properties()
            yield workspace


def test_definitions_are_listed(ws: Workspace) -> None:
    events = {each.name: each for each in ws.custom_events()}
    assert events["Looking around"].reference == LOOKS
    assert events["Pro purchase"].definition == 'Purchase where (properties["plan"] == "pro")'
    properties = {each.name: each for each in ws.custom_properties()}
    assert properties["Revenue per item"].definition.startswith("A / B, A = ")
    assert "no formula" in str(properties["Purchases of 30 days"].problem)
    assert [(each.id, each.name) for each in ws.lookup_tables()] == [(7001, "Products")]
    assert list(ws.custom_events().df.columns)[:3] == ["id", "name", "reference"]
    assert LOOKS in ws.custom_events()._repr_html_()


@pytest.mark.parametrize(
    ("report", "words", "asked"),
    [
        ("insights", ([LOOKS, f"unique({CLOSE})"],), {}),
        ("insights", ([f"average(Purchase, {EACH})"],), {"where": f'properties["{SIZE}"] == "LARGE"'}),
        ("insights", ("Purchase",), {"on": [SIZE, "plan"], "totals": True}),
        ("insights", ("Purchase",), {"on": [f"buckets({EACH}, 0, 50, 100)"], "totals": True}),
        ("funnel", (), {"steps": [LOOKS, "View Product", PRO], "on": "plan"}),
        (
            "funnel",
            (),
            {"steps": [LOOKS, CLOSE], "count": "totals", "where": f'defined(properties["{EACH}"])'},
        ),
        ("retention", (), {"born_event": LOOKS, "return_event": CLOSE, "unit": "week", "on": "plan"}),
        ("retention", (), {"born_event": "Search", "return_event": LOOKS, "unit": "week"}),
        ("retention", (), {"born_event": "Search", "return_event": "Purchase", "return_where": WITH_ITEMS}),
        ("flow", (), {"start": PRO, "end": LOOKS}),
        ("segmentation", (CLOSE,), {"on": "plan", "unit": "week"}),
    ],
)
def test_live_and_local_agree(
    ws: Workspace, report: str, words: tuple[Any, ...], asked: dict[str, Any]
) -> None:
    days = {"from_date": "2025-01-06", "to_date": "2025-02-09"}
    answers = [getattr(ws, report)(*words, **days, **asked, **side) for side in ({}, {"table": "events"})]
    live: list[Any]
    local: list[Any]
    live, local = (sorted(str(sorted(row.items())) for row in answer.records()) for answer in answers)
    if report == "funnel":
        live, local = (
            [(row["event"], row.get("plan"), row["count"]) for row in answer.records()] for answer in answers
        )
    if report in ("retention", "flow"):  # ties of segments, and times of steps, are a table's alone
        live, local = (sorted(map(str, answer.records())) for answer in answers)
    assert live == local
    assert any(
        any(isinstance(value, int | float) and value for value in row.values())
        for row in answers[1].records()
    )


def test_a_custom_event_is_the_union_of_its_events(ws: Workspace) -> None:
    counted = ws.insights(LOOKS, totals=True, table="events", **JANUARY)
    [[alone]] = ws.sql_rows(
        "SELECT count(*) FROM events WHERE event_name IN ('View Product', 'Search') "
        "AND event_time < TIMESTAMP '2025-02-01'"
    )
    assert counted.df.value.item() == alone
    assert any("View Product or Search" in note for note in counted.notes)


@pytest.mark.parametrize("side", [{"table": "events"}, {"live": True}])
def test_cards_and_charts_name_custom_events_and_rows_have_their_ids(
    ws: Workspace, side: dict[str, Any]
) -> None:
    funnel = ws.funnel(steps=[LOOKS, PRO], **side, **JANUARY)
    assert funnel.headline == "Looking around → Pro purchase"
    assert funnel.chart().to_dict()["title"]["text"] == "Looking around → Pro purchase"
    assert "Looking around" in funnel.to_html()
    shown = [line for line in funnel.to_text().splitlines() if " is '" not in line]
    assert not any("$custom_event" in line for line in shown)
    assert [row["event"] for row in funnel.records()] == [LOOKS, PRO]
    assert funnel.events == (LOOKS, PRO)
    assert "event_names" not in funnel.to_dict()

    counted = ws.insights([f"unique({LOOKS})", PRO], **side, **JANUARY)
    assert counted.headline == "unique(Looking around), Pro purchase"
    assert {row["metric"] for row in counted.records()} == {f"unique({LOOKS})", PRO}
    compared = ws.insights(LOOKS, **side, during="2025-W03", compare="previous")
    assert compared.headline.startswith("Looking around")
    born = ws.retention(born_event=LOOKS, return_event=PRO, unit="week", **side, **JANUARY)
    assert "Looking around → Pro purchase" in born.headline


def test_users_are_found_behind_the_numbers_of_custom_events(ws: Workspace) -> None:
    funnel = ws.funnel(steps=[LOOKS, PRO], table="events", **JANUARY)
    assert LOOKS in str(funnel.codes()[0])
    group = funnel.groups()[0]
    assert len(group.answer().df) > 0


def test_a_name_that_two_events_have_is_followed_by_the_id(ws: Workspace) -> None:
    custom, plain = (
        ws.funnel(steps=[LOOKS, other], table="events", **JANUARY) for other in (PRO, "Purchase")
    )
    for funnel, names, headline in (
        (custom, {LOOKS: "Buy", PRO: "Buy"}, f"Buy ({LOOKS}) → Buy ({PRO})"),
        (plain, {LOOKS: "Purchase"}, f"Purchase ({LOOKS}) → Purchase"),
        (custom, {}, f"{LOOKS} → {PRO}"),
    ):
        assert replace(funnel, event_names=names).headline == headline


def test_a_custom_property_is_its_formula(ws: Workspace) -> None:
    counted = ws.segmentation("Purchase", on=SIZE, table="events", **JANUARY).totals
    expected = ws.sql_rows("""
        SELECT
            CASE WHEN revenue >= 150 THEN 'large' WHEN revenue >= 50 THEN 'middle' ELSE 'small' END,
            count(*)
        FROM events WHERE event_name = 'Purchase' AND event_time < TIMESTAMP '2025-02-01' GROUP BY 1
    """)
    assert counted == dict(expected)


def test_what_cannot_be_calculated_is_said(ws: Workspace) -> None:
    for on, words in ((COUNTED, "counts what users did"), ("$custom_property:1", "is not known")):
        with pytest.raises(ParameterError, match=words):
            ws.segmentation("Purchase", on=on, table="events", **JANUARY)
    with pytest.raises(ParameterError, match="custom event 1 is not known"):
        ws.insights("$custom_event:1", table="events", **JANUARY)
    with pytest.raises(ParameterError, match="by their own names"):
        ws.event_counts([LOOKS], table="events", **JANUARY)
    with pytest.raises(ExpressionError, match="in insights, funnel"):
        ws.segmentation("Purchase", on=SIZE, live=True, **JANUARY)


def test_definitions_are_there_without_an_account(ws: Workspace, tmp_path: Path) -> None:
    path = ws.storage.path
    assert path is not None
    with Workspace.open(path) as offline:
        found = offline.insights(LOOKS, totals=True, table="events", **JANUARY)
    assert found.df.value.item() == ws.insights(LOOKS, totals=True, table="events", **JANUARY).df.value.item()


def test_bookmarks_name_them_as_mixpanel_does() -> None:
    """The clauses are those of Mixpanel's own client (see the module's captured bodies for the event)."""
    query = Insights.of(
        {
            "metrics": [f"sum(Purchase, {EACH})"],
            "on": [SIZE],
            "where": f'properties["{EACH}"] > 5',
            **JANUARY,
        }
    )
    bookmark = body_of(query).bookmark
    sections = bookmark["sections"]
    assert sections["show"][0]["measurement"]["property"] == {
        "customPropertyId": 6002,
        "name": "",
        "resourceType": "events",
    }
    assert sections["filter"][0]["customPropertyId"] == 6002
    assert "value" not in sections["filter"][0]
    assert sections["group"][0]["customPropertyId"] == 6001
    assert sections["group"][0]["value"] is None
    again: Any = read(bookmark, query.to_date).query
    assert again.plain() == query.plain()


def test_cohorts_of_mixpanel_in_live_reports(ws: Workspace) -> None:
    days = {**JANUARY, "live": True}
    inside, outside, everyone = (
        ws.insights("Purchase", totals=True, where=where, **days).df.value.item()
        for where in ('in_cohort("$cohort:2001")', 'not in_cohort("$cohort:2001")', None)
    )
    assert 0 < inside < everyone == inside + outside
    split = ws.insights("Purchase", on="cohort:$cohort:2001", totals=True, **days).records()
    assert {row["cohort:$cohort:2001"]: row["value"] for row in split} == {
        "in $cohort:2001": inside,
        "not in $cohort:2001": outside,
    }
    flow = ws.flow(start="Purchase", where='in_cohort("$cohort:2001")', **days)
    assert flow.request is not None
    assert flow.request["json"]["bookmark"]["filter_by_cohort"]["id"] == 2001
    with pytest.raises(ExpressionError) as local:
        ws.insights("Purchase", where='in_cohort("$cohort:2001")', table="events", **JANUARY)
    assert "cohort save NAME --mixpanel 2001" in str(local.value)
    both = 'in_cohort("$cohort:2001") {} properties["plan"] == "pro"'
    asked = ws.flow(start="Purchase", where=both.format("and"), **days).request["json"]["bookmark"]
    assert asked["filter_by_cohort"]["id"] == 2001
    assert len(asked["filter_by_event"]["children"]) == 1
    with pytest.raises(ParameterError, match="only filter"):
        ws.flow(start="Purchase", where=both.format("or"), **days)


def test_a_saved_flow_is_answered_by_a_table(ws: Workspace) -> None:
    saved: Any = ws.saved_report(3005, table="events")
    days = {"from_date": "2025-01-01", "to_date": "2025-01-31"}
    ours = ws.flow(start="Sign Up", forward=3, hide=["Page View"], window=7, table="events", **days)
    assert saved.records() == ours.records()
    assert saved.records()
    with pytest.raises(ParameterError, match="3005 is a flow"):
        ws.saved_report(3005, live=True)


# Formulas: the examples of https://docs.mixpanel.com/docs/features/custom-properties#functions

FORMULAS: list[tuple[str, dict[str, Any], Any]] = [
    ('if(A=="Facebook" or A=="Twitter", "Social", A)', {"a": "facebook"}, "Social"),
    ('if(A=="Facebook" or A=="Twitter", "Social", A)', {"a": "Bing"}, "Bing"),
    ('ifs( A<60,"Less than 1 hour", A<120, "More", A>=120, "Most")', {"a": 119}, "More"),
    ('ifs( A<60,"Less than 1 hour", A<120, "More")', {"a": 130}, None),
    ('IF(NOT(A == "Facebook"), 1, 2)', {"a": "Bing"}, 1),
    ('if("Facebook" in A, "Facebook Corporation", A)', {"a": "m.Facebook.com"}, "Facebook Corporation"),
    ('if(A in ["Chrome","Firefox"],"Acceptable","Unsupported")', {"a": "Opera"}, "Unsupported"),
    ('HAS_SUFFIX(A,"States")', {"a": "United STATES"}, True),
    ("min(A, B)", {"a": 3, "b": 2.5}, 2.5),
    ("max(A, B)", {"a": 3}, None),
    ('upper(A) + "!"', {"a": "hello"}, "HELLO!"),
    ('lower("FacEBook")', {}, "facebook"),
    ("len(A)", {"a": "Canada"}, 6),
    ("len(A)", {"a": ["x", "y"]}, 2),
    ("left(A,3)", {"a": "Canada"}, "Can"),
    ("right(A,3)", {"a": "Canada"}, "ada"),
    ("mid(A,1,4)", {"a": "Canada"}, "Cana"),
    ('split(A,"@",2)', {"a": "dwight@dm.com"}, "dm.com"),
    ('split(A,"@",4)', {"a": "dwight@dm.com"}, None),
    ('split(A,"/",2)', {"a": "dwight@dm.com"}, "dwight@dm.com"),
    ('split(A,"/",2)', {"a": "empty//string/"}, ""),
    ('len(split(A,"/"))', {"a": "a/b/c/d"}, 4),
    (
        'let(spend, A * B, ifs(spend < 50, "none", spend < 200, "gold", TRUE, "platinum")) // as documented',
        {"a": 20, "b": 5},
        "gold",
    ),
    ("IF(DEFINED(A), A, 0)", {}, 0),
    ("A != B", {"a": "x", "b": "X"}, False),
    ("NUMBER(MID(A, 12, 2))", {"a": "2025-01-31T17:30:00"}, 17),
    ("undefined", {}, None),
]


@pytest.fixture(scope="module")
def memory() -> Iterator[Workspace]:
    with Workspace.memory(account="sandbox") as workspace:
        yield workspace


@pytest.mark.parametrize(("formula", "held", "expected"), FORMULAS)
def test_formulas(
    memory: Workspace, formula: str, held: dict[str, Any], expected: Any, tmp_path: Path
) -> None:
    line = {"event": "E", "properties": {"time": 1738400000, "distinct_id": "u", "$insert_id": "i", **held}}
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(line))
    memory.load(file, "one", if_exists="replace")
    composed = {name: {"value": name.lower(), "type": "any", "resourceType": "event"} for name in NAMES}
    item = {"customPropertyId": 1, "name": "F", "displayFormula": formula, "composedProperties": composed}
    assert custom_property_of(1, item).problem is None
    memory.storage.define("custom_property", {1: item})
    days = {"from_date": "2025-02-01", "to_date": "2025-02-01"}
    counted: Any = memory.segmentation("E", on="$custom_property:1", table="one", **days)
    [found] = counted.totals
    shown = (
        "undefined"
        if expected is None
        else str(expected).lower()
        if isinstance(expected, bool)
        else str(expected)
    )
    assert found == shown


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ('regex_match(A, "x")', "There is no function 'regex_match'"),
        ('datedif(A, TODAY(), "D")', "There is no function"),
        ("sum(map(X, A, X * 2))", "There is no function"),
        ("A + Z", "'Z' stands for nothing"),
        ("let(A)", "takes 3 to"),
        ("if(A, 1)", "takes 3 to 3"),
        ("A +", "ends too early"),
        ('X["Price"]', "There is no 'X'"),
    ],
)
def test_formulas_without_a_translation_are_named(formula: str, words: str) -> None:
    composed = {"A": {"value": "a", "type": "string", "resourceType": "event"}}
    found = custom_property_of(9, {"displayFormula": formula, "composedProperties": composed})
    assert words in str(found.problem)


@pytest.mark.parametrize(
    ("alternatives", "words"),
    [
        (None, "does not say"),
        ([], "does not say"),
        ([{}], "has no name"),
        ([{"event": "A", "serialized": "("}], "ends too early"),
        ([{"event": "A", "valid_segfilter": {"filters": [{"odd": 1}]}}], "of an unknown form"),
    ],
)
def test_custom_events_without_a_translation_are_named(alternatives: Any, words: str) -> None:
    assert words in str(custom_event_of(9, {"name": "E", "alternatives": alternatives}).problem)


def test_a_filter_in_the_form_of_flows_is_read() -> None:
    clause = {
        "property": {"name": "plan", "source": "properties", "type": "string"},
        "type": "string",
        "selected_property_type": "string",
        "filter": {"operator": "==", "operand": ["pro"]},
    }
    item = {"alternatives": [{"event": "A", "valid_segfilter": {"op": "and", "filters": [clause]}}]}
    assert custom_event_of(9, item).words() == 'A where properties["plan"] == "pro"'


def test_a_custom_event_that_contains_itself_is_refused(memory: Workspace, tmp_path: Path) -> None:
    events = {
        1: {"alternatives": [{"event": "$custom_event:2"}]},
        2: {"alternatives": [{"event": "$custom_event:1"}]},
    }
    memory.storage.define("custom_event", events)
    file = tmp_path / "events.jsonl"
    file.write_text('{"event": "E", "properties": {"time": 1738400000, "distinct_id": "u"}}')
    memory.load(file, "one", if_exists="replace")
    with pytest.raises(ParameterError, match="contains itself"):
        memory.insights("$custom_event:1", table="one", from_date="2025-02-01", to_date="2025-02-01")


# Lookup tables


def test_columns_of_a_lookup_table_are_properties(ws: Workspace, tmp_path: Path) -> None:
    ws.lookup("products", 7001, property="product_id")
    counted = ws.segmentation(
        "Add to Cart", on="lookup:products.department", table="events", **JANUARY
    ).totals
    expected = ws.sql_rows("""
        SELECT department, count(*) FROM events JOIN lookup_products ON sku = product_id
        WHERE event_name = 'Add to Cart' AND event_time < TIMESTAMP '2025-02-01' GROUP BY 1
    """)
    assert counted == dict(expected)
    frame = ws.sql("SELECT sku, margin * 2 AS twice FROM lookup_products LIMIT 5")
    one = ws.lookup("again", frame, property="product_id")
    assert one.columns == ("lookup:again.twice",)
    both = ws.insights(
        "sum(Add to Cart, lookup:again.twice)",
        where='properties["lookup:products.fragile"] == true',
        totals=True,
        table="events",
        **JANUARY,
    )
    [[alone]] = ws.sql_rows("""
        SELECT sum(margin * 2) FROM events JOIN lookup_products ON sku = product_id AND fragile
        WHERE event_name = 'Add to Cart' AND event_time < TIMESTAMP '2025-02-01'
        AND sku IN (SELECT sku FROM lookup_again)
    """)
    assert both.df.value.item() == pytest.approx(alone)
    assert {each.name for each in ws.lookups()} == {"products", "again"}
    ws.drop_lookup("again")
    assert {each.name for each in ws.lookups()} == {"products"}


@pytest.mark.parametrize(
    ("on", "words"),
    [
        ("lookup:products.departmnt", "has no column"),
        ("lookup:products", "none of its columns"),
        ("lookup:product.department", "no lookup table 'product'"),
        ("lookup:", "no lookup table"),
    ],
)
def test_a_wrong_name_of_a_lookup_tables_column_is_told(ws: Workspace, on: str, words: str) -> None:
    ws.lookup("products", 7001, property="product_id")
    with pytest.raises(ParameterError, match=words) as wrong:
        ws.segmentation("Add to Cart", on=on, table="events", **JANUARY)
    assert wrong.value.hint
    with pytest.raises(ParameterError, match="does not know the lookup tables"):
        ws.insights("Add to Cart", on=on, live=True, **JANUARY)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column beside"),
        ("key\n1\n", "no column beside"),
        ("key,a\n1,2\n1,3\n", "rows 2 and 3 have the same key '1'"),
        ("key,a\n,2\n", "row 2 has no key"),
        ("key,a\n1,2,3\n", "row 2 has 3 values"),
        ("key,a,A\n1,2,3\n", "no names, or the same"),
        ('key,a\n"1,2\n', "is no CSV"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_what_is_no_lookup_table_is_refused(
    memory: Workspace, text: str | bytes, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ParameterError, match=words):
        memory.lookup("odd", file, property="a")


def test_odd_names_of_lookup_tables(memory: Workspace, ws: Workspace) -> None:
    frame = pd.DataFrame({"key": ["1"], 'odd " column': ["x"], "date": [2.5]})
    found = memory.lookup("Odd name-1", frame, property='any "thing"')
    assert found.columns == ('lookup:Odd name-1.odd " column', "lookup:Odd name-1.date")
    for name in ("", "a.b", "x" * 80, "a;b"):
        with pytest.raises(ParameterError, match="cannot name"):
            memory.lookup(name, frame, property="a")
    with pytest.raises(ParameterError, match="id of users"):
        memory.lookup("users", frame, property="distinct_id")
    memory.sql("CREATE TABLE lookup_taken (a INTEGER)")
    with pytest.raises(TableExistsError):
        memory.lookup("taken", frame, property="a")
    with pytest.raises(ParameterError, match="no source"):
        memory.lookup("x", 1.5, property="a")
    with pytest.raises(NotFoundError):
        ws.lookup("nowhere", 99, property="a")


def test_kinds_of_columns(memory: Workspace, tmp_path: Path) -> None:
    """https://developer.mixpanel.com/reference/replace-lookup-table#types"""
    file = tmp_path / "kinds.csv"
    file.write_text('id,i,f,b,l,s,m,e\nx,1,1.5,TRUE,"[""a""]",t,1,\ny,2,2,false,"[]",u,t,\n')
    memory.lookup("kinds", file, property="a")
    [row, _] = memory.sql_rows("SELECT i, f, b, l, s, m, e FROM lookup_kinds ORDER BY id")
    assert tuple(row) == (1, 1.5, True, '["a"]', "t", "1", None)
