"""Reading exports and tables with nothing but plain Python, to compare them."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mixpanel_nb import Workspace
    from mixpanel_nb.results import FetchProgress
    from mixpanel_nb.sandbox.faults import Faults
    from mixpanel_nb.sandbox.server import SandboxServer

JANUARY: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-31"}
QUARTER: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31"}
# 84 days, which are 12 chunks
TWELVE_WEEKS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-25"}
MILLISECONDS_FROM = 1e11


def deduplicated(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """The events of an export as Mixpanel counts them, by dictionaries and loops."""
    latest: dict[Any, dict[str, Any]] = {}
    for line in lines:
        event = json.loads(line)
        properties = event["properties"]
        # An event without an id is equal only to a line that is the same throughout.
        insert_id = properties.get("$insert_id") or json.dumps(event, sort_keys=True)
        key = (event["event"], properties.get("distinct_id"), properties["time"], insert_id)
        known = latest.get(key)
        if known is None or _ingested(known) <= _ingested(event):
            latest[key] = event
    return list(latest.values())


def _ingested(event: dict[str, Any]) -> int:
    return int(event["properties"].get("mp_processing_time_ms", 0))


def expected_rows(events: Iterable[dict[str, Any]]) -> Counter[str]:
    """What a table of these events holds, each row as a line of text."""
    return Counter(_row(event["event"], event["properties"]) for event in events)


def _row(name: str, properties: dict[str, Any]) -> str:
    epoch = properties["time"]
    seconds = epoch / 1000 if epoch >= MILLISECONDS_FROM else epoch
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    held = (properties.get("distinct_id") or None, properties.get("$insert_id") or None)
    rest = {key: value for key, value in properties.items() if key != "time"}
    return json.dumps([name, str(moment), held, rest], sort_keys=True)


def table_rows(ws: Workspace, table: str = "events") -> Counter[str]:
    """What a table holds, in the form of :func:`expected_rows`; its typed columns agree with its JSON."""
    schema = ws.schema(table)
    typed = {column.name: (column.property, column.type) for column in schema.columns if column.property}
    base = ["event_name", "event_time", "distinct_id", "insert_id", "properties"]
    names = ", ".join('"{}"'.format(name.replace('"', '""')) for name in [*base, *typed])
    rows: Counter[str] = Counter()
    for name, moment, distinct_id, insert_id, text, *values in ws.sql_rows(f"SELECT {names} FROM {table}"):
        properties = json.loads(text)
        for value, (prop, kind) in zip(values, typed.values(), strict=True):
            assert value == _typed(properties.get(prop), kind), (prop, kind)
        assert insert_id
        given = insert_id if properties.get("$insert_id") else None
        rest = {key: value for key, value in properties.items() if key != "time"}
        rows[json.dumps([name, str(moment), (distinct_id, given), rest], sort_keys=True)] += 1
    return rows


def _typed(value: Any, kind: str) -> Any:
    """The value a typed column shows for a JSON value."""
    if value is None or kind in {"BIGINT", "DOUBLE", "BOOLEAN"}:
        return value
    if kind == "JSON" or not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return value


def days_asked(requests: Iterable[str]) -> list[tuple[str, str]]:
    """First and last day of each export a server was asked for."""
    found = (re.search(r"from_date=([\d-]+)&to_date=([\d-]+)", line) for line in requests if "export" in line)
    return [(match[1], match[2]) for match in found if match]


class Told:
    """Keeps all that a progress is told, and checks what always holds."""

    def __init__(self, act: Callable[[FetchProgress], None] = lambda _: None) -> None:
        self.moments: list[FetchProgress] = []
        self._act = act
        self._thread = threading.get_ident()

    def __call__(self, now: FetchProgress) -> None:
        assert threading.get_ident() == self._thread, "progress is told on the caller's own thread"
        if self.moments:
            before = self.moments[-1]
            assert not before.finished, "nothing comes after the last word"
            for name in ("chunks_done", "days_done", "rows", "bytes", "elapsed_seconds"):
                assert getattr(now, name) >= getattr(before, name), f"{name} ran backwards"
        self.moments.append(now)
        self._act(now)

    @property
    def states(self) -> list[str]:
        """The states in order, each once in a row."""
        states = [moment.state for moment in self.moments]
        return [state for place, state in enumerate(states) if place == 0 or states[place - 1] != state]


@contextmanager
def answering(answer: Callable[[str], tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """A plain HTTP server; ``answer`` makes status, headers and body from the path. Gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def all_is_well_again(mixpanel: SandboxServer, faults: Faults) -> None:
    """Clear the faults, and forget the requests so far, those too whose answers a fault held back."""
    faults.clear()
    seen = -1
    while seen != len(mixpanel.requests):
        seen = len(mixpanel.requests)
        time.sleep(0.2)
    mixpanel.requests.clear()


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
