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
from mixpanel_nb.storage.interrupt import deferred_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.services.fetch.batches import BatchStore
    from mixpanel_nb.services.fetch.chunks import FetchChunk, Staged
    from mixpanel_nb.services.fetch.progress import ProgressReporter
    from mixpanel_nb.services.fetch.store import FetchStore
    from mixpanel_nb.storage.loading import Batch, Loaded

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

    def __init__(
        self,
        client: MixpanelAPIClient,
        storage: FetchStore,
        batches: BatchStore,
        progress: ProgressReporter,
    ) -> None:
        self.requests = 0
        self._client = client
        self._storage = storage
        self._batches = batches
        self._progress = progress
        self._broken: Counter[FetchChunk] = Counter()
        self._failures: list[APIError] = []
        self._fatal: MixpanelDataError | None = None
        self._downloads: ChunkDownloads

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
            self._downloads = downloads
            while downloads.outstanding or self._batches.is_due(last=True):
                self._note_all(POLL_SECONDS)
                self._progress.tell("fetching")
                if self._batches.is_due(last=not downloads.outstanding):
                    with deferred_interrupts():  # stored downloads are removed from the queue
                        self._storage.load_all(self)

    def check(self, chunks: Sequence[FetchChunk]) -> None:
        """Raise if some of ``chunks`` are missing.

        Raises:
            APIError: Mixpanel refused, or some chunks failed.
        """
        if self._fatal is not None:
            raise self._fatal
        if self._failures:
            raise self._failure(chunks)

    def _note_all(self, max_wait: float) -> None:
        """Handle every ended download; wait so many seconds for one if there is none."""
        while self._downloads.outstanding and (outcome := self._downloads.next(max_wait)) is not None:
            self._note(outcome)
            max_wait = 0

    def _note(self, outcome: Outcome[FetchChunk, Staged]) -> None:
        if outcome.value is not None:
            self.requests += outcome.value.receipt.requests
            self._batches.ready.append(outcome.value)
            self._progress.mark(outcome.job, "here")
        elif isinstance(outcome.error, ONE_CHUNKS_FAILURES):
            self._fail(outcome.job, outcome.error)
        elif outcome.error is not None:
            self._give_up(_as_ours(outcome.error))

    def _give_up(self, error: MixpanelDataError) -> None:
        """End after an error that affects all chunks."""
        self._fatal = self._fatal or error
        if isinstance(error, (RateLimitError, ConnectionFailedError)):
            self._downloads.drain()  # running requests have already cost quota and may succeed
        else:
            self._downloads.stop()

    # The feed of the batches that are stored

    def next(self) -> Batch | None:
        """See :class:`Feed`."""
        self._note_all(0)
        return self._batches.next(last=not self._downloads.outstanding, whole=self._is_whole)

    def stored(self, batch: Batch, loaded: Loaded) -> None:
        """See :class:`Feed`."""
        for staged in self._batches.stored(batch, loaded):
            self._progress.mark(staged.chunk, "stored")

    def refused(self, batch: Batch, error: IncompleteExportError) -> None:
        """See :class:`Feed`."""
        wrong = self._batches.refused(batch)
        if wrong is not None:
            self._mend(wrong, error)

    def is_complete(self) -> bool:
        """See :class:`Feed`."""
        return self._is_whole and self._batches.is_whole

    def end(self) -> None:
        """See :class:`Feed`."""
        self._downloads.begin_to_stop()

    @property
    def _is_whole(self) -> bool:
        """Whether every download has come."""
        return not (self._downloads.outstanding or self._failures or self._fatal is not None)

    def _mend(self, staged: Staged, error: IncompleteExportError) -> None:
        """Handle an invalid chunk: repair its text, download it again, or record its failure."""
        if self._batches.mend(staged, error):
            return
        self._batches.discard(staged)
        self._broken[staged.chunk] += 1
        if self._broken[staged.chunk] < DOWNLOADS_OF_A_BROKEN_CHUNK and self._fatal is None:
            self._progress.mark(staged.chunk, "loading")
            self._downloads.again(staged.chunk)
        else:
            self._fail(staged.chunk, error)

    def _fail(self, chunk: FetchChunk, error: APIError) -> None:
        """Record a failed chunk; if no chunk succeeds at all, stop."""
        self._failures.append(error)
        self._progress.mark(chunk, "failed")
        if len(self._failures) >= FAILURES_BEFORE_ANY and not self._batches.has_any:
            self._downloads.stop()

    def _failure(self, chunks: Sequence[FetchChunk]) -> APIError:
        error = self._failures[0]
        missing = [str(one) for one in chunks if one not in self._batches.stored_chunks]
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
