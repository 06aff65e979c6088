"""View of an export."""

from __future__ import annotations

from mixpanel_nb.display import Card, counted, format_value
from mixpanel_nb.results import ExportResult
from mixpanel_nb.views.base import View


class ExportView(View[ExportResult]):
    """Rows that were written to files."""

    @property
    def headline(self) -> str:
        """The result in one line: ``12,345 rows in events.parquet (1.2 MB)``."""
        size = "" if self.result.size_bytes is None else f" ({format_value(self.result.size_bytes, 'bytes')})"
        where = (
            f"{self.result.files:,} files of {self.result.path.name}"
            if self.result.partition_by
            else self.result.path.name
        )
        return f"{counted(self.result.rows, 'row')} in {where}{size}"

    def card(self, *, max_rows: int | None = None) -> Card:
        """Rows, size, file and format. The folder differs per machine: it is not shown."""
        del max_rows
        kind = {"parquet": "Parquet", "csv": "CSV", "jsonl": "JSON lines", "lake": "Lake"}[self.result.format]
        known = {
            "Format": f"{kind}, {self.result.compression}" if self.result.compression else kind,
            "Partitioned by": ", ".join(self.result.partition_by),
            "Source": self.result.source if len(self.result.source.split()) == 1 else "",
        }
        query = "" if known["Source"] else self.result.source
        return Card(
            title=self.headline,
            facts=[(label, value) for label, value in known.items() if value],
            query=query or None,
        )
