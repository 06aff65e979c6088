"""Answers that grow without bounds: refused early, in one line, whatever endpoint and status they have."""

from __future__ import annotations

import gzip
import random
import shutil
import tracemalloc
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from bombs import bomb

from mixpanel_nb.errors import (
    APIError,
    AuthenticationError,
    ConnectionFailedError,
    IncompleteExportError,
    QueryError,
    ServerError,
    StorageError,
)

from .servers import Reply, Server, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from mixpanel_nb.client import MixpanelAPIClient

    from .conftest import ClientFactory

MB = 2**20
DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-07"}
LINE = b'{"event":"A","properties":{"time":1735700000}}\n'


BOMB = bomb(700)
ENCODED = {
    "gzip, gzip": gzip.compress(BOMB),
    "gzip": BOMB,
    "GZIP,gzip": gzip.compress(BOMB),
    "deflate": bomb(700, encoding="deflate"),
    "deflate, gzip": gzip.compress(bomb(700, encoding="deflate")),
    "br": BOMB,
    "zstd": BOMB,
}


def asking(client: MixpanelAPIClient, folder: Path) -> dict[str, Callable[[], object]]:
    return {
        "query": lambda: client.get_events(),
        "app": lambda: client.me(),
        "engage": lambda: list(client.export_profiles()),
        "jql": lambda: client.jql("function main() {}"),
        "export": lambda: client.download_events(**DAYS, destination=folder / "x"),
        "stream": lambda: list(client.export_events(**DAYS)),
    }


@pytest.mark.parametrize("status", [200, 400, 503])
@pytest.mark.parametrize("encoding", ENCODED)
def test_a_bomb_is_refused_before_it_grows(
    client_for: ClientFactory, tmp_path: Path, encoding: str, status: int
) -> None:
    with serving(Reply(status, ENCODED[encoding], {"Content-Encoding": encoding})) as server:
        for ask in asking(client_for(server, max_retries=0), tmp_path).values():
            tracemalloc.start()
            with pytest.raises(APIError) as caught:
                ask()
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 200 * MB  # of 700
            assert "\n" not in caught.value.message
            assert caught.value.status_code in (status, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (400, QueryError), (500, ServerError)]
)
def test_a_failure_says_what_it_is_also_where_its_words_cannot_be_read(
    client_for: ClientFactory, status: int, kind: type[APIError]
) -> None:
    with serving(Reply(status, b"\x8b\x00", {"Content-Encoding": "br"})) as server, pytest.raises(kind):
        client_for(server, max_retries=0).get_events()


def test_an_encoding_that_was_not_asked_for_is_named(client_for: ClientFactory) -> None:
    with (
        serving(Reply(200, b"[]", {"Content-Encoding": "br"})) as server,
        pytest.raises(ConnectionFailedError, match="compressed as 'br', and only gzip was asked for"),
    ):
        client_for(server).get_events()
    assert len(server.requests) == 1


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_gzip_once_is_read_by_any_of_its_names(client_for: ClientFactory, encoding: str) -> None:
    body = gzip.compress(b'["A"]')
    with serving(Reply(200, body, {"Content-Encoding": encoding})) as server:
        assert client_for(server).get_events() == ["A"]


@pytest.mark.parametrize(
    "body", [b"[" + b"[]," * 12_000_000 + b"[]]", b'{"a":[' + b"1," * 12_000_000 + b"1]}"]
)
def test_an_answer_of_too_many_values_is_not_parsed(client_for: ClientFactory, body: bytes) -> None:
    with serving(Reply(200, body)) as server, pytest.raises(APIError, match="more than 10,000,000 values"):
        client_for(server).get("x")


def test_an_export_that_inflates_beyond_reason_is_not_written(
    client_for: ClientFactory, tmp_path: Path
) -> None:
    body = gzip.compress(LINE * 3_000_000)  # 140 MB of one event, 1:400
    with (
        serving(Reply(200, body)) as server,
        pytest.raises(IncompleteExportError, match="more than 200 times its size"),
    ):
        client_for(server).download_events(**DAYS, destination=tmp_path / "x")
    assert len(server.requests) == 1
    assert list(tmp_path.iterdir()) == []


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_download_leaves_a_part_of_the_disk_free(
    client_for: ClientFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk has 100 GB, of which 1 GB and 40 MB are free; the export would take 100 MB."""
    noise = random.Random(1).randbytes(50_000).hex().encode()
    line = b'{"event":"A","properties":{"time":1735700000,"a":"%s"}}\n' % noise
    (tmp_path / "files").mkdir()

    def usage(folder: Any) -> Usage:
        taken = sum(file.stat().st_size for file in (tmp_path / "files").iterdir())
        return Usage(100 * 2**30, 0, 2**30 + 40 * MB - taken)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with (
        serving(Reply(200, line * 1_000)) as server,
        pytest.raises(StorageError, match=r"has 1,0\d\d MB left, and 1,024 MB stay free|MB left") as caught,
    ):
        client_for(server).download_events(**DAYS, destination=tmp_path / "files" / "x")
    assert "Free some space" in str(caught.value)
    assert len(server.requests) == 1
    assert list((tmp_path / "files").iterdir()) == []


# Where an export ends


class Unframed(Server):
    """Neither length nor chunks: the body ends with the connection."""

    def _send(self, connection: socket.socket, reply: Reply) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + reply.body)
        return False


@pytest.mark.parametrize(
    "body",
    [gzip.compress(LINE * 10), gzip.compress(LINE * 10) + gzip.compress(LINE * 15), LINE * 10],
    ids=["gzip", "two members", "plain"],  # what is compressed holds the time
)
def test_an_export_whose_end_nothing_shows_is_refused(
    client_for: ClientFactory, tmp_path: Path, body: bytes
) -> None:
    server = Unframed(Reply(200, body))
    try:
        client = client_for(server)
        with pytest.raises(IncompleteExportError, match="neither a length nor a final chunk"):
            client.download_events(**DAYS, destination=tmp_path / "x")
        with pytest.raises(IncompleteExportError, match="neither a length nor a final chunk"):
            list(client.export_events(**DAYS))
    finally:
        server.stop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("chunked", [True, False])
def test_members_that_came_whole_are_all_read(
    client_for: ClientFactory, tmp_path: Path, chunked: bool
) -> None:
    body = gzip.compress(LINE * 10) + gzip.compress(LINE * 15)
    first = len(gzip.compress(LINE * 10))
    with serving(Reply(200, body, chunked=chunked)) as server:
        assert client_for(server).download_events(**DAYS, destination=tmp_path / "x").rows == 25
    with (
        serving(Reply(200, body, chunked=chunked, cut=first)) as server,
        pytest.raises(IncompleteExportError, match="broke"),
    ):
        client_for(server, max_retries=0).download_events(**DAYS, destination=tmp_path / "y")
