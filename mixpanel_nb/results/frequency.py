"""In how many hours or days users were active."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.report import ReportResult
from mixpanel_nb.results.series import date_column
from mixpanel_nb.results.wording import days, filtered, listed, partly_covered, per, short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.display import Card, Chart

_MAX_COLUMNS = 168  # hours of a week; more are too narrow to be seen

PERIODS: Mapping[tuple[str, str], int] = {
    ("day", "hour"): 24,
    ("week", "hour"): 168,
    ("month", "hour"): 744,
    ("day", "day"): 1,
    ("week", "day"): 7,
    ("month", "day"): 31,
}
"""How many addiction units a unit has at most."""


@dataclass(frozen=True, repr=False)
class FrequencyResult(ReportResult):
    """How many users were active in at least so many hours of a day, or days of a week or month.

    Attributes:
        from_date: First day.
        to_date: Last day.
        unit: ``day``, ``week`` or ``month``.
        addiction_unit: ``hour`` or ``day``: what is counted within a unit.
        event: What counts as being active; None is any event.
        where: The filter, or None.
        dates: Every bucket of time, in order.
        counts: Bucket of time to users: place ``k - 1`` holds those active in at least ``k`` addiction units.
            A bucket that is missing, or a place beyond the end, is 0.
    """

    from_date: date
    to_date: date
    unit: str
    addiction_unit: str
    event: str | None
    where: str | None
    dates: tuple[date, ...]
    counts: Mapping[date, tuple[int, ...]]

    @property
    def periods(self) -> int:
        """How many addiction units are counted at most."""
        longest = max((len(counts) for counts in self.counts.values()), default=0)
        return max(longest, PERIODS.get((self.unit, self.addiction_unit), 1))

    @property
    def column_names(self) -> list[str]:
        """``date, period_1 … period_N``."""
        return ["date", *(f"period_{number}" for number in range(1, self.periods + 1))]

    def _dtypes(self) -> Mapping[str, str]:
        return {"date": "datetime64[ns]"} | dict.fromkeys(self.column_names[1:], "int64")

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket of time."""
        size = self.periods
        found = [self.counts.get(day, ()) for day in self.dates]
        rows = zip(self.dates, found, strict=True)
        return [(day, *counts, *[0] * (size - len(counts))) for day, counts in rows]

    def card(self, *, max_rows: int | None = None) -> Card:
        """The shares of active users as a heat map, and how many they are in a table."""
        del max_rows
        from mixpanel_nb.display import Card, Column, Table

        reached = self._reached
        columns = [
            date_column(self.unit, self.unit),
            *(Column(self._heading(place), "integer") for place in range(reached)),
        ]
        rows = [row[: reached + 1] for row in self.tuples()]
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if reached else (),
            chart=self._drawing(titled=False),
            table=Table(columns, rows, more=".df has them all") if reached else None,
            query=self.query,
            notes=self.remarks,
            empty=None if reached else self._nothing(),
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, and whether a bucket lies only partly within the days."""
        if not self._reached:
            return super().remarks
        return self._remarked(partly_covered(self.dates, self.unit, self.from_date, self.to_date))

    @property
    def _title(self) -> str:
        active = f"{self.addiction_unit.capitalize()}s with {short(self.event or 'any event')}"
        return f"{active} {per(self.unit, self.dates)}"

    @property
    def _subtitle(self) -> str:
        return listed((days(self.from_date, self.to_date), filtered(self.where)))

    def _nothing(self) -> str:
        nobody = listed((f"Nobody did {short(self.event or 'anything')}", filtered(self.where)), " ")
        return f"{nobody} from {self.from_date} to {self.to_date}."

    def _heading(self, place: int) -> str:
        """``≥ 1 hour`` for the first, ``≥ 2`` for the second."""
        return f"≥ {place + 1}{'' if place else f' {self.addiction_unit}'}"

    def _users(self) -> list[tuple[int, ...]]:
        """Per bucket of time the users active in at least 1, 2, … addiction units."""
        return [row[1:] for row in self.tuples()]

    @property
    def _reached(self) -> int:
        """In how many addiction units somebody was active; beyond these all counts are 0."""
        places = [place for counts in self._users() for place, users in enumerate(counts) if users]
        return max(places, default=-1) + 1

    def _average(self) -> list[float]:
        """Share of the active users that were active in at least 1, 2, … units, over all buckets of time."""
        found = self._users()
        active = sum(counts[0] for counts in found)
        return [sum(counts[place] for counts in found) / active for place in range(self._reached)]

    @property
    def _active(self) -> float:
        """Users active in a bucket of time, on average."""
        return sum(counts[0] for counts in self._users()) / len(self.dates)

    def _facts(self) -> list[tuple[str, Any]]:
        from mixpanel_nb.display import counted, format_value

        facts: list[tuple[str, Any]] = [(f"Active users per {self.unit}", round(self._active, 1))]
        shares = [
            (f"Of them in ≥ {counted(place + 1, self.addiction_unit)}", format_value(share, "percent"))
            for place, share in enumerate(self._average())
            if place in {1, 4}
        ]
        return [*facts, *shares]

    def _drawing(self, *, titled: bool) -> Chart | None:
        from mixpanel_nb.display import MAX_CELLS, Chart

        reached = min(self._reached, _MAX_COLUMNS)
        if not reached:
            return None
        title, subtitle = (self._title, self._subtitle) if titled else (None, None)
        draw = self._map if reached * len(self.dates) <= MAX_CELLS else self._curve
        return Chart(lambda: draw(reached, title, subtitle), self._words())

    @property
    def _columns_are(self) -> str:
        return f"active in at least so many {self.addiction_unit}s"

    def _map(self, reached: int, title: str | None, subtitle: str | None) -> Any:
        from mixpanel_nb.display import HeatRow, heatmap

        rows = [
            HeatRow(day.isoformat(), f"{counts[0]:,}", _shares(counts[:reached]))
            for day, counts in zip(self.dates, self._users(), strict=True)
        ]
        headings = [str(place + 1) for place in range(reached)]
        return heatmap(rows, headings, lead="users", x=self._columns_are, title=title, subtitle=subtitle)

    def _curve(self, reached: int, title: str | None, subtitle: str | None) -> Any:
        """The average alone, where a heat map would have too many cells."""
        from mixpanel_nb.display import series_chart

        x, y = self._columns_are, f"average of {len(self.dates):,} {self.unit}s"
        points = [{x: place + 1, y: share} for place, share in enumerate(self._average()[:reached])]
        return series_chart(points, x, y, title=title, subtitle=subtitle, percent=True)

    def _words(self) -> str:
        from mixpanel_nb.display import counted, format_value

        shares = self._average()
        parts = [
            f"{format_value(shares[place], 'percent')} in at least {counted(place + 1, self.addiction_unit)}"
            for place in sorted({1, len(shares) // 2, len(shares) - 1})
            if 0 < place < len(shares)
        ]
        among = f"; of them {', '.join(parts)}" if parts else ""
        subject = f"{self._title}, {self._subtitle}"
        return f"{subject}: {self._active:,.1f} active users per {self.unit}{among}."


def _shares(counts: Sequence[int]) -> list[float | None]:
    """The counts as fractions of the active users; None where nobody was active."""
    return [users / counts[0] if counts[0] else None for users in counts]
