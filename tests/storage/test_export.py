"""Exports, read back by other programs: pandas, pyarrow, Python's own csv, json and gzip."""

from __future__ import annotations

import csv
import gzip
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet
import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.errors import ParameterError, QueryError, StorageError, TableNotFoundError
from mixpanel_nb.storage import StorageEngine, TableMetadata
from mixpanel_nb.storage.ledger import now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = 'a "quoted", text;\nwith ünicode 😀 and a \u2028 line'
EVENTS: list[dict[str, Any]] = [
    {
        "event": "Visit" if number % 3 else "Sign Up",
        "properties": {
            "time": 1_735_689_600 + number * 14_400,  # six a day from 2025-01-01 on
            "distinct_id": f"u{number % 5}",
            "$insert_id": f"i{number}",
            "amount": number / 4,
            "text": HOSTILE if number == 1 else None,
            "tags": ["a", number],
            "nested": {"deep": {"n": number}},
        },
    }
    for number in range(18)
]


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with StorageEngine(tmp_path / "data.db") as engine:
        engine.create_events_table("events", EVENTS, TableMetadata("events", now()))
    with Workspace.open(tmp_path / "data.db") as workspace:
        yield workspace


def moment(number: int) -> datetime:
    return datetime.fromtimestamp(EVENTS[number]["properties"]["time"], UTC)


def check(rows: list[dict[str, Any]]) -> None:
    """Names, times, numbers, text and JSON are those that were stored."""
    assert len(rows) == len(EVENTS)
    found = {row["insert_id"]: row for row in rows}
    for number, event in enumerate(EVENTS):
        row = found[f"i{number}"]
        assert row["event_name"] == event["event"]
        assert row["event_time"] == moment(number)
        assert float(row["amount"]) == number / 4
        assert (row["text"] or None) == event["properties"]["text"]
        properties = row["properties"]
        stored = json.loads(properties) if isinstance(properties, str) else properties
        assert stored["nested"] == {"deep": {"n": number}}
        assert stored["tags"] == ["a", number]


