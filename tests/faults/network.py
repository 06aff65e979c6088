"""Bad networks, proxies and servers: every endpoint, every way an answer can go wrong."""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
import time
import zlib
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import trustme
from bombs import bomb
from services.support import table_rows

from faults import truth as known
from faults.record import must
from faults.resources import Memory
from faults.truth import DAYS, RETRIES, SECRET
from faults.wire import End, ended_at, ended_in, front, says
from mixpanel_nb.errors import APIError, ConnectionFailedError, MixpanelDataError, StorageError
from mixpanel_nb.sandbox.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from faults.wire import Action, Front, True_
    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.store import Dataset

HEADING = "Network"
PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>\n"
DEEP = b"[" * 200_000 + b"]" * 200_000
DRIPS, DRIP_SECONDS = 500, 0.05  # a byte at a time, for 25 seconds
TOO_LONG = 20.0  # seconds; no answer that drips may keep a client for so long
MEMORY = 500  # MB that no answer may cost

Deed = "Callable[[True_], Iterable[Action]]"


def _body(change: Callable[[bytes], bytes], *, repack: bool = True) -> Any:
    """The true answer with its text changed."""

    def act(answer: True_) -> Iterable[Action]:
        body = change(answer.plain if repack else answer.body)
        if repack and answer.packed:
            body = gzip.compress(body)
        yield answer.head(length=len(body)) + body

    return act


def _length(text: int | str) -> Any:
    """The true answer with another ``Content-Length``; numbers are added to it."""

    def act(answer: True_) -> Iterable[Action]:
        said = len(answer.body) + text if isinstance(text, int) else text
        yield answer.head(length=said) + answer.body
        yield 0.02
        yield End.CLOSE

    return act


def _chunked(spoil: str) -> Any:
    def act(answer: True_) -> Iterable[Action]:
        yield answer.head("Transfer-Encoding: chunked", length=None)
        half = len(answer.body) // 2
        yield b"%x\r\n%s\r\n" % (half, answer.body[:half])
        if spoil == "cut":
            yield 0.02
        elif spoil == "size":
            yield b"xyz\r\n" + answer.body[half:] + b"\r\n0\r\n\r\n"
        else:  # the end of all chunks comes too early
            yield b"0\r\n\r\n"
        yield End.CLOSE

    return act


def _drip(answer: True_) -> Iterable[Action]:
    yield answer.head()
    for place in range(min(DRIPS, len(answer.body))):
        yield answer.body[place : place + 1]
        yield DRIP_SECONDS
    yield answer.body[DRIPS:]


def _drip_of_headers(answer: True_) -> Iterable[Action]:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(DRIPS):
        yield b"X-%d: a\r\n" % number
        yield DRIP_SECONDS
    yield answer.whole.partition(b"\r\n")[2]


def _continues(answer: True_) -> Iterable[Action]:
    for _ in range(DRIPS):
        yield b"HTTP/1.1 100 Continue\r\n\r\n"
        yield DRIP_SECONDS
    yield answer.whole


