"""``Workspace``: how it is opened and closed, and what it answers."""

from __future__ import annotations

import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asking import metered
from faces import moved_to
from IPython.lib.pretty import pretty
from workspaces import workspace_on

from mixpanel_nb import Workspace
from mixpanel_nb.accounts import ConfigManager, Credentials
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import (
    AuthenticationError,
    ConfigError,
    IncompleteExportError,
    ParameterError,
    QueryError,
    StorageError,
    TableExistsError,
    TableNotFoundError,
)
from mixpanel_nb.sandbox.faults import FaultRule, Faults
from mixpanel_nb.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import OpenWorkspace

    from mixpanel_nb.sandbox.store import Dataset

WEEK: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-07"}


@pytest.fixture(scope="module")
def filled_file(store: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a week of events and all profiles."""
    path = tmp_path_factory.mktemp("filled") / "data.db"
    with SandboxServer(store) as server:
        client = MixpanelAPIClient(Credentials("sandbox", "sandbox", "1"), base_url=server.url)
        with workspace_on(client, path) as ws:
            ws.fetch_events(**WEEK)
            ws.fetch_profiles()
    return path


@pytest.fixture
def filled(ws: Workspace, filled_file: Path, tmp_path: Path) -> Workspace:
    """A workspace with a week of events and all profiles."""
    moved_to(ws.api.base_url, Path(shutil.copy(filled_file, tmp_path / "data.db")))
    return ws


# Opening


def test_without_an_account_there_is_no_workspace() -> None:
    with pytest.raises(ConfigError):
        Workspace()


def test_an_account_keeps_its_data_in_a_file_of_its_project(
    home: Path, mixpanel: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ConfigManager().add("work", Credentials("sandbox", "sandbox", "4711", region="eu"), default=True)
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    with Workspace() as ws:
        result = ws.fetch_events(**WEEK)
        info = ws.info()
    assert (info.account, info.project_id, info.region) == ("work", "4711", "eu")
    assert info.path == home / "4711.db"
    assert info.size_bytes == (home / "4711.db").stat().st_size
    assert (home / "4711.db").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o077 == 0
    assert [table.row_count for table in info.tables] == [result.rows]
    assert all("project_id=4711" in line for line in metered(mixpanel.requests))
    with Workspace(project_id="12") as other:
        assert other.info().path == home / "12.db"


def test_a_workspace_shows_itself_as_a_card_that_says_what_to_type(tmp_path: Path) -> None:
    shop = Workspace.open(tmp_path / "shop.db", create=True)
    with Workspace.sandbox(path=tmp_path / "box.db") as ws, shop:
        assert 'ws.load("events.csv")' in _pretty(shop)
        before = _pretty(ws)
        assert "This workspace has no tables yet." in before
        eval(re.findall(r"Next: (.*)", before)[0])
        after = _pretty(ws)
        assert "box.db" in after
        assert "sandbox" in after
        for line in re.findall(r"Next: (.*)", after)[0].split(" · "):
            eval(line)
        assert "2025-03-31" in str(ws._repr_html_())
        assert repr(ws).startswith("<Workspace sandbox, database ")


def _pretty(ws: Workspace) -> str:
    return str(pretty(ws))


def test_credentials_of_the_environment_are_enough(
    mixpanel: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"USERNAME": "sandbox", "SECRET": "sandbox", "PROJECT_ID": "7", "REGION": "in"}
    for name, value in settings.items():
        monkeypatch.setenv(f"MP_{name}", value)
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    with Workspace() as ws:
        answer = ws.test_credentials()
        assert ws.account is None
    assert (answer["account"], answer["project_id"], answer["region"]) == (None, "7", "in")


def test_wrong_credentials_are_told_as_such(mixpanel: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    ConfigManager().add("work", Credentials("sandbox", "not the secret", "1"))
    with Workspace("work") as ws, pytest.raises(AuthenticationError) as caught:
        ws.test_credentials()
    assert "not the secret" not in f"{caught.value!r} {caught.value.to_dict()}"


def test_the_sandbox_needs_no_account_and_no_network(
    home: Path, monkeypatch: pytest.MonkeyPatch, store: Dataset
) -> None:
    _use_small_store(monkeypatch, store)
    with Workspace.sandbox() as ws:
        assert ws.test_credentials()["account"] == "sandbox"
        assert ws.fetch_events(**WEEK).rows > 0
        assert "Purchase" in ws.events()
        assert ws.info().path == home / "sandbox.db"
    with Workspace("sandbox", path=home / "other.db") as ws:
        assert not ws.tables()
        assert ws.fetch_profiles().rows > 0


def _use_small_store(monkeypatch: pytest.MonkeyPatch, store: Dataset) -> None:
    """The whole store takes seconds to make; it is the same but for its size."""
    monkeypatch.setattr("mixpanel_nb.sandbox.store.Dataset.generated", lambda *_args, **_kwargs: store)


def test_an_ephemeral_workspace_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Dataset
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    _use_small_store(monkeypatch, store)
    with Workspace.ephemeral("sandbox") as ws:
        ws.fetch_events(**WEEK)
        path = ws.storage.path
        assert path is not None
        assert path.is_file()
    assert not path.exists()
    assert not path.parent.exists()


def test_an_ephemeral_workspace_goes_even_if_its_fetch_was_stopped(
    monkeypatch: pytest.MonkeyPatch, mixpanel: SandboxServer, faults: Faults
) -> None:
    faults.add(FaultRule("hang", match={"from_date": "2025-01-01"}, seconds=30))
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    path: Path | None = None

    def stop(now: Any) -> None:
        if len(mixpanel.requests) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Workspace.ephemeral("sandbox") as ws:
        path = ws.storage.path
        ws.fetch_events(**WEEK, progress=stop)
    assert path is not None
    assert not path.parent.exists()


def test_an_ephemeral_workspace_without_an_account_makes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ConfigError):
        Workspace.ephemeral()
    assert not list(tmp_path.glob("mixpanel_nb-*"))


def test_a_workspace_in_memory_has_no_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Dataset
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    _use_small_store(monkeypatch, store)
    with Workspace.memory("sandbox") as ws:
        result = ws.fetch_events(**WEEK)
        ws.fetch_events(**WEEK, if_exists="replace")
        assert ws.sql_scalar("SELECT count(*) FROM events") == result.rows
        assert ws.info().path is None
    assert not list(home.glob("*.db"))
    assert not [folder for folder in tmp_path.glob("mixpanel_nb-*") if (folder / "events").exists()]


def test_an_opened_file_can_be_asked_without_an_account(filled: Workspace, tmp_path: Path) -> None:
    rows = filled.sql_scalar("SELECT count(*) FROM events")
    with Workspace.open(tmp_path / "data.db") as ws:
        assert ws.sql_scalar("SELECT count(*) FROM events") == rows
        assert ws.account is ws.info().account is ws.info().project_id is None
        asking: list[Callable[[], object]] = [
            ws.events,
            ws.test_credentials,
            lambda: ws.fetch_events(**WEEK),
            lambda: ws.stream_profiles(),
            lambda: ws.api,
        ]
        for ask in asking:
            with pytest.raises(ConfigError, match="without an account"):
                ask()
        ws.drop("events")


def test_what_is_not_there_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no database file"):
        Workspace.open(tmp_path / "nothing.db")
    assert not (tmp_path / "nothing.db").exists()


def test_read_only_means_that_nothing_can_be_changed(
    filled: Workspace, mixpanel: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    mixpanel.requests.clear()
    with Workspace("sandbox", path=tmp_path / "data.db", read_only=True) as ws:
        changes: list[Callable[[], object]] = [
            lambda: ws.fetch_events("more", **WEEK),
            lambda: ws.fetch_events(**WEEK, if_exists="replace"),
            lambda: ws.fetch_profiles(if_exists="append"),
            lambda: ws.promote("events", "$os"),
            lambda: ws.optimize("events"),
            lambda: ws.drop("events"),
            lambda: ws.sql("DELETE FROM events"),
        ]
        for change in changes:
            with pytest.raises(StorageError, match="read_only=True"):
                change()
        assert ws.sql_scalar("SELECT count(*) FROM events") > 0
    assert not mixpanel.requests


def test_closing_twice_is_closing_once(filled: Workspace) -> None:
    filled.close()
    filled.close()


def test_results_outlive_their_workspace(filled: Workspace) -> None:
    frame = filled.sql("SELECT event_name FROM events")
    rows = filled.sql_rows("SELECT event_name FROM events")
    info, schema, sample = filled.info(), filled.schema("events"), filled.sample("events", 3)
    fetched = filled.fetch_events("again", **WEEK)
    filled.close()
    assert len(frame) == len(list(rows)) == len(rows) == fetched.rows
    assert len(rows.df) == len(frame)
    assert len(fetched.df) == 7
    assert len(sample.tuples()) == 3
    assert info.tables[0].name == "events"
    assert schema.columns[0].name == "event_name"


def test_its_repr_tells_no_secret(tmp_path: Path) -> None:
    ConfigManager().add("work", Credentials("someone", "hush-hush", "1"))
    ws = Workspace("work", path=tmp_path / "data.db")
    assert repr(ws) == f"<Workspace work, database {tmp_path / 'data.db'}>"
    assert "hush-hush" not in repr(vars(ws))


# Discovery and streams


def test_discovery_is_sorted_asked_once_and_a_copy(ws: Workspace, mixpanel: SandboxServer) -> None:
    assert list(ws.events()) == sorted(ws.events())
    assert "plan" in ws.properties("Purchase")
    assert set(ws.property_values("Purchase", "plan")) <= {"free", "plus", "pro"}
    ws.properties("Purchase"), ws.property_values("Purchase", "plan")
    assert len(mixpanel.requests) == 3
    ws.clear_cache()
    ws.events()
    assert len(mixpanel.requests) == 4


def test_a_name_that_is_nearly_right_gets_a_suggestion(ws: Workspace) -> None:
    with pytest.raises(QueryError, match="Did you mean 'Purchase'"):
        ws.properties("purchas")
    with pytest.raises(ParameterError, match="limit is 0"):
        ws.property_values("Purchase", "plan", limit=0)


def test_events_can_be_streamed_without_storing_any(ws: Workspace, store: Dataset, tmp_path: Path) -> None:
    events = list(ws.stream_events(**WEEK))
    assert len(events) == len(list(store.export_lines("2025-01-01", "2025-01-07")))
    first = events[0]
    assert set(first) == {"event_name", "event_time", "distinct_id", "insert_id", "properties"}
    assert first["event_time"].tzinfo is UTC
    assert datetime(2025, 1, 1, tzinfo=UTC) <= first["event_time"] < datetime(2025, 1, 8, tzinfo=UTC)
    assert not {"time", "distinct_id", "$insert_id"} & set(first["properties"])
    raw = next(iter(ws.stream_events(**WEEK, events=["Purchase"], limit=1, raw=True)))
    assert raw["event"] == "Purchase"
    assert {"time", "distinct_id"} <= set(raw["properties"])
    assert not (tmp_path / "data.db").exists()


def test_a_stream_that_breaks_is_an_error_and_no_end(ws: Workspace, faults: Faults) -> None:
    faults.add(FaultRule("cut", size=20_000, times=None))
    with pytest.raises(IncompleteExportError):
        list(ws.stream_events(**WEEK))


@pytest.mark.parametrize(
    "wrong",
    [{"from_date": "2025-02-30"}, {"from_date": "2025-02-01"}, {"events": []}, {"limit": 0}],
)
def test_a_stream_refuses_what_a_fetch_refuses_at_the_call(
    ws: Workspace, mixpanel: SandboxServer, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ParameterError):
        ws.stream_events(**{**WEEK, **wrong})
    with pytest.raises(ParameterError):
        ws.stream_profiles(output_properties=[])
    assert not mixpanel.requests


def test_users_can_be_streamed(ws: Workspace) -> None:
    users = list(ws.stream_profiles(output_properties=["plan", "$last_seen"]))
    assert len(users) == len(list(ws.stream_profiles(raw=True))) > 100
    assert set(users[0]) == {"distinct_id", "last_seen", "properties"}
    assert isinstance(users[0]["last_seen"], datetime)
    assert set(users[0]["properties"]) == {"plan"}


# SQL and tables


def test_values_are_bound_to_sql(filled: Workspace) -> None:
    named = filled.sql_scalar("SELECT count(*) FROM events WHERE event_name = $name", {"name": "Purchase"})
    placed = filled.sql_scalar("SELECT count(*) FROM events WHERE event_name = ?", ["Purchase"])
    frame = filled.sql("SELECT event_name, count(*) AS n FROM events GROUP BY 1")
    assert named == placed == int(frame.set_index("event_name")["n"]["Purchase"])
    assert filled.sql_scalar("SELECT 1 WHERE false") is None


def test_rows_come_with_their_names(filled: Workspace) -> None:
    rows = filled.sql_rows("SELECT 1 AS one, 'a' AS two UNION ALL SELECT 2, 'b' ORDER BY 1")
    assert rows.column_names == ["one", "two"]
    assert list(rows) == [(1, "a"), (2, "b")]
    assert len(rows) == 2


def test_wrong_sql_is_a_query_error(filled: Workspace) -> None:
    with pytest.raises(QueryError):
        filled.sql("SELEC 1")
    with pytest.raises(TableNotFoundError, match="Did you mean 'events'"):
        filled.sql("SELECT * FROM event")


def test_tables_are_listed_with_what_is_known_of_them(filled: Workspace) -> None:
    tables = {table.name: table for table in filled.tables()}
    assert list(tables) == ["events", "profiles"]
    assert (str(tables["events"].from_date), str(tables["events"].to_date)) == ("2025-01-01", "2025-01-07")
    assert tables["profiles"].from_date is None
    assert all(table.complete and table.row_count and table.fetched_at for table in tables.values())
    assert [column.name for column in filled.schema("events").columns][:5] == [
        "event_name",
        "event_time",
        "distinct_id",
        "insert_id",
        "properties",
    ]


def test_a_sample_is_the_same_each_time(filled: Workspace) -> None:
    first = filled.sample("events", 5).tuples()
    assert len(first) == 5
    assert filled.sample("events", 5).tuples() == first
    with pytest.raises(ParameterError, match="n is 0"):
        filled.sample("events", 0)


def test_a_summary_has_every_column_but_the_json(filled: Workspace) -> None:
    summary = filled.summarize("events")
    described = {row["column"] if "column" in row else next(iter(row.values())) for row in summary.records()}
    assert {"event_name", "event_time", "plan"} <= described
    assert "properties" not in described


def test_a_property_can_be_promoted_later(ws: Workspace) -> None:
    ws.fetch_events(**WEEK, columns=None)
    assert ws.promote("events", "plan", "$city") == ["plan", "$city"]
    assert ws.promote("events", "plan") == []
    assert ws.sql_scalar("SELECT count(*) FROM events WHERE plan IS DISTINCT FROM properties->>'plan'") == 0


@pytest.mark.parametrize("ask", ["schema", "sample", "summarize", "drop", "promote", "optimize"])
def test_a_table_that_is_not_there_is_named_with_a_suggestion(filled: Workspace, ask: str) -> None:
    arguments = ["event"] if ask != "promote" else ["event", "plan"]
    with pytest.raises(TableNotFoundError, match="'event'"):
        getattr(filled, ask)(*arguments)


def test_dropping_drops_all_that_are_named_or_none(filled: Workspace) -> None:
    with pytest.raises(TableNotFoundError):
        filled.drop("events", "nothing")
    assert len(filled.tables()) == 2
    filled.drop("events", "EVENTS", "profiles")
    assert not filled.tables()
    assert filled.fetch_events(**WEEK).new_rows > 0


def test_all_tables_of_a_type_can_be_dropped_and_own_ones_stay(filled: Workspace) -> None:
    filled.sql("CREATE TABLE mine AS SELECT 1 AS one")
    filled.drop_all("profiles")
    assert [table.name for table in filled.tables()] == ["events", "mine"]
    filled.drop_all()
    assert [table.name for table in filled.tables()] == ["mine"]


def test_names_of_tables_know_no_case(filled: Workspace) -> None:
    with pytest.raises(TableExistsError):
        filled.fetch_events("EVENTS", **WEEK)
    filled.fetch_events("Events", from_date="2025-01-08", to_date="2025-01-09", if_exists="append")
    assert [table.name for table in filled.tables()] == ["events", "profiles"]


def test_the_connection_is_duckdbs_own_until_it_is_released(
    filled: Workspace, open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    assert filled.connection.execute("SELECT count(*) > 0 FROM events").fetchone() == (True,)
    filled.release()
    with Workspace.open(tmp_path / "data.db") as other:
        assert other.sql_scalar("SELECT count(*) FROM events") > 0


def test_threads_may_share_a_workspace(filled: Workspace) -> None:
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: filled.sql_scalar("SELECT count(*) FROM events"), range(20)))
    assert len(set(counts)) == 1
