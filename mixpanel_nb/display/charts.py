"""Altair charts from plain rows, all in the package's theme.

Times are drawn in UTC, regardless of the time zone of kernel or browser, so that days never shift.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from mixpanel_nb.display import theme
from mixpanel_nb.display.layers import headline, layer, layered
from mixpanel_nb.display.text import chart_label, distinct_labels
from mixpanel_nb.display.time_ticks import time_ticks
from mixpanel_nb.display.values import currency_of, format_value, is_null, is_share, plain_scalar
from mixpanel_nb.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt

ChartKind = Literal["line", "bar", "area", "point"]
CHART_KINDS: tuple[ChartKind, ...] = get_args(ChartKind)

MAX_CATEGORIES = 30
"""Bars of categories that a chart shows; of more, it shows the largest."""

MAX_CATEGORY = 44
"""Characters of a category; a longer one lacks its middle."""

_CATEGORY_HEIGHT = 24
_THIN_HEIGHT, _GROUP_GAP = 16, 10  # of bars beside each other
_FAINT = 0.42
_MAX_LABEL = 60
_MAX_NAME = 200  # characters of a category by which two are told apart
_MAX_BARS = 400
_MAX_TICKS = 10
_MAX_WHOLE_TICKS = 16
_MAX_LEVEL_LABELS = 8
_MAX_SLANTED_LABELS = 30
_MAX_STEPS = 60  # bars over so many whole numbers stand for one each
_LEGEND_GAP = 32  # pixels; names are wider in a wider font than the measured one
_MAX_LEGEND_COLUMNS = 4
_MAX_LINES_OF_LEGEND, _LONG_NAME_WIDTH = 8, 440  # long names stand below each other, if they are few
_CHARACTER, _SYMBOL = 8, 20  # pixels in a legend
_UNITS = ((1e12, "T", 1), (1e9, "B", 1), (1e6, "M", 1), (1e3, "k", 10))  # the last from 10,000 on
# The label of a number of any size: 0.5, 2,000, 20k, 3M.
_OF_ANY_SIZE = (
    " : ".join(
        f"datum.value >= {unit * least:.0f} ? format(datum.value / {unit:.0f}, ',~r') + '{letter}'"
        for unit, letter, least in _UNITS
    )
    + " : format(datum.value, ',~r')"
)
_FEW_POWERS = 2
_HALF_A_DAY = timedelta(hours=12)
_MIDNIGHT = "T00:00:00.000Z"
_STROKES = [[1, 0], [5, 4]]
_MAX_DOTS = 45  # a line of so few points shows each of them


@dataclass(frozen=True)
class Gaps:
    """Times of a chart that are partly or completely unknown.

    Attributes:
        partial: Times of which only a part was counted.
        missing: Times that were not fetched.
        of: Further partly counted times of single categories.
    """

    partial: Sequence[Any] = ()
    missing: Sequence[Any] = ()
    of: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.partial or self.missing or any(self.of.values()))

    def cut(self, points: Sequence[Mapping[str, Any]]) -> list[bool]:
        """For each point of a chart, whether only part of its time was counted."""
        everywhere = {utc_text(moment(day)) for day in self.partial}
        own = {_category(name): {utc_text(moment(day)) for day in days} for name, days in self.of.items()}
        return [point["x"] in everywhere or point["x"] in own.get(point.get("c", ""), ()) for point in points]


def events_per_day(rows: Sequence[Mapping[str, Any]], title: str | None) -> alt.Chart:
    """One bar per day; days without events have a band of another colour.

    Args:
        rows: ``{"date": …, "count": …}``, every day of the range. More than fit as bars become one area.
        title: The headline.
    """
    kind: ChartKind = "bar" if len(rows) <= _MAX_BARS else "area"
    events = [{"date": row["date"], "events": row["count"]} for row in rows]
    empty = [
        {"x": utc_text(first - _HALF_A_DAY), "x2": utc_text(last + _HALF_A_DAY)}
        for first, last in _gaps(rows)
    ]
    if not empty:
        return series_chart(events, "date", "events", kind=kind, title=title)
    points, scale_type = points_of(events, "date", "events", None)
    x, y = x_axis("date", points, scale_type, kind), y_axis("events", points, percent=False)
    tooltip = tooltips("date", "events", None, points, scale_type, percent=False)
    bands = layer(empty, {"type": "rect", "color": theme.GAP}, x=x, x2="x2:T")
    counts = layer(points, _mark(kind, points, scale_type).to_dict(), x=x, y=y, tooltip=tooltip)
    return layered([bands, counts], width=theme.WIDTH, height=theme.HEIGHT, title=title)


def _gaps(rows: Sequence[Mapping[str, Any]]) -> list[tuple[datetime, datetime]]:
    """First and last day of each run of days without events."""
    runs: list[tuple[datetime, datetime]] = []
    for day in (moment(plain_scalar(row["date"])) for row in rows if not row["count"]):
        if day is None:
            continue
        if runs and day - runs[-1][1] == timedelta(days=1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


def series_chart(
    rows: Sequence[Mapping[str, Any]],
    x: str,
    y: str,
    color: str | None = None,
    kind: str = "line",
    title: str | None = None,
    *,
    subtitle: str | None = None,
    color_title: str | None = None,
    colors: Sequence[str] | None = None,
    percent: bool | None = None,
    gaps: Gaps | None = None,
    dashed: Sequence[str] = (),
    faint: Sequence[Mapping[str, Any]] = (),
    is_grouped: bool = False,
    is_log: bool = False,
) -> alt.Chart:
    """One value over time, a number or categories; one line, area, row of bars or cloud of points a colour.

    Args:
        rows: One mapping a point.
        x: Key of the horizontal value: dates, datetimes, ISO text, numbers or categories.
        y: Key of the vertical value, a number; NULL leaves a gap.
        color: Key of the category that splits the rows.
        kind: ``line``, ``bar``, ``area`` or ``point``.
        title: The headline.
        subtitle: A line below it.
        color_title: What the categories are; None is ``color``.
        colors: A colour for each category; None is the palette.
        percent: Whether ``y`` holds fractions that are written as percentages; None is by its name.
        gaps: Times that are partly or completely unknown.
        dashed: Categories whose lines are dashed.
        faint: Further rows, drawn faintly behind, such as the days of a rolling mean.
        is_grouped: Whether bars of several colours stand beside each other, not on each other.
        is_log: Whether equal distances of ``y`` are equal factors; values up to 0 are left out then.

    Raises:
        ParameterError: If ``kind`` is none of these or ``y`` contains a non-numeric value.
    """
    import altair as alt

    points, scale_type = points_of(rows, x, y, color)
    if is_log:
        points = _positive(points)
    if percent is None:
        percent = is_share(y, [point["y"] for point in points])
    is_grouped = is_grouped and color is not None
    if kind == "bar" and scale_type == "quantitative" and _are_steps(points):
        scale_type = "ordinal"
    elif kind == "bar" and scale_type == "ordinal":
        of_color = None if color is None else chart_label(color_title or color, _MAX_LABEL)
        lying = _lying_bars(points, x, y, of_color, colors, percent=percent, is_grouped=is_grouped)
        lying.title = headline(title, subtitle)
        return lying
    if is_grouped and scale_type == "temporal":
        points = [point | {"x": _written_time(point["x"])} for point in points]
        scale_type = "ordinal"
    encoding: dict[str, Any] = {
        "x": x_axis(x, points, scale_type, kind),
        "y": y_axis(
            y, points, percent=percent, stacked=kind in {"bar", "area"} and not is_grouped, is_log=is_log
        ),
    }
    of_color = None if color is None else chart_label(color_title or color, _MAX_LABEL)
    encoding["tooltip"] = tooltips(x, y, of_color, points, scale_type, percent=percent)
    if color is not None:
        encoding["color"] = color_channel(in_order(points, "c"), of_color, colors)
        if is_grouped:
            encoding["xOffset"] = alt.XOffset("c:N", sort=in_order(points, "c"))
        elif kind in {"bar", "area"}:
            encoding["order"] = alt.Order("place:Q")  # stacked in the order of the legend
    if dashed:
        points = [point | {"dash": "dashed" if point["c"] in dashed else "solid"} for point in points]
        strokes = alt.Scale(domain=["solid", "dashed"], range=_STROKES)
        encoding["strokeDash"] = alt.StrokeDash("dash:N", scale=strokes, legend=None)
    if (gaps and scale_type == "temporal") or (faint and scale_type != "ordinal"):
        mark = _mark(_known_kind(kind), points, scale_type).to_dict()
        layers = _layers_with_gaps(points, mark, encoding, gaps or Gaps())
        if faint:
            behind = (
                _positive(points_of(faint, x, y, color)[0]) if is_log else points_of(faint, x, y, color)[0]
            )
            untold = {name: channel for name, channel in encoding.items() if name != "tooltip"}
            layers = [layer(behind, {"type": "line", "opacity": _FAINT, "strokeWidth": 1}, **untold), *layers]
        return layered(layers, width=theme.WIDTH, height=theme.HEIGHT, title=title, subtitle=subtitle)
    chart: alt.Chart = alt.Chart(
        alt.InlineData(values=points),
        mark=_mark(_known_kind(kind), points, scale_type),
        width=theme.WIDTH,
        height=theme.HEIGHT,
        title=headline(title, subtitle),
        config=alt.Config(**_config(x, y, of_color or "")),
    ).encode(**encoding)
    return chart


def _lying_bars(
    points: list[dict[str, Any]],
    x: str,
    y: str,
    of_color: str | None,
    colors: Sequence[str] | None,
    *,
    percent: bool,
    is_grouped: bool,
) -> alt.Chart:
    """Bars of categories, one below the other: names need no room beside each other."""
    import altair as alt

    drawn = largest_categories(points)
    names = in_order(drawn, "x")
    labels = dict(zip(names, distinct_labels(map(str, names), MAX_CATEGORY), strict=True))
    drawn = [point | {"label": labels[point["x"]]} for point in drawn]
    axis = alt.Axis(
        domain=False, ticks=False, labelLimit=260, labelPadding=8, titleAngle=0, titleAlign="right"
    )
    length = alt.X(
        "y:Q",
        title=chart_label(y, _MAX_LABEL),
        axis=alt.Axis(grid=True, **_number_labels(y, drawn, percent=percent, stacked=not is_grouped)),
    )
    encoding: dict[str, Any] = {
        "x": length,
        "y": alt.Y("label:N", title=None, sort=list(labels.values()), axis=axis),
        "tooltip": tooltips(x, y, of_color, drawn, "ordinal", percent=percent),
    }
    if of_color is not None:
        encoding["color"] = color_channel(in_order(drawn, "c"), of_color, colors)
        encoding["order"] = alt.Order("place:Q")
    beside = 1
    if of_color is not None and is_grouped:
        del encoding["order"]
        beside = len(in_order(drawn, "c"))
        encoding["yOffset"] = alt.YOffset("c:N", sort=in_order(drawn, "c"))
    chart: alt.Chart = alt.Chart(
        alt.InlineData(values=drawn),
        mark=alt.MarkDef(type="bar", height={"band": 0.72}),
        width=theme.WIDTH,
        height=(_CATEGORY_HEIGHT if beside == 1 else _THIN_HEIGHT * beside + _GROUP_GAP) * len(labels),
        config=alt.Config(**_config(x, y, of_color or "")),
    ).encode(**encoding)
    return chart


def largest_categories(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The points of the largest categories, in their order, where there are more than a chart can name."""
    sizes: dict[Any, float] = {}
    for point in points:
        sizes[point["x"]] = sizes.get(point["x"], 0.0) + abs(point["y"] or 0.0)
    largest = set(sorted(sizes, key=lambda name: -sizes[name])[:MAX_CATEGORIES])
    return [point for point in points if point["x"] in largest]


