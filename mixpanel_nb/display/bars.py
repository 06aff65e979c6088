"""Horizontal bar charts: ranked, by step, or grouped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.layers import color_of_difference, layer, layered, looks_of_difference
from mixpanel_nb.display.text import distinct_labels, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import altair as alt

MAX_SERIES = len(theme.PALETTE)
"""The maximum number of series with their own colour."""

NAME_WIDTH = 190
"""Maximum width of a name in pixels; a longer one is cut."""

_WIDTH = 400
_SIGNED_WIDTH = 300
_CHARACTER = 8  # pixels of one of its characters in a wide font
_MAX_NAME = 40
_MAX_SERIES = 40
_BAR_HEIGHT = 24  # of a ranked bar, with the space around it
_STEP_HEIGHT = 58  # of a step, with the line of text below it
_THIN_HEIGHT = 17  # of a bar in a group
_GROUP_GAP = 16


@dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        name: What it is.
        value: The length.
        text: The text at its end.
        below: A line below it, between this bar and the next.
        before: Of a step, the length of the pale bar behind it; None takes the bar before.
    """

    name: str
    value: float
    text: str
    below: str | None = None
    before: float | None = None


def ranked_bars(bars: Sequence[Bar], *, title: str | None = None, subtitle: str | None = None) -> alt.Chart:
    """One bar per name, from top to bottom in the given order.

    Args:
        bars: The bars; ``below`` is not drawn.
        title: The headline.
        subtitle: A line below it.
    """
    points = _points(bars)
    place = {
        "x": _length("value", _most(points)),
        "y": names_axis(dict.fromkeys(point["name"] for point in points)),
    }
    return layered(
        [
            layer(points, {"type": "bar", "height": {"band": 0.72}}, **place, tooltip=_tooltip()),
            layer(points, _ends(), **place, text="text:N"),
        ],
        width=_WIDTH,
        height=_BAR_HEIGHT * len(points),
        title=title,
        subtitle=subtitle,
        slack=_slack(points),
    )


def signed_bars(
    bars: Sequence[Bar],
    certain: Sequence[bool],
    *,
    title: str | None = None,
    subtitle: str | None = None,
) -> alt.Chart:
    """Bars from 0 to either side, from top to bottom in the given order, with their texts on the right.

    Args:
        bars: The bars; ``below`` is not drawn.
        certain: Whether each is said to differ from 0: it has a colour, the others are grey.
        title: The headline.
        subtitle: A line below it.
    """
    import altair as alt

    points = _points(bars)
    for point, is_certain in zip(points, certain, strict=True):
        point["is"] = looks_of_difference(point["value"], certain=is_certain)
    values = [0.0, *(bar.value for bar in bars)]
    scale = alt.Scale(domain=[min(values), max(values) or (0 if min(values) else 1)], nice=False)
    x = alt.X("value:Q", axis=None, scale=scale)
    y = names_axis(dict.fromkeys(point["name"] for point in points))
    texts = _ends() | {"dx": 12}
    return layered(
        [
            layer(
                points,
                {"type": "bar", "height": {"band": 0.72}},
                x=x,
                x2=alt.X2Datum(0),
                y=y,
                color=color_of_difference(),
                tooltip=_tooltip(),
            ),
            layer([{"value": 0}], {"type": "rule", "color": theme.RULE}, x=x),
            layer(points, texts, x=alt.value(_SIGNED_WIDTH), y=y, text="text:N"),
        ],
        width=_SIGNED_WIDTH,
        height=_BAR_HEIGHT * len(points),
        title=title,
        subtitle=subtitle,
        slack=_slack(points),
    )


def step_bars(bars: Sequence[Bar], *, title: str | None = None, subtitle: str | None = None) -> alt.Chart:
    """Bars of consecutive steps; behind each, a pale bar shows the length of the step before it.

    Args:
        bars: The steps, from the first on.
        title: The headline.
        subtitle: A line below it.
    """
    import altair as alt

    points = _points(bars)
    for number, (point, bar) in enumerate(zip(points, bars, strict=True)):
        point["before"] = points[max(number - 1, 0)]["value"] if bar.before is None else bar.before
        point["end"] = max(point["before"], point["value"])
    most, y = _most(points), names_axis(dict.fromkeys(point["name"] for point in points))
    height: dict[str, Any] = {"band": 0.46}
    below = [point for point in points if point["below"]]
    lost = [point for point in points if point["before"] > point["value"]]
    pale = {"type": "bar", "color": theme.PALE, "height": height}
    note = {
        "type": "text",
        "align": "left",
        "fontSize": theme.SMALL,
        "color": theme.TEXT,
        "dy": _STEP_HEIGHT / 2,
    }
    return layered(
        [
            layer(lost, pale, x=_length("value", most), x2="before:Q", y=y),
            layer(
                points, {"type": "bar", "height": height}, x=_length("value", most), y=y, tooltip=_tooltip()
            ),
            layer(points, _ends(), x=_length("end", most), y=y, text="text:N"),
            layer(below, note, x=alt.value(0), y=y, text="below:N"),
        ],
        width=_WIDTH,
        height=_STEP_HEIGHT * len(points),
        title=title,
        subtitle=subtitle,
        slack=_slack(points),
    )


