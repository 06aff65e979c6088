"""Which rows are one, what is guessed, and that nothing is lost or left half done."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports.strategies import examples

from mixpanel_nb import Workspace
from mixpanel_nb.errors import ParameterError, StorageError, TableExistsError

if TYPE_CHECKING:
    from pathlib import Path

ORDER = "00001,19970101,1,11.77"


def orders_file(folder: Path, *, copies: int = 256) -> Path:
    """Orders as CDNOW has them: a line a purchase, no event, no id, equal lines that are two orders."""
    file = folder / "orders.csv"
    others = "\n".join(f"{number:05},199702{number % 28 + 1:02},2,{number}.50" for number in range(2, 50))
    file.write_text(f"id,date,cds,dollars\n{chr(10).join([ORDER] * copies)}\n{others}\n")
    return file


def test_rows_without_an_id_are_never_merged(ws: Workspace, tmp_path: Path) -> None:
    file = orders_file(tmp_path)
    how: dict[str, Any] = {"event": "=Purchase", "time": "date", "user": "id"}
    result = ws.load(file, **how)
    frame = pd.read_csv(file, dtype={"id": str})
    assert (result.rows, result.users, result.duplicates) == (len(frame), frame["id"].nunique(), 0)
    assert ws.sql_scalar("SELECT count(DISTINCT insert_id) FROM events") == len(frame)
    assert ws.sql_scalar("SELECT sum(dollars) FROM events") == pytest.approx(frame["dollars"].sum())
    ids = ws.sql_rows("SELECT insert_id FROM events ORDER BY rowid").rows
    ws.load(file, **how, if_exists="replace")
    assert ws.sql_rows("SELECT insert_id FROM events ORDER BY rowid").rows == ids
    for times in (2, 3):
        copy = file.with_name(f"copy {times}.csv")
        copy.write_bytes(file.read_bytes())
        assert ws.load(copy, **how, if_exists="append").rows == times * len(frame)
    assert ws.sql_scalar("SELECT count(DISTINCT insert_id) FROM events") == 3 * len(frame)


@pytest.mark.parametrize("if_exists", ["same", "append"])
def test_files_that_are_here_are_not_read_again(ws: Workspace, tmp_path: Path, if_exists: Any) -> None:
    how: dict[str, Any] = {"event": "=Purchase", "time": "date", "user": ["id"], "if_exists": if_exists}
    file = orders_file(tmp_path, copies=3)
    first = ws.load(file, **how)
    assert (first.files, first.held_files) == (("orders.csv",), ())
    again = ws.load([file], **how)
    assert (again.rows, again.new_rows, again.files) == (first.rows, 0, ())
    assert again.remarks == ["orders.csv is in events already; nothing was read."]
    assert ws.tables().names == ["events"]


def test_other_files_are_added_or_refused(ws: Workspace, tmp_path: Path) -> None:
    how: dict[str, Any] = {"event": "=Purchase", "time": "date", "user": "id"}
    file = orders_file(tmp_path, copies=3)
    more = tmp_path / "more.csv"
    more.write_bytes(file.read_bytes())
    rows = ws.load(file, **how).rows
    for other, way in ((more, how), ([file, more], how), (file, how | {"event": "=Order"})):
        with pytest.raises(TableExistsError, match="There is a table 'events' already"):
            ws.load(other, **way, if_exists="same")
    added = ws.load([file, more], **how, if_exists="append")
    assert (added.rows, added.new_rows, added.files) == (2 * rows, rows, ("more.csv",))
    assert "orders.csv is in events already and was not read again." in added.remarks
    assert ws.load([file, more], **how, if_exists="same").new_rows == 0
    file.write_text(file.read_text() + "00099,19970228,1,5.00\n")
    with pytest.raises(TableExistsError, match=r"orders\.csv changed after it was loaded") as refused:
        ws.load(file, **how, if_exists="same")
    assert 'if_exists="replace"' in str(refused.value)
    assert ws.load(file, **how, if_exists="replace").rows == rows + 1
    assert ws.load(file, **how, if_exists="same").new_rows == 0


def test_frames_are_never_the_same(ws: Workspace) -> None:
    frame = pd.DataFrame({"event": ["A"], "time": ["2025-01-01"], "user": ["u"]})
    ws.load(frame)
    with pytest.raises(TableExistsError):
        ws.load(frame, if_exists="same")
    assert ws.load(frame, if_exists="append").rows == 2


def test_rows_with_an_id_are_kept_once_the_last_of_them(ws: Workspace, tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    first.write_text('{"event": "A", "time": "2025-01-01", "user": "u", "event_id": "1", "v": 1}\n' * 3)
    second.write_text(
        '{"event": "A", "time": "2025-01-01", "user": "u", "event_id": "1", "v": 2}\n'
        '{"event": "A", "time": "2025-01-01", "user": "u", "event_id": "2", "v": 3}\n'
        '{"event": "A", "time": "2025-01-01", "user": "u", "v": 4}\n'
        '{"event": "A", "time": "2025-01-01", "user": "u", "v": 4}\n'
    )
    result = ws.load(first)
    assert (result.rows, result.duplicates, result.id) == (1, 2, "event_id")
    assert "2 rows removed" in " ".join(result.remarks)
    result = ws.load(second, if_exists="append")
    assert (result.rows, result.new_rows, result.duplicates) == (4, 3, 1)
    assert sorted(ws.sql("SELECT v FROM events")["v"]) == [2, 3, 4, 4]


def test_the_lines_of_an_export_become_the_table_that_a_fetch_makes(ws: Workspace, tmp_path: Path) -> None:
    from storage.support import metadata

    from mixpanel_nb.storage.loading import Batch

    lines = [
        {
            "event": "A",
            "properties": {
                "time": 1736071200,
                "distinct_id": "u",
                "$insert_id": "1",
                "v": 1,
                "mp_processing_time_ms": 2,
            },
        },
        {
            "event": "A",
            "properties": {
                "time": 1736071200,
                "distinct_id": "u",
                "$insert_id": "1",
                "v": 0,
                "mp_processing_time_ms": 1,
            },
        },
        *[{"event": "A", "properties": {"time": 1736071200, "distinct_id": "u", "v": 5}}] * 2,
        {
            "event": "B",
            "properties": {"time": 1736071200123, "distinct_id": "", "$insert_id": "", "tags": ["a"]},
        },
    ]
    file = tmp_path / "export.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    ws.storage.load(Batch("fetched", [file], [], metadata()))
    ws.load(file)
    for part in ("* EXCLUDE (properties)", "properties"):
        rows = [
            ws.sql_rows(f"SELECT {part} FROM {table} ORDER BY ALL").rows for table in ("events", "fetched")
        ]
        assert rows[0] == rows[1]
    assert ws.schema("events").columns == ws.schema("fetched").columns


# Guessing


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("event,time,distinct_id,insert_id", ("event", "time", "distinct_id", "insert_id")),
        ("Event Name,Timestamp,User ID,Message-ID", ("Event Name", "Timestamp", "User ID", "Message-ID")),
        ("event_type,event_time,user_id,price", ("event_type", "event_time", "user_id", None)),
        ("eventName,createdAt,anonymousId,uuid", ("eventName", "createdAt", "anonymousId", "uuid")),
        ("price,action,ts", ("action", "ts", None, None)),
    ],
)
def test_columns_are_guessed_and_told(
    ws: Workspace, tmp_path: Path, header: str, found: tuple[str, ...]
) -> None:
    values = [
        "2025-01-01" if name.lower().startswith(("t", "c", "event_time")) else "x"
        for name in header.split(",")
    ]
    (tmp_path / "rows.csv").write_text(f"{header}\n{','.join(values)}\n")
    result = ws.load(tmp_path / "rows.csv")
    assert (result.event, result.time, result.user, result.id) == found
    for name in filter(None, found):
        assert f'from "{name}"' in result.remarks[0]
    if found[2] is None:
        assert any("No column was taken for the user" in said for said in result.remarks)


def test_of_several_user_columns_the_first_value_counts(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(
        "event,time,login,cookie\nA,2025-01-01,ann,c1\nA,2025-01-01,,c2\nA,2025-01-01,,\n"
    )
    for user in (["login", "cookie"], "login,cookie", "login, cookie"):
        result = ws.load(tmp_path / "rows.csv", user=user, if_exists="replace")
        users = [user for (user,) in ws.sql_rows("SELECT distinct_id FROM events ORDER BY rowid").rows]
        assert users == ["ann", "c2", None]
        assert (result.users, result.without_user) == (2, 1)
    assert [column.property for column in ws.schema("events").columns if column.property] == [
        "cookie",
        "login",
    ]


@pytest.mark.parametrize(
    ("how", "parameter", "said"),
    [
        ({}, "event", "No column is called as one that holds the event's name."),
        ({"event": "=Buy"}, "time", "No column is called as one that holds the time."),
        ({"event": "=Buy", "time": "wen"}, "time", "Did you mean 'when'?"),
        ({"event": "=Buy", "time": "when", "user": ["who", "whom"]}, "user", "user is 'whom'"),
        ({"from_tool": "amplitud"}, "from_tool", "Did you mean 'amplitude'?"),
        ({"from_tool": "ga4"}, "from_tool", "no export of Google Analytics 4"),
        ({"time_unit": "minutes"}, "time_unit", "time_unit is 'minutes'"),
        ({"if_exists": "merge"}, "if_exists", "if_exists is 'merge'"),
    ],
)
def test_a_wrong_parameter_is_one_line(
    ws: Workspace, tmp_path: Path, how: dict[str, Any], parameter: str, said: str
) -> None:
    (tmp_path / "rows.csv").write_text("who,when\nann,2025-01-01\n")
    with pytest.raises(ParameterError) as refused:
        ws.load(tmp_path / "rows.csv", **how)
    assert refused.value.parameter == parameter
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_floats_are_users_only_where_pandas_made_them(ws: Workspace) -> None:
    rows = {"event": ["A", "A", "A"], "time": ["2025-01-01"] * 3, "user": [7.0, None, 8.5]}
    ws.load(pd.DataFrame(rows))
    assert ws.sql_rows("SELECT distinct_id FROM events ORDER BY rowid").rows == [("7",), (None,), ("8.5",)]
    ws.load(pd.DataFrame(rows | {"user": ["7.0", None, "8"]}), "texts")
    assert ws.sql_rows("SELECT distinct_id FROM texts ORDER BY rowid").rows == [("7.0",), (None,), ("8",)]


# Values


cells = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(
        [
            "007",
            "1.10.2",
            "true",
            "False",
            "[1, 2]",
            '{"a": "b"}',
            "[",
            "-0",
            "1e400",
            "-1E+400",
            "NaN",
            "+1",
            "1.",
            " 1",
        ]
    ),
)


@examples(25)
@given(st.data())
def test_every_value_of_a_csv_file_reads_as_it_is_written(data: st.DataObject) -> None:
    kinds = data.draw(
        st.lists(
            st.sampled_from([cells, st.integers(-99, 99).map(str), st.sampled_from(["", "true", "FALSE"])]),
            min_size=1,
            max_size=4,
        )
    )
    rows = data.draw(st.lists(st.tuples(*kinds), min_size=1, max_size=12))
    names = [f"c{number}" for number in range(len(kinds))]
    lines = [["event", "time", *names], *(["A", "2025-01-01", *row] for row in rows)]
    text = "".join(",".join(map(_quoted, line)) + "\n" for line in lines)
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder, Workspace.memory() as ws:
        file = Path(folder) / "rows.csv"
        file.write_bytes(text.encode())
        ws.load(file)
        stored = {column.property: (column.name, column.type) for column in ws.schema("events").columns}
        for number, name in enumerate(names):
            column, sql_type = stored.get(name, ("NULL", "VARCHAR"))
            values = [value for (value,) in ws.sql_rows(f"SELECT {column} FROM events ORDER BY rowid").rows]
            assert [_same(row[number], value, sql_type) for row, value in zip(rows, values, strict=True)] == [
                True
            ] * len(rows), (sql_type, values)


def _quoted(value: str) -> str:
    """A value of CSV; Python's own writer leaves a carriage return without quotes."""
    escaped = value.replace('"', '""')
    return f'"{escaped}"' if re.search(r'[,"\r\n]', value) else value


