"""Errors as one red line in a notebook, on a cell that has failed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mixpanel_nb.errors import MixpanelDataError, QueryError
from mixpanel_nb.files.system import system_error
from mixpanel_nb.notebook.wording import for_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

RED, PLAIN = "\x1b[31m", "\x1b[0m"
MAX_MESSAGE = 5_000


@contextmanager
def in_one_line(*, verbose: bool) -> Iterator[None]:
    """Let errors of the block be shown without a traceback, unless ``verbose``.

    IPython asks an exception for ``_render_traceback_``; unlike its own ``UsageError``, such a cell has
    failed for nbval, papermill and "run all" too. ``%debug`` still finds where the error came from.
    """
    from mixpanel_nb.commands.parsing import CommandError

    try:
        yield
    except MixpanelDataError as error:
        if not verbose:
            _quiet(error, error.message, error.details.get("context"), error.hint)
        raise
    except CommandError as error:
        misuse = _misuse(error)
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


def _misuse(error: Exception) -> QueryError:
    from mixpanel_nb.commands import parsing

    message, command = parsing.misuse(error)
    return QueryError(message or "Something is missing.", hint=_hint(message, command))


def _hint(message: str, command: str | None) -> str | None:
    """What to do instead of an option that only a terminal has, or else where the options are told."""
    if "No such option: --db" in message or "No such option: --account" in message:
        return "Choose the account and the database with %mp_connect."
    if "No such option: --format" in message or "No such option: --output" in message:
        return f"In a notebook, x = {command} … is the result, and x.df its DataFrame."
    return f"Try: {command} --help" if command else None


def _quiet(error: BaseException, message: str, *more: str | None) -> None:
    from mixpanel_nb.display.text import block

    headline = f"{RED}{type(error).__name__}: {block(for_notebook(message), MAX_MESSAGE)}{PLAIN}"
    lines = [headline, *(block(for_notebook(text), MAX_MESSAGE) for text in more if text)]
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]  # IPython's protocol
