"""Sources of rows that are read in batches: memory, or a database."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.naming import unique_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

Order = tuple[int, bool]
"""A column's place, and whether its largest value comes first; rows without a value come last."""


class RowSource(Protocol):
    """Rows that may be stored elsewhere, such as in DuckDB."""

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


_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")


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
        """All rows as a DataFrame; days and times are those of pandas, as in DuckDB's own."""
        import pandas as pd

        frame = pd.DataFrame.from_records(list(self.rows_), columns=unique_names(self.columns))
        for name, kind in zip(frame.columns, self.types, strict=False):  # the types of some are not known
            if kind in _TIMES:
                with suppress(ValueError, TypeError):  # days before the year 1 stay text
                    frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
        return frame


def sorted_rows(rows: Sequence[tuple[Any, ...]], place: int, *, descending: bool) -> list[tuple[Any, ...]]:
    """The rows by the values of a column; a stable sort, with missing values last."""
    known = [row for row in rows if not _is_missing(row[place])]
    known.sort(key=lambda row: _rank(row[place]), reverse=descending)
    return [*known, *(row for row in rows if _is_missing(row[place]))]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float | Decimal) and math.isnan(value))


def _rank(value: Any) -> tuple[str, Any]:
    """A sort key that orders values of different kinds by kind."""
    if isinstance(value, int | float | Decimal):
        return "", value
    return type(value).__name__, value if isinstance(value, str | date) else str(value)
