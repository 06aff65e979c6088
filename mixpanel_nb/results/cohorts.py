"""Results about cohorts of the database."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.base import RowsResult
from mixpanel_nb.results.report import typed_frame
from mixpanel_nb.results.tables import _ItemList

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    import pandas as pd

    from mixpanel_nb.queries.cohorts import Definition


@dataclass(frozen=True)
class LocalCohort:
    """A cohort of the database.

    Attributes:
        name: Its name.
        table: The table of its ids, with the one column ``distinct_id``.
        size: Users in it.
        of_table: The table of events it was computed from, or None.
        users: Users of that table, or None.
        found: Users of the cohort that the table has events of, or None.
        from_date: The first day that the table covered.
        to_date: The last day.
        computed_at: When it was computed (UTC).
        definition: Who is meant.
    """

    name: str
    table: str
    size: int
    of_table: str | None
    users: int | None
    found: int | None
    from_date: date | None
    to_date: date | None
    computed_at: datetime
    definition: Definition

    @property
    def share(self) -> float | None:
        """The fraction of the table's users who are in it; None where the table has none."""
        return None if not self.users or self.found is None else self.found / self.users

    def row(self) -> tuple[Any, ...]:
        """Its fields, the definition in words."""
        values = [getattr(self, each.name) for each in dataclasses.fields(self)]
        return (*values[:-1], self.definition.words())


COLUMNS = tuple(each.name for each in dataclasses.fields(LocalCohort))


@dataclass(frozen=True, repr=False)
class LocalCohortList(_ItemList[LocalCohort], RowsResult):
    """The cohorts of the database: a sequence of ``LocalCohort``."""

    item_columns: ClassVar[tuple[str, ...]] = COLUMNS
    cohorts: tuple[LocalCohort, ...]

    def _items(self) -> tuple[LocalCohort, ...]:
        return self.cohorts

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a cohort."""
        return [cohort.row() for cohort in self.cohorts]


@dataclass(frozen=True, repr=False)
class CohortResult(RowsResult):
    """One cohort of the database; ``.df`` has one row of the columns of ``LocalCohortList``.

    Attributes:
        cohort: What is known of it.
        notes: Lines for the reader.
        sql: The statement that computed it; None where it was not computed now.
    """

    cohort: LocalCohort
    notes: tuple[str, ...] = ()
    sql: str | None = None
    read: Callable[[int | None], list[str]] | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Its name."""
        return self.cohort.name

    @property
    def size(self) -> int:
        """Users in it."""
        return self.cohort.size

    @property
    def ids(self) -> list[str]:
        """The ``distinct_id`` of each user, sorted; read from the database."""
        return self.first_ids(None)

    def first_ids(self, limit: int | None) -> list[str]:
        """The first so many ids; none in a copy that came from a pickle."""
        return [] if self.read is None else self.read(limit)

    @property
    def python(self) -> str:
        """The call that makes it."""
        return f"ws.cohort({self.name!r}, {self.cohort.definition.python()})"

    @property
    def column_names(self) -> list[str]:
        """The columns of ``LocalCohortList``."""
        return list(COLUMNS)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row."""
        return [self.cohort.row()]

    def to_dict(self) -> dict[str, Any]:
        """The row, and the definition as data."""
        (row,) = self.records()
        return {**row, "definition": self.cohort.definition.to_dict(), "notes": list(self.notes)}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "read": None}


@dataclass(frozen=True, repr=False)
class CohortSizesResult(RowsResult):
    """How many users a cohort had as of the end of some days.

    Attributes:
        cohort: The cohort.
        unit: ``day``, ``week`` or ``month``: how far the days are apart.
        sizes: Each day and the users as of its end, in order; a week or month is its last day.
        sql: The statement.
    """

    cohort: LocalCohort
    unit: str
    sizes: tuple[tuple[date, int], ...]
    sql: str | None = None

    @property
    def column_names(self) -> list[str]:
        """``date, users``."""
        return ["date", "users"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a day."""
        return list(self.sizes)

    def _frame(self) -> pd.DataFrame:
        return typed_frame(self.tuples(), self.column_names, {"date": "datetime64[ns]", "users": "int64"})
