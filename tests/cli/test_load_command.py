"""``mp load``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command

CSV = "when,who,what,plan\n2025-01-01,ann,View,pro\n2025-01-01,bob,View,free\n2025-01-03,ann,Buy,pro\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(CSV)
    return tmp_path


HOW = ("--event", "what", "--time", "when", "--user", "who")


def test_a_file_becomes_a_table_without_an_account(mp: Command, folder: Path) -> None:
    done = mp("--db", "own.db", "load", "shop.csv", *HOW)
    assert done.code == 0
    told = json.loads(done.out)
    assert (told["rows"], told["users"], told["days"], told["form"]) == (3, 2, 2, "CSV")
    assert told["date_range"] == ["2025-01-01", "2025-01-03"]
    days = ("--from", "2025-01-01", "--to", "2025-01-03")
    funnel = mp("--db", "own.db", "funnel", "--step", "View", "--step", "Buy", *days, "--table", "events")
    assert [row["count"] for row in json.loads(funnel.out)] == [2, 1]


def test_what_was_guessed_is_told(mp: Command, folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"event_name": "A", "ts": 1735725600, "user_id": 7}\n')
    done = mp("--db", "own.db", "load", "rows.jsonl", "--table", "mine", "--format", "table")
    assert (
        'Guessed: event from "event_name", time from "ts", user from "user_id", times in seconds.'
        in " ".join(done.out.split())
    )
    assert "1 event in mine" in done.out or "1 events in mine" in done.out


def test_a_table_that_is_there_is_kept(mp: Command, folder: Path) -> None:
    assert mp("--db", "own.db", "load", "shop.csv", *HOW).code == 0
    again = mp("--db", "own.db", "load", "shop.csv", *HOW)
    assert json.loads(again.out)["rows"] == 3
    assert "shop.csv is in events already; nothing was read." in again.err
    (folder / "more.csv").write_bytes((folder / "shop.csv").read_bytes())
    other = mp("--db", "own.db", "load", "more.csv", *HOW)
    assert other.code == 3
    assert "--append" in other.err
    assert "--replace" in other.err
    assert "if_exists" not in other.err
    assert json.loads(mp("--db", "own.db", "load", "*.csv", *HOW, "--append").out)["rows"] == 6
    assert json.loads(mp("--db", "own.db", "load", "shop.csv", *HOW, "--replace").out)["rows"] == 3
    both = mp("--db", "own.db", "load", "shop.csv", *HOW, "--replace", "--append")
    assert both.code == 3
    assert "--append and --replace exclude each other." in both.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("load", "shop.csv"), "Name the column with --event."),
        (("load", "shop.csv"), "--event =Purchase"),
        (("load", "shop.csv", "--event", "wat"), "--event is 'wat', and there is no such column."),
        (("load", "shop.csv", *HOW, "--time-unit", "h"), "--time-unit is 'h'."),
        (("load", "shop.csv", "--from-tool", "amplitud"), "--from-tool is 'amplitud'"),
        (("load", "shop.csv", *HOW, "--timezone", "CEST"), "There is no time zone 'CEST'."),
        (("load", "none.csv"), "There is no file none.csv."),
        (("load",), "FILE"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_the_command(
    mp: Command, folder: Path, words: tuple[str, ...], said: str
) -> None:
    done = mp("--db", "own.db", *words)
    assert done.code in {2, 3}
    assert said in done.err
    assert len(done.err.splitlines()) <= 2
    assert not (folder / "own.db").exists()


def test_without_an_account_and_a_database_the_hint_names_one(mp: Command, folder: Path) -> None:
    done = mp("load", "shop.csv", *HOW)
    assert done.code == 2
    assert "mp --db shop.db load events.csv" in done.err


def test_user_may_be_repeated(mp: Command, folder: Path) -> None:
    (folder / "rows.csv").write_text("event,time,login,cookie\nA,2025-01-01,,c1\nA,2025-01-01,ann,c2\n")
    mp("--db", "own.db", "load", "rows.csv", "--user", "login", "--user", "cookie")
    users = json.loads(mp("--db", "own.db", "sql", "SELECT distinct_id FROM events ORDER BY 1").out)
    assert users == [{"distinct_id": "ann"}, {"distinct_id": "c1"}]


def test_a_last_word_that_is_no_file_is_the_table(mp: Command, folder: Path) -> None:
    assert mp("--db", "own.db", "load", "shop.csv", "orders", *HOW).code == 0
    (folder / "visits").mkdir()
    assert mp("--db", "own.db", "load", "shop.csv", "shop.csv", "buyers", *HOW).code == 0
    tables = json.loads(mp("--db", "own.db", "tables").out)
    assert [(table["name"], table["row_count"]) for table in tables] == [("buyers", 3), ("orders", 3)]


def test_what_can_be_a_file_is_no_table(mp: Command, folder: Path) -> None:
    (folder / "more").write_text(CSV)
    assert json.loads(mp("--db", "own.db", "load", "shop.csv", "more", *HOW).out)["rows"] == 6
    for words, said in (
        (("load", "shop.csv", "may.csv"), "Error: There is no file may.csv."),
        (("load", "events"), "Error: There is no file events."),
        (("load", "shop.csv", "orders", "--table", "sales"), "Error: There is no file orders."),
        (("load", "shop.csv", "my-orders"), "Error: There is no file my-orders."),
    ):
        refused = mp("--db", "own.db", *words, *HOW)
        assert (refused.code, refused.err.splitlines()[0]) == (3, said)
