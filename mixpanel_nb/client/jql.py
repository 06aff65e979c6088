r"""Errors of JQL scripts, from Mixpanel's messages.

The error of a 412 looks like this (recorded from Mixpanel's own client)::

    UserVisiblePreconditionFailedError: Uncaught exception TypeError: x is not a function
      return x(1);
             ^

    Stack trace:
    ...
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PREFIXES = re.compile(r"^(UserVisible\w+:\s*)?(Uncaught exception\s*)?")
_TRACE = re.compile(r"^\s*Stack trace:", re.MULTILINE)
_CARET = re.compile(r"\s*\^[\s^~]*")
_WIDTH = 100  # characters of a line that are shown; scripts may be minified
_LINES = 10  # of an excerpt


@dataclass(frozen=True)
class ScriptProblem:
    """Why a script failed.

    Attributes:
        reason: In one line, as JavaScript says it.
        context: The failing line with a caret below it, or another excerpt from Mixpanel; None if there is
            none.
        line: Number of the failing line in the script, from 1; None if unknown.
    """

    reason: str
    context: str | None = None
    line: int | None = None


def problem_in(said: str, script: str = "") -> ScriptProblem:
    """The problem described by an error text.

    Args:
        said: The text, with or without excerpt and stack trace.
        script: The script, to find the line in.
    """
    told = _TRACE.split(said, maxsplit=1)[0]
    first, *rest = told.strip("\n").split("\n")
    shown = _trimmed(rest)
    line = _line_at_caret(shown)
    number = None if line is None else _number_of(line, script)
    return ScriptProblem(_PREFIXES.sub("", first).strip(), _cut(shown), number)


def _trimmed(lines: list[str]) -> list[str]:
    """The lines without empty ones at either end."""
    return "\n".join(line.rstrip() for line in lines).strip("\n").split("\n")[:_LINES]


def _line_at_caret(lines: list[str]) -> str | None:
    carets = [place for place, line in enumerate(lines) if place and _CARET.fullmatch(line)]
    return lines[carets[-1] - 1] if carets else None


def _number_of(line: str, script: str) -> int | None:
    """The number of the line, if it occurs once in the script."""
    places = [number for number, each in enumerate(script.splitlines(), 1) if each.strip() == line.strip()]
    return places[0] if len(places) == 1 and line.strip() else None


def _cut(lines: list[str]) -> str | None:
    """The excerpt, all lines cut alike so that the caret stays aligned."""
    column = next((line.index("^") for line in lines if _CARET.fullmatch(line)), 0)
    left = max(column - _WIDTH // 2, 0) if any(len(line) > _WIDTH for line in lines) else 0
    text = "\n".join(line[left : left + _WIDTH].rstrip() for line in lines)
    return text if text.strip() else None
