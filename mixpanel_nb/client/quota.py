"""The quota ledger: the recent requests of all processes of a home directory.

Mixpanel counts per project. The ledger is a small SQLite file; each step is one short transaction, so threads
and processes may share it. It is only a cache: a damaged file is replaced. While the file cannot be used
(locked, or on a full or read-only disk), the process counts in memory; it tries the file again every few
seconds and then writes its counts there.

Rows are dated by the time since the machine's start, so changing the system time does not affect the quota.
Rows of another machine or an earlier start are converted by wall clock time; one in the future counts as made
now.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import sqlite3
import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mixpanel_nb.client import clock as clocks
from mixpanel_nb.client.quota_policy import (
    LARGEST_AMOUNT,
    LONGEST_CLOSURE,
    LONGEST_WINDOW,
    QUOTAS,
    Quota,
    QuotaFamily,
)
from mixpanel_nb.client.retry import Wait, clock_time_in, never, parse_policies, pause, stop_if
from mixpanel_nb.errors import RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mixpanel_nb.client.clock import Moment

logger = logging.getLogger(__name__)

_POLL = 0.05  # seconds between two checks for a free place among the running requests
_UNTOLD = 0.1  # seconds; shorter waits are not reported
_BUSY = 5.0  # seconds to wait for other writers
_BUSY_STILL = 0.2  # the same, for a file that could not be used the last time
_RETURN_AFTER = 10.0  # seconds in memory before the file is tried again
_MOST_UNWRITTEN = 10_000  # changes in memory to write to the file later
_NOT_OURS = re.compile("no such|has no column|values for|malformed|not a database")
_VERSION = 2
_MOMENT = "at REAL, steady REAL, boot TEXT"
_TABLES = {
    "asked": f"id INTEGER PRIMARY KEY, key TEXT, family TEXT, {_MOMENT}",
    "running": f"id INTEGER PRIMARY KEY, key TEXT, family TEXT, {_MOMENT}, pid INTEGER",
    "told": (
        "key TEXT, family TEXT, amount INTEGER, span INTEGER, concurrent INTEGER, PRIMARY KEY (key, family)"
    ),
    "closed": f"key TEXT, family TEXT, {_MOMENT}, seconds REAL, PRIMARY KEY (key, family)",
}
_DATED = ("asked", "running", "closed")

T = TypeVar("T")


class Hold(NamedTuple):
    """Why a request must wait, and for how many seconds (an estimate, if it must poll)."""

    seconds: float
    reason: str
    polled: bool = False


class Lease:
    """Permission for one request: a context manager that receives the answer's quota information.

    This base class counts nothing: it is used without a ledger or a quota.
    """

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """The request has ended."""

    def forget(self) -> None:
        """The request does not count: it was not sent, or answered 401, 402 or 429."""

    def refused(self, seconds: float) -> None:
        """Mixpanel reports that the quota is used up for ``seconds``: block all requests until then."""

    def announced(self, headers: Mapping[str, str]) -> None:
        """Adopt the quota an answer announces (``RateLimit-Policy``; headers by lower-case name)."""


class _LedgerLease(Lease):
    def __init__(self, ledger: QuotaLedger, key: str, family: QuotaFamily, number: int) -> None:
        self._ledger = ledger
        self._key = key
        self._family = family
        self._number = number

    def release(self) -> None:
        self._ledger._execute("DELETE FROM running WHERE id = ?", self._number)

    def forget(self) -> None:
        self._ledger._execute("DELETE FROM asked WHERE id = ?", self._number)

    def refused(self, seconds: float) -> None:
        self._ledger._refuse(self._key, self._family, seconds)

    def announced(self, headers: Mapping[str, str]) -> None:
        policies = parse_policies(headers.get("ratelimit-policy"))
        rate = policies.get("project", {})
        if _is_plausible(rate.get("q"), rate.get("w")):
            concurrent = min(policies.get("project-concurrency", {}).get("q", 0), LARGEST_AMOUNT) or None
            self._ledger._adopt(self._key, self._family, rate["q"], rate["w"], concurrent)


class QuotaLedger:
    """Counts requests per project in a file that all processes of a home directory share.

    Args:
        path: The SQLite file; created with mode 0600.
        clock: Tells the moment.
    """

    def __init__(self, path: Path, *, clock: Callable[[], Moment] = clocks.now) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None
        self._return_at = 0.0
        # Changes still to be written to the file.
        self._unwritten: deque[tuple[str, tuple[object, ...]]] = deque(maxlen=_MOST_UNWRITTEN)
        self._adopted: dict[tuple[str, str], tuple[int, int, int | None]] = {}

    def acquire(
        self,
        key: str,
        family: QuotaFamily,
        *,
        counted: bool = True,
        max_wait: float = 60.0,
        on_wait: Callable[[Wait], None] | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Lease:
        """Permission for one request, after a wait if necessary.

        Args:
            key: Whose quota: host and project.
            family: Which quota.
            counted: False for requests that are free of the hourly quota; they still count as running.
            max_wait: Longest wait in seconds, all in all.
            on_wait: Called with a wait before it begins.
            cancelled: Polled during waits.

        Returns:
            A context manager to hold while the request runs.

        Raises:
            RateLimitError: The wait would be longer than ``max_wait``.
            CancelledError: ``cancelled`` returned True.
        """
        deadline = time.monotonic() + max_wait
        told = ""
        while True:
            stop_if(cancelled)
            answer = self._transact(lambda db: self._admit(db, key, family, counted))
            if not isinstance(answer, Hold):
                return _LedgerLease(self, key, family, answer)
            if time.monotonic() + answer.seconds > deadline:
                raise _used_up(answer)
            if on_wait is not None and answer.reason != told and answer.seconds > _UNTOLD:
                on_wait(Wait.lasting(answer.seconds, answer.reason))
            told = answer.reason
            pause(_POLL if answer.polled else answer.seconds, cancelled)

    def _admit(self, db: sqlite3.Connection, key: str, family: str, counted: bool) -> int | Hold:
        """The number of a new lease, or why there is none yet."""
        now = self._clock()
        _prune(db, now)
        quota = _quota_in_force(db, key, family)
        hold = _too_many_at_once(db, key, family, quota)
        if counted:
            hold = max(hold, _too_often(db, key, family, quota, now), key=lambda it: it.seconds)
        if hold.seconds > 0:
            return hold
        number = secrets.randbits(62)  # tells rows apart, in a fork and after random.seed() too
        if counted:
            self._write(db, "INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?)", number, key, family, *now)
        process = os.getpid()
        self._write(
            db, "INSERT INTO running VALUES (?, ?, ?, ?, ?, ?, ?)", number, key, family, *now, process
        )
        return number

    def _refuse(self, key: str, family: str, seconds: float) -> None:
        seconds = min(seconds, LONGEST_CLOSURE)
        self._execute(
            "INSERT OR REPLACE INTO closed VALUES (?, ?, ?, ?, ?, ?)", key, family, *self._clock(), seconds
        )

    def _adopt(self, key: str, family: str, amount: int, window: int, concurrent: int | None) -> None:
        if self._adopted.get((key, family)) == (amount, window, concurrent):
            return  # already recorded: not written with every answer
        row = (key, family, amount, window, concurrent)
        self._execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?)", *row)
        self._adopted[key, family] = (amount, window, concurrent)

    def _execute(self, statement: str, *values: object) -> None:
        self._transact(lambda db: self._write(db, statement, *values))

    def _write(self, db: sqlite3.Connection, statement: str, *values: object) -> None:
        db.execute(statement, values)
        if db is self._memory:
            self._unwritten.append((statement, values))

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in one transaction on the file, on a new file, or in memory: whichever works first."""
        with self._lock:
            if self._memory is None or time.monotonic() >= self._return_at:
                try:
                    return self._in_sound_file(work)
                except (sqlite3.Error, OSError) as error:
                    self._count_in_memory(error)
            return _in_transaction(self._memory or self._remembered(), work)

    def _in_sound_file(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on the file; a damaged file, or one with implausible values, is created again."""
        try:
            return self._in_file(work)
        except (TypeError, ValueError, LookupError, OverflowError):
            self._forget_file()
        except sqlite3.DatabaseError as error:
            if not (_NOT_OURS.search(str(error)) or self._is_damaged()):
                raise
            self._forget_file()
        return self._in_file(work)

    def _in_file(self, work: Callable[[sqlite3.Connection], T]) -> T:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        max_wait = _BUSY if self._memory is None else _BUSY_STILL
        with contextlib.closing(sqlite3.connect(self.path, timeout=max_wait, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")  # losing it in a power cut does no harm
            _create_tables(db)
            result = _in_transaction(db, lambda db: self._caught_up(db, work))
        self._unwritten.clear()
        self._memory = None
        return result

    def _caught_up(self, db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write the counts in memory to the file, then run ``work`` on it."""
        for statement, values in self._unwritten:
            db.execute(statement, values)
        return work(db)

    def _count_in_memory(self, error: Exception) -> None:
        self._return_at = time.monotonic() + _RETURN_AFTER
        if self._memory is None:
            logger.info(
                "%s cannot be used (%s): this process counts its requests by itself", self.path, error
            )

    def _remembered(self) -> sqlite3.Connection:
        """A new ledger in memory."""
        self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._memory.close)
        _create_tables(self._memory)
        return self._memory

    def _is_damaged(self) -> bool:
        """Whether SQLite cannot read the file; one that is merely locked or read-only is not damaged."""
        try:
            with contextlib.closing(sqlite3.connect(self.path, timeout=_BUSY)) as db:
                for table in _TABLES:
                    db.execute(f"SELECT count(*) FROM {table}").fetchone()
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:
            return True
        return False

    def _forget_file(self) -> None:
        self.path.unlink(missing_ok=True)
        self._adopted.clear()


