"""The options that every command of a terminal takes."""

from __future__ import annotations

import copy
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main

import mixpanel_nb
from mixpanel_nb.commands import names
from mixpanel_nb.commands.app import tree
from mixpanel_nb.commands.options import DataView, Mapping, TimeZone, WeekStart, file_or_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.cli.terminal_session import TerminalSession


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    IDS = "ids"


# Global options, which may also follow the command.
GLOBAL = ("account", "database", "timezone", "week_start", "workspace_id", "mapping", "quiet", "verbose")
OF_OUTPUT = ("format", "output", "replace")
# Typer converts them when it calls a command, but before 0.29 not for a callback.
TYPES: dict[str, Callable[[Any], Any]] = {"format": Format, "output": Path, "database": file_or_url}


def commands() -> Any:
    """The commands of a terminal, with the options that each of them takes (a Click group)."""
    group = tree(options=_global_options, finish=lambda command: _extend(command, group))
    return group


def _extend(command: Any, program: Any) -> None:
    """Add the options of output, and those of the program, to a command."""
    taken = {param.name for param in command.params}
    # A command that returns nothing has nothing to format, and one with its own format has a file.
    if command.callback.__annotations__["return"] != "None" and "format" not in taken:
        command.params.extend(option for option in _output_options() if option.name not in taken)
        command.params = [_heard(param) for param in command.params]
    command.params.extend(
        _repeated(option) for option in program.params if option.name in GLOBAL and option.name not in taken
    )


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(mixpanel_nb.__version__)
        raise typer.Exit


def _global_options(
    context: typer.Context,
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            "-a",
            metavar="NAME",
            help="The account, or sandbox.",
            autocompletion=names.accounts,
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option("--db", metavar="FILE", help="The database file, a lake, or the URL of an engine."),
    ] = None,
    timezone: TimeZone = None,
    week_start: WeekStart = None,
    workspace_id: DataView = None,
    mapping: Mapping = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no remarks.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell requests, times, and where an error came from.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback has answered
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """Put the options into the session."""
    session: TerminalSession = context.obj
    session.account, session.database = account, None if database is None else file_or_url(database)
    session.timezone, session.week_start, session.workspace_id = timezone, week_start, workspace_id
    session.mapping, session.quiet, session.verbose = mapping, quiet, verbose


@cache
def _output_options() -> list[Any]:
    """Options of ``OF_OUTPUT``, which go to the session and not to the command."""
    carrier = typer.Typer(add_completion=False)

    @carrier.command()
    def _carrier(
        format: Annotated[  # noqa: A002 - the option's name
            Format | None, typer.Option("--format", "-f", help="Default: table on a terminal, else json.")
        ] = None,
        output: Annotated[
            Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this new file.")
        ] = None,
        replace: Annotated[
            bool, typer.Option("--replace", help="Let --output replace a file that is there.")
        ] = False,
    ) -> None:
        """Carry options."""

    params: list[Any] = typer.main.get_command(carrier).params
    return [_with_note(option) for option in params if option.name in OF_OUTPUT]


def _heard(param: Any) -> Any:
    """A parameter of a command; its own ``--replace`` also applies to the file of ``--output``."""
    if param.name == "replace":
        param.callback = _remember
    return param


def _repeated(option: Any) -> Any:
    """A global option once more, for a command: accepted, though its help stays short."""
    repeated = _with_note(copy.copy(option))
    repeated.hidden = True
    return repeated


def _with_note(option: Any) -> Any:
    """The option, whose value goes to the session instead of the command."""
    option.expose_value = False
    option.callback = _remember
    return option


def _remember(context: typer.Context, option: Any, value: Any) -> Any:
    if value:
        setattr(context.obj, option.name, TYPES.get(option.name, type(value))(value))
    return value
