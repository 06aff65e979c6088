"""Kernels that are interrupted, restarted and killed in the middle of a cell."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import start_new_kernel
from services.support import table_rows

from faults import truth as known
from faults.kills import RANGE, Yard
from faults.record import must
from mixpanel_nb import Workspace

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

HEADING = "Process"
PATIENCE = 120
CELLS = {
    "replace": f"%mp_fetch {' '.join(RANGE)} --replace",
    "promote": "%mp_promote events utm_source revenue",
    "query": "%mp_sql SELECT count(*) FROM range(30000000000) WHERE range % 7 = 1",
}


@contextmanager
def kernel(where: Yard) -> Iterator[tuple[Any, Any, Path]]:
    """A kernel with the extension loaded, on a database of its own."""
    folder = where.fresh()
    temporary = {
        "MP_API_BASE_URL": where.server.url,
        "MIXPANEL_NB_HOME": str(folder / "home"),
        "MP_ACCOUNT": "sandbox",
    }
    manager, client = start_new_kernel(
        kernel_name="python3", env={**os.environ, **temporary}, cwd=str(folder)
    )
    try:
        _ok(client, LOAD)
        yield manager, client, folder
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


LOAD = "%load_ext mixpanel_nb\n%mp_connect --db data.db"


def disturbed(where: Yard, within: tuple[Any, Any, Path], cell: str, how: str, draw: random.Random) -> str:
    """Disturb the kernel while it runs a cell; nothing is half, and it, or its successor, goes on."""
    manager, client, folder = within
    client.execute(CELLS[cell], stop_on_error=False)
    time.sleep(draw.uniform(0.02, 0.9))
    sent = time.monotonic()
    match how:
        case "interrupt":
            manager.interrupt_kernel()
        case "restart":
            manager.restart_kernel(now=False)
        case "kill -9":
            manager.signal_kernel(9)
            manager.restart_kernel(now=True)
    if how != "interrupt":
        client.wait_for_ready(timeout=PATIENCE)
        _ok(client, LOAD)
    _ok(client, "n = %mp_sql SELECT count(*) AS n FROM events")
    must(how != "interrupt" or time.monotonic() - sent < 3, "it took long to go on")
    known.check_free(folder / "data.db")
    with Workspace.open(folder / "data.db") as ws:
        must(table_rows(ws) in (where.old, where.truth), "neither the old table nor the new one")
    return "went on"


def _ok(client: Any, code: str) -> None:
    reply = client.execute_interactive(code, timeout=PATIENCE, output_hook=lambda _: None)
    must(reply["content"]["status"] == "ok", f"a cell failed: {str(reply['content'].get('evalue'))[:120]}")
