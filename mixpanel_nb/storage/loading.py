"""Batches of downloaded chunks into a table, each batch in one transaction with its ledger entries."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.storage import dedupe, extraction, ingest, ledger
from mixpanel_nb.storage.inference import DEFAULT_COLUMNS, Sample, choose, sample_lines
from mixpanel_nb.storage.schema import BASE_COLUMNS, HELD_BY_BASE, PropertyColumn, TableType, create_table_sql
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb

    from mixpanel_nb.storage.ledger import Chunk, TableMetadata


@dataclass(frozen=True)
class Batch:
    """What is to be loaded.

    Attributes:
        table: Its name; made if it is not there.
        files: Files of JSON lines: export lines for events, engage results for profiles.
        chunks: The ledger entries of these files.
        metadata: What is recorded of the table (type, range, filters); rows are counted anew.
        columns: Typed columns wanted: at most so many, these properties, or none (None or 0).
        dedupe: Keep one row per event, as Mixpanel's reports do (profiles: always one per person).
        time: How event times are to be read.
    """

    table: str
    files: Sequence[Path]
    chunks: Sequence[Chunk]
    metadata: TableMetadata
    columns: int | Sequence[str] | None = DEFAULT_COLUMNS
    dedupe: bool = True
    time: ingest.EventTime = ingest.EventTime()

    @property
    def type(self) -> TableType:
        """Whether these are events or profiles."""
        return self.metadata.type


@dataclass(frozen=True)
class Loaded:
    """What a batch did.

    Attributes:
        rows: Rows the table gained.
        duplicates: Rows that were left out, or replaced older ones of the same key.
    """

    rows: int
    duplicates: int


def load(con: duckdb.DuckDBPyConnection, batch: Batch) -> Loaded:
    """Load one batch; afterwards either all of it is in the table and the ledger, or nothing.

    Raises:
        IncompleteExportError: a line is not JSON, or not an event (or profile).
        duckdb.Error: the database failed (a full disk, an interrupt).
    """
    source = ingest.properties_source(batch.type, batch.files)
    is_new = not _exists(con, batch.table)
    known = [] if is_new else ledger.columns(con, batch.table)
    columns = [*known, *_proposed(batch, known)]
    while True:
        try:
            with _transaction(con):
                ledger.create(con)
                if is_new:
                    con.execute(create_table_sql(batch.table, batch.type, columns))
                else:
                    columns = _adapt(con, batch.table, known, columns)
                return _fill(con, batch, columns)
        except ingest.WideningNeeded:
            columns = ingest.widen(con, source, columns)


def promote(con: duckdb.DuckDBPyConnection, table: str, properties: Sequence[str]) -> list[PropertyColumn]:
    """Give each of ``properties`` a typed column in ``table``, filled for every row.

    Returns the new columns; properties that have one already are passed over.
    """
    known = ledger.columns(con, table)
    have = {column.property for column in known}
    fresh = [name for name in dict.fromkeys(properties) if name not in have]
    new = Sample([]).columns(fresh, _names_taken(con, table))
    with _transaction(con):
        new = [_add(con, table, column) for column in _counted(con, table, new)]
        ledger.record_columns(con, table, [*known, *new])
    return new


def _fill(con: duckdb.DuckDBPyConnection, batch: Batch, columns: Sequence[PropertyColumn]) -> Loaded:
    before = _row_count(con, batch.table)
    newest = _newest_row(con, batch.table)
    if batch.type == "events":
        ingest.insert_events(con, batch.table, batch.files, columns, batch.time)
        span = dedupe.span_after(con, batch.table, newest) if batch.dedupe else None
        duplicates = dedupe.remove_duplicate_events(con, batch.table, *span) if span else 0
    else:
        ingest.insert_profiles(con, batch.table, batch.files, columns)
        duplicates = dedupe.remove_older_profiles(con, batch.table)
    after = _row_count(con, batch.table)
    ledger.record_columns(con, batch.table, columns)
    ledger.add_chunks(con, batch.table, batch.chunks)
    entry = ledger.merged(ledger.metadata(con, batch.table), batch.metadata)
    ledger.record(con, batch.table, replace(entry, row_count=after))
    return Loaded(after - before, duplicates)


def _proposed(batch: Batch, known: Sequence[PropertyColumn]) -> list[PropertyColumn]:
    """The columns that a sample of the batch asks for beyond those that are known."""
    if not batch.columns:
        return []
    inner = "properties" if batch.type == "events" else "$properties"
    objects = (line.get(inner) for line in sample_lines(batch.files))
    sample = Sample(properties for properties in objects if isinstance(properties, dict))
    held = HELD_BY_BASE[batch.type]
    chosen = choose(sample, batch.columns, held=held, existing={column.property for column in known})
    taken = [*BASE_COLUMNS[batch.type], *(column.name for column in known)]
    return sample.columns(chosen, taken)


def _adapt(
    con: duckdb.DuckDBPyConnection,
    table: str,
    known: Sequence[PropertyColumn],
    columns: Sequence[PropertyColumn],
) -> list[PropertyColumn]:
    """Bring a table that exists to ``columns``: widen what is there, add what is new."""
    count = len(known)
    widened = ingest.alter_types(con, table, known, columns[:count])
    return [*widened, *(_add(con, table, column) for column in _counted(con, table, columns[count:]))]


def _counted(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[PropertyColumn]
) -> list[PropertyColumn]:
    """The columns with the kinds that the table's stored rows hold of them added."""
    found = extraction.kinds_in(con, identifier(table), [column.property for column in columns])
    return [column.widened(found[column.property][0]) for column in columns]


def _add(con: duckdb.DuckDBPyConnection, table: str, column: PropertyColumn) -> PropertyColumn:
    con.execute(f"ALTER TABLE {identifier(table)} ADD COLUMN {column.definition()}")
    ingest.set_type(con, table, column)
    return column


@contextmanager
def _transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    con.begin()
    try:
        yield
    except BaseException:
        con.rollback()
        raise
    con.commit()


def _exists(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    return (
        _scalar(
            con,
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_catalog() "
            "AND schema_name = 'main' AND lower(table_name) = lower($table)",
            {"table": table},
        )
        == 1
    )


def _row_count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(_scalar(con, f"SELECT count(*) FROM {identifier(table)}"))


def _newest_row(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(_scalar(con, f"SELECT coalesce(max(rowid), -1) FROM {identifier(table)}"))


def _names_taken(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [row[0] for row in con.execute(f"DESCRIBE {identifier(table)}").fetchall()]


def _scalar(con: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any] | None = None) -> Any:
    row = con.execute(sql, params or {}).fetchone()
    assert row is not None, "an aggregate gives one row"
    return row[0]
