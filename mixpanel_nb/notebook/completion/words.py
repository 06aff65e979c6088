"""Parser and quoting of the words of an incomplete line."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_SPACE = re.compile(r"\s*")
_WORD = re.compile(
    r"""(?:[^\s"'\\]|\\.|\\\Z|"(?:[^"\\]|\\.)*"|'[^']*')*(?:"(?:[^"\\]|\\.)*\\?|'[^']*)?""", re.DOTALL
)
_OPEN = re.compile(r"""(?P<quote>")(?P<double>(?:[^"\\]|\\.)*\\?)\Z|'(?P<single>[^']*)\Z""", re.DOTALL)
_PLAIN = re.compile(r"""[^\s"'\\{};#-][^\s"'\\{};]*""")


@dataclass(frozen=True)
class Typed:
    """A word that is being typed.

    Attributes:
        raw: The text on the line, including its opening quote.
        text: Its unquoted text so far.
        quote: The open quote, or empty.
    """

    raw: str
    text: str
    quote: str = ""


def split(text: str) -> tuple[list[str], str]:
    """The finished words, and the last one as typed (empty after a space)."""
    words: list[str] = []
    end = 0
    while True:
        start = _end(_SPACE, text, end)
        end = _end(_WORD, text, start)
        if end == len(text):
            return words, text[start:]
        words.append(_meaning(text[start:end]))


def typed(raw: str) -> Typed:
    """The unquoted text of the last word so far."""
    found = _OPEN.match(raw)
    if found is None:
        return Typed(raw, _meaning(raw))
    if found["quote"]:
        return Typed(raw, re.sub(r'\\(["\\])', r"\1", found["double"]), '"')
    return Typed(raw, found["single"], "'")


def written(name: str, quote: str = "", *, closed: bool = False) -> str | None:
    """``name`` as one word of a line, or None if it cannot be quoted.

    Args:
        name: The unquoted text.
        quote: The quote that it must begin with; empty for any, if needed.
        closed: Whether the closing quote already follows the cursor.
    """
    if not name.isprintable():
        return None
    text = name.replace("{", "{{").replace("}", "}}") if "{" in name else name  # IPython substitutes braces
    if not quote and _PLAIN.fullmatch(text):
        return text
    quote = quote or ("'" if '"' in text and "'" not in text else '"')
    if quote == "'":
        return None if "'" in text else f"'{text}{'' if closed else quote}"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}{"" if closed else quote}'


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _meaning(raw: str) -> str:
    try:
        return "".join(shlex.split(raw))
    except ValueError:
        return raw
