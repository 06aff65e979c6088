"""One DuckDB file shared by several processes, held only while a statement runs.

DuckDB lets one process write a file, or several read it. So a session lives in memory (its settings,
temporary tables and registered frames stay there), and the file is attached for each piece of work and
detached after it: under a millisecond each, measured on a file of 700 MB. After reading it stays attached
briefly, in case another query follows. A process that finds the file locked retries every few milliseconds,
and reports which process it waits for.
"""

from __future__ import annotations

import re
import threading
import time
import weakref
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, ClassVar, Literal

import duckdb

from mixpanel_nb.errors import StorageError, Word
from mixpanel_nb.files.atomic import note_database
from mixpanel_nb.storage.connections import OWN_MEMORY, SHARED_MEMORY, new_session, private_files
from mixpanel_nb.storage.explain import WRITABLE, storage_error
from mixpanel_nb.storage.interrupt import acquired, keyboard_interrupts
from mixpanel_nb.storage.known import Known
from mixpanel_nb.storage.locks import SharedLock
from mixpanel_nb.storage.sqltext import text
from mixpanel_nb.storage.waiting import LONGEST_SLEEP, Waiting, WaitSignal, is_taken, is_unlockable, no_locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from mixpanel_nb.errors import Text

Mode = Literal["read", "write"]

CATALOG = "mp"
# The first version with zstd compression: files stay readable for every DuckDB from 1.2 on.
STORAGE_VERSION = "v1.2.0"
FIRST_WITH_ZSTD = (1, 2)
_FORMAT = f"SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = '{CATALOG}'"
# Smaller than DuckDB's own 122,880: batches of some 100,000 rows are then compressed on all cores.
ROW_GROUP_SIZE = 61_440

# A file that was read stays attached for the next statement, which then finds its data in memory, unless
# another process waits for it.
LEASE_SECONDS = 0.2


