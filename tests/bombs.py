"""Small bodies that grow when they are unpacked."""

from __future__ import annotations

import zlib
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = b" " * 2**20


@cache
def bomb(megabytes: int, *, encoding: str = "gzip") -> bytes:
    """A stream, ``gzip`` or ``deflate``, that grows to many megabytes of spaces.

    One megabyte is packed and repeated: after a full flush, DEFLATE allows it (RFC 1951). The frames are
    those of RFC 1952 and RFC 1950.
    """
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    piece = packer.compress(MEGABYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = piece * megabytes + packer.flush()
    if encoding == "deflate":
        return b"\x78\xda" + packed + _checksum(zlib.adler32, 1, megabytes).to_bytes(4, "big")
    size = len(MEGABYTE) * megabytes % 2**32
    checksum = _checksum(zlib.crc32, 0, megabytes).to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + packed + checksum + size.to_bytes(4, "little")


def _checksum(add: Callable[[bytes, int], int], start: int, megabytes: int) -> int:
    total = start
    for _ in range(megabytes):
        total = add(MEGABYTE, total)
    return total
