"""View of the tables of a lake."""

from __future__ import annotations

from mixpanel_nb.display import Card, Column, Table, counted
from mixpanel_nb.results import LakeTableList
from mixpanel_nb.views.tables import ItemsView


class LakeTableListView(ItemsView[LakeTableList]):
    """The tables of a lake."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Rows, files, size, days and completeness of each table. The lake's folder differs per machine."""
        del max_rows
        headers = [
            Column("table", "text"),
            Column("rows", "integer"),
            Column("files", "integer"),
            Column("MB", "number"),
            Column("from", "date"),
            Column("to", "date"),
            Column("complete", "text"),
        ]
        rows = [
            (
                each.name,
                each.rows,
                each.files,
                round(each.size_bytes / 1e6, 2),
                each.from_date,
                each.to_date,
                "yes" if each.complete else "no",
            )
            for each in self.result.tables
        ]
        return Card(
            title=f"Lake with {counted(len(rows), 'table')}",
            table=Table(headers, rows),
            notes=self.remarks,
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, and the properties that reports read from the JSON."""
        outgrown = [
            f"Of {each.name}, reports read {', '.join(each.outgrown)} from the JSON: later values have other "
            "types than the column. Compacting the lake gives it another type."
            for each in self.result.tables
            if each.outgrown
        ]
        return [*self.result.notes, *outgrown]
