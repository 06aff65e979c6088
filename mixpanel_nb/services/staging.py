"""Downloaded chunks on disk, between the network and the database.

A chunk is asked of Mixpanel once: what is downloaded stays here until it is stored, whatever happens
to the process in between. A file counts only with its receipt, written after it is whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Receipt:
    """What is known of a downloaded file.

    Attributes:
        rows: Lines in it.
        bytes: Bytes that came over the wire.
        requests: Requests it took.
        fetched_at: When its download ended (UTC, ISO 8601).
    """

    rows: int
    bytes: int
    requests: int
    fetched_at: str

    @property
    def moment(self) -> datetime:
        """``fetched_at`` as a datetime."""
        return datetime.fromisoformat(self.fetched_at)


class Staging:
    """The folder of one table's downloads.

    Args:
        database: The database file, beside which the folder lies; None for a temporary folder.
        table: The table.
    """

    def __init__(self, database: Path | None, table: str) -> None:
        self.table = table
        self._temporary = database is None
        root = Path(tempfile.mkdtemp(prefix="mixpanel_nb-")) if database is None else _beside(database)
        self.folder = root / table.lower()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, request: Mapping[str, Any]) -> Path:
        """Where the answer to ``request`` is kept: the same place for the same request."""
        digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:16]
        label = request.get("from_date") or request.get("type") or "chunk"
        return self.folder / f"{label}-{digest}.jsonl"

    def receipt(self, file: Path) -> Receipt | None:
        """The receipt of a file that is here and whole, else None."""
        try:
            receipt = Receipt(**json.loads(_receipt_path(file).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return receipt if file.is_file() else None

    def sign(self, file: Path, receipt: Receipt) -> None:
        """Record that ``file`` is whole."""
        part = file.with_suffix(".receipt.part")
        part.write_text(json.dumps(asdict(receipt)))
        part.replace(_receipt_path(file))

    def discard(self, file: Path) -> None:
        """Remove a file and its receipt."""
        _receipt_path(file).unlink(missing_ok=True)
        file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder and what is left in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if not any(self.folder.parent.iterdir()):
            self.folder.parent.rmdir()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one fetch of a table at a time, in whatever process; the operating system keeps the lock.

        Raises:
            StorageError: another process is fetching this table.
        """
        lock = sqlite3.connect(self.folder / "lock", timeout=0, isolation_level=None, check_same_thread=False)
        holder = self.folder / "holder"
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            lock.close()
            by = holder.read_text() if holder.is_file() else "?"
            message = f"Process {by} is fetching table {self.table!r} now."
            raise StorageError(
                message, hint="Wait until it has ended, or fetch into another table."
            ) from None
        try:
            holder.write_text(str(os.getpid()))
            yield
        finally:
            lock.close()


def _beside(database: Path) -> Path:
    return database.with_name(f".{database.name}.fetch")


def _receipt_path(file: Path) -> Path:
    return file.with_suffix(".receipt")
