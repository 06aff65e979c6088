"""``mp auth``, and the secret that must never be seen."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from faces import SECRET

from mixpanel_nb.accounts import ConfigManager

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command, Start
    from mixpanel_nb.sandbox.server import SandboxServer

ADD = ("--username", "me", "--project", "12345")


def test_add_reads_the_secret_from_standard_input(mp: Command, home: Path) -> None:
    done = mp("auth", "add", "shop", *ADD, "--region", "eu", stdin=f"{SECRET}\n")
    assert (done.code, done.out, done.err) == (0, "", "Added account shop. Try it: mp auth test shop\n")
    assert ConfigManager().get("shop").secret.reveal() == SECRET
    assert stat.S_IMODE((home / "config.toml").stat().st_mode) == 0o600


def test_accounts_live_through_add_list_switch_show_and_remove(mp: Command) -> None:
    for name in ("shop", "blog"):
        mp("auth", "add", name, *ADD, "--timezone", "Europe/Berlin", stdin=SECRET)
    assert mp("auth", "switch", "blog").err == "blog is the default account now.\n"
    listed = json.loads(mp("auth", "list").out)
    assert [(a["name"], a["is_default"], a["timezone"]) for a in listed] == [
        ("blog", True, "Europe/Berlin"),
        ("shop", False, "Europe/Berlin"),
    ]
    assert [a["name"] for a in json.loads(mp("auth", "show").out)] == ["blog"]
    assert [a["name"] for a in json.loads(mp("auth", "show", "shop").out)] == ["shop"]
    assert [a["name"] for a in json.loads(mp("--account", "shop", "auth", "show").out)] == ["shop"]
    assert mp("auth", "remove", "blog").err == "Removed account blog.\n"
    assert [a["name"] for a in json.loads(mp("auth", "list").out)] == ["shop"]


def test_a_data_view_is_listed_and_shown(mp: Command) -> None:
    mp("auth", "add", "all", *ADD, stdin=SECRET)
    assert "data view" not in mp("auth", "list", "--format", "table").out
    mp("auth", "add", "shop", *ADD, "--workspace-id", "67890", stdin=SECRET)
    listed = json.loads(mp("auth", "list").out)
    assert [(a["name"], a["workspace_id"]) for a in listed] == [("all", None), ("shop", "67890")]
    (shown,) = json.loads(mp("auth", "show", "shop").out)
    assert shown["workspace_id"] == "67890"
    head, *_ = mp("auth", "list", "--format", "table").out.split("me.")
    assert "data view" in head


def test_show_tells_the_account_of_the_environment(mp: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    mp("auth", "add", "shop", *ADD, stdin=SECRET)
    for name, value in {"USERNAME": "env-user", "SECRET": SECRET, "PROJECT_ID": "7", "REGION": "in"}.items():
        monkeypatch.setenv(f"MP_{name}", value)
    (shown,) = json.loads(mp("auth", "show").out)
    assert (shown["name"], shown["username"], shown["region"]) == ("(environment)", "env-user", "in")


@pytest.mark.parametrize(
    ("words", "stdin", "code", "says"),
    [
        (["add", "shop", *ADD], SECRET, 3, "already"),
        (["add", "new", *ADD], "", 3, "secret"),
        (["add", "new", *ADD, "--region", "mars"], SECRET, 3, "mars"),
        (["add", "new", *ADD, "--workspace-id", "all"], SECRET, 3, "must be a number, not 'all'"),
        (["add", "new", "--username", "me", "--project", "abc"], SECRET, 3, "abc"),
        (["add", "new", *ADD, "--timezone", "Mars/Olympus"], SECRET, 3, "Mars/Olympus"),
        (["add", "sandbox", *ADD], SECRET, 3, "reserved"),
        (["add", "a b", *ADD], SECRET, 3, "a b"),
        (["remove", "shp"], "", 4, "Did you mean 'shop'?"),
        (["switch", "nope"], "", 4, "nope"),
        (["show", "nope"], "", 4, "nope"),
        (["test", "nope"], "", 4, "nope"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_with_an_account_is_said(
    mp: Command, words: list[str], stdin: str, code: int, says: str
) -> None:
    mp("auth", "add", "shop", *ADD, stdin=SECRET)
    done = mp("auth", *words, stdin=stdin)
    assert done.code == code
    assert says in done.err
    assert SECRET not in done.err
    assert [account.name for account in ConfigManager().list_accounts()] == ["shop"]


def test_a_taken_name_is_refused_before_the_secret_is_asked_for(
    mp: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    mp("auth", "add", "shop", *ADD, stdin=SECRET)
    monkeypatch.setattr("mixpanel_nb.cli.terminal_session.TerminalSession.ask_secret", None)
    assert mp("auth", "add", "shop", *ADD).code == 3


def test_test_asks_mixpanel(mp: Command, connected: SandboxServer) -> None:
    done = mp("auth", "test")
    assert (done.code, done.err) == (0, "Mixpanel accepts account sandbox for project 1.\n")
    mp("auth", "add", "wrong", *ADD, stdin=SECRET)
    refused = mp("auth", "test", "wrong")
    assert refused.code == 2
    assert SECRET not in refused.err


def test_a_secret_is_no_argument(mp: Command) -> None:
    assert mp("auth", "add", "shop", *ADD, "--secret", SECRET).code == 3
    assert ConfigManager().list_accounts() == []


@pytest.mark.usefixtures("connected")
def test_the_secret_is_in_no_output_and_no_file_but_the_configuration(mp: Command, home: Path) -> None:
    outcomes = [mp("auth", "add", "shop", *ADD, stdin=SECRET)]
    for words in (
        ["auth", "list"],
        ["auth", "show", "shop"],
        ["auth", "list", "--format", "table"],
        ["--account", "shop", "auth", "test"],
        ["--account", "shop", "info"],
        ["--account", "shop", "events"],
        ["--account", "shop", "fetch", "events", "--from", "2025-01-01", "--to", "2025-01-01"],
        ["--account", "shop", "sql", "SELECT * FROM nope"],
        ["auth", "add", "shop", *ADD],
    ):
        outcomes += [mp(*words, stdin=SECRET), mp("--verbose", *words, stdin=SECRET)]
    assert any("Traceback" in outcome.err for outcome in outcomes)
    for outcome in outcomes:
        assert SECRET not in outcome.out + outcome.err
    holders = [file.name for file in home.rglob("*") if file.is_file() and b"s3cr3t" in file.read_bytes()]
    assert holders == ["config.toml"]


def test_a_secret_typed_at_a_terminal_is_not_echoed(start: Start) -> None:
    import os
    import pty

    master, slave = pty.openpty()
    program = start(
        "auth", "add", "shop", *ADD, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
    )
    os.close(slave)
    shown = b""
    while b"Secret of me: " not in shown:
        shown += os.read(master, 1000)
    os.write(master, SECRET.encode() + b"\n")
    while b"Added account" not in shown:
        shown += os.read(master, 1000)
    assert program.wait(10) == 0
    os.close(master)
    assert b"s3cr3t" not in shown
    assert ConfigManager().get("shop").secret.reveal() == SECRET
