"""Fetching events over HTTP: the table is what the export says, no more and no less."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

import pytest
from asking import metered

from mixpanel_nb.errors import TableExistsError
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset

from .support import (
    JANUARY,
    QUARTER,
    answering,
    days_asked,
    deduplicated,
    expected_rows,
    table_rows,
)

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import OpenWorkspace

    from mixpanel_nb import Workspace


@pytest.fixture(scope="session")
def lines(store: Dataset) -> list[bytes]:
    """The whole export, as it comes."""
    return list(store.export_lines("2025-01-01", "2025-03-31"))


def test_the_table_holds_what_a_naive_reading_of_the_export_holds(ws: Workspace, lines: list[bytes]) -> None:
    result = ws.fetch_events(**QUARTER)
    expected = deduplicated(lines)
    assert table_rows(ws) == expected_rows(expected)
    assert result.rows == len(expected) == ws.sql_scalar("SELECT count(*) FROM events")
    assert result.duplicates == len(lines) - len(expected) > 0


def test_the_result_tells_what_was_done(ws: Workspace, mixpanel: SandboxServer, lines: list[bytes]) -> None:
    result = ws.fetch_events("visits", **QUARTER, workers=2)
    per_day = ws.sql("SELECT event_time::DATE AS day, count(*) AS n FROM visits GROUP BY 1 ORDER BY 1")
    assert result.table == "visits"
    assert result.type == "events"
    assert result.date_range == ("2025-01-01", "2025-03-31")
    assert result.requests == len(metered(mixpanel.requests)) == 13
    assert result.new_rows == result.rows
    assert result.duration_seconds > 0
    assert [day for day, _ in result.per_day] == [day.date() for day in per_day["day"]]
    assert result.df["count"].tolist() == per_day["n"].tolist()
    assert len(result.df) == 90
    assert {"plan", "$city"} <= set(result.columns)


def test_only_the_named_events_are_fetched(ws: Workspace, lines: list[bytes]) -> None:
    result = ws.fetch_events(**JANUARY, events=["Purchase", "Sign Up"])
    expected = [
        event
        for event in deduplicated(lines)
        if event["event"] in {"Purchase", "Sign Up"} and event["properties"]["time"] < 1738368000
    ]
    assert table_rows(ws) == expected_rows(expected)
    assert result.rows == len(expected) > 0
    assert ws.info().tables[0].filters == {"events": ["Purchase", "Sign Up"]}


def test_one_event_may_be_named_without_a_list(ws: Workspace) -> None:
    ws.fetch_events(**JANUARY, events="Purchase")
    assert ws.sql_rows("SELECT DISTINCT event_name FROM events").tuples() == [("Purchase",)]


def test_a_limit_takes_one_request_and_no_more_events(ws: Workspace, mixpanel: SandboxServer) -> None:
    result = ws.fetch_events(**QUARTER, limit=250)
    assert len(metered(mixpanel.requests)) == 1
    assert result.rows + result.duplicates == 250


def test_duplicates_are_kept_on_request(ws: Workspace, lines: list[bytes]) -> None:
    result = ws.fetch_events(**QUARTER, dedupe=False, columns=None)
    assert result.rows == len(lines)
    assert result.duplicates == 0


@pytest.mark.parametrize(
    ("columns", "typed"),
    [(None, set()), (0, set()), (["plan", "$city"], {"plan", "$city"}), (["no such"], {"no such"})],
)
def test_the_typed_columns_are_those_asked_for(
    ws: Workspace, columns: int | list[str] | None, typed: set[str]
) -> None:
    result = ws.fetch_events(**JANUARY, columns=columns, limit=500)
    assert set(result.columns) == typed
    assert table_rows(ws).total() == result.rows


def test_a_number_of_columns_takes_the_most_frequent_properties(ws: Workspace) -> None:
    assert len(ws.fetch_events(**JANUARY, columns=5, limit=500).columns) == 5


@pytest.mark.parametrize("workers", [1, 100])
def test_the_number_of_workers_changes_nothing(ws: Workspace, lines: list[bytes], workers: int) -> None:
    result = ws.fetch_events(**QUARTER, workers=workers, columns=None)
    assert result.rows == len(deduplicated(lines))


def test_days_without_events_make_an_empty_table(ws: Workspace) -> None:
    result = ws.fetch_events(from_date="2024-05-01", to_date="2024-05-07")
    assert result.rows == 0
    assert result.df["count"].tolist() == [0] * 7
    assert ws.sql_scalar("SELECT count(*) FROM events") == 0
    assert ws.info().tables[0].complete
    with pytest.raises(TableExistsError):
        ws.fetch_events(from_date="2024-05-01", to_date="2024-05-07")


def test_a_single_day_is_one_request(ws: Workspace, mixpanel: SandboxServer, lines: list[bytes]) -> None:
    result = ws.fetch_events(from_date=date(2025, 1, 8), to_date=date(2025, 1, 8))
    assert days_asked(mixpanel.requests) == [("2025-01-08", "2025-01-08")]
    assert dict(result.per_day) == {date(2025, 1, 8): result.rows}


def test_all_events_on_one_day_of_many(tmp_path: Path, open_workspace: OpenWorkspace) -> None:
    one_day = [
        b'{"event":"Visit","properties":{"time":%d,"distinct_id":"u%d","$insert_id":"i%d","n":%d}}'
        % (1738000000 + number % 3000, number % 7, number, number)
        for number in range(5000)
    ]
    export = tmp_path / "export.jsonl"
    export.write_bytes(b"\n".join(one_day))
    with Dataset.from_files(export, None, tmp_path / "cache") as data, SandboxServer(data) as server:
        ws = open_workspace(server.url)
        result = ws.fetch_events(**QUARTER)
    assert result.rows == 5000
    assert table_rows(ws) == expected_rows(deduplicated(one_day))
    assert Counter(dict(result.df["count"].value_counts())) == {0: 89, 5000: 1}


@pytest.mark.parametrize("compressed", [True, False])
def test_a_static_file_server_gives_the_same_table_as_the_sandbox(
    tmp_path: Path, open_workspace: OpenWorkspace, lines: list[bytes], compressed: bool
) -> None:
    export = tmp_path / ("export.jsonl.gz" if compressed else "export.jsonl")
    with Dataset.from_files(_written(tmp_path, lines), None, tmp_path / "cache") as data:
        data.dump(export)
        with SandboxServer(data) as server:
            served = open_workspace(server.url, tmp_path / "served.db")
            served.fetch_events(**JANUARY)
    body = export.read_bytes()
    headers = {"Content-Encoding": "gzip"} if compressed else {}
    with answering(lambda _: (200, headers, body)) as url:
        static = open_workspace(url, tmp_path / "static.db")
        static.fetch_events(**JANUARY)
    assert table_rows(static) == table_rows(served)


def _written(folder: Path, lines: list[bytes]) -> Path:
    # A static server sends its file for each chunk of days; only what has an id is known to be the same.
    identified = [line for line in lines if b"$insert_id" in line]
    january = [line for line in identified if b'"time":1735' in line or b'"time":1736' in line]
    file = folder / "january.jsonl"
    file.write_bytes(b"\n".join(january) + b"\n")
    return file
