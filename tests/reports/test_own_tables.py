"""Tables that people make in SQL, with columns of any type, answer every report as the fetched table does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb import Workspace
from mixpanel_nb.errors import StorageError

from .strategies import NAMES, NUMBER, SET, TEXT, USERS, examples, ranges, scenes
from .support import Project, assert_same, feed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .support import Package

# What a column of an own table is, from the fetched one's.
TIMES = {
    "TIMESTAMP": "event_time",
    "TIMESTAMPTZ": "timezone('UTC', event_time)",
    "TIMESTAMP_MS": "CAST(event_time AS TIMESTAMP_MS)",
    "TIMESTAMP_NS": "CAST(event_time AS TIMESTAMP_NS)",
    "text": "CAST(event_time AS VARCHAR)",
    "text with T and Z": "strftime(event_time, '%Y-%m-%dT%H:%M:%S.%fZ')",
    "text with an offset": (
        "strftime(event_time + INTERVAL '5 hours 30 minutes', '%Y-%m-%d %H:%M:%S.%f+05:30')"
    ),
    "text of BigQuery": "strftime(event_time, '%Y-%m-%d %H:%M:%S.%f UTC')",
    "JSON text": "to_json(strftime(event_time, '%Y-%m-%dT%H:%M:%S.%f'))",
    "seconds, DOUBLE": "epoch(event_time)",
    "seconds, DECIMAL": "CAST(epoch_ms(event_time) AS DECIMAL(18, 3)) / 1000::DECIMAL(18, 3)",
    "milliseconds": "epoch_ms(event_time)",
    "milliseconds, DOUBLE": "CAST(epoch_ms(event_time) AS DOUBLE)",
    "microseconds": "epoch_us(event_time)",
    "nanoseconds": "epoch_ns(event_time)",
    "nanoseconds, DOUBLE": "CAST(epoch_ns(event_time) AS DOUBLE)",
    "nanoseconds, HUGEINT": "CAST(epoch_ns(event_time) AS HUGEINT)",
}
USER_TYPES = ["VARCHAR", "BIGINT", "UBIGINT", "HUGEINT", "DOUBLE", "DECIMAL(18, 0)", "JSON", "UUID", "ENUM"]
PLANS = {"VARCHAR": "plan", "JSON": "to_json(plan)"}
AMOUNTS = {
    "DOUBLE": "amount",
    "DECIMAL": "CAST(amount AS DECIMAL(12, 2))",
    "FLOAT64": "CAST(amount AS DOUBLE)",
}
TAGS = {"JSON": "tags", "VARCHAR[]": "CAST(tags AS VARCHAR[])"}
ROWS = {
    "all": "insert_id, properties, {typed}",
    "JSON alone": "insert_id, properties",
    "JSON as text": "insert_id, CAST(properties AS VARCHAR) AS properties, {typed}",
    "no JSON": "insert_id, {typed}",
    "no ids": "properties, {typed}",
    "neither": "{typed}",
}


@st.composite
def properties(draw: st.DrawFn) -> dict[str, Any]:
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "plan": TEXT,
        "amount": NUMBER,
        "flag": st.booleans(),
        "tags": st.lists(st.sampled_from(["free", "pro", "5"]), max_size=3),
    }
    return {name: draw(values) for name, values in kinds.items() if draw(SET)}


# A copy of a table that was sorted is a table in that order, whose events were sent in another one.
SCENES = scenes(properties()).map(lambda scene: (replace(scene[0], sorted=0), scene[1]))


@st.composite
def questions(draw: st.DrawFn, day: date) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    """Some questions, of any report."""
    days = draw(ranges(day))
    name, on = st.sampled_from(NAMES), draw(st.sampled_from(["plan", "amount", "flag", "tags"]))
    where = draw(
        st.sampled_from([None, 'properties["plan"] == "free"', 'defined(properties["tags"])'])
        | st.sampled_from(['properties["amount"] > 1 or properties["flag"]', '"pro" in properties["tags"]'])
    )
    counted = {**days, "where": where, "type": draw(st.sampled_from(["general", "unique", "average"]))}
    steps = draw(st.lists(name, min_size=2, max_size=3))
    unit = draw(st.sampled_from(["day", "week"]))
    all_of_them: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("segmentation", (draw(name),), {**counted, "on": on, "unit": unit}),
        ("segmentation", (draw(name),), {**counted, "on": None, "unit": unit}),
        ("segmentation_numeric", (draw(name),), {**counted, "on": "amount", "unit": unit}),
        ("segmentation_sum", (draw(name),), {**days, "where": where, "on": "amount"}),
        ("segmentation_average", (draw(name),), {**days, "where": where, "on": "amount"}),
        ("event_counts", (NAMES,), {**counted, "unit": unit}),
        ("property_counts", (draw(name), on), {**counted, "unit": unit}),
        ("top_events", (), {"date": days["to_date"]}),
        ("funnel", (), {**days, "steps": steps, "where": where}),
        ("funnel", (), {**days, "steps": steps, "on": on, "unit": "day"}),
        ("retention", (), {**days, "born_event": draw(name), "return_event": draw(name), "unit": unit}),
        ("frequency", (), {**days, "event": draw(name), "unit": "day", "addiction_unit": "hour"}),
        ("activity_feed", (["u1", "1", "2", "u2"],), days),
    ]
    chosen = draw(st.lists(st.sampled_from(range(len(all_of_them))), min_size=3, max_size=4, unique=True))
    return [all_of_them[place] for place in chosen]


def with_numbers_for_users(project: Project, kind: str) -> Project:
    """The same events of users whose ids such a type can hold."""
    if kind in {"VARCHAR", "JSON", "ENUM"}:
        return project
    ids = {user: f"{place}" for place, user in enumerate(USERS, start=1)}
    if kind == "UUID":
        ids = {user: f"00000000-0000-4000-8000-{place:012}" for user, place in ids.items()}
    events = [
        {**event, "properties": {**held, **({"distinct_id": ids[who]} if who in ids else {})}}
        for event in project.events
        for held in [event["properties"]]
        for who in [held.get("distinct_id")]
    ]
    return replace(project, events=events)


def user_sql(ws: Workspace, kind: str) -> str:
    if kind == "ENUM":
        ws.sql(
            "DROP TYPE IF EXISTS who; CREATE TYPE who AS ENUM "
            "(SELECT DISTINCT distinct_id FROM events WHERE distinct_id IS NOT NULL)"
        )
        return "CAST(distinct_id AS who)"
    if kind == "JSON":
        return "to_json(distinct_id)"
    return "distinct_id" if kind == "VARCHAR" else f"TRY_CAST(distinct_id AS {kind})"


def answers(ws: Workspace, table: str, asked: list[Any]) -> list[Any]:
    found = []
    for report, args, query in asked:
        result = getattr(ws, report)(*args, **query, table=table)
        if report == "activity_feed":
            rows = [{**event, "properties": None} for event in feed(result)]
        else:
            rows = list(result.records())
        found.append(rows)
    return found


@st.composite
def cases(draw: st.DrawFn) -> tuple[Project, dict[str, str], list[Any]]:
    project, day = draw(SCENES)
    made = {
        "time": draw(st.sampled_from([*TIMES])),
        "user": draw(st.sampled_from(USER_TYPES)),
        "plan": draw(st.sampled_from([*PLANS])),
        "amount": draw(st.sampled_from([*AMOUNTS])),
        "tags": draw(st.sampled_from([*TAGS])),
        "rows": draw(st.sampled_from([*ROWS])),
        "kind": draw(st.sampled_from(["TABLE", "TABLE", "VIEW"])),
    }
    return replace(project, columns=["plan", "amount", "flag", "tags"]), made, draw(questions(day))


@examples(80)
@given(cases())
def test_columns_of_any_type(package: Package, case: tuple[Project, dict[str, str], list[Any]]) -> None:
    project, made, asked = case
    project = with_numbers_for_users(project, made["user"])
    package(project)
    ws = package.workspace(project.zone, project.week_start)
    held = {column.name for column in ws.schema("events")}
    typed = {
        "plan": PLANS[made["plan"]],
        "amount": AMOUNTS[made["amount"]],
        "flag": "flag",
        "tags": TAGS[made["tags"]],
    }
    listed = ", ".join(f"{sql} AS {name}" for name, sql in typed.items() if name in held) or "1 AS nothing"
    rows = ROWS[made["rows"]]
    if made["kind"] == "VIEW" and "insert_id" not in rows:  # nothing tells its rows apart
        rows = f"insert_id, {rows}"
    ws.sql(
        "DROP TABLE IF EXISTS own; DROP VIEW IF EXISTS own_view; "
        f"CREATE {made['kind']} {'own' if made['kind'] == 'TABLE' else 'own_view'} AS "
        f"SELECT event_name, {TIMES[made['time']]} AS event_time, {rows.format(typed=listed)}, "
        f"{user_sql(ws, made['user'])} AS distinct_id FROM events ORDER BY insert_id"
    )
    own = "own" if made["kind"] == "TABLE" else "own_view"
    for actual, expected, question in zip(
        answers(ws, own, asked), answers(ws, "events", asked), asked, strict=True
    ):
        assert_same(actual, expected, (question, made))


@st.composite
def at_midnight(draw: st.DrawFn) -> tuple[Project, list[Any]]:
    """A project whose events all happen at the beginning of a day of its zone."""
    project, day = draw(SCENES)
    zone = ZoneInfo(project.zone)

    def moved(seconds: float) -> int:
        local = datetime.fromtimestamp(seconds, UTC).astimezone(zone).date()
        return int(datetime.combine(local, time.min, zone).timestamp())

    events = [
        {**event, "properties": {**event["properties"], "time": moved(event["properties"]["time"])}}
        for event in project.events
    ]
    return replace(project, events=events), draw(questions(day))


@examples(30)
@given(at_midnight(), st.sampled_from(["DATE", "VARCHAR"]))
def test_days_are_days_of_the_projects_zone(
    package: Package, case: tuple[Project, list[Any]], kind: str
) -> None:
    project, asked = case
    package(project)
    ws = package.workspace(project.zone, project.week_start)
    local = f"timezone('{project.zone}', timezone('UTC', event_time))"
    ws.sql(
        "CREATE OR REPLACE TABLE days AS "
        f"SELECT * REPLACE (CAST(CAST({local} AS DATE) AS {kind}) AS event_time) FROM events"
    )
    for actual, expected, question in zip(
        answers(ws, "days", asked), answers(ws, "events", asked), asked, strict=True
    ):
        assert_same(actual, expected, question)


# Single tables, by hand

JANUARY: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-31"}


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace.memory(account="sandbox") as ws:
        yield ws


def made(ws: Workspace, time: str, user: str = "'u'", more: str = "") -> None:
    """A table ``own`` of one event ``A``, or as many as ``time`` lists."""
    ws.sql(
        "CREATE OR REPLACE TABLE own AS "
        f"SELECT 'A' AS event_name, unnest({time}) AS event_time, {user} AS distinct_id{more}"
    )


def counted(ws: Workspace, **query: Any) -> list[Any]:
    result = ws.segmentation("A", **{**JANUARY, **query}, table="own")
    return [row for row in result.records() if row["count"]]


@pytest.mark.parametrize(
    "text",
    [
        "2025-01-03",
        "2025-01-03 10:00",
        "2025-01-03T10:00:00",
        "2025-01-03T10:00:00.123456789Z",
        " 2025-01-03 10:00:00+00 ",
        "2025-01-03 23:30:00-00:15",
        "2025-01-04 01:00:00 +02:00",
        "2025-01-04T01:00:00+0530",
        "2025-01-03 10:00:00 UTC",
        "2025-01-04 00:30:00 Europe/Berlin",
    ],
)
def test_forms_of_text(ws: Workspace, text: str) -> None:
    made(ws, f"['{text}']")
    assert [str(row["date"]) for row in counted(ws)] == ["2025-01-03"]


def test_a_zone_within_a_text_counts_whatever_the_session_has(ws: Workspace) -> None:
    made(ws, "['2025-01-03 23:30:00', '2025-01-03T23:30:00-05:00']")
    ws.sql("SET TimeZone = 'America/New_York'")
    assert [str(row["date"]) for row in counted(ws)] == ["2025-01-03", "2025-01-04"]


def test_texts_that_are_no_times_are_said(ws: Workspace) -> None:
    made(ws, "['2025-01-03', 'n/a', '', NULL]")
    result = ws.segmentation("A", **JANUARY, table="own")
    assert sum(row["count"] for row in result.records()) == 1
    assert "2 of 3 rows of own are left out: their event_time is no time, such as 'n/a'." in result.notes


def test_days_are_said_to_be_days(ws: Workspace) -> None:
    made(ws, "[DATE '2025-01-03']")
    (note,) = ws.segmentation("A", **JANUARY, table="own").notes
    assert note == "event_time of own holds days: what comes first within a day is not known."


REFUSED = {
    "[20250103]": "event_time of own holds numbers (20250103)",
    "[1735689600, 1735689600000]": "event_time of own holds numbers (1735689600 to 1735689600000)",
    "[0]": "event_time of own holds numbers (0)",
    "['03/01/2025']": "event_time of own is text, such as '03/01/2025', and none of it is a time",
    "[TIME '10:00']": "event_time of own is of type TIME, which holds no times.",
    "[TRUE]": "event_time of own is of type BOOLEAN, which holds no times.",
}


@pytest.mark.parametrize("times", REFUSED)
def test_what_is_no_time_is_refused_with_what_to_type(ws: Workspace, times: str) -> None:
    made(ws, times)
    with pytest.raises(StorageError) as refused:
        counted(ws)
    assert REFUSED[times] in refused.value.message
    assert refused.value.hint is not None
    assert "CREATE VIEW own_events AS SELECT * REPLACE (" in refused.value.hint


def test_users_that_are_no_names_are_refused(ws: Workspace) -> None:
    made(ws, "[DATE '2025-01-03']", user="[1, 2]")
    with pytest.raises(
        StorageError, match=r"distinct_id of own is of type INTEGER\[\], which holds no names"
    ):
        counted(ws)


def test_an_empty_table_of_numbers_is_asked(ws: Workspace) -> None:
    ws.sql("CREATE TABLE own (event_name VARCHAR, event_time BIGINT, distinct_id BIGINT)")
    assert not counted(ws)


def test_whole_numbers_that_pandas_made_decimal_are_the_same_users(ws: Workspace) -> None:
    made(ws, "[DATE '2025-01-03']", user="CAST(7 AS DOUBLE)")
    assert [event.distinct_id for event in ws.activity_feed("7", **JANUARY, table="own").events] == ["7"]


@pytest.mark.parametrize(
    ("sql", "segment"),
    [
        ("DATE '2025-01-31'", "2025-01-31"),
        ("CAST('x' AS ENUM('x', 'y'))", "x"),
        ("UUID '00000000-0000-4000-8000-000000000001'", "00000000-0000-4000-8000-000000000001"),
        ("['a']", "a"),
        ("CAST(5 AS UTINYINT)", "5"),
        ("CAST(2.50 AS DECIMAL(9, 2))", "2.5"),
        ("{'a': 1}", '{"a":1}'),
        ("MAP {'a': 1}", '{"a":1}'),
        ("timezone('UTC', TIMESTAMP '2025-01-31 10:00')", "2025-01-31T10:00:00"),
    ],
)
def test_columns_of_any_type_are_properties(ws: Workspace, sql: str, segment: str) -> None:
    made(ws, "[DATE '2025-01-03']", more=f", {sql} AS held")
    assert [row["segment"] for row in counted(ws, on="held")] == [segment]
    assert "held" in ws.activity_feed("u", **JANUARY, table="own").events[0].properties


def test_a_struct_of_properties_is_read_as_json(ws: Workspace) -> None:
    made(ws, "[DATE '2025-01-03']", more=", {'plan': 'pro'} AS properties")
    assert [row["segment"] for row in counted(ws, on="plan")] == ["pro"]


def test_names_of_columns_know_no_case(ws: Workspace) -> None:
    ws.sql("CREATE TABLE own AS SELECT 'A' AS Event_Name, DATE '2025-01-03' AS EVENT_TIME, 5 AS Distinct_Id")
    assert len(counted(ws)) == 1


def test_rows_without_ids_stay_different_events(ws: Workspace) -> None:
    made(ws, "[TIMESTAMP '2025-01-03', TIMESTAMP '2025-01-03']")
    assert [step.count for step in ws.funnel(steps=["A", "A"], **JANUARY, table="own").steps] == [1, 1]
    made(ws, "[TIMESTAMP '2025-01-03']")
    assert [step.count for step in ws.funnel(steps=["A", "A"], **JANUARY, table="own").steps] == [1, 0]


def test_a_view_without_ids_answers_every_report(ws: Workspace) -> None:
    """Nothing tells which of its events of one time came first; all of them count."""
    rows = "('A', TIMESTAMP '2025-01-03', 'u'), ('B', '2025-01-03', 'u'), ('A', '2025-01-02', 'v')"
    ws.sql(f"CREATE TABLE own AS FROM (VALUES {rows}) AS t(event_name, event_time, distinct_id)")
    ws.sql("CREATE VIEW seen AS SELECT * FROM own WHERE true")
    asked: dict[str, dict[str, Any]] = {
        "insights": {"metrics": "unique(A)"},
        "active": {},
        "segmentation": {"event": "A"},
        "event_counts": {"events": ["A", "B"]},
        "property_counts": {"event": "A", "prop": "distinct_id"},
        "top_events": {},
        "funnel": {"steps": ["A", "B"]},
        "retention": {"born_event": "A"},
        "flow": {"start": "A"},
        "frequency": {},
        "sessions": {},
        "activity_feed": {"distinct_ids": ["v", "u"]},
    }
    for report, query in asked.items():
        days = {} if report == "top_events" else JANUARY
        answers = [getattr(ws, report)(**query, **days, table=table) for table in ("seen", "own")]
        assert answers[0].records() == answers[1].records(), report
    users = ws.segmentation("A", **JANUARY, table="seen").users()
    assert [(row["event_name"], row["distinct_id"]) for row in users.events().records()] == [
        ("A", "v"),
        ("A", "u"),
        ("B", "u"),
    ]


def test_users_of_an_own_table_of_profiles(ws: Workspace) -> None:
    made(ws, "[DATE '2025-01-03']", user="CAST(7 AS BIGINT)")
    ws.sql("CREATE TABLE profiles AS SELECT 7 AS distinct_id, 'Berlin' AS city")
    assert [row["segment"] for row in counted(ws, on='user["city"]')] == ["Berlin"]


def test_a_table_with_other_names_is_told_how_to_name_them(ws: Workspace) -> None:
    ws.sql("CREATE TABLE orders AS SELECT 5 AS order_id, TIMESTAMP '2025-01-03' AS ts, 7 AS customer_id")
    with pytest.raises(StorageError, match="has no column 'event_name', so it holds no events") as refused:
        ws.segmentation("Event", **JANUARY, table="orders")
    assert refused.value.hint is not None
    ws.sql(refused.value.hint[refused.value.hint.index("CREATE") :])
    assert ws.segmentation("Event", **JANUARY, table="orders_events").df["count"].sum() == 1


def test_a_property_of_a_fetched_table_can_be_a_column_of_ones_own(package: Package) -> None:
    day = date(2025, 1, 3)
    event = {"event": "A", "properties": {"time": int(datetime(2025, 1, 3, tzinfo=UTC).timestamp())}}
    package(Project([event]))
    ws = package.workspace()
    ws.sql("ALTER TABLE events ADD COLUMN tier VARCHAR; UPDATE events SET tier = 'gold'")
    result = ws.segmentation("A", from_date=day, to_date=day + timedelta(days=1), on="tier", table="events")
    assert list(result.totals) == ["gold"]


def test_the_offset_in_a_text_of_datetime_counts(ws: Workspace) -> None:
    made(ws, "[DATE '2025-01-03']", more=", '2025-01-03T23:30:00-05:00' AS held")
    for moment, count in (("2025-01-04T04:29:59", 1), ("2025-01-04T04:30:00", 0)):
        assert len(counted(ws, where=f'datetime(properties["held"]) > datetime("{moment}")')) == count