def test_parquet_is_read_by_pandas_and_pyarrow(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "events.parquet"
    done = ws.export("events", file)
    assert (done.rows, done.format, done.size_bytes) == (18, "parquet", file.stat().st_size)
    frame = pd.read_parquet(file)
    assert str(frame["event_time"].dtype) == "datetime64[us, UTC]"
    assert frame["amount"].dtype == "float64"
    whole = frame.astype(object)
    check(whole.where(whole.notna(), None).to_dict("records"))  # type: ignore[arg-type]  # keys are text
    table = pa.parquet.read_table(file)
    assert table.schema.field("event_time").type == pa.timestamp("us", tz="UTC")
    check(table.to_pylist())


def test_csv_is_read_by_pythons_csv_and_pandas(ws: Workspace, tmp_path: Path) -> None:
    for name, opened in (("a.csv", open), ("a.csv.gz", gzip.open)):
        ws.export("events", tmp_path / name)
        with opened(tmp_path / name, "rt", encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert rows[0]["event_time"].endswith("Z")
        check([row | {"event_time": datetime.fromisoformat(row["event_time"])} for row in rows])
    frame = pd.read_csv(tmp_path / "a.csv", parse_dates=["event_time"])
    assert frame["event_time"].dt.tz is not None
    assert frame["event_time"].max() == moment(17)


def test_json_lines_are_read_by_pythons_json(ws: Workspace, tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.ndjson", "a.jsonl.gz", "a.jsonl.zst"):
        ws.export("events", tmp_path / name)
        raw = (tmp_path / name).read_bytes()
        if name.endswith(".zst"):
            raw = pa.input_stream(pa.BufferReader(raw), compression="zstd").read()
        text = (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()
        rows = [json.loads(line) for line in text.split("\n") if line]
        assert isinstance(rows[0]["properties"], dict)
        check([row | {"event_time": datetime.fromisoformat(row["event_time"])} for row in rows])


def test_partitions_by_day_are_read_by_pyarrow_as_by_other_engines(ws: Workspace, tmp_path: Path) -> None:
    done = ws.export("events", tmp_path / "lake", partition_by="day")
    assert (done.rows, done.files, done.format) == (18, 3, "parquet")
    assert sorted(folder.name for folder in (tmp_path / "lake").iterdir()) == [
        "day=2025-01-01",
        "day=2025-01-02",
        "day=2025-01-03",
    ]
    read = pa.dataset.dataset(tmp_path / "lake", partitioning="hive")
    check(read.to_table().to_pylist())
    second = read.to_table(filter=pa.dataset.field("day") == "2025-01-02").to_pylist()
    assert {row["event_time"].date() for row in second} == {date(2025, 1, 2)}
    assert len(second) == 6
    ws.export("events", tmp_path / "months", partition_by=["month", "event_name"], format="csv")
    assert (tmp_path / "months" / "month=2025-01" / "event_name=Sign%20Up").is_dir()  # as Hive writes it


def test_a_query_is_exported_with_its_values_and_types(ws: Workspace, tmp_path: Path) -> None:
    query = "CREATE TEMP TABLE t AS FROM events; SELECT event_time, $a AS a FROM t WHERE amount > $n; "
    done = ws.export(query, tmp_path / "a.parquet", {"a": HOSTILE, "n": 2})
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert len(frame) == done.rows == 9
    assert set(frame["a"]) == {HOSTILE}
    assert str(frame["event_time"].dtype) == "datetime64[us]"  # the query says what its columns are
    pivot = ws.export("PIVOT events ON event_name USING count(*) GROUP BY distinct_id", tmp_path / "p.csv")
    assert pivot.rows == len(pd.read_csv(tmp_path / "p.csv")) == 5
    assert ws.export("SELECT 1 AS a WHERE false", tmp_path / "none.csv").rows == 0
    assert (tmp_path / "none.csv").read_text() == "a\n"


def test_what_is_there_goes_only_when_asked(ws: Workspace, tmp_path: Path) -> None:
    file, lake = tmp_path / "a.csv", tmp_path / "lake"
    file.write_text("mine")
    with pytest.raises(StorageError, match=r"There is a file .* already"):
        ws.export("events", file)
    assert file.read_text() == "mine"
    with pytest.raises(QueryError, match="nope"):
        ws.export("SELECT nope FROM events", file, replace=True)
    assert file.read_text() == "mine"
    assert ws.export("SELECT 1 AS a", file, replace=True).rows == 1
    assert file.read_text() == "a\n1\n"
    ws.export("events", lake, partition_by="day")
    with pytest.raises(StorageError, match="There is a folder"):
        ws.export("events", lake, partition_by="day")
    assert ws.export("events", lake, partition_by="month", replace=True).files == 1
    assert [folder.name for folder in lake.iterdir()] == ["month=2025-01"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "data.db", "lake"]


def test_a_folder_of_somebody_elses_is_never_replaced(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    for partition_by in ((), "day"):
        with pytest.raises(StorageError, match="folder"):
            ws.export("events", tmp_path / "mine", format="csv", partition_by=partition_by, replace=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "precious"


def test_a_link_stays_a_link(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    ws.export("SELECT 1 AS a", tmp_path / "link.csv", replace=True)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "a\n1\n"


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("a.txt", {}, r"a.txt' does not tell the format. End it with .parquet, .csv, .jsonl"),
        ("a", {}, "does not tell the format"),
        ("a.csv", {"format": "parquet"}, "does not hold parquet"),
        ("a.csv", {"format": "cvs"}, "Did you mean 'csv'?"),
        ("a.parquet.gz", {}, "compressed inside"),
        ("lake", {"partition_by": "dya"}, "Did you mean 'day'?"),
    ],
)
def test_a_name_or_option_that_makes_no_sense_is_refused(
    ws: Workspace, tmp_path: Path, name: str, options: Any, says: str
) -> None:
    with pytest.raises(ParameterError, match=says):
        ws.export("events", tmp_path / name, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["data.db"]


def test_what_cannot_be_exported_says_why(ws: Workspace, tmp_path: Path) -> None:
    with pytest.raises(TableNotFoundError, match="Did you mean 'events'"):
        ws.export("event", tmp_path / "a.csv")
    with pytest.raises(QueryError, match="DROP gives no rows"):
        ws.export("DROP TABLE events", tmp_path / "a.csv")
    with pytest.raises(StorageError, match="cannot be written: No such file or directory"):
        ws.export("events", tmp_path / "no" / "a.csv")
    with pytest.raises(QueryError) as caught:
        ws.export("SELECT 1;\nSELECT\n  nope FROM events", tmp_path / "a.csv")
    assert caught.value.details["context"].startswith("LINE 3:   nope FROM events\n")
    assert [path.name for path in tmp_path.iterdir()] == ["data.db"]


def test_a_workspace_that_may_only_read_can_export(tmp_path: Path, ws: Workspace) -> None:
    ws.close()
    with Workspace.open(tmp_path / "data.db", read_only=True) as reader:
        assert reader.export("events", tmp_path / "a.jsonl").rows == 18


HEAVY = "SELECT range AS n, hash(range) AS h FROM range(3000000000)"
RUN = f"""
import sys
from mixpanel_nb import Workspace
with Workspace.open(sys.argv[1]) as ws:
    print("ready", flush=True)
    ws.export("{HEAVY}", sys.argv[2])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_whoever_is_stopped_leaves_no_half_file(ws: Workspace, tmp_path: Path, number: int) -> None:
    file = tmp_path / "a.csv"
    command = [sys.executable, "-c", RUN, str(tmp_path / "data.db"), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == b"ready\n"
            until = time.monotonic() + 60
            while not any(path.stat().st_size for path in tmp_path.glob(".a.csv-*/*")):
                assert time.monotonic() < until
                time.sleep(0.02)
            sent = time.monotonic()
            program.send_signal(number)
            program.communicate(timeout=20)
        finally:
            program.kill()  # it would write for minutes
    assert time.monotonic() - sent < 1.5
    assert not file.exists()
    if number == signal.SIGINT:
        assert [path.name for path in tmp_path.iterdir()] == ["data.db"]
    assert ws.export("events", file).rows == 18  # and what a kill left goes with it
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "data.db"]


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def test_a_full_disk_says_so_and_leaves_nothing(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    code = RUN.replace("3000000000", "1000000")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "data.db"), str(file)],
        preexec_fn=_limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "StorageError: The disk is full" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["data.db"]


@pytest.mark.skipif(shutil.which("cat") is None, reason="needs a program that reads a pipe")
def test_a_named_pipe_is_written_as_it_is(ws: Workspace, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        done = ws.export("events", pipe, format="jsonl")
        out, _ = reader.communicate(timeout=20)
    assert done.rows == len(out.splitlines()) == 18
    assert done.size_bytes is None


def test_the_card_tells_rows_size_and_file(ws: Workspace, tmp_path: Path) -> None:
    shown = repr(ws.export("events", tmp_path / "a.parquet"))
    assert shown.startswith("18 rows in a.parquet (")
    assert str(tmp_path) not in shown
    assert "14 files" not in shown
