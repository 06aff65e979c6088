"""Scheduling of chunks: download, store, retry, or give up.

Downloads run on threads; the scheduler's own thread stores them.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import CancelledError
from functools import partial
from typing import TYPE_CHECKING

from mixpanel_nb.errors import (
    APIError,
    ConnectionFailedError,
    IncompleteExportError,
    MixpanelDataError,
    RateLimitError,
    ServerError,
    StorageError,
)
from mixpanel_nb.services.fetch.downloads import Downloads, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.services.fetch.batches import BatchStore
    from mixpanel_nb.services.fetch.chunks import FetchChunk, Staged
    from mixpanel_nb.services.fetch.progress import ProgressReporter

    ChunkDownloads = Downloads[FetchChunk, Staged]

DOWNLOADS_OF_A_BROKEN_CHUNK = 2
POLL_SECONDS = 0.05
ONE_CHUNKS_FAILURES = (ServerError, IncompleteExportError)  # other chunks may succeed
FAILURES_BEFORE_ANY = 4  # failed chunks before the first success after which the fetch ends, to save quota


class Scheduler:
    """Downloads and stores chunks, until all are stored or have failed.

    Attributes:
        requests: Requests it took so far.
    """

    def __init__(self, client: MixpanelAPIClient, batches: BatchStore, progress: ProgressReporter) -> None:
        self.requests = 0
        self._client = client
        self._batches = batches
        self._progress = progress
        self._broken: Counter[FetchChunk] = Counter()
        self._failures: list[APIError] = []
        self._fatal: MixpanelDataError | None = None

    def run(self, missing: Sequence[FetchChunk], workers: int) -> None:
        """Download ``missing`` on up to ``workers`` threads; store them and all ready downloads.

        :meth:`check` reports failed chunks.

        Raises:
            StorageError: the table could not be written.
        """
        with Downloads(
            missing,
            self._download,
            workers,
            abort=self._client.abort,
            may_begin=self._batches.has_room,
            is_fatal=_concerns_all,
        ) as downloads:
            while downloads.outstanding or self._batches.ready:
                self._note_all(downloads)
                self._progress.tell("fetching")
                if self._batches.ready and (not downloads.outstanding or self._batches.is_due()):
                    self._store(downloads)

    def check(self, chunks: Sequence[FetchChunk]) -> None:
        """Raise if some of ``chunks`` are missing.

        Raises:
            APIError: Mixpanel refused, or some chunks failed.
        """
        if self._fatal is not None:
            raise self._fatal
        if self._failures:
            raise self._failure(chunks)

    def _note_all(self, downloads: ChunkDownloads) -> None:
        """Handle every ended download; wait briefly for one if there is none."""
        max_wait = POLL_SECONDS
        while downloads.outstanding and (outcome := downloads.next(max_wait)) is not None:
            self._note(outcome, downloads)
            max_wait = 0

    def _note(self, outcome: Outcome[FetchChunk, Staged], downloads: ChunkDownloads) -> None:
        if outcome.value is not None:
            self.requests += outcome.value.receipt.requests
            self._batches.ready.append(outcome.value)
            self._progress.mark(outcome.job, "here")
        elif isinstance(outcome.error, ONE_CHUNKS_FAILURES):
            self._fail(outcome.job, outcome.error, downloads)
        elif outcome.error is not None:
            self._give_up(_as_ours(outcome.error), downloads)

    def _give_up(self, error: MixpanelDataError, downloads: ChunkDownloads) -> None:
        """End after an error that affects all chunks."""
        self._fatal = self._fatal or error
        if isinstance(error, (RateLimitError, ConnectionFailedError)):
            downloads.drain()  # running requests have already cost quota and may succeed
        else:
            downloads.stop()

    def _store(self, downloads: ChunkDownloads) -> None:
        """Store all ready downloads: together, or one by one if that fails."""
        batch = self._batches.take_batch()
        try:
            self._store_batch(batch, last=not downloads.outstanding)
        except IncompleteExportError as error:
            if len(batch) == 1:
                self._mend(batch[0], error, downloads)
                return
            for number, staged in enumerate(batch, 1):
                try:
                    self._store_batch([staged], last=number == len(batch) and not downloads.outstanding)
                except IncompleteExportError as one:
                    self._mend(staged, one, downloads)

    def _store_batch(self, batch: Sequence[Staged], *, last: bool) -> None:
        self._batches.store(batch, last=last and not self._failures and self._fatal is None)
        for staged in batch:
            self._progress.mark(staged.chunk, "stored")

    def _mend(self, staged: Staged, error: IncompleteExportError, downloads: ChunkDownloads) -> None:
        """Handle an invalid chunk: repair its text, download it again, or record its failure."""
        if self._batches.mend(staged, error):
            return
        self._batches.discard(staged)
        self._broken[staged.chunk] += 1
        if self._broken[staged.chunk] < DOWNLOADS_OF_A_BROKEN_CHUNK and self._fatal is None:
            self._progress.mark(staged.chunk, "loading")
            downloads.again(staged.chunk)
        else:
            self._fail(staged.chunk, error, downloads)

    def _fail(self, chunk: FetchChunk, error: APIError, downloads: ChunkDownloads) -> None:
        """Record a failed chunk; if no chunk succeeds at all, stop."""
        self._failures.append(error)
        self._progress.mark(chunk, "failed")
        if len(self._failures) >= FAILURES_BEFORE_ANY and not (self._batches.ready or self._batches.stored):
            downloads.stop()

    def _failure(self, chunks: Sequence[FetchChunk]) -> APIError:
        error = self._failures[0]
        missing = [str(one) for one in chunks if one not in self._batches.stored]
        more = len(missing) - 1
        others = f" (and {more} more of {len(chunks)} chunks)" if more else ""
        message = f"{missing[0]}{others} could not be fetched: {error.message}"
        hint = error.hint
        if len(missing) > len(self._failures):
            given_up = f"After {len(self._failures)} chunks that failed no more were asked for."
            hint = f"{hint} {given_up}" if hint else given_up
        return type(error)(message, hint=hint, details={**error.details, "missing": missing})

    def _download(self, chunk: FetchChunk, stopped: Callable[[], bool]) -> Staged:
        """Download a chunk, on a worker thread."""
        self._progress.begin(chunk)
        draft = self._batches.draft(chunk)
        try:
            receipt = chunk.download(self._client, draft, partial(self._progress.receive, chunk), stopped)
            if stopped():
                raise CancelledError  # the folder may belong to another fetch by now
            return self._batches.accept(chunk, draft, receipt)
        finally:
            draft.unlink(missing_ok=True)


def _concerns_all(error: Exception) -> bool:
    return not isinstance(error, ONE_CHUNKS_FAILURES)


def _as_ours(error: Exception) -> MixpanelDataError:
    """A worker's error as an error of the package, also for system errors; raises any other, a bug."""
    if isinstance(error, MixpanelDataError):
        return error
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        message = f"A download could not be written: {reason}."
        return StorageError(message, hint="Free some space, or choose another folder, and fetch again.")
    raise error
