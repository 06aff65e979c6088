"""Redaction of secrets, applied to every error and log line.

A client registers its secret by keeping a `Redactor`; while that exists, `redacted` removes the secret. The
redaction covers the secret in each form in which it is sent or repeated, and every part of eight or more
characters of such a form, so truncated texts do not show it either. This module imports nothing of the
package, and from Python only modules that are already loaded.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

STRUCK = "***"
"""The replacement of a secret."""

PIECE = 8
"""Minimum length of a redacted part; shorter ones reveal nothing and would garble words."""

_SHORTEST = 4  # characters; a shorter text is not a secret, and redacting it would garble words
_WINDOW = 65_536  # characters of a long text that are read for an excerpt
_LOWER = {ord(capital): ord(capital) + 32 for capital in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_live: weakref.WeakSet[Redactor] = weakref.WeakSet()


class Redactor:
    """Redacts one secret. While it exists, `redacted` does so too.

    Args:
        username: The secret's user name; a secret equal to it is public (as the sandbox's) and stays.
        secret: The secret.
    """

    def __init__(self, username: str, secret: str) -> None:
        self._bytes: tuple[bytes, ...] = ()
        self._pieces: dict[int, frozenset[str]] = {}
        self.longest = 0
        if secret != username:
            self._add(username, secret)
        _live.add(self)

    def also(self, secret: str) -> None:
        """Redact a further secret, such as a token in place of an expired one."""
        if secret.encode() not in self._bytes:
            self._add("", secret)

    def _add(self, username: str, secret: str) -> None:
        usable = {form for form in _forms(username, secret) if len(form) >= _SHORTEST}
        every = {*self._bytes, *(form.encode() for form in usable)}
        pieces = dict(self._pieces)
        for form in usable:
            size = min(PIECE, len(form))
            pieces[size] = pieces.get(size, frozenset()).union(_pieces(form, size))
        self._bytes, self._pieces = tuple(sorted(every, key=len, reverse=True)), pieces
        self.longest = max(map(len, every), default=0)

    def __repr__(self) -> str:
        return "<Redactor>"

    def __call__(self, text: str) -> str:
        """``text`` with each part of the secret replaced by ``***``."""
        folded, struck = text.translate(_LOWER), bytearray(len(text))
        for size, pieces in self._pieces.items():
            for place in range(len(folded) - size + 1):
                if folded[place : place + size] in pieces:
                    struck[place : place + size] = b"\1" * size
        return "".join(_kept(text, struck)) if 1 in struck else text

    def in_bytes(self, body: bytes) -> bytes:
        """A body of any size with complete forms of the secret replaced."""
        for form in self._bytes:
            if form in body:
                body = body.replace(form, STRUCK.encode())
        return body


def redacted(text: str) -> str:
    """``text`` without the secrets of existing clients."""
    for redactor in tuple(_live):
        text = redactor(text)
    return text


def excerpt(text: str, limit: int) -> str:
    """The first ``limit`` characters of a text, redacted before truncation; a truncated one ends in ``…``."""
    text = text.strip()
    window = redacted(text[:_WINDOW])
    if len(text) > _WINDOW:  # a part too short to be found may be at the end of the window
        window = window[: -max((redactor.longest for redactor in tuple(_live)), default=0) or None]
    return window if len(window) <= limit and len(text) <= _WINDOW else f"{window[: limit - 1]}…"


def redacted_data(value: Any) -> Any:
    """JSON-safe data with every text in it redacted."""
    if not _live:
        return value
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {redacted_data(key): redacted_data(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted_data(item) for item in value]
    return value


def _kept(text: str, struck: bytearray) -> Iterator[str]:
    begin = 0
    while begin < len(text):
        end = struck.find(1 - struck[begin], begin)
        end = len(text) if end < 0 else end
        yield STRUCK if struck[begin] else text[begin:end]
        begin = end


def _pieces(form: str, size: int) -> Iterator[str]:
    folded = form.translate(_LOWER)
    return (folded[place : place + size] for place in range(len(folded) - size + 1))


def _forms(username: str, secret: str) -> Iterator[str]:
    """The secret itself, and as HTTP, JSON, HTML, Python and logs write it."""
    import base64
    import html
    import json
    from urllib.parse import quote, quote_plus

    data = secret.encode()
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret))
    for text in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield from (text, text.replace("/", "\\/"))
    yield from (repr(secret)[1:-1], repr(data)[2:-1], html.escape(secret), data.hex())
    packed = [base64.b64encode(whole).decode() for whole in (username.encode() + b":" + data, data + b":")]
    for form in (*packed, *_within_base64(data)):
        yield from (form, form.translate({ord("+"): "-", ord("/"): "_"}))


def _within_base64(data: bytes) -> Iterator[str]:
    """The characters of base64 that depend only on ``data``, at any offset in the encoded text."""
    import base64

    for before in range(3):
        text = base64.b64encode(bytes(before) + data).decode()
        first, rest = (0, 2, 3)[before], (before + len(data)) % 3
        yield text[first : len(text) - (0, 3, 2)[rest]]
