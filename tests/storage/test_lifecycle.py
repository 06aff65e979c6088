"""A database's life: made at the first change, shared between statements, gone when it was temporary."""

from __future__ import annotations

import sqlite3
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest

from mixpanel_nb.errors import StorageError, TableNotFoundError
from mixpanel_nb.storage import StorageEngine

from .support import Exports, Start, event

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_file_is_made_by_the_first_change_and_not_before(engine: StorageEngine, path: Path) -> None:
    assert engine.list_tables() == []
    assert engine.execute_scalar("SELECT 42") == 42
    assert not path.exists()
    engine.execute_rows("CREATE TABLE t AS SELECT 1 AS a")
    assert path.exists()


def test_missing_folders_are_made_and_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "some" / "where" / "data.db"
    with StorageEngine(path) as engine:
        engine.execute_rows("CREATE TABLE t AS SELECT 1 AS a")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_its_owner_shares_stays_shared(engine: StorageEngine, path: Path) -> None:
    engine.execute_rows("CREATE TABLE t AS SELECT 1 AS a")
    path.chmod(0o640)
    engine.execute_rows("INSERT INTO t VALUES (2)")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with (
        StorageEngine(tmp_path / "file" / "data.db") as engine,
        pytest.raises(StorageError, match="cannot be made"),
    ):
        engine.execute_rows("CREATE TABLE t (a INTEGER)")


def test_other_programs_see_what_was_stored_at_once(engine: StorageEngine, path: Path) -> None:
    engine.execute_rows("CREATE TABLE t AS SELECT 42 AS a")
    with duckdb.connect(str(path), read_only=True) as other:
        assert other.sql("FROM t").fetchall() == [(42,)]


def test_a_path_may_hold_quotes_spaces_and_wildcards(tmp_path: Path) -> None:
    folder = tmp_path / "it's [1] event=x" / "properties=5 *"
    folder.mkdir(parents=True)
    (tmp_path / "it's 1 event=x").mkdir()
    with StorageEngine(folder / "da ta.db") as engine:
        exports = Exports(engine, folder)
        exports.load(event({"plan": "pro"}, name="Buy"))
        assert engine.execute_rows("SELECT event_name, plan FROM events") == [("Buy", "pro")]


def test_a_path_that_duckdb_cannot_use_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="question mark"):
        StorageEngine(tmp_path / "what?" / "data.db")


def test_a_wildcard_in_a_path_reads_no_other_folder(tmp_path: Path) -> None:
    for name in ("week*", "week1"):
        (tmp_path / name).mkdir()
    with StorageEngine(tmp_path / "data.db") as engine:
        file = Exports(engine, tmp_path / "week*").file([event()])
        (tmp_path / "week1" / file.name).write_bytes(file.read_bytes())
        exports = Exports(engine, tmp_path)
        assert exports.load(files=[file], dedupe=False).rows == 1


def test_the_home_folder_may_be_written_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with StorageEngine("~/data.db") as engine:
        assert engine.path == tmp_path / "data.db"


def test_open_existing_wants_a_file_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no database file"):
        StorageEngine.open_existing(tmp_path / "nothing.db")


def test_open_existing_opens_what_another_engine_made(exports: Exports, path: Path) -> None:
    exports.load(event())
    with StorageEngine.open_existing(path) as other:
        assert [table.name for table in other.list_tables()] == ["events"]


def test_a_file_that_is_no_database_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database " * 1000)
    with (
        StorageEngine.open_existing(path) as engine,
        pytest.raises(StorageError, match=r"notes\.txt is not a DuckDB"),
    ):
        engine.list_tables()


