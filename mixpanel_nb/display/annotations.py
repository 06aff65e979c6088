"""Numbered marks of annotations on a chart over time: a dashed line each, with its number above the plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from mixpanel_nb.display import theme
from mixpanel_nb.display.charts import moment, utc_text
from mixpanel_nb.display.layers import layer
from mixpanel_nb.display.text import chart_label

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    import altair as alt

_CHARACTER, _BETWEEN = 8, 5  # pixels of a digit, and between two numbers
_NARROW = 380  # pixels of a plot in a narrow window
_ABOVE = -9  # pixels of the middle of a number above the plot
_ROOM = 20  # pixels for the numbers, between the plot and the title of its heights
_MAX_TEXT = 80


@dataclass(frozen=True)
class Mark:
    """One annotation on a chart.

    Attributes:
        number: Its number, which its text below the chart has as well.
        bucket: The bucket of time that it belongs to.
        text: Its text, for the tooltip.
    """

    number: int
    bucket: date
    text: str


def with_marks(
    chart: alt.Chart, marks: Sequence[Mark], buckets: Sequence[date], label: Callable[[date], str]
) -> alt.Chart:
    """The chart with its marks. Numbers that would touch stand together: ``3–5``.

    Args:
        chart: A chart over time, of ``series_chart`` or ``grouped_columns``.
        marks: The annotations, by their number.
        buckets: The buckets of the chart.
        label: What a bucket is called where the chart has a group of columns for each.
    """
    import altair as alt

    if hasattr(chart, "vconcat"):  # charts below each other, under one theme
        chart.vconcat = [with_marks(each, marks, buckets, label) for each in chart.vconcat]
        chart.config = _with_room(chart.config)
        return chart
    layers = list(getattr(chart, "layer", ())) or [_alone(chart)]
    x = layers[-1].encoding.x
    in_groups = str(x["shorthand"]).endswith(":O")

    def place(bucket: date) -> str | None:
        return label(bucket) if in_groups else utc_text(moment(bucket))

    lines = [{"x": place(bucket)} for bucket in dict.fromkeys(mark.bucket for mark in marks)]
    numbers = [
        {"x": place(bucket), "number": number, "text": text}
        for bucket, number, text in _numbers(marks, _positions(buckets, in_groups=in_groups))
    ]
    rule = {"type": "rule", "color": theme.RULE, "strokeDash": [2, 3], "strokeWidth": 1, "opacity": 0.8}
    text = {"type": "text", "color": theme.TEXT, "fontSize": theme.SMALL, "fontWeight": 600, "clip": False}
    tooltip = alt.Tooltip("text:N", title="Annotation")
    drawn = alt.layer(
        layer(lines, rule, x=x),
        *layers,
        layer(numbers, text, x=x, y=alt.value(_ABOVE), text="number:N", tooltip=[tooltip]),
        width=chart.width,
        height=chart.height,
        title=chart.title,
        config=chart.config if chart.config is alt.Undefined else _with_room(chart.config),
    )
    return cast("alt.Chart", drawn)


def _alone(chart: alt.Chart) -> alt.Chart:
    """A chart of one mark as a layer, which has neither size, title nor theme."""
    import altair as alt

    alone: alt.Chart = alt.Chart(chart.data, mark=chart.mark, encoding=chart.encoding)
    return alone


def _with_room(config: Any) -> Any:
    """The theme, with the title of the heights above the numbers."""
    config = config.copy()
    config.axisY = {**config.axisY, "titleY": config.axisY["titleY"] - _ROOM}
    return config


def _positions(buckets: Sequence[date], *, in_groups: bool) -> dict[date, float]:
    """About how many pixels from the left each bucket is in a narrow window."""
    if in_groups:
        return {bucket: _NARROW * (n + 0.5) / len(buckets) for n, bucket in enumerate(buckets)}
    times = {bucket: cast("datetime", moment(bucket)).timestamp() for bucket in buckets}
    first = min(times.values())
    length = max(times.values()) - first or 1
    return {bucket: _NARROW * (time - first) / length for bucket, time in times.items()}


def _numbers(marks: Sequence[Mark], positions: dict[date, float]) -> list[tuple[date, str, str]]:
    """For each number, or group of numbers that would touch: its place, what is written, and the texts."""
    groups: list[list[Mark]] = []
    for mark in marks:
        groups.append([mark])
        while len(groups) > 1 and _touch(groups[-2], groups[-1], positions):
            groups[-2:] = [groups[-2] + groups[-1]]
    return [
        (
            _middle(group, positions).bucket,
            _written(group),
            chart_label(" · ".join(f"{mark.number} {mark.text}" for mark in group), _MAX_TEXT),
        )
        for group in groups
    ]


def _touch(left: Sequence[Mark], right: Sequence[Mark], positions: dict[date, float]) -> bool:
    width = sum(len(_written(group)) * _CHARACTER / 2 for group in (left, right))
    gap = positions[_middle(right, positions).bucket] - positions[_middle(left, positions).bucket]
    return gap < width + _BETWEEN


def _written(group: Sequence[Mark]) -> str:
    first, last = group[0].number, group[-1].number
    return str(first) if first == last else f"{first}–{last}"


def _middle(group: Sequence[Mark], positions: dict[date, float]) -> Mark:
    """The annotation nearest to the middle of a group."""
    middle = (positions[group[0].bucket] + positions[group[-1].bucket]) / 2
    return min(group, key=lambda mark: abs(positions[mark.bucket] - middle))
