"""Result of a question for the users behind a number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.results.query import SQLResult
from mixpanel_nb.rows import MemoryRows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from mixpanel_nb.queries import Query
    from mixpanel_nb.queries.cells import Cell
    from mixpanel_nb.results.question import QueryService


@dataclass(frozen=True, eq=False)
class UsersQuestion:
    """Whose users are meant, and the service that tells them.

    Attributes:
        query: The report.
        cell: The number of it, as it was asked for.
        found: What the number stands for in the table.
        service: Answers it; None in a copy that came from a pickle.
    """

    query: Query[Any]
    cell: Cell
    found: Mapping[str, Any]
    service: QueryService | None

    def __getstate__(self) -> dict[str, Any]:
        return {"query": self.query, "cell": self.cell, "found": self.found, "service": None}


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class UsersResult(SQLResult):
    """The users behind a number of a report, a row each, in the order of their first moment.

    Columns: ``distinct_id``; ``first_time`` and ``last_time`` (UTC) and ``events``, the number, of the events
    concerned; then the properties of the user's profile, where profiles were fetched. ``a & b``, ``a | b``
    and ``a - b`` give the users of both, of either, and of the first alone; a user of both keeps the row of
    the first.

    Attributes:
        table: The table of events.
        from_date: First day of the report.
        to_date: Last day of the report.
        questions: What was asked; several where results were combined.
        notes: Lines for the reader.
        combined: The signs with which results were combined; None where they were not.

    Example:
        >>> funnel = ws.funnel(steps=["View Product", "Add to Cart", "Purchase"], during="2025-01")
        >>> lost = funnel.users(step=3, dropped=True)
        >>> len(lost), lost.column_names[:4]
        (1223, ['distinct_id', 'first_time', 'last_time', 'events'])
    """

    table: str
    from_date: date
    to_date: date
    questions: tuple[UsersQuestion, ...]
    notes: tuple[str, ...] = ()
    combined: str | None = None

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The users' ``distinct_id``, in the order of the rows."""
        return tuple(row[0] for row in self.source.fetch())

    def events(self) -> SQLResult:
        """All events of these users in the report's days, oldest first, with all columns of the table.

        Raises:
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        service = next((asked.service for asked in self.questions if asked.service is not None), None)
        if service is None:
            raise no_workspace()
        return service.events_of(self)

    def __and__(self, other: UsersResult) -> UsersResult:
        both = set(_users(other).ids)
        return self._combined("&", other, (row for row in self.source.fetch() if row[0] in both))

    def __or__(self, other: UsersResult) -> UsersResult:
        known = set(self.ids)
        names = _users(other).column_names
        places = [names.index(name) if name in names else None for name in self.column_names]
        further = (
            tuple(None if place is None else row[place] for place in places)
            for row in other.source.fetch()
            if row[0] not in known
        )
        return self._combined("|", other, [*self.source.fetch(), *further])

    def __sub__(self, other: UsersResult) -> UsersResult:
        gone = set(_users(other).ids)
        return self._combined("-", other, (row for row in self.source.fetch() if row[0] not in gone))

    def _combined(self, sign: str, other: UsersResult, rows: Iterable[tuple[Any, ...]]) -> UsersResult:
        kept = MemoryRows(list(self.source.columns), list(self.source.types), list(rows))
        return replace(
            self,
            query=f"{self.query}\n\n-- {sign}\n\n{other.query}",
            source=kept,
            from_date=min(self.from_date, other.from_date),
            to_date=max(self.to_date, other.to_date),
            questions=(*self.questions, *other.questions),
            notes=tuple(dict.fromkeys([*self.notes, *other.notes])),
            combined=f"{self.combined or ''}{sign}{other.combined or ''}",
        )

    def to_dict(self) -> dict[str, Any]:
        """As of the rows of a query, with ``table``, the days and the notes."""
        days = {"from_date": self.from_date.isoformat(), "to_date": self.to_date.isoformat()}
        return {"table": self.table, **days, "notes": list(self.notes), **super().to_dict()}


def _users(other: object) -> UsersResult:
    """The other result, which has to be users."""
    if isinstance(other, UsersResult):
        return other
    message = f"Users are combined with users, and {type(other).__name__} is none."
    raise ParameterError(message, parameter="other", hint="Ask a result for its .users() first.")


def no_workspace() -> ParameterError:
    """The error of a result without the workspace that answered it."""
    message = "This result has lost its workspace, which alone knows the users behind it."
    return ParameterError(message, parameter="users", hint="Ask the report again, of a table.")
