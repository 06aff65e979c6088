"""``FetcherService``: fetches events and profiles from Mixpanel into a table, in resumable chunks."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.results.fetch import FetchResult
from mixpanel_nb.results.sync import DaySync, SyncResult
from mixpanel_nb.services.dates import parse_range
from mixpanel_nb.services.fetch.batches import Destination
from mixpanel_nb.services.fetch.chunks import EventChunk, ProfileChunk, source_of
from mixpanel_nb.services.fetch.filters import checked_limit, names_of, profile_filters
from mixpanel_nb.services.fetch.own import OwnRequest, own_request
from mixpanel_nb.services.fetch.plan import DateRange, covered_days, few, plan
from mixpanel_nb.services.fetch.progress import ProgressReporter
from mixpanel_nb.services.fetch.run import FetchRun
from mixpanel_nb.services.fetch.target import HOW, Targets, is_stored
from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.inference import DEFAULT_COLUMNS
from mixpanel_nb.storage.ingest import EventTime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.results.fetch import FetchProgress
    from mixpanel_nb.services.existing import IfExists
    from mixpanel_nb.services.fetch.chunks import FetchChunk
    from mixpanel_nb.services.fetch.run import Fetched
    from mixpanel_nb.services.fetch.store import FetchStore
    from mixpanel_nb.services.fetch.target import FetchTarget
    from mixpanel_nb.storage import TableMetadata

_APPEND = Word("if_exists", "append")
DEFAULT_WORKERS = 4
DEFAULT_SYNC_DAYS = 5
MAX_SYNC_DAYS = 366


class FetcherService:
    """Fetches into storage: concurrent chunks, stored atomically; stopped fetches are resumed.

    Args:
        client: The client.
        storage: The database or lake.
        targets: Opens tables; by default those of a database.
        event_time: How exported times are to be read.
        timezone: The project's time zone, for the reports on a new table.
        named_timezone: The time zone for the reports on any table that is fetched, instead of that.
        today: The day it is in the project.
    """

    def __init__(
        self,
        client: MixpanelAPIClient,
        storage: FetchStore,
        *,
        targets: Targets | None = None,
        event_time: EventTime | None = None,
        timezone: str | None = None,
        named_timezone: str | None = None,
        today: Callable[[], date] = date.today,
    ) -> None:
        self._client = client
        self._storage = storage
        self._event_time = event_time or EventTime()
        self._timezone = timezone
        self._named_timezone = named_timezone
        self._today = today
        self._targets = targets or Targets(storage, source_of(client), self._event_time.legacy_zone)

    def fetch_events(
        self,
        name: str = "events",
        *,
        from_date: str | date | None = None,
        to_date: str | date | None = None,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        if_exists: IfExists = "fail",
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        dedupe: bool = True,
        workers: int = DEFAULT_WORKERS,
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> FetchResult:
        """Fetch the events of some days into the table ``name``. See ``Workspace.fetch_events``."""
        started = time.monotonic()
        filters = {"events": names_of(events, "events"), "where": where, "limit": checked_limit(limit)}
        _check_workers(workers)
        if from_date is None and to_date is None and if_exists == "append":
            own = self._own(name, filters)
            wanted, filters, dedupe = self._new_days(own), dict(own.filters), own.dedupe
            columns = own.columns if columns == DEFAULT_COLUMNS else columns
        else:
            wanted = DateRange(*parse_range(_given(from_date, "from_date"), _given(to_date, "to_date")))
        request = _request(wanted, filters, columns, dedupe=dedupe)
        with self._targets.opened(name, "events", request, if_exists) as target:
            chunks = self._event_chunks(target, wanted, filters)
            notes = [*self._notes(target), *([] if chunks else self._nothing_asked(target, wanted, filters))]
            metadata = target.metadata(
                filters,
                wanted,
                timezone=self._timezone_of(target.before),
                legacy_zone=self._event_time.legacy_zone,
            )
            into = self._destination(target, metadata, columns, dedupe=dedupe)
            told = ProgressReporter(progress, name, "events", chunks, wanted.days)
            fetched = self._run(target, into, chunks, told, workers)
        return self._result(target, fetched, started, notes, wanted)

    def sync(
        self,
        name: str = "events",
        *,
        days: int = DEFAULT_SYNC_DAYS,
        to_date: str | date | None = None,
        workers: int = DEFAULT_WORKERS,
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> SyncResult:
        """Fetch the last days of the table ``name`` once more, and new ones. See ``Workspace.sync``."""
        started = time.monotonic()
        _check_workers(workers)
        _check_days(days)
        own = own_request(self._storage, name, self._event_time.legacy_zone)
        again = own.late(days)
        wanted = {*again, *own.new(self._until(own, to_date))}
        span = DateRange(min(wanted), max(wanted)) if wanted else DateRange(own.last, own.last)
        request = _request(span, own.filters, own.columns, dedupe=own.dedupe)
        with self._targets.opened(name, "events", request, "append") as target:
            zone = self._event_time.legacy_zone
            chunks = [EventChunk(days, own.filters, zone) for days in few(wanted)]
            metadata = target.metadata(
                own.filters, span, timezone=self._timezone_of(target.before), legacy_zone=zone
            )
            into = self._destination(target, metadata, own.columns, dedupe=own.dedupe, renews=True)
            told = ProgressReporter(progress, name, "events", chunks, len(wanted))
            fetched = self._run(target, into, chunks, told, workers)
        return SyncResult(
            table=name,
            rows=self._storage.row_count(name),
            days=tuple(
                DaySync(day.day, day.day not in own.stored, day.added, day.changed, day.removed, day.total)
                for day in sorted(fetched.loaded.changes, key=lambda change: change.day)
            ),
            duration_seconds=time.monotonic() - started,
            synced_at=ledger.now(),
            requests=fetched.requests,
        )

    def _own(self, name: str, filters: Mapping[str, Any]) -> OwnRequest:
        """The request for a table's new days.

        Raises:
            ParameterError: there is no such table yet, or the given filters differ from the table's.
        """
        if not self._storage.table_exists(name):
            message = [Word("from_date"), f" is missing: there is no table {name!r} whose days could go on."]
            raise ParameterError(message, parameter="from_date", hint="Give the first and the last day.")
        own = own_request(self._storage, name, self._event_time.legacy_zone)
        other = next((key for key, value in filters.items() if value not in (None, own.filters[key])), None)
        if other is not None:
            message = [
                Word(other),
                f" is not that of table {name!r}, whose own request is asked for new days.",
            ]
            hint = ["Leave it out, or give ", Word("from_date"), " and ", Word("to_date"), "."]
            raise ParameterError(message, parameter=other, value=filters[other], hint=hint)
        return own

    def _new_days(self, own: OwnRequest) -> DateRange:
        """The days from the first new one to yesterday; the table's last day if there is none."""
        new = own.new(self._until(own))
        return DateRange(min(new), max(new)) if new else DateRange(own.last, own.last)

    def _until(self, own: OwnRequest, to_date: str | date | None = None) -> date:
        """The last day to fetch: yesterday, or the table's last day if later."""
        last = self._today() - timedelta(days=1) if to_date is None else parse_range(to_date, to_date)[1]
        return max(last, own.last)

    def _event_chunks(
        self, target: FetchTarget, wanted: DateRange, filters: Mapping[str, Any]
    ) -> list[EventChunk]:
        """The chunks to request: a limit cannot be split, and stored days are skipped."""
        zone = self._event_time.legacy_zone
        if target.is_here:
            return []
        if filters["limit"]:
            return [EventChunk(wanted, filters, zone)]
        stored = [] if target.asks_again else self._storage.chunks(target.table)
        covered = covered_days(stored, ledger.canonical(filters), zone)
        return [EventChunk(span, filters, zone) for span in plan(wanted, covered)]

    def fetch_profiles(
        self,
        name: str = "profiles",
        *,
        if_exists: IfExists = "fail",
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
        with self._targets.opened(name, "profiles", request, if_exists) as target:
            chunks = [] if target.is_here else [ProfileChunk(filters)]
            notes = self._notes(target)
            if target.is_here:
                notes.append("The profiles are here, as they were when they were fetched; nothing was asked.")
            into = self._destination(target, target.metadata(filters, timezone=None), columns, dedupe=True)
            told = ProgressReporter(progress, name, "profiles", chunks)
            fetched = self._run(target, into, chunks, told, workers=1)
        return self._result(target, fetched, started, notes)

    def _destination(
        self,
        target: FetchTarget,
        metadata: TableMetadata,
        columns: int | Sequence[str] | None,
        *,
        dedupe: bool,
        renews: bool = False,
    ) -> Destination:
        return Destination(
            target.table,
            metadata,
            columns,
            dedupe,
            self._event_time,
            stays_incomplete=target.owed is not None,
            renews=renews,
        )

    def _run(
        self,
        target: FetchTarget,
        into: Destination,
        chunks: Sequence[FetchChunk],
        progress: ProgressReporter,
        workers: int,
    ) -> Fetched:
        """Fetch chunks into the table and finish it."""
        run = FetchRun(self._client, self._storage, target.staging, into, progress)
        fetched = run.fetch(chunks, workers)
        self._finish(target)
        return fetched

    def _notes(self, target: FetchTarget) -> list[str]:
        """Notes about the table before the fetch."""
        before, said = target.before, []
        if before is None:
            return []
        rows = self._storage.row_count(target.table)
        if before.complete and rows != before.row_count:  # a stopped fetch may not have counted its last rows
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
        return said

    def _nothing_asked(self, target: FetchTarget, wanted: DateRange, filters: Mapping[str, Any]) -> list[str]:
        """Notes if there is nothing to fetch."""
        what = "The day is" if wanted.days == 1 else f"All {wanted.days:,} days are"
        if filters["limit"]:
            what = "What the limit allows of these days is"
        said = [f"{what} here; nothing was asked."]
        stored, before = self._storage.chunks(target.table), target.before
        over = covered_days(stored, ledger.canonical(filters), self._event_time.legacy_zone)
        unsettled = [day for day in wanted if day not in over]
        if unsettled:
            told = f"{unsettled[0]} was not over when it was fetched"
            said.append(f"{told}: {target.renewed_by} asks for it again.")
        if before is not None and (before.from_date, before.to_date) != (wanted.first, wanted.last):
            said.append(f"{target.name} holds {before.from_date} to {before.to_date}.")
        return said

    def _timezone_of(self, before: TableMetadata | None) -> str | None:
        """The time zone for reports on a table: the given one, the table's, or the project's."""
        return self._named_timezone or (before and before.timezone) or self._timezone

    def _finish(self, target: FetchTarget) -> None:
        """Complete a successful fetch: record it, and swap in a replacement table."""
        if target.owed is not None and is_stored(target.owed, self._storage.chunks(target.table)):
            self._storage.mark(target.table, complete=True)
        if target.replaces:
            self._storage.swap(target.table, target.name)
        if not (target.is_here and target.owed):  # the stopped fetch uses its downloads
            target.staging.remove()

    def _result(
        self,
        target: FetchTarget,
        fetched: Fetched,
        started: float,
        notes: Sequence[str],
        wanted: DateRange | None = None,
    ) -> FetchResult:
        name, zone, loaded = target.name, self._event_time.legacy_zone, fetched.loaded
        if fetched.taken:
            had = "1 chunk had" if fetched.taken == 1 else f"{fetched.taken} chunks had"
            notes = [*notes, f"{had} arrived before the fetch was stopped."]
        per_day = self._storage.rows_per_day(name, wanted.first, wanted.last, zone) if wanted else {}
        return FetchResult(
            table=name,
            rows=self._storage.row_count(name),
            type=target.type,
            duration_seconds=time.monotonic() - started,
            date_range=(str(wanted.first), str(wanted.last)) if wanted else None,
            fetched_at=ledger.now(),
            duplicates=loaded.duplicates,
            requests=fetched.requests,
            per_day=tuple(per_day.items()),
            new_rows=loaded.rows,
            without_id=loaded.without_id,
            columns=tuple(column.property for column in self._storage.property_columns(name)),
            notes=tuple(notes),
        )


def _request(
    wanted: DateRange, filters: Mapping[str, Any], columns: int | Sequence[str] | None, *, dedupe: bool
) -> dict[str, Any]:
    """The recorded request of a fetch of events, so that it can be repeated."""
    return {
        "from_date": str(wanted.first),
        "to_date": str(wanted.last),
        **filters,
        HOW: {"columns": columns, "dedupe": dedupe},
    }


def _given(day: str | date | None, name: str) -> str | date:
    if day is None:
        message = [Word(name), " is missing."]
        hint = [
            "Name the days, such as ",
            Word("last", "30d"),
            ". New days of a table need none: ",
            _APPEND,
            ".",
        ]
        raise ParameterError(message, parameter=name, hint=hint)
    return day


def _check_days(days: int) -> None:
    if not 0 <= days <= MAX_SYNC_DAYS:
        message = [Word("days"), f" is {days}."]
        hint = f"Give a number from 0 (new days alone) to {MAX_SYNC_DAYS}."
        raise ParameterError(message, parameter="days", value=days, hint=hint)


def _check_workers(workers: int) -> None:
    if not 1 <= workers <= 100:
        message = [Word("workers"), f" is {workers}."]
        hint = "Give a number from 1 to 100; 4 is usual."
        raise ParameterError(message, parameter="workers", value=workers, hint=hint)
