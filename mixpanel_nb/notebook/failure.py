"""One-line errors of failed cells in a notebook."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mixpanel_nb.errors import MixpanelDataError, ParameterError
from mixpanel_nb.files.system import system_error
from mixpanel_nb.notebook.wording import NOTEBOOK

if TYPE_CHECKING:
    from collections.abc import Iterator

RED, PLAIN = "\x1b[31m", "\x1b[0m"
MAX_MESSAGE = 5_000


@contextmanager
def in_one_line(*, verbose: bool, line: str = "") -> Iterator[None]:
    """Show errors of the block without a traceback, unless ``verbose``.

    IPython calls an exception's ``_render_traceback_``; unlike with ``UsageError``, the cell fails for nbval,
    papermill and "run all" too. ``%debug`` still finds where the error came from.

    Args:
        verbose: Whether to show the traceback.
        line: The line after the magic, before substitution of braces.
    """
    from mixpanel_nb.commands.parsing import CommandError

    try:
        yield
    except MixpanelDataError as error:
        NOTEBOOK.word(error)
        if not verbose:
            _quiet(error, error.message, error.details.get("context"), error.hint)
        raise
    except CommandError as error:
        misuse = _misuse(error, line)
        _quiet(misuse, misuse.message, misuse.hint)
        raise misuse from None
    except KeyboardInterrupt as error:
        if not verbose:
            _quiet(error, "stopped.")
        raise
    except (OSError, RuntimeError, MemoryError) as error:
        refused = system_error(error)
        if refused is None:
            raise
        if not verbose:
            _quiet(refused, refused.message, refused.hint)
        raise refused from error


def _misuse(error: Exception, line: str) -> ParameterError:
    from mixpanel_nb.commands import parsing
    from mixpanel_nb.notebook.line import unquoted_braces

    message, command = parsing.misuse(error)
    unknown = getattr(error, "option_name", None)
    named = unknown or getattr(getattr(error, "param", None), "name", None) or "line"
    hint = parsing.advice(error) or _hint(unknown, command)
    braces = unquoted_braces(line)
    if braces is not None and type(error) is parsing.UsageError:
        hint = f'A name with spaces stands in quotes: "{braces}"'
    return ParameterError(message or "Something is missing.", parameter=named, hint=hint)


def _hint(unknown: str | None, command: str | None) -> str | None:
    """A hint for an option that only a terminal has, or else where to find the options."""
    if unknown in {"--db", "--account"}:
        return "Choose the account and the database with %mp_connect."
    if unknown in {"--format", "--output"}:
        return f"In a notebook, x = {command} … is the result, and x.df its DataFrame."
    return f"Try: {command} --help" if command else None


def _quiet(error: BaseException, message: str, *more: str | None) -> None:
    from mixpanel_nb.display.text import block

    headline = f"{RED}{type(error).__name__}: {block(message, MAX_MESSAGE)}{PLAIN}"
    lines = [headline, *(block(text, MAX_MESSAGE) for text in more if text)]
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]  # IPython's protocol
