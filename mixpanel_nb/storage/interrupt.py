"""Work that Ctrl-C can end.

DuckDB looks at Python's signals only now and then: on the main thread a heavy query cannot be
interrupted for many seconds. So work runs on a worker thread while the main thread waits, and an
interrupt of the main thread interrupts the connection.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import TYPE_CHECKING, TypeVar

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

POLL_SECONDS = 0.1


def interruptible(con: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """The value of ``work()``, which uses ``con``; a KeyboardInterrupt ends it within about 0.2 s.

    Off the main thread, where no signal arrives, the work simply runs.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    with ThreadPoolExecutor(1, thread_name_prefix="mixpanel_nb-query") as pool:
        future = pool.submit(work)
        try:
            while True:
                try:
                    return future.result(timeout=POLL_SECONDS)
                except NotYet:
                    if future.done():
                        raise
        except KeyboardInterrupt:
            # Again and again: the interrupt may fall between two statements of the work.
            while not future.done():
                con.interrupt()
                time.sleep(POLL_SECONDS / 10)
            raise
