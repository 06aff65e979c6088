"""Faults the harness found that no trial names by itself; each of these failed before it was mended."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
import httpx
import pytest

from faults import truth
from mixpanel_nb.accounts import ConfigManager, Credentials
from mixpanel_nb.client.quota import QuotaLedger
from mixpanel_nb.errors import (
    ConfigError,
    ServerError,
    StorageError,
    TableExistsError,
    TableNotFoundError,
)
from mixpanel_nb.sandbox.faults import FaultRule
from mixpanel_nb.services.fetch.staging import Staging
from mixpanel_nb.storage import StorageEngine, loading

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb import Workspace

PACIFIC = "America/Los_Angeles"
DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-03"}


def _download_that_waits(ws: Workspace) -> Path:
    """A download of the table ``events`` that nobody has stored."""
    assert ws.storage.path is not None
    staging = Staging(ws.storage.path, "events")
    with staging.locked():
        file = staging.path({})
        file.write_bytes(b"waits")
        file.with_suffix(".receipt").write_text("{}")
    return file


def test_dropping_a_table_drops_what_was_to_replace_it_and_what_waits_for_it(ws: Workspace) -> None:
    ws.fetch_events(**DAYS, columns=None)
    ws.sql("CREATE TABLE _replacing_events AS SELECT 1 AS half")
    folder = _download_that_waits(ws).parent
    assert folder.exists()
    ws.drop("events")
    assert (
        ws.storage.execute_rows("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '%events'")
        == []
    )
    assert not folder.parent.exists()


def test_tables_are_dropped_all_or_none(ws: Workspace) -> None:
    ws.sql("CREATE TABLE one AS SELECT 1 AS a")
    with pytest.raises(TableNotFoundError):
        ws.drop("one", "nope")
    assert [table.name for table in ws.storage.list_tables()] == ["one"]


def test_a_refused_fetch_tidies_up_after_one_that_was_killed_when_all_was_stored(ws: Workspace) -> None:
    ws.fetch_events(**DAYS, columns=None)
    assert ws.storage.path is not None
    folder = ws.storage.path.parent / ".data.db.fetch"
    (folder / "events").mkdir(parents=True)
    (folder / "events" / "holder").write_text("1")
    with pytest.raises(TableExistsError):
        ws.fetch_events(**DAYS)
    assert not folder.exists()


def test_sql_that_turns_to_another_database_turns_nobody_else(tmp_path: Path) -> None:
    with StorageEngine(tmp_path / "data.db") as engine:
        engine.execute_rows("CREATE TABLE mine AS SELECT 1 AS a")
        engine.execute_rows("SELECT 1")
        engine.execute_rows("USE memory")
        assert engine.table_exists("mine")


def test_a_thread_that_waits_for_the_engine_can_be_interrupted(tmp_path: Path) -> None:
    """The lock is waited for in steps: without them Ctrl-C would do nothing until it is free."""
    with StorageEngine(tmp_path / "data.db") as engine:
        engine.execute_rows("CREATE TABLE mine AS SELECT 1 AS a")
        held, over = threading.Event(), threading.Event()

        def hold() -> None:
            with engine._database.work("read"):
                held.set()
                over.wait(20)

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait()
        import _thread

        threading.Timer(0.3, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            engine.list_tables()
        assert not over.is_set()
        over.set()
        holder.join()
        assert [table.name for table in engine.list_tables()] == ["mine"]


def test_a_secret_that_cannot_be_sent_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        Credentials("ann", "s3cr3t\udcff", "1")
    assert "s3cr3t" not in str(caught.value)


def test_a_sign_of_waiting_that_somebody_left_who_was_killed_goes(tmp_path: Path) -> None:
    import os

    with StorageEngine(tmp_path / "data.db") as engine:
        sign = tmp_path / ".data.db.wait"
        sign.touch()
        os.utime(sign, (1, 1))
        engine.execute_rows("CREATE TABLE mine AS SELECT 1 AS a")
        assert not sign.exists()


def test_memory_leaves_no_folder_of_downloads(mixpanel: Any, tmp_path: Path) -> None:
    with truth.open_workspace(tmp_path, mixpanel.url) as ws:
        ws.storage = StorageEngine.memory()
        ws.sql("CREATE TABLE mine AS SELECT 1 AS a")
        ws.drop("mine")
        with pytest.raises(TableNotFoundError):
            ws.drop("mine")


def test_downloads_do_not_run_ahead_of_what_can_be_stored(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year of events is not on the disk twice."""
    monkeypatch.setattr("mixpanel_nb.services.fetch.batches.WAITING_BYTES", 1)
    monkeypatch.setattr("mixpanel_nb.services.fetch.batches.BATCH_BYTES", 1)
    waiting = []
    assert ws.storage.path is not None
    folder = ws.storage.path.parent / ".data.db.fetch" / "events"

    def slowly(load: Any, *args: Any) -> Any:
        time.sleep(0.2)
        waiting.append(len(list(folder.glob("*.receipt"))))
        return load(*args)

    for name in ("load", "add"):
        monkeypatch.setattr(loading, name, partial(slowly, getattr(loading, name)))
    quarter = ws.fetch_events(from_date="2025-01-01", to_date="2025-03-31", columns=None, workers=2)
    assert quarter.requests == 13
    assert max(waiting) <= 3


