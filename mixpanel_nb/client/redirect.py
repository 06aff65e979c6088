"""The address of this machine to which a browser is led at the end of a sign-in (RFC 8252, 7.3)."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL = 0.2
_SILENCE = 2.0  # seconds in which a connection must send its request
_DONE = "You are signed in. You may close this page."
_OTHER = "This is not the answer to the sign-in that is under way."


class Redirect:
    """Waits for one redirect on a free port of this machine's loopback. A context manager."""

    def __init__(self) -> None:
        self._address: str | None = None
        self._is_answer: Callable[[str], bool] = lambda _: False
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._server.timeout = _POLL

    def __enter__(self) -> Redirect:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    @property
    def uri(self) -> str:
        """The redirect address."""
        return f"http://localhost:{self._server.server_address[1]}/callback"

    def wait(self, is_answer: Callable[[str], bool], timeout: float) -> str | None:
        """The address that the browser was led to; None if it did not come in time.

        Args:
            is_answer: Whether an address is the answer; others are refused, and the wait goes on.
            timeout: Seconds.
        """
        self._is_answer = is_answer
        end = time.monotonic() + timeout
        while self._address is None and time.monotonic() < end:
            self._server.handle_request()
        return self._address

    def take(self, address: str) -> bool:
        """Take a request's address, if it is the answer."""
        if not address.startswith("/callback?") or not self._is_answer(address):
            return False
        self._address = address
        return True


class _Server(HTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is no matter: nothing is printed, and the wait goes on."""


def _handler_of(redirect: Redirect) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SILENCE

        def do_GET(self) -> None:
            taken = redirect.take(self.path)
            body = (_DONE if taken else _OTHER).encode()
            self.send_response(200 if taken else 400)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is logged: the address has the code."""

    return Handler