def test_a_file_of_sqlite_is_refused_without_asking_the_network(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    started = time.monotonic()
    with (
        StorageEngine.open_existing(path) as engine,
        pytest.raises(StorageError, match="is not a DuckDB database"),
    ):
        engine.list_tables()
    assert time.monotonic() - started < 0.5


def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    with StorageEngine(tmp_path) as engine, pytest.raises(StorageError, match="cannot be opened"):
        engine.list_tables()


def test_tables_of_other_tools_can_be_read(tmp_path: Path) -> None:
    """An earlier library's ``_metadata`` has other columns: its tables are plain tables here."""
    path = tmp_path / "old.db"
    with duckdb.connect(str(path)) as old:
        old.execute("CREATE TABLE _metadata (table_name VARCHAR, type VARCHAR, fetched_at TIMESTAMP)")
        old.execute("INSERT INTO _metadata VALUES ('events', 'events', now())")
        old.execute("CREATE TABLE events AS SELECT 'Visit' AS event_name")
    with StorageEngine.open_existing(path) as engine:
        (table,) = engine.list_tables()
        assert (table.name, table.type, table.row_count) == ("events", "table", 1)
        assert engine.metadata_or_none("events") is None
        assert engine.chunks("events") == []
        assert engine.property_columns("events") == []


# Read-only


def test_read_only_refuses_every_change_and_answers_queries(exports: Exports, path: Path) -> None:
    exports.load(event({"plan": "pro"}))
    with StorageEngine.open_existing(path, read_only=True) as engine:
        assert engine.execute_rows("SELECT plan FROM events") == [("pro",)]
        assert [table.row_count for table in engine.list_tables()] == [1]
        reader = Exports(engine, path.parent)
        refused: list[Callable[[], object]] = [
            lambda: reader.load(event()),
            lambda: engine.promote("events", "plan"),
            lambda: engine.drop_tables("events"),
            lambda: engine.mark("events", complete=False),
            engine.check_writable,
            lambda: engine.execute_rows("DROP TABLE events"),
            lambda: engine.execute_rows("CREATE TABLE t AS FROM events"),
            lambda: engine.execute_rows("SELECT 1; DELETE FROM events; SELECT 2"),
        ]
        for change in refused:
            with pytest.raises(StorageError, match="read"):
                change()
        assert engine.execute_scalar("SELECT count(*) FROM events") == 1


def test_read_only_allows_what_leaves_the_file_alone(exports: Exports, path: Path, tmp_path: Path) -> None:
    exports.load(event({"plan": "pro"}), event({"plan": "free"}))
    out = tmp_path / "out.csv"
    with StorageEngine.open_existing(path, read_only=True) as engine:
        engine.execute_rows("CREATE TEMP TABLE mine AS SELECT plan FROM events")
        engine.execute_rows("INSERT INTO mine VALUES ('gold')")
        assert engine.execute_scalar("SELECT count(*) FROM mine") == 3
        rows = engine.export("SELECT plan FROM events ORDER BY plan", out).rows
        assert (rows, out.read_text().split()) == (2, ["plan", "free", "pro"])
        assert engine.execute_rows(f"SELECT plan FROM read_csv('{out}')") == [("free",), ("pro",)]
        engine.register("frame", pd.DataFrame({"plan": ["pro"], "price": [9]}))
        assert engine.execute_rows("SELECT price FROM events JOIN frame USING (plan)") == [(9,)]
        assert engine.execute_rows("PREPARE few AS FROM mine LIMIT 1; EXECUTE few") == [("pro",)]
        assert engine.execute_scalar("SELECT count(*) copy FROM events") == 2
        assert engine.execute_rows("PIVOT events ON plan USING count(*) GROUP BY event_name") == [
            ("Visit", 1, 1)
        ]


def test_read_only_on_a_file_that_is_not_there_makes_none(path: Path) -> None:
    with StorageEngine(path, read_only=True) as engine:
        assert engine.list_tables() == []
        with pytest.raises(StorageError, match="read-only"):
            engine.execute_rows("CREATE TABLE t (a INTEGER)")
    assert not path.exists()


# In memory


def test_memory_keeps_tables_until_it_is_closed(tmp_path: Path) -> None:
    with StorageEngine.memory() as engine:
        assert engine.path is None
        exports = Exports(engine, tmp_path)
        exports.load(event({"plan": "pro"}))
        exports.load(event({"plan": "free"}))
        assert exports.column("plan") == ["pro", "free"]
        assert engine.chunks("events") == []
        assert engine.get_metadata("events").row_count == 2


def test_two_memories_know_nothing_of_each_other() -> None:
    with StorageEngine.memory() as one, StorageEngine.memory() as other:
        one.execute_rows("CREATE TABLE t (a INTEGER)")
        assert one.table_exists("t")
        assert not other.table_exists("t")


def test_loading_into_memory_leaves_the_sessions_settings_alone(tmp_path: Path) -> None:
    with StorageEngine.memory() as engine:
        engine.execute_rows("SET memory_limit = '300MB'; SET preserve_insertion_order = false")
        before = engine.execute_rows("SELECT current_setting('memory_limit'), current_setting('threads')")
        Exports(engine, tmp_path).load(event())
        assert (
            engine.execute_rows("SELECT current_setting('memory_limit'), current_setting('threads')")
            == before
        )
        assert engine.execute_scalar("SELECT current_setting('preserve_insertion_order')") is False


# Ephemeral


def test_ephemeral_files_go_with_all_that_lies_beside_them(tmp_path: Path) -> None:
    with StorageEngine.ephemeral() as engine:
        assert engine.path is not None
        folder = engine.path.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        Exports(engine, tmp_path).load(event())
        (folder / f"{engine.path.name}.wal").write_bytes(b"")
        (folder / f".{engine.path.name}.fetch").mkdir()
        (folder / f".{engine.path.name}.fetch" / "chunk.jsonl").write_text("left by a stopped fetch")
    assert not folder.exists()
    engine.close()
    engine.cleanup()


def test_cleanup_leaves_lasting_files_alone(engine: StorageEngine, path: Path) -> None:
    engine.execute_rows("CREATE TABLE t (a INTEGER)")
    engine.cleanup()
    assert path.exists()


def test_ephemeral_files_are_gone_when_the_program_ends(start: Start) -> None:
    (path,) = start(
        """
        from mixpanel_nb.storage import StorageEngine
        engine = StorageEngine.ephemeral()
        engine.execute_rows("CREATE TABLE t AS FROM range(1000)")
        print(engine.path)
        """
    ).ended()
    assert Path(path).name == "ephemeral.db"
    assert not Path(path).parent.exists()


# Closing


def test_nothing_is_left_beside_the_file(exports: Exports, path: Path, tmp_path: Path) -> None:
    exports.load(event(), event())
    exports.load(event())
    exports.engine.execute_rows("CREATE TABLE t AS FROM range(10)")
    exports.engine.close()
    assert sorted(file.name for file in tmp_path.glob("*data.db*")) == ["data.db"]


def test_a_write_ahead_log_that_a_killed_program_left_is_read_and_cleared(
    exports: Exports, path: Path, start: Start
) -> None:
    exports.load(event())
    program = start(
        """
        import sys
        from mixpanel_nb.storage import StorageEngine
        engine = StorageEngine(sys.argv[1])
        engine.connection.execute("SET checkpoint_threshold = '1GB'")
        engine.connection.execute("CREATE TABLE t AS SELECT 42 AS a")
        print("stored", flush=True)
        sys.stdin.readline()
        """,
        path,
    )
    assert program.told() == "stored"
    program.killed()
    log = path.with_name("data.db.wal")
    assert log.exists()
    with StorageEngine.open_existing(path, read_only=True) as reader:
        assert reader.execute_rows("FROM t") == [(42,)]
    exports.load(event())
    assert not log.exists()
    assert exports.engine.execute_rows("SELECT a, (SELECT count(*) FROM events) FROM t") == [(42, 2)]


def test_closing_twice_and_working_afterwards(engine: StorageEngine) -> None:
    engine.execute_rows("CREATE TABLE t AS SELECT 1 AS a")
    engine.close()
    engine.close()
    assert engine.execute_rows("FROM t") == [(1,)]


def test_the_connection_holds_the_file_until_it_is_released(engine: StorageEngine, path: Path) -> None:
    connection = engine.connection
    connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    assert engine.execute_rows("FROM t") == [(1,)]
    other = StorageEngine(path, max_wait=0.1)
    with pytest.raises(StorageError, match="held by"):
        other.execute_rows("FROM t")
    engine.release()
    assert other.execute_rows("FROM t") == [(1,)]
    other.close()


def test_a_transaction_left_open_on_the_connection_is_rolled_back(engine: StorageEngine) -> None:
    engine.execute_rows("CREATE TABLE t (a INTEGER)")
    engine.connection.execute("BEGIN; INSERT INTO t VALUES (1)")
    engine.release()
    assert engine.execute_rows("FROM t") == []
    engine.connection.execute("BEGIN; INSERT INTO t VALUES (1)")
    engine.close()
    assert engine.execute_rows("FROM t") == []


def test_batches_can_be_loaded_while_the_connection_is_held(exports: Exports) -> None:
    assert exports.engine.connection is not None
    exports.load(event({"plan": "pro"}))
    assert exports.engine.connection.execute("SELECT plan FROM events").fetchall() == [("pro",)]
    exports.engine.release()


def test_what_is_spilled_to_disk_is_private_and_removed(start: Start) -> None:
    spilled, gone, parent = start(
        """
        import os, tempfile
        from pathlib import Path
        from mixpanel_nb.storage import StorageEngine
        engine = StorageEngine.memory()
        engine.execute_rows("SET memory_limit = '30MB'; SET threads = 1")
        folder = Path(engine.execute_scalar("SELECT current_setting('temp_directory')"))
        rows = engine.query("SELECT hash(range) AS h FROM range(3000000) ORDER BY h")
        print(folder.is_dir(), oct(folder.parent.stat().st_mode & 0o777), rows.row_count)
        del rows
        engine.close()
        del engine
        print(folder.is_dir())
        print(folder.parent)
        """
    ).ended()
    assert spilled == "True 0o700 3000000"
    assert gone == "False"
    assert not Path(parent).exists()


def test_a_table_that_is_not_there_is_named_with_the_nearest(exports: Exports) -> None:
    exports.load(event())
    for ask in (exports.engine.get_schema, exports.engine.get_metadata, exports.engine.drop_tables):
        with pytest.raises(TableNotFoundError, match=r"'evnts'.*Did you mean 'events'") as raised:
            ask("evnts")
        assert raised.value.details["table"] == "evnts"
