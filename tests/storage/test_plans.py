"""How DuckDB answers a query, told without leaving a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.errors import ParameterError, QueryError, TableNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = """
CREATE TABLE events AS
SELECT range AS n, range % 7 AS day, '{"plan": "pro"}'::JSON AS properties, 'free' AS plan FROM range(1000)
"""


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace("sandbox", path=tmp_path / "data.db") as workspace:
        workspace.sql(EVENTS)
        yield workspace


def test_a_plan_names_tables_columns_and_conditions_and_runs_nothing(ws: Workspace) -> None:
    plan = ws.explain("SELECT plan, sum(n) FROM events WHERE day > 3 GROUP BY plan")
    scan = plan.steps[-1]
    assert scan.operator == "SEQ_SCAN"
    assert "table: events" in scan.details
    assert "day > 3" in scan.details
    assert any(step.operator.endswith("GROUP_BY") for step in plan.steps)
    assert plan.df.columns.tolist() == ["depth", "operator", "details", "estimated_rows"]
    assert "Nothing was run" in repr(plan)


def test_what_is_measured_are_rows_and_time_of_each_step(ws: Workspace) -> None:
    plan = ws.explain("SELECT count(*) FROM events a, events b WHERE a.n + b.n > 5", analyze=True)
    assert plan.seconds is not None and plan.seconds > 0
    scans = [step for step in plan.steps if "table: events" in step.details]
    assert [step.rows for step in scans] == [1000, 1000]
    assert {"rows", "seconds"} <= set(plan.df.columns)
    assert max(step.seconds or 0 for step in plan.steps) > 0


@pytest.mark.parametrize("analyze", [False, True])
@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT * FROM events WHERE n > $least", {"least": 3}),
        ("SELECT * FROM events WHERE n > ?", [3]),
        ("CREATE TEMP TABLE t AS SELECT $a AS a; SELECT * FROM t JOIN events ON a = n", {"a": 1}),
        ("CREATE TABLE kept AS SELECT 1 AS a; DROP TABLE events; SELECT * FROM kept", None),
        ("SELECT 1; SELECT 2 FROM events; ", None),
        ("PIVOT events ON plan USING count(*)", None),
        ("INSERT INTO events SELECT * FROM events", None),
        ("DELETE FROM events", None),
        ("CREATE TABLE other AS FROM events", None),
        ("-- a remark\nFROM events -- the end", None),
        ("WITH e AS MATERIALIZED (FROM events) SELECT count(*) FROM e, e AS f", None),
    ],
)
def test_a_plan_is_told_of_everything_and_nothing_stays(
    ws: Workspace, sql: str, params: object, analyze: bool
) -> None:
    assert ws.explain(sql, params, analyze=analyze).steps  # type: ignore[arg-type]  # both kinds of values
    assert ws.sql_rows("SELECT count(*), max(n) FROM events").rows == [(1000, 999)]
    assert ws.tables().names == ["events"]


def test_statements_that_write_files_are_not_run(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    assert ws.explain(f"COPY events TO '{file}'; SELECT 1", analyze=True).steps
    assert ws.explain(f"COPY events TO '{file}'").steps
    with pytest.raises(QueryError, match="could not be undone"):
        ws.explain(f"COPY events TO '{file}'", analyze=True)
    assert not file.exists()


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("EXPLAIN SELECT 1", "EXPLAIN already"),
        ("BEGIN; SELECT 1; COMMIT", "Transactions cannot be explained"),
        ("", "no SQL"),
        ("SELECT $a", "No value for"),
    ],
)
def test_what_has_no_plan_is_refused(ws: Workspace, sql: str, says: str) -> None:
    with pytest.raises((QueryError, ParameterError), match=says):
        ws.explain(sql)


def test_an_error_marks_the_place_in_the_statement_that_has_it(ws: Workspace) -> None:
    with pytest.raises(QueryError) as caught:
        ws.explain("SELECT 1;\nSELECT n,\n  nope FROM events")
    assert caught.value.details["context"] == "LINE 3:   nope FROM events\n          ^^^^"
    with pytest.raises(TableNotFoundError, match="Did you mean 'events'"):
        ws.explain("FROM event")


def test_json_that_is_read_row_by_row_is_pointed_out(ws: Workspace) -> None:
    slow = ws.explain("SELECT count(*) FROM events WHERE properties->>'plan' = 'pro'")
    assert "100 times faster" in repr(slow)
    assert "100 times faster" not in repr(ws.explain("SELECT count(*) FROM events WHERE plan = 'pro'"))
