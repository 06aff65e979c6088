"""Checks of the day ranges of queries to Mixpanel and to tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.checks import Day, in_order

EARLIEST = date(1971, 1, 1)
"""The first day for which Mixpanel accepts events (its page on importing events)."""

FIRST_OF_TABLES, _LAST_OF_TABLES = date(1900, 1, 1), date(2199, 12, 31)


def table_range(first: date, last: date) -> tuple[date, date]:
    """First and last day of a query to a table, which may contain any day, including future ones.

    Raises:
        ParameterError: a day is centuries away.
    """
    for name, day in (("from_date", first), ("to_date", last)):
        if not FIRST_OF_TABLES <= day <= _LAST_OF_TABLES:
            message = [Word(name), f" {day} is not between {FIRST_OF_TABLES} and {_LAST_OF_TABLES}."]
            raise ParameterError(message, parameter=name, value=str(day), hint="Check the year.")
    return first, last


def parse_range(from_date: str | date, to_date: str | date) -> tuple[date, date]:
    """First and last day of a query to Mixpanel, checked before a request is sent.

    Raises:
        ParameterError: a value is not a day, the range is reversed, before 1971, or in the future
            everywhere on Earth (which day is today in the project's zone, only Mixpanel knows).
    """
    first, last = in_order(Day()(from_date, "from_date"), Day()(to_date, "to_date"))
    if first < EARLIEST:
        message = f" {first} is before {EARLIEST}, the first day that Mixpanel has events of."
        hint = "Give that day or a later one."
        raise ParameterError([Word("from_date"), message], parameter="from_date", value=str(first), hint=hint)
    latest = (datetime.now(UTC) + timedelta(hours=14)).date()
    if last > latest:
        hint = f"Give {latest} or an earlier day."
        raise ParameterError(
            [Word("to_date"), f" {last} is in the future."], parameter="to_date", value=str(last), hint=hint
        )
    return first, last
