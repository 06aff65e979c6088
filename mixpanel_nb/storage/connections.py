"""DuckDB sessions: in-memory connections with the engine's settings."""

from __future__ import annotations

import itertools
import os
import threading
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.storage.scratch import Scratch
from mixpanel_nb.storage.sqltext import text

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = "_results"  # the session's own in-memory catalog for answers

OWN_MEMORY = "400MB"  # for loading
REPORT_MEMORY = "550MB"  # of which spilling takes several times as long at 400 MB, with 10 million events
SHARED_MEMORY = "300MB"  # for several loads at once, which use more beside it
EXPORT_MEMORY = "600MB"
NO_LIMIT = "-1"
EXPORT_ROWS = 61_440  # in a row group, and of a partition before they are written

_numbers = itertools.count(1)


def new_session(*, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """An in-memory connection: UTC, no access to Python variables, private spill folder.

    One that is read-only installs no extensions, not even those that a query would need.
    """
    con = duckdb.connect(":memory:")
    if read_only:
        con.execute("SET autoinstall_known_extensions = false")
    # Frames are registered explicitly; DuckDB would search any caller's variables.
    con.execute("SET python_enable_replacements = false")
    con.execute("SET enable_progress_bar = false")
    # A checkpoint would rewrite whole tables to merge row groups that are not full (4 s a million rows).
    con.execute("SET max_vacuum_tasks = 0")
    # Attempts at a funnel are more than DuckDB expects, and its join for a few rows is slow on many.
    con.execute("SET asof_loop_join_threshold = 0")
    # DuckDB makes this folder when it first spills, and removes it with the session.
    con.execute(f"SET temp_directory = {text(str(_spill(os.getpid()).path / str(next(_numbers))))}")
    con.execute("SET TimeZone = 'UTC'")
    con.execute(f"ATTACH ':memory:' AS {RESULTS}")
    return con


_umask = threading.Lock()
_private_blocks = 0
_usual_mask = 0


@contextmanager
def private_files() -> Iterator[None]:
    """Files that DuckDB makes in the block (the database, its log) can be read by this user alone.

    DuckDB has no setting for that, so the umask of the whole process changes during the block.
    """
    global _private_blocks, _usual_mask
    with _umask:
        if _private_blocks == 0:
            _usual_mask = os.umask(0o077)
        _private_blocks += 1
    try:
        yield
    finally:
        with _umask:
            _private_blocks -= 1
            if _private_blocks == 0:
                os.umask(_usual_mask)


@contextmanager
def ordered(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Inserts in the block keep the input's order, and times without a zone are UTC."""
    before = {name: _setting(con, name) for name in ("preserve_insertion_order", "TimeZone")}
    con.execute("SET preserve_insertion_order = true; SET TimeZone = 'UTC'")
    try:
        yield
    finally:
        for name, value in before.items():
            _set(con, name, value)


@contextmanager
def bounded(
    con: duckdb.DuckDBPyConnection, memory: str = OWN_MEMORY, *, before: str | None = None
) -> Iterator[None]:
    """Limit the memory of the block's work; the rest is spilled.

    A session that already uses more, or has a lower limit, is not changed. ``before`` is its limit, if known.
    """
    before = before or memory_limit(con)
    if before == NO_LIMIT or is_less(con, memory, before):
        with suppress(duckdb.OutOfMemoryException):
            con.execute(f"SET memory_limit = {text(memory)}")
    try:
        yield
    finally:
        _set(con, "memory_limit", before)


def memory_limit(con: duckdb.DuckDBPyConnection) -> str:
    """The limit as it can be set again.

    DuckDB truncates the displayed limit: setting that would lower it each time.
    """
    number, unit = _setting(con, "memory_limit").split()
    if unit == "PiB":  # shown, and not taken
        return NO_LIMIT
    return f"{number} {unit}" if unit == "bytes" else f"{float(number) + 0.05:.2f} {unit}"


def is_less(con: duckdb.DuckDBPyConnection, one: str, other: str) -> bool:
    """Whether one size, such as ``400MB``, is less than the other."""
    for size in (one, other):
        if size not in _sizes:
            ((_sizes[size],),) = con.execute(f"SELECT parse_formatted_bytes({text(size)})").fetchall()
    return _sizes[one] < _sizes[other]


_sizes: dict[str, int] = {}
"""The bytes of the sizes so far: every report compares the same two."""


@contextmanager
def streaming(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Writes to files in the block use little memory and keep their order.

    One thread writes rows in sequence. Several threads that keep the order buffer too many long rows for the
    memory; without order they are hardly faster.
    """
    one_by_one = {
        "preserve_insertion_order": "false",
        "threads": "1",
        "partitioned_write_flush_threshold": str(EXPORT_ROWS),
    }
    with bounded(con, EXPORT_MEMORY), ExitStack() as stack:
        for name, value in one_by_one.items():
            stack.callback(_set, con, name, _setting(con, name))
            con.execute(f"SET {name} = {value}")
        yield


def _setting(con: duckdb.DuckDBPyConnection, name: str) -> str:
    return str(con.execute(f"SELECT current_setting({text(name)})").fetchall()[0][0])


def _set(con: duckdb.DuckDBPyConnection, name: str, value: str) -> None:
    while True:
        try:
            con.execute(f"SET {name} = {text(value)}")
        except duckdb.InterruptException:
            continue  # the interrupting thread repeats it until this thread is done
        else:
            return


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A transaction around the block."""
    con.begin()
    try:
        yield
        con.commit()
    except BaseException:
        _roll_back(con)
        raise


@contextmanager
def undone(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Roll back the block."""
    con.begin()
    try:
        yield
    finally:
        _roll_back(con)


def _roll_back(con: duckdb.DuckDBPyConnection) -> None:
    while True:
        try:
            con.rollback()
        except duckdb.InterruptException:
            continue  # the interrupting thread repeats it until this thread is done
        except duckdb.TransactionException:
            return  # the block's error has also ended the transaction
        else:
            return


@cache
def _spill(process: int) -> Scratch:
    """The private spill folder of this process's sessions."""
    del process  # a fork has a folder of its own
    return Scratch()
