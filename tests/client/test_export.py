from __future__ import annotations

import gzip
import json
import threading
import time
import tracemalloc
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.client.inflate import inflated
from mixpanel_nb.client.invalid_body import InvalidBodyError
from mixpanel_nb.client.lines import LineCheck, events_in
from mixpanel_nb.errors import (
    APIError,
    AuthenticationError,
    ConnectionFailedError,
    IncompleteExportError,
    PlanError,
    QueryError,
    RateLimitError,
)

from .servers import Reply, Server, gzip_reply, json_reply, serving, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.client import Download, MixpanelAPIClient

    from .conftest import ClientFactory

# The example of Mixpanel's docs, and characters that other readers take for line ends.
EXPORT = (
    b'{"event":"Signed up","properties":{"time":1602611311,'
    b'"$insert_id":"hpuDqcvpltpCjBsebtxwadtEBDnFAdycabFb","mp_processing_time_ms":1602625711874}}\n'
    b'{"event":"Signed up","properties":{"time":1602787121,'
    b'"$insert_id":"jajcebutltmvhbbholfhxtCcycwnBjDtndha","mp_processing_time_ms":1602801521561}}\n'
    b'{"event":"Odd","properties":{"text":"a\xe2\x80\xa8b\xc2\x85c\\u001f"}}\n'
)
MANY = b"".join(
    b'{"event":"View","properties":{"n":%d,"id":"%x"}}\n' % (n, n * 7919**3) for n in range(40_000)
)


def download(client: MixpanelAPIClient, tmp_path: Path, **options: Any) -> Download:
    return client.download_events(
        from_date="2025-01-01", to_date="2025-01-07", destination=tmp_path / "chunk.jsonl", **options
    )


def fail(client_for: ClientFactory, tmp_path: Path, *replies: Reply, **options: Any) -> APIError:
    """The error of a download that is answered so; nothing may be left on disk."""
    with serving(*replies) as server, pytest.raises(APIError) as caught:
        download(client_for(server, max_retries=1, **options), tmp_path)
    assert list(tmp_path.iterdir()) == []
    caught.value.details["requests"] = len(server.requests)
    return caught.value


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_download_is_the_plain_export_byte_for_byte(
    client_for: ClientFactory, tmp_path: Path, compressed: bool, chunked: bool
) -> None:
    reply = gzip_reply(EXPORT, chunked=chunked) if compressed else Reply(body=EXPORT, chunked=chunked)
    with serving(reply) as server:
        result = download(client_for(server), tmp_path)
    assert result.path.read_bytes() == EXPORT
    assert (result.rows, result.bytes_written, result.requests) == (3, len(EXPORT), 1)
    assert result.bytes_received == len(reply.body)
    assert list(tmp_path.iterdir()) == [result.path]


def test_the_request_is_the_one_of_the_docs(client_for: ClientFactory, tmp_path: Path) -> None:
    with serving(Reply(body=EXPORT)) as server:
        download(client_for(server), tmp_path, events=["A", 'B "x"'], where='properties["a"] == 1', limit=10)
    (request,) = server.requests
    assert (request.method, request.path) == ("GET", "/api/2.0/export")
    assert request.params == {
        "project_id": "12345",
        "from_date": "2025-01-01",
        "to_date": "2025-01-07",
        "event": '["A", "B \\"x\\""]',
        "where": 'properties["a"] == 1',
        "limit": "10",
        "time_in_ms": "true",
    }
    assert request.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("body", [b"", b"\n", gzip.compress(b"", mtime=0)])
def test_days_without_events_are_an_empty_file(
    client_for: ClientFactory, tmp_path: Path, body: bytes
) -> None:
    with serving(Reply(body=body)) as server:
        assert download(client_for(server), tmp_path).rows == 0


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b'{"event":"A"}', 1),
        (b'{"event":"A"}\n\n\n{"event":"B"}\n\n', 2),
        (b'\n{"event":"A"}\r\n', 1),
        (b'{"event":"A"}\n  \t \n{"event":"B"}\n   ', 2),
        (b'  \n{"event":"A"}\n \n', 1),
    ],
)
def test_the_last_newline_may_lack_and_blank_lines_do_not_count(
    client_for: ClientFactory, tmp_path: Path, body: bytes, rows: int
) -> None:
    with serving(Reply(body=body)) as server:
        assert download(client_for(server), tmp_path).rows == rows


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (gzip_reply(EXPORT + b"terminated early\n"), "'terminated early'"),
        (gzip_reply(EXPORT + b"export terminated early"), "'export terminated early'"),
        (Reply(body=EXPORT + b"error completing export request\n"), "'error completing export request'"),
        (Reply(body=b"terminated early"), "'terminated early'"),
        (Reply(body=b'{"request": "/api/2.0/export", "error": "Timeout Error."}'), "Timeout Error."),
        (Reply(body=EXPORT[:-30]), "a line is cut"),
        (Reply(body=EXPORT, cut=200), "the connection broke"),
        (Reply(body=EXPORT, cut=200, chunked=True), "the connection broke"),
        (gzip_reply(MANY, cut=5000), "the connection broke"),
        (gzip_reply(MANY, cut=5000, chunked=True), "the connection broke"),
        (Reply(body=gzip.compress(MANY, mtime=0)[:5000]), "the compressed stream is cut"),
        (Reply(body=gzip.compress(MANY, mtime=0)[:-4]), "the compressed stream is cut"),
        (Reply(body=gzip.compress(EXPORT, mtime=0)[:-8] + bytes(8)), "the compressed stream is broken"),
        (Reply(body=gzip.compress(EXPORT, mtime=0) + b"more"), "something follows"),
        (Reply(body=EXPORT + b"[1, 2]\n"), "no event"),
        (Reply(body=EXPORT + b'{"event": "\xff"}\n'), "cut or broken"),
    ],
)
def test_an_export_that_is_not_whole_is_asked_for_again_and_then_refused(
    client_for: ClientFactory, tmp_path: Path, reply: Reply, says: str
) -> None:
    error = fail(client_for, tmp_path, reply)
    assert type(error) is IncompleteExportError
    assert says in str(error)
    assert "2025-01-01 to 2025-01-07" in str(error)
    assert {k: error.details[k] for k in ("from_date", "to_date", "attempts", "requests")} == {
        "from_date": "2025-01-01",
        "to_date": "2025-01-07",
        "attempts": 2,
        "requests": 2,
    }


