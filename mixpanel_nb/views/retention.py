"""How retention looks: a heat map of cohorts or segments, of shares or of a property's sums."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import (
    MAX_CELLS,
    Card,
    Chart,
    Column,
    HeatRow,
    Table,
    compact,
    first_of,
    format_value,
    heat,
    series_chart,
    share_text,
)
from mixpanel_nb.results import RetentionCohort, RetentionResult
from mixpanel_nb.results.series import BETWEEN
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
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date


AVERAGE = "Average"
"""The row that stands for all cohorts, or segments, together."""
POOLED = "Pooled"
"""The row in which every user weighs the same."""
_MAX_NAME = 40
_MAX_SEGMENTS = 30  # rows of a heat map of segments
_LARGE = 10_000  # amounts from here on are written without digits behind the point
_MAX_OPEN = 12  # cohorts to name that are not over
_STILL_OPEN = "* The period is not over for the whole cohort: the {} can still grow."
_UNKNOWN = "Blank: the period has not begun for the cohort."
_MODES = {
    "on_or_after": "returned in a period or later",
    "on_or_before": "returned in a period or before",
    "streak": "returned in every period so far",
}
_AMOUNTS = {
    "on_or_after": "in a period and later",
    "on_or_before": "up to a period",
    "streak": "of users who returned in every period so far",
}


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
            *(Column(name, "percent" if self._shares else "number") for name in self._headings),
        ]
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if rows else (),
            chart=self.drawing(titled=False),
            table=Table(columns, self._texts(rows), more=MORE_IN_DF) if rows else None,
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
                "calendar periods" if self.result.alignment == "calendar" else None,
                self._split,
                *self._counted,
                *self._conditions,
            )
        )

    @property
    def _split(self) -> str | None:
        on = self.result.on
        names = (on,) if isinstance(on, str) else on or ()
        return f"by {BETWEEN.join(map(property_name, names))}" if names else None

    @property
    def _counted(self) -> list[str]:
        """What the numbers are, where they are not the shares of those who returned in a period."""
        how = _MODES if self._shares else _AMOUNTS
        said = how.get(self.result.mode)
        if self.result.prop is None:
            return [said] if said else []
        return [listed((self._amount, said), " ")]

    @property
    def _amount(self) -> str:
        """``sum of revenue``, or ``revenue per user``."""
        name = property_name(self.result.prop or "")
        return f"{name} per user" if self.result.is_average else f"sum of {name}"

    @property
    def _shares(self) -> bool:
        """Whether the numbers are shares of users."""
        return self.result.prop is None

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
        kind = "calendar " if self.result.alignment == "calendar" else ""
        units = f"{kind}{self.result.unit}s"
        if self.result.interval > 1:
            units = f"periods of {self.result.interval} {units}"
        return f"{units} after {self._first}"

    @property
    def _period_is(self) -> str:
        return self.result.unit if self.result.interval == 1 else "period"

    @property
    def _headings(self) -> list[str]:
        """The numbers of the periods; of brackets the first and the last unit, as in ``1–2``."""
        if self.result.brackets is None:
            return [str(period) for period in range(self.result.interval_count + 1)]
        ranges = [(first, after - 1) for first, after in pairwise(self.result.brackets)]
        return [f"{first}" if first == last else f"{first}–{last}" for first, last in ranges]

    def _named(self, period: int) -> str:
        """``week 3``, ``days 1–2``."""
        heading = self._headings[period]
        return f"{self._period_is}{'s' if '–' in heading else ''} {heading}"

    def _nothing(self) -> str:
        nothing = listed((f"No user did {self._first}", filtered(self._first_where)), " ")
        return f"{nothing} from {self.result.from_date} to {self.result.to_date}."

    def _rows(self) -> list[_Row]:
        """The averages and each cohort, or the average of each segment; none where there are no users."""
        if not any(cohort.size for cohort in self.result.cohorts):
            return []
        whole = [cohort for cohort in self.result.cohorts if cohort.segment == self.result.whole]
        rows = [
            _average_row(AVERAGE, whole, self.result.average),
            _average_row(
                POOLED, whole, self.result.pooled, apart=not (self._shares or self.result.is_average)
            ),
        ]
        if self.result.on is None:
            return [*rows, *(self._cohort_row(cohort) for cohort in self.result.cohorts)]
        segments = dict.fromkeys(cohort.segment for cohort in self.result.cohorts)
        return [*rows, *(self._segment_row(segment) for segment in segments if segment != self.result.whole)]

    def _cohort_row(self, cohort: RetentionCohort) -> _Row:
        still_open = tuple(not cohort.is_complete(period) for period in range(len(cohort.counts)))
        numbers = cohort.rates if self._shares or self.result.is_average else cohort.counts
        return _Row(cohort.date.isoformat(), cohort.size, numbers, still_open)

    def _segment_row(self, segment: str | tuple[str, ...] | None) -> _Row:
        cohorts = [cohort for cohort in self.result.cohorts if cohort.segment == segment]
        name = BETWEEN.join(segment) if isinstance(segment, tuple) else segment or ""
        return _average_row(short(name, _MAX_NAME), cohorts, self.result.average_of(segment))

    def _texts(self, rows: Sequence[_Row]) -> list[tuple[Any, ...]]:
        """The rows of the table: ``12.3%``, with ``*`` where it can still grow; blank where it is unknown."""
        write = self._share if self._shares else self._writer(rows)
        return [
            (
                row.name,
                "" if row.size is None else row.size,
                *("" if number is None else write(number, still_open) for number, still_open in row.cells),
            )
            for row in rows
        ]

    @staticmethod
    def _share(rate: float, still_open: bool) -> Any:
        return f"{format_value(rate, 'percent')}*" if still_open else rate

    @staticmethod
    def _writer(rows: Sequence[_Row]) -> Callable[[float, bool], str]:
        """Writes amounts, all with as many digits; whole ones, and those of thousands, without any."""
        known = [number for row in rows for number, _ in row.cells if number is not None]
        whole = all(number == int(number) for number in known) or max(map(abs, known), default=0) >= _LARGE
        return lambda number, still_open: f"{number:,.{0 if whole else 2}f}{'*' if still_open else ''}"

    def _written(self, number: float) -> str:
        """An average as a text by itself."""
        return format_value(number, "percent") if self._shares else compact(number)

    def _facts(self) -> list[tuple[str, Any]]:
        cohorts = [cohort for cohort in self.result.cohorts if cohort.segment == self.result.whole]
        facts: list[tuple[str, Any]] = []
        if cohorts:
            users = sum(cohort.size or 0 for cohort in cohorts)
            facts = [("Users, all cohorts", users), ("Cohorts", len(cohorts))]
        rates = [
            (self._named(period).capitalize(), self._written(rate))
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
            _STILL_OPEN.format(self._grows) if any(row.grows for row in rows) else None,
            _UNKNOWN if any(None in row.numbers for row in rows if row.size) else None,
            self._drawn_note(rows),
            f"{AVERAGE}: of the cohorts for which the period is over, weighted by their users.",
            f"{POOLED}: {self._pooled_is}",
            beyond_limit(self.result.left_out, "segment"),
        ]
        return [note for note in notes if note]

    @property
    def _grows(self) -> str:
        return "share" if self._shares else "average" if self.result.is_average else "sum"

    @property
    def _pooled_is(self) -> str:
        if self._shares or self.result.is_average:
            return "those cohorts as one, in which every user weighs the same."
        return "the sum of those cohorts, coloured on a scale of its own."

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
            return self._map(rows, self._words_of_segments(rows), title, subtitle)
        if len(rows) * (self.result.interval_count + 1) <= MAX_CELLS:
            return self._map(rows, self._words(rows[0]), title, subtitle)
        return Chart(lambda: self._curve(rows, title, subtitle), self._words(rows[0]))

    def _map(self, rows: Sequence[_Row], words: str, title: str | None, subtitle: str | None) -> Chart:
        drawn = rows if self.result.on is None else rows[:_MAX_SEGMENTS]
        return heat(
            [row.heat for row in drawn],
            self._headings,
            words,
            lead="users",
            x=self._periods_are,
            written=share_text if self._shares else compact,
            title=title,
            subtitle=subtitle,
            is_table=len(drawn) == len(rows),
        )

    def _curve(self, rows: Sequence[_Row], title: str | None, subtitle: str | None) -> Any:
        """The average alone, where there are too many cohorts to draw each of them."""
        whole, *_ = rows
        x, y = self._periods_are, f"average of {len(self.result.cohorts):,} cohorts"
        points = [{x: period, y: number} for period, number in enumerate(whole.numbers)]
        return series_chart(points, x, y, title=title, subtitle=subtitle, percent=self._shares)

    def _words(self, whole: _Row) -> str:
        parts = [
            f"{self._written(number)} in {self._named(period)}"
            for period, number in _few(dict(enumerate(whole.numbers)))
        ]
        what = "came back on average" if self._shares else "on average"
        came = f"{what} {', '.join(parts)}" if parts else "nothing is known of their return yet"
        return f"{self._title}, {self._subtitle}, {whole.size:,} users: {came}."

    def _words_of_segments(self, rows: Sequence[_Row]) -> str:
        whole, _, *segments = rows
        known = [
            (row.name, few[0]) for row in (whole, *segments) if (few := _few(dict(enumerate(row.numbers))))
        ]
        parts = [f"{name} {self._written(number)}" for name, (_, number) in known]
        if not parts:
            return f"{self._title}, {self._subtitle}: nothing is known of their return yet."
        period = f"{'came back ' if self._shares else ''}in {self._named(known[0][1][0])}"
        return f"{self._title}, {self._subtitle}, {period}: {first_of(parts, 6)}."


@dataclass(frozen=True)
class _Row:
    """One row of the heat map and of the table.

    Attributes:
        name: A cohort, a segment or all of them.
        size: Its users; None where they are not known.
        numbers: Share of them that returned, or an amount, per period; None where unknown.
        open: Whether the number can still grow, per period.
        apart: Whether the row is coloured on a scale of its own.
    """

    name: str
    size: int | None
    numbers: tuple[float | None, ...]
    open: tuple[bool, ...]
    apart: bool = False

    @property
    def cells(self) -> list[tuple[float | None, bool]]:
        """The numbers, each with whether it can still grow."""
        return list(zip(self.numbers, self.open, strict=True))

    @property
    def grows(self) -> bool:
        """Whether a number that is shown can still grow."""
        return any(number is not None and still_open for number, still_open in self.cells)

    @property
    def heat(self) -> HeatRow:
        """The row of the heat map."""
        lead = "" if self.size is None else f"{self.size:,}"
        return HeatRow(self.name, lead, self.numbers, self.open, self.apart)


def _average_row(
    name: str, cohorts: Sequence[RetentionCohort], numbers: Mapping[int, float | None], *, apart: bool = False
) -> _Row:
    size = sum(cohort.size or 0 for cohort in cohorts)
    return _Row(name, size, tuple(numbers.values()), (False,) * len(numbers), apart)


def _few(rates: Mapping[int, float | None]) -> list[tuple[int, float]]:
    """The first, the middle and the last of the later periods whose rate is known."""
    known = [(period, rate) for period, rate in rates.items() if period and rate is not None]
    places = sorted({0, len(known) // 2, len(known) - 1})
    return [known[place] for place in places] if known else []
