"""The secret is hunted wherever it could show: messages, details, exception graphs, frames, logs, pickles."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import random
import traceback
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import APIError
from mixpanel_nb.redaction import Redactor, excerpt

from .conftest import SECRET
from .servers import Reply, Server, gzip_reply, json_reply, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import ClientFactory

DAY = "2025-01-01"
USER = "reader.1a2b3c.mp-service-account"
BASIC = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
FORMS = (SECRET, quote(SECRET, safe=""), json.dumps(SECRET)[1:-1], BASIC)
ECHO = f"you sent {SECRET}, {quote(SECRET, safe='')} and Basic {BASIC}".encode()


def hidden(text: str) -> bool:
    return not any(form in text for form in FORMS)


def graph(error: BaseException | None) -> list[BaseException]:
    """An exception with all its causes and contexts."""
    return [] if error is None else [error, *graph(error.__cause__), *graph(error.__context__)]


def everything_shown(error: BaseException) -> str:
    """What a talkative crash report prints: messages, attributes and the variables of every frame."""
    shown = ["".join(traceback.format_exception(error))]
    for each in graph(error):
        assert not isinstance(each, httpx.HTTPError), "its request holds the Authorization header"
        shown += [str(each), repr(each), repr(each.args), repr(vars(each))]
        shown += [
            f"{name}={value!r}"
            for frame, _ in traceback.walk_tb(each.__traceback__)
            if "mixpanel_nb" in frame.f_code.co_filename or "httpx" in frame.f_code.co_filename
            for name, value in frame.f_locals.items()
        ]
    return "\n".join(shown)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, ECHO),
        Reply(401, ECHO),
        Reply(403, ECHO),
        Reply(500, ECHO),
        json_reply({"error": ECHO.decode()}, 429, Retry_After="3600"),
        json_reply({"error": ECHO.decode()}),
        Reply(200, ECHO, {"Content-Type": f"text/{SECRET}"}),
        Reply(302, b"", {"Location": f"https://x.example/?key={quote(SECRET, safe='')}"}),
    ],
)
def test_a_server_that_echoes_the_secret_does_not_get_it_shown(
    client_for: ClientFactory, reply: Reply
) -> None:
    with serving(reply) as server, pytest.raises(APIError) as caught:
        client_for(server, max_retries=1).get("segmentation", {"event": f"has {SECRET}"})
    assert "***" in json.dumps(caught.value.to_dict())
    assert hidden(json.dumps(caught.value.to_dict()))
    assert hidden("".join(traceback.format_exception(caught.value)))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, b"no"),
        Reply(401, b"no"),
        Reply(403, ECHO),
        Reply(500, b"no"),
        json_reply({"error": "busy"}, 429, Retry_After="3600"),
        json_reply({"error": "leaked through"}),
        Reply(200, b"<html>"),
        Reply(302, b"", {"Location": "https://x.example"}),
        Reply(hang_up=True),
        Reply(200, b'{"a": 1}', cut=3),
        Reply(200, b"not gzip", {"Content-Encoding": "gzip"}),
        Reply(200, b"[]", pause_before=3),
    ],
)
def test_nothing_that_hangs_on_an_error_leads_to_the_secret(client_for: ClientFactory, reply: Reply) -> None:
    with serving(reply) as server, pytest.raises(APIError) as caught:
        client_for(server, max_retries=1, timeout=0.3).get("segmentation")
    assert hidden(everything_shown(caught.value))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, ECHO),
        Reply(200, b'{"event": 1}\n' + ECHO),
        Reply(401, ECHO),
        Reply(hang_up=True),
        Reply(200, b'{"event": 1}\n' * 50, cut=99),
        gzip_reply(b'{"event": 1}\n' * 50, cut=30),
    ],
)
def test_no_error_of_an_export_shows_the_secret(
    client_for: ClientFactory, tmp_path: Path, reply: Reply
) -> None:
    with serving(reply) as server:
        client = client_for(server, max_retries=1)
        with pytest.raises(APIError) as caught:
            client.download_events(from_date=DAY, to_date=DAY, destination=tmp_path / "x")
        with pytest.raises(APIError) as again:
            list(client.export_events(from_date=DAY, to_date=DAY))
    for error in (caught.value, again.value):
        assert hidden(str(error))
        assert hidden(json.dumps(error.to_dict()))
        assert hidden(everything_shown(error))


def test_debug_logs_of_the_http_library_show_no_secret(
    client_for: ClientFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(json_reply([])) as server:
        client_for(server).get("events/names")
    assert "events/names" in caplog.text  # the library does log
    assert hidden(caplog.text)


def test_the_secret_shared_with_its_user_name_is_no_secret() -> None:
    transport = httpx.MockTransport(
        lambda request: httpx.Response(400, json={"error": "the sandbox does not evaluate `where` yet"})
    )
    client = MixpanelAPIClient(Credentials("sandbox", "sandbox", "1"), transport=transport)
    with pytest.raises(APIError, match="the sandbox does not evaluate"):
        client.get("engage")


def test_neither_client_nor_credentials_show_or_pickle_the_secret(client_for: ClientFactory) -> None:
    client = client_for("http://127.0.0.1:1")
    shown: list[Any] = [client, vars(client), client.credentials, vars(client.credentials)]
    assert hidden("\n".join(repr(each) for each in shown))
    with pytest.raises(TypeError):
        pickle.dumps(client.credentials)
    with pytest.raises(TypeError):
        pickle.dumps(client)


# Echoes anywhere: the secret, or pieces of it, at random places of every kind of answer


class Echo(Server):
    """Sends whatever bytes a test says, and closes the connection."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(respond=lambda _: answer)  # type: ignore[arg-type,return-value]  # sent below

    def _send(self, connection: socket.socket, reply: Any) -> bool:
        connection.sendall(reply)
        return False


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


