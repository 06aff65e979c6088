"""Parsing of days and periods: ``2025-01-31``, ``2025-01``, ``2025-W05``, ``today``, ``30d``."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.checks import Day, in_order

DAY_FORMS = "2025-01-31, 2025-01, 2025-W05, 2025-Q1, 2025, today or yesterday"
LENGTH_FORMS = "30d, 12w, 3m or 1y"

_DAY = timedelta(days=1)
_PERIOD = re.compile(
    r"(?P<year>\d{4})"
    r"(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?|-w(?P<week>\d{2})|-q(?P<quarter>[1-4]))?"
)
_LENGTH = re.compile(r"(?P<number>\d{1,5}) ?(?P<unit>[dwmy])")
_MOST_DAYS = 36_525  # a hundred years


_RANGE = ".."


@dataclass(frozen=True)
class DayOrDays:
    """A day, or a range of days as text: ``2025-02-10..2025-02-16``; a pair of days is one."""

    def __call__(self, value: Any, name: str) -> date | str:
        """The day or the range."""
        if isinstance(value, date):
            return value.date() if isinstance(value, datetime) else value
        first, last = _range(value, name)
        return first if first == last else range_text(first, last)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        day = r"\d{4}-\d{2}-\d{2}"
        return {"type": "string", "pattern": rf"^{day}(\.\.{day})?$"}


@dataclass(frozen=True)
class Days:
    """A range of days as text: ``2025-01-06..2025-01-12``; a pair of days is one, and so is a period."""

    def __call__(self, value: Any, name: str) -> str:
        """The range."""
        return range_text(*((value, value) if isinstance(value, date) else _range(value, name)))

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        day = r"\d{4}-\d{2}-\d{2}"
        return {"type": "string", "pattern": rf"^{day}\.\.{day}$"}


def range_text(first: date, last: date) -> str:
    """A range of days, as it is written."""
    return f"{first:%Y-%m-%d}{_RANGE}{last:%Y-%m-%d}"


def range_of(text: str) -> tuple[date, date]:
    """The first and the last day of a checked text."""
    since, _, until = text.partition(_RANGE)
    return date.fromisoformat(since), date.fromisoformat(until)


def _range(value: Any, name: str) -> tuple[date, date]:
    """The days of a pair, or of a text that does not depend on what day it is."""
    if isinstance(value, list | tuple) and len(value) == 2:
        first, last = (Day()(each, name) for each in value)
        return in_order(first, last)
    text = str(value).strip()
    if not text[:1].isdigit():
        message = [Word(name), f" is {text[:40]!r}, which is neither a day nor a range of days."]
        hint = "Write it as 2025-02-18 or 2025-02-10..2025-02-16."
        raise ParameterError(message, parameter=name, value=value, hint=hint)
    return period(text, name, date.min)


def first_day(value: Any, name: str, today: date) -> date:
    """The day, or the first day of the period.

    Args:
        value: A date, or text in one of the forms of this module.
        name: The parameter, for errors.
        today: The day that ``today`` is.

    Raises:
        ParameterError: It is neither a day nor a period.
    """
    return _period(value, name, today)[0]


def last_day(value: Any, name: str, today: date) -> date:
    """The day, or the last day of the period. Arguments and errors as in :func:`first_day`."""
    return _period(value, name, today)[1]


def single_day(value: Any, name: str, today: date) -> date:
    """The day.

    Raises:
        ParameterError: It is not a single day.
    """
    first, last = _period(value, name, today)
    if first != last:
        message = [Word(name), f" is {value!r}, which is {(last - first).days + 1} days."]
        raise ParameterError(message, parameter=name, value=value, hint="Give one day.")
    return first


def period(value: Any, name: str, today: date) -> tuple[date, date]:
    """The first and the last day of a period: one of the forms, or a range ``A..B``.

    Raises:
        ParameterError: It is not a period, or its end is before its start.
    """
    since, dots, until = str(value).partition(_RANGE)
    if not dots:
        return _period(value, name, today)
    return in_order(first_day(since, name, today), last_day(until, name, today))


def days_before(value: Any, name: str, last: date) -> date:
    """The first day of a number of days, weeks, months or years that end with ``last``.

    Args:
        value: Such as ``30d``, ``12w``, ``3m`` or ``1y``; a number is days.
        name: The parameter, for errors.
        last: The last day.

    Raises:
        ParameterError: It is not a length of time.
    """
    found = _LENGTH.fullmatch(str(value).strip().lower() + ("d" if isinstance(value, int) else ""))
    number, unit = (int(found["number"]), found["unit"]) if found else (0, "d")
    if not 1 <= number * {"d": 1, "w": 7, "m": 31, "y": 366}[unit] <= _MOST_DAYS:
        message = [Word(name), f" is {str(value)[:40]!r}, which is no length of time."]
        raise ParameterError(message, parameter=name, value=value, hint=f"Write it as {LENGTH_FORMS}.")
    if unit in "dw":
        return last - timedelta(days=number * (7 if unit == "w" else 1)) + _DAY
    return _months_before(last + _DAY, number * (12 if unit == "y" else 1))


def _months_before(day: date, months: int) -> date:
    place = day.year * 12 + day.month - 1 - months
    year, month = place // 12, place % 12 + 1
    length = monthrange(year, month)[1]
    return date(year, month, day.day) if day.day <= length else date(year, month, length) + _DAY


def _period(value: Any, name: str, today: date) -> tuple[date, date]:
    if isinstance(value, datetime):
        return value.date(), value.date()
    if isinstance(value, date):
        return value, value
    text = str(value).strip().lower()
    if text in ("today", "yesterday"):
        day = today if text == "today" else today - _DAY
        return day, day
    found = _PERIOD.fullmatch(text)
    try:
        if found is not None:
            return _named(found)
    except ValueError:
        pass
    message = [Word(name), f" is {str(value)[:40]!r}, which is neither a day nor a period."]
    raise ParameterError(message, parameter=name, value=value, hint=f"Write it as {DAY_FORMS}.")


def _named(found: re.Match[str]) -> tuple[date, date]:
    year = int(found["year"])
    if found["day"]:
        day = date(year, int(found["month"]), int(found["day"]))
        return day, day
    if found["week"]:
        monday = date.fromisocalendar(year, int(found["week"]), 1)
        return monday, monday + 6 * _DAY
    if found["month"]:
        first, months = int(found["month"]), 1
    elif found["quarter"]:
        first, months = int(found["quarter"]) * 3 - 2, 3
    else:
        first, months = 1, 12
    last = first + months - 1
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])
