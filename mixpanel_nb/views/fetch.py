"""View of a fetch."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from mixpanel_nb.display import Card, Chart, counted, described_days, first_of, format_value
from mixpanel_nb.errors import ChartError
from mixpanel_nb.results import FetchResult
from mixpanel_nb.views.base import View
from mixpanel_nb.views.words import days

_MAX_GAPS = 8  # without events, that are named


class FetchView(View[FetchResult]):
    """What a fetch stored."""

    def undrawn(self) -> ChartError:
        """That profiles have no days, or that no day is known."""
        return ChartError(f"There are no days to draw for the {self.result.type} in {self.result.table!r}.")

    def drawing(self, *, titled: bool) -> Chart | None:
        """Events per day as bars."""
        rows = self.result.records() if self.result.type == "events" else []
        return described_days(rows, f"Events per day in {self.result.table}", titled=titled) if rows else None

    @property
    def headline(self) -> str:
        """The fetch in one line: ``4,136 events in table, 2025-01-01 to 2025-01-03 (4,136 new, …)``."""
        within = f", {' to '.join(self.result.date_range)}" if self.result.date_range else ""
        what = f" ({self.result.new_rows:,} new, {self.result.duplicates:,} duplicates removed)"
        told = what if self._changed else ""
        return f"{self.result.rows:,} {self.result.type} in {self.result.table}{within}{told}."

    def card(self, *, max_rows: int | None = None) -> Card:
        """A headline, what was added and removed, and for events a drawing of the days."""
        del max_rows
        return Card(
            title=f"{format_value(self.result.rows)} {self.result.type} in {self.result.table}",
            subtitle=" to ".join(self.result.date_range) if self.result.date_range else None,
            facts=self._facts(),
            chart=self.drawing(titled=False) if self.result.rows else None,
            notes=[*(self._gaps() if self.result.rows else ()), *self.remarks],
            empty=None if self.result.rows else self._nothing(),
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, and that profiles were left out."""
        if not self.result.without_id:
            return list(self.result.notes)
        were = "was" if self.result.without_id == 1 else "were"
        left_out = f"{counted(self.result.without_id, 'profile')} without a $distinct_id {were} left out."
        return [*self.result.notes, left_out]

    @property
    def _changed(self) -> bool:
        """Whether anything was asked, or came from what an earlier fetch had downloaded."""
        return bool(self.result.requests or self.result.new_rows or self.result.duplicates)

    def _nothing(self) -> str:
        if not self.result.requests:
            return f"{self.result.table} is empty, although what was asked for had been fetched before."
        within = f" from {' to '.join(self.result.date_range)}" if self.result.date_range else ""
        return f"Mixpanel has no {self.result.type}{within} that match what was asked for."

    def _gaps(self) -> list[str]:
        """That there are days without events, and which."""
        missing = (
            [day for day, count in self.result.tuples() if not count] if self.result.type == "events" else []
        )
        if not missing:
            return []
        runs: list[tuple[date, date]] = []
        for day in missing:
            follows = bool(runs) and day - runs[-1][1] == timedelta(days=1)
            runs[-1:] = [(runs[-1][0], day)] if follows else [*runs[-1:], (day, day)]
        told = first_of((days(first, last) for first, last in runs), _MAX_GAPS)
        return [f"{counted(len(missing), 'day')} without events: {told}."]

    def _facts(self) -> list[tuple[str, Any]]:
        facts: list[tuple[str, Any]] = []
        if self._changed:
            facts += [("New", self.result.new_rows), ("Duplicates removed", self.result.duplicates)]
        if self.result.columns:
            facts.append(("Typed columns", len(self.result.columns)))
        return facts
