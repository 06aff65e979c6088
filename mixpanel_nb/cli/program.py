"""``mp``: one command, one result, one exit code."""

from __future__ import annotations

import copy
import io
import logging
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main

import mixpanel_nb
from mixpanel_nb import errors
from mixpanel_nb.cli import completion, streams
from mixpanel_nb.cli.formats import Format, write
from mixpanel_nb.cli.terminal_session import MAX_TRACEBACK, OnStandardError, TerminalSession, tell
from mixpanel_nb.commands import names
from mixpanel_nb.commands.app import build, leaves, tree
from mixpanel_nb.commands.parsing import CommandError, advice, asks_for_help, invoke, misuse
from mixpanel_nb.commands.wording import TERMINAL
from mixpanel_nb.files.atomic import writing
from mixpanel_nb.files.system import system_error
from mixpanel_nb.results import ExportResult, FetchResult, Result, SyncResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

OTHER, AUTHENTICATION, INVALID, NOT_FOUND, RATE_LIMITED = 1, 2, 3, 4, 5
INTERRUPTED, TERMINATED = 130, 143  # 128 and the signal's number, as shells have it
SOON = 0.02  # seconds

# The first match decides, so special cases come before general ones.
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
    (errors.ParameterError, INVALID),
    (errors.QueryError, INVALID),
    (errors.ExpressionError, INVALID),
    (errors.MixpanelDataError, OTHER),
)

# Global options, which may also follow the command.
GLOBAL = ("account", "database", "timezone", "week_start", "quiet", "verbose")
OF_OUTPUT = ("format", "output", "replace")
# Typer converts them when it calls a command, but before 0.29 not for a callback.
TYPES: dict[str, type[Any]] = {"format": Format, "output": Path, "database": Path}


class Terminated(KeyboardInterrupt):
    """SIGTERM, which ends the work as Ctrl-C does: at once, and leaving everything usable."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    streams.prepare()
    logging.lastResort = OnStandardError(logging.WARNING)
    _at_a_signal(_interrupt)
    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
        _at_a_signal(signal.SIG_DFL)  # while Python exits, an interrupt would only print a traceback
    except KeyboardInterrupt as interrupt:  # it arrived while the session was closing
        _at_a_signal(signal.SIG_DFL)
        code = _interrupted(interrupt)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command, write its result, and give the exit code."""
    session, started = TerminalSession(), time.perf_counter()
    try:
        program = _program()
        if completion.VARIABLE in os.environ:
            completion.complete(program, arguments)
        result = invoke(program, arguments, session, shown_as="mp")
        if isinstance(result, Result):
            _show(result, session)
    except errors.MixpanelDataError as error:
        return _failed(error, session)
    except CommandError as error:
        return _misused(error)
    except KeyboardInterrupt as interrupt:
        return _interrupted(interrupt)
    except BrokenPipeError:  # the reader closed the output
        streams.forget_output()
        return 0
    except (OSError, RuntimeError, MemoryError) as error:
        return _refused(error, session)
    finally:
        session.close()
        if session.verbose:
            _tell(f"Took {time.perf_counter() - started:.2f} s.")
    return 0


def _refused(error: Exception, session: TerminalSession) -> int:
    """Report an operating system error in one line; raise any other error again."""
    ours = system_error(error)
    if ours is None:
        raise error
    if isinstance(error, OSError) and error.filename is None:  # perhaps a help text without a reader
        streams.forget_output()
    if session.verbose:
        _tell_traceback(error)
    return _failed(ours, session)


def _tell_traceback(error: Exception) -> None:
    tell("".join(traceback.format_exception(error)).rstrip(), MAX_TRACEBACK)


def _interrupted(interrupt: KeyboardInterrupt) -> int:
    terminated = isinstance(interrupt, Terminated)
    _tell("Terminated." if terminated else "Interrupted.")
    return TERMINATED if terminated else INTERRUPTED


