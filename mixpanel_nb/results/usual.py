"""What is usual: expectations from the buckets before, and how far a bucket is from its own.

Numbers are in the order of time; None is a bucket that was not counted in full. scipy computes the chances.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING

from mixpanel_nb.results.inference import distributions

if TYPE_CHECKING:
    from collections.abc import Sequence

    Values = Sequence[float | None]

WEEKS = 4
"""How many of the same weekdays before a day say what it may be."""

RECENT = {"day": 14, "week": 6, "month": 4}
"""The buckets before that say the usual share of a value."""

_SEVEN = 7
_NORMAL = 1.4826  # over the median of absolute normal numbers
FREEDOM = 2 / 3
"""Degrees of freedom a distance: a median varies more than a variance."""

FREEDOM_OF_MANY = 0.37
"""The same where chances far below 1 % are compared, which err more: the efficiency of such a median.

Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation", JASA 88, 1993.
"""
_LEAST_ERRORS = 6
_MANY = 5


def expectations(values: Values, unit: str) -> list[float | None]:
    """What each bucket was expected to be; None where too few are before it.

    A day is expected to be what the same weekdays of four weeks before were, each raised by how the level has
    changed since: that of a day is the median of the seven days before it, which has no rhythm. A week or a
    month is expected to be the median of the four before it.
    """
    if unit != "day":
        return [_middle(values[max(place - WEEKS, 0) : place], 3) for place in range(len(values))]
    levels = [_middle(values[max(place - _SEVEN, 0) : place], 5) for place in range(len(values))]
    return [_of_weekdays(values, levels, place) for place in range(len(values))]


def _of_weekdays(values: Values, levels: Values, place: int) -> float | None:
    now, found = levels[place], []
    for back in range(place - _SEVEN, place - _SEVEN * WEEKS - 1, -_SEVEN):
        value, level = (None, None) if back < 0 else (values[back], levels[back])
        if value is not None and level and now is not None:
            found.append(value * now / level)
    return median(found) if len(found) >= 2 else None


def shares(parts: Values, wholes: Values, unit: str) -> list[float | None]:
    """The part's share of the whole in the recent buckets before each; None where there are too few.

    It is the median of the shares of these buckets, which an unusual one of them does not move; of a part
    that is small in them, it is the share of all of them together.
    """
    found: list[float | None] = []
    for place in range(len(parts)):
        recent = range(max(place - RECENT[unit], 0), place)
        known = [
            (part, whole)
            for at in recent
            if (part := parts[at]) is not None and (whole := wholes[at]) is not None and whole > 0
        ]
        if len(known) < RECENT[unit] // 2:
            found.append(None)
        elif median(part for part, _ in known) >= _MANY:
            found.append(median(part / whole for part, whole in known))
        else:
            found.append(sum(part for part, _ in known) / sum(whole for _, whole in known))
    return found


@dataclass(frozen=True)
class Surprise:
    """How far a bucket is from what was expected.

    Attributes:
        actual: The number.
        expected: What was expected.
        score: The distance, in the usual distances of the buckets before.
        chance: The probability of at least such a distance; None where too few buckets are before.
        distance: The distance before it is divided by the usual one.
    """

    actual: float
    expected: float
    score: float | None = None
    chance: float | None = None
    distance: float = 0.0


def surprise(
    actual: Values, expected: Values, *, size: float = 1.0, freedom: float = FREEDOM
) -> Surprise | None:
    """How far the last bucket is from its expectation; None where that is unknown.

    The distance of counts is that of Anscombe's transformation (Biometrika 35, 1948), which has the same
    spread for small and large counts: 1 if events are independent, more if they come in groups. The usual
    distance is robust: 1.4826 times the median of the distances of the buckets before, which contain the
    errors of their expectations, as the last one does. The chance is that of Student's t with two thirds of a
    degree of freedom for each of these distances: their median varies more than a variance would, and
    simulations then hold the level (``tests/services/test_changes.py``).

    Args:
        actual: The numbers.
        expected: What each was expected to be, from the buckets before it alone.
        size: What an event adds to a number: 1 to a count; to a sum, the sum of squares over the sum.
        freedom: Degrees of freedom a distance.
    """
    pairs = [(now, then) for now, then in zip(actual, expected, strict=True)]
    now, then = pairs[-1]
    if now is None or then is None:
        return None
    own = distance(now, then, size=size)
    errors = [
        abs(distance(before, wanted, size=size))
        for before, wanted in pairs[:-1]
        if before is not None and wanted is not None
    ]
    if len(errors) < _LEAST_ERRORS:
        return Surprise(now, then, distance=own)
    spread = max(_NORMAL * median(errors), 1.0)
    score = own / spread
    chance = float(2 * distributions().stdtr(freedom * len(errors), -abs(score)))
    return Surprise(now, then, score, chance, own)


def compared(
    actual: Sequence[float],
    usual: Sequence[float],
    pairs: Sequence[tuple[float, float]],
    freedom: int,
    *,
    error: float,
    size: float = 1.0,
) -> Surprise:
    """How far some days are from what others let expect, as means per day.

    The distance of their sums is over that of Poisson counts, whose variance is larger by a factor that the
    days say themselves: the mean square of their distances from what their range lets expect (at least 1), as
    in quasi-Poisson regression (McCullagh and Nelder, "Generalized Linear Models", 2nd ed., 1989, 6.2). The
    chance is that of Student's t with the degrees of freedom of these distances.

    Args:
        actual: The days.
        usual: What each was expected to be.
        pairs: Every day of both ranges, and what its own range lets expect of it.
        freedom: The degrees of freedom of these.
        error: The variance of what was expected, over that of as large a count.
        size: What an event adds to a number.
    """
    now, then = sum(actual), sum(usual)
    own = distance(now, then, size=size)
    means = now / len(actual), then / len(actual)
    if freedom < _LEAST_ERRORS:
        return Surprise(*means, distance=own)
    spread = sum(distance(one, other, size=size) ** 2 for one, other in pairs) / freedom
    score = own / sqrt(max(spread, 1.0) * (1 + error))
    return Surprise(*means, score, float(2 * distributions().stdtr(freedom, -abs(score))), own)


def distance(actual: float, expected: float, *, size: float = 1.0) -> float:
    """The signed distance of a number from its expectation; what is below 0 is as 0."""
    now, then = (sqrt(max(number, 0.0) / size + 0.375) for number in (actual, expected))
    return 2 * (now - then)


def _middle(values: Values, least: int) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if len(known) >= least else None
