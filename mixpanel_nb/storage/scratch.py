"""Temporary folders that are removed at exit, or by the next process after a crash."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import IO, Self

from mixpanel_nb.storage.locks import try_lock

PREFIX = "mixpanel_nb-scratch-"
LOCK = ".lock"
_SHOWN_NAME = 40  # characters of its name that a folder beside a file bears, so that it is never too long
NEW_SECONDS = 3600.0  # an empty folder may be one that is just being made


class Scratch:
    """A private temporary folder.

    It is locked during the life of its process. Folders of killed processes are removed first.

    Args:
        beside: A file, in whose folder to make it, and hidden, so that what is made there can be renamed to
            that file; None is the system's place for temporary files.

    Attributes:
        path: The folder.

    Raises:
        OSError: there is no such folder, or nothing can be made in it.
    """

    def __init__(self, beside: Path | None = None) -> None:
        where = Path(tempfile.gettempdir()) if beside is None else beside.parent
        prefix = PREFIX if beside is None else f".{beside.name[:_SHOWN_NAME]}-{PREFIX}"
        _sweep(where, prefix)
        self._process = os.getpid()
        self.path, self._lock = _made(where, prefix)
        atexit.register(self.remove)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the folder and all that is in it; may be called again."""
        atexit.unregister(self.remove)
        if os.getpid() == self._process:  # a fork must not remove what its parent uses
            shutil.rmtree(self.path, ignore_errors=True)
            if self._lock is not None:
                self._lock.close()


def _made(where: Path, prefix: str) -> tuple[Path, IO[bytes] | None]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
        try:
            lock = try_lock(folder / LOCK)
        except FileNotFoundError:
            continue  # taken for a leftover between these two steps
        except OSError:
            return folder, None  # a file system without locks, where no process removes it as a leftover
        if lock is not None:
            return folder, lock


def _sweep(where: Path, prefix: str) -> None:
    """Remove the folders of processes that are gone."""
    for folder in where.iterdir():
        if not folder.name.startswith(prefix):
            continue
        with contextlib.suppress(OSError):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):
                continue
            if (folder / LOCK).exists():
                _remove_unless_locked(folder)
            elif time.time() - status.st_mtime > NEW_SECONDS:
                folder.rmdir()  # only if it is empty: without a lock file it is not one of ours


def _remove_unless_locked(folder: Path) -> None:
    lock = try_lock(folder / LOCK)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()
