"""How much a download may write: what the disk has, less a reserve for everybody else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from mixpanel_nb.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

RESERVE = 2**30
"""Bytes of the disk that downloads leave free, at most; of a small disk they leave a twentieth."""

_LOOK_EVERY = 16 * 2**20  # bytes written between two looks at the disk


class DiskSpace:
    """Watches the disk while a download grows, so that one without an end does not fill it.

    Args:
        folder: Where the download is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._since = 0

    def take(self, size: int) -> None:
        """Note that ``size`` bytes are written.

        Raises:
            StorageError: The disk has no more left than the reserve.
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
