"""Errors: one line and what to do, on a cell that has failed."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

import pytest
from faces import SECRET

from mixpanel_nb.errors import MixpanelDataError
from mixpanel_nb.notebook.failure import in_one_line
from mixpanel_nb.notebook.notebook_session import NotebookSession

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.sandbox.faults import Faults
    from notebook.conftest import Shell

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        ("%mp_schema event", ["TableNotFoundError: There is no table 'event'.", "Did you mean 'events'?"]),
        (
            "%%mp_sql\nSELECT 1\nFROM nope",
            [
                "TableNotFoundError: There is no table 'nope'.",
                "LINE 3: FROM nope",
                "             ^^^^",
                "Tables here: events, profiles.",
            ],
        ),
        (
            "%%mp_sql -o top --max-rows 3\nSELECT 1;\nSELECT count(*)\nFROM nope;",
            [
                "TableNotFoundError: There is no table 'nope'.",
                "LINE 4: FROM nope",
                "             ^^^^",
                "Tables here: events, profiles.",
            ],
        ),
        (
            "%mp_sql -o top FROM nope",
            [
                "TableNotFoundError: There is no table 'nope'.",
                "LINE 1: FROM nope",
                "             ^^^^",
                "Tables here: events, profiles.",
            ],
        ),
        (
            "%mp_fetch visits",
            [
                "ParameterError: --from is missing.",
                "Name the days, such as --last 30d. New days of a table need none: --append.",
            ],
        ),
        ("%mp_auth nope", ["ParameterError: No such command 'nope'.", "Try: %mp_auth --help"]),
        (
            "%mp_tables --db x.db",
            ["ParameterError: No such option: --db", "Choose the account and the database with %mp_connect."],
        ),
        (
            "%mp_tables --format csv",
            [
                "ParameterError: No such option: --format",
                "In a notebook, x = %mp_tables … is the result, and x.df its DataFrame.",
            ],
        ),
        (
            "%mp_schema 'events",
            ["ParameterError: The line cannot be read: no closing quotation.", "Close the quote."],
        ),
    ],
)
def test_an_error_is_one_line_and_a_hint(shell: Shell, cell: str, lines: list[str]) -> None:
    assert shell.failure(cell) == lines


def test_without_an_account_the_hint_is_in_the_words_of_a_notebook(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MP_ACCOUNT")
    headline, hint = shell.failure("%mp_tables")
    assert headline == "ConfigError: No Mixpanel account is configured."
    assert "%mp_auth add NAME" in hint
    assert "%mp_connect sandbox" in hint


def test_the_headline_is_red(shell: Shell) -> None:
    error = shell.run("%mp_schema nope").error
    assert error is not None
    assert error._render_traceback_()[0].startswith("\x1b[31mTableNotFoundError: ")  # type: ignore[attr-defined]  # IPython's


def test_the_traceback_is_there_for_debug(shell: Shell) -> None:
    shell.run("%mp_schema nope")
    assert sys.last_value is not None
    frames = traceback.extract_tb(sys.last_value.__traceback__)
    assert any(frame.name == "schema" for frame in frames)


@pytest.mark.parametrize("cell", ["%mp_schema nope --verbose", "%mp_sql --verbose SELECT nope"])
def test_verbose_shows_the_traceback(shell: Shell, cell: str) -> None:
    assert any("Traceback" in line for line in shell.failure(cell))


def test_the_setting_verbose_shows_the_traceback_until_it_is_off_again(shell: Shell) -> None:
    shell.value("%config MpMagics.verbose = True")
    assert any("Traceback" in line for line in shell.failure("%mp_schema nope"))
    shell.value("%config MpMagics.verbose = False")
    assert len(shell.failure("%mp_schema nope")) == 2


def test_what_mixpanel_says_cannot_steer_the_cell(shell: Shell, faults: Faults) -> None:
    from mixpanel_nb.sandbox.faults import FaultRule

    faults.add(FaultRule("status", times=None, status=400, body='{"error": "bad \\u001b[2Jwhere"}'))
    ran = shell.run("%mp_fetch x --from 2025-01-01 --to 2025-01-01")
    assert ran.error is not None
    assert "\x1b[2J" not in "".join(ran.error._render_traceback_())  # type: ignore[attr-defined]  # IPython's


@pytest.mark.parametrize("typed", [f"--secret '{SECRET}'", f"'--secret={SECRET}'"])
def test_a_secret_typed_on_a_line_is_refused(shell: Shell, home: Path, typed: str) -> None:
    ran = shell.run(f"%mp_auth add shop --username me --project 1 {typed}")
    assert "would be saved" in ran.out
    assert SECRET not in ran.out
    assert not (home / "config.toml").exists()


def test_a_bug_keeps_its_traceback(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mixpanel_nb.workspace.Workspace.tables", broken)
    assert any("ZeroDivisionError" in line for line in shell.failure("%mp_tables"))
    assert any("Traceback" in line for line in shell.failure("%mp_tables"))


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        (
            OSError(28, "No space left on device", "/x/y"),
            [
                "The system refused: /x/y: No space left on device.",
                "Free some space, or choose another place.",
            ],
        ),
        (
            RuntimeError("can't start new thread"),
            [
                "The system starts no more threads for this user.",
                "End other programs, or raise the limit (ulimit -u).",
            ],
        ),
    ],
    ids=["no room", "no threads"],
)
def test_what_the_system_refuses_is_one_line(error: Exception, lines: list[str]) -> None:
    with pytest.raises(MixpanelDataError) as caught, in_one_line(verbose=False):
        raise error
    shown = caught.value._render_traceback_()  # type: ignore[attr-defined]  # IPython's protocol
    assert [
        line.removeprefix("\x1b[31mMixpanelDataError: ").removesuffix("\x1b[0m") for line in shown
    ] == lines


def test_messages_of_commands_do_not_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    NotebookSession().say("GET /\x1b]52;c;Y21k\x07\x9b 200")
    assert capsys.readouterr().out.strip().isprintable()
