"""The card: a result as self-contained HTML that looks the same in every notebook.

The HTML is a pure function of the card, without scripts, style sheets, network addresses, ids or times.
Inline styles are limited to the properties and values that JupyterLab's sanitiser keeps for untrusted
notebooks (``packages/apputils/src/sanitizer.ts``), so trusted and untrusted notebooks, nbconvert, VS Code and
Colab show the same. Colours are inherited or translucent grey, which suits light themes, dark themes and
paper.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display.table import Grid, Table, make_grid
from mixpanel_nb.display.text import block, one_line, shortened
from mixpanel_nb.display.theme import rgba
from mixpanel_nb.display.values import NULL, format_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import altair as alt

    from mixpanel_nb.display.render import Picture

MAX_ROWS = 10
MAX_COLUMNS = 40
_MAX_HEADLINE = 200
_MAX_KEY = 60  # characters of the name of a colour
_MAX_NOTE = 1_000
_MAX_QUERY = 20_000

# JupyterLab and nbconvert typeset what stands between two dollars, as in `$os, $city`. MathJax leaves alone
# what has these classes (the names of its versions 3 and 2).
NO_MATH = "mathjax_ignore tex2jax_ignore"
_CARD = "max-width: 1100px; margin: 4px 0 12px 0; font-size: 13px; line-height: 1.5"
_TITLE = "font-size: 16px; overflow-wrap: break-word"
_STRONG = "font-weight: 600"
_NULL = "opacity: 0.7"
_MUTED = "opacity: 0.7; overflow-wrap: break-word"
_FACT = "display: inline-block; margin: 6px 32px 2px 0; vertical-align: top"
_LABEL = "display: block; opacity: 0.7; font-size: 12px"
_VALUE = f"display: block; font-size: 15px; {_STRONG}"
_IMAGE = "display: block; margin: 6px 0"
_LEGEND = "margin: 8px 0 0 0; font-size: 13px"
_ENTRY = "display: inline-block; margin: 0 14px 0 0"
_SWATCH = "display: inline-block; width: 0; height: 0; border: 5px solid"
_SCROLL = "overflow-x: auto; margin: 8px 0 4px 0"
_TABLE = (
    "border-collapse: collapse; margin: 0; font-size: 13px; width: auto; table-layout: auto; border: none"
)
_RULE = "1px solid rgba(128, 128, 128, 0.5)"
_HAIRLINE = "1px solid rgba(128, 128, 128, 0.2)"
_CELL = "padding: 3px 14px 3px 0; white-space: nowrap; text-align: "
# A long text folds, so that the numbers beside it stay in sight.
_FOLDING = (
    "padding: 3px 14px 3px 0; white-space: normal; overflow-wrap: break-word; min-width: {}px; "
    "max-width: 420px; text-align: "
)
_LONG, _FOLDED = _FOLDING.format(220), _FOLDING.format(120)
_MAX_UNFOLDED = 60
_HEADING = f"font-weight: 600; border-bottom: {_RULE}; {_CELL}"
_SUMMARY = f"{_MUTED}; cursor: pointer"
_CODE = "font-size: 12px; overflow-wrap: break-word"
_PRE = (
    "margin: 4px 0; padding: 8px 12px; font-size: 12px; white-space: pre-wrap; overflow-wrap: break-word; "
    "background-color: rgba(128, 128, 128, 0.12); border-radius: 6px"
)


@dataclass(frozen=True)
class Chart:
    """A chart that is drawn on demand.

    Attributes:
        draw: Makes the Altair chart.
        alt: The alternative text.
        rows: Makes the chart as HTML where it is rows by nature; None shows it as a picture.
        is_table: Whether these rows are those of the card's table, which HTML then leaves out.
        lines: Lines below the picture, such as the texts of its numbered marks: a label and a text each.
    """

    draw: Callable[[], alt.Chart]
    alt: str
    rows: Callable[[], str] | None = None
    is_table: bool = False
    lines: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Card:
    """The rendered form of a result.

    Attributes:
        title: The headline.
        subtitle: A line below it, such as the range of days.
        facts: Pairs of label and value.
        chart: The picture.
        table: The rows.
        query: The query of the result, collapsed.
        notes: Lines at the end, such as a warning.
        empty: The text if there is nothing to show.
        users: A command that lists the users behind one of the numbers.
    """

    title: str
    subtitle: str | None = None
    facts: Sequence[tuple[str, Any]] = ()
    chart: Chart | None = None
    table: Table | None = None
    query: str | None = None
    notes: Sequence[str] = ()
    empty: str | None = None
    users: str | None = None


def render_html(
    card: Card,
    *,
    max_rows: int | None = MAX_ROWS,
    max_columns: int | None = MAX_COLUMNS,
    live: bool = False,
) -> str:
    """The card as self-contained HTML: always the same text for the same card.

    Args:
        card: What to show; all of its text is escaped.
        max_rows: Rows of the table that are shown; None is all that the card holds.
        max_columns: Columns of the table that are shown; None is all.
        live: Whether a widget shows it, where pictures become live charts.
    """
    parts = "".join(_parts(card, max_rows, max_columns, live=live))
    return f'<div class="{NO_MATH}" style="{_CARD}">{parts}</div>'


def _parts(card: Card, max_rows: int | None, max_columns: int | None, *, live: bool) -> Iterator[str]:
    title = _isolated(one_line(card.title, _MAX_HEADLINE))
    yield f'<div style="{_TITLE}"><b style="{_STRONG}">{title}</b></div>'
    if card.subtitle:
        yield _div(_MUTED, card.subtitle)
    if card.facts:
        yield f"<div>{' '.join(_fact(label, value) for label, value in card.facts)}</div>"
    if card.empty:
        yield _div(_MUTED, card.empty)
    if card.chart:
        yield chart_html(card.chart, live=live)
        yield from (_line(label, text) for label, text in card.chart.lines)
    if card.table and not (card.chart and card.chart.is_table):
        yield _table(make_grid(card.table, max_rows=max_rows, max_columns=max_columns))
    for note in card.notes:
        yield _div(_MUTED, note, limit=_MAX_NOTE)
    if card.users:
        code = f'<code style="{_CODE}">{_isolated(one_line(card.users, _MAX_NOTE))}</code>'
        yield f'<div style="{_MUTED}">Users: {code}</div>'
    if card.query:
        yield _query(card.query)


def _div(style: str, text: str, *, limit: int = _MAX_HEADLINE) -> str:
    return f'<div style="{style}">{_isolated(one_line(text, limit))}</div>'


def _line(label: str, text: str) -> str:
    """A label and its text; each is isolated, so that right-to-left text leaves the label in its place."""
    head, told = (_isolated(one_line(each, _MAX_HEADLINE)) for each in (label, text))
    return f'<div style="{_MUTED}"><b style="{_STRONG}">{head}</b> {told}</div>'


def _fact(label: str, value: Any) -> str:
    """The label above the value; without styles, side by side."""
    shown = value if isinstance(value, str) else format_value(value)
    return (
        f'<span style="{_FACT}"><span style="{_LABEL}">{_isolated(one_line(label, _MAX_HEADLINE))}</span> '
        f'<b style="{_VALUE}">{_isolated(one_line(shown, _MAX_HEADLINE))}</b></span>'
    )


def chart_html(chart: Chart, *, live: bool = False) -> str:
    """The chart as rows or as a picture; if it cannot be drawn, its alternative text and the reason.

    Args:
        chart: The chart.
        live: Whether a widget shows it, where a picture becomes a live chart.
    """
    try:
        return chart.rows() if chart.rows else _image(chart, live=live)
    except Exception as error:  # noqa: BLE001 - an error in the picture must not hide the rows
        reason = str(error).partition("\n")[0]
        return _div(_MUTED, f"{chart.alt} (This chart cannot be drawn: {reason})", limit=_MAX_NOTE)


def _image(chart: Chart, *, live: bool) -> str:
    from mixpanel_nb.display.interactive import live_html
    from mixpanel_nb.display.render import pictures

    words = escape(one_line(chart.alt, _MAX_NOTE), quote=True)
    drawn = chart.draw()
    shown = "".join(_picture(each, words) for each in pictures(drawn))
    return live_html(drawn, shown) if live else shown


def _picture(picture: Picture, words: str) -> str:
    """An image and, above it, what its colours are."""
    svg = base64.b64encode(picture.svg.encode()).decode("ascii")
    size = f"width: 100%; height: {picture.height}px" if picture.is_fluid else "max-width: 100%; height: auto"
    place = f'width="{picture.width}" height="{picture.height}" style="{_IMAGE}; {size}"'
    key, legend = "", picture.legend
    if legend is not None:
        key = key_html(legend.names, legend.colors, legend.title)
    return f'{key}<img src="data:image/svg+xml;base64,{svg}" alt="{words}" {place}>'


def key_html(names: Sequence[str], colors: Sequence[str], title: str | None = None) -> str:
    """The names of colours, side by side, as many in a line as fit."""
    of = f'<span style="{_MUTED}">{_isolated(one_line(title, _MAX_KEY))}</span> ' if title else ""
    keys = (_key(color, name) for name, color in zip(names, colors, strict=False))
    return f'<div style="{_LEGEND}">{of}{" ".join(keys)}</div>'


def _key(color: str, name: str) -> str:
    swatch = f'<span style="{_SWATCH} {rgba(color)}"></span>'
    text = _isolated(shortened(one_line(name, _MAX_HEADLINE), _MAX_KEY))
    return f'<span style="{_ENTRY}">{swatch} {text}</span>'


def _table(grid: Grid) -> str:
    sides = ["right" if right else "left" for right in grid.right_aligned]
    heads = "".join(
        f'<th scope="col" style="{_HEADING}{side}">{_isolated(heading)}</th>'
        for heading, side in zip(grid.headings, sides, strict=True)
    )
    rows = "".join(
        f'<tr style="border-bottom: {_HAIRLINE}">'
        + "".join(
            f'<td style="{_style(grid, text, place)}{side}">{cell_html(text, grid.null)}</td>'
            for place, (text, side) in enumerate(zip(row, sides, strict=True))
        )
        + "</tr>"
        for row in grid.cells
    )
    table = f'<table style="{_TABLE}"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
    footer = _div(_MUTED, grid.footer) if grid.footer else ""
    return f'<div style="{_SCROLL}">{table}</div>{footer}'


def _style(grid: Grid, text: str | None, place: int) -> str:
    """A long text folds where another column follows it, and any text of a column that folds."""
    if text and len(text) > _MAX_UNFOLDED and place < len(grid.headings) - 1:
        return _LONG
    return _FOLDED if grid.folds[place] else _CELL


def cell_html(text: str | None, null: str = NULL) -> str:
    """The text of a cell as HTML; None is drawn as ``null``."""
    return f'<i style="{_NULL}">{null}</i>' if text is None else _isolated(text)


def _query(query: str) -> str:
    code = escape(block(query.strip("\n"), _MAX_QUERY), quote=True)
    return f'<details><summary style="{_SUMMARY}">Query</summary><pre style="{_PRE}">{code}</pre></details>'


def _isolated(text: str) -> str:
    """The escaped text; right-to-left text is isolated so that it does not reorder its neighbours."""
    escaped = escape(text, quote=True)
    return escaped if text.isascii() else f"<bdi>{escaped}</bdi>"
