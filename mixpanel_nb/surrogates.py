r"""Lone surrogates, as in ``\ud83d`` without its second half: valid JSON, but not Unicode text.

JavaScript cuts strings in the middle of an emoji, so exports and answers hold such escapes. Nothing can
write them (DuckDB, Arrow, a file), so each lone half becomes U+FFFD, the replacement character.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A pair first, then a lone half, then any other escape, so that an escaped backslash never starts one.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\."
)
_HALF_LENGTH = len(rb"\ud83d")


def mended(json: bytes) -> bytes:
    """JSON with each lone surrogate replaced."""
    return _ESCAPE.sub(_whole, json) if rb"\ud" in json.lower() else json


def replace_lone_surrogates(file: Path) -> bool:
    """Repair ``file`` in place. Returns whether anything was replaced."""
    changed = False
    part = file.with_suffix(".mended")
    with file.open("rb") as source, part.open("wb") as target:
        for line in source:
            new = mended(line)
            changed = changed or new != line
            target.write(new)
    part.replace(file)
    return changed


def encoded(text: str) -> bytes:
    """``text`` in UTF-8, with each lone surrogate replaced."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _whole(match: re.Match[bytes]) -> bytes:
    found = match[0]
    is_half = len(found) == _HALF_LENGTH and found[:3].lower() == rb"\ud"
    return rb"\ufffd" if is_half else found
