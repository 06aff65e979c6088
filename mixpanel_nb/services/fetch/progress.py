"""Progress of a running fetch: the state of each chunk, rows, bytes, and waits."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from queue import SimpleQueue
from typing import TYPE_CHECKING

from mixpanel_nb.results.fetch import ChunkProgress, FetchProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mixpanel_nb.client import MixpanelAPIClient, Wait
    from mixpanel_nb.results.fetch import ChunkState, FetchState, FetchType
    from mixpanel_nb.services.fetch.chunks import FetchChunk
    from mixpanel_nb.services.fetch.store import FetchStore

ARRIVED = frozenset({"here", "stored"})


class ProgressReporter:
    """Tracks the state of each chunk, and reports it to a callable.

    Worker threads call :meth:`begin`, :meth:`receive` and the listeners of :meth:`waits`; everything else
    belongs to the thread that runs the fetch.

    Args:
        report: Receives each snapshot; None for no reports.
        table: The displayed name of the table.
        type: What it holds.
        chunks: The chunks of this call.
        days_total: Days asked for; None for profiles.
    """

    def __init__(
        self,
        report: Callable[[FetchProgress], None] | None,
        table: str,
        type: FetchType,  # noqa: A002 - as the table's records call it
        chunks: Sequence[FetchChunk],
        days_total: int | None = None,
    ) -> None:
        self._report = report
        self._states: dict[FetchChunk, ChunkState] = dict.fromkeys(chunks, "waiting")
        self._received = dict.fromkeys(chunks, (0, 0))  # rows and bytes
        self._days_before = (days_total or 0) - sum(chunk.days for chunk in chunks)
        self._waits = _Waits()
        self._started = time.monotonic()
        self._last = FetchProgress(
            table, type, "starting", 0, len(chunks), self._days_before, days_total, 0, 0, 0.0
        )

    @contextmanager
    def waits(self, client: MixpanelAPIClient, storage: FetchStore) -> Iterator[None]:
        """Report the waits of client and storage during the block."""
        before = client.on_wait, storage.on_wait
        client.on_wait, storage.on_wait = self._wait_for_quota, self._wait_for_file
        try:
            yield
        finally:
            client.on_wait, storage.on_wait = before

    def begin(self, chunk: FetchChunk) -> None:
        """The download of a chunk begins."""
        self._states[chunk] = "loading"

    def receive(self, chunk: FetchChunk, rows: int, size: int) -> None:
        """So many rows and bytes of a chunk are received."""
        before = self._received[chunk]  # may be more than now if the chunk is retried
        self._received[chunk] = (max(rows, before[0]), max(size, before[1]))

    def mark(self, chunk: FetchChunk, state: ChunkState) -> None:
        """A chunk is in another state."""
        self._states[chunk] = state

    def tell(self, state: FetchState) -> None:
        """Report the current state."""
        if self._report is None:
            return
        message = self._waits.in_effect() if state in {"fetching", "waiting"} else None
        arrived = [chunk for chunk, known in self._states.items() if known in ARRIVED]
        received = list(self._received.values())
        self._last = replace(
            self._last,
            state="waiting" if message else state,
            # The rows of a broken chunk that is retried are not subtracted.
            chunks_done=max(len(arrived), self._last.chunks_done),
            days_done=max(self._days_before + sum(chunk.days for chunk in arrived), self._last.days_done),
            rows=sum(rows for rows, _ in received),
            bytes=sum(size for _, size in received),
            elapsed_seconds=time.monotonic() - self._started,
            message=message,
            pieces=_pieces(self._states, self._received),
        )
        self._report(self._last)

    def _wait_for_quota(self, wait: Wait) -> None:
        self._waits.add(wait)

    def _wait_for_file(self, message: str) -> None:
        self._waits.show(message)
        self.tell("waiting")


class _Waits:
    """Current waits, each reported at least once."""

    def __init__(self) -> None:
        self._added: SimpleQueue[tuple[float, str]] = SimpleQueue()  # by worker threads
        self._current: tuple[float, str] | None = None

    def add(self, wait: Wait) -> None:
        """A wait begins."""
        self._added.put((time.monotonic() + wait.seconds, f"waiting {wait.seconds:.0f} s: {wait.reason}"))

    def show(self, message: str) -> None:
        """Tell a message once."""
        self._current = (time.monotonic(), message)

    def in_effect(self) -> str | None:
        """The current message."""
        if not self._added.empty():
            self._current = self._added.get()
            return self._current[1]
        if self._current is None:
            return None
        until, message = self._current
        if time.monotonic() >= until:
            self._current = None
        return message


def _pieces(
    states: Mapping[FetchChunk, ChunkState], received: Mapping[FetchChunk, tuple[int, int]]
) -> tuple[ChunkProgress, ...]:
    return tuple(ChunkProgress(str(chunk), state, received[chunk][0]) for chunk, state in states.items())
