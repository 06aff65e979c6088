"""The rows of a query, kept by DuckDB and handed out in pieces."""

from __future__ import annotations

import itertools
import weakref
from typing import TYPE_CHECKING, Any

from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

RESULTS = "_results"  # the session's own in-memory catalog for answers

_numbers = itertools.count(1)


def fresh_name() -> str:
    """A name for a table of answers that no other result of this process has."""
    return f"_rows_{next(_numbers)}"


class StoredRows:
    """A query's answer as a table in the session's memory: paged without loading it whole.

    It is gone when nothing refers to it any more, or when the session ends.

    Attributes:
        columns: Column names.
        types: DuckDB type names, one a column.
        row_count: Rows in all.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        self._cursor = con.cursor()
        self._table = f"{RESULTS}.main.{identifier(name)}"
        described = self._cursor.execute(f"DESCRIBE {self._table}").fetchall()
        self.columns: list[str] = [row[0] for row in described]
        self.types: list[str] = [row[1] for row in described]
        counted = self._cursor.execute(f"SELECT count(*) FROM {self._table}").fetchone()
        self.row_count: int = counted[0] if counted else 0
        weakref.finalize(self, _drop, self._cursor, self._table)

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The rows as a DuckDB relation, for further work in DuckDB's Python API."""
        return self._cursor.sql(f"FROM {self._table}")

    def fetch(self, limit: int | None = None, offset: int = 0) -> list[tuple[Any, ...]]:
        """At most ``limit`` rows (all if None) from the ``offset``-th on, in the query's order."""
        top = "" if limit is None else f" LIMIT {int(limit)}"
        return self._cursor.execute(f"FROM {self._table}{top} OFFSET {int(offset)}").fetchall()

    def df(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame."""
        return self._cursor.execute(f"FROM {self._table}").df()


def _drop(cursor: duckdb.DuckDBPyConnection, table: str) -> None:
    import duckdb

    try:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.close()
    except duckdb.Error:
        return  # the session has ended, and the table with it
