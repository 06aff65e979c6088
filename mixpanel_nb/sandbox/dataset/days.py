"""The calendar of the store: activity by day and hour, and the dates of the stories.

Days are numbered from 0 (2025-01-01, a Wednesday); seconds are Unix seconds, UTC.
"""

from __future__ import annotations

from bisect import bisect
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

FIRST_DAY = date(2025, 1, 1)
LAST_DAY = date(2025, 3, 31)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
DAY_SECONDS = 86_400
EPOCH = (FIRST_DAY - date(1970, 1, 1)).days * DAY_SECONDS


def number(year: int, month: int, day: int) -> int:
    """The number of a calendar day, 0 for the first day of the data set."""
    return (date(year, month, day) - FIRST_DAY).days


OUTAGE = range(number(2025, 2, 18), number(2025, 2, 19) + 1)
PRICE_TEST = range(number(2025, 2, 10), number(2025, 3, 9) + 1)
CAMPAIGN = range(number(2025, 3, 11), number(2025, 3, 12) + 1)

_WEEKDAY_FACTORS = (0.92, 0.90, 0.94, 0.96, 1.02, 1.30, 1.26)  # Monday to Sunday
_HOUR_WEIGHTS = (8, 5, 3, 2, 2, 3, 6, 11, 16, 19, 21, 23, 27, 26, 25, 26, 29, 34, 41, 47, 50, 44, 30, 17)

_CUMULATIVE_HOURS = list(accumulate(_HOUR_WEIGHTS))
DAY_FACTORS = [_WEEKDAY_FACTORS[(FIRST_DAY.weekday() + day) % 7] for day in range(DAYS)]

# Twice as many new users come at the end of the quarter as at its beginning.
_CUMULATIVE_ARRIVALS = list(accumulate(DAY_FACTORS[day] * (1 + day / DAYS) for day in range(DAYS)))


def start_second(rng: Random, day: int) -> int:
    """A moment of that day, likelier in the evening than at night."""
    hour = bisect(_CUMULATIVE_HOURS, rng.random() * _CUMULATIVE_HOURS[-1])
    return EPOCH + day * DAY_SECONDS + hour * 3600 + int(rng.random() * 3600)


def arrival_day(rng: Random) -> int:
    """The first day of a new user."""
    return bisect(_CUMULATIVE_ARRIVALS, rng.random() * _CUMULATIVE_ARRIVALS[-1])


def iso_seconds(second: int) -> str:
    """``YYYY-MM-DDTHH:MM:SS`` without a zone, as profiles carry their times."""
    day, rest = divmod(second, DAY_SECONDS)
    return f"{iso_day(day)}T{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"


def iso_day(days_since_1970: int) -> str:
    """``YYYY-MM-DD`` of a day counted from 1970-01-01."""
    return date.fromordinal(date(1970, 1, 1).toordinal() + days_since_1970).isoformat()
