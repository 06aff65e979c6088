"""Small bodies that grow when they are unpacked."""

from __future__ import annotations

import zlib
from functools import cache

MEGABYTE = b" " * 2**20
BITS = 32
LARGEST_PRIME = 65_521  # below 2**16: Adler-32 counts modulo it

Step = tuple[int, tuple[int, ...]]


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
        return b"\x78\xda" + packed + _adler32(megabytes).to_bytes(4, "big")
    size = len(MEGABYTE) * megabytes % 2**32
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + packed + _word(_crc32(megabytes)) + _word(size)


def _word(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _adler32(megabytes: int) -> int:
    """The checksum of that many megabytes of spaces, by the sums that RFC 1950 defines."""
    size, space = len(MEGABYTE) * megabytes, MEGABYTE[0]
    return (size + space * size * (size + 1) // 2) % LARGEST_PRIME << 16 | (1 + space * size) % LARGEST_PRIME


def _crc32(megabytes: int) -> int:
    """The checksum of that many megabytes of spaces, of which only a few are read.

    A megabyte more changes the checksum in a way that is linear over XOR, but for a constant. So the change
    by twice as much is made of two changes.
    """
    constant = zlib.crc32(MEGABYTE, 0)
    step: Step = constant, tuple(zlib.crc32(MEGABYTE, 1 << bit) ^ constant for bit in range(BITS))
    checksum = 0
    while megabytes:
        if megabytes & 1:
            checksum = _after(step, checksum)
        step = _after(step, step[0]), tuple(_linear(step, image) for image in step[1])
        megabytes >>= 1
    return checksum


def _after(step: Step, checksum: int) -> int:
    return step[0] ^ _linear(step, checksum)


def _linear(step: Step, number: int) -> int:
    changed = 0
    for bit, image in enumerate(step[1]):
        if number >> bit & 1:
            changed ^= image
    return changed
