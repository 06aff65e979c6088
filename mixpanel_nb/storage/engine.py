"""``StorageEngine``: a database file of fetched tables, loaded in bulk and queried with SQL."""

from __future__ import annotations

import atexit
import dataclasses
import json
import re
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from mixpanel_nb.errors import QueryError, StorageError, TableExistsError, TableNotFoundError
from mixpanel_nb.files.system import resolved
from mixpanel_nb.storage import (
    catalog,
    cohorts,
    definitions,
    export_target,
    identities,
    inputs,
    kept_annotations,
    layout,
    ledger,
    loading,
    parallel,
    queries,
    table_names,
)
from mixpanel_nb.storage.connections import bounded, ordered, transaction
from mixpanel_nb.storage.database import Database
from mixpanel_nb.storage.explain import explain, moved_up, storage_error
from mixpanel_nb.storage.interrupt import interruptible
from mixpanel_nb.storage.records import ExportRecord
from mixpanel_nb.storage.scratch import Scratch
from mixpanel_nb.storage.sql import SQL
from mixpanel_nb.storage.sqltext import check_table_name, identifier, replacement_of
from mixpanel_nb.surrogates import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    import pandas as pd

    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.storage.catalog import TableDescription
    from mixpanel_nb.storage.cohorts import Bound, CohortRecord
    from mixpanel_nb.storage.definitions import LookupRecord
    from mixpanel_nb.storage.identities import IdentityRecord
    from mixpanel_nb.storage.kept_annotations import AnnotationRecord
    from mixpanel_nb.storage.lake.table import LakeTable
    from mixpanel_nb.storage.ledger import Chunk, Source, TableMetadata
    from mixpanel_nb.storage.queries import Parameters
    from mixpanel_nb.storage.records import ColumnRecord, PlanRecord, TableRecord
    from mixpanel_nb.storage.schema import PropertyColumn

T = TypeVar("T")


