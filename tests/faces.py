"""What the tests of both faces share: a database that was fetched once, and a Mixpanel behind it."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from mixpanel_nb.sandbox.store import Dataset

FIRST, LAST = "2025-01-01", "2025-01-14"
SECRET = 's3cr3t-Zq8!"$x'  # with characters that quoting could lose


@pytest.fixture(scope="session")
def built(store: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two weeks of events, and profiles."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch, SandboxServer(create_app(store)) as server:
        patch.setenv("MIXPANEL_NB_HOME", str(folder))
        patch.setenv("MP_API_BASE_URL", server.url)
        with Workspace.sandbox() as workspace:
            workspace.fetch_events(from_date=FIRST, to_date=LAST)
            workspace.fetch_profiles()
    return folder / "sandbox.db"


@pytest.fixture
def connected(mixpanel: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """The account in use is ``sandbox``, and Mixpanel is a server of this test."""
    monkeypatch.setenv("MP_ACCOUNT", "sandbox")
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    return mixpanel


@pytest.fixture
def database(built: Path, home: Path, connected: SandboxServer) -> Path:
    """The database of the account in use, filled."""
    home.mkdir(mode=0o700)
    return moved_to(connected.url, Path(shutil.copy(built, home / "sandbox.db")))


def moved_to(url: str, database: Path) -> Path:
    """The database, as if all its tables had been fetched from the server at ``url``."""
    con = _duckdb()
    con.execute(f"ATTACH '{database}' AS moved")
    for table in ("_metadata", "_ledger"):
        con.execute(f"UPDATE moved.{table} SET host = $host", {"host": url.removeprefix("http://")})
    con.execute("DETACH moved")
    return database


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    """One connection for all tests: to make one takes longer than what is asked of it."""
    return duckdb.connect()