def _layers_with_gaps(
    points: list[dict[str, Any]], mark: dict[str, Any], encoding: dict[str, Any], gaps: Gaps
) -> list[alt.Chart]:
    """Points over time, with bands for missing times; partly known points are dashed and hollow."""
    import altair as alt

    cut = gaps.cut(points)
    bands = {"type": "rect", "color": theme.GAP}
    missing = _bands(points, gaps.missing)
    behind = layer(missing, bands, x=encoding["x"], x2="x2:T")
    if mark["type"] != "line":
        shown = [
            point | {"opacity": 0.45 if is_cut else 1} for point, is_cut in zip(points, cut, strict=True)
        ]
        return [behind, layer(shown, mark, **encoding, opacity=alt.Opacity("opacity:Q", scale=None))]
    solid = [point | {"y": None} if is_cut else point for point, is_cut in zip(points, cut, strict=True)]
    ends = [point for point, is_cut in zip(points, cut, strict=True) if is_cut and point["y"] is not None]
    dashed = {"type": "line", "strokeDash": [5, 4]}
    hollow = {"type": "point", "filled": False, "size": 50, "strokeWidth": 2, "opacity": 1}
    untold = {name: channel for name, channel in encoding.items() if name not in {"tooltip", "strokeDash"}}
    in_part = [layer(_beside(points, cut), dashed, **untold), layer(ends, hollow, **encoding)]
    return [
        behind,
        *(in_part[:1] if ends else ()),
        layer(solid, mark, **encoding),
        *(in_part[1:] if ends else ()),
    ]


