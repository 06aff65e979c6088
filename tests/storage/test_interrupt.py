"""Ctrl-C ends a query or a load at once, and leaves everything usable."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from mixpanel_nb.storage import StorageEngine, interrupt
from mixpanel_nb.storage.interrupt import interruptible

from .support import Exports, chunk, event

if TYPE_CHECKING:
    from pathlib import Path

    from .support import Start

HEAVY = "SELECT count(*) FROM range(100000000) a, range(1000) b WHERE hash(a.range, b.range) = 7"

QUERY = f"""
    import sys, time
    from mixpanel_nb.storage import StorageEngine

    engine = StorageEngine(sys.argv[1])
    engine.execute_df("CREATE TEMP TABLE mine AS SELECT 42 AS a")  # imports pandas
    for ask in (engine.execute_rows, engine.query, engine.execute_df):
        try:
            print("running", flush=True)
            ask("{HEAVY}")
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        print(engine.execute_rows("SELECT (SELECT count(*) FROM events), a FROM mine"), flush=True)
    """


@pytest.mark.parametrize("place", ["file", "memory"])
def test_a_heavy_query_ends_within_a_third_of_a_second(
    exports: Exports, path: Path, start: Start, place: str
) -> None:
    exports.load(event())
    memory = 'StorageEngine.memory(); engine.execute_rows("CREATE TABLE events AS SELECT 1 AS a")'
    program = start(QUERY if place == "file" else QUERY.replace("StorageEngine(sys.argv[1])", memory), path)
    for _ in range(3):
        assert program.told() == "running"
        time.sleep(0.1)
        sent = time.monotonic()
        program.send(signal.SIGINT)
        assert program.told() == "interrupted"
        assert time.monotonic() - sent < 0.3
        assert program.told() == "[(1, 42)]"
    assert program.ended() == []


@pytest.mark.parametrize("place", ["file", "memory"])
def test_an_interrupted_load_is_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    with StorageEngine(tmp_path / "data.db" if place == "file" else None) as engine:
        exports = Exports(engine, tmp_path)
        exports.load(event({"plan": "pro"}), chunks=[chunk()])
        before = exports.everything()
        from mixpanel_nb.storage import dedupe

        sent: list[float] = []

        def interrupt_it() -> None:
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        def heavy(con: duckdb.DuckDBPyConnection, *arguments: Any) -> int:
            threading.Timer(0.1, interrupt_it).start()
            con.execute(HEAVY)
            return 0

        with monkeypatch.context() as patched:
            patched.setattr(dedupe, "remove_duplicate_events", heavy)
            with pytest.raises(KeyboardInterrupt):
                exports.load(*(event({"plan": 5}) for _ in range(2000)), chunks=[chunk()])
            assert time.monotonic() - sent[0] < 1
        assert exports.everything() == before
        assert exports.load(event({"plan": 5})).rows == 1


def test_interrupts_while_one_is_handled_do_not_let_go_too_early() -> None:
    """An impatient user presses the keys often; the connection is free when the error comes."""
    con = duckdb.connect()
    ended = threading.Event()

    def stubborn() -> None:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            time.sleep(0.01)
        ended.set()

    def press() -> None:
        for _ in range(8):
            time.sleep(0.05)
            os.kill(os.getpid(), signal.SIGINT)

    keys = threading.Thread(target=press)
    keys.start()
    with pytest.raises(KeyboardInterrupt):
        interruptible(con, stubborn)
    assert ended.is_set()
    keys.join()
    con.close()


def test_what_the_work_raises_is_raised() -> None:
    con = duckdb.connect()

    def fail() -> None:
        message = "as it is"
        raise TimeoutError(message)

    with pytest.raises(TimeoutError, match="as it is"):
        interruptible(con, fail)
    con.close()


def test_off_the_main_thread_the_work_simply_runs() -> None:
    con = duckdb.connect()
    where: list[str] = []
    thread = threading.Thread(
        target=lambda: interruptible(con, lambda: where.append(threading.current_thread().name)), name="mine"
    )
    thread.start()
    thread.join()
    assert where == ["mine"]
    con.close()


def test_waiting_for_the_file_can_be_interrupted(engine: StorageEngine, path: Path) -> None:
    assert engine.connection is not None
    with StorageEngine(path) as other:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            other.list_tables()
        assert time.monotonic() - started < 0.4
        engine.release()
        assert other.list_tables() == []


def test_work_that_ends_as_the_waiting_looks_away_is_no_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(Future[int]):
        """A result that comes just after the wait for it has given up once."""

        def result(self, timeout: float | None = None) -> int:
            if timeout is None:
                return super().result()
            super().result(5)
            raise TimeoutError

    monkeypatch.setattr(interrupt, "Future", Late)
    with duckdb.connect() as con:
        assert interruptible(con, lambda: 7) == 7
