"""A fetch that is stopped, however brutally, is completed by the same call, which asks only for the rest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import TableExistsError
from mixpanel_nb.sandbox.faults import FaultRule, Faults
from mixpanel_nb.storage import StorageEngine
from mixpanel_nb.workspace import Project, sandbox_credentials

from .support import JANUARY, TWELVE_WEEKS, Told, all_is_well_again, days_asked, table_rows, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import OpenWorkspace

    from mixpanel_nb.sandbox.server import SandboxServer

WEEKS = [
    *(f"2025-01-{day:02}" for day in (1, 8, 15, 22, 29)),
    *(f"2025-02-{day:02}" for day in (5, 12, 19, 26)),
    *(f"2025-03-{day:02}" for day in (5, 12, 19)),
]
HANGING = WEEKS[6:]
SCRIPT = """
    from mixpanel_nb import Workspace

    with Workspace("sandbox", path="data.db") as ws:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-03-25", columns=["plan"], workers=3)
"""


@pytest.fixture
def victim(
    mixpanel: SandboxServer, faults: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[str]]:
    """A process that has downloaded six of twelve chunks whole, while the downloads of three hang."""
    for day in HANGING:
        faults.add(FaultRule("hang", match={"from_date": day}, seconds=30))
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    command = [sys.executable, "-c", textwrap.dedent(SCRIPT)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: len(faults.fired) == 3 and len(_receipts(tmp_path)) == 6)
            yield process
        finally:
            process.kill()


def _receipts(folder: Path) -> list[Path]:
    return list(folder.glob(".data.db.fetch/events/*.receipt"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_ended_loses_no_chunk_that_was_whole(
    victim: subprocess.Popen[str],
    mixpanel: SandboxServer,
    faults: Faults,
    open_workspace: OpenWorkspace,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    started = time.monotonic()
    victim.send_signal(number)
    victim.wait(10)
    assert time.monotonic() - started < 1.0  # usually 0.1 s; the machine may be busy
    assert victim.returncode != 0

    all_is_well_again(mixpanel, faults)
    ws = open_workspace(mixpanel.url)
    told = Told()
    result = ws.fetch_events(**TWELVE_WEEKS, columns=["plan"], progress=told)
    assert sorted(first for first, _ in days_asked(mixpanel.requests)) == HANGING
    assert result.requests == 6
    assert told.moments[-1].chunks_total == 12
    ws.fetch_events("undisturbed", **TWELVE_WEEKS, columns=["plan"])
    assert table_rows(ws) == table_rows(ws, "undisturbed")
    assert not (tmp_path / ".data.db.fetch").exists()


def test_killed_between_two_batches_the_stored_chunks_stay_stored(
    mixpanel: SandboxServer,
    faults: Faults,
    ws: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mixpanel_nb.services.fetch.batches.BATCH_ROWS", 1)
    monkeypatch.setattr("mixpanel_nb.storage.parallel.SESSION_SECONDS", 0)  # one batch each time
    faults.add(FaultRule("hang", match={"from_date": "2025-01-22"}, times=None, seconds=20))

    def stop(_: object) -> None:
        if len(ws.storage.chunks("events")) >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ws.fetch_events(**JANUARY, columns=["plan"], workers=1, progress=stop)
    faults.clear()
    stored = ws.storage.chunks("events")
    assert len(stored) == 3
    assert not ws.info().tables[0].complete
    with pytest.raises(TableExistsError, match="was stopped"):
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-30")
    mixpanel.requests.clear()
    ws.fetch_events(**JANUARY, columns=["plan"])
    assert not {str(chunk.from_date) for chunk in stored} & {day for day, _ in days_asked(mixpanel.requests)}
    ws.fetch_events("undisturbed", **JANUARY, columns=["plan"])
    assert table_rows(ws) == table_rows(ws, "undisturbed")


def test_what_arrived_before_a_stop_is_kept_in_memory_too(mixpanel: SandboxServer, faults: Faults) -> None:
    """Without a file, the downloads wait in a temporary folder that ends with the workspace."""
    for day in HANGING:
        faults.add(FaultRule("hang", match={"from_date": day}, seconds=30))
    client = MixpanelAPIClient(sandbox_credentials(), base_url=mixpanel.url)
    storage = StorageEngine.memory()
    with Workspace.from_parts(Project(client.credentials, client=client), storage) as ws:
        folder = storage.beside.parent

        def interrupt() -> None:
            wait_until(lambda: len(faults.fired) == 3 and len(list(folder.rglob("*.receipt"))) == 6)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            ws.fetch_events(**TWELVE_WEEKS, columns=["plan"], workers=3)
        [waiting] = ws.tables().unfinished
        assert (waiting.table, waiting.chunks) == ("events", 6)

        all_is_well_again(mixpanel, faults)
        result = ws.fetch_events(**TWELVE_WEEKS, columns=["plan"])
        assert sorted(first for first, _ in days_asked(mixpanel.requests)) == HANGING
        assert result.requests == 6
        assert ws.tables().unfinished == ()
        ws.fetch_events("undisturbed", **TWELVE_WEEKS, columns=["plan"])
        assert table_rows(ws) == table_rows(ws, "undisturbed")
        assert storage.beside.parent == folder
    assert not folder.exists()


@pytest.mark.parametrize("rule", ["hang", "slow"])
def test_ctrl_c_ends_a_fetch_at_once_while_downloads_hang(
    ws: Workspace, mixpanel: SandboxServer, faults: Faults, rule: str
) -> None:
    faults.add(FaultRule("slow" if rule == "slow" else "hang", times=None, seconds=20, size=100))
    told = Told()
    interrupted: list[float] = []

    def interrupt() -> None:
        wait_until(lambda: len(faults.fired) == 4)
        time.sleep(0.1)
        interrupted.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        ws.fetch_events(**TWELVE_WEEKS, progress=told)
    assert time.monotonic() - interrupted[0] < 0.5
    assert told.states[-1] == "cancelled"
    # Nothing goes on in the background, and the very next call works.
    wait_until(lambda: not [t for t in threading.enumerate() if "mixpanel_nb" in t.name], 1.0)
    faults.clear()
    faults.release()
    assert ws.fetch_events(**TWELVE_WEEKS, columns=None).rows > 7_000


def test_ctrl_c_ends_a_fetch_that_waits_for_the_quota(ws: Workspace, faults: Faults) -> None:
    faults.add(FaultRule("rate_limited", times=None, retry_after=30))
    interrupted: list[float] = []

    def interrupt() -> None:
        wait_until(lambda: len(faults.fired) == 4)
        interrupted.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        ws.fetch_events(**TWELVE_WEEKS)
    assert time.monotonic() - interrupted[0] < 0.5


def test_downloads_of_days_that_were_not_over_are_not_used_hours_later(
    ws: Workspace, mixpanel: SandboxServer, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the fetch had been stopped in the night after its last day."""
    _stop_with_staged_chunks(ws, faults, monkeypatch)
    for receipt in _receipts_of(ws):
        known = json.loads(receipt.read_text())
        last_day_unsettled = receipt.name.startswith("2025-01-01")
        moment = "2025-01-08T02:00:00" if last_day_unsettled else "2025-06-01T00:00:00"
        receipt.write_text(json.dumps(known | {"fetched_at": moment}))
    all_is_well_again(mixpanel, faults)
    ws.fetch_events(**TWELVE_WEEKS, columns=None)
    asked = sorted(first for first, _ in days_asked(mixpanel.requests))
    assert asked == [WEEKS[0], *HANGING]