def _unframed(answer: True_) -> Iterable[Action]:
    """Neither length nor chunks: the end of the connection is the end of the answer, and comes too early."""
    yield answer.head("Connection: close", length=None) + answer.body[: len(answer.body) // 2]
    yield 0.02
    yield End.CLOSE


def _encoding(answer: True_) -> Iterable[Action]:
    body = gzip.compress(answer.plain)
    head = [b"HTTP/1.1 200 OK", b"Content-Encoding: br", b"Content-Length: %d" % len(body), b"", b""]
    yield b"\r\n".join(head) + body


def _packed_as(encoding: str, body: bytes, status: int = 200) -> Any:
    """A body under any ``Content-Encoding``."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Encoding: {encoding}", f"Content-Length: {len(body)}"]
    return lambda _: ["\r\n".join([*lines, "", ""]).encode() + body]


def _first_member(answer: True_) -> Iterable[Action]:
    """Two gzip members, the connection closed after the first, which ends with a line: nothing looks cut."""
    text = answer.plain
    first = text[: text.find(b"\n", len(text) // 2) + 1] or text
    lines = [b"HTTP/1.1 200 OK", b"Content-Encoding: gzip", b"Connection: close", b"", b""]
    yield b"\r\n".join(lines) + gzip.compress(first)
    yield 0.02
    yield End.CLOSE


def _stall(part: float) -> Any:
    return ended_in(part, 30.0)


_SOON = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
_LATER = format_datetime(datetime.now(UTC) + timedelta(hours=9), usegmt=True)
_LIMITED = b'{"error": "Query rate limit exceeded"}'

MISDEEDS: dict[str, Any] = {
    **{f"reset at byte {n}": ended_at(n, End.RESET) for n in (0, 1, 20, -1)},
    **{f"closed at byte {n}": ended_at(n, End.CLOSE) for n in (0, 1, 20, -1)},
    **{f"reset after {part:.0%} of the body": ended_in(part, End.RESET) for part in (0, 0.3, 0.95)},
    **{f"closed after {part:.0%} of the body": ended_in(part, End.CLOSE) for part in (0, 0.3, 0.95)},
    "nothing comes": lambda _: [30.0],
    **{f"a stall after {part:.0%} of the body": _stall(part) for part in (0, 0.5)},
    "a drip, a byte at a time": _drip,
    "headers that drip": _drip_of_headers,
    "100 Continue without end": _continues,
    "the body cut, its length right": _body(lambda body: body[: len(body) // 2], repack=False),
    "the body cut by 8 bytes, its length right": _body(lambda body: body[:-8], repack=False),
    "the text cut before it was packed": _body(lambda text: text[: len(text) // 2 + 3]),
    "no length, and closed half-way": _unframed,
    "Content-Length too big": _length(7),
    "Content-Length too small": _length(-7),
    "Content-Length negative": _length("-5"),
    "Content-Length no number": _length("many"),
    "a chunk cut": _chunked("cut"),
    "a chunk's size that is none": _chunked("size"),
    "chunks that end half-way": _chunked("end"),
    "a login page": says(200, PAGE, "Content-Type: text/html"),
    "a login page, called JSON and packed": _body(lambda _: PAGE),
    "a 502 page": says(502, PAGE, "Content-Type: text/html"),
    "a 407 of a proxy": says(407, PAGE, "Proxy-Authenticate: Basic realm=x"),
    "no status line": lambda _: [b"it works\r\n\r\n", End.CLOSE],
    "a header of 200 kB": lambda answer: [answer.head("X-Long: " + "a" * 200_000) + answer.body],
    "another compression": _encoding,
    "bytes for gzip": _body(lambda _: b"\x1f\x8b but no more", repack=False),
    "a bomb of 1 GB": _body(lambda _: bomb(1_000), repack=False),
    "a bomb of 6 GB, packed twice": lambda answer: _packed_as("gzip, gzip", gzip.compress(bomb(6_000)))(
        answer
    ),
    "a bomb of 1 GB, called br": lambda answer: _packed_as("br", bomb(1_000))(answer),
    "a bomb of 1 GB, with 400": lambda answer: _packed_as("gzip", bomb(1_000), 400)(answer),
    "a bomb of 6 GB packed twice, with 503": lambda answer: _packed_as(
        "gzip, gzip", gzip.compress(bomb(6_000)), 503
    )(answer),
    "compression of another kind": _packed_as("deflate", zlib.compress(b"[]")),
    "a bomb of 20 million lists": lambda answer: _packed_as("identity", b"[" + b"[]," * 20_000_000 + b"[]]")(
        answer
    ),
    "gzip members, cut between them": _first_member,
    "terminated early, at the end": _body(lambda text: text + b"terminated early\n"),
    "terminated early, in its place": _body(lambda _: b"terminated early"),
    "an error where rows should be": _body(lambda _: b'{"error": "Timeout Error."}'),
    "null": _body(lambda _: b"null"),
    "an empty list": _body(lambda _: b"[]"),
    "an empty object": _body(lambda _: b"{}"),
    "a text": _body(lambda _: b'"fine"'),
    "a number": _body(lambda _: b"17"),
    "objects of other shapes": _body(lambda _: b'{"data": 5, "results": {"a": [1]}, "event": null}'),
    "lists of other things": _body(lambda _: b'{"data": [1, null], "results": [[], "x"], "steps": {}}'),
    "200,000 brackets": _body(lambda _: DEEP),
    "an object with 200,000 brackets": _body(
        lambda _: b'{"event":"e","properties":{"time":1735700000,"a":' + DEEP + b"}}"
    ),
    "a number of 10,000 digits": _body(
        lambda _: b'{"event":"e","properties":{"time":1735700000,"a":' + b"9" * 10_000 + b"}}"
    ),
    "no UTF-8": _body(lambda _: b'{"results": ["\xff\xfe"]}'),
    "UTF-16": _body(lambda text: text.decode("utf-8", "replace").encode("utf-16")),
    "204": says(204),
    "206": _body(lambda text: text[:40]),
    "304": says(304),
    **{
        f"{status} to another host": says(status, b"", "Location: {elsewhere}/api/query/x")
        for status in (301, 302, 303, 307, 308)
    },
    "302 to nowhere": says(302, b"", "Location: http://[bad"),
    **{f"always {status}": says(status, b'{"error": "no"}') for status in (500, 501, 503, 504, 599)},
    "503, back in an hour": says(503, b"", "Retry-After: 3600"),
    "429, an hour": says(429, _LIMITED, "Retry-After: 3600"),
    "429, until a date in nine hours": says(429, _LIMITED, f"Retry-After: {_LATER}"),
    "429, RateLimit says an hour": says(429, _LIMITED, 'RateLimit: "project";r=0;t=3600'),
    "429, at once": says(429, _LIMITED, "Retry-After: 0"),
    "429, until now": says(429, _LIMITED, f"Retry-After: {_SOON}"),
    "429, without a word": says(429, _LIMITED),
    **{
        f"429, {text!r}": says(429, _LIMITED, f"Retry-After: {text}")
        for text in ("soon", "-1", "1e9", "nan", "99999999999999999999")
    },
    **{f"{status}": says(status, b'{"error": "no"}') for status in (400, 401, 402, 403, 404, 412, 418, 422)},
}
FAMILIES = {
    "connections that end at a byte": "^(reset|closed) ",
    "stalls and drips": "stall|drip|nothing comes|without end",
    "wrong lengths, chunks and compression": "length|Length|chunk|compress|gzip|cut|bomb",
    "redirects to another host": "to another host|nowhere",
    "429 in every form": "^429",
    "5xx": "5[0-9][0-9]",
    "other statuses": "^[0-9]{3}$",
    "other answers: pages, texts, shapes, depths": "",
}


def family_of(name: str) -> str:
    """The family a misdeed belongs to."""
    return next(family for family, sign in FAMILIES.items() if re.search(sign, name))


SLOW = [name for name in MISDEEDS if re.search("stall|drip|nothing comes|without end", name)]
# Whole answers of another content: nobody can tell that they are not true.
PLAUSIBLE = [
    MISDEEDS[name]
    for name in (
        "an empty list",
        "an empty object",
        "an object with 200,000 brackets",
        "a number of 10,000 digits",
    )
]
PASSING: dict[str, Any] = {
    "500 twice, then well": says(500, b"no"),
    "429 twice (in a second), then well": says(429, _LIMITED, "Retry-After: 0"),
    "reset twice, then well": ended_in(0.5, End.RESET),
    "a stall, then well": _stall(0.5),
    "a cut body, then well": _body(lambda body: body[: len(body) // 2], repack=False),
}

ASKING: dict[str, Callable[[Workspace], Any]] = {
    "events": lambda ws: ws.events().df,
    "properties": lambda ws: ws.properties("Purchase").df,
    "property_values": lambda ws: ws.property_values("Purchase", "plan").df,
    "funnels": lambda ws: ws.funnels().df,
    "cohorts": lambda ws: ws.cohorts().df,
    "bookmarks": lambda ws: ws.bookmarks().df,
    "lexicon_schemas": lambda ws: ws.lexicon_schemas().df,
    "top_events": lambda ws: ws.top_events().df,
    "segmentation": lambda ws: ws.segmentation("Purchase", **DAYS).df,
    "segmentation on": lambda ws: ws.segmentation("Purchase", on="plan", **DAYS).df,
    "segmentation_numeric": lambda ws: ws.segmentation_numeric("Purchase", on="revenue", **DAYS).df,
    "segmentation_sum": lambda ws: ws.segmentation_sum("Purchase", on="revenue", **DAYS).df,
    "segmentation_average": lambda ws: ws.segmentation_average("Purchase", on="revenue", **DAYS).df,
    "event_counts": lambda ws: ws.event_counts(["Purchase", "Sign Up"], **DAYS).df,
    "property_counts": lambda ws: ws.property_counts("Purchase", "plan", **DAYS).df,
    "funnel": lambda ws: ws.funnel(1001, **DAYS).df,
    "retention": lambda ws: ws.retention(born_event="Sign Up", **DAYS).df,
    "frequency": lambda ws: ws.frequency(**DAYS).df,
    "activity_feed": lambda ws: ws.activity_feed("$device:nobody", **DAYS).df,
    "saved_report": lambda ws: ws.saved_report(3001).df,
    "test_credentials": lambda ws: ws.test_credentials(),
    "stream_events": lambda ws: sorted(map(str, ws.stream_events(**DAYS))),
    "stream_profiles": lambda ws: sorted(map(str, ws.stream_profiles())),
}
FETCHING: dict[str, tuple[str, dict[str, Any]]] = {
    "fetch_events": ("events", {}),
    "fetch_events, replace": ("events", {"if_exists": "replace"}),
    "fetch_profiles": ("profiles", {}),
}


@dataclass
class Arena:
    """A sandbox behind a misbehaving front, a host that must never be asked, and what is true."""

    store: Dataset
    server: Front
    elsewhere: Front
    folder: Path
    events: Counter[str]
    profiles: Counter[str]
    _number: int = 0

    def fresh(self) -> Path:
        """A folder that nobody has used."""
        self._number += 1
        folder = self.folder / str(self._number)
        folder.mkdir()
        return folder


@contextmanager
def arena(store: Dataset, folder: Path) -> Iterator[Arena]:
    """An arena for network trials."""
    app = create_app(store)
    with front(app) as server, front(app) as elsewhere:
        made = Arena(store, server, elsewhere, folder, known.truth_of(store), Counter())
        with known.open_workspace(made.fresh(), server.url) as ws:
            ws.fetch_profiles(columns=None)
            made.profiles = _users(ws)
        with known.open_workspace(made.fresh(), server.url, timeout=60.0) as ws:
            for ask in ASKING.values():  # the first answer of each takes the sandbox a while
                ask(ws)
        server.behave()
        yield made


def _users(ws: Workspace) -> Counter[str]:
    return Counter(map(str, ws.sql_rows("SELECT distinct_id, properties FROM profiles")))


def _fetch(ws: Workspace, table: str, options: dict[str, Any]) -> None:
    if table == "events":
        ws.fetch_events(**DAYS, **options, columns=["plan", "revenue"])
    else:
        ws.fetch_profiles(columns=None)


def _is_right(where: Arena, ws: Workspace, table: str) -> bool:
    return known.holds_truth(ws, where.events) if table == "events" else _users(ws) == where.profiles


def _arrange(where: Arena, misdeed: Any, times: int | None) -> None:
    def told(answer: True_) -> Iterable[Action]:
        for action in misdeed(answer):
            yield (
                action.replace(b"{elsewhere}", where.elsewhere.url.encode())
                if isinstance(action, bytes)
                else action
            )

    where.server.misdeed, where.server.times = told, times


def asked(where: Arena, what: str, misdeed: Any, *, times: int | None = None) -> str:
    """Ask one endpoint while the server misbehaves, and again when all is well."""
    ask = ASKING[what]
    where.server.behave()
    with known.open_workspace(where.fresh(), where.server.url) as ws:
        expected = repr(ask(ws))
        ws.clear_cache()
        where.server.behave()
        _arrange(where, misdeed, times)
        outcome, answer = _watched(where, lambda: repr(ask(ws)), requests=2 * (RETRIES + 1))
        if answer not in (None, expected):
            must(misdeed in PLAUSIBLE, "another answer than the true one was believed")
            outcome = "whole, though of another content"
        must(times is None or answer is not None, "a fault that passed was not waited out")
        where.server.behave()
        ws.clear_cache()
        must(repr(ask(ws)) == expected, "asked again, the answer is another")
    return outcome


def fetched(where: Arena, what: str, misdeed: Any, *, times: int | None = None) -> str:
    """Fetch while the server misbehaves, and again when all is well."""
    where.server.behave()
    folder = where.fresh()
    table, options = FETCHING[what]
    most = (RETRIES + 1) * (2 * known.CHUNKS if table == "events" else 8)

    with known.open_workspace(folder, where.server.url) as ws:
        if options:
            ws.fetch_events(from_date="2025-02-01", to_date="2025-02-02", columns=None)
            before = table_rows(ws)
        where.server.behave()
        _arrange(where, misdeed, times)
        outcome, answer = _watched(where, lambda: _fetch(ws, table, options), requests=most)
        if answer is not None and misdeed in PLAUSIBLE:
            return "whole, though of another content"
        if answer is not None:
            must(_is_right(where, ws, table), "the fetch went well, and the table is not true")
            outcome = "the table is true"
        elif options:
            must(table_rows(ws) == before, "a failed replace touched the old table")
        elif table == "events":
            known.check_honest(ws, where.events)
        # A query that ran out of time is not asked again by itself, so people may have to be asked for twice.
        waited_out = answer is not None or table == "profiles"
        must(times is None or waited_out, "a fault that passed was not waited out")
        where.server.behave()
        if answer is None:
            _fetch(ws, table, options)
            must(_is_right(where, ws, table), "a rerun did not complete the table")
        known.check_tidy(folder)
    known.check_free(folder / "data.db")
    known.check_quiet()
    return outcome


def unheard(where: Arena, what: str) -> str:
    """Nobody listens; later somebody does."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        silent = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    folder = where.fresh()
    table, options = FETCHING[what]
    with known.open_workspace(folder, silent) as ws:
        try:
            _fetch(ws, table, options)
        except ConnectionFailedError as error:
            must("127.0.0.1" in error.message, "the error does not name the host")
        else:
            must(False, "nobody answered, and it went well")
        must(not ws.storage.list_tables(), "nobody answered, and there is a table")
        known.check_tidy(folder)
    where.server.behave()
    with known.open_workspace(folder, where.server.url) as ws:
        _fetch(ws, table, options)
        must(_is_right(where, ws, table), "a rerun did not complete the table")
    return "failed and said why"


CERTIFICATES = ["good", "expired", "of another host", "of nobody known"]


def certified(folder: Path, kind: str) -> str:
    """A server with a certificate of some kind: only with a good one is it told who asks."""
    authority = trustme.CA()
    certificate = authority.issue_cert(
        "other.example" if kind == "of another host" else "127.0.0.1",
        not_after=datetime(2024, 1, 2, tzinfo=UTC) if kind == "expired" else None,
    )
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    cafile = None if kind == "of nobody known" else str(folder / "authority.pem")
    trusted = ssl.create_default_context(cafile=cafile)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    received: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                    received.append(secure.recv(10_000))
                    secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]")

    threading.Thread(target=serve, daemon=True).start()
    url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    transport = httpx.HTTPTransport(verify=trusted)
    with known.open_workspace(folder, url, transport=transport, timeout=5.0) as ws:
        try:
            ws.events()
            outcome = "answered"
        except ConnectionFailedError as error:
            must("certificate" in error.message.lower(), f"an error that says too little: {error.message}")
            outcome = "refused, and nothing was sent"
    listener.close()
    must((outcome == "answered") == (kind == "good"), f"a certificate {kind}: {outcome}")
    must(bool(received) == (kind == "good"), "the credentials were sent")
    return f"{kind}: {outcome}"


def _watched(where: Arena, act: Callable[[], Any], *, requests: int) -> tuple[str, Any]:
    """Let something happen under fire; what must hold of time, requests, errors and secrets."""
    started = time.monotonic()
    answer, outcome = None, "the answer is true"
    memory = Memory()
    try:
        with memory:
            answer = act() or True
    except MixpanelDataError as error:
        must(isinstance(error, APIError | StorageError), f"a strange error: {type(error).__name__}")
        must(error.message.strip() and "\n" not in error.message.strip(), "an error of several lines")
        must(len(error.message) < 2_000, "an error of endless words")
        must(SECRET not in str(error.to_dict()), "the secret is in an error")
        outcome = "failed and said why"
    seconds = time.monotonic() - started
    must(seconds < TOO_LONG, f"it took {seconds:.0f} s")
    must(memory.grown < MEMORY, f"it took {memory.grown:.0f} MB of memory")
    made = len(where.server.requests)
    must(made <= requests, f"{made} requests, {requests} at most were allowed")
    must(not where.elsewhere.requests, "a redirect was followed")
    return outcome, answer