class StorageEngine:
    """Creates, fills, queries and drops the tables of one DuckDB file (or in memory).

    The file is attached only while a statement runs, so several processes can share it.

    Args:
        path: The database file, created by the first change; None keeps everything in memory.
        read_only: Refuse every change, also of other files by SQL.
        max_wait: Seconds to wait for a file that another process holds.
        on_wait: Called once, with a sentence, when such a wait exceeds a second.

    Raises:
        StorageError: DuckDB cannot use a file at such a path.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        read_only: bool = False,
        max_wait: float = 60.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self.path = None if path is None else _usable_path(path)
        self._database = Database(self.path, read_only=read_only, max_wait=max_wait, on_wait=on_wait)
        self._sql = SQL(self._database)
        self._scratch: Scratch | None = None

    @classmethod
    def ephemeral(cls) -> StorageEngine:
        """An engine on a temporary file that is removed by :meth:`cleanup`, at the latest at exit."""
        scratch = Scratch()
        engine = cls(scratch.path / "ephemeral.db")
        engine._scratch = scratch
        atexit.register(engine.cleanup)
        return engine

    @classmethod
    def memory(cls) -> StorageEngine:
        """An engine that keeps everything in memory."""
        return cls(None)

    @classmethod
    def open_existing(cls, path: Path | str, *, read_only: bool = False) -> StorageEngine:
        """An engine on an existing file.

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
        """Release the file and end the session; an ephemeral file is removed."""
        self._database.close()
        self.cleanup()

    def cleanup(self) -> None:
        """Remove the temporary folder of an engine that is ephemeral or in memory, if it has one."""
        if self._scratch is None:
            return
        self._database.close()
        atexit.unregister(self.cleanup)
        # The folder is this engine's own: it also has the ``.wal`` and the downloads of a stopped fetch.
        self._scratch.remove()
        self._scratch = None

    @property
    def beside(self) -> Path:
        """The file beside which downloads wait until they are stored: the database's own.

        In memory it is one that is never made, in a temporary folder that ends with the engine.
        """
        if self.path is not None:
            return self.path
        if self._scratch is None:
            self._scratch = Scratch()
        return self._scratch.path / "memory.db"

    @property
    def on_wait(self) -> Callable[[str], None] | None:
        """Called once, with a sentence, when the wait for another process exceeds a second."""
        return self._database.on_wait

    @on_wait.setter
    def on_wait(self, value: Callable[[str], None] | None) -> None:
        self._database.on_wait = value

    @property
    def read_only(self) -> bool:
        """Whether every change is refused."""
        return self._database.read_only

    def check_writable(self) -> None:
        """Check before any work that the database is writable.

        Raises:
            StorageError: the engine is read-only, or the file is in a format that cannot hold fetched tables.
        """
        self._database.check("write")
        self._database.check_format()

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB's own connection. It holds the file until :meth:`release` or :meth:`close`."""
        return self._database.pin()

    def release(self) -> None:
        """Release the file after :attr:`connection`."""
        self._database.unpin()

    # Queries

    def execute(self, sql: str, params: Parameters = None) -> duckdb.DuckDBPyRelation:
        """Run ``sql`` and return the rows of its last statement as a DuckDB relation.

        The rows stay in memory until the engine is closed and the relation is deleted.

        Raises:
            QueryError: the SQL is wrong.
            TableNotFoundError: the SQL names a table that does not exist.
            StorageError: the database failed, e.g. the disk is full.
        """
        return self._sql.relation(sql, params)

    def query(self, sql: str, params: Parameters = None) -> RowSource:
        """Run ``sql`` and return the rows of its last statement, kept in DuckDB and read in batches.

        Args:
            sql: One or several statements. Transactions end where the SQL ends.
            params: Values for ``$name`` (a mapping) or ``?`` (a sequence).

        Raises:
            QueryError: the SQL is wrong, or changes a setting that it may not change.
            TableNotFoundError: the SQL names a table that does not exist.
            StorageError: the database failed, e.g. the disk is full; or it is read-only, and the SQL
                changes something.
        """
        return self._sql.query(sql, params)

    def execute_df(self, sql: str, params: Parameters = None) -> pd.DataFrame:
        """The rows of ``sql``'s last statement as a pandas DataFrame. Errors as in :meth:`query`."""
        return self._sql.frame(sql, params)

    def execute_rows(self, sql: str, params: Parameters = None) -> list[tuple[Any, ...]]:
        """The rows of ``sql``'s last statement as tuples. Errors as in :meth:`query`."""
        return self._sql.rows(sql, params)

    def execute_scalar(self, sql: str, params: Parameters = None) -> Any:
        """The first value of the first row, or None if there is no row. Errors as in :meth:`query`."""
        return self._sql.scalar(sql, params)

    def plan(self, sql: str, params: Parameters = None, *, analyze: bool = False) -> PlanRecord:
        """DuckDB's plan of the last statement of ``sql``; see :meth:`Workspace.explain`.

        Raises:
            QueryError: the SQL is wrong, or cannot be explained.
            TableNotFoundError: the SQL names a table that does not exist.
        """
        return self._sql.plan(sql, params, analyze=analyze)

    def export(
        self,
        source: str,
        path: Path,
        params: Parameters = None,
        *,
        form: str | None = None,
        partition_by: Sequence[str] = (),
        replace: bool = False,
    ) -> ExportRecord:
        """Write a table, or the rows of a query, to a file; see :meth:`Workspace.export`.

        Raises:
            ParameterError: the format is unknown.
            QueryError: the SQL is wrong.
            TableNotFoundError: there is no such table.
            StorageError: the file exists, or cannot be written; no partial file remains.
        """
        target = export_target.target_of(path, form, tuple(partition_by), replace=replace)
        stored = re.fullmatch(r"\w+", source.strip()) is not None
        sql = source
        if stored:
            columns = self.get_schema(source.strip())
            sql = f"SELECT * FROM {identifier(source.strip())}"
            held = frozenset(column.name for column in columns if column.property is not None)
            target = dataclasses.replace(target, properties=held)
        with target.writing() as file:
            rows = self._sql.copy(sql, params, target, file, stored=stored)
        files = target.written()
        return ExportRecord(
            target.format,
            target.compression,
            rows,
            sum(file.stat().st_size for file in files) if files else None,
            max(len(files), 1),
            target.partition_by,
        )

    def put_into_lake(self, table: str, lake: LakeTable) -> ExportRecord:
        """Write a fetched table to a lake; see :meth:`Workspace.export`.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: it was not fetched, or the lake could not be written.
        """
        with self._database.work("read") as con, _explained(), bounded(con):
            held = catalog.describe(con, table).entries
            files = interruptible(con, lambda: lake.put(con, table, held))
        size, rows = sum(file.size for file in files), sum(file.rows for file in files)
        days = ("day",) if held.metadata is not None and held.metadata.type == "events" else ()
        return ExportRecord("lake", "zstd", rows, size, len(files), days)

    def register(self, name: str, frame: Any) -> None:
        """Make a frame of pandas, Polars or Arrow available in ``FROM``, until :meth:`unregister`.

        Raises:
            QueryError: DuckDB cannot read it, or a temporary table has that name.
        """
        try:
            with self._database.names() as con:
                con.register(name, frame)
                self._sql.frames.add(name)
        except duckdb.Error as error:
            message = f"The DataFrame {name!r} cannot be used in SQL: {explain(error).message}"
            raise QueryError(message, hint="Give it another name, or convert its columns.") from None

    def unregister(self, name: str) -> None:
        """Undo :meth:`register`."""
        with self._database.names() as con:
            con.unregister(name)
            self._sql.frames.discard(name)

    def parameter_names_in(self, sql: str) -> set[str]:
        """The names of the ``$name`` parameters in ``sql``.

        Raises:
            QueryError: the SQL does not parse.
        """
        statements = queries.parse(self._database.session, sql)
        return {name for statement in statements for name in statement.parameters}

    def read_without_waiting(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A connection for a short read, in a ``with`` block.

        Raises:
            DatabaseLockedError: another process holds the file; does not wait.
        """
        return self._database.read_without_waiting()

    # Loading

    def load(self, batch: loading.Batch) -> loading.Loaded:
        """Load one batch of downloaded chunks, in one transaction with its ledger entries.

        Raises:
            IncompleteExportError: a line is not JSON, or not an event (or profile).
            StorageError: the database failed, e.g. the disk is full; the table is as it was.
        """
        with self._database.bulk() as con, _explained():
            return interruptible(con, lambda: loading.load(con, batch))

    def load_all(self, feed: parallel.Feed) -> None:
        """Load the batches of a feed, each in one transaction with its ledger entries, several at once.

        Ends when the feed has none, and earlier if others wait for the database.

        Raises:
            TableNotFoundError: the table was dropped or replaced meanwhile.
            StorageError: the database failed, e.g. the disk is full; the batches that ran are not stored.
        """
        database = self._database
        with database.bulk_connections(parallel.AT_ONCE) as connections, _explained():
            parallel.ParallelLoads(connections, feed, lambda: database.is_awaited).run()

    def load_rows(self, batch: loading.Batch, frame: Any = None) -> loading.Loaded:
        """Load user rows (``batch.rows``) in one transaction, in order.

        Args:
            batch: What to load.
            frame: The data frame with the rows, if they are not in files.

        Raises:
            ParameterError: a row is not a valid event; the message contains file and line.
            StorageError: the database failed, e.g. the disk is full; the table is as it was.
        """
        rows = batch.rows
        if rows is None:
            message = "There are no rows to load."
            raise StorageError(message)
        with self._database.bulk() as con, _explained(), inputs.explained(rows.input), ordered(con):
            if frame is not None:
                con.register(inputs.FRAME, frame)
            try:
                return interruptible(con, lambda: loading.load(con, batch))
            except duckdb.Error as error:
                known = rows.why(con, error)
                if known is None:
                    raise
                raise known from None
            finally:
                if frame is not None:
                    con.unregister(inputs.FRAME)

    def create_events_table(
        self, name: str, data: Iterable[Mapping[str, Any]], metadata: TableMetadata
    ) -> int:
        """Create an events table from objects in the form of Mixpanel's export. Returns the number of rows.

        Raises:
            TableExistsError: the table exists.
        """
        return self._create(name, data, replace(metadata, type="events"))

    def create_profiles_table(
        self, name: str, data: Iterable[Mapping[str, Any]], metadata: TableMetadata
    ) -> int:
        """Create a profiles table from objects in the form of Mixpanel's engage. Returns the number of rows.

        Raises:
            TableExistsError: the table exists.
        """
        return self._create(name, data, replace(metadata, type="profiles"))

    def _create(self, name: str, data: Iterable[Mapping[str, Any]], metadata: TableMetadata) -> int:
        check_table_name(name)
        if self.table_exists(name):
            message = f"There is a table {name!r} already."
            raise TableExistsError(
                message, hint="Drop it first, or choose another name.", details={"table": name}
            )
        with Scratch() as scratch:
            file = scratch.path / "rows.jsonl"
            with file.open("wb") as stream:
                stream.writelines(encoded(json.dumps(row, ensure_ascii=False) + "\n") for row in data)
            return self.load(loading.Batch(name, [file], [], metadata)).rows

    def promote(self, table: str, *properties: str) -> list[str]:
        """Give properties their own typed columns (about 100 times faster to query than JSON).

        Properties that already have a column are skipped. Returns the names of the new columns.

        Raises:
            TableNotFoundError: no such fetched table.
            StorageError: no row has such a property, or it cannot name a column; nothing was changed.
        """
        table_type = self.get_metadata(table).type
        with self._database.bulk() as con, _explained():
            new = interruptible(con, lambda: loading.promote(con, table, table_type, properties))
        return [column.name for column in new]

    def optimize(self, table: str, on_part: Callable[[layout.Sorted], None] | None = None) -> int:
        """Sort a table of events; see :mod:`layout`. Returns the number of events that were sorted.

        Other processes can use the file between two spans of time.

        Args:
            table: The table.
            on_part: Called after each part.

        Raises:
            TableNotFoundError: no such fetched table.
            StorageError: it holds no events, or the database failed; each span is sorted or as it was.
        """
        if self.get_metadata(table).type != "events":
            message = f"Table {table!r} holds profiles, which have no order to be read in."
            raise StorageError(message, hint="Name a table of events.", details={"table": table})
        with self._database.bulk() as con, _explained():
            spans = interruptible(con, lambda: layout.begin(con, table))
        rows = 0
        for span in spans:
            with self._database.bulk() as con, _explained():
                done = interruptible(con, partial(layout.sort, con, table, span))
            if done is None:
                continue
            rows += done.rows
            if on_part is not None:
                on_part(done)
        return rows

    # What is here

    def table_exists(self, name: str) -> bool:
        """Whether there is a table or view of that name (case does not matter, as in SQL)."""
        with self._database.work("read") as con:
            return catalog.has_table(con, name)

    def known_tables(self) -> list[table_names.Table]:
        """Every table and view except the engine's own, by name, with columns; rows are not counted."""
        with self._database.work("read") as con:
            return list(table_names.tables(con).values())

    def list_tables(self) -> list[TableRecord]:
        """Every table and view except the engine's own, by name."""
        with self._database.work("read") as con:
            computed = {each.table.lower(): ("cohort", each.computed_at) for each in cohorts.records(con)}
            computed |= {
                each.table.lower(): ("identities", each.computed_at) for each in identities.records(con)
            }
            found = [catalog.table_info(con, name) for name in catalog.table_names(con)]
        return [
            replace(each, type=own[0], fetched_at=own[1]) if own else each
            for each in found
            for own in [computed.get(each.name.lower())]
        ]

    def origins(self) -> dict[str, tuple[str, Source | None]]:
        """The type and the project of every table and view, by name; see :func:`catalog.origins`."""
        return dict(self._known("origins", catalog.origins))

    def is_view(self, name: str) -> bool:
        """Whether there is a view of that name (case does not matter, as in SQL)."""
        with self._database.work("read") as con:
            return catalog.is_view(con, name)

    def get_schema(self, table: str) -> tuple[ColumnRecord, ...]:
        """The columns of ``table`` (or a view); a typed property column names its property.

        Raises:
            TableNotFoundError: there is no such table.
        """
        with self._database.work("read") as con:
            return catalog.describe(con, table).columns

    def describe(self, table: str) -> TableDescription:
        """The columns of ``table`` (or a view) and its records, in one read.

        Raises:
            TableNotFoundError: there is no such table.
        """
        return self._known(
            ("description", table.lower()),
            lambda con: catalog.describe(con, table),
            lasts=lambda found: not found.is_view,  # which may read files
        )

    def get_metadata(self, table: str) -> TableMetadata:
        """The record of the fetch or load that filled ``table``.

        Raises:
            TableNotFoundError: there is no such table, or it was not fetched.
        """
        with self._database.work("read") as con:
            found = ledger.metadata(con, table)
            if found is None:
                catalog.must_exist(con, table)
                message = f"Table {table!r} was not fetched from Mixpanel, so nothing is recorded of it."
                raise TableNotFoundError(message)
            return found

    def metadata_or_none(self, table: str) -> TableMetadata | None:
        """The metadata of ``table``, or None."""
        return self._known(("metadata", table.lower()), lambda con: ledger.metadata(con, table))

    def chunks(self, table: str) -> list[Chunk]:
        """The ledger of ``table``: every fetched chunk, in the order of arrival."""
        with self._database.work("read") as con:
            return ledger.chunks(con, table)

    def property_columns(self, table: str) -> list[PropertyColumn]:
        """The typed property columns of ``table`` (empty for a table that was not fetched)."""
        with self._database.work("read") as con:
            return ledger.columns(con, table)

    def row_count(self, table: str) -> int:
        """The number of rows of ``table``, by a count."""
        return int(self.execute_scalar(f"SELECT count(*) FROM {identifier(table)}"))

    def rows_per_day(self, table: str, since: date, until: date, zone: str | None = None) -> dict[date, int]:
        """Events per day of ``zone`` (None is UTC) between two days (inclusive).

        Days without events are absent.
        """
        local = "event_time" if zone is None else "event_time AT TIME ZONE 'UTC' AT TIME ZONE $zone"
        rows = self.execute_rows(
            f"SELECT CAST({local} AS DATE), count(*) FROM {identifier(table)} "
            f"WHERE CAST({local} AS DATE) BETWEEN $since AND $until GROUP BY 1 ORDER BY 1",
            {"since": since, "until": until} | ({} if zone is None else {"zone": zone}),
        )
        return dict(rows)

    # Changing tables

    def mark(
        self,
        table: str,
        *,
        complete: bool,
        request: Mapping[str, Any] | None = None,
        timezone: str | None = None,
    ) -> None:
        """Record whether the last fetch of ``table`` is complete, and new metadata if given."""
        with self._changing() as con:
            found = ledger.metadata(con, table)
            if found is not None:
                request = found.request if request is None else request
                timezone = found.timezone if timezone is None else timezone
                if complete and not found.complete:
                    found = loading.counted(con, table, found)
                ledger.record(
                    con, table, replace(found, complete=complete, request=request, timezone=timezone)
                )

    def create_view(self, name: str, query: str, *, replace: bool = False) -> None:
        """Create a view of a query.

        Raises:
            TableExistsError: there is a table of that name, or a view that is not to be replaced.
        """
        check_table_name(name)
        with self._changing() as con:
            is_view = catalog.is_view(con, name)
            if catalog.has_table(con, name) and not (is_view and replace):
                kind = "view" if is_view else "table"
                message = f"There is a {kind} {name!r} already."
                hint = "Choose another name" + (", or replace it." if is_view else ".")
                raise TableExistsError(message, hint=hint, details={"table": name})
            con.execute(f"CREATE OR REPLACE VIEW {identifier(name)} AS {query}")

    def drop_tables(self, *names: str) -> None:
        """Drop tables and views, their metadata and unfinished replacements, atomically.

        Raises:
            TableNotFoundError: one does not exist (or is internal).
        """
        with self._changing() as con:
            for name in names:
                catalog.must_exist(con, name)
            for name in names:
                if known := identities.of(con, name):
                    _drop(con, known.table)
                _drop(con, name)
                _drop(con, replacement_of(name))

    def cohorts(self) -> list[CohortRecord]:
        """The cohorts of the database, by name."""
        return [*self._known("cohorts", cohorts.records)]

    def save_cohort(self, record: CohortRecord, query: Bound, counting: Bound | None = None) -> CohortRecord:
        """Compute a cohort: the ids of a query in its table, in one transaction with its record.

        Arguments as in :func:`cohorts.save`.

        Raises:
            QueryError: the SQL is wrong.
            TableExistsError: the name of its table is taken.
        """

        def save() -> CohortRecord:
            try:
                return cohorts.save(con, record, query, counting)
            except duckdb.Error as error:
                raise explain(moved_up(error, cohorts.LINES_BEFORE)) from None

        with self._changing() as con:
            return interruptible(con, save)

    def identities(self, table: str) -> IdentityRecord | None:
        """The identities of a table of events; None if they were not computed."""
        return self._known(("identities", table.lower()), lambda con: identities.of(con, table))

    def resolved_ids(self, table: str) -> dict[str, str]:
        """The user of each id that was merged into another one."""
        with self._database.work("read") as con:
            return identities.resolved(con, table)

    def check_identities_free(self, table: str) -> None:
        """Check that the name of the table of identities is free, or is that of earlier identities.

        Raises:
            TableExistsError: another table has the name.
        """
        with self._database.work("read") as con:
            identities.check_free(con, table)

    def save_identities(self, record: IdentityRecord, users: Mapping[str, str]) -> None:
        """Save the identities of a table, in one transaction with their record.

        Arguments as in :func:`identities.save`.

        Raises:
            TableExistsError: another table has the name.
        """
        with self._changing() as con:
            identities.save(con, record, users)

    def annotations(self, table: str) -> list[AnnotationRecord]:
        """The annotations that are kept with a table, by their moment."""
        found = self._known(("annotations", table.lower()), lambda con: kept_annotations.of(con, table))
        return [*found]

    def save_annotations(self, table: str, found: Iterable[AnnotationRecord]) -> None:
        """Keep annotations with a table, in place of those that were kept."""
        with self._changing() as con:
            kept_annotations.save(con, table, found)

    def defined(self, kind: str) -> dict[int, dict[str, Any]]:
        """The kept definitions of a kind (``custom_event``, ``custom_property``), by id."""
        return dict(self._known(("defined", kind), lambda con: definitions.defined(con, kind)))

    def define(self, kind: str, found: Mapping[int, Mapping[str, Any]]) -> None:
        """Keep the definitions of a kind, in place of those that were kept."""
        with self._changing() as con:
            definitions.define(con, kind, found)

    def lookups(self) -> list[LookupRecord]:
        """The lookup tables, by name."""
        return [*self._known("lookups", definitions.lookups)]

    def save_lookup(self, record: LookupRecord, columns: Sequence[Sequence[str | None]]) -> None:
        """Save a lookup table, in one transaction with its record.

        Arguments as in :func:`definitions.save_lookup`.

        Raises:
            TableExistsError: another table has the name.
        """
        with self._changing() as con:
            definitions.save_lookup(con, record, columns)

    def ids_of(self, sql: str) -> str:
        """A user's query for ids as one with the only column ``distinct_id``.

        Raises:
            QueryError: it is no query, it is wrong, or the column of ids is unclear.
            TableNotFoundError: the SQL names a table that does not exist.
        """
        with self._database.work("read") as con:
            queries.parse(con, sql)
            try:
                return cohorts.ids_of(con, sql)
            except duckdb.Error as error:
                raise explain(moved_up(error, 1), catalog.table_names(con)) from None

    def discard(self, name: str) -> None:
        """Drop an unfinished replacement of a table if there is one."""
        with self._changing() as con:
            _drop(con, name)

    def swap(self, new: str, name: str) -> None:
        """Replace the table ``name`` by ``new``, in one transaction."""
        with self._changing() as con:
            _drop(con, name)
            con.execute(f"ALTER TABLE {identifier(new)} RENAME TO {identifier(name)}")
            ledger.rename(con, new, name)

    def _known(
        self,
        key: Hashable,
        read: Callable[[duckdb.DuckDBPyConnection], T],
        *,
        lasts: Callable[[T], bool] = lambda _: True,
    ) -> T:
        """What ``read`` reads of the catalog; remembered while nothing can have changed it."""
        with self._database.work("read") as con:
            return self._database.known.of(key, lambda: read(con), lasts=lasts)

    @contextmanager
    def _changing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction around the block."""
        with self._database.work("write") as con, _explained(), transaction(con):
            yield con


def _drop(con: duckdb.DuckDBPyConnection, name: str) -> None:
    kind = "VIEW" if catalog.is_view(con, name) else "TABLE"
    con.execute(f"DROP {kind} IF EXISTS {identifier(name)}")
    ledger.forget(con, name)
    cohorts.forget(con, name)
    identities.forget_table(con, name)
    kept_annotations.forget(con, name)
    definitions.forget(con, name)


def _usable_path(path: Path | str) -> Path:
    full = resolved(path)
    if "?" in str(full):
        # DuckDB parses the rest as a URL's query, and writes its log elsewhere.
        message = f"{full} cannot hold a database: there is a question mark in the path."
        raise StorageError(message, hint="Choose another place.")
    return full


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise storage_error(error) from error
