"""``FetcherService``: events and profiles from Mixpanel into a table, in chunks that cannot get lost."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import QueryError, TableExistsError
from mixpanel_nb.results.fetch import FetchResult
from mixpanel_nb.services.dates import parse_range
from mixpanel_nb.services.plan import DateRange, covered_days, plan
from mixpanel_nb.services.run import EventChunk, FetchRun, ProfileChunk
from mixpanel_nb.services.staging import Staging
from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.inference import DEFAULT_COLUMNS
from mixpanel_nb.storage.ingest import EventTime
from mixpanel_nb.storage.sqltext import check_table_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.results.fetch import FetchProgress
    from mixpanel_nb.storage import StorageEngine, TableMetadata
    from mixpanel_nb.storage.schema import TableType

DEFAULT_WORKERS = 4
MAX_LIMIT = 100_000  # Mixpanel's own cap on the export's ``limit``

Progress = "Callable[[FetchProgress], None]"


@dataclass(frozen=True)
class Target:
    """Where a fetch writes.

    Attributes:
        name: The table that was asked for.
        table: The table that is filled; another one while ``name`` is being replaced.
        before: What is recorded of ``table`` so far.
    """

    name: str
    table: str
    before: TableMetadata | None = field(default=None)

    @property
    def replaces(self) -> bool:
        """Whether ``table`` takes the place of ``name`` at the end."""
        return self.table != self.name


class FetcherService:
    """Fetches into storage: chunks at once, each stored whole or not at all, stopped fetches resumed.

    Args:
        client: Asks Mixpanel.
        storage: Keeps the tables.
        event_time: How exported times are to be read.
    """

    def __init__(
        self, client: MixpanelAPIClient, storage: StorageEngine, *, event_time: EventTime | None = None
    ) -> None:
        self._client = client
        self._storage = storage
        self._event_time = event_time or EventTime()

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
        filters = {"events": _names(events), "where": where, "limit": _checked_limit(limit)}
        _check_workers(workers)
        request = {"from_date": str(wanted.first), "to_date": str(wanted.last), **filters}
        target = self._target(name, "events", request, append=append, replace=replace)
        canonical = ledger.canonical(filters)
        covered = covered_days(self._storage.chunks(target.table), canonical)
        ranges = [wanted] if limit else plan(wanted, covered)
        chunks = [EventChunk(span, filters) for span in ranges]
        run = FetchRun(
            client=self._client,
            storage=self._storage,
            table=target.table,
            shown_as=name,
            metadata=ledger.TableMetadata(
                "events", ledger.now(), wanted.first, wanted.last, filters=_given(filters), request=request
            ),
            columns=columns,
            dedupe=dedupe,
            event_time=self._event_time,
            days_total=wanted.days,
            days_done=wanted.days - sum(span.days for span in ranges),
            progress=progress,
        )
        self._run(run, chunks, workers, target)
        return self._event_result(run, wanted, started, name)

    def fetch_profiles(
        self,
        name: str = "profiles",
        *,
        where: str | None = None,
        cohort_id: int | None = None,
        output_properties: Sequence[str] | None = None,
        append: bool = False,
        replace: bool = False,
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> FetchResult:
        """Fetch people into the table ``name``. See ``Workspace.fetch_profiles``."""
        started = time.monotonic()
        filters = {"where": where, "cohort_id": cohort_id, "output_properties": _names(output_properties)}
        request = {"type": "profiles", **filters}
        target = self._target(name, "profiles", request, append=append, replace=replace)
        run = FetchRun(
            client=self._client,
            storage=self._storage,
            table=target.table,
            shown_as=name,
            metadata=ledger.TableMetadata("profiles", ledger.now(), filters=_given(filters), request=request),
            columns=columns,
            dedupe=True,
            event_time=self._event_time,
            progress=progress,
        )
        self._run(run, [ProfileChunk(filters)], 1, target)
        return FetchResult(
            table=name,
            rows=self._row_count(name),
            type="profiles",
            duration_seconds=time.monotonic() - started,
            date_range=None,
            fetched_at=ledger.now(),
            duplicates=run.duplicates,
            requests=run.requests,
            new_rows=run.new_rows,
            columns=tuple(column.property for column in self._storage.property_columns(name)),
        )

    def _run(
        self, run: FetchRun, chunks: Sequence[EventChunk | ProfileChunk], workers: int, target: Target
    ) -> None:
        staging = Staging(self._storage.path, target.table)
        with staging.locked():
            run.fetch(chunks, staging, workers)
            if target.replaces:
                self._storage.swap(target.table, target.name)
        staging.remove()

    def _target(
        self, name: str, table_type: TableType, request: Mapping[str, Any], *, append: bool, replace: bool
    ) -> Target:
        """Where to write, after all that can be refused is refused."""
        check_table_name(name)
        if append and replace:
            message = "append and replace exclude each other."
            raise QueryError(message, hint="append adds to the table, replace puts a new one in its place.")
        if replace:
            return self._replacement(name, request)
        if not self._storage.table_exists(name):
            return Target(name, name)
        before = self._storage.metadata_or_none(name)
        if before is None or before.type != table_type:
            kind = "not a fetched table" if before is None else f"a table of {before.type}"
            message = f"{name!r} is {kind}, so {table_type} cannot be added to it."
            raise TableExistsError(
                message, hint="Choose another name, or replace it.", details={"table": name}
            )
        resumes = not before.complete and before.request == dict(request)
        if not (append or resumes):
            raise _exists(name, before)
        return Target(name, name, before)

    def _replacement(self, name: str, request: Mapping[str, Any]) -> Target:
        """The table being built in place of ``name``, begun anew unless the same call was stopped."""
        table = f"_replacing_{name}"
        before = self._storage.metadata_or_none(table)
        if before is not None and before.request != dict(request):
            self._storage.discard(table)
            before = None
        return Target(name, table, before)

    def _event_result(self, run: FetchRun, wanted: DateRange, started: float, name: str) -> FetchResult:
        per_day = self._storage.rows_per_day(name, wanted.first, wanted.last)
        return FetchResult(
            table=name,
            rows=self._row_count(name),
            type="events",
            duration_seconds=time.monotonic() - started,
            date_range=(str(wanted.first), str(wanted.last)),
            fetched_at=ledger.now(),
            duplicates=run.duplicates,
            requests=run.requests,
            per_day=tuple(per_day.items()),
            new_rows=run.new_rows,
            columns=tuple(column.property for column in self._storage.property_columns(name)),
        )

    def _row_count(self, table: str) -> int:
        return self._storage.get_metadata(table).row_count


def _exists(name: str, before: TableMetadata) -> TableExistsError:
    held = f"{before.row_count:,} rows"
    if before.from_date is not None:
        held += f" from {before.from_date} to {before.to_date}"
    if before.complete:
        message = f"There is a table {name!r} already, with {held}."
        hint = "Add to it with append, replace it with replace, or choose another name."
    else:
        message = f"There is a table {name!r} already, whose fetch was stopped ({held})."
        hint = "Repeat the fetch that was stopped to complete it, or use append or replace."
    return TableExistsError(message, hint=hint, details={"table": name})


def _names(names: Sequence[str] | None) -> list[str] | None:
    if names is None:
        return None
    listed = [names] if isinstance(names, str) else list(names)
    if not listed or not all(isinstance(name, str) and name for name in listed):
        message = "The list of names is empty or holds an empty name."
        raise QueryError(message, hint="Leave it out to fetch all.")
    return listed


def _checked_limit(limit: int | None) -> int | None:
    if limit is not None and not 1 <= limit <= MAX_LIMIT:
        message = f"limit is {limit}, which Mixpanel does not take."
        raise QueryError(message, hint=f"Give a number from 1 to {MAX_LIMIT:,}, or none to fetch all.")
    return limit


def _check_workers(workers: int) -> None:
    if not 1 <= workers <= 100:
        message = f"workers is {workers}."
        raise QueryError(message, hint="Give a number from 1 to 100; 4 is usual.")


def _given(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}
