"""Results in pickles (``%store`` writes them too) and copies: the same rows, the same looks."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pandas.testing import assert_frame_equal

from mixpanel_nb import Workspace

from .reports import every_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TYPES = """
SELECT 1::TINYINT AS a, 170141183460469231731687303715884105727::HUGEINT AS b, 1.50::DECIMAL(9, 2) AS c,
    'x'::ENUM('x', 'y') AS d, TIMESTAMPTZ '2025-01-01 12:00:00+02' AS e, DATE '2025-01-01' AS f,
    [1, NULL] AS g, {'k': 'v'} AS h, MAP {'k': 1} AS i, '{"k": 1}'::JSON AS j, NULL AS k, INTERVAL 3 DAY AS l,
    '\\xFF\\x00'::BLOB AS m, 'NaN'::DOUBLE AS n, uuid() AS o, TIME '12:00' AS p, union_value(q := 1) AS q,
    'two' AS "a", TIMESTAMP_NS '2025-01-01 00:00:00.123456789' AS r
"""
SQL = {
    "every type": TYPES,
    "no rows": "SELECT 1 AS a WHERE false",
    "many rows": "SELECT range AS n, hash(range) AS h FROM range(300000) ORDER BY h",
    "no query": "CREATE TEMP TABLE other AS SELECT 1 AS a",
    "a statement": "SHOW TABLES",
    "a struct without names": "SELECT row(1, 2)",
}


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace("sandbox", path=tmp_path / "data.db") as workspace:
        yield workspace


def _through_a_pickle(result: Any) -> Any:
    return pickle.loads(pickle.dumps(result))


@pytest.mark.parametrize("sql", SQL.values(), ids=SQL.keys())
@pytest.mark.parametrize("copied", [_through_a_pickle, copy.deepcopy, copy.copy])
def test_an_sql_result_is_copied_with_all_its_rows(
    ws: Workspace, sql: str, copied: Callable[[Any], Any]
) -> None:
    result = ws.sql_rows(sql)
    other = copied(result)
    assert repr(other) == repr(result)
    assert other._repr_html_() == result._repr_html_()
    assert (other.query, other.column_names, len(other)) == (result.query, result.column_names, len(result))
    assert other.source.types == result.source.types
    assert repr(list(other)) == repr(list(result))
    assert_frame_equal(other.df, result.df)


def test_a_pickle_outlives_the_workspace_and_the_process(ws: Workspace, tmp_path: Path) -> None:
    sql = "SELECT range AS n, 'p' || range % 3 AS plan FROM range(10)"
    ws.sql("SET preserve_insertion_order = false")
    file = tmp_path / "result.pickle"
    file.write_bytes(pickle.dumps(ws.sql_rows(sql)))
    ws.close()
    code = f"""
import pickle
result = pickle.loads(open({str(file)!r}, "rb").read())
print(list(result), result.df["n"].sum(), sep="|")
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == f"{[(n, f'p{n % 3}') for n in range(10)]}|45"


@pytest.mark.parametrize("copied", [_through_a_pickle, copy.deepcopy, copy.copy])
def test_every_other_result_is_copied_too(ws: Workspace, copied: Callable[[Any], Any]) -> None:
    ws.sql("CREATE TABLE mine AS SELECT range AS n FROM range(100)")
    results = [*every_report(), ws.explain("FROM mine"), ws.tables(), ws.schema("mine"), ws.sample("mine"),
               ws.summarize("mine"), ws.info()]  # fmt: skip
    for result in results:
        other = copied(result)
        assert type(other) is type(result)
        assert repr(other) == repr(result)
        assert other.to_dict() == result.to_dict()
        assert other._repr_html_() == result._repr_html_()


def test_a_pickle_leaves_no_file_and_no_database_behind(ws: Workspace) -> None:
    result = ws.sql_rows("SELECT 1 AS a")
    databases = "SELECT database_name FROM duckdb_databases() ORDER BY 1"
    before = ws.sql_rows(databases).rows
    pickle.loads(pickle.dumps(result))
    assert ws.sql_rows(databases).rows == before