def _bands(points: list[dict[str, Any]], missing: Sequence[Any]) -> list[dict[str, Any]]:
    """A band for each run of missing times, from halfway before to halfway after it."""
    if not missing:
        return []
    times = sorted({datetime.fromisoformat(point["x"]) for point in points})
    absent = {moment(day) for day in missing}
    half = min((later - earlier for earlier, later in pairwise(times)), default=2 * _HALF_A_DAY) / 2
    runs: list[list[datetime]] = []
    for place, time in enumerate(times):
        if time not in absent:
            continue
        if runs and times[place - 1] == runs[-1][1]:
            runs[-1][1] = time
        else:
            runs.append([time, time])
    return [{"x": utc_text(first - half), "x2": utc_text(last + half)} for first, last in runs]


def _beside(points: list[dict[str, Any]], cut: list[bool]) -> list[dict[str, Any]]:
    """The points of each series that are known in part, and those beside them; all others are gaps."""
    found: list[dict[str, Any]] = []
    for name in dict.fromkeys(point.get("c") for point in points):
        series = [pair for pair in zip(points, cut, strict=True) if pair[0].get("c") == name]
        for place, (point, _) in enumerate(series):
            near = any(is_cut for _, is_cut in series[max(place - 1, 0) : place + 2])
            found.append(point if near else point | {"y": None})
    return found


