"""View of a load of user files."""

from __future__ import annotations

from typing import Any

from mixpanel_nb.display import Card, Chart, counted, described_days, format_value
from mixpanel_nb.errors import ChartError
from mixpanel_nb.results import LoadResult
from mixpanel_nb.views.base import View

_NAMES = 5  # of files that are listed


class LoadView(View[LoadResult]):
    """What was loaded from files or a frame."""

    def undrawn(self) -> ChartError:
        """That there are no days."""
        return ChartError(f"There are no days to draw: {self.result.table!r} is empty.")

    def drawing(self, *, titled: bool) -> Chart | None:
        """Events per day as bars."""
        rows = self.result.records()
        return described_days(rows, f"Events per day in {self.result.table}", titled=titled) if rows else None

    @property
    def headline(self) -> str:
        """The load in one line: ``31,106 events in shop, 2024-01-01 to 2024-03-31 (31,106 new, …)``."""
        within = f", {' to '.join(self.result.date_range)}" if self.result.date_range else ""
        what = f"{self.result.new_rows:,} new, {counted(self.result.users, 'user')}"
        return f"{self.result.rows:,} events in {self.result.table}{within} ({what})."

    def card(self, *, max_rows: int | None = None) -> Card:
        """A headline, what was added, left out and guessed, and a drawing of the days."""
        del max_rows
        return Card(
            title=f"{format_value(self.result.rows)} events in {self.result.table}",
            subtitle=" to ".join(self.result.date_range) if self.result.date_range else None,
            facts=self._facts(),
            chart=self.drawing(titled=False) if self.result.rows else None,
            notes=[*self._gaps(), *self.remarks],
            empty=None if self.result.rows else "No row has a time, so none was loaded.",
        )

    @property
    def remarks(self) -> list[str]:
        """What was guessed, and which rows lack something."""
        result, said = self.result, []
        if result.held_files:
            said.append(self._held())
        if result.guessed and (result.files or not result.held_files):
            said.append(f"Guessed: {', '.join(result.guessed)}.")
        if result.user is None:
            said.append("No column was taken for the user: reports on users have nothing to count.")
        elif result.without_user:
            said.append(f"{counted(result.without_user, 'row')} without a user.")
        if result.without_time:
            said.append(f"{counted(result.without_time, 'row')} without a time left out.")
        if result.duplicates:
            rows = counted(result.duplicates, "row")
            said.append(f"{rows} removed: the same event, user, time and id ({result.id}) as another one.")
        return said

    def _held(self) -> str:
        """That the table holds files already."""
        names, is_one = self.result.held_files, len(self.result.held_files) == 1
        listed = (
            f"{', '.join(names[:_NAMES])}{' …' if len(names) > _NAMES else ''} {'is' if is_one else 'are'}"
        )
        again = (
            f" and {'was' if is_one else 'were'} not read again"
            if self.result.files
            else "; nothing was read"
        )
        return f"{listed} in {self.result.table} already{again}."

    def _gaps(self) -> list[str]:
        """That there are days without events, which the drawing shades."""
        empty = sum(not count for _, count in self.result.tuples())
        return [f"{counted(empty, 'day')} without events."] if empty else []

    def _facts(self) -> list[tuple[str, Any]]:
        facts: list[tuple[str, Any]] = [
            ("New", self.result.new_rows),
            ("Users", self.result.users),
            ("Days with events", self.result.days),
        ]
        if self.result.columns:
            facts.append(("Typed columns", len(self.result.columns)))
        return facts
