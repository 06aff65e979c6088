"""Loading of batches of downloaded chunks, each in one transaction with its ledger entries."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mixpanel_nb.errors import IncompleteExportError, StorageError, TableNotFoundError, did_you_mean
from mixpanel_nb.json_text import parsed
from mixpanel_nb.storage import dedupe, extraction, ingest, ledger
from mixpanel_nb.storage.connections import transaction
from mixpanel_nb.storage.inference import DEFAULT_COLUMNS, SAMPLE_LINES, Sample, choose, sample_lines, usable
from mixpanel_nb.storage.kinds import Kinds
from mixpanel_nb.storage.renewal import DayChange, Renewal
from mixpanel_nb.storage.schema import (
    BASE_COLUMNS,
    HELD_BY_BASE,
    PropertyColumn,
    TableType,
    column_names,
    create_table_sql,
)
from mixpanel_nb.storage.sqltext import identifier, replacement_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    import duckdb

    from mixpanel_nb.storage.ledger import Chunk, TableMetadata
    from mixpanel_nb.storage.own_rows import OwnRows

MAX_NAMES = 12  # of properties in the hint of an error


@dataclass(frozen=True)
class Batch:
    """What is to be loaded.

    Attributes:
        table: Its name; created if missing.
        files: Files of JSON lines: export lines for events, engage results for profiles.
        chunks: The ledger entries of these files.
        metadata: What is recorded of the table (type, range, filters); rows are counted again.
        columns: Typed columns wanted: at most so many, these properties, or none (None or 0).
        dedupe: Keep one row per event, as Mixpanel's reports do (profiles: always one per user).
        time: How event times are to be read.
        lines: How many lines the files hold, if known: all of them must arrive.
        chunks_before: How many chunks the table must hold before, if known: the table may have been dropped
            or replaced meanwhile.
        rows: User rows, in place of files of export lines; their days are computed.
        replace: Whether an existing table is replaced, in the same transaction.
        renews: Whether the events replace the table's events of the chunks' days.
    """

    table: str
    files: Sequence[Path]
    chunks: Sequence[Chunk]
    metadata: TableMetadata
    columns: int | Sequence[str] | None = DEFAULT_COLUMNS
    dedupe: bool = True
    time: ingest.EventTime = field(default_factory=ingest.EventTime)
    lines: int | None = None
    chunks_before: int | None = None
    rows: OwnRows | None = None
    replace: bool = False
    renews: bool = False

    @property
    def type(self) -> TableType:
        """Whether these are events or profiles."""
        return self.metadata.type

    @property
    def source(self) -> str:
        """What is to be loaded as a relation with a JSON column ``properties``."""
        if self.rows is not None:
            return self.rows.source()
        return ingest.properties_source(self.type, self.files)


@dataclass(frozen=True)
class Loaded:
    """The result of loading a batch.

    Attributes:
        rows: Rows the table gained.
        duplicates: Rows that were left out, or replaced older ones of the same key.
        without_id: Profiles that were left out because they have no ``$distinct_id``.
        without_time: User rows that were left out because they have no time.
        users: Users of the added user rows.
        without_user: Added user rows without a user.
        changes: The changes of each day, if days were renewed.
    """

    rows: int
    duplicates: int
    without_id: int = 0
    without_time: int = 0
    users: int = 0
    without_user: int = 0
    changes: tuple[DayChange, ...] = ()

    def __add__(self, other: Loaded) -> Loaded:
        """The sum of two batches of one fetch."""
        return replace(
            self,
            rows=self.rows + other.rows,
            duplicates=self.duplicates + other.duplicates,
            without_id=self.without_id + other.without_id,
            changes=self.changes + other.changes,
        )


def load(con: duckdb.DuckDBPyConnection, batch: Batch) -> Loaded:
    """Load one batch into the table and the ledger, atomically.

    Raises:
        IncompleteExportError: a line is not JSON, or not an event (or profile), or lines are missing.
        TableNotFoundError: the table was dropped or replaced meanwhile.
        duckdb.Error: the database failed (a full disk, an interrupt).
    """
    check_unchanged(con, batch)
    replaced = _kind(con, batch.table)
    is_new = batch.replace or replaced != "TABLE"
    known = [] if is_new else ledger.columns(con, batch.table)
    columns = [*known, *_proposed(con, batch, known, is_new=is_new)]
    while True:
        try:
            with transaction(con):
                if is_new:
                    if replaced:
                        con.execute(f"DROP {replaced} {identifier(batch.table)}")
                    ledger.start(con, batch.table)
                    con.execute(create_table_sql(batch.table, batch.type, columns))
                else:
                    ledger.create(con)
                    columns = _adapt(con, batch.table, known, columns)
                return _fill(con, batch, columns, is_new=is_new)
        except ingest.WideningNeeded:
            columns = ingest.widen(con, batch.source, columns)


def columns_beside(con: duckdb.DuckDBPyConnection, batch: Batch) -> list[PropertyColumn] | None:
    """The columns of the table, if a batch can be added while others are: see :func:`add`; None if not."""
    if batch.type != "events" or batch.rows is not None or batch.replace or batch.renews:
        return None
    if _kind(con, batch.table) != "TABLE":
        return None
    known = ledger.columns(con, batch.table)
    return None if _proposed(con, batch, known, is_new=False) else known


def add(
    con: duckdb.DuckDBPyConnection, batch: Batch, columns: Sequence[PropertyColumn]
) -> tuple[Loaded, frozenset[int]]:
    """Add the events of a batch to its table, which has these columns, and its chunks to the ledger.

    Nothing else is changed, so transactions that do this do not exclude each other. :func:`record` has to
    follow. Returns what was loaded, and the quarters of an hour of the events.

    Raises:
        WideningNeeded: a value does not fit.
        IncompleteExportError: a line is not JSON, or not an event, or lines are missing.
    """
    before, newest = _row_count(con, batch.table), _newest_row(con, batch.table)
    _check_arrived(batch, ingest.insert_events(con, batch.table, batch.files, columns, batch.time))
    duplicates = _remove_duplicates(con, batch, newest)
    ledger.add_chunks(con, batch.table, batch.chunks)
    loaded = Loaded(_row_count(con, batch.table) - before, duplicates)
    return loaded, dedupe.quarters_after(con, batch.table, newest)


def record(con: duckdb.DuckDBPyConnection, batch: Batch, *, complete: bool) -> None:
    """Record the table of a batch that is in it, in a transaction of its own."""
    with transaction(con):
        counted = replace(batch, metadata=replace(batch.metadata, complete=complete))
        _record(con, counted, _row_count(con, batch.table), is_new=False)


def counted(con: duckdb.DuckDBPyConnection, table: str, entry: TableMetadata) -> TableMetadata:
    """What is recorded of a table, with its rows counted and its days taken from the ledger.

    A process that was killed may not have recorded the last chunks that it stored: see :func:`record`.
    """
    for chunk in ledger.chunks(con, table):
        entry = ledger.merged(entry, replace(entry, from_date=chunk.from_date, to_date=chunk.to_date))
    return replace(entry, row_count=_row_count(con, table))


def promote(
    con: duckdb.DuckDBPyConnection, table: str, table_type: TableType, properties: Sequence[str]
) -> list[PropertyColumn]:
    """Give each of ``properties`` a typed column in ``table``, filled for every row.

    Returns the new columns; properties that already have one are skipped.

    Raises:
        StorageError: no row has such a property, or it cannot name a column; nothing was changed.
    """
    known = ledger.columns(con, table)
    have = {*HELD_BY_BASE[table_type], *(column.property for column in known)}
    names = column_names([name for name in dict.fromkeys(properties) if name not in have], _names(con, table))
    _check_usable(names)
    with transaction(con):
        new = _counted(con, table, [PropertyColumn(prop, name, Kinds.NONE) for prop, name in names.items()])
        _check_found(con, table, new)
        for column in new:
            _add(con, table, column)
        ledger.record_columns(con, table, [*known, *new])
    return new


def _check_usable(properties: Collection[str]) -> None:
    for name in properties:
        if not usable(name):
            message = f"{name!r} cannot name a column."
            hint = "Read it from the JSON in properties."
            raise StorageError(message, hint=hint, details={"parameter": "properties"})


def _check_found(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[PropertyColumn]) -> None:
    missing = [column.property for column in columns if not column.kinds]
    if missing:
        names = ", ".join(repr(name) for name in missing)
        message = f"No row of {table!r} has a property {names}."
        known = _some_properties(con, table)
        hint = did_you_mean(missing[0], known) or (f"There are {_first_of(known)}." if known else None)
        raise StorageError(
            message, hint=hint, details={"parameter": "properties", "table": table, "properties": missing}
        )


def _first_of(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MAX_NAMES])
    return shown if len(names) <= MAX_NAMES else f"{shown} and {len(names) - MAX_NAMES:,} more"


def _some_properties(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = f"SELECT properties FROM {identifier(table)} USING SAMPLE 2000 ROWS"
    names = con.execute(f"SELECT DISTINCT unnest(json_keys(properties)) AS name FROM ({rows}) ORDER BY name")
    return [name for (name,) in names.fetchall()]


def _fill(
    con: duckdb.DuckDBPyConnection, batch: Batch, columns: Sequence[PropertyColumn], *, is_new: bool
) -> Loaded:
    before, newest = (0, -1) if is_new else (_row_count(con, batch.table), _newest_row(con, batch.table))
    without_id = without_time = 0
    changes: list[DayChange] = []
    if batch.rows is not None:
        ingest.insert_own_rows(con, batch.table, batch.rows, columns)
        without_time = dedupe.remove_events_without_time(con, batch.table, newest)
        batch = _with_days(con, batch, batch.rows, newest)
        duplicates = _remove_duplicates(con, batch, newest)
    elif batch.type == "events":
        _check_arrived(batch, ingest.insert_events(con, batch.table, batch.files, columns, batch.time))
        if batch.renews:
            duplicates, changes = _renew(con, batch, newest)
        else:
            duplicates = _remove_duplicates(con, batch, newest)
    else:
        arrived = ingest.insert_profiles(con, batch.table, batch.files, columns)
        without_id = _without_id(con, batch, arrived)
        _check_arrived(batch, arrived + without_id)
        duplicates = dedupe.remove_older_profiles(con, batch.table)
    after = _row_count(con, batch.table)
    ledger.record_columns(con, batch.table, columns, is_new=is_new)
    ledger.add_chunks(con, batch.table, batch.chunks)
    _record(con, batch, after, is_new=is_new)
    users = (0, 0) if batch.rows is None else _users_after(con, batch.table, newest)
    return Loaded(after - before, duplicates, without_id, without_time, *users, tuple(changes))


def _record(con: duckdb.DuckDBPyConnection, batch: Batch, rows: int, *, is_new: bool) -> None:
    entry = ledger.merged(None if is_new else ledger.metadata(con, batch.table), batch.metadata)
    ledger.record(con, batch.table, replace(entry, row_count=rows), is_new=is_new)


def _users_after(con: duckdb.DuckDBPyConnection, table: str, newest: int) -> tuple[int, int]:
    """Users of the rows behind ``newest`` (a rowid), and how many of these rows have none."""
    rows = f"{identifier(table)} WHERE rowid > {newest}"
    counts = "count(DISTINCT distinct_id), count(*) - count(distinct_id)"
    users, without = con.execute(f"SELECT {counts} FROM {rows}").fetchall()[0]
    return users, without


def _with_days(con: duckdb.DuckDBPyConnection, batch: Batch, rows: OwnRows, newest: int) -> Batch:
    """The batch with the days of the rows behind ``newest`` (a rowid) in metadata and ledger entry."""
    span = dedupe.span_after(con, batch.table, newest)
    if span is None:
        return batch
    zone = ZoneInfo(batch.metadata.legacy_zone or "UTC")
    first, last = (moment.replace(tzinfo=UTC).astimezone(zone).date() for moment in span)
    count = _number(con, f"SELECT count(*) FROM {identifier(batch.table)} WHERE rowid > {newest}")
    size = sum(file.path.stat().st_size for file in rows.input.files)
    known_at = max(batch.metadata.fetched_at, span[1])  # of days that are yet to come, too
    chunk = ledger.Chunk(first, last, ledger.WHOLE, count, 0, size, known_at)
    return replace(batch, chunks=[chunk], metadata=replace(batch.metadata, from_date=first, to_date=last))


def _without_id(con: duckdb.DuckDBPyConnection, batch: Batch, arrived: int) -> int:
    """How many profiles of a batch were left out."""
    return 0 if arrived == batch.lines else ingest.profiles_without_id(con, batch.files)


def check_unchanged(con: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Check that the table was not dropped or replaced since the previous batch.

    Raises:
        TableNotFoundError: it was.
    """
    if batch.chunks_before is None:
        return
    as_it_was = batch.chunks_before == len(ledger.chunks(con, batch.table))
    if as_it_was and _kind(con, batch.table) == "TABLE":
        as_it_was = BASE_COLUMNS[batch.type].keys() <= set(_names(con, batch.table))
    if not as_it_was:
        name = batch.table.removeprefix(replacement_of(""))
        message = f"Table {name!r} was dropped or replaced by others while it was being fetched."
        raise TableNotFoundError(message, hint="Fetch it again.", details={"table": name})


