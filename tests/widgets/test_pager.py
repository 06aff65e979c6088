"""Paging and sorting: what a page holds, compared with all rows sorted in Python."""

from __future__ import annotations

import math
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from mixpanel_nb import Workspace
from mixpanel_nb.display import Column
from mixpanel_nb.display.widgets.pager import Pager
from mixpanel_nb.errors import StorageError
from mixpanel_nb.rows import MemoryRows
from mixpanel_nb.views.base import Pages
from widgets.support import buttons, press, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.rows import Order

ROWS = st.lists(st.tuples(st.none() | st.integers(-3, 3), st.none() | st.sampled_from("abc")), max_size=30)
PLACES = st.integers(0, 1)


@pytest.fixture(scope="module")
def memory() -> Iterator[Workspace]:
    with Workspace.memory("sandbox") as workspace:
        yield workspace


def naive(rows: list[Any], place: int, *, descending: bool) -> list[Any]:
    """Compared two by two: equal rows stay as they came, rows without a value go last."""

    def compare(one: Any, other: Any) -> int:
        a, b = one[1][place], other[1][place]
        if a is None or b is None:
            return int(a is None) - int(b is None)
        way = int(a > b) - int(a < b)
        return -way if descending else way

    return [row for _, row in sorted(enumerate(rows), key=cmp_to_key(compare))]


@given(ROWS, PLACES, st.booleans(), st.integers(1, 12), st.integers(0, 30))
@settings(max_examples=60)
def test_a_page_is_a_slice_of_the_sorted_rows(
    memory: Workspace, rows: list[Any], place: int, descending: bool, limit: int, offset: int
) -> None:
    wanted = naive(rows, place, descending=descending)[offset : offset + limit]
    in_memory = MemoryRows(["n", "s"], [], rows)
    assert in_memory.fetch(limit, offset, (place, descending)) == wanted
    values = ", ".join(f"({'NULL' if n is None else n}, {'NULL' if s is None else repr(s)})" for n, s in rows)
    source = f"(VALUES {values}) AS t(n, s)" if rows else "(SELECT 1 AS n, 'a' AS s WHERE false)"
    in_duckdb = memory.sql_rows(f"SELECT n::INTEGER AS n, s::VARCHAR AS s FROM {source}").source
    assert in_duckdb.fetch(limit, offset, (place, descending)) == wanted


@pytest.mark.parametrize("value", [math.nan, [1], {"a": 1}, b"x", "é", True, 2.5])
def test_values_of_any_kind_can_be_sorted_together(value: Any) -> None:
    rows = [(value,), (None,), (1,), ("a",)]
    assert len(MemoryRows(["n"], [], rows).fetch(9, 0, (0, True))) == 4


def pager(count: int) -> Any:
    rows = [(number, f"name {number % 7}") for number in range(count)]
    return Pager(Pages([Column("id"), Column("name")], MemoryRows(["id", "name"], [], rows))).widget


def test_pages_are_turned_to_the_end_and_back() -> None:
    table = pager(2_345)
    assert "1 to 10 of 2,345" in text_of(table)
    assert buttons(table)["First page"].disabled
    press(table, "Next page")
    assert "11 to 20 of 2,345" in text_of(table)
    press(table, "Last page")
    assert "2,341 to 2,345 of 2,345" in text_of(table)
    assert buttons(table)["Next page"].disabled
    press(table, "Page before")
    assert "2,331 to 2,340 of 2,345" in text_of(table)
    press(table, "First page")
    assert "1 to 10 of 2,345" in text_of(table)


def test_a_heading_sorts_then_turns_round_then_lets_go() -> None:
    table = pager(100)
    press(table, "Next page")
    press(table, "Sort by id")
    assert "id ▲" in {button.description for button in buttons(table).values()}
    assert "1 to 10 of 100" in text_of(table)
    press(table, "Sort by id")
    assert "id ▼" in {button.description for button in buttons(table).values()}
    assert text_of(table).split()[:3] == ["99", "98", "97"]
    press(table, "Sort by id")
    assert text_of(table).split()[:3] == ["0", "1", "2"]


def test_no_rows_are_said_and_cannot_be_turned() -> None:
    table = pager(0)
    assert "No rows" in text_of(table)
    turning = ("First page", "Page before", "Next page", "Last page")
    assert all(buttons(table)[what].disabled for what in turning)


class Lost(MemoryRows):
    """Rows that were there a moment ago."""

    def fetch(self, limit: int | None = None, offset: int = 0, order: Order | None = None) -> list[Any]:
        """Rows in the order in which they were made, and in no other."""
        if order is not None:
            raise StorageError("The rows are gone.", hint="Run the query again.")
        return super().fetch(limit, offset)


def test_what_cannot_be_read_is_said_and_the_page_before_stays() -> None:
    rows = Lost(["n"], ["BIGINT"], [(number,) for number in range(100)])
    table = Pager(Pages([Column("n")], rows)).widget
    press(table, "Sort by n")
    assert "StorageError: The rows are gone.\nRun the query again." in text_of(table)
    assert "1 to 10 of 100" in text_of(table)
