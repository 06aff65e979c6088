"""Temporary folders that outlive nobody: removed at exit, or by the next process where there was no exit."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import IO

from mixpanel_nb.storage.locks import try_lock

PREFIX = "mixpanel_nb-scratch-"
LOCK = ".lock"
NEW_SECONDS = 3600.0  # an empty folder may be one that is just being made


class Scratch:
    """A temporary folder that nobody else can read.

    It is locked as long as its process lives. What processes left that were killed is removed first.

    Attributes:
        path: The folder.
    """

    def __init__(self) -> None:
        _sweep()
        self._process = os.getpid()
        self.path, self._lock = _made()
        atexit.register(self.remove)

    def remove(self) -> None:
        """Remove the folder and all that is in it; may be called again."""
        atexit.unregister(self.remove)
        if os.getpid() == self._process:  # a fork must not remove what its parent uses
            shutil.rmtree(self.path, ignore_errors=True)
            self._lock.close()


def _made() -> tuple[Path, IO[bytes]]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        with contextlib.suppress(FileNotFoundError):  # taken for a leftover between these two steps
            lock = try_lock(folder / LOCK)
            if lock is not None:
                return folder, lock


def _sweep() -> None:
    """Remove the folders of processes that are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or (os.name == "posix" and status.st_uid != os.geteuid()):
                continue
            if (folder / LOCK).exists():
                _remove_unless_locked(folder)
            elif time.time() - status.st_mtime > NEW_SECONDS:
                folder.rmdir()  # only if it is empty: without a lock file it is nobody's of ours


def _remove_unless_locked(folder: Path) -> None:
    lock = try_lock(folder / LOCK)
    if lock is not None:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()
