"""The sandbox without any setting, and ``mp demo``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command


def test_the_sandbox_needs_no_account_no_server_and_no_settings(mp: Command) -> None:
    events = json.loads(mp("--account", "sandbox", "events").out)
    assert {"event": "Purchase"} in events


@pytest.mark.usefixtures("connected")
def test_demo_fetches_asks_draws_says_what_to_type_next_and_can_be_repeated(
    mp: Command, tmp_path: Path
) -> None:
    done = mp("demo", "--output", str(tmp_path / "demo"))
    assert done.code == 0
    assert "Purchase" in done.out
    assert "typed columns" in done.err
    assert (tmp_path / "demo" / "events-per-day.png").read_bytes().startswith(b"\x89PNG")
    next_line = next(line for line in done.err.splitlines() if " sql " in line)
    database = next_line.split("--db ")[1].split(" sql ")[0]
    assert json.loads(mp("--db", database, "sql", "SELECT count(DISTINCT plan) AS plans FROM events").out)
    assert mp("demo", "--output", str(tmp_path / "demo"), "--quiet").err == ""
