"""One run of a fetch: download missing chunks, store them, report progress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixpanel_nb.errors import MixpanelDataError, TableNotFoundError
from mixpanel_nb.services.fetch.batches import BatchStore
from mixpanel_nb.services.fetch.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.results.fetch import FetchState
    from mixpanel_nb.services.fetch.batches import Destination
    from mixpanel_nb.services.fetch.chunks import FetchChunk
    from mixpanel_nb.services.fetch.progress import ProgressReporter
    from mixpanel_nb.services.fetch.staging import Staging
    from mixpanel_nb.services.fetch.store import FetchStore
    from mixpanel_nb.storage.loading import Loaded


@dataclass(frozen=True)
class Fetched:
    """What a run has done.

    Attributes:
        loaded: What came into the table.
        requests: Requests it took.
        taken: Downloads of a stopped run that it used.
    """

    loaded: Loaded
    requests: int
    taken: int


@dataclass(frozen=True)
class FetchRun:
    """One fetch of some chunks into a table.

    Attributes:
        client: The client.
        storage: The database or lake.
        staging: Keeps downloads until they are stored.
        destination: The table.
        progress: Reports the progress.
    """

    client: MixpanelAPIClient
    storage: FetchStore
    staging: Staging
    destination: Destination
    progress: ProgressReporter

    def fetch(self, chunks: Sequence[FetchChunk], workers: int) -> Fetched:
        """Fetch ``chunks`` into the table.

        Raises:
            APIError: Mixpanel refused, or some chunks failed; all others are stored, the table is marked
                incomplete, and the same call fetches what is missing.
            StorageError: the table could not be written.
        """
        batches = BatchStore(self.storage, self.staging, self.destination)
        missing = batches.take_staged(chunks)
        for staged in batches.ready:
            self.progress.receive(staged.chunk, staged.receipt.rows, staged.receipt.bytes)
            self.progress.mark(staged.chunk, "here")
        scheduler = Scheduler(self.client, self.storage, batches, self.progress)
        state: FetchState = "cancelled"
        try:
            with self.progress.waits(self.client, self.storage):
                self.progress.tell("starting")
                self.client.prepare()
                scheduler.run(missing, workers)
                scheduler.check(chunks)
                if not chunks:
                    batches.mark_complete()
            state = "done"
        except Exception as error:  # an interrupt cancels the fetch
            state = "failed"
            if isinstance(error, MixpanelDataError):
                _add_state(error, len(batches.stored_chunks), len(chunks))
            raise
        finally:
            self.progress.tell(state)
        return Fetched(batches.loaded, scheduler.requests, batches.taken)


def _add_state(error: MixpanelDataError, stored: int, total: int) -> None:
    """Add to the error what is stored and how to continue."""
    if stored and not isinstance(error, TableNotFoundError):
        told = f"{stored} of {total} chunks are stored; the same fetch asks only for the rest."
        error.hint = f"{error.hint} {told}" if error.hint else told
    error.details |= {"chunks_stored": stored, "chunks": total}
