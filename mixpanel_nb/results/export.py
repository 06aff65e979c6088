"""Result of an export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.base import Result

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, repr=False)
class ExportResult(Result):
    """Rows that were written to a file, or to a folder of files.

    Attributes:
        source: The table or the SQL.
        path: The file, or the folder of a partitioned export.
        format: ``parquet``, ``csv``, ``jsonl`` or ``lake``.
        compression: ``gzip``, ``zstd`` or None; inside the file for Parquet.
        rows: Rows written.
        size_bytes: Bytes of all files; None for a pipe.
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
