"""View of an expression."""

from __future__ import annotations

from mixpanel_nb.display import Card
from mixpanel_nb.results import ExpressionResult
from mixpanel_nb.views.base import View


class ExpressionView(View[ExpressionResult]):
    """What an expression means over a table."""

    @property
    def remarks(self) -> list[str]:
        """The notes."""
        return list(self.result.notes)

    def card(self, *, max_rows: int | None = None) -> Card:
        """The expression, and its query line by line."""
        del max_rows
        return Card(
            title=self.result.expression,
            subtitle=f"in {self.result.table}",
            notes=[*self.result.sql.split("\n"), *self.result.notes],
        )
