"""Queries of cells that later cells name in FROM, compared with views in a DuckDB of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest
from IPython.core.completer import provisionalcompleter

if TYPE_CHECKING:
    from notebook.conftest import Shell

SAVED = {
    "few": "SELECT range AS n FROM range(6) -- a remark",
    "even": "FROM few WHERE n % 2 = 0",
    "Odd": "SELECT n FROM Few ANTI JOIN even USING (n);",
    "named": """WITH x AS (SELECT n * 10 AS n FROM even) SELECT n, 'few; "even"' AS text FROM x""",
}


@pytest.fixture
def saved(shell: Shell) -> Shell:
    """A notebook in memory whose cells have saved queries, one of them twice."""
    shell.value("%mp_connect sandbox --memory")
    for name, sql in [*SAVED.items(), ("even", SAVED["even"])]:
        shell.value(f"%%mp_sql --save {name}\n{sql}")
    return shell


@pytest.mark.parametrize(
    "sql",
    [
        "FROM few",
        "SELECT sum(n) FROM even",
        "SELECT e.n, o.n FROM even e, odd o ORDER BY ALL",
        'SELECT * FROM "named" ORDER BY n DESC',
        "WITH few AS (SELECT 1 AS n) SELECT n FROM few",
        "WITH y AS (FROM even) SELECT count(*) FROM y JOIN odd ON odd.n > y.n",
        "WITH RECURSIVE y AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM y WHERE a < 3) "
        "FROM y, even ORDER BY ALL",
        "(SELECT n FROM even) UNION ALL (SELECT n FROM odd) ORDER BY n",
        "/* even */ SELECT 'even', n FROM odd -- few",
        "SELECT 1; SELECT max(n) FROM odd;",
        "SELECT 7 AS even",
        "PIVOT even ON n USING sum(n)",
    ],
)
def test_a_saved_query_is_what_a_view_would_be(saved: Shell, sql: str) -> None:
    with duckdb.connect() as con:
        for name, query in SAVED.items():
            con.execute(f"CREATE VIEW {name} AS {query}")
        expected = con.execute(sql).fetchall()
    assert saved.value(f"%%mp_sql\n{sql}").rows == expected
    assert saved.value("%mp_tables").names == []


def test_the_query_of_the_card_and_its_code_need_no_notebook(saved: Shell) -> None:
    result = saved.value("%mp_sql SELECT max(n) AS most FROM odd")
    with duckdb.connect() as con:
        assert con.execute(result.query).fetchall() == result.rows == [(5,)]


def test_variables_have_the_values_of_now(shell: Shell) -> None:
    shell.value("%mp_connect sandbox --memory")
    shell.names["least"] = 8
    shell.value("%%mp_sql --save large\nFROM range(10) t(n) WHERE n >= $least")
    shell.names["least"] = 5
    assert shell.value("%mp_sql SELECT count(*) FROM large").rows == [(5,)]


def test_a_table_comes_first_and_other_statements_are_told_apart(saved: Shell) -> None:
    failed = saved.failure("%mp_sql CREATE TABLE t AS FROM even")
    assert "'even' is a saved query, and this statement does not begin with SELECT" in failed[0]
    saved.value("%mp_sql CREATE TABLE t AS SELECT 3 AS even")
    saved.value("%mp_sql CREATE TABLE few AS SELECT 99 AS n")
    assert saved.value("%mp_sql FROM few").rows == [(99,)]


def test_saved_queries_are_listed_and_forgotten(saved: Shell) -> None:
    listed = saved.run("%mp_sql --saved").out.splitlines()
    assert [line.split()[0] for line in listed] == list(SAVED)
    assert "Odd" not in saved.run("%mp_sql --forget Odd").out
    assert saved.failure("%mp_sql FROM odd")[0] == "TableNotFoundError: There is no table 'odd'."
    for name in ("few", "even", "named"):
        saved.value(f"%mp_sql --forget {name}")
    assert saved.run("%mp_sql --saved").out == "No query is saved. %%mp_sql --save NAME saves one.\n"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%mp_sql --save 2x SELECT 1", "'2x' cannot be the name of a query."),
        ("%mp_sql --save two SELECT 1; SELECT 2", "A saved query is one SELECT"),
        ("%mp_sql --save made CREATE TABLE made AS SELECT 1", "A saved query is one SELECT"),
        ("%mp_sql --save t SELECT 1", "There is a table 't', which FROM t means."),
        ("%mp_sql --forget evn", "There is no saved query 'evn'."),
    ],
)
def test_what_cannot_be_saved_or_forgotten_is_told_and_nothing_is_run(
    saved: Shell, cell: str, said: str
) -> None:
    saved.value("%mp_sql CREATE TABLE t AS SELECT 1 AS a")
    assert said in saved.failure(cell)[0]
    assert saved.value("%mp_tables").names == ["t"]


def test_a_query_that_fails_is_not_saved(saved: Shell) -> None:
    saved.failure("%mp_sql --save broken SELECT nope FROM even")
    assert "broken" not in saved.run("%mp_sql --saved").out


def test_names_of_saved_queries_are_offered(saved: Shell) -> None:
    cell = "%%mp_sql\nSELECT * FROM ev"
    with provisionalcompleter():
        assert [one.text for one in saved.ip.Completer.completions(cell, len(cell))] == ["even"]