@pytest.mark.parametrize("end_of_header", ["\n", "\r\n"])
@pytest.mark.parametrize("first", ["0", ""])
def test_lines_that_end_in_different_ways_are_read_or_refused_in_one_line(
    tmp_path: Path, end_of_header: str, first: str
) -> None:
    file = tmp_path / "rows.csv"
    text = f"event,time,amount{end_of_header}A,2025-01-01,{first}\r\nB,2025-01-02,1\n"
    file.write_bytes(text.encode())
    with Workspace.memory() as ws:
        try:
            ws.load(file)
        except ParameterError as error:
            assert re.fullmatch(r"rows\.csv is not regular CSV: .*", error.message)
        else:
            rows = ws.sql_rows("SELECT properties->>'amount' FROM events ORDER BY rowid").rows
            assert rows == [(first or None,), ("1",)]


@pytest.mark.parametrize("beyond", ["1e400", "1E400", "-1E+400"])
def test_a_number_beyond_the_largest_stays_as_it_is_written(tmp_path: Path, beyond: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"event,time,amount\nA,2025-01-01,{beyond}\nA,2025-01-02,2.5\n")
    with Workspace.memory() as ws:
        ws.load(file)
        rows = ws.sql_rows("SELECT properties->>'amount' FROM events ORDER BY rowid").rows
    assert rows == [(beyond,), ("2.5",)]


