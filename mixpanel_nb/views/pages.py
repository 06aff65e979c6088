"""Rows a page at a time, for widgets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.display import Column
    from mixpanel_nb.results import RowSource


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
