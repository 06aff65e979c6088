r"""Mending export lines that hold half a character.

JavaScript cuts strings in the middle of an emoji, so exports hold escapes such as ``\ud83d`` without
their second half: JSON by the letter, but no Unicode text, and DuckDB refuses the line. Each lone half
becomes U+FFFD, the replacement character.
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


def encoded(text: str) -> bytes:
    """``text`` in UTF-8, each half a character in it mended."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def replace_lone_surrogates(file: Path) -> bool:
    """Mend ``file`` in place. Returns whether anything was to be mended."""
    mended = False
    part = file.with_suffix(".mended")
    with file.open("rb") as source, part.open("wb") as target:
        for line in source:
            new = _ESCAPE.sub(_whole, line)
            mended = mended or new != line
            target.write(new)
    part.replace(file)
    return mended


def _whole(match: re.Match[bytes]) -> bytes:
    found = match[0]
    is_half = len(found) == _HALF_LENGTH and found[:3].lower() == rb"\ud"
    return rb"\ufffd" if is_half else found
