"""Environments for other people's clients, whose requirements do not go with ours; made once and kept."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uv import find_uv_bin

if TYPE_CHECKING:
    from mixpanel_nb.sandbox.server import SandboxServer

ENVIRONMENTS = Path(__file__).parents[2] / ".venv" / "clients"


class Client:
    """A client on PyPI, in an environment of its own.

    Args:
        requirement: What to install, such as ``mixpanel-utils==2.2.7``.
    """

    def __init__(self, requirement: str) -> None:
        self.name, _, self.version = requirement.partition("==")
        environment = ENVIRONMENTS / requirement
        self._python = environment / "bin" / "python"
        ready = environment / "ready"
        if not ready.exists():
            _uv("venv", "--clear", "--python", sys.executable, str(environment))
            _uv("pip", "install", "--python", str(self._python), requirement)
            ready.touch()

    def run(self, script: str, *arguments: str, home: Path, **variables: str) -> str:
        """What a script prints, run in a home of its own.

        Args:
            script: Python.
            *arguments: Its ``sys.argv[1:]``.
            home: An empty folder, in which it runs.
            **variables: More environment variables.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
        done = subprocess.run(
            [self._python, "-c", script, *arguments],
            env=kept | {"HOME": str(home)} | variables,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def installed(self) -> str:
        """The version that the environment has."""
        script = f"import importlib.metadata as m; print(m.version({self.name!r}))"
        return self.run(script, home=ENVIRONMENTS).strip()


def _uv(*arguments: str) -> None:
    subprocess.run([find_uv_bin(), "--quiet", *arguments], check=True)


def refused(server: SandboxServer) -> list[str]:
    """The requests that got anything but a 200."""
    return [line for line in server.requests if not line.endswith(" 200")]


QUARTER: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31"}
