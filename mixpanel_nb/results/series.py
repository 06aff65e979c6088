"""Counts over time, one series a name: what segmentation, event counts and property counts have in common."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date


@dataclass(frozen=True)
class Series:
    """One series in numbers.

    Attributes:
        name: Whose it is.
        counts: One number a bucket of time.
        total: Their sum.
        mean: Their mean.
        low: The lowest of them.
        high: The highest of them.
        peak: The first bucket of time with the highest.
    """

    name: str
    counts: tuple[float, ...]
    total: float
    mean: float
    low: float
    high: float
    peak: date

    @property
    def change(self) -> float | None:
        """How much the later half of the counts is above the earlier half, as a fraction of that.

        A bucket of time in the middle is part of neither. None where the earlier half is 0.
        """
        half = len(self.counts) // 2
        before, after = sum(self.counts[:half]), sum(self.counts[-half:])
        return after / before - 1 if before else None


class SeriesResult(ReportResult):
    """Counts per bucket of time and name; what is not there is 0.

    A subclass is a dataclass with these attributes.

    Attributes:
        from_date: First day.
        to_date: Last day.
        unit: Length of a bucket: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        where: The filter, or None.
        dates: Every bucket of the range, in order.
    """

    name_column: ClassVar[str]
    """What the column of names is called."""

    from_date: date
    to_date: date
    unit: str
    type: str
    where: str | None
    dates: tuple[date, ...]
    left_out: int = 0
    """How many names a limit has cut off."""

    @abstractmethod
    def _series(self) -> Mapping[str, Mapping[date, float]]:
        """Name to bucket of time to count, in the order of the names."""

    @property
    def column_names(self) -> list[str]:
        """The date, the name, the count."""
        return ["date", self.name_column, "count"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket and name, sorted by date and then as the names are; 0 where nothing happened."""
        zero = 0.0 if self.type == "average" else 0
        series = list(self._series().items())
        return [(day, name, counts.get(day, zero)) for day in self.dates for name, counts in series]

    def _dtypes(self) -> Mapping[str, str]:
        return {"date": "datetime64[ns]", "count": "float64" if self.type == "average" else "int64"}

    @cached_property
    def series(self) -> list[Series]:
        """The series in numbers; none where there are no buckets of time."""
        return [
            _in_numbers(name, counts, self.dates) for name, counts in self._series().items() if self.dates
        ]


def _in_numbers(name: str, found: Mapping[date, float], dates: Sequence[date]) -> Series:
    counts = tuple(found.get(day, 0) for day in dates)
    high = max(counts)
    total = sum(counts)
    return Series(name, counts, total, total / len(counts), min(counts), high, dates[counts.index(high)])
