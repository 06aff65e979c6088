"""``mp``: one command, one result, one exit code."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from mixpanel_nb import errors
from mixpanel_nb.cli import completion, streams
from mixpanel_nb.cli.options import commands
from mixpanel_nb.cli.terminal_session import MAX_TRACEBACK, OnStandardError, TerminalSession, tell
from mixpanel_nb.commands.parsing import CommandError, advice, asks_for_help, invoke, misuse
from mixpanel_nb.commands.wording import TERMINAL
from mixpanel_nb.files.system import system_error

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
        program = commands()
        if completion.VARIABLE in os.environ:
            completion.complete(program, arguments)
        result = invoke(program, arguments, session, shown_as="mp")
        if result is not None:
            from mixpanel_nb.cli import output  # it needs the results, and a help does not

            output.deliver(result, session)
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
