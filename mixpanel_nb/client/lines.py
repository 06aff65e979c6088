r"""The bytes of an export: inflated, counted and checked, without looking at each line.

An export is one JSON object per line (Mixpanel's docs, raw event export). Its status is 200 as soon as it
starts, so a failure can only show in the body: as a last line that is text (``terminated early``), as a line
or a compressed stream that is cut, or as something else altogether. Lines end with the byte ``\n`` and
nothing else: U+2028 and its like occur inside strings.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from mixpanel_nb.json_text import parsed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INFLATED_BLOCK = 262_144  # bytes; bounds memory however well the data compresses
_LONGEST_LINE = 64 * 1024 * 1024  # bytes; an event has at most about 1 MB
_LONGEST_HEAD = 2048  # bytes of a wrong beginning that are worth waiting for
_GZIP_MAGIC = b"\x1f\x8b"
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')


class FlawError(Exception):
    """What is wrong with a body (internal: it never leaves this package).

    Attributes:
        reason: As half a sentence.
        passing: Whether another attempt may bring a good one.
    """

    def __init__(self, reason: str, *, passing: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing


class TooDeepError(FlawError):
    """Lists or objects in each other, more of them than Python's parser can follow. DuckDB's can."""

    def __init__(self) -> None:
        super().__init__("a line is nested too deeply to be read one by one", passing=False)


def inflated(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The plain bytes of a body that may be gzip-compressed, in blocks of at most 256 KiB (if compressed).

    The body itself tells whether it is compressed: proxies have been seen to unpack a body and to leave the
    header, and no JSON begins with gzip's first bytes.

    Raises:
        FlawError: The compressed stream is broken, cut, or followed by something else.
    """
    rest = iter(blocks)
    head = b""
    for block in rest:
        head += block
        if len(head) >= len(_GZIP_MAGIC):
            break
    if head.startswith(_GZIP_MAGIC):
        yield from _gunzipped(head, rest)
    else:
        yield head
        yield from rest


def _gunzipped(block: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    while True:
        while block:
            if inflater.eof:
                inflater = _next_member(block)
            yield _inflate(inflater, block)
            block = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        following = next(rest, None)
        if following is None:
            break
        block = following
    if not inflater.eof:
        raise FlawError("the compressed stream is cut")


def _inflate(inflater: zlib._Decompress, block: bytes) -> bytes:
    try:
        return inflater.decompress(block, _INFLATED_BLOCK)
    except zlib.error:
        raise FlawError("the compressed stream is broken") from None


def _next_member(block: bytes) -> zlib._Decompress:
    """An inflater for what follows a complete gzip member, which may only be another member."""
    if not block.startswith(_GZIP_MAGIC[:1]):
        raise FlawError("something follows the end of the compressed stream")
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


class LineCheck:
    """Counts the lines of an export block by block, and judges its first byte and its last line.

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
            FlawError: They are not an export's.
        """
        if not block:
            return
        if not self._begun:
            self._judge_beginning(block)
        self.rows += _ended_lines(block, after_newline=self._ended)
        stripped = block.rstrip(b"\n")
        if stripped:
            newline = stripped.rfind(b"\n")
            if self._ended or newline >= 0:
                self._tail.clear()
            self._tail += stripped[newline + 1 :]
        self._ended = block.endswith(b"\n")
        if len(self._tail) > _LONGEST_LINE:
            raise FlawError("a line is longer than 64 MiB", passing=False)

    def finish(self) -> None:
        """The body is complete: judge the last line, which may lack its newline.

        Raises:
            FlawError: It is not an event.
        """
        if self._head:
            raise flaw_of(self._head)
        if self._tail:
            line = bytes(self._tail)
            try:
                parse_event(line)
            except TooDeepError:
                if not _is_balanced(line):
                    raise FlawError("a line is cut or broken") from None
            self.rows += not self._ended

    def _judge_beginning(self, block: bytes) -> None:
        """Wait for the first byte; if it begins no object, for the whole first line, to say what it is."""
        self._head = (self._head + block).lstrip()
        if self._head.startswith(b"{"):
            self._begun, self._head = True, b""
        elif b"\n" in self._head or len(self._head) > _LONGEST_HEAD:
            raise flaw_of(self._head.partition(b"\n")[0][:_LONGEST_HEAD])


def _ended_lines(block: bytes, *, after_newline: bool) -> int:
    """How many newlines of ``block`` end a line that is not blank."""
    # Splitting a block and dropping the pieces takes half the time of counting newlines and searching for
    # blank lines (measured for lines from 150 bytes on).
    pieces = block.split(b"\n")
    del pieces[-1]  # ended by no newline of this block
    ends_earlier_line = not after_newline and pieces[:1] == [b""]
    return len(pieces) - pieces.count(b"") - pieces.count(b"\r") + ends_earlier_line


def _is_balanced(line: bytes) -> bool:
    """Whether all that a line opens is closed, outside its texts."""
    outside = _STRING.sub(b"", line)
    return b'"' not in outside and all(
        outside.count(opening) == outside.count(closing) for opening, closing in ((b"[", b"]"), (b"{", b"}"))
    )


def events_in(blocks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The events of a plain body; blank lines are passed over.

    Raises:
        FlawError: A line is cut, or is no event.
    """
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        yield from (parse_event(line) for line in lines if line.strip())
        if len(rest) > _LONGEST_LINE:
            raise FlawError("a line is longer than 64 MiB", passing=False)
    if rest.strip():
        yield parse_event(rest)


def parse_event(line: bytes) -> dict[str, Any]:
    """The event of one line.

    Raises:
        FlawError: The line is cut, or is no event.
        TooDeepError: Python cannot tell.
    """
    try:
        event = parsed(line.decode())
    except ValueError:
        raise flaw_of(line) from None
    except RecursionError:
        raise TooDeepError from None
    if not isinstance(event, dict) or ("error" in event and "event" not in event):
        raise flaw_of(line)
    return event


def flaw_of(line: bytes) -> FlawError:
    """What a line that is no event says."""
    text = line.decode("utf-8", "replace").strip()
    shown = text if len(text) <= 120 else f"{text[:119]}…"
    if text.startswith("<"):
        return FlawError("an HTML page came in its place, from a proxy or a login page", passing=False)
    if re.fullmatch(r"(export )?terminated early\W*|error completing export request\W*", text, re.IGNORECASE):
        return FlawError(f"Mixpanel ended it with {shown!r}")
    if text.startswith("{") and _is_json(line):
        return FlawError(f"Mixpanel answered {shown!r}")
    if text.startswith("{"):
        return FlawError("a line is cut or broken")
    return FlawError(f"it holds {shown!r}, which is no event")


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line.decode())
    except (ValueError, RecursionError):
        return False
    return True
