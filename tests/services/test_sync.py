"""A table is brought up to date: late, changed and removed events, and new days, counted line by line."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mixpanel_nb.errors import ParameterError, ServerError, StorageError, TableNotFoundError
from mixpanel_nb.storage import ledger

from .support import answering, expected_rows, table_rows, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import OpenWorkspace

    from mixpanel_nb import Workspace

NAMES = ["Visit", "Purchase"]
LENGTH = 14  # days that the table is fetched for


class Project:
    """A Mixpanel whose data change; the export of ``fails`` fails, that of ``hangs`` never comes."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.yesterday = datetime.now(UTC).date() - timedelta(days=1)
        self.last = self.yesterday - timedelta(days=3)
        self.first = self.last - timedelta(days=LENGTH - 1)
        self.lines: list[dict[str, Any]] = []
        self.asked: list[tuple[date, date]] = []
        self.fails: set[date] = set()
        self.hangs: set[date] = set()
        self.release = threading.Event()
        for day in self.days(self.first, self.last):
            self.add(day, self.draw.randint(0, 30))

    @staticmethod
    def days(first: date, last: date) -> list[date]:
        return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]

    def add(self, day: date, count: int) -> None:
        midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        for _ in range(count):
            held: dict[str, Any] = {
                "time": midnight + self.draw.randrange(86_400),
                "distinct_id": self.draw.choice("abc"),
                "$insert_id": f"{self.draw.getrandbits(64):x}",
                "n": self.draw.randrange(5),
            }
            self.lines.append({"event": self.draw.choice(NAMES), "properties": held})
        self.draw.shuffle(self.lines)

    def change_something(self) -> None:
        """As time goes by: events come late, change, go; and there are new days."""
        for line in self.draw.sample(self.lines, len(self.lines) // 10):
            line["properties"]["n"] += 10
        for line in self.draw.sample(self.lines, len(self.lines) // 10):
            self.lines.remove(line)
        for day in self.days(self.first, self.last):
            self.add(day, self.draw.choice([0, 0, 1, 5]))
        for day in self.days(self.last + timedelta(days=1), self.yesterday):
            self.add(day, self.draw.randint(1, 20))

    def of(self, first: date, last: date) -> list[dict[str, Any]]:
        return [line for line in self.lines if first <= day_of(line) <= last]

    def copy(self) -> list[dict[str, Any]]:
        return json.loads(json.dumps(self.lines))  # type: ignore[no-any-return]  # what json gives

    def __call__(self, path: str) -> tuple[int, dict[str, str], bytes]:
        query = parse_qs(urlsplit(path).query)
        first, last = (date.fromisoformat(query[name][0]) for name in ("from_date", "to_date"))
        self.asked.append((first, last))
        asked = set(self.days(first, last))
        if asked & self.fails:
            return 500, {}, b"{}"
        if asked & self.hangs:
            self.release.wait(30)
        only = json.loads(query["event"][0]) if "event" in query else NAMES
        lines = [line for line in self.of(first, last) if line["event"] in only]
        # Mixpanel says of no order that it sends properties in.
        mixed = [
            {**line, "properties": dict(self.draw.sample([*held], len(held)))}
            for line, held in ((line, line["properties"].items()) for line in lines)
        ]
        return 200, {}, b"".join(json.dumps(line).encode() + b"\n" for line in mixed)


def day_of(line: dict[str, Any]) -> date:
    return datetime.fromtimestamp(line["properties"]["time"], UTC).date()


def differences(
    before: list[dict[str, Any]], after: list[dict[str, Any]], days: list[date]
) -> list[tuple[date, int, int, int, int]]:
    """``added, changed, removed, total`` of each day, by one loop over each set of lines."""

    def by_key(lines: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
        return {
            (
                day_of(line),
                line["event"],
                *(line["properties"][k] for k in ("distinct_id", "time", "$insert_id")),
            ): line["properties"]
            for line in lines
        }

    old, new = by_key(before), by_key(after)
    added = Counter(key[0] for key in new if key not in old)
    removed = Counter(key[0] for key in old if key not in new)
    changed = Counter(key[0] for key in new if key in old and old[key] != new[key])
    total = Counter(key[0] for key in new)
    return [(day, added[day], changed[day], removed[day], total[day]) for day in days]


@pytest.fixture(params=[1, 2])
def project(request: pytest.FixtureRequest) -> Iterator[Project]:
    project = Project(request.param)
    yield project
    project.release.set()


@pytest.fixture
def url(project: Project) -> Iterator[str]:
    with answering(project) as url:
        yield url


@pytest.fixture
def ws(project: Project, url: str, open_workspace: OpenWorkspace) -> Workspace:
    """A workspace with the table ``events`` of the project's days."""
    ws = open_workspace(url)
    ws.fetch_events(from_date=project.first, to_date=project.last, columns=["n"])
    project.asked.clear()
    return ws


def test_a_sync_tells_and_stores_what_came_changed_and_went(ws: Workspace, project: Project) -> None:
    before = project.copy()
    project.change_something()
    result = ws.sync(days=6)
    days = project.days(project.last - timedelta(days=5), project.yesterday)
    assert sorted(project.asked) == [(days[0], days[6]), (days[7], days[8])]
    assert result.tuples() == differences(before, project.lines, days)
    assert [day.date for day in result.new_days] == days[6:]
    old_part = [line for line in before if day_of(line) < days[0]]
    assert table_rows(ws) == expected_rows(old_part + project.of(days[0], days[-1]))
    (table,) = ws.tables()
    assert (table.complete, table.from_date, table.to_date) == (True, project.first, project.yesterday)
    assert [column.property for column in ws.schema("events").columns if column.property] == ["n"]


def test_where_nothing_changed_nothing_is_told(ws: Workspace, project: Project) -> None:
    ws.sync()
    before = table_rows(ws)
    project.asked.clear()
    again = ws.sync()
    assert len(project.asked) == again.requests == 1
    assert not any(day.differs for day in again.days)
    assert not again.new_days
    assert "5 days fetched again: nothing changed" in again.headline
    assert table_rows(ws) == before


def test_a_sync_asks_the_tables_own_request(
    project: Project, url: str, open_workspace: OpenWorkspace
) -> None:
    ws = open_workspace(url)
    ws.fetch_events(
        "bought", from_date=project.first, to_date=project.last, events=["Purchase"], columns=0, dedupe=False
    )
    project.lines += json.loads(json.dumps(project.of(project.last, project.last)))  # each was sent twice
    result = ws.sync("bought", days=2)
    assert ws.sql_scalar("SELECT count(DISTINCT event_name) FROM bought") <= 1
    purchases = [line for line in project.lines if line["event"] == "Purchase"]
    assert ws.sql_scalar("SELECT count(*) FROM bought") == len(purchases)
    assert (
        sum(day.added for day in result.days)
        == len([line for line in purchases if day_of(line) == project.last]) // 2
    )


def test_no_days_again_means_new_days_alone(
    ws: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.change_something()
    result = ws.sync(days=0)
    assert [day.date for day in result.days] == project.days(
        project.last + timedelta(days=1), project.yesterday
    )
    later = datetime.now(UTC) + timedelta(hours=7)  # when yesterday has been over for long enough
    monkeypatch.setattr(ledger, "now", lambda: later.replace(tzinfo=None))
    ws.sync(days=0)
    project.asked.clear()
    assert ws.sync(days=0).headline.endswith("nothing was asked.")
    assert not project.asked


@pytest.mark.parametrize("way", ["sync", "fetch"])
def test_a_sync_that_fails_leaves_whole_days_and_the_next_completes_it(
    ws: Workspace, project: Project, way: str
) -> None:
    before = project.copy()
    project.change_something()
    failing = project.yesterday
    project.fails = {failing}
    with pytest.raises(ServerError, match=str(failing)):
        ws.sync(days=10)
    assert not ws.tables().tables[0].complete
    rows = table_rows(ws)
    for day in project.days(project.first, project.yesterday):
        of_day = [line for line in before if day_of(line) == day]
        now = project.of(day, day)
        held = {row: count for row, count in rows.items() if json.loads(row)[1].startswith(str(day))}
        assert held in (dict(expected_rows(of_day)), dict(expected_rows(now))), day
    project.fails = set()
    if way == "sync":
        ws.sync(days=10)
        since = project.last - timedelta(days=9)
        old = [line for line in before if day_of(line) < since]
        assert table_rows(ws) == expected_rows(old + project.of(since, project.yesterday))
    else:
        ws.fetch_events(if_exists="append")
    assert ws.tables().tables[0].complete
    assert ws.sql_scalar("SELECT max(event_time)::DATE FROM events") == project.yesterday


SYNC = """
    from mixpanel_nb import Workspace
    with Workspace(path="data.db") as ws:
        print(ws.sync(days=10, workers=1).requests)
"""


def test_a_killed_sync_leaves_a_usable_table_and_two_at_once_say_so(
    ws: Workspace, project: Project, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = table_rows(ws)
    project.change_something()
    for name, value in {
        "API_BASE_URL": url,
        "USERNAME": "sandbox",
        "SECRET": "sandbox",
        "PROJECT_ID": "1",
    }.items():
        monkeypatch.setenv(f"MP_{name}", value)
    project.hangs = {project.yesterday}
    command = [sys.executable, "-c", textwrap.dedent(SYNC)]
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: any(last == project.yesterday for _, last in project.asked), seconds=30)
    with pytest.raises(StorageError, match=f"Process {running.pid} is fetching table 'events' now"):
        ws.sync(days=10)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    project.hangs = set()
    project.release.set()
    held = table_rows(ws)
    assert held == before or set(held) - set(before)
    ws.sync(days=LENGTH)
    assert table_rows(ws) == expected_rows(project.of(project.first, project.yesterday))
    assert not list(tmp_path.glob(".data.db.fetch/events/*.jsonl"))


def test_append_without_days_adds_the_new_ones(ws: Workspace, project: Project) -> None:
    before = project.copy()
    project.change_something()
    result = ws.fetch_events(if_exists="append")
    new = project.days(project.last + timedelta(days=1), project.yesterday)
    assert {day for first, last in project.asked for day in project.days(first, last)} == set(new)
    assert result.date_range == (str(new[0]), str(new[-1]))
    assert table_rows(ws) == expected_rows(before + project.of(new[0], new[-1]))
    project.asked.clear()
    again = ws.fetch_events(if_exists="append")
    # Yesterday may not have been over for long enough.
    assert {day for first, last in project.asked for day in project.days(first, last)} <= {project.yesterday}
    assert again.new_rows == 0
    assert [column.property for column in ws.schema("events").columns if column.property] == ["n"]


def test_rows_of_synced_days_are_in_the_order_in_which_they_were_sent(
    open_workspace: OpenWorkspace, project: Project, url: str
) -> None:
    for line in project.lines:
        line["properties"]["time"] -= line["properties"]["time"] % 43_200
    ws = open_workspace(url)
    ws.fetch_events(from_date=project.first, to_date=project.last)
    project.draw.shuffle(project.lines)
    ws.sync(days=LENGTH)
    ordered = sorted(project.lines, key=lambda line: line["properties"]["time"])
    rows = ws.sql_rows("SELECT insert_id FROM events ORDER BY event_time, rowid").tuples()
    assert [insert_id for (insert_id,) in rows] == [line["properties"]["$insert_id"] for line in ordered]


def test_what_cannot_be_synced_is_one_clear_line(ws: Workspace, project: Project) -> None:
    days: dict[str, Any] = {"from_date": project.first, "to_date": project.last}
    ws.fetch_events("some", **days, limit=5)
    ws.fetch_events("mixed", **days, events=["Visit"])
    ws.fetch_events("mixed", **days, events=["Purchase"], if_exists="append")
    ws.sql("CREATE TABLE mine AS SELECT 1 AS one")
    project.asked.clear()
    for name, error, says in (
        ("some", ParameterError, "was fetched with a limit"),
        ("mixed", ParameterError, "different filters"),
        ("mine", TableNotFoundError, "was not fetched"),
        ("event", TableNotFoundError, "There is no table 'event'"),
    ):
        with pytest.raises(error, match=says):
            ws.sync(name)
    for wrong in ({"days": -1}, {"days": 367}, {"workers": 0}, {"to_date": "2999-01-01"}):
        with pytest.raises(ParameterError):
            ws.sync(**wrong)
    with pytest.raises(ParameterError, match="events is not that of table 'events'"):
        ws.fetch_events(if_exists="append", events=["Visit"])
    with pytest.raises(ParameterError, match="there is no table 'other'"):
        ws.fetch_events("other", if_exists="append")
    with pytest.raises(ParameterError, match="from_date is missing"):
        ws.fetch_events("other")
    assert not project.asked


def test_profiles_have_no_days_to_sync(ws: Workspace, open_workspace: OpenWorkspace, tmp_path: Path) -> None:
    with answering(
        lambda path: (200, {}, b'{"results": [], "page": 0, "total": 0, "status": "ok"}')
    ) as other:
        users = open_workspace(other, tmp_path / "people.db")
        users.fetch_profiles()
        with pytest.raises(ParameterError, match="has profiles, which have no days"):
            users.sync("profiles")
