"""Tables of pipelines, Fivetran and Airbyte answer where they are as they do when they are loaded."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from mixpanel_nb import ParameterError, QueryError, StorageError, TableNotFoundError, Workspace

from . import connectors
from .compared import assert_same
from .connectors import DAYS, TABLES
from .corpus import asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Open = Callable[[str], Workspace]

PLAN = {"pipelines": "plan", "fivetran": "plan", "airbyte": "_plan"}
"""The property of the plan: Airbyte keeps it apart from the property ``Plan``."""


def questions(tool: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """Questions of several reports, by name; Airbyte's table has no numbers."""
    plan = PLAN[tool]
    steps = ["App Open", "View Product", "Purchase"]
    common: dict[str, tuple[str, dict[str, Any]]] = {
        "segmentation": ("segmentation", {"event": "Page View", "unit": "hour"}),
        "users": ("segmentation", {"event": None, "type": "unique", "unit": "day"}),
        "breakdown": ("segmentation", {"event": "Purchase", "on": plan}),
        "filter": ("segmentation", {"event": None, "where": f'properties["{plan}"] in ["pro", "plus"]'}),
        "profiles": ("segmentation", {"event": None, "on": 'user["channel"]', "type": "unique"}),
        "funnel": ("funnel", {"steps": steps, "on": plan}),
        "retention": ("retention", {"born_event": "App Open", "return_event": "View Product", "unit": "day"}),
        "flow": ("flow", {"start": "View Product", "forward": 2}),
        "top events": ("event_counts", {"events": ["Page View", "Purchase"], "type": "average"}),
    }
    if tool == "airbyte":
        return common
    numbers = ["sum(Purchase, revenue)", "median(View Product, price)", "distinct(*, categories)"]
    return common | {
        "numbers": ("insights", {"metrics": numbers, "on": [plan]}),
        "list": ("segmentation", {"event": None, "on": "categories", "type": "unique"}),
    }


