"""What a terminal user relies on: SQL from files and pipes, plans, exports, --verbose, shell completion."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from cli.conftest import Command, Start

PATIENCE = 120
COUNT = "SELECT count(*) AS n FROM events"


@pytest.mark.usefixtures("database")
def test_sql_comes_from_an_argument_a_file_or_standard_input(mp: Command, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text(f"-- how many\n{COUNT};\n")
    answers = {
        mp("sql", COUNT).out,
        mp("sql", "--file", str(tmp_path / "q.sql")).out,
        mp("sql", "-", stdin=COUNT).out,
    }
    assert len(answers) == 1
    assert json.loads(answers.pop())[0]["n"] > 0


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sql"], "QUERY"),
        (["sql", COUNT, "--file", "q.sql"], "--file"),
        (["sql", "--file", "nope.sql"], "nope.sql cannot be read: No such file"),
        (["sql", "-"], "no SQL"),
    ],
    ids=" ".join,
)
def test_sql_that_is_not_there_ends_with_3(mp: Command, words: list[str], says: str) -> None:
    done = mp(*words)
    assert (done.code, done.out) == (3, "")
    assert says in done.err


@pytest.mark.usefixtures("database")
def test_a_plan_is_rows_for_a_program_and_a_tree_for_people(mp: Command) -> None:
    query = "SELECT plan, count(*) FROM events WHERE event_name = $e GROUP BY plan"
    steps = json.loads(mp("sql", "--explain", query, "--param", "e=Purchase").out)
    assert any("table: events" in step["details"] for step in steps)
    shown = mp("sql", "--analyze", query, "--param", "e=Purchase", "--format", "table").out
    assert "└" in shown
    assert "ms" in shown


@pytest.mark.usefixtures("database")
def test_export_writes_a_file_and_tells_of_it(mp: Command, tmp_path: Path) -> None:
    file = tmp_path / "events.parquet"
    done = mp("export", "events", str(file))
    told = json.loads(done.out)[0]
    assert (done.code, told["rows"], told["size_bytes"]) == (
        0,
        len(pd.read_parquet(file)),
        file.stat().st_size,
    )
    again = mp("export", "events", str(file))
    assert again.code == 3
    assert "replace it with --replace" in again.err
    assert mp("export", "events", str(file), "--replace", "-q").err == ""


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("events", "e.xls"), 3, "does not tell the format"),
        (("nope", "e.csv"), 4, "There is no table 'nope'."),
        (("events", "-"), 3, "--format"),
        (("events", "lake", "--partition-by", "dya"), 3, "Did you mean 'day'?"),
        (("events", "e.csv", "--format", "parquet"), 3, "does not hold parquet"),
        (("SELECT nope FROM events", "e.csv"), 3, "LINE 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_export_that_cannot_be_is_refused(
    mp: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = mp("export", *words)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert [path.name for path in tmp_path.glob("*e.*")] == []


@pytest.mark.usefixtures("database")
def test_export_to_standard_output_ends_well_when_nobody_reads_on(start: Start) -> None:
    whole = start("export", f"{COUNT}", "-", "--format", "csv")
    out, err = whole.communicate(timeout=PATIENCE)
    assert next(csv.reader(out.splitlines())) == ["n"]
    assert err == "1 row written.\n"
    many = start("export", "SELECT range AS n FROM range(20000000)", "-", "--format", "jsonl")
    assert many.stdout is not None and many.stderr is not None
    assert json.loads(many.stdout.readline())["n"] >= 0
    many.stdout.close()
    assert many.stderr.read() == ""
    assert many.wait(PATIENCE) == 0


@pytest.mark.usefixtures("connected")
def test_verbose_tells_requests_and_times_and_no_secret(mp: Command) -> None:
    done = mp("events", "--verbose")
    line, took = done.err.splitlines()
    assert re.fullmatch(
        r"GET http://127\.0\.0\.1:\d+/api/query/events/names\?\S+: 200, [\d,]+ bytes in [\d.]+ s", line
    )
    assert re.fullmatch(r"Took [\d.]+ s\.", took)
    assert "authorization" not in done.err.lower()
    assert json.loads(done.out)
    assert mp("events").err == ""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("mp fet", ["fetch"]),
        ("mp fetch ev", ["events"]),
        ("mp funnel --wi", ["--window", "--window-unit"]),
        ("mp sql --ex", ["--explain"]),
        ("mp auth s", ["switch", "show"]),
    ],
)
def test_a_shell_completes_commands_and_options(typed: str, offered: list[str]) -> None:
    words = typed.split()
    environment = {
        **os.environ,
        "_MP_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
    }
    command = [sys.executable, "-m", "mixpanel_nb"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.stdout.split(), done.stderr) == (offered, "")


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs bash")
def test_completion_installs_into_a_shell_that_then_completes(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "mixpanel_nb", "--install-completion", "bash"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert "installed" in done.stdout
    typed = "COMP_WORDS=(mp fetch pro); COMP_CWORD=2; _mp_completion mp"
    script = f'source "$HOME/.bashrc"; {typed}; echo "${{COMPREPLY[@]}}"'
    shell = ["/bin/bash", "-c", script]
    asked = subprocess.run(
        shell, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert asked.stdout.strip() == "profiles"


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs bash")
def test_bash_completes_names_of_the_database_that_the_line_names(database: Path, tmp_path: Path) -> None:
    """As bash puts them into the line: quoted where no quote is open. Nobody is asked, no file is made."""
    program = tmp_path / "mp"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m mixpanel_nb "$@"\n')
    program.chmod(0o755)
    absent = tmp_path / "absent.db"
    offered = {
        f"mp --db {database} segmentation Si": [r"Sign\ Up"],
        f"mp --db {database} segmentation '\"Sig'": ["Sign Up"],
        f"mp segmentation Purchase --db {database} --table e": ["events"],
        f"mp segmentation Purchase --db {database} --on pla": ["plan"],
        f"mp --db {database} funnel --step 'View\\ P'": [r"View\ Product"],
        f"mp --db {database} property-counts Purchase plan --table events --value pr": ["pro"],
        f"mp --db {database} fetch profiles --property '$em'": [r"\$email"],
        f"mp --db {database} flow --count sessions --start '$se'": [r"\$session_start", r"\$session_end"],
        f"mp --db {database} drop pro": ["profiles"],
        f"mp --db {absent} segmentation S": [],
        "mp segmentation Purchase --unit w": ["week"],
        "mp bookmarks --type fl": ["flows"],
        "mp --account sa": ["sandbox"],
        "mp auth add sa": [],
    }
    asked = "\n".join(
        f"COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=(); _mp_completion mp; "
        "printf '%s|' \"${COMPREPLY[@]}\"; echo"
        for line in offered
    )
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "MP_API_BASE_URL": "http://127.0.0.1:1",
    }
    script = f'eval "$(_MP_COMPLETE=source_bash mp)"\n{asked}'
    done = subprocess.run(
        ["/bin/bash", "-c", script], env=environment, capture_output=True, text=True, timeout=90, check=True
    )
    answers = [[word for word in line.split("|") if word] for line in done.stdout.splitlines()]
    assert dict(zip(offered, answers, strict=True)) == offered
    assert done.stderr == ""
    assert not absent.exists()


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("zsh", '_arguments \'*: :(("Sign Up":"event"))\'\n'),
        ("fish", "Sign Up\tevent\n"),
    ],
)
def test_other_shells_are_told_what_names_are(database: Path, shell: str, expected: str) -> None:
    line = f"mp --db {database} segmentation Si"
    environment = {
        **os.environ,
        "_MP_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    command = [sys.executable, "-m", "mixpanel_nb"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert (done.stdout, done.stderr) == (expected, "")
