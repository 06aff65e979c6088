"""Result of an expression: its SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixpanel_nb.results.base import Result


@dataclass(frozen=True, repr=False)
class ExpressionResult(Result):
    """A Mixpanel expression as SQL over a table.

    Attributes:
        expression: The expression.
        table: The table.
        sql: The events for which it is true: a runnable query.
        notes: Notes for the reader, such as a comparison that can never be true.
    """

    expression: str
    table: str
    sql: str
    notes: tuple[str, ...] = ()

    @property
    def column_names(self) -> list[str]:
        """The fields but the notes."""
        return ["expression", "table", "sql"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row."""
        return [(self.expression, self.table, self.sql)]
