"""Views of the cohorts of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import Card, Chart, Column, Table, counted, format_value, series_chart
from mixpanel_nb.results import CohortResult, CohortSizesResult, LocalCohort, LocalCohortList
from mixpanel_nb.views.base import MORE_IN_DF, View
from mixpanel_nb.views.tables import ItemsView
from mixpanel_nb.views.words import days, listed, short

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN_IDS = 5
_MAX_WORDS = 300


class CohortView(View[CohortResult]):
    """One cohort: how many users, who they are, and how to use it."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Size, share, definition, table and days; the first ids."""
        del max_rows
        cohort = self.result.cohort
        ids = self.result.first_ids(_SHOWN_IDS)
        table = Table([Column("first users", "text")], [(user,) for user in ids])
        return Card(
            title=f"{short(cohort.name)}: {counted(cohort.size, 'user')}",
            subtitle=short(cohort.definition.words(), _MAX_WORDS),
            facts=_facts(cohort),
            table=table if ids else None,
            query=self.result.sql,
            notes=[*self.remarks, _use(cohort)],
            empty=None if cohort.size else "Nobody is in it.",
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, and how many of the users the table does not have."""
        cohort = self.result.cohort
        notes = list(self.result.notes)
        if cohort.found is not None and cohort.found < cohort.size:
            notes.append(f"{cohort.of_table} has events of {cohort.found:,} of them.")
        return notes

    def codes(self) -> list[tuple[str, str]]:
        """The call that makes it, and its SQL."""
        codes = [("Python", self.result.python)]
        return codes if self.result.sql is None else [*codes, ("SQL", self.result.sql)]


class CohortSizesView(View[CohortSizesResult]):
    """The size of a cohort over time."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """The last size and the highest, a line, and the sizes."""
        del max_rows
        sizes = self.result.sizes
        day, last = sizes[-1]
        top_day, top = max(sizes, key=lambda one: one[1])
        return Card(
            title=self._title,
            subtitle=short(self.result.cohort.definition.words(), _MAX_WORDS),
            facts=[(f"Users on {day}", last), ("Highest", f"{top:,} on {top_day}")],
            chart=self.drawing(titled=False),
            table=Table(
                [Column("date", "date"), Column("users", "integer")], sizes, more=MORE_IN_DF, newest=True
            ),
            query=self.result.sql,
        )

    @property
    def _title(self) -> str:
        return f"Users in {short(self.result.cohort.name)}, at the end of each {self.result.unit}"

    def drawing(self, *, titled: bool) -> Chart | None:
        """A line over time."""
        sizes = self.result.sizes
        points = [{"date": day.isoformat(), "users": users} for day, users in sizes]
        title = self._title if titled else None
        (first, before), (last, after) = sizes[0], sizes[-1]
        words = f"{self._title}: {before:,} on {first}, {after:,} on {last}."
        return Chart(lambda: series_chart(points, "date", "users", title=title), words)


class LocalCohortListView(ItemsView[LocalCohortList]):
    """The cohorts of the database."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Name, size, share, definition and origin of each cohort."""
        del max_rows
        columns = [
            Column("cohort", "text"),
            Column("users", "integer"),
            Column("share", "percent"),
            Column("who", "text"),
            Column("table", "text"),
            Column("to", "date"),
            Column("in SQL", "text"),
        ]
        rows = [_row(cohort) for cohort in self.result]
        return Card(
            title=counted(len(rows), "cohort"),
            table=Table(columns, rows) if rows else None,
            empty=None if rows else "There are no cohorts in this database yet.",
        )


def _row(cohort: LocalCohort) -> Sequence[Any]:
    words = short(cohort.definition.words(), 60)
    share = "" if cohort.share is None else cohort.share
    return (
        cohort.name,
        cohort.size,
        share,
        words,
        cohort.of_table or "",
        cohort.to_date or "",
        cohort.table,
    )


def _facts(cohort: LocalCohort) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = [("Users", cohort.size)]
    if cohort.share is not None:
        of = f"Of {counted(cohort.users or 0, 'user')} of {cohort.of_table}"
        facts.append((of, format_value(cohort.share, "percent")))
    if cohort.from_date is not None and cohort.to_date is not None:
        facts.append(("Days of the table", days(cohort.from_date, cohort.to_date)))
    return facts


def _use(cohort: LocalCohort) -> str:
    """What to type next, in a command and in Python."""
    name = f'"{cohort.name}"' if not cohort.name.isidentifier() else cohort.name
    return listed(
        (
            f"In reports: --in {name}, --not-in {name}, --on {_quoted(f'cohort:{cohort.name}')}",
            f"in Python: in_cohort={cohort.name!r}",
            f"in SQL: {cohort.table}.",
        ),
        "; ",
    )


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word
