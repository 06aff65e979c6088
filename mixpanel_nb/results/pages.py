"""Rows a page at a time, for widgets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.display import Column
    from mixpanel_nb.results.query import RowSource


@dataclass(frozen=True)
class Pages:
    """The rows of a source under headings.

    Attributes:
        headings: One a column.
        source: Where the rows are, and who sorts them.
    """

    headings: Sequence[Column]
    source: RowSource

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return self.source.row_count

    def page(self, limit: int, offset: int, sort: int | None, *, descending: bool) -> list[tuple[Any, ...]]:
        """Rows ``offset`` to ``offset + limit``, sorted by column ``sort`` or, without one, as they came."""
        return self.source.fetch(limit, offset, None if sort is None else (sort, descending))


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
