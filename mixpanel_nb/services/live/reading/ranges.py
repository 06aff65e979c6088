"""Ranges of numbers in ``segmentation/numeric``: ``"2,000 - 2,100"``.

https://developer.mixpanel.com/reference/segmentation-numeric-query
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from mixpanel_nb.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.services.live.reading.series import Counts, Series

Range = tuple[float, float]

_NUMBER = r"(-?(?:[\d,]+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)"
_RANGE = re.compile(rf"\s*{_NUMBER}(?:\s+-\s+{_NUMBER})?\s*")
_NOT_SET = ("undefined", "null")
_MOST_BETWEEN = 10_000  # ranges; a gap with more does not consist of ranges of this width


@dataclass(frozen=True)
class Ranges:
    """Counts over time by ranges of a number.

    Attributes:
        bounds: The ranges, ascending; empty ones between them included.
        values: Place in ``bounds`` to bucket to count.
        without: The number of events without a number, if Mixpanel gives it.
    """

    bounds: tuple[Range, ...]
    values: dict[int, dict[Bucket, float]]
    without: float = 0


def read_ranges(series: Series) -> Ranges:
    """The ranges parsed from the names of a series.

    Raises:
        ServerError: a name is not a range.
    """
    named = {name: counts for name, counts in series.values.items() if name not in _NOT_SET}
    left = sum(sum(counts.values()) for name, counts in series.values.items() if name in _NOT_SET)
    found: dict[Range, Counts] = {_range(name): counts for name, counts in named.items()}
    bounds = _without_gaps(sorted(found))
    values = {place: found[pair] for place, pair in enumerate(bounds) if pair in found}
    return Ranges(bounds, values, left)


def _range(name: str) -> Range:
    match = _RANGE.fullmatch(name)
    if match is None:
        message = f"The answer of segmentation/numeric names a range {name[:60]!r}, which is none."
        raise ServerError(message, hint="A range is written as 2,000 - 2,100.", details={"name": name})
    low = _number(match[1])
    return low, low if match[2] is None else _number(match[2])


def _number(text: str) -> float:
    """The number, exactly where it is a whole one."""
    digits = text.replace(",", "")
    return int(digits) if digits.lstrip("-").isdecimal() else float(digits)


def _without_gaps(known: Sequence[Range]) -> tuple[Range, ...]:
    """The ranges with those between them that no event fell into, if all are equally wide."""
    widths = {high - low for low, high in known}
    width = min(widths, default=0.0)
    if width <= 0 or not all(math.isclose(width, each, rel_tol=1e-6) for each in widths):
        return tuple(known)
    full: list[Range] = []
    for low, high in known:
        if full:
            full += _between(full[-1][1], low, width)
        full.append((low, high))
    return tuple(full)


def _part(length: float, place: int, number: int) -> float:
    """``place`` of ``number`` equal parts of a length, exactly where it is a whole number of them."""
    part, rest = divmod(place * length, number)
    return int(part) if not rest and isinstance(length, int) else place * length / number


def _between(begin: float, end: float, width: float) -> list[Range]:
    number = round((end - begin) / width)
    if not 0 < number <= _MOST_BETWEEN or not math.isclose(begin + number * width, end, rel_tol=1e-9):
        return []
    edges = [begin + _part(end - begin, place, number) for place in range(number)] + [end]
    return list(pairwise(edges))
