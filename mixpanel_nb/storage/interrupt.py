"""Interruptible work: Ctrl-C ends it at once and leaves no inconsistent state.

DuckDB rarely checks Python's signals: on the main thread a heavy query cannot be
interrupted for many seconds. So work runs on a worker thread while the main thread waits, and an
interrupt of the main thread interrupts the connection.

Python raises an interrupt between any two steps of the main thread, also while a file is being attached or
detached. So code that holds a resource defers interrupts until its state is consistent, and delivers them
while it waits.
"""

from __future__ import annotations

import _thread
import signal
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    import duckdb

T = TypeVar("T")

POLL_SECONDS = 0.05

_work = threading.local()  # what this thread runs, as ``future``

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_handlers: dict[int, Any] = {}  # handlers of deferred interrupts
_came: list[int] = []  # signals that arrived meanwhile


class deferred_interrupts:  # noqa: N801 - used as a function, as contextlib.suppress is
    """Interrupts of the main thread wait for the end of the block, or for :func:`deliver_interrupt`.

    Not for long work: inside, only explicit waits can be interrupted. Blocks may be nested. Signals
    that no Python function handles are not touched, nor is any other thread.
    """

    def __init__(self) -> None:
        self._outermost = False

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread() or _handlers:
            return
        _came.clear()
        try:
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                if callable(handler):
                    _handlers[number] = handler
                    signal.signal(number, _keep)
        except BaseException:  # one arrived before all were deferred
            _restore()
            raise
        self._outermost = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self._outermost:
            return
        handlers = dict(_handlers)
        _restore()
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        if _came and not interrupted:
            handlers[_came[0]](_came[0], None)


def deliver_interrupt() -> None:
    """Raise a deferred interrupt here, where it is safe.

    Raises:
        KeyboardInterrupt: one was deferred.
    """
    if _came and _handlers and threading.current_thread() is threading.main_thread():
        came = _came[0]
        _came.clear()
        _handlers[came](came, None)


def _keep(number: int, _: FrameType | None) -> None:
    _came.append(number)


def _restore() -> None:
    """Pass signals to their handlers; if one raises, the others run first."""
    if _handlers:
        number, handler = _handlers.popitem()
        try:
            signal.signal(number, handler)
        finally:
            _restore()


@contextmanager
def acquired(lock: Any) -> Iterator[None]:
    """The lock (a ``threading.RLock``), held during the block, with interrupts deferred.

    Interrupts are delivered while waiting for it.
    """
    with deferred_interrupts():
        while not lock.acquire(timeout=POLL_SECONDS):
            deliver_interrupt()
        try:
            yield
        finally:
            lock.release()


def interruptible(con: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """The value of ``work()``, which uses ``con``; a KeyboardInterrupt ends it within about 0.2 s.

    Off the main thread, where no signal arrives, the work simply runs; likewise if the system starts no more
    threads.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    future = started(work)
    try:
        return _result(future)
    except KeyboardInterrupt:
        end_all({future: con})
        raise


class Work(Future[T]):
    """The value of some work.

    Attributes:
        should_end: Whether it has been interrupted.
    """

    should_end = False


class WorkInterruptedError(Exception):
    """This work has been interrupted."""


def check_interrupt() -> None:
    """End the work of this thread if it has been interrupted: for steps that do not run in DuckDB.

    Raises:
        WorkInterruptedError: it has been.
    """
    work = getattr(_work, "future", None)
    if work is not None and work.should_end:
        raise WorkInterruptedError


def started(work: Callable[[], T]) -> Work[T]:
    """The value of ``work()``, which runs on a thread; if the system starts no more, it has ended."""
    future: Work[T] = Work()
    try:
        # Starting a threading.Thread would wait until it runs, which costs as much as a small query.
        _thread.start_new_thread(_run, (future, work))
    except RuntimeError:
        _run(future, work)
    return future


@contextmanager
def keyboard_interrupts() -> Iterator[None]:
    """Pass on a KeyboardInterrupt that arrives while the main thread is inside DuckDB.

    Raises:
        KeyboardInterrupt: if DuckDB raises a RuntimeError instead.
    """
    try:
        yield
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None


def _run(future: Work[T], work: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    _work.future = future
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001 - raised in the waiting thread
        future.set_exception(error)
    finally:
        # The error's traceback holds this frame, which must not hold the session alive.
        del future, work, _work.future


def _result(future: Work[T]) -> T:
    while True:
        try:
            return future.result(timeout=POLL_SECONDS)
        except NotYet:
            deliver_interrupt()
            if future.done():  # at this very moment, or with a TimeoutError of its own
                return future.result()


def end_all(running: Mapping[Work[T], duckdb.DuckDBPyConnection]) -> None:
    """Interrupt work until it has ended: one interrupt may fall between two of its statements.

    The connections must not be used before that, so further interrupts do not end the wait.

    Args:
        running: What runs, each with the connection that it uses.
    """
    while left := [future for future in running if not (future.cancel() or future.done())]:
        try:
            for future in left:
                future.should_end = True
                running[future].interrupt()
            time.sleep(POLL_SECONDS / 10)
        except KeyboardInterrupt:
            continue
