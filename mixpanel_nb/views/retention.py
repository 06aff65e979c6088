"""How retention looks: a heat map of cohorts or segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import (
    MAX_CELLS,
    Card,
    Chart,
    Column,
    HeatRow,
    Table,
    first_of,
    format_value,
    heatmap,
    series_chart,
)
from mixpanel_nb.results import OVERALL, RetentionCohort, RetentionResult
from mixpanel_nb.views.base import MORE_IN_DF
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import (
    beyond_limit,
    days,
    drawn_of,
    filtered,
    listed,
    per,
    property_name,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date


AVERAGE = "Average"
"""The row that stands for all cohorts, or segments, together."""
_MAX_NAME = 40
_MAX_SEGMENTS = 30  # rows of a heat map of segments
_MAX_OPEN = 12  # cohorts to name that are not over
_STILL_OPEN = "* The period is not over for the whole cohort: the share can still grow."
_UNKNOWN = "Blank: the period has not begun for the cohort."


class RetentionView(ReportView[RetentionResult]):
    """How many users came back, cohort by cohort."""

    shown_rows: ClassVar[int] = 20

    def card(self, *, max_rows: int | None = None) -> Card:
        """The shares that came back as a heat map and as a table: per cohort, or per segment where split."""
        del max_rows
        rows = self._rows()
        columns = [
            Column("cohort" if self.result.on is None else "segment", "text"),
            Column("users", "integer"),
            *(Column(name, "percent") for name in self._headings),
        ]
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if rows else (),
            chart=self.drawing(titled=False),
            table=Table(columns, [row.texts for row in rows], more=MORE_IN_DF) if rows else None,
            query=self.result.query,
            notes=[*self.result.notes, *(self._card_notes(rows) if rows else [])],
            empty=None if rows else self._nothing(),
        )

    @property
    def _first(self) -> str:
        """What makes a user part of a cohort."""
        return (
            self._return if self.result.type == "compounded" else short(self.result.born_event or "any event")
        )

    @property
    def _first_where(self) -> str | None:
        return self.result.return_where if self.result.type == "compounded" else self.result.born_where

    @property
    def _title(self) -> str:
        return f"Retention: {self._first} → {self._return}"

    @property
    def _subtitle(self) -> str:
        return listed(
            (
                days(self.result.from_date, self.result.to_date),
                f"cohorts {per(self.result.unit, (cohort.date for cohort in self.result.cohorts))}",
                f"by {property_name(self.result.on)}" if self.result.on else None,
                "returned in a period or later" if self.result.unbounded else None,
                *self._conditions,
            )
        )

    @property
    def _conditions(self) -> list[str]:
        asked = [(self._first, self._first_where)]
        if self.result.type != "compounded":
            asked.append((self._return, self.result.return_where))
        return [f"{event} {filtered(where)}" for event, where in asked if where]

    @property
    def _return(self) -> str:
        return short(self.result.return_event or "any event")

    @property
    def _periods_are(self) -> str:
        """What the periods are: ``weeks after Sign Up``."""
        units = (
            f"{self.result.unit}s"
            if self.result.interval == 1
            else f"periods of {self.result.interval} {self.result.unit}s"
        )
        return f"{units} after {self._first}"

    @property
    def _period_is(self) -> str:
        return self.result.unit if self.result.interval == 1 else "period"

    @property
    def _headings(self) -> list[str]:
        return [str(period) for period in range(self.result.interval_count + 1)]

    def _nothing(self) -> str:
        nobody = listed((f"Nobody did {self._first}", filtered(self._first_where)), " ")
        return f"{nobody} from {self.result.from_date} to {self.result.to_date}."

    def _rows(self) -> list[_Row]:
        """The average and each cohort, or the average of each segment; none where there are no users."""
        if not any(cohort.size for cohort in self.result.cohorts):
            return []
        if self.result.on is None:
            whole = _average_row(AVERAGE, self.result.cohorts, self.result.average)
            return [whole, *(_cohort_row(cohort) for cohort in self.result.cohorts)]
        segments = dict.fromkeys(cohort.segment for cohort in self.result.cohorts)
        return [self._segment_row(segment) for segment in sorted(segments, key=lambda name: name != OVERALL)]

    def _segment_row(self, segment: str | None) -> _Row:
        cohorts = [cohort for cohort in self.result.cohorts if cohort.segment == segment]
        name = AVERAGE if segment == OVERALL else short(segment or "", _MAX_NAME)
        return _average_row(name, cohorts, self.result.average_of(segment))

    def _facts(self) -> list[tuple[str, Any]]:
        cohorts = [cohort for cohort in self.result.cohorts if cohort.segment == self.result.whole]
        facts: list[tuple[str, Any]] = []
        if cohorts:
            users = sum(cohort.size for cohort in cohorts)
            facts = [("Users, all cohorts", users), ("Cohorts", len(cohorts))]
        rates = [
            (f"{self._period_is.capitalize()} {period}", format_value(rate, "percent"))
            for period, rate in _few(self.result.average)
        ]
        return [*facts, *rates]

    @property
    def remarks(self) -> list[str]:
        """The notes, whether segments were left out, and which counts can still grow."""
        if not self._rows():
            return super().remarks
        return self._remarked(beyond_limit(self.result.left_out, "segment"), self._open_periods())

    def _open_periods(self) -> str | None:
        """Which counts are not final, where the rows alone do not tell them from those that are."""
        first: dict[date, int] = {}
        for cohort in self.result.cohorts:
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
            beyond_limit(self.result.left_out, "segment"),
        ]
        return [note for note in notes if note]

    def _drawn_note(self, rows: Sequence[_Row]) -> str | None:
        return None if self.result.on is None else drawn_of(min(len(rows), _MAX_SEGMENTS), len(rows), "row")

    def drawing(self, *, titled: bool) -> Chart | None:
        """A heat map; the average alone where there are too many cohorts."""
        rows = self._rows()
        if not rows:
            return None
        title = self._title if titled else None
        subtitle = listed((self._subtitle, self._drawn_note(rows)), ". ") if titled else None
        if self.result.on is not None:
            return Chart(
                lambda: self._map(rows[:_MAX_SEGMENTS], title, subtitle), self._words_of_segments(rows)
            )
        fits = len(rows) * (self.result.interval_count + 1) <= MAX_CELLS
        draw = self._map if fits else self._curve
        return Chart(lambda: draw(rows, title, subtitle), self._words(rows[0]))

    def _map(self, rows: Sequence[_Row], title: str | None, subtitle: str | None) -> Any:
        heat = [row.heat for row in rows]
        headings, x = self._headings, self._periods_are
        return heatmap(heat, headings, lead="users", x=x, title=title, subtitle=subtitle)

    def _curve(self, rows: Sequence[_Row], title: str | None, subtitle: str | None) -> Any:
        """The average alone, where there are too many cohorts to draw each of them."""
        x, y = self._periods_are, f"average of {len(rows) - 1:,} cohorts"
        points = [{x: period, y: rate} for period, rate in enumerate(rows[0].rates)]
        return series_chart(points, x, y, title=title, subtitle=subtitle, percent=True)

    def _words(self, whole: _Row) -> str:
        parts = [
            f"{format_value(rate, 'percent')} in {self._period_is} {period}"
            for period, rate in _few(dict(enumerate(whole.rates)))
        ]
        came = f"came back on average {', '.join(parts)}" if parts else "nothing is known of their return yet"
        return f"{self._title}, {self._subtitle}, {whole.size:,} users: {came}."

    def _words_of_segments(self, rows: Sequence[_Row]) -> str:
        known = [(row.name, rates[0]) for row in rows if (rates := _few(dict(enumerate(row.rates))))]
        parts = [f"{name} {format_value(rate, 'percent')}" for name, (_, rate) in known]
        if not parts:
            return f"{self._title}, {self._subtitle}: nothing is known of their return yet."
        period = f"{self._period_is} {known[0][1][0]}"
        return f"{self._title}, {self._subtitle}, came back in {period}: {first_of(parts, 6)}."


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
        return HeatRow(self.name, f"{self.size:,}", self.rates, self.open)


def _cohort_row(cohort: RetentionCohort) -> _Row:
    still_open = tuple(not cohort.is_complete(period) for period in range(len(cohort.counts)))
    return _Row(cohort.date.isoformat(), cohort.size, cohort.rates, still_open)


def _average_row(name: str, cohorts: Sequence[RetentionCohort], rates: Mapping[int, float | None]) -> _Row:
    size = sum(cohort.size for cohort in cohorts)
    return _Row(name, size, tuple(rates.values()), (False,) * len(rates))


def _share(rate: float | None, still_open: bool) -> Any:
    """``12.3%``, with ``*`` where it can still grow; blank where it is unknown."""
    if rate is None:
        return ""
    return f"{format_value(rate, 'percent')}*" if still_open else rate


def _few(rates: Mapping[int, float | None]) -> list[tuple[int, float]]:
    """The first, the middle and the last of the later periods whose rate is known."""
    known = [(period, rate) for period, rate in rates.items() if period and rate is not None]
    places = sorted({0, len(known) // 2, len(known) - 1})
    return [known[place] for place in places] if known else []
