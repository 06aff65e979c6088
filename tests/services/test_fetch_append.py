"""Adding to a table, replacing one, and profiles, which are refreshed."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from asking import metered

from mixpanel_nb.errors import (
    ConnectionFailedError,
    ParameterError,
    ServerError,
    TableExistsError,
)
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.faults import FaultRule, Faults
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset

from .support import JANUARY, answering, days_asked, table_rows

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import OpenWorkspace

    from mixpanel_nb import Workspace
    from mixpanel_nb.results import FetchProgress

FIRST_WEEK: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-07"}
THIRD_WEEK: dict[str, Any] = {"from_date": "2025-01-15", "to_date": "2025-01-21"}


def test_days_that_are_there_are_not_asked_for_again(ws: Workspace, mixpanel: SandboxServer) -> None:
    ws.fetch_events(**FIRST_WEEK, columns=["plan"])
    first = ws.fetch_events(**THIRD_WEEK, columns=["plan"], if_exists="append")
    assert first.new_rows < first.rows
    mixpanel.requests.clear()
    ws.fetch_events(**JANUARY, columns=["plan"], if_exists="append")
    asked = {day for first, last in days_asked(mixpanel.requests) for day in _days(first, last)}
    assert asked == {f"2025-01-{day:02}" for day in [*range(8, 15), *range(22, 32)]}
    ws.fetch_events("undisturbed", **JANUARY, columns=["plan"])
    assert table_rows(ws) == table_rows(ws, "undisturbed")
    [events, _] = ws.info().tables
    assert (events.from_date, events.to_date) == (date(2025, 1, 1), date(2025, 1, 31))


def _days(first: str, last: str) -> list[str]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [str(start + timedelta(days=offset)) for offset in range((end - start).days + 1)]


def test_nothing_missing_means_nothing_asked(ws: Workspace, mixpanel: SandboxServer) -> None:
    ws.fetch_events(**FIRST_WEEK, columns=None)
    mixpanel.requests.clear()
    result = ws.fetch_events(from_date="2025-01-02", to_date="2025-01-03", columns=None, if_exists="append")
    assert (result.requests, result.new_rows) == (0, 0)
    assert not mixpanel.requests
    assert dict(result.per_day).keys() == {date(2025, 1, 2), date(2025, 1, 3)}


def test_appending_to_no_table_makes_it(ws: Workspace) -> None:
    assert ws.fetch_events(**FIRST_WEEK, columns=None, if_exists="append").rows > 0


def test_other_filters_are_fetched_and_what_is_there_is_not_doubled(
    ws: Workspace, mixpanel: SandboxServer
) -> None:
    ws.fetch_events(**FIRST_WEEK, events=["Purchase"], columns=["plan"])
    mixpanel.requests.clear()
    result = ws.fetch_events(**FIRST_WEEK, columns=["plan"], if_exists="append")
    assert len(metered(mixpanel.requests)) == 4
    assert result.duplicates > 0
    ws.fetch_events("undisturbed", **FIRST_WEEK, columns=["plan"])
    assert table_rows(ws) == table_rows(ws, "undisturbed")


def test_the_order_of_names_makes_no_other_selection(ws: Workspace, mixpanel: SandboxServer) -> None:
    ws.fetch_events(**FIRST_WEEK, events=["Purchase", "Sign Up"], columns=None)
    mixpanel.requests.clear()
    ws.fetch_events(**FIRST_WEEK, events=["Sign Up", "Purchase", "Sign Up"], columns=None, if_exists="append")
    assert not mixpanel.requests


class Today:
    """A project whose events of today grow from one export to the next; yesterday's are an hour old."""

    def __init__(self) -> None:
        self.today = datetime.now(UTC).date()
        self.asked: list[list[str]] = []
        self.events_a_day = 3

    def __call__(self, path: str) -> tuple[int, dict[str, str], bytes]:
        query = parse_qs(urlsplit(path).query)
        days = _days(query["from_date"][0], query["to_date"][0])
        self.asked.append(days)
        return 200, {}, "\n".join(line for day in days for line in self._events(day)).encode()

    def _events(self, day: str) -> list[str]:
        midnight = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        twice = [*range(self.events_a_day), 0]  # the first event was sent twice
        return [
            json.dumps(
                {
                    "event": "Visit",
                    "properties": {"time": midnight + n, "distinct_id": "u", "$insert_id": f"{n}"},
                }
            )
            for n in twice
        ]