def _create_tables(db: sqlite3.Connection) -> None:
    """Make the tables, in place of those of another version."""
    if _version_of(db) != _VERSION:
        _in_transaction(db, _create_tables_anew)


def _create_tables_anew(db: sqlite3.Connection) -> None:
    if _version_of(db) == _VERSION:
        return  # another process was faster
    for name, columns in _TABLES.items():
        db.execute(f"DROP TABLE IF EXISTS {name}")
        db.execute(f"CREATE TABLE {name} ({columns})")
    db.execute(f"PRAGMA user_version = {_VERSION}")


def _version_of(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _in_transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    db.execute("BEGIN IMMEDIATE")
    try:
        result = work(db)
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    return result


def _prune(db: sqlite3.Connection, now: Moment) -> None:
    """Date all rows by this machine's clock; remove expired rows and those of crashed processes."""
    for table in _DATED:
        db.execute(
            f"UPDATE {table} SET steady = :steady - max(:wall - at, 0), at = min(at, :wall), boot = :boot "
            "WHERE boot IS NOT :boot OR steady > :steady",
            now._asdict(),
        )
    oldest = max(db.execute("SELECT max(span) FROM told").fetchone()[0] or 0, *_windows())
    db.execute("DELETE FROM asked WHERE steady <= ?", (now.steady - min(oldest, LONGEST_WINDOW),))
    for number, family, steady, pid in db.execute("SELECT id, family, steady, pid FROM running").fetchall():
        if now.steady - steady > QUOTAS[family].lifetime or not _is_alive(pid):
            db.execute("DELETE FROM running WHERE id = ?", (number,))


def _windows() -> list[int]:
    return [quota.window for quota in QUOTAS.values()]


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # elsewhere signal 0 is not harmless; the lifetime decides
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _quota_in_force(db: sqlite3.Connection, key: str, family: str) -> Quota:
    """The quota: as announced, if that is plausible, else as published."""
    published = QUOTAS[family]
    row = db.execute(
        "SELECT amount, span, concurrent FROM told WHERE key = ? AND family = ?", (key, family)
    ).fetchone()
    amount, span, concurrent = row or (published.amount, published.window, None)
    if not _is_plausible(amount, span):  # written by another program
        amount, span = published.amount, published.window
    if concurrent is None or not 0 < concurrent <= LARGEST_AMOUNT:
        concurrent = published.concurrent
    per_second = published.per_second
    if per_second is not None and amount > per_second * span:
        per_second = None  # a larger hourly quota has no limit per second
    return Quota(amount, span, per_second, concurrent, published.noun, published.lifetime)


def _is_plausible(amount: int | None, window: int | None) -> bool:
    """Whether that many requests in that many seconds can be a quota of Mixpanel's."""
    return 0 < (amount or 0) <= LARGEST_AMOUNT and 0 < (window or 0) <= LONGEST_WINDOW


def _too_many_at_once(db: sqlite3.Connection, key: str, family: str, quota: Quota) -> Hold:
    (running,) = db.execute(
        "SELECT count(*) FROM running WHERE key = ? AND family = ?", (key, family)
    ).fetchone()
    if running < quota.concurrent:
        return Hold(0.0, "")
    return Hold(1.0, f"{quota.concurrent} {quota.noun} are running already", polled=True)


def _too_often(db: sqlite3.Connection, key: str, family: str, quota: Quota, now: Moment) -> Hold:
    """The longest wait required by the window, the limit per second, or Mixpanel's last refusal."""
    span = f"{quota.window // 3600} h" if quota.window % 3600 == 0 else f"{quota.window} s"
    hourly = _until_room(db, key, family, quota.amount, quota.window, now)
    holds = [
        Hold(_until_open(db, key, family, now), "Mixpanel said that the quota is used up"),
        Hold(hourly, f"the quota of {quota.amount} {quota.noun} in {span} is used up"),
    ]
    if quota.per_second is not None:
        second = _until_room(db, key, family, quota.per_second, 1, now)
        holds.append(Hold(second, f"{quota.per_second} {quota.noun} a second are the limit"))
    return max(holds, key=lambda it: it.seconds)


def _until_room(
    db: sqlite3.Connection, key: str, family: str, amount: int, window: float, now: Moment
) -> float:
    """Seconds until fewer than ``amount`` requests lie in the last ``window`` seconds (0 or less: now)."""
    row = db.execute(
        "SELECT steady FROM asked WHERE key = ? AND family = ? ORDER BY steady DESC LIMIT 1 OFFSET ?",
        (key, family, amount - 1),
    ).fetchone()
    return 0.0 if row is None else float(row[0]) + window - now.steady


def _until_open(db: sqlite3.Connection, key: str, family: str, now: Moment) -> float:
    """Seconds until Mixpanel accepts requests again (0 or less: now)."""
    row = db.execute(
        "SELECT steady, seconds FROM closed WHERE key = ? AND family = ?", (key, family)
    ).fetchone()
    return 0.0 if row is None else float(row[0]) + min(float(row[1]), LONGEST_CLOSURE) - now.steady


def _used_up(hold: Hold) -> RateLimitError:
    return RateLimitError(
        f"Not sent, because {hold.reason}.",
        retry_after=round(hold.seconds, 3),
        hint=f"Try again at {clock_time_in(hold.seconds)}.",
        details={"source": "ledger"},
    )
