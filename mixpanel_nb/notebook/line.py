"""Parsing of a magic's line."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

VERBOSE = "--verbose"
_BRACES = re.compile(r"(?<!\S)\{[^{}]+\}(?!\S)")
_JSON_OBJECT = re.compile(r'\{\s*(?:"[^"]*"\s*:|\})')


def is_verbose(line: str) -> bool:
    """Whether the line contains ``--verbose``, which shows tracebacks."""
    return VERBOSE in line.split()


def split(line: str) -> list[str]:
    """The words of a line; quotes keep words together. ``--verbose`` and ``;`` are removed.

    Raises:
        ParameterError: a quote is not closed, or the line contains a secret.
    """
    try:
        words = shlex.split(line.rstrip().removesuffix(";"))
    except ValueError as error:
        message = f"The line cannot be read: {str(error).lower()}."
        raise ParameterError(message, parameter="line", hint="Close the quote.") from None
    if any(word == "--secret" or word.startswith("--secret=") for word in words):
        message = "A secret typed here would be saved with the notebook."
        hint = "Delete it here and leave --secret out: it is asked for below the cell, unseen."
        raise ParameterError(message, parameter="secret", hint=hint)
    return [word for word in words if word != VERBOSE]


def unquoted_braces(line: str) -> str | None:
    """The first unquoted ``{expression}`` of a line, or None."""
    found = _BRACES.search(line)
    return found[0] if found else None


def fill_in(line: str, namespace: Mapping[str, Any]) -> str:
    """The line with ``{expression}`` replaced by its value, as in IPython's own magics.

    IPython would also replace ``$name``, and so the names of Mixpanel's own properties: ``$os``, ``$city``. A
    line with a JSON object stays unchanged.

    Raises:
        ParameterError: an expression has no value.
    """
    if "{" not in line or _JSON_OBJECT.search(line):
        return line
    from IPython.utils.text import FullEvalFormatter

    try:
        return FullEvalFormatter().vformat(line, (), dict(namespace))
    except Exception as error:  # noqa: BLE001 - a user's expression may raise anything
        message = f"The braces in this line cannot be filled in: {error}."
        hint = "Write {{ and }} for braces that are meant as they are."
        raise ParameterError(message, parameter="line", hint=hint) from None