@pytest.mark.parametrize("dedupe", [True, False])
def test_days_that_were_not_over_are_asked_for_again(open_workspace: OpenWorkspace, dedupe: bool) -> None:
    project = Today()
    today, month_ago = project.today, project.today - timedelta(days=30)
    with answering(project) as url:
        ws = open_workspace(url)
        ws.fetch_events(from_date=month_ago, to_date=today, dedupe=dedupe)
        project.asked.clear()
        project.events_a_day = 5
        ws.fetch_events(from_date=month_ago, to_date=today, if_exists="append", dedupe=dedupe)
    asked = [day for days in project.asked for day in days]
    assert asked[-1] == str(today)
    assert set(asked) <= {str(today), str(today - timedelta(days=1))}
    counts = dict(ws.sql_rows("SELECT event_time::DATE, count(*) FROM events GROUP BY ALL").tuples())
    twice = 0 if dedupe else 1
    assert counts[today] == 5 + twice
    assert counts[month_ago] == 3 + twice


def test_a_replaced_table_can_be_read_until_the_new_one_is_whole(ws: Workspace) -> None:
    ws.fetch_events(**FIRST_WEEK, columns=["plan"])
    before = ws.sql_scalar("SELECT count(*) FROM events")
    seen: list[int] = []

    def read(now: FetchProgress) -> None:
        if now.state == "fetching":
            seen.append(ws.sql_scalar("SELECT count(*) FROM events"))

    result = ws.fetch_events(**THIRD_WEEK, columns=["$city"], if_exists="replace", progress=read)
    assert set(seen) == {before}
    assert [table.name for table in ws.tables()] == ["events"]
    assert result.rows == ws.sql_scalar("SELECT count(*) FROM events")
    assert ws.sql_scalar("SELECT min(event_time)::DATE FROM events") == date(2025, 1, 15)
    assert [column.name for column in ws.schema("events").columns][-1] == "$city"


def test_replacing_the_same_days_asks_for_all_of_them(ws: Workspace, mixpanel: SandboxServer) -> None:
    ws.fetch_events(**FIRST_WEEK, columns=None)
    mixpanel.requests.clear()
    ws.fetch_events(**FIRST_WEEK, columns=None, if_exists="replace")
    assert len(metered(mixpanel.requests)) == 4


def test_a_replacement_that_was_stopped_is_no_part_of_another_one(
    ws: Workspace, mixpanel: SandboxServer, faults: Faults
) -> None:
    faults.add(FaultRule("html", match={"from_date": "2025-01-05"}, times=None))
    ws.fetch_events(**THIRD_WEEK, columns=None)
    with pytest.raises(Exception, match="HTML"):
        ws.fetch_events(**FIRST_WEEK, columns=None, if_exists="replace")
    result = ws.fetch_events(from_date="2025-01-08", to_date="2025-01-14", columns=None, if_exists="replace")
    assert ws.sql_scalar("SELECT min(event_time)::DATE FROM events") == date(2025, 1, 8)
    assert result.rows == ws.sql_scalar("SELECT count(*) FROM events")
    assert [table.name for table in ws.tables()] == ["events"]


def test_what_was_added_does_not_hide_that_an_earlier_fetch_was_stopped(
    ws: Workspace, faults: Faults
) -> None:
    faults.add(FaultRule("html", match={"from_date": "2025-01-05"}, times=1))
    with pytest.raises(Exception, match="HTML"):
        ws.fetch_events(**FIRST_WEEK, columns=None)
    ws.fetch_events(**THIRD_WEEK, columns=None, if_exists="append")
    assert not ws.info().tables[0].complete
    ws.fetch_events(**FIRST_WEEK, columns=None)  # the same call completes it still
    assert ws.info().tables[0].complete


