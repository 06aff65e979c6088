"""Downloads as Parquet files of a lake: typed as a fetched table types them, then written day by day.

A DuckDB session in memory loads them, with all checks, as for a database file. Its memory is bounded; what
exceeds it is spilled to the disk.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import duckdb

from mixpanel_nb.errors import StorageError
from mixpanel_nb.storage import extraction, layout, ledger, loading
from mixpanel_nb.storage.connections import EXPORT_ROWS, new_session, streaming
from mixpanel_nb.storage.explain import storage_error
from mixpanel_nb.storage.interrupt import interruptible
from mixpanel_nb.storage.kinds import EXACT_IN_DOUBLE, Kinds
from mixpanel_nb.storage.lake.delta import DataFile
from mixpanel_nb.storage.lake.records import DAY
from mixpanel_nb.storage.schema import BASE_COLUMNS, ROW_NUMBER, PropertyColumn, create_table_sql
from mixpanel_nb.storage.sqltext import identifier, json_pointer, literal_path, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb.storage.lake.records import LakeColumn, Record
    from mixpanel_nb.storage.schema import TableType

Span = tuple[date, date]
TABLE = "chunk"
MEMORY = "250MB"  # what writing Parquet and the downloads need comes on top
_SECONDS_TO_ROWS = 2**31  # rows that a chunk may have; numbers of later chunks are greater, until 2106


@dataclass(frozen=True)
class TypedChunk:
    """Downloads in the memory of a session.

    Attributes:
        con: The session, with the table.
        type: ``events`` or ``profiles``.
        loaded: What was loaded.
        columns: Its typed columns with their kinds.
        spans: The days that were asked for, first and last of each run.
        zone: The zone of these days; None is UTC.
        table: The name of the table.
        others: Columns of the lake that it has not, with the kinds that its rows hold.
    """

    con: duckdb.DuckDBPyConnection
    type: TableType
    loaded: loading.Loaded
    columns: tuple[PropertyColumn, ...]
    spans: tuple[Span, ...]
    zone: str | None
    table: str = TABLE
    others: tuple[PropertyColumn, ...] = ()

    def days(self) -> list[date]:
        """The days that were asked for."""
        spans = self.spans
        found = {
            first + timedelta(days=number)
            for first, last in spans
            for number in range((last - first).days + 1)
        }
        return sorted(found)

    def write(self, columns: Sequence[LakeColumn], folder: Path) -> list[DataFile]:
        """Write the rows to a folder, a file a day, with the types of a lake's columns.

        Their numbers keep the order in which they were sent, and follow those of earlier chunks.
        """
        rows = self._rows(columns)
        partitions = [(None, "true")] if self.type == "profiles" else self._partitions()
        with streaming(self.con):
            written = [self._write_file(rows, where, day, folder) for day, where in partitions]
        return [file for file in written if file is not None]

    def _partitions(self) -> Iterator[tuple[date, str]]:
        """Each day that was asked for, and the condition of its rows: times, by which DuckDB skips others.

        Rows of other days belong to the first one: they must not outlive the days with which they came.
        """
        asked = self.days()
        spans = " OR ".join(self._within(first, last) for first, last in self.spans)
        for day in asked:
            yield (
                day,
                self._within(day, day) + (f" OR NOT ({spans})" if day == asked[0] and self._strays else ""),
            )

    def _within(self, first: date, last: date) -> str:
        """The condition of the rows of some days."""
        since, until = self._start(first), self._start(last + timedelta(days=1))
        return f"(event_time >= TIMESTAMP '{since}' AND event_time < TIMESTAMP '{until}')"

    def _start(self, day: date) -> datetime:
        """When a day begins (UTC)."""
        midnight = datetime.combine(day, datetime.min.time(), ZoneInfo(self.zone or "UTC"))
        return midnight.astimezone(UTC).replace(tzinfo=None)

    @cached_property
    def _strays(self) -> bool:
        """Whether there are rows of other days than those that were asked for."""
        spans = " OR ".join(self._within(first, last) for first, last in self.spans)
        found = self.con.execute(
            f"SELECT 1 FROM {identifier(self.table)} WHERE NOT ({spans}) LIMIT 1"
        ).fetchall()
        return bool(found)

    def _rows(self, columns: Sequence[LakeColumn]) -> str:
        """A query of the rows as they are in the files."""
        typed = {column.property: column for column in self.columns}
        known = typed | {column.property: column for column in self.others}
        select = [
            f"{sql} AS {identifier(name)}"
            for name, sql in zip(BASE_COLUMNS[self.type], self._base(), strict=True)
        ]
        for column in columns:
            own = typed.get(column.property)
            if own is not None and own.sql_type == column.stored_type:
                value = identifier(own.name)
            else:
                value = _from_json(column, known[column.property])
            select.append(f"CAST({value} AS {column.file_type}) AS {identifier(column.field)}")
        first = int(time.time()) * _SECONDS_TO_ROWS
        select.append(f"{layout.sent_number(self.con, self.table)} + {first} AS {ROW_NUMBER}")
        return f"SELECT {', '.join(select)} FROM {identifier(self.table)}"

    def _base(self) -> list[str]:
        """SQL of the base columns."""
        json, time_of = "CAST(properties AS VARCHAR)", "timezone('UTC', {})"
        if self.type == "profiles":
            return ["distinct_id", json, time_of.format("last_seen")]
        return ["event_name", time_of.format("event_time"), "distinct_id", "insert_id", json]

    def _write_file(self, rows: str, where: str, day: date | None, folder: Path) -> DataFile | None:
        """Write the rows of a day; None if there are none."""
        times = f"SELECT min(event_time), max(event_time) FROM {identifier(self.table)} WHERE {where}"
        return _written(self.con, f"{rows} WHERE {where}", None if day is None else times, day, folder)


@contextmanager
def typed(batch: loading.Batch, known: Sequence[PropertyColumn] | None) -> Iterator[TypedChunk]:
    """A batch in memory, loaded as into a table of a database file.

    Args:
        batch: The batch.
        known: The columns of the lake's table; None if there is none yet, and the batch decides.

    Raises:
        IncompleteExportError: a line is not JSON, or not an event (or profile), or lines are missing.
        StorageError: DuckDB failed in the block, e.g. the disk is full.
    """
    into = replace(batch, table=TABLE, chunks=(), chunks_before=None, renews=False, replace=False)
    con = new_session()
    try:
        con.execute(f"SET memory_limit = '{MEMORY}'")
        if known is not None:
            into = replace(into, columns=None)
            ledger.create(con)
            con.execute(create_table_sql(TABLE, batch.type, known))
            ledger.record_columns(con, TABLE, known)
        loaded = interruptible(con, lambda: loading.load(con, into))
        columns = tuple(_counted(con, TABLE, column) for column in ledger.columns(con, TABLE))
        yield TypedChunk(con, batch.type, loaded, columns, spans_of(batch.chunks), batch.time.legacy_zone)
    except duckdb.Error as error:
        raise storage_error(error) from error
    finally:
        con.close()


def retyped(
    con: duckdb.DuckDBPyConnection, file: DataFile, path: Path, record: Record, folder: Path
) -> DataFile | None:
    """The rows of a file as a new file in a folder, whose columns hold all values of their kinds.

    Args:
        con: Where to run.
        file: The file.
        path: Where it is on this machine.
        record: What is recorded of the table.
        folder: The folder.
    """
    source = f"read_parquet([{text(literal_path(path))}], hive_partitioning = false)"
    times = f"SELECT timezone('UTC', min(event_time)), timezone('UTC', max(event_time)) FROM {source}"
    changed = {c: extraction.from_stored(c.column) for c in record.columns if c.is_outgrown}
    values = [f"CAST({sql} AS {c.retyped.file_type}) AS {identifier(c.field)}" for c, sql in changed.items()]
    json = "CAST(properties AS VARCHAR) AS properties"
    rows = (
        f"SELECT * REPLACE ({', '.join([json, *values])}) "
        f"FROM (SELECT * REPLACE (CAST(properties AS JSON) AS properties) FROM {source})"
    )
    with streaming(con):
        return _written(con, rows, None if file.day is None else times, file.day, folder)


def _written(
    con: duckdb.DuckDBPyConnection, rows: str, times: str | None, day: date | None, folder: Path
) -> DataFile | None:
    """Write the rows of a query as a new file in a folder; None if there are none.

    Args:
        con: Where to run.
        rows: The query.
        times: A query of the times of the first and the last event.
        day: The day of the rows.
        folder: The folder.
    """
    name = f"{uuid.uuid4()}.parquet"
    path = Path(name) if day is None else Path(f"{DAY}={day}") / name
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    # The first level of zstd is as small as the usual third one for these rows, and quicker.
    options = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {EXPORT_ROWS}"
    count = int(con.execute(f"COPY ({rows}) TO {text(str(file))} ({options})").fetchall()[0][0])
    if not count:
        file.unlink(missing_ok=True)
        return None
    first, last = (None, None) if times is None else con.execute(times).fetchall()[0]
    return DataFile(path.as_posix(), day, count, file.stat().st_size, first, last)


def table_as_chunk(con: duckdb.DuckDBPyConnection, table: str, held: ledger.Entries) -> TypedChunk:
    """A fetched table of a database as a chunk.

    Raises:
        StorageError: nothing is recorded of it.
    """
    if held.metadata is None or held.metadata.source is None or not held.chunks:
        message = f"Table {table!r} was not fetched, and a lake has fetched tables."
        raise StorageError(message, hint="Write it as Parquet files, partitioned by day.")
    columns = tuple(_counted(con, table, column) for column in held.columns)
    loaded = loading.Loaded(held.metadata.row_count, 0)
    spans, zone = spans_of(held.chunks), held.metadata.legacy_zone
    return TypedChunk(con, held.metadata.type, loaded, columns, spans, zone, table)


def with_others(chunk: TypedChunk, columns: Sequence[LakeColumn]) -> TypedChunk:
    """A chunk with the columns of a lake that it has not."""
    typed = {column.property for column in chunk.columns}
    others = [column.column for column in columns if column.property not in typed]
    found = extraction.kinds_in(chunk.con, identifier(chunk.table), [column.property for column in others])
    return replace(chunk, others=tuple(replace(each, kinds=found[each.property][0]) for each in others))


def spans_of(chunks: Sequence[ledger.Chunk]) -> tuple[Span, ...]:
    """The days of chunks."""
    return tuple((chunk.from_date, chunk.to_date) for chunk in chunks if chunk.from_date and chunk.to_date)


def _counted(con: duckdb.DuckDBPyConnection, table: str, column: PropertyColumn) -> PropertyColumn:
    """The column with big numbers among its kinds, if it holds some: BIGINT takes them without a notice."""
    if column.sql_type != "BIGINT" or Kinds.BIG in column.kinds:
        return column
    outside = f"{identifier(column.name)} NOT BETWEEN {1 - EXACT_IN_DOUBLE} AND {EXACT_IN_DOUBLE - 1}"
    rows = identifier(table)
    found = con.execute(f"SELECT coalesce(bool_or({outside}), false) FROM {rows}").fetchall()[0][0]
    return column.widened(Kinds.BIG) if found else column


def _from_json(column: LakeColumn, own: PropertyColumn) -> str:
    """A column's value read from a row's JSON: NULL where its type in the files does not hold it.

    Args:
        column: The column.
        own: It with the kinds that the rows hold.
    """
    field = f"nullif(properties->{json_pointer(column.property)}, 'null')"
    both = replace(own, kinds=column.kinds | own.kinds, raw=True)
    if both.sql_type == column.stored_type:
        return extraction.value(both, field)
    fixed = replace(own, kinds=column.first, raw=True)
    value, wrong = extraction.value(fixed, field), extraction.violation(fixed, field)
    return value if wrong is None else f"CASE WHEN NOT coalesce({wrong}, false) THEN {value} END"
