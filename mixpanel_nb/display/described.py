"""Charts with their alternative text: what, from when to when, how much, most and least."""

from __future__ import annotations

import math
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display.bars import Bar, grouped_bars, ranked_bars, step_bars
from mixpanel_nb.display.card import Chart, key_html
from mixpanel_nb.display.charts import (
    Gaps,
    are_categories,
    events_per_day,
    in_order,
    largest_categories,
    moment,
    points_of,
    series_chart,
)
from mixpanel_nb.display.heatmap import HeatRow, Written, heatmap, share_text
from mixpanel_nb.display.html_rows import (
    MAX_HEAT_CELLS,
    grouped_rows,
    heat_rows,
    ranked_rows,
    stacked_rows,
    step_rows,
)
from mixpanel_nb.display.smooth import smoothed
from mixpanel_nb.display.theme import PALETTE, colors_of
from mixpanel_nb.display.values import column_format, counted, format_value, is_null, plain_scalar, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.display.values import Format


def described_days(rows: Sequence[Mapping[str, Any]], title: str, *, titled: bool = True) -> Chart:
    """Bars per day of ``{"date": …, "count": …}``, and their description.

    Where it is not ``titled``, only the description says the title: what surrounds the chart has it already.
    """
    words = describe(rows, "date", "count", title=title, total=True)
    return Chart(lambda: events_per_day(rows, title if titled else None), words)


def described_series(
    rows: Sequence[Mapping[str, Any]],
    x: str,
    y: str,
    color: str | None = None,
    kind: str = "line",
    title: str | None = None,
    *,
    titled: bool = True,
    subtitle: str | None = None,
    gaps: Gaps | None = None,
    is_grouped: bool = False,
    is_log: bool = False,
    smooth: int | None = None,
) -> Chart:
    """A series as ``series_chart`` draws it, and its description.

    Where it is not ``titled``, only the description says the title: what surrounds the chart has it already.
    ``smooth`` is the number of values of a rolling mean, which stands in front of the values.
    """
    judged = [row for row in rows if gaps is None or row[x] not in gaps.partial] or rows
    words = describe(judged, x, y, color, title=title)
    above, below = (title, subtitle) if titled else (None, None)
    shown = None
    if kind == "bar" and are_categories([row[x] for row in rows]):
        if is_grouped and color is not None:
            shown = partial(_grouped_rows, rows, x, y, color)
        else:
            shown = partial(_category_rows, rows, x, y, color)
    drawn = rows if smooth is None else smoothed(rows, x, y, color, smooth)

    def draw() -> Any:
        faint = () if smooth is None else rows
        look: dict[str, Any] = {"gaps": gaps, "faint": faint, "is_grouped": is_grouped, "is_log": is_log}
        return series_chart(drawn, x, y, color, kind, above, subtitle=below, **look)

    return Chart(draw, words, shown)


def _category_rows(rows: Sequence[Mapping[str, Any]], x: str, y: str, color: str | None) -> str:
    """Bars of categories as HTML, one a category, of pieces where a color splits them."""
    points, _ = points_of(rows, x, y, color)
    drawn = largest_categories(points)
    form = column_format(y, "auto", [row[y] for row in rows])
    stacks: dict[str, list[dict[str, Any]]] = {}
    for point in drawn:
        stacks.setdefault(str(point["x"]), []).append(point)
    sums = {name: sum(point["y"] or 0 for point in stack) for name, stack in stacks.items()}
    shade = {}
    if color is not None:
        names = in_order(points, "c")
        shade = dict(zip(names, colors_of(names), strict=True))
    pieces = [
        [(max(point["y"] or 0, 0), shade.get(point.get("c"), PALETTE[0])) for point in stack]
        for stack in stacks.values()
    ]
    texts = [_number(value, form) for value in sums.values()]
    key = key_html(list(shade), list(shade.values()), color) if color is not None else ""
    left_out = len({point["x"] for point in points}) - len(stacks)
    note = f"The chart shows the {len(stacks)} largest of {len(stacks) + left_out:,}." if left_out else None
    return key + stacked_rows(list(stacks), pieces, texts, heads=(x, y), note=note)


def _number(value: float, form: Format) -> str:
    return write(int(value) if form.kind == "integer" else value, form)


def _grouped_rows(rows: Sequence[Mapping[str, Any]], x: str, y: str, color: str) -> str:
    """Bars of categories as HTML, one beside the other for the colours of a category."""
    points = largest_categories(points_of(rows, x, y, color)[0])
    form = column_format(y, "auto", [row[y] for row in rows])
    names = in_order(points, "c")
    heights: dict[str, dict[str, float]] = {}
    for point in points:
        of_group = heights.setdefault(str(point["x"]), {})
        of_group[point["c"]] = of_group.get(point["c"], 0) + (point["y"] or 0)
    groups = {
        group: [Bar(name, max(value := of_group.get(name, 0), 0), _number(value, form)) for name in names]
        for group, of_group in heights.items()
    }
    colors = colors_of(names)
    return key_html(names, colors, color) + grouped_rows(groups, colors)


