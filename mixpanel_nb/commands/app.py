"""The tree of commands. A command's module is imported, and the command built, when it is used."""

from __future__ import annotations

import inspect
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
import typer.main

from mixpanel_nb.commands.advice import RepeatedOption, remember
from mixpanel_nb.commands.docstrings import docstring_at
from mixpanel_nb.commands.lazy import Commands, Entry, LazyGroup
from mixpanel_nb.commands.listing import COMMANDS, GROUPS
from mixpanel_nb.commands.values import take_as_they_are
from mixpanel_nb.commands.wording import TERMINAL, in_words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.models import CommandInfo

    from mixpanel_nb.commands.wording import Face

    Finish = Callable[[Any], None]


def tree(
    face: Face = TERMINAL, *, options: Callable[..., None] | None = None, finish: Finish | None = None
) -> Any:
    """Every command under its name, in groups, with an interface's wording (a Click group).

    Args:
        face: The interface.
        options: A function whose parameters are the options before the command.
        finish: Completes a command when it is built.
    """
    app = _typer("mp", "Fetch Mixpanel events into DuckDB, and ask questions of them.")
    epilog = None if options is None else "These options may also follow the command."
    app.callback(epilog=epilog)(options or _no_options)
    program: Any = typer.main.get_command(app)
    take_as_they_are(program)
    builder = _Builder(face, finish)
    program.commands = Commands(builder.commands() | builder.groups())
    return program


def alone(function: Callable[..., Any], face: Face) -> Any:
    """A function outside the tree as a separate command (a Click command)."""
    return _Builder(face).command(function)


def leaves(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of a group and its subgroups, with its path of names."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command


class _Builder:
    """Builds commands for an interface.

    Args:
        face: The interface, which words them.
        finish: Completes a command.
    """

    def __init__(self, face: Face, finish: Finish | None = None) -> None:
        self._face = face
        self._finish = finish

    def commands(self) -> dict[str, Entry]:
        """The commands outside groups."""
        return {
            name: self._entry(partial(docstring_at, place), partial(self._command_at, place, name))
            for name, place in COMMANDS.items()
        }

    def groups(self) -> dict[str, Entry]:
        """The groups."""
        return {
            name: self._entry(partial(str, text), partial(self._group, name, module, text))
            for name, (module, text) in GROUPS.items()
        }

    def command(self, function: Callable[..., Any], name: str | None = None) -> Any:
        """The command that runs a function."""
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name)(function)
        command: Any = typer.main.get_command(app)
        for described in (command, *command.params):
            described.help = self._face.help(described.help or "")
        command.callback = in_words_of(command, self._face)
        command.parse_args = partial(_parse_once, command, command.parse_args)
        remember(command)
        if self._finish is not None:
            self._finish(command)
        take_as_they_are(command)
        return command

    def _command_at(self, place: str, name: str) -> Any:
        module, _, attribute = place.rpartition(".")
        found = getattr(import_module(f"mixpanel_nb.{module}"), attribute)
        if isinstance(found, type):
            found = import_module("mixpanel_nb.commands.reports").command_of(found)
        return self.command(found, name)

    def _group(self, name: str, module: str, text: str) -> Any:
        group: Any = typer.main.get_group(_typer(name, text))
        found = import_module(f"mixpanel_nb.commands.{module}")
        listed: typer.Typer = found.app
        group.commands = Commands(dict(map(self._in_group, listed.registered_commands)))
        group.refuse = getattr(found, "refuse", None)
        return group

    def _in_group(self, info: CommandInfo) -> tuple[str, Entry]:
        function: Any = info.callback
        name = info.name or typer.main.get_command_name(function.__name__)
        return name, self._entry(partial(inspect.getdoc, function), partial(self.command, function, name))

    def _entry(self, text: Callable[[], str | None], build: Callable[[], Any]) -> Entry:
        return Entry(lambda: self._face.help(text() or ""), build)


def _typer(name: str, text: str) -> typer.Typer:
    return typer.Typer(
        name=name,
        help=text,
        cls=LazyGroup,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def _no_options() -> None:
    """Take no options."""


def _parse_once(command: Any, parse: Callable[..., Any], context: Any, words: list[str]) -> Any:
    """Parse the words of a command, and refuse a repeated option that takes one value."""
    _, _, order = command.make_parser(context).parse_args(args=list(words))
    seen = [param for param in order if param.param_type_name == "option"]
    for param in seen:
        if seen.count(param) > 1 and not (param.multiple or param.is_flag or context.resilient_parsing):
            raise RepeatedOption(context, param, seen.count(param))
    return parse(context, words)
