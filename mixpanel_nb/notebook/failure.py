"""Errors as one red line in a notebook, on a cell that has failed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mixpanel_nb.errors import MixpanelDataError, QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

RED, PLAIN = "\x1b[31m", "\x1b[0m"


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
            _quiet(error)
        raise
    except CommandError as error:
        context = getattr(error, "ctx", None)
        hint = f"Try: %{context.command_path} --help" if context is not None else None
        misuse = QueryError(error.format_message() or "Something is missing.", hint=hint)
        _quiet(misuse)
        raise misuse from None


def _quiet(error: MixpanelDataError) -> None:
    lines = [f"{RED}{type(error).__name__}: {error.message}{PLAIN}"]
    if error.hint:
        lines.append(error.hint)
    if context := error.details.get("context"):
        lines.append(context)
    error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]  # IPython's protocol


def refuse_secrets(words: list[str]) -> None:
    """Refuse a secret typed on a magic's line: it would be saved with the notebook.

    Raises:
        QueryError: there is one.
    """
    if any(word == "--secret" or word.startswith("--secret=") for word in words):
        message = "A secret typed here would be saved in the notebook."
        raise QueryError(message, hint="Leave --secret out: it is asked for, and saved nowhere but in your accounts.")
