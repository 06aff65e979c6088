"""Standard input, output and error that are closed, full, a terminal, or lack characters."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command, Start

PATIENCE = 120
CONTROLS = "".join(chr(code) for code in (*range(1, 9), 0x1B, 0x7F, *range(0x80, 0xA0)))
DIRECTIONS = "\u202a\u202e\u2066\u2069\u2028"
HOSTILE = f"a\x1b]52;c;Y21k\x07b{CONTROLS}c{DIRECTIONS}d"
LITERAL = " || ".join(f"chr({ord(character)})" for character in HOSTILE)
QUERY = f"SELECT {LITERAL} AS shown"


def on_a_terminal(*words: str) -> str:
    """What ``mp`` writes where all three streams are a terminal."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "mixpanel_nb", *words]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        shown = b""
        while block := _read(master):
            shown += block
        process.wait(PATIENCE)
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 10_000)
    except OSError:  # Linux's way to say that the other end is closed
        return b""


def steering(text: str) -> set[str]:
    """The characters of a text that act on a terminal."""
    return {c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)} | (
        set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
    )


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("form", ["json", "jsonl", "csv", "table"])
def test_nothing_in_a_result_steers_a_terminal(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = on_a_terminal("sql", QUERY, "--format", form)
    assert steering(shown) == set()
    assert "52;c" in shown
    if form == "json":
        assert json.loads(shown) == [{"shown": HOSTILE}]
    if form == "jsonl":
        assert json.loads(shown) == {"shown": HOSTILE}


@pytest.mark.usefixtures("database")
def test_a_file_that_is_the_terminal_is_one_too() -> None:
    assert steering(on_a_terminal("sql", QUERY, "-o", "/dev/tty", "--format", "csv")) == set()
    assert steering(on_a_terminal("sql", QUERY, "-o", "/dev/stdout", "--format", "csv")) == set()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("file", ["-", "/dev/stdout"])
def test_an_export_is_not_written_to_a_terminal(file: str) -> None:
    shown = on_a_terminal("export", QUERY, file, "--format", "csv")
    assert "An export is nothing for a terminal" in shown
    assert steering(shown) == set()


@pytest.mark.usefixtures("database")
def test_a_pipe_gets_the_text_as_it_is(start: Start) -> None:
    out, _ = start("sql", QUERY, "--format", "csv").communicate(timeout=PATIENCE)
    assert list(csv.reader(io.StringIO(out, newline="")))[1] == [HOSTILE]
    out, _ = start("sql", QUERY, "--format", "json").communicate(timeout=PATIENCE)
    assert json.loads(out) == [{"shown": HOSTILE}]
    assert "\x9b" in out


@pytest.mark.usefixtures("database")
def test_messages_and_tracebacks_do_not_steer_a_terminal() -> None:
    table = "no\x1b]52;c;Y21k\x07\x9bsuch"
    shown = on_a_terminal("--verbose", "schema", table)
    assert "Traceback" in shown
    assert steering(shown) == set()


def test_the_sandbox_shows_paths_of_requests_without_control_characters(start: Start) -> None:
    program = start("sandbox", "serve", "--port", "0", "--events", "2000")
    assert program.stdout is not None
    assert program.stderr is not None
    url = program.stdout.readline().strip()
    httpx.get(f"{url}/%1b]52;c;Y21k%07%c2%9b%e2%80%ae%0aGET /forged 200?x=%1b[2J&project_id=1%0d%0a")
    program.terminate()
    lines = program.stderr.read().splitlines()
    told = [line for line in lines if line.startswith("GET ")]
    assert len(told) == 1
    assert "%1B" in told[0]
    assert all(steering(line) == set() for line in lines)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-16"])
def test_programs_get_utf_8_whatever_the_locale_says(encoding: str) -> None:
    words = [sys.executable, "-m", "mixpanel_nb", "sql", "SELECT 'é☃' AS x", "--format"]
    for form, wanted in (("csv", "x\né☃\n"), ("json", '[\n  {"x": "é☃"}\n]\n'), ("jsonl", '{"x": "é☃"}\n')):
        done = subprocess.run(
            [*words, form],
            env={**os.environ, "PYTHONIOENCODING": encoding},
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        assert done.stdout.decode() == wanted


@pytest.mark.usefixtures("database")
def test_a_table_is_shown_in_any_encoding() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mixpanel_nb", "sql", "SELECT 'é☃' AS x", "--format", "table"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert done.stdout.splitlines()[-2:] == ["--", "??"]


SHELL = {
    "full": ("sql 'SELECT 1' > /dev/full", 1, "Standard output cannot be written: No space left on device."),
    "full, table": ("tables --format table > /dev/full", 1, "Standard output cannot be written"),
    "full, help": ("--help > /dev/full", 1, "No space left on device"),
    "no output": ("sql 'SELECT 1' >&-", 1, "Standard output is closed."),
    "no output, export": ("export events - --format csv >&-", 3, "There is no standard output here"),
    "no input": ("sql - <&-", 3, "There is no SQL to run."),
    "no input, secret": (
        "auth add x --username u --project 1 <&-",
        3,
        "The secret of the service account is",
    ),
    "nothing at all": ("sql 'SELECT 1' <&- >&-", 1, "Standard output is closed."),
}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("words", "code", "says"), SHELL.values(), ids=SHELL)
def test_streams_that_fail_end_in_one_line(words: str, code: int, says: str) -> None:
    done = in_a_shell(words)
    assert says in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert done.returncode == code


@pytest.mark.usefixtures("database")
def test_a_file_is_written_while_standard_output_is_closed(tmp_path: Path) -> None:
    done = in_a_shell(f"sql 'SELECT 1 AS n' -o {tmp_path}/n.csv >&-")
    assert (done.returncode, (tmp_path / "n.csv").read_text()) == (0, "n\n1\n")


@pytest.mark.usefixtures("database")
def test_messages_never_get_into_the_data_when_standard_error_is_closed() -> None:
    done = in_a_shell("--verbose sql 'SELECT 1 AS n' --format csv 2>&-")
    assert (done.returncode, done.stdout) == (0, "n\n1\n")
    failed = in_a_shell("sql 'SELECT nope' 2>&-")
    assert (failed.returncode, failed.stdout) == (3, "")


def test_nothing_is_written_into_a_database_that_is_opened_in_the_place_of_a_closed_stream(
    database: Path,
) -> None:
    before = in_a_shell("sql 'SELECT count(*) FROM events' --format csv").stdout
    for closed in (">&-", "2>&-", "<&-", ">&- 2>&-"):
        in_a_shell(f"sql 'CREATE OR REPLACE TABLE t AS SELECT 1; SELECT nope' {closed}")
        in_a_shell(f"tables {closed}")
    assert in_a_shell("sql 'SELECT count(*) FROM events' --format csv").stdout == before
    assert database.read_bytes()[8:12] == b"DUCK"


def in_a_shell(words: str) -> subprocess.CompletedProcess[str]:
    command = f"{sys.executable} -m mixpanel_nb {words}"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ("s3cr3tvalue1234".encode("utf-16"), "piped in as the secret is text in UTF-16."),
        ("s3cr3tvalue1234\n".encode("utf-16-le"), "piped in as the secret is text in UTF-16."),
        (b"\x1f\x8b\x08s3cr3tvalue1234", "piped in as the secret is compressed with gzip."),
        (b"s3cr3tvalue1234\xff\n", "piped in as the secret is no text in UTF-8."),
        (b"   \n", "The secret of the service account is empty."),
    ],
    ids=["UTF-16", "UTF-16 without its mark", "gzip", "Latin-1", "spaces"],
)
def test_a_secret_that_is_no_text_is_named_for_what_it_is(sent: bytes, says: str, home: Path) -> None:
    done = _add(sent)
    assert done.returncode == 3
    assert says in done.stderr.decode()
    assert b"s3cr3t" not in done.stderr
    assert not (home / "config.toml").exists()


def test_the_mark_before_a_secret_is_no_part_of_it(home: Path) -> None:
    assert _add(b"\xef\xbb\xbfs3cr3tvalue1234\r\n").returncode == 0
    assert 'secret = "s3cr3tvalue1234"' in (home / "config.toml").read_text()


def _add(sent: bytes) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-m", "mixpanel_nb", "auth", "add", "x", "--username", "u", "--project", "1"]
    return subprocess.run(words, input=sent, capture_output=True, timeout=PATIENCE, check=False)


@pytest.mark.usefixtures("database")
def test_sql_in_a_file_is_named_for_what_it_is(mp: Command, tmp_path: Path) -> None:
    file = tmp_path / "q.sql"
    file.write_bytes("SELECT 1 AS n".encode("utf-16"))
    assert "q.sql is text in UTF-16." in mp("sql", "--file", str(file)).err
    file.write_bytes(b"\xef\xbb\xbfSELECT 1 AS n")
    assert json.loads(mp("sql", "--file", str(file)).out) == [{"n": 1}]
