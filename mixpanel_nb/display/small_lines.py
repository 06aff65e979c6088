"""Small lines over time, one below the other, each on a scale of its own, with some points marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.bars import NAME_WIDTH, name_extent
from mixpanel_nb.display.charts import moment, utc_text
from mixpanel_nb.display.layers import color_of_difference, layer, layered, looks_of_difference
from mixpanel_nb.display.text import distinct_labels
from mixpanel_nb.display.time_ticks import time_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import altair as alt

_WIDTH = 360
_LANE = 46  # pixels of a line, with the space around it
_DRAWN = 34
_MAX_NAME = 28

Values = tuple[float | None, ...]


@dataclass(frozen=True)
class SmallLine:
    """A line and the points that it is about.

    Attributes:
        name: What it is.
        values: Its numbers, from 0 on; None leaves a gap.
        usual: What was usual, drawn as a dashed line.
        places: Which of the numbers are marked.
        text: What stands below its name.
    """

    name: str
    values: Values
    usual: Values
    places: tuple[int, ...]
    text: str


def small_lines(
    lines: Sequence[SmallLine],
    dates: Sequence[date],
    *,
    title: str | None = None,
    subtitle: str | None = None,
) -> alt.Chart:
    """The lines from top to bottom, over the same dates.

    Args:
        lines: The lines; each has a number, or None, for each date.
        dates: The dates.
        title: The headline.
        subtitle: A line below it.
    """
    import altair as alt

    times = [time for day in dates if (time := moment(day)) is not None]
    names = distinct_labels((each.name for each in lines), _MAX_NAME)
    height = _LANE * len(lines)
    down = alt.Scale(domain=[0, height], nice=False, zero=False, reverse=True)
    room = name_extent([*names, *(line.text for line in lines)])
    beside = alt.Axis(title=None, domain=False, ticks=False, labels=False, grid=False, minExtent=room)
    y = alt.Y("y:Q", axis=beside, scale=down)
    places, form = time_ticks(times)
    axis = alt.Axis(format=form, values=[place.timestamp() * 1000 for place in places], labelFlush=False)
    x = alt.X("x:T", title=None, scale=alt.Scale(type="utc", padding=6), axis=axis)
    solid, dashed, marked = [], [], []
    for number, (name, line) in enumerate(zip(names, lines, strict=True)):
        bottom = number * _LANE + _LANE / 2 + _DRAWN / 2
        most = max((value for value in (*line.values, *line.usual) if value is not None), default=0) or 1
        scale = _DRAWN / most
        solid += list(_points(number, bottom, scale, line.values, dates))
        dashed += list(_points(number, bottom, scale, line.usual, dates))
        for place in line.places:
            value, usual = line.values[place] or 0.0, line.usual[place] or 0.0
            point = {"x": utc_text(moment(dates[place])), "y": bottom - scale * value}
            marked.append(point | {"name": name, "text": line.text, "is": looks_of_difference(value - usual)})
    lead = [{"name": name, "y": number * _LANE + _LANE / 2} for number, name in enumerate(names)]
    ends = [
        {"text": line.text, "y": number * _LANE + _LANE / 2 + theme.FONT_SIZE}
        for number, line in enumerate(lines)
    ]
    # A live chart cuts off what is beyond its plot, as the names are.
    text: dict[str, Any] = {"type": "text", "fontSize": theme.FONT_SIZE, "color": theme.TEXT, "clip": False}
    before = {"x": alt.value(-8), "y": y}
    return layered(
        [
            layer(
                dashed,
                {"type": "line", "color": theme.RULE, "strokeDash": [4, 3], "strokeWidth": 1.5},
                x=x,
                y=y,
                detail="line:N",
            ),
            layer(
                solid,
                {"type": "line", "color": theme.PALETTE[0], "strokeWidth": 1.75},
                x=x,
                y=y,
                detail="line:N",
            ),
            layer(
                marked,
                {"type": "point", "filled": True, "size": 80, "opacity": 1},
                x=x,
                y=y,
                color=color_of_difference(),
                tooltip=[alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title=" ")],
            ),
            layer(lead, text | {"align": "right", "limit": NAME_WIDTH}, **before, text="name:N"),
            layer(ends, text | {"align": "right", "fontSize": theme.SMALL}, **before, text="text:N"),
        ],
        width=_WIDTH,
        height=height,
        title=title,
        subtitle=subtitle,
    )


def _points(
    number: int, bottom: float, scale: float, values: Values, dates: Sequence[date]
) -> Iterator[dict[str, Any]]:
    """The places of the numbers; what follows a gap is a line of its own."""
    part = 0
    for day, value in zip(dates, values, strict=True):
        if value is None:
            part += 1
            continue
        place = {"x": utc_text(moment(day)), "y": bottom - scale * max(value, 0.0)}
        yield place | {"line": f"{number}-{part}"}
