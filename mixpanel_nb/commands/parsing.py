"""Running commands from words, the same way for a terminal and a notebook."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import typer
import typer.main

from mixpanel_nb.commands.app import build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.commands.session import Session

# What Typer raises for words it cannot use. It comes with a copy of Click, or with Click itself,
# depending on its version, so the classes are reached through the one it publishes.
UsageError: type[Any] = typer.BadParameter.__mro__[1]
CommandError: type[Any] = typer.BadParameter.__mro__[2]


@cache
def root() -> Any:
    """The tree of commands, ready to run (a Click group)."""
    return typer.main.get_command(build())


def run(path: Sequence[str], words: Sequence[str], session: Session, *, shown_as: str) -> Any:
    """Run the command at ``path`` (e.g. ``["fetch", "events"]``) and give what it returns.

    Args:
        path: Names from the root down.
        words: Its arguments and options.
        session: What it works with.
        shown_as: Its name in usage lines.

    Raises:
        CommandError: the words do not fit (``format_message()`` says how).
        MixpanelDataError: the command failed.
    """
    command = find(path)
    return command.main(args=list(words), prog_name=shown_as, standalone_mode=False, obj=session)


def find(path: Sequence[str]) -> Any:
    """The command or group at ``path``."""
    command = root()
    for name in path:
        command = command.commands[name]
    return command
