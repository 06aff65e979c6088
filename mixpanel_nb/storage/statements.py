"""Ready-made statements about one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Collection

_KEYS = ("insert_id", "distinct_id")
_ROW = "_sampled_row"


def sample_sql(table: str, columns: Collection[str], n: int) -> str:
    """``n`` rows from all over a table or view: by hash of what identifies a row, so the same each time."""
    key = next((identifier(name) for name in _KEYS if name in columns), _ROW)
    return f"SELECT * FROM {identifier(table)} AS {_ROW} ORDER BY hash({key}), {key} LIMIT {int(n)}"


def summarize_sql(table: str, columns: Collection[str]) -> str:
    """Statistics of the columns of ``table``; JSON is left out, where they would say little and cost much."""
    chosen = ", ".join(identifier(name) for name in columns)
    return f"SUMMARIZE SELECT {chosen} FROM {identifier(table)}"
