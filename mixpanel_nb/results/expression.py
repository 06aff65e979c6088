"""A Mixpanel expression as SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.base import Result

if TYPE_CHECKING:
    from mixpanel_nb.display import Card


@dataclass(frozen=True, repr=False)
class ExpressionResult(Result):
    """What a Mixpanel expression means over a table.

    Attributes:
        expression: The expression.
        table: The table.
        sql: The events for which it is true: a query that runs as it stands.
        notes: What a reader should know, such as a comparison that can never hold.
    """

    expression: str
    table: str
    sql: str
    notes: tuple[str, ...] = ()

    @property
    def remarks(self) -> list[str]:
        """The notes."""
        return list(self.notes)

    @property
    def column_names(self) -> list[str]:
        """The fields but the notes."""
        return ["expression", "table", "sql"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row."""
        return [(self.expression, self.table, self.sql)]

    def card(self, *, max_rows: int | None = None) -> Card:
        """The expression, and its query line by line."""
        del max_rows
        from mixpanel_nb.display import Card

        return Card(
            title=self.expression, subtitle=f"in {self.table}", notes=[*self.sql.split("\n"), *self.notes]
        )
