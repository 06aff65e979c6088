"""The numbers of a report in the form in which two reports can be compared."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Kind = Literal["number", "share", "seconds"]
Key = tuple[Any, ...]
Arguments = tuple[tuple[str, Any], ...]
"""Names and values."""

_DAY = timedelta(days=1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Measure:
    """What a number is.

    Attributes:
        name: Its name, such as ``count``.
        kind: ``number``, ``share`` (a fraction) or ``seconds``.
        adds_up: Whether the numbers of several buckets can be added, as events can and users cannot.
        unit: The unit of the numbers, such as ``%`` of a formula.
    """

    name: str
    kind: Kind = "number"
    adds_up: bool = False
    unit: str | None = None


@dataclass(frozen=True)
class Sampling:
    """How a line's numbers come from users that are independent of each other.

    Attributes:
        of: For each bucket, how many users its share is of; None where the numbers count users.
        whole: The number of users that the share of all buckets together is worth; None where it is unknown,
            or the same users are in several buckets.
    """

    of: tuple[float | None, ...] | None = None
    whole: float | None = None

    def at(self, places: Sequence[int | None]) -> Sampling:
        """The same of the buckets at these places; None where there is none."""
        if self.of is None:
            return self
        return replace(self, of=tuple(None if at is None else self.of[at] for at in places))


@dataclass(frozen=True)
class Whose:
    """Whose number it is, as arguments of ``users()`` of the report.

    Attributes:
        number: The users behind it.
        of: Those that it is a share of; None of a number of users.
    """

    number: Arguments
    of: Arguments | None = None

    def __iter__(self) -> Iterator[Arguments]:
        return iter((self.number,) if self.of is None else (self.number, self.of))


@dataclass(frozen=True)
class Line:
    """One measure of one key, bucket by bucket.

    Attributes:
        key: What the line has in common with one of another report.
        names: What the key columns show.
        measure: The measure.
        values: One number a bucket; None where it is unknown or undefined.
        complete: For each bucket, whether all of it was counted.
        whole: The number of all buckets together, where the report says it; None where it is unknown.
        has_whole: Whether the report says it, so that it is not the mean of the buckets.
        is_drawn: Whether a chart shows it.
        sampling: How its numbers come from independent users; None where they do not, as numbers of events,
            or it is not known how much they vary, as of means.
        whose: For each bucket whose number it is; empty where that is not known.
    """

    key: Key
    names: tuple[Any, ...]
    measure: Measure
    values: tuple[float | None, ...]
    complete: tuple[bool, ...]
    whole: float | None = None
    has_whole: bool = False
    is_drawn: bool = True
    sampling: Sampling | None = None
    whose: tuple[Whose | None, ...] = ()


def nothing_is_zero(line: Line) -> float | None:
    """Zero events, and an unknown mean, where a report does not have a line of another."""
    return 0 if line.measure.kind == "number" and line.measure.name != "average" else None


def nothing_is_unknown(_: Line) -> float | None:
    """Unknown, where a report does not have a line of another."""
    return None


def nobody(_: Key) -> tuple[Whose | None, ...]:
    """It is not known whose the numbers of a line are."""
    return ()


def numbers_of_users(line: Line) -> Sampling | None:
    """Numbers of users alone come from independent users where a report does not have a line of another."""
    return line.sampling if line.sampling is not None and line.sampling.of is None else None


@dataclass(frozen=True)
class Numbers:
    """The numbers of a report.

    Attributes:
        shape: What has to be the same in another report, as pairs of what it is and its value; without what
            cannot be told of this one, such as the width of ranges where no event had a number.
        columns: Names of the key columns.
        lines: The numbers.
        dates: Every bucket of time in order; one that is None for a report that is not over time.
        days: How many of the days asked about each bucket has; empty where their number is always the same.
        states: For each bucket, whether all of it was counted; None where it was not fetched.
        absent: What a line of the other report that this one does not have would be, in fetched buckets.
        date_column: The name of the column of buckets.
        absent_sampling: How the numbers of a line that this report does not have come from users.
    """

    shape: tuple[tuple[str, Any], ...]
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    dates: tuple[date | None, ...]
    days: tuple[int, ...]
    states: tuple[bool | None, ...]
    absent: Callable[[Line], float | None] = field(default=nothing_is_zero)
    date_column: str = "date"
    absent_sampling: Callable[[Line], Sampling | None] = field(default=numbers_of_users)

    @property
    def is_over_time(self) -> bool:
        """Whether it has buckets of time."""
        return self.dates != (None,)

    def differing_shape(self, other: Numbers) -> tuple[str, Any, Any] | None:
        """The first thing that has to be the same and is not, with both values; what one lacks is no such."""
        theirs = dict(other.shape)
        differing = (
            (what, value, theirs[what])
            for what, value in self.shape
            if what in theirs and theirs[what] != value
        )
        return next(differing, None)


def days_of(dates: Sequence[date], unit: str | None, first: date, last: date) -> tuple[int, ...]:
    """How many days from ``first`` to ``last`` each bucket has; empty for minutes and hours."""
    if unit in {"minute", "hour"}:
        return ()
    if unit is None:
        return ((last - first).days + 1,)
    ends = [min(_end(bucket, unit), last) for bucket in dates]
    return tuple((end - max(bucket, first)).days + 1 for bucket, end in zip(dates, ends, strict=True))


def within(dates: Sequence[date], unit: str, first: date, last: date) -> tuple[bool, ...]:
    """For each bucket, whether all its days are from ``first`` to ``last``."""
    return tuple(first <= _day(bucket) and _end(bucket, unit) <= last for bucket in dates)


def _day(bucket: date) -> date:
    return bucket.date() if isinstance(bucket, datetime) else bucket


def _end(bucket: date, unit: str) -> date:
    """The last day of a bucket."""
    bucket = _day(bucket)
    if unit not in _MONTHS:
        return bucket + (6 if unit == "week" else 0) * _DAY
    month = bucket.month + _MONTHS[unit] - 1
    return date(bucket.year, month, monthrange(bucket.year, month)[1])


def lines_of(
    keys: Iterable[tuple[Key, Sequence[float | None]]],
    measure: Measure,
    states: Sequence[bool | None],
    sampling: Sampling | None = None,
    whose: Callable[[Key], tuple[Whose | None, ...]] = nobody,
) -> tuple[Line, ...]:
    """A line a key, whose columns show the key itself."""
    complete = tuple(state is True for state in states)
    return tuple(
        Line(key, key, measure, tuple(values), complete, sampling=sampling, whose=whose(key))
        for key, values in keys
    )
