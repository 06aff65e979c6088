"""Rolling means, by which a chart smooths its lines."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display.values import is_null, plain_scalar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def smoothed(
    rows: Sequence[Mapping[str, Any]], x: str, y: str, color: str | None, size: int
) -> list[dict[str, Any]]:
    """The rows with means instead of values, in the order of x within each colour.

    Args:
        rows: One mapping a point, with numbers or NULL as ``y``.
        x: Key of what they are ordered by; rows where it is NULL are left out.
        y: Key of the values.
        color: Key of what they are split by.
        size: How many values make a mean: a row's own and those before it. Where there are fewer, or one of
            them is NULL, the mean is NULL.
    """
    known = [row for row in rows if not is_null(plain_scalar(row[x]))]
    places = {name: place for place, name in enumerate(dict.fromkeys(_name(row, color) for row in known))}
    ordered = sorted(known, key=lambda row: (places[_name(row, color)], row[x]))
    found: list[dict[str, Any]] = []
    for _, group in groupby(ordered, key=lambda row: _name(row, color)):
        points = list(group)
        values = [plain_scalar(point[y]) for point in points]
        means = [_mean(values[max(end - size, 0) : end], size) for end in range(1, len(values) + 1)]
        found += [{**point, y: mean} for point, mean in zip(points, means, strict=True)]
    return found


def _name(row: Mapping[str, Any], color: str | None) -> str:
    return "" if color is None else repr(row[color])


def _mean(values: Sequence[Any], size: int) -> float | None:
    if len(values) < size or any(is_null(value) for value in values):
        return None
    return float(sum(values)) / size
