"""Many programs on one database file and one quota, for as long as one likes."""

from __future__ import annotations

import io
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import start_new_kernel
from services.support import table_rows
from workspaces import workspace_on

import mixpanel_nb.services.fetch.batches as running
from faults import truth as known
from faults.kernels import LOAD
from faults.kills import FORKS
from faults.record import Record, must
from mixpanel_nb import Workspace
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.client.quota import QuotaLedger
from mixpanel_nb.errors import MixpanelDataError, RateLimitError, StorageError, TableNotFoundError
from mixpanel_nb.sandbox import quotas
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.faults import FaultRule, Faults
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_nb.sandbox.store import Dataset

HEADING = "Concurrency"
DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-04"}
AN_HOUR = 3600  # seconds
PIECE = 100  # rows that are inserted at a time


def read(ws: Workspace, number: int, draw: random.Random, seen: dict[str, Any]) -> str:
    """The fetched table is whole whenever it is looked at, and what grows grows by whole pieces."""
    rows = ws.sql_rows("SELECT count(*), count(DISTINCT insert_id), sum(hash(properties)) FROM shared").rows[
        0
    ]
    must(seen.setdefault("shared", rows) == rows, f"the table was {rows}, and {seen['shared']} before")
    grown = ws.sql_scalar("SELECT count(*) FROM grown")
    must(grown % PIECE == 0, f"{grown} rows: a piece was seen half")
    must(grown >= seen.get("grown", 0), "rows were lost")
    seen["grown"] = grown
    return "read"


def grow(ws: Workspace, number: int, draw: random.Random, seen: dict[str, Any]) -> str:
    """A hundred rows at once."""
    ws.sql(f"INSERT INTO grown SELECT {number} FROM range({PIECE})")
    return "inserted"


def replace(ws: Workspace, number: int, draw: random.Random, seen: dict[str, Any]) -> str:
    """The same days again, in place of the old ones; somebody else may be at it."""
    return _fetched(ws, "shared", "is fetching table", if_exists="replace")


def own(ws: Workspace, number: int, draw: random.Random, seen: dict[str, Any]) -> str:
    """A table of one's own, made, read and dropped."""
    table = f"own_{number}"
    ws.sql(f"CREATE TABLE {table} AS SELECT range AS n FROM range(1000)")
    must(ws.sql_scalar(f"SELECT sum(n) FROM {table}") == 499500, "a table of one's own is not right")
    ws.drop(table)
    return "made and dropped"


def drop_fetched(ws: Workspace, number: int, draw: random.Random, seen: dict[str, Any]) -> str:
    """Append to a table that others append to and drop: complete means complete."""
    if draw.random() >= 0.3:
        return _fetched(ws, "contested", "contested", if_exists="append")
    try:
        ws.drop("contested")
    except TableNotFoundError:
        return "dropped by another already, said so"
    return "dropped"


def _fetched(ws: Workspace, table: str, says: str, **way: Any) -> str:
    """Fetch; where another is at it, or the quota is used up, an error says so."""
    try:
        ws.fetch_events(table, **DAYS, **way, columns=["plan"])
    except StorageError as error:
        must(says in error.message, error.message)
        return "fetched or dropped by another, said so"
    except RateLimitError:
        time.sleep(0.2)
        return "the quota is used up, said so"
    return "fetched"


def terminal(ws: Workspace, number: int, draw: random.Random, seen: dict[str, Any]) -> str:
    """A command, as a program of its own."""
    words = draw.choice(
        [["tables"], ["info"], ["sql", "SELECT count(*) AS n FROM shared"], ["schema", "shared"]]
    )
    mp = [sys.executable, "-m", "mixpanel_nb", "--account", "sandbox", "--db", str(ws.storage.path), *words]
    done = subprocess.run(mp, capture_output=True, text=True, timeout=90, check=False)
    must((done.returncode, _said(done.stderr)) == (0, []), f"mp {words[0]}: {done.stderr[:150]}")
    return "answered"