def test_a_stopped_fetch_is_complete_once_others_have_brought_its_days(ws: Workspace, faults: Faults) -> None:
    faults.add(FaultRule("html", match={"from_date": "2025-01-05"}, times=1))
    with pytest.raises(Exception, match="HTML"):
        ws.fetch_events(**FIRST_WEEK, columns=None)
    ws.fetch_events(**JANUARY, columns=None, if_exists="append")
    assert ws.info().tables[0].complete
    with pytest.raises(TableExistsError):
        ws.fetch_events(**FIRST_WEEK, columns=None)


# Profiles


def test_all_users_are_fetched_page_by_page(
    ws: Workspace, mixpanel: SandboxServer, store: Dataset, tmp_path: Path
) -> None:
    result = ws.fetch_profiles()
    store.dump(tmp_path / "people.jsonl", "profiles")
    expected = [json.loads(line) for line in (tmp_path / "people.jsonl").read_bytes().split(b"\n") if line]
    rows = ws.sql_rows("SELECT distinct_id, last_seen, properties, plan FROM profiles")
    assert {row[0] for row in rows} == {user["$distinct_id"] for user in expected}
    by_id = {user["$distinct_id"]: user["$properties"] for user in expected}
    for distinct_id, last_seen, properties, plan in rows:
        assert json.loads(properties) == by_id[distinct_id]
        assert last_seen.isoformat() == by_id[distinct_id]["$last_seen"]
        assert plan == by_id[distinct_id]["plan"]
    assert result.type == "profiles"
    assert result.rows == result.new_rows == len(rows) == len(expected)
    assert result.date_range is None
    assert result.requests == len(mixpanel.requests)


def test_appended_users_are_refreshed_and_the_others_stay(
    tmp_path: Path, open_workspace: OpenWorkspace
) -> None:
    ws = _fetch_users(tmp_path, open_workspace, {"ada": "free", "bob": "plus"})
    ws = _fetch_users(tmp_path, open_workspace, {"bob": "pro", "cyd": "free"}, if_exists="append")
    users = ws.sql_rows("SELECT distinct_id, plan FROM profiles ORDER BY 1").tuples()
    assert users == [("ada", "free"), ("bob", "pro"), ("cyd", "free")]


def test_replaced_users_are_only_the_new_ones(tmp_path: Path, open_workspace: OpenWorkspace) -> None:
    ws = _fetch_users(tmp_path, open_workspace, {"ada": "free", "bob": "plus"})
    with pytest.raises(TableExistsError):
        ws.fetch_profiles()
    ws = _fetch_users(tmp_path, open_workspace, {"bob": "pro"}, if_exists="replace")
    assert ws.sql_rows("SELECT distinct_id, plan FROM profiles").tuples() == [("bob", "pro")]


def _fetch_users(folder: Path, open_workspace: OpenWorkspace, plans: dict[str, str], **how: Any) -> Workspace:
    file = folder / f"{'-'.join(plans)}.jsonl"
    users = [{"$distinct_id": name, "$properties": {"plan": plan}} for name, plan in plans.items()]
    file.write_text("\n".join(map(json.dumps, users)))
    (folder / "none.jsonl").touch()
    port = folder / "port"  # the same each time, for the same project answers
    with (
        Dataset.from_files(folder / "none.jsonl", file, folder / "cache") as data,
        SandboxServer(data, int(port.read_text()) if port.exists() else 0) as server,
    ):
        port.write_text(server.url.rpartition(":")[2])
        ws = open_workspace(server.url)
        ws.fetch_profiles(**how)
    return ws


