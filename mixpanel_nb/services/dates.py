"""Dates as people give them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from mixpanel_nb.errors import QueryError

EARLIEST = date(1971, 1, 1)
"""The first day that Mixpanel takes events of (its page on importing events)."""

_FIRST_OF_TABLES, _LAST_OF_TABLES = date(1900, 1, 1), date(2199, 12, 31)


def parse_date(value: str | date, name: str) -> date:
    """A day from ``YYYY-MM-DD`` or a date.

    Args:
        value: What was given.
        name: The parameter, for the error.

    Raises:
        QueryError: it is not a day.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value).strip()):
        try:
            return date.fromisoformat(str(value).strip())
        except ValueError:
            pass
    message = f"{name} is {str(value)[:40]!r}, which is not a day."
    raise QueryError(
        message, hint="Write it as YYYY-MM-DD, for example 2025-01-31.", details={"parameter": name}
    )


def parse_table_range(from_date: str | date, to_date: str | date) -> tuple[date, date]:
    """First and last day of a question to a table, which may hold any day, future ones too.

    Raises:
        QueryError: one is not a day, they are the wrong way round, or centuries away.
    """
    first, last = _in_order(from_date, to_date)
    for name, day in (("from_date", first), ("to_date", last)):
        if not _FIRST_OF_TABLES <= day <= _LAST_OF_TABLES:
            message = f"{name} {day} is not between {_FIRST_OF_TABLES} and {_LAST_OF_TABLES}."
            raise QueryError(message, hint="Check the year.", details={"parameter": name})
    return first, last


def parse_range(from_date: str | date, to_date: str | date) -> tuple[date, date]:
    """First and last day of what Mixpanel is asked, checked before a request is spent.

    Raises:
        QueryError: one is not a day, they are the wrong way round, before 1971, or in the future
            everywhere on Earth (which day is today in the project's zone, only Mixpanel knows).
    """
    first, last = _in_order(from_date, to_date)
    if first < EARLIEST:
        message = f"from_date {first} is before {EARLIEST}, the first day that Mixpanel has events of."
        raise QueryError(message, hint="Give that day or a later one.")
    latest = (datetime.now(UTC) + timedelta(hours=14)).date()
    if last > latest:
        message = f"to_date {last} is in the future."
        raise QueryError(message, hint=f"Give {latest} or an earlier day.")
    return first, last


def _in_order(from_date: str | date, to_date: str | date) -> tuple[date, date]:
    first, last = parse_date(from_date, "from_date"), parse_date(to_date, "to_date")
    if first > last:
        message = f"from_date {first} is after to_date {last}."
        raise QueryError(message, hint="Give the earlier day first.")
    return first, last
