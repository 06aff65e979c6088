"""Files that other versions of DuckDB made, and locks that a file system does not give."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from mixpanel_nb.errors import StorageError
from mixpanel_nb.storage import StorageEngine
from mixpanel_nb.storage.database import Database
from mixpanel_nb.storage.waiting import Waiting, is_taken, is_unlockable

if TYPE_CHECKING:
    from conftest import OpenWorkspace

    from mixpanel_nb.sandbox.server import SandboxServer

# A table `mine` with a row, made by DuckDB 1.4.5 with its defaults.
MADE_BY_1_4 = Path(__file__).parents[1] / "fixtures" / "duckdb" / "made-by-1.4.db.gz"
NOBODY = 'IO Error: Could not set lock on file "x.db": Conflicting lock is held in PID 0. See also https://duckdb.org'
REFUSED = 'IO Error: Could not set lock on file "x.db": No locks available'


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "old.db"
    with gzip.open(MADE_BY_1_4) as packed, file.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return file


@pytest.mark.parametrize("what", ["events", "profiles"])
def test_a_file_in_an_old_format_is_refused_before_anything_is_asked(
    mixpanel: SandboxServer, open_workspace: OpenWorkspace, old: Path, what: str
) -> None:
    ws = open_workspace(mixpanel.url, old)
    with pytest.raises(StorageError, match=r"has the format of DuckDB 1\.1") as caught:
        if what == "events":
            ws.fetch_events(from_date="2025-01-01", to_date="2025-01-01")
        else:
            ws.fetch_profiles()
    assert mixpanel.requests == []
    assert [row for (row,) in ws.sql_rows("SELECT a FROM mine")] == [1]  # reading goes on as ever
    ws.close()
    new = old.with_name("old-new.db")
    copy = str(caught.value.hint).partition("with DuckDB: ")[2]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(old.parent)
        duckdb.connect().execute(copy)
    converted = open_workspace(mixpanel.url, new)
    assert converted.fetch_events(from_date="2025-01-01", to_date="2025-01-01").rows > 0
    assert [row for (row,) in converted.sql_rows("SELECT a FROM mine")] == [1]


def test_the_version_that_a_file_is_made_for_is_the_first_that_can_read_it(tmp_path: Path) -> None:
    with StorageEngine(tmp_path / "data.db") as engine:
        engine.execute_rows("CREATE TABLE mine AS SELECT 1 AS a")
        engine.check_writable()
    with duckdb.connect(str(tmp_path / "data.db"), read_only=True) as con:
        tags = con.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'data'").fetchall()
    assert tags == [({"storage_version": "v1.2.0+"},)]


def test_a_lock_that_nobody_holds_is_not_waited_for_for_long(tmp_path: Path) -> None:
    error = duckdb.IOException(NOBODY)
    told: list[str] = []
    with Waiting(tmp_path / "x.db", 60, told.append) as waiting:
        assert is_taken(error)  # once, somebody may just have let go
        with pytest.raises(StorageError, match="cannot be locked: its file system gives out no locks"):
            for _ in range(1000):
                waiting.again(error)
    assert told == []


def test_a_lock_that_is_refused_is_not_held_by_anybody() -> None:
    error = duckdb.IOException(REFUSED)
    assert not is_taken(error)
    assert is_unlockable(error)


def test_work_goes_on_where_the_system_starts_no_more_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import _thread
    import threading

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    with StorageEngine(tmp_path / "data.db") as engine:
        engine.execute_rows("CREATE TABLE mine AS SELECT 1 AS a")
        monkeypatch.setattr(_thread, "start_new_thread", refuse)
        monkeypatch.setattr(threading.Thread, "start", refuse)
        assert engine.execute_scalar("SELECT a FROM mine") == 1
        with duckdb.connect(str(tmp_path / "data.db")) as con:  # it was let go at once
            assert con.execute("SELECT a FROM mine").fetchall() == [(1,)]
        assert not Database(tmp_path / "data.db").keeps_transactions
