"""Prefetching: several jobs run concurrently, their results are yielded in order."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, wait
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from mixpanel_nb.client.retry import never, stop_if

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

Job = TypeVar("Job")
Done = TypeVar("Done")

_STEP = 0.1  # seconds; waiting in steps lets Ctrl-C and a cancellation act at once


def in_order(
    jobs: Iterable[Job],
    work: Callable[[Job, Callable[[], bool]], Done],
    *,
    workers: int,
    cancelled: Callable[[], bool] = never,
) -> Generator[Done, None, None]:
    """The results of ``work(job, stopped)``, in the order of the jobs.

    At most ``workers`` results are buffered or in progress, so memory is bounded even for a slow consumer. A
    job's error is raised in its turn. ``stopped()`` becomes true when the result is no longer needed: after
    an error, a cancellation, or when the iterator is closed. The threads are daemons, so one that hangs does
    not delay the end of the program.

    Raises:
        concurrent.futures.CancelledError: ``cancelled`` said so.
    """
    over = threading.Event()
    rest = iter(jobs)
    under_way: deque[Future[Done]] = deque()

    def stopped() -> bool:
        return over.is_set() or cancelled()

    def begin(count: int) -> None:
        under_way.extend(_begun(work, job, stopped) for job in islice(rest, count))

    try:
        begin(workers)
        while under_way:
            done = _awaited(under_way.popleft(), cancelled)
            begin(1)
            yield done
    finally:
        over.set()


def _begun(
    work: Callable[[Job, Callable[[], bool]], Done], job: Job, stopped: Callable[[], bool]
) -> Future[Done]:
    future: Future[Done] = Future()

    def run() -> None:
        try:
            future.set_result(work(job, stopped))
        # Any error of a worker is raised again in the consumer.
        except BaseException as error:  # noqa: BLE001 - see above
            future.set_exception(error)

    threading.Thread(target=run, name="mixpanel_nb-ahead", daemon=True).start()
    return future


def _awaited(future: Future[Done], cancelled: Callable[[], bool]) -> Done:
    while not future.done():
        stop_if(cancelled)
        wait([future], timeout=_STEP)
    return future.result()
