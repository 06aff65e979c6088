"""View of a table's statistics."""

from __future__ import annotations

from typing import Any, ClassVar

from mixpanel_nb.display import Card, Column, Table, format_value
from mixpanel_nb.results import ColumnSummary, SummaryResult
from mixpanel_nb.views.base import View

_SECONDS = len("2025-01-31 23:59:59")


class SummaryView(View[SummaryResult]):
    """Statistics of every column."""

    shown_rows: ClassVar[int] = 200

    def card(self, *, max_rows: int | None = None) -> Card:
        """Type, nulls, distinct values, range, mean and median of each column; ``.df`` has the rest."""
        del max_rows
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
        count = max((item.count for item in self.result.statistics), default=0)
        return Card(
            title=f"{self.result.table}: {len(self.result.statistics)} columns, {format_value(count)} rows",
            table=Table(columns, [_shown_row(item) for item in self.result.statistics]),
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
