"""What people type wrongly in a terminal is answered with what to type."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from mistakes import DAYS, MISTAKES, SQL_MISTAKES, ZONES

if TYPE_CHECKING:
    from cli.conftest import Command

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(("line", "hint"), MISTAKES)
def test_words(mp: Command, line: str, hint: str) -> None:
    words = shlex.split(line)
    done = mp(*words)
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[-1] == hint.replace("{}", f"mp {words[0]}")
    assert "Possible options" not in done.err


@pytest.mark.parametrize(("sql", "hint"), SQL_MISTAKES)
def test_sql(mp: Command, sql: str, hint: str) -> None:
    done = mp("sql", sql)
    assert done.code == 3
    assert done.err.splitlines()[-1] == hint


@pytest.mark.parametrize(("zone", "hint"), ZONES)
def test_time_zones(mp: Command, zone: str, hint: str) -> None:
    done = mp("segmentation", "Purchase", "--timezone", zone)
    assert (done.code, done.err.splitlines()) == (3, [f"Error: There is no time zone '{zone}'.", hint])


def test_a_group_is_told_to_say_what(mp: Command) -> None:
    assert mp("fetch", "--from", "2025-01-01").err.splitlines()[-1] == (
        "Say what first: mp fetch events --from …"
    )


def test_a_parameter_may_be_a_property(mp: Command) -> None:
    assert 'write "$os" if the property of that name is meant' in mp("sql", "SELECT $os FROM events").err


def test_a_property_without_a_column_is_read_from_the_json_or_promoted(mp: Command) -> None:
    assert mp("fetch", "events", "few", *shlex.split(DAYS)[:4], "--columns", "plan").code == 0
    done = mp("sql", "SELECT category FROM few")
    assert done.err.splitlines()[-1] == (
        "category has no column: properties->>'category' reads it; mp promote few category gives it one."
    )
    for sql in ("SELECT os FROM few", 'SELECT "$os" FROM few'):
        assert mp("sql", sql).err.splitlines()[-1] == (
            """$os has no column: properties->>'$."$os"' reads it; mp promote few '$os' gives it one."""
        )
    assert mp("promote", "few", "category", "$os").code == 0
    assert mp("sql", 'SELECT count(category), count("$os") FROM few').code == 0


@pytest.mark.parametrize(
    ("words", "note"),
    [
        (
            ["--on", "properties.plan"],
            "None of these events has a property 'properties.plan'. Did you mean 'plan'?",
        ),
        (
            ["--where", 'properties["plann"] == "pro"'],
            "No event of events has a property 'plann'. Did you mean 'plan'?",
        ),
        (["--where", 'properties["zzz"] != 1'], "No event of events has a property 'zzz'."),
        (
            ["--where", 'properties["revenue"] > "100"'],
            """In 'properties["revenue"] > "100"', > compares a number and text, so it is never true.""",
        ),
    ],
)
def test_notes_on_what_is_allowed_and_hardly_meant(mp: Command, words: list[str], note: str) -> None:
    done = mp("segmentation", "Purchase", *shlex.split(DAYS), *words)
    assert (done.code, done.err) == (0, f"Note: {note}\n")


def test_a_sum_of_a_property_that_is_spelled_otherwise(mp: Command) -> None:
    done = mp("segmentation-sum", "Purchase", "--on", "Revenue", *shlex.split(DAYS))
    assert "No event of events has a property 'Revenue'. Did you mean 'revenue'?" in done.err


def test_a_property_that_only_the_json_has_is_no_mistake(mp: Command) -> None:
    assert mp("fetch", "events", "few", *shlex.split(DAYS)[:4], "--columns", "plan").code == 0
    words = ["--where", 'defined(properties["category"])', "--from", "2025-01-01", "--to", "2025-01-14"]
    assert mp("segmentation", "Purchase", *words, "--table", "few").err == ""
