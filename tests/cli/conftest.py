"""Running ``mp``: in this process mostly, as a program of its own where that matters."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from faces import built, connected, database  # noqa: F401 - fixtures

from mixpanel_nb.cli.program import run

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


class Command(Protocol):
    """Runs ``mp`` with these words."""

    def __call__(self, *words: str, stdin: str = "") -> Outcome: ...


class Start(Protocol):
    """Starts ``mp`` as a program of its own."""

    def __call__(self, *words: str, **options: Any) -> subprocess.Popen[str]: ...


@pytest.fixture
def mp(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    def command(*words: str, stdin: str = "") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = run(words)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return command


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def program(*words: str, **options: Any) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        command = [sys.executable, "-m", "mixpanel_nb", *words]
        started.append(subprocess.Popen(command, text=True, **(pipes | options)))
        return started[-1]

    yield program
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