def grouped_bars(
    groups: Mapping[str, Sequence[Bar]],
    series: Sequence[str],
    *,
    title: str | None = None,
    subtitle: str | None = None,
    colors: Sequence[str] | None = None,
    aligned: bool = False,
    whole: float | None = None,
) -> alt.Chart:
    """Groups of thin bars, one colour per series, to compare series within each group.

    Args:
        groups: Name of a group to its bars, one a series in their order; ``name`` and ``below`` of these
            are not drawn.
        series: What the bars of each group are, at most ``MAX_SERIES``.
        title: The headline.
        subtitle: A line below it.
        colors: A colour for each of the series; None is the palette.
        aligned: Whether the texts of a group stand below each other, at the end of its longest bar.
        whole: The length of a full bar, drawn behind each; None draws none.
    """
    import altair as alt

    names = distinct_labels(groups, _MAX_NAME)
    keys = distinct_labels(series, _MAX_SERIES)
    most = whole or max((bar.value for bars in groups.values() for bar in bars), default=0) or 1
    pitch = _THIN_HEIGHT * len(keys) + _GROUP_GAP
    points = [
        {
            "name": name,
            "series": key,
            "value": bar.value,
            "text": bar.text,
            "end": most if aligned or whole else bar.value,
            "top": group * pitch + place * _THIN_HEIGHT + 1,
            "bottom": group * pitch + (place + 1) * _THIN_HEIGHT - 1,
            "middle": group * pitch + (place + 0.5) * _THIN_HEIGHT,
        }
        for group, (name, bars) in enumerate(zip(names, groups.values(), strict=True))
        for place, (key, bar) in enumerate(zip(keys, bars, strict=True))
    ]
    heads = [
        {"name": shortened(name, 28), "y": group * pitch + _THIN_HEIGHT * len(keys) / 2}
        for group, name in enumerate(names)
    ]
    height = pitch * len(names)
    down = alt.Scale(domain=[0, height], nice=False, zero=False, reverse=True)
    place = {"y": alt.Y("top:Q", axis=None, scale=down), "y2": "bottom:Q"}
    legend = alt.Legend(title=None, columns=2, columnPadding=48, labelLimit=260)
    scale = alt.Scale(domain=keys, range=theme.colors_of(keys, colors))
    color = alt.Color("series:N", sort=keys, scale=scale, legend=legend)
    full = (
        [{"value": whole, "top": each["top"], "bottom": each["bottom"]} for each in points] if whole else []
    )
    lead = {"type": "text", "align": "right", "fontSize": theme.FONT_SIZE, "color": theme.TEXT}
    ends = _ends() | {"fontSize": theme.SMALL}
    return layered(
        [
            *(
                [layer(full, {"type": "rect", "color": theme.GRID}, **place, **_from_zero(most))]
                if full
                else []
            ),
            layer(
                points,
                {"type": "rect"},
                **place,
                **_from_zero(most),
                color=color,
                tooltip=[alt.Tooltip("series:N", title=" "), *_tooltip()],
            ),
            layer(points, ends, x=_length("end", most), y=alt.Y("middle:Q", scale=down), text="text:N"),
            layer(heads, lead, x=alt.value(-8), y=alt.Y("y:Q", scale=down), text="name:N"),
        ],
        width=_WIDTH,
        height=height,
        title=title,
        subtitle=subtitle,
        slack=_slack(points),
    )


def _from_zero(most: float) -> dict[str, Any]:
    """Both ends of a bar."""
    import altair as alt

    return {"x": _length("value", most), "x2": alt.X2Datum(0)}


def _points(bars: Sequence[Bar]) -> list[dict[str, Any]]:
    names = distinct_labels((bar.name for bar in bars), _MAX_NAME)
    return [
        {"name": name, "value": bar.value, "text": bar.text, "below": bar.below}
        for name, bar in zip(names, bars, strict=True)
    ]


def _most(points: Sequence[Mapping[str, Any]]) -> float:
    return float(max((point["value"] for point in points), default=0) or 1)


def _length(key: str, most: float) -> alt.X:
    """The horizontal channel, without an axis because every bar has its number."""
    import altair as alt

    return alt.X(f"{key}:Q", axis=None, scale=alt.Scale(domain=[0, most], nice=False))


def _slack(points: Sequence[Mapping[str, Any]]) -> float:
    return 1.5 * max((len(point["text"]) for point in points), default=0)


def names_axis(named: Iterable[str]) -> alt.Y:
    """Names one below the other, in their order."""
    import altair as alt

    names = list(named)
    axis = alt.Axis(
        title=None,
        domain=False,
        ticks=False,
        labelLimit=NAME_WIDTH,
        labelColor=theme.TEXT,
        labelPadding=8,
        minExtent=name_extent(names),
    )
    return alt.Y("name:O", sort=names, axis=axis, scale=alt.Scale(padding=0))


def name_extent(names: Sequence[str]) -> float:
    """Pixels for the names beside the bars, with room for a wider font than the measured one."""
    return min(NAME_WIDTH * 1.2, max(map(len, names), default=0) * _CHARACTER) + 8


def _ends() -> dict[str, Any]:
    """The mark of the text at the end of a bar."""
    return {"type": "text", "align": "left", "dx": 6, "fontSize": theme.FONT_SIZE, "color": theme.TEXT}


def _tooltip() -> list[alt.Tooltip]:
    import altair as alt

    return [alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")]
