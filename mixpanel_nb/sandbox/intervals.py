"""``interval``: a number in place of dates, or in place of a unit, where Mixpanel takes one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Self

from mixpanel_nb.analytics.calendar import start_of
from mixpanel_nb.analytics.context import ReportContext
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from mixpanel_nb.queries import Unit
    from mixpanel_nb.queries.shared import CalendarUnit
    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.weekdays import Weekday

_DAY = timedelta(days=1)
_PER_DAY: dict[Unit, int] = {"minute": 24 * 60, "hour": 24}
_EARLIEST = date(1971, 1, 1)
_MOST = 100_000


@dataclass(frozen=True)
class Span:
    """Days to ask about.

    Attributes:
        first: The first day.
        last: The last day.
        buckets: Only so many of the last buckets of these days are meant; None for all.
    """

    first: date
    last: date
    buckets: int | None = None


def span_of(call: Call, unit: CalendarUnit) -> Span:
    """The days of a request: its dates, or the last ``interval`` units up to the end of the data set.

    Mixpanel's page says "either", and marks the dates as required: where there are both, the dates decide.

    Raises:
        RefusedError: there is neither.
    """
    count = call.optional_integer("interval", most=_MOST)
    if count is None or call.text("from_date") or call.text("to_date"):
        return Span(*call.date_range())
    last = call.last_day
    return Span(first_day(last, unit, count, call.dataset.week_start), last, count)


def first_day(last: date, unit: CalendarUnit, count: int, week_start: Weekday = "monday") -> date:
    """The first day of the last ``count`` units, of which the last one has ``last`` in it.

    Raises:
        RefusedError: it would be before 1971.
    """
    try:
        if unit == "month":
            years, month = divmod(last.year * 12 + last.month - count, 12)
            first = date(years, month + 1, 1)
        elif unit in _PER_DAY:
            first = last - (count - 1) // _PER_DAY[unit] * _DAY
        else:
            first = start_of(last, unit, week_start) - (count - 1) * (7 if unit == "week" else 1) * _DAY
    except (OverflowError, ValueError):
        first = date.min
    if first < _EARLIEST:
        raise RefusedError(400, "Error in interval: invalid date, bad year")
    return first


@dataclass
class IntervalContext(ReportContext):
    """A question whose buckets are ``interval`` days each, counted from its first day, whatever the unit.

    Attributes:
        interval: Days in a bucket.
    """

    interval: int = 1

    @classmethod
    def of(cls, context: ReportContext, interval: int) -> Self:
        """The same question with buckets of ``interval`` days."""
        return cls(**vars(context), interval=interval)

    def bucket(self, unit: CalendarUnit, time: str = "e.event_time") -> str:
        """SQL for the first day of the bucket that a time is in."""
        del unit  # the buckets are days
        day, first = super().bucket("day", time), self.bind(self.period.first, "first_day")
        passed = f"date_diff('day', {first}, {day})"
        return f"({first} + CAST({passed} - {passed} % {self.interval} AS INTEGER))"

    def buckets(self) -> list[date]:
        """The first days of all buckets."""
        spans = interval_spans(self.period.first, self.period.last, self.interval)
        return [first for first, _ in spans]


def interval_spans(first: date, last: date, interval: int) -> list[tuple[date, date]]:
    """First and last days of the buckets of ``interval`` days from ``first`` to ``last``."""
    starts = [first + offset * _DAY for offset in range(0, (last - first).days + 1, interval)]
    return [(start, min(start + (interval - 1) * _DAY, last)) for start in starts]
