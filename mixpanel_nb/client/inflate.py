"""Decompression of bodies in small steps and within bounds.

Only gzip is requested, so only gzip is inflated, once, and only by this module: a decoder that inflates a
whole block at once, or nested encodings, turns some kilobytes into gigabytes before their size can be
checked.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from mixpanel_nb.client.invalid_body import InvalidBodyError
from mixpanel_nb.redaction import excerpt

if TYPE_CHECKING:
    import zlib as library
    from collections.abc import Iterable, Iterator
else:
    try:
        from isal import isal_zlib as library  # of the extra "fast": it takes a third of the time
    except ImportError:
        import zlib as library

ACCEPTED = "gzip"
"""The value of ``Accept-Encoding``."""

INFLATED_BLOCK = 262_144
"""Bytes that are inflated in one step, at most: bounds memory however well the data compresses."""

LARGEST_RATIO = 200
"""Maximum compression ratio. Exports were seen to reach 40; gzip can reach 1,032."""

RATIO_FROM = 64 * 2**20
"""Bytes of a body up to which the ratio is not checked."""

_GZIP_MAGIC = b"\x1f\x8b"
_READABLE = frozenset({"", "identity", "gzip", "x-gzip"})


def check_encoding(content_encoding: str) -> None:
    """Check that a body has the requested ``Content-Encoding``.

    Raises:
        InvalidBodyError: It is not gzip, or there are several.
    """
    if content_encoding.strip().lower() not in _READABLE:
        shown = excerpt(content_encoding, 60)
        raise InvalidBodyError(
            f"it came compressed as {shown!r}, and only {ACCEPTED} was asked for", passing=False
        )


def is_compressed(content_encoding: str) -> bool:
    """Whether a body's ``Content-Encoding`` says that it is compressed."""
    return content_encoding.strip().lower() not in ("", "identity")


def inflated(blocks: Iterable[bytes], *, promised: bool = False) -> Iterator[bytes]:
    """The plain bytes of a body that may be gzip-compressed, in blocks of at most 256 KiB (if compressed).

    The first bytes of the body show whether it is compressed: some proxies decompress a body but keep the
    header, and no JSON begins with gzip's first bytes.

    Args:
        blocks: The body as it comes.
        promised: Whether it must be compressed, if it is not empty.

    Raises:
        InvalidBodyError: The compressed stream is broken, cut, followed by other bytes, or endless.
    """
    rest = iter(blocks)
    head = b""
    for block in rest:
        head += block
        if len(head) >= len(_GZIP_MAGIC):
            break
    if head.startswith(_GZIP_MAGIC):
        yield from _gunzipped(head, rest)
    elif promised and head:
        raise InvalidBodyError("the compressed stream is broken")
    else:
        yield head
        yield from rest


def _gunzipped(block: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    inflater = library.decompressobj(zlib.MAX_WBITS | 16)
    received, grown = len(block), 0
    while True:
        while block:
            if inflater.eof:
                inflater = _next_member(block)
            plain = _inflate(inflater, block)
            grown += len(plain)
            _check_ratio(received, grown)
            yield plain
            block = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        following = next(rest, None)
        if following is None:
            break
        block = following
        received += len(block)
    if not inflater.eof:
        raise InvalidBodyError("the compressed stream is cut")


def _check_ratio(received: int, grown: int) -> None:
    if grown > RATIO_FROM and grown > LARGEST_RATIO * received:
        reason = f"it inflates to more than {LARGEST_RATIO} times its size, which no true answer does"
        raise InvalidBodyError(reason, passing=False)


def _inflate(inflater: zlib._Decompress, block: bytes) -> bytes:
    try:
        return inflater.decompress(block, INFLATED_BLOCK)
    except library.error:
        raise InvalidBodyError("the compressed stream is broken") from None


def _next_member(block: bytes) -> zlib._Decompress:
    """An inflater for what follows a complete gzip member, which may only be another member."""
    if not block.startswith(_GZIP_MAGIC[:1]):
        raise InvalidBodyError("something follows the end of the compressed stream")
    return library.decompressobj(zlib.MAX_WBITS | 16)
