"""Reports on ClickHouse, in this process, have the rows that they have on DuckDB."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import QueryError, StorageError, TableNotFoundError, Workspace, did

from . import tables
from .compared import assert_same, records
from .corpus import DAYS, WEEKS, Asked, chosen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Open = Callable[..., Workspace]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from chdb.session import Session

    made = Session()
    yield made
    made.close()


@pytest.fixture
def clickhouse(session: Any, folder: Path) -> Callable[[str], Workspace]:
    """A workspace over the session, whose views have a shape."""

    def of(shape: str) -> Workspace:
        names = [
            "`" + each.replace("\\", "\\\\").replace("`", "\\`") + "`" for each in tables.columns_of(shape)
        ]
        for table, columns, file in (
            ("events", ", ".join(names), tables.file_of(shape)),
            ("profiles", "*", "profiles.parquet"),
        ):
            read = f"SELECT {columns} FROM file('{folder / file}')"
            session.query(f"CREATE OR REPLACE VIEW {table} AS {read}")
        return Workspace.over(session, profiles="profiles", json=tables.JSON, account="sandbox")

    return of


@pytest.mark.parametrize(("shape", "question"), chosen(), ids=lambda each: getattr(each, "name", each))
def test_rows_are_those_of_duckdb(shape: str, question: Asked, duck: Open, clickhouse: Open) -> None:
    assert_same(records(duck(shape), question), records(clickhouse(shape), question), question)


def test_sql_is_clickhouses_own(clickhouse: Open) -> None:
    ws = clickhouse("events")
    rows = ws.sql(
        "SELECT event_name, countIf(price > 20) AS n FROM events GROUP BY event_name ORDER BY n DESC"
    )
    assert list(rows.columns) == ["event_name", "n"]
    with pytest.raises(QueryError, match=r"^ClickHouse: "):
        ws.sql("SELECT nothing FROM events")


def test_the_sql_of_a_result_is_what_ran(clickhouse: Open) -> None:
    ws = clickhouse("flat")
    answer = ws.segmentation("View Product", unit="week", where='properties["plan"] == "pro"', **DAYS)
    assert "toMonday" in answer.sql
    assert len(ws.sql(answer.sql)) == len([each for each in answer.records() if each["count"]])


def test_tables_of_the_engine_are_listed(clickhouse: Open) -> None:
    ws = clickhouse("events")
    assert [(table.name, table.type) for table in ws.tables()] == [
        ("events", "events"),
        ("profiles", "profiles"),
    ]
    assert {column.name: column.type for column in ws.schema("events")}["categories"] == "JSON"
    assert len(ws.sample("events", 3)) == 3
    assert ws.vocabulary.events("events") == sorted(tables.NAMES)


@pytest.mark.parametrize(
    "ask",
    [
        lambda ws: ws.promote("events", "plan"),
        lambda ws: ws.optimize("events"),
        lambda ws: ws.cohort("buyers", did("Purchase")),
        lambda ws: ws.identities(),
        lambda ws: ws.segmentation("Search", in_cohort="buyers", **DAYS),
        lambda ws: ws.segmentation("Search", diff=("@buyers", "@others"), **DAYS),
        lambda ws: ws.segmentation("Search", identities="resolved", **DAYS),
        lambda ws: ws.segmentation("$custom_event:5001", **DAYS),
    ],
)
def test_what_only_a_file_can_do_says_so(clickhouse: Open, ask: Callable[[Workspace], Any]) -> None:
    with pytest.raises(StorageError, match="the workspace reads tables of ClickHouse"):
        ask(clickhouse("flat"))


def test_the_sql_of_searches_is_what_ran(clickhouse: Open) -> None:
    ws = clickhouse(tables.LONG)
    for answer in (ws.signal("Purchase", **WEEKS), ws.anomalies(date="2025-03-08")):
        assert ws.sql(answer.sql or "").shape[0] > 0


def test_a_table_that_is_not_there(session: Any) -> None:
    with pytest.raises(TableNotFoundError, match=r"There is no table 'nowhere\.at_all'"):
        Workspace.over(session, events="nowhere.at_all", account="sandbox").segmentation("A", **DAYS)


MAKE = """
import sys
from chdb.session import Session
session = Session(sys.argv[1])
session.query("CREATE DATABASE shop")
session.query(f"CREATE VIEW shop.events AS SELECT * FROM file('{sys.argv[2]}')")
session.close()
"""
NOTEBOOK = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "mixpanel_nb")
info = shell.run_line_magic("mp_connect", sys.argv[1])
answer = shell.run_line_magic("mp_segmentation", "'View Product' --unit month --during 2025-01")
rows = shell.run_cell_magic("mp_sql", "", "SELECT count() AS n FROM shop.events")
print([table.name for table in info.tables], answer.records()[0]["count"] > 0, list(rows)[0][0] > 0)
"""


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: chdb has one folder in each."""
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture
def url(folder: Path, tmp_path: Path) -> str:
    """A folder of ClickHouse with a database, as the URL of its table."""
    made = ran("-c", MAKE, str(tmp_path / "held"), str(folder / "events.parquet"))
    assert made.returncode == 0, made.stderr
    return f"clickhouse://{tmp_path / 'held'}?events=shop.events"


def test_a_terminal_asks_the_url_of_an_engine(url: str) -> None:
    days = ("--from", "2025-01-06", "--to", "2025-01-19")
    done = ran("-m", "mixpanel_nb", "--db", url, "segmentation", "View Product", "--unit", "week", *days)
    assert [row["date"] for row in json.loads(done.stdout)] == ["2025-01-06", "2025-01-13"]
    wrong = ran("-m", "mixpanel_nb", "--db", url.replace("shop.events", "shop.evnts"), "segmentation", "A")
    assert wrong.returncode == 4
    assert wrong.stderr.startswith("Error: There is no table 'shop.evnts' in ClickHouse.\n")


def test_a_notebook_asks_the_url_of_an_engine(url: str) -> None:
    done = ran("-c", NOTEBOOK, url)
    assert "['shop.events'] True True" in done.stdout, done.stderr
