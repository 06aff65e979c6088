"""``mp`` as a program: terminals, pipes and signals."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from mixpanel_nb.sandbox.faults import FaultRule, Faults

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Start

HEAVY = "SELECT count(*) FROM range(30000000000) WHERE range % 7 = 1"
PATIENCE = 120


def on_a_terminal(words: list[str], columns: int = 100, **environment: str) -> str:
    """What ``mp`` shows where standard output is a terminal."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "mixpanel_nb", *words]
    variables = {**os.environ, "COLUMNS": str(columns), **environment}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=variables) as process:
        os.close(slave)
        shown = b""
        while block := _read(master):
            shown += block
        process.wait(PATIENCE)
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 10_000)
    except OSError:  # Linux's way to say that the other end is closed
        return b""


@pytest.mark.usefixtures("database")
def test_a_terminal_gets_a_table_and_a_pipe_gets_json(start: Start) -> None:
    shown = on_a_terminal(["tables"], NO_COLOR="1")
    assert re.search(r"^events +events +[\d,]+ +2025-01-01 +2025-01-14 +yes$", shown, re.MULTILINE)
    assert "\x1b" not in shown
    out, err = start("tables").communicate(timeout=PATIENCE)
    assert [row["name"] for row in json.loads(out)] == ["events", "profiles"]
    assert err == ""


@pytest.mark.usefixtures("database")
def test_a_table_fits_the_terminal_and_is_coloured_there() -> None:
    shown = on_a_terminal(["sample", "events"], columns=70, NO_COLOR="")
    assert "\x1b[1m" in shown
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()
    assert max(map(len, lines)) <= 70


@pytest.mark.usefixtures("connected")
def test_a_fetch_shows_its_progress_on_a_terminal_and_takes_it_away(faults: Faults) -> None:
    faults.add(FaultRule("hang", path_contains="export", seconds=0.5))
    shown = on_a_terminal(["fetch", "events", "--from", "2025-01-01", "--to", "2025-01-03"])
    assert "chunks" in shown
    assert "chunks" not in shown[shown.rindex("\x1b[K") :]
    assert "events in events" in shown[shown.rindex("\x1b[K") :]


@pytest.mark.usefixtures("database")
def test_a_reader_who_has_enough_is_no_error(start: Start) -> None:
    program = start("sql", "SELECT range AS n FROM range(2000000)", "--format", "csv")
    assert program.stdout is not None
    assert program.stdout.readline() == "n\n"
    program.stdout.close()
    assert program.stderr is not None
    assert program.stderr.read() == ""
    assert program.wait(PATIENCE) == 0


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("number", "code", "says"), [(signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, "Terminated.")]
)
def test_a_heavy_query_ends_at_once(start: Start, number: int, code: int, says: str) -> None:
    program = start("sql", HEAVY)
    time.sleep(1.5)
    program.send_signal(number)
    out, err = program.communicate(timeout=PATIENCE)  # the query would take much longer
    assert (program.returncode, out, err) == (code, "", f"{says}\n")


def test_a_fetch_ends_at_once_and_goes_on_later(start: Start, connected: object, faults: Faults) -> None:
    days = ("fetch", "events", "--from", "2025-01-01", "--to", "2025-01-03")
    faults.add(FaultRule("hang", path_contains="export", match={"to_date": "2025-01-02"}, seconds=60))
    program = start(*days)
    _wait_until(lambda: bool(faults.fired))
    program.send_signal(signal.SIGINT)
    _, err = program.communicate(timeout=PATIENCE)  # the answer would take a minute
    assert program.returncode == 130
    assert err.endswith("Interrupted.\n")
    assert "goes on" in err
    again = start(*days)
    assert len(json.loads(again.communicate(timeout=PATIENCE)[0])) == 3
    assert again.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_serves_until_it_is_stopped(start: Start, home: Path, number: int) -> None:
    program = start("sandbox", "serve", "--port", "0", "--events", "2000")
    assert program.stdout is not None
    url = program.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
    names = httpx.get(
        f"{url}/api/query/events/names",
        params={"project_id": 1, "type": "general"},
        auth=("sandbox", "sandbox"),
    )
    assert "Purchase" in names.json()
    program.send_signal(number)
    out, err = program.communicate(timeout=PATIENCE)
    assert (program.returncode, out) == (0, "")
    assert f"export MP_API_BASE_URL={url}" in err


