"""Locks among processes, held by the operating system, so that a crash releases them; and among threads."""

from __future__ import annotations

import os
import sys
import threading
from typing import IO, TYPE_CHECKING

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path


def try_lock(file: Path) -> IO[bytes] | None:
    """The file, open and locked until it is closed; None if another process or thread holds the lock.

    The holder of the lock may remove the file; a lock on a removed file does not count.

    Raises:
        OSError: the file cannot be opened.
    """
    while True:
        # A link is not followed: its target may belong to another user.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        handle = os.fdopen(os.open(file, flags, 0o600), "ab")
        try:
            is_held = _lock(handle)
            if is_held and _is_at(handle, file):
                return handle
        except BaseException:  # an interrupt
            handle.close()
            raise
        handle.close()
        if not is_held:
            return None


if sys.platform == "win32":

    def _lock(handle: IO[bytes]) -> bool:
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:

    def _lock(handle: IO[bytes]) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _is_at(handle: IO[bytes], file: Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), file.stat())
    except FileNotFoundError:
        return False


class SharedLock:
    """A lock of the threads of this process, as ``threading.RLock``, that tells whether one waits for it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._waiting: set[int] = set()  # threads

    @property
    def is_awaited(self) -> bool:
        """Whether a thread waits."""
        return bool(self._waiting)

    def acquire(self, timeout: float) -> bool:
        """Take it within so many seconds. Returns whether that succeeded."""
        if self._lock.acquire(blocking=False):
            return True
        self._waiting.add(threading.get_ident())
        try:
            return self._lock.acquire(timeout=timeout)
        finally:
            self._waiting.discard(threading.get_ident())

    def release(self) -> None:
        """Release it."""
        self._lock.release()