def test_a_web_page_in_its_place_is_named_and_not_asked_for_again(
    client_for: ClientFactory, tmp_path: Path
) -> None:
    error = fail(client_for, tmp_path, Reply(body=b"<!doctype html><html>Sign in</html>"))
    assert type(error) is IncompleteExportError
    assert "HTML page" in str(error)
    assert error.details["requests"] == 1


def test_the_connection_that_stalls_is_given_up(client_for: ClientFactory, tmp_path: Path) -> None:
    stalled = Reply(body=EXPORT, pause_within=5)
    error = fail(client_for, tmp_path, stalled, export_timeout=0.2)
    assert type(error) is IncompleteExportError
    assert "nothing came for 0.2 s" in str(error)


def test_refusals_have_their_own_errors(client_for: ClientFactory, tmp_path: Path) -> None:
    bad_date = Reply(400, b"to_date cannot be later than today")
    assert isinstance(fail(client_for, tmp_path, bad_date), QueryError)
    assert isinstance(fail(client_for, tmp_path, Reply(401, b"no")), AuthenticationError)
    assert isinstance(fail(client_for, tmp_path, Reply(hang_up=True)), ConnectionFailedError)
    long_wait = json_reply({"error": "too many export requests in progress"}, 429, Retry_After="1800")
    error = fail(client_for, tmp_path, long_wait)
    assert isinstance(error, RateLimitError)
    assert error.retry_after == 1800
    assert error.details["from_date"] == "2025-01-01"