def test_a_page_that_fails_keeps_all_users_out(
    tmp_path: Path, open_workspace: OpenWorkspace, faults: Faults
) -> None:
    users = [{"$distinct_id": f"p{number}", "$properties": {"n": number}} for number in range(2_500)]
    file, nothing = tmp_path / "people.jsonl", tmp_path / "none.jsonl"
    file.write_text("\n".join(map(json.dumps, users)))
    nothing.touch()
    faults.add(FaultRule("status", match={"page": "1"}, status=500, times=3))
    with (
        Dataset.from_files(nothing, file, tmp_path / "cache") as data,
        SandboxServer(create_app(data, faults=faults)) as server,
    ):
        ws = open_workspace(server.url)
        with pytest.raises(ServerError):
            ws.fetch_profiles()
        assert not ws.tables()
        result = ws.fetch_profiles()
    assert (result.rows, result.requests) == (2_500, 3)
    assert ws.sql_scalar("SELECT sum(n) FROM profiles") == sum(range(2_500))


def test_only_the_named_properties_of_users_are_fetched(ws: Workspace) -> None:
    result = ws.fetch_profiles(output_properties=["plan"])
    assert result.columns == ("plan",)
    assert ws.sql_scalar("SELECT max(len(json_keys(properties))) FROM profiles") == 1


@pytest.mark.parametrize("way", [{}, {"if_exists": "append"}, {"if_exists": "replace"}])
def test_users_that_come_incomplete_change_nothing(
    ws: Workspace, faults: Faults, way: dict[str, Any]
) -> None:
    if way:
        ws.fetch_profiles(output_properties=["plan"])
    before = ws.sql_rows("SELECT * FROM profiles ORDER BY 1").tuples() if way else None
    faults.add(FaultRule("cut", path_contains="engage", size=5000, times=None))
    with pytest.raises(ConnectionFailedError):
        ws.fetch_profiles(**way)
    if way:
        assert ws.sql_rows("SELECT * FROM profiles ORDER BY 1").tuples() == before
    faults.clear()
    assert ws.fetch_profiles(**way).rows > 0


def test_half_an_emoji_in_the_data_costs_that_character_alone(open_workspace: OpenWorkspace) -> None:
    body = rb'{"event":"Visit","properties":{"time":1735700000,"distinct_id":"u","text":"cut \ud83d here"}}'
    with answering(lambda _: (200, {}, body)) as url:
        ws = open_workspace(url)
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-01")
    assert re.fullmatch("cut . here", ws.sql_scalar("SELECT text FROM events"))


def test_limited_fetches_add_up(ws: Workspace, mixpanel: SandboxServer) -> None:
    ws.fetch_events(**FIRST_WEEK, limit=10, columns=None)
    mixpanel.requests.clear()
    ws.fetch_events(**THIRD_WEEK, limit=20, columns=None, if_exists="append")
    assert len(metered(mixpanel.requests)) == 1
    assert 25 <= ws.sql_scalar("SELECT count(*) FROM events") <= 30
    with pytest.raises(ParameterError):
        ws.fetch_events(**THIRD_WEEK, limit=-1, if_exists="append")


def test_rows_that_sql_has_deleted_are_not_reported(ws: Workspace) -> None:
    days: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-03"}
    held = ws.fetch_events(**days).rows
    ws.sql("DELETE FROM events")
    again = ws.fetch_events(**days, if_exists="append")
    assert (again.rows, again.new_rows, again.requests) == (0, 0, 0)
    assert "is empty, although" in again._repr_html_()
    remark, nothing = again.remarks
    assert nothing == "All 3 days are here; nothing was asked."
    assert f"SQL has changed events: it held {held:,} rows after its last fetch, and 0 now" in remark
    with pytest.raises(TableExistsError, match="with 0 rows"):
        ws.fetch_events(**days)
    assert ws.fetch_events(**days, if_exists="replace").rows == held
    ws.fetch_profiles()
    ws.sql("DELETE FROM profiles WHERE distinct_id <> (SELECT min(distinct_id) FROM profiles)")
    assert "and 1 now" in ws.fetch_profiles(if_exists="append").remarks[0]
