"""The rows of a SQL query, however many: what is shown is fetched, the rest stays where it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.results.base import RowsResult, unique_names
from mixpanel_nb.results.json_safe import json_safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd


BATCH_ROWS = 2_048
"""Rows fetched at a time while iterating."""


Order = tuple[int, bool]
"""A column's place, and whether its largest value comes first; rows without a value come last."""


class RowSource(Protocol):
    """Rows that may live elsewhere, such as in DuckDB."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns, as the query gives them."""

    @property
    def types(self) -> list[str]:
        """DuckDB's type names of the columns."""

    @property
    def row_count(self) -> int:
        """How many rows there are."""

    def fetch(
        self, limit: int | None = None, offset: int = 0, order: Order | None = None
    ) -> list[tuple[Any, ...]]:
        """Rows ``offset`` to ``offset + limit`` (None is all of them), sorted where an order is given."""

    def df(self) -> pd.DataFrame:
        """All rows as a DataFrame."""


@dataclass(frozen=True, eq=False)
class MemoryRows:
    """Rows held in memory.

    Attributes:
        columns: Names of the columns.
        types: DuckDB's type names.
        rows_: The rows.
    """

    columns: list[str]
    types: list[str]
    rows_: Sequence[tuple[Any, ...]]

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.rows_)

    def fetch(
        self, limit: int | None = None, offset: int = 0, order: Order | None = None
    ) -> list[tuple[Any, ...]]:
        """Rows ``offset`` to ``offset + limit`` (None is all of them), sorted where an order is given."""
        rows = self.rows_ if order is None else sorted_rows(self.rows_, order[0], descending=order[1])
        return list(rows[offset : None if limit is None else offset + limit])

    def df(self) -> pd.DataFrame:
        """All rows as a DataFrame."""
        import pandas as pd

        return pd.DataFrame.from_records(list(self.rows_), columns=unique_names(self.columns))


@dataclass(frozen=True, repr=False, eq=False)
class SQLResult(RowsResult):
    """What a query answered.

    Its length is the number of rows; iterating gives tuples, a batch at a time. A card fetches only what
    it shows.

    Attributes:
        query: The SQL.
        source: Where the rows are.
        params: Values bound to the query's parameters.
        chart_options: Asks for a chart on the card: ``kind`` (``line``, ``bar``, ``area``, ``point``),
            ``x``, ``y``, ``color`` (column names; those left out are chosen by type) and ``title``.
        max_rows: Rows a card shows; None is the usual number.
    """

    query: str
    source: RowSource
    params: Mapping[str, Any] | Sequence[Any] | None = None
    chart_options: Mapping[str, str | None] | None = None
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


def sorted_rows(rows: Sequence[tuple[Any, ...]], place: int, *, descending: bool) -> list[tuple[Any, ...]]:
    """The rows by the values of a column; equal ones as they came, those without a value last."""
    known = [row for row in rows if not _is_missing(row[place])]
    known.sort(key=lambda row: _rank(row[place]), reverse=descending)
    return [*known, *(row for row in rows if _is_missing(row[place]))]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float | Decimal) and math.isnan(value))


def _rank(value: Any) -> tuple[str, Any]:
    """Orders values of one kind among themselves, and values of different kinds by kind."""
    if isinstance(value, int | float | Decimal):
        return "", value
    return type(value).__name__, value if isinstance(value, str | date) else str(value)
