"""Fetching into a lake: its tables as the destination of fetches, filled by several processes at once.

A lake's table has one selection of events, by the same filters from the same project. Each day is replaced
as a whole, so a day that is fetched twice, by whomever, is there once.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import IncompleteExportError, StorageError, TableExistsError, TableNotFoundError
from mixpanel_nb.services.existing import check_if_exists
from mixpanel_nb.services.fetch.staging import Staging
from mixpanel_nb.services.fetch.target import HOW, FetchTarget, Targets, filters_of, is_stored
from mixpanel_nb.storage.lake.delta import check_installed
from mixpanel_nb.storage.lake.table import LakeTable
from mixpanel_nb.storage.sqltext import check_table_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from mixpanel_nb.files.places import Place
    from mixpanel_nb.services.existing import IfExists
    from mixpanel_nb.storage import Chunk, TableMetadata
    from mixpanel_nb.storage.lake.records import Record
    from mixpanel_nb.storage.lake.table import Snapshot
    from mixpanel_nb.storage.parallel import Feed
    from mixpanel_nb.storage.schema import PropertyColumn, TableType


class LakeStore:
    """The tables of a lake, for fetches. See ``FetchStore``.

    Args:
        place: The lake's place.
        beside: Beside which file or folder downloads wait.

    Attributes:
        on_wait: Never called: no process waits for another one.

    Raises:
        ConfigError: ``deltalake`` is not installed.
    """

    def __init__(self, place: Place, beside: Path) -> None:
        check_installed()
        self.place = place
        self.on_wait: Callable[[str], None] | None = None
        self._beside = beside
        self._tables: dict[str, LakeTable] = {}

    @property
    def beside(self) -> Path:
        """Beside which file or folder downloads wait."""
        return self._beside

    def check_writable(self) -> None:
        """Check that the place can be a lake's.

        Raises:
            StorageError: it is a file.
        """
        if self.place.folder is not None and self.place.folder.is_file():
            message = f"{self.place} is a file, and a lake is a folder."
            raise StorageError(message, hint="Name another folder.")

    def table_exists(self, name: str) -> bool:
        """See :class:`FetchStore`."""
        return self._snapshot(name) is not None

    def get_metadata(self, table: str) -> TableMetadata:
        """See :class:`FetchStore`."""
        found = self.metadata_or_none(table)
        if found is None:
            raise TableNotFoundError(f"There is no table {table!r} in the lake {self.place}.")
        return found

    def metadata_or_none(self, table: str) -> TableMetadata | None:
        """See :class:`FetchStore`."""
        found = self._snapshot(table)
        return None if found is None else found.record.metadata(found.rows)

    def filters(self, table: str) -> str | None:
        """The filters of a table, as canonical JSON; None if there is no such table."""
        found = self._snapshot(table)
        return None if found is None else found.record.filters

    def chunks(self, table: str) -> list[Chunk]:
        """See :class:`FetchStore`."""
        found = self._snapshot(table)
        return [] if found is None else list(found.record.chunks)

    def property_columns(self, table: str) -> list[PropertyColumn]:
        """See :class:`FetchStore`."""
        found = self._snapshot(table)
        return [] if found is None else [column.column for column in found.record.columns]

    def row_count(self, table: str) -> int:
        """See :class:`FetchStore`."""
        found = self._snapshot(table)
        return 0 if found is None else found.rows

    def rows_per_day(self, table: str, since: date, until: date, zone: str | None = None) -> dict[date, int]:
        """See :class:`FetchStore`; days are those of the lake's partitions."""
        del zone
        found = self._snapshot(table)
        counts = {} if found is None else found.rows_per_day()
        return {day: count for day, count in sorted(counts.items()) if since <= day <= until}

    def load_all(self, feed: Feed) -> None:
        """See :class:`FetchStore`."""
        while (batch := feed.next()) is not None:
            try:
                loaded = self._table(batch.table).load(batch)
            except IncompleteExportError as error:
                feed.refused(batch, error)
            else:
                feed.stored(batch, loaded)

    def mark(
        self,
        table: str,
        *,
        complete: bool,
        request: Mapping[str, Any] | None = None,
        timezone: str | None = None,
    ) -> None:
        """See :class:`FetchStore`; whether a table is complete follows from its chunks."""
        del complete, request

        def change(record: Record) -> Record:
            missing = (each for each in record.unfinished if not is_stored(each, record.chunks))
            return replace(record, timezone=timezone or record.timezone, unfinished=tuple(missing))

        self._table(table).change(change)

    def discard(self, name: str) -> None:
        """See :class:`FetchStore`; a lake has no replacements."""
        del name

    def swap(self, new: str, name: str) -> None:
        """See :class:`FetchStore`; a lake has no replacements."""
        del new, name

    def _table(self, name: str) -> LakeTable:
        if name not in self._tables:
            self._tables[name] = LakeTable(self.place.table(name), is_stored)
        return self._tables[name]

    def _snapshot(self, name: str) -> Snapshot | None:
        return self._table(name).snapshot()


class LakeTargets(Targets):
    """Opens tables of a lake for fetches.

    ``fail`` and ``append`` add days, ``same`` does not even ask for days that had not ended when they were
    fetched, ``replace`` asks for all days once more.
    """

    storage: LakeStore

    @contextmanager
    def opened(
        self, name: str, table_type: TableType, request: Mapping[str, Any], if_exists: IfExists
    ) -> Iterator[FetchTarget]:
        """The target, locked against the same fetch by another process of this machine.

        Raises:
            ParameterError: the name or ``if_exists`` is invalid.
            TableExistsError: the table holds other events.
            StorageError: another process is doing the same fetch.
        """
        check_table_name(name)
        check_if_exists(if_exists)
        self.storage.check_writable()
        request = json.loads(json.dumps(request))  # as it will be read again
        self._checked(name, table_type, request)
        staging = Staging(self.storage.beside, f"{name}-{_digest(request)}")
        with staging.locked():
            before = self._checked(name, table_type, request)
            is_here = if_exists == "same" and is_stored(request, self.storage.chunks(name))
            again = if_exists == "replace"
            target = FetchTarget(name, name, table_type, request, self.source, staging, before, is_here)
            yield replace(target, asks_again=again, renewed_by="a fetch that appends")

    def _checked(self, name: str, table_type: TableType, request: Mapping[str, Any]) -> TableMetadata | None:
        """The record of the table, which this fetch may add to.

        Raises:
            TableExistsError: the table holds other rows.
        """
        before = self.storage.metadata_or_none(name)
        if before is None:
            return None
        if before.type != table_type:
            message = f"Table {name!r} of the lake has {before.type}, so {table_type} cannot be added to it."
            raise TableExistsError(message, hint="Choose another name.", details={"table": name})
        self._check_source(name, before)
        if table_type == "events" and self.storage.filters(name) != filters_of(request):
            message = f"Table {name!r} of the lake was fetched with other filters than this fetch has."
            hint = "Fetch each selection of events into a table of its own."
            raise TableExistsError(message, hint=hint, details={"table": name})
        return replace(before, complete=True)  # other fetches of it may be running


def _digest(request: Mapping[str, Any]) -> str:
    asked = {name: value for name, value in request.items() if name != HOW}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]
