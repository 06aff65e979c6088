"""Whatever goes wrong is an error that names its cause; the old data stay, and the same call completes."""

from __future__ import annotations

import resource
import subprocess
import sys
import textwrap
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import (
    AccessDeniedError,
    AuthenticationError,
    ConnectionFailedError,
    IncompleteExportError,
    MixpanelDataError,
    ParameterError,
    PlanError,
    QueryError,
    RateLimitError,
    ServerError,
    StorageError,
    TableExistsError,
)
from mixpanel_nb.sandbox.faults import FaultRule, Faults

from .support import all_is_well_again, days_asked, deduplicated, table_rows

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import OpenWorkspace

    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.server import SandboxServer
    from mixpanel_nb.sandbox.store import Dataset
    from mixpanel_nb.services.existing import IfExists

FEBRUARY: dict[str, Any] = {"from_date": "2025-02-01", "to_date": "2025-02-28"}  # four chunks
THIRD_WEEK = {"from_date": "2025-02-15"}
PAST: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-05"}

FRESH: dict[str, Any] = {}
APPEND, REPLACE = {"if_exists": "append"}, {"if_exists": "replace"}
BAD_DAYS = [
    (FaultRule("cut", match=THIRD_WEEK, times=None, size=3000), IncompleteExportError, "connection broke"),
    (FaultRule("truncate_gzip", match=THIRD_WEEK, times=None), IncompleteExportError, "stream is cut"),
    (FaultRule("terminated_early", match=THIRD_WEEK, times=None), IncompleteExportError, "terminated early"),
    (FaultRule("broken_line", match=THIRD_WEEK, times=None), IncompleteExportError, "JSON"),
    (FaultRule("html", match=THIRD_WEEK, times=None), IncompleteExportError, "HTML page"),
    (FaultRule("status", match=THIRD_WEEK, times=None, status=503), ServerError, "503"),
]
REFUSALS = [
    (FaultRule("status", match=THIRD_WEEK, times=None, status=401), AuthenticationError, FRESH),
    (FaultRule("status", match=THIRD_WEEK, times=None, status=402), PlanError, REPLACE),
    (FaultRule("status", match=THIRD_WEEK, times=None, status=403), AccessDeniedError, APPEND),
    (FaultRule("status", match=THIRD_WEEK, times=None, status=400, body="bad where"), QueryError, FRESH),
    (FaultRule("rate_limited", match=THIRD_WEEK, times=None, retry_after=3600), RateLimitError, REPLACE),
    (FaultRule("rate_limited", match=THIRD_WEEK, times=None, retry_after=3600), RateLimitError, APPEND),
]


@pytest.fixture(scope="session")
def february(store: Dataset) -> dict[date, int]:
    """Events of each day, as a naive reading of the export has them."""
    events = deduplicated(store.export_lines("2025-02-01", "2025-02-28"))
    days = (datetime.fromtimestamp(event["properties"]["time"], UTC).date() for event in events)
    return dict(Counter(days))


def _prepare(ws: Workspace, way: dict[str, Any]) -> Any:
    """Fill the table first, if there is to be one; give what it holds."""
    if way:
        ws.fetch_events(**PAST, columns=["plan"])
    return table_rows(ws) if way else None


def _holds_what_it_held(ws: Workspace, way: dict[str, Any], before: Any) -> bool:
    if way == REPLACE:
        return bool(table_rows(ws) == before)
    if way == APPEND:
        return bool(before <= table_rows(ws))
    return True


