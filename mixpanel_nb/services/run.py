"""One run of a fetch: download what is missing, store what is whole, tell how it goes.

Downloads run on threads; this, the main line, stores them in batches large enough to be fast and small
enough that nobody else waits long for the file. Each batch is one transaction with its ledger entries.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import APIError, IncompleteExportError, MixpanelDataError, ServerError, StorageError
from mixpanel_nb.results.fetch import FetchProgress, FetchState
from mixpanel_nb.services.downloads import Downloads, Outcome
from mixpanel_nb.services.staging import Receipt, Staging
from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.loading import Batch
from mixpanel_nb.storage.repair import replace_lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mixpanel_nb.client import MixpanelAPIClient, Wait
    from mixpanel_nb.services.plan import DateRange
    from mixpanel_nb.storage import StorageEngine, TableMetadata
    from mixpanel_nb.storage.ingest import EventTime

BATCH_ROWS = 200_000
BATCH_BYTES = 256 * 2**20
DOWNLOADS_OF_A_BROKEN_CHUNK = 2
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class EventChunk:
    """Some days of events."""

    span: DateRange
    filters: Mapping[str, Any]

    def __str__(self) -> str:
        return str(self.span)

    __hash__ = object.__hash__

    @property
    def days(self) -> int:
        """Days it covers."""
        return self.span.days

    def request(self) -> dict[str, Any]:
        """What is asked, for the name of its file."""
        return {"from_date": str(self.span.first), "to_date": str(self.span.last), **self.filters}

    def entry(self, receipt: Receipt) -> ledger.Chunk:
        """Its entry in the ledger."""
        return _entry(self, receipt, self.span.first, self.span.last)


@dataclass(frozen=True)
class ProfileChunk:
    """All people of one selection."""

    filters: Mapping[str, Any]

    def __str__(self) -> str:
        return "the profiles"

    __hash__ = object.__hash__

    @property
    def days(self) -> int:
        """Profiles have no days."""
        return 0

    def request(self) -> dict[str, Any]:
        """What is asked, for the name of its file."""
        return {"type": "profiles", **self.filters}

    def entry(self, receipt: Receipt) -> ledger.Chunk:
        """Its entry in the ledger."""
        return _entry(self, receipt, None, None)


FetchChunk = EventChunk | ProfileChunk


@dataclass(frozen=True)
class Staged:
    """A downloaded chunk that waits to be stored."""

    chunk: FetchChunk
    file: Path
    receipt: Receipt


@dataclass
class FetchRun:
    """The state of one fetch while it runs.

    Attributes:
        table: The table that is filled.
        shown_as: The table's name for people (another while it is being replaced).
        metadata: What is recorded of the table.
        new_rows: Rows added so far.
        duplicates: Rows left out or replaced so far.
        requests: Requests sent so far.
    """

    client: MixpanelAPIClient
    storage: StorageEngine
    table: str
    shown_as: str
    metadata: TableMetadata
    columns: int | Sequence[str] | None
    dedupe: bool
    event_time: EventTime
    progress: Callable[[FetchProgress], None] | None = None
    days_total: int | None = None
    days_done: int = 0
    new_rows: int = 0
    duplicates: int = 0
    requests: int = 0
    _chunks_total: int = 0
    _chunks_done: int = 0
    _started: float = field(default_factory=time.monotonic)
    _received: dict[FetchChunk, tuple[int, int]] = field(default_factory=dict)
    _ready: list[Staged] = field(default_factory=list)
    _broken: dict[FetchChunk, int] = field(default_factory=dict)
    _failures: list[tuple[FetchChunk, MixpanelDataError]] = field(default_factory=list)
    _fatal: MixpanelDataError | None = None
    _message: str | None = None

    def fetch(self, chunks: Sequence[FetchChunk], staging: Staging, workers: int) -> None:
        """Bring ``chunks`` into the table.

        Raises:
            APIError: Mixpanel refused, or some chunks could not be had; all others are stored, the table
                is marked incomplete, and the same call fetches what is missing.
            StorageError: the table could not be written.
        """
        self._chunks_total = len(chunks)
        missing = self._take_staged(chunks, staging)
        state: FetchState = "failed"
        self.client.on_wait = self._waits
        self.storage.on_wait = self._says
        try:
            with Downloads(missing, partial(self._download, staging), workers) as downloads:
                self._work_off(downloads, staging)
            self._conclude()
            state = "done"
        except KeyboardInterrupt:
            state = "cancelled"
            raise
        finally:
            self.client.on_wait = self.storage.on_wait = None
            self._tell(state)

    def _take_staged(self, chunks: Sequence[FetchChunk], staging: Staging) -> list[FetchChunk]:
        """Make what an earlier run downloaded ready; give the rest."""
        missing = []
        for chunk in chunks:
            file = staging.path(chunk.request())
            receipt = staging.receipt(file)
            if receipt is None:
                missing.append(chunk)
            else:
                self._ready.append(Staged(chunk, file, receipt))
                self._received[chunk] = (receipt.rows, receipt.bytes)
        return missing

    def _work_off(self, downloads: Downloads[FetchChunk, Staged], staging: Staging) -> None:
        while (downloads.outstanding and self._fatal is None) or self._ready:
            if downloads.outstanding and self._fatal is None:
                self._note(downloads.next(POLL_SECONDS), downloads)
            self._tell("fetching")
            if self._batch_is_due(downloads):
                self._store(downloads, staging)

    def _note(
        self, outcome: Outcome[FetchChunk, Staged] | None, downloads: Downloads[FetchChunk, Staged]
    ) -> None:
        if outcome is None:
            return
        if outcome.value is not None:
            self._ready.append(outcome.value)
        elif isinstance(outcome.error, (ServerError, IncompleteExportError)):
            self._failures.append((outcome.job, outcome.error))
        else:
            downloads.stop()
            self._fatal = _as_ours(outcome.error)

    def _batch_is_due(self, downloads: Downloads[FetchChunk, Staged]) -> bool:
        if not self._ready:
            return False
        if not downloads.outstanding or self._fatal is not None:
            return True
        rows = sum(staged.receipt.rows for staged in self._ready)
        return rows >= BATCH_ROWS or sum(staged.file.stat().st_size for staged in self._ready) >= BATCH_BYTES

    def _store(self, downloads: Downloads[FetchChunk, Staged], staging: Staging) -> None:
        """Store all that is ready: together, or one by one if together does not go."""
        batch, self._ready = self._ready, []
        try:
            self._load(batch, staging, last=not downloads.outstanding)
        except IncompleteExportError as error:
            if len(batch) == 1:
                self._mend(batch[0], error, downloads, staging)
                return
            for number, staged in enumerate(batch, 1):
                try:
                    self._load([staged], staging, last=number == len(batch) and not downloads.outstanding)
                except IncompleteExportError as one:
                    self._mend(staged, one, downloads, staging)

    def _load(self, batch: Sequence[Staged], staging: Staging, *, last: bool) -> None:
        complete = last and not self._failures and not self._ready and self._fatal is None
        loaded = self.storage.load(
            Batch(
                table=self.table,
                files=[staged.file for staged in batch],
                chunks=[staged.chunk.entry(staged.receipt) for staged in batch],
                metadata=replace(self.metadata, fetched_at=ledger.now(), complete=complete),
                columns=self.columns,
                dedupe=self.dedupe,
                time=self.event_time,
            )
        )
        self.new_rows += loaded.rows
        self.duplicates += loaded.duplicates
        self._chunks_done += len(batch)
        self.days_done += sum(staged.chunk.days for staged in batch)
        for staged in batch:
            staging.discard(staged.file)

    def _mend(
        self,
        staged: Staged,
        error: IncompleteExportError,
        downloads: Downloads[FetchChunk, Staged],
        staging: Staging,
    ) -> None:
        """A chunk that is not what it should be: mend its text, ask for it again, or give it up by name."""
        if "surrogate" in error.message and replace_lone_surrogates(staged.file):
            self._ready.append(staged)
            return
        staging.discard(staged.file)
        self._broken[staged.chunk] = self._broken.get(staged.chunk, 0) + 1
        if self._broken[staged.chunk] < DOWNLOADS_OF_A_BROKEN_CHUNK and self._fatal is None:
            downloads.again(staged.chunk)
        else:
            self._failures.append((staged.chunk, error))

    def _conclude(self) -> None:
        """Raise if anything is missing; the table says so itself."""
        if self._fatal is not None:
            raise self._with_state(self._fatal)
        if self._failures:
            raise self._with_state(self._failure())
        if not self._chunks_total:
            self.storage.mark(self.table, complete=True)

    def _failure(self) -> APIError:
        chunk, error = self._failures[0]
        more = len(self._failures) - 1
        others = f" (and {more} more of {self._chunks_total} chunks)" if more else ""
        names = [str(failed) for failed, _ in self._failures]
        kind = type(error) if isinstance(error, APIError) else IncompleteExportError
        message = f"{chunk}{others} could not be fetched: {error.message}"
        return kind(message, hint=error.hint, details={**error.details, "missing": names})

    def _with_state(self, error: MixpanelDataError) -> MixpanelDataError:
        """The error, with what is stored and how to go on."""
        if self._chunks_done:
            stored = f"{self._chunks_done} of {self._chunks_total} chunks are stored; the same fetch asks only for the rest."
            error.hint = f"{error.hint} {stored}" if error.hint else stored
        error.details |= {"chunks_stored": self._chunks_done, "chunks": self._chunks_total}
        return error

    # On the worker threads

    def _download(self, staging: Staging, chunk: FetchChunk, stopped: Callable[[], bool]) -> Staged:
        file = staging.path(chunk.request())
        if isinstance(chunk, EventChunk):
            receipt = self._download_events(chunk, file, stopped)
        else:
            receipt = self._download_profiles(chunk, file, stopped)
        staging.sign(file, receipt)
        return Staged(chunk, file, receipt)

    def _download_events(self, chunk: EventChunk, file: Path, stopped: Callable[[], bool]) -> Receipt:
        def received(rows: int, size: int) -> None:
            self._received[chunk] = (rows, size)

        done = self.client.download_events(
            from_date=str(chunk.span.first),
            to_date=str(chunk.span.last),
            **chunk.filters,
            destination=file,
            on_progress=received,
            cancelled=stopped,
        )
        self.requests += done.requests
        self._received[chunk] = (done.rows, done.bytes_received)
        return Receipt(done.rows, done.bytes_received, done.requests, ledger.now().isoformat())

    def _download_profiles(self, chunk: ProfileChunk, file: Path, stopped: Callable[[], bool]) -> Receipt:
        rows = size = pages = 0
        part = file.with_suffix(".part")
        with part.open("wb") as stream:
            for page in self.client.profile_pages(**chunk.filters):
                lines = [json.dumps(profile, ensure_ascii=False) + "\n" for profile in page.results]
                size += stream.write("".join(lines).encode("utf-8", "replace"))
                rows, pages = rows + len(lines), pages + 1
                self.requests += 1
                self._received[chunk] = (rows, size)
                if stopped():
                    raise CancelledError
        part.replace(file)
        return Receipt(rows, size, pages, ledger.now().isoformat())

    # What people see

    def _waits(self, wait: Wait) -> None:
        self._says(f"waiting {wait.seconds:.0f} s: {wait.reason}")

    def _says(self, message: str) -> None:
        self._message = message
        self._tell("waiting")

    def _tell(self, state: FetchState) -> None:
        if self.progress is None:
            return
        received = list(self._received.values())
        self.progress(
            FetchProgress(
                table=self.shown_as,
                type=self.metadata.type,
                state=state,
                chunks_done=self._chunks_done,
                chunks_total=self._chunks_total,
                days_done=self.days_done,
                days_total=self.days_total,
                rows=sum(rows for rows, _ in received),
                bytes=sum(size for _, size in received),
                elapsed_seconds=time.monotonic() - self._started,
                message=self._message if state == "waiting" else None,
            )
        )


def _entry(chunk: FetchChunk, receipt: Receipt, first: Any, last: Any) -> ledger.Chunk:
    return ledger.Chunk(
        first,
        last,
        ledger.canonical(chunk.filters),
        receipt.rows,
        receipt.requests,
        receipt.bytes,
        receipt.moment,
    )


def _as_ours(error: Exception | None) -> MixpanelDataError:
    """A worker's error for people; what is no error of ours and no operating system's is a bug: raise it."""
    if isinstance(error, MixpanelDataError):
        return error
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        message = f"A download could not be written: {reason}."
        return StorageError(message, hint="Free some space, or choose another folder, and fetch again.")
    assert error is not None, "an outcome holds a value or an error"
    raise error
