"""Which chart shows numbers over time: lines, or columns for a few long buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import Gaps, grouped_columns, series_chart
from mixpanel_nb.views.words import bucket_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt

LONG_UNITS = ("month", "quarter", "year")
"""Buckets that are drawn as columns: a line would tell of the time between."""

_MAX_DAYS = 130  # a line of more days is a rolling mean of a week
_MAX_WEEKS = 400  # days; a longer line is a rolling mean of four weeks
_MAX_FAINT = 3  # lines whose days are drawn behind their means
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
    days = _rolling_days(rows)
    if days == 1:
        return series_chart(rows, "date", y, color, kind, dashed=dashed, **shared)
    mean = f"{y}, mean of {days} days"
    smooth = _rolling(rows, y, color, days, gaps or Gaps())
    faint = [{**row, mean: row[y]} for row in rows] if lines <= _MAX_FAINT else ()
    shared["gaps"] = Gaps(missing=gaps.missing) if gaps else None
    renamed = [{**row, mean: value} for row, value in zip(rows, smooth, strict=True)]
    return series_chart(renamed, "date", mean, color, kind, dashed=dashed, faint=faint, **shared)


def _rolling_days(rows: Sequence[Mapping[str, Any]]) -> int:
    """Over how many days a line is the mean: 1, or whole weeks where days are too many to be followed."""
    dates = sorted({row["date"] for row in rows})
    if len(dates) <= _MAX_DAYS or (dates[-1] - dates[0]).days != len(dates) - 1:
        return 1
    return 7 if len(dates) <= _MAX_WEEKS else 28


def _rolling(
    rows: Sequence[Mapping[str, Any]], y: str, color: str | None, days: int, gaps: Gaps
) -> list[float | None]:
    """For each row the mean of its day and the days before; None where one of them is not known in full."""
    cut = {(name, day) for name, partial in gaps.of.items() for day in partial}
    known: dict[Any, list[float | None]] = {}
    means: list[float | None] = []
    for row in rows:
        name = None if color is None else row[color]
        is_known = row["date"] not in gaps.partial and (name, row["date"]) not in cut
        last = known.setdefault(name, [])
        last.append(row[y] if is_known else None)
        del last[:-days]
        values = [value for value in last if value is not None]
        means.append(sum(values) / days if len(values) == days else None)
    return means
