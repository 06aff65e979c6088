"""Charts that are rows by nature, as HTML: bars and heat maps, whose texts are those of the page.

They have the page's colour and size of text at any width, fold nowhere into a picture, and stay readable as a
table where a site drops styles.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mixpanel_nb.display import theme
from mixpanel_nb.display.text import one_line, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.display.bars import Bar
    from mixpanel_nb.display.heatmap import HeatRow, Written

MAX_HEAT_CELLS = 700
"""Cells of a heat map in HTML; a larger one is a picture."""

MAX_NAME = 34
"""Characters of the name of a bar; a longer one lacks its middle."""

_TABLE = (
    "border-collapse: collapse; border: none; margin: 8px 0; font-size: 13px; table-layout: auto; width: {}"
)
_BARS = _TABLE.format("100%") + "; max-width: 900px"
_HEAT = _TABLE.format("auto")
_SCROLL = "overflow-x: auto"
_ROW = "background-color: rgba(0, 0, 0, 0); border: none"
_PLAIN = "border: none; text-align: left; white-space: nowrap"
_NAME = f"{_PLAIN}; padding: 2px 12px 2px 0; vertical-align: middle"
_GROUP = f"{_PLAIN}; padding: 4px 12px 4px 0; vertical-align: middle"
_TRACK = (
    "border: none; text-align: left; width: 100%; padding: {} 0 {} 0; line-height: 0; vertical-align: middle"
)
_VALUE = f"{_PLAIN}; padding: {{}} 0 {{}} 10px; vertical-align: middle"
_NOTE = "border: none; text-align: left; padding: 0 0 6px 0; opacity: 0.7; font-size: 12px"
_HEAD = "border: none; font-weight: 600; text-align: right; padding: 2px 6px; white-space: nowrap"
_CELL = "border: none; text-align: right; padding: 2px 6px; white-space: nowrap"
_LEAD = "border: none; text-align: left; padding: 2px 12px 2px 0; white-space: nowrap"
_MUTED = "opacity: 0.7"
_HIGH, _THIN = 16, 11  # pixels of a bar
_WIDE_COLUMNS = 13  # of a heat map, which have room for "12.3%"
_FAINTEST, _STRONGEST = 0.05, 0.55  # opacity of a cell: text in the page's colour is readable on it


def ranked_rows(bars: Sequence[Bar]) -> str:
    """One bar per name, from top to bottom in the given order, each with its number."""
    most = max((bar.value for bar in bars), default=0)
    rows = "".join(
        _row(_cell(_NAME, bar.name) + _track(_pieces(bar.value, most), 3) + _value(bar.text, 2))
        for bar in bars
    )
    return _table(_BARS, rows)


def step_rows(bars: Sequence[Bar]) -> str:
    """Bars of consecutive steps, with notes between; behind each, the one before in a pale colour."""
    most = max((bar.value for bar in bars), default=0)
    rows, before = [], bars[0].value if bars else 0
    for bar in bars:
        lost = max((before if bar.before is None else bar.before) - bar.value, 0)
        rows.append(
            _row(_cell(_NAME, bar.name) + _track(_pieces(bar.value, most, lost), 3) + _value(bar.text, 2))
        )
        if bar.below:
            note = f'<td colspan="2" style="{_NOTE}">{_text(bar.below)}</td>'
            rows.append(_row(f'<td style="{_NOTE}"></td>{note}'))
        before = bar.value
    return _table(_BARS, "".join(rows))


def grouped_rows(
    groups: Mapping[str, Sequence[Bar]], colors: Sequence[str], *, whole: float | None = None
) -> str:
    """Groups of thin bars, one colour per series.

    Args:
        groups: Name of a group to its bars.
        colors: The colour of each bar of a group.
        whole: The value of a full bar, drawn behind each; None is the largest.
    """
    most = whole or max((bar.value for bars in groups.values() for bar in bars), default=0)
    rows = []
    for name, bars in groups.items():
        for place, (bar, color) in enumerate(zip(bars, colors, strict=False)):
            first = f'<td rowspan="{len(bars)}" style="{_GROUP}">{_name(name)}</td>' if not place else ""
            above, below = 8 if not place else 1, 8 if place == len(bars) - 1 else 1
            rest = most - bar.value if whole else 0
            pieces = _pieces(
                bar.value, most, rest, color=color, behind="rgba(128, 128, 128, 0.18)", high=_THIN
            )
            rows.append(_row(first + _track(pieces, above, below) + _value(bar.text, above, below)))
    return _table(_BARS, "".join(rows))


def stacked_rows(
    names: Sequence[str],
    stacks: Sequence[Sequence[tuple[float, str]]],
    texts: Sequence[str],
    *,
    heads: tuple[str, str],
    note: str | None = None,
) -> str:
    """A bar per name, of pieces in several colours.

    Args:
        names: What the bars are.
        stacks: Length and colour of the pieces of each.
        texts: The text at the end of each.
        heads: What the names are, and the numbers.
        note: A line below.
    """
    most = max((sum(length for length, _ in stack) for stack in stacks), default=0)
    rows = "".join(
        _row(
            _cell(_NAME, name)
            + _track(
                "".join(_piece(length / (most or 1), theme.rgba(color), _HIGH) for length, color in stack), 3
            )
            + _value(text, 2)
        )
        for name, stack, text in zip(names, stacks, texts, strict=True)
    )
    of_names, of_numbers = (f'<td style="{_NAME}; {_MUTED}">{_name(head)}</td>' for head in heads)
    head = _row(
        f'{of_names}<td style="border: none"></td>{of_numbers.replace(_NAME, _VALUE.format("2px", "2px"))}'
    )
    below = f'<div style="{_MUTED}">{_text(note)}</div>' if note else ""
    return _table(_BARS, head + rows) + below


def heat_rows(rows: Sequence[HeatRow], columns: Sequence[str], *, lead: str, x: str, written: Written) -> str:
    """Rows of cells, each with its number on a ground that is stronger where the number is larger."""
    narrow = len(columns) > _WIDE_COLUMNS
    most = max((n for row in rows if not row.apart for n in row.cells if n is not None), default=0.0)
    heads = "".join(f'<th scope="col" style="{_HEAD}">{_text(name)}</th>' for name in ("", lead, *columns))
    body = []
    for row in rows:
        darkest = max((n for n in row.cells if n is not None), default=0.0) if row.apart else most
        cells = "".join(
            _heat_cell(number, darkest, written, still_open=bool(row.open) and row.open[place], narrow=narrow)
            for place, number in enumerate(row.cells)
        )
        lead_cell = f'<td style="{_CELL}">{_text(row.lead)}</td>'
        body.append(
            _row(f'<td style="{_LEAD}">{_text(shortened(row.label, MAX_NAME))}</td>{lead_cell}{cells}')
        )
    lacks_sign = narrow and written(0.5).endswith("%")
    caption = f'<div style="{_MUTED}">{_text(f"{x}, in %" if lacks_sign else x)}</div>'
    head = f'<thead><tr style="{_ROW}">{heads}</tr></thead>'
    table = f'<table style="{_HEAT}">{head}<tbody>{"".join(body)}</tbody></table>'
    return f'{caption}<div style="{_SCROLL}">{table}</div>'


def _heat_cell(number: float | None, most: float, written: Written, *, still_open: bool, narrow: bool) -> str:
    if number is None:
        return f'<td style="{_CELL}"></td>'
    share = min(max(number, 0) / most, 1) if most > 0 else 0
    ground = theme.rgba(theme.PALETTE[0], _FAINTEST + (_STRONGEST - _FAINTEST) * share)
    text = f"{written(number, narrow=narrow)}{'*' if still_open else ''}"
    return f'<td style="{_CELL}; background-color: {ground}">{_text(text)}</td>'


def _table(style: str, rows: str) -> str:
    return f'<table style="{style}"><tbody>{rows}</tbody></table>'


def _row(cells: str) -> str:
    return f'<tr style="{_ROW}">{cells}</tr>'


def _cell(style: str, name: str) -> str:
    return f'<td style="{style}">{_name(name)}</td>'


def _name(name: str) -> str:
    return _text(shortened(name, MAX_NAME))


def _value(text: str, above: int, below: int | None = None) -> str:
    style = _VALUE.format(f"{above}px", f"{above if below is None else below}px")
    return f'<td style="{style}">{_text(text)}</td>'


def _track(pieces: str, above: int, below: int | None = None) -> str:
    style = _TRACK.format(f"{above}px", f"{above if below is None else below}px")
    return f'<td style="{style}">{pieces}</td>'


def _pieces(
    value: float,
    most: float,
    rest: float = 0,
    *,
    color: str = theme.PALETTE[0],
    behind: str = theme.PALE,
    high: int = _HIGH,
) -> str:
    """A bar and, behind it, the rest of what it is compared with."""
    most = most or 1
    return _piece(value / most, theme.rgba(color), high) + _piece(rest / most, behind, high)


def _piece(share: float, color: str, high: int) -> str:
    """A part of a bar. It is a border, because browsers print no backgrounds."""
    if share <= 0:
        return ""
    size = f"width: {min(share, 1) * 100:.1f}%; height: 0; border-top: {high}px solid {color}"
    return f'<span style="display: inline-block; {size}"></span>'


def _text(text: str) -> str:
    """The escaped text; right-to-left text is isolated."""
    escaped = escape(one_line(text, 200), quote=True)
    return escaped if escaped.isascii() else f"<bdi>{escaped}</bdi>"
