"""How many users came back, cohort by cohort."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.report import OVERALL, ReportResult, typed_frame

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from datetime import date

    import pandas as pd


@dataclass(frozen=True)
class RetentionCohort:
    """The users that began in one bucket of time.

    Attributes:
        date: First day of the bucket.
        size: How many users.
        counts: How many of them returned in each period; None where that cannot be known yet.
        segment: The segment, of a report that is broken down.
        complete: Whether each period is over for the whole cohort; empty where that is not known.
    """

    date: dt.date
    size: int
    counts: tuple[int | None, ...]
    segment: str | None = None
    complete: tuple[bool, ...] = ()

    def is_complete(self, period: int) -> bool:
        """Whether the count of a period is final, as far as is known."""
        known = self.counts[period] is not None
        return known and (self.complete[period] if self.complete else True)

    @property
    def rates(self) -> tuple[float | None, ...]:
        """The counts as fractions of the size; None where unknown or nobody began."""
        return tuple(None if count is None or not self.size else count / self.size for count in self.counts)


@dataclass(frozen=True, repr=False)
class RetentionResult(ReportResult):
    """How many users came back, cohort by cohort.

    Attributes:
        cohorts: One ``RetentionCohort`` a bucket of time, for each segment where there are such.
        born_event: What brings a user into a cohort; None is any event.
        return_event: What counts as coming back; None is any event.
        from_date: First day of the cohorts.
        to_date: Last day of the cohorts.
        unit: ``day``, ``week`` or ``month``: length of a cohort's bucket and of a period.
        interval: Units in a period. Seven days are one week.
        interval_count: The last period; the first is 0.
        type: ``birth`` or ``compounded``.
        unbounded: Whether a return in a later period counts too.
        born_where: The filter on ``born_event``, or None.
        return_where: The filter on ``return_event``, or None.
        on: The property or expression that splits the users, or None.
        left_out: Segments beyond the limit.
    """

    cohorts: tuple[RetentionCohort, ...]
    born_event: str | None
    return_event: str | None
    from_date: date
    to_date: date
    unit: str
    interval: int
    interval_count: int
    type: str
    unbounded: bool
    born_where: str | None
    return_where: str | None
    on: str | None = None
    left_out: int = 0

    @property
    def column_names(self) -> list[str]:
        """``cohort_date, cohort_size, period_0 …``; before it ``segment`` where there are such."""
        split = [] if self.on is None else ["segment"]
        return [*split, "cohort_date", "cohort_size", *self._period_names]

    @property
    def _period_names(self) -> list[str]:
        return [f"period_{period}" for period in range(self.interval_count + 1)]

    def _dtypes(self, period: str = "Int64") -> Mapping[str, str]:
        sizes = {"cohort_date": "datetime64[ns]", "cohort_size": "int64"}
        return sizes | dict.fromkeys(self._period_names, period)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a cohort; None where a period cannot be known yet."""
        return [(*self._head(cohort), *cohort.counts) for cohort in self.cohorts]

    def _head(self, cohort: RetentionCohort) -> tuple[Any, ...]:
        split = () if self.on is None else (cohort.segment,)
        return (*split, cohort.date, cohort.size)

    @cached_property
    def rates(self) -> pd.DataFrame:
        """``.df`` with the periods as fractions of ``cohort_size``; NaN where unknown or nobody began."""
        rows = [(*self._head(cohort), *cohort.rates) for cohort in self.cohorts]
        return typed_frame(rows, self.column_names, self._dtypes("float64"))

    @property
    def average(self) -> dict[int, float | None]:
        """Period to the average share that returned in it, as Mixpanel's row "Average" has it.

        The users that returned and the users of the cohorts are each averaged, weighted by the cohorts'
        sizes, over the cohorts for which the period is over; the share is their quotient
        (https://docs.mixpanel.com/docs/reports/retention#faq, question 3). None where no such cohort has
        users. Where the report is broken down it is the average of all users together.
        """
        return self.average_of(self.whole)

    @property
    def pooled(self) -> dict[int, float | None]:
        """Period to the share of users that returned in it, over all cohorts for which it is over.

        Every user of a cohort weighs the same: those who returned, divided by all. None where no such cohort
        has users. Where the report is broken down it is the share of all users together.
        """
        return self._shares(self.whole, _pooled)

    def average_of(self, segment: str | None) -> dict[int, float | None]:
        """The average of a segment's cohorts, reckoned like ``average``."""
        return self._shares(segment, _average)

    @property
    def whole(self) -> str | None:
        """The segment of all users together: None, or ``OVERALL`` where the report is broken down."""
        return None if self.on is None else OVERALL

    def _shares(
        self, segment: str | None, share: Callable[[list[RetentionCohort], int], float | None]
    ) -> dict[int, float | None]:
        cohorts = [cohort for cohort in self.cohorts if cohort.segment == segment]
        return {period: share(cohorts, period) for period in range(self.interval_count + 1)}


def _average(cohorts: list[RetentionCohort], period: int) -> float | None:
    over = [cohort for cohort in cohorts if cohort.is_complete(period)]
    size = sum(cohort.size**2 for cohort in over)
    return sum((cohort.counts[period] or 0) * cohort.size for cohort in over) / size if size else None


def _pooled(cohorts: list[RetentionCohort], period: int) -> float | None:
    over = [cohort for cohort in cohorts if cohort.is_complete(period)]
    size = sum(cohort.size for cohort in over)
    return sum(cohort.counts[period] or 0 for cohort in over) / size if size else None
