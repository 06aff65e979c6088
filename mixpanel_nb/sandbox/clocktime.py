"""The ``time`` of an event line, rewritten in place: seconds by default, milliseconds on demand.

Only the number changes; everything else of the line stays byte for byte. Lines may come in either unit.
"""

from __future__ import annotations

import math
import re

_TIME = re.compile(r'("time"\s*:\s*)(-?[0-9][0-9.eE+-]*)')
_AFTER_NUMBER = ",}"


def in_milliseconds(line: str, time: float) -> str:
    """The line with its ``time`` in milliseconds.

    Args:
        line: An event line, in seconds or milliseconds.
        time: What it says, in seconds.
    """
    return _rewrite(line, time, str(round(time * 1000)))


def in_seconds(line: str, time: float) -> str:
    """The line with its ``time`` in whole seconds, as exports have it by default; arguments as above."""
    return _rewrite(line, time, str(math.floor(time)))


def _rewrite(line: str, time: float, wanted: str) -> str:
    """Put ``wanted`` where the line says ``time``."""
    # What Mixpanel and the generator write is found without a regular expression.
    for written in (str(math.floor(time)), str(round(time * 1000))):
        start = line.find(f'"time":{written}') + 7
        end = start + len(written)
        if start > 6 and line[end] in _AFTER_NUMBER:
            return line if written == wanted else f"{line[:start]}{wanted}{line[end:]}"
    return _rewrite_anywhere(line, time, wanted)


def _rewrite_anywhere(line: str, time: float, wanted: str) -> str:
    """The same for lines with spaces, fractions or exponents, or with another ``time`` further in."""
    for match in _TIME.finditer(line):
        if abs(float(match[2]) - time) < 1e-3 or abs(float(match[2]) / 1000 - time) < 1e-3:
            return f"{line[: match.start(2)]}{wanted}{line[match.end(2) :]}"
    return line
