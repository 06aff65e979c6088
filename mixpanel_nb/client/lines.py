r"""Counting and checking the lines of an export without parsing each.

An export is one JSON object per line (Mixpanel's docs, raw event export). Its status is 200 as soon as it
starts, so a failure only appears in the body: as a last line of text (``terminated early``), as a truncated
line or compressed stream, or as other content. Only the byte ``\n`` ends a line: U+2028 and similar occur
inside strings.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mixpanel_nb.client.invalid_body import InvalidBodyError, TooDeepError
from mixpanel_nb.json_text import parsed
from mixpanel_nb.redaction import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST_LINE = 64 * 1024 * 1024  # bytes; an event has at most about 1 MB
_LONGEST_HEAD = 2048  # bytes read of an invalid beginning
_MOST_COMMAS = 1_000_000  # in a line that Python parses: a value of three bytes takes some 70 in memory
_SHOWN = 120  # characters of a wrong line that an error shows
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


class LineCheck:
    """Counts the lines of an export block by block, and checks its first byte and its last line.

    Attributes:
        rows: Lines so far that are complete and not blank.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._tail = bytearray()  # what follows the last newline; or the last line, if nothing follows
        self._ended = True  # whether the last byte was a newline (as at the beginning)
        self._begun = False  # whether the first byte has come, and was right
        self._head = b""  # the first line, as long as it is not begun

    def feed(self, block: bytes) -> None:
        """Take the next bytes.

        Raises:
            InvalidBodyError: They are not part of an export.
        """
        if not block:
            return
        if not self._begun:
            self._judge_beginning(block)
        self.rows += _ended_lines(block, begun=not self._ended and not self._tail.isspace())
        stripped = block.rstrip(b"\n")
        if stripped:
            newline = stripped.rfind(b"\n")
            if self._ended or newline >= 0:
                self._tail.clear()
            self._tail += stripped[newline + 1 :]
        self._ended = block.endswith(b"\n")
        if len(self._tail) > _LONGEST_LINE:
            raise InvalidBodyError("a line is longer than 64 MiB", passing=False)

    def finish(self) -> None:
        """Check the last line after the end of the body; its newline may be missing.

        Raises:
            InvalidBodyError: It is not an event.
        """
        if self._head:
            raise flaw_of(self._head)
        if self._tail and not self._tail.isspace():
            line = bytes(self._tail)
            try:
                parse_event(line)
            except TooDeepError:
                if not _is_balanced(line):
                    raise InvalidBodyError("a line is cut or broken") from None
            self.rows += not self._ended

    def _judge_beginning(self, block: bytes) -> None:
        """Check the first byte; if it does not begin an object, wait for the whole first line."""
        self._head = (self._head + block).lstrip()
        if self._head.startswith(b"{"):
            self._begun, self._head = True, b""
        elif b"\n" in self._head or len(self._head) > _LONGEST_HEAD:
            raise flaw_of(self._head.partition(b"\n")[0][:_LONGEST_HEAD])


def _ended_lines(block: bytes, *, begun: bool) -> int:
    """How many newlines of ``block`` end a line that is not blank; the first may have ``begun`` before."""
    # Splitting a block and dropping the pieces takes half the time of counting newlines and searching for
    # blank lines (measured for lines from 150 bytes on).
    pieces = block.split(b"\n")
    del pieces[-1]  # ended by no newline of this block
    first_is_blank = bool(pieces) and not pieces[0].strip()
    blank = pieces.count(b"") + sum(map(bytes.isspace, pieces))
    return len(pieces) - blank + (begun and first_is_blank)


def _is_balanced(line: bytes) -> bool:
    """Whether all that a line opens is closed, outside its texts."""
    outside = _STRING.sub(b"", line)
    return b'"' not in outside and all(
        outside.count(opening) == outside.count(closing) for opening, closing in ((b"[", b"]"), (b"{", b"}"))
    )


def events_in(blocks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The events of a plain body; blank lines are skipped.

    Raises:
        InvalidBodyError: A line is truncated or not an event.
    """
    begun: list[bytes] = []  # of the line that the last block did not end
    size = 0
    for block in blocks:
        *lines, rest = block.split(b"\n")
        if lines:
            lines[0] = b"".join((*begun, lines[0]))
            begun, size = [], 0
            yield from (parse_event(line) for line in lines if line.strip())
        begun.append(rest)
        size += len(rest)
        if size > _LONGEST_LINE:
            raise InvalidBodyError("a line is longer than 64 MiB", passing=False)
    line = b"".join(begun)
    if line.strip():
        yield parse_event(line)


def parse_event(line: bytes) -> dict[str, Any]:
    """The event of one line.

    Raises:
        InvalidBodyError: The line is truncated or not an event.
        TooDeepError: Python cannot parse it.
    """
    if line.count(b",") > _MOST_COMMAS:
        raise TooDeepError
    try:
        event = parsed(line.decode())
    except ValueError:
        raise flaw_of(line) from None
    except RecursionError:
        raise TooDeepError from None
    if not isinstance(event, dict) or ("error" in event and "event" not in event):
        raise flaw_of(line)
    return event


def flaw_of(line: bytes) -> InvalidBodyError:
    """The content of a line that is not an event."""
    text = line.decode("utf-8", "replace").strip()
    shown = excerpt(text, _SHOWN)
    if text.startswith("<"):
        return InvalidBodyError("an HTML page came in its place, from a proxy or a login page", passing=False)
    if re.fullmatch(r"(export )?terminated early\W*|error completing export request\W*", text, re.IGNORECASE):
        return InvalidBodyError(f"Mixpanel ended it with {shown!r}")
    if text.startswith("{") and _is_json(line):
        return InvalidBodyError(f"Mixpanel answered {shown!r}")
    if text.startswith("{"):
        return InvalidBodyError("a line is cut or broken")
    return InvalidBodyError(f"it holds {shown!r}, which is no event")


def _is_json(line: bytes) -> bool:
    if line.count(b",") > _MOST_COMMAS:
        return False
    try:
        json.loads(line.decode())
    except (ValueError, RecursionError):
        return False
    return True
