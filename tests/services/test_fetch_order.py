"""Rows of the same time keep the order in which they were sent: in SQL, in feeds and in exports."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest

from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.storage import TableMetadata, ledger
from mixpanel_nb.storage.loading import Batch

from .support import answering

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import OpenWorkspace

    from mixpanel_nb import Workspace

MIDNIGHT = 1_735_689_600  # 2025-01-01
DAY = 86_400
DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-04"}
MATCH = ["Pass", "Carry", "Pass", "Carry", "Shot", "Duel", "Clearance"]
NEXT = """
    SELECT event_name, next, count(*) FROM (
        SELECT event_name, lead(event_name) OVER (PARTITION BY distinct_id ORDER BY event_time, rowid) AS next
        FROM events
    ) WHERE next IS NOT NULL GROUP BY ALL
"""


def match(events_a_day: int = 900, days: int = 4) -> list[dict[str, Any]]:
    """A match of football a day: in whole seconds, in which several things happen one after the other."""
    draw = random.Random(7)
    lines: list[dict[str, Any]] = []
    for day in range(days):
        second = MIDNIGHT + day * DAY
        for _ in range(events_a_day):
            second += draw.choice([0, 0, 0, 1])
            insert_id = f"{draw.getrandbits(64):x}"
            held = {"time": second, "distinct_id": "match", "$insert_id": insert_id, "n": len(lines)}
            lines.append({"event": draw.choice(MATCH), "properties": held})
    return lines


def successions(lines: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """What follows what, by time, and then as the lines stand."""
    names = [line["event"] for line in sorted(lines, key=lambda line: line["properties"]["time"])]
    return Counter(pairwise(names))


def export_of(lines: list[dict[str, Any]]) -> Any:
    """Answers an export with these lines, as they stand."""

    def answer(path: str) -> tuple[int, dict[str, str], bytes]:
        query = parse_qs(urlsplit(path).query)
        first, last = (day_number(query[name][0]) for name in ("from_date", "to_date"))
        chosen = [line for line in lines if first <= (line["properties"]["time"] - MIDNIGHT) // DAY <= last]
        return 200, {}, b"".join(json.dumps(line).encode() + b"\n" for line in chosen)

    return answer


def day_number(day: str) -> int:
    return int(day[-2:]) - 1


def found(ws: Workspace) -> Counter[tuple[str, str]]:
    return Counter({(before, after): count for before, after, count in ws.sql_rows(NEXT)})


def numbers(lines: list[dict[str, Any]]) -> list[int]:
    return [line["properties"]["n"] for line in sorted(lines, key=lambda line: line["properties"]["time"])]


@pytest.mark.parametrize("dedupe", [True, False])
def test_what_follows_what_is_as_it_was_sent(open_workspace: OpenWorkspace, dedupe: bool) -> None:
    lines = match()
    with answering(export_of(lines)) as url:
        ws = open_workspace(url)
        ws.fetch_events(**DAYS, dedupe=dedupe)
    assert found(ws) == successions(lines)
    by_id = sorted(lines, key=lambda line: (line["properties"]["time"], line["properties"]["$insert_id"]))
    assert found(ws) != Counter(pairwise(line["event"] for line in by_id)), "the case would show nothing"


def test_appended_days_and_days_that_come_again_keep_their_order(open_workspace: OpenWorkspace) -> None:
    lines = match()
    with answering(export_of(lines)) as url:
        ws = open_workspace(url)
        ws.fetch_events(from_date="2025-01-03", to_date="2025-01-04", columns=["n"])
        ws.fetch_events(**DAYS, if_exists="append")
        ws.fetch_events(from_date="2025-01-03", to_date="2025-01-04", events=["Pass"], if_exists="append")
    assert found(ws) == successions(lines)


def test_the_activity_feed_and_exports_are_in_order(open_workspace: OpenWorkspace, tmp_path: Path) -> None:
    lines = match()
    with answering(export_of(lines)) as url:
        ws = open_workspace(url)
        ws.fetch_events(**DAYS, workers=1)
        streamed = [event["properties"]["n"] for event in ws.stream_events(**DAYS)]
    assert streamed == numbers(lines)
    feed = ws.activity_feed("match", **DAYS, table="events")
    assert [row["n"] for row in feed.records()] == numbers(lines)
    for source in ("events", "SELECT * FROM events WHERE n >= 0"):
        ws.export(source, tmp_path / "match.jsonl", replace=True)
        ws.export(source, tmp_path / "match.csv", replace=True)
        ws.export(source, tmp_path / "match.parquet", replace=True)
        rows = [json.loads(line) for line in (tmp_path / "match.jsonl").read_text().splitlines()]
        assert in_time([(row["event_time"], row["n"]) for row in rows]) == numbers(lines)
        with (tmp_path / "match.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert in_time([(row["event_time"], int(row["n"])) for row in rows]) == numbers(lines)
        stored = duckdb.execute(f"SELECT event_time, n FROM '{tmp_path}/match.parquet'").fetchall()
        assert in_time(stored) == numbers(lines)


def in_time(rows: list[tuple[Any, int]]) -> list[int]:
    """The second of each, ordered by the first alone."""
    return [number for _, number in sorted(rows, key=lambda row: row[0])]


def test_the_sandbox_sends_and_counts_in_the_order_of_the_file(
    open_workspace: OpenWorkspace, tmp_path: Path
) -> None:
    lines = match(days=2)
    late = lines[900:] + lines[:900]  # a file need not begin with its first day
    file = tmp_path / "match.jsonl"
    file.write_text("\n".join(map(json.dumps, late)))
    two_days: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-02"}
    with (
        Dataset.from_files(file, None, tmp_path / "cache") as dataset,
        SandboxServer(create_app(dataset)) as server,
    ):
        ws = open_workspace(server.url)
        assert [event["properties"]["n"] for event in ws.stream_events(**two_days)] == numbers(lines)
        some = ws.stream_events(**two_days, where='properties["n"] >= 0')
        assert [event["properties"]["n"] for event in some] == numbers(lines)
        feed = ws.activity_feed("match", **two_days)
        assert [row["n"] for row in feed.records()] == numbers(lines)
        ws.fetch_events(**two_days)
        assert found(ws) == successions(lines)


def test_the_rows_of_a_large_file_are_in_its_order(ws: Workspace, tmp_path: Path) -> None:
    """So large that DuckDB reads and writes it with several threads."""
    count, padding = 200_000, "x" * 150
    file = tmp_path / "large.jsonl"
    with file.open("w") as stream:
        for number in range(count):
            held = f'"time":{MIDNIGHT},"distinct_id":"u","$insert_id":"{number * 7919 % count}","n":{number}'
            stream.write(f'{{"event":"E","properties":{{{held},"padding":"{padding}"}}}}\n')
    metadata = TableMetadata("events", ledger.now())
    ws.storage.load(Batch("events", [file], [], metadata, columns=["n"], lines=count))
    assert ws.sql_scalar("SELECT bool_and(n = rowid) FROM events") is True
    ws.export("SELECT n FROM events", tmp_path / "n.csv")
    with (tmp_path / "n.csv").open() as exported:
        next(exported)
        assert all(int(line) == number for number, line in enumerate(exported))


def test_events_of_a_view_are_ordered_without_row_numbers(ws: Workspace) -> None:
    ws.fetch_events(from_date="2025-01-01", to_date="2025-01-02", columns=None)
    ws.sql("CREATE VIEW seen AS SELECT * FROM events")
    who = ws.sql_scalar("SELECT min(distinct_id) FROM events WHERE distinct_id <> ''")
    days: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-02"}
    of_view, of_table = (ws.activity_feed(who, **days, table=name) for name in ("seen", "events"))
    assert "insert_id" in str(of_view.sql)
    assert "rowid" in str(of_table.sql)
    assert sorted(map(str, of_view.records())) == sorted(map(str, of_table.records()))


WHAT_FOLLOWS = """
    SELECT next, count(*) AS times FROM (
        SELECT event_name, event_time, lead(event_name) OVER w AS next, lead(event_time) OVER w AS next_time
        FROM events WINDOW w AS (PARTITION BY distinct_id ORDER BY event_time, rowid)
    ) WHERE event_name = 'Search' AND next_time - event_time <= INTERVAL 30 MINUTE GROUP BY ALL
