"""``FetcherService``: events and profiles from Mixpanel into a table, in chunks that cannot get lost."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.results.fetch import FetchResult
from mixpanel_nb.services.dates import parse_range
from mixpanel_nb.services.fetch.batches import Destination
from mixpanel_nb.services.fetch.chunks import EventChunk, ProfileChunk, source_of
from mixpanel_nb.services.fetch.filters import checked_limit, names_of, profile_filters
from mixpanel_nb.services.fetch.plan import DateRange, covered_days, plan
from mixpanel_nb.services.fetch.progress import ProgressReporter
from mixpanel_nb.services.fetch.run import FetchRun
from mixpanel_nb.services.fetch.target import HOW, Targets, is_stored
from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.inference import DEFAULT_COLUMNS
from mixpanel_nb.storage.ingest import EventTime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.results.fetch import FetchProgress
    from mixpanel_nb.services.fetch.chunks import FetchChunk
    from mixpanel_nb.services.fetch.target import FetchTarget, IfExists
    from mixpanel_nb.storage import StorageEngine, TableMetadata
    from mixpanel_nb.storage.loading import Loaded

DEFAULT_WORKERS = 4


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
        self._targets = Targets(storage, source_of(client), self._event_time.legacy_zone)

    def fetch_events(
        self,
        name: str = "events",
        *,
        from_date: str | date,
        to_date: str | date,
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
        wanted = DateRange(*parse_range(from_date, to_date))
        filters = {"events": names_of(events, "events"), "where": where, "limit": checked_limit(limit)}
        _check_workers(workers)
        request = {
            "from_date": str(wanted.first),
            "to_date": str(wanted.last),
            **filters,
            HOW: {"columns": columns, "dedupe": dedupe},
        }
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
            loaded, requests = self._run(target, into, chunks, told, workers)
        return self._result(target, loaded, requests, started, notes, wanted)

    def _event_chunks(
        self, target: FetchTarget, wanted: DateRange, filters: Mapping[str, Any]
    ) -> list[EventChunk]:
        """What is to be asked for: a limit cannot be split, days that are here already need not be."""
        zone = self._event_time.legacy_zone
        if target.is_here:
            return []
        if filters["limit"]:
            return [EventChunk(wanted, filters, zone)]
        stored = self._storage.chunks(target.table)
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

    def _notes(self, target: FetchTarget) -> list[str]:
        """What is to be said of the table as it is before the fetch."""
        before, said = target.before, []
        if before is None:
            return []
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
        return said

    def _nothing_asked(self, target: FetchTarget, wanted: DateRange, filters: Mapping[str, Any]) -> list[str]:
        """What is to be said where nothing is to be asked."""
        days = "The day is" if wanted.days == 1 else f"All {wanted.days:,} days are"
        what = "What the limit allows of these days is" if filters["limit"] else days
        said = [f"{what} here; nothing was asked."]
        stored, before = self._storage.chunks(target.table), target.before
        over = covered_days(stored, ledger.canonical(filters), self._event_time.legacy_zone)
        unsettled = [day for day in wanted if day not in over]
        if unsettled:
            said.append(f"{unsettled[0]} was not over when it was fetched: a sync asks for it again.")
        if before is not None and (before.from_date, before.to_date) != (wanted.first, wanted.last):
            said.append(f"{target.name} holds {before.from_date} to {before.to_date}.")
        return said

    def _timezone_of(self, before: TableMetadata | None) -> str | None:
        """The time zone for reports on a table: what is named, what it has, or the project's."""
        return self._named_timezone or (before and before.timezone) or self._timezone

    def _finish(self, target: FetchTarget) -> None:
        """After a fetch that got all it asked for: settle what was owed, put the replacement in place."""
        if target.owed is not None and is_stored(target.owed, self._storage.chunks(target.table)):
            self._storage.mark(target.table, complete=True)
        if target.replaces:
            self._storage.swap(target.table, target.name)
        if not (target.is_here and target.owed):  # the stopped fetch goes on with its downloads
            target.staging.remove()

    def _result(
        self,
        target: FetchTarget,
        loaded: Loaded,
        requests: int,
        started: float,
        notes: Sequence[str],
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
            notes=tuple(notes),
        )


def _check_workers(workers: int) -> None:
    if not 1 <= workers <= 100:
        message = [Word("workers"), f" is {workers}."]
        hint = "Give a number from 1 to 100; 4 is usual."
        raise ParameterError(message, parameter="workers", value=workers, hint=hint)
