"""Horizontal bar charts: ranked, by step, or grouped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.layers import layer, layered
from mixpanel_nb.display.text import distinct_labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt

MAX_SERIES = len(theme.PALETTE)
"""The maximum number of series with their own colour."""

NAME_WIDTH = 190
"""Maximum width of a name in pixels; a longer one is cut."""

_WIDTH = 400
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
    place = {"x": _length("value", _most(points)), "y": _names(points)}
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
    most, y = _most(points), _names(points)
    height: dict[str, Any] = {"band": 0.46}
    below = [point for point in points if point["below"]]
    lost = [point for point in points if point["before"] > point["value"]]
    pale = {"type": "bar", "color": theme.PALE, "height": height}
    note = {
        "type": "text",
        "align": "left",
        "fontSize": theme.SMALL,
        "color": theme.MUTED,
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
    """
    import altair as alt

    names = distinct_labels(groups, _MAX_NAME)
    keys = distinct_labels(series, _MAX_SERIES)
    points = [
        {
            "name": name,
            "series": key,
            "value": bar.value,
            "text": bar.text,
            "end": max(each.value for each in bars) if aligned else bar.value,
        }
        for name, bars in zip(names, groups.values(), strict=True)
        for key, bar in zip(keys, bars, strict=True)
    ]
    legend = alt.Legend(title=None, columns=2, columnPadding=48, labelLimit=260)
    place = {
        "x": _length("value", _most(points)),
        "y": _names(points, gap=_GROUP_GAP / (_GROUP_GAP + _THIN_HEIGHT * len(keys))),
        "yOffset": alt.YOffset("series:O", sort=keys, scale=alt.Scale(domain=keys)),
    }
    palette = alt.Undefined if colors is None else list(colors)
    scale = alt.Scale(domain=keys, range=palette)
    color = alt.Color("series:N", sort=keys, scale=scale, legend=legend)
    thin = {"type": "bar", "height": {"band": 0.86}}
    return layered(
        [
            layer(points, thin, **place, color=color, tooltip=[alt.Tooltip("series:N"), *_tooltip()]),
            layer(
                points,
                {**_ends(), "fontSize": theme.SMALL, "dy": _THIN_HEIGHT * 0.43},
                **(place | {"x": _length("end", _most(points))}),
                text="text:N",
            ),
        ],
        width=_WIDTH,
        height=(_THIN_HEIGHT * len(keys) + _GROUP_GAP) * len(names),
        title=title,
        subtitle=subtitle,
        slack=_slack(points),
    )


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


def _names(points: Sequence[Mapping[str, Any]], *, gap: float = 0) -> alt.Y:
    """The bars, or groups of bars, one below the other.

    Args:
        points: The data, in order.
        gap: Free share of the height between two groups.
    """
    import altair as alt

    names = list(dict.fromkeys(point["name"] for point in points))
    axis = alt.Axis(
        title=None,
        domain=False,
        ticks=False,
        labelLimit=NAME_WIDTH,
        labelColor=theme.INK,
        labelPadding=8,
        minExtent=name_extent(names),
    )
    return alt.Y("name:O", sort=names, axis=axis, scale=alt.Scale(paddingInner=gap, paddingOuter=0))


def name_extent(names: Sequence[str]) -> float:
    """Pixels for the names beside the bars, with room for a wider font than the measured one."""
    return min(NAME_WIDTH * 1.2, max(map(len, names), default=0) * _CHARACTER) + 8


def _ends() -> dict[str, Any]:
    """The mark of the text at the end of a bar."""
    return {"type": "text", "align": "left", "dx": 6, "fontSize": theme.FONT_SIZE, "color": theme.INK}


def _tooltip() -> list[alt.Tooltip]:
    import altair as alt

    return [alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")]
