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
from .echoes import KINDS, Echo, answer_of, pieces_of
from .servers import Reply, gzip_reply, json_reply, serving

if TYPE_CHECKING:
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


def pieces_in(text: str) -> list[str]:
    """Pieces of eight characters of the secret that the text shows, in any form in which it is sent."""
    return sorted(piece for piece in pieces_of(USER, SECRET) if piece in text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_no_piece_of_the_secret_comes_back_from_any_answer(
    client_for: ClientFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, seed: int
) -> None:
    caplog.set_level(logging.DEBUG)
    server = Echo(answer_of(kind, random.Random(f"{kind} {seed}"), USER, SECRET))
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