def stacked_charts(charts: Sequence[alt.Chart]) -> alt.Chart:
    """Charts below each other, each with its own legend; a single one as it is.

    As with ``layered``, the actual class differs from the annotation.
    """
    import altair as alt

    if len(charts) == 1:
        return charts[0]
    config = charts[0].config
    for chart in charts:
        chart.config = alt.Undefined
    stacked = alt.vconcat(*charts, config=config).resolve_scale(color="independent")
    return cast("alt.Chart", stacked)


def _config(*titles: str) -> dict[str, Any]:
    """The theme; marks have no descriptions if Vega-Lite cannot write them."""
    return theme.config() | ({"aria": False} if any("\\" in title for title in titles) else {})


def _known_kind(kind: str) -> ChartKind:
    for known in CHART_KINDS:
        if kind == known:
            return known
    hint = did_you_mean(kind, CHART_KINDS) or f"The kinds are {', '.join(CHART_KINDS)}."
    raise ParameterError(f"There is no chart kind {kind!r}.", parameter="kind", value=kind, hint=hint)


def points_of(
    rows: Sequence[Mapping[str, Any]], x: str, y: str, color: str | None
) -> tuple[list[dict[str, Any]], str]:
    """The rows under short names (x, y, c, place of c), which need no escaping in Vega, and the type of x."""
    scale_type, places = _typed([plain_scalar(row[x]) for row in rows])
    points = [{"x": place, "y": _height(row[y], y)} for place, row in zip(places, rows, strict=True)]
    if color is not None:
        names = [_category(row[color]) for row in rows]
        places_of = {name: place for place, name in enumerate(dict.fromkeys(names))}
        points = [p | {"c": name, "place": places_of[name]} for p, name in zip(points, names, strict=True)]
    return [point for point in points if point["x"] is not None], scale_type


