"""The loopback server: where it listens, and that it starts, serves many and stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

import mixpanel_nb
from mixpanel_nb.errors import ConfigError
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer, serve

if TYPE_CHECKING:
    from mixpanel_nb.sandbox.store import Dataset


def me(url: str) -> int:
    return httpx.get(f"{url}/api/app/me", auth=("sandbox", "sandbox"), verify=False, timeout=60.0).status_code


def test_a_free_port_is_picked_and_given_back(dataset: Dataset) -> None:
    before = threading.active_count()
    with SandboxServer(dataset) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert me(server.url) == 200
        assert server.requests == ["GET /api/app/me 200"]
    server.close()
    with pytest.raises(httpx.ConnectError):
        me(server.url)
    assert threading.active_count() <= before


def test_two_servers_live_side_by_side(dataset: Dataset) -> None:
    with SandboxServer(dataset) as one, SandboxServer(dataset, rate_limits=True) as other:
        assert one.url != other.url
        assert (me(one.url), me(other.url)) == (200, 200)


HEADERS = "Host: localhost\r\nAuthorization: Basic c2FuZGJveDpzYW5kYm94\r\n"
EXPORT = f"GET /api/2.0/export?project_id=1&from_date=2025-01-01&to_date=2025-03-31 HTTP/1.1\r\n{HEADERS}"
SLOW = {
    "that say nothing": "",
    "that send half a request": EXPORT,
    "that send half a body": f"POST /api/query/engage HTTP/1.1\r\n{HEADERS}Content-Length: 900\r\n\r\npage",
    "that read nothing": f"{EXPORT}\r\n",
    "that ask and stay": f"GET /api/app/me HTTP/1.1\r\n{HEADERS}\r\n",
}


@pytest.mark.parametrize("kind", SLOW)
def test_two_hundred_slow_connections_keep_nobody_from_an_answer(dataset: Dataset, kind: str) -> None:
    before = threading.active_count()
    with SandboxServer(dataset) as server, ExitStack() as stack:
        server._server.adj.outbuf_high_watermark = 10_000  # so that a small export fills it
        port = int(server.url.rpartition(":")[2])
        for _ in range(200):
            slow = stack.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
            slow.connect(("127.0.0.1", port))
            slow.sendall(SLOW[kind].encode())
        assert [me(server.url) for _ in range(5)] == [200] * 5
    assert threading.active_count() <= before


def test_a_taken_port_is_one_clear_error(dataset: Dataset) -> None:
    with SandboxServer(dataset) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(ConfigError, match=f"Port {port} cannot be used"):
            SandboxServer(dataset, port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "example.com", "::"])
def test_only_the_loopback_interface_is_served(dataset: Dataset, host: str) -> None:
    with pytest.raises(ConfigError, match="loopback interface only"):
        serve(create_app(dataset), host=host, port=0)


def test_eight_clients_at_once_get_whole_exports(dataset: Dataset) -> None:
    def export(day: int) -> tuple[bytes, bytes]:
        date = f"2025-02-{day:02d}"
        params = {"project_id": "1", "from_date": date, "to_date": date}
        answer = httpx.get(
            f"{server.url}/api/2.0/export", params=params, auth=("sandbox", "sandbox"), verify=False
        )
        return answer.content, b"".join(dataset.export_blocks(date, date))

    with SandboxServer(dataset) as server, ThreadPoolExecutor(8) as pool:
        for received, expected in pool.map(export, range(1, 17)):
            assert received == expected


def test_a_client_that_goes_away_does_no_harm(dataset: Dataset) -> None:
    with SandboxServer(dataset) as server:
        params = {"project_id": "1", "from_date": "2025-01-01", "to_date": "2025-03-31"}
        headers = {"Accept-Encoding": "identity"}
        auth = ("sandbox", "sandbox")
        for _ in range(3):
            url = f"{server.url}/api/2.0/export"
            with httpx.stream("GET", url, params=params, headers=headers, auth=auth) as response:
                next(response.iter_raw())
        assert me(server.url) == 200


def test_serve_tells_its_url_once_it_listens_and_ends_on_interrupt(dataset: Dataset) -> None:
    program = (
        "import sys; from pathlib import Path; from mixpanel_nb.sandbox.app import create_app; "
        "from mixpanel_nb.sandbox.server import serve; from mixpanel_nb.sandbox.store import Dataset; "
        "app = create_app(Dataset(Path(sys.argv[1]))); "
        "serve(app, port=0, on_listening=lambda url: print(url, flush=True)); "
        "print('stopped')"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(mixpanel_nb.__file__).parents[1])}
    command = [sys.executable, "-c", program, str(dataset.path)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert me(url) == 200
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=120)
        assert time.monotonic() - began < 3
    assert (process.returncode, rest.strip(), complaints) == (0, "stopped", "")
