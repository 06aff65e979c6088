"""One DuckDB file shared by several processes, held only while a statement runs.

DuckDB lets one process write a file, or several read it. So a session lives in memory (its settings,
temporary tables and registered frames stay there), and the file is attached for each piece of work and
detached after it: under a millisecond each, measured on a file of 700 MB. Whoever finds the file
taken asks again every few milliseconds, and says for whom it waits.
"""

from __future__ import annotations

import os
import random
import re
import tempfile
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

import duckdb

from mixpanel_nb.errors import DatabaseLockedError, StorageError
from mixpanel_nb.storage.rows import RESULTS
from mixpanel_nb.storage.sqltext import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Mode = Literal["read", "write"]

CATALOG = "mp"
# The first version with zstd compression: files stay readable for every DuckDB from 1.2 on.
STORAGE_VERSION = "v1.2.0"
BULK_MEMORY = "400MB"
TELL_AFTER_SECONDS = 1.0


class Database:
    """A database file (or memory) and the session that works on it.

    Args:
        path: The file, or None for a database that lives in memory.
        read_only: Refuse every change.
        patience: Seconds to wait for a file that another process holds.
        on_wait: Told once, with a sentence, when a wait grows longer than a second.

    Safe to use from several threads; one piece of work runs at a time.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        read_only: bool = False,
        patience: float = 60.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self.patience = patience
        self.on_wait = on_wait
        self._lock = threading.RLock()
        self._mode: Mode | None = None
        self._pinned = False
        self._session: duckdb.DuckDBPyConnection | None = None

    @property
    def session(self) -> duckdb.DuckDBPyConnection:
        """The in-memory session, made at first use."""
        if self._session is None:
            self._session = _session()
        return self._session

    @contextmanager
    def work(self, mode: Mode) -> Iterator[duckdb.DuckDBPyConnection]:
        """The session with the file attached and in use for the length of the block.

        Reading a file that does not exist yet gives the bare session.

        Raises:
            DatabaseLockedError: the file stayed taken for longer than ``patience``.
            StorageError: the file is not a database, or this database is read-only.
        """
        self._check(mode)
        with self._lock:
            if self._mode is not None or self.path is None or (mode == "read" and not self.path.exists()):
                yield self.session
                return
            self._attach(self.session, self.path, mode)
            self._mode = mode
            try:
                yield self.session
            finally:
                if not self._pinned:
                    self._detach()

    @contextmanager
    def bulk(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for bulk loading: bounded memory, the file attached for writing.

        A database in memory, or one that is pinned, lends its own session.
        """
        self._check("write")
        with self._lock:
            if self.path is None or self._mode is not None:
                with self.work("write") as con, _bounded(con):
                    yield con
                return
            con = _session()
            try:
                with _bounded(con):
                    self._attach(con, self.path, "write")
                    yield con
            finally:
                con.close()

    def pin(self) -> duckdb.DuckDBPyConnection:
        """Attach the file until :meth:`unpin` or :meth:`close`, and give the session's connection."""
        with self._lock, self.work("read" if self.read_only else "write") as con:
            self._pinned = True
            return con

    def unpin(self) -> None:
        """Let the file go again after :meth:`pin`."""
        with self._lock:
            self._pinned = False
            self._detach()

    def close(self) -> None:
        """Let go of the file and end the session. May be called twice.

        DuckDB ends the session when the last result that reads from it is gone, not before.
        """
        with self._lock:
            self._pinned = False
            self._detach()
            self._session = None

    def _check(self, mode: Mode) -> None:
        if mode == "write" and self.read_only:
            message = "This workspace was opened read-only."
            raise StorageError(message, hint="Open it without read_only=True to change tables.")

    def _detach(self) -> None:
        if self._mode is not None and self._session is not None:
            self._session.execute(f"USE memory; DETACH {CATALOG}")
        self._mode = None

    def _attach(self, con: duckdb.DuckDBPyConnection, path: Path, mode: Mode) -> None:
        statement = f"ATTACH {text(str(path))} AS {CATALOG} ({_attach_options(path, mode)})"
        waiting = _Wait(path, self.patience, self.on_wait)
        while True:
            try:
                con.execute(statement)
            except duckdb.Error as error:
                if not _is_taken(error):
                    raise _not_openable(path, error) from None
                waiting.again(error)
            else:
                break
        if mode == "write":
            path.chmod(0o600)
        con.execute(f"USE {CATALOG}")


class _Wait:
    """Asking again for a file that another process holds."""

    def __init__(self, path: Path, patience: float, on_wait: Callable[[str], None] | None) -> None:
        self._path = path
        self._patience = patience
        self._on_wait = on_wait
        self._started = time.monotonic()
        self._told = False

    def again(self, error: duckdb.Error) -> None:
        """Sleep a little, or raise when patience ends."""
        waited = time.monotonic() - self._started
        holder = _holder(error)
        if waited > self._patience:
            message = f"{self._path.name} is held by {holder}; waited {waited:.0f} s."
            hint = "Close that program, or its connection, and try again."
            raise DatabaseLockedError(message, hint=hint, details={"path": str(self._path), "holder": holder})
        if waited > TELL_AFTER_SECONDS and not self._told and self._on_wait:
            self._told = True
            self._on_wait(f"waiting for {self._path.name}, held by {holder}")
        # Random, so that several who wait do not keep meeting each other.
        time.sleep(random.uniform(0.002, 0.02))  # noqa: S311 - timing, not cryptography


def _session() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(":memory:")
    # Frames are named explicitly where they are wanted; DuckDB would look into any caller's variables.
    con.execute("SET python_enable_replacements = false")
    con.execute("SET enable_progress_bar = false")
    # A checkpoint would rewrite whole tables to merge row groups that are not full (4 s a million rows).
    con.execute("SET max_vacuum_tasks = 0")
    con.execute(
        f"SET temp_directory = {text(os.path.join(tempfile.gettempdir(), f'mixpanel_nb-{os.getpid()}'))}"
    )  # noqa: PTH118 - text for DuckDB
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"ATTACH ':memory:' AS {RESULTS}")
    return con


@contextmanager
def _bounded(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    con.execute(f"SET memory_limit = '{BULK_MEMORY}'; SET preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute("RESET memory_limit; RESET preserve_insertion_order")


def _attach_options(path: Path, mode: Mode) -> str:
    if mode == "read":
        return "READ_ONLY"
    if path.exists():
        return "READ_WRITE"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return f"READ_WRITE, STORAGE_VERSION '{STORAGE_VERSION}'"


def _is_taken(error: duckdb.Error) -> bool:
    message = str(error)
    return "Could not set lock" in message or "Unique file handle conflict" in message


def _holder(error: duckdb.Error) -> str:
    """Who holds the file, as well as DuckDB knows: a program and its process id, or this process."""
    found = re.search(r"held in (?P<program>\S+).*?\(PID (?P<pid>\d+)\)", str(error))
    if found is None:
        return "another connection of this process"
    return f"{found['program'].rsplit('/', 1)[-1]} (process {found['pid']})"


def _not_openable(path: Path, error: duckdb.Error) -> StorageError:
    message = str(error).splitlines()[0]
    if "not a valid DuckDB database" in message:
        return StorageError(
            f"{path} is not a DuckDB database.", hint="Name another file, or move this one away."
        )
    return StorageError(f"{path} cannot be opened: {message}", details={"path": str(path)})
