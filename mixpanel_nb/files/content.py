"""Detection and decoding of user files: text, or another format by its first bytes."""

from __future__ import annotations

import codecs

HEAD = 16
"""Bytes that `kind_of` needs."""

_KINDS = (
    (b"\x1f\x8b", "compressed with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"BZh", "compressed with bzip2"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (codecs.BOM_UTF32_LE, "text in UTF-32"),
    (codecs.BOM_UTF16_LE, "text in UTF-16"),
    (codecs.BOM_UTF16_BE, "text in UTF-16"),
)


def kind_of(head: bytes) -> str | None:
    """The format of a file by its first bytes, as the end of a sentence; None if unknown.

    Args:
        head: Its first 16 bytes, or all of them.
    """
    if head[8:12] == b"DUCK":
        return "a DuckDB database"
    for sign, kind in _KINDS:
        if head.startswith(sign):
            return kind
    odd, even = head[1::2], head[0::2]  # UTF-16 without a BOM: every other byte of plain text is 0
    if len(head) > 1 and (not any(odd) or not any(even)):
        return "text in UTF-16"
    return None


def decoded(content: bytes) -> str:
    """The text of bytes in UTF-8, without a byte order mark (BOM).

    Raises:
        ValueError: they are not UTF-8; its text says what they are, as the end of a sentence.
    """
    kind = kind_of(content[:HEAD])
    if kind is None:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            kind = "no text in UTF-8"
    raise ValueError(kind)
