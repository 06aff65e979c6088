"""Sanitizing of text for tables: short, on one line, without terminal control."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNSAFE = re.compile(
    "\r\n|[\x00-\x1f\x7f-\x9f"  # C0 controls (ESC among them), DEL, C1 controls
    "\u2028\u2029"  # line and paragraph separator
    "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates, which would reorder what follows
    "\ud800-\udfff]"  # lone surrogates, which no encoding can write
)
# In JSON all of them stand in texts, where they can be written as ``\u009b``; marks of direction too.
_STEERS_IN_JSON = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_LINE_BREAKS = frozenset({"\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"})
# Members of every JavaScript object: Vega uses names as object keys and confuses these with its own.
_TAKEN_IN_VEGA = frozenset(
    {
        *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString"),
        *("toString", "valueOf", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__"),
        "__lookupSetter__",
    }
)


def one_line(text: str, limit: int) -> str:
    """The text on one line of at most ``limit`` characters, controls replaced by visible signs.

    Line breaks become ``↵``, tabs spaces, other C0 controls their Unicode pictures (``␛``), the rest
    ``�``. Text that is too long ends in ``…``; it is cut first, so the cost does not grow with its length.
    """
    return _UNSAFE.sub(_visible, cut(text, limit))


def chart_label(text: str, limit: int) -> str:
    """The text on one line, for a chart: a name that is reserved in Vega gets a trailing space.

    Different texts stay different.
    """
    label = one_line(text, limit)
    return f"{label} " if label.rstrip(" ") in _TAKEN_IN_VEGA else label


def distinct_labels(names: Iterable[str], limit: int) -> list[str]:
    """Chart labels of about ``limit`` characters, shortened in the middle; equal ones get a number."""
    taken: set[str] = set()
    labels: list[str] = []
    for name in names:
        label = short = chart_label(shortened(name, limit), limit)
        number = 1
        while label in taken:
            number += 1
            label = f"{short} ({number})"
        taken.add(label)
        labels.append(label)
    return labels


def shortened(name: str, limit: int) -> str:
    """The name with its middle omitted if it is too long: names often differ at their ends."""
    if len(name) <= limit:
        return name
    ending = max((limit - 1) // 3, 1)
    return f"{name[: limit - 1 - ending].rstrip()}…{name[-ending:].lstrip()}"


def block(text: str, limit: int) -> str:
    """Like ``one_line``, but newlines and tabs stay; for code."""
    lines = cut(text, limit).replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(_UNSAFE.sub(_visible, part) for part in line.split("\t")) for line in lines)


def escaped(text: str) -> str:
    """Equivalent JSON without terminal control characters; newlines and tabs stay."""
    return _STEERS_IN_JSON.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def cut(text: str, limit: int) -> str:
    """The first ``limit`` characters, ending in ``…`` if truncated."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def _visible(match: re.Match[str]) -> str:
    found = match.group()
    if found in _LINE_BREAKS:
        return "↵"
    if found == "\t":
        return " "
    code = ord(found)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"
