"""Statistics of every column of a table."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.base import RowsResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class ColumnSummary:
    """Statistics of one column.

    Attributes:
        column: Its name.
        type: DuckDB's type name.
        min: Smallest value, as text.
        max: Largest value, as text.
        approx_unique: About how many different values it holds.
        avg: Mean, as text; None for a column that has none.
        std: Standard deviation, as text.
        q25: Lower quartile, as text.
        q50: Median, as text.
        q75: Upper quartile, as text.
        count: Rows of the table.
        null_percentage: Share of the rows that are NULL, 0 to 100.
    """

    column: str
    type: str
    min: Any = None
    max: Any = None
    approx_unique: int | None = None
    avg: Any = None
    std: Any = None
    q25: Any = None
    q50: Any = None
    q75: Any = None
    count: int = 0
    null_percentage: Any = None


@dataclass(frozen=True, repr=False)
class SummaryResult(RowsResult):
    """Statistics of every column of a table, as DuckDB's ``SUMMARIZE`` gives them.

    Attributes:
        table: The table.
        statistics: One ``ColumnSummary`` a column.
    """

    table: str
    statistics: tuple[ColumnSummary, ...]

    @classmethod
    def from_rows(cls, table: str, rows: Iterable[Sequence[Any]]) -> SummaryResult:
        """The result from rows in the order of ``SUMMARIZE``'s columns."""
        return cls(table, tuple(ColumnSummary(*row) for row in rows))

    @property
    def column_names(self) -> list[str]:
        """The fields of ``ColumnSummary``."""
        return [field.name for field in dataclasses.fields(ColumnSummary)]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a column of the table."""
        return [tuple(getattr(item, name) for name in self.column_names) for item in self.statistics]
