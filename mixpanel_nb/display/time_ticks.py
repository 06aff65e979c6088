"""Where a time axis has its labels: at Mondays, firsts of months, full hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 8
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1_200)
_MINUTES = (1, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_DATE, _MONTH, _YEAR, _HOUR = "%b %-d", "%b %Y", "%Y", "%H:%M"


def time_ticks(times: Sequence[datetime]) -> tuple[list[datetime], str]:
    """The places of at most eight labels, and their format.

    Days have their Mondays, or every second one, or firsts of months; weeks and months some of their own.

    Args:
        times: The times on the axis in UTC, sorted, without repetition.
    """
    if len(times) < 2:
        return list(times), "%Y-%m-%d"
    first, last = times[0], times[-1]
    if any(time - _midnight(time) for time in times):
        return _within_days(times)
    if all(time.day == 1 for time in times):
        return _months(first, last)
    if len(times) <= _MOST and last - first < _WEEK:
        return list(times), _DATE
    if all((later - earlier) % _WEEK == timedelta(0) for earlier, later in pairwise(times)):
        start = first  # weeks begin as these do
    else:
        start = _midnight(first) + timedelta(days=-first.weekday() % 7)
    for weeks in (1, 2):
        found = _every(start, last, weeks * _WEEK)
        if len(found) <= _MOST:
            return (found, _DATE) if len(found) > 1 else (list(times[:: -(-len(times) // _MOST)]), _DATE)
    return _months(first, last)


def _months(first: datetime, last: datetime) -> tuple[list[datetime], str]:
    """Firsts of months, quarters, half years or years."""
    start = first.year * 12 + first.month - (1 if first == _midnight(first).replace(day=1) else 0)
    end = last.year * 12 + last.month - 1
    for step in _MONTHS:
        months = [month for month in range(start, end + 1) if month % step == 0]
        if len(months) <= _MOST:
            break
    return [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months], (
        _YEAR if step >= 12 else _MONTH
    )


def _within_days(times: Sequence[datetime]) -> tuple[list[datetime], str]:
    """Full hours or minutes within a day; midnights of more days."""
    first, last = times[0], times[-1]
    if _midnight(first) == _midnight(last):
        for minutes in _MINUTES:
            step = timedelta(minutes=minutes)
            start = _midnight(first) + -(-(first - _midnight(first)) // step) * step
            found = _every(start, last, step)
            if 1 < len(found) <= _MOST:
                return found, _HOUR
        return [first, last], "%H:%M:%S"
    days = -(-((last - first) // _DAY + 1) // _MOST)
    if last - first > _MOST * 8 * _DAY:
        return _months(first, last)
    return _every(_midnight(first) + _DAY * (first != _midnight(first)), last, days * _DAY), _DATE


def _every(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    return [start + place * step for place in range((end - start) // step + 1)] if start <= end else []


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)
