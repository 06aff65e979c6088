"""Results about a lake: its tables with their files."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mixpanel_nb.results.base import RowsResult
from mixpanel_nb.results.tables import _ItemList

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True)
class LakeTableInfo:
    """One table of a lake.

    Attributes:
        name: Its name.
        type: ``events`` or ``profiles``.
        rows: Rows that it has.
        files: Parquet files of its current version.
        size_bytes: Their bytes.
        from_date: First day that was fetched; None for profiles.
        to_date: Last day that was fetched.
        complete: False while days of a fetch are missing.
        version: The version of its Delta log.
        outgrown: Properties whose column has another type than later values: reports read them from the
            JSON, until the lake is compacted.
    """

    name: str
    type: str
    rows: int
    files: int
    size_bytes: int
    from_date: date | None
    to_date: date | None
    complete: bool
    version: int
    outgrown: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class LakeTableList(_ItemList[LakeTableInfo], RowsResult):
    """The tables of a lake: a sequence of ``LakeTableInfo``.

    Attributes:
        place: Where the lake is.
        tables: Its tables.
        notes: What a compaction has done.
    """

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(LakeTableInfo))
    place: str
    tables: tuple[LakeTableInfo, ...]
    notes: tuple[str, ...] = ()

    def _items(self) -> tuple[LakeTableInfo, ...]:
        return self.tables