def test_sql_that_takes_the_sessions_own_memory_away_costs_the_session_alone(tmp_path: Path) -> None:
    with StorageEngine(tmp_path / "data.db") as engine:
        engine.execute_rows("CREATE TABLE mine AS SELECT 1 AS a")
        engine.execute_rows("DETACH memory")
        engine.execute_rows("INSERT INTO mine VALUES (2)")
        assert engine.execute_scalar("SELECT sum(a) FROM mine") == 3
        truth.check_free(tmp_path / "data.db")


def test_forks_and_seeds_do_not_confuse_the_quota_ledger(tmp_path: Path) -> None:
    """Rows were told apart by ``random``, which a seed or a fork repeats; then nobody shared a ledger."""
    ledger = QuotaLedger(tmp_path / "quota.sqlite")
    for _ in range(3):
        random.seed(1)
        with ledger.acquire("key", "query"):
            pass
    with contextlib.closing(sqlite3.connect(tmp_path / "quota.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM asked").fetchone() == (3,)


def test_a_refused_fetch_removes_downloads_that_were_stored_before_the_kill(ws: Workspace) -> None:
    ws.fetch_events(**DAYS, columns=None)
    file = _download_that_waits(ws)
    with pytest.raises(TableExistsError):
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-02")
    assert file.exists()  # it may belong to a fetch that was stopped
    with pytest.raises(TableExistsError):
        ws.fetch_events(**DAYS)
    assert not file.parent.exists()


def test_a_fetch_that_was_stopped_is_not_filled_up_from_another_project(
    mixpanel: Any, faults: Any, store: Any, tmp_path: Path
) -> None:
    """One table held days of two projects, and called itself complete."""
    faults.add(FaultRule("status", "/export", {"from_date": "2025-01-04"}, times=None))
    one, two = (Credentials("sandbox", "sandbox", project) for project in "12")
    with truth.open_workspace(tmp_path, mixpanel.url, account=one) as ws, pytest.raises(ServerError):
        ws.fetch_events(**truth.DAYS)
    faults.clear()
    mixpanel.requests.clear()
    with truth.open_workspace(tmp_path, mixpanel.url, account=two) as ws:
        for if_exists in ("fail", "same", "append"):
            with pytest.raises(TableExistsError, match=r"project 1 at .*project 2 at"):
                ws.fetch_events(**truth.DAYS, if_exists=if_exists)
        assert not mixpanel.requests
        truth.check_honest(ws, truth.truth_of(store))
    with truth.open_workspace(tmp_path, mixpanel.url, account=one) as ws:
        ws.fetch_events(**truth.DAYS)
        assert truth.holds_truth(ws, truth.truth_of(store))
    truth.check_tidy(tmp_path)


def test_a_restarted_kernel_finds_account_and_zone_again(
    mixpanel: Any, shell: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same cells gave other numbers, and the fetch could not be repeated."""
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    ConfigManager().add("shop", Credentials("sandbox", "sandbox", "1", timezone=PACIFIC))
    answers = []
    for _ in range(2):
        shell.run_line_magic("mp_connect", f"--db {tmp_path / 'x.db'}")
        shell.run_line_magic("mp_fetch", "--from 2025-01-01 --to 2025-01-06 --append")
        report = shell.run_line_magic(
            "mp_segmentation", "Purchase --from 2025-01-02 --to 2025-01-05 --table events"
        )
        answers.append((report.tuples(), report.timezone))
        shell.run_line_magic("unload_ext", "mixpanel_nb")
        shell.run_line_magic("load_ext", "mixpanel_nb")
    assert answers[0] == answers[1]
    assert answers[0][1] == PACIFIC


def test_an_export_onto_a_database_destroys_none(ws: Workspace, tmp_path: Path) -> None:
    ws.fetch_events(**DAYS, columns=None)
    held = ws.sql_scalar("SELECT count(*) FROM events")
    assert ws.storage.path is not None
    with StorageEngine(tmp_path / "other.db") as other:
        other.execute_rows("CREATE TABLE mine AS SELECT 1 AS a")
    for file in (ws.storage.path, tmp_path / "other.db", ws.storage.path.with_name("data.db.wal")):
        with pytest.raises(StorageError):
            ws.export("SELECT 1 AS n", file, format="csv", replace=True)
    assert ws.sql_scalar("SELECT count(*) FROM events") == held
    truth.check_free(ws.storage.path)


def test_a_fetch_into_a_file_of_an_old_format_spends_no_request(mixpanel: Any, tmp_path: Path) -> None:
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{tmp_path / 'data.db'}' AS old (STORAGE_VERSION 'v1.0.0')")
        con.execute("CREATE TABLE old.mine AS SELECT 1 AS a")
    with truth.open_workspace(tmp_path, mixpanel.url) as ws, pytest.raises(StorageError, match="format"):
        ws.fetch_events(**DAYS)
    assert mixpanel.requests == []


def test_paths_of_requests_are_told_without_control_characters(mixpanel: Any) -> None:
    httpx.get(f"{mixpanel.url}/%1b]52;c;Y21k%07%c2%9b%0aGET /api 200", auth=("sandbox", "sandbox"))
    [line] = mixpanel.requests
    assert line.isprintable()
    assert "%1B" in line
