"""A heat map: rows of numbers, coloured by value, with the number in each cell if there is room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.display import theme
from mixpanel_nb.display.bars import NAME_WIDTH, name_extent
from mixpanel_nb.display.layers import layer, layered
from mixpanel_nb.display.text import distinct_labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import altair as alt

MAX_CELLS = 2_000
"""Maximum number of cells; more would be too small and the picture too large."""

_MAX_LABEL = 30
_WIDTH = 560
_HEIGHT = 620
_CELL_WIDTH = 56  # of a map with few columns
_CELL_HEIGHT = 22  # of a map with few rows
_PLAIN_HEIGHT = 16  # of a cell without a number
_MOST_TEXT_ROWS = 32
_MOST_TEXT_CELLS = 500  # numbers are most of the size of the picture
_PERCENT_WIDTH = 45  # pixels that "12.3%" needs
_NUMBER_WIDTH = 25  # pixels that "12" needs
_TEXT_HEIGHT = 13  # pixels that a line of text needs
_CHARACTER = 8  # pixels of a digit in a wide font


@dataclass(frozen=True)
class HeatRow:
    """One row of a heat map.

    Attributes:
        label: What the row is.
        lead: The text of its first column, which has no colour, such as the number of users in the row.
        cells: One number per column, such as a share (0 to 1); None leaves the cell blank.
        open: Cells that may still change: they are paler and marked ``*``. Empty means none.
        apart: Whether the row has its own colour scale, as a total beside its parts.
    """

    label: str
    lead: str
    cells: Sequence[float | None]
    open: Sequence[bool] = ()
    apart: bool = False


def share_text(share: float, *, narrow: bool = False) -> str:
    """``12.3%``; ``12`` where there is little room."""
    return f"{share * 100:.0f}" if narrow else f"{share * 100:.1f}%"


class Written(Protocol):
    """Writes the number of a cell, in few characters."""

    def __call__(self, number: float, /, *, narrow: bool = False) -> str:
        """The text; ``narrow`` is said where there is room for two digits alone."""


def heatmap(
    rows: Sequence[HeatRow],
    columns: Sequence[str],
    *,
    lead: str,
    x: str,
    written: Written = share_text,
    signed: bool = False,
    title: str | None = None,
    subtitle: str | None = None,
) -> alt.Chart:
    """Rows of coloured cells.

    Args:
        rows: From top to bottom.
        columns: Headings of the cells, from left to right, all different.
        lead: Heading of the first column.
        x: What the columns are.
        written: Writes the numbers.
        signed: Whether numbers below 0 have a colour of their own.
        title: The headline.
        subtitle: A line below it.
    """
    labels = distinct_labels((row.label for row in rows), _MAX_LABEL)
    wide = min(_CELL_WIDTH, max(_WIDTH // max(len(columns), 1), 1))
    few = len(rows) <= _MOST_TEXT_ROWS and len(rows) * len(columns) <= _MOST_TEXT_CELLS
    texts = few and wide >= _NUMBER_WIDTH
    high = _CELL_HEIGHT if texts else min(_PLAIN_HEIGHT, max(_HEIGHT // max(len(rows), 1), 1))
    most = _most(row for row in rows if not row.apart)
    points = _points(rows, labels, columns, most, written, signed=signed, narrow=wide < _PERCENT_WIDTH)
    led = high >= _TEXT_HEIGHT
    room = max(map(len, (lead, *(row.lead for row in rows)))) * _CHARACTER + 8 if led else 0
    place = _places(labels, columns, x if texts else f"{x} (the darkest is {written(most)})", room)
    layers = [_cells(points, place)]
    if led:
        layers += [_leads(rows, labels, place), _corner(lead)]
    return layered(
        [*layers, _numbers(points, place)] if texts else layers,
        width=wide * len(columns),
        height=high * len(rows),
        title=title,
        subtitle=subtitle,
    )


def _most(rows: Iterable[HeatRow]) -> float:
    return max((abs(number) for row in rows for number in row.cells if number is not None), default=0.0)


def _points(
    rows: Sequence[HeatRow],
    labels: Sequence[str],
    columns: Sequence[str],
    most: float,
    written: Written,
    *,
    signed: bool,
    narrow: bool,
) -> list[dict[str, Any]]:
    """The non-empty cells; open cells are paler."""
    points = []
    for row, label in zip(rows, labels, strict=True):
        darkest = _most([row]) if row.apart else most
        for place, (column, number) in enumerate(zip(columns, row.cells, strict=True)):
            if number is not None:
                still_open = bool(row.open) and row.open[place]
                share = number / darkest if darkest > 0 else 0
                color = theme.signed_ramp(share) if signed else theme.ramp(share)
                fill = theme.paler(color) if still_open else color
                text = written(number, narrow=narrow)
                points.append(
                    {
                        "row": label,
                        "column": column,
                        "text": f"{text}*" if still_open else text,
                        "fill": fill,
                        "ink": theme.ink_on(fill),
                    }
                )
    return points


def _places(labels: Sequence[str], columns: Sequence[str], x: str, room: float) -> dict[str, Any]:
    """Both axes: columns named above, rows named left of the first column."""
    import altair as alt

    bare: dict[str, Any] = {"ticks": False, "domain": False, "labelOverlap": "greedy", "labelSeparation": 3}
    across = alt.Axis(
        orient="top", labelAngle=0, labelPadding=2, titleAnchor="start", titleAlign="left", **bare
    )
    beside = round(room) + 8
    down = alt.Axis(
        title=None, labelPadding=beside, labelLimit=NAME_WIDTH, minExtent=beside + name_extent(labels), **bare
    )
    return {
        "x": alt.X("column:O", sort=list(columns), title=x, axis=across, scale=_bands(columns)),
        "y": alt.Y("row:O", sort=list(labels), axis=down, scale=_bands(labels)),
    }


def _bands(names: Sequence[str]) -> alt.Scale:
    """One band a name, in whole pixels, with a hairline between two if there are few."""
    import altair as alt

    gap = 0.04 if len(names) <= _MOST_TEXT_ROWS else 0
    return alt.Scale(domain=list(names), round=True, paddingInner=gap, paddingOuter=0)


def _cells(points: Sequence[dict[str, Any]], place: dict[str, Any]) -> alt.Chart:
    import altair as alt

    tooltip = [alt.Tooltip(f"{name}:N", title=" ") for name in ("row", "column", "text")]
    return layer(points, {"type": "rect"}, **place, fill=alt.Fill("fill:N", scale=None), tooltip=tooltip)


def _numbers(points: Sequence[dict[str, Any]], place: dict[str, Any]) -> alt.Chart:
    import altair as alt

    return layer(
        points,
        {"type": "text", "fontSize": theme.SMALL},
        **place,
        text=alt.Text("text:N"),
        color=alt.Color("ink:N", scale=None),
    )


def _leads(rows: Sequence[HeatRow], labels: Sequence[str], place: dict[str, Any]) -> alt.Chart:
    """The first column, right-aligned beside the cells."""
    import altair as alt

    points = [{"row": label, "lead": row.lead} for row, label in zip(rows, labels, strict=True)]
    return layer(
        points,
        {"type": "text", "align": "right", "fontSize": theme.FONT_SIZE, "color": theme.TEXT},
        x=alt.value(-8),
        y=place["y"],
        text=alt.Text("lead:N"),
    )


def _corner(lead: str) -> alt.Chart:
    import altair as alt

    return layer(
        [{"lead": lead}],
        {
            "type": "text",
            "align": "right",
            "baseline": "bottom",
            "fontSize": theme.FONT_SIZE,
            "color": theme.TEXT,
        },
        x=alt.value(-8),
        y=alt.value(-4),
        text=alt.Text("lead:N"),
    )