def ranked(
    bars: Sequence[Bar], words: str, *, title: str | None = None, subtitle: str | None = None
) -> Chart:
    """One bar per name, in the given order, with their description."""
    return Chart(lambda: ranked_bars(bars, title=title, subtitle=subtitle), words, lambda: ranked_rows(bars))


def steps(bars: Sequence[Bar], words: str, *, title: str | None = None, subtitle: str | None = None) -> Chart:
    """Bars of consecutive steps, with their description."""
    return Chart(lambda: step_bars(bars, title=title, subtitle=subtitle), words, lambda: step_rows(bars))


def grouped(
    groups: Mapping[str, Sequence[Bar]],
    series: Sequence[str],
    words: str,
    *,
    title: str | None = None,
    subtitle: str | None = None,
    colors: Sequence[str] | None = None,
    whole: float | None = None,
    aligned: bool = False,
) -> Chart:
    """Groups of bars, one colour per series, with their description; see ``grouped_bars``."""
    shades = colors_of(series, colors)

    def draw() -> Any:
        look: dict[str, Any] = {"colors": colors, "whole": whole, "aligned": aligned}
        return grouped_bars(groups, series, title=title, subtitle=subtitle, **look)

    def rows() -> str:
        return key_html(series, shades) + grouped_rows(groups, shades, whole=whole)

    return Chart(draw, words, rows)


def heat(
    rows: Sequence[HeatRow],
    columns: Sequence[str],
    words: str,
    *,
    lead: str,
    x: str,
    written: Written = share_text,
    title: str | None = None,
    subtitle: str | None = None,
    is_table: bool = False,
) -> Chart:
    """Rows of coloured cells, with their description; a picture where there are very many.

    Args:
        rows: From top to bottom.
        columns: Headings of the cells.
        words: The description.
        lead: Heading of the first column.
        x: What the columns are.
        written: Writes the numbers.
        title: The headline.
        subtitle: A line below it.
        is_table: Whether the rows are those of the card's table, which need not be shown twice.
    """

    def draw() -> Any:
        return heatmap(rows, columns, lead=lead, x=x, written=written, title=title, subtitle=subtitle)

    if sum(number is not None for row in rows for number in row.cells) > MAX_HEAT_CELLS:
        return Chart(draw, words)
    shown = partial(heat_rows, rows, columns, lead=lead, x=x, written=written)
    return Chart(draw, words, shown, is_table)


def describe(
    rows: Sequence[Mapping[str, Any]],
    x: str,
    y: str,
    color: str | None = None,
    *,
    title: str | None = None,
    total: bool = False,
) -> str:
    """The series in one sentence.

    Args:
        rows: One mapping a point.
        x: Key of the horizontal value.
        y: Key of the vertical value.
        color: Key of the category that splits the rows.
        title: What is shown; None derives it from the keys.
        total: Whether the sum is meaningful.
    """
    subject = title or f"{y} by {x}" + (f" and {color}" if color else "")
    points = [row for row in rows if _is_number(plain_scalar(row[y]))]
    if not points:
        return f"{subject}: no data."
    parts = [f"{subject}, {_range([row[x] for row in rows])}"]
    if color:
        parts[0] += f", {len({format_value(row[color]) for row in rows}):,} series"
    if total:
        parts.append(f"{format_value(sum(row[y] for row in points))} in total")
    most, least = max(points, key=lambda row: row[y]), min(points, key=lambda row: row[y])
    parts.append(f"highest {_at(most, x, y, color)}")
    if most[y] != least[y]:
        parts.append(f"lowest {_at(least, x, y, color)}")
    return f"{parts[0]}: {', '.join(parts[1:])}."


def _range(values: Sequence[Any]) -> str:
    """From the first to the last place, or their number if places have no order."""
    known = [plain_scalar(value) for value in values if not is_null(value)]
    times = [moment(value) for value in known]
    if not known or not (None not in times or all(map(_is_number, known))):
        return counted(len({format_value(value) for value in values}), "value")
    first, last = _place(min(known)), _place(max(known))
    return first if first == last else f"{first} to {last}"


def _at(row: Mapping[str, Any], x: str, y: str, color: str | None) -> str:
    where = f" ({format_value(row[color])})" if color else ""
    time = moment(row[x])
    return f"{format_value(row[y])} {'at' if time is None else 'on'} {_place(row[x])}{where}"


def _place(value: Any) -> str:
    """A value of x; midnight is shown as the day."""
    time = moment(value)
    if time is not None and (time.hour, time.minute, time.second) == (0, 0, 0):
        return time.date().isoformat()
    return format_value(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)
