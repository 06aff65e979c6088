"""Base of results with counts over time, one series per name."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.numbers import (
    Measure,
    Numbers,
    Sampling,
    days_of,
    lines_of,
    nothing_is_unknown,
    nothing_is_zero,
)
from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from mixpanel_nb.results.numbers import Key, Whose

BETWEEN = " · "
"""Separates the names of a segment with several breakdowns."""

OTHER = "(other)"
"""The name of the rest beyond a limit."""


@dataclass(frozen=True)
class Series:
    """One series in numbers.

    Attributes:
        name: Its name.
        counts: One number a bucket of time; None where the bucket was not fetched.
        whole: The numbers of the buckets that are complete, or of all known ones if none is.
        total: The sum of all counts.
        mean: The mean of ``whole``.
        low: The lowest of them.
        high: The highest of them.
        peak: The first bucket of time with the highest.
    """

    name: str
    counts: tuple[float | None, ...]
    whole: tuple[float, ...]
    total: float
    mean: float
    low: float
    high: float
    peak: date

    @property
    def change(self) -> float | None:
        """The relative change from the earlier to the later half of ``whole``.

        A bucket of time in the middle is part of neither. None where the earlier half is 0.
        """
        half = len(self.whole) // 2
        before, after = sum(self.whole[:half]), sum(self.whole[-half:])
        return after / before - 1 if before else None


class BucketedResult(ReportResult):
    """Numbers per bucket of time, some of which may be unknown.

    A subclass is a dataclass with these attributes.

    Attributes:
        dates: Every bucket of the range, in order.
        complete: For each bucket, whether all of its time was counted: False where only a part was (the range
            or the fetch begins or ends within it), None where it was not fetched at all. Empty where all are.
    """

    dates: tuple[date, ...]
    complete: tuple[bool | None, ...] = ()

    @property
    def states(self) -> tuple[bool | None, ...]:
        """``complete`` for every bucket."""
        return self.complete or (True,) * len(self.dates)

    @property
    def partial(self) -> list[date]:
        """The partly counted buckets."""
        return [day for day, state in zip(self.dates, self.states, strict=True) if state is False]

    @property
    def missing(self) -> list[date]:
        """The buckets that were not fetched."""
        return [day for day, state in zip(self.dates, self.states, strict=True) if state is None]


class SeriesResult(BucketedResult):
    """Counts per bucket of time and name; missing counts are 0.

    A subclass is a dataclass with these attributes.

    Attributes:
        from_date: First day.
        to_date: Last day.
        unit: Length of a bucket: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        where: The filter, or None.
        dates: Every bucket of the range, in order.
        left_out: The number of names beyond the limit.
        rest: Bucket to count of the events with those names, if known.
    """

    name_column: ClassVar[str]
    """The name of the column of names."""

    from_date: date
    to_date: date
    unit: str
    type: str
    where: str | None
    left_out: int = 0
    rest: Mapping[date, float] | None = None

    @abstractmethod
    def _series(self) -> Mapping[Any, Mapping[date, float]]:
        """Name (or names) to bucket of time to count, in the order of the names."""

    @property
    def column_names(self) -> list[str]:
        """``date``, ``name_column``, ``count``, ``complete`` (whether all of the bucket was counted)."""
        return ["date", *self.name_columns, "count", "complete"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket and name, sorted by date and then as the names are.

        The count is 0 where nothing happened, and None where the bucket was not fetched.
        """
        zero = 0.0 if self.type == "average" else 0
        series = [
            (name if isinstance(name, tuple) else (name,), counts)
            for name, counts in self._all_series().items()
        ]
        return [
            (day, *names, None if state is None else counts.get(day, zero), state is True)
            for day, state in zip(self.dates, self.states, strict=True)
            for names, counts in series
        ]

    @property
    def name_columns(self) -> list[str]:
        """The columns of the name: one, or one per breakdown."""
        return [self.name_column]

    def _all_series(self) -> Mapping[Any, Mapping[date, float]]:
        """The series, and the rest beyond the limit."""
        several = len(self.name_columns)
        other = OTHER if several == 1 else (OTHER,) * several
        return self._series() if self.rest is None else {**self._series(), other: self.rest}

    def _dtypes(self) -> Mapping[str, str]:
        whole = "Int64" if None in self.complete else "int64"
        return {"date": "datetime64[ns]", "count": "float64" if self.type == "average" else whole}

    def numbers(self) -> Numbers:
        """Its counts, for a comparison; those of names beyond a limit are unknown."""
        measure = Measure("average" if self.type == "average" else "count", adds_up=self.type == "general")
        zero = 0.0 if self.type == "average" else 0
        lines = (
            (
                name if isinstance(name, tuple) else (name,),
                [None if state is None else counts.get(day, zero) for day, state in self._days()],
            )
            for name, counts in self._all_series().items()
        )
        return Numbers(
            (("unit", self.unit), ("type", self.type), *self._further_shape()),
            tuple(self.name_columns),
            lines_of(lines, measure, self.states, Sampling() if self.type == "unique" else None, self._whose),
            self.dates,
            days_of(self.dates, self.unit, self.from_date, self.to_date),
            self.states,
            nothing_is_unknown if self.left_out else nothing_is_zero,
        )

    def _whose(self, _: Key) -> tuple[Whose | None, ...]:
        """Whose the numbers of a line are, bucket by bucket; empty where that is not known."""
        return ()

    def _further_shape(self) -> tuple[tuple[str, Any], ...]:
        """What else has to be the same in two reports that are compared."""
        return (("breakdowns", tuple(self.name_columns)),)

    def _days(self) -> Iterable[tuple[date, bool | None]]:
        return zip(self.dates, self.states, strict=True)

    @cached_property
    def series(self) -> list[Series]:
        """The series in numbers; none where there are no buckets of time."""
        return [self._in_numbers(name, counts) for name, counts in self._series().items() if self.dates]

    def _in_numbers(self, name: Any, found: Mapping[date, float]) -> Series:
        counted = list(zip(self.dates, self.states, strict=True))
        counts = tuple(None if state is None else found.get(day, 0) for day, state in counted)
        known = [(found.get(day, 0), day) for day, state in counted if state]
        known = known or [(found.get(day, 0), day) for day, state in counted if state is not None]
        whole = tuple(count for count, _ in known) or (0,)
        high = max(whole)
        peak = next((day for count, day in known if count == high), self.dates[0])
        total = sum(count for count in counts if count is not None)
        label = BETWEEN.join(name) if isinstance(name, tuple) else name
        return Series(label, counts, whole, total, sum(whole) / len(whole), min(whole), high, peak)
