"""The rows of a query, stored in DuckDB and read in batches."""

from __future__ import annotations

import itertools
import weakref
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from mixpanel_nb.errors import QueryError
from mixpanel_nb.naming import unique_names
from mixpanel_nb.storage.connections import RESULTS, new_session
from mixpanel_nb.storage.explain import explain
from mixpanel_nb.storage.interrupt import keyboard_interrupts
from mixpanel_nb.storage.scratch import Scratch
from mixpanel_nb.storage.sqltext import identifier, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self

    import pandas as pd

    from mixpanel_nb.rows import MemoryRows, Order

_numbers = itertools.count(1)


def fresh_table() -> str:
    """A table of answers that no other result of this process has, as SQL."""
    return f"{RESULTS}.main.{identifier(f'_rows_{next(_numbers)}')}"


class StoredRows:
    """A query's answer as a table in the session's memory: paged without loading it whole.

    It is deleted when nothing refers to it any more, or when the session ends. Safe to read from several
    threads.

    Attributes:
        columns: Column names.
        types: DuckDB type names, one a column.
        row_count: Rows in all.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, table: str) -> None:
        self._connection = con.cursor()
        self._table = table
        described = self._ask(f"DESCRIBE {table}").fetchall()
        self.columns: list[str] = [row[0] for row in described]
        self.types: list[str] = [row[1] for row in described]
        counted = self._ask(f"SELECT count(*) FROM {table}").fetchone()
        self.row_count: int = counted[0] if counted else 0
        self._forget = weakref.finalize(self, _drop, self._connection, table)
        self._forget.atexit = False  # memory needs no tidying when the process ends

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, rows: MemoryRows) -> StoredRows:
        """Rows from Python's memory as a table of the session (of one empty column, if they have none)."""
        names = unique_names(rows.columns) or ["Success"]
        types = rows.types or ["BOOLEAN"]
        table = fresh_table()
        columns = ", ".join(f"{identifier(n)} {t}" for n, t in zip(names, types, strict=True))
        con.execute(f"CREATE TABLE {table} ({columns})")
        if rows.rows_:
            con.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", list(rows.rows_))
        return cls(con, table)

    def __copy__(self) -> Self:
        return self  # the rows never change

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[Callable[[bytes], StoredRows], tuple[bytes]]:
        """Rows outlive their session in a pickle: as a DuckDB file, which keeps every type as it is."""
        return _unpacked, (_packed(self._connection.cursor(), self._table),)

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The rows as a DuckDB relation, for further work in DuckDB's Python API.

        They stay until the session ends: what is derived from a relation does not tell when it is gone.
        """
        self._forget.detach()
        return self._connection.cursor().sql(f"FROM {self._table}")

    def fetch(
        self, limit: int | None = None, offset: int = 0, order: Order | None = None
    ) -> list[tuple[Any, ...]]:
        """At most ``limit`` rows (all if None) from the ``offset``-th on, in the query's order or another."""
        if order is not None:
            return self._fetch_sorted(self.row_count if limit is None else limit, offset, order)
        top = "" if limit is None else f" LIMIT {int(limit)}"
        with keyboard_interrupts(), _for_python():
            return self._ask(f"FROM {self._table}{top} OFFSET {int(offset)}").fetchall()

    def _fetch_sorted(self, limit: int, offset: int, order: Order) -> list[tuple[Any, ...]]:
        """Sorted rows. DuckDB keeps only as many as it passes, so the last ones are found from the end."""
        place, descending = order
        offset = min(offset, self.row_count)
        limit = min(limit, self.row_count - offset)
        behind = self.row_count - offset - limit
        backwards = behind < offset
        way = "DESC" if descending != backwards else "ASC"
        nulls, equals = ("FIRST", "DESC") if backwards else ("LAST", "ASC")
        with keyboard_interrupts():
            rows = self._ask(
                f"FROM {self._table} ORDER BY {identifier(self.columns[place])} {way} NULLS {nulls}, "
                f"rowid {equals} LIMIT {limit} OFFSET {min(offset, behind)}"
            ).fetchall()
        return rows[::-1] if backwards else rows

    def df(self) -> pd.DataFrame:
        """All rows as a pandas DataFrame."""
        with keyboard_interrupts(), _for_python():
            return self._ask(f"FROM {self._table}").df()

    def _ask(self, query: str) -> duckdb.DuckDBPyConnection:
        return self._connection.cursor().execute(query)


def _packed(con: duckdb.DuckDBPyConnection, table: str) -> bytes:
    with Scratch() as scratch:
        file = scratch.path / "rows.db"
        with _attached(con, file, "READ_WRITE") as catalog:
            con.execute(f"CREATE TABLE {catalog}.main.packed AS FROM {table} ORDER BY rowid")
        return zlib.compress(file.read_bytes(), level=1)


def _unpacked(packed: bytes) -> StoredRows:
    con, table = new_session(), fresh_table()
    with Scratch() as scratch:
        file = scratch.path / "rows.db"
        file.write_bytes(zlib.decompress(packed))
        with _attached(con, file, "READ_ONLY") as catalog:
            con.execute(f"CREATE TABLE {table} AS FROM {catalog}.main.packed ORDER BY rowid")
    return StoredRows(con, table)


@contextmanager
def _attached(con: duckdb.DuckDBPyConnection, file: Path, access: str) -> Iterator[str]:
    """A file of rows under a name of its own, for the length of the block."""
    catalog = f"_packed_{next(_numbers)}"
    con.execute(f"ATTACH {text(str(file))} AS {catalog} (TYPE duckdb, {access})")
    try:
        yield catalog
    finally:
        con.execute(f"DETACH {catalog}")


@contextmanager
def _for_python() -> Iterator[None]:
    """Values that DuckDB has and Python (or pandas) has not, such as a date without end, reported clearly."""
    try:
        yield
    except (duckdb.ConversionException, duckdb.NotImplementedException) as error:
        message = f"The answer holds a value that Python cannot: {explain(error).message}"
        raise QueryError(message, hint="Cast its column to VARCHAR.") from None


def _drop(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    try:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    except duckdb.Error:
        return  # the session has ended, and the table with it