def test_a_retry_starts_the_file_anew_and_progress_never_runs_back(
    client_for: ClientFactory, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    replies = (gzip_reply(MANY, cut=60_000), Reply(500), Reply(hang_up=True), gzip_reply(MANY))
    with serving(*replies) as server:
        result = download(
            client_for(server), tmp_path, on_progress=lambda rows, received: told.append((rows, received))
        )
    assert result.path.read_bytes() == MANY
    assert (result.rows, result.requests) == (40_000, 4)
    assert told == sorted(told)
    assert told[-1] == (40_000, result.bytes_received)


def test_a_download_ends_soon_after_it_is_cancelled(client_for: ClientFactory, tmp_path: Path) -> None:
    stop = threading.Event()
    with serving(gzip_reply(MANY, pause_within=0.1)) as server, pytest.raises(CancelledError):
        download(
            client_for(server),
            tmp_path,
            cancelled=stop.is_set,
            on_progress=lambda rows, received: stop.set(),
        )
    assert list(tmp_path.iterdir()) == []


def test_an_abort_wakes_threads_that_wait_for_bytes(client_for: ClientFactory, tmp_path: Path) -> None:
    stop = threading.Event()
    ended: list[BaseException] = []
    with serving(Reply(body=EXPORT, pause_before=30)) as server:
        client = client_for(server)

        def work() -> None:
            try:
                download(client, tmp_path, cancelled=stop.is_set)
            except CancelledError as error:
                ended.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        wait_for(lambda: server.requests)
        started = time.monotonic()
        stop.set()
        client.abort()
        thread.join(5)
    assert len(ended) == 1
    assert time.monotonic() - started < 0.3


def test_four_downloads_at_once(client_for: ClientFactory, tmp_path: Path) -> None:
    with serving(gzip_reply(MANY)) as server:
        client = client_for(server)
        rows: list[int] = []

        def work(n: int) -> None:
            path = tmp_path / f"{n}.jsonl"
            day = f"2025-01-0{n + 1}"
            rows.append(client.download_events(from_date=day, to_date=day, destination=path).rows)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert rows == [40_000] * 4


# The iterator


def stream(client_for: ClientFactory, server: Server, **options: Any) -> Any:
    return client_for(server, **options).export_events(from_date="2025-01-01", to_date="2025-01-07")


def test_events_come_as_mixpanel_gives_them(client_for: ClientFactory) -> None:
    with serving(gzip_reply(EXPORT)) as server:
        events = list(stream(client_for, server))
    assert events == [json.loads(line) for line in EXPORT.split(b"\n") if line]
    assert events[2]["properties"]["text"] == "a\u2028b\x85c\x1f"


def test_a_failure_before_the_first_event_is_asked_again(client_for: ClientFactory) -> None:
    replies = (Reply(503), Reply(hang_up=True), Reply(body=b"terminated early"), Reply(body=EXPORT))
    with serving(*replies) as server:
        assert len(list(stream(client_for, server))) == 3


def test_no_event_is_given_twice(client_for: ClientFactory) -> None:
    seen: list[int] = []
    error = pytest.raises(IncompleteExportError, match="the connection broke")
    with serving(gzip_reply(MANY, cut=60_000), gzip_reply(MANY)) as server, error as caught:
        seen.extend(event["properties"]["n"] for event in stream(client_for, server))
    assert len(server.requests) == 1
    assert seen == list(range(len(seen)))
    assert len(seen) > 0
    assert caught.value.details["from_date"] == "2025-01-01"


def test_a_broken_line_in_the_middle_is_an_error(client_for: ClientFactory) -> None:
    with serving(Reply(body=EXPORT + b"garbage\n" + EXPORT)) as server:
        events = stream(client_for, server)
        assert [next(events)["event"] for _ in range(3)] == ["Signed up", "Signed up", "Odd"]
        with pytest.raises(IncompleteExportError, match="garbage"):
            next(events)


def test_a_stream_may_be_left_early(client_for: ClientFactory) -> None:
    with serving(gzip_reply(MANY)) as server:
        events = stream(client_for, server)
        next(events)
        events.close()


def test_no_events_at_all(client_for: ClientFactory) -> None:
    with serving(Reply()) as server:
        assert list(stream(client_for, server)) == []


# The bytes

LINES = st.lists(
    st.one_of(
        st.sampled_from([b"", b" ", b" \t ", b"\r"]),
        st.dictionaries(st.text(max_size=3), st.integers()).map(lambda d: json.dumps(d).encode()),
    ),
    max_size=12,
)


def cut_up(body: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(body[:size])
        body = body[size:]
    return [*pieces, body]


@given(LINES, st.booleans(), st.lists(st.integers(0, 9), max_size=30))
def test_lines_are_counted_alike_however_the_blocks_fall(
    lines: list[bytes], newline: bool, sizes: list[int]
) -> None:
    body = b"\n".join(lines) + (b"\n" if newline else b"")
    check = LineCheck()
    blocks = cut_up(body, sizes)
    for block in blocks:
        check.feed(block)
    check.finish()
    expected = [json.loads(line) for line in body.split(b"\n") if line.strip()]
    assert check.rows == len(expected)
    assert list(events_in(blocks)) == expected


@pytest.mark.parametrize("body", [b"terminated early", b" \nterminated early\nmore"])
def test_a_wrong_beginning_is_named_in_full_however_the_blocks_fall(body: bytes) -> None:
    check = LineCheck()
    with pytest.raises(InvalidBodyError, match="'terminated early'"):
        for byte in body:
            check.feed(bytes([byte]))
        check.finish()


@given(st.binary(max_size=400), st.lists(st.integers(0, 60), max_size=10), st.integers(1, 3))
def test_compressed_blocks_are_inflated_however_they_fall(
    plain: bytes, sizes: list[int], members: int
) -> None:
    body = b"".join(gzip.compress(plain) for _ in range(members))
    assert b"".join(inflated(cut_up(body, sizes))) == plain * members


def test_a_line_without_an_end_is_kept_once() -> None:
    """Four downloads at once may each hold one of 64 MiB before they refuse it."""
    check, block = LineCheck(), b"{" + b" " * 262_143
    tracemalloc.start()
    try:
        for _ in range(80):
            check.feed(block)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.5 * 80 * len(block)


def test_what_inflates_to_much_comes_in_small_blocks() -> None:
    blocks = list(inflated([gzip.compress(b"{" * 5_000_000)]))
    assert max(map(len, blocks)) <= 262_144
    assert sum(map(len, blocks)) == 5_000_000


def test_a_plan_without_export_is_not_told_to_export(client_for: ClientFactory, tmp_path: Path) -> None:
    with serving(Reply(status=402, body=b"payment required")) as server, pytest.raises(PlanError) as caught:
        download(client_for(server), tmp_path)
    assert "does not include raw export" in caught.value.message
    assert caught.value.hint is not None
    assert "export" not in caught.value.hint
    assert "Ask Mixpanel's own reports" in caught.value.hint
