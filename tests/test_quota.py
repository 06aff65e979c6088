"""Sixty queries in an hour, for all processes of a home together: the next one is not even sent."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.errors import RateLimitError
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.sandbox.store import Dataset

ASK = """
from mixpanel_nb import Workspace
with Workspace("sandbox", path="other.db") as ws:
    for day in range(1, 31):
        ws.segmentation("Purchase", from_date=f"2025-01-{day:02}", to_date=f"2025-01-{day:02}")
"""


@pytest.mark.usefixtures("home")
def test_the_61st_query_of_two_processes_fails_with_the_time_and_is_not_sent(
    store: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: list[str] = []
    with SandboxServer(create_app(store, rate_limits=True, log=log.append)) as server:
        monkeypatch.setenv("MP_API_BASE_URL", server.url)
        with Workspace("sandbox", path=tmp_path / "data.db") as ws:
            other = subprocess.Popen([sys.executable, "-c", ASK], cwd=tmp_path)
            for day in range(1, 31):
                ws.segmentation("Sign Up", from_date=f"2025-01-{day:02}", to_date=f"2025-01-{day:02}")
            assert other.wait(180) == 0
            with pytest.raises(RateLimitError) as caught:
                ws.segmentation("Sign Up", from_date="2025-02-01", to_date="2025-02-01")
            assert caught.value.retry_after is not None
            assert 3_000 < caught.value.retry_after <= 3_600
            assert ":" in str(caught.value)  # the time at which it is worth trying again
            # A table has no quota.
            ws.sql("CREATE TABLE events (event_name VARCHAR, event_time TIMESTAMP, distinct_id VARCHAR)")
            assert ws.segmentation("Sign Up", from_date="2025-02-01", to_date="2025-02-01", table="events")
    assert len(log) == 60
    assert {line.rsplit(" ", 1)[1] for line in log} == {"200"}