READ = """%%mp_sql --output read
SELECT count(*) AS n, count(DISTINCT insert_id) AS ids, sum(hash(properties))::VARCHAR AS hashes FROM shared
"""
REPORT = "report = %mp_segmentation Purchase --on plan --from 2025-01-01 --to 2025-01-04 --table shared"
REMEMBER_NOTHING = "get_ipython().displayhook.do_full_cache = False"  # IPython warns at a thousand answers
CELLS = {
    "read": (READ, "read.values.tolist()"),
    "asked a report": (REPORT, "int(report.df['count'].sum())"),
    "listed": ("%mp_tables", "0"),
    "inserted": (f"%mp_sql INSERT INTO grown SELECT 99 FROM range({PIECE})", "0"),
}


def notebook(kernel: Any, draw: random.Random, seen: dict[str, Any]) -> str:
    """A cell in a kernel; what it gives is the same each time."""
    what = draw.choice(list(CELLS))
    cell, value = CELLS[what]
    said: list[str] = []

    def hear(message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "error" or content.get("name") == "stderr":
            said.append(content.get("text") or f"{content['ename']}: {content['evalue']}")

    reply = kernel.execute_interactive(
        cell, timeout=90, output_hook=hear, user_expressions={"value": value}, stop_on_error=False
    )["content"]
    must(reply["status"] == "ok" and not _said("".join(said)), f"a cell: {''.join(said)[:150]}")
    given = reply["user_expressions"]["value"].get("data", {}).get("text/plain")
    must(given is not None and seen.setdefault(what, given) == given, f"{what}: {given} after {seen[what]}")
    return what


def _said(text: str) -> list[str]:
    """What is told but that it waits for its turn, and that another program's fetch is not finished."""
    expected = re.compile(
        "waiting for data.db, held by |Note: The fetch of (shared|contested) is unfinished: "
    )
    return [line for line in text.splitlines() if not expected.match(line)]


ROLES: list[Callable[[Workspace, int, random.Random, dict[str, Any]], str]] = [
    *(read, read, grow, replace, drop_fetched, own, terminal, terminal)
]
KERNELS = 2  # and ten programs in all


def _program(folder: str, url: str, number: int, seconds: float, queue: Any) -> None:
    """One program that does the same again and again until time is up."""
    os.chdir(folder)
    os.environ.update(MP_API_BASE_URL=url, MP_ACCOUNT="sandbox", MIXPANEL_NB_HOME=str(Path(folder) / "home"))
    sys.stderr = io.StringIO()
    draw = random.Random(number)
    seen: dict[str, Any] = {}
    if number >= len(ROLES):
        manager, kernel = start_new_kernel(kernel_name="python3", cwd=folder)
        try:
            kernel.execute_interactive(f"{LOAD}\n{REMEMBER_NOTHING}", timeout=90, output_hook=lambda _: None)
            queue.put(_repeated("kernel", lambda: notebook(kernel, draw, seen), seconds))
        finally:
            kernel.stop_channels()
            manager.shutdown_kernel(now=True)
        return
    role = ROLES[number]
    ledger = QuotaLedger(Path(folder) / "quota.sqlite")
    client = MixpanelAPIClient(sandbox_credentials(), base_url=url, ledger=ledger, max_wait=1.5)
    with workspace_on(client, "data.db") as ws:
        queue.put(_repeated(role.__name__, lambda: role(ws, number, draw, seen), seconds))


def _repeated(name: str, act: Callable[[], str], seconds: float) -> tuple[Counter[str], Counter[str]]:
    """How often it ended in which way, and in which fault."""
    record = Record()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        record.attempt(HEADING, name, act)
    row = record.row(HEADING, name)
    return _named(name, row.outcomes), _named(name, row.faults)


def _named(name: str, counted: Counter[str]) -> Counter[str]:
    return Counter({f"{name}: {what}": count for what, count in counted.items()})


@contextmanager
def _refusals() -> Iterator[list[int]]:
    """The length of the window, in seconds, of each request that the sandbox refuses for its quota."""
    refused: list[int] = []
    refuse = quotas.rate_limited

    def telling(*args: Any, **details: Any) -> Any:
        refused.append(details["period"])
        return refuse(*args, **details)

    quotas.rate_limited = telling
    try:
        yield refused
    finally:
        quotas.rate_limited = refuse


def ten_programs(store: Dataset, folder: Path, seconds: float) -> Counter[str]:
    """Ten programs at once: nobody meets a lock, nobody is told anything wrong, the quota is kept."""
    os.environ["MIXPANEL_NB_HOME"] = str(folder / "home")
    with _refusals() as refused, SandboxServer(create_app(store, rate_limits=True)) as server:
        account = sandbox_credentials()
        ledger = QuotaLedger(folder / "quota.sqlite")
        with known.open_workspace(folder, server.url, account=account, timeout=30.0, ledger=ledger) as ws:
            ws.fetch_events("shared", **DAYS, columns=["plan"])
            before = table_rows(ws, "shared")
            ws.sql("CREATE TABLE grown (n INTEGER)")
        queue = FORKS.Queue()
        programs = [
            FORKS.Process(target=_program, args=(str(folder), server.url, number, seconds, queue))
            for number in range(len(ROLES) + KERNELS)
        ]
        for program in programs:
            program.start()
        told = [queue.get(timeout=seconds + 90) for _ in programs]
        for program in programs:
            program.join(30)
            must(program.exitcode == 0, f"a program ended with {program.exitcode}")
    outcomes = sum((outcomes for outcomes, _ in told), Counter[str]())
    faults = sum((faults for _, faults in told), Counter[str]())
    must(not faults, f"{faults.total()} of {outcomes.total() + faults.total()}: {faults.most_common(3)}")
    # Three a second may still be refused: requests do not arrive in the rhythm in which they were sent.
    by_the_hour = refused.count(AN_HOUR)
    must(not by_the_hour, f"the quota was overrun: {by_the_hour} requests were refused")
    with Workspace.open(folder / "data.db") as ws:
        must(table_rows(ws, "shared") == before, "the fetched table is not the truth")
        grown = PIECE * (outcomes["grow: inserted"] + outcomes["kernel: inserted"])
        must(ws.sql_scalar("SELECT count(*) FROM grown") == grown, "inserted rows are lost")
        tables = {table.name: table for table in ws.storage.list_tables()}
        if "contested" in tables and tables["contested"].complete:
            must(table_rows(ws, "contested") == before, "a contested table calls itself complete and is not")
    known.check_free(folder / "data.db")
    return outcomes


WAYS = ["drop", "SQL", "replaced in SQL"]


def dropped_meanwhile(store: Dataset, folder: Path, how: str) -> str:
    """A table that goes while it is being fetched: the fetch says so, or the table is whole."""
    truth = known.truth_of(store)
    account = sandbox_credentials()
    slowly = Faults(FaultRule("hang", path_contains="export", times=None, seconds=0.25))
    with SandboxServer(create_app(store, faults=slowly)) as server:
        ws = known.open_workspace(folder, server.url, account=account, timeout=30.0, export_timeout=30.0)
        with ws, Workspace("sandbox", path=folder / "data.db") as other:
            done: list[str] = []

            def interfere(_: object) -> None:
                if not done and len(ws.storage.chunks("events")) >= 2:
                    done.append(how)
                    if how == "drop":
                        other.drop("events")
                    elif how == "SQL":
                        other.sql("DROP TABLE events")
                    else:
                        other.sql("CREATE OR REPLACE TABLE events AS SELECT 1 AS mine")

            size, running.BATCH_ROWS = running.BATCH_ROWS, 1
            try:
                ws.fetch_events(**known.DAYS, columns=["plan"], workers=1, progress=interfere)
                outcome = "the table is true"
            except MixpanelDataError as error:
                outcome = "failed and said why"
                must("events" in error.message, f"an error that says too little: {error.message}")
            finally:
                running.BATCH_ROWS = size
            must(done, "nobody interfered")
            if how == "replaced in SQL":
                must(ws.sql_rows("FROM events").rows == [(1,)], "somebody's own table was touched")
                ws.drop("events")
            else:
                known.check_honest(ws, truth)
            ws.fetch_events(**known.DAYS, if_exists="append", columns=["plan"])
            must(known.holds_truth(ws, truth), "a rerun did not complete the table")
    return outcome
