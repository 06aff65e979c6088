"""Conversion of rows to result data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb import results
from mixpanel_nb.errors import QueryError
from mixpanel_nb.json_text import parsed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.analytics.columns import PropertyColumn


Counts = dict["Bucket", float]
Segmented = TypeVar("Segmented", "results.SegmentationResult", "results.PropertyCountsResult")


def by_name(rows: Sequence[tuple[Any, ...]]) -> tuple[dict[Any, Counts], Counts | None, int]:
    """Rows of ``segmentation.by_segment`` as counts by segment, those of the rest, and how many it has.

    The rows come in the order of the segments; those of the rest are last and have no name.
    """
    values: dict[Any, Counts] = {}
    rest: Counts = {}
    for bucket, name, count, *_ in rows:
        (rest if name is None else values.setdefault(name, {}))[bucket] = count
    segments = rows[0][-1] if rows else 0
    return values, rest or None, segments - len(values)


def by_names(rows: Sequence[tuple[Any, ...]]) -> tuple[dict[Any, Counts], Counts | None, int]:
    """Rows of ``segmentation.by_segments``, as :func:`by_name` gives those of one breakdown."""
    return by_name(
        [
            (date, None if None in names else tuple(names), count, place, segments)
            for date, count, place, segments, *names in rows
        ]
    )


def rounded(number: float) -> float:
    """A number to 12 significant digits; further ones depend on the order of addition, which varies."""
    return float(f"{number:.12g}")


def in_buckets(rows: Sequence[tuple[Any, ...]]) -> dict[Bucket, float]:
    """A number a bucket, to 12 significant digits."""
    return {bucket: rounded(number) for bucket, number in rows}


def in_ranges(
    rows: Sequence[tuple[Any, ...]],
) -> tuple[tuple[tuple[float, float], ...], dict[int, dict[Bucket, float]]]:
    """All ranges from the lowest to the highest, and the counts by the place of their range.

    The bounds of whole numbers are whole numbers where their ranges are as wide as one or wider.
    """
    if not rows:
        return (), {}
    first, last, origin = int(rows[0][1]), int(rows[-1][1]), rows[0][3]
    width = Decimal(f"{rows[0][2]:.0e}")  # 1, 2 or 5 times a power of ten, exactly
    values: dict[int, dict[Bucket, float]] = {}
    for bucket, place, *_, count in rows:
        values.setdefault(int(place) - first, {})[bucket] = count
    if isinstance(origin, int) and width >= 1:
        edges: list[float] = [origin + place * int(width) for place in range(first, last + 2)]
    else:
        before = round(Decimal(origin) / width)
        edges = [float((before + place) * width) for place in range(first, last + 2)]
    return tuple(pairwise(edges)), values


def width_of(ranges: Sequence[tuple[float, float]]) -> float:
    """The width of the ranges, 1, 2 or 5 times a power of ten; 0 where there are none."""
    return float(f"{ranges[0][1] - ranges[0][0]:.1g}") if ranges else 0.0


def like_segments(answer: Segmented, other: Segmented) -> Segmented:
    """Another answer with the segments of the first; the others are its rest, where they can be added."""
    names = answer.values
    others = [counts for name, counts in other.values.items() if name not in names]
    rest: Counts | None = None
    if other.type == "general" and answer.rest is not None:
        rest = dict(other.rest or {})
        for counts in others:
            for bucket, count in counts.items():
                rest[bucket] = rest.get(bucket, 0) + count
    values = {name: other.values.get(name, {}) for name in names}
    return replace(other, values=values, rest=rest, left_out=len(others) + other.left_out)


def activity_event(row: tuple[Any, ...], columns: Mapping[str, PropertyColumn]) -> results.ActivityEvent:
    """A row of ``activity.statement``; ``columns`` are those of the properties with their own column."""
    event, moment, user, *values = row
    properties: Mapping[str, Any]
    if columns:
        properties = {
            name: _parsed(value) if column.holds == "json" else value
            for (name, column), value in zip(columns.items(), values, strict=True)
            if value is not None
        }
    else:
        properties = _parsed(values[0]) if values[0] else {}
        if "time" in properties:  # fetched in milliseconds; Mixpanel's own feed has seconds
            properties["time"] = int(moment.replace(tzinfo=UTC).timestamp())
    return results.ActivityEvent(event, moment.replace(tzinfo=UTC), user, properties)


def _parsed(json: str) -> Any:
    try:
        return parsed(json)
    except RecursionError:
        message = "An event of theirs holds lists in lists, too deep for Python to read."
        raise QueryError(message, hint="Read it in SQL: SELECT properties …") from None
