"""Free disk space for downloads, less a reserve."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from mixpanel_nb.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

RESERVE = 2**30
"""Bytes that downloads leave free, at most; on a small disk, a twentieth."""

_LOOK_EVERY = 16 * 2**20  # bytes written between two checks of the disk


class DiskSpace:
    """Checks the disk during a download, so that an endless one does not fill it.

    Args:
        folder: Where the download is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._since = 0

    def take(self, size: int) -> None:
        """Note that ``size`` bytes are written.

        Raises:
            StorageError: Only the reserve is left on the disk.
        """
        self._since += size
        if self._since >= _LOOK_EVERY:
            self._since = 0
            self._look()

    def _look(self) -> None:
        disk = shutil.disk_usage(self._folder)
        reserve = min(RESERVE, disk.total // 20)
        if disk.free < reserve:
            raise StorageError(
                f"The download was stopped: {self._folder} has {disk.free // 2**20:,} MB left, "
                f"and {reserve // 2**20:,} MB stay free.",
                hint="Free some space, or choose another folder, and fetch again.",
                details={"free_bytes": disk.free, "reserve_bytes": reserve},
            )