def _same(written: str, value: Any, sql_type: str) -> bool:
    if written == "":
        return value is None
    match sql_type:
        case "BIGINT":
            return str(value) == written
        case "DOUBLE":
            return bool(float(written) == value)
        case "BOOLEAN":
            return str(value).lower() == written.lower()
        case "JSON":
            return bool(json.loads(written) == json.loads(value))
    return bool(value == written)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)


@examples(25)
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=2), json_values, max_size=4),
    st.dictionaries(st.text("abc", min_size=1, max_size=2), json_values, max_size=4),
)
def test_properties_within_an_object_are_spread_and_none_is_lost(
    outer: dict[str, Any], inner: dict[str, Any]
) -> None:
    import tempfile
    from pathlib import Path

    record = {"event": "E", "time": "2025-01-01", **outer, "properties": inner}
    with tempfile.TemporaryDirectory() as folder, Workspace.memory() as ws:
        file = Path(folder) / "rows.jsonl"
        file.write_text(json.dumps(record))
        ws.load(file)
        stored = json.loads(ws.sql_scalar("SELECT properties FROM events"))
    for name, value in outer.items():
        assert value is None or stored.get(name) == value
    for name, value in inner.items():
        if outer.get(name) is None or outer[name] == value:
            assert stored.get(name, outer.get(name)) == value or value is None
        else:
            assert stored.get(f"properties.{name}") == value


