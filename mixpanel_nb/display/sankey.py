"""A Sankey diagram: bars in columns, and bands between them whose height is the flow.

It is a Vega-Lite chart of areas and rectangles with coordinates computed here.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.display import theme
from mixpanel_nb.display.layers import layer, layered
from mixpanel_nb.display.text import chart_label, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import altair as alt

Kind = Literal["anchor", "event", "other", "dropoff"]

_BAR = 11  # pixels that a bar is wide
_PITCHES = {5: 132, 6: 118}  # pixels from one column to the next, by how many columns there are
_FEW, _PITCH_OF_FEW, _PITCH_OF_MANY = 4, 150, 114
_LABEL_GAP = 6
_HEIGHT = 250  # of everything that enters
_LINE = 15
_LABEL = 2 * _LINE  # a name, and a number below it
_GAP = 12
_HEADING = 26
_SEGMENT = 30
_BETWEEN = 26  # two diagrams
_CHARACTER = 6.7  # pixels
_MOST_COLUMNS = 6  # of a row; in a narrow window more are too small to be read
_CURVE = 12  # pieces of a band between two columns
_THIN = 1.5

_BARS: Mapping[Kind, str] = {
    "anchor": theme.PALETTE[0],
    "event": theme.PALETTE[4],
    "other": theme.BEFORE,
    "dropoff": theme.PALETTE[5],
}
# Translucent, so that names are read over them on light and dark grounds.
_BANDS: Mapping[Kind, str] = {
    "anchor": "rgba(11, 124, 194, 0.16)",
    "event": "rgba(62, 155, 208, 0.14)",
    "other": "rgba(134, 140, 149, 0.14)",
    "dropoff": "rgba(213, 94, 0, 0.14)",
}


@dataclass(frozen=True)
class SankeyNode:
    """A bar.

    Attributes:
        column: Its column, from the left.
        name: Its label.
        value: How high it is.
        text: The number below its name.
        kind: Its colour.
        fill: Its colour, if it is another.
    """

    column: int
    name: str
    value: float
    text: str
    kind: Kind = "event"
    fill: str | None = None


@dataclass(frozen=True)
class SankeyLink:
    """A band.

    Attributes:
        source: The index of the bar it starts from.
        target: The index of the bar it leads to, in a later column.
        value: How high it is.
        text: The tooltip.
        fill: Its colour; None is that of what it leads to.
    """

    source: int
    target: int
    value: float
    text: str = ""
    fill: str | None = None


@dataclass(frozen=True)
class Sankey:
    """Bars and the bands between them.

    Attributes:
        nodes: The bars, in the order in which those of a column lie below each other.
        links: The bands.
        whole: The value that has the full height.
        heading: A line above it, if there are several.
    """

    nodes: Sequence[SankeyNode]
    links: Sequence[SankeyLink]
    whole: float
    heading: str | None = None


def sankeys(
    diagrams: Sequence[Sankey],
    columns: Sequence[str],
    *,
    title: str | None = None,
    subtitle: str | None = None,
) -> alt.Chart:
    """Diagrams below each other; one with many columns continues in another row.

    Args:
        diagrams: The diagrams.
        columns: Headings of the columns.
        title: The headline.
        subtitle: A line below it.
    """
    spans = _rows(diagrams, len(columns))
    pitch = _pitch(max(last - first + 1 for first, last in spans))
    top, layouts = 0.0, []
    for diagram in diagrams:
        for number, (first, last) in enumerate(spans):
            top += _SEGMENT if diagram.heading and not number else 0
            layouts.append(
                _Layout(_part(diagram, first, last), top + _HEADING, pitch, columns[first : last + 1])
            )
            top = layouts[-1].bottom + _BETWEEN
    height = top - _BETWEEN
    width = pitch * max(last - first for first, last in spans) + _BAR + pitch - 14
    place = _scales(width, height)
    parts = [
        _bands(layouts, place),
        _bars(layouts, place),
        *_names(layouts, place, pitch),
        *_headings(layouts, pitch, place),
    ]
    chart = layered(parts, width=width, height=height, title=title, subtitle=subtitle)
    chart.usermeta = {"fixed": True}  # names have the room between two columns
    return chart


def _rows(diagrams: Sequence[Sankey], columns: int) -> list[tuple[int, int]]:
    """The first and the last column of each row; a row begins with the last column of the one before."""
    passed = {
        column
        for diagram in diagrams
        for link in diagram.links
        for column in range(diagram.nodes[link.source].column + 1, diagram.nodes[link.target].column)
    }
    anchors = {node.column for diagram in diagrams for node in diagram.nodes if node.kind == "anchor"}
    rows, first = [], 0
    while columns - first > _MOST_COLUMNS:
        free = [column for column in range(first + 1, columns) if column not in passed]
        near = [column for column in free if column < first + _MOST_COLUMNS]
        best = [column for column in near if column in anchors] or near or free[:1] or [columns - 1]
        last = best[-1]
        rows.append((first, last))
        first = last
    return [*rows, (first, columns - 1)] if first < columns - 1 or not rows else rows


def _part(diagram: Sankey, first: int, last: int) -> Sankey:
    """Some columns of a diagram; the row before has shown which drop-offs are in the first of them."""
    kept = [
        number
        for number, node in enumerate(diagram.nodes)
        if first <= node.column <= last and not (node.column == first > 0 and node.kind == "dropoff")
    ]
    places = {number: place for place, number in enumerate(kept)}
    nodes = [replace(diagram.nodes[n], column=diagram.nodes[n].column - first) for n in kept]
    links = [
        replace(link, source=places[link.source], target=places[link.target])
        for link in diagram.links
        if link.source in places and link.target in places
    ]
    return Sankey(nodes, links, diagram.whole, diagram.heading if first == 0 else None)


def _pitch(columns: int) -> int:
    return _PITCH_OF_FEW if columns <= _FEW else _PITCHES.get(columns, _PITCH_OF_MANY)


class _Layout:
    """The layout of a diagram, in pixels."""

    def __init__(self, diagram: Sankey, top: float, pitch: int, headings: Sequence[str]) -> None:
        self.diagram = diagram
        self.top = top
        self.headings = headings
        self._pitch = pitch
        self._scale = _HEIGHT / (diagram.whole or 1)
        self._lanes = self._passing()
        self.y: dict[int, float] = {}
        self._lane_y: dict[tuple[int, bool], float] = {}
        self.bottom = max((self._stack(column) for column in self._columns()), default=top)

    def height(self, value: float) -> float:
        """The height of a value."""
        return max(value * self._scale, _THIN)

    def x(self, column: int) -> float:
        """The left edge of a column."""
        return column * self._pitch

    def _columns(self) -> list[int]:
        return sorted({node.column for node in self.diagram.nodes})

    def _drops(self, number: int) -> bool:
        return self.diagram.nodes[self.diagram.links[number].target].kind == "dropoff"

    def _passing(self) -> dict[tuple[int, bool], list[int]]:
        """The bands that pass a column without ending there, except drop-offs."""
        found: defaultdict[tuple[int, bool], list[int]] = defaultdict(list)
        nodes, links = self.diagram.nodes, self.diagram.links
        order = sorted(range(len(links)), key=lambda n: (nodes[links[n].source].column, links[n].source))
        for number in order:
            link = links[number]
            for column in range(nodes[link.source].column + 1, nodes[link.target].column):
                found[column, self._drops(number)].append(number)
        return found

    def _stack(self, column: int) -> float:
        """Place the bars of a column: below the bands that pass it, and above those that drop off later."""
        nodes = [n for n, node in enumerate(self.diagram.nodes) if node.column == column]
        above = [n for n in nodes if self.diagram.nodes[n].kind != "dropoff"]
        y = self._bars_from(above, self._lane(column, self.top, drops=False))
        y = self._lane(column, y, drops=True)
        return self._bars_from([n for n in nodes if n not in above], y) - _GAP

    def _lane(self, column: int, y: float, *, drops: bool) -> float:
        """Reserve the height of passing bands; returns where the content below begins."""
        passing = self._lanes.get((column, drops), [])
        if not passing:
            return y
        self._lane_y[column, drops] = y
        return y + sum(self.height(self.diagram.links[n].value) for n in passing) + _GAP

    def _bars_from(self, nodes: Iterable[int], y: float) -> float:
        for number in nodes:
            high = self.height(self.diagram.nodes[number].value)
            room = max(high, _LABEL)
            self.y[number] = y + (room - high) / 2
            y += room + _GAP
        return y

    def bands(self) -> list[dict[str, Any]]:
        """The points of all bands: ``x``, from ``y`` to ``y2``."""
        nodes, links = self.diagram.nodes, self.diagram.links
        leaving = self._offsets([link.source for link in links], self._next_y)
        coming = self._offsets([link.target for link in links], self._last_y)
        points = []
        for number, link in enumerate(links):
            source, target = nodes[link.source], nodes[link.target]
            stops = [(self.x(source.column) + _BAR, self.y[link.source] + leaving[number])]
            for column in range(source.column + 1, target.column):
                y = self._lane_y[column, self._drops(number)] + self._within_lane(column, number)
                stops += [(self.x(column), y), (self.x(column) + _BAR, y)]
            stops.append((self.x(target.column), self.y[link.target] + coming[number]))
            for x, y in _curve(stops):
                high = self.height(link.value)
                points.append({"x": round(x, 1), "y": round(y, 1), "y2": round(y + high, 1), "link": number})
        return points

    def _within_lane(self, column: int, number: int) -> float:
        lane = self._lanes[column, self._drops(number)]
        return sum(self.height(self.diagram.links[n].value) for n in lane[: lane.index(number)])

    def _next_y(self, number: int) -> float:
        """The y of a band at the column after its source."""
        link = self.diagram.links[number]
        column = self.diagram.nodes[link.source].column + 1
        if self.diagram.nodes[link.target].column == column:
            return self.y[link.target]
        return self._lane_y[column, self._drops(number)]

    def _last_y(self, number: int) -> float:
        """The y of a band at the column before its target."""
        link = self.diagram.links[number]
        column = self.diagram.nodes[link.target].column - 1
        if self.diagram.nodes[link.source].column == column:
            return self.y[link.source]
        return self._lane_y[column, self._drops(number)]

    def _offsets(self, ends: Sequence[int], other: Callable[[int], float]) -> dict[int, float]:
        """The offset of each band below the top of its bar, without crossings."""
        at: defaultdict[int, list[int]] = defaultdict(list)
        for number, end in enumerate(ends):
            at[end].append(number)
        found: dict[int, float] = {}
        for numbers in at.values():
            y = 0.0
            for number in sorted(numbers, key=lambda n: (other(n), n)):
                found[number] = y
                y += self.diagram.links[number].value * self._scale
        return found


def _curve(stops: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """A curve through points, horizontal at each."""
    points = [stops[0]]
    for (x, y), (next_x, next_y) in pairwise(stops):
        pieces = 1 if y == next_y else _CURVE
        for piece in range(1, pieces + 1):
            share = piece / pieces
            eased = share * share * (3 - 2 * share)
            points.append((x + (next_x - x) * share, y + (next_y - y) * eased))
    return points


def _scales(width: float, height: float) -> dict[str, Any]:
    import altair as alt

    across = alt.Scale(domain=[0, width], nice=False, zero=False)
    down = alt.Scale(domain=[0, height], nice=False, zero=False, reverse=True)
    return {"x": alt.X("x:Q", axis=None, scale=across), "y": alt.Y("y:Q", axis=None, scale=down)}


def _bands(layouts: Sequence[_Layout], place: dict[str, Any]) -> alt.Chart:
    import altair as alt

    points = []
    for number, layout in enumerate(layouts):
        nodes, links = layout.diagram.nodes, layout.diagram.links
        for point in layout.bands():
            link = links[point["link"]]
            fill = link.fill or _BANDS[nodes[link.target].kind]
            points.append(point | {"link": f"{number}-{point['link']}", "fill": fill, "text": link.text})
    return layer(
        points,
        {"type": "area", "opacity": 1, "line": False},
        **place,
        y2="y2:Q",
        detail=alt.Detail("link:N"),
        fill=alt.Fill("fill:N", scale=None),
        tooltip=[alt.Tooltip("text:N", title=" ")],
    )


def _bars(layouts: Sequence[_Layout], place: dict[str, Any]) -> alt.Chart:
    import altair as alt

    points = [
        {
            "x": layout.x(node.column),
            "x2": layout.x(node.column) + _BAR,
            "y": round(layout.y[number], 1),
            "y2": round(layout.y[number] + layout.height(node.value), 1),
            "fill": node.fill or _BARS[node.kind],
            "name": chart_label(node.name, 120),
            "text": node.text,
        }
        for layout in layouts
        for number, node in enumerate(layout.diagram.nodes)
    ]
    tooltip = [alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")]
    fill = alt.Fill("fill:N", scale=None)
    mark = {"type": "rect", "cornerRadius": 2}
    return layer(points, mark, **place, x2="x2:Q", y2="y2:Q", fill=fill, tooltip=tooltip)


def _names(layouts: Sequence[_Layout], place: dict[str, Any], pitch: int) -> list[alt.Chart]:
    """A name and a number beside each bar."""
    room = pitch - _BAR - _LABEL_GAP - 4
    names, numbers = [], []
    for layout in layouts:
        for number, node in enumerate(layout.diagram.nodes):
            x = layout.x(node.column) + _BAR + _LABEL_GAP
            middle = layout.y[number] + layout.height(node.value) / 2
            label = chart_label(shortened(node.name, int(room / _CHARACTER)), int(room / _CHARACTER) + 1)
            names.append({"x": x, "y": round(middle - _LINE / 2, 1), "text": label})
            numbers.append({"x": x, "y": round(middle + _LINE / 2, 1), "text": node.text})
    strong = {"color": theme.TEXT, "fontWeight": 600, "limit": room + 8}
    return [*_texts(names, place, strong), *_texts(numbers, place, {"color": theme.TEXT})]


def _texts(
    points: Sequence[dict[str, Any]], place: dict[str, Any], look: Mapping[str, Any]
) -> list[alt.Chart]:
    import altair as alt

    mark = {"type": "text", "align": "left", "baseline": "middle", "fontSize": theme.SMALL} | dict(look)
    return [layer(points, mark, **place, text=alt.Text("text:N"))] if points else []


def _headings(layouts: Sequence[_Layout], pitch: int, place: dict[str, Any]) -> list[alt.Chart]:
    """The headings of columns and diagrams."""
    columns = [
        {"x": number * pitch, "y": layout.top - _HEADING + 8, "text": text}
        for layout in layouts
        for number, text in enumerate(layout.headings)
    ]
    headings = [
        {"x": 0, "y": layout.top - _HEADING - _SEGMENT / 2, "text": chart_label(layout.diagram.heading, 80)}
        for layout in layouts
        if layout.diagram.heading
    ]
    strong = {"color": theme.TEXT, "fontSize": theme.FONT_SIZE, "fontWeight": 600}
    return [*_texts(columns, place, {"color": theme.TEXT}), *_texts(headings, place, strong)]