def _check_arrived(batch: Batch, rows: int) -> None:
    """Refuse files that are shorter (or longer) than they were when they were downloaded."""
    if batch.lines is not None and batch.lines != rows:
        message = f"{rows:,} of {batch.lines:,} lines that were downloaded could be read."
        raise IncompleteExportError(message)


def _remove_duplicates(con: duckdb.DuckDBPyConnection, batch: Batch, newest: int) -> int:
    """Remove duplicates of the rows after ``newest`` (a rowid), unless duplicates are kept."""
    span = None if newest < 0 else dedupe.span_after(con, batch.table, newest)
    if newest >= 0 and span is None:
        return 0
    unidentified = dedupe.UNIDENTIFIED if batch.rows is None else batch.rows.unidentified()
    if batch.dedupe:
        return dedupe.remove_duplicate_events(con, batch.table, newest, span, unidentified)
    dedupe.number_unidentified_events(con, batch.table, newest, unidentified)
    return dedupe.remove_superseded_events(con, batch.table, newest, *span) if span else 0


def _renew(con: duckdb.DuckDBPyConnection, batch: Batch, newest: int) -> tuple[int, list[DayChange]]:
    """Replace the table's rows of some days by the rows after ``newest`` (a rowid).

    Returns the number of duplicates among them, and the changes of each day.
    """
    spans = [(chunk.from_date, chunk.to_date) for chunk in batch.chunks if chunk.from_date and chunk.to_date]
    renewal = Renewal(batch.table, spans, batch.time.legacy_zone, newest)
    duplicates = 0
    if batch.dedupe:
        duplicates = dedupe.remove_duplicates_behind(con, batch.table, newest)
    else:
        dedupe.number_unidentified_events(con, batch.table, newest)
    changes = renewal.changes(con)
    renewal.remove_old(con)
    return duplicates, changes


