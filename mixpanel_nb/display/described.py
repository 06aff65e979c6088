"""Charts with their alternative text: what, from when to when, how much, most and least."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display.card import Chart
from mixpanel_nb.display.charts import Gaps, events_per_day, moment, series_chart
from mixpanel_nb.display.values import counted, format_value, is_null, plain_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
) -> Chart:
    """A series as ``series_chart`` draws it, and its description.

    Where it is not ``titled``, only the description says the title: what surrounds the chart has it already.
    """
    judged = [row for row in rows if gaps is None or row[x] not in gaps.partial] or rows
    words = describe(judged, x, y, color, title=title)
    above, below = (title, subtitle) if titled else (None, None)
    return Chart(lambda: series_chart(rows, x, y, color, kind, above, subtitle=below, gaps=gaps), words)


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
