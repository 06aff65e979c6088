"""Concurrent downloads on daemon threads."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from mixpanel_nb.storage.interrupt import deferred_interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Job = TypeVar("Job")
Done = TypeVar("Done")

LOOK_SECONDS = 0.05  # between two checks whether another job may begin
LEAVING_SECONDS = 0.2  # how long the end of a fetch waits for its threads, after stopping them


@dataclass(frozen=True)
class Outcome(Generic[Job, Done]):
    """How one job ended: with a value, or with an error."""

    job: Job
    value: Done | None = None
    error: Exception | None = None


class Downloads(Generic[Job, Done]):
    """Runs ``work(job, stopped)`` for each job on up to ``workers`` threads, and yields their outcomes.

    ``stopped()`` turns true when the work should end as soon as it can.

    The threads are daemons: a hanging connection does not delay the end of the program. Use as a context
    manager; leaving it cancels waiting jobs and aborts running ones.

    Args:
        jobs: The jobs.
        work: Does one job.
        workers: Threads at most.
        abort: Called to abort running jobs: ends what they wait for.
        may_begin: Whether another job may begin now; polled until it may.
        is_fatal: Whether no further job should begin after such an error. The caller then calls :meth:`stop`
            or :meth:`drain`.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        work: Callable[[Job, Callable[[], bool]], Done],
        workers: int,
        *,
        abort: Callable[[], None] | None = None,
        may_begin: Callable[[], bool] | None = None,
        is_fatal: Callable[[Exception], bool] | None = None,
    ) -> None:
        self._work = work
        self._abort = abort
        self._may_begin = may_begin
        self._is_fatal = is_fatal
        self._todo: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Outcome[Job, Done]] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._halted = threading.Event()
        self._threads: list[threading.Thread] = []
        self.outstanding = len(jobs)
        self._workers = min(workers, len(jobs))
        for job in jobs:
            self._todo.put(job)

    def __enter__(self) -> Downloads[Job, Done]:
        try:
            with deferred_interrupts():
                for number in range(self._workers):
                    try:
                        self._start(self._run)
                    except RuntimeError:  # the system starts no more threads: continue with fewer
                        if number == 0:
                            raise
                        break
        except BaseException:  # a deferred interrupt
            self.stop()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Begin no further job, and abort the running ones, which are no longer outstanding."""
        self.begin_to_stop()
        deadline = time.monotonic() + LEAVING_SECONDS
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))

    def begin_to_stop(self) -> None:
        """The same, without waiting for the threads."""
        self._stopped.set()
        self.outstanding = 0
        if self._abort is not None and any(thread.is_alive() for thread in self._threads):
            self._abort()

    def drain(self) -> None:
        """Begin no further job, and let the running ones end."""
        while True:
            try:
                self._todo.get_nowait()
            except queue.Empty:
                return
            self.outstanding -= 1

    def again(self, job: Job) -> None:
        """Run a job again at once."""
        self.outstanding += 1
        self._start(lambda: self._finish(job))

    def next(self, timeout: float) -> Outcome[Job, Done] | None:
        """The next job to end, or None if none did within ``timeout`` seconds."""
        try:
            outcome = self._ended.get(timeout=timeout)
        except queue.Empty:
            return None
        self.outstanding -= 1
        return outcome

    def _start(self, target: Callable[[], None]) -> None:
        name = f"mixpanel_nb-download-{len(self._threads)}"
        thread = threading.Thread(target=target, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _run(self) -> None:
        while not (self._stopped.is_set() or self._halted.is_set()):
            if self._may_begin is not None and not self._may_begin():
                self._stopped.wait(LOOK_SECONDS)
                continue
            try:
                job = self._todo.get_nowait()
            except queue.Empty:
                return
            self._finish(job)

    def _finish(self, job: Job) -> None:
        try:
            self._ended.put(Outcome(job, value=self._work(job, self._stopped.is_set)))
        # Any error of a worker is raised again in the waiting thread.
        except Exception as error:  # noqa: BLE001 - see above
            if self._is_fatal is not None and self._is_fatal(error):
                self._halted.set()
            self._ended.put(Outcome(job, error=error))
