"""Users without a home directory, and homes that cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command
    from mixpanel_nb.sandbox.server import SandboxServer

PATIENCE = 120
# The system knows nobody, as in a container that runs under any number.
NOBODY = """
import pwd, sys
def unknown(*_): raise KeyError("unknown")
pwd.getpwuid = pwd.getpwnam = unknown
from mixpanel_nb.cli.program import main
main(sys.argv[1:])
"""
DAYS = ("--from", "2025-01-01", "--to", "2025-01-02")


def as_nobody(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name not in {"HOME", "MIXPANEL_NB_HOME"}}
    return subprocess.run(
        [sys.executable, "-c", NOBODY, *words],
        env={**known, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_a_database_is_asked_without_a_home(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MP_ACCOUNT")
    done = as_nobody("--db", str(database), "sql", "SELECT 1 AS n", "--format", "csv")
    assert (done.stdout, done.returncode) == ("n\n1\n", 0)


def test_a_fetch_into_a_file_needs_no_home(mixpanel: SandboxServer, tmp_path: Path) -> None:
    account = {
        "MP_USERNAME": "sandbox",
        "MP_SECRET": "sandbox",
        "MP_PROJECT_ID": "1",
        "MP_API_BASE_URL": mixpanel.url,
    }
    done = as_nobody("--db", str(tmp_path / "data.db"), "fetch", "events", *DAYS, **account)
    assert done.returncode == 0, done.stderr
    with Workspace.open(tmp_path / "data.db") as workspace:
        assert workspace.tables().df["name"].tolist() == ["events"]


@pytest.mark.parametrize(
    ("words", "variables", "says"),
    [
        (("auth", "list"), {}, "The home directory of this user is not known"),
        (("--account", "sandbox", "events"), {}, "Set MIXPANEL_NB_HOME to a directory"),
        (("auth", "list"), {"MIXPANEL_NB_HOME": "~/x"}, "so there is no ~/x."),
        (("--db", "~/x.db", "--account", "sandbox", "tables"), {}, "so there is no ~/x.db."),
        (("--db", "~ann/x.db", "tables"), {"HOME": "/"}, "The home directory of the user 'ann' is not known"),
        (("sandbox", "dump", "--output", "~ann/x"), {"HOME": "/"}, "of the user 'ann' is not known"),
    ],
)
def test_a_home_that_is_needed_is_asked_for(
    words: tuple[str, ...], variables: dict[str, str], says: str
) -> None:
    done = as_nobody(*words, **variables)
    assert done.returncode != 0
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_home_that_cannot_be_written_is_not_needed_where_all_is_given(
    mp: Command, mixpanel: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    for name, value in (
        ("MIXPANEL_NB_HOME", str(tmp_path / "file" / "home")),  # nobody, not even root, can make it
        ("MP_USERNAME", "sandbox"),
        ("MP_SECRET", "sandbox"),
        ("MP_PROJECT_ID", "1"),
        ("MP_API_BASE_URL", mixpanel.url),
    ):
        monkeypatch.setenv(name, value)
    database = str(tmp_path / "data.db")
    assert mp("--db", database, "fetch", "events", *DAYS).code == 0
    assert mp("events").code == 0
    assert mp("--db", database, "sql", "SELECT count(*) FROM events").code == 0
