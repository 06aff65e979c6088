"""What an export has written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.base import Result

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.display import Card


@dataclass(frozen=True, repr=False)
class ExportResult(Result):
    """Rows that were written to a file, or to a folder of files.

    Attributes:
        source: The table or the SQL.
        path: The file, or the folder of a partitioned export.
        format: ``parquet``, ``csv`` or ``jsonl``.
        compression: ``gzip``, ``zstd`` or None; inside the file for Parquet.
        rows: Rows written.
        size_bytes: Bytes of all files; None where they went to a pipe.
        files: How many files.
        partition_by: Columns whose values name the folders.
    """

    source: str
    path: Path
    format: str
    compression: str | None
    rows: int
    size_bytes: int | None
    files: int = 1
    partition_by: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The result in one line: ``12,345 rows in events.parquet (1.2 MB)``."""
        from mixpanel_nb.display import counted, format_value

        size = "" if self.size_bytes is None else f" ({format_value(self.size_bytes, 'bytes')})"
        where = f"{self.files:,} files of {self.path.name}" if self.partition_by else self.path.name
        return f"{counted(self.rows, 'row')} in {where}{size}"

    @property
    def column_names(self) -> list[str]:
        """The fields but the source."""
        return ["path", "format", "compression", "rows", "size_bytes", "files", "partition_by"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row."""
        partition_by = ", ".join(self.partition_by) or None
        return [
            (
                *(str(self.path), self.format, self.compression, self.rows, self.size_bytes, self.files),
                partition_by,
            )
        ]

    def card(self, *, max_rows: int | None = None) -> Card:
        """Rows, size, file and format. The folder differs per machine: it is not shown."""
        del max_rows
        from mixpanel_nb.display import Card

        kind = {"parquet": "Parquet", "csv": "CSV", "jsonl": "JSON lines"}[self.format]
        known = {
            "Format": f"{kind}, {self.compression}" if self.compression else kind,
            "Partitioned by": ", ".join(self.partition_by),
            "Source": self.source if len(self.source.split()) == 1 else "",
        }
        query = "" if known["Source"] else self.source
        return Card(
            title=self.headline,
            facts=[(label, value) for label, value in known.items() if value],
            query=query or None,
        )
