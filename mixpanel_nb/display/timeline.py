"""A timeline: one dot per event, one row per name."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.bars import NAME_WIDTH, name_extent
from mixpanel_nb.display.charts import moment, utc_text
from mixpanel_nb.display.layers import layer, layered
from mixpanel_nb.display.text import distinct_labels
from mixpanel_nb.display.time_ticks import time_ticks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import altair as alt

_WIDTH = 520
_ROW_HEIGHT = 26
_MAX_NAME = 40


def timeline(
    moments: Sequence[tuple[datetime, str]], *, title: str | None = None, subtitle: str | None = None
) -> alt.Chart:
    """Dots over time, one row per name, the first name on top.

    Args:
        moments: Pairs of time and name.
        title: The headline.
        subtitle: A line below it.
    """
    import altair as alt

    names = list(dict.fromkeys(name for _, name in moments))
    labels = dict(zip(names, distinct_labels(names, _MAX_NAME), strict=True))
    points: list[dict[str, Any]] = [
        {"x": utc_text(moment(time)), "name": labels[name]} for time, name in moments
    ]
    axis = alt.Axis(
        title=None,
        domain=False,
        ticks=False,
        grid=True,
        labelColor=theme.TEXT,
        labelLimit=NAME_WIDTH,
        labelPadding=8,
        minExtent=name_extent(list(labels.values())),
    )
    rows = alt.Y("name:O", sort=list(labels.values()), axis=axis)
    over = alt.X("x:T", title=None, scale=alt.Scale(type="utc", padding=10), axis=_time_axis(moments))
    dots = {"type": "point", "filled": True, "size": 55, "opacity": 0.85}
    return layered(
        [
            layer(
                points,
                dots,
                x=over,
                y=rows,
                tooltip=["name:N", alt.Tooltip("x:T", format="%Y-%m-%d %H:%M:%S")],
            )
        ],
        width=_WIDTH,
        height=_ROW_HEIGHT * len(names),
        title=title,
        subtitle=subtitle,
    )


def _time_axis(moments: Sequence[tuple[datetime, str]]) -> alt.Axis:
    import altair as alt

    places, form = time_ticks(sorted({time.astimezone(UTC) for time, _ in moments}))
    if len(places) < 2:
        form = "%b %-d %H:%M"
    return alt.Axis(format=form, values=[place.timestamp() * 1000 for place in places], labelFlush=False)
