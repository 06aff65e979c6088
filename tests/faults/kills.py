"""Signals at random moments of everything that changes a table."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
from services.support import table_rows, wait_until

from faults import truth as known
from faults import victims
from faults.record import must
from faults.truth import FIRST, LAST
from mixpanel_nb import Workspace
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.sandbox.store import Dataset

HEADING = "Process"
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["faults.victims"])
PATIENCE = 90.0
AT_ONCE = 2.0  # seconds in which a signal that asks politely is obeyed, on a machine that is busy
OLD_FIRST, OLD_LAST = "2025-02-01", "2025-02-03"
RANGE = ["--from", FIRST, "--to", LAST]

COMMANDS: dict[str, list[str]] = {
    "fetch": ["fetch", "events", "fresh", *RANGE],
    "fetch, append": ["fetch", "events", *RANGE, "--append"],
    "fetch, replace": ["fetch", "events", *RANGE, "--replace"],
    "fetch of profiles": ["fetch", "profiles", "people", "--replace"],
    "promote": ["promote", "events", "utm_source", "revenue", "plan", "$os"],
    "drop": ["drop", "events", "people"],
}
SIGNALS = {"kill -9": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "Ctrl-C": signal.SIGINT}
CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}


@dataclass
class Yard:
    """A template of a database that every victim gets a copy of, a Mixpanel, and what is true."""

    server: SandboxServer
    folder: Path
    truth: Counter[str]
    old: Counter[str]
    durations: dict[str, float] = field(default_factory=dict)
    _number: int = 0

    @property
    def template(self) -> Path:
        """The folder that is copied."""
        return self.folder / "template"

    def empty(self) -> Path:
        """A folder that nobody has used."""
        self._number += 1
        folder = self.folder / str(self._number)
        folder.mkdir()
        return folder

    def fresh(self) -> Path:
        """A copy of the template, with a folder for temporary files."""
        folder = self.empty()
        shutil.copytree(self.template, folder, dirs_exist_ok=True)
        (folder / "tmp").mkdir()
        return folder


@contextmanager
def yard(store: Dataset, folder: Path) -> Iterator[Yard]:
    """A yard, its template made by an undisturbed fetch."""
    with SandboxServer(create_app(store)) as server:
        made = Yard(server, folder, known.truth_of(store), Counter())
        made.template.mkdir()
        account = sandbox_credentials()
        with known.open_workspace(made.template, server.url, account=account, timeout=60.0) as ws:
            ws.fetch_events(from_date=OLD_FIRST, to_date=OLD_LAST, columns=["plan"])
            ws.fetch_profiles("people", columns=None)
            made.old = table_rows(ws)
        # The first fetch learns the server's quota; with its ledger the others need not pace themselves.
        folder = made.fresh()
        _start(made, folder, "fetch").join(PATIENCE)
        shutil.copytree(folder / "home", made.template / "home")
        for name in COMMANDS:
            made.durations[name] = _undisturbed(made, name)
        yield made


def start(where: Yard, folder: Path, words: list[str], told: Path | None = None) -> Any:
    """``mp`` with these words in a process of its own, begun; what it says goes to files in ``told``."""
    told = told or folder
    settings = {
        "MP_API_BASE_URL": where.server.url,
        "MIXPANEL_NB_HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
    }
    (told / "ready").unlink(missing_ok=True)
    process = FORKS.Process(target=victims.run_command, args=(str(folder), str(told), words, settings))
    process.start()
    wait_until(lambda: (told / "ready").exists(), PATIENCE)
    return process


def _start(where: Yard, folder: Path, name: str, told: Path | None = None) -> Any:
    return start(where, folder, ["--db", "data.db", *COMMANDS[name]], told)


def _undisturbed(where: Yard, name: str) -> float:
    folder = where.fresh()
    process = _start(where, folder, name)
    started = time.monotonic()
    process.join(PATIENCE)
    must(process.exitcode == 0, f"{name} undisturbed: {_said(folder)}")
    _check_after(where, folder, name)
    return time.monotonic() - started


def killed(where: Yard, name: str, by: str, draw: random.Random) -> str:
    """Start a command, send it a signal at some moment, look at what is left, and run it again."""
    folder, number = where.fresh(), SIGNALS[by]
    process = _start(where, folder, name)
    time.sleep(draw.uniform(0, where.durations[name]))
    sent = time.monotonic()
    with suppress(ProcessLookupError):  # it has ended already
        os.kill(process.pid, number)
    process.join(PATIENCE)
    must(process.exitcode is not None, "it did not end")
    where.durations[name] *= 0.9 if process.exitcode == 0 else 1.03  # so that most signals come in time
    must(time.monotonic() - sent < AT_ONCE, f"it took {time.monotonic() - sent:.1f} s to end")
    ended = process.exitcode == 0
    if number in CODES:
        must(process.exitcode in (0, CODES[number], -number), f"it ended with {process.exitcode}")
        must("Traceback" not in _said(folder), f"a traceback: {_errors(folder)[-120:]}")
        must(
            process.exitcode == -number or not _temporary(folder),
            f"left as temporary: {_temporary(folder)}",
        )
    _check_before(where, folder, name)
    if name == "drop" and _dropped(folder):  # whatever comes next sweeps up
        start(where, folder, ["--db", "data.db", "tables"]).join(PATIENCE)
    else:
        again = _start(where, folder, name)
        again.join(PATIENCE)
        must(again.exitcode == 0, f"run again, it failed: {_said(folder)[-200:]}")
    _check_after(where, folder, name)
    shutil.rmtree(folder)
    return "ended before the signal" if ended else "cut short; nothing lost, run again and whole"


def _said(folder: Path) -> str:
    return _errors(folder) + (folder / "out").read_text()


def _errors(folder: Path) -> str:
    return (folder / "err").read_text()


def _temporary(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in (folder / "tmp").rglob("*"))


def _dropped(folder: Path) -> bool:
    with Workspace.open(folder / "data.db") as ws:
        return "events" not in [table.name for table in ws.storage.list_tables()]


def _check_before(where: Yard, folder: Path, name: str) -> None:
    """Right after the signal: no half table, no lock."""
    known.check_free(folder / "data.db")
    with Workspace.open(folder / "data.db") as ws:
        tables = {table.name: table for table in ws.storage.list_tables()}
        if name == "drop":
            must(("events" in tables) == ("people" in tables), "one of two tables was dropped")
        if name == "fetch":
            known.check_honest(ws, where.truth, "fresh")
        if "events" in tables:
            rows = table_rows(ws)
            match name:
                case "fetch, append":
                    must(where.old <= rows <= where.old + where.truth, "an append lost or made up rows")
                    if tables["events"].complete:
                        must(rows in (where.old, where.old + where.truth), "complete, and it is not")
                case "fetch, replace":
                    must(rows in (where.old, where.truth), "neither the old table nor the new one")
                case _:
                    must(rows == where.old, "a table that was not meant has changed")
        else:
            must(name == "drop", "a table is gone")


def _check_after(where: Yard, folder: Path, name: str) -> None:
    """After the same command has run to its end: all is as if nothing had happened, and tidy."""
    with Workspace.open(folder / "data.db") as ws:
        tables = {table.name: table for table in ws.storage.list_tables()}
        must(all(table.complete for table in tables.values()), "a table is not complete")
        if name == "fetch":
            must(known.holds_truth(ws, where.truth, "fresh"), "run again, the table is not the truth")
        if name == "fetch, append":
            must(table_rows(ws) == where.old + where.truth, "run again, the table is not the truth")
        if name == "fetch, replace":
            must(table_rows(ws) == where.truth, "run again, the table is not the truth")
        if name == "promote":
            columns = {column.property for column in ws.schema("events").columns}
            must({"utm_source", "revenue", "plan", "$os"} <= columns, "a promoted column is missing")
            must(table_rows(ws) == where.old, "promoting changed the rows")
        if name == "drop":
            must(not {"events", "people"} & tables.keys(), "a dropped table is there")
    with duckdb.connect(str(folder / "data.db"), read_only=True) as con:
        names = [row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
    hidden = [name for name in names if name.startswith("_replacing")]
    must(not hidden, f"left in the database: {hidden}")
    belongs = {"data.db", "data.db.wal", "home", "tmp", "out", "err", "ready"}
    left = sorted(file.name for file in folder.iterdir() if file.name not in belongs)
    must(not left, f"left behind: {left}")
    must(not _temporary(folder), f"left as temporary: {_temporary(folder)}")