@pytest.mark.parametrize("way", [APPEND, REPLACE], ids=["append", "replace"])
@pytest.mark.parametrize(("rule", "error", "cause"), BAD_DAYS, ids=[rule.kind for rule, *_ in BAD_DAYS])
def test_a_chunk_that_fails_is_named_and_the_same_call_asks_only_for_it(
    ws: Workspace,
    mixpanel: SandboxServer,
    faults: Faults,
    rule: FaultRule,
    error: type[MixpanelDataError],
    cause: str,
    way: dict[str, Any],
    february: dict[date, int],
) -> None:
    before = _prepare(ws, way)
    faults.add(rule)
    with pytest.raises(error, match=cause) as caught:
        ws.fetch_events(**FEBRUARY, **way, columns=["plan"])
    assert "2025-02-15 to 2025-02-21" in str(caught.value)
    assert "3 of 4 chunks are stored" in str(caught.value)
    assert caught.value.details["missing"] == ["2025-02-15 to 2025-02-21"]
    assert _holds_what_it_held(ws, way, before)
    if way != REPLACE:
        assert not ws.info().tables[0].complete

    all_is_well_again(mixpanel, faults)
    result = ws.fetch_events(**FEBRUARY, **way, columns=["plan"])
    assert days_asked(mixpanel.requests) == [("2025-02-15", "2025-02-21")]
    assert ws.info().tables[0].complete
    assert dict(result.per_day) == february


@pytest.mark.parametrize(
    "rule",
    [
        FaultRule("status", path_contains="export", times=None, status=503),
        FaultRule("truncate_gzip", path_contains="export", times=None),
    ],
    ids=lambda rule: rule.kind,
)
def test_where_no_chunk_comes_at_all_the_hours_quota_is_not_spent(
    ws: Workspace, mixpanel: SandboxServer, faults: Faults, rule: FaultRule
) -> None:
    faults.add(rule)
    with pytest.raises((ServerError, IncompleteExportError)) as caught:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-03-31", columns=["plan"], workers=2)
    assert "2025-01-01 to 2025-01-07 (and 12 more of 13 chunks) could not be fetched" in str(caught.value)
    assert "no more were asked for." in str(caught.value)
    assert len(caught.value.details["missing"]) == 13
    assert len({*days_asked(mixpanel.requests)}) <= 6  # four, and what the two workers had begun
    all_is_well_again(mixpanel, faults)
    assert ws.fetch_events(from_date="2025-01-01", to_date="2025-03-31", columns=["plan"]).rows > 0
    assert len(days_asked(mixpanel.requests)) == 13


@pytest.mark.parametrize(
    ("rule", "error", "way"),
    REFUSALS,
    ids=[f"{error.__name__}-{'-'.join(way)}" for _, error, way in REFUSALS],
)
def test_a_refusal_ends_the_fetch_at_once_and_what_came_is_kept(
    ws: Workspace,
    mixpanel: SandboxServer,
    faults: Faults,
    rule: FaultRule,
    error: type[MixpanelDataError],
    way: dict[str, Any],
    february: dict[date, int],
) -> None:
    before = _prepare(ws, way)
    mixpanel.requests.clear()
    faults.add(rule)
    started = time.monotonic()
    with pytest.raises(error):
        ws.fetch_events(**FEBRUARY, **way, columns=["plan"], workers=1)
    assert time.monotonic() - started < 5
    asked = days_asked(mixpanel.requests)
    assert asked == [("2025-02-01", "2025-02-07"), ("2025-02-08", "2025-02-14"), ("2025-02-15", "2025-02-21")]
    assert _holds_what_it_held(ws, way, before)

    all_is_well_again(mixpanel, faults)
    result = ws.fetch_events(**FEBRUARY, **way, columns=["plan"])
    assert sorted(days_asked(mixpanel.requests)) == [
        ("2025-02-15", "2025-02-21"),
        ("2025-02-22", "2025-02-28"),
    ]
    assert dict(result.per_day) == february


def test_an_hour_to_wait_is_an_error_that_says_until_when(ws: Workspace, faults: Faults) -> None:
    faults.add(FaultRule("rate_limited", times=None, retry_after=3600))
    with pytest.raises(RateLimitError) as caught:
        ws.fetch_events(**FEBRUARY)
    assert caught.value.retry_after == pytest.approx(3600, abs=5)
    later = datetime.now(UTC).astimezone() + timedelta(seconds=3600)
    assert f"{later:%H:}" in str(caught.value) or f"{later + timedelta(minutes=1):%H:}" in str(caught.value)
    assert not ws.tables()


