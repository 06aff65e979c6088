"""Loading of several batches at once, each in a transaction of its own.

Rows keep the order in which they were sent, and DuckDB inserts in order on one thread, unless it may use
16 MB of memory for each column and thread. So that all cores work, several connections insert at once.

A batch is loaded beside others if its rows and its entries in the ledger are all that it adds. One that also
creates or changes the table, or may hold events that another one has just added, is loaded alone.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import duckdb

from mixpanel_nb.errors import IncompleteExportError
from mixpanel_nb.storage import loading
from mixpanel_nb.storage.connections import OWN_MEMORY, transaction
from mixpanel_nb.storage.ingest import WideningNeeded
from mixpanel_nb.storage.interrupt import POLL_SECONDS, deliver_interrupt, end_all, started

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixpanel_nb.storage.interrupt import Work
    from mixpanel_nb.storage.loading import Batch, Loaded

AT_ONCE = 3
"""Batches that are loaded at once, at most: each needs memory."""

SESSION_SECONDS = 4.0
"""How long batches are begun, at most, before the file is released: a listener of the progress may use it.

Sooner if somebody waits for the file.
"""


class Feed(Protocol):
    """Where the batches of a table come from. Only the thread that loads them uses it, while it waits."""

    def next(self) -> Batch | None:
        """The next batch, or None if there is none now."""

    def stored(self, batch: Batch, loaded: Loaded) -> None:
        """Note that a batch is in the table."""

    def refused(self, batch: Batch, error: IncompleteExportError) -> None:
        """Note that nothing of a batch is in the table, because it is not valid."""

    def is_complete(self) -> bool:
        """Whether all that belongs in the table has been stored."""

    def end(self) -> None:
        """Begin to end what makes batches: an error or an interrupt ends the loading."""


class NotBesideError(Exception):
    """A batch must be loaded alone."""


class ParallelLoads:
    """Loads the batches of a feed.

    Args:
        connections: The connections of a session, all with the database attached, which nothing else uses:
            one to record what was loaded, and one for each batch that is loaded at once. If there is only
            one, batches are loaded one after the other.
        feed: The batches.
        should_end: Whether to begin no further batch.
    """

    def __init__(
        self,
        connections: Sequence[duckdb.DuckDBPyConnection],
        feed: Feed,
        should_end: Callable[[], bool],
    ) -> None:
        self._feed = feed
        self._should_end = should_end
        self._until = time.monotonic() + SESSION_SECONDS
        self._never_beside = len(connections) == 1  # then nothing is recorded while a batch is loaded
        self._is_first = True
        self._recorder, *loaders = connections
        self._idle = loaders or [self._recorder]
        self._running: dict[Work[Loaded], tuple[duckdb.DuckDBPyConnection, Batch]] = {}
        self._runs_alone = False
        self._ended: deque[tuple[Work[Loaded], Batch, bool]] = deque()  # to be noted; and whether alone
        self._again: deque[Batch] = deque()  # batches that were not loaded, to be tried beside others
        self._alone: deque[Batch] = deque()  # batches that could not be loaded beside others
        self._checks = threading.Lock()
        self._quarters: dict[int, frozenset[int]] = {}  # of the events of batches, by a number
        self._committed: set[int] = set()  # the numbers of batches that are in the table

    def run(self) -> None:
        """Load batches until the feed has none, or the session should end.

        Raises:
            TableNotFoundError: the table was dropped or replaced before.
            duckdb.Error: the database failed; running batches were rolled back.
        """
        try:
            while True:
                self._begin()
                if not self._running:
                    return
                wait(self._running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
                deliver_interrupt()
                self._take_ended()
                if not self._never_beside:
                    self._begin_beside()  # noting takes a moment: downloads are removed
                while self._ended:
                    self._note(*self._ended.popleft())
        except BaseException:
            self._feed.end()
            end_all({work: con for work, (con, _) in self._running.items()})
            self._take_ended()
            for work, batch, _ in self._ended:
                if not work.cancelled() and work.exception() is None:  # it ended in spite of that
                    self._feed.stored(batch, work.result())
            raise

    def _begin(self) -> None:
        """Begin as many batches as can run now."""
        if not self._alone:
            self._begin_beside()
        elif not self._running:
            self._start(self._alone.popleft(), alone=True)
            self._again, self._alone = self._alone, deque()  # what hindered them may be over then

    def _begin_beside(self) -> None:
        """Begin as many batches as can run beside each other, unless one waits to run alone."""
        while self._idle and not (self._runs_alone or self._alone):
            batch = self._again.popleft() if self._again else self._next()
            if batch is None:
                return
            self._start(batch, alone=self._never_beside)

    def _next(self) -> Batch | None:
        """The next batch of the feed, unless the session should end."""
        if not self._is_first and (self._should_end() or time.monotonic() > self._until):
            return None
        batch = self._feed.next()
        if batch is not None and self._is_first:
            self._is_first = False
            loading.check_unchanged(self._recorder, batch)
        return batch

    def _start(self, batch: Batch, *, alone: bool) -> None:
        con = self._idle.pop()
        self._runs_alone = alone
        load = self._load_alone if alone else self._load_beside
        self._running[started(lambda: load(con, batch))] = con, batch

    def _take_ended(self) -> None:
        """Make the connections of batches that have ended idle."""
        for work in [work for work in self._running if work.done()]:
            con, batch = self._running.pop(work)
            self._idle.append(con)
            self._ended.append((work, batch, self._runs_alone))
        self._runs_alone = self._runs_alone and bool(self._running)

    def _note(self, work: Work[Loaded], batch: Batch, was_alone: bool) -> None:
        """Note how a batch ended."""
        try:
            loaded = work.result()
        except NotBesideError:
            self._alone.append(batch)
        except IncompleteExportError as error:
            self._feed.refused(batch, error)
        else:
            self._feed.stored(batch, loaded)
            complete = self._feed.is_complete()
            if not was_alone or complete != batch.metadata.complete:
                loading.record(self._recorder, batch, complete=complete)

    def _load_alone(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Loaded:
        """Load a batch while no other is loaded; a table of many columns with more memory."""
        batch = replace(batch, chunks_before=None)
        try:
            return loading.load(con, batch)
        except duckdb.OutOfMemoryException:
            if self._never_beside:
                raise
        con.execute(f"SET memory_limit = '{OWN_MEMORY}'")
        return loading.load(con, batch)

    def _load_beside(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Loaded:
        """Load a batch while others are loaded.

        Raises:
            NotBesideError: that is not possible.
        """
        columns = loading.columns_beside(con, batch)
        if columns is None:
            raise NotBesideError
        seen = frozenset(self._committed)
        try:
            with transaction(con):
                loaded, quarters = loading.add(con, batch, columns)
                number = self._claim(quarters, seen)
        except (WideningNeeded, duckdb.TransactionException, duckdb.OutOfMemoryException):
            raise NotBesideError from None
        self._committed.add(number)
        return loaded

    def _claim(self, quarters: frozenset[int], seen: frozenset[int]) -> int:
        """Note the times of a batch before it is committed, by a number.

        Equal events have the same time, so those of other times cannot be duplicates.

        Raises:
            NotBesideError: a batch that this one has not ``seen`` may have the same events.
        """
        with self._checks:
            unseen = (others for number, others in self._quarters.items() if number not in seen)
            if not all(quarters.isdisjoint(others) for others in unseen):
                raise NotBesideError
            number = len(self._quarters)
            self._quarters[number] = quarters
            return number