"""
PATHS = """
    SELECT concat_ws(' → ', two, one, event_name) AS path, count(*) AS times FROM (
        SELECT event_name, lag(event_name) OVER w AS one, lag(event_name, 2) OVER w AS two
        FROM events WINDOW w AS (PARTITION BY distinct_id ORDER BY event_time, rowid)
    ) WHERE event_name = 'Purchase' GROUP BY ALL
"""
SHOP = ["Search", "View Product", "Add to Cart", "Purchase", "Page View"]


def shopping(days: int = 4) -> list[dict[str, Any]]:
    """What visitors of a shop do, in the order of the file: several of it in one second."""
    draw = random.Random(11)
    lines: list[dict[str, Any]] = []
    for day in range(days):
        second = MIDNIGHT + day * DAY
        for _ in range(600):
            second += draw.choice([0, 0, 0, 0, 5])
            insert_id = f"{draw.getrandbits(64):x}"
            who = f"visitor {draw.randrange(12)}"
            held = {"time": second, "distinct_id": who, "$insert_id": insert_id, "n": len(lines)}
            lines.append({"event": draw.choice(SHOP), "properties": held})
    return lines


def visits(lines: list[dict[str, Any]]) -> dict[str, list[tuple[str, int]]]:
    """The events and times of each visitor, by time, and then as the lines stand."""
    found: dict[str, list[tuple[str, int]]] = {}
    for line in sorted(lines, key=lambda line: line["properties"]["time"]):
        held = line["properties"]
        found.setdefault(held["distinct_id"], []).append((line["event"], held["time"]))
    return found


def fetched(ws: Workspace, lines: list[dict[str, Any]], folder: Path) -> None:
    ws.fetch_events(**DAYS, workers=3)


def appended_and_synced(ws: Workspace, lines: list[dict[str, Any]], folder: Path) -> None:
    ws.fetch_events(from_date="2025-01-03", to_date="2025-01-03")
    ws.fetch_events(from_date="2025-01-01", to_date="2025-01-03", if_exists="append")
    ws.fetch_events(from_date="2025-01-04", to_date="2025-01-04", if_exists="append")
    again = random.Random(3)
    again.shuffle(lines)  # Mixpanel has them in another order now
    ws.sync(days=5)


def loaded(ws: Workspace, lines: list[dict[str, Any]], folder: Path) -> None:
    (folder / "shop.jsonl").write_text("\n".join(map(json.dumps, lines)))
    ws.load(folder / "shop.jsonl")


@pytest.mark.parametrize("come", [fetched, appended_and_synced, loaded])
def test_flows_and_paths_in_sql_take_ties_in_the_order_of_the_file(
    open_workspace: OpenWorkspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    come: Callable[[Workspace, list[dict[str, Any]], Path], None],
) -> None:
    lines = shopping()
    with answering(export_of(lines)) as url:
        ws = open_workspace(url)
        monkeypatch.setattr(type(ws._project), "today", date(2025, 1, 5))
        come(ws, lines, tmp_path)
    told = visits(lines)
    by_id = visits(sorted(lines, key=lambda line: str(line["properties"]["$insert_id"])))
    assert by_id != told, "the case would show nothing"
    assert ws.sql_scalar("SELECT count(*) FROM events") == len(lines)

    follows: Counter[str] = Counter()
    paths: Counter[str] = Counter()
    first: Counter[str] = Counter()
    for events in told.values():
        names = [name for name, _ in events]
        for (name, at), (following, then) in pairwise(events):
            follows[following] += name == "Search" and then - at <= 1_800
        for place, name in enumerate(names):
            if name == "Purchase":
                paths[" → ".join(names[max(place - 2, 0) : place + 1])] += 1
        start = names.index("Purchase")
        first[names[start + 1]] += 1

    assert dict(ws.sql_rows(WHAT_FOLLOWS).tuples()) == {name: n for name, n in follows.items() if n}
    assert dict(ws.sql_rows(PATHS).tuples()) == paths

    flow = ws.flow(start="Purchase", forward=1, limit=20, **DAYS, table="events")
    assert dict(zip(flow.edges["target"], flow.edges["count"], strict=True)) == first
    for who, events in list(told.items())[:3]:
        feed = ws.activity_feed(who, **DAYS, table="events")
        assert [row["event"] for row in feed.records()] == [name for name, _ in events]
