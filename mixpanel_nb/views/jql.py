"""How the rows of a JQL script look."""

from __future__ import annotations

from mixpanel_nb.display import Card, Column, Table, counted
from mixpanel_nb.results import JQLResult
from mixpanel_nb.views.base import MORE_IN_DF
from mixpanel_nb.views.report import ReportView


class JQLView(ReportView[JQLResult]):
    """What a JQL script returned."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """The rows, and the script behind them."""
        rows = self.result.tuples()[: self.limit(max_rows)]
        columns = [Column(name) for name in self.result.column_names]
        table = Table(columns, rows, total_rows=len(self.result.raw), more=MORE_IN_DF)
        return Card(
            title=f"JQL: {counted(len(self.result.raw), 'row')} × {counted(len(columns), 'column')}",
            table=table if rows else None,
            query=self.result.query,
            notes=self.result.notes,
            empty=None if self.result.raw else "The script returned no rows.",
        )
