"""Rows of one project never get among those of another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from workspaces import workspace_on

from mixpanel_nb import Workspace
from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import MixpanelDataError, ServerError, StorageError, TableExistsError
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.faults import FaultRule
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from services.support import deduplicated, expected_rows, table_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.sandbox.faults import Faults

DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-12"}
OLD_LAYOUT = Path(__file__).parents[1] / "fixtures" / "without_source.sql"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "shop.db"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[SandboxServer]:
    """Another Mixpanel, with other data."""
    export, users = tmp_path / "other.jsonl", tmp_path / "people.jsonl"
    lines = [
        {
            "event": "Other",
            "properties": {"time": 1735700000 + n, "distinct_id": f"o{n}", "$insert_id": f"{n}"},
        }
        for n in range(5)
    ]
    export.write_text("".join(json.dumps(line) + "\n" for line in lines))
    users.write_text(json.dumps({"$distinct_id": "o1", "$properties": {"plan": "other"}}) + "\n")
    dataset = Dataset.from_files(export, users, tmp_path / "cache")
    with SandboxServer(create_app(dataset)) as server:
        yield server


def opened(database: Path, url: str, project: str = "1", **credentials: Any) -> Workspace:
    account = Credentials("sandbox", "sandbox", project, **credentials)
    client = MixpanelAPIClient(account, base_url=url, max_retries=0)
    return workspace_on(client, database)


def stopped(ws: Workspace, faults: Faults) -> None:
    """A fetch of which one chunk does not come."""
    faults.add(FaultRule("status", "/export", {"from_date": "2025-01-04"}, times=None))
    with pytest.raises(ServerError):
        ws.fetch_events(**DAYS)
    faults.clear()


def test_a_stopped_fetch_is_not_continued_with_another_projects_data(
    mixpanel: SandboxServer, faults: Faults, database: Path
) -> None:
    with opened(database, mixpanel.url, "1") as ws:
        stopped(ws, faults)
        before = table_rows(ws)
        assert before
    mixpanel.requests.clear()
    with opened(database, mixpanel.url, "2") as ws:
        for if_exists in ("fail", "same", "append"):
            with pytest.raises(TableExistsError) as caught:
                ws.fetch_events(**DAYS, if_exists=if_exists)
            host = mixpanel.url.removeprefix("http://")
            assert f"project 1 at {host}" in caught.value.message
            assert f"project 2 at {host}" in caught.value.message
            assert caught.value.hint
            assert 'if_exists="replace"' in caught.value.hint
        assert table_rows(ws) == before
        assert not mixpanel.requests


def test_what_waits_to_be_stored_is_used_for_its_own_project_alone(
    mixpanel: SandboxServer,
    elsewhere: SandboxServer,
    store: Dataset,
    database: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with opened(database, elsewhere.url) as ws:
        with monkeypatch.context() as patch:
            patch.setattr(ws.storage, "load_all", _full)
            with pytest.raises(StorageError, match="disk"):
                ws.fetch_events(**DAYS)
        assert not ws.storage.table_exists("events")
    waiting = list(database.parent.glob(".shop.db.fetch/events/*.receipt"))
    assert len(waiting) == 4
    host = elsewhere.url.removeprefix("http://")
    assert {json.loads(file.read_text())["source"] for file in waiting} == {f"project 1 at {host}"}
    with opened(database, mixpanel.url) as ws:
        result = ws.fetch_events(**DAYS)
        assert result.requests == 4
        assert table_rows(ws) == expected_rows(
            deduplicated(store.export_lines(DAYS["from_date"], DAYS["to_date"]))
        )


def _full(*_: Any) -> None:
    raise StorageError("The disk is full.")


def test_events_and_users_of_two_servers_do_not_mix(
    mixpanel: SandboxServer, elsewhere: SandboxServer, database: Path
) -> None:
    with opened(database, mixpanel.url) as ws:
        ws.fetch_events(**DAYS)
        ws.fetch_profiles()
        events, users = table_rows(ws), ws.sql_scalar("SELECT count(*) FROM profiles")
    with opened(database, elsewhere.url) as ws:
        with pytest.raises(TableExistsError, match="holds events of project 1 at"):
            ws.fetch_events(from_date="2025-01-13", to_date="2025-01-14", if_exists="append")
        with pytest.raises(TableExistsError, match="holds profiles of project 1 at"):
            ws.fetch_profiles(if_exists="append")
        assert not elsewhere.requests
        assert table_rows(ws) == events
        assert ws.sql_scalar("SELECT count(*) FROM profiles") == users
        ws.fetch_events("others", **DAYS)
        ws.fetch_events(**DAYS, if_exists="replace")
        assert ws.sql_scalar("SELECT count(*) FROM events") == 5
        source = f"project 1 at {elsewhere.url.removeprefix('http://')}"
        assert {table.name: table.source for table in ws.tables()}["events"] == source
        assert source in ws.tables()._repr_html_()


def test_a_stopped_replacement_is_not_continued_with_another_projects_data(
    mixpanel: SandboxServer, elsewhere: SandboxServer, faults: Faults, database: Path
) -> None:
    with opened(database, mixpanel.url) as ws:
        ws.fetch_events("events", from_date="2025-01-01", to_date="2025-01-02")
        faults.add(FaultRule("status", "/export", {"from_date": "2025-01-04"}, times=None))
        with pytest.raises(ServerError):
            ws.fetch_events(**DAYS, if_exists="replace")
    with opened(database, elsewhere.url) as ws:
        ws.fetch_events(**DAYS, if_exists="replace")
        assert ws.sql_rows("SELECT DISTINCT event_name FROM events").tuples() == [("Other",)]


def test_an_account_is_not_the_sandbox(
    mixpanel: SandboxServer, database: Path, monkeypatch: pytest.MonkeyPatch, store: Dataset
) -> None:
    monkeypatch.setattr(Dataset, "generated", lambda *_, **__: store)
    with Workspace.sandbox(database) as ws:
        ws.fetch_events(**DAYS)
        assert ws.tables()[0].source == "project 1 at sandbox.localhost"
    with (
        opened(database, mixpanel.url) as ws,
        pytest.raises(TableExistsError, match=r"sandbox\.localhost, and this fetch asks project 1 at 127"),
    ):
        ws.fetch_events(**DAYS, if_exists="append")


def test_every_ledger_entry_tells_its_project(mixpanel: SandboxServer, database: Path) -> None:
    with opened(database, mixpanel.url, "7") as ws:
        ws.fetch_events(**DAYS)
        sources = {str(chunk.source) for chunk in ws.storage.chunks("events")}
    assert sources == {f"project 7 at {mixpanel.url.removeprefix('http://')}"}


def test_times_that_were_read_in_another_way_are_not_added(mixpanel: SandboxServer, database: Path) -> None:
    with opened(database, mixpanel.url) as ws:
        ws.fetch_events(**DAYS)
    with (
        opened(database, mixpanel.url, timezone="Asia/Kolkata", legacy_time=True) as ws,
        pytest.raises(TableExistsError, match="read as UTC, and this fetch reads them as local times"),
    ):
        ws.fetch_events(from_date="2025-01-13", to_date="2025-01-14", if_exists="append")


def test_profiles_of_another_project_are_not_joined(
    mixpanel: SandboxServer, elsewhere: SandboxServer, database: Path
) -> None:
    with opened(database, elsewhere.url) as ws:
        ws.fetch_profiles()
    with (
        opened(database, mixpanel.url) as ws,
        pytest.raises(MixpanelDataError, match="needs a table of profiles"),
    ):
        ws.fetch_events(**DAYS)
        ws.segmentation("Purchase", **DAYS, on='user["plan"]', table="events")


def test_a_database_of_an_earlier_version_says_so_in_one_line(
    mixpanel: SandboxServer, database: Path
) -> None:
    with duckdb.connect(database) as con:
        con.execute(OLD_LAYOUT.read_text())
    with opened(database, mixpanel.url) as ws:
        for ask in (
            lambda: ws.fetch_events("more", **DAYS),
            lambda: ws.fetch_events(**DAYS, if_exists="append"),
            lambda: ws.fetch_events(**DAYS, if_exists="replace"),
            lambda: ws.fetch_profiles(),
            lambda: ws.tables(),
            lambda: ws.info(),
            lambda: ws.schema("events"),
            lambda: ws.segmentation("A", **DAYS, table="events"),
            lambda: ws.drop("events"),
        ):
            with pytest.raises(StorageError, match="made by an earlier version of mixpanel_nb"):
                ask()
        assert not mixpanel.requests
        assert ws.sql_scalar("SELECT count(*) FROM events") == 1
        assert ws.export("SELECT * FROM events", database.with_suffix(".csv")).rows == 1