def test_a_receipt_without_its_file_or_not_readable_means_asking_again(
    ws: Workspace, mixpanel: SandboxServer, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stop_with_staged_chunks(ws, faults, monkeypatch)
    first, second, *_ = sorted(_receipts_of(ws))
    first.with_suffix(".jsonl").unlink()
    second.write_text("{")
    all_is_well_again(mixpanel, faults)
    ws.fetch_events(**TWELVE_WEEKS, columns=None)
    assert sorted(first for first, _ in days_asked(mixpanel.requests)) == [*WEEKS[:2], *HANGING]


def test_what_has_arrived_is_listed_and_the_same_fetch_says_that_it_takes_it(
    ws: Workspace, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ws.tables().unfinished == ()
    _stop_with_staged_chunks(ws, faults, monkeypatch)
    (waiting,) = ws.tables().unfinished
    assert (waiting.table, waiting.chunks) == ("events", 6)
    assert waiting.rows == sum(json.loads(file.read_text())["rows"] for file in _receipts_of(ws))
    assert ws.info().unfinished == (waiting,)
    said = f"The fetch of events is unfinished: 6 chunks ({waiting.rows:,} rows) arrived and not stored yet."
    assert said in ws.tables().to_text(width=200)
    assert said in "".join(ws.info().remarks)
    result = ws.fetch_events(**TWELVE_WEEKS)
    assert "6 chunks had arrived before the fetch was stopped." in result.notes
    assert ws.tables().unfinished == ()


def _receipts_of(ws: Workspace) -> list[Path]:
    assert ws.storage.path is not None
    return _receipts(ws.storage.path.parent)


def _stop_with_staged_chunks(ws: Workspace, faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupt a fetch when six chunks are downloaded and none is stored."""
    for day in HANGING:
        faults.add(FaultRule("hang", match={"from_date": day}, seconds=30))

    def stop(now: object) -> None:
        if len(_receipts_of(ws)) == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ws.fetch_events(**TWELVE_WEEKS, columns=None, progress=stop)
    assert not ws.tables()
