"""Every command explains itself, with an example that can be typed."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from mixpanel_nb.commands import parsing
from mixpanel_nb.commands.app import leaves, tree
from mixpanel_nb.commands.wording import TERMINAL, Face
from mixpanel_nb.errors import Command, Word
from mixpanel_nb.notebook.names import COMMANDS
from mixpanel_nb.notebook.wording import NOTEBOOK
from mixpanel_nb.queries import QUERIES

LEAVES = dict(leaves(parsing.root()))
WITH_MAGIC = {path[0] for path in COMMANDS.values()}
EXPECTED = {
    *(("auth", verb) for verb in ("list", "add", "remove", "switch", "show", "test")),
    *(("fetch", what) for what in ("events", "profiles")),
    *(("sandbox", verb) for verb in ("serve", "dump")),
    *((name,) for name in ("sql", "tables", "schema", "info", "sample", "summarize", "promote", "drop")),
    *((name,) for name in ("events", "properties", "values", "demo", "sync")),
}


def example(command: Any) -> str:
    text = parsing.help_text(command, shown_as="mp")
    lines = text[text.index("Example: ") :].splitlines()
    return lines[0].removeprefix("Example: ")


def test_the_commands_are_those_of_the_design() -> None:
    assert set(LEAVES) >= EXPECTED


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_example_of_a_command_is_one_that_it_understands(path: tuple[str, ...]) -> None:
    words = shlex.split(example(LEAVES[path]))
    assert words[: 1 + len(path)] == ["mp", *path]
    LEAVES[path].make_context("mp", words[1 + len(path) :])


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_option_and_argument_has_a_help_and_a_readable_placeholder(path: tuple[str, ...]) -> None:
    for param in LEAVES[path].params:
        assert getattr(param, "help", None), param.name
    assert "INTEGER" not in parsing.help_text(LEAVES[path], shown_as="mp")
    assert "<int>" not in parsing.help_text(LEAVES[path], shown_as="mp")


@pytest.mark.parametrize("face", [TERMINAL, NOTEBOOK], ids=["terminal", "notebook"])
def test_a_command_is_listed_with_its_own_help(face: Face) -> None:
    root = tree(face)
    for group in (root, *(each for each in root.commands.values() if hasattr(each, "commands"))):
        for name, listed in group.commands.listing().commands.items():
            built = group.commands[name]
            assert listed.get_short_help_str(1000) == built.get_short_help_str(1000)
            assert built.help.startswith(listed.help)


def test_every_report_is_a_command() -> None:
    assert {name.replace("_", "-") for name in QUERIES} <= {name for name, *_ in LEAVES}


def test_no_command_takes_a_secret() -> None:
    for path, command in LEAVES.items():
        for param in command.params:
            assert "secret" not in param.name, path


@pytest.mark.parametrize(
    ("said", "in_a_terminal", "in_a_notebook"),
    [
        (["Try: ", Command("auth test shop")], "Try: mp auth test shop", "Try: %mp_auth test shop"),
        (
            ["`", Command("auth add NAME"), "`, or `", Word("account", "sandbox"), "`."],
            "`mp auth add NAME`, or `--account sandbox`.",
            "`%mp_auth add NAME`, or `%mp_connect sandbox`.",
        ),
        (["Or: ", Command("demo")], "Or: mp demo", "Or: mp demo"),
        ("an event 'mp tables'; %mp_tables; mp drop", *["an event 'mp tables'; %mp_tables; mp drop"] * 2),
    ],
)
def test_commands_are_named_as_magics_in_a_notebook(
    said: list[str] | str, in_a_terminal: str, in_a_notebook: str
) -> None:
    assert TERMINAL.say(said) == in_a_terminal
    assert NOTEBOOK.say(said) == in_a_notebook


def test_the_words_of_a_notebook_know_every_magic() -> None:
    for name, (command, *further) in COMMANDS.items():
        if not further:  # that of a group's command is short for the group's
            assert NOTEBOOK.say([Command(command)]) == f"%{name}"


@pytest.mark.parametrize("path", [path for path in LEAVES if path[0] in WITH_MAGIC], ids=" ".join)
def test_the_help_of_a_magic_names_magics(path: tuple[str, ...]) -> None:
    """Its example and the commands in its text; the rest is that of the command."""
    in_a_terminal = parsing.help_text(LEAVES[path], shown_as="x")
    in_a_notebook = parsing.help_text(parsing.find(path, NOTEBOOK), shown_as="x")
    assert "{mp" not in in_a_terminal + in_a_notebook
    assert not re.search(r"\bmp [a-z]", in_a_notebook)
    typed = re.sub(
        r"\bmp ([a-z-]+)", lambda found: f"%mp_{found[1].replace('-', '_')}", " ".join(in_a_terminal.split())
    )
    assert " ".join(in_a_notebook.split()) == typed
