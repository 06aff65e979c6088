"""The time zone of a report: the same in every place where the same file is opened, and never silent."""

# ruff: noqa: F811 - fixtures of other folders are imported, and named as parameters

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from cli.conftest import mp  # noqa: F401 - a fixture
from notebook.conftest import ip, shell  # noqa: F401 - fixtures
from services.support import deduplicated

from mixpanel_nb import Workspace
from mixpanel_nb.accounts import ConfigManager, Credentials
from mixpanel_nb.errors import ConfigError, ParameterError
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Command
    from notebook.conftest import Shell

FIXTURES = Path(__file__).parent / "fixtures"
PACIFIC = "America/Los_Angeles"
EVENT = "View Product"
FETCHED: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-08"}
HERE = "All 8 days are here; nothing was asked."
ASKED: dict[str, Any] = {"from_date": "2025-01-02", "to_date": "2025-01-06"}
OPTIONS = ("--from", "2025-01-02", "--to", "2025-01-06", "--table", "events")
FETCH = ("fetch", "events", "--from", "2025-01-01", "--to", "2025-01-08")


@pytest.fixture
def account(mixpanel: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """The default account is one of a project in Los Angeles."""
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    ConfigManager().add("shop", Credentials("sandbox", "sandbox", "1", timezone=PACIFIC))
    return mixpanel


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "x.db"


def counted(store: Dataset, zone: str) -> list[int]:
    """Events a day of a zone, by a loop over the export."""
    moments = [
        event["properties"]["time"]
        for event in deduplicated(store.export_lines("2025-01-01", "2025-01-08"))
        if event["event"] == EVENT
    ]
    days = Counter(
        datetime.fromtimestamp(time / 1000 if time > 1e11 else time, UTC).astimezone(ZoneInfo(zone)).date()
        for time in moments
    )
    return [days[date(2025, 1, number)] for number in range(2, 7)]


def asked(workspace: Workspace) -> list[int]:
    with workspace as ws:
        return [row[-2] for row in ws.segmentation(EVENT, **ASKED, table="events").tuples()]


def test_the_same_file_gives_the_same_numbers_wherever_it_is_opened(
    account: SandboxServer,
    database: Path,
    store: Dataset,
    mp: Command,
    shell: Shell,
) -> None:
    right = counted(store, PACIFIC)
    assert right != counted(store, "UTC")
    db = ("--db", str(database))
    assert mp(*db, *FETCH).code == 0

    def in_terminal() -> list[int]:
        done = mp(*db, "segmentation", EVENT, *OPTIONS, "--format", "json")
        assert done.code == 0, done.err
        return [row["count"] for row in json.loads(done.out)]

    def in_notebook() -> list[int]:
        shell.value(f"%mp_connect --db {database}")
        report = shell.value(f"x = %mp_segmentation '{EVENT}' {' '.join(OPTIONS)}\nx")
        return [row[-2] for row in report.tuples()]

    ways: list[Callable[[], list[int]]] = [
        in_terminal,
        in_notebook,
        lambda: asked(Workspace.open(database)),
        lambda: asked(Workspace.open(database, read_only=True)),
        lambda: asked(Workspace(path=database)),
        lambda: asked(Workspace("shop", path=database)),
    ]
    assert [way() for way in ways] == [right] * len(ways)

    # Where the account is not known, the table remembers.
    ConfigManager().remove("shop")
    ways[-1] = lambda: asked(Workspace.sandbox(database))
    assert [way() for way in ways] == [right] * len(ways)


def test_a_fetch_can_be_repeated_after_the_kernel_was_restarted(
    account: SandboxServer,
    database: Path,
    shell: Shell,
) -> None:
    fetch = "%mp_fetch --from 2025-01-01 --to 2025-01-08 --append"
    shell.value(f"%mp_connect --db {database}")
    first = shell.value(fetch)
    shell.run("%unload_ext mixpanel_nb")
    shell.run("%load_ext mixpanel_nb")
    info = shell.value(f"%mp_connect --db {database}")
    assert (info.account, info.timezone) == ("shop", PACIFIC)
    again = shell.value(fetch)
    assert (again.rows, again.new_rows, again.requests) == (first.rows, 0, 0)


def test_the_zone_of_a_report_is_on_its_card_where_it_is_not_utc(
    account: SandboxServer,
    database: Path,
    mp: Command,
) -> None:
    with Workspace(path=database) as ws:
        ws.fetch_events(**FETCHED)
        report = ws.segmentation(EVENT, **ASKED, table="events")
        assert report.timezone == PACIFIC
        assert f"Days are those of {PACIFIC}." in report._repr_html_()
        assert f"Days are those of {PACIFIC}." in ws.segmentation(EVENT, **ASKED)._repr_html_()
        assert ws.tables()[0].timezone == PACIFIC
    done = mp("--db", str(database), "funnel", "--step", EVENT, "--step", "Purchase", *OPTIONS)
    assert f"Note: Days are those of {PACIFIC}." in done.err


def test_nothing_is_said_of_utc(mixpanel: SandboxServer, ws: Workspace) -> None:
    ws.fetch_events(**FETCHED)
    for asked in ({"table": "events"}, {"live": True}):
        report = ws.segmentation(EVENT, **ASKED, **asked)
        assert report.timezone == "UTC"
        assert not report.notes


def test_another_zone_than_the_tables_is_remarked_on(
    account: SandboxServer, database: Path, store: Dataset
) -> None:
    with Workspace(path=database) as ws:
        ws.fetch_events(**FETCHED)
    with Workspace.open(database, timezone="UTC") as ws:
        report = ws.segmentation(EVENT, **ASKED, table="events")
        assert [row[-2] for row in report.tuples()] == counted(store, "UTC")
        assert report.notes == (f"Days are those of UTC; events was fetched with {PACIFIC}.",)
        assert report.notes[0] in report._repr_html_()
    ConfigManager().remove("shop")
    ConfigManager().add("shop", Credentials("sandbox", "sandbox", "1", timezone="Europe/Berlin"))
    with Workspace(path=database) as ws:
        report = ws.segmentation(EVENT, **ASKED, table="events")
        assert [row[-2] for row in report.tuples()] == counted(store, PACIFIC)
        assert report.notes == (
            f"Days are those of {PACIFIC}, with which events was fetched; the account says Europe/Berlin.",
        )
        # What is appended changes the zone only if one is named.
        assert ws.fetch_events(**FETCHED, if_exists="append").notes == (HERE,)
        assert ws.tables()[0].timezone == PACIFIC
    with Workspace(path=database, timezone="Europe/Berlin") as ws:
        note, _ = ws.fetch_events(**FETCHED, if_exists="append").notes
        assert note == f"Reports on events count days in Europe/Berlin from now on, and not in {PACIFIC}."
        assert ws.tables()[0].timezone == "Europe/Berlin"
    assert asked(Workspace.open(database)) == counted(store, "Europe/Berlin")


def test_a_zone_is_not_ignored_by_live_reports(account: SandboxServer, mp: Command) -> None:
    days = OPTIONS[:4]
    reports = [
        ("segmentation", EVENT, *days),
        ("segmentation-sum", "Purchase", *days, "--on", "amount"),
        ("event-counts", EVENT, *days),
        ("property-counts", EVENT, "plan", *days),
        ("funnel", "1", *days),
        ("retention", "--born", "Sign Up", *days),
        ("frequency", *days),
        ("activity-feed", "ann", *days),
        ("top-events",),
        ("saved-report", "1"),
    ]
    for words in reports:
        done = mp("--timezone", "Europe/Berlin", *words)
        assert done.code == 3, (words, done.err)
        assert "Europe/Berlin applies to tables only" in done.err
        assert PACIFIC in done.err
        assert len(done.err.splitlines()) == 2
    assert not account.requests
    assert mp("--timezone", PACIFIC, "segmentation", EVENT, *days).code == 0
    with (
        Workspace.sandbox(timezone="Europe/Berlin") as ws,
        pytest.raises(ParameterError, match="tables only"),
    ):
        ws.segmentation(EVENT, **ASKED)


def test_without_an_account_the_reason_is_told(
    account: SandboxServer,
    database: Path,
    mp: Command,
) -> None:
    assert mp("--db", str(database), *FETCH).code == 0
    ConfigManager().remove("shop")
    with (
        Workspace.open(database) as ws,
        pytest.raises(ConfigError, match="No Mixpanel account is configured"),
    ):
        ws.events()
    with pytest.raises(ConfigError, match="Nor is there a database file"):
        Workspace(path=database.with_name("none.db"))
    done = mp("--db", str(database), *FETCH, "--append")
    assert done.code == 2
    assert "without an account" in done.err


def test_days_of_a_project_made_before_2023_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = Dataset.from_files(FIXTURES / "legacy_kolkata.jsonl", None, tmp_path / "cache")
    day: dict[str, Any] = {"from_date": "2022-03-11", "to_date": "2022-03-11"}
    account = Credentials("sandbox", "sandbox", "1", timezone="Asia/Kolkata", legacy_time=True)
    with SandboxServer(create_app(dataset)) as server:
        monkeypatch.setenv("MP_API_BASE_URL", server.url)
        ConfigManager().add("old", account)
        with Workspace("old", path=tmp_path / "k.db") as ws:
            fetched = ws.fetch_events(**day)
            assert fetched.tuples() == [(date(2022, 3, 11), 24)]
            # Half past midnight in Kolkata is 19:00 of the day before in UTC.
            assert ws.sql_rows("SELECT min(event_time), max(event_time) FROM events").tuples() == [
                (datetime(2022, 3, 10, 19), datetime(2022, 3, 11, 18))
            ]
            report = ws.segmentation("A", **day, table="events")
            assert report.tuples() == [(date(2022, 3, 11), "total", 24, True)]
            assert report.notes == ("Days are those of Asia/Kolkata.",)
            wider = ws.segmentation("A", from_date="2022-03-10", to_date="2022-03-12", table="events")
            missing = "2022-03-10, 2022-03-12 (Asia/Kolkata): these days were not fetched."
            assert f"events holds no events of {missing}" in wider.notes
        with Workspace.open(tmp_path / "k.db", timezone="UTC") as ws:
            report = ws.segmentation("A", **day, table="events")
            assert report.tuples() == [(date(2022, 3, 11), "total", 19, False)]
            assert (
                "events holds no events of 2022-03-12 (Asia/Kolkata): these days were not fetched."
                in report.notes
            )
