"""Charts of a difference with its interval, over time or over periods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.charts import points_of, x_axis
from mixpanel_nb.display.layers import layer, layered
from mixpanel_nb.display.text import chart_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

_HEIGHT = 110
_COLOR = theme.PALETTE[3]
_MAX_TITLE = 80
_MAX_DOTS = 40
_BAND = 0.28


@dataclass(frozen=True)
class PlacedDifference:
    """A difference and its interval.

    Attributes:
        at: The time or the number that it is of.
        value: The difference; None where it is unknown.
        low: The lower end of the interval; None without one.
        high: The upper end.
        text: The difference and its interval in words.
    """

    at: Any
    value: float | None
    low: float | None
    high: float | None
    text: str


def difference_chart(differences: Sequence[PlacedDifference], x: str, y_title: str) -> alt.Chart:
    """A line of differences beside a line at 0, in the band of their intervals.

    Args:
        differences: In the order of their places.
        x: What the places are.
        y_title: What the differences are.
    """
    import altair as alt

    rows = [{x: each.at, "y": each.value} for each in differences]
    points, scale_type = points_of(rows, x, "y", None)
    told = [
        point | {"low": each.low, "high": each.high, "text": each.text}
        for point, each in zip(points, differences, strict=True)
    ]
    across: dict[str, Any] = {"x": x_axis(x, points, scale_type, "line")}
    title = chart_label(y_title, _MAX_TITLE)
    labels = "datum.value === 0 ? '0' : format(datum.value, '+,~r')"
    y, low = (
        alt.Y(f"{name}:Q", title=title, axis=alt.Axis(labelExpr=labels, tickCount=4)) for name in ("y", "low")
    )
    banded = [point for point in told if point["low"] is not None]
    band = {"type": "area", "color": _COLOR, "opacity": _BAND, "line": False}
    dots = len(told) <= _MAX_DOTS
    mark = {"type": "line", "color": _COLOR, "point": {"color": _COLOR} if dots else False}
    return layered(
        [
            *([layer(banded, band, **across, y=low, y2="high:Q")] if len(banded) > 1 else []),
            layer([{"y": 0}], {"type": "rule", "color": theme.RULE}, y=y),
            layer(told, mark, **across, y=y, tooltip=[alt.Tooltip("text:N", title=" ")]),
        ],
        width=theme.WIDTH,
        height=_HEIGHT,
    )
