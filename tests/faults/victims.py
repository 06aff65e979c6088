"""What is running when a signal comes: a process of its own, forked from one that has imported all."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import httpx
import typer.main

import mixpanel_nb.cli
import mixpanel_nb.services.fetch.fetcher
import mixpanel_nb.storage
import mixpanel_nb.workspace.reports

if TYPE_CHECKING:
    from collections.abc import Sequence

PRELOADED = (duckdb, httpx, typer.main, mixpanel_nb.cli, mixpanel_nb.services.fetch.fetcher)


def run_command(folder: str, told: str, words: Sequence[str], settings: dict[str, str]) -> None:
    """``mp`` with these words, in this folder; what it says goes to files in ``told``."""
    _ready(folder, told, settings)
    try:
        mixpanel_nb.cli.main(["--account", "sandbox", *words])
    except SystemExit as end:
        _finish(int(end.code or 0))


def _ready(folder: str, told: str, settings: dict[str, str]) -> None:
    os.chdir(folder)
    os.environ.update(settings)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(Path(told, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    Path(told, "ready").touch()


def _finish(code: int) -> None:
    """End as the interpreter does, which a forked child would not."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
