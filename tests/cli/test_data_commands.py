"""Commands that ask the database or Mixpanel, and what they print."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from cli.conftest import Command

pytestmark = pytest.mark.usefixtures("database")


def rows(text: str) -> list[dict[str, Any]]:
    parsed = json.loads(text)
    assert isinstance(parsed, list)
    return parsed


def test_tables_lists_what_was_fetched(mp: Command) -> None:
    events, profiles = rows(mp("tables").out)
    assert (events["name"], events["type"], events["complete"]) == ("events", "events", True)
    assert (events["from_date"], events["to_date"]) == ("2025-01-01", "2025-01-14")
    assert profiles["name"] == "profiles"


@pytest.mark.parametrize(
    ("words", "method"),
    [
        (["tables"], lambda ws: ws.tables()),
        (["schema", "events"], lambda ws: ws.schema("events")),
        (["sample", "events", "-n", "3"], lambda ws: ws.sample("events", 3)),
        (["summarize", "profiles"], lambda ws: ws.summarize("profiles")),
        (["events"], lambda ws: ws.events()),
        (["properties", "Purchase"], lambda ws: ws.properties("Purchase")),
        (
            ["values", "Purchase", "plan", "--limit", "2"],
            lambda ws: ws.property_values("Purchase", "plan", 2),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_json_has_the_rows_and_the_columns_of_the_dataframe(
    mp: Command, words: list[str], method: Any
) -> None:
    printed = rows(mp(*words, "--format", "json").out)
    with Workspace.sandbox() as workspace:
        frame: pd.DataFrame = method(workspace).df
    assert len(printed) == len(frame) > 0
    assert list(printed[0]) == list(frame.columns)


def test_info_tells_the_account_and_the_file(mp: Command, database: Path) -> None:
    text = mp("info", "--format", "table").out
    assert "sandbox" in text
    assert "sandbox.db" in text
    told = json.loads(mp("info").out)
    assert (told["account"], told["project_id"], told["path"]) == ("sandbox", "1", str(database))
    assert [table["name"] for table in told["tables"]] == ["events", "profiles"]
    assert json.loads(mp("info", "--format", "jsonl").out) == told


def test_sql_answers_on_standard_output_alone(mp: Command) -> None:
    done = mp("sql", "SELECT 1 AS a, 'O''Brien' AS b, NULL AS c")
    assert (done.code, done.err) == (0, "")
    assert rows(done.out) == [{"a": 1, "b": "O'Brien", "c": None}]


def test_sql_binds_parameters(mp: Command) -> None:
    hostile = "x'; DROP TABLE events; --"
    done = mp("sql", "SELECT $v AS v, $n::INT + 1 AS n", "--param", f"v={hostile}", "--param", "n=2")
    assert rows(done.out) == [{"v": hostile, "n": 3}]
    assert mp("tables").code == 0


def test_sql_runs_several_statements_and_prints_the_last(mp: Command) -> None:
    done = mp(
        "sql", "CREATE TEMP TABLE t AS SELECT 1 AS a; INSERT INTO t VALUES (2); SELECT sum(a) AS s FROM t"
    )
    assert rows(done.out) == [{"s": 3}]


FORMATS = (
    "SELECT * FROM (VALUES (1, 'a,\"b', DATE '2025-01-01', [1, 2]), (NULL, NULL, NULL, NULL)) t(i, s, d, l)"
)


def test_jsonl_is_an_object_a_line(mp: Command) -> None:
    lines = mp("sql", FORMATS, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == [
        {"i": 1, "s": 'a,"b', "d": "2025-01-01", "l": [1, 2]},
        {"i": None, "s": None, "d": None, "l": None},
    ]


def test_csv_quotes_what_needs_it(mp: Command) -> None:
    table = list(csv.reader(io.StringIO(mp("sql", FORMATS, "--format", "csv").out)))
    assert table == [["i", "s", "d", "l"], ["1", 'a,"b', "2025-01-01", "[1, 2]"], ["", "", "", ""]]


def test_json_of_no_rows_is_an_empty_array_and_csv_a_header(mp: Command) -> None:
    assert mp("sql", "SELECT 1 AS a WHERE false", "--format", "json").out == "[]\n"
    assert mp("sql", "SELECT 1 AS a WHERE false", "--format", "csv").out == "a\n"
    assert mp("sql", "SELECT 1 AS a WHERE false", "--format", "jsonl").out == ""


def test_every_row_is_written_and_a_table_says_how_many_it_leaves_out(mp: Command) -> None:
    query = "SELECT range AS n FROM range(5000)"
    assert len(rows(mp("sql", query).out)) == 5000
    table = mp("sql", query, "--format", "table").out
    assert "100 of 5,000 rows shown — --format csv writes them all" in table
    assert ".df" not in table


def test_an_escape_sequence_in_the_data_does_not_reach_the_terminal(mp: Command) -> None:
    done = mp("sql", "SELECT chr(27) || '[2J' AS a", "--format", "table")
    assert "\x1b" not in done.out


@pytest.mark.parametrize(
    ("name", "first"), [("a.csv", "n"), ("a.jsonl", '{"n": 1}'), ("a.json", "["), ("a", "[")]
)
def test_output_goes_to_a_file_in_the_format_of_its_name(
    mp: Command, tmp_path: Path, name: str, first: str
) -> None:
    done = mp("sql", "SELECT 1 AS n", "--output", str(tmp_path / name))
    assert (done.code, done.out) == (0, "")
    assert done.err == f"Wrote {tmp_path / name}.\n"
    assert (tmp_path / name).read_text().splitlines()[0] == first


def test_format_overrules_the_name_of_the_file(mp: Command, tmp_path: Path) -> None:
    mp("sql", "SELECT 1 AS n", "-o", str(tmp_path / "a.csv"), "-f", "jsonl")
    assert (tmp_path / "a.csv").read_text() == '{"n": 1}\n'


def test_output_that_fails_leaves_the_file_that_was_there(mp: Command, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    mp("sql", "SELECT 1 AS n", "-o", str(file))
    late = "SELECT if(range < 5000, range, error('too late')) AS n FROM range(10000)"
    assert mp("sql", late, "-o", str(file)).code == 3
    assert file.read_text() == "n\n1\n"
    assert [path.name for path in tmp_path.glob("*a.csv*")] == ["a.csv"]


def test_output_follows_a_link_keeps_permissions_and_writes_into_a_pipe(mp: Command, tmp_path: Path) -> None:
    file, link, pipe = tmp_path / "a.csv", tmp_path / "link.csv", tmp_path / "pipe"
    file.touch(mode=0o640)
    link.symlink_to(file)
    mp("sql", "SELECT 1 AS n", "-o", str(link), "--replace")
    assert link.is_symlink()
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("n\n1\n", 0o640)
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True)
    assert mp("sql", "SELECT 1 AS n", "-o", str(pipe), "-f", "csv").code == 0
    assert reader.communicate(timeout=120)[0] == "n\n1\n"
    assert pipe.is_fifo()


def test_values_of_a_property_that_is_not_there_say_so(mp: Command) -> None:
    done = mp("values", "Purchase", "plann")
    assert (done.code, rows(done.out)) == (0, [])
    assert done.err == "Note: Mixpanel knows no property 'plann' of 'Purchase'. Did you mean 'plan'?\n"


def test_promote_gives_a_column_and_says_so_on_standard_error(mp: Command, database: Path) -> None:
    mp("fetch", "events", "bare", "--from", "2025-01-01", "--to", "2025-01-02", "--columns", "0")
    done = mp("promote", "bare", "plan")
    assert (done.code, done.out, done.err) == (0, "", "New columns in bare: plan.\n")
    assert "plan" in [
        row["column"] if "column" in row else row["name"] for row in rows(mp("schema", "bare").out)
    ]
    assert mp("promote", "bare", "plan").err == "Nothing to do: bare has these columns already.\n"


def test_optimize_sorts_a_table_and_says_so_on_standard_error(mp: Command, database: Path) -> None:
    mp("fetch", "events", "bare", "--from", "2025-01-01", "--to", "2025-01-02")
    asked = ("flow", "--start", "View Product", "--table", "bare")
    before = rows(mp(*asked).out)
    done = mp("optimize", "bare")
    assert (done.code, done.out) == (0, "")
    assert re.fullmatch(r"Sorted 2025-01-01 to 2025-01-02: [\d,]+ events.\n", done.err)
    assert rows(mp(*asked).out) == before
    assert mp("optimize", "bare").err == "Nothing to do: all events are sorted.\n"
    missing = mp("optimize", "nope")
    assert (missing.code, missing.err.splitlines()[0]) == (4, "Error: There is no table 'nope'.")


def test_drop_takes_all_the_tables_named_or_none(mp: Command) -> None:
    done = mp("drop", "events", "nope")
    assert done.code == 4
    assert "nope" in done.err
    assert [row["name"] for row in rows(mp("tables").out)] == ["events", "profiles"]
    assert mp("drop", "events", "profiles").err == "Dropped events, profiles.\n"
    assert rows(mp("tables").out) == []


def test_quiet_says_nothing_but_the_data(mp: Command, tmp_path: Path) -> None:
    assert mp("--quiet", "drop", "profiles").err == ""
    assert mp("--quiet", "sql", "SELECT 1 AS a", "--output", str(tmp_path / "a.csv")).err == ""


def test_a_database_file_needs_no_account(
    mp: Command, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MP_ACCOUNT")
    assert mp("--db", str(database), "tables").code == 0
    refused = mp("--db", str(database), "events")
    assert refused.code == 2
    assert "--account NAME" in refused.err


def test_global_options_may_follow_the_command(
    mp: Command, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MP_ACCOUNT")
    assert mp("tables", "--db", str(database)).out == mp("--db", str(database), "tables").out
    assert rows(mp("auth", "show", "--account", "sandbox").out)[0]["name"] == "sandbox"
    assert mp("drop", "profiles", "--account", "sandbox", "-q").err == ""