def answer_of(kind: str, draw: random.Random) -> bytes:
    """An answer that echoes the secret somewhere."""
    form = draw.choice([*FORMS, f"Basic {BASIC}", f"{USER}:{SECRET}", repr(SECRET.encode())])
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


def pieces_in(text: str) -> list[str]:
    """Pieces of eight characters of the secret that the text shows, in any form in which it is sent."""
    # What base64 makes of the user name alone is no secret.
    forms = (SECRET, quote(SECRET, safe=""), BASIC[len(BASIC) - 4 * len(SECRET) // 3 :])
    pieces = {form[n : n + PIECE] for form in forms for n in range(len(form) - PIECE + 1)}
    return sorted(piece for piece in pieces if piece in text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_no_piece_of_the_secret_comes_back_from_any_answer(
    client_for: ClientFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, seed: int
) -> None:
    caplog.set_level(logging.DEBUG)
    server = Echo(answer_of(kind, random.Random(f"{kind} {seed}")))
    try:
        client = client_for(server, max_retries=1, timeout=5, export_timeout=5)
        asked: list[Callable[[], object]] = [
            lambda: client.get_events(),
            lambda: client.lexicon_schemas(),
            lambda: client.me(),
            lambda: client.jql("function main() {}"),
            lambda: list(client.export_profiles()),
            lambda: client.download_events(from_date=DAY, to_date=DAY, destination=tmp_path / "x"),
            lambda: list(client.export_events(from_date=DAY, to_date=DAY)),
        ]
        for ask in asked:
            try:
                ask()
            except APIError as error:
                assert not pieces_in(str(error))
                assert not pieces_in(json.dumps(error.to_dict()))
                assert not pieces_in(everything_shown(error))
    finally:
        server.stop()
    assert not pieces_in(caplog.text)


@pytest.mark.parametrize("seed", range(50))
def test_a_text_cut_anywhere_shows_no_piece(credentials: Credentials, seed: int) -> None:
    draw = random.Random(seed)
    redact = Redactor(credentials.username, SECRET)
    form = draw.choice(FORMS)
    text = "x" * draw.randrange(600) + form + "y" * draw.randrange(600)
    first = draw.randrange(len(text))
    assert not pieces_in(redact(text[first : first + draw.randrange(len(text))]))
    assert not pieces_in(excerpt(text, draw.randrange(1, 600)))
    assert len(excerpt("x" * 70_000 + form, 100)) == 100


def test_whitespace_before_a_secret_that_a_long_text_cuts_shows_nothing(credentials: Credentials) -> None:
    redact = Redactor(credentials.username, SECRET)
    for spaces in range(65_500, 65_560, 3):
        assert "kX9!" not in excerpt("x" + " " * spaces + SECRET, 100_000)
    assert redact("nothing to hide") == "nothing to hide"
