"""DuckDB sessions: connections to memory, with the settings that all of the engine's work relies on."""

from __future__ import annotations

import itertools
import os
import threading
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.storage.scratch import Scratch
from mixpanel_nb.storage.sqltext import text

if TYPE_CHECKING:
    from collections.abc import Iterator

RESULTS = "_results"  # the session's own in-memory catalog for answers

EXPORT_MEMORY = "600MB"
EXPORT_ROWS = 61_440  # in a row group, and of a partition before they are written

_numbers = itertools.count(1)


def new_session() -> duckdb.DuckDBPyConnection:
    """A connection to memory: UTC, no look into Python's variables, spilling into a private folder."""
    con = duckdb.connect(":memory:")
    # Frames are named explicitly where they are wanted; DuckDB would look into any caller's variables.
    con.execute("SET python_enable_replacements = false")
    con.execute("SET enable_progress_bar = false")
    # A checkpoint would rewrite whole tables to merge row groups that are not full (4 s a million rows).
    con.execute("SET max_vacuum_tasks = 0")
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

    DuckDB has no setting for that, so the mask of the whole process changes for the length of the block.
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
def unordered(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let inserts of the block write rows in any order, which needs less memory."""
    before = con.execute("SELECT current_setting('preserve_insertion_order')").fetchone()
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        con.execute(f"SET preserve_insertion_order = {before is None or before[0]}")


@contextmanager
def streaming(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let what is written to files in the block need little memory, however much it is.

    Rows come in any order, but for ORDER BY; what does not fit is spilled. A session that holds more than
    the limit already is not limited.
    """
    names = ("memory_limit", "partitioned_write_flush_threshold")
    before = {name: con.execute(f"SELECT current_setting('{name}')").fetchall()[0][0] for name in names}
    with unordered(con):
        try:
            con.execute(f"SET partitioned_write_flush_threshold = {EXPORT_ROWS}")
            with suppress(duckdb.OutOfMemoryException):
                con.execute(f"SET memory_limit = '{EXPORT_MEMORY}'")
            yield
        finally:
            for name, value in before.items():
                con.execute(f"SET {name} = {text(str(value))}")


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that happens in the block, or nothing."""
    con.begin()
    try:
        yield
        con.commit()
    except BaseException:
        _roll_back(con)
        raise


@contextmanager
def undone(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All that happens in the block, as if it had not."""
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
            continue  # whoever interrupts goes on until this thread is done
        except duckdb.TransactionException:
            return  # what made the block fail has ended the transaction too
        else:
            return


@cache
def _spill(process: int) -> Scratch:
    """Where sessions of this process spill what does not fit in memory; nobody else can read it."""
    del process  # a fork has a folder of its own
    return Scratch()
