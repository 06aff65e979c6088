"""``FetcherService``: events and profiles from Mixpanel into a table, in chunks that cannot get lost."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, TableExistsError, Word
from mixpanel_nb.results.fetch import FetchResult
from mixpanel_nb.services.dates import parse_range
from mixpanel_nb.services.fetch.batches import Destination
from mixpanel_nb.services.fetch.chunks import EventChunk, ProfileChunk, source_of
from mixpanel_nb.services.fetch.filters import checked_limit, names_of, profile_filters
from mixpanel_nb.services.fetch.plan import DateRange, covered_days, plan, stored_days
from mixpanel_nb.services.fetch.progress import ProgressReporter
from mixpanel_nb.services.fetch.run import FetchRun
from mixpanel_nb.services.fetch.staging import Staging
from mixpanel_nb.storage import TableMetadata, ledger
from mixpanel_nb.storage.inference import DEFAULT_COLUMNS
from mixpanel_nb.storage.ingest import EventTime
from mixpanel_nb.storage.sqltext import check_table_name, replacement_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.results.fetch import FetchProgress
    from mixpanel_nb.services.fetch.chunks import FetchChunk
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.storage.loading import Loaded
    from mixpanel_nb.storage.schema import TableType

DEFAULT_WORKERS = 4
FILTERS = frozenset({"events", "where", "limit", "cohort_id", "output_properties"})


_APPEND, _REPLACE = Word("append", value=True), Word("replace", value=True)


@dataclass(frozen=True)
class FetchTarget:
    """Where a fetch writes.

    Attributes:
        name: The table that was asked for.
        table: The table that is filled; another one while ``name`` is being replaced.
        type: What it holds.
        request: What this fetch was asked for.
        source: The project that is asked.
        staging: Where its downloads wait.
        before: What is recorded of ``table`` so far.
    """

    name: str
    table: str
    type: TableType
    request: Mapping[str, Any]
    source: ledger.Source
    staging: Staging
    before: TableMetadata | None = None

    @property
    def replaces(self) -> bool:
        """Whether ``table`` takes the place of ``name`` at the end."""
        return self.table != self.name

    @property
    def owed(self) -> Mapping[str, Any] | None:
        """What an earlier fetch was asked for that was stopped and is not this one again."""
        if self.before is None or self.before.complete or self.before.request == dict(self.request):
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
        """What is to be recorded of the table; the request of a stopped fetch stays until it is met."""
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


class FetcherService:
    """Fetches into storage: chunks at once, each stored whole or not at all, stopped fetches resumed.

    Args:
        client: Asks Mixpanel.
        storage: Keeps the tables.
        event_time: How exported times are to be read.
        timezone: The project's time zone, for the reports on a new table.
        named_timezone: The time zone for the reports on any table that is fetched, instead of that.
    """

    def __init__(
        self,
        client: MixpanelAPIClient,
        storage: StorageEngine,
        *,
        event_time: EventTime | None = None,
        timezone: str | None = None,
        named_timezone: str | None = None,
    ) -> None:
        self._client = client
        self._storage = storage
        self._event_time = event_time or EventTime()
        self._timezone = timezone
        self._named_timezone = named_timezone
        self._source = source_of(client)

    def fetch_events(
        self,
        name: str = "events",
        *,
        from_date: str | date,
        to_date: str | date,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        append: bool = False,
        replace: bool = False,
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        dedupe: bool = True,
        workers: int = DEFAULT_WORKERS,
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> FetchResult:
        """Fetch the events of some days into the table ``name``. See ``Workspace.fetch_events``."""
        started = time.monotonic()
        wanted = DateRange(*parse_range(from_date, to_date))
        filters = {"events": names_of(events, "events"), "where": where, "limit": checked_limit(limit)}
        _check_workers(workers)
        request = {"from_date": str(wanted.first), "to_date": str(wanted.last), **filters}
        with self._target(name, "events", request, append=append, replace=replace) as target:
            chunks = self._event_chunks(target, wanted, filters)
            notes = self._notes(target)
            metadata = target.metadata(
                filters,
                wanted,
                timezone=self._timezone_of(target.before),
                legacy_zone=self._event_time.legacy_zone,
            )
            into = self._destination(target, metadata, columns, dedupe=dedupe)
            told = ProgressReporter(progress, name, "events", chunks, wanted.days)
            loaded, requests = self._run(target, into, chunks, told, workers)
        return self._result(target, loaded, requests, started, notes, wanted)

    def _event_chunks(
        self, target: FetchTarget, wanted: DateRange, filters: Mapping[str, Any]
    ) -> list[EventChunk]:
        """What is to be asked for: a limit cannot be split, days that are here already need not be."""
        zone = self._event_time.legacy_zone
        if filters["limit"]:
            return [EventChunk(wanted, filters, zone)]
        stored = self._storage.chunks(target.table)
        covered = covered_days(stored, ledger.canonical(filters), zone)
        return [EventChunk(span, filters, zone) for span in plan(wanted, covered)]

    def fetch_profiles(
        self,
        name: str = "profiles",
        *,
        append: bool = False,
        replace: bool = False,
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        progress: Callable[[FetchProgress], None] | None = None,
        **which: Any,
    ) -> FetchResult:
        """Fetch users into the table ``name``. See ``Workspace.fetch_profiles``.

        ``which`` of them is as ``filters.profile_filters`` takes it.
        """
        started = time.monotonic()
        filters = profile_filters(**which)
        request = {"type": "profiles", **filters}
        with self._target(name, "profiles", request, append=append, replace=replace) as target:
            chunks = [ProfileChunk(filters)]
            notes = self._notes(target)
            into = self._destination(target, target.metadata(filters, timezone=None), columns, dedupe=True)
            told = ProgressReporter(progress, name, "profiles", chunks)
            loaded, requests = self._run(target, into, chunks, told, workers=1)
        return self._result(target, loaded, requests, started, notes)

    def _destination(
        self,
        target: FetchTarget,
        metadata: TableMetadata,
        columns: int | Sequence[str] | None,
        *,
        dedupe: bool,
    ) -> Destination:
        return Destination(
            target.table,
            metadata,
            columns,
            dedupe,
            self._event_time,
            stays_incomplete=target.owed is not None,
        )

    def _run(
        self,
        target: FetchTarget,
        into: Destination,
        chunks: Sequence[FetchChunk],
        progress: ProgressReporter,
        workers: int,
    ) -> tuple[Loaded, int]:
        """Bring chunks into the table and finish it. Returns what was loaded, and the requests it took."""
        run = FetchRun(self._client, self._storage, target.staging, into, progress)
        loaded, requests = run.fetch(chunks, workers)
        self._finish(target)
        return loaded, requests

    def _notes(self, target: FetchTarget) -> tuple[str, ...]:
        """What is to be said of the table as it is before the fetch."""
        before, said = target.before, []
        if before is None:
            return ()
        rows = self._storage.row_count(target.table)
        if rows != before.row_count:
            said.append(
                f"SQL has changed {target.name}: it held {before.row_count:,} rows after its last fetch, "
                f"and {rows:,} now. Days that were fetched are not asked for again, "
                "unless the table is replaced."
            )
        if target.type == "events" and self._timezone_of(before) != before.timezone:
            said.append(
                f"Reports on {target.name} count days in {self._timezone_of(before)} from now on, "
                f"and not in {before.timezone}."
            )
        return tuple(said)

    def _timezone_of(self, before: TableMetadata | None) -> str | None:
        """The time zone for reports on a table: what is named, what it has, or the project's."""
        return self._named_timezone or (before and before.timezone) or self._timezone

    @contextmanager
    def _target(
        self, name: str, table_type: TableType, request: Mapping[str, Any], *, append: bool, replace: bool
    ) -> Iterator[FetchTarget]:
        """Where to write, after all that can be refused is refused; nobody else fetches it meanwhile."""
        check_table_name(name)
        if append and replace:
            message = [_APPEND, " and ", _REPLACE, " exclude each other."]
            hint = [_APPEND, " adds to the table, ", _REPLACE, " puts a new one in its place."]
            raise ParameterError(message, parameter="append", value=append, hint=hint)
        self._storage.check_writable()
        staging = Staging(self._storage.path, name)
        if not replace:  # before anything is made on disk; once more below, when nobody can interfere
            try:
                self._check_table(name, table_type, request, append=append)
            except TableExistsError:
                self._sweep_after(name, request, staging)
                raise
        with staging.locked():
            if replace:
                yield self._replacement(name, table_type, request, staging)
            else:
                before = self._check_table(name, table_type, request, append=append)
                yield FetchTarget(name, name, table_type, request, self._source, staging, before)

    def _sweep_after(self, name: str, request: Mapping[str, Any], staging: Staging) -> None:
        """Remove what a fetch left that was killed when all was stored; other downloads may wait still."""
        before = self._storage.metadata_or_none(name)
        stored = before is not None and before.complete and before.request == dict(request)
        staging.sweep(downloads=stored)

    def _check_table(
        self, name: str, table_type: TableType, request: Mapping[str, Any], *, append: bool
    ) -> TableMetadata | None:
        """What is recorded of the table, if this fetch may write to it.

        Raises:
            TableExistsError: it may not.
        """
        if not self._storage.table_exists(name):
            return None
        before = self._storage.metadata_or_none(name)
        if before is None or before.type != table_type:
            kind = "not a fetched table" if before is None else f"a table of {before.type}"
            message = f"{name!r} is {kind}, so {table_type} cannot be added to it."
            raise TableExistsError(
                message, hint="Choose another name, or replace it.", details={"table": name}
            )
        self._check_source(name, before)
        resumes = not before.complete and before.request == dict(request)
        if not (append or resumes):
            raise _exists(name, before, self._storage.row_count(name))
        return before

    def _check_source(self, name: str, before: TableMetadata) -> None:
        """Refuse to add to rows of another project, or to times that were read in another way.

        Raises:
            TableExistsError: the table holds such rows.
        """
        hint = ["Fetch into another table or another database, or replace the table with ", _REPLACE, "."]
        if before.source != self._source:
            held = before.source or "a project that was not recorded"
            message = f"Table {name!r} holds {before.type} of {held}, and this fetch asks {self._source}."
            raise TableExistsError(message, hint=hint, details={"table": name})
        zone = self._event_time.legacy_zone
        if before.type == "events" and before.legacy_zone != zone:
            message = (
                f"The times of table {name!r} were read as {_read_as(before.legacy_zone)}, "
                f"and this fetch reads them as {_read_as(zone)}."
            )
            raise TableExistsError(message, hint=hint, details={"table": name})

    def _replacement(
        self, name: str, table_type: TableType, request: Mapping[str, Any], staging: Staging
    ) -> FetchTarget:
        """The table being built in place of ``name``, begun anew unless the same call was stopped."""
        table = replacement_of(name)
        before = self._storage.metadata_or_none(table)
        if before is not None and not self._goes_on(before, request):
            self._storage.discard(table)
            before = None
        return FetchTarget(name, table, table_type, request, self._source, staging, before)

    def _goes_on(self, before: TableMetadata, request: Mapping[str, Any]) -> bool:
        """Whether a replacement that was stopped can be continued by this fetch."""
        return (before.request, before.source, before.legacy_zone) == (
            dict(request),
            self._source,
            self._event_time.legacy_zone if before.type == "events" else None,
        )

    def _finish(self, target: FetchTarget) -> None:
        """After a fetch that got all it asked for: settle what was owed, put the replacement in place."""
        if target.owed is not None and _is_stored(target.owed, self._storage.chunks(target.table)):
            self._storage.mark(target.table, complete=True)
        if target.replaces:
            self._storage.swap(target.table, target.name)
        target.staging.remove()

    def _result(
        self,
        target: FetchTarget,
        loaded: Loaded,
        requests: int,
        started: float,
        notes: tuple[str, ...],
        wanted: DateRange | None = None,
    ) -> FetchResult:
        name, zone = target.name, self._event_time.legacy_zone
        per_day = self._storage.rows_per_day(name, wanted.first, wanted.last, zone) if wanted else {}
        return FetchResult(
            table=name,
            rows=self._storage.row_count(name),
            type=target.type,
            duration_seconds=time.monotonic() - started,
            date_range=(str(wanted.first), str(wanted.last)) if wanted else None,
            fetched_at=ledger.now(),
            duplicates=loaded.duplicates,
            requests=requests,
            per_day=tuple(per_day.items()),
            new_rows=loaded.rows,
            without_id=loaded.without_id,
            columns=tuple(column.property for column in self._storage.property_columns(name)),
            notes=notes,
        )


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


def _is_stored(request: Mapping[str, Any], chunks: Sequence[ledger.Chunk]) -> bool:
    """Whether all that a stopped fetch was asked for is there by now, by way of other fetches."""
    filters = {name: value for name, value in request.items() if name in FILTERS}
    if request.get("type") == "profiles":
        return any(chunk.filters == ledger.canonical(filters) for chunk in chunks)
    first, last = (date.fromisoformat(request[name]) for name in ("from_date", "to_date"))
    return stored_days(chunks, ledger.canonical(filters)).issuperset(DateRange(first, last))


def _check_workers(workers: int) -> None:
    if not 1 <= workers <= 100:
        message = [Word("workers"), f" is {workers}."]
        hint = "Give a number from 1 to 100; 4 is usual."
        raise ParameterError(message, parameter="workers", value=workers, hint=hint)
