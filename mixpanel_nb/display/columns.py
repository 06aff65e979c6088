"""Groups of columns over time: what a few long buckets hold, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.charts import (
    Gaps,
    color_channel,
    in_order,
    moment,
    points_of,
    tooltips,
    utc_text,
    y_axis,
)
from mixpanel_nb.display.layers import headline, layer, layered
from mixpanel_nb.display.text import chart_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import altair as alt

_MAX_TITLE = 60
_IN_PART = 0.45  # opacity of a bucket of which only a part was counted


def grouped_columns(
    rows: Sequence[Mapping[str, Any]],
    x: str,
    y: str,
    color: str,
    label: Callable[[date], str],
    *,
    title: str | None = None,
    subtitle: str | None = None,
    color_title: str | None = None,
    colors: Sequence[str] | None = None,
    percent: bool = False,
    gaps: Gaps | None = None,
) -> alt.Chart:
    """A group of columns a bucket of time, one column a category.

    Args:
        rows: One mapping a column.
        x: Key of the bucket.
        y: Key of the height; NULL leaves a gap.
        color: Key of the category.
        label: What a bucket is called; no two have the same name.
        title: The headline.
        subtitle: A line below it.
        color_title: What the categories are; None is ``color``.
        colors: A colour for each category; None is the palette.
        percent: Whether ``y`` holds fractions that are written as percentages.
        gaps: Buckets that are partly or completely unknown.
    """
    import altair as alt

    points, _ = points_of(rows, x, y, color)
    gaps = gaps or Gaps()
    names = {utc_text(moment(row[x])): label(row[x]) for row in rows}
    shown = [
        point | {"x": names[point["x"]], "opacity": _IN_PART if is_cut else 1}
        for point, is_cut in zip(points, gaps.cut(points), strict=True)
    ]
    of_color = chart_label(color_title or color, _MAX_TITLE)
    categories = in_order(points, "c")
    axis = alt.Axis(labelAngle=0, labelLimit=theme.WIDTH // max(len(names), 1) - 4)
    place = alt.X("x:O", title=None, sort=list(names.values()), axis=axis, scale=alt.Scale(paddingInner=0.2))
    missing = [{"x": names[key]} for day in gaps.missing if (key := utc_text(moment(day))) in names]
    encoding: dict[str, Any] = {
        "x": place,
        "xOffset": alt.XOffset("c:N", sort=categories, scale=alt.Scale(domain=categories)),
        "y": y_axis(y, points, percent=percent),
        "color": color_channel(categories, of_color, colors),
        "opacity": alt.Opacity("opacity:Q", scale=None),
        "tooltip": tooltips(x, y, of_color, shown, "ordinal", percent=percent),
    }
    columns = layer(shown, {"type": "bar"}, **encoding)
    if not missing:
        return _alone(columns, title, subtitle)
    bands = layer(missing, {"type": "rect", "color": theme.GAP}, x=place)
    return layered([bands, columns], width=theme.WIDTH, height=theme.HEIGHT, title=title, subtitle=subtitle)


def _alone(chart: alt.Chart, title: str | None, subtitle: str | None) -> alt.Chart:
    """One mark as a whole chart."""
    import altair as alt

    chart.width, chart.height = theme.WIDTH, theme.HEIGHT
    chart.title = headline(title, subtitle)
    chart.config = alt.Config(**theme.config())
    return chart