# What cannot be loaded, and what is left then


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("e.csv", b"", "is empty"),
        ("e.csv", b"event,time\n", "holds no rows"),
        ("e.zip", b"PK\x03\x04" + bytes(20), "is a zip archive"),
        ("e.bin", bytes(range(256)), "is no text"),
        ("e.csv", "event,time\nCafé,2025-01-01\n".encode("latin-1"), "line 2, is not text in UTF-8"),
        ("e.jsonl", '{"event": "A"}'.encode("utf-16"), "is JSON in UTF-16"),
        ("e.csv", "event,time\nA,2025-01-01\n".encode("utf-16-be"), "is text in UTF-16, big-endian"),
        (
            "e.csv",
            b"event,time\nA,2025-01-01\nB,2025-01-01,3\n",
            "line 3, has 3 values, and the header 2 names",
        ),
        ("e.jsonl", b'{"event": "A", "time": 1735725600}\n\n{"event":\n', "line 3, is not JSON"),
        ("e.json", b'[{"event": "A", "time": 1735725600},\n{"event" 1}]', "is not JSON"),
        (
            "e.jsonl",
            b'{"event": "A", "time": 1735725600}\n{"time": 1735725600}\n',
            "line 2: there is no event name in 'event'",
        ),
        ("e.parquet", b"PAR1" + bytes(50), "is no whole Parquet file"),
        ("e.arrow", b"ARROW1" + bytes(50), "is an Arrow file"),
        ("e.gz", b"\x1f\x8b" + bytes(50), "is damaged"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_one_line(
    ws: Workspace, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ParameterError) as refused:
        ws.load(tmp_path / name)
    assert said in str(refused.value)
    assert refused.value.message.startswith(name)
    assert "\n" not in str(refused.value)
    assert not list(ws.storage.list_tables())


def test_a_gzip_file_that_was_cut_off(ws: Workspace, tmp_path: Path) -> None:
    import gzip

    whole = gzip.compress(b"event,time\n" + b"A,2025-01-01\n" * 5000)
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-12])
    with pytest.raises(ParameterError, match=r"cut\.csv\.gz is damaged or cut off"):
        ws.load(tmp_path / "cut.csv.gz")
    assert not list(ws.storage.list_tables())