def _typed(values: list[Any]) -> tuple[str, list[Any]]:
    known = [value for value in values if not is_null(value)]
    times = [moment(value) for value in known]
    if known and None not in times:
        return "temporal", [None if is_null(value) else utc_text(moment(value)) for value in values]
    if known and all(_is_number(value) for value in known):
        return "quantitative", [None if is_null(v) else float(v) for v in values]
    return "ordinal", [_category(value) for value in values]


def are_categories(values: Sequence[Any]) -> bool:
    """Whether values are neither times nor numbers."""
    return _typed([plain_scalar(value) for value in values])[0] == "ordinal"


def _category(value: Any) -> str:
    return chart_label(format_value(value, limit=_MAX_NAME), _MAX_NAME)


def moment(value: Any) -> datetime | None:
    """A date, datetime or ISO text as a moment in UTC, which is assumed without a zone; else None."""
    if isinstance(value, str):
        if not value[:4].isdigit() or value[4:5] != "-":
            return None
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, date):
        return None
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utc_text(value: datetime | None) -> str | None:
    """A moment as Vega reads it."""
    return None if value is None else value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _height(value: Any, name: str) -> float | None:
    value = plain_scalar(value)
    if is_null(value):
        return None
    if not _is_number(value):
        message = f"{name!r} holds {format_value(value)!r}, which is no number."
        raise ParameterError(message, parameter="y", value=name, hint="Choose another y.")
    number = float(value)
    return number if math.isfinite(number) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _mark(kind: ChartKind, points: list[dict[str, Any]], scale_type: str) -> alt.MarkDef:
    import altair as alt

    if kind == "bar" and scale_type == "temporal":
        return alt.MarkDef(type="bar", width=_bar_width(points))
    if kind == "point":
        return alt.MarkDef(type="point", filled=True, size=45, opacity=0.8)
    if kind == "line":
        return alt.MarkDef(type="line", point=len({point["x"] for point in points}) <= _MAX_DOTS)
    return alt.MarkDef(type=kind)


def _bar_width(points: list[dict[str, Any]]) -> float:
    """Pixels of a bar over time: most of the shortest distance between two of them."""
    times = sorted({datetime.fromisoformat(point["x"]) for point in points})
    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    if not steps:
        return 40.0
    count = (times[-1] - times[0]).total_seconds() / min(steps) + 1
    return round(min(max(theme.WIDTH / count * 0.8, 0.5), 60.0), 2)


def _are_steps(points: list[dict[str, Any]]) -> bool:
    """Whether the numbers on x are few whole ones, such as hours of a day."""
    numbers = {point["x"] for point in points}
    return len(numbers) <= _MAX_STEPS and all(number.is_integer() for number in numbers)