class Database:
    """A database file (or memory) and the session that works on it.

    Attributes:
        fixed_settings: Settings that SQL may not change.
        elsewhere: What to do for changes that are refused.
        known: What was read of the catalog and the session, to be used in :meth:`work`; a file that is
            attached anew is read anew.

    Args:
        path: The file, or None for a database that lives in memory.
        read_only: Refuse every change.
        max_wait: Seconds to wait for a file that another process holds.
        on_wait: Called once, with a sentence, when a wait exceeds a second.

    Safe to use from several threads; one piece of work runs at a time.
    """

    fixed_settings: ClassVar[frozenset[str]] = frozenset()
    elsewhere: ClassVar[Text] = ("Open it without ", Word("read_only", value=True), " for that.")

    def __init__(
        self,
        path: Path | None,
        *,
        read_only: bool = False,
        max_wait: float = 60.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self.read_only = read_only
        self.max_wait = max_wait
        self.on_wait = on_wait
        self.known = Known()
        self._lock = SharedLock()
        self._in_bulk = False  # loading in a session of its own
        self._in_use = False  # a piece of work runs, or the file is pinned
        self._attached = False  # the session may hold the file, perhaps because of an interrupt
        self._pinned = False
        self._leased = False  # attached for reading, without a read in progress
        self._lease_ends = 0.0
        self._others = None if path is None else WaitSignal(path)
        if path is not None:
            note_database(path)
        self._keeper: threading.Thread | None = None
        self._session: duckdb.DuckDBPyConnection | None = None

    @property
    def session(self) -> duckdb.DuckDBPyConnection:
        """The in-memory session, created on first use."""
        with acquired(self._lock):
            if self._session is None:
                self._session = new_session(read_only=self.read_only)
            return self._session

    @property
    def keeps_transactions(self) -> bool:
        """Whether transactions can span pieces of work: in memory, and while the file is pinned."""
        return self.path is None or self._pinned

    @property
    def can_only_read(self) -> bool:
        """Whether DuckDB itself refuses changes, as it does for a file that is attached for reading."""
        return self.read_only and self.path is not None and self.path.exists()

    @contextmanager
    def work(self, mode: Mode) -> Iterator[duckdb.DuckDBPyConnection]:
        """The session with the file attached during the block.

        Reading a file that does not exist yet gives the bare session.

        Raises:
            DatabaseLockedError: the file stayed locked for longer than ``max_wait``.
            StorageError: the file is not a database, or this database is read-only.
        """
        self.check(mode)
        with acquired(self._lock), keyboard_interrupts(), self._remembering(mode):
            if self._in_use or self.path is None or (mode == "read" and not self.path.exists()):
                yield self.session
                return
            self._in_use = True
            done = False
            try:
                with _files_of(mode), _explained():
                    self._take(self.path, mode)
                    yield self.session
                done = True
            finally:
                if not self._pinned:
                    self._in_use = False
                    self._let_go(may_lease=done and mode == "read")

    @contextmanager
    def names(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Exclusive access to the session for registering names, such as those of DataFrames."""
        with acquired(self._lock), self.known.paused():
            self.session.abort()  # partly read rows, with which DuckDB would refuse
            yield self.session

    @contextmanager
    def read_without_waiting(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for a short read; fails at once if another process holds the file.

        If the session's own connection may have an unfinished result, it is a second one.

        Raises:
            DatabaseLockedError: the file is locked.
        """
        with acquired(self._lock):
            max_wait, self.max_wait = self.max_wait, 0.0  # the lock keeps others from seeing this
            try:
                with self.work("read") as con, _explained():
                    if not self.keeps_transactions:
                        yield con
                        return
                    with con.cursor() as second:
                        if self.path is not None:
                            second.execute(f"USE {CATALOG}")
                        yield second
            finally:
                self.max_wait = max_wait

    @contextmanager
    def bulk(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for bulk loading: bounded memory, the file attached for writing.

        A database that is in memory or pinned uses its own session, whose memory cannot be limited.
        """
        self.check("write")
        with acquired(self._lock), keyboard_interrupts():
            if self.path is None or self._in_use:
                with self.work("write") as con:
                    yield con
                return
            self._detach()
            con = new_session()
            self._in_bulk = True
            try:
                con.execute(f"SET memory_limit = '{OWN_MEMORY}'")
                with _files_of("write"):
                    self._attach(con, self.path, "write")
                    yield con
            finally:
                con.close()
                self._in_bulk = False

    @contextmanager
    def bulk_connections(self, at_once: int) -> Iterator[list[duckdb.DuckDBPyConnection]]:
        """The connection of :meth:`bulk`, and one to the same session for each thread, at most ``at_once``.

        Only the first if there is one thread, or transactions can span pieces of work, which others would not
        see.
        """
        with self.bulk() as con, ExitStack() as stack:
            connections = [con]
            threads = int(con.execute("SELECT current_setting('threads')").fetchall()[0][0])
            if threads > 1 and not self.keeps_transactions:
                con.execute("SET threads = 1")  # DuckDB's own ones would take the work of the others
                con.execute(f"SET memory_limit = '{SHARED_MEMORY}'")
                for _ in range(min(at_once, threads)):
                    connections.append(stack.enter_context(con.cursor()))
                    connections[-1].execute(f"USE {CATALOG}; SET TimeZone = 'UTC'")
            yield connections

    def pin(self) -> duckdb.DuckDBPyConnection:
        """Attach the file until :meth:`unpin` or :meth:`close`, and return the session's connection."""
        with acquired(self._lock), self.work("read" if self.read_only else "write") as con:
            self._pinned = self._attached
            self.known.end()  # its user can change everything from now on
            return con

    def unpin(self) -> None:
        """Release the file after :meth:`pin`; an open transaction is rolled back."""
        with acquired(self._lock):
            self._pinned = self._in_use = False
            self._detach()

    def close(self) -> None:
        """Release the file and end the session. May be called twice.

        DuckDB ends the session when the last result that reads from it is gone, not before.
        """
        with acquired(self._lock):
            self.unpin()
            self._session = None
            self.known = Known()

    def end_lease(self, *, at_once: bool = False) -> float:
        """Detach the file if its lease has ended. Returns its remaining seconds."""
        if self._in_bulk:
            return LEASE_SECONDS  # it ended before that, and a lease is nobody who waits
        with acquired(self._lock):
            at_once = at_once or not self._leased or self.others_wait
            left = 0.0 if at_once else self._lease_ends - time.monotonic()
            if left <= 0:
                if self._leased:
                    self._detach()
                self._keeper = None
            return left

    def check(self, mode: Mode) -> None:
        """Check that the database is writable.

        Raises:
            StorageError: it was opened read-only.
        """
        if mode == "write" and self.read_only:
            message = "This workspace was opened read-only."
            raise StorageError(message, hint=WRITABLE)

    def check_format(self) -> None:
        """Check that the file's format supports zstd, which compresses fetched tables.

        DuckDB up to 1.5 makes such files unless another format is set.

        Raises:
            StorageError: it does not.
        """
        if self.path is None or not self.path.exists():
            return
        with self.work("read") as con:
            found = con.execute(_FORMAT).fetchall()
        written = re.match(r"v(\d+)\.(\d+)", str(found[0][0])) if found else None
        if written is not None and (int(written[1]), int(written[2])) < FIRST_WITH_ZSTD:
            raise _old_format(self.path)

    def _remembering(self, mode: Mode) -> AbstractContextManager[None]:
        """What the block reads is remembered, unless it also writes, or the file is yet to be made."""
        is_bare = self.path is not None and not self.path.exists()
        return self.known.paused() if mode == "write" or is_bare else nullcontext()

    @property
    def others_wait(self) -> bool:
        """Whether another process waits for the file."""
        return self._others is not None and self._others.is_occupied()

    @property
    def is_awaited(self) -> bool:
        """Whether another process waits for the file, or a thread for the work that runs now."""
        return self.others_wait or self._lock.is_awaited

    def _take(self, path: Path, mode: Mode) -> None:
        """Attach the file, unless it is still attached for reading and no process waits for it."""
        if self._leased and mode == "read" and not self.others_wait:
            self._leased = False
            with suppress(duckdb.Error):  # SQL has detached it
                self.session.execute(f"USE {CATALOG}")  # SQL may have selected another
                return
        self._detach()
        self.known.forget()
        self._attached = True
        self._attach(self.session, path, mode)

    def _let_go(self, *, may_lease: bool) -> None:
        """Detach the file: delayed after reading, at once if another process waits."""
        if not may_lease or self.others_wait:
            self._detach()
            return
        self._leased, self._lease_ends = True, time.monotonic() + LEASE_SECONDS
        if self._keeper is None:
            keeper = threading.Thread(target=_keep, args=(weakref.ref(self),), name="mixpanel_nb-lease")
            try:
                keeper.start()
            except RuntimeError:  # the system starts no more threads, so no thread would end the lease
                self._detach()
                return
            self._keeper = keeper

    def _detach(self) -> None:
        self._leased = False
        if not self._attached or self._session is None:
            return
        try:
            with suppress(duckdb.TransactionException):  # there is none
                # DuckDB would detach a file during a transaction, and then refuse everything.
                self._session.rollback()
            self._session.execute(f"USE memory; DETACH DATABASE IF EXISTS {CATALOG}")
        except duckdb.Error:
            # A session that cannot detach (because SQL removed its state or used all memory) would hold the
            # file until the process ends. The next piece of work gets a new one.
            self._end_session()
        self._attached = False

    def _end_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None
            self.known = Known()

    def _attach(self, con: duckdb.DuckDBPyConnection, path: Path, mode: Mode) -> None:
        is_new = mode == "write" and _prepare(path)
        statement = f"ATTACH {text(str(path))} AS {CATALOG} ({_attach_options(mode, is_new=is_new)})"
        with Waiting(path, self.max_wait, self.on_wait) as waiting:
            while True:
                try:
                    con.execute(statement)
                    con.execute(f"USE {CATALOG}")
                except duckdb.Error as error:
                    if not is_taken(error):
                        if con is self._session and isinstance(error, duckdb.OutOfMemoryException):
                            self._end_session()  # SQL used all of its memory; it could never attach again
                        raise _not_openable(path, error) from None
                    waiting.again(error)
                else:
                    break


@contextmanager
def _files_of(mode: Mode) -> Iterator[None]:
    """Files written in the block are private."""
    with private_files() if mode == "write" else nullcontext():
        yield


@contextmanager
def _explained() -> Iterator[None]:
    """Convert DuckDB's errors in the block (such as a damaged file)."""
    try:
        yield
    except duckdb.Error as error:
        raise storage_error(error) from error


def _keep(reference: weakref.ref[Database]) -> None:
    """Wait for the end of a lease, which is also the end of the program.

    Not a daemon thread: Python would end it inside DuckDB's code, and with it the whole process.
    """
    while (database := reference()) is not None:
        left = database.end_lease(at_once=not threading.main_thread().is_alive())
        del database
        if left <= 0:
            return
        time.sleep(min(left, LONGEST_SLEEP))


def _prepare(path: Path) -> bool:
    """Create the folder of a new database. Returns whether the database is new."""
    if path.exists():
        return False
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"{path.parent} cannot be made: {error.strerror}."
        raise StorageError(message, hint="Choose another place.", details={"path": str(path)}) from None
    return True


def _attach_options(mode: Mode, *, is_new: bool) -> str:
    # The type is named, or DuckDB would load an extension from the network for a file of SQLite's.
    if mode == "read":
        return "TYPE duckdb, READ_ONLY"
    version = f", STORAGE_VERSION '{STORAGE_VERSION}'" if is_new else ""
    return f"TYPE duckdb, READ_WRITE, ROW_GROUP_SIZE {ROW_GROUP_SIZE}{version}"


def _old_format(path: Path) -> StorageError:
    new = path.with_name(f"{path.stem}-new{path.suffix}").name
    message = f"{path} has the format of DuckDB 1.1, which cannot hold fetched tables."
    copy = (
        f"ATTACH '{path.name}' AS old (READ_ONLY); "
        f"ATTACH '{new}' AS new (STORAGE_VERSION '{STORAGE_VERSION}'); "
        "COPY FROM DATABASE old TO new"
    )
    hint = f"Fetch into another file, or copy this one with DuckDB: {copy}"
    return StorageError(message, hint=hint, details={"path": str(path)})


def _not_openable(path: Path, error: duckdb.Error) -> StorageError:
    if isinstance(error, duckdb.OutOfMemoryException):
        return storage_error(error)
    if is_unlockable(error):
        return no_locks(path)
    message = str(error).splitlines()[0]
    if "not a valid DuckDB database" in message:
        return StorageError(
            f"{path} is not a DuckDB database.", hint="Name another file, or move this one away."
        )
    return StorageError(f"{path} cannot be opened: {message}", details={"path": str(path)})
