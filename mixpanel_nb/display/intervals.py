"""Charts of estimates with their intervals, one below the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.bars import names_axis
from mixpanel_nb.display.layers import color_of_difference, layer, layered, looks_of_difference
from mixpanel_nb.display.text import distinct_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

_WIDTH = 400
_ROW_HEIGHT = 30
_MAX_NAME = 40
_TICKS = 3  # fit a narrow window


@dataclass(frozen=True)
class Estimate:
    """An estimate and its interval.

    Attributes:
        name: What it is of.
        value: The estimate.
        low: The lower end of the interval.
        high: The upper end.
        text: What stands at the end of the row.
        certain: Whether it is said to differ from 0.
    """

    name: str
    value: float
    low: float
    high: float
    text: str
    certain: bool


def intervals(
    estimates: Sequence[Estimate], x_title: str, *, title: str | None = None, subtitle: str | None = None
) -> alt.Chart:
    """A point and its interval for each estimate, beside a line at 0.

    An estimate that is said to differ from 0 has a colour, the others are grey.

    Args:
        estimates: From top to bottom.
        x_title: What the numbers are: shares, written in percent.
        title: The headline.
        subtitle: A line below it.
    """
    import altair as alt

    names = distinct_labels((each.name for each in estimates), _MAX_NAME)
    points = [
        {
            "name": name,
            "value": each.value,
            "low": each.low,
            "high": each.high,
            "text": each.text,
            "is": looks_of_difference(each.value, certain=each.certain),
        }
        for name, each in zip(names, estimates, strict=True)
    ]
    ends = [end for each in estimates for end in (each.low, each.high, 0.0)]
    room = (max(ends) - min(ends)) * 0.04 or 0.01
    scale = alt.Scale(domain=[min(ends) - room, max(ends) + room], nice=False, zero=False)
    digits = 0 if max(ends) - min(ends) > 0.05 else 1
    label = f"datum.value === 0 ? '0%' : format(datum.value, '+.{digits}%')"
    axis = alt.Axis(title=x_title, labelExpr=label, tickCount=_TICKS)
    x = alt.X("value:Q", scale=scale, axis=axis)
    y = names_axis(names)
    color = color_of_difference()
    tooltip = [alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")]
    text: dict[str, Any] = {"type": "text", "align": "left", "dx": 8, "fontSize": theme.FONT_SIZE}
    return layered(
        [
            layer([{"value": 0}], {"type": "rule", "color": theme.RULE}, x=x),
            layer(
                points,
                {"type": "rule", "strokeWidth": 3},
                x=alt.X("low:Q", scale=scale, axis=axis),
                x2="high:Q",
                y=y,
                color=color,
                tooltip=tooltip,
            ),
            layer(
                points,
                {"type": "point", "filled": True, "size": 90, "opacity": 1},
                x=x,
                y=y,
                color=color,
                tooltip=tooltip,
            ),
            layer(points, text | {"color": theme.TEXT}, x=alt.value(_WIDTH), y=y, text="text:N"),
        ],
        width=_WIDTH,
        height=_ROW_HEIGHT * len(points),
        title=title,
        subtitle=subtitle,
        slack=8.0 * max((len(each.text) for each in estimates), default=0) - 10,
    )
