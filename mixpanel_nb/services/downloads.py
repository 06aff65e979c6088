"""Several downloads at once, on threads that never keep a process from ending."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Job = TypeVar("Job")
Done = TypeVar("Done")


@dataclass(frozen=True)
class Outcome(Generic[Job, Done]):
    """How one job ended: with a value, or with an error."""

    job: Job
    value: Done | None = None
    error: Exception | None = None


class Downloads(Generic[Job, Done]):
    """Runs ``work(job, stopped)`` for each job on up to ``workers`` threads, and hands out how each ended.

    ``stopped()`` turns true when the work should end as soon as it can.

    The threads are daemons: a connection that hangs does not hold up the end of the program. Use as a
    context manager; leaving it stops what has not begun.
    """

    def __init__(
        self, jobs: Sequence[Job], work: Callable[[Job, Callable[[], bool]], Done], workers: int
    ) -> None:
        self._work = work
        self._todo: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Outcome[Job, Done]] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self.outstanding = len(jobs)
        for job in jobs:
            self._todo.put(job)
        for number in range(min(workers, len(jobs))):
            threading.Thread(target=self._run, name=f"mixpanel_nb-download-{number}", daemon=True).start()

    def __enter__(self) -> Downloads[Job, Done]:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Begin no further job; tell running ones to end."""
        self._stopped.set()

    def again(self, job: Job) -> None:
        """Do a job once more. Only while others are outstanding, or its thread has gone."""
        self.outstanding += 1
        threading.Thread(
            target=self._finish, args=(job,), name="mixpanel_nb-download-again", daemon=True
        ).start()

    def next(self, timeout: float) -> Outcome[Job, Done] | None:
        """The next job to end, or None if none did within ``timeout`` seconds."""
        try:
            outcome = self._ended.get(timeout=timeout)
        except queue.Empty:
            return None
        self.outstanding -= 1
        return outcome

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                job = self._todo.get_nowait()
            except queue.Empty:
                return
            self._finish(job)

    def _finish(self, job: Job) -> None:
        try:
            self._ended.put(Outcome(job, value=self._work(job, self._stopped.is_set)))
        # Whatever happens on a worker is told to whoever waits for it, who raises it there.
        except Exception as error:  # noqa: BLE001 - see above
            self._ended.put(Outcome(job, error=error))