def _at_a_signal(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Set the handlers of Ctrl-C and SIGTERM; ignored signals stay ignored, as in background jobs."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End the work at once, or as soon as Python has imported what it is importing.

    An interrupt in the middle of an import can get lost in a callback of Python's, which then never releases
    the import lock: threads that import wait forever.
    """
    if _is_importing(frame):
        soon = threading.Timer(SOON, _send_again, (number,))
        soon.daemon = True
        soon.start()
        return
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _send_again(number: int) -> None:
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:  # to the main thread itself, which may be waiting by now
        signal.pthread_kill(threading.main_thread().ident or 0, number)


def _program() -> Any:
    app = build()
    app.callback(epilog="These options may also follow the command.")(_global_options)
    program = tree(app)
    formats = _format_options()
    for _, command in leaves(program):
        taken = {param.name for param in command.params}
        # A command that returns nothing has nothing to format, and one with its own format has a file.
        if command.callback.__annotations__["return"] != "None" and "format" not in taken:
            command.params.extend(option for option in formats if option.name not in taken)
            command.params = [_heard(param) for param in command.params]
        command.params.extend(_repeated(option) for option in program.params if option.name in GLOBAL)
    return program


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
        Path | None, typer.Option("--db", metavar="FILE", readable=False, help="The database file.")
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option("--timezone", metavar="ZONE", help="Days of reports on tables, if not their own zone."),
    ] = None,
    week_start: Annotated[
        str | None,
        typer.Option("--week-start", metavar="DAY", help="Day on which weeks begin, if not the account's."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no remarks.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell requests, times, and where an error came from.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback has answered
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """Fetch Mixpanel events into DuckDB, and ask questions of them."""
    session: TerminalSession = context.obj
    session.account, session.database = account, database
    session.timezone, session.week_start = timezone, week_start
    session.quiet, session.verbose = quiet, verbose


def _format_options() -> list[Any]:
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


def _show(result: Result, session: TerminalSession) -> None:
    how = session.format or (_format_of(session.output) if session.output else _usual_format())
    if session.output is None:
        with streams.standard_output():
            stream = streams.data(for_programs=how is not Format.TABLE)
            write(result, how, stream)
            stream.flush()
    else:
        session.check_output()
        _save(result, how, session.output)
        session.say(f"Wrote {session.output}.")
    if how is Format.TABLE and session.output is None:
        return  # the table contains it
    if isinstance(result, FetchResult | ExportResult | SyncResult):
        session.say(result.headline)
    if not session.quiet:
        _tell(*(f"Note: {remark}" for remark in result.remarks))


def _save(result: Result, how: Format, file: Path) -> None:
    try:
        with writing(file) as binary:
            stream = io.TextIOWrapper(binary, encoding="utf-8", newline="")
            write(result, how, stream)
            stream.detach()
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise errors.MixpanelDataError(message, hint="Choose another place.") from None


def _usual_format() -> Format:
    return Format.TABLE if sys.stdout is not None and sys.stdout.isatty() else Format.JSON


def _format_of(file: Path) -> Format:
    """The format that a file's name ends with; JSON for any other."""
    ending = file.suffix.removeprefix(".").lower()
    return Format(ending) if ending in {"json", "jsonl", "csv"} else Format.JSON


def _failed(error: errors.MixpanelDataError, session: TerminalSession) -> int:
    TERMINAL.word(error)
    if session.verbose:
        _tell_traceback(error)
    _tell(f"Error: {error.message}", error.details.get("context"), error.hint)
    if "parameter" in error.details:  # any failure comes from the command line
        return INVALID
    return next(code for kind, code in EXIT_CODES if isinstance(error, kind))


def _misused(error: Any) -> int:
    message, command = misuse(error)
    if asks_for_help(error):
        _tell(message)
    else:
        _tell(f"Error: {message}", advice(error) or (f"Try: {command} --help" if command else None))
    return INVALID


def _tell(*lines: str | None) -> None:
    """Lines on standard error (some quote Mixpanel's answers)."""
    for line in lines:
        if line:
            tell(line)
