"""What the trials need of the machine: memory watched, small disks."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY = 0.02  # seconds
MB = 2**20


class Memory:
    """How much more memory this process takes inside the block, in MB."""

    def __init__(self) -> None:
        self.grown = 0.0
        self._process = psutil.Process()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._before = self._taken()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _taken(self) -> float:
        return float(self._process.memory_info().rss) / MB

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            self.grown = max(self.grown, self._taken() - self._before)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path | None]:
    """A file system of its own in memory at ``folder``; None where this user may not mount one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)


def remount(folder: Path, how: str) -> None:
    """Make a `small_disk` read-only (``ro``) or writable again (``rw``)."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], capture_output=True, check=True)
