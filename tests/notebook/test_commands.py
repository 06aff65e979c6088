"""Commands as magics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mixpanel_nb.notebook.names import COMMANDS
from mixpanel_nb.results import (
    AccountList,
    FetchResult,
    NameList,
    SQLResult,
    SyncResult,
    TableList,
    WorkspaceInfo,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.sandbox.server import SandboxServer
    from notebook.conftest import Shell

DAYS = "--from 2025-01-01 --to 2025-01-03"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("%mp_info", "WorkspaceInfo"),
        ("%mp_tables", "TableList"),
        ("%mp_schema events", "TableSchema"),
        ("%mp_sample events -n 2", "SQLResult"),
        ("%mp_summarize profiles", "SummaryResult"),
        ("%mp_events", "NameList"),
        ("%mp_properties Purchase", "NameList"),
        ("%mp_values Purchase plan", "NameList"),
        ("%mp_auth list", "AccountList"),
        ("%mp_auth show", "AccountList"),
        ("%mp_sql SELECT 1", "SQLResult"),
    ],
)
def test_a_magic_gives_its_result_and_a_card(shell: Shell, line: str, kind: str) -> None:
    shown = shell.run(line)
    assert type(shown.value).__name__ == kind
    assert shown.value._repr_html_().startswith("<div")
    assert shell.run(f"x = {line}").out == ""
    assert type(shell.names["x"]).__name__ == kind


@pytest.mark.usefixtures("connected")
def test_a_lake_is_filled_and_connected(shell: Shell, tmp_path: Path) -> None:
    fetched = shell.value(f"%mp_fetch {DAYS} --to {tmp_path}/shop")
    connected = shell.value(f"%mp_connect lake://{tmp_path}/shop")
    assert [(table.name, table.row_count) for table in connected.tables] == [("events", fetched.rows)]
    counted = shell.value("%mp_segmentation Purchase --during 2025-01")
    assert counted.sql is not None
    assert shell.value("%mp_lake info").tables[0].rows == fetched.rows


@pytest.mark.usefixtures("connected")
def test_fetch_means_events_unless_it_says_profiles(shell: Shell) -> None:
    fetched = shell.value(f"%mp_fetch {DAYS}")
    assert isinstance(fetched, FetchResult)
    assert (fetched.table, fetched.type) == ("events", "events")
    assert shell.value(f"%mp_fetch events again {DAYS}").table == "again"
    assert shell.value(f"%mp_fetch visits {DAYS}").table == "visits"
    assert shell.value("%mp_fetch profiles people").type == "profiles"
    assert shell.value("%mp_tables").names == ["again", "events", "people", "visits"]


@pytest.mark.usefixtures("connected")
def test_a_sync_gives_what_each_day_brought(shell: Shell) -> None:
    shell.value(f"%mp_fetch {DAYS} --columns 0")
    synced = shell.value("%mp_sync events --days 1 --to 2025-01-01")
    assert isinstance(synced, SyncResult)
    assert len(synced.days) == 1
    assert not synced.days[0].differs


@pytest.mark.usefixtures("connected")
def test_promote_and_drop_say_what_they_did(shell: Shell) -> None:
    shell.value(f"%mp_fetch {DAYS} --columns 0")
    assert shell.run("%mp_promote events plan").out == "New columns in events: plan.\n"
    assert re.fullmatch(r"Sorted 2025-01-0. to 2025-01-0.: [\d,]+ events.\n", shell.run("%mp_optimize").out)
    assert shell.run("%mp_optimize events").out == "Nothing to do: all events are sorted.\n"
    assert shell.run("%mp_drop events").out == "Dropped events.\n"


@pytest.mark.parametrize("name", [*COMMANDS, "mp_connect", "mp_sql"])
def test_a_question_mark_shows_the_help_of_the_command(shell: Shell, name: str) -> None:
    shown = shell.run(f"%{name}?").out
    assert f"%{name} [OPTIONS]" in shown
    assert "--help" in shown
    help_text = shell.run(f"%{name} --help").out
    assert help_text.strip() in shown.replace("\r", "")
    assert "mp auth" not in shown


def test_the_help_of_fetch_is_that_of_events_and_names_profiles(shell: Shell) -> None:
    shown = shell.run("%mp_fetch?").out
    assert "--from DAY" in shown
    assert "%mp_fetch profiles" in shown
    assert "--cohort ID" in shell.run("%mp_fetch profiles --help").out


def test_a_group_alone_shows_what_it_holds(shell: Shell) -> None:
    ran = shell.run("%mp_auth")
    assert ran.error is None
    assert "list    List the configured accounts." in ran.out


def test_connect_to_the_sandbox(shell: Shell, connected: SandboxServer) -> None:
    info = shell.value("%mp_connect sandbox")
    assert isinstance(info, WorkspaceInfo)
    assert info.account == "sandbox"
    assert isinstance(shell.value("%mp_tables"), TableList)


def test_connect_to_an_account(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "secret")
    said = shell.run("%mp_auth add shop --username me --project 5").out
    assert said == "Added account shop. Try it: %mp_auth test shop\n"
    assert shell.value("%mp_connect shop").project_id == "5"
    assert shell.value("%mp_connect shop --project 6").project_id == "6"
    assert isinstance(shell.value("%mp_auth show"), AccountList)
    assert shell.value("%mp_auth show")[0].name == "shop"


def test_connect_to_a_file_without_an_account(
    shell: Shell, database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("MP_ACCOUNT")
    copy = database.rename(tmp_path / "my data.db")
    shell.value(f"%mp_connect --db '{copy}' --read-only")
    assert shell.value("%mp_tables").names == ["events", "profiles"]
    assert shell.failure("%mp_drop events")[0] == "StorageError: This workspace was opened read-only."
    refused = shell.failure("%mp_events")
    assert "%mp_connect NAME" in refused[1]


def test_connect_with_settings_alone_keeps_the_workspace(shell: Shell, database: Path) -> None:
    shell.value("%mp_connect sandbox --memory")
    shell.value("%mp_fetch visits --from 2025-01-05 --to 2025-01-06")
    shell.value("%mp_fetch others --from 2025-01-06 --to 2025-01-06")
    assert shell.value("%mp_connect --table visits").account == "sandbox"
    assert shell.value("%mp_segmentation Purchase").df["date"].astype(str).tolist() == [
        "2025-01-05",
        "2025-01-06",
    ]
    info = shell.value("%mp_connect --timezone Asia/Tokyo --week-start sunday")
    assert (info.account, info.timezone, info.path) == ("sandbox", "Asia/Tokyo", None)
    weeks = shell.value("%mp_segmentation Purchase --unit week --from 2025-01-05 --to 2025-01-06")
    assert weeks.df["date"].astype(str).tolist() == ["2025-01-05"]
    assert "days are those of Asia/Tokyo" in " ".join(weeks.notes) or "Asia/Tokyo" in str(weeks.to_dict())
    assert shell.failure("%mp_connect --week-start someday")[0].startswith("ConfigError: ")
    assert shell.value("%mp_tables").names == ["others", "visits"]


def test_connect_with_a_week_start_alone_is_mixpanels_too(shell: Shell, database: Path) -> None:
    shell.value("%mp_connect sandbox")
    asked = "%mp_segmentation Purchase --unit week --from 2025-01-05 --to 2025-01-06"
    assert shell.value(asked).df["date"].astype(str).tolist() == ["2024-12-30", "2025-01-06"]
    shell.value("%mp_connect --week-start sunday")
    assert shell.value(asked).df["date"].astype(str).tolist() == ["2025-01-05"]


def test_connect_in_memory_leaves_no_file(shell: Shell, connected: SandboxServer, home: Path) -> None:
    shell.value("%mp_connect sandbox --memory")
    shell.value(f"%mp_fetch {DAYS}")
    assert shell.value("%mp_sql SELECT count(*) > 0 AS some FROM events").rows == [(True,)]
    assert list(home.glob("*.db")) in ([], [home / "quota.db"])
    assert shell.failure("%mp_connect sandbox --memory --db x.db")[0].startswith("ParameterError: ")


def test_a_dollar_is_part_of_a_name_and_not_a_variable(shell: Shell, connected: SandboxServer) -> None:
    shell.names["os"] = "spliced"
    found = shell.value("%mp_values Purchase $os")
    assert isinstance(found, NameList)
    assert found.of == "$os"


def test_braces_are_filled_in(shell: Shell, connected: SandboxServer) -> None:
    shell.names["first"], shell.names["event"] = "2025-01-02", "Sign Up"
    fetched = shell.value("%mp_fetch --from {first} --to {first} --event '{event}'")
    assert fetched.date_range == ("2025-01-02", "2025-01-02")
    lines = shell.failure("%mp_fetch --from {frist} --to {first}")
    assert "frist" in lines[0]
    assert "{{" in lines[1]


def test_a_line_uses_the_default_account_without_connect(shell: Shell, connected: SandboxServer) -> None:
    assert "Purchase" in shell.value("%mp_events")


def test_sql_result_reaches_python(shell: Shell, database: Path) -> None:
    rows: Any = shell.value("%mp_sql SELECT event_name, count(*) AS n FROM events GROUP BY ALL")
    assert isinstance(rows, SQLResult)
    assert list(rows.df.columns) == ["event_name", "n"]
    assert rows.df["n"].sum() == shell.value("%mp_tables")[0].row_count


@pytest.mark.usefixtures("database")
def test_a_semicolon_silences_a_command(shell: Shell) -> None:
    assert shell.run("%mp_tables ;").out == ""
    assert shell.run("%mp_schema events;").out == ""


@pytest.mark.usefixtures("connected")
def test_a_line_is_not_read_as_python(shell: Shell) -> None:
    for value in ("(", "[1,", "it(s"):
        assert shell.value(f"%mp_values Purchase {value}") == []


@pytest.mark.usefixtures("database")
def test_a_semicolon_ends_a_query(shell: Shell) -> None:
    assert shell.value("%mp_sql SELECT 1 AS a;").rows == [(1,)]
    assert shell.value("%%mp_sql\nSELECT 1 AS a;").rows == [(1,)]


@pytest.mark.usefixtures("database")
def test_an_export_shows_a_card_and_gives_a_result(shell: Shell, tmp_path: Path) -> None:
    done = shell.value(f"%mp_export profiles {tmp_path / 'people.csv'}")
    assert "rows in people.csv" in done.to_html()
    assert len(pd.read_csv(tmp_path / "people.csv")) == done.rows > 0
    headline, hint = shell.failure(f"%mp_export profiles {tmp_path / 'people.csv'}")
    assert "There is a file" in headline
    assert hint.endswith("replace it with --replace.")
    assert "name a file" in shell.failure("%mp_export profiles - --format csv")[0]
