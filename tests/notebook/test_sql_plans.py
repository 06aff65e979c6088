"""``--explain`` and ``--analyze`` of ``%mp_sql``, and charts whose kind and axes nobody names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from notebook.conftest import Shell


@pytest.fixture(autouse=True)
def _connected(shell: Shell) -> None:
    shell.value("%mp_connect sandbox --memory")


@pytest.mark.parametrize(
    "cell",
    [
        "%%mp_sql --explain\nSELECT price FROM plans WHERE price > $low",
        "%%mp_sql -o plan --explain\nSELECT price FROM plans WHERE price > $low",
        "%mp_sql --explain SELECT price FROM plans WHERE price > $low",
        "%%mp_sql --analyze\nCREATE TEMP TABLE t AS FROM plans;\nSELECT price FROM t WHERE price > $low",
        "%mp_sql --explain --analyze SELECT price FROM plans WHERE price > $low",
    ],
)
def test_a_plan_is_shown_with_variables_and_dataframes(shell: Shell, cell: str) -> None:
    shell.names["plans"] = pd.DataFrame({"plan": ["pro", "free"], "price": [9, 0]})
    shell.names["low"] = 1
    shown = shell.value(cell)
    assert "Query plan" in shown.to_html()
    assert (shown.seconds is not None) == ("--analyze" in cell)
    assert shell.value("%mp_tables").names == []
    if "-o" in cell:
        assert list(shell.names["plan"].columns)[:2] == ["depth", "operator"]


def test_a_plan_is_not_drawn(shell: Shell) -> None:
    assert "--chart" in shell.failure("%mp_sql --explain --chart line SELECT 1")[0]


@pytest.mark.parametrize(
    ("sql", "kind", "axes"),
    [
        (
            "SELECT DATE '2025-01-01' AS day, i AS n, 'a' AS plan FROM range(3) t(i)",
            "line",
            "day n plan",
        ),
        ("SELECT 'a' || i AS plan, i AS n FROM range(3) t(i)", "bar", "plan n"),
        ("SELECT i AS n, 'a' || i AS plan FROM range(3) t(i)", "bar", "plan n"),
        ("SELECT i AS hour, i * i AS n, 'a' AS plan FROM range(3) t(i)", "line", "hour n plan"),
        ("SELECT i > 1 AS paid, i AS n, 'a' AS plan FROM range(3) t(i)", "bar", "paid n plan"),
    ],
)
@pytest.mark.parametrize("option", ["--chart", "--chart auto"])
def test_kind_and_axes_are_the_likely_ones(shell: Shell, sql: str, kind: str, axes: str, option: str) -> None:
    for cell in (f"%%mp_sql {option}\n{sql}", f"%mp_sql {option} {sql}"):
        shown = shell.value(cell)
        chart = shown.chart().to_dict()
        assert chart["mark"]["type"] == kind
        assert {told["title"] for told in chart["encoding"]["tooltip"]} == set(axes.split())


@pytest.mark.parametrize("kind", ["line", "bar", "area", "point"])
def test_a_kind_that_is_named_is_drawn(shell: Shell, kind: str) -> None:
    shown = shell.value(f"%mp_sql --chart {kind} --max-rows 1 SELECT 'a' || i AS x, i FROM range(3) t(i)")
    assert shown.chart().to_dict()["mark"]["type"] == kind
    assert "1 of 3 rows" in shown.to_html()
