"""Result of a SQL query, which fetches rows on demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.naming import unique_names
from mixpanel_nb.results.base import RowsResult
from mixpanel_nb.results.json_safe import json_safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from mixpanel_nb.rows import RowSource

BATCH_ROWS = 2_048
"""Rows fetched at a time while iterating."""


@dataclass(frozen=True, repr=False, eq=False)
class SQLResult(RowsResult):
    """The rows of a query.

    Its length is the number of rows; iterating gives tuples, a batch at a time. A card fetches only the rows
    it shows.

    Attributes:
        query: The SQL.
        source: Where the rows are.
        params: Values bound to the query's parameters.
        chart_options: Options of a chart on the card: ``kind`` (``line``, ``bar``, ``area``, ``point``),
            ``x``, ``y``, ``color`` (column names; those left out are chosen by type), ``title``, ``stack``,
            ``group`` and ``log`` (whether bars and areas are stacked, bars stand beside each other, the axis
            is logarithmic), and ``smooth`` (rows of a rolling mean).
        max_rows: Rows a card shows; None is the usual number.
    """

    query: str
    source: RowSource
    params: Mapping[str, Any] | Sequence[Any] | None = None
    chart_options: Mapping[str, Any] | None = None
    max_rows: int | None = None

    @cached_property
    def column_names(self) -> list[str]:
        """The query's columns; a name that repeats gets a number: ``a``, ``a_1``."""
        return unique_names(list(self.source.columns))

    def tuples(self) -> list[tuple[Any, ...]]:
        """All rows; this fetches them."""
        return self.source.fetch()

    def __len__(self) -> int:
        return self.source.row_count

    def __bool__(self) -> bool:
        return True  # an answer without rows is still an answer

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for offset in range(0, len(self), BATCH_ROWS):
            yield from self.source.fetch(BATCH_ROWS, offset)

    def to_dict(self) -> dict[str, Any]:
        """``query``, ``params``, ``columns``, ``types``, ``row_count`` and all ``rows`` as records."""
        return {
            "query": self.query,
            "params": json_safe(self.params),
            "columns": self.column_names,
            "types": list(self.source.types),
            "row_count": len(self),
            "rows": self.records(),
        }

    def _frame(self) -> pd.DataFrame:
        frame = self.source.df()
        frame.columns = self.column_names
        return frame
