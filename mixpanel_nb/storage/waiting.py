"""Waiting for a database file that another program holds."""

from __future__ import annotations

import os
import random
import re
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from mixpanel_nb.errors import DatabaseLockedError, StorageError
from mixpanel_nb.storage.interrupt import deliver_interrupt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb

TELL_AFTER_SECONDS = 1.0
LONGEST_SLEEP = 0.02
FRESH_SECONDS = 5 * LONGEST_SLEEP
STALE_SECONDS = 10.0
GIVE_WAY_SECONDS = 0.25
UNHELD_TIMES = 50  # that an unlockable file has no holder; once or twice it may just have been released


class WaitSignal:
    """Signals to all processes that use a file that another one waits, so that none waits for long.

    A waiting process touches a small file beside the database every few milliseconds. A process that sees a
    fresh one releases the database as soon as it can, and does not lock it again at once.
    """

    def __init__(self, database: Path) -> None:
        self._sign = database.with_name(f".{database.name}.wait")

    def enter(self) -> None:
        """Signal that this process waits."""
        with suppress(OSError):  # a folder that cannot be written has no writers to wait for
            # A link is not followed: its target may belong to another user.
            flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
            os.close(os.open(self._sign, flags, 0o600))
            os.utime(self._sign, follow_symlinks=os.utime not in os.supports_follow_symlinks)

    def leave(self) -> None:
        """End the signal. Other waiting processes touch the file again."""
        with suppress(OSError):
            self._sign.unlink(missing_ok=True)

    def is_occupied(self) -> bool:
        """Whether another process waits."""
        try:
            age = abs(time.time() - self._sign.lstat().st_mtime)
        except OSError:
            return False
        if age > STALE_SECONDS:
            self.leave()  # on behalf of a killed process
        return age < FRESH_SECONDS

    def give_way(self) -> None:
        """Yield briefly to waiting processes."""
        until = time.monotonic() + GIVE_WAY_SECONDS
        while self.is_occupied() and time.monotonic() < until:
            time.sleep(LONGEST_SLEEP / 4)


class Waiting:
    """Retries for a file that another process holds; a context manager around the attempts."""

    def __init__(self, path: Path, max_wait: float, on_wait: Callable[[str], None] | None) -> None:
        self._path = path
        self._room = WaitSignal(path)
        self._max_wait = max_wait
        self._on_wait = on_wait
        self._started = time.monotonic()
        self._entered = False
        self._was_announced = False
        self._unheld = 0

    def __enter__(self) -> Waiting:
        self._room.give_way()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._entered:
            self._room.leave()

    def again(self, error: duckdb.Error) -> None:
        """Sleep a little, or raise when max_wait ends, or if the file cannot be locked at all."""
        deliver_interrupt()
        self._unheld = self._unheld + 1 if _held_by_no_process(error) else 0
        if self._unheld >= UNHELD_TIMES:
            raise no_locks(self._path)
        waited = time.monotonic() - self._started
        held_by = holder(error)
        if waited > self._max_wait:
            message = f"{self._path.name} is held by {held_by}; waited {waited:.0f} s."
            hint = "Close that program, or its connection, and try again."
            details = {"path": str(self._path), "holder": held_by}
            raise DatabaseLockedError(message, hint=hint, details=details)
        if waited > TELL_AFTER_SECONDS and not self._was_announced and self._on_wait:
            self._was_announced = True
            self._on_wait(f"waiting for {self._path.name}, held by {held_by}")
        self._entered = True
        self._room.enter()
        # Random, so that several who wait do not keep meeting each other.
        time.sleep(random.uniform(0.002, LONGEST_SLEEP))  # noqa: S311 - timing, not cryptography


def no_locks(path: Path) -> StorageError:
    """The error for a file that the system cannot lock."""
    message = f"{path} cannot be locked: its file system gives out no locks."
    hint = "Keep the database on another disk (some network drives have no locks)."
    return StorageError(message, hint=hint, details={"path": str(path)})


def _held_by_no_process(error: duckdb.Error) -> bool:
    return "lock is held in PID 0" in str(error)


def is_taken(error: duckdb.Error) -> bool:
    """Whether DuckDB reports that another process holds the file."""
    message = str(error)
    return any(sign in message for sign in _SIGNS_OF_A_HOLDER)


def is_unlockable(error: duckdb.Error) -> bool:
    """Whether DuckDB reports that the system refused the lock, without a holder."""
    return "Could not set lock" in str(error) and not is_taken(error)


# Another process (Unix, Windows), another session of this process.
_SIGNS_OF_A_HOLDER = (
    "Conflicting lock is held",
    "used by another process",
    "Lock is already held in current process",
    "Unique file handle conflict",
)


def holder(error: duckdb.Error) -> str:
    """The holder of the file according to DuckDB: a program and its process id, or this process."""
    message = str(error)
    if "Unique file handle conflict" in message or "in current process" in message:
        return "another connection of this process"
    found = re.search(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)", message)
    if found is None:
        return "another program"
    return f"{found['program'].rsplit('/', 1)[-1]} (process {found['pid']})"
