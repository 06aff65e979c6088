"""Answers of every kind that echo a secret at random places."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .servers import Server

if TYPE_CHECKING:
    import random
    import socket


class Echo(Server):
    """Sends whatever bytes a test says, and closes the connection."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(respond=lambda _: answer)  # type: ignore[arg-type,return-value]  # sent below

    def _send(self, connection: socket.socket, reply: Any) -> bool:
        connection.sendall(reply)
        return False

    def close(self) -> None:
        """Stop."""
        self.stop()


PIECE = 8
KINDS = (
    "plain error",
    "JSON error",
    "answer that is no JSON",
    "error in an answer",
    "unexpected shape",
    "unexpected list",
    "header",
    "illegal header",
    "reason phrase",
    "status line",
    "content type",
    "encoding",
    "location",
    "chunk size",
    "lines",
    "a line of JSON",
    "cut",
)


def forms_of(user: str, secret: str) -> list[str]:
    """The secret as it is sent, logged and repeated."""
    return [
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        repr(secret.encode())[2:-1],
        base64.b64encode(f"{user}:{secret}".encode()).decode(),
    ]


def pieces_of(user: str, secret: str) -> set[str]:
    """Pieces of eight characters of the secret, in any form in which it is sent."""
    *plain, basic = forms_of(user, secret)
    # What base64 makes of the user name alone is no secret.
    forms = [*plain, basic[len(basic) - 4 * len(secret) // 3 :]]
    return {form[n : n + PIECE] for form in forms for n in range(len(form) - PIECE + 1)}


def answer_of(kind: str, draw: random.Random, user: str, secret: str) -> bytes:
    """An answer that echoes the secret, or the end of it, somewhere."""
    form = draw.choice([*forms_of(user, secret), f"{user}:{secret}"])
    pad = draw.choice(["", " ", "x", "ab ", "\u00e9"]) * draw.choice([0, 1, 30, 100, 119, 480, 2_040, 70_000])
    text = f"{pad[: draw.randrange(len(pad) + 1)]}{form}{draw.choice(['', ' and more', 'z' * 700])}"
    begin = draw.randrange(len(form) - PIECE) if draw.random() < 0.3 else 0
    line = form[begin:]  # a header holds no line of 70,000 characters
    ok = "HTTP/1.1 200 OK\r\n"
    status = draw.choice([400, 401, 402, 403, 404, 412, 418, 422, 429, 500, 503])
    failed = f"HTTP/1.1 {status} No\r\nRetry-After: 3600\r\n"
    ended = "Content-Length: 0\r\n\r\n"
    match kind:
        case "plain error":
            return _with_body(failed, text)
        case "JSON error":
            said: Any = draw.choice([{"error": text}, {"message": text}, {"error": {"a": [text]}}, {text: 1}])
            return _with_body(failed, json.dumps(said))
        case "answer that is no JSON":
            return _with_body(ok, text)
        case "error in an answer":
            return _with_body(ok, json.dumps({"error": text}))
        case "unexpected shape":
            return _with_body(ok, json.dumps({text: 5, "results": {text: 5}, "status": text}))
        case "unexpected list":
            return _with_body(ok, json.dumps([text, {text: 1}]))
        case "header":
            return f"{failed}X-Echo: {line}\r\n{ended}".encode()
        case "illegal header":
            return f"{ok}{line}\x01\r\n{ended}".encode()
        case "reason phrase":
            return f"HTTP/1.1 {status} {line}\r\n{ended}".encode()
        case "status line":
            return f"HTTQ {line}\r\n\r\n".encode()
        case "content type":
            return _with_body(f"{ok}Content-Type: {line}\r\n", "nothing")
        case "encoding":
            return _with_body(f"{ok}Content-Encoding: {line}\r\n", "nothing")
        case "location":
            return f"HTTP/1.1 302 Found\r\nLocation: https://a.example/?{line}\r\n{ended}".encode()
        case "chunk size":
            return f"{ok}Transfer-Encoding: chunked\r\n\r\n{line}\r\n".encode()
        case "lines":
            return _with_body(ok, f'{{"event": "A"}}\n{text}\n')
        case "a line of JSON":
            return _with_body(ok, json.dumps({"error": text}) + "\n")
        case _:
            return f"{ok}Content-Length: 100000\r\n\r\n{text}".encode()


def _with_body(head: str, body: str) -> bytes:
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()
