"""Each fault, as a real HTTP client meets it."""

from __future__ import annotations

import json
import time
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from mixpanel_nb.sandbox.faults import FaultRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.sandbox.faults import Faults
    from mixpanel_nb.sandbox.server import SandboxServer

    Export = Callable[..., httpx.Response]


def test_a_rule_applies_to_matching_requests_as_often_as_it_says(export: Export, faults: Faults) -> None:
    rule = FaultRule("status", path_contains="export", match={"from_date": "2025-01-08"}, times=2, status=503)
    faults.add(rule)
    assert export(from_date="2025-01-07").status_code == 200
    assert [export().status_code for _ in range(3)] == [503, 503, 200]
    assert faults.fired == [rule, rule]


def test_rules_apply_in_order_and_can_be_cleared(export: Export, faults: Faults) -> None:
    faults.add(FaultRule("status", status=502, body="Bad Gateway", headers={"X-Edge": "1"}))
    faults.add(FaultRule("status", status=500, times=None))
    first = export()
    assert (first.status_code, first.text, first.headers["X-Edge"]) == (502, "Bad Gateway", "1")
    second = export()
    assert (second.status_code, second.json()["error"]) == (500, "Injected status 500")
    assert export().status_code == 500
    faults.clear()
    assert export().status_code == 200


def test_rate_limited_is_the_real_429(export: Export, faults: Faults) -> None:
    faults.add(FaultRule("rate_limited", retry_after=7))
    answer = export()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.headers["RateLimit"].startswith('"project";r=0;t=7')
    assert '"project";q=60;w=3600' in answer.headers["RateLimit-Policy"]
    faults.add(FaultRule("rate_limited", retry_after=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)))
    assert export().headers["Retry-After"] == "Wed, 02 Jan 2030 03:04:05 GMT"


def test_html_is_a_200_with_a_page(export: Export, faults: Faults) -> None:
    faults.add(FaultRule("html"))
    answer = export()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_terminated_early_ends_an_otherwise_proper_export(
    client: httpx.Client, export: Export, faults: Faults, encoding: str
) -> None:
    client.headers["Accept-Encoding"] = encoding
    whole = export().content
    faults.add(FaultRule("terminated_early"))
    assert export().content == whole + b"terminated early\n"


def test_broken_line_spoils_one_line_in_the_middle(export: Export, faults: Faults) -> None:
    whole = export().content.split(b"\n")
    faults.add(FaultRule("broken_line"))
    spoiled = export().content.split(b"\n")
    different = [number for number, line in enumerate(whole) if line != spoiled[number]]
    assert len(different) == 1
    assert 0 < different[0] < len(whole) - 2
    with pytest.raises(ValueError, match=r".*"):
        json.loads(spoiled[different[0]])


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_cut_connection_is_seen_as_an_incomplete_body(
    client: httpx.Client, export: Export, faults: Faults, encoding: str
) -> None:
    client.headers["Accept-Encoding"] = encoding
    faults.add(FaultRule("cut", size=3000))
    with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
        export()
    assert export().status_code == 200


def test_a_cut_connection_delivers_the_bytes_before_the_cut(client: httpx.Client, faults: Faults) -> None:
    faults.add(FaultRule("cut", path_contains="engage", size=100))
    received = b""
    with (
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("GET", "/api/query/engage", params={"project_id": 1, "page_size": 1}) as response,
    ):
        for block in response.iter_raw():
            received += block
    assert len(received) == 100
    assert received.startswith(b'{"page":0')


def test_a_connection_cut_at_once_gives_no_answer(export: Export, faults: Faults) -> None:
    faults.add(FaultRule("cut", size=0))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        export()


def test_cuts_leave_no_traceback_in_the_log(
    export: Export, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    faults.add(FaultRule("cut", size=10))
    with pytest.raises(httpx.RemoteProtocolError):
        export()
    assert caplog.records == [] or all(record.levelname == "INFO" for record in caplog.records)


def test_slow_sends_block_by_block(export: Export, faults: Faults) -> None:
    faults.add(FaultRule("slow", seconds=0.05, size=100))
    began = time.monotonic()
    answer = export(limit=1)
    assert answer.status_code == 200
    assert json.loads(answer.content)
    assert time.monotonic() - began > 0.05 * (len(answer.content) // 100)


def test_hang_stalls_and_then_answers(client: httpx.Client, export: Export, faults: Faults) -> None:
    faults.add(FaultRule("hang", seconds=0.3))
    began = time.monotonic()
    assert export().status_code == 200
    assert time.monotonic() - began >= 0.3
    faults.add(FaultRule("hang", seconds=30))
    client.timeout = httpx.Timeout(0.2)
    with pytest.raises(httpx.ReadTimeout):
        export()


def test_a_hanging_request_does_not_keep_the_server_from_closing(
    client: httpx.Client, export: Export, server: SandboxServer, faults: Faults
) -> None:
    faults.add(FaultRule("hang", seconds=60))
    client.timeout = httpx.Timeout(0.1)
    with pytest.raises(httpx.ReadTimeout):
        export()
    began = time.monotonic()
    server.close()
    assert time.monotonic() - began < 1.5


def test_truncate_gzip_ends_http_properly_and_gzip_not(client: httpx.Client, faults: Faults) -> None:
    faults.add(FaultRule("truncate_gzip"))
    params: dict[str, str] = {"project_id": "1", "from_date": "2025-01-08", "to_date": "2025-01-08"}
    with client.stream("GET", "/api/2.0/export", params=params) as response:
        packed = b"".join(response.iter_raw())
    inflater = zlib.decompressobj(31)
    assert inflater.decompress(packed).startswith(b'{"event":')
    assert not inflater.eof


def test_wrong_content_length_is_seen_as_an_incomplete_body(export: Export, faults: Faults) -> None:
    faults.add(FaultRule("wrong_content_length", size=10))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        export()
