"""View of a sync."""

from __future__ import annotations

from typing import ClassVar

from mixpanel_nb.display import Card, Column, Table, counted, format_value
from mixpanel_nb.results import SyncResult
from mixpanel_nb.views.base import View


class SyncView(View[SyncResult]):
    """Added, changed and removed events, one row per day."""

    shown_rows: ClassVar[int] = 31

    @property
    def headline(self) -> str:
        """The sync in one line: ``events has 4,136 events: 2 new days (310 events); 5 days again: …``."""
        return f"{self._title()}: {'; '.join([*self._new(), *self._again()]) or 'nothing was asked'}."

    def card(self, *, max_rows: int | None = None) -> Card:
        """A headline, and the days."""
        del max_rows
        headers = [*map(Column, self.result.column_names), Column("day", "text")]
        rows = [
            (day.date, day.added, day.changed, day.removed, day.total, "new" if day.is_new else "again")
            for day in self.result.days
        ]
        return Card(
            title=self._title(),
            subtitle="; ".join([*self._new(), *self._again()]) or None,
            table=Table(headers, rows) if rows else None,
            notes=self.remarks,
            empty=None if rows else "There is no new day; nothing was asked.",
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, and the cohorts that were computed again."""
        told = [f"{cohort.name} ({counted(cohort.size, 'user')})" for cohort in self.result.cohorts]
        computed = [f"Cohorts computed again: {', '.join(told)}."] if told else []
        return [*self.result.notes, *computed]

    def _title(self) -> str:
        return f"{format_value(self.result.rows)} events in {self.result.table}"

    def _new(self) -> list[str]:
        """How many days are new."""
        days = self.result.new_days
        if not days:
            return []
        return [f"{counted(len(days), 'new day')} with {counted(sum(day.total for day in days), 'event')}"]

    def _again(self) -> list[str]:
        """The changes of the days that were fetched again."""
        days = self.result.days_again
        if not days:
            return []
        counts = {
            "came late": sum(day.added for day in days),
            "changed": sum(day.changed for day in days),
            "removed": sum(day.removed for day in days),
        }
        told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "nothing changed"
        return [f"{counted(len(days), 'day')} fetched again: {told}"]
