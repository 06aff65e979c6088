"""Which chart shows numbers over time: lines, or columns for a few long buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import Gaps, grouped_columns, series_chart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import altair as alt

LONG_UNITS = ("month", "quarter", "year")
"""Buckets that are drawn as columns: a line would tell of the time between."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MAX_COLUMNS = 48  # more are too thin; they become lines


def kind_of(unit: str | None, buckets: int, lines: int = 1) -> str:
    """``bar`` for one bucket, and for a few long ones; otherwise ``line``."""
    few_long = unit in LONG_UNITS and buckets * lines <= _MAX_COLUMNS
    return "bar" if buckets == 1 or few_long else "line"


def time_chart(
    rows: Sequence[Mapping[str, Any]],
    y: str,
    color: str | None = None,
    *,
    unit: str | None,
    title: str | None = None,
    subtitle: str | None = None,
    color_title: str | None = None,
    colors: Sequence[str] | None = None,
    percent: bool = False,
    gaps: Gaps | None = None,
    dashed: Sequence[str] = (),
) -> alt.Chart:
    """Numbers over time, in lines, or in columns where there are a few long buckets.

    Args:
        rows: One mapping a bucket and line, with the bucket as ``date``.
        y: Key of the number.
        color: Key of the line, where there are several.
        unit: The unit of the buckets.
        title: The headline.
        subtitle: A line below it.
        color_title: What the lines are.
        colors: A colour for each line; None is the palette.
        percent: Whether the numbers are fractions that are written as percentages.
        gaps: Buckets that are partly or completely unknown.
        dashed: Lines that are dashed.
    """
    lines = 1 if color is None else len({row[color] for row in rows})
    kind = kind_of(unit, len({row["date"] for row in rows}), lines)
    shared: dict[str, Any] = {
        "title": title,
        "subtitle": subtitle,
        "color_title": color_title,
        "colors": colors,
        "percent": percent,
        "gaps": gaps,
    }
    if color is not None and kind == "bar":
        return grouped_columns(rows, "date", y, color, lambda day: bucket_name(day, unit), **shared)
    return series_chart(rows, "date", y, color, kind, dashed=dashed, **shared)


def bucket_name(day: date, unit: str | None) -> str:
    """``Jan 2025``, ``Q1 2025``, ``2025``; a day or a week by its first day."""
    if unit == "year":
        return str(day.year)
    if unit == "quarter":
        return f"Q{(day.month + 2) // 3} {day.year}"
    return f"{_MONTHS[day.month - 1]} {day.year}" if unit == "month" else str(day)
