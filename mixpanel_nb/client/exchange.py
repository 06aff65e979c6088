"""One request and its answer as plain data, free of credentials and of the HTTP library."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from mixpanel_nb.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mixpanel_nb.accounts import Secret
    from mixpanel_nb.client.regions import Family


def encoded(params: Mapping[str, Any] | None) -> dict[str, str]:
    """Parameters encoded for a query string or a form.

    Lists and objects become JSON, booleans ``true`` and ``false``, dates ``YYYY-MM-DD``; None is left out.
    """
    texts = {key: _encoded(value) for key, value in (params or {}).items() if value is not None}
    for key, text in texts.items():
        try:
            text.encode()
        except UnicodeEncodeError:
            message = f"{text!r} holds half a character (a lone surrogate)."
            hint = "Type it again, or paste it from elsewhere."
            raise ParameterError(message, parameter=key, hint=hint) from None
    return texts


def _encoded(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(value)


@dataclass(frozen=True)
class ApiCall:
    """One request, without its credentials: it is safe to print.

    Attributes:
        method: ``GET`` or ``POST``.
        url: Address without the query string.
        family: Which API it belongs to.
        params: Query string.
        data: Form fields, or None.
        json: JSON body, or None.
        secret_data: Further form fields, whose values are secrets.
        timeout: Longest silence in seconds.
        as_text: Whether a good answer is text instead of JSON.
    """

    method: str
    url: str
    family: Family
    params: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] | None = None
    json: Any = None
    timeout: float = 120.0
    secret_data: Mapping[str, Secret] | None = None
    as_text: bool = False

    def __str__(self) -> str:
        query = f"?{urlencode(self.params)}" if self.params else ""
        return f"{self.method} {self.url}{query}"

    @property
    def path(self) -> str:
        """The path of the address."""
        return urlsplit(self.url).path


@dataclass(frozen=True)
class Answer:
    """A complete answer.

    Attributes:
        status: HTTP status.
        headers: By lower-case name.
        body: Decompressed.
    """

    status: int
    # Excluded from the repr, and so from tracebacks with variables: a server may echo the request.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The body as text; invalid UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


class NoAnswerError(Exception):
    """There is no (complete) answer (internal: it never leaves this package).

    Attributes:
        problem: What happened, as a clause.
        reached: False if the request was certainly not sent.
        timed_out: Whether the answer took too long.
        permanent: Whether a retry cannot help.
    """

    def __init__(
        self, problem: str, *, reached: bool = True, timed_out: bool = False, permanent: bool = False
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.reached = reached
        self.timed_out = timed_out
        self.permanent = permanent


@dataclass(frozen=True)
class Stream:
    """An answer whose body is still arriving.

    Attributes:
        status: HTTP status.
        headers: By lower-case name.
        blocks: The raw body, still compressed, in blocks of at most about 64 KiB.
        answer: Reads the (small) body and gives the complete answer; instead of ``blocks``.
        shows_its_end: Whether a length or a final chunk shows if the body is complete.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    blocks: Iterator[bytes]
    answer: Callable[[], Answer]
    shows_its_end: bool
