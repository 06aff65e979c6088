"""Downloaded chunks on their way into a table, in batches.

A batch is one transaction with its ledger entries. It is large enough to be stored fast; several are stored
at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mixpanel_nb.services.fetch.chunks import Staged
from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.loading import Batch, Loaded
from mixpanel_nb.surrogates import replace_lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mixpanel_nb.errors import IncompleteExportError
    from mixpanel_nb.services.fetch.chunks import FetchChunk
    from mixpanel_nb.services.fetch.staging import Receipt, Staging
    from mixpanel_nb.services.fetch.store import FetchStore
    from mixpanel_nb.storage import TableMetadata
    from mixpanel_nb.storage.ingest import EventTime

BATCH_ROWS = 100_000
FIRST_IS = 2  # times as large: the first batch makes the table, with a column for each property in its sample
BATCH_BYTES = 512 * 2**20
WAITING_BYTES = 2 * 2**30  # of downloads not yet stored; no further ones begin before some are stored
STAGED_FOR = timedelta(hours=1)  # how long an old download whose days (or users) may have changed is used


@dataclass(frozen=True)
class Destination:
    """The table that is filled, and how.

    Attributes:
        table: Its name.
        metadata: What is recorded of it.
        columns: Typed columns wanted, see ``Batch``.
        dedupe: Keep one row per event.
        event_time: How exported times are to be read.
        stays_incomplete: Whether an earlier, other fetch of the table is unfinished.
        renews: Whether new rows replace the table's rows of the same days.
    """

    table: str
    metadata: TableMetadata
    columns: int | Sequence[str] | None
    dedupe: bool
    event_time: EventTime
    stays_incomplete: bool
    renews: bool = False


class BatchStore:
    """Keeps downloads on disk until they are stored, and makes batches of them.

    Worker threads call :meth:`has_room`, :meth:`draft` and :meth:`accept`; everything else belongs to the
    thread that runs the fetch.

    Attributes:
        ready: Downloads that can be stored.
        stored_chunks: The chunks that are in the table.
        taken: How many downloads of an earlier run there were.
        loaded: Rows added, duplicates and profiles without an id so far.
    """

    def __init__(self, storage: FetchStore, staging: Staging, destination: Destination) -> None:
        self.ready: list[Staged] = []
        self.stored_chunks: set[FetchChunk] = set()
        self.taken = 0
        self.loaded = Loaded(0, 0)
        self._storage = storage
        self._staging = staging
        self._into = destination
        self._chunks_before = len(storage.chunks(destination.table))
        self._single: deque[Staged] = deque()  # downloads that are stored one by one
        self._under_way: dict[Path, Staged] = {}  # those that are being stored, by their file
        self._sizes: dict[FetchChunk, int] = {}  # bytes of downloads that are not stored yet

    def has_room(self) -> bool:
        """Whether another download may begin: storing is slower, and the disk may be small."""
        return sum(list(self._sizes.values())) < WAITING_BYTES

    def draft(self, chunk: FetchChunk) -> Path:
        """Where to write a download of ``chunk``."""
        return self._staging.draft(self._file(chunk))

    def accept(self, chunk: FetchChunk, draft: Path, receipt: Receipt) -> Staged:
        """A complete download, kept on disk."""
        file = self._file(chunk)
        self._staging.accept(draft, file, receipt)
        self._sizes[chunk] = receipt.size
        return Staged(chunk, file, receipt)

    def take_staged(self, chunks: Sequence[FetchChunk]) -> list[FetchChunk]:
        """Take current downloads of an earlier run. Returns the other chunks."""
        missing = []
        for chunk in chunks:
            file = self._file(chunk)
            receipt = self._staging.receipt(file)
            if receipt is not None and self._may_use(receipt, chunk):
                self.ready.append(Staged(chunk, file, receipt))
                self._sizes[chunk] = receipt.size
            else:
                self._staging.discard(file)
                missing.append(chunk)
        self.taken = len(self.ready)
        return missing

    @property
    def has_any(self) -> bool:
        """Whether any chunk has come."""
        return bool(self.stored_chunks or self.ready or self._single or self._under_way)

    @property
    def is_whole(self) -> bool:
        """Whether nothing waits to be stored, and no earlier fetch is owed."""
        return not (self.ready or self._single or self._under_way or self._into.stays_incomplete)

    def is_due(self, *, last: bool) -> bool:
        """Whether there are enough downloads for a batch; ``last`` if there will be no more."""
        return bool(self._single or self._enough() or (last and self.ready))

    def next(self, *, last: bool, whole: bool) -> Batch | None:
        """The next downloads that are to be stored in one transaction, or None if there are not enough.

        Args:
            last: Whether there will be no more.
            whole: Whether none is missing.
        """
        if not self.is_due(last=last):
            return None
        if self._single:
            taken = [self._single.popleft()]
        else:
            count = self._enough() or len(self.ready)
            taken, self.ready = self.ready[:count], self.ready[count:]
        batch = self._batch(taken, complete=whole and self.is_whole)
        self._under_way |= {staged.file: staged for staged in taken}
        return batch

    def stored(self, batch: Batch, loaded: Loaded) -> list[Staged]:
        """Note that a batch is in the table, and remove its downloads. Returns them."""
        done = self._ended(batch)
        for staged in done:
            self.discard(staged)
        self.loaded += loaded
        self.stored_chunks.update(staged.chunk for staged in done)
        return done

    def refused(self, batch: Batch) -> Staged | None:
        """Note that a batch cannot be stored. Returns the download that is wrong.

        None if there are several, which will be stored one by one, so that it is found.
        """
        back = self._ended(batch)
        if len(back) == 1:
            return back[0]
        self._single.extend(back)
        return None

    def _enough(self) -> int:
        """How many of the ready downloads make a batch; 0 if they are too few."""
        is_first = not (self._chunks_before or self.stored_chunks or self._under_way)
        wanted = FIRST_IS * BATCH_ROWS if is_first else BATCH_ROWS
        rows = size = 0
        for count, staged in enumerate(self.ready, 1):
            rows, size = rows + staged.receipt.rows, size + staged.receipt.size
            if rows >= wanted or size >= BATCH_BYTES:
                return count
        return 0

    def _ended(self, batch: Batch) -> list[Staged]:
        return [self._under_way.pop(file) for file in batch.files]

    def mend(self, staged: Staged, error: IncompleteExportError) -> bool:
        """Repair the text of a download that could not be stored. Returns whether it is ready again."""
        if "surrogate" not in error.message or not replace_lone_surrogates(staged.file):
            return False
        self._staging.sign(staged.file, replace(staged.receipt, size=staged.file.stat().st_size))
        self.ready.append(staged)
        return True

    def discard(self, staged: Staged) -> None:
        """Remove a download from the disk."""
        self._staging.discard(staged.file)
        self._sizes.pop(staged.chunk, None)

    def mark_complete(self) -> None:
        """Record that the table is complete, if there was nothing to fetch."""
        if not self._into.stays_incomplete:
            metadata = self._into.metadata
            self._storage.mark(self._into.table, complete=True, timezone=metadata.timezone)

    def _batch(self, batch: Sequence[Staged], *, complete: bool) -> Batch:
        metadata = self._into.metadata
        return Batch(
            table=self._into.table,
            files=[staged.file for staged in batch],
            chunks=[replace(staged.chunk.entry(staged.receipt), source=metadata.source) for staged in batch],
            metadata=replace(metadata, fetched_at=ledger.now(), complete=complete),
            columns=self._into.columns,
            dedupe=self._into.dedupe,
            time=self._into.event_time,
            lines=sum(staged.receipt.rows for staged in batch),
            chunks_before=self._chunks_before + len(self.stored_chunks),
            renews=self._into.renews,
        )

    def _may_use(self, receipt: Receipt, chunk: FetchChunk) -> bool:
        """Whether a download is of the same project and up to date."""
        is_settled = chunk.is_settled(receipt) and not self._into.renews
        is_current = is_settled or ledger.now() - receipt.moment < STAGED_FOR
        return is_current and receipt.source == str(self._into.metadata.source)

    def _file(self, chunk: FetchChunk) -> Path:
        """The path of a chunk, separate by project, and for replacing and appending fetches."""
        source = str(self._into.metadata.source)
        return self._staging.path({"into": self._into.table, "source": source, **chunk.request()})
