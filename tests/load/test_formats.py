"""Every kind of file and frame gives the figures that pandas counts in the same rows."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from load.conftest import figures, stored_figures
from mixpanel_nb import Workspace
from mixpanel_nb.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TYPES = {"plan": "VARCHAR", "amount": "DOUBLE", "quantity": "BIGINT", "gift": "BOOLEAN", "zip": "VARCHAR"}


class OnlyArrow:
    """A frame that is known by Arrow's protocol alone."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


def _json_lines(frame: pd.DataFrame) -> str:
    text: str = frame.to_json(orient="records", lines=True, date_format="iso")
    return text


def _export(frame: pd.DataFrame) -> str:
    lines = []
    for number, row in enumerate(frame.to_dict("records")):
        at, name, user = row.pop("ts"), row.pop("event_name"), row.pop("user_id")
        base = {"time": int(at.timestamp() * 1000), "distinct_id": user, "$insert_id": f"i{number}"}
        lines.append(json.dumps({"event": name, "properties": {**base, **row}}))
    return "\n".join(lines)


def _zstd(frame: pd.DataFrame, file: Path) -> None:
    with duckdb.connect() as con:
        con.register("frame", frame)
        con.execute(f"COPY frame TO '{file}' (FORMAT csv, COMPRESSION zstd)")


WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "export.jsonl": lambda frame, file: file.write_text(_export(frame)),
    "lines.jsonl": lambda frame, file: file.write_text(_json_lines(frame)),
    "array.json": lambda frame, file: frame.to_json(file, orient="records", date_format="iso"),
    "rows.csv": lambda frame, file: frame.to_csv(file, index=False),
    "rows.tsv": lambda frame, file: frame.to_csv(file, index=False, sep="\t"),
    "excel.csv": lambda frame, file: file.write_bytes(
        frame.to_csv(index=False, sep=";", lineterminator="\r\n").encode("utf-16")
    ),
    "bom.jsonl": lambda frame, file: file.write_bytes(
        b"\xef\xbb\xbf" + _json_lines(frame).replace("\n", "\r\n\r\n").encode()
    ),
    "rows.parquet": lambda frame, file: frame.to_parquet(file),
    "lines.jsonl.gz": lambda frame, file: file.write_bytes(gzip.compress(_json_lines(frame).encode())),
    "no-name-for-gzip": lambda frame, file: file.write_bytes(
        gzip.compress(frame.to_csv(index=False).encode())
    ),
    "rows.csv.zst": _zstd,
    "a [strange] name?.csv": lambda frame, file: frame.to_csv(file, index=False),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file(ws: Workspace, orders: pd.DataFrame, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    WRITERS[name](orders, file)
    result = ws.load(file)
    assert stored_figures(ws, result) == figures(orders)
    assert {
        column.property: column.type for column in ws.schema("events").columns if column.property in TYPES
    } == TYPES
    assert result.without_time == result.duplicates == 0


FRAMES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame,
    "pandas with zones": lambda frame: frame.assign(
        ts=frame["ts"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    ),
    "Polars": pl.from_pandas,
    "Polars with zones": lambda frame: pl.from_pandas(frame).with_columns(
        pl.col("ts").dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")
    ),
    "Polars with categories": lambda frame: pl.from_pandas(frame).with_columns(
        pl.col("event_name", "plan").cast(pl.Categorical)
    ),
    "Polars, collected": lambda frame: pl.from_pandas(frame).lazy().collect(),
    "Arrow": pa.Table.from_pandas,
    "Arrow's protocol": lambda frame: OnlyArrow(pa.Table.from_pandas(frame)),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame(ws: Workspace, orders: pd.DataFrame, kind: str) -> None:
    result = ws.load(FRAMES[kind](orders))
    assert stored_figures(ws, result) == figures(orders)


@pytest.mark.parametrize(
    ("kind", "made", "advice"),
    [
        (
            "RecordBatchReader",
            lambda frame: pa.Table.from_pandas(frame).to_reader(),
            "Load the table that .read_all() gives",
        ),
        ("LazyFrame", lambda frame: pl.from_pandas(frame).lazy(), "Load the frame that .collect() gives"),
        ("dict", lambda frame: frame.to_dict("list"), "a frame of pandas, Polars or Arrow"),
    ],
)
def test_what_is_no_frame_yet_says_how_it_becomes_one(
    ws: Workspace, orders: pd.DataFrame, kind: str, made: Callable[[pd.DataFrame], Any], advice: str
) -> None:
    with pytest.raises(ParameterError, match=f"type {kind} cannot be loaded") as refused:
        ws.load(made(orders))
    assert advice in str(refused.value.hint)


def test_a_frame_in_a_workspace_in_memory(orders: pd.DataFrame) -> None:
    with Workspace.memory() as memory:
        memory.connection.execute("SET TimeZone = 'Asia/Tokyo'")
        assert stored_figures(memory, memory.load(orders)) == figures(orders)


def test_several_files_and_globs_keep_their_order(
    ws: Workspace, orders: pd.DataFrame, tmp_path: Path
) -> None:
    for number in range(3):
        orders.iloc[number * 300 : (number + 1) * 300].to_csv(tmp_path / f"part-{number}.csv", index=False)
    assert stored_figures(ws, ws.load(tmp_path / "part-*.csv")) == figures(orders)
    named = [tmp_path / "part-2.csv", str(tmp_path / "part-[01].csv")]
    turned = pd.concat([orders[600:], orders[:600]])
    assert stored_figures(ws, ws.load(named, "turned"), "turned")["order"] == turned["place"].tolist()


def test_files_whose_columns_differ(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("event,time,user,plan\nA,2025-01-01,u,pro\n")
    (tmp_path / "2.csv").write_text("user,time,event,amount\nu,2025-01-02,B,7\n")
    ws.load(tmp_path / "*.csv")
    rows = ws.sql_rows("SELECT event_name, distinct_id, plan, amount FROM events ORDER BY event_time").rows
    assert rows == [("A", "u", "pro", None), ("B", "u", None, 7)]


def test_many_rows_stay_in_the_order_of_the_file(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "many.parquet"
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT 'A' AS event, TIMESTAMP '2025-01-01' AS time, 'u' AS user, i AS place "
            f"FROM range(400000) AS t(i)) TO '{file}' (ROW_GROUP_SIZE 20000)"
        )
    ws.load(file)
    steps = "SELECT place - lag(place) OVER (ORDER BY rowid) AS step FROM events"
    assert ws.sql_scalar(f"SELECT count(*) FROM ({steps}) WHERE step <> 1") == 0


def test_what_was_exported_comes_back(ws: Workspace, orders: pd.DataFrame, tmp_path: Path) -> None:
    ws.load(orders)
    for name in ("back.parquet", "back.jsonl"):
        ws.export("events", tmp_path / name)
        table = name.replace(".", "_")
        assert stored_figures(ws, ws.load(tmp_path / name, table), table) == figures(orders)
        assert ws.sql_scalar(f"SELECT count(*) FROM {table} JOIN events USING (insert_id, event_time)") == 900
