"""Small HTTP servers for the tests: they answer what a test says, and misbehave as it says."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Reply:
    """An answer: ``cut`` sends only so many bytes of the body; pauses (seconds) come before and within it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    chunked: bool = False
    pause_before: float = 0.0
    pause_within: float = 0.0
    hang_up: bool = False


def json_reply(data: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(data).encode(), {"Content-Type": "application/json", **named})


def gzip_reply(plain: bytes, **more: Any) -> Reply:
    return Reply(body=gzip.compress(plain), headers={"Content-Encoding": "gzip"}, **more)


class Server:
    """Answers each request with the next of ``replies`` (the last again and again), or with ``respond``."""

    def __init__(self, *replies: Reply, respond: Callable[[Request], Reply] | None = None) -> None:
        self.requests: list[Request] = []
        self._replies = list(replies)
        self._respond = respond
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def stop(self) -> None:
        self._stopped.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file, suppress(OSError):
            while request := _read_request(file):
                reply = self._next(request)
                if not self._send(connection, reply):
                    return

    def _next(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            if self._respond is not None:
                return self._respond(request)
            return self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]

    def _send(self, connection: socket.socket, reply: Reply) -> bool:
        """Send the reply; False if the connection must end after it."""
        if reply.hang_up:
            return False
        self._stopped.wait(reply.pause_before)
        sent = reply.body if reply.cut is None else reply.body[: reply.cut]
        framing = "Transfer-Encoding: chunked" if reply.chunked else f"Content-Length: {len(reply.body)}"
        head = [f"HTTP/1.1 {reply.status} Status", framing, *(f"{k}: {v}" for k, v in reply.headers.items())]
        connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1"))
        size = max(1, len(sent) // 8)
        for start in range(0, len(sent), size):
            piece = sent[start : start + size]
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if reply.chunked else piece)
            self._stopped.wait(reply.pause_within)
        if reply.cut is not None:
            return False
        if reply.chunked:
            connection.sendall(b"0\r\n\r\n")
        return True


def _read_request(file: Any) -> Request | None:
    line = file.readline().decode("latin-1").split()
    if len(line) < 2:
        return None
    headers: dict[str, str] = {}
    while (header := file.readline().decode("latin-1").strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    target = urlsplit(line[1])
    body = file.read(int(headers.get("content-length", "0")))
    return Request(line[0], target.path, dict(parse_qsl(target.query)), headers, body)


@contextmanager
def serving(*replies: Reply, respond: Callable[[Request], Reply] | None = None) -> Iterator[Server]:
    server = Server(*replies, respond=respond)
    try:
        yield server
    finally:
        server.stop()


def wait_for(condition: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