def test_a_rate_limit_lets_the_downloads_that_run_end(
    ws: Workspace, mixpanel: SandboxServer, faults: Faults
) -> None:
    faults.add(FaultRule("rate_limited", match=THIRD_WEEK, times=None, retry_after=3600))
    faults.add(FaultRule("hang", match={"from_date": "2025-02-01"}, seconds=0.3))
    with pytest.raises(RateLimitError, match="chunks are stored"):
        ws.fetch_events(**FEBRUARY, columns=None, workers=3)
    assert ws.sql_scalar("SELECT min(event_time)::DATE FROM events") == date(2025, 2, 1)
    mixpanel.requests.clear()
    faults.clear()
    ws.fetch_events(**FEBRUARY, columns=None)
    assert ("2025-02-01", "2025-02-07") not in days_asked(mixpanel.requests)


def test_a_broken_line_that_was_an_accident_is_asked_for_once_more(
    ws: Workspace,
    mixpanel: SandboxServer,
    faults: Faults,
    february: dict[date, int],
) -> None:
    faults.add(FaultRule("broken_line", match=THIRD_WEEK))
    result = ws.fetch_events(**FEBRUARY, columns=["plan"])
    assert days_asked(mixpanel.requests).count(("2025-02-15", "2025-02-21")) == 2
    assert result.requests == 5
    assert dict(result.per_day) == february


def test_a_passing_failure_is_asked_again_and_nobody_notices(
    ws: Workspace, faults: Faults, february: dict[date, int]
) -> None:
    faults.add(FaultRule("status", status=500, times=2))
    faults.add(FaultRule("cut", size=2000))
    result = ws.fetch_events(**FEBRUARY, columns=["plan"])
    assert result.requests == 7
    assert dict(result.per_day) == february


def test_nobody_listening_is_a_connection_that_failed(open_workspace: OpenWorkspace) -> None:
    ws = open_workspace("http://127.0.0.1:9")
    with pytest.raises(ConnectionFailedError):
        ws.fetch_events(**FEBRUARY)
    assert not ws.tables()


MISTAKES: list[tuple[dict[str, Any], type[MixpanelDataError], str]] = [
    ({"from_date": "2025-02-30", "to_date": "2025-03-01"}, ParameterError, "from_date is '2025-02-30'"),
    ({"from_date": "2025-01-01", "to_date": "soon"}, ParameterError, "to_date is 'soon'"),
    ({"from_date": "2025-03-01", "to_date": "2025-02-01"}, ParameterError, "is after to_date"),
    ({"from_date": "1970-12-31", "to_date": "2025-02-01"}, ParameterError, "before 1971"),
    ({"from_date": "2025-01-01", "to_date": "2999-01-01"}, ParameterError, "in the future"),
    ({**FEBRUARY, "limit": 0}, ParameterError, "limit is 0"),
    ({**FEBRUARY, "limit": 100_001}, ParameterError, "limit is 100001"),
    ({**FEBRUARY, "if_exists": "overwrite"}, ParameterError, "Give one of fail, same, append, replace"),
    ({**FEBRUARY, "events": []}, ParameterError, "events is empty"),
    ({**FEBRUARY, "events": ["Purchase", ""]}, ParameterError, "empty name"),
    ({**FEBRUARY, "workers": 0}, ParameterError, "workers is 0"),
    ({**FEBRUARY, "name": "drop table"}, ParameterError, "cannot name a table"),
    ({**FEBRUARY, "name": "_ledger"}, ParameterError, "cannot name a table"),
    (FEBRUARY, TableExistsError, "from 2025-01-01 to 2025-01-05"),
    ({**FEBRUARY, "name": "people", "if_exists": "append"}, TableExistsError, "a table of profiles"),
    ({**FEBRUARY, "name": "mine", "if_exists": "append"}, TableExistsError, "not a fetched table"),
]


