"""Parsing and running commands, for terminal and notebook."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import typer

from mixpanel_nb.commands.advice import CommandError, UsageError, advice
from mixpanel_nb.commands.app import tree
from mixpanel_nb.commands.wording import TERMINAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.commands.session import Session
    from mixpanel_nb.commands.wording import Face

__all__ = [
    "CommandError",
    "UsageError",
    "advice",
    "asks_for_help",
    "find",
    "help_text",
    "invoke",
    "misuse",
    "root",
]

# Messages of some Typer versions, in the wording of their validation library.
_AMENDED = (
    (
        re.compile(r"Input should be a valid integer.*|'[^']*' is not a valid integer\."),
        "it takes a whole number.",
    ),
    (re.compile(r"Option '(--\S+)' requires an argument\."), r"\1 takes a value, and none is given."),
    (re.compile(r"Option '(--\S+)' requires 2 arguments\."), r"\1 takes two values, and one is given."),
    (re.compile(r"Input should be less than or equal to (\S+)"), r"it takes \1 at most."),
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"it takes \1 at least."),
)


@cache
def root(face: Face = TERMINAL) -> Any:
    """The tree of commands, ready to run, with an interface's wording (a Click group)."""
    return tree(face)


def invoke(command: Any, words: Sequence[str], session: Session | None = None, *, shown_as: str) -> Any:
    """Run a command with these words and return its result (None if help was shown).

    Click's own ``main`` would turn Ctrl-C and a closed pipe into exit codes; here they are raised unchanged.

    Args:
        command: A Click command.
        words: Its arguments and options.
        session: Its session.
        shown_as: Its name in usage lines.

    Raises:
        CommandError: the words do not match the command (``format_message()`` explains).
        MixpanelDataError: the command failed.
    """
    try:
        with command.make_context(shown_as, list(words), obj=session) as context:
            return command.invoke(context)
    except typer.Exit:
        return None


def help_text(command: Any, *, shown_as: str) -> str:
    """The help of a command, as text."""
    context = command.make_context(shown_as, [], resilient_parsing=True)
    return str(command.get_help(context))


def find(path: Sequence[str], face: Face = TERMINAL) -> Any:
    """The command or group at ``path`` (e.g. ``["fetch", "events"]``), names from the root down."""
    command = root(face)
    for name in path:
        command = command.commands[name]
    return command


def misuse(error: Any) -> tuple[str, str | None]:
    """The error in the words, and the command whose help explains more (None if unknown)."""
    context = getattr(error, "ctx", None)
    message = str(error.format_message()).removeprefix("Invalid value: ").replace("Value error, ", "")
    for told, amended in _AMENDED:
        message = told.sub(amended, message)
    if advice(error) is not None:
        message = message.split(" (Possible options: ")[0]
    return message, context.command_path if context is not None else None


def asks_for_help(error: Any) -> bool:
    """Whether a group was named without a command, so that its help is shown."""
    return type(error).__name__ == "NoArgsIsHelpError"  # a class that Typer does not publish
