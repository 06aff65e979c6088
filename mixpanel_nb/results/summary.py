"""Statistics of every column of a table."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.base import RowsResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.display import Card

_SECONDS = len("2025-01-31 23:59:59")


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

    shown_rows: ClassVar[int] = 200

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

    def card(self, *, max_rows: int | None = None) -> Card:
        """Type, nulls, distinct values, range, mean and median of each column; ``.df`` has the rest."""
        del max_rows
        from mixpanel_nb.display import Card, Column, Table, format_value

        columns = [
            Column("column", "text"),
            Column("type", "text"),
            Column("null", "percent"),
            Column("unique ≈", "integer"),
            Column("min", "text"),
            Column("median", "text"),
            Column("max", "text"),
            Column("mean", "number"),
        ]
        count = max((item.count for item in self.statistics), default=0)
        return Card(
            title=f"{self.table}: {len(self.statistics)} columns, {format_value(count)} rows",
            table=Table(columns, [_shown_row(item) for item in self.statistics]),
        )


def _shown_row(item: ColumnSummary) -> tuple[Any, ...]:
    nulls = None if item.null_percentage is None else float(item.null_percentage) / 100
    values = (item.min, item.q50, item.max, _number(item.avg))
    return (
        item.column,
        item.type,
        nulls,
        None if item.approx_unique is None else min(item.approx_unique, item.count),  # an estimate may exceed
        *(_brief(value, item.type) for value in values),
    )


def _brief(value: Any, kind: str) -> Any:
    """Nothing where there is no such statistic (text has no median); times and fractions are cut short."""
    from mixpanel_nb.display import format_value

    if value is None:
        return ""
    if kind == "DOUBLE" and isinstance(value, str):
        return format_value(float(value))
    return value[:_SECONDS] if kind == "TIMESTAMP" and isinstance(value, str) else value


def _number(value: Any) -> Any:
    """The mean as a number; dates have a mean too, which stays the text it is."""
    try:
        return None if value is None else float(value)
    except ValueError:
        return value
