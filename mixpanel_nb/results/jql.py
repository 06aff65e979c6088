"""What a JQL script returned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.display import Card

VALUE = "value"


@dataclass(frozen=True, repr=False)
class JQLResult(ReportResult):
    """What a JQL script returned, as it came.

    Attributes:
        script: The script.
        raw: What it returned: any JSON, most often objects.
        params: What the script was given.
    """

    script: str
    raw: tuple[Any, ...]
    params: Mapping[str, Any] | None = None

    @cached_property
    def column_names(self) -> list[str]:
        """The keys of the objects, in the order in which they first come, or ``value`` for anything else."""
        keys = dict.fromkeys(
            key for item in self.raw for key in (item if isinstance(item, dict) else (VALUE,))
        )
        return list(keys)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row an item; None where it lacks a key."""
        items = (item if isinstance(item, dict) else {VALUE: item} for item in self.raw)
        return [tuple(map(item.get, self.column_names)) for item in items]

    @property
    def query(self) -> str:
        """The script."""
        return self.script

    def card(self, *, max_rows: int | None = None) -> Card:
        """The rows, and the script behind them."""
        from mixpanel_nb.display import Card, Column, Table, counted

        rows = self.tuples()[: self._limit(max_rows)]
        columns = [Column(name) for name in self.column_names]
        table = Table(columns, rows, total_rows=len(self.raw), more=".df has them all")
        return Card(
            title=f"JQL: {counted(len(self.raw), 'row')} × {counted(len(columns), 'column')}",
            table=table if rows else None,
            query=self.query,
            notes=self.notes,
            empty=None if self.raw else "The script returned no rows.",
        )
