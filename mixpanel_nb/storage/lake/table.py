"""A table of a lake: its current version, and the commits of chunks and of compactions.

Commits are optimistic: each is based on one version and fails if any other commit came first; then its record
is made anew from that one's, and it is tried again. Files are written once and belong to no version until
then, so a process that is killed leaves the table as it was.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import StorageError
from mixpanel_nb.storage.connections import new_session
from mixpanel_nb.storage.interrupt import interruptible
from mixpanel_nb.storage.lake.chunk import MEMORY, TypedChunk, retyped, table_as_chunk, typed, with_others
from mixpanel_nb.storage.lake.delta import ConflictError, DataFile, DeltaLog, Version, moment_of, new_number
from mixpanel_nb.storage.lake.objects import objects_at
from mixpanel_nb.storage.lake.records import ADDED, DAY, Record, lake_columns
from mixpanel_nb.storage.loading import Batch, Loaded
from mixpanel_nb.storage.schema import BASE_COLUMNS, ROW_NUMBER
from mixpanel_nb.storage.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from mixpanel_nb.files.places import Place
    from mixpanel_nb.storage.lake.objects import Objects
    from mixpanel_nb.storage.lake.records import LakeColumn
    from mixpanel_nb.storage.ledger import Chunk, Entries
    from mixpanel_nb.storage.schema import PropertyColumn

RECORDS = "_mixpanel_nb"  # the folder of the records; readers of Delta ignore names with an underscore
_BASE_TYPES = {"event_time": "TIMESTAMP", "last_seen": "TIMESTAMP", DAY: "DATE", ROW_NUMBER: "BIGINT"}

VERSIONS_KEPT_HOURS = 7 * 24  # as Delta does by default; readers of older versions have ended
RECORDS_KEPT_SECONDS = 3600.0
PART_ROWS = 200_000  # that are in memory at once


class LayoutChangedError(Exception):
    """The table has other columns by now than those that files were written for."""


@dataclass(frozen=True)
class Snapshot:
    """A table as of one commit.

    Attributes:
        version: The version of its log.
        record: What is recorded of it.
    """

    version: Version
    record: Record

    @cached_property
    def files(self) -> list[DataFile]:
        """Its files, by day."""
        return self.version.files()

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(file.rows for file in self.files)

    def rows_per_day(self) -> Counter[date]:
        """How many events each day has."""
        counts: Counter[date] = Counter()
        for file in self.files:
            if file.day is not None:
                counts[file.day] += file.rows
        return counts


@dataclass(frozen=True)
class Compaction:
    """What a compaction of a table has done.

    Attributes:
        retyped: The properties whose columns have other types now.
        rewritten: How many files were written anew for that.
        removed: Files that were removed, because no version of the last days has them.
    """

    retyped: tuple[str, ...]
    rewritten: int
    removed: int


class LakeTable:
    """A table of a lake.

    Args:
        place: The table's place.
        is_stored: Whether chunks hold all of a request.

    Attributes:
        place: The table's place.
    """

    def __init__(
        self,
        place: Place,
        is_stored: Callable[[Mapping[str, Any], Sequence[Chunk]], bool] = lambda *_: True,
    ) -> None:
        self.place = place
        self._is_stored = is_stored
        self._log = DeltaLog(place)
        self._known: Snapshot | None = None

    @cached_property
    def objects(self) -> Objects:
        """The files of the table."""
        return objects_at(self.place)

    def snapshot(self) -> Snapshot | None:
        """The table as of now; None if there is none.

        Raises:
            StorageError: it cannot be read, or it was not made by a fetch.
        """
        if self._known is None or not self._log.is_current(self._known.version):
            self._known = self._read()
        return self._known

    def load(self, batch: Batch) -> Loaded:
        """Put the events of a batch in the place of those of the same days (or all users), in one commit.

        Days that another process has fetched later than this batch stay as they are.

        Raises:
            IncompleteExportError: a line is not JSON, or not an event (or profile), or lines are missing.
            StorageError: the lake could not be written.
        """
        while True:
            with suppress(LayoutChangedError):
                return self._load(batch)

    def _load(self, batch: Batch) -> Loaded:
        loaded, files = Loaded(0, 0), list[DataFile]()
        seen: list[PropertyColumn] = []
        columns: tuple[LakeColumn, ...] | None = None
        with self._writing() as folder:
            for part in _parts(batch):
                before = self.snapshot()
                known = None if before is None else [column.column for column in before.record.columns]
                with typed(part, known) as chunk:
                    columns = self._columns(part, chunk, columns)
                    files += interruptible(chunk.con, partial(self._write, chunk, columns, folder))
                loaded += chunk.loaded
                seen += chunk.columns
        self._commit(columns or (), files, partial(_replaced, batch), partial(self._extended, batch, seen))
        return loaded

    def put(self, con: duckdb.DuckDBPyConnection, table: str, held: Entries) -> list[DataFile]:
        """Put a fetched table of a database in the place of the lake's rows of the same days, in one commit.

        Args:
            con: A connection to the database.
            table: The table.
            held: What is recorded of it.

        Returns the files.

        Raises:
            StorageError: it was not fetched, or by several filters, or the lake has other rows.
        """
        chunk = table_as_chunk(con, table, held)
        if held.metadata is None or len({each.filters for each in held.chunks}) > 1:
            message = f"Table {table!r} was fetched by different filters, and a lake has one selection."
            raise StorageError(message, hint="Fetch into the lake instead.")
        batch = Batch(table, [], held.chunks, held.metadata)
        while True:
            with suppress(LayoutChangedError), self._writing() as folder:
                columns = self._columns(batch, chunk, None)
                self._check_same(batch, self._existing().record)
                whole = with_others(chunk, columns)
                files = self._write(whole, columns, folder)
                seen = [*whole.columns, *whole.others]
                self._commit(columns, files, partial(_replaced, batch), partial(self._extended, batch, seen))
                return files

    def _check_same(self, batch: Batch, record: Record) -> None:
        """Check that the table has rows of the same project and selection as a batch.

        A fetch has checked that before, but another process may have made the table since then.

        Raises:
            StorageError: it has not.
        """
        metadata, filters = batch.metadata, batch.chunks[0].filters
        wanted = (batch.type, metadata.source, metadata.legacy_zone)
        is_same = wanted == (record.type, record.source, record.legacy_zone)
        if not is_same or (record.is_partitioned and filters != record.filters):
            message = f"The lake has other rows at {self.place}: of another project, zone, or selection."
            raise StorageError(message, hint="Name another lake, or another table.")

    def _write(self, chunk: TypedChunk, columns: Sequence[LakeColumn], folder: Path) -> list[DataFile]:
        """Write the files of a part; no version has them yet."""
        files = chunk.write(columns, folder)
        for file in files:
            self.objects.put(folder / file.name, file.name)
        return files

    def _extended(self, batch: Batch, seen: Sequence[PropertyColumn], record: Record) -> Record:
        """The record after a batch, whose parts had these columns."""
        self._check_same(batch, record)
        metadata = batch.metadata
        changed = record.with_chunks(batch.chunks).with_kinds(seen)
        return replace(
            changed,
            filters=batch.chunks[0].filters,
            fetched_at=max(record.fetched_at, metadata.fetched_at),
            timezone=metadata.timezone or record.timezone,
            request=metadata.request,
            unfinished=self._unfinished(changed, metadata.request),
        )

    def change(self, change: Callable[[Record], Record]) -> None:
        """Change what is recorded, with the rows as they are."""
        now = self.snapshot()
        if now is not None and change(now.record) != now.record:
            self._commit(now.record.columns, [], lambda _: [], change)

    def compact(self) -> Compaction:
        """Give outgrown columns types that hold all values, and remove files that are no longer needed.

        New types need all files written anew, in one commit; files that other processes add meanwhile, too.

        Raises:
            StorageError: the lake could not be read or written.
        """
        outgrown = [column.property for column in self._existing().record.columns if column.is_outgrown]
        rewritten = self._retype() if outgrown else 0
        removed = self._log.remove_unused(self._existing().version, VERSIONS_KEPT_HOURS)
        self._forget()
        self._remove_old_records()
        return Compaction(tuple(outgrown), rewritten, len(removed))

    def _retype(self) -> int:
        """Write all files anew with types that hold all values. Returns how many there are."""
        written: dict[str, DataFile] = {}
        types: list[str] = []
        with self._writing() as folder, closing(new_session()) as con:
            con.execute(f"SET memory_limit = '{MEMORY}'")
            while True:
                now = self._existing()
                columns = tuple(column.retyped for column in now.record.columns)
                if types != (types := [column.stored_type for column in columns]):
                    written.clear()  # another process has added values of yet other kinds
                for file in now.files:
                    if file.name not in written:
                        path = self.objects.get(file.name, folder / "old" / file.name)
                        made = retyped(con, file, path, now.record, folder)
                        if made is not None:
                            self.objects.put(folder / made.name, made.name)
                            written[file.name] = made
                record = replace(now.record, columns=columns)
                number = self._write_record(record)
                files = [written[file.name] for file in now.files if file.name in written]
                try:
                    self._log.replace(now.version, None, files, number, _fields(record))
                except ConflictError as error:
                    self._give_way(now, number, error)
                    continue
                self._forget()
                return len(files)

    def _remove_old_records(self) -> None:
        """Remove records that no reader needs any more."""
        current = self._existing().version.record
        for name in self.objects.files(RECORDS):
            number = name.removesuffix(".json")
            if (
                number.isdecimal()
                and int(number) != current
                and time.time() - moment_of(int(number)) > RECORDS_KEPT_SECONDS
            ):
                self.objects.remove(f"{RECORDS}/{name}")

    def _existing(self) -> Snapshot:
        found = self.snapshot()
        if found is None:
            message = f"There is no table at {self.place}."
            raise StorageError(message, hint="Fetch into the lake first.")
        return found

    def _unfinished(self, record: Record, request: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        """The requests of which a part is missing, after a chunk of one of them."""
        asked = [*(each for each in record.unfinished if each != request), request]
        return tuple(each for each in asked if not self._is_stored(each, record.chunks))

    def _columns(
        self, batch: Batch, chunk: TypedChunk, before: tuple[LakeColumn, ...] | None
    ) -> tuple[LakeColumn, ...]:
        """The columns of the table, which is made if there is none.

        Args:
            batch: What is loaded.
            chunk: It in memory.
            before: The columns with which earlier parts of it were written.

        Raises:
            LayoutChangedError: another process has made the table or changed its types meanwhile.
        """
        now = self.snapshot()
        if now is None:
            now = self._create(batch, chunk)
        columns = now.record.columns
        changed = before is not None and _layout(before) != _layout(columns)
        typed = {column.property for column in chunk.columns}
        if changed or (batch.files and {column.property for column in columns} != typed):
            raise LayoutChangedError
        return columns

    def _create(self, batch: Batch, chunk: TypedChunk) -> Snapshot:
        """Make the table with the columns of a chunk, unless another process is faster."""
        metadata = batch.metadata
        columns = lake_columns(chunk.type, chunk.columns)
        record = Record(
            chunk.type,
            metadata.source,
            batch.chunks[0].filters,
            metadata.fetched_at,
            columns,
            request=metadata.request,
            unfinished=(metadata.request,),
            timezone=metadata.timezone,
            legacy_zone=metadata.legacy_zone,
        )
        number = self._write_record(record)
        try:
            self._log.create(_fields(record), record.is_partitioned, number)
        except ConflictError:
            self.objects.remove(_object_of(number))
        found = self.snapshot()
        if found is None:
            message = f"The lake at {self.place} was removed while it was being written."
            raise StorageError(message, hint="Fetch again.")
        return found

    def _commit(
        self,
        columns: Sequence[LakeColumn],
        files: Sequence[DataFile],
        days: Callable[[Record], Collection[date] | None],
        change: Callable[[Record], Record],
    ) -> None:
        """Commit files and what is recorded of them.

        Args:
            columns: The columns for which the files were written.
            files: The files.
            days: The days that they replace, by the record of the version before; None for all.
            change: The new record, by that of the version before.

        Raises:
            LayoutChangedError: the table has other columns by now.
        """
        while True:
            before = self.snapshot()
            if before is None or _layout(before.record.columns) != _layout(columns):
                raise LayoutChangedError
            number = self._write_record(change(before.record))
            replaced = days(before.record)
            added = [file for file in files if replaced is None or file.day in replaced]
            try:
                self._log.replace(before.version, replaced, added, number)
            except ConflictError as error:
                self._give_way(before, number, error)
                continue
            self._forget()
            return

    def _give_way(self, before: Snapshot, number: int, error: ConflictError) -> None:
        """Prepare for another attempt after a commit that came too late.

        Raises:
            StorageError: no other commit came first, so it would fail again.
        """
        self.objects.remove(_object_of(number))
        self._forget()
        if self._existing().version.number == before.version.number:
            reason = str(error.__cause__).splitlines()[0][:300]
            message = f"The lake at {self.place} could not be written: {reason}"
            raise StorageError(message, hint="Check that its place can be written to.")

    def _forget(self) -> None:
        """Read the table again when it is next needed."""
        self._known = None

    def _read(self) -> Snapshot | None:
        version = self._log.latest()
        if version is None:
            return None
        content = None if version.record is None else self.objects.read(_object_of(version.record))
        if content is None:
            message = f"{self.place} is a Delta table, but not of a lake that was fetched."
            raise StorageError(message, hint="Fetch into another folder.")
        return Snapshot(version, Record.from_json(content, str(self.place)))

    def _write_record(self, record: Record) -> int:
        number = new_number()
        self.objects.write(_object_of(number), record.to_json())
        return number

    @contextmanager
    def _writing(self) -> Iterator[Path]:
        """A temporary folder for new files, if possible on the disk of the lake."""
        beside = self.place.folder
        if beside is not None:
            beside.parent.mkdir(parents=True, exist_ok=True)
        with Scratch(beside) as scratch:
            yield scratch.path


def _parts(batch: Batch) -> Iterator[Batch]:
    """A batch in parts of whole files with few rows, so that each fits into memory."""
    if len(batch.files) != len(batch.chunks):
        yield batch
        return
    part: list[tuple[Path, Chunk]] = []
    for file, chunk in zip(batch.files, batch.chunks, strict=True):
        if part and sum(each.row_count for _, each in part) + chunk.row_count > PART_ROWS:
            yield _part(batch, part)
            part = []
        part.append((file, chunk))
    yield _part(batch, part)


def _part(batch: Batch, held: Sequence[tuple[Path, Chunk]]) -> Batch:
    files, chunks = zip(*held, strict=True)
    lines = None if batch.lines is None else sum(chunk.row_count for chunk in chunks)
    return replace(batch, files=files, chunks=chunks, lines=lines)


def _replaced(batch: Batch, record: Record) -> list[date] | None:
    """The days that a batch replaces: not those that were fetched later; None for all users."""
    if not record.is_partitioned:
        return None
    days = {day: chunk.fetched_at for chunk in batch.chunks for day in chunk.days()}
    return sorted(days.keys() - record.fetched_after(days))


def _fields(record: Record) -> dict[str, str]:
    """The DuckDB type of each field of a table's files, and of the partition."""
    fields = {name: _BASE_TYPES.get(name, "VARCHAR") for name in BASE_COLUMNS[record.type]}
    fields |= {column.field: column.file_type for column in record.columns}
    return fields | {name: _BASE_TYPES[name] for name in reversed(ADDED[record.type])}


def _object_of(number: int) -> str:
    return f"{RECORDS}/{number}.json"


def _layout(columns: Sequence[LakeColumn]) -> list[tuple[str, str, str]]:
    """What files depend on."""
    return [(column.property, column.field, column.stored_type) for column in columns]
