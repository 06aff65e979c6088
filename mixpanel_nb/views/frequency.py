"""View of frequency: a heat map of the shares of active users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import (
    MAX_CELLS,
    Card,
    Chart,
    Column,
    HeatRow,
    Table,
    counted,
    format_value,
    heat,
    series_chart,
)
from mixpanel_nb.results import FrequencyResult
from mixpanel_nb.views.base import MISSING, MORE_IN_DF
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.series import date_column
from mixpanel_nb.views.words import days, filtered, listed, partly_covered, per, short

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_COLUMNS = 168  # hours of a week; more are too narrow to be seen
_PARTIAL = "* Only a part of the {} was counted."


class FrequencyView(ReportView[FrequencyResult]):
    """In how many hours or days users were active."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """The shares of active users as a heat map, and how many they are in a table."""
        del max_rows
        reached = self.result.reached
        columns = [
            date_column(self.result.unit, self.result.unit),
            *(Column(self._heading(place), "integer") for place in range(reached)),
        ]
        rows = [row[: reached + 1] for row in self.result.tuples()]
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if reached else (),
            chart=self.drawing(titled=False),
            table=Table(columns, rows, more=MORE_IN_DF, null=MISSING, newest=True) if reached else None,
            query=self.result.query,
            notes=[*self.remarks, *self._partial_note(reached)],
            empty=None if reached else self._nothing(),
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, and whether a bucket lies only partly within the days."""
        if not self.result.reached:
            return super().remarks
        return self._remarked(
            partly_covered(self.result.dates, self.result.unit, self.result.from_date, self.result.to_date)
        )

    def _partial_note(self, reached: int) -> list[str]:
        drawn = bool(self.result.partial) and self._is_map(min(reached, _MAX_COLUMNS))
        return [_PARTIAL.format(self.result.unit)] if drawn and reached else []

    def _is_map(self, reached: int) -> bool:
        return reached * len(self.result.dates) <= MAX_CELLS

    @property
    def _title(self) -> str:
        active = f"{self.result.addiction_unit.capitalize()}s with {short(self.result.event or 'any event')}"
        return f"{active} {per(self.result.unit, self.result.dates)}"

    @property
    def _subtitle(self) -> str:
        return listed((days(self.result.from_date, self.result.to_date), filtered(self.result.where)))

    def _nothing(self) -> str:
        nothing = listed(
            (f"No user did {short(self.result.event or 'anything')}", filtered(self.result.where)), " "
        )
        return f"{nothing} from {self.result.from_date} to {self.result.to_date}."

    def _heading(self, place: int) -> str:
        """``≥ 1 hour`` for the first, ``≥ 2`` for the second."""
        return f"≥ {place + 1}{'' if place else f' {self.result.addiction_unit}'}"

    def _facts(self) -> list[tuple[str, Any]]:
        facts: list[tuple[str, Any]] = [
            (f"Active users per {self.result.unit}", round(self.result.mean_active, 1))
        ]
        shares = [
            (f"Of them in ≥ {counted(place + 1, self.result.addiction_unit)}", format_value(share, "percent"))
            for place, share in enumerate(self.result.average)
            if place in {1, 4}
        ]
        return [*facts, *shares]

    def drawing(self, *, titled: bool) -> Chart | None:
        """A heat map; the average alone where that would have too many cells."""
        reached = min(self.result.reached, _MAX_COLUMNS)
        if not reached:
            return None
        title = self._title if titled else None
        subtitle = listed((self._subtitle, *self._partial_note(reached)), ". ") if titled else None
        if self._is_map(reached):
            return self._map(reached, title, subtitle)
        return Chart(lambda: self._curve(reached, title, subtitle), self._words())

    @property
    def _columns_are(self) -> str:
        return f"active in at least so many {self.result.addiction_unit}s"

    def _map(self, reached: int, title: str | None, subtitle: str | None) -> Chart:
        states = zip(self.result.dates, self.result.active_users(), self.result.states, strict=True)
        rows = [
            HeatRow(day.isoformat(), f"{counts[0]:,}", _shares(counts[:reached]), [not state] * reached)
            if counts
            else HeatRow(day.isoformat(), MISSING, [None] * reached)
            for day, counts, state in states
        ]
        headings = [str(place + 1) for place in range(reached)]
        words, x = self._words(), self._columns_are
        is_table = reached == self.result.reached
        return heat(
            rows, headings, words, lead="users", x=x, title=title, subtitle=subtitle, is_table=is_table
        )

    def _curve(self, reached: int, title: str | None, subtitle: str | None) -> Any:
        """The average alone, where a heat map would have too many cells."""
        x, y = self._columns_are, f"average of {counted(len(self.result.averaged), self.result.unit)}"
        points = [{x: place + 1, y: share} for place, share in enumerate(self.result.average[:reached])]
        return series_chart(points, x, y, title=title, subtitle=subtitle, percent=True)

    def _words(self) -> str:
        shares, unit = self.result.average, self.result.addiction_unit
        parts = [
            f"{format_value(shares[place], 'percent')} in at least {counted(place + 1, unit)}"
            for place in sorted({1, len(shares) // 2, len(shares) - 1})
            if 0 < place < len(shares)
        ]
        among = f"; of them {', '.join(parts)}" if parts else ""
        subject = f"{self._title}, {self._subtitle}"
        return f"{subject}: {self.result.mean_active:,.1f} active users per {self.result.unit}{among}."


def _shares(counts: Sequence[int]) -> list[float | None]:
    """The counts as fractions of the active users; None without active users."""
    return [users / counts[0] if counts[0] else None for users in counts]
