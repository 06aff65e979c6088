"""A lake of one's own: the same rows and reports as from a database file, whoever fetches what, and when."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from workspaces import workspace_on

from mixpanel_nb import Workspace
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import (
    ConfigError,
    ParameterError,
    QueryError,
    StorageError,
    TableExistsError,
)
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.faults import FaultRule, Faults
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.workspace import sandbox_credentials
from mixpanel_nb.workspace.project import SANDBOX_URL

from .support import JANUARY, QUARTER, TWELVE_WEEKS, all_is_well_again, days_asked, table_rows, wait_until
from .test_fetch_resume import HANGING
from .test_local_reports import REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pandas as pd
    from conftest import OpenWorkspace

FETCHER = """
    import sys
    from mixpanel_nb import Workspace

    with Workspace("sandbox", path="data.db") as ws:
        lake, first, last = sys.argv[1:]
        ws.fetch_events(to=lake, from_date=first, to_date=last, columns=["plan"], workers=3)
"""


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Where the lake of a test is."""
    return tmp_path / "shop"


@pytest.fixture(scope="module")
def both(store: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Workspace]]:
    """The same events and profiles, fetched over HTTP: in a database file, and in a lake."""
    folder = tmp_path_factory.mktemp("both")
    with SandboxServer(create_app(store)) as server:
        client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
        with workspace_on(client, folder / "data.db") as ws:
            ws.fetch_events(**QUARTER)
            ws.fetch_profiles()
            ws.fetch_events(to=folder / "shop", **QUARTER)
            ws.fetch_profiles(to=folder / "shop")
            with Workspace.lake(folder / "shop") as lake:
                yield ws, lake


def _start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(FETCHER), *arguments]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)


def _rows_in(lake: Path) -> Counter[str]:
    with Workspace.lake(lake) as found:
        return table_rows(found)


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return one.equals(other) and one.to_csv() == other.to_csv() and list(one.dtypes) == list(other.dtypes)


class TestTheSameAsAFile:
    def test_it_has_the_same_rows(self, both: tuple[Workspace, Workspace]) -> None:
        file, lake = both
        assert table_rows(lake) == table_rows(file)
        rows = "SELECT distinct_id, properties, last_seen FROM profiles ORDER BY ALL"
        assert list(lake.sql_rows(rows)) == list(file.sql_rows(rows))

    def test_it_has_the_same_columns(self, both: tuple[Workspace, Workspace]) -> None:
        file, lake = (workspace.schema("events").columns for workspace in both)
        assert lake[: len(file)] == file
        assert [(column.name, column.property) for column in lake[len(file) :]] == [
            ("rowid", None),
        ]

    @pytest.mark.parametrize("name", REPORTS)
    def test_every_report_is_the_same_byte_for_byte(
        self, both: tuple[Workspace, Workspace], name: str
    ) -> None:
        file, lake = (REPORTS[name](workspace) for workspace in both)
        assert _same(file.df, lake.df)
        assert file.notes == lake.notes

    @pytest.mark.parametrize("where", ['user["plan"] == "pro"', 'properties["coupon"] == "SPRING"'])
    def test_profiles_and_the_json_are_read(self, both: tuple[Workspace, Workspace], where: str) -> None:
        file, lake = (
            each.segmentation("Purchase", on='user["plan"]', where=where, table="events", during="2025-01")
            for each in both
        )
        assert _same(file.df, lake.df)

    def test_what_it_covers_is_known(self, both: tuple[Workspace, Workspace]) -> None:
        file, lake = both
        for workspace in both:
            before = workspace.segmentation(
                "Purchase", table="events", from_date="2024-12-30", to_date="2025-01-02"
            )
            assert before.df["count"].isna().tolist() == [True, True, False, False]
        [events, profiles] = lake.tables()
        assert (events.row_count, str(events.from_date), str(events.to_date), events.complete) == (
            file.tables()[0].row_count,
            "2025-01-01",
            "2025-03-31",
            True,
        )
        assert events.source == file.tables()[0].source
        assert (profiles.type, profiles.row_count) == ("profiles", file.tables()[1].row_count)

    def test_a_time_zone_counts_its_own_days(self, both: tuple[Workspace, Workspace]) -> None:
        frames = []
        for workspace in both:
            workspace.timezone = "America/Los_Angeles"
            frames.append(workspace.segmentation("Purchase", table="events", during="2025-02").df)
            workspace.timezone = "UTC"
        assert _same(*frames)


