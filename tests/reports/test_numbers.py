"""Numbers at the edges: very small and very large ones, and what is no number."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from workspaces import workspace_on

from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.storage import TableMetadata
from mixpanel_nb.storage.loading import Batch
from mixpanel_nb.workspace import Workspace, sandbox_credentials

from .support import FETCHED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    Loaded = Callable[..., Workspace]

DAY: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-01"}


def line(number: int, value: str) -> str:
    """An event with this JSON, valid or not, as its value."""
    held = f'"time":{1_735_725_600 + number},"distinct_id":"u{number}","$insert_id":"i{number}"'
    return f'{{"event":"Pay","properties":{{{held},"value":{value}}}}}\n'


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Loaded]:
    """Loads events with these values, each written as JSON, into a table ``events``."""
    with Workspace.memory(account="sandbox") as ws:

        def load(values: Sequence[str], *, columns: int = 100) -> Workspace:
            file = tmp_path / "lines.jsonl"
            file.write_text("".join(line(*each) for each in enumerate(values)))
            ws.storage.discard("events")
            ws.storage.load(Batch("events", [file], [], TableMetadata("events", FETCHED), columns=columns))
            return ws

        yield load


def counts(ws: Workspace, report: str = "segmentation", **asked: Any) -> dict[str, float]:
    records = getattr(ws, report)("Pay", **asked, **DAY, table="events").records()
    return {row.get("bucket", row.get("segment")): row["count"] for row in records}


def naive(values: Sequence[str], bounds: Sequence[tuple[float, float]]) -> list[int]:
    """How many values lie between each two bounds, in decimal arithmetic."""
    exact = [(Decimal(repr(low)), Decimal(repr(high))) for low, high in bounds]
    return [sum(low <= Decimal(value) < high for value in values) for low, high in exact]


BUCKETED = {
    "wei": [f"{number}e-15" for number in range(1, 10)],
    "tiny and negative": [f"{number}e-300" for number in range(-20, 20)],
    "ids": [str(2**60 + number) for number in range(40)],
    "negative ids": [str(-(2**60) - number) for number in range(40)],
    "the whole range": [str(-(2**63)), "0", str(2**63 - 1)],
    "beside 2^53": [str(2**53 + number) for number in range(-4, 5)],
    "large decimals": [f"{10**15 + number}.5" for number in range(12)],
    "prices": ["0.1", "0.2", "0.3", "0.7", "1.1", "9.9"],
    "one value": ["7"],
    "one large value": [str(2**60)],
}


@pytest.mark.parametrize("name", BUCKETED)
def test_every_number_is_in_the_bucket_whose_bounds_it_lies_between(loaded: Loaded, name: str) -> None:
    values = BUCKETED[name]
    for buckets in (1, 3, 10):
        result = loaded(values).segmentation_numeric(
            "Pay", on="value", buckets=buckets, **DAY, table="events"
        )
        assert len(set(result.labels)) == len(result.labels) <= 2 * buckets + 2
        found = [row["count"] for row in result.records()]
        assert found == naive(values, result.buckets), (buckets, result.labels)
        assert sum(found) == len(values)


def test_no_number_is_lost_where_bounds_are_beyond_what_is_exact(loaded: Loaded) -> None:
    for values in ([str(2**60 + number) for number in range(40)], ["-1.7e308", "1.7e308", "0"], ["1.7e308"]):
        ws = loaded(values, columns=0)
        for buckets in (1, 10):
            result = ws.segmentation_numeric("Pay", on="value", buckets=buckets, **DAY, table="events")
            assert sum(row["count"] for row in result.records()) == len(values)
            assert len(set(result.labels)) == len(result.labels)
            assert "Pay by value" in result.to_text()


def test_wei_are_told_apart_in_words(loaded: Loaded) -> None:
    assert counts(loaded(BUCKETED["wei"]), "segmentation_numeric", on="value") == {
        f"{low} - {high}": 1
        for low, high in [(f"{number}e-15", f"{number + 1}e-15") for number in range(1, 9)]
        + [("9e-15", "1e-14")]
    }


@pytest.mark.parametrize("name", ["wei", "ids", "negative ids", "prices"])
def test_mixpanels_own_ranges_are_read_as_exactly(tmp_path: Path, home: Path, name: str) -> None:
    (tmp_path / "events.jsonl").write_text("".join(line(*each) for each in enumerate(BUCKETED[name])))
    with (
        Dataset.from_files(tmp_path / "events.jsonl", None, tmp_path / "cache") as dataset,
        SandboxServer(create_app(dataset)) as server,
    ):
        client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
        with workspace_on(client, tmp_path / "data.db") as ws:
            ws.fetch_events(**DAY)
            live, local = (
                ws.segmentation_numeric("Pay", on="value", **DAY, table=table) for table in (None, "events")
            )
    assert live.records() == local.records()
    assert live.buckets == local.buckets


NO_NUMBERS = ["NaN", "nan", "-Infinity", "Infinity", "-inf", "INFINITY", "null"]


@pytest.mark.parametrize("columns", [100, 0])
@pytest.mark.parametrize("no_number", [*NO_NUMBERS, "1e999", "-1e999", "1" + "0" * 400])
def test_nan_and_infinity_are_no_numbers(loaded: Loaded, columns: int, no_number: str) -> None:
    ws = loaded(["1.5", no_number, "2"], columns=columns)
    asked: dict[str, Any] = {"on": "value", **DAY, "table": "events"}
    assert ws.segmentation_sum("Pay", **asked).records() == [
        {"date": "2025-01-01", "sum": 3.5, "complete": True}
    ]
    assert ws.segmentation_average("Pay", **asked).records()[0]["average"] == pytest.approx(3.5 / 3)
    assert sum(counts(ws, "segmentation_numeric", on="value").values()) == 2
    assert counts(ws, where='properties["value"] > 1') == {"total": 2}
    assert counts(ws, where='properties["value"] < 1') == {"total": 0}
    assert counts(ws, on="value") == {"1.5": 1, "2": 1, "undefined": 1}
    if columns and no_number in NO_NUMBERS:
        assert list(ws.sql_rows("SELECT value FROM events ORDER BY event_time")) == [(1.5,), (None,), (2.0,)]


def test_texts_that_read_like_numbers_stay_texts(loaded: Loaded) -> None:
    texts = ["NaN", "Infinity", "1e999", ",NaN,", 'say "NaN" [NaN]', ":-inf}"]
    for columns in (100, 0):
        ws = loaded([json.dumps(text) for text in texts] + ["[NaN,-Infinity]"], columns=columns)
        assert counts(ws, on="value") == {**dict.fromkeys(texts, 1), "undefined": 1}
        held = [json.loads(row) for (row,) in ws.sql_rows("SELECT CAST(properties AS VARCHAR) FROM events")]
        assert sorted(map(str, (each["value"] for each in held))) == sorted([*texts, "[None, None]"])
    ws = loaded([json.dumps(text) for text in texts])
    assert {value for (value,) in ws.sql_rows("SELECT value FROM events")} == {*texts}


def test_an_export_is_json_that_every_reader_takes(loaded: Loaded, tmp_path: Path) -> None:
    def refused(name: str) -> None:
        raise AssertionError(name)

    ws = loaded(["1.5", "NaN", '{"deep":[Infinity,"NaN"]}', '"NaN"'])
    query = """
        SELECT 'nan'::DOUBLE AS a, ['inf'::DOUBLE, 1] AS b, {'x': '-inf'::FLOAT, 't': 'NaN, inf'} AS c,
            '{"y" : nan, "z": [ -Infinity ]}'::JSON AS d, 1.5 AS e, MAP {'k': 'nan'::DOUBLE} AS f,
            'NaN'::JSON AS g
    """
    read = []
    for source in ("events", query):
        ws.export(source, tmp_path / "out.jsonl", replace=True)
        text = (tmp_path / "out.jsonl").read_text()
        read.append([json.loads(each, parse_constant=refused) for each in text.splitlines()])
    values = [row["properties"]["value"] for row in sorted(read[0], key=lambda row: row["event_time"])]
    assert values == [1.5, None, {"deep": [None, "NaN"]}, "NaN"]
    assert read[1] == [
        {
            "a": None,
            "b": [None, 1.0],
            "c": {"x": None, "t": "NaN, inf"},
            "d": {"y": None, "z": [None]},
            "e": 1.5,
            "f": {"k": None},
            "g": None,
        }
    ]


def test_a_table_made_in_sql_may_hold_nan(loaded: Loaded) -> None:
    ws = loaded(["1.5", "2"])
    ws.sql("CREATE TABLE mine AS FROM events; UPDATE mine SET value = 'nan' WHERE value = 2")
    total = ws.segmentation_sum("Pay", on="value", **DAY, table="mine")
    assert total.records() == [{"date": "2025-01-01", "sum": 1.5, "complete": True}]
    over = ws.segmentation("Pay", where='properties["value"] > 1', **DAY, table="mine")
    assert over.totals == {"total": 1}


def test_a_sum_beyond_all_numbers_is_shown(loaded: Loaded) -> None:
    result = loaded(["1.7e308", "1.7e308"]).segmentation_sum("Pay", on="value", **DAY, table="events")
    assert "∞" in result.to_text()
    json.dumps(result.to_dict(), allow_nan=False)


def test_streams_read_json_as_tables_do(tmp_path: Path, home: Path) -> None:
    """Of equal keys the first counts, and NaN is nothing, whichever way an event comes."""
    value = '1,"value":2,"bad":NaN,"far":1e999,"deep":{"a":1,"a":2}'
    (tmp_path / "events.jsonl").write_text(line(0, value))
    with (
        Dataset.from_files(tmp_path / "events.jsonl", None, tmp_path / "cache") as dataset,
        SandboxServer(create_app(dataset)) as server,
    ):
        client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
        with workspace_on(client, tmp_path / "data.db") as ws:
            ws.fetch_events(**DAY)
            (streamed,) = ws.stream_events(**DAY)
            (live,) = ws.activity_feed("u0", **DAY).events
            (local,) = ws.activity_feed("u0", **DAY, table="events").events
            assert list(ws.sql_rows("SELECT value, far FROM events")) == [(1, "1e999")]
            assert (
                counts(ws, on="value") == counts(ws, on="value", where='properties["value"] == 1') == {"1": 1}
            )
    for properties in (streamed["properties"], live.properties, local.properties):
        known = {name: properties[name] for name in ("value", "bad", "far", "deep")}
        assert known == {"value": 1, "bad": None, "far": "1e999", "deep": {"a": 1}}
