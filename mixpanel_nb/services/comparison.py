"""The period or the group that a report is compared with, and which of its buckets answers to which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from mixpanel_nb.analytics.calendar import Period, later, start_of
from mixpanel_nb.analytics.expressions import parse
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.checks import COMPARISONS
from mixpanel_nb.queries.insights import SHORT_UNITS
from mixpanel_nb.services.dates import FIRST_OF_TABLES

if TYPE_CHECKING:
    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.queries.groups import Group
    from mixpanel_nb.queries.shared import CalendarUnit

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True)
class ComparedDays:
    """The days that a report is compared with.

    Attributes:
        first: The first day.
        last: The last day.
        buckets: The bucket that each bucket of the report is compared with; None where they go by place.
    """

    first: date
    last: date
    buckets: tuple[Bucket, ...] | None = None


class Compared(Protocol):
    """A query about some days that has a comparison."""

    @property
    def from_date(self) -> date:
        """The first day."""

    @property
    def to_date(self) -> date:
        """The last day."""

    @property
    def comparison(self) -> str | None:
        """``previous``, ``year``, or ``FROM..TO``."""

    @property
    def bucket_unit(self) -> CalendarUnit | None:
        """The unit of its buckets of time, or None."""


def compared_days(query: Compared, period: Period) -> ComparedDays:
    """The days that a query is compared with.

    ``previous`` are as many days, weeks, months… before, ``year`` the same days a year before: of a weekend
    the next Monday (https://docs.mixpanel.com/docs/reports/insights#time-period-comparisons), of weeks those
    52 weeks before.

    Args:
        query: The query.
        period: Its days.

    Raises:
        ParameterError: they begin before the first day that there is.
    """
    compare, unit = query.comparison or "", query.bucket_unit
    if compare not in COMPARISONS:
        first, last = (date.fromisoformat(day) for day in compare.split(".."))
        return ComparedDays(first, last)
    try:
        found = _previous(period, unit) if compare == "previous" else _year_earlier(period, unit)
        is_known = found.first >= FIRST_OF_TABLES
    except (OverflowError, ValueError):
        is_known = False
    if not is_known:
        message = [Word("compare"), f" is {compare!r}, which is before {FIRST_OF_TABLES}."]
        raise ParameterError(message, parameter="compare", value=compare, hint="Take fewer or later days.")
    return found


def check_group(group: Group) -> None:
    """Check the condition of a group by itself, before it is joined with others.

    Raises:
        ExpressionError: there is a mistake in it.
    """
    if group.where is not None:
        parse(group.where)


def _is_short(unit: CalendarUnit) -> bool:
    return unit == "day" or unit in SHORT_UNITS


def _previous(period: Period, unit: CalendarUnit | None) -> ComparedDays:
    if unit is None or _is_short(unit):
        return _days_before(period)
    return _moved(period, unit, -len(period.buckets(unit)))


def _year_earlier(period: Period, unit: CalendarUnit | None) -> ComparedDays:
    if unit is not None and _is_short(unit):
        return _weekdays_of_last_year(period, unit)
    years: tuple[CalendarUnit, int] = ("week", -52) if unit == "week" else ("year", -1)
    return _moved(period, *years, unit or "day")


def _days_before(period: Period) -> ComparedDays:
    number = (period.last - period.first).days + 1
    return ComparedDays(period.first - number * _DAY, period.last - number * _DAY)


def _moved(period: Period, unit: CalendarUnit, number: int, of: CalendarUnit | None = None) -> ComparedDays:
    """The days so many units later, where the end of a month stays an end of a month."""

    def move(day: date) -> date:
        return later(day, unit, number)

    after = period.last + _DAY
    is_start = after.day == 1 or start_of(after, of or unit, period.week_start) == after
    last = move(after) - _DAY if is_start else move(period.last)
    return ComparedDays(move(period.first), last)


def _weekdays_of_last_year(period: Period, unit: CalendarUnit) -> ComparedDays:
    asked = (period.first + number * _DAY for number in range((period.last - period.first).days + 1))
    days = [_year_before(day) for day in asked]
    return ComparedDays(min(days), max(days), tuple(_at(bucket) for bucket in period.buckets(unit)))


def _at(bucket: Bucket) -> Bucket:
    """A bucket on the day of last year, at the same time of day."""
    if isinstance(bucket, datetime):
        return datetime.combine(_year_before(bucket.date()), bucket.time())
    return _year_before(bucket)


def _year_before(day: date) -> date:
    """The day a year before; of a weekend the next Monday."""
    before = later(day, "year", -1)
    return before + (7 - before.weekday()) * _DAY if before.weekday() >= _SATURDAY else before
