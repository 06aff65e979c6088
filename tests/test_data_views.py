"""Data views: the account's ``workspace_id`` in requests over HTTP, in links and in lists of accounts."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import ConfigManager, Credentials, Workspace
from mixpanel_nb.cli.program import run
from mixpanel_nb.errors import ConfigError
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import OpenWorkspace

    from mixpanel_nb.sandbox.store import Dataset

DAYS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-19"}
ENVIRONMENT = {"MP_USERNAME": "me.mp", "MP_SECRET": "s3cr3t", "MP_PROJECT_ID": "12345"}


@pytest.fixture
def logged(store: Dataset) -> Iterator[tuple[str, list[str]]]:
    """The address of a Mixpanel over HTTP, and the lines of its requests."""
    lines: list[str] = []
    with SandboxServer(create_app(store, log=lines.append)) as server:
        yield server.url, lines


def test_queries_name_the_data_view_and_exports_do_not(
    logged: tuple[str, list[str]], open_workspace: OpenWorkspace
) -> None:
    url, lines = logged
    ws = open_workspace(url, workspace_id=67890)
    typed = ws.insights("unique(Purchase)", **DAYS, live=True)
    plain = ws.segmentation("Purchase", **DAYS, live=True)
    ws.events()
    ws.fetch_profiles()
    assert all("workspace_id=67890" in line for line in lines)
    assert len(lines) >= 4
    for result in (typed, plain):
        assert result.request is not None
        assert result.request["params"]["workspace_id"] == "67890"
        assert "workspace_id=67890" in (result.query or "")
    again = eval(typed.question.query.python(), {"ws": ws})
    assert again.request == typed.request
    lines.clear()
    ws.fetch_events("events", **DAYS)
    ws.bookmarks()
    assert lines
    assert not any("workspace_id" in line for line in lines)


def test_without_one_no_request_names_a_data_view(
    logged: tuple[str, list[str]], open_workspace: OpenWorkspace
) -> None:
    url, lines = logged
    result = open_workspace(url).segmentation("Purchase", **DAYS, live=True)
    assert not any("workspace_id" in line for line in lines)
    assert result.request is not None
    assert "workspace_id" not in result.request["params"]


def test_a_link_leads_into_the_data_view(
    logged: tuple[str, list[str]], open_workspace: OpenWorkspace
) -> None:
    url, lines = logged
    ws = open_workspace(url, workspace_id="67890")
    link = ws.segmentation("Purchase", **DAYS, live=True).open_in_mixpanel()
    assert link.rpartition("#")[0] == f"{url}/project/1/view/67890/app/insights"
    assert lines[-1].startswith("POST /api/app/projects/1/bookmark-urls/?")
    assert "workspace_id" not in lines[-1]


def test_an_account_keeps_its_data_view(home: Path) -> None:
    accounts = ConfigManager()
    accounts.add("shop", Credentials("me.mp", "s3cr3t", "12345", workspace_id=67890))
    accounts.add("all", Credentials("me.mp", "s3cr3t", "12345"))
    stored = tomllib.loads((home / "config.toml").read_text())["accounts"]
    assert stored["shop"]["workspace_id"] == "67890"
    assert "workspace_id" not in stored["all"]
    assert {each.name: each.workspace_id for each in accounts.list_accounts()} == {
        "all": None,
        "shop": "67890",
    }
    assert accounts.resolve("shop").workspace_id == "67890"
    assert accounts.resolve("shop", project_id="12345").workspace_id == "67890"
    assert accounts.resolve("shop", project_id="999").workspace_id is None


def test_a_number_written_by_hand_is_one(home: Path) -> None:
    accounts = ConfigManager()
    accounts.add("shop", Credentials("me.mp", "s3cr3t", "12345"))
    file = home / "config.toml"
    file.write_text(file.read_text() + "workspace_id = 67890\n")
    assert accounts.get("shop").workspace_id == "67890"
    file.write_text(file.read_text().replace("67890", '"all"'))
    with pytest.raises(ConfigError, match="The workspace id must be a number, not 'all'"):
        accounts.get("shop")
    file.write_text(file.read_text().replace('"all"', "true"))
    with pytest.raises(ConfigError, match="wrong type for workspace_id"):
        accounts.get("shop")


def test_the_environment_names_the_data_view_of_its_own_project(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ENVIRONMENT, "MP_WORKSPACE_ID": "67890"}.items():
        monkeypatch.setenv(name, value)
    accounts = ConfigManager()
    assert accounts.resolve().workspace_id == "67890"
    assert accounts.resolve(project_id=12345).workspace_id == "67890"
    assert accounts.resolve(project_id=999).workspace_id is None
    monkeypatch.setenv("MP_WORKSPACE_ID", "all of it")
    with pytest.raises(ConfigError) as refused:
        Workspace()
    assert "The workspace id must be a number, not 'all of it'." in str(refused.value)
    assert "\n" not in str(refused.value)
    monkeypatch.setenv("MP_WORKSPACE_ID", "")
    assert accounts.resolve().workspace_id is None


@pytest.mark.parametrize("wrong", ["", "67890 ", "-1", "１２", "1.0", "x\n", "67890\n"])
def test_what_is_no_number_is_refused(wrong: str) -> None:
    with pytest.raises(ConfigError, match="workspace id must be a number") as refused:
        Credentials("me.mp", "s3cr3t", "12345", workspace_id=wrong)
    assert refused.value.details["parameter"] == "workspace_id"
    assert "\n" not in str(refused.value)


def test_a_data_view_is_a_parameter_of_a_workspace_and_of_a_command(
    logged: tuple[str, list[str]],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, lines = logged
    monkeypatch.setenv("MP_API_BASE_URL", url)
    ConfigManager().add("shop", Credentials("sandbox", "sandbox", "1", workspace_id=67890))
    with Workspace("shop", path=home / "a.db", workspace_id=777) as ws:
        ws.segmentation("Purchase", **DAYS, live=True)
    assert "workspace_id=777" in lines[-1]
    with pytest.raises(ConfigError, match="must be a number"):
        Workspace("shop", workspace_id="x")
    asked = ["segmentation", "Purchase", "--from", "2025-01-06", "--to", "2025-01-07", "--live", "-q"]
    for words, view in ((["--workspace-id", "778"], "778"), ([], "67890")):
        assert run(["--account", "shop", *asked, *words]) == 0
        assert f"workspace_id={view}" in lines[-1]
    assert run(["--account", "shop", "--workspace-id", "x", *asked]) == 3
    assert "must be a number" in capsys.readouterr().err


def test_reconcile_names_the_data_view_where_the_table_has_more(
    logged: tuple[str, list[str]], open_workspace: OpenWorkspace
) -> None:
    url, _ = logged
    for view, cause in ((67890, "data_view"), (None, "changed_events")):
        ws = open_workspace(url) if view is None else open_workspace(url, workspace_id=view)
        ws.fetch_events("events", **DAYS, if_exists="replace")
        ws.sql("""
            INSERT INTO events SELECT * REPLACE (concat(insert_id, 'x') AS insert_id)
            FROM events WHERE event_name = 'Purchase' LIMIT 20
        """)
        found = ws.reconcile("segmentation", "Purchase", **DAYS)
        assert {each.name for each in found.causes} == {cause}
        if view is not None:
            assert "data view 67890" in found.causes[0].evidence