def test_a_port_that_is_taken_is_an_error_of_its_own(start: Start, connected: object) -> None:
    port = os.environ["MP_API_BASE_URL"].rsplit(":", 1)[1]
    program = start("sandbox", "serve", "--port", port, "--events", "2000")
    _, err = program.communicate(timeout=PATIENCE)
    assert program.returncode == 1
    assert f"Port {port} cannot be used" in err


def test_dump_writes_an_export_that_serve_can_replay(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl.gz"
    dump = start("sandbox", "dump", "--output", str(file), "--events", "2000")
    _, err = dump.communicate(timeout=PATIENCE)
    assert re.fullmatch(rf"Wrote [\d,]+ lines to {re.escape(str(file))}\.\n", err)
    serve = start("sandbox", "serve", "--port", "0", "--data", str(file))
    assert serve.stdout is not None
    assert serve.stdout.readline().startswith("http://")


def modules_after(*words: str) -> set[str]:
    code = f"import sys; from mixpanel_nb.cli.program import run; run({list(words)}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


HEAVY_MODULES = {"pandas", "altair", "duckdb", "httpx", "IPython", "ipywidgets", "rich", "waitress"}


def test_help_comes_without_the_heavy_modules() -> None:
    loaded = modules_after("--help")
    assert not HEAVY_MODULES & loaded
    assert not {"mixpanel_nb.queries", "mixpanel_nb.results", "pydantic"} & loaded
    assert not {"mixpanel_nb.commands.tables", "mixpanel_nb.commands.reports"} & loaded


def test_the_help_of_a_command_comes_without_the_modules_of_others() -> None:
    loaded = modules_after("tables", "--help")
    assert not HEAVY_MODULES & loaded
    assert "mixpanel_nb.commands.tables" in loaded
    assert not {f"mixpanel_nb.commands.{name}" for name in ("accounts", "cohorts", "reports", "sql")} & loaded


OF_A_REPORT = "activity counts flow frequency funnel insights numeric retention saved segmentation sessions"
ROOMS = ("queries", "analytics", "results", "views")
ELSEWHERE = {
    "mixpanel_nb.bookmarks.reading",
    "mixpanel_nb.bookmarks.writing",
    "mixpanel_nb.client",
    "mixpanel_nb.display.fluid",
    "mixpanel_nb.display.progress_widget",
    "mixpanel_nb.display.render",
    "mixpanel_nb.display.sankey",
    "mixpanel_nb.display.timeline",
    "mixpanel_nb.sandbox.app",
    "mixpanel_nb.sandbox.dataset.catalogue",
    "mixpanel_nb.sandbox.dataset.generate",
    "mixpanel_nb.services.live",
    "mixpanel_nb.services.saved_items",
}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("words", "own"),
    [
        ("segmentation Purchase", {"segmentation"}),
        ("segmentation-sum Purchase --on amount", {"numeric", "segmentation"}),
        ("event-counts Purchase", {"counts"}),
        ("funnel --step Open --step Purchase", {"funnel", "sessions"}),
        ("retention --born Open", {"retention"}),
        ("frequency", {"frequency"}),
        ("sessions", {"sessions"}),
    ],
)
def test_a_report_on_a_table_comes_without_the_code_of_others(words: str, own: set[str]) -> None:
    loaded = modules_after(*words.split(), "--table", "events")
    assert own == {
        name for name in OF_A_REPORT.split() for room in ROOMS if f"mixpanel_nb.{room}.{name}" in loaded
    }
    heavy = HEAVY_MODULES - {"duckdb"} | {"numpy", "pydantic", "sqlglot"}
    assert loaded & (ELSEWHERE | heavy) == set()


def _wait_until(happened: object) -> None:
    assert callable(happened)
    until = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)
