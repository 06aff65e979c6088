"""A lake in an object store: an S3-compatible server on loopback."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.errors import MixpanelDataError

from .support import JANUARY, table_rows, wait_until
from .test_lake import FETCHER
from .test_local_reports import REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.sandbox.server import SandboxServer


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str, method: str = "GET") -> bool:
    try:
        urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=2)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
    return True


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3-compatible server."""
    port = _free_port()
    log = tmp_path_factory.mktemp("moto") / "log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as stream, subprocess.Popen(command, stdout=stream, stderr=stream) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: _answers(f"{url}/moto-api/"), 60)
            yield url
        finally:
            process.terminate()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of its own, whose server and keys are in the environment."""
    settings = {
        "AWS_ENDPOINT_URL": server,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    _answers(f"{server}/moto-api/reset", "POST")
    assert _answers(f"{server}/shop", "PUT")
    return "s3://shop"


def test_it_has_the_rows_and_reports_of_a_file(ws: Workspace, bucket: str) -> None:
    lake = f"{bucket}/lake"
    for to in (None, lake):
        ws.fetch_events(to=to, **JANUARY)
        ws.fetch_profiles(to=to)
    with Workspace.lake(lake) as found:
        assert [table.name for table in found.tables()] == ["events", "profiles"]
        assert table_rows(found) == table_rows(ws)
        for name in REPORTS:
            one, other = (REPORTS[name](workspace).df for workspace in (ws, found))
            assert one.equals(other), name
        again = ws.fetch_events(to=lake, **JANUARY)
        assert again.requests == 0
        assert [table.files for table in found.lake_tables()] == [31, 1]


def test_two_processes_at_once_on_overlapping_days(
    ws: Workspace, bucket: str, mixpanel: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    lake = f"{bucket}/together"
    spans = [("2025-01-01", "2025-01-20"), ("2025-01-10", "2025-01-31")]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(FETCHER), lake, *span],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
            text=True,
        )
        for span in spans
    ]
    assert [process.communicate(timeout=120)[1] for process in running] == ["", ""]
    ws.fetch_events(**JANUARY, columns=["plan"])
    with Workspace.lake(lake) as found:
        assert table_rows(found) == table_rows(ws)
        assert found.tables()[0].complete


def test_types_that_changed_are_compacted(ws: Workspace, bucket: str) -> None:
    lake = f"{bucket}/compacted"
    ws.fetch_events(to=lake, **JANUARY)
    with Workspace.lake(lake) as found:
        before = table_rows(found)
        assert found.compact().notes
        assert table_rows(found) == before


def test_a_bucket_that_is_not_there_is_told_in_one_line(ws: Workspace, bucket: str) -> None:
    del bucket
    with pytest.raises(MixpanelDataError) as told:
        ws.fetch_events(to="s3://nowhere/lake", **JANUARY)
    assert "\n" not in told.value.message
    with (
        pytest.raises(MixpanelDataError, match=r"no lake at|cannot be reached"),
        Workspace.lake("s3://nowhere") as lake,
    ):
        lake.tables()
