"""``LakeStorage``: the storage of a workspace that reads a lake.

DuckDB works in memory. Each table of the lake is a view of the Parquet files of its current version, with the
columns and types that a fetched table would have, and its record is entered into the session's ledger. So
everything that reads a fetched table reads a lake, too.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from mixpanel_nb.errors import StorageError
from mixpanel_nb.files.places import LOG
from mixpanel_nb.storage import extraction, ledger
from mixpanel_nb.storage.database import Database
from mixpanel_nb.storage.engine import StorageEngine
from mixpanel_nb.storage.lake.delta import check_installed
from mixpanel_nb.storage.lake.objects import objects_at
from mixpanel_nb.storage.lake.table import LakeTable
from mixpanel_nb.storage.schema import BASE_COLUMNS, LAKE_VIEW, ROW_NUMBER
from mixpanel_nb.storage.sql import SQL
from mixpanel_nb.storage.sqltext import TABLE_NAME, identifier, literal_path, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb.files.places import Place
    from mixpanel_nb.storage.database import Mode
    from mixpanel_nb.storage.lake.records import LakeColumn, Record
    from mixpanel_nb.storage.lake.table import Snapshot

CURRENT_SECONDS = 1.0  # how long a version is taken for the current one
READ_ONLY = "A lake is filled by fetches; everything else in a workspace only reads it."
WHAT_INSTEAD = "Fetch into a database file for that, or into the lake to add days."
_CAST = {
    "event_time": "CAST({} AS TIMESTAMP)",
    "last_seen": "CAST({} AS TIMESTAMP)",
    "properties": "CAST({} AS JSON)",
}


class LakeStorage(StorageEngine):
    """A lake as the storage of a workspace: read-only, the current version at each statement.

    Args:
        place: The lake's place.

    Raises:
        ConfigError: ``deltalake`` is not installed.
    """

    def __init__(self, place: Place) -> None:
        check_installed()
        super().__init__(None, read_only=True)
        self.place = place
        self.path = place.folder
        self._database: LakeDatabase = LakeDatabase(place)
        self._sql = SQL(self._database)

    @property
    def address(self) -> str:
        """Where the lake is."""
        return self.place.address

    def lake_tables(self) -> dict[str, LakeTable]:
        """The tables of the lake, by name.

        Raises:
            StorageError: there are none.
        """
        return dict(sorted(self._database.tables().items()))


class LakeDatabase(Database):
    """A session in memory with a view of each table of a lake.

    Args:
        place: The lake's place.
    """

    fixed_settings = frozenset({"timezone"})
    elsewhere = WHAT_INSTEAD

    def __init__(self, place: Place) -> None:
        super().__init__(None, read_only=True)
        self._place = place
        self._tables: dict[str, LakeTable] = {}
        self._shown: dict[str, int] = {}  # the version of each table that the session has
        self._looked = float("-inf")

    def check(self, mode: Mode) -> None:
        """See :class:`Database`."""
        if mode == "write":
            raise StorageError(READ_ONLY, hint=WHAT_INSTEAD)

    @contextmanager
    def work(self, mode: Mode) -> Iterator[duckdb.DuckDBPyConnection]:
        """See :class:`Database`; the views are those of the current versions.

        Raises:
            StorageError: the lake cannot be read.
        """
        with super().work(mode) as con:
            if time.monotonic() - self._looked > CURRENT_SECONDS:
                with self.known.paused():
                    self._show_current(con)
                self._looked = time.monotonic()
            yield con

    def _show_current(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make the views of tables with new versions, unless SQL has begun a transaction."""
        try:
            con.begin()
        except duckdb.TransactionException:
            return
        try:
            con.execute("SET parquet_metadata_cache = true")  # files never change
            ledger.create(con)
            for name, table in self.tables().items():
                found = table.snapshot()
                if found is not None and self._shown.get(name) != found.version.number:
                    _show(con, name, table, found)
                    self._shown[name] = found.version.number
            con.commit()
        except BaseException:
            con.rollback()
            self._shown.clear()
            raise

    def tables(self) -> dict[str, LakeTable]:
        """The tables of the lake, by name.

        Raises:
            StorageError: there are none.
        """
        for name in objects_at(self._place).folders():
            if name not in self._tables and TABLE_NAME.fullmatch(name):
                place = self._place.table(name)
                if place.folder is None or (place.folder / LOG).is_dir():
                    self._tables[name] = LakeTable(place)
        if not self._tables:
            message = f"There is no lake at {self._place}."
            raise StorageError(message, hint="Check the place, or fetch into it first.")
        return self._tables


def _show(con: duckdb.DuckDBPyConnection, name: str, table: LakeTable, found: Snapshot) -> None:
    """Make the view of a table and enter its record."""
    record = found.record
    view = identifier(name)
    select = ",\n    ".join([*_base(record), *map(_typed, record.columns), ROW_NUMBER])
    con.execute(
        f"CREATE OR REPLACE VIEW {view} AS SELECT\n    {select}\nFROM {_source(con, name, table, found)}"
    )
    con.execute(f"COMMENT ON VIEW {view} IS {text(LAKE_VIEW)}")
    ledger.forget(con, name)
    ledger.record(con, name, record.metadata(found.rows))
    ledger.add_chunks(con, name, record.chunks)
    ledger.record_columns(con, name, [column.column for column in record.columns])


def _source(con: duckdb.DuckDBPyConnection, name: str, table: LakeTable, found: Snapshot) -> str:
    """SQL of the rows of a version's files."""
    place = table.place
    if not found.files:
        return _no_rows(found.record)
    if place.folder is None:
        frame = f"_lake_{name}"
        con.register(frame, found.version.dataset())
        return identifier(frame)
    return _files([str(literal_path(place.folder / file.name)) for file in found.files])


def _files(paths: Sequence[str]) -> str:
    listed = ", ".join(map(text, paths))
    return f"read_parquet([{listed}], hive_partitioning = false)"


def _no_rows(record: Record) -> str:
    """A relation with the fields of a table and no rows."""
    types: dict[str, Any] = dict.fromkeys(BASE_COLUMNS[record.type], "VARCHAR")
    types |= {name: "TIMESTAMPTZ" for name in types if name in {"event_time", "last_seen"}}
    types |= {column.field: column.file_type for column in record.columns}
    types[ROW_NUMBER] = "BIGINT"
    fields = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in types.items())
    return f"(SELECT {fields} WHERE false)"


def _base(record: Record) -> list[str]:
    """The base columns of a view."""
    return [f"{_CAST.get(name, '{}').format(name)} AS {name}" for name in BASE_COLUMNS[record.type]]


def _typed(column: LakeColumn) -> str:
    """A typed column of a view: as it is in the files, or read from the JSON."""
    if column.is_outgrown:
        value = extraction.from_stored(column.column)
    else:
        value = f"CAST({identifier(column.field)} AS {column.column.sql_type})"
    return f"{value} AS {identifier(column.name)}"
