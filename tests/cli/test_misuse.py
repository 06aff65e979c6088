"""Words that make no sense, and the exit codes of everything that is not a fetch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mixpanel_nb
from mixpanel_nb import errors
from mixpanel_nb.cli.program import EXIT_CODES

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command


def test_version(mp: Command) -> None:
    done = mp("--version")
    assert (done.code, done.out) == (0, f"{mixpanel_nb.__version__}\n")


@pytest.mark.parametrize("words", [[], ["auth"], ["fetch"], ["sandbox"]], ids=" ".join)
def test_a_group_alone_shows_what_it_holds(mp: Command, words: list[str]) -> None:
    done = mp(*words)
    assert done.code == 3
    assert done.err.startswith(f"Usage: {' '.join(['mp', *words])}")
    assert "Error" not in done.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nope"], "No such command 'nope'"),
        (["users", "jql"], "Reports with users: insights, active, segmentation,"),
        (["users", "sesions"], "Did you mean 'sessions'"),
        (["lookup", "save", "a", "/nowhere.csv", "--property", "p"], "Name a CSV file in UTF-8"),
        (["auth", "nope"], "Try: mp auth --help"),
        (["sql"], "QUERY"),
        (["schema"], "TABLE"),
        (["tables", "--nope"], "--nope"),
        (["tables", "surplus"], "surplus"),
        (["tables", "--format", "xml"], "'--format' / '-f': 'xml' is not one of"),
        (["values", "Purchase", "plan", "--limit", "many"], "it takes a whole number."),
        (["sql", "SELECT 1", "--param", "a"], "NAME=VALUE"),
        (["sql", "SELECT 1 +"], "syntax error"),
        (["sql", ""], "no SQL"),
        (["sql", "SELECT $a"], "$a"),
        (["sql", "SELECT nope FROM events"], "nope"),
        (["sample", "events", "-n", "0"], "--rows is 0"),
        (["values", "Purchase", "plan", "--limit", "0"], "Give a whole number from 1"),
        (["properties", "purchase"], "Did you mean 'Purchase'?"),
        (["sandbox", "serve", "--profiles", "x"], "--data"),
        (["sandbox", "dump"], "--output"),
        (["sandbox", "serve", "--port", "99999"], "--port"),
        (["auth", "add", "shop"], "--username"),
        (["--timezone", "Europe/Berln", "tables"], "Did you mean 'Europe/Berlin'?"),
        (["promote", "events", "nope"], "No row of 'events' has a property 'nope'."),
        (["export", "events", __file__], "test_misuse.py' does not tell the format."),
        (["export", "events", __file__, "--format", "csv"], "test_misuse.py already."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.usefixtures("database")
def test_words_or_questions_that_are_wrong_end_with_3(mp: Command, words: list[str], says: str) -> None:
    done = mp(*words)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("Error: ")
    assert says in done.err


def test_a_wrong_account_of_the_environment_ends_with_2(mp: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MP_USERNAME": "me", "MP_SECRET": "s3cr3t", "MP_PROJECT_ID": "shop"}.items():
        monkeypatch.setenv(name, value)
    done = mp("tables")
    assert done.code == 2
    assert "The account in the environment is not usable: The project id must be a number" in done.err
    assert "s3cr3t" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["schema", "event"],
        ["sample", "event"],
        ["summarize", "event"],
        ["promote", "event", "plan"],
        ["drop", "event"],
        ["sql", "SELECT * FROM event"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("database")
def test_a_table_that_is_not_there_ends_with_4_and_the_name_that_is(mp: Command, words: list[str]) -> None:
    done = mp(*words)
    assert done.code == 4
    assert "There is no table 'event'." in done.err
    assert "Did you mean 'events'?" in done.err


@pytest.mark.usefixtures("database")
def test_an_sql_error_marks_the_place(mp: Command) -> None:
    err = mp("sql", "SELECT count(*)\nFROM events\nWHERE nope = 1").err.splitlines()
    place = err.index("LINE 3: WHERE nope = 1")
    assert err[place + 1].startswith("              ^")


def test_no_account_ends_with_2_and_two_ways_out(mp: Command) -> None:
    done = mp("tables")
    assert done.code == 2
    assert "mp auth add NAME" in done.err
    assert "--account sandbox" in done.err


def test_an_account_that_is_not_there_ends_with_4(mp: Command) -> None:
    assert mp("--account", "nope", "tables").code == 4


def test_a_database_that_is_not_there_is_named(mp: Command, tmp_path: Path) -> None:
    done = mp("--db", str(tmp_path / "typo.db"), "tables")
    assert done.code == 2
    assert "typo.db" in done.err


@pytest.mark.usefixtures("connected")
def test_a_file_that_is_no_database_ends_with_1(mp: Command, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("hello" * 1000)
    done = mp("--db", str(tmp_path / "text.db"), "tables")
    assert done.code == 1
    assert "not a DuckDB database" in done.err


@pytest.mark.usefixtures("database")
def test_an_output_file_that_cannot_be_written_ends_with_1(mp: Command, tmp_path: Path) -> None:
    done = mp("tables", "--output", str(tmp_path / "no" / "such" / "folder.csv"))
    assert done.code == 1
    assert "folder.csv cannot be written" in done.err


def test_a_dump_that_cannot_be_written_ends_with_1(mp: Command, tmp_path: Path) -> None:
    done = mp("sandbox", "dump", "--output", str(tmp_path / "no" / "x.gz"), "--events", "500")
    assert done.code == 1
    assert "x.gz cannot be written: No such file or directory." in done.err


@pytest.mark.usefixtures("database")
def test_verbose_shows_where_an_error_came_from_and_otherwise_nothing_does(mp: Command) -> None:
    assert "Traceback" in mp("--verbose", "schema", "nope").err
    assert "Traceback" in mp("schema", "nope", "--verbose").err
    assert "Traceback" not in mp("schema", "nope").err


def test_every_error_has_an_exit_code() -> None:
    kinds = [errors.MixpanelDataError]
    for kind in kinds:
        kinds += kind.__subclasses__()
        assert any(issubclass(kind, known) for known, _ in EXIT_CODES)