def _proposed(
    con: duckdb.DuckDBPyConnection, batch: Batch, known: Sequence[PropertyColumn], *, is_new: bool
) -> list[PropertyColumn]:
    """New columns according to a sample of the batch."""
    if not batch.columns:
        return []
    sample = Sample(_sampled(con, batch))
    held = HELD_BY_BASE[batch.type] if batch.rows is None else batch.rows.held
    chosen = choose(sample, batch.columns, held=held, existing={column.property for column in known})
    return sample.columns(chosen, BASE_COLUMNS[batch.type] if is_new else _names(con, batch.table))


def _sampled(con: duckdb.DuckDBPyConnection, batch: Batch) -> Iterator[dict[str, Any]]:
    """The properties of some of the rows that are to be loaded."""
    if batch.rows is not None:
        rows = con.execute(f"SELECT properties FROM {batch.source} LIMIT {SAMPLE_LINES}").fetchall()
        objects: Iterable[Any] = (parsed(raw.encode("utf-8", "surrogatepass")) for (raw,) in rows if raw)
    else:
        inner = "properties" if batch.type == "events" else "$properties"
        objects = (line.get(inner) for line in sample_lines(batch.files))
    return (properties for properties in objects if isinstance(properties, dict))


def _adapt(
    con: duckdb.DuckDBPyConnection,
    table: str,
    known: Sequence[PropertyColumn],
    columns: Sequence[PropertyColumn],
) -> list[PropertyColumn]:
    """Adapt an existing table to ``columns``: widen existing columns, add new ones."""
    count = len(known)
    widened = ingest.alter_types(con, table, known, columns[:count])
    return [*widened, *(_add(con, table, column) for column in _counted(con, table, columns[count:]))]