def x_axis(name: str, points: list[dict[str, Any]], scale_type: str, kind: str) -> alt.X:
    """The channel of places: times, numbers or categories."""
    import altair as alt

    title = chart_label(name, _MAX_LABEL)
    if scale_type == "temporal":
        padding = _bar_width(points) * 0.625 if kind == "bar" else 0
        scale = alt.Scale(type="utc", padding=round(padding, 2))
        return alt.X("x:T", title=None, scale=scale, axis=_time_axis(points))
    if scale_type == "quantitative":
        axis = alt.Axis(values=_whole_ticks(points), format="d") if _are_steps(points) else alt.Undefined
        return alt.X("x:Q", title=title, axis=axis, scale=alt.Scale(zero=False, nice=False, padding=8))
    names = in_order(points, "x")
    if names and all(_is_number(name) for name in names):
        names = sorted(names)
    longest = max((len(str(name)) for name in names), default=0)
    if longest * _CHARACTER * len(names) < theme.WIDTH * 0.8:
        axis = alt.Axis(labelAngle=0)
    elif 0 < len(names) <= _MAX_LEVEL_LABELS:
        axis = alt.Axis(labelAngle=0, labelLimit=theme.WIDTH // len(names) - 8)
    else:
        axis = alt.Axis(labelAngle=-45, labelLimit=120, labelOverlap=len(names) > _MAX_SLANTED_LABELS)
    return alt.X("x:O", title=title, sort=names, axis=axis)


def _whole_ticks(points: list[dict[str, Any]]) -> list[float]:
    """The numbers on x, or every second of them and so on where they are many."""
    numbers = sorted({point["x"] for point in points})
    return numbers[:: math.ceil(len(numbers) / _MAX_WHOLE_TICKS)]


def _time_axis(points: list[dict[str, Any]]) -> alt.Axis:
    """Labels at Mondays, firsts of months or full hours, with as much of the date as the span needs."""
    import altair as alt

    places, form = time_ticks(sorted({datetime.fromisoformat(point["x"]) for point in points}))
    values = [place.timestamp() * 1000 for place in places]
    return alt.Axis(format=form, values=values, labelFlush=False)


def color_channel(names: Sequence[str], title: str | None, colors: Sequence[str] | None) -> alt.Color:
    """The channel of categories, with their legend; without colours those of the palette."""
    import altair as alt

    longest = max(map(len, names), default=0) * _CHARACTER
    widest = min(longest, theme.LEGEND_NAME_WIDTH) + _SYMBOL + _LEGEND_GAP
    columns = min(max(theme.WIDTH // widest, 1), _MAX_LEGEND_COLUMNS)
    legend = alt.Legend(columnPadding=_LEGEND_GAP, columns=columns)
    if longest > theme.LEGEND_NAME_WIDTH and len(names) <= _MAX_LINES_OF_LEGEND:
        legend.columns, legend.labelLimit = 1, _LONG_NAME_WIDTH
    scale = alt.Scale(domain=list(names), range=theme.colors_of(names, colors))
    return alt.Color("c:N", title=title, sort=list(names), scale=scale, legend=legend)


def y_axis(
    name: str, points: list[dict[str, Any]], *, percent: bool, stacked: bool = False, is_log: bool = False
) -> alt.Y:
    """The channel of heights, with an axis that has as many digits as these need."""
    import altair as alt

    title = chart_label(name, _MAX_LABEL)
    if is_log:
        labels: dict[str, Any] = {"format": "~%"} if percent else {"labelExpr": _OF_ANY_SIZE}
        axis = alt.Axis(values=_factors(points), **labels)
        return alt.Y("y:Q", title=title, scale=alt.Scale(type="log"), axis=axis)
    return alt.Y(
        "y:Q", title=title, axis=alt.Axis(**_number_labels(name, points, percent=percent, stacked=stacked))
    )


def _number_labels(
    name: str, points: list[dict[str, Any]], *, percent: bool, stacked: bool = False
) -> dict[str, Any]:
    """How the numbers of an axis are written: ``20%``, ``$1.5M``, ``0``, ``12k``."""
    if percent:
        return {"format": _percent_format(points)}
    sign = currency_of(name)
    heights: dict[Any, float] = {}
    for place, point in enumerate(points):
        at = point["x"] if stacked else place
        heights[at] = heights.get(at, 0.0) + abs(point["y"] or 0.0)
    most = max(heights.values(), default=0)
    unit, letter = next(((unit, letter) for unit, letter, least in _UNITS if most >= unit * least), (1, ""))
    if not letter and not sign:
        return _few_whole_numbers(points)
    number = f"format(abs(datum.value) / {unit:.0f}, ',~r')"
    minus = "(datum.value < 0 ? '−' : '')"
    return {"labelExpr": f"datum.value === 0 ? '0' : {minus} + '{sign}' + {number} + '{letter}'"}


def _few_whole_numbers(points: list[dict[str, Any]]) -> dict[str, Any]:
    """Ticks at whole numbers if all numbers are whole and few, so that counts have no halves."""
    heights: dict[Any, float] = {}
    for point in points:
        heights[point["x"]] = heights.get(point["x"], 0.0) + (point["y"] or 0.0)  # as if stacked, at most
    few = all(height.is_integer() and 0 <= height < _MAX_TICKS for height in heights.values())
    return {"values": list(range(int(max(heights.values())) + 1)), "format": "d"} if few and heights else {}


def _positive(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The points without heights up to 0, which have no place on a logarithmic axis."""
    return [point | {"y": None} if (point["y"] or 0) <= 0 else point for point in points]


def _factors(points: list[dict[str, Any]]) -> list[float]:
    """Ticks of a logarithmic axis: powers of ten, between few of them also 2 and 5 times those."""
    heights = [point["y"] for point in points if point["y"] is not None] or [1]
    least, most = math.floor(math.log10(min(heights))), math.ceil(math.log10(max(heights)))
    steps = (1, 2, 5) if most - least <= _FEW_POWERS else (1,)
    ticks = [step * 10.0**power for power in range(least, most + 1) for step in steps]
    return [tick for tick in ticks if tick <= 10.0**most]


def _written_time(time: str) -> str:
    """A time in UTC as a category: the day, with its hour where it is not midnight."""
    day, _, clock = time.removesuffix(":00.000Z").partition("T")
    return day if clock == "00:00" else f"{day} {clock}"


def _percent_format(points: list[dict[str, Any]]) -> str:
    """Percentages without decimals, unless all of them are small."""
    most = max((abs(point["y"]) for point in points if point["y"] is not None), default=1)
    return ".0%" if most >= 0.05 else ".1%"


def tooltips(
    x: str,
    y: str,
    color: str | None,
    points: Sequence[Mapping[str, Any]],
    scale_type: str,
    *,
    percent: bool,
) -> list[alt.Tooltip]:
    """What is said of a point where it is touched; of days without their hours."""
    import altair as alt

    if scale_type == "temporal":
        are_days = all(point["x"].endswith(_MIDNIGHT) for point in points)
        over = alt.Tooltip(
            "x:T",
            title=_tooltip_title(x),
            timeUnit="utcyearmonthdate" if are_days else "utcyearmonthdatehoursminutes",
        )
    else:
        over = alt.Tooltip("x:Q" if scale_type == "quantitative" else "x:N", title=_tooltip_title(x))
    tips = [over, alt.Tooltip("y:Q", title=_tooltip_title(y), format=".1%" if percent else ",")]
    return tips if color is None else [*tips, alt.Tooltip("c:N", title=_tooltip_title(color))]


def _tooltip_title(name: str) -> str:
    """The name as Vega-Lite needs it, which puts it into an expression and only escapes quotes."""
    return chart_label(name, _MAX_LABEL).replace("\\", "\\\\")


def in_order(points: list[dict[str, Any]], key: str) -> list[Any]:
    """The categories in the order of the rows."""
    return list(dict.fromkeys(point[key] for point in points))
