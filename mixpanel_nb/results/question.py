"""``Question``: the query behind a report, and the service that answered it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from mixpanel_nb.queries import Query


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

    def funnels(self) -> list[tuple[str, int]]:
        """Name and id of Mixpanel's saved funnels."""


class QueryService(Protocol):
    """Answers queries, of Mixpanel or of tables."""

    def ask(self, query: Query[Any]) -> Any:
        """The answer, a `ReportResult`."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that queries can be made of."""


@dataclass(frozen=True, eq=False)
class Question:
    """A query and the service that answered it.

    Attributes:
        query: The query.
        service: Answers it again; None in a copy that came from a pickle.
    """

    query: Query[Any]
    service: QueryService | None

    def __getstate__(self) -> dict[str, Any]:
        return {"query": self.query, "service": None}
