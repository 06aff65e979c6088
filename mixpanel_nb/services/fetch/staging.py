"""Downloaded chunks on disk, between the network and the database.

Each chunk is requested once: a download stays here until it is stored, even if the process is killed. A file
is valid only with its receipt, which is written when it is complete.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import stat
import time
import uuid
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from mixpanel_nb.errors import StorageError
from mixpanel_nb.storage.interrupt import deferred_interrupts
from mixpanel_nb.storage.locks import try_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LOCK = "lock"
HOLDER = "holder"
DRAFT = ".draft"
ATTEMPTS = 5


@dataclass(frozen=True)
class Receipt:
    """Facts about a downloaded file.

    Attributes:
        rows: Lines in it.
        size: Bytes of it: after a power cut a file may be truncated.
        bytes: Bytes received over the network.
        requests: Requests it took.
        fetched_at: When its download ended (UTC, ISO 8601).
        source: The project it is from, as text.
    """

    rows: int
    size: int
    bytes: int
    requests: int
    fetched_at: str
    source: str

    @property
    def moment(self) -> datetime:
        """``fetched_at`` as a datetime."""
        return datetime.fromisoformat(self.fetched_at)


def arrived(database: Path) -> dict[str, tuple[int, int]]:
    """The downloads that wait to be stored in each table: how many, and their rows.

    Args:
        database: The database file, or the file beside which an engine in memory has its downloads.
    """
    found: dict[str, tuple[int, int]] = {}
    for folder in sorted(_root(database).glob("*/")):
        staging = Staging(database, folder.name)
        receipts = [receipt for file in folder.glob("*.jsonl") if (receipt := staging.receipt(file))]
        if receipts:
            table = folder.name.partition("-")[0]  # a lake's table has a folder for each request
            chunks, rows = found.get(table, (0, 0))
            found[table] = chunks + len(receipts), rows + sum(receipt.rows for receipt in receipts)
    return found


class Staging:
    """The folder of one table's downloads.

    Nothing is created on disk before :meth:`locked`; use all other methods inside its block.

    Args:
        database: The file beside which the folder lies, ``StorageEngine.beside``.
        table: The table.
    """

    def __init__(self, database: Path, table: str) -> None:
        self.table = table
        self.folder = _root(database) / table.lower()

    def path(self, request: Mapping[str, Any]) -> Path:
        """The path of the answer to ``request``, always the same for the same request."""
        digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:16]
        label = request.get("from_date") or request.get("type") or "chunk"
        return self.folder / f"{label}-{digest}.jsonl"

    def draft(self, file: Path) -> Path:
        """The draft of ``file``, to be written first.

        The name is unique, so that an aborted download and its successor never share a file.
        """
        return file.with_name(f"{file.stem}-{uuid.uuid4().hex[:8]}{DRAFT}")

    def accept(self, draft: Path, file: Path, receipt: Receipt) -> None:
        """Rename a complete draft to ``file``."""
        draft.replace(file)
        self.sign(file, receipt)

    def receipt(self, file: Path) -> Receipt | None:
        """The receipt of a complete file, else None."""
        try:
            receipt = Receipt(**json.loads(_receipt_path(file).read_text()))
            is_whole = receipt.moment is not None and file.stat().st_size == receipt.size
        except (OSError, ValueError, TypeError, RecursionError):
            return None
        return receipt if is_whole else None

    def sign(self, file: Path, receipt: Receipt) -> None:
        """Record that ``file`` is complete."""
        part = file.with_suffix(".receipt.part")
        part.write_text(json.dumps(asdict(receipt)))
        part.replace(_receipt_path(file))

    def discard(self, file: Path) -> None:
        """Remove a file and its receipt."""
        _receipt_path(file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)

    def sweep(self, *, downloads: bool) -> None:
        """Remove files of a killed process, unless another process is fetching.

        Args:
            downloads: Also remove downloads, because they will not be needed again.
        """
        if self.folder.is_dir():
            with contextlib.suppress(StorageError), self.locked():
                if downloads:
                    self.remove()

    def remove(self) -> None:
        """Remove the folder with its content."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # it still contains another table's downloads
            self.folder.parent.rmdir()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the table's fetches among all processes, with a lock of the operating system.

        At the end the folder is removed unless it contains downloads not yet stored.

        Raises:
            StorageError: another process is fetching this table, or the folder cannot be made.
        """
        lock = None
        try:
            with deferred_interrupts():
                lock = self._acquire()
                with contextlib.suppress(OSError):  # optional: others can do without
                    (self.folder / HOLDER).unlink(missing_ok=True)
                    (self.folder / HOLDER).write_text(str(os.getpid()))
                self._remove_drafts()
            yield
        finally:
            try:
                with deferred_interrupts():
                    if lock is not None and not any(self.folder.glob("*.receipt")):
                        self.remove()
            finally:  # also if an interrupt arrives before it can be deferred
                if lock is not None:
                    lock.close()

    def _acquire(self) -> IO[bytes]:
        reason = ""
        for _ in range(ATTEMPTS):
            try:
                self._make_folder()
                lock = try_lock(self.folder / LOCK)
            except OSError as error:
                reason = error.strerror or str(error)
                time.sleep(0.01)  # the previous fetch may be removing the folder
                continue
            if lock is None:
                raise self._in_use()
            return lock
        message = f"{self.folder.parent.parent} cannot be written: {reason}."
        raise StorageError(message, hint="Choose another path for the database.")

    def _make_folder(self) -> None:
        """Create the folder, or check that an existing one is safe.

        Another user with write access beside the database could have placed a link there, which would
        redirect writes and removals.
        """
        root = self.folder.parent
        root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (root, self.folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            if not _is_own(folder):
                message = f"{folder} is a link, or somebody else's."
                raise StorageError(message, hint="Remove it, or choose another path for the database.")

    def _in_use(self) -> StorageError:
        by = ""
        for _ in range(10 * ATTEMPTS):
            with contextlib.suppress(OSError):
                by = (self.folder / HOLDER).read_text()
            if by:
                break
            time.sleep(0.01)  # the fetch has begun just now, or it has just ended
        who = "This process" if by == str(os.getpid()) else f"Process {by}" if by else "Another process"
        message = f"{who} is fetching table {self.table!r} now."
        return StorageError(message, hint="Wait until it has ended, or fetch into another table.")

    def _remove_drafts(self) -> None:
        """Remove drafts of aborted downloads, of this or a killed process."""
        for leftover in self.folder.glob(f"*{DRAFT}*"):
            leftover.unlink(missing_ok=True)


def _root(database: Path) -> Path:
    """The folder beside a database for the downloads of all its tables."""
    return database.with_name(f".{database.name}.fetch")


def _is_own(folder: Path) -> bool:
    """Whether it is a folder, not a link, and this user's (if the system has users)."""
    status = folder.lstat()
    mine = os.name != "posix" or status.st_uid == os.geteuid()
    return stat.S_ISDIR(status.st_mode) and mine


def _receipt_path(file: Path) -> Path:
    return file.with_suffix(".receipt")
