"""``%mp_sql`` and ``%%mp_sql``: variables are bound, DataFrames named, options read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mixpanel_nb.notebook.binding import names_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebook.conftest import Shell

DAY = datetime.fromisoformat("2025-01-02")


@pytest.fixture(autouse=True)
def _connected(shell: Shell) -> None:
    shell.value("%mp_connect sandbox --memory")


def answer(shell: Shell, sql: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = shell.value(f"%%mp_sql\n{sql}").rows
    return rows


@pytest.mark.parametrize(
    ("value", "bound"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2**70, 2**70),
        (1.5, 1.5),
        ("O'Brien", "O'Brien"),
        ("'; DROP TABLE events; --", "'; DROP TABLE events; --"),
        (date(2025, 1, 2), date(2025, 1, 2)),
        (DAY, DAY),
        (timedelta(hours=1), timedelta(hours=1)),
        (Decimal("1.50"), Decimal("1.50")),
        (b"x", b"x"),
        ([1, None, 3], [1, None, 3]),
        ((1, 2), [1, 2]),
        ({2}, [2]),
        (range(3), [0, 1, 2]),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.values(), [1]),
        ({"a": [1]}, {"a": [1]}),
        (np.int64(3), 3),
        (np.float32(1.5), 1.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.datetime64("2025-01-02"), date(2025, 1, 2)),
        (np.datetime64("2025-01-02", "ns"), DAY),
        (np.datetime64("NaT", "ns"), None),
        (np.timedelta64(1, "D"), timedelta(days=1)),
        (np.array([1, 2]), [1, 2]),
        (np.array(["2025-01-02"], dtype="datetime64[ns]"), [DAY]),
        ([np.int64(1)], [1]),
        (pd.Timestamp(DAY), DAY),
        (pd.Timestamp(DAY, tz="UTC"), DAY.replace(tzinfo=UTC)),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series([DAY]), [DAY]),
        (pd.Index(["a"]), ["a"]),
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_a_variable_is_bound_as_what_it_is(shell: Shell, value: Any, bound: Any) -> None:
    shell.names["value"] = value
    assert answer(shell, "SELECT $value AS v") == [(bound,)]


@pytest.mark.parametrize(
    "value", [object(), 1 + 2j, np.longdouble(1), [print], pd.DataFrame({"a": [1]}), pd.Period("2025-01")]
)
def test_what_is_no_value_is_refused_by_name_and_type(shell: Shell, value: Any) -> None:
    shell.names["value"] = value
    lines = shell.failure("%mp_sql SELECT $value")
    assert lines[0].startswith("ParameterError: $value is or holds a ")
    assert "FROM" in lines[1]


def test_lists_and_dates_serve_in_conditions(shell: Shell) -> None:
    shell.run("wanted = ['a', \"O'Brien\"]\nimport datetime\nsince = datetime.date(2025, 1, 2)")
    table = "(VALUES ('a', DATE '2025-01-01'), ('O''Brien', DATE '2025-01-03')) t(name, day)"
    found = answer(shell, f"SELECT name FROM {table} WHERE name IN (FROM unnest($wanted)) AND day >= $since")
    assert found == [("O'Brien",)]


def test_braces_and_dollars_in_strings_are_left_alone(shell: Shell) -> None:
    shell.names["x"] = "spliced"
    assert answer(shell, "SELECT '{x} $x' AS a, {'x': 1} AS b") == [("{x} $x", {"x": 1})]
    assert shell.value("%mp_sql SELECT '{x} $x' AS a").rows == [("{x} $x",)]


def test_a_variable_that_is_missing_is_named(shell: Shell) -> None:
    shell.names["since"] = 1
    lines = shell.failure("%mp_sql SELECT $sinse")
    assert lines == [
        "ParameterError: There is no notebook variable 'sinse' for $sinse.",
        "Did you mean 'since'?",
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT price FROM plans",
        'SELECT price FROM "plans"',
        "FROM plans SELECT price",
        "SELECT price FROM plans WHERE price >= $low",
        "CREATE OR REPLACE TEMP TABLE t AS FROM plans; SELECT price FROM t",
        "WITH p AS (FROM plans) SELECT max(price) FROM p",
        "SELECT (SELECT max(price) FROM plans)",
        "SELECT p.price FROM range(1) r JOIN plans p ON true",
        "CREATE TABLE kept AS FROM plans; SELECT price FROM kept",
        "-- the plans\nSELECT price FROM plans",
    ],
)
def test_a_dataframe_can_be_named(shell: Shell, sql: str) -> None:
    shell.names["plans"] = pd.DataFrame({"plan": ["pro"], "price": [9]})
    shell.names["low"] = 1
    assert answer(shell, sql) == [(9,)]


@pytest.mark.parametrize(
    "kind",
    [
        pl.from_pandas,
        lambda frame: pl.from_pandas(frame).lazy(),
        lambda frame: pl.from_pandas(frame).with_columns(pl.col("plan").cast(pl.Categorical)),
        pa.Table.from_pandas,
        pa.RecordBatch.from_pandas,
    ],
    ids=["polars", "lazy polars", "polars with categories", "arrow table", "arrow batch"],
)
def test_a_frame_of_another_library_can_be_named(shell: Shell, kind: Callable[[pd.DataFrame], Any]) -> None:
    shell.names["plans"] = kind(pd.DataFrame({"plan": ["pro", "free"], "price": [9, 0]}))
    assert answer(shell, "SELECT plan, price FROM plans ORDER BY price") == [("free", 0), ("pro", 9)]
    joined = "SELECT a.price + b.price FROM plans a JOIN plans AS b USING (plan) WHERE plan = 'pro'"
    assert answer(shell, joined) == [(18,)]
    assert shell.failure("%%mp_sql\nCREATE VIEW v AS FROM plans")[0] == (
        "QueryError: The view v would fail later: plans is a DataFrame, which is not in the database."
    )
    assert shell.failure("%mp_sql SELECT $plans")[1].endswith("a DataFrame can be named in FROM.")


@pytest.mark.usefixtures("database")
def test_a_dataframe_joins_a_table_of_a_file_and_a_table_comes_first(shell: Shell) -> None:
    shell.value("%mp_connect sandbox")
    shell.names["plans"] = pd.DataFrame({"plan": ["pro", "free"], "price": [9, 0]})
    shell.names["events"] = pd.DataFrame({"a": [1]})
    joined = answer(
        shell, "SELECT plans.price, count(*) FROM events JOIN plans USING (plan) GROUP BY ALL ORDER BY ALL"
    )
    assert [price for price, _ in joined] == [0, 9]
    answer(shell, "CREATE TABLE kept AS FROM plans; SELECT 1")
    assert shell.value("%mp_sql SELECT count(*) AS n FROM kept").rows == [(2,)]
    assert shell.value("%mp_tables").names == ["events", "kept", "profiles"]


def test_a_dataframe_is_seen_as_it_is_now_and_only_while_the_query_runs(shell: Shell) -> None:
    shell.names["plans"] = pd.DataFrame({"a": [1]})
    first = shell.value("%mp_sql FROM plans")
    shell.names["plans"] = pd.DataFrame({"a": [2]})
    assert shell.value("%mp_sql FROM plans").rows == [(2,)]
    assert first.rows == [(1,)]
    del shell.names["plans"]
    assert shell.failure("%mp_sql FROM plans")[0] == "TableNotFoundError: There is no table 'plans'."


def test_a_dataframe_named_like_a_temporary_table_says_so(shell: Shell) -> None:
    answer(shell, "CREATE TEMP TABLE plans AS SELECT 1 AS a; SELECT 1")
    shell.names["plans"] = pd.DataFrame({"a": [2]})
    ran = shell.run("%mp_sql FROM plans")
    assert ran.error is None or "DataFrame 'plans'" in ran.out


def test_the_names_in_sql_are_those_outside_of_strings_and_comments() -> None:
    sql = """SELECT größe, "a ""b" FROM plans -- hidden\n WHERE x = 'quoted' AND t.y = $z /* hidden */"""
    names = names_in(sql)
    assert {"größe", 'a "b', "plans", "x", "y"} <= names
    assert not {"hidden", "quoted"} & names


def test_temporary_tables_and_settings_last_from_cell_to_cell(shell: Shell) -> None:
    answer(shell, "CREATE TEMP TABLE t AS SELECT 1 AS a; SELECT 1")
    answer(shell, "INSERT INTO t VALUES (2); SELECT 1")
    assert answer(shell, "SELECT sum(a) FROM t") == [(3,)]


@pytest.mark.parametrize(
    "cell",
    [
        "%mp_sql -o top SELECT 7 AS a",
        "%mp_sql --output top --max-rows 3 SELECT 7 AS a",
        "%mp_sql --output=top SELECT 7 AS a",
        "%%mp_sql -o top\nSELECT 7 AS a",
        "%%mp_sql --max-rows 3 -o top\n\nSELECT 7 AS a;\n",
        "%%mp_sql --verbose -o top\n-- a remark\nSELECT 7 AS a",
    ],
)
def test_output_assigns_the_dataframe_and_shows_the_rows(shell: Shell, cell: str) -> None:
    shown = shell.value(cell)
    assert shown.rows == [(7,)]
    assert shell.names["top"].to_dict("list") == {"a": [7]}


def test_max_rows_limits_what_is_shown_not_what_is_assigned(shell: Shell) -> None:
    shown = shell.value("%%mp_sql --max-rows 2 -o all_rows\nSELECT * FROM range(50)")
    assert "2 of 50 rows shown" in shown.to_html()
    assert "2 of 50 rows shown" in repr(shown)
    assert len(shell.names["all_rows"]) == 50


def test_chart_draws_the_rows(shell: Shell) -> None:
    shown = shell.value("%%mp_sql --chart bar --y n\nSELECT 'a' AS name, 1 AS m, 2 AS n")
    assert shown.chart().to_dict()["mark"]["type"] == "bar"
    bar = "border-top: 16px solid"
    assert bar in shown.to_html()
    assert bar not in shell.value("%mp_sql SELECT 'a' AS name, 1 AS n").to_html()
    assert "<img" in shell.value("%%mp_sql --chart line\nSELECT * FROM range(3) a, range(3) b").to_html()
    assert "No chart" in shell.value("%mp_sql --chart line --y nope SELECT 1 AS a").to_html()


PLANS = """SELECT DATE '2025-01-01' + (range // 2)::INTEGER AS day, range % 2 = 0 AS is_pro, range AS n
FROM range(40)"""


def vega(shell: Shell, options: str, sql: str = PLANS) -> dict[str, Any]:
    """The chart of a cell."""
    spec: dict[str, Any] = shell.value(f"%%mp_sql {options}\n{sql}").chart().to_dict()
    return spec


def points(spec: dict[str, Any], layer: int | None = None) -> list[dict[str, Any]]:
    """The data of a chart, or of one of its layers."""
    part = spec if layer is None else spec["layer"][layer]
    found: list[dict[str, Any]] = spec["datasets"][part["data"]["name"]]
    return found


def test_bars_stand_on_each_other_or_beside_each_other(shell: Shell) -> None:
    stacked, grouped = vega(shell, "--chart bar"), vega(shell, "--group")
    assert (stacked["mark"]["type"], grouped["mark"]["type"]) == ("bar", "bar")
    assert "xOffset" not in stacked["encoding"]
    assert grouped["encoding"]["xOffset"]["field"] == "c"
    days = [point["x"] for point in points(grouped)]
    assert (days[0], days[-1]) == ("2025-01-01", "2025-01-20")
    assert vega(shell, "--stack")["mark"]["type"] == "area"
    names = "SELECT 'a' AS name, range AS c, range + 1 AS n FROM range(2)"
    lying = vega(shell, "--chart bar --group --x name --y n --color c", names)
    assert lying["encoding"]["yOffset"]["field"] == "c"
    html = shell.value(f"%%mp_sql --group --x name --y n --color c\n{names}").to_html()
    assert 'rowspan="2"' in html


def test_a_logarithmic_axis_leaves_out_what_has_no_place_on_it(shell: Shell) -> None:
    spec = vega(shell, "--log")
    assert spec["encoding"]["y"]["scale"]["type"] == "log"
    assert [point["y"] for point in points(spec)][:3] == [None, 1.0, 2.0]
    note = "1 value up to 0 left out: a logarithmic axis has no 0."
    assert note in shell.value(f"%%mp_sql --chart line --log\n{PLANS}").to_text()


def test_smooth_lines_stand_in_front_of_the_faint_values(shell: Shell) -> None:
    spec = vega(shell, "--smooth 3")
    assert [point["y"] for point in points(spec, 0)] == [float(n) for n in range(40)]
    smooth = [point["y"] for point in points(spec, -1) if point["c"] == "true"]
    assert smooth == [None, None, *(float(n) for n in range(2, 38, 2))]


def test_a_title_is_that_of_the_card_and_of_the_chart(shell: Shell) -> None:
    shown = shell.value(f"%%mp_sql --title 'Rows a day' --smooth 7\n{PLANS}")
    assert shown.headline == "Rows a day"
    assert "40 rows × 3 columns" in shown.to_text()
    assert shown.chart().to_dict()["title"] == "Rows a day"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--chart line --stack", "Bars and areas are stacked, not lines."),
        ("--chart bar --log", "A logarithmic axis has no 0 and is for lines and points, not bars."),
        ("--chart area --smooth 3", "Lines are smoothed, not areas."),
        ("--chart bar --stack --group", "Bars are stacked or stand beside each other, not both."),
        ("--group --x day --y n", "Only several colours can be stacked or grouped."),
    ],
)
def test_looks_that_do_not_go_together_are_said_and_the_rows_are_shown(
    shell: Shell, options: str, says: str
) -> None:
    text = shell.value(f"%%mp_sql {options}\n{PLANS}").to_text()
    assert f"No chart: {says}" in text
    assert "2025-01-01" in text


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("%mp_sql", "no SQL"),
        ("%mp_sql -o top", "no SQL"),
        ("%mp_sql -o 3x SELECT 1", "3x"),
        ("%mp_sql -o class SELECT 1", "class"),
        ("%mp_sql --max-rows -1 SELECT 1", "--max-rows"),
        ("%mp_sql --max-rows many SELECT 1", "--max-rows"),
        ("%mp_sql --chart pie SELECT 1", "pie"),
        ("%mp_sql --smooth 1 SELECT 1", "--smooth"),
        ("%mp_sql --log --explain SELECT 1", "--chart draws rows"),
        ("%mp_sql --nope x SELECT 1", "--nope"),
        ("%%mp_sql -o 'top\nSELECT 1", "quot"),
        ("%%mp_sql surplus\nSELECT 1", "surplus"),
    ],
)
def test_options_that_are_wrong_are_refused(shell: Shell, cell: str, says: str) -> None:
    lines = shell.failure(cell)
    assert lines[0].startswith("ParameterError: ")
    assert says in lines[0]
