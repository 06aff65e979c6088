"""``mp``: one command, one result, one exit code."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main

import mixpanel_nb
from mixpanel_nb import errors
from mixpanel_nb.cli.formats import Format, write
from mixpanel_nb.cli.session import TerminalSession
from mixpanel_nb.commands.app import build
from mixpanel_nb.commands.parsing import CommandError
from mixpanel_nb.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OTHER, AUTHENTICATION, INVALID, NOT_FOUND, RATE_LIMITED, INTERRUPTED = 1, 2, 3, 4, 5, 130

# The first that fits decides, so that special cases stand before the general ones.
EXIT_CODES: tuple[tuple[type[errors.MixpanelDataError], int], ...] = (
    (errors.AccountNotFoundError, NOT_FOUND),
    (errors.AccountExistsError, INVALID),
    (errors.ConfigError, AUTHENTICATION),
    (errors.AuthenticationError, AUTHENTICATION),
    (errors.AccessDeniedError, AUTHENTICATION),
    (errors.PlanError, AUTHENTICATION),
    (errors.RateLimitError, RATE_LIMITED),
    (errors.NotFoundError, NOT_FOUND),
    (errors.TableNotFoundError, NOT_FOUND),
    (errors.TableExistsError, INVALID),
    (errors.QueryError, INVALID),
    (errors.ExpressionError, INVALID),
    (errors.MixpanelDataError, OTHER),
)

# Commands that return nothing to write.
WITHOUT_FORMAT = {("sandbox", "serve"), ("sandbox", "dump")}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command, write its result, and give the exit code."""
    session = TerminalSession()
    try:
        result = _program().main(args=list(arguments), prog_name="mp", standalone_mode=False, obj=session)
        if isinstance(result, Result):
            _show(result, session)
    except errors.MixpanelDataError as error:
        return _failed(error, session)
    except CommandError as error:
        return _misused(error)
    except (KeyboardInterrupt, typer.Abort):
        print("Interrupted.", file=sys.stderr)  # noqa: T201 - this is the terminal
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has enough. Python would complain of the closed pipe when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        session.close()
    return result if isinstance(result, int) else 0


def _program() -> Any:
    app = build()
    app.callback()(_global_options)
    program = typer.main.get_command(app)
    for path, command in _leaves(program):
        if path not in WITHOUT_FORMAT:
            command.params.extend(_format_options(taken={p.name for p in command.params}))
    return program


def _global_options(
    context: typer.Context,
    account: Annotated[
        str | None, typer.Option("--account", "-a", metavar="NAME", help="The account, or sandbox.")
    ] = None,
    db: Annotated[Path | None, typer.Option("--db", metavar="FILE", help="The database file.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no remarks.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show where an error came from.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Fetch Mixpanel events into DuckDB, and ask questions of them."""
    if version:
        typer.echo(mixpanel_nb.__version__)
        raise typer.Exit
    session: TerminalSession = context.obj
    session.account, session.database = account, db
    session.quiet, session.verbose = quiet, verbose


def _format_options(taken: set[str]) -> list[Any]:
    """``--format`` and ``--output``, which tell the session and stay hidden from the command itself."""
    carrier = typer.Typer(add_completion=False)

    @carrier.command()
    def _carrier(
        format: Annotated[  # noqa: A002 - the option's name
            Format | None, typer.Option("--format", "-f", help="Default: table on a terminal, else json.")
        ] = None,
        output: Annotated[
            Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")
        ] = None,
    ) -> None:
        """Carry two options."""

    options = [p for p in typer.main.get_command(carrier).params if p.name in {"format", "output"} - taken]
    for option in options:
        option.expose_value = False
        option.callback = _remember
    return options


def _remember(context: typer.Context, option: Any, value: Any) -> Any:
    if value is not None:
        setattr(context.obj, option.name, Format(value) if option.name == "format" else value)
    return value


def _leaves(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _leaves(command, (*path, name))
        else:
            yield (*path, name), command


def _show(result: Result, session: TerminalSession) -> None:
    if session.output is not None:
        how = session.format or _format_of(session.output)
        try:
            with session.output.open("w", encoding="utf-8", newline="") as stream:
                write(result, how, stream)
        except OSError as error:
            message = f"{session.output} cannot be written: {error.strerror}."
            raise errors.MixpanelDataError(message) from None
        session.say(f"Wrote {session.output}.")
        return
    how = session.format or (Format.TABLE if sys.stdout.isatty() else Format.JSON)
    write(result, how, sys.stdout)
    sys.stdout.flush()


def _format_of(file: Path) -> Format:
    """The format that a file's name ends with; JSON for any other."""
    ending = file.suffix.removeprefix(".").lower()
    return Format(ending) if ending in {"json", "jsonl", "csv"} else Format.JSON


def _failed(error: errors.MixpanelDataError, session: TerminalSession) -> int:
    if session.verbose:
        traceback.print_exception(error)
    print(f"Error: {error}", file=sys.stderr)  # noqa: T201 - this is the terminal
    if context := error.details.get("context"):
        print(context, file=sys.stderr)  # noqa: T201 - this is the terminal
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def _misused(error: Any) -> int:
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if not message and context is not None:  # a group without a command: its help is the answer
        print(context.get_help(), file=sys.stderr)  # noqa: T201 - this is the terminal
        return INVALID
    where = f" Try: {context.command_path} --help" if context is not None else ""
    print(f"Error: {message}{where}", file=sys.stderr)  # noqa: T201 - this is the terminal
    return INVALID