def test_what_cannot_be_right_is_refused_before_anything_is_asked(
    ws: Workspace, mixpanel: SandboxServer, tmp_path: Path
) -> None:
    ws.fetch_events(**PAST, columns=None)
    ws.fetch_profiles("people", columns=None)
    ws.sql("CREATE TABLE mine AS SELECT 1 AS one")
    before = {name: ws.sql_scalar(f"SELECT count(*) FROM {name}") for name in ("events", "people", "mine")}
    mixpanel.requests.clear()
    for arguments, error, cause in MISTAKES:
        with pytest.raises(error, match=cause):
            ws.fetch_events(**arguments)
        assert not mixpanel.requests, arguments
        assert not (tmp_path / ".data.db.fetch").exists()
    assert {name: ws.sql_scalar(f"SELECT count(*) FROM {name}") for name in before} == before


def test_today_where_it_is_tomorrow_already_is_for_mixpanel_to_judge(ws: Workspace) -> None:
    today = datetime.now(UTC).date()
    with pytest.raises((ParameterError, QueryError), match=r"future|later than today"):
        ws.fetch_events(from_date=today, to_date=today + timedelta(days=1))


def test_a_read_only_workspace_asks_for_nothing(
    mixpanel: SandboxServer, open_workspace: OpenWorkspace
) -> None:
    ws = open_workspace(mixpanel.url, read_only=True)
    with pytest.raises(StorageError, match="read-only"):
        ws.fetch_events(**FEBRUARY)
    assert not mixpanel.requests


@pytest.mark.parametrize("file", ["not a database", "a folder that cannot be made"])
def test_a_place_that_cannot_hold_a_database_is_told_before_anything_is_asked(
    mixpanel: SandboxServer, open_workspace: OpenWorkspace, tmp_path: Path, file: str
) -> None:
    (tmp_path / "text").write_text("This is not DuckDB's. " * 1000)
    path = tmp_path / "text" if file == "not a database" else tmp_path / "text" / "data.db"
    ws = open_workspace(mixpanel.url, path)
    with pytest.raises(StorageError, match=r"not a DuckDB database|cannot be"):
        ws.fetch_events(**FEBRUARY)
    assert not mixpanel.requests


FULL_DISK = """
    import resource, signal, sys
    from mixpanel_nb import Workspace
    from mixpanel_nb.errors import StorageError

    size = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    with Workspace("sandbox", path="data.db") as ws:
        try:
            ws.fetch_events(from_date="2025-02-01", to_date="2025-02-28", if_exists=sys.argv[2])
        except StorageError as error:
            sys.exit(f"refused: {error}")
"""


@pytest.mark.parametrize("way", ["append", "replace"])
@pytest.mark.parametrize("full", ["while downloading", "while storing"])
def test_a_disk_that_fills_loses_nothing(
    ws: Workspace,
    mixpanel: SandboxServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: IfExists,
    full: str,
    february: dict[date, int],
) -> None:
    ws.fetch_events(**PAST)
    before = table_rows(ws)
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    # A chunk is about 700 kB of JSON lines, the table that they make is smaller than the file it lies in.
    size = 100_000 if full == "while downloading" else (tmp_path / "data.db").stat().st_size
    script = textwrap.dedent(FULL_DISK)
    done = subprocess.run(
        [sys.executable, "-c", script, str(size), way],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stderr
    assert "refused" in done.stderr
    assert "File too large" in done.stderr or "full" in done.stderr
    assert table_rows(ws) == before
    assert ws.info().tables[0].complete

    result = ws.fetch_events(**FEBRUARY, if_exists=way)
    assert dict(result.per_day) == february


def test_the_limit_of_the_test_above_is_one_the_system_has() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
