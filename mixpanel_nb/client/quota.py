"""The quota ledger: what every process of a home directory has asked lately, so that none asks too much.

Mixpanel counts per project. The ledger is a small SQLite file; each step is one short transaction, so threads
and processes may share it. It is a courtesy and a cache: a damaged file is replaced, and where none can be
written the process keeps its ledger in memory.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import threading
import time
import weakref
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mixpanel_nb.client.limits import QUOTAS, Quota, QuotaFamily
from mixpanel_nb.client.retry import Wait, clock_time_in, never, parse_policies, pause, stop_if
from mixpanel_nb.errors import RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_POLL = 0.05  # seconds between two looks for a free place among the running requests
_UNTOLD = 0.1  # seconds; shorter waits are not worth telling anybody
_VERSION = 1
_TABLES = {
    "asked": "id INTEGER PRIMARY KEY, key TEXT, family TEXT, at REAL",
    "running": "id INTEGER PRIMARY KEY, key TEXT, family TEXT, at REAL, pid INTEGER",
    "told": (
        "key TEXT, family TEXT, amount INTEGER, span INTEGER, concurrent INTEGER, closed_until REAL, "
        "PRIMARY KEY (key, family)"
    ),
}

T = TypeVar("T")


class Hold(NamedTuple):
    """Why a request must wait, and for how many seconds (a guess, if it must look again and again)."""

    seconds: float
    reason: str
    polled: bool = False


class Lease:
    """Permission for one request: a context manager around it, told what the answer says about the quota.

    This base class counts nothing: it is the lease where there is no ledger or no quota.
    """

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """The request is over."""

    def forget(self) -> None:
        """The request does not count: it was not sent, or answered 401, 402 or 429."""

    def refused(self, seconds: float) -> None:
        """Mixpanel says that the quota is used up for ``seconds``: nobody needs to ask before."""

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
        if rate.get("q") and rate.get("w"):
            concurrent = policies.get("project-concurrency", {}).get("q")
            self._ledger._adopt(self._key, self._family, rate["q"], rate["w"], concurrent)


class QuotaLedger:
    """Counts requests per project in a file that all processes of a home directory share.

    Args:
        path: The SQLite file; created with mode 0600.
        clock: Seconds since the epoch, the same for all who share the file.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._memory: sqlite3.Connection | None = None
        self._adopted: dict[tuple[str, str], tuple[int, int, int | None]] = {}

    def acquire(
        self,
        key: str,
        family: QuotaFamily,
        *,
        counted: bool = True,
        patience: float = 60.0,
        on_wait: Callable[[Wait], None] | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> Lease:
        """Permission for one request, after waiting for it if that does not take long.

        Args:
            key: Whose quota: host and project.
            family: Which quota.
            counted: False for requests that are free of the hourly quota; they still count as running.
            patience: Longest wait in seconds, all in all.
            on_wait: Told of a wait before it begins.
            cancelled: Asked while waiting.

        Returns:
            A context manager to hold while the request runs.

        Raises:
            RateLimitError: The wait would be longer than ``patience``.
            CancelledError: ``cancelled`` said so.
        """
        deadline = time.monotonic() + patience
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
        quota, closed_until = _quota_in_force(db, key, family)
        hold = _too_many_at_once(db, key, family, quota)
        if counted:
            hold = max(hold, _too_often(db, key, family, quota, now, closed_until), key=lambda it: it.seconds)
        if hold.seconds > 0:
            return hold
        number = secrets.randbits(62)  # tells rows apart, in a fork and after random.seed() too
        row = (number, key, family, now)
        if counted:
            db.execute("INSERT INTO asked (id, key, family, at) VALUES (?, ?, ?, ?)", row)
        db.execute(
            "INSERT INTO running (id, key, family, at, pid) VALUES (?, ?, ?, ?, ?)", (*row, os.getpid())
        )
        return number

    def _refuse(self, key: str, family: str, seconds: float) -> None:
        self._execute(
            "INSERT INTO told (key, family, closed_until) VALUES (?, ?, ?) "
            "ON CONFLICT (key, family) DO UPDATE SET closed_until = excluded.closed_until",
            key,
            family,
            self._clock() + seconds,
        )

    def _adopt(self, key: str, family: str, amount: int, window: int, concurrent: int | None) -> None:
        if self._adopted.get((key, family)) == (amount, window, concurrent):
            return  # said already: no need to write it with every answer
        self._execute(
            "INSERT INTO told (key, family, amount, span, concurrent) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (key, family) DO UPDATE "
            "SET amount = excluded.amount, span = excluded.span, concurrent = excluded.concurrent",
            key,
            family,
            amount,
            window,
            concurrent,
        )
        self._adopted[key, family] = (amount, window, concurrent)

    def _execute(self, statement: str, *values: object) -> None:
        self._transact(lambda db: db.execute(statement, values).rowcount)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in one transaction on the file, on a new file, or in memory: whichever works first."""
        with self._lock:
            if self._memory is None:
                with contextlib.suppress(sqlite3.DatabaseError, OSError):
                    try:
                        return self._in_file(work)
                    except (TypeError, ValueError, LookupError):  # it holds what nobody has written
                        self._forget_file()
                        return self._in_file(work)
                with contextlib.suppress(sqlite3.DatabaseError, OSError):
                    self._discard_damaged()
                    return self._in_file(work)
                self._memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
                weakref.finalize(self, self._memory.close)
                _create_tables(self._memory)
            return _in_transaction(self._memory, work)

    def _in_file(self, work: Callable[[sqlite3.Connection], T]) -> T:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        with contextlib.closing(sqlite3.connect(self.path, timeout=5.0, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")  # losing it in a power cut does no harm
            _create_tables(db)
            return _in_transaction(db, work)

    def _discard_damaged(self) -> None:
        """Remove the file if SQLite cannot read it; one that is merely locked or read-only stays."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=5.0)) as db:
            try:
                db.execute("SELECT count(*) FROM asked, running, told").fetchone()
            except sqlite3.OperationalError:
                damaged = False
            except sqlite3.DatabaseError:
                damaged = True
            else:
                damaged = False
        if damaged:
            self._forget_file()

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


def _prune(db: sqlite3.Connection, now: float) -> None:
    """Forget what no window reaches any more, what a turned-back clock left, and requests that crashed."""
    oldest = db.execute("SELECT max(span) FROM told").fetchone()[0] or 0
    span = max(oldest, *(quota.window for quota in QUOTAS.values()))
    db.execute("DELETE FROM asked WHERE at <= ? OR at > ?", (now - span, now + 1.0))
    for number, family, at, pid in db.execute("SELECT id, family, at, pid FROM running").fetchall():
        if now - at > QUOTAS[family].lifetime or not _is_alive(pid):
            db.execute("DELETE FROM running WHERE id = ?", (number,))


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # elsewhere signal 0 is no harmless question; the lifetime decides
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _quota_in_force(db: sqlite3.Connection, key: str, family: str) -> tuple[Quota, float]:
    """The quota (announced, else as published), and the time before which Mixpanel wants no request."""
    published = QUOTAS[family]
    row = db.execute(
        "SELECT amount, span, concurrent, closed_until FROM told WHERE key = ? AND family = ?", (key, family)
    ).fetchone()
    amount, span, concurrent, closed_until = row or (None, None, None, None)
    amount, span = amount or published.amount, span or published.window
    per_second = published.per_second
    if per_second is not None and amount > per_second * span:
        per_second = None  # who may ask more than that in an hour is not held to it by the second
    quota = Quota(
        amount, span, per_second, concurrent or published.concurrent, published.noun, published.lifetime
    )
    return quota, closed_until or 0.0


def _too_many_at_once(db: sqlite3.Connection, key: str, family: str, quota: Quota) -> Hold:
    (running,) = db.execute(
        "SELECT count(*) FROM running WHERE key = ? AND family = ?", (key, family)
    ).fetchone()
    if running < quota.concurrent:
        return Hold(0.0, "")
    return Hold(1.0, f"{quota.concurrent} {quota.noun} are running already", polled=True)


def _too_often(
    db: sqlite3.Connection, key: str, family: str, quota: Quota, now: float, closed_until: float
) -> Hold:
    """The longest of the waits that the window, the second and Mixpanel's own word ask for."""
    span = f"{quota.window // 3600} h" if quota.window % 3600 == 0 else f"{quota.window} s"
    hourly = _until_room(db, key, family, quota.amount, quota.window, now)
    holds = [
        Hold(closed_until - now, "Mixpanel said that the quota is used up"),
        Hold(hourly, f"the quota of {quota.amount} {quota.noun} in {span} is used up"),
    ]
    if quota.per_second is not None:
        second = _until_room(db, key, family, quota.per_second, 1, now)
        holds.append(Hold(second, f"{quota.per_second} {quota.noun} a second are the limit"))
    return max(holds, key=lambda it: it.seconds)


def _until_room(
    db: sqlite3.Connection, key: str, family: str, amount: int, window: float, now: float
) -> float:
    """Seconds until fewer than ``amount`` requests lie in the last ``window`` seconds (0 or less: now)."""
    row = db.execute(
        "SELECT at FROM asked WHERE key = ? AND family = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
        (key, family, amount - 1),
    ).fetchone()
    return 0.0 if row is None else float(row[0]) + window - now


def _used_up(hold: Hold) -> RateLimitError:
    return RateLimitError(
        f"Not sent, because {hold.reason}.",
        retry_after=round(hold.seconds, 3),
        hint=f"Try again at {clock_time_in(hold.seconds)}.",
        details={"source": "ledger"},
    )