CASES = [(tool, name) for tool in TABLES for name in questions(tool)]
FEW = [("pipelines", "users"), ("pipelines", "profiles"), ("fivetran", "numbers"), ("airbyte", "funnel")]
"""Of an engine that is slow with small tables; ``make engines`` asks all."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("connectors")
    connectors.write(folder)
    return folder


def part(made: Path, tool: str, table: str) -> Path:
    return made / tool / table / "part.parquet"


@pytest.fixture(scope="module")
def loaded(made: Path) -> Iterator[Open]:
    """The same files in a table of DuckDB, by ``load``, with the identities of the mappings."""
    opened: dict[str, Workspace] = {}

    def of(tool: str) -> Workspace:
        if tool not in opened:
            ws = opened[tool] = Workspace.memory(account="sandbox")
            events, people, *mappings = TABLES[tool]
            ws.load(part(made, tool, events), from_tool=tool)
            star = "* REPLACE (CAST(properties AS JSON) AS properties)" if tool == "pipelines" else "*"
            ws.sql(f"CREATE TABLE profiles AS SELECT {star} FROM '{part(made, tool, people)}'")
            # Where times tie, other engines have the order of ids.
            for table in mappings:
                ws.identities("events", mapping=part(made, tool, table))
        return opened[tool]

    yield of
    for ws in opened.values():
        ws.close()


def check(tool: str, name: str, loaded: Workspace, where: Workspace) -> None:
    report, given = questions(tool)[name]
    ours = getattr(loaded, report)(**given, **DAYS, table="events").records()
    theirs = getattr(where, report)(**given, **DAYS).records()
    assert ours
    assert_same(ours, theirs, asked(report, **given))


@pytest.mark.parametrize(("tool", "name"), CASES)
def test_a_folder_of_files_is_read_where_it_is(made: Path, loaded: Open, tool: str, name: str) -> None:
    with Workspace.lake(made / tool, mapping=tool, account="sandbox") as ws:
        check(tool, name, loaded(tool), ws)


@pytest.fixture(scope="module")
def clickhouse(made: Path) -> Iterator[Any]:
    from chdb.session import Session

    session = Session()
    session.query("CREATE DATABASE shop")
    for tool, tables in TABLES.items():
        for table in tables:
            file = part(made, tool, table)
            session.query(f"CREATE VIEW shop.{table} AS SELECT * FROM file('{file}')")
    yield session
    session.close()


@pytest.mark.parametrize(("tool", "name"), CASES)
def test_tables_of_clickhouse_are_read_where_they_are(
    clickhouse: Any, loaded: Open, tool: str, name: str
) -> None:
    ws = Workspace.over(clickhouse, events=f"shop.{TABLES[tool][0]}", mapping=tool, account="sandbox")
    check(tool, name, loaded(tool), ws)


@pytest.mark.parametrize(("tool", "name"), CASES if os.environ.get("ENGINE_QUESTIONS") == "all" else FEW)
def test_tables_of_spark_are_read_where_they_are(
    made: Path, spark_session: Any, loaded: Open, tool: str, name: str
) -> None:
    for table in TABLES[tool]:
        spark_session.read.parquet(str(part(made, tool, table))).createOrReplaceTempView(table)
    ws = Workspace.over(spark_session, mapping=tool, account="sandbox")
    check(tool, name, loaded(tool), ws)


# Identities


def test_users_are_those_of_the_identity_mappings(made: Path) -> None:
    """The users behind a number, counted from the files by hand."""
    with duckdb.connect() as con:
        events = part(made, "pipelines", "mp_master_event")
        rows = con.execute(f"SELECT DISTINCT distinct_id FROM '{events}' WHERE distinct_id <> ''").fetchall()
        known = dict(
            con.execute(
                f"SELECT * FROM '{part(made, 'pipelines', 'mp_identity_mappings_data_view')}'"
            ).fetchall()
        )
    ids = {row[0] for row in rows}
    users = {known.get(each, each) for each in ids}
    assert len(users) < len(ids)
    with Workspace.lake(made / "pipelines", mapping="pipelines", account="sandbox") as ws:
        asking: dict[str, Any] = {"event": None, "type": "unique", "unit": "month", "where": "true", **DAYS}
        resolved, raw = ws.segmentation(**asking), ws.segmentation(**asking, identities="raw")
        assert resolved.notes[0] == "Users are resolved by mp_identity_mappings_data_view."
    empty = {0, 1}  # events without a user are those of one more
    assert resolved.totals["total"] - len(users) in empty
    assert raw.totals["total"] - len(ids) in empty


def test_an_id_that_is_mapped_twice_counts_its_events_once(made: Path) -> None:
    with duckdb.connect() as con:
        con.execute(f"CREATE VIEW mp_master_event AS FROM '{part(made, 'pipelines', 'mp_master_event')}'")
        mappings = part(made, "pipelines", "mp_identity_mappings_data_view")
        con.execute(f"CREATE TABLE ids AS SELECT m.* FROM '{mappings}' AS m, range(3)")
        plain = Workspace.over(con, mapping="pipelines", account="sandbox")
        twice = {"from_tool": "pipelines", "identities": "ids"}
        mapped = Workspace.over(con, mapping=twice, account="sandbox")
        total = [ws.segmentation(None, **DAYS).totals for ws in (plain, mapped)]
        assert total[0] == total[1]
        with pytest.raises(TableNotFoundError, match=r"There is no table 'idz' in DuckDB"):
            Workspace.over(con, mapping=twice | {"identities": "idz"}, account="sandbox").segmentation(
                None, **DAYS
            )


# Copies, and rows without an id


@pytest.fixture
def small() -> Iterator[duckdb.DuckDBPyConnection]:
    """A table with a copy of an event, and two rows without an id, of another shape."""
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA shop")
        con.execute(
            """CREATE TABLE shop.clicks AS
            SELECT * FROM (VALUES
                ('Buy', 1736150400, 'ann', NULL, 'a', '{"price": 2, "user_id": 7}'),
                ('Buy', 1736150400, 'ann', NULL, 'a', '{"price": 2, "user_id": 7}'),
                ('Buy', 1736150400, NULL, 'cookie', '', '{"price": 3}'),
                ('Buy', 1736150400, NULL, 'cookie', '', '{"price": 3}'),
                ('Buy', 1736236800, '', 'cookie', 'b', '{"price": 4}')
            ) AS t("what", "when", login, cookie, id, payload)"""
        )
        yield con


SMALL: dict[str, Any] = {
    "event": "what",
    "time": "when",
    "user": ["login", "cookie"],
    "id": "id",
    "properties": "payload",
}
WEEK: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-07"}


def test_copies_count_once_and_rows_without_an_id_each(small: duckdb.DuckDBPyConnection) -> None:
    ws = Workspace.over(small, events="shop.clicks", mapping=SMALL, account="sandbox")
    assert ws.segmentation("Buy", **WEEK).totals == {"total": 4}
    assert ws.insights("sum(Buy, price)", totals=True, **WEEK).records()[0]["value"] == 12
    every = Workspace.over(
        small, events="shop.clicks", mapping=SMALL | {"distinct": False}, account="sandbox"
    )
    assert every.segmentation("Buy", **WEEK).totals == {"total": 5}
    assert ws.segmentation("Buy", on="login", **WEEK).totals == {"": 1, "ann": 1, "undefined": 2}
    assert ws.segmentation(None, type="unique", unit="month", **WEEK).totals == {"total": 2}


def test_a_zone_is_that_of_times_without_one(small: duckdb.DuckDBPyConnection) -> None:
    small.execute(
        'CREATE VIEW local AS SELECT * REPLACE (make_timestamp("when"::BIGINT * 1000000) AS "when") '
        "FROM shop.clicks"
    )
    for zone, hour in (("UTC", 8), ("Europe/Berlin", 7), ("Asia/Tokyo", 23)):
        ws = Workspace.over(small, events="local", mapping=SMALL | {"timezone": zone}, account="sandbox")
        counts = [row["count"] for row in ws.segmentation("Buy", unit="hour", **WEEK).records()]
        assert counts.index(1 if zone == "Asia/Tokyo" else 3) == hour


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_mapping_can_be_a_file(small: duckdb.DuckDBPyConnection, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"clicks.{suffix}"
    lines = [f"{name} = {json.dumps(value)}" for name, value in SMALL.items()]
    file.write_text(json.dumps(SMALL) if suffix == "json" else "\n".join(lines), encoding="utf-8")
    ws = Workspace.over(small, events="shop.clicks", mapping=file, account="sandbox")
    assert ws.segmentation("Buy", **WEEK).totals == {"total": 4}


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("fivetrn", "is 'fivetrn': No such file or directory, and no tool is called so"),
        ("ga4", "hold properties in lists"),
        ({"evnt": "what"}, "'evnt' in a mapping says nothing"),
        ({"event": 5}, "event in a mapping is 5"),
        ({"event": "whet"}, "names the column 'whet', which shop.clicks does not have"),
        ({"event": "what"}, "has the time in event_time, which shop.clicks does not have"),
        ("airbyte", "has the event in event, which shop.clicks does not have"),
        (SMALL | {"user": "payloud"}, "names the column 'payloud'"),
        (SMALL | {"time_unit": "minutes"}, "is 'minutes'"),
        (7, "is a int"),
    ],
)
def test_a_wrong_mapping_is_told(small: duckdb.DuckDBPyConnection, mapping: Any, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        Workspace.over(small, events="shop.clicks", mapping=mapping, account="sandbox").segmentation(
            "Buy", **WEEK
        )


# Folders


def test_a_folder_of_json_lines_of_a_pipeline(tmp_path: Path) -> None:
    """As pipelines write to object storage: a folder a day, times as numbers, properties as objects."""
    day = tmp_path / "42" / "mp_master_event" / "2025" / "01" / "06"
    day.mkdir(parents=True)
    rows = [
        {"event_name": "Buy", "time": 1736150400 + place, "distinct_id": user, "insert_id": str(place),
         "properties": {"plan": "pro", "tags": ["a", "b"]}, "user_id": user}
        for place, user in enumerate(["ann", "bob", "ann"])
    ]  # fmt: skip
    (day / "part.json").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with Workspace.lake(tmp_path / "42", mapping="pipelines", account="sandbox") as ws:
        assert ws.segmentation("Buy", on="tags", **WEEK).totals == {"a": 3, "b": 3}
        assert ws.segmentation("Buy", on="$user_id", type="unique", unit="month", **WEEK).totals == {
            "ann": 1,
            "bob": 1,
        }
        assert [table.name for table in ws.tables()] == ["mp_master_event"]
    with pytest.raises(StorageError, match="holds tables further down"):
        Workspace.lake(tmp_path, mapping="pipelines")


def test_a_delta_table_is_read_by_its_log(tmp_path: Path) -> None:
    """Files that an overwrite left behind are not counted."""
    import pyarrow as pa
    from deltalake import write_deltalake

    place = tmp_path / "event"
    for count in (5, 2):
        rows = pa.table(
            {
                "name": ["Buy"] * count,
                "time": pa.array([1736150400_000_000] * count, pa.timestamp("us")),
                "distinct_id": [f"user {each}" for each in range(count)],
                "_fivetran_id": [f"{count} {each}" for each in range(count)],
                "properties": ["{}"] * count,
            }
        )
        write_deltalake(str(place), rows, mode="overwrite")
    with Workspace.lake(tmp_path, mapping="fivetran", account="sandbox") as ws:
        assert ws.segmentation("Buy", **WEEK).totals == {"total": 2}


def test_a_folder_without_files(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no file of Parquet or JSON lines"):
        Workspace.lake(tmp_path, mapping="pipelines")
    with pytest.raises(StorageError, match="reads folders, and no object store"):
        Workspace.lake("s3://bucket/shop", mapping="pipelines")


# A connection of DuckDB


def test_a_connection_of_duckdb_is_asked_as_it_is(small: duckdb.DuckDBPyConnection) -> None:
    """Its settings hold again afterwards, and what only it knows (a frame) is a table."""
    small.execute("SET TimeZone = 'America/New_York'; SET integer_division = true")
    rows = small.sql(
        'SELECT what AS event_name, to_timestamp("when") AS event_time, cookie AS distinct_id '
        "FROM shop.clicks"
    )
    small.register("frame", rows.df())
    ws = Workspace.over(small, events="frame", account="sandbox")
    assert [row["count"] for row in ws.segmentation("Buy", unit="day", **WEEK).records()] == [4, 1]
    assert ws.sql_scalar("SELECT count(*) FROM shop.clicks WHERE login = $who", {"who": "ann"}) == 2
    assert ws.sql("SELECT 1 AS one").columns.tolist() == ["one"]
    assert small.execute("SELECT current_setting('TimeZone'), 3 / 2").fetchone() == ("America/New_York", 1)
    assert "to_timestamp" not in str(ws.segmentation("Buy", **WEEK).sql)
    with pytest.raises(QueryError, match="nowhere"):
        ws.sql("SELECT nowhere FROM shop.clicks")
    with pytest.raises(TableNotFoundError, match=r"There is no table 'rows' in DuckDB"):
        Workspace.over(small, events="rows", account="sandbox").segmentation("Buy", **WEEK)


def test_json_in_texts_of_a_connection(small: duckdb.DuckDBPyConnection) -> None:
    small.execute(
        "CREATE TABLE events AS SELECT 'A' AS event_name, TIMESTAMP '2025-01-06 10:00' AS event_time, "
        "'u' AS distinct_id,"
        ' \'{"plan": "pro"}\' AS properties, \'["x", "y"]\' AS tags'
    )
    ws = Workspace.over(small, json=["tags"], account="sandbox")
    assert ws.segmentation("A", on="tags", **WEEK).totals == {"x": 1, "y": 1}
    assert ws.segmentation("A", on="plan", **WEEK).totals == {"pro": 1}


def test_a_database_file_by_its_url(small: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    file = tmp_path / "shop.duckdb"
    small.execute(f"ATTACH '{file}' AS held; CREATE TABLE held.clicks AS FROM shop.clicks; DETACH held")
    mapping = tmp_path / "clicks.json"
    mapping.write_text(json.dumps(SMALL), encoding="utf-8")
    with Workspace.over(f"duckdb://{file}?events=clicks&mapping={mapping}", account="sandbox") as ws:
        assert ws.segmentation("Buy", **WEEK).totals == {"total": 4}
        with pytest.raises(StorageError, match="This needs a database file"):
            ws.promote("clicks", "price")
