"""Cards and tables as text for a terminal: aligned, of a given width, without control characters."""

from __future__ import annotations

import io
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.display.card import Card
from mixpanel_nb.display.glyphs import are_numbers, bar, sparkline
from mixpanel_nb.display.table import Grid, Table, left_out, make_grid
from mixpanel_nb.display.text import one_line
from mixpanel_nb.display.values import format_value, is_null

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

_MAX_CELL = 60
_MIN_TEXT = 12
_FIRST = 3  # the first column, which says what a row is, gets this part of the width
_GAP = 2
_MAX_LINE = 1_000
_BAR, _SPARK = 20, 60  # characters
_MAX_LINES = 7


def render_text(
    card_or_table: Card | Table,
    *,
    width: int,
    max_rows: int | None = None,
    color: bool = False,
    glyphs: bool = False,
) -> str:
    """The card or table as lines of at most ``width`` characters, without a newline at the end.

    Args:
        card_or_table: What to show. A card's chart becomes its alternative text; its query is left out.
        width: Characters per line; wide characters count as two.
        max_rows: Rows shown; None is all that the table holds.
        color: Whether to use ANSI codes (bold, dim).
        glyphs: Whether the rows of a card with a chart are drawn too: over time as a line of blocks for each
            column, else as bars.
    """
    card = card_or_table if isinstance(card_or_table, Card) else Card(title="", table=card_or_table)
    output = io.StringIO()
    console = _console(output, width, color=color)
    _print_head(console, card)
    drawn = glyphs and card.chart is not None and not card.chart.is_table
    if card.table and drawn and card.table.newest:
        _print_sparklines(console, card.table)
    if card.table:
        _print_table(console, card.table, max_rows, bars=drawn and not card.table.newest)
    for note in card.notes:
        _print_line(console, note)
    return "\n".join(line.rstrip() for line in output.getvalue().rstrip("\n").split("\n"))


def _console(output: io.StringIO, width: int, *, color: bool) -> Console:
    """A console that ignores the environment, so that the output only depends on the arguments."""
    from rich.console import Console

    return Console(
        file=output,
        width=width,
        color_system="standard" if color else None,
        force_terminal=color,
        force_jupyter=False,
        no_color=False,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )


def _print_head(console: Console, card: Card) -> None:
    if card.title:
        _print_line(console, card.title, style="bold")
    if card.subtitle:
        _print_line(console, card.subtitle, style="dim")
    if card.facts:
        _print_facts(console, [(label, _fact(value)) for label, value in card.facts])
    if card.empty:
        _print_line(console, card.empty)
    if card.chart:
        _print_line(console, card.chart.alt, style="dim")


def _fact(value: Any) -> str:
    return value if isinstance(value, str) else format_value(value)


def _print_facts(console: Console, facts: list[tuple[str, str]]) -> None:
    from rich.cells import cell_len

    labels = [one_line(label, _MAX_CELL) for label, _ in facts]
    wide = max(map(cell_len, labels))
    for label, (_, value) in zip(labels, facts, strict=True):
        _print_line(console, f"{label}{' ' * (wide - cell_len(label))}  {value}")


def _print_line(console: Console, text: str, *, style: str | None = None) -> None:
    from rich.text import Text

    console.print(Text(one_line(text, _MAX_LINE), style=style or ""), soft_wrap=False)


def _print_sparklines(console: Console, table: Table) -> None:
    """A line of blocks for each column of numbers."""
    drawn = [
        (one_line(column.name, _MAX_CELL), values)
        for place, column in enumerate(table.columns[1:], 1)
        if are_numbers(values := [row[place] for row in table.rows])
    ][:_MAX_LINES]
    _print_facts(console, [(name, sparkline(values, _SPARK)) for name, values in drawn])


def _bars(table: Table, rows: int) -> list[str]:
    """A bar for each of the first rows, by the first column of numbers; nothing without one."""
    for place in range(1, len(table.columns)):
        values = [row[place] for row in table.rows]
        if are_numbers(values):
            known = [0.0 if is_null(value) else float(value) for value in values]
            return [bar(value, max(known), _BAR) for value in known[:rows]]
    return []


def _print_table(console: Console, table: Table, max_rows: int | None, *, bars: bool) -> None:
    """A table; columns without room are a second one below, where ``Table.keys`` says so."""
    grid = make_grid(table, max_rows=max_rows, max_columns=None, limit=_MAX_CELL)
    lengths = _bars(table, len(grid.cells)) if bars else []
    widths = _widths(grid, console.width - (_BAR + _GAP if lengths else 0))
    _print_grid(console, grid, widths, lengths)
    shown = len(widths)
    further = _further(grid, shown, table.keys)
    if further is not None and len(also := _widths(further, console.width)) == len(further.headings):
        _print_grid(console, further, also, [])
        shown = len(grid.headings)
    footer = left_out(table, len(grid.cells), shown)
    if footer:
        _print_line(console, footer, style="dim")


def _further(grid: Grid, shown: int, keys: int | None) -> Grid | None:
    """The columns that have no room, beside those that say what a row is; None if there are none."""
    columns = len(grid.headings)
    if keys is None or not keys < shown < columns:
        return None
    return grid.of([*range(keys), *range(shown, columns)])


def _print_grid(console: Console, grid: Grid, widths: Sequence[int], lengths: Sequence[str]) -> None:
    """The first columns of a grid, each of its width, and a bar a row."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for place, width in enumerate(widths):
        side: Literal["left", "right"] = "right" if grid.right_aligned[place] else "left"
        drawn.add_column(
            Text(grid.headings[place]), justify=side, width=width, no_wrap=True, overflow="ellipsis"
        )
    if lengths:
        drawn.add_column("", width=_BAR, no_wrap=True)
    for row, length in zip_longest(grid.cells, lengths):
        texts = (Text(grid.null, style="dim") if text is None else Text(text) for text in row[: len(widths)])
        drawn.add_row(*texts, *([Text(length)] if lengths else []))
    console.print(drawn)


def _widths(grid: Grid, width: int) -> list[int]:
    """Characters for each column that has room, from the left.

    Numbers and dates are never truncated. Text is shortened to a readable part, and the remaining width is
    distributed, one character at a time, among the truncated texts.
    """
    from rich.cells import cell_len

    natural = [
        max(
            cell_len(grid.null if text is None else text)
            for text in (heading, *(row[place] for row in grid.cells))
        )
        for place, heading in enumerate(grid.headings)
    ]
    widths: list[int] = []
    for size, rigid in zip(natural, grid.rigid, strict=True):
        least = size if rigid else min(size, _MIN_TEXT if widths else max(_MIN_TEXT, width // _FIRST))
        if widths and sum(widths) + _GAP * len(widths) + least > width:
            break
        widths.append(min(least, width))
    spare = width - sum(widths) - _GAP * (len(widths) - 1)
    while spare > 0 and (cut := [place for place, size in enumerate(widths) if size < natural[place]]):
        for place in cut[:spare]:
            widths[place] += 1
        spare -= len(cut[:spare])
    return widths
