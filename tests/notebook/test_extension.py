"""``%load_ext``, ``%reload_ext`` and ``%unload_ext``."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

from mixpanel_nb.notebook.names import COMMANDS, CONNECT, EXPLORE, SQL

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from notebook.conftest import Shell

HEAVY = (
    "pandas",
    "numpy",
    "altair",
    "ipywidgets",
    "duckdb",
    "httpx",
    "typer",
    "rich",
    "vl_convert",
    "waitress",
)
LOAD = """
import sys, tempfile
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
before = set(sys.modules)
shell.run_line_magic("load_ext", "mixpanel_nb")
print(sorted(set(sys.modules) - before))
"""


def names(ip: InteractiveShell) -> set[str]:
    return {name for table in ip.magics_manager.magics.values() for name in table if name.startswith("mp")}


def test_loading_brings_no_heavy_module() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    assert "mixpanel_nb.notebook.magics" in done.stdout
    assert [name for name in HEAVY if f"'{name}'" in done.stdout] == []


def test_loading_registers_every_magic(shell: Shell) -> None:
    assert names(shell.ip) == {*COMMANDS, CONNECT, EXPLORE, SQL}
    assert SQL in shell.ip.magics_manager.magics["cell"]


def test_loading_touches_no_file(shell: Shell, home: object) -> None:
    from pathlib import Path

    assert not Path(str(home)).exists()


def traces(ip: InteractiveShell) -> list[set[str]]:
    """The names of all that an extension could leave in a shell."""
    manager: Any = ip.magics_manager
    magics = [{f"{kind} {name}" for name in table} for kind, table in manager.magics.items()]
    configurables = {type(configurable).__name__ for configurable in ip.configurables}
    return [*magics, set(manager.registry), configurables, set(ip.user_ns), set(ip.events.callbacks)]


def test_unloading_leaves_nothing_behind(ip: InteractiveShell) -> None:
    before = traces(ip)
    extensions: Any = ip.extension_manager
    for _ in range(2):
        extensions.load_extension("mixpanel_nb")
        assert traces(ip) != before
        extensions.unload_extension("mixpanel_nb")
        assert traces(ip) == before


def test_reloading_keeps_the_connection_and_the_settings(shell: Shell, database: object) -> None:
    shell.value("%mp_connect sandbox --memory")
    shell.value("%mp_sql CREATE TABLE mine AS SELECT 1 AS a")
    shell.value("%config MpMagics.max_rows = 2")
    rows = shell.value("%mp_sql SELECT 1 AS a")
    for _ in range(2):
        shell.run("%reload_ext mixpanel_nb")
        assert len([c for c in shell.ip.configurables if type(c).__name__ == "MpMagics"]) == 1
        assert list(rows) == [(1,)]
        assert shell.value("%mp_tables").names == ["mine"]
        assert "2 of 5 rows" in shell.value("%mp_sql SELECT * FROM range(5)").to_html()


def test_unloading_ends_the_connection(shell: Shell, database: object) -> None:
    shell.value("%mp_connect sandbox --memory")
    shell.value("%mp_sql CREATE TABLE mine AS SELECT 1 AS a")
    shell.run("%unload_ext mixpanel_nb")
    shell.run("%load_ext mixpanel_nb")
    assert "mine" not in shell.value("%mp_tables").names


def test_settings_are_set_with_config(shell: Shell) -> None:
    shell.value("%config MpMagics.max_rows = 2")
    shell.value("%mp_connect sandbox")
    assert "2 of 5 rows" in shell.value("%mp_sql SELECT * FROM range(5)").to_html()
    shell.run("%config MpMagics.max_rows = -1")
    assert "2 of 5 rows" in shell.value("%mp_sql SELECT * FROM range(5)").to_html()
    assert "traceback" in shell.run("%config MpMagics").out
