"""The client beside the network: its connections, requests and rate.

``python -m benchmarks.live FOLDER`` prints its base URL and answers on raw sockets, with bytes that are
compressed beforehand, until its standard input ends.
"""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

WORKERS = 4
PAGES = 40
PAGE_SIZE = 1_000
LATENCY = 0.05  # seconds before an answer, except for exports
EVENTS = [f"Event {number}" for number in range(200)]


class Handler(socketserver.StreamRequestHandler):
    """Answers the requests of one connection."""

    folder: Path
    bodies: dict[str, bytes]
    counts: Counter[str]
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """Answer until the other side closes the connection."""
        self.counts["connections"] += 1
        while line := self.rfile.readline():
            length = 0
            while (header := self.rfile.readline().strip()) != b"":
                if header.lower().startswith(b"content-length:"):
                    length = int(header.partition(b":")[2])
            target, form = line.split()[1].decode(), self.rfile.read(length).decode()
            self.counts[urlsplit(target).path.rpartition("/")[2]] += 1
            try:
                self._answer(target, form)
            except ConnectionError:
                return

    def _answer(self, target: str, form: str) -> None:
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if path.endswith("/export"):
            file = self.folder / f"{query['from_date'][0]}_{query['to_date'][0]}.jsonl.gz"
            self.connection.sendall(_head(file.stat().st_size))
            with file.open("rb") as stream:
                self.connection.sendfile(stream)
            return
        if path == "/counts":
            body = json.dumps(self.counts).encode()
            self.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return
        time.sleep(LATENCY)
        name = parse_qs(form).get("page", ["0"])[0] if path.endswith("/engage") else "names"
        self.connection.sendall(_head(len(self.bodies[name])) + self.bodies[name])


def _head(size: int) -> bytes:
    return (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        f'RateLimit-Policy: "project";q=1000000;w=3600\r\nContent-Length: {size}\r\n\r\n'
    ).encode()


def _bodies() -> dict[str, bytes]:
    """The answers by name: the pages of the profiles, and names of events."""
    bodies = {"names": EVENTS} | {
        str(page): {
            "page": page,
            "page_size": PAGE_SIZE,
            "session_id": "a",
            "status": "ok",
            "total": PAGES * PAGE_SIZE - 1,
            "results": [
                {"$distinct_id": f"user-{page}-{row}", "$properties": {"$email": f"u{row}@example.com"}}
                for row in range(PAGE_SIZE - (page == PAGES - 1))
            ],
        }
        for page in range(PAGES)
    }
    return {name: gzip.compress(json.dumps(body).encode()) for name, body in bodies.items()}


class Server(socketserver.ThreadingTCPServer):
    """A thread a connection."""

    allow_reuse_address = True
    daemon_threads = True


def live(url: str, folder: str) -> dict[str, Any]:
    """Seconds of a discovery query, of the same again and by four threads at once; of profiles; of downloads.

    ``plain`` are the same exports, received and dropped by as many threads with ``http.client``.
    """
    from benchmarks.data import PERIOD
    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.services.discovery import DiscoveryService
    from mixpanel_nb.services.fetch.plan import plan

    client = MixpanelAPIClient(Credentials("user", "secret", "1"), base_url=url)
    client.prepare()
    discovery = DiscoveryService(lambda: client)
    taken: dict[str, Any] = {"events": _timed(discovery.events), "events again": _timed(discovery.events)}
    discovery.clear_cache()
    with ThreadPoolExecutor(WORKERS) as pool:
        taken["events at once"] = _timed(lambda: list(pool.map(lambda _: discovery.events(), range(WORKERS))))
        taken["profiles"] = _timed(lambda: sum(len(page.results) for page in client.profile_pages()))
        days = plan(PERIOD, set())
        used = time.process_time()

        def download(span: Any) -> int:
            file = Path(folder) / f"{span.first}.jsonl"
            done = client.download_events(from_date=span.first, to_date=span.last, destination=file)
            file.unlink()
            return done.bytes_received

        started = time.perf_counter()
        taken["bytes"] = sum(pool.map(download, days))
        taken["downloads"] = time.perf_counter() - started
        taken["downloads cpu"] = time.process_time() - used
        taken["counts"] = json.loads(_answer(url, "/counts"))
        taken["plain"] = _timed(lambda: list(pool.map(lambda span: _dropped(url, span), days)))
    return taken


def _dropped(url: str, span: Any) -> None:
    _answer(url, f"/api/2.0/export?from_date={span.first}&to_date={span.last}")


def _answer(url: str, target: str) -> bytes:
    """The last bytes of an answer."""
    connection, last = HTTPConnection(urlsplit(url).netloc), b""
    connection.request("GET", target)
    answer = connection.getresponse()
    while block := answer.read(1 << 16):
        last = block
    connection.close()
    return last


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Serve the folder named on the command line."""
    Handler.folder, Handler.bodies, Handler.counts = Path(sys.argv[1]), _bodies(), Counter()
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