@pytest.mark.parametrize("what", ["none.csv", "*.nothing", ".", [], 5, ["a.csv", 5]])
def test_what_is_no_file(ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError):
        ws.load(what)


def test_a_frame_with_a_wrong_row(ws: Workspace) -> None:
    frame = pd.DataFrame({"event": ["A", "B"], "time": ["2025-01-01", "soon"]})
    with pytest.raises(ParameterError, match="The frame, row 2: no event can have the time 'soon'"):
        ws.load(frame)
    ws.load(frame[:1])


@pytest.mark.parametrize("if_exists", ["append", "replace"])
def test_a_load_that_fails_leaves_the_old_table(ws: Workspace, tmp_path: Path, if_exists: Any) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("event,time,user,n\nA,2025-01-01,u,1\n")
    bad.write_text("event,time,user,n\n" + "A,2025-01-02,u,x\n" * 3000 + "A,never,u,x\n")
    ws.load(good)
    before = (
        ws.sql_rows("SELECT * FROM events").rows,
        ws.storage.chunks("events"),
        ws.schema("events").columns,
    )
    with pytest.raises(ParameterError, match=r"bad\.csv, line 3002"):
        ws.load(bad, if_exists=if_exists)
    assert (
        ws.sql_rows("SELECT * FROM events").rows,
        ws.storage.chunks("events"),
        ws.schema("events").columns,
    ) == before
    with pytest.raises(
        TableExistsError, match="already, with 1 rows, from 2025-01-01 to 2025-01-01"
    ) as refused:
        ws.load(good)
    assert 'if_exists="append"' in str(refused.value)


def test_types_widen_when_more_is_appended(ws: Workspace, tmp_path: Path) -> None:
    for name, value in (("1", "7"), ("2", "7.5"), ("3", "seven")):
        (tmp_path / f"{name}.csv").write_text(f"event,time,n\nA,2025-01-0{name},{value}\n")
        ws.load(tmp_path / f"{name}.csv", if_exists="append")
    assert ws.sql_rows("SELECT n FROM events ORDER BY event_time").rows == [("7",), ("7.5",), ("seven",)]
    assert ws.storage.get_metadata("events").from_date.isoformat() == "2025-01-01"  # type: ignore[union-attr]
    assert len(ws.storage.chunks("events")) == 3


def test_a_load_that_is_killed_leaves_the_old_table(tmp_path: Path) -> None:
    big, database = tmp_path / "big.parquet", tmp_path / "own.db"
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT 'A' AS event, TIMESTAMP '2025-01-01' AS time, i % 99 AS user, md5(i::VARCHAR) AS t "
            f"FROM range(400000) AS t(i)) TO '{big}'"
        )
    (tmp_path / "old.csv").write_text("event,time\nOld,2025-01-01\n")
    with Workspace.open(database, create=True) as ws:
        ws.load(tmp_path / "old.csv")
    code = f"""
        from mixpanel_nb import Workspace
        Workspace.open({str(database)!r}).load({str(big)!r}, if_exists="replace")
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)]) as program:
        size = database.stat().st_size
        while program.poll() is None and database.stat().st_size < size + 2**20:
            time.sleep(0.005)  # until the new rows are on their way into the file
        program.send_signal(signal.SIGKILL)
    assert program.returncode == -signal.SIGKILL
    with Workspace.open(database) as ws:
        assert ws.sql_rows("SELECT event_name FROM events").rows == [("Old",)]
        assert [table.name for table in ws.storage.list_tables()] == ["events"]
        assert ws.load(big, if_exists="replace").rows == 400_000


def test_a_read_only_workspace_loads_nothing(ws: Workspace, tmp_path: Path) -> None:
    file = orders_file(tmp_path)
    how: dict[str, Any] = {"event": "=Purchase", "time": "date", "user": "id"}
    ws.load(file, **how)
    with (
        Workspace.open(tmp_path / "own.db", read_only=True) as reader,
        pytest.raises(StorageError, match="read-only"),
    ):
        reader.load(file, "more", **how)
