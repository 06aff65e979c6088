"""How many users came back, cohort by cohort."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.report import OVERALL, ReportResult, typed_frame
from mixpanel_nb.results.wording import (
    beyond_limit,
    days,
    drawn_of,
    filtered,
    first_of,
    listed,
    per,
    property_name,
    short,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from mixpanel_nb.display import Card, Chart, HeatRow

AVERAGE = "Average"
"""The row that stands for all cohorts, or segments, together."""

_MAX_NAME = 40
_MAX_SEGMENTS = 30  # rows of a heat map of segments
_MAX_OPEN = 12  # cohorts to name that are not over
_STILL_OPEN = "* The period is not over for the whole cohort: the share can still grow."
_UNKNOWN = "Blank: the period has not begun for the cohort."


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

    shown_rows: ClassVar[int] = 20

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
        rows = [(*self._head(cohort), *cohort_rates(cohort)) for cohort in self.cohorts]
        return typed_frame(rows, self.column_names, self._dtypes("float64"))

    @property
    def average(self) -> dict[int, float | None]:
        """Period to the average share that returned in it, as Mixpanel's row "Average" has it.

        The users that returned and the users of the cohorts are each averaged, weighted by the cohorts'
        sizes, over the cohorts for which the period is over; the share is their quotient
        (https://docs.mixpanel.com/docs/reports/retention#faq, question 3). None where no such cohort has
        users. Where the report is broken down it is the average of all users together.
        """
        return self._averages(self._whole, _average)

    @property
    def pooled(self) -> dict[int, float | None]:
        """Period to the share of users that returned in it, over all cohorts for which it is over.

        Every user of a cohort weighs the same: those who returned, divided by all. None where no such cohort
        has users. Where the report is broken down it is the share of all users together.
        """
        return self._averages(self._whole, _pooled)

    @property
    def _whole(self) -> str | None:
        return None if self.on is None else OVERALL

    def _averages(
        self, segment: str | None, share: Callable[[list[RetentionCohort], int], float | None]
    ) -> dict[int, float | None]:
        cohorts = [cohort for cohort in self.cohorts if cohort.segment == segment]
        return {period: share(cohorts, period) for period in range(self.interval_count + 1)}

    def card(self, *, max_rows: int | None = None) -> Card:
        """The shares that came back as a heat map and as a table: per cohort, or per segment where split."""
        del max_rows
        from mixpanel_nb.display import Card, Column, Table

        rows = self._rows()
        columns = [
            Column("cohort" if self.on is None else "segment", "text"),
            Column("users", "integer"),
            *(Column(name, "percent") for name in self._headings),
        ]
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if rows else (),
            chart=self._drawing(titled=False),
            table=Table(columns, [row.texts for row in rows], more=".df has them all") if rows else None,
            query=self.query,
            notes=[*self.notes, *(self._card_notes(rows) if rows else [])],
            empty=None if rows else self._nothing(),
        )

    @property
    def _first(self) -> str:
        """What makes a user part of a cohort."""
        return self._return if self.type == "compounded" else short(self.born_event or "any event")

    @property
    def _first_where(self) -> str | None:
        return self.return_where if self.type == "compounded" else self.born_where

    @property
    def _title(self) -> str:
        return f"Retention: {self._first} → {self._return}"

    @property
    def _subtitle(self) -> str:
        return listed(
            (
                days(self.from_date, self.to_date),
                f"cohorts {per(self.unit, (cohort.date for cohort in self.cohorts))}",
                f"by {property_name(self.on)}" if self.on else None,
                "returned in a period or later" if self.unbounded else None,
                *self._conditions,
            )
        )

    @property
    def _conditions(self) -> list[str]:
        asked = [(self._first, self._first_where)]
        if self.type != "compounded":
            asked.append((self._return, self.return_where))
        return [f"{event} {filtered(where)}" for event, where in asked if where]

    @property
    def _return(self) -> str:
        return short(self.return_event or "any event")

    @property
    def _periods_are(self) -> str:
        """What the periods are: ``weeks after Sign Up``."""
        units = f"{self.unit}s" if self.interval == 1 else f"periods of {self.interval} {self.unit}s"
        return f"{units} after {self._first}"

    @property
    def _period_is(self) -> str:
        return self.unit if self.interval == 1 else "period"

    @property
    def _headings(self) -> list[str]:
        return [str(period) for period in range(self.interval_count + 1)]

    def _nothing(self) -> str:
        nobody = listed((f"Nobody did {self._first}", filtered(self._first_where)), " ")
        return f"{nobody} from {self.from_date} to {self.to_date}."

    def _rows(self) -> list[_Row]:
        """The average and each cohort, or the average of each segment; none where there are no users."""
        if not any(cohort.size for cohort in self.cohorts):
            return []
        if self.on is None:
            whole = _average_row(AVERAGE, self.cohorts, self.average)
            return [whole, *(_cohort_row(cohort) for cohort in self.cohorts)]
        segments = dict.fromkeys(cohort.segment for cohort in self.cohorts)
        return [self._segment_row(segment) for segment in sorted(segments, key=lambda name: name != OVERALL)]

    def _segment_row(self, segment: str | None) -> _Row:
        cohorts = [cohort for cohort in self.cohorts if cohort.segment == segment]
        name = AVERAGE if segment == OVERALL else short(segment or "", _MAX_NAME)
        return _average_row(name, cohorts, self._averages(segment, _average))

    def _facts(self) -> list[tuple[str, Any]]:
        from mixpanel_nb.display import format_value

        cohorts = [cohort for cohort in self.cohorts if cohort.segment == self._whole]
        facts: list[tuple[str, Any]] = []
        if cohorts:
            users = sum(cohort.size for cohort in cohorts)
            facts = [("Users, all cohorts", users), ("Cohorts", len(cohorts))]
        rates = [
            (f"{self._period_is.capitalize()} {period}", format_value(rate, "percent"))
            for period, rate in _few(self.average)
        ]
        return [*facts, *rates]

    @property
    def remarks(self) -> list[str]:
        """The notes, whether segments were left out, and which counts can still grow."""
        if not self._rows():
            return super().remarks
        return self._remarked(beyond_limit(self.left_out, "segment"), self._open_periods())

    def _open_periods(self) -> str | None:
        """Which counts are not final, where the rows alone do not tell them from those that are."""
        first: dict[date, int] = {}
        for cohort in self.cohorts:
            known = [period for period, count in enumerate(cohort.counts) if count is not None]
            still_open = [period for period in known if not cohort.is_complete(period)]
            if still_open and cohort.size:
                first[cohort.date] = min(still_open[0], first.get(cohort.date, still_open[0]))
        if not first:
            return None
        named = (f"{day} from period_{period}" for day, period in sorted(first.items(), reverse=True))
        return f"Counts of periods that are not over can still grow: {first_of(named, _MAX_OPEN)}."

    def _card_notes(self, rows: Sequence[_Row]) -> list[str]:
        notes = [
            _STILL_OPEN if any(row.grows for row in rows) else None,
            _UNKNOWN if any(None in row.rates for row in rows if row.size) else None,
            self._drawn_note(rows),
            f"{AVERAGE}: of the cohorts for which the period is over, weighted by their users.",
            beyond_limit(self.left_out, "segment"),
        ]
        return [note for note in notes if note]

    def _drawn_note(self, rows: Sequence[_Row]) -> str | None:
        return None if self.on is None else drawn_of(min(len(rows), _MAX_SEGMENTS), len(rows), "row")

    def _drawing(self, *, titled: bool) -> Chart | None:
        from mixpanel_nb.display import MAX_CELLS, Chart

        rows = self._rows()
        if not rows:
            return None
        title = self._title if titled else None
        subtitle = listed((self._subtitle, self._drawn_note(rows)), ". ") if titled else None
        if self.on is not None:
            return Chart(
                lambda: self._map(rows[:_MAX_SEGMENTS], title, subtitle), self._words_of_segments(rows)
            )
        fits = len(rows) * (self.interval_count + 1) <= MAX_CELLS
        draw = self._map if fits else self._curve
        return Chart(lambda: draw(rows, title, subtitle), self._words(rows[0]))

    def _map(self, rows: Sequence[_Row], title: str | None, subtitle: str | None) -> Any:
        from mixpanel_nb.display import heatmap

        heat = [row.heat for row in rows]
        headings, x = self._headings, self._periods_are
        return heatmap(heat, headings, lead="users", x=x, title=title, subtitle=subtitle)

    def _curve(self, rows: Sequence[_Row], title: str | None, subtitle: str | None) -> Any:
        """The average alone, where there are too many cohorts to draw each of them."""
        from mixpanel_nb.display import series_chart

        x, y = self._periods_are, f"average of {len(rows) - 1:,} cohorts"
        points = [{x: period, y: rate} for period, rate in enumerate(rows[0].rates)]
        return series_chart(points, x, y, title=title, subtitle=subtitle, percent=True)

    def _words(self, whole: _Row) -> str:
        from mixpanel_nb.display import format_value

        parts = [
            f"{format_value(rate, 'percent')} in {self._period_is} {period}"
            for period, rate in _few(dict(enumerate(whole.rates)))
        ]
        came = f"came back on average {', '.join(parts)}" if parts else "nothing is known of their return yet"
        return f"{self._title}, {self._subtitle}, {whole.size:,} users: {came}."

    def _words_of_segments(self, rows: Sequence[_Row]) -> str:
        from mixpanel_nb.display import format_value

        known = [(row.name, rates[0]) for row in rows if (rates := _few(dict(enumerate(row.rates))))]
        parts = [f"{name} {format_value(rate, 'percent')}" for name, (_, rate) in known]
        if not parts:
            return f"{self._title}, {self._subtitle}: nothing is known of their return yet."
        period = f"{self._period_is} {known[0][1][0]}"
        return f"{self._title}, {self._subtitle}, came back in {period}: {first_of(parts, 6)}."


def cohort_rates(cohort: RetentionCohort) -> list[float | None]:
    """The counts as fractions of the cohort's size; None where unknown or nobody began."""
    return [None if count is None or not cohort.size else count / cohort.size for count in cohort.counts]


def _average(cohorts: list[RetentionCohort], period: int) -> float | None:
    over = [cohort for cohort in cohorts if cohort.is_complete(period)]
    size = sum(cohort.size**2 for cohort in over)
    return sum((cohort.counts[period] or 0) * cohort.size for cohort in over) / size if size else None


def _pooled(cohorts: list[RetentionCohort], period: int) -> float | None:
    over = [cohort for cohort in cohorts if cohort.is_complete(period)]
    size = sum(cohort.size for cohort in over)
    return sum(cohort.counts[period] or 0 for cohort in over) / size if size else None


@dataclass(frozen=True)
class _Row:
    """One row of the heat map and of the table.

    Attributes:
        name: A cohort, a segment or all of them.
        size: Its users.
        rates: Share of them that returned, per period; None where unknown.
        open: Whether the share can still grow, per period.
    """

    name: str
    size: int
    rates: tuple[float | None, ...]
    open: tuple[bool, ...]

    @property
    def grows(self) -> bool:
        """Whether a share that is shown can still grow."""
        return any(
            rate is not None and still_open for rate, still_open in zip(self.rates, self.open, strict=True)
        )

    @property
    def texts(self) -> tuple[Any, ...]:
        """The row of the table."""
        return (self.name, self.size, *map(_share, self.rates, self.open))

    @property
    def heat(self) -> HeatRow:
        """The row of the heat map."""
        from mixpanel_nb.display import HeatRow

        return HeatRow(self.name, f"{self.size:,}", self.rates, self.open)


def _cohort_row(cohort: RetentionCohort) -> _Row:
    still_open = tuple(not cohort.is_complete(period) for period in range(len(cohort.counts)))
    return _Row(cohort.date.isoformat(), cohort.size, tuple(cohort_rates(cohort)), still_open)


def _average_row(name: str, cohorts: Sequence[RetentionCohort], rates: Mapping[int, float | None]) -> _Row:
    size = sum(cohort.size for cohort in cohorts)
    return _Row(name, size, tuple(rates.values()), (False,) * len(rates))


def _share(rate: float | None, still_open: bool) -> Any:
    """``12.3%``, with ``*`` where it can still grow; blank where it is unknown."""
    from mixpanel_nb.display import format_value

    if rate is None:
        return ""
    return f"{format_value(rate, 'percent')}*" if still_open else rate


def _few(rates: Mapping[int, float | None]) -> list[tuple[int, float]]:
    """The first, the middle and the last of the later periods whose rate is known."""
    known = [(period, rate) for period, rate in rates.items() if period and rate is not None]
    places = sorted({0, len(known) // 2, len(known) - 1})
    return [known[place] for place in places] if known else []