def _counted(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[PropertyColumn]
) -> list[PropertyColumn]:
    """The columns with the kinds that the table's stored rows hold of them added."""
    found = extraction.kinds_in(con, identifier(table), [column.property for column in columns])
    return [column.widened(*found[column.property]) for column in columns]


def _add(con: duckdb.DuckDBPyConnection, table: str, column: PropertyColumn) -> PropertyColumn:
    con.execute(f"ALTER TABLE {identifier(table)} ADD COLUMN {column.definition()}")
    ingest.set_type(con, table, column)
    return column


def _kind(con: duckdb.DuckDBPyConnection, table: str) -> str | None:
    """Whether something is a ``TABLE`` or a ``VIEW``; None if it is not there."""
    here = "database_name = current_catalog() AND schema_name = 'main'"
    found = con.execute(
        f"SELECT 'TABLE' FROM duckdb_tables() WHERE {here} AND lower(table_name) = lower($table) UNION ALL "
        f"SELECT 'VIEW' FROM duckdb_views() WHERE {here} AND lower(view_name) = lower($table)",
        {"table": table},
    ).fetchone()
    return None if found is None else str(found[0])


def _row_count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return _number(con, f"SELECT count(*) FROM {identifier(table)}")


def _newest_row(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return _number(con, f"SELECT coalesce(max(rowid), -1) FROM {identifier(table)}")


def _names(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """The names of all columns that ``table`` has."""
    return [row[0] for row in con.execute(f"DESCRIBE {identifier(table)}").fetchall()]


def _number(con: duckdb.DuckDBPyConnection, aggregate: str) -> int:
    return int(con.execute(aggregate).fetchall()[0][0])
