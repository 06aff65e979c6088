"""``StorageEngine``: a database file of fetched tables, loaded in bulk and queried with SQL."""

from __future__ import annotations

import atexit
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from mixpanel_nb.errors import StorageError, TableExistsError, TableNotFoundError, did_you_mean
from mixpanel_nb.results.query import MemoryRows
from mixpanel_nb.results.tables import ColumnInfo, TableInfo, TableSchema
from mixpanel_nb.storage import ledger, loading, queries
from mixpanel_nb.storage.database import Database
from mixpanel_nb.storage.interrupt import interruptible
from mixpanel_nb.storage.rows import RESULTS, StoredRows, fresh_name
from mixpanel_nb.storage.sqltext import check_table_name, identifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    import pandas as pd

    from mixpanel_nb.results.query import RowSource
    from mixpanel_nb.storage.ledger import Chunk, TableMetadata
    from mixpanel_nb.storage.schema import PropertyColumn, TableType

Parameters = Mapping[str, Any] | Sequence[Any] | None

_LIST_TABLES = """
    SELECT table_name, estimated_size FROM duckdb_tables()
    WHERE database_name = current_catalog() AND schema_name = 'main' AND NOT starts_with(table_name, '_')
    ORDER BY table_name
"""


class StorageEngine:
    """The tables of one DuckDB file (or of memory): made, filled, queried, dropped.

    The file is attached only while a statement runs, so several processes can share it.

    Args:
        path: The database file, made at the first change; None keeps everything in memory.
        read_only: Refuse every change.
        patience: Seconds to wait for a file that another process holds.
        on_wait: Told once, with a sentence, when such a wait grows longer than a second.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        read_only: bool = False,
        patience: float = 60.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self.path = None if path is None else Path(path).expanduser().resolve()
        self._database = Database(self.path, read_only=read_only, patience=patience, on_wait=on_wait)
        self._temporary = False

    @classmethod
    def ephemeral(cls) -> StorageEngine:
        """An engine on a temporary file that is removed by :meth:`cleanup`, at the latest at exit."""
        folder = Path(tempfile.mkdtemp(prefix="mixpanel_nb-"))
        engine = cls(folder / "ephemeral.db")
        engine._temporary = True
        atexit.register(engine.cleanup)
        return engine

    @classmethod
    def memory(cls) -> StorageEngine:
        """An engine that keeps everything in memory."""
        return cls(None)

    @classmethod
    def open_existing(cls, path: Path | str, *, read_only: bool = False) -> StorageEngine:
        """An engine on a file that must be there.

        Raises:
            StorageError: there is no such file.
        """
        engine = cls(path, read_only=read_only)
        if engine.path is not None and not engine.path.is_file():
            message = f"There is no database file {engine.path}."
            raise StorageError(message, hint="Check the path, or fetch into it first.")
        return engine

    def __enter__(self) -> StorageEngine:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and end the session; an ephemeral file is removed."""
        self._database.close()
        if self._temporary:
            self.cleanup()

    def cleanup(self) -> None:
        """Remove an ephemeral engine's file, its ``.wal`` and its folder. Other engines are left alone."""
        if not self._temporary or self.path is None:
            return
        self._database.close()
        atexit.unregister(self.cleanup)
        for file in self.path.parent.glob(f"{self.path.name}*"):
            file.unlink(missing_ok=True)
        if self.path.parent.is_dir():
            self.path.parent.rmdir()
        self._temporary = False

    @property
    def on_wait(self) -> Callable[[str], None] | None:
        """Told once, with a sentence, when the wait for another process grows longer than a second."""
        return self._database.on_wait

    @on_wait.setter
    def on_wait(self, value: Callable[[str], None] | None) -> None:
        self._database.on_wait = value

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB's own connection. It holds the file until :meth:`release` or :meth:`close`."""
        return self._database.pin()

    def release(self) -> None:
        """Let the file go again after :attr:`connection`."""
        self._database.unpin()

    # Queries

    def execute(self, sql: str, params: Parameters = None) -> duckdb.DuckDBPyRelation:
        """Run ``sql`` and give the rows of its last statement as a DuckDB relation.

        Raises:
            QueryError: the SQL is wrong.
            TableNotFoundError: it names a table that is not there.
        """
        rows = self.query(sql, params)
        if isinstance(rows, StoredRows):
            return rows.relation()
        return self._database.session.values(*rows.fetch())

    def query(self, sql: str, params: Parameters = None) -> RowSource:
        """Run ``sql`` and give the rows of its last statement, kept by DuckDB and read in pieces.

        Raises:
            QueryError: the SQL is wrong.
            TableNotFoundError: it names a table that is not there.
        """
        return self._run(sql, params, self._keep_rows)

    def execute_df(self, sql: str, params: Parameters = None) -> pd.DataFrame:
        """The rows of ``sql``'s last statement as a pandas DataFrame. Errors as in :meth:`query`."""
        import pandas as pd

        def frame(
            con: duckdb.DuckDBPyConnection, statement: duckdb.Statement, arguments: Any
        ) -> pd.DataFrame:
            con.execute(statement, arguments)
            return con.df() if con.description else pd.DataFrame()

        return self._run(sql, params, frame)

    def execute_rows(self, sql: str, params: Parameters = None) -> list[tuple[Any, ...]]:
        """The rows of ``sql``'s last statement as tuples. Errors as in :meth:`query`."""
        return self._run(sql, params, lambda con, s, arguments: con.execute(s, arguments).fetchall())

    def execute_scalar(self, sql: str, params: Parameters = None) -> Any:
        """The first value of the first row, or None where there is no row. Errors as in :meth:`query`."""
        row = self._run(sql, params, lambda con, s, arguments: con.execute(s, arguments).fetchone())
        return None if row is None else row[0]

    def register(self, name: str, frame: pd.DataFrame) -> None:
        """Let SQL of this session name a DataFrame in ``FROM``, until :meth:`unregister`."""
        self._database.session.register(name, frame)

    def unregister(self, name: str) -> None:
        """Take back :meth:`register`."""
        self._database.session.unregister(name)

    def table_names_in(self, sql: str) -> set[str]:
        """The tables that ``sql`` names (empty where it does not parse)."""
        try:
            return set(self._database.session.get_table_names(sql))
        except duckdb.Error:
            return set()

    def parameter_names_in(self, sql: str) -> set[str]:
        """The names of the ``$name`` parameters in ``sql``.

        Raises:
            QueryError: it does not parse.
        """
        statements = queries.parse(self._database.session, sql)
        return {name for statement in statements for name in statement.named_parameters}

    def _run(self, sql: str, params: Parameters, last: Callable[[Any, Any, Any], Any]) -> Any:
        statements = queries.parse(self._database.session, sql)
        with self._database.work(queries.mode(statements)) as con:

            def work() -> Any:
                for statement in statements[:-1]:
                    con.execute(statement, queries.arguments(statement, params))
                return last(con, statements[-1], queries.arguments(statements[-1], params))

            try:
                return interruptible(con, work)
            except duckdb.Error as error:
                raise queries.explain(error, self._table_names(con)) from None

    def _keep_rows(
        self, con: duckdb.DuckDBPyConnection, statement: duckdb.Statement, arguments: Any
    ) -> RowSource:
        if queries.kind(statement) != "SELECT":
            con.execute(statement, arguments)
            described = con.description or []
            columns, types = [d[0] for d in described], [str(d[1]) for d in described]
            return MemoryRows(columns, types, con.fetchall() if described else [])
        name = fresh_name()
        query = statement.query.rstrip().rstrip(";")
        try:
            con.execute(queries.WRAPPER.format(name=f"{RESULTS}.main.{name}", query=query), arguments)
        except duckdb.Error as error:
            raise queries.unwrapped(error) from None
        return StoredRows(con, name)

    # Loading

    def load(self, batch: loading.Batch) -> loading.Loaded:
        """Load one batch of downloaded chunks, in one transaction with its ledger entries.

        Raises:
            IncompleteExportError: a line is not JSON, or not an event (or profile).
            StorageError: the database failed, e.g. the disk is full; the table is as it was.
        """
        with self._database.bulk() as con:
            try:
                return interruptible(con, lambda: loading.load(con, batch))
            except duckdb.Error as error:
                raise _storage_error(error) from error

    def create_events_table(
        self, name: str, data: Iterable[Mapping[str, Any]], metadata: TableMetadata
    ) -> int:
        """Make an events table from objects of Mixpanel's export shape. Returns the rows stored.

        Raises:
            TableExistsError: there is such a table.
        """
        return self._create(name, data, replace(metadata, type="events"))

    def create_profiles_table(
        self, name: str, data: Iterable[Mapping[str, Any]], metadata: TableMetadata
    ) -> int:
        """Make a profiles table from objects of Mixpanel's engage shape. Returns the rows stored.

        Raises:
            TableExistsError: there is such a table.
        """
        return self._create(name, data, replace(metadata, type="profiles"))

    def _create(self, name: str, data: Iterable[Mapping[str, Any]], metadata: TableMetadata) -> int:
        check_table_name(name)
        if self.table_exists(name):
            message = f"There is a table {name!r} already."
            raise TableExistsError(
                message, hint="Drop it first, or choose another name.", details={"table": name}
            )
        with tempfile.TemporaryDirectory(prefix="mixpanel_nb-") as folder:
            file = Path(folder) / "rows.jsonl"
            with file.open("w", encoding="utf-8", errors="replace") as stream:
                for row in data:
                    stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            return self.load(loading.Batch(name, [file], [], metadata)).rows

    def promote(self, table: str, *properties: str) -> list[str]:
        """Give properties typed columns of their own (about 100 times faster to query than JSON).

        Returns the names of the new columns.

        Raises:
            TableNotFoundError: no such fetched table.
            StorageError: no row has such a property; nothing was changed.
        """
        self.get_metadata(table)
        with self._database.bulk() as con:
            try:
                return [c.name for c in interruptible(con, lambda: loading.promote(con, table, properties))]
            except duckdb.Error as error:
                raise _storage_error(error) from error

    # What is here

    def table_exists(self, name: str) -> bool:
        """Whether there is a table of that name (case does not matter, as in SQL)."""
        with self._database.work("read") as con:
            return name.lower() in {table.lower() for table in self._table_names(con)}

    def list_tables(self) -> list[TableInfo]:
        """Every table but the engine's own, by name."""
        with self._database.work("read") as con:
            return [_table_info(con, name) for name in self._table_names(con)]

    def get_schema(self, table: str) -> TableSchema:
        """The columns of ``table``; each typed property column tells its property.

        Raises:
            TableNotFoundError: there is no such table.
        """
        with self._database.work("read") as con:
            self._must_exist(con, table)
            properties = {column.name: column.property for column in ledger.columns(con, table)}
            described = con.execute(f"DESCRIBE {identifier(table)}").fetchall()
        columns = [
            ColumnInfo(name, sql_type, nullable == "YES", properties.get(name))
            for name, sql_type, nullable, *_ in described
        ]
        return TableSchema(table, tuple(columns))

    def get_metadata(self, table: str) -> TableMetadata:
        """Where ``table`` came from.

        Raises:
            TableNotFoundError: there is no such table, or it was not fetched.
        """
        with self._database.work("read") as con:
            found = ledger.metadata(con, table)
            if found is None:
                self._must_exist(con, table)
                message = f"Table {table!r} was not fetched from Mixpanel, so nothing is recorded of it."
                raise TableNotFoundError(message)
            return found

    def metadata_or_none(self, table: str) -> TableMetadata | None:
        """What is recorded of ``table``, or None."""
        with self._database.work("read") as con:
            return ledger.metadata(con, table)

    def chunks(self, table: str) -> list[Chunk]:
        """The ledger of ``table``: every fetched chunk in it, in the order they came."""
        with self._database.work("read") as con:
            return ledger.chunks(con, table)

    def property_columns(self, table: str) -> list[PropertyColumn]:
        """The typed property columns of ``table`` (empty for a table that was not fetched)."""
        with self._database.work("read") as con:
            return ledger.columns(con, table)

    def rows_per_day(self, table: str, since: date, until: date) -> dict[date, int]:
        """Events per UTC day between two days (inclusive); days without events are absent."""
        rows = self.execute_rows(
            f"SELECT CAST(event_time AS DATE) AS day, count(*) FROM {identifier(table)} "
            "WHERE CAST(event_time AS DATE) BETWEEN $since AND $until GROUP BY day ORDER BY day",
            {"since": since, "until": until},
        )
        return dict(rows)

    # Changing tables

    def mark(self, table: str, *, complete: bool, request: Mapping[str, Any] | None = None) -> None:
        """Record whether the last fetch of ``table`` is whole."""
        with self._database.work("write") as con:
            found = ledger.metadata(con, table)
            if found is not None:
                entry = replace(
                    found, complete=complete, request=found.request if request is None else request
                )
                ledger.record(con, table, entry)

    def drop_table(self, name: str) -> None:
        """Drop a table and everything recorded of it.

        Raises:
            TableNotFoundError: there is no such table.
        """
        with self._database.work("write") as con:
            self._must_exist(con, name)
            con.begin()
            con.execute(f"DROP TABLE {identifier(name)}")
            ledger.forget(con, name)
            con.commit()

    def discard(self, name: str) -> None:
        """Drop a table of the engine's own making if it is there (an unfinished replacement)."""
        with self._database.work("write") as con:
            con.execute(f"DROP TABLE IF EXISTS {identifier(name)}")
            ledger.forget(con, name)

    def swap(self, new: str, name: str) -> None:
        """Let the table ``new`` take the place of ``name``, in one transaction."""
        with self._database.work("write") as con:
            con.begin()
            con.execute(f"DROP TABLE IF EXISTS {identifier(name)}")
            ledger.forget(con, name)
            con.execute(f"ALTER TABLE {identifier(new)} RENAME TO {identifier(name)}")
            ledger.rename(con, new, name)
            con.commit()

    def _must_exist(self, con: duckdb.DuckDBPyConnection, table: str) -> None:
        names = self._table_names(con)
        if table.lower() not in {name.lower() for name in names}:
            known = (
                f"Tables here: {', '.join(names)}." if names else "There are no tables yet: fetch one first."
            )
            message = f"There is no table {table!r}."
            raise TableNotFoundError(
                message, hint=did_you_mean(table, names) or known, details={"table": table}
            )

    @staticmethod
    def _table_names(con: duckdb.DuckDBPyConnection) -> list[str]:
        return [name for name, _ in con.execute(_LIST_TABLES).fetchall()]


def _table_info(con: duckdb.DuckDBPyConnection, name: str) -> TableInfo:
    found = ledger.metadata(con, name)
    counted = con.execute(f"SELECT count(*) FROM {identifier(name)}").fetchone()
    rows = int(counted[0]) if counted else 0
    if found is None:
        return TableInfo(name, "table", rows, None, None, None, complete=True, filters={})
    return TableInfo(
        name,
        found.type,
        rows,
        found.fetched_at,
        found.from_date,
        found.to_date,
        complete=found.complete,
        filters=dict(found.filters),
    )


def _storage_error(error: duckdb.Error) -> StorageError:
    explained = queries.explain(error)
    if isinstance(explained, StorageError):
        return explained
    return StorageError(f"The database failed: {explained.message}", details=explained.details)
