"""The target of a fetch: whether a table may be written, and what it already contains."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import TableExistsError, Word
from mixpanel_nb.services.existing import check_if_exists
from mixpanel_nb.services.fetch.plan import DateRange, stored_days
from mixpanel_nb.services.fetch.staging import Staging
from mixpanel_nb.storage import TableMetadata, ledger
from mixpanel_nb.storage.sqltext import check_table_name, replacement_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_nb.services.existing import IfExists
    from mixpanel_nb.services.fetch.store import FetchStore
    from mixpanel_nb.storage.schema import TableType

HOW = "how"
"""The parts of a request that only affect storage: typed columns, duplicates."""

_NOT_FILTERS = frozenset({"type", "from_date", "to_date", HOW})
_APPEND, _REPLACE = Word("if_exists", "append"), Word("if_exists", "replace")


@dataclass(frozen=True)
class FetchTarget:
    """Where a fetch writes.

    Attributes:
        name: The requested table.
        table: The table that is filled; another one while ``name`` is being replaced.
        type: What it holds.
        request: The request of this fetch.
        source: The project that is asked.
        staging: The folder of its downloads.
        before: The existing record of ``table``.
        is_here: Whether the table already contains the whole request, so that there is nothing to fetch.
        asks_again: Whether days that the table already contains are asked for, too.
        renewed_by: What asks again for days that had not ended when they were fetched.
    """

    name: str
    table: str
    type: TableType
    request: Mapping[str, Any]
    source: ledger.Source
    staging: Staging
    before: TableMetadata | None = None
    is_here: bool = False
    asks_again: bool = False
    renewed_by: str = "a sync"

    @property
    def replaces(self) -> bool:
        """Whether ``table`` replaces ``name`` at the end."""
        return self.table != self.name

    @property
    def owed(self) -> Mapping[str, Any] | None:
        """The request of an earlier stopped fetch that differs from this one."""
        if self.before is None or self.before.complete or is_repeated(self.before.request, self.request):
            return None
        return self.before.request

    def metadata(
        self,
        filters: Mapping[str, Any],
        wanted: DateRange | None = None,
        *,
        timezone: str | None,
        legacy_zone: str | None = None,
    ) -> TableMetadata:
        """The record of the table; it keeps the request of a stopped fetch until that is complete."""
        return TableMetadata(
            self.type,
            ledger.now(),
            wanted.first if wanted else None,
            wanted.last if wanted else None,
            filters={name: value for name, value in filters.items() if value is not None},
            request=self.owed or self.request,
            source=self.source,
            timezone=timezone,
            legacy_zone=legacy_zone,
        )


@dataclass(frozen=True)
class Targets:
    """Opens tables for fetches, after all checks.

    Attributes:
        storage: Keeps the tables.
        source: The project that is asked.
        legacy_zone: The zone in which exported times are read; None is UTC.
    """

    storage: FetchStore
    source: ledger.Source
    legacy_zone: str | None

    @contextmanager
    def opened(
        self, name: str, table_type: TableType, request: Mapping[str, Any], if_exists: IfExists
    ) -> Iterator[FetchTarget]:
        """The target, locked against other fetches of the table.

        Raises:
            ParameterError: the name or ``if_exists`` is invalid.
            TableExistsError: there is such a table, and this fetch may not write to it.
            StorageError: the database is read-only, or another process is fetching the table.
        """
        check_table_name(name)
        check_if_exists(if_exists)
        self.storage.check_writable()
        staging = Staging(self.storage.beside, name)
        if if_exists != "replace":  # before anything is created on disk; checked again below, under the lock
            try:
                self._admitted(name, table_type, request, if_exists)
            except TableExistsError:
                self._sweep_after(name, request, staging)
                raise
        with staging.locked():
            if if_exists == "replace":
                yield self._replacement(name, table_type, request, staging)
                return
            before = self._admitted(name, table_type, request, if_exists)
            is_here = if_exists == "same" and before is not None and not _resumes(before, request)
            yield FetchTarget(name, name, table_type, request, self.source, staging, before, is_here)

    def _sweep_after(self, name: str, request: Mapping[str, Any], staging: Staging) -> None:
        """Remove files of a fetch that was killed after all was stored; other downloads may remain."""
        before = self.storage.metadata_or_none(name)
        stored = before is not None and before.complete and is_repeated(before.request, request)
        staging.sweep(downloads=stored)

    def _admitted(
        self, name: str, table_type: TableType, request: Mapping[str, Any], if_exists: IfExists
    ) -> TableMetadata | None:
        """The record of the table, if this fetch may write to it or need not.

        Raises:
            TableExistsError: it may not write.
        """
        if not self.storage.table_exists(name):
            return None
        before = self.storage.metadata_or_none(name)
        if before is None or before.type != table_type:
            kind = "not a fetched table" if before is None else f"a table of {before.type}"
            message = f"{name!r} is {kind}, so {table_type} cannot be added to it."
            raise TableExistsError(
                message, hint="Choose another name, or replace it.", details={"table": name}
            )
        self._check_source(name, before)
        is_here = if_exists == "same" and is_stored(request, self.storage.chunks(name))
        if not (if_exists == "append" or is_here or _resumes(before, request)):
            raise _exists(name, before, self.storage.row_count(name))
        return before

    def _check_source(self, name: str, before: TableMetadata) -> None:
        """Refuse to add to rows of another project, or to times of another zone.

        Raises:
            TableExistsError: the table holds such rows.
        """
        hint = ["Fetch into another table or another database, or replace the table with ", _REPLACE, "."]
        if before.source != self.source:
            held = before.source or "a project that was not recorded"
            message = f"Table {name!r} holds {before.type} of {held}, and this fetch asks {self.source}."
            raise TableExistsError(message, hint=hint, details={"table": name})
        if before.type == "events" and before.legacy_zone != self.legacy_zone:
            message = (
                f"The times of table {name!r} were read as {_read_as(before.legacy_zone)}, "
                f"and this fetch reads them as {_read_as(self.legacy_zone)}."
            )
            raise TableExistsError(message, hint=hint, details={"table": name})

    def _replacement(
        self, name: str, table_type: TableType, request: Mapping[str, Any], staging: Staging
    ) -> FetchTarget:
        """The table that will replace ``name``, new unless the same call was stopped."""
        table = replacement_of(name)
        before = self.storage.metadata_or_none(table)
        if before is not None and not self._goes_on(before, request):
            self.storage.discard(table)
            before = None
        return FetchTarget(name, table, table_type, request, self.source, staging, before)

    def _goes_on(self, before: TableMetadata, request: Mapping[str, Any]) -> bool:
        """Whether this fetch can continue a stopped replacement."""
        zone = self.legacy_zone if before.type == "events" else None
        return is_repeated(before.request, request) and (before.source, before.legacy_zone) == (
            self.source,
            zone,
        )


def is_repeated(before: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    """Whether two requests select the same data, regardless of storage options."""
    return _asked(before) == _asked(request)


def is_stored(request: Mapping[str, Any], chunks: Sequence[ledger.Chunk]) -> bool:
    """Whether stored chunks of any fetches contain the whole request."""
    filters = filters_of(request)
    if request.get("type") == "profiles":
        return any(chunk.filters == filters for chunk in chunks)
    first, last = (date.fromisoformat(request[name]) for name in ("from_date", "to_date"))
    if request.get("limit"):  # a limit applies to exactly these days
        spans = [(chunk.from_date, chunk.to_date) for chunk in chunks if chunk.filters == filters]
        return (first, last) in spans
    return stored_days(chunks, filters).issuperset(DateRange(first, last))


def filters_of(request: Mapping[str, Any]) -> str:
    """The filters of a request, as the ledger has them."""
    return ledger.canonical({name: value for name, value in request.items() if name not in _NOT_FILTERS})


def _asked(request: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != HOW}


def _resumes(before: TableMetadata, request: Mapping[str, Any]) -> bool:
    return not before.complete and is_repeated(before.request, request)


def _read_as(legacy_zone: str | None) -> str:
    return "UTC" if legacy_zone is None else f"local times of {legacy_zone}"


def _exists(name: str, before: TableMetadata, rows: int) -> TableExistsError:
    held = f"{rows:,} rows"
    if before.from_date is not None:
        held += f" from {before.from_date} to {before.to_date}"
    if before.complete:
        message = f"There is a table {name!r} already, with {held}."
        hint = ["Add to it with ", _APPEND, ", replace it with ", _REPLACE, ", or choose another name."]
    else:
        message = f"There is a table {name!r} already, whose fetch was stopped ({held})."
        hint = ["Repeat the fetch that was stopped to complete it, or use ", _APPEND, " or ", _REPLACE, "."]
    return TableExistsError(message, hint=hint, details={"table": name})
