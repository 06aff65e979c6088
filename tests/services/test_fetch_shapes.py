"""Unusual exports: times of old projects, a thousand sparse properties, very many events."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import textwrap
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from asking import metered

from mixpanel_nb.errors import IncompleteExportError, StorageError

from .support import answering, expected_rows, table_rows

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import OpenWorkspace

BERLIN = ZoneInfo("Europe/Berlin")
DAY: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-01"}


def _legacy_export(moments: list[datetime]) -> bytes:
    """What a project made before 2023 exports: the digits of the local clock as if they were UTC."""
    lines = []
    for number, moment in enumerate(moments):
        local = moment.astimezone(BERLIN).replace(tzinfo=UTC)
        properties = {"time": int(local.timestamp()), "distinct_id": "u", "$insert_id": f"i{number}"}
        lines.append(json.dumps({"event": "Visit", "properties": properties}))
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"event": None, "properties": {"time": 1735700000}},
        {"event": "A", "properties": {"distinct_id": "u"}},
        {"event": "A", "properties": [1]},
        {"event": "A", "properties": {"time": "soon"}},
    ],
    ids=json.dumps,
)
def test_what_is_no_event_is_refused_by_the_stream_as_by_the_fetch(
    line: dict[str, Any], open_workspace: OpenWorkspace
) -> None:
    with answering(lambda _: (200, {}, json.dumps(line).encode())) as url:
        ws = open_workspace(url)
        for ask in (lambda: list(ws.stream_events(**DAY)), lambda: ws.fetch_events(**DAY)):
            with pytest.raises(IncompleteExportError, match="A line is not an event"):
                ask()


@pytest.mark.parametrize("time", [1735732800123456, 1e300])
def test_a_time_in_microseconds_is_refused_by_the_stream_as_by_the_fetch(
    time: float, open_workspace: OpenWorkspace
) -> None:
    line = {"event": "A", "properties": {"time": time}}
    with answering(lambda _: (200, {}, json.dumps(line).encode())) as url:
        ws = open_workspace(url)
        for ask in (lambda: list(ws.stream_events(**DAY)), lambda: ws.fetch_events(**DAY)):
            with pytest.raises(IncompleteExportError, match="neither seconds nor milliseconds"):
                ask()


@pytest.mark.parametrize("factor", [1, 1000], ids=["seconds", "milliseconds"])
def test_events_since_1971_are_fetched_and_counted(factor: int, open_workspace: OpenWorkspace) -> None:
    days = [date(1971, 1, 1), date(1971, 6, 1), date(1972, 12, 31), date(1999, 12, 31)]
    lines = []
    for number, day in enumerate(days):
        epoch = (day - date(1970, 1, 1)).days * 86_400 + 3_600
        properties = {"time": epoch * factor, "distinct_id": "u", "$insert_id": f"i{number}"}
        lines.append(json.dumps({"event": "Visit", "properties": properties}))
    with answering(lambda _: (200, {}, "\n".join(lines).encode())) as url:
        ws = open_workspace(url)
        years: dict[str, Any] = {"from_date": "1971-01-01", "to_date": "2000-01-01"}
        assert ws.fetch_events(**years).new_rows == 4
        streamed = [event["event_time"].date() for event in ws.stream_events(**years)]
    assert streamed == days
    assert [row[0].date() for row in ws.sql_rows("SELECT event_time FROM events ORDER BY 1")] == days
    result = ws.segmentation("Visit", table="events", from_date="1971-01-01", to_date="2030-01-01")
    counted = {row["date"]: row["count"] for row in result.records() if row["count"]}
    assert counted == {str(day): 1 for day in days}


USERS: list[dict[str, Any]] = [
    {"$distinct_id": "ann", "$properties": {"plan": "pro"}},
    {"$properties": {"plan": "free"}},
    {"$distinct_id": None, "$properties": {}},
    {"$distinct_id": "", "$properties": {"plan": "free"}},
    {"$distinct_id": 7},
]


def _page(users: list[dict[str, Any]]) -> bytes:
    page = {"page": 0, "page_size": 1000, "total": len(users), "session_id": "s", "results": users}
    return json.dumps(page).encode()


def test_users_without_an_id_are_left_out_and_counted(open_workspace: OpenWorkspace) -> None:
    with answering(lambda _: (200, {}, _page(USERS))) as url:
        ws = open_workspace(url)
        fetched = ws.fetch_profiles()
        streamed = [user["distinct_id"] for user in ws.stream_profiles()]
    stored = ws.sql_rows("SELECT distinct_id, plan FROM profiles ORDER BY 1").rows
    assert stored == [("7", None), ("ann", "pro")]
    assert (fetched.rows, fetched.new_rows, fetched.without_id) == (2, 2, 3)
    told = "3 profiles without a $distinct_id were left out."
    assert fetched.remarks == [told]
    assert told in fetched.to_html()
    assert told in repr(fetched)
    assert streamed == ["ann", None, None, None, "7"]  # a stream leaves nothing out


def test_an_answer_without_any_profile_is_refused(open_workspace: OpenWorkspace) -> None:
    with answering(lambda _: (200, {}, _page([{"a": 1}, {"b": 2}]))) as url:
        ws = open_workspace(url)
        with pytest.raises(IncompleteExportError, match="A line is not a profile"):
            ws.fetch_profiles()
        assert not ws.tables()


WINTER = datetime(2025, 1, 15, 23, 30, tzinfo=UTC)
BEFORE_SUMMER_TIME = datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC)
AFTER_SUMMER_TIME = datetime(2025, 3, 30, 1, 0, tzinfo=UTC)
SUMMER = datetime(2025, 7, 15, 12, 0, tzinfo=UTC)
MOMENTS = [WINTER, BEFORE_SUMMER_TIME, AFTER_SUMMER_TIME, SUMMER]


def test_times_of_old_projects_are_turned_back_to_utc(open_workspace: OpenWorkspace) -> None:
    with answering(lambda _: (200, {}, _legacy_export(MOMENTS))) as url:
        ws = open_workspace(url, legacy_time=True, timezone="Europe/Berlin")
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-01")
        streamed = list(ws.stream_events(from_date="2025-01-01", to_date="2025-01-01"))
    stored = [row[0] for row in ws.sql_rows("SELECT event_time FROM events ORDER BY 1")]
    assert stored == [moment.replace(tzinfo=None) for moment in MOMENTS]
    assert [event["event_time"] for event in streamed] == MOMENTS


def test_the_hour_that_comes_twice_is_read_alike_from_the_table_and_the_stream(
    open_workspace: OpenWorkspace,
) -> None:
    twice = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)  # 02:30 in Berlin, as is 01:30 UTC
    with answering(lambda _: (200, {}, _legacy_export([twice]))) as url:
        ws = open_workspace(url, legacy_time=True, timezone="Europe/Berlin")
        ws.fetch_events(from_date="2025-10-26", to_date="2025-10-26")
        [streamed] = ws.stream_events(from_date="2025-10-26", to_date="2025-10-26")
    assert ws.sql_scalar("SELECT event_time FROM events") == streamed["event_time"].replace(tzinfo=None)


@pytest.mark.parametrize(
    ("status", "shift"), [(200, 1), (403, 0)], ids=["Mixpanel knows the zone", "Mixpanel may not be asked"]
)
def test_an_old_project_without_a_zone_takes_mixpanels(
    open_workspace: OpenWorkspace, status: int, shift: int
) -> None:
    me = json.dumps({"results": {"projects": {"1": {"timezone": "Europe/Berlin"}}}}).encode()

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        return (status, {}, me) if path.startswith("/api/app/me") else (200, {}, _legacy_export([WINTER]))

    with answering(answer) as url:
        ws = open_workspace(url, legacy_time=True)
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-01")
    hour: int = ws.sql_scalar("SELECT event_time FROM events").hour
    assert hour == (24 + WINTER.hour + 1 - shift) % 24


def test_the_last_evening_of_an_old_project_in_the_west_is_asked_for_again(
    open_workspace: OpenWorkspace,
) -> None:
    """There, a day is over hours later than in UTC, and its events have not all come by then."""
    asked: list[str] = []

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        asked.extend(metered([path]))
        return 200, {}, b""

    with answering(answer) as url:
        ws = open_workspace(url, legacy_time=True, timezone="Pacific/Honolulu")
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-01")
        with ws.storage._database.work("write") as con:
            con.execute("UPDATE _ledger SET fetched_at = TIMESTAMP '2025-01-02 08:00:00'")
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-01", if_exists="append")
    assert len(asked) == 2


# A wide project

COMMON = [f"Common {number}" for number in range(20)]
RARE = [f"rare_{number}" for number in range(1_000)]


def _wide_event(rng: random.Random, number: int) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "time": 1735700000 + number,
        "distinct_id": f"u{number % 50}",
        "$insert_id": f"{number}",
    }
    properties |= {name: rng.choice([1, 2.5, -3]) for name in COMMON}
    properties |= {name: rng.choice(["text", "1.5", True, 7, None]) for name in rng.sample(RARE, 8)}
    properties["Plan"] = "upper"
    properties["plan"] = number
    properties["mixed"] = rng.choice([1, "1", False, 2.5, "2025-01-01"])
    properties["list"] = [1, "a", {"b": None}]
    properties["big"] = 9_007_199_254_740_993 + number
    return {"event": "Visit", "properties": properties}


def test_a_thousand_sparse_properties_are_all_within_reach(open_workspace: OpenWorkspace) -> None:
    rng = random.Random(7)
    events = [_wide_event(rng, number) for number in range(3_000)]
    body = "\n".join(map(json.dumps, events)).encode()
    with answering(lambda _: (200, {}, body)) as url:
        ws = open_workspace(url)
        result = ws.fetch_events(from_date="2025-01-01", to_date="2025-01-01")
    assert table_rows(ws) == expected_rows(events)
    assert len(result.columns) == 100
    assert {*COMMON, "Plan", "plan", "mixed", "list", "big"} <= set(result.columns)
    types = {column.property: column.type for column in ws.schema("events").columns}
    assert (types["mixed"], types["list"], types["big"], types["Plan"]) == (
        "VARCHAR",
        "JSON",
        "BIGINT",
        "VARCHAR",
    )

    rare = next(name for name in RARE if name not in result.columns)
    holders = [event["properties"][rare] for event in events if event["properties"].get(rare) is not None]
    assert ws.sql_scalar(f"SELECT count(properties->>'{rare}') FROM events") == len(holders) > 0
    assert ws.promote("events", rare) == [rare]
    assert ws.sql_scalar(f'SELECT count("{rare}") FROM events') == len(holders)
    assert table_rows(ws) == expected_rows(events)
    with pytest.raises(StorageError):
        ws.promote("events", "no such property")


def test_properties_that_change_their_type_between_chunks_stay_exact(open_workspace: OpenWorkspace) -> None:
    values: list[Any] = [1, 2.5, "three", True, [4], 2**60, {"five": 5}]
    answers = iter(values)

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        if not metered([path]):
            return 200, {}, b"{}"
        value = next(answers)
        properties = {"time": 1735700000, "distinct_id": "u", "$insert_id": str(value), "v": value}
        return 200, {}, json.dumps({"event": "Visit", "properties": properties}).encode()

    with answering(answer) as url:
        ws = open_workspace(url)
        for day in range(1, 8):
            ws.fetch_events(from_date=date(2025, 1, day), to_date=date(2025, 1, day), if_exists="append")
            assert table_rows(ws).total() == day
    assert {column.property: column.type for column in ws.schema("events").columns}["v"] == "JSON"


MUCH = """
    import re
    from pathlib import Path
    from mixpanel_nb import Workspace

    with Workspace("sandbox", path="data.db") as ws:
        result = ws.fetch_events(from_date="2025-01-01", to_date="2025-01-10", workers=3)
    # ru_maxrss would count what the tests held when they started this program.
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print(result.rows, int(peak[1]) // 1024)
"""


def test_memory_does_not_grow_with_the_number_of_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten days of 30,000 events of ten properties each, which are 110 MB of JSON lines."""
    filler = "".join(f',"property_{number}":"value {number} of the event"' for number in range(8))
    line = '{"event":"Visit","properties":{"time":%d,"distinct_id":"u%d","$insert_id":"%d"' + filler + "}}\n"

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        first, last = (int(text[:2]) for text in path.split("_date=2025-01-")[1:])
        times = (1735603200 + day * 86_400 + n for day in range(first, last + 1) for n in range(30_000))
        return 200, {}, "".join(line % (time, time % 999, time) for time in times).encode()

    with answering(answer) as url:
        monkeypatch.setenv("MP_API_BASE_URL", url)
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(MUCH)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode == 0, done.stderr
    rows, megabytes = map(int, done.stdout.split())
    assert rows == 300_000
    assert megabytes < 600
