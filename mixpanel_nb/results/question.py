"""``Question``: the query behind a report, and the service that answered it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.queries import Query
    from mixpanel_nb.queries.cells import Cell
    from mixpanel_nb.results.link import ReportLink
    from mixpanel_nb.results.query import SQLResult
    from mixpanel_nb.results.users import UsersResult


class Vocabulary(Protocol):
    """Names for queries. Methods never raise: unknown names are left out."""

    def tables(self) -> list[str]:
        """The fetched tables of events."""

    def events(self, table: str | None) -> list[str]:
        """Events of a table, or of Mixpanel."""

    def properties(self, table: str | None, event: str | None) -> list[str]:
        """Properties of an event, or of any."""

    def numbers(self, table: str | None, event: str | None) -> list[str]:
        """Properties that hold numbers."""

    def cohorts(self) -> list[str]:
        """Cohorts that are kept beside the tables."""

    def funnels(self) -> list[tuple[str, int]]:
        """Name and id of Mixpanel's saved funnels."""


class QueryService(Protocol):
    """Answers queries, of Mixpanel or of tables."""

    def ask(self, query: Query[Any]) -> Any:
        """The answer, a `ReportResult`."""

    def users(self, query: Query[Any], cell: Cell, found: Mapping[str, Any]) -> UsersResult:
        """The users behind a number of a report on a table.

        Args:
            query: The report.
            cell: The number, as it was asked for.
            found: What it stands for in the table.
        """

    def events_of(self, users: UsersResult) -> SQLResult:
        """All events of these users in the days of their report."""

    def report_link(self, query: Query[Any], name: str) -> ReportLink:
        """The link to a report in Mixpanel that asks a query, under a title."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that queries can be made of."""


@dataclass(frozen=True, eq=False)
class Question:
    """A query and the service that answered it.

    Attributes:
        query: The query.
        service: Answers it again; None in a copy that came from a pickle.
        settled: What a comparison took from the other report, such as the ranges of numbers.
    """

    query: Query[Any]
    service: QueryService | None
    settled: Mapping[str, Any] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        return {"query": self.query, "service": None, "settled": self.settled}
