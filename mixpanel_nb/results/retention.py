"""How many users came back, cohort by cohort."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.naming import free_name, property_names, property_of
from mixpanel_nb.queries.cells import RetentionCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.numbers import Line, Measure, Numbers, Sampling, days_of, nothing_is_unknown, within
from mixpanel_nb.results.report import OVERALL, ReportResult, typed_frame

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from mixpanel_nb.results.users import UsersResult


@dataclass(frozen=True)
class RetentionCohort:
    """The users that began in one bucket of time.

    Attributes:
        date: First day of the bucket.
        size: How many users; None where the bucket was not fetched.
        counts: How many of them returned in each period, or the sum of a property of their returns; None
            where that cannot be known yet.
        segment: The segment, of a report that is broken down; of several breakdowns a name each.
        complete: Whether each period is over for the whole cohort; empty where that is not known.
    """

    date: dt.date
    size: int | None
    counts: tuple[float | None, ...]
    segment: str | tuple[str, ...] | None = None
    complete: tuple[bool, ...] = ()

    def is_complete(self, period: int) -> bool:
        """Whether the count of a period is final, as far as is known."""
        known = self.counts[period] is not None
        return known and (self.complete[period] if self.complete else True)

    @property
    def rates(self) -> tuple[float | None, ...]:
        """The counts divided by the size; None where unknown or nobody began."""
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
        mode: ``on``, ``on_or_after``, ``on_or_before`` or ``streak``.
        born_where: The filter on ``born_event``, or None.
        return_where: The filter on ``return_event``, or None.
        on: The property or expression that splits the users, several of them, or None.
        left_out: Segments beyond the limit.
        alignment: ``rolling`` or ``calendar``.
        brackets: Where the periods begin and the last one ends, in units; None where each has ``interval``.
        prop: The property or expression of the returns that is counted; None counts users.
        measure: Of ``prop``, its ``sum`` in each period, or its ``average`` per user of the cohort.
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
    mode: str
    born_where: str | None
    return_where: str | None
    on: str | tuple[str, ...] | None = None
    left_out: int = 0
    alignment: str = "rolling"
    brackets: tuple[int, ...] | None = None
    prop: str | None = None
    measure: str = "sum"

    @property
    def column_names(self) -> list[str]:
        """``cohort_date, cohort_size, period_0 …``; before them those of the segments, if there are such."""
        return [*self.segment_columns, "cohort_date", "cohort_size", *self._period_names]

    @property
    def segment_columns(self) -> list[str]:
        """``segment``; of several breakdowns their names, made unlike the other columns; none without any."""
        if not isinstance(self.on, tuple):
            return [] if self.on is None else ["segment"]
        taken = ["cohort_date", "cohort_size", *self._period_names]
        for name in self.on:
            taken.append(free_name(name, taken))
        return taken[-len(self.on) :]

    @property
    def _period_names(self) -> list[str]:
        return [f"period_{period}" for period in range(self.interval_count + 1)]

    def _dtypes(self, period: str | None = None) -> Mapping[str, str]:
        unknown = any(cohort.size is None for cohort in self.cohorts)
        sizes = {"cohort_date": "datetime64[ns]", "cohort_size": "Int64" if unknown else "int64"}
        counted = "Int64" if self.prop is None else "Float64"
        return sizes | dict.fromkeys(self._period_names, period or counted)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a cohort: users, or the sum or average of ``prop``; None where that cannot be known yet."""
        average = self.is_average
        return [
            (*self._head(cohort), *(cohort.rates if average else cohort.counts)) for cohort in self.cohorts
        ]

    def users(
        self,
        *,
        cohort: dt.date | str | None = None,
        period: int | None = None,
        returned: bool = True,
        segment: str | Sequence[str] | None = None,
    ) -> UsersResult:
        """The users of a cohort: all of them, or those who came back in a period, or did not.

        Args:
            cohort: The first day of the cohort's bucket, as ``cohort_date`` has it; None is all cohorts.
            period: The period, from 0, in which users came back, as the report counts it (its ``mode``).
            returned: False for the users who did not come back in it.
            segment: The segment, of several breakdowns a name each; None is all users.

        Raises:
            ParameterError: the report shows no such number, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        if not returned and period is None:
            message = [
                Word("returned"),
                " is False, and there is no period in which users did not come back.",
            ]
            hint = ["Name the period: ", Word("period", 1), "."]
            raise ParameterError(message, parameter="returned", value=returned, hint=hint)
        cell = RetentionCell(
            cohort=cohort,
            period=period,
            away=not returned,
            segment=segment,
        )
        if cell.period is not None and cell.period > self.interval_count:
            message = [
                Word("period"),
                f" is {cell.period}, and the report's last one is {self.interval_count}.",
            ]
            hint = ["Ask the report again with a larger ", Word("interval_count"), "."]
            raise ParameterError(message, parameter="period", value=period, hint=hint)
        dates = list(dict.fromkeys(each.date for each in self.cohorts))
        return self._users(
            cell,
            cohort=cells.bucket(cell.cohort, dates, "cohort"),
            period=cell.period,
            away=cell.away,
            segment=self._value_of(cell.segment),
        )

    def _value_of(self, segment: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
        """What the table holds of a segment."""
        if segment is None or segment in (OVERALL, self.whole):
            return None
        if not isinstance(self.on, tuple):
            if self.on is None:
                cells.unbroken(segment)
            (only,) = cells.names(segment, 1)
            return cells.name(only, {str(each.segment) for each in self.cohorts}, "segment", "segment")
        known = [each.segment for each in self.cohorts if isinstance(each.segment, tuple)]
        return cells.combination(cells.names(segment, len(self.on)), known)

    @property
    def is_average(self) -> bool:
        """Whether the periods are averages per user of the cohort."""
        return self.prop is not None and self.measure == "average"

    def _head(self, cohort: RetentionCohort) -> tuple[Any, ...]:
        if self.on is None:
            return (cohort.date, cohort.size)
        names = cohort.segment if isinstance(cohort.segment, tuple) else (cohort.segment,)
        return (*names, cohort.date, cohort.size)

    @cached_property
    def rates(self) -> pd.DataFrame:
        """``.df`` with the periods divided by ``cohort_size``; NaN where unknown or nobody began."""
        rows = [(*self._head(cohort), *cohort.rates) for cohort in self.cohorts]
        return typed_frame(rows, self.column_names, self._dtypes("float64"))

    def numbers(self) -> Numbers:
        """Its cohorts, for a comparison: their users, and the shares that returned (or the property)."""
        places = {day: place for place, day in enumerate(dict.fromkeys(each.date for each in self.cohorts))}
        dates = tuple(places)
        found: dict[Any, dict[int, RetentionCohort]] = {}
        for cohort in self.cohorts:
            found.setdefault(cohort.segment, {})[places[cohort.date]] = cohort
        inside = within(dates, self.unit, self.from_date, self.to_date)
        lines: list[Line] = []
        for segment, cohorts in found.items():
            listed = [cohorts.get(place) for place in range(len(dates))]
            averages = self.average_of(segment)
            sampling = Sampling() if self.type == "birth" else None
            lines.append(_users_line(self._key(segment), listed, inside, sampling))
            lines += [
                self._period_line((*self._key(segment), period), listed, inside, averages[period])
                for period in range(self.interval_count + 1)
            ]
        return Numbers(
            (
                ("unit", self.unit),
                ("periods", (self.interval, self.interval_count, self.brackets)),
                ("property", (self.prop and property_of(self.prop), self.prop and self.measure)),
                ("breakdowns", property_names(self.on)),
            ),
            (*self.segment_columns, "period"),
            tuple(lines),
            dates,
            days_of(dates, self.unit, self.from_date, self.to_date),
            tuple(inside),
            nothing_is_unknown if self.left_out else _nobody,
            "cohort_date",
        )

    def _key(self, segment: Any) -> tuple[Any, ...]:
        return segment if isinstance(segment, tuple) else () if self.on is None else (segment,)

    def _period_line(
        self,
        key: tuple[Any, ...],
        cohorts: Sequence[RetentionCohort | None],
        inside: Sequence[bool],
        average: float | None,
    ) -> Line:
        period = key[-1]
        is_sum = self.prop is not None and not self.is_average
        measure = Measure(self.measure) if self.prop is not None else Measure("share", "share")
        numbers = [None if each is None else each.counts if is_sum else each.rates for each in cohorts]
        complete = tuple(
            each is not None and is_inside and each.is_complete(period)
            for each, is_inside in zip(cohorts, inside, strict=True)
        )
        values = tuple(None if each is None else each[period] for each in numbers)
        sampling = self._sampling(cohorts, period) if measure.kind == "share" else None
        return Line(key, key, measure, values, complete, average, has_whole=True, sampling=sampling)

    def _sampling(self, cohorts: Sequence[RetentionCohort | None], period: int) -> Sampling | None:
        """Of how many users each share is, and how many their average is worth.

        A user who began is in one cohort, so that cohorts are independent. In their average, of cohorts with
        ``n`` users each weighs ``n ** 2``: it is worth as many users as ``1 / sum(w ** 2 / n)`` where ``w``
        are the weights as parts of 1 (Kish, "Survey Sampling", 1965, section 11.7).
        """
        if self.type != "birth":
            return None
        sizes = [each.size or 0 for each in cohorts if each is not None and each.is_complete(period)]
        cubes = sum(size**3 for size in sizes)
        whole = sum(size**2 for size in sizes) ** 2 / cubes if cubes else None
        return Sampling(tuple(None if each is None else each.size for each in cohorts), whole)

    @property
    def average(self) -> dict[int, float | None]:
        """Period to its average over the cohorts for which it is over, as Mixpanel's row "Average" has it.

        Cohorts are weighted by their sizes: the weighted mean of those who returned, divided by the weighted
        mean of the sizes; of a sum of ``prop``, the weighted mean of the sums alone
        (https://docs.mixpanel.com/docs/reports/retention#faq, question 3). None where no such cohort has
        users. Where the report is broken down it is the average of all users together.
        """
        return self.average_of(self.whole)

    @property
    def pooled(self) -> dict[int, float | None]:
        """Period to the share of users that returned in it, over all cohorts for which it is over.

        Every user of a cohort weighs the same: those who returned, divided by all; of a sum of ``prop``, the
        sum of all of them. None where no such cohort has users. Where the report is broken down it is
        that of all users together.
        """
        return self._shares(self.whole, _pooled)

    def average_of(self, segment: str | tuple[str, ...] | None) -> dict[int, float | None]:
        """The average of a segment's cohorts, reckoned like ``average``."""
        return self._shares(segment, _average)

    @property
    def whole(self) -> str | tuple[str, ...] | None:
        """The segment of all users together: None, or ``OVERALL`` where the report is broken down."""
        return (
            (OVERALL,) * len(self.on) if isinstance(self.on, tuple) else None if self.on is None else OVERALL
        )

    def _shares(
        self,
        segment: str | tuple[str, ...] | None,
        share: Callable[[Sequence[tuple[int, float]], bool], float | None],
    ) -> dict[int, float | None]:
        cohorts = [cohort for cohort in self.cohorts if cohort.segment == segment]
        is_sum = self.prop is not None and not self.is_average
        return {
            period: share(
                [_sized(cohort, period) for cohort in cohorts if cohort.is_complete(period)], is_sum
            )
            for period in range(self.interval_count + 1)
        }


def _users_line(
    key: tuple[Any, ...],
    cohorts: Sequence[RetentionCohort | None],
    inside: Sequence[bool],
    sampling: Sampling | None,
) -> Line:
    """The users of each cohort, who are of no period."""
    sizes = tuple(None if each is None else each.size for each in cohorts)
    complete = tuple(size is not None and is_inside for size, is_inside in zip(sizes, inside, strict=True))
    names, measure = (*key, None), Measure("users", adds_up=True)
    return Line(names, names, measure, sizes, complete, is_drawn=False, sampling=sampling)


def _nobody(line: Line) -> float | None:
    """No users in a cohort, and no share of them."""
    return 0 if line.measure.name == "users" else None


def _sized(cohort: RetentionCohort, period: int) -> tuple[int, float]:
    return cohort.size or 0, cohort.counts[period] or 0


def _average(over: Sequence[tuple[int, float]], is_sum: bool) -> float | None:
    weight = sum(size if is_sum else size**2 for size, _ in over)
    return sum(count * size for size, count in over) / weight if weight else None


def _pooled(over: Sequence[tuple[int, float]], is_sum: bool) -> float | None:
    size = sum(size for size, _ in over)
    count = sum(count for _, count in over)
    return (count if is_sum else count / size) if size else None
