"""A server that sends gzip files as they are: an export API that costs next to nothing.

``python -m benchmarks.server FOLDER`` prints its base URL and answers until its standard input ends.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

BLOCK = 1 << 18


class Handler(BaseHTTPRequestHandler):
    """Sends ``{from_date}_{to_date}.jsonl.gz``."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def do_GET(self) -> None:
        """Answer an export request."""
        query = parse_qs(urlsplit(self.path).query)
        file = self.folder / f"{query['from_date'][0]}_{query['to_date'][0]}.jsonl.gz"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(file.stat().st_size))
        self.send_header("RateLimit-Policy", '"project";q=1000000;w=3600')
        self.end_headers()
        with file.open("rb") as stream:
            self.wfile.flush()
            with suppress(ConnectionError):  # the fetch was interrupted
                self.connection.sendfile(stream)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve the folder named on the command line."""
    Handler.folder = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
