"""A paged table, sortable by any column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets

from mixpanel_nb.display.card import NO_MATH, cell_html
from mixpanel_nb.display.table import Column, Grid, Table, make_grid
from mixpanel_nb.display.widgets import parts

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_COLUMNS = 40
PAGE_SIZES = (10, 25, 50, 100)
_LINE = 26  # pixels of a row; cells of one row are in different columns, so all have this height
_CELL = (
    f"height: {_LINE}px; line-height: {_LINE}px; padding: 0 14px 0 0; white-space: nowrap; font-size: 13px; "
    "overflow: hidden; text-overflow: ellipsis; border-bottom: 1px solid rgba(128, 128, 128, 0.2); "
    "text-align: "
)


class Rows(Protocol):
    """Rows that can be read in pages."""

    @property
    def headings(self) -> Sequence[Column]:
        """One per column."""

    @property
    def row_count(self) -> int:
        """The number of rows."""

    def page(self, limit: int, offset: int, sort: int | None, *, descending: bool) -> list[tuple[Any, ...]]:
        """Rows ``offset`` to ``offset + limit``, sorted by column ``sort`` or, if None, unsorted."""


class Pager:
    """A table with headings that sort and buttons that turn pages.

    Args:
        rows: The rows.
        size: Rows of a page.

    Attributes:
        widget: The widget.
    """

    def __init__(self, rows: Rows, size: int = PAGE_SIZES[0]) -> None:
        self._rows = rows
        self._columns = list(rows.headings[:MAX_COLUMNS])
        self._sort: int | None = None
        self._descending = False
        self._offset = 0
        self._headings = [self._heading(place) for place in range(len(self._columns))]
        self._cells = [parts.html() for _ in self._columns]
        self._place = parts.html(margin="0 12px 0 10px")
        self._message = parts.html()
        self._size = ipywidgets.Dropdown(
            options=[(f"{number} rows", number) for number in PAGE_SIZES],
            value=size,
            layout=ipywidgets.Layout(width="100px", margin="0"),
        )
        self._size.observe(self._resized, "value")
        self._turn = [
            parts.button(sign, what, turn, margin="0 2px 0 0")
            for sign, what, turn in (
                ("«", "First page", lambda: self._go(0)),
                ("‹", "Page before", lambda: self._go(self._offset - self._size.value)),
                ("›", "Next page", lambda: self._go(self._offset + self._size.value)),
                ("»", "Last page", lambda: self._go(self._last)),
            )
        ]
        columns = [
            ipywidgets.VBox([head, cells], layout=ipywidgets.Layout(flex="0 0 auto", overflow="visible"))
            for head, cells in zip(self._headings, self._cells, strict=True)
        ]
        table = ipywidgets.HBox(columns, layout=ipywidgets.Layout(overflow="auto", width="100%"))
        turning = parts.row([*self._turn, self._place, self._size], margin="6px 0 0 0")
        children = [self._message, table, turning]
        if len(rows.headings) > MAX_COLUMNS:
            note = f"{MAX_COLUMNS} of {len(rows.headings):,} columns shown — .df has them all"
            children.append(parts.html(parts.muted(note)))
        self.widget = ipywidgets.VBox(children, layout=ipywidgets.Layout(width="100%"))
        self._fill()

    @property
    def _last(self) -> int:
        """Where the last page begins."""
        size: int = self._size.value
        return max(0, (self._rows.row_count - 1) // size * size)

    def _heading(self, place: int) -> Any:
        column = self._columns[place]
        head = parts.button(column.name, f"Sort by {column.name}", lambda: self._sort_by(place))
        head.layout = ipywidgets.Layout(width="auto", height=f"{_LINE}px", margin="0", padding="0 14px 0 0")
        head.style.button_color = "transparent"
        head.style.font_weight = "bold"
        return head

    def _sort_by(self, place: int) -> None:
        """Sort by a column; once more in the other direction; a third time restores the rows' own order."""
        if self._sort != place:
            self._sort, self._descending = place, False
        elif not self._descending:
            self._descending = True
        else:
            self._sort, self._descending = None, False
        self._go(0)

    def _resized(self, change: Any) -> None:
        self._go(self._offset // change["new"] * change["new"])

    def _go(self, offset: int) -> None:
        self._offset = min(max(offset, 0), self._last)
        self._fill()

    def _fill(self) -> None:
        self._say("")
        parts.attempt(self._show_page, self._say)

    def _say(self, message: str) -> None:
        self._message.value = message

    def _show_page(self) -> None:
        rows = self._rows.page(self._size.value, self._offset, self._sort, descending=self._descending)
        grid = make_grid(Table(self._columns, rows), max_rows=None, max_columns=None)
        for place, cells in enumerate(self._cells):
            right = grid.right_aligned[place]
            self._headings[place].description = self._named(grid.headings[place], place)
            self._headings[place].layout.align_self = "flex-end" if right else "flex-start"
            cells.value = _column(grid, place)
        count = self._rows.row_count
        last = min(self._offset + len(rows), count)
        self._place.value = parts.muted(
            f"{self._offset + 1:,} to {last:,} of {count:,}" if count else "No rows"
        )
        first, final = self._offset == 0, last >= count
        for turn, disabled in zip(self._turn, (first, first, final, final), strict=True):
            turn.disabled = disabled

    def _named(self, heading: str, place: int) -> str:
        if place != self._sort:
            return heading
        return f"{heading} {'▼' if self._descending else '▲'}"


def _column(grid: Grid, place: int) -> str:
    side = "right" if grid.right_aligned[place] else "left"
    cells = "".join(f'<div style="{_CELL}{side}">{cell_html(row[place])}</div>' for row in grid.cells)
    return f'<div class="{NO_MATH}">{cells}</div>'
