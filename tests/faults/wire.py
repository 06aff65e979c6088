"""A server between a client and the sandbox that sends true answers in untrue ways.

What it does with an answer is a list of actions: bytes to send, seconds to wait, and ways to end.
"""

from __future__ import annotations

import gzip
import socket
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from client.servers import Request, Server
from werkzeug.test import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mixpanel_nb.sandbox.app import SandboxApp


PLENTY = 'RateLimit-Policy: "project";q=1000000;w=3600'


class End(Enum):
    """How a connection ends."""

    CLOSE = auto()
    RESET = auto()


Action = bytes | float | End


@dataclass(frozen=True)
class True_:  # noqa: N801 - "True" is taken
    """A true answer of the sandbox: as it would be sent."""

    status: int
    kind: str
    body: bytes  # as it goes over the wire
    packed: bool

    @property
    def plain(self) -> bytes:
        """The body before it was compressed."""
        return gzip.decompress(self.body) if self.packed else self.body

    def head(self, *more: str, length: int | str | None = -1, status: int | None = None) -> bytes:
        """Status line and headers. ``length``: as it is by default, None for no such header."""
        lines = [f"HTTP/1.1 {status or self.status} Status", f"Content-Type: {self.kind}", PLENTY]
        if self.packed:
            lines.append("Content-Encoding: gzip")
        if length is not None:
            lines.append(f"Content-Length: {len(self.body) if length == -1 else length}")
        return "\r\n".join([*lines, *more, "", ""]).encode("latin-1")

    @property
    def whole(self) -> bytes:
        """Head and body."""
        return self.head() + self.body


Misdeed = "Callable[[True_], Iterable[Action]]"


class Front(Server):
    """Answers with the sandbox's answers; ``misdeed``, as often as ``times`` says, spoils them.

    Attributes:
        misdeed: What to do with an answer; None sends it as it is.
        times: How often to misbehave before all is well; None for always.
        only: Only for requests for which this is true.
    """

    def __init__(self, app: SandboxApp) -> None:
        self._app = app
        self.misdeed: Any = None
        self.times: int | None = None
        self.only: Callable[[Request], bool] = lambda _: True
        super().__init__(respond=self._acted)  # type: ignore[arg-type]  # a richer reply, sent below

    def behave(self) -> None:
        """All is well from now on."""
        self.misdeed, self.times = None, None
        self.requests.clear()

    def _acted(self, request: Request) -> Iterable[Action]:
        """The actions for a request."""
        answer = self._true_answer(request)
        if self.misdeed is None or self.times == 0 or not self.only(request):
            return [answer.whole]
        if self.times is not None:
            self.times -= 1
        actions: Iterable[Action] = self.misdeed(answer)
        return actions

    def _true_answer(self, request: Request) -> True_:
        headers = {"Authorization": "Basic c2FuZGJveDpzYW5kYm94", "Host": "localhost"}
        headers |= {
            name: value
            for name, value in request.headers.items()
            if name in ("accept-encoding", "content-type")
        }
        answer = Client(self._app).open(
            request.path,
            method=request.method,
            query_string=request.params,
            data=request.body,
            headers=headers,
        )
        packed = answer.headers.get("Content-Encoding") == "gzip"
        return True_(answer.status_code, answer.headers["Content-Type"], answer.get_data(), packed)

    def _send(self, connection: socket.socket, reply: Any) -> bool:
        for action in reply:
            if isinstance(action, bytes):
                connection.sendall(action)
            elif isinstance(action, End):
                if action is End.RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    connection.close()
                return False
            elif self._stopped.wait(action):
                return False
        return True


@contextmanager
def front(app: SandboxApp) -> Iterator[Front]:
    """A front of the sandbox, stopped in the end."""
    server = Front(app)
    try:
        yield server
    finally:
        server.stop()


def ended_at(place: int, end: End) -> Callable[[True_], Iterable[Action]]:
    """The answer up to a byte (negative: from its end), then the connection ends."""

    def act(answer: True_) -> Iterable[Action]:
        yield answer.whole[:place]
        yield 0.02  # what was sent arrives before the end does
        yield end

    return act


def ended_in(part: float, end: End | float) -> Callable[[True_], Iterable[Action]]:
    """A part of the body (0 to 1), then the connection ends, or nothing comes for so many seconds."""

    def act(answer: True_) -> Iterable[Action]:
        yield answer.head() + answer.body[: int(part * len(answer.body))]
        yield 0.02
        yield end
        yield End.CLOSE

    return act


def says(status: int, body: bytes = b"", *headers: str) -> Callable[[True_], Iterable[Action]]:
    """Another answer in place of the true one."""

    def act(_: True_) -> Iterable[Action]:
        lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", *headers, "", ""]
        yield "\r\n".join(lines).encode("latin-1") + body

    return act
