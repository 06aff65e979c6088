"""In real kernels: interrupts, failed cells, secrets, and a file shared by several programs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from faces import SECRET
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from mixpanel_nb.accounts import ConfigManager
from mixpanel_nb.sandbox.faults import FaultRule, Faults

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebook.conftest import Kernel

HEAVY = "%%mp_sql\nSELECT count(*) FROM range(30000000000) WHERE range % 7 = 1"
INTERRUPT_BUDGET = 0.3  # seconds
DAYS = "--from 2025-01-01 --to 2025-01-14"


def executed(*cells: str) -> Any:
    v4: Any = nbformat.v4  # typed in part
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    return notebook


@pytest.mark.usefixtures("database")
def test_an_interrupt_ends_a_query_at_once_and_leaves_the_workspace_usable(kernel: Kernel) -> None:
    kernel.ok("%mp_sql CREATE TEMP TABLE t AS SELECT 1 AS a")
    waits = []
    for _ in range(3):
        reply, seconds = kernel.interrupt(HEAVY, after=0.5)
        assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
        assert reply["traceback"] == ["\x1b[31mKeyboardInterrupt: stopped.\x1b[0m"]
        waits.append(seconds)
    assert min(waits) < INTERRUPT_BUDGET  # the best of three, for other programs run here too
    kernel.ok("n = %mp_sql SELECT (SELECT count(*) FROM events) > 0 AND (SELECT a FROM t) = 1 AS fine")
    assert kernel.value("n.rows") == "[(True,)]"


@pytest.mark.usefixtures("connected")
def test_an_interrupt_ends_a_fetch_and_the_same_line_goes_on(kernel: Kernel, faults: Faults) -> None:
    faults.add(FaultRule("hang", path_contains="export", seconds=60))
    reply, seconds = kernel.interrupt(f"%mp_fetch {DAYS}", after=2)
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    assert seconds < 3 * INTERRUPT_BUDGET
    kernel.ok(f"x = %mp_fetch {DAYS}")
    assert kernel.value("len(x.df)") == "14"


@pytest.mark.usefixtures("database")
def test_a_cell_with_an_error_fails_for_whoever_runs_the_notebook() -> None:
    with pytest.raises(CellExecutionError, match="There is no table 'nope'"):
        executed("%load_ext mixpanel_nb", "%mp_schema nope")


@pytest.mark.usefixtures("connected")
def test_a_saved_notebook_keeps_cards_and_no_trace_of_progress(faults: Faults) -> None:
    faults.add(FaultRule("hang", path_contains="export", seconds=1.5))
    notebook = executed("%load_ext mixpanel_nb", f"%mp_fetch {DAYS}")
    *progress, card = notebook.cells[1].outputs
    assert all(not output.data for output in progress)
    assert card.output_type == "execute_result"
    assert "events in events" in card.data["text/html"]
    assert "chunks" not in json.dumps(notebook)


def test_a_secret_is_asked_for_unseen_and_saved_only_in_the_configuration(kernel: Kernel) -> None:
    kernel.answer = SECRET
    kernel.ok("%mp_auth add shop --username me --project 1")
    assert ConfigManager().get("shop").secret.reveal() == SECRET
    seen = list(kernel.outputs)
    for cell in (
        "%mp_auth list",
        "%mp_auth show",
        "%mp_connect shop",
        "%mp_info",
        "%mp_auth show x --verbose",
    ):
        kernel.run(cell)
        seen += kernel.outputs
    assert len(seen) > 10
    assert "s3cr3t" not in str(seen)


def test_where_nothing_can_be_typed_the_terminal_is_named() -> None:
    with pytest.raises(CellExecutionError, match="in a terminal: python -m mixpanel_nb auth add NAME"):
        executed("%load_ext mixpanel_nb", "%mp_auth add shop --username me --project 1")


@pytest.mark.usefixtures("database")
def test_two_kernels_and_a_terminal_share_a_file_while_one_fetches(
    start_kernel: Callable[[], Kernel], database: Path, faults: Faults
) -> None:
    faults.add(FaultRule("slow", path_contains="export", times=8, size=20_000, seconds=0.05))
    fetching, asking = start_kernel(), start_kernel()
    done = fetching.start(
        f"for _ in range(6):\n    x = get_ipython().run_line_magic('mp_fetch', '{DAYS} --replace')"
    )
    asked = asking.start(
        "for n in range(25):\n"
        "    get_ipython().run_line_magic('mp_sql', 'SELECT count(*) FROM events')\n"
        "    get_ipython().run_line_magic('mp_sql', f'CREATE OR REPLACE TABLE mine AS SELECT {n} AS n')\n"
        "    get_ipython().run_line_magic('mp_tables', '')\n"
    )
    for _ in range(4):
        command = [sys.executable, "-m", "mixpanel_nb", "sql", "SELECT count(*) AS n FROM events"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert (answer.returncode, answer.stderr) == (0, "")
        assert json.loads(answer.stdout)[0]["n"] > 0
    assert asked()["status"] == "ok"
    assert done()["status"] == "ok"
    fetching.ok("n = %mp_sql SELECT n FROM mine")
    assert fetching.value("n.rows") == "[(24,)]"
