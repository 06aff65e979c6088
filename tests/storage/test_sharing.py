"""One file, several programs, threads and engines: they wait for each other and say for whom."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from mixpanel_nb.errors import DatabaseLockedError, MixpanelDataError
from mixpanel_nb.storage import StorageEngine

from .support import Exports, event

if TYPE_CHECKING:
    from pathlib import Path

    from .support import Start

READER = """
    import sys
    from mixpanel_nb.storage import StorageEngine

    engine = StorageEngine(sys.argv[1])
    counts = []
    print("reading", flush=True)
    while not counts or counts[-1] < int(sys.argv[2]):
        rows = engine.execute_rows("SELECT count(*), count(n), count(DISTINCT batch) FROM events")[0]
        assert rows[0] == rows[1] == 50 * rows[2], rows
        counts.append(rows[0])
    print(counts == sorted(counts), len(counts) > 1)
    """

HOLDER = """
    import sys
    from mixpanel_nb.storage import StorageEngine

    engine = StorageEngine(sys.argv[1])
    engine.connection.execute("CREATE TABLE held AS SELECT 1 AS a")
    print("holding", flush=True)
    sys.stdin.readline()
    engine.release()
    print("released", flush=True)
    sys.stdin.readline()
    """


def batch(number: int) -> list[dict[str, object]]:
    return [event({"n": n, "batch": number}) for n in range(50)]


def test_two_programs_read_while_a_third_loads(exports: Exports, path: Path, start: Start) -> None:
    """Nobody meets a lock error, and nobody sees half a batch."""
    exports.load(*batch(0))
    readers = [start(READER, path, str(50 * 6)) for _ in range(2)]
    assert [reader.told() for reader in readers] == ["reading", "reading"]
    for number in range(1, 6):
        assert exports.load(*batch(number)).rows == 50
    assert [reader.ended() for reader in readers] == [["True True"]] * 2


def test_two_programs_write_the_same_file(exports: Exports, path: Path, start: Start) -> None:
    exports.load(*batch(0))
    writer = start(
        """
        import sys
        from mixpanel_nb.storage import StorageEngine

        engine = StorageEngine(sys.argv[1])
        engine.execute_rows("CREATE TABLE theirs (n INTEGER)")
        print("writing", flush=True)
        for n in range(30):
            engine.execute_rows("INSERT INTO theirs VALUES ($n)", {"n": n})
        print(engine.execute_scalar("SELECT count(*) FROM theirs"))
        """,
        path,
    )
    assert writer.told() == "writing"
    for number in range(1, 5):
        exports.load(*batch(number))
    assert writer.ended() == ["30"]
    assert exports.engine.execute_rows("SELECT count(*), (SELECT sum(n) FROM theirs) FROM events") == [
        (250, 435)
    ]


def test_many_programs_make_the_file_at_once(path: Path, start: Start) -> None:
    code = """
        import sys
        from mixpanel_nb.storage import StorageEngine

        engine = StorageEngine(sys.argv[1])
        print("ready", flush=True)
        sys.stdin.readline()
        engine.execute_rows(f"CREATE TABLE t{sys.argv[2]} AS SELECT 1 AS a")
        """
    programs = [start(code, path, str(number)) for number in range(3)]
    assert [program.told() for program in programs] == ["ready"] * 3
    for program in programs:
        program.tell()
    assert [program.ended() for program in programs] == [[], [], []]
    with StorageEngine.open_existing(path) as engine:
        assert [table.name for table in engine.list_tables()] == ["t0", "t1", "t2"]


def test_whoever_waits_too_long_is_told_the_program_and_its_process(path: Path, start: Start) -> None:
    holder = start(HOLDER, path)
    assert holder.told() == "holding"
    started = time.monotonic()
    with StorageEngine(path, max_wait=0.3) as engine, pytest.raises(DatabaseLockedError) as raised:
        engine.list_tables()
    assert 0.3 <= time.monotonic() - started < 2
    assert re.fullmatch(
        rf"data\.db is held by python\S* \(process {holder.pid}\); waited \d s\.", raised.value.message
    )
    assert raised.value.hint == "Close that program, or its connection, and try again."
    assert raised.value.details["path"] == str(path)
    holder.tell()
    holder.tell()
    holder.ended()


def test_a_wait_is_told_once_and_ends_when_the_file_is_free(path: Path, start: Start) -> None:
    holder = start(HOLDER, path)
    assert holder.told() == "holding"
    messages: list[str] = []

    def on_wait(message: str) -> None:
        messages.append(message)
        holder.tell()

    with StorageEngine(path, on_wait=on_wait) as engine:
        assert engine.on_wait is on_wait
        assert [table.name for table in engine.list_tables()] == ["held"]
        assert holder.told() == "released"
        assert len(messages) == 1
        assert re.fullmatch(rf"waiting for data\.db, held by python\S* \(process {holder.pid}\)", messages[0])
        engine.on_wait = None
        assert engine.on_wait is None
    holder.tell()
    holder.ended()


def test_a_short_wait_is_not_worth_a_word(engine: StorageEngine, path: Path) -> None:
    messages: list[str] = []
    assert engine.connection is not None
    timer = threading.Timer(0.2, engine.release)
    timer.start()
    with StorageEngine(path, on_wait=messages.append) as other:
        assert other.list_tables() == []
    timer.join()
    assert messages == []


def test_two_engines_of_one_program_take_turns(exports: Exports, path: Path) -> None:
    with StorageEngine(path) as other:
        theirs = Exports(other, exports.folder)
        for number in range(2):
            exports.load(*batch(number))
            theirs.load(*batch(number + 10))
        assert other.execute_scalar("SELECT count(*) FROM events") == 200
        assert exports.engine.execute_scalar("SELECT count(*) FROM events") == 200


def test_an_engine_that_waits_for_another_of_its_own_program_says_so(
    engine: StorageEngine, path: Path
) -> None:
    assert engine.connection is not None
    with StorageEngine(path, max_wait=0.05) as other:
        with pytest.raises(DatabaseLockedError, match="another connection of this process"):
            other.list_tables()
        engine.release()
        assert other.list_tables() == []


def test_threads_share_an_engine(exports: Exports) -> None:
    exports.load(*batch(0))
    problems: list[Exception] = []

    def work(number: int) -> None:
        try:
            for step in range(3):
                rows = exports.engine.query("SELECT n FROM events WHERE batch = 0 ORDER BY n")
                assert rows.row_count == 50
                assert rows.fetch(2, 3) == [(3,), (4,)]
                exports.engine.execute_rows(f"CREATE TABLE t{number}_{step} AS SELECT {step} AS step")
                assert exports.engine.execute_scalar(f"SELECT step FROM t{number}_{step}") == step
        except (AssertionError, MixpanelDataError) as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    exports.load(*batch(1))
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(exports.engine.list_tables()) == 13


def test_whoever_comes_while_a_query_runs_waits_or_is_answered(engine: StorageEngine) -> None:
    slow = "SELECT count(*) FROM range(400_000_000) AS t(i) WHERE hash(i) % 7 = 1"
    counted: list[int] = []
    thread = threading.Thread(target=lambda: counted.append(engine.execute_scalar(slow)))
    thread.start()
    while thread.is_alive():
        assert engine.parameter_names_in("SELECT $a, $b") == {"a", "b"}
        engine.register("frame", pd.DataFrame({"n": [1, 2]}))
        assert engine.execute_scalar("SELECT sum(n) FROM frame") == 3
        engine.unregister("frame")
        assert engine.execute("SHOW TABLES").fetchall() == []
    thread.join()
    assert len(counted) == 1


def test_threads_read_the_same_rows(engine: StorageEngine) -> None:
    rows = engine.query("SELECT range AS n FROM range(20000)")
    sums: list[int] = []
    threads = [
        threading.Thread(target=lambda: sums.append(sum(n for (n,) in rows.fetch()))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [sum(range(20000))] * 4


def test_other_tools_can_have_the_file_a_moment_after_a_query(
    exports: Exports, path: Path, start: Start
) -> None:
    exports.load(event())
    rows = exports.engine.query("FROM events")
    time.sleep(0.3)
    program = start(
        """
        import duckdb, sys
        with duckdb.connect(sys.argv[1]) as other:
            other.execute("CREATE TABLE theirs AS SELECT 1 AS a")
        print("done")
        """,
        path,
    )
    assert program.ended() == ["done"]
    assert rows.row_count == len(rows.fetch()) == 1
    assert exports.engine.table_exists("theirs")
