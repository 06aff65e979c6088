"""Views over what only a session knows are refused, for they would fail in the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from mixpanel_nb.errors import QueryError
from mixpanel_nb.storage import StorageEngine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["file", "memory"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StorageEngine]:
    with StorageEngine(tmp_path / "data.db" if request.param == "file" else None) as engine:
        engine.execute_rows("CREATE TABLE t AS SELECT 1 AS a, 2 AS frame")
        engine.register("frame", pd.DataFrame({"a": [1]}))
        engine.register("my frame", pd.DataFrame({"a": [1]}))
        yield engine


@pytest.mark.parametrize(
    ("sql", "name", "instead"),
    [
        ("CREATE VIEW v AS SELECT * FROM frame", "frame", "CREATE TABLE v AS SELECT * FROM frame"),
        ("create or replace view v as (from FRAME)", "FRAME", "CREATE TABLE v AS (from FRAME)"),
        ("CREATE TEMP VIEW v AS FROM frame", "frame", "CREATE TABLE v AS FROM frame"),
        ("CREATE VIEW v AS FROM t JOIN frame USING (a); SELECT 1", "frame", "CREATE TABLE v AS FROM t JOIN"),
        ("CREATE VIEW IF NOT EXISTS v(b) AS SELECT a\nFROM 'my frame';", "my frame", "CREATE TABLE v AS"),
        ('CREATE VIEW "a view" AS WITH x AS (FROM frame) FROM x', "frame", 'CREATE TABLE "a view" AS WITH x'),
    ],
)
def test_a_view_of_a_dataframe(engine: StorageEngine, sql: str, name: str, instead: str) -> None:
    with pytest.raises(QueryError) as refused:
        engine.execute_rows(sql)
    assert f"would fail later: {name} is a DataFrame, which is not in the database." in refused.value.message
    assert refused.value.hint is not None
    assert refused.value.hint.startswith(f"Store its rows: {instead}")
    assert [table.name for table in engine.list_tables()] == ["t"]


def test_a_stored_view_of_a_temporary_table(engine: StorageEngine) -> None:
    with pytest.raises(QueryError, match="fast is a temporary table of this session"):
        engine.execute_rows("CREATE TEMP TABLE fast AS SELECT 1 AS a; CREATE VIEW v AS FROM fast")
    engine.execute_rows("CREATE TEMP VIEW v AS FROM fast")
    assert engine.execute_rows("FROM v") == [(1,)]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a AS frame, frame AS other FROM t",
        "WITH frame AS (SELECT 5 AS a) FROM frame",
        "SELECT frame.a FROM t AS frame",
        "SELECT 'FROM frame' AS text -- FROM frame",
    ],
)
def test_names_like_a_dataframe_are_no_dataframe(engine: StorageEngine, query: str) -> None:
    engine.execute_rows(f"CREATE VIEW v AS {query}\n")
    rows = engine.execute_rows("FROM v")
    engine.unregister("frame")
    assert engine.execute_rows("FROM v") == rows


def test_a_table_of_its_rows_stays(engine: StorageEngine) -> None:
    engine.execute_rows("CREATE TABLE kept AS SELECT * FROM frame")
    engine.unregister("frame")
    assert engine.execute_rows("FROM kept") == [(1,)]
