"""Interrupts as a user sends them: in a real kernel, from the stop button to the cell's answer."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager

HEAVY = {
    "count": "SELECT count(*) FROM range(30000000000) AS r(i) WHERE i % 7 = 3",
    "cross join": "SELECT count(*) FROM events AS a, events AS b WHERE a.amount + b.amount = 123.45",
    "sort": "SELECT insert_id FROM events, range(40) ORDER BY md5(insert_id || range) OFFSET 30000000",
}
ROUNDS = 3
WORKING_SECONDS = 1.0
PATIENCE = 60


def interrupt(path: str, url: str, folder: str) -> dict[str, Any]:
    """The longest of some waits in seconds, from the interrupt to the reply, for each query and a fetch.

    Args:
        path: A database with fetched events.
        url: A server of exports.
        folder: For the database of the fetch.
    """
    from jupyter_client.manager import start_new_kernel

    from benchmarks.data import PERIOD

    account = {"MP_USERNAME": "user", "MP_SECRET": "secret", "MP_PROJECT_ID": "1", "MP_API_BASE_URL": url}
    home = {"MIXPANEL_NB_HOME": str(Path(folder) / "home")}
    manager, client = start_new_kernel(kernel_name="python3", env={**os.environ, **account, **home})
    waited = {}
    try:
        _done(client, "%load_ext mixpanel_nb")
        _done(client, f"%mp_connect --db {path}")
        for name, query in HEAVY.items():
            cell = f"%%mp_sql\n{query}"
            waited[name] = max(_interrupted(manager, client, cell) for _ in range(ROUNDS))
        database = Path(folder) / "interrupted.db"
        database.unlink(missing_ok=True)
        _done(client, f"%mp_connect --db {database}")
        cell = f"%mp_fetch --from {PERIOD.first} --to {PERIOD.last} --replace"
        waited["fetch"] = max(_interrupted(manager, client, cell) for _ in range(ROUNDS))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return waited


def _interrupted(manager: KernelManager, client: BlockingKernelClient, cell: str) -> float:
    """Seconds from the interrupt of a cell that is busy to its reply; the kernel answers again after it."""
    message = client.execute(cell, stop_on_error=False)
    time.sleep(WORKING_SECONDS)
    sent = time.perf_counter()
    manager.interrupt_kernel()
    reply = _reply(client, message)
    seconds = time.perf_counter() - sent
    assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt", reply
    _done(client, "%mp_sql SELECT 1 AS a")
    return seconds


def _done(client: BlockingKernelClient, cell: str) -> None:
    reply = _reply(client, client.execute(cell))
    assert reply["status"] == "ok", reply


def _reply(client: BlockingKernelClient, message: str) -> dict[str, Any]:
    while True:
        reply: dict[str, Any] = client.get_shell_msg(timeout=PATIENCE)
        if reply["parent_header"]["msg_id"] == message:
            return dict(reply["content"])
