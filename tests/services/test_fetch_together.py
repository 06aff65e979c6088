"""Several processes and threads on one database file, some of them fetching."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING

import pytest
from asking import metered

from mixpanel_nb.errors import StorageError
from mixpanel_nb.sandbox.faults import FaultRule, Faults
from mixpanel_nb.services.fetch.staging import Staging

from .support import JANUARY, TWELVE_WEEKS, table_rows, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import OpenWorkspace

    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.server import SandboxServer
    from mixpanel_nb.services.existing import IfExists

READER = """
    import sys, pathlib, time
    from mixpanel_nb import Workspace

    reads, most = 0, 0
    with Workspace.open("data.db") as ws:
        pathlib.Path(sys.argv[1]).touch()
        while not pathlib.Path("stop").exists():
            rows = ws.sql_scalar("SELECT count(*) FROM events")
            assert rows >= most, "rows went away"
            reads, most = reads + 1, rows
            time.sleep(0.01)
    print(reads, most)
"""
FETCHER = """
    import sys
    from mixpanel_nb import Workspace

    with Workspace("sandbox", path="data.db") as ws:
        ws.fetch_events(sys.argv[1], from_date="2025-01-01", to_date="2025-01-31", columns=["plan"])
"""


def _start(script: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_read_again_and_again_while_a_third_fetches_and_none_sees_a_lock(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws.fetch_events(from_date="2025-01-01", to_date="2025-01-01", columns=["plan"])
    monkeypatch.setattr("mixpanel_nb.services.fetch.batches.BATCH_ROWS", 1_000)  # many short transactions
    monkeypatch.setattr(ws.storage._database, "max_wait", 15.0)
    readers = [_start(READER, tmp_path, name) for name in ("one", "two")]
    try:
        wait_until(lambda: (tmp_path / "one").exists() and (tmp_path / "two").exists())
        started = time.monotonic()
        result = ws.fetch_events(**TWELVE_WEEKS, columns=["plan"], if_exists="append")
        took = time.monotonic() - started
        time.sleep(0.3)
    finally:
        (tmp_path / "stop").touch()
        told = [reader.communicate(timeout=20) for reader in readers]
    assert [stderr for _, stderr in told] == ["", ""]
    for stdout, _ in told:
        reads, most = map(int, stdout.split())
        assert reads > 5
        assert most == result.rows
    assert took < 20


def test_two_processes_fetch_different_tables_into_one_file(
    ws: Workspace, mixpanel: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    fetchers = [_start(FETCHER, tmp_path, table) for table in ("one", "two")]
    assert [fetcher.communicate(timeout=120)[1] for fetcher in fetchers] == ["", ""]
    ws.fetch_events("three", **JANUARY, columns=["plan"])
    assert table_rows(ws, "one") == table_rows(ws, "two") == table_rows(ws, "three")


@pytest.mark.parametrize("second", ["append", "replace", "same", "fail"])
def test_a_table_is_fetched_by_one_at_a_time(
    ws: Workspace,
    mixpanel: SandboxServer,
    faults: Faults,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    second: IfExists,
) -> None:
    faults.add(FaultRule("hang", match={"from_date": "2025-01-01"}, seconds=30))
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    first = _start(FETCHER, tmp_path, "events")
    try:
        wait_until(lambda: faults.fired)
        with pytest.raises(StorageError, match=f"Process {first.pid} is fetching table 'events' now"):
            ws.fetch_events(**JANUARY, if_exists=second)
        faults.release()
        assert first.communicate(timeout=120)[1] == ""
    finally:
        first.kill()
        first.wait()
    whole = table_rows(ws)
    ws.fetch_events("undisturbed", **JANUARY, columns=["plan"])
    assert whole == table_rows(ws, "undisturbed")
    assert not (tmp_path / ".data.db.fetch").exists()


def test_threads_of_one_process_fetch_one_table_one_at_a_time(
    mixpanel: SandboxServer, open_workspace: OpenWorkspace
) -> None:
    refused: list[str] = []

    def fetch() -> None:
        ws = open_workspace(mixpanel.url)
        try:
            ws.fetch_events(**JANUARY, columns=None, if_exists="append")
        except StorageError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(refused) <= {"This process is fetching table 'events' now."}
    assert 1 <= len(metered(mixpanel.requests)) <= 5
    ws = open_workspace(mixpanel.url)
    assert ws.sql_scalar("SELECT count(*) FROM events") == ws.info().tables[0].row_count


def test_a_lock_whose_folder_was_removed_is_no_lock(tmp_path: Path) -> None:
    """Many take turns, each removing the folder at its end; never are two inside at once."""
    inside: list[int] = []
    most: list[int] = []
    turns: list[int] = []

    def take_turns() -> None:
        while len(turns) < 150:
            staging = Staging(tmp_path / "data.db", "events")
            try:
                with staging.locked():
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
                    turns.append(1)
            except StorageError:
                time.sleep(0.001)

    threads = [threading.Thread(target=take_turns) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}
