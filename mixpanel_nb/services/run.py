"""One run of a fetch: download what is missing, store what is whole, tell how it goes.

Downloads run on threads; this, the main line, stores them in batches large enough to be fast and small
enough that nobody else waits long for the file. Each batch is one transaction with its ledger entries.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from mixpanel_nb.errors import (
    APIError,
    ConnectionFailedError,
    IncompleteExportError,
    MixpanelDataError,
    RateLimitError,
    ServerError,
    StorageError,
    TableNotFoundError,
)
from mixpanel_nb.results.fetch import ChunkProgress, FetchProgress, FetchState
from mixpanel_nb.services.chunks import Staged
from mixpanel_nb.services.downloads import Downloads, Outcome
from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.interrupt import kept_back
from mixpanel_nb.storage.loading import Batch
from mixpanel_nb.storage.repair import replace_lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mixpanel_nb.client import MixpanelAPIClient, Wait
    from mixpanel_nb.results.fetch import ChunkState
    from mixpanel_nb.services.chunks import FetchChunk
    from mixpanel_nb.services.staging import Receipt, Staging
    from mixpanel_nb.storage import StorageEngine, TableMetadata
    from mixpanel_nb.storage.ingest import EventTime

BATCH_ROWS = 400_000
BATCH_BYTES = 512 * 2**20
WAITING_BYTES = 2 * 2**30  # of downloads that are not stored yet; no more begin before some are
DOWNLOADS_OF_A_BROKEN_CHUNK = 2
POLL_SECONDS = 0.05
ONE_CHUNKS_FAILURES = (ServerError, IncompleteExportError)  # other chunks may well come
FAILURES_BEFORE_ANY = 4  # chunks that fail before one comes; the others would only cost quota
STAGED_FOR = timedelta(hours=1)  # how long a download is used whose days (or people) may have changed since


@dataclass
class FetchRun:
    """The state of one fetch while it runs.

    Attributes:
        table: The table that is filled.
        shown_as: The table's name for people (another while it is being replaced).
        metadata: What is recorded of the table.
        owes: Whether an earlier, other fetch of the table is unfinished, so that it stays incomplete.
        new_rows: Rows added so far.
        duplicates: Rows left out or replaced so far.
        without_id: Profiles without a ``$distinct_id`` left out so far.
        requests: Requests it took so far.
    """

    client: MixpanelAPIClient
    storage: StorageEngine
    table: str
    shown_as: str
    metadata: TableMetadata
    columns: int | Sequence[str] | None
    dedupe: bool
    event_time: EventTime
    owes: bool = False
    progress: Callable[[FetchProgress], None] | None = None
    days_total: int | None = None
    days_done: int = 0
    new_rows: int = 0
    duplicates: int = 0
    without_id: int = 0
    requests: int = 0
    _chunks_total: int = 0
    _chunks_before: int = 0
    _chunks_done: int = 0
    _started: float = field(default_factory=time.monotonic)
    _chunks: Sequence[FetchChunk] = ()
    _begun: set[FetchChunk] = field(default_factory=set)
    _stored: set[FetchChunk] = field(default_factory=set)
    _received: dict[FetchChunk, tuple[int, int]] = field(default_factory=dict)
    _waiting_sizes: dict[FetchChunk, int] = field(default_factory=dict)
    _ready: list[Staged] = field(default_factory=list)
    _broken: Counter[FetchChunk] = field(default_factory=Counter)
    _failures: list[tuple[FetchChunk, APIError]] = field(default_factory=list)
    _fatal: MixpanelDataError | None = None
    _waits: SimpleQueue[tuple[float, str]] = field(default_factory=SimpleQueue)
    _waiting: tuple[float, str] | None = None
    _arrived: tuple[int, int] = (0, 0)

    def fetch(self, chunks: Sequence[FetchChunk], staging: Staging, workers: int) -> None:
        """Bring ``chunks`` into the table.

        Raises:
            APIError: Mixpanel refused, or some chunks could not be had; all others are stored, the table
                is marked incomplete, and the same call fetches what is missing.
            StorageError: the table could not be written.
        """
        self._chunks = chunks
        self._chunks_total = len(chunks)
        self._chunks_before = len(self.storage.chunks(self.table))
        told_before = self.client.on_wait, self.storage.on_wait
        missing = self._take_staged(chunks, staging)
        state: FetchState = "cancelled"
        self.client.on_wait, self.storage.on_wait = self._note_wait, self._wait_for_file
        try:
            self._tell("starting")
            self.client.prepare()
            work = partial(self._download, staging)
            abort = self.client.abort
            with Downloads(
                missing, work, workers, abort=abort, may_begin=self._has_room, is_fatal=_concerns_all
            ) as downloads:
                self._work_off(downloads, staging)
            self._conclude()
            state = "done"
        except MixpanelDataError as error:
            state = "failed"
            self._add_state(error)
            raise
        except Exception:
            state = "failed"
            raise
        finally:
            self.client.on_wait, self.storage.on_wait = told_before
            self._tell(state)

    def _take_staged(self, chunks: Sequence[FetchChunk], staging: Staging) -> list[FetchChunk]:
        """Make what an earlier run downloaded ready, unless it is out of date; give the rest."""
        missing = []
        for chunk in chunks:
            file = self._file(staging, chunk)
            receipt = staging.receipt(file)
            if receipt is not None and self._may_use(receipt, chunk):
                self._ready.append(Staged(chunk, file, receipt))
                self._received[chunk] = (receipt.rows, receipt.bytes)
                self._waiting_sizes[chunk] = receipt.size
            else:
                staging.discard(file)
                missing.append(chunk)
        return missing

    def _may_use(self, receipt: Receipt, chunk: FetchChunk) -> bool:
        """Whether a download is of the same project, and as Mixpanel would answer now."""
        is_current = chunk.is_settled(receipt) or _is_recent(receipt)
        return is_current and receipt.source == str(self.metadata.source)

    def _work_off(self, downloads: Downloads[FetchChunk, Staged], staging: Staging) -> None:
        while downloads.outstanding or self._ready:
            self._note_all(downloads)
            self._tell("fetching")
            if self._batch_is_due(downloads):
                self._store(downloads, staging)

    def _note_all(self, downloads: Downloads[FetchChunk, Staged]) -> None:
        """Note every download that has ended; wait a little for one where none has."""
        patience = POLL_SECONDS
        while downloads.outstanding and (outcome := downloads.next(patience)) is not None:
            self._note(outcome, downloads)
            patience = 0

    def _note(self, outcome: Outcome[FetchChunk, Staged], downloads: Downloads[FetchChunk, Staged]) -> None:
        if outcome.value is not None:
            self.requests += outcome.value.receipt.requests
            self._ready.append(outcome.value)
        elif isinstance(outcome.error, ONE_CHUNKS_FAILURES):
            self._fail(outcome.job, outcome.error, downloads)
        elif outcome.error is not None:
            self._give_up(_as_ours(outcome.error), downloads)

    def _give_up(self, error: MixpanelDataError, downloads: Downloads[FetchChunk, Staged]) -> None:
        """End after an error that all chunks would meet."""
        self._fatal = self._fatal or error
        if isinstance(error, (RateLimitError, ConnectionFailedError)):
            downloads.drain()  # what is running has its request paid for and may well arrive
        else:
            downloads.stop()

    def _batch_is_due(self, downloads: Downloads[FetchChunk, Staged]) -> bool:
        if not self._ready:
            return False
        if not downloads.outstanding:
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
        troubled = self._failures or self._ready or self._fatal is not None or self.owes
        work = Batch(
            table=self.table,
            files=[staged.file for staged in batch],
            chunks=[
                replace(staged.chunk.entry(staged.receipt), source=self.metadata.source) for staged in batch
            ],
            metadata=replace(self.metadata, fetched_at=ledger.now(), complete=last and not troubled),
            columns=self.columns,
            dedupe=self.dedupe,
            time=self.event_time,
            lines=sum(staged.receipt.rows for staged in batch),
            chunks_before=self._chunks_before + self._chunks_done,
        )
        with kept_back():  # what is stored is not left waiting to be stored
            loaded = self.storage.load(work)
            for staged in batch:
                staging.discard(staged.file)
                self._waiting_sizes.pop(staged.chunk, None)
        self.new_rows += loaded.rows
        self.duplicates += loaded.duplicates
        self.without_id += loaded.without_id
        self._chunks_done += len(batch)
        self.days_done += sum(staged.chunk.days for staged in batch)
        self._stored.update(staged.chunk for staged in batch)

    def _mend(
        self,
        staged: Staged,
        error: IncompleteExportError,
        downloads: Downloads[FetchChunk, Staged],
        staging: Staging,
    ) -> None:
        """A chunk that is not what it should be: mend its text, ask for it again, or give it up by name."""
        if "surrogate" in error.message and replace_lone_surrogates(staged.file):
            staging.sign(staged.file, replace(staged.receipt, size=staged.file.stat().st_size))
            self._ready.append(staged)
            return
        staging.discard(staged.file)
        self._waiting_sizes.pop(staged.chunk, None)
        self._broken[staged.chunk] += 1
        if self._broken[staged.chunk] < DOWNLOADS_OF_A_BROKEN_CHUNK and self._fatal is None:
            downloads.again(staged.chunk)
        else:
            self._fail(staged.chunk, error, downloads)

    def _fail(self, chunk: FetchChunk, error: APIError, downloads: Downloads[FetchChunk, Staged]) -> None:
        """Note that a chunk cannot be had; where no chunk comes at all, ask for no more."""
        self._failures.append((chunk, error))
        if len(self._failures) >= FAILURES_BEFORE_ANY and not (self._ready or self._stored):
            downloads.stop()

    def _conclude(self) -> None:
        """Raise if anything is missing; the table says so itself."""
        if self._fatal is not None:
            raise self._fatal
        if self._failures:
            raise self._failure()
        if not self._chunks_total and not self.owes:
            self.storage.mark(self.table, complete=True, timezone=self.metadata.timezone)

    def _failure(self) -> APIError:
        error = self._failures[0][1]
        missing = [str(one) for one in self._chunks if one not in self._stored]
        more = len(missing) - 1
        others = f" (and {more} more of {self._chunks_total} chunks)" if more else ""
        message = f"{missing[0]}{others} could not be fetched: {error.message}"
        hint = error.hint
        if len(missing) > len(self._failures):
            given_up = f"After {len(self._failures)} chunks that failed no more were asked for."
            hint = f"{hint} {given_up}" if hint else given_up
        return type(error)(message, hint=hint, details={**error.details, "missing": missing})

    def _add_state(self, error: MixpanelDataError) -> None:
        """Tell with the error what is stored and how to go on."""
        if self._chunks_done and not isinstance(error, TableNotFoundError):
            stored = (
                f"{self._chunks_done} of {self._chunks_total} chunks are stored; "
                "the same fetch asks only for the rest."
            )
            error.hint = f"{error.hint} {stored}" if error.hint else stored
        error.details |= {"chunks_stored": self._chunks_done, "chunks": self._chunks_total}

    def _file(self, staging: Staging, chunk: FetchChunk) -> Path:
        """Where a chunk is kept: each project's apart, and what replaces a table from what adds to it."""
        return staging.path({"into": self.table, "source": str(self.metadata.source), **chunk.request()})

    # On the worker threads

    def _has_room(self) -> bool:
        """Whether another download may begin: storing is slower, and the disk may be small."""
        return sum(list(self._waiting_sizes.values())) < WAITING_BYTES

    def _download(self, staging: Staging, chunk: FetchChunk, stopped: Callable[[], bool]) -> Staged:
        self._begun.add(chunk)
        file = self._file(staging, chunk)
        draft = staging.draft(file)
        try:
            receipt = chunk.download(self.client, draft, partial(self._receive, chunk), stopped)
            if stopped():
                raise CancelledError  # the folder may be another fetch's by now
            staging.accept(draft, file, receipt)
            self._waiting_sizes[chunk] = receipt.size
        finally:
            draft.unlink(missing_ok=True)
        return Staged(chunk, file, receipt)

    def _receive(self, chunk: FetchChunk, rows: int, size: int) -> None:
        before = self._received.get(chunk, (0, 0))  # more than now if the chunk is asked for once more
        self._received[chunk] = (max(rows, before[0]), max(size, before[1]))

    def _note_wait(self, wait: Wait) -> None:
        end = time.monotonic() + wait.seconds
        self._waits.put((end, f"waiting {wait.seconds:.0f} s: {wait.reason}"))

    # What people see

    def _wait_for_file(self, message: str) -> None:
        self._waiting = (time.monotonic(), message)
        self._tell("waiting")

    def _tell(self, state: FetchState) -> None:
        if self.progress is None:
            return
        message = self._wait_in_effect() if state in {"fetching", "waiting"} else None
        received = list(self._received.values())
        self._count_arrived()
        self.progress(
            FetchProgress(
                table=self.shown_as,
                type=self.metadata.type,
                state="waiting" if message else state,
                chunks_done=self._arrived[0],
                chunks_total=self._chunks_total,
                days_done=self._arrived[1],
                days_total=self.days_total,
                rows=sum(rows for rows, _ in received),
                bytes=sum(size for _, size in received),
                elapsed_seconds=time.monotonic() - self._started,
                message=message,
                pieces=self._pieces(),
            )
        )

    def _pieces(self) -> tuple[ChunkProgress, ...]:
        here = {staged.chunk for staged in self._ready}
        failed = {chunk for chunk, _ in self._failures}

        def state(chunk: FetchChunk) -> ChunkState:
            if chunk in self._stored:
                return "stored"
            if chunk in failed:
                return "failed"
            if chunk in here:
                return "here"
            return "loading" if chunk in self._begun else "waiting"

        return tuple(
            ChunkProgress(str(chunk), state(chunk), self._received.get(chunk, (0, 0))[0])
            for chunk in self._chunks
        )

    def _count_arrived(self) -> None:
        """Count the chunks, and their days, that are here whole; a broken one is not taken back."""
        chunks = self._chunks_done + len(self._ready)
        days = self.days_done + sum(staged.chunk.days for staged in self._ready)
        self._arrived = (max(chunks, self._arrived[0]), max(days, self._arrived[1]))

    def _wait_in_effect(self) -> str | None:
        """What is waited for, told at least once however short the wait was."""
        if not self._waits.empty():
            self._waiting = self._waits.get()
            return self._waiting[1]
        if self._waiting is None:
            return None
        until, message = self._waiting
        if time.monotonic() >= until:
            self._waiting = None
        return message


def _concerns_all(error: Exception) -> bool:
    return not isinstance(error, ONE_CHUNKS_FAILURES)


def _is_recent(receipt: Receipt) -> bool:
    return ledger.now() - receipt.moment < STAGED_FOR


def _as_ours(error: Exception) -> MixpanelDataError:
    """A worker's error for people; what is no error of ours and no operating system's is a bug: raise it."""
    if isinstance(error, MixpanelDataError):
        return error
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        message = f"A download could not be written: {reason}."
        return StorageError(message, hint="Free some space, or choose another folder, and fetch again.")
    raise error
