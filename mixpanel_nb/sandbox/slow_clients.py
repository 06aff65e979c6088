"""Handling of slow or idle clients, which must not block others.

Every request that is answered has a thread of its own, up to `MOST_THREADS`. There are never more connections
than that: a new connection replaces the least useful one.
"""

from __future__ import annotations

import threading
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import ThreadedTaskDispatcher

FEWEST_THREADS = 12
MOST_THREADS = 128
MOST_CONNECTIONS = 120
"""Fewer than threads, so that readers who stop reading never hold all of them."""


class Threads(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Starts another thread for a request where all are busy."""

    def __init__(self) -> None:
        super().__init__()
        self._growing = threading.Lock()
        self.set_thread_count(FEWEST_THREADS)

    def add_task(self, task: Any) -> None:
        """Have a request answered."""
        with self._growing:
            with self.lock:
                running, wanted = len(self.threads), self.active_count + len(self.queue) + 1
            if FEWEST_THREADS <= running < min(wanted, MOST_THREADS):
                self.set_thread_count(running + 1)
        super().add_task(task)


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection; before there are too many, the one of least use is closed."""

    served = False

    def __init__(self, server: Any, *args: Any, **options: Any) -> None:
        others = list(server.active_channels.values())
        if len(others) >= MOST_CONNECTIONS:
            min(others, key=_usefulness).handle_close()
        super().__init__(server, *args, **options)

    def service(self) -> None:
        """Answer a request."""
        self.served = True
        super().service()


def _usefulness(channel: Channel) -> tuple[bool, bool, float]:
    """Least: no whole request came; then: nothing is to be answered; then: nothing was read for long."""
    busy = bool(channel.requests or channel.total_outbufs_len)
    waits_for_more = channel.served and channel.request is None
    return busy, waits_for_more, channel.last_activity if busy else channel.creation_time
