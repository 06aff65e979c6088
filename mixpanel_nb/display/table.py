"""A table as plain data, and the grid of texts that both HTML and terminal draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display.text import one_line
from mixpanel_nb.display.values import MAX_CHARS, NULL, Kind, column_format, is_null, write

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Column:
    """A column's heading, and what its values are.

    Attributes:
        name: The heading.
        kind: What it holds; ``auto`` looks at the values.
    """

    name: str
    kind: Kind = "auto"


@dataclass(frozen=True)
class Table:
    """Rows under headings.

    Attributes:
        columns: The headings.
        rows: One sequence of values a row, as long as ``columns``.
        total_rows: How many rows there are, where ``rows`` holds only the first of them.
        more: Where the rest is, said when rows are left out.
        null: What stands for a value that is missing.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    total_rows: int | None = None
    more: str | None = None
    null: str = NULL

    @property
    def size(self) -> int:
        """How many rows there are, shown or not."""
        return len(self.rows) if self.total_rows is None else self.total_rows


@dataclass(frozen=True)
class Grid:
    """A table as texts.

    Attributes:
        headings: One text a column.
        right_aligned: One flag a column.
        rigid: One flag a column: whether part of a value would mislead, as with numbers and dates.
        cells: One list of texts a row; None is a value that is missing.
        footer: What is left out, or None.
        null: What stands for a value that is missing.
    """

    headings: list[str]
    right_aligned: list[bool]
    rigid: list[bool]
    cells: list[list[str | None]]
    footer: str | None
    null: str = NULL


def make_grid(table: Table, *, max_rows: int | None, max_columns: int | None, limit: int = MAX_CHARS) -> Grid:
    """The first rows and columns of a table as texts of at most ``limit`` characters."""
    rows = table.rows[:max_rows]
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
    )


def left_out(table: Table, rows: int, columns: int) -> str | None:
    """One line that says how much of a table is shown, or None when all of it is."""
    parts = []
    if rows < table.size:
        parts.append(f"{rows:,} of {table.size:,} rows")
    if columns < len(table.columns):
        parts.append(f"{columns:,} of {len(table.columns):,} columns")
    if not parts:
        return None
    shown = f"{' and '.join(parts)} shown"
    return f"{shown} — {table.more}" if table.more else shown
