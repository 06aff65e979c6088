"""A small Mixpanel whose data are known, and what must hold of a workspace that has asked it."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from services.support import deduplicated, expected_rows, table_rows
from workspaces import workspace_on

from faults.record import must
from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.storage import StorageEngine

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Collection
    from pathlib import Path

    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.store import Dataset

FIRST, LAST = "2025-01-01", "2025-01-12"
DAYS: dict[str, Any] = {"from_date": FIRST, "to_date": LAST}  # four chunks
CHUNKS = 4
EVENTS = 1_500  # of 90 days
SECRET = 's3cr3t-Zq8!"$x'  # with characters that quoting could lose
ACCOUNT = Credentials("reader", SECRET, "1")
SILENCE = 2.0  # seconds that a client of these trials waits for the next byte
RETRIES = 2


def truth_of(store: Dataset) -> Counter[str]:
    """The rows that a table of these days holds, by a naive reading of the export."""
    return expected_rows(deduplicated(store.export_lines(FIRST, LAST)))


def open_workspace(folder: Path, url: str, *, account: Credentials = ACCOUNT, **client: Any) -> Workspace:
    """A workspace on ``data.db`` in ``folder``, whose client is impatient."""
    settings = {
        "max_retries": RETRIES,
        "backoff": 0.01,
        "max_wait": 2.0,
        "timeout": SILENCE,
        "export_timeout": SILENCE,
    }
    asker = MixpanelAPIClient(account, base_url=url, **{**settings, **client})
    return workspace_on(asker, folder / "data.db")


def holds_truth(ws: Workspace, truth: Counter[str], table: str = "events") -> bool:
    """Whether the table holds what it should, and its typed columns agree with its JSON."""
    return table_rows(ws, table) == truth


def check_honest(ws: Workspace, truth: Counter[str], table: str = "events") -> None:
    """What must hold at any time: a table is complete and right, or says that it is not complete."""
    known = {entry.name: entry for entry in ws.storage.list_tables()}
    if table not in known:
        return
    rows = table_rows(ws, table)
    if known[table].complete:
        must(rows == truth, "a table that calls itself complete does not hold the truth")
    else:
        must(rows <= truth, "a table holds rows that are not true")


def check_free(path: Path) -> None:
    """Nobody holds the database: another program gets it at once."""
    if not path.exists():
        return
    with StorageEngine(path, max_wait=1.0) as other:
        other.execute_rows("CREATE TABLE held_by_nobody (a INTEGER)")
        other.execute_rows("DROP TABLE held_by_nobody")


def check_tidy(folder: Path) -> None:
    """After a fetch that went well nothing is left beside the database but what belongs there."""
    belongs = {"data.db", "data.db.wal", "home"}
    left = sorted(file.name for file in folder.iterdir() if file.name not in belongs)
    must(not left, f"left behind: {', '.join(left)}")


def check_quiet(before: Collection[threading.Thread] = (), seconds: float = 3.0) -> None:
    """No thread of the package goes on working but those that were there before."""
    end = time.monotonic() + seconds
    while working := [
        thread.name
        for thread in threading.enumerate()
        if thread.name.startswith("mixpanel_nb") and thread not in before
    ]:
        must(time.monotonic() < end, f"threads go on: {', '.join(working)}")
        time.sleep(0.02)
