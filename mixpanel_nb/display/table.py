"""A table as plain data, and the grid of strings that HTML and terminal render."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display.text import one_line
from mixpanel_nb.display.values import MAX_CHARS, NULL, Kind, column_format, is_null, write

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Column:
    """A column's heading and the kind of its values.

    Attributes:
        name: The heading.
        kind: The kind of values; ``auto`` infers it.
        folds: Whether texts may take several lines on a page, however short they are.
    """

    name: str
    kind: Kind = "auto"
    folds: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under headings.

    Attributes:
        columns: The headings.
        rows: One sequence of values a row, as long as ``columns``.
        total_rows: The total number of rows, if ``rows`` only contains the first.
        more: Where the rest is, shown when rows are left out.
        null: What stands for a value that is missing.
        newest: Whether the rows are in the order of time, so that the last are those to show.
        keys: How many of the first columns say what a row is. Where a terminal has no room for all columns,
            the others follow below, beside these; with None they are left out.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    total_rows: int | None = None
    more: str | None = None
    null: str = NULL
    newest: bool = False
    keys: int | None = None

    @property
    def size(self) -> int:
        """The total number of rows."""
        return len(self.rows) if self.total_rows is None else self.total_rows


@dataclass(frozen=True)
class Grid:
    """A table as texts.

    Attributes:
        headings: One text a column.
        right_aligned: One flag a column.
        rigid: One flag a column: whether a truncated value would mislead, as with numbers and dates.
        cells: One list of texts a row; None is a value that is missing.
        footer: What is left out, or None.
        null: What stands for a value that is missing.
        folds: One flag a column: whether its texts may take several lines.
    """

    headings: list[str]
    right_aligned: list[bool]
    rigid: list[bool]
    cells: list[list[str | None]]
    footer: str | None
    null: str
    folds: Sequence[bool]

    def of(self, places: Sequence[int]) -> Grid:
        """Some of its columns."""
        return replace(
            self,
            headings=[self.headings[place] for place in places],
            right_aligned=[self.right_aligned[place] for place in places],
            rigid=[self.rigid[place] for place in places],
            cells=[[row[place] for place in places] for row in self.cells],
            folds=[self.folds[place] for place in places],
        )


def make_grid(table: Table, *, max_rows: int | None, max_columns: int | None, limit: int = MAX_CHARS) -> Grid:
    """The first rows and columns of a table as texts of at most ``limit`` characters."""
    rows = _shown(table, max_rows)
    columns = table.columns[:max_columns]
    formats = [
        column_format(column.name, column.kind, [row[place] for row in rows])
        for place, column in enumerate(columns)
    ]
    cells = [
        [
            None if is_null(value) else write(value, form, limit=limit)
            for value, form in zip(row, formats, strict=False)
        ]
        for row in rows
    ]
    return Grid(
        headings=[one_line(column.name, limit) for column in columns],
        right_aligned=[form.right_aligned for form in formats],
        rigid=[form.kind != "text" for form in formats],
        cells=cells,
        footer=left_out(table, len(rows), len(columns)),
        null=table.null,
        folds=[column.folds for column in columns],
    )


def _shown(table: Table, max_rows: int | None) -> Sequence[Sequence[Any]]:
    """The first rows, or the last of a table whose rows are in the order of time."""
    if max_rows is None or not table.newest:
        return table.rows[:max_rows]
    return table.rows[max(len(table.rows) - max_rows, 0) :]


def left_out(table: Table, rows: int, columns: int) -> str | None:
    """One line about the shown part of a table, or None if all of it is shown."""
    parts = []
    if rows < table.size:
        parts.append(f"{'last ' if table.newest else ''}{rows:,} of {table.size:,} rows")
    if columns < len(table.columns):
        parts.append(f"{columns:,} of {len(table.columns):,} columns")
    if not parts:
        return None
    shown = f"{' and '.join(parts)} shown"
    return f"{shown} — {table.more}" if table.more else shown
