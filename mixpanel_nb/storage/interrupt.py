"""Work that Ctrl-C can end.

DuckDB looks at Python's signals only now and then: on the main thread a heavy query cannot be
interrupted for many seconds. So work runs on a worker thread while the main thread waits, and an
interrupt of the main thread interrupts the connection.
"""

from __future__ import annotations

import _thread
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import duckdb

T = TypeVar("T")

POLL_SECONDS = 0.1


def interruptible(con: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """The value of ``work()``, which uses ``con``; a KeyboardInterrupt ends it within about 0.2 s.

    Off the main thread, where no signal arrives, the work simply runs.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    future: Future[T] = Future()
    try:
        # Starting a threading.Thread would wait until it runs, which costs as much as a small query.
        _thread.start_new_thread(_run, (future, work))
        return _result(future)
    except KeyboardInterrupt:
        _end(con, future)
        raise


@contextmanager
def keyboard_interrupts() -> Iterator[None]:
    """Lets a KeyboardInterrupt through that meets the main thread inside DuckDB.

    Raises:
        KeyboardInterrupt: where DuckDB raises a RuntimeError in its place.
    """
    try:
        yield
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None


def _run(future: Future[T], work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised where the result is waited for
        future.set_exception(error)
    finally:
        # The error's traceback holds this frame, which must not hold the session alive.
        del future, work


def _result(future: Future[T]) -> T:
    while True:
        try:
            return future.result(timeout=POLL_SECONDS)
        except NotYet:
            if future.done():  # at this very moment, or with a TimeoutError of its own
                return future.result()


def _end(con: duckdb.DuckDBPyConnection, future: Future[T]) -> None:
    """Interrupt until the work has ended: one interrupt may fall between two of its statements.

    Nobody may use the connection before, so further interrupts do not end the wait.
    """
    while not (future.cancel() or future.done()):
        try:
            con.interrupt()
            time.sleep(POLL_SECONDS / 10)
        except KeyboardInterrupt:
            continue
