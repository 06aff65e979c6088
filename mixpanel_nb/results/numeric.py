"""Results of numeric segmentation: distribution, sum and average over time."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.naming import property_of
from mixpanel_nb.queries.cells import DateCell, RangeCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.numbers import Measure, Numbers, days_of, lines_of
from mixpanel_nb.results.series import BucketedResult, SeriesResult

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from mixpanel_nb.results.users import UsersResult


_MAX_DECIMALS = 12
_MAX_SIGNIFICANT = 17
_LONG = 1e21  # written with an exponent from there on, and where decimals are too many


@dataclass(frozen=True, repr=False)
class NumericBucketResult(SeriesResult):
    """How often a numeric property fell into each of several ranges, over time.

    Attributes:
        event: The event; None for any.
        on: The property or expression.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        where: The filter, or None.
        dates: Every bucket of time, in order.
        buckets: The ranges of values, ascending: lower bound (included) and upper bound (excluded).
        values: Place in ``buckets`` to bucket of time to count. What is missing is 0.
        complete: For each bucket, whether all of it was counted (see ``BucketedResult``).
    """

    name_column: ClassVar[str] = "bucket"

    event: str | None
    on: str
    from_date: date
    to_date: date
    unit: str
    type: str
    where: str | None
    dates: tuple[date, ...]
    buckets: tuple[tuple[float, float], ...]
    values: Mapping[int, Mapping[date, float]]
    complete: tuple[bool | None, ...] = ()

    def users(self, *, date: dt.date | str | None = None, bucket: str | None = None) -> UsersResult:
        """The users behind a count: of a bucket of time, a range of numbers, both, or the whole report.

        Args:
            date: The bucket of time, as ``.df`` has it; None is all.
            bucket: The range, as in ``labels``; None is all.

        Raises:
            ParameterError: the report shows no such number, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = RangeCell(date=date, bucket=bucket)
        low = None
        if cell.bucket is not None:
            place = self.labels.index(cells.name(cell.bucket, self.labels, "bucket", "range"))
            low = self.buckets[place][0]
        return self._users(cell, date=cells.bucket(cell.date, self.dates), low=low)

    @property
    def labels(self) -> list[str]:
        """The ranges as text, such as ``2,000 - 2,100``."""
        write = _writing(self.buckets)
        return [f"{write(low)} - {write(high)}" for low, high in self.buckets]

    def _further_shape(self) -> tuple[tuple[str, Any], ...]:
        widths = {float(f"{high - low:.6g}") for low, high in self.buckets}
        width = [("width of ranges", min(widths))] if widths else []
        return (("property", property_of(self.on)), *width)

    def _series(self) -> Mapping[str, Mapping[date, float]]:
        return {label: self.values.get(place, {}) for place, label in enumerate(self.labels)}


class NumberResult(BucketedResult):
    """One number per bucket of time.

    A subclass is a dataclass with these attributes.

    Attributes:
        event: The event; None for any.
        on: The property or expression.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        where: The filter, or None.
        dates: Every bucket of time, in order.
    """

    number_column: ClassVar[str]
    """The name of the number's column."""

    event: str | None
    on: str
    from_date: date
    to_date: date
    unit: str
    where: str | None
    dates: tuple[date, ...]

    @property
    def column_names(self) -> list[str]:
        """``date``, ``number_column``, ``complete`` (whether all of the bucket was counted)."""
        return ["date", self.number_column, "complete"]

    def numbers(self) -> Numbers:
        """Its numbers, for a comparison."""
        measure = Measure(self.number_column, adds_up=self.number_column == "sum")
        values = [value for _, value, _ in self.tuples()]
        return Numbers(
            (("unit", self.unit),),
            (),
            lines_of([((), values)], measure, self.states),
            self.dates,
            days_of(self.dates, self.unit, self.from_date, self.to_date),
            self.states,
        )

    def users(self, *, date: dt.date | str | None = None) -> UsersResult:
        """The users who did the event: in a bucket of time, or in all days.

        Args:
            date: The bucket, as ``.df`` has it; None is all.

        Raises:
            ParameterError: the report has no such bucket, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = DateCell(date=date)
        return self._users(cell, date=cells.bucket(cell.date, self.dates), segments=())

    @abstractmethod
    def _value(self, bucket: date) -> float | None:
        """The number of a bucket that was fetched."""

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket of time; the number is None where the bucket was not fetched."""
        return [
            (day, None if state is None else self._value(day), state is True)
            for day, state in zip(self.dates, self.states, strict=True)
        ]

    def _dtypes(self) -> Mapping[str, str]:
        return {"date": "datetime64[ns]", self.number_column: "float64"}


@dataclass(frozen=True, repr=False)
class NumericSumResult(NumberResult):
    """The sum of a numeric property, over time.

    Attributes:
        event: The event; None for any.
        on: The property or expression; where it is no number it counts as 0.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        where: The filter, or None.
        dates: Every bucket of time, in order.
        values: Bucket of time to sum. A bucket that is missing is 0.
        complete: For each bucket, whether all of it was counted (see ``BucketedResult``).
    """

    number_column: ClassVar[str] = "sum"

    event: str | None
    on: str
    from_date: date
    to_date: date
    unit: str
    where: str | None
    dates: tuple[date, ...]
    values: Mapping[date, float]
    complete: tuple[bool | None, ...] = ()

    def _value(self, bucket: date) -> float:
        return float(self.values.get(bucket) or 0)


@dataclass(frozen=True, repr=False)
class NumericAverageResult(NumberResult):
    """The average of a numeric property over all matching events, over time.

    Attributes:
        event: The event; None for any.
        on: The property or expression; where it is no number it counts as 0.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        where: The filter, or None.
        dates: Every bucket of time, in order.
        values: Bucket of time to average; None, or missing, where there were no events.
        complete: For each bucket, whether all of it was counted (see ``BucketedResult``).
    """

    number_column: ClassVar[str] = "average"

    event: str | None
    on: str
    from_date: date
    to_date: date
    unit: str
    where: str | None
    dates: tuple[date, ...]
    values: Mapping[date, float | None]
    complete: tuple[bool | None, ...] = ()

    def _value(self, bucket: date) -> float | None:
        return self.values.get(bucket)


def _writing(buckets: Sequence[tuple[float, float]]) -> Callable[[float], str]:
    """The format of the bounds, with the fewest digits that keep them distinct."""
    near = min((abs(high - low) for low, high in buckets), default=1.0) * 1e-6
    bounds = [bound for pair in buckets for bound in pair]
    if all(isinstance(bound, int) for bound in bounds):
        return "{:,}".format
    decimals = [f"{{:,.{digits}f}}" for digits in range(_MAX_DECIMALS + 1)]
    significant = [f"{{:.{digits}g}}" for digits in range(1, _MAX_SIGNIFICANT)]
    short = max(map(abs, bounds)) < _LONG
    for form in [*(decimals if short else []), *significant]:
        if all(abs(bound - float(form.format(bound).replace(",", ""))) <= near for bound in bounds):
            return form.format
    return repr