class TestManyFetches:
    def test_days_are_added_and_stored_ones_are_not_asked_again(
        self, ws: Workspace, mixpanel: SandboxServer, lake: Path
    ) -> None:
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-14")
        mixpanel.requests.clear()
        added = ws.fetch_events(to=lake, from_date="2025-01-08", to_date="2025-01-31")
        assert {first for first, _ in days_asked(mixpanel.requests)} >= {"2025-01-15"}
        assert min(first for first, _ in days_asked(mixpanel.requests)) == "2025-01-15"
        mixpanel.requests.clear()
        again = ws.fetch_events(to=lake, **JANUARY)
        assert (again.requests, days_asked(mixpanel.requests)) == (0, [])
        ws.fetch_events(**JANUARY)
        assert _rows_in(lake) == table_rows(ws)
        assert added.rows == again.rows == ws.tables()[0].row_count

    def test_a_day_that_is_asked_again_is_there_once(
        self, ws: Workspace, mixpanel: SandboxServer, lake: Path
    ) -> None:
        ws.fetch_events(to=lake, **JANUARY)
        before = _rows_in(lake)
        mixpanel.requests.clear()
        ws.fetch_events(to=lake, from_date="2025-01-10", to_date="2025-01-12", if_exists="replace")
        assert len(days_asked(mixpanel.requests)) == 3
        assert _rows_in(lake) == before

    def test_a_lake_that_is_open_shows_days_that_others_add(self, ws: Workspace, lake: Path) -> None:
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-01")
        with Workspace.lake(lake) as found:
            few = found.sql_scalar("SELECT count(*) FROM events")
            result = ws.fetch_events(to=lake, **JANUARY)
            assert few < result.rows
            wait_until(lambda: found.sql_scalar("SELECT count(*) FROM events") == result.rows)
            assert str(found.tables()[0].to_date) == "2025-01-31"

    def test_without_days_its_own_request_goes_on(self, ws: Workspace, lake: Path) -> None:
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-03", events=["Purchase"])
        ws.fetch_events(to=lake, if_exists="append")
        with Workspace.lake(lake) as found:
            assert found.sql_scalar("SELECT DISTINCT event_name FROM events") == "Purchase"
            assert found.tables()[0].to_date > found.sql_scalar("SELECT DATE '2025-03-30'")

    def test_another_selection_needs_a_table_of_its_own(self, ws: Workspace, lake: Path) -> None:
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-03")
        with pytest.raises(TableExistsError, match="other filters"):
            ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-03", events=["Purchase"])
        ws.fetch_events(
            "purchases", to=lake, from_date="2025-01-01", to_date="2025-01-03", events=["Purchase"]
        )
        with Workspace.lake(lake) as found:
            assert [table.name for table in found.tables()] == ["events", "purchases"]

    def test_two_processes_at_once_on_overlapping_days(
        self, mixpanel: SandboxServer, ws: Workspace, lake: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
        spans = [("2025-01-01", "2025-02-14"), ("2025-01-25", "2025-03-31")]
        running = [_start(lake.parent, str(lake), *span) for span in spans]
        assert [process.communicate(timeout=120)[1] for process in running] == ["", ""]
        ws.fetch_events(**QUARTER, columns=["plan"])
        assert _rows_in(lake) == table_rows(ws)
        with Workspace.lake(lake) as found:
            assert found.tables()[0].complete
            assert _same(
                found.segmentation("Purchase", on="plan", table="events", during="2025-Q1").df,
                ws.segmentation("Purchase", on="plan", table="events", during="2025-Q1").df,
            )

    def test_a_process_that_is_killed_leaves_the_truth_and_the_same_fetch_completes_it(
        self,
        mixpanel: SandboxServer,
        faults: Faults,
        ws: Workspace,
        lake: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-07", columns=["plan"])
        for day in HANGING:
            faults.add(FaultRule("hang", match={"from_date": day}, seconds=30))
        monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
        first, last = TWELVE_WEEKS.values()
        with _start(lake.parent, str(lake), first, last) as victim:
            waiting = lake.parent / ".shop.fetch"
            wait_until(lambda: len(faults.fired) == 3 and len(list(waiting.rglob("*.receipt"))) == 5)
            victim.send_signal(signal.SIGKILL)
            victim.wait(10)
        with Workspace.lake(lake) as found:
            assert str(found.tables()[0].to_date) == "2025-01-07"
            assert found.sql_scalar("SELECT max(event_time) < '2025-01-08' FROM events")
        all_is_well_again(mixpanel, faults)
        result = ws.fetch_events(to=lake, **TWELVE_WEEKS, columns=["plan"])
        assert sorted(first for first, _ in days_asked(mixpanel.requests)) == HANGING
        assert result.requests == 6
        ws.fetch_events(**TWELVE_WEEKS, columns=["plan"])
        assert _rows_in(lake) == table_rows(ws)
        assert not waiting.exists()

    def test_a_fetch_that_was_stopped_between_commits_is_marked_until_its_days_are_there(
        self, ws: Workspace, faults: Faults, lake: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mixpanel_nb.services.fetch.batches.BATCH_ROWS", 1)
        faults.add(FaultRule("hang", match={"from_date": "2025-01-22"}, times=None, seconds=20))

        def stop(now: Any) -> None:
            if sum(piece.state == "stored" for piece in now.pieces) >= 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ws.fetch_events(to=lake, **JANUARY, workers=1, progress=stop)
        with Workspace.lake(lake) as found:
            assert not found.tables()[0].complete
            assert str(found.tables()[0].to_date) == "2025-01-21"
        faults.clear()
        ws.fetch_events(to=lake, **JANUARY)
        with Workspace.lake(lake) as found:
            assert found.tables()[0].complete
        ws.fetch_events(**JANUARY)
        assert _rows_in(lake) == table_rows(ws)

    def test_another_selection_is_refused_though_the_table_was_made_meanwhile(
        self, ws: Workspace, lake: Path, faults: Faults
    ) -> None:
        """As if two processes began with different filters at once."""

        def other(_: Any) -> None:
            if not (lake / "events").exists():
                ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-02", events=["Purchase"])

        with pytest.raises(StorageError, match="has other rows"):
            ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-03", progress=other)
        with Workspace.lake(lake) as found:
            assert found.sql_scalar("SELECT DISTINCT event_name FROM events") == "Purchase"

    def test_the_time_zone_of_its_reports_can_change(self, ws: Workspace, lake: Path) -> None:
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-02")
        before = _rows_in(lake)
        ws.timezone = "Asia/Tokyo"
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-02")
        with Workspace.lake(lake) as found:
            assert found.zone_of("events").name == "Asia/Tokyo"
        assert _rows_in(lake) == before

    def test_a_later_fetch_of_a_day_by_another_process_stays(
        self, tmp_path: Path, exports: list[Workspace], lake: Path
    ) -> None:
        """The download of the slower one is older than what is there when it commits."""
        old = _on(_export(tmp_path, "a.jsonl", [1, 2], value=["old"]), exports, tmp_path)
        new = _on(_export(tmp_path, "b.jsonl", [2], value=["new"]), exports, tmp_path)

        def overtaken(now: Any) -> None:
            if all(piece.state == "here" for piece in now.pieces) and not (lake / "events").exists():
                new.fetch_events(to=lake, from_date="2025-01-02", to_date="2025-01-02")

        old.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-02", progress=overtaken)
        with Workspace.lake(lake) as found:
            days = found.sql_rows(
                "SELECT event_time::DATE::TEXT, count(*), any_value(value) FROM events GROUP BY 1 ORDER BY 1"
            )
            assert list(days) == [("2025-01-01", 10, "old"), ("2025-01-02", 10, "new")]
            assert found.tables()[0].complete

    def test_files_that_no_commit_has_are_not_read(self, ws: Workspace, lake: Path) -> None:
        """As a process leaves them that is killed between writing and committing."""
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-02")
        before = _rows_in(lake)
        [file] = (lake / "events" / "day=2025-01-01").iterdir()
        (file.parent / "unfinished.parquet").write_bytes(file.read_bytes())
        (lake / "events" / "_mixpanel_nb" / "1.json").write_text("{")
        assert _rows_in(lake) == before


def _export(folder: Path, name: str, days: Sequence[int], **properties: Sequence[Any]) -> Path:
    """An export with events on some days of January 2025, each with the next value of each property."""
    file = folder / name
    with file.open("w", encoding="utf-8") as stream:
        number = 0
        for day in days:
            for minute in range(10):
                number += 1
                held = {key: values[number % len(values)] for key, values in properties.items()}
                base = {
                    "time": 1735689600 + (day - 1) * 86400 + minute * 60,
                    "distinct_id": f"u{minute % 3}",
                    "$insert_id": f"{day}-{minute}",
                }
                line = {"event": "Buy", "properties": {**base, **held}}
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    return file


@pytest.fixture
def exports(tmp_path: Path) -> Iterator[list[Workspace]]:
    """Workspaces on Mixpanels that have nothing but the exports in the folder ``exports``."""
    opened: list[Workspace] = []
    yield opened
    for workspace in opened:
        workspace.close()


def _on(export: Path, opened: list[Workspace], folder: Path) -> Workspace:
    """A workspace on a Mixpanel in this process with the events of an export, always of one address."""
    import httpx

    dataset = Dataset.from_files(export, None, folder / "cache")
    transport = httpx.WSGITransport(create_app(dataset))
    client = MixpanelAPIClient(sandbox_credentials(), base_url=SANDBOX_URL, transport=transport)
    workspace = workspace_on(client, folder / "data.db")
    opened.append(workspace)
    return workspace


HOSTILE: dict[str, Sequence[Any]] = {
    "Plan": ["a", "b"],
    "plan": [1, 2, None],
    "PLAN": [True],
    'quo"te': ["x"],
    "it's": ["x", "y"],
    "a/b~c": [1.5],
    "with space": ["x"],
    "with_space": ["other"],
    "": ["empty"],
    "day": ["monday", "sunday"],
    "rowid": [7],
    "date": ["2025-01-01"],
    "event_time": ["noon"],
    "Ünïcödé 🙂": ["z"],
    "a,b;{c}(d)=\t\n": [3],
    "list": [["x", "y"], []],
    "object": [{"a": 1}],
    "big": [2**60, 1],
    "p0": ["x"],
    "chunk": ["y", 2],
    "huge": [10**30, 2],
}


class TestTypes:
    def test_properties_may_have_any_name(self, tmp_path: Path, exports: list[Workspace], lake: Path) -> None:
        ws = _on(_export(tmp_path, "a.jsonl", [1, 2, 3], **HOSTILE), exports, tmp_path)
        days: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-03"}
        ws.fetch_events(**days)
        ws.fetch_events(to=lake, **days)
        assert _rows_in(lake) == table_rows(ws)
        with Workspace.lake(lake) as found:
            for name in HOSTILE:
                if name:
                    asked: dict[str, Any] = {
                        "on": f"properties[{json.dumps(name, ensure_ascii=False)}]",
                        "table": "events",
                    }
                    assert _same(
                        found.segmentation("Buy", **asked, **days).df,
                        ws.segmentation("Buy", **asked, **days).df,
                    ), name

    @pytest.mark.parametrize(
        ("first", "later"),
        [
            ([1, 2], [1.5, 2]),
            ([1, 2], ["three", 4]),
            ([1], [2**60, 1.5]),
            ([1.5], [True, None]),
            (["a"], [5, {"b": 1}]),
            (["a"], [["b", "c"], "d"]),
            ([True], ["yes", False]),
            ([[1]], ["text", 2]),
            ([2**60], [0.5]),
        ],
    )
    def test_a_property_whose_type_changes_later_is_read_as_from_a_file(
        self, tmp_path: Path, exports: list[Workspace], lake: Path, first: list[Any], later: list[Any]
    ) -> None:
        parts = [
            (_export(tmp_path, "a.jsonl", [1, 2], value=first), "2025-01-01", "2025-01-02"),
            (_export(tmp_path, "b.jsonl", [3, 4], value=later), "2025-01-03", "2025-01-04"),
            (_export(tmp_path, "c.jsonl", [5], value=first), "2025-01-05", "2025-01-05"),
        ]
        for export, since, until in parts:
            ws = _on(export, exports, tmp_path)
            ws.fetch_events(from_date=since, to_date=until, if_exists="append")
            ws.fetch_events(to=lake, from_date=since, to_date=until)
        assert _rows_in(lake) == table_rows(ws)
        with Workspace.lake(lake) as found:
            assert found.schema("events").columns[5] == ws.schema("events").columns[5]
            for report in ("segmentation", "segmentation_sum"):
                asked = {"on": "value", "table": "events", "during": "2025-01"}
                if report == "segmentation_sum":
                    asked["on"] = 'properties["value"]'
                assert _same(
                    getattr(found, report)("Buy", **asked).df, getattr(ws, report)("Buy", **asked).df
                )

    def test_files_hold_what_fits_and_nothing_that_was_cast(
        self, tmp_path: Path, exports: list[Workspace], lake: Path
    ) -> None:
        """Other engines read the files: a value of another type than the column's is NULL there."""
        for export, day in (
            (_export(tmp_path, "a.jsonl", [1], value=[1, 2]), "2025-01-01"),
            (_export(tmp_path, "b.jsonl", [2], value=[3, 2.5, "x", None]), "2025-01-02"),
        ):
            _on(export, exports, tmp_path).fetch_events(to=lake, from_date=day, to_date=day)
        from deltalake import DeltaTable

        table = DeltaTable(lake / "events")
        rows = table.to_pyarrow_table(columns=["day", "value"]).to_pylist()
        assert Counter(row["value"] for row in rows if str(row["day"]) == "2025-01-02") == {3: 2, None: 8}
        assert table.protocol().min_reader_version == 1
        assert table.protocol().min_writer_version == 2

    def test_columns_may_be_none(self, tmp_path: Path, exports: list[Workspace], lake: Path) -> None:
        ws = _on(_export(tmp_path, "a.jsonl", [1, 2], value=[1, "a"]), exports, tmp_path)
        days: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-02"}
        ws.fetch_events(to=lake, **days, columns=0)
        ws.fetch_events(**days, columns=0)
        assert _rows_in(lake) == table_rows(ws)
        with Workspace.lake(lake) as found:
            steps: dict[str, Any] = {"steps": ["Buy", "Buy"], "table": "events", **days}
            assert _same(found.funnel(**steps).df, ws.funnel(**steps).df)


class TestDays:
    def test_days_of_an_old_project_are_those_of_its_zone(
        self, mixpanel: SandboxServer, open_workspace: OpenWorkspace, lake: Path
    ) -> None:
        """Projects created before 2023 export times that are shifted into their zone, by its days.

        Clocks change within these days.
        """
        ws = open_workspace(mixpanel.url, timezone="America/New_York", legacy_time=True)
        days: dict[str, Any] = {"from_date": "2025-03-07", "to_date": "2025-03-12"}
        ws.fetch_events(**days)
        fetched = ws.fetch_events(to=lake, **days)
        ws.fetch_events(to=lake, from_date="2025-03-09", to_date="2025-03-10", if_exists="replace")
        assert _rows_in(lake) == table_rows(ws)
        with Workspace.lake(lake) as found:
            asked: dict[str, Any] = {"table": "events", **days}
            assert _same(found.segmentation("Purchase", **asked).df, ws.segmentation("Purchase", **asked).df)
        assert dict(fetched.per_day) == dict(ws.fetch_events("again", **days).per_day)

    def test_events_of_other_days_than_those_asked_for_are_kept_with_them(
        self, tmp_path: Path, lake: Path
    ) -> None:
        from datetime import date

        from mixpanel_nb.files.places import place_of
        from mixpanel_nb.storage import ledger
        from mixpanel_nb.storage.lake.table import LakeTable
        from mixpanel_nb.storage.loading import Batch

        file = _export(tmp_path, "a.jsonl", [1, 2, 9], value=[1])
        first, last = date(2025, 1, 1), date(2025, 1, 2)
        chunk = ledger.Chunk(first, last, "{}", 30, 1, 1, ledger.now())
        table = LakeTable(place_of(lake).table("events"))
        for _ in range(2):
            table.load(Batch("events", [file], [chunk], ledger.TableMetadata("events", ledger.now())))
        snapshot = table.snapshot()
        assert snapshot is not None
        assert snapshot.rows_per_day() == {first: 20, last: 10}


class TestReadOnly:
    @pytest.mark.parametrize(
        "sql",
        [
            "CREATE TABLE x AS SELECT 1",
            "DROP VIEW events",
            "INSERT INTO events SELECT * FROM events",
            "COPY events TO 'x.csv'",
            "DELETE FROM events",
        ],
    )
    def test_sql_changes_nothing(self, both: tuple[Workspace, Workspace], sql: str) -> None:
        _, lake = both
        rows = lake.sql_scalar("SELECT count(*) FROM events")
        with pytest.raises((StorageError, QueryError)) as refused:
            lake.sql(sql)
        assert "\n" not in refused.value.message
        assert lake.sql_scalar("SELECT count(*) FROM events") == rows

    def test_the_time_zone_of_the_session_is_fixed(self, both: tuple[Workspace, Workspace]) -> None:
        """Files have times with a zone; a session of another one would read other times."""
        with pytest.raises(QueryError, match="timezone"):
            both[1].sql("SET TimeZone = 'Europe/Berlin'")

    def test_what_only_a_file_can_do_is_said_in_one_line(self, both: tuple[Workspace, Workspace]) -> None:
        _, lake = both
        for work in (
            lambda: lake.promote("events", "coupon"),
            lambda: lake.drop("events"),
            lambda: lake.cohort("buyers", ["u1"], table="events"),
        ):
            with pytest.raises(StorageError, match="A lake is filled by fetches"):
                work()


class TestMistakes:
    def test_a_folder_without_a_lake(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="There is no lake in"):
            Workspace.lake(tmp_path / "nothing")

    def test_a_file_is_no_lake(self, ws: Workspace, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(StorageError, match="is a file"):
            ws.fetch_events(to=tmp_path / "file", **JANUARY)

    def test_a_table_of_a_lake_is_no_lake(self, ws: Workspace, lake: Path) -> None:
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-01")
        with pytest.raises(ParameterError, match="is a table of a lake"):
            Workspace.lake(lake / "events")

    def test_a_delta_table_of_others_is_not_written(self, ws: Workspace, lake: Path) -> None:
        import pyarrow as pa
        from deltalake import write_deltalake

        write_deltalake(lake / "events", pa.table({"x": [1]}))
        with pytest.raises(StorageError, match="not of a lake that was fetched"):
            ws.fetch_events(to=lake, **JANUARY)

    @pytest.mark.parametrize("place", ["", "ftp://host/x", "s3://", "a\0b"])
    def test_what_is_no_place(self, ws: Workspace, place: str) -> None:
        with pytest.raises(ParameterError):
            ws.fetch_events(to=place, **JANUARY)

    def test_without_deltalake_the_line_says_what_to_install(
        self, ws: Workspace, lake: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "deltalake", None)
        with pytest.raises(ConfigError, match="deltalake") as missing:
            ws.fetch_events(to=lake, **JANUARY)
        assert missing.value.hint == "pip install 'mixpanel-nb[lake]'"

    def test_another_project_is_refused(
        self, ws: Workspace, lake: Path, store: Dataset, tmp_path: Path
    ) -> None:
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-01")
        with SandboxServer(create_app(store)) as other:
            client = MixpanelAPIClient(sandbox_credentials(), base_url=other.url)
            with (
                workspace_on(client, tmp_path / "other.db") as elsewhere,
                pytest.raises(TableExistsError, match="and this fetch asks"),
            ):
                elsewhere.fetch_events(to=lake, from_date="2025-01-02", to_date="2025-01-02")


class TestExports:
    def test_a_fetched_table_becomes_one_of_a_lake_and_goes_on_there(
        self, ws: Workspace, mixpanel: SandboxServer, lake: Path
    ) -> None:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-14")
        ws.fetch_profiles()
        done = ws.export("events", lake, format="lake")
        assert (done.format, done.files, done.rows) == ("lake", 14, ws.tables()[0].row_count)
        ws.export("profiles", f"lake://{lake}")
        with Workspace.lake(lake) as found:
            assert table_rows(found) == table_rows(ws)
            for name, report in REPORTS.items():
                assert _same(report(found).df, report(ws).df), name
            assert [table.complete for table in found.tables()] == [True, True]
        mixpanel.requests.clear()
        ws.fetch_events(to=lake, **JANUARY)
        assert min(first for first, _ in days_asked(mixpanel.requests)) == "2025-01-15"
        ws.fetch_events(**JANUARY, if_exists="append")
        assert _rows_in(lake) == table_rows(ws)

    def test_into_a_lake_with_other_columns_and_types(
        self, tmp_path: Path, exports: list[Workspace], lake: Path
    ) -> None:
        first = _on(_export(tmp_path, "a.jsonl", [1], value=[1], only=["x"]), exports, tmp_path)
        first.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-01")
        second = _on(_export(tmp_path, "b.jsonl", [2], value=["b", 2.5], only=[True]), exports, tmp_path)
        second.fetch_events("events", from_date="2025-01-02", to_date="2025-01-02", columns=["value"])
        second.export("events", lake, format="lake")
        with Workspace.lake(lake) as found:
            table_rows(found)
            assert found.lake_tables()[0].outgrown == ("value",)
            counted = found.segmentation("Buy", on="only", table="events", during="2025-01")
            assert set(counted.totals) == {"x", "true"}

    def test_what_was_not_fetched_is_refused(self, ws: Workspace, lake: Path) -> None:
        ws.sql("CREATE TABLE mine AS SELECT 1 AS x")
        with pytest.raises(StorageError, match="was not fetched"):
            ws.export("mine", lake, format="lake")
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-01", events=["Purchase"])
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-01")
        with pytest.raises(StorageError, match="has other rows"):
            ws.export("events", lake, format="lake")


class TestCompacting:
    def test_outgrown_columns_get_a_type_that_holds_all(
        self, tmp_path: Path, exports: list[Workspace], lake: Path
    ) -> None:
        for export, day in (
            (_export(tmp_path, "a.jsonl", [1], value=[1, 2], same=["x"]), "2025-01-01"),
            (_export(tmp_path, "b.jsonl", [2], value=[3, 2.5], same=["x"]), "2025-01-02"),
        ):
            ws = _on(export, exports, tmp_path)
            ws.fetch_events(to=lake, from_date=day, to_date=day)
            ws.fetch_events(from_date=day, to_date=day, if_exists="append")
        with Workspace.lake(lake) as found:
            before = found.lake_tables()
            assert before[0].outgrown == ("value",)
            assert "Compacting" in str(before)
            done = found.compact()
            assert done[0].outgrown == ()
            assert done.notes[0] == "value of events has another type now; 2 files written anew."
            assert table_rows(found) == table_rows(ws)
            assert found.compact().notes == ("There was nothing to do.",)
        from deltalake import DeltaTable

        types = {field.name: field.type.type for field in DeltaTable(lake / "events").schema().fields}
        assert types["value"] == "double"
        later = _on(_export(tmp_path, "c.jsonl", [3], value=["z"]), exports, tmp_path)
        later.fetch_events(to=lake, from_date="2025-01-03", to_date="2025-01-03")
        later.fetch_events(from_date="2025-01-03", to_date="2025-01-03", if_exists="append")
        assert _rows_in(lake) == table_rows(later)

    def test_a_database_is_no_lake(self, ws: Workspace) -> None:
        with pytest.raises(StorageError, match="not on a lake"):
            ws.compact()

    def test_files_of_killed_processes_go_and_those_of_running_ones_stay(
        self, ws: Workspace, lake: Path
    ) -> None:
        """A process writes files before it commits them; after a week it is not running any more."""
        ws.fetch_events(to=lake, from_date="2025-01-01", to_date="2025-01-02")
        before = _rows_in(lake)
        day = lake / "events" / "day=2025-01-01"
        [file] = day.iterdir()
        new, old = day / "new.parquet", day / "old.parquet"
        record = lake / "events" / "_mixpanel_nb" / "4096.json"  # of 1970
        for leftover in (new, old, record):
            leftover.write_bytes(file.read_bytes())
        eight_days_ago = time.time() - 8 * 86_400
        os.utime(old, (eight_days_ago, eight_days_ago))
        with Workspace.lake(lake) as found:
            assert found.compact().notes == ("1 file of events removed.",)
        assert sorted(each.name for each in day.iterdir()) == sorted([file.name, new.name])
        assert not record.exists()
        assert _rows_in(lake) == before
