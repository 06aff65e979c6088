"""Much of everything: events, names, properties, users; days with nothing and days with all.

``python -m faults.scale NAME ARGUMENTS…`` does one piece of work in a process of its own and prints what it
took. How much is tried can be set: ``SOAK_EVENTS``, ``SOAK_USERS``.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from faults.record import must

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEADING = "Scale"
MEMORY = 700  # MB
EVENTS = int(os.environ.get("SOAK_EVENTS", "2000000"))
USERS = int(os.environ.get("SOAK_USERS", "500000"))
ROOT = Path(__file__).parents[2]
FULL_DAY = "2025-01-03"
PAGE = 5_000


def many_events(folder: Path, events: int) -> str:
    """A quarter with many events, fetched over HTTP and queried, in processes of their own."""
    sys.path.append(str(ROOT))
    from benchmarks.data import make_chunks

    chunks = make_chunks(Path(os.environ.get("SOAK_FOLDER", folder)) / f"chunks-{events}", events)
    command = [sys.executable, "-m", "benchmarks.server", str(chunks[0].parent)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None and server.stdout is not None
        fetched = _alone("fetch", server.stdout.readline().strip(), folder, "2025-01-01", "2025-03-31")
        server.stdin.close()
    asked = _alone("ask", folder, events)
    _modest(fetched, asked)
    must(fetched["rows"] == events, f"{fetched['rows']} of {events} events")
    return f"{events:,} events fetched in {_cost(fetched)}; SQL and four reports in {_cost(asked)}"


def many_names(folder: Path) -> str:
    """2,000 event names and 5,000 properties in 200,000 events."""
    with _mixpanel(_names, lambda _: {}) as url:
        fetched = _alone("fetch", url, folder, "2025-01-01", "2025-01-04")
    asked = _alone("ask_names", folder)
    _modest(fetched, asked)
    must(asked["names"] == 2_000, f"{asked['names']} event names")
    must(asked["properties"] == 5_000, f"{asked['properties']} properties")
    return f"fetched in {_cost(fetched)}; queried in {_cost(asked)}"


def uneven_days(folder: Path) -> str:
    """Ten days, of which one has everything and the others nothing."""
    with _mixpanel(_uneven, lambda _: {}) as url:
        fetched = _alone("fetch", url, folder, "2025-01-01", "2025-01-10")
        again = _alone("fetch", url, folder, "2025-01-01", "2025-01-10", "append")
    _modest(fetched, again)
    must(fetched["rows"] == 400_000, f"{fetched['rows']} events")
    must(again["requests"] == 0, "days with nothing were asked for again")
    return f"400,000 events of one day in {_cost(fetched)}; nothing asked for twice"


def many_users(folder: Path, users: int) -> str:
    """A profile table of many users, fetched page by page and queried."""
    with _mixpanel(lambda _: b"", partial(_users, users)) as url:
        fetched = _alone("fetch_users", url, folder)
    _modest(fetched)
    must(fetched["rows"] == users, f"{fetched['rows']} of {users} users")
    return f"{users:,} users in {_cost(fetched)}"


TRIALS: dict[str, Callable[[Path], str]] = {
    "a quarter with many events": partial(many_events, events=EVENTS),
    "2,000 event names, 5,000 properties": many_names,
    "a day with everything, days with nothing": uneven_days,
    "a table of many users": partial(many_users, users=USERS),
}


def _modest(*works: dict[str, Any]) -> None:
    for work in works:
        must(work["peak_mb"] < MEMORY, f"{work['peak_mb']:.0f} MB of memory")


def _cost(work: dict[str, Any]) -> str:
    return f"{work['seconds']:.0f} s and {work['peak_mb']:.0f} MB"


def _names(day: str) -> bytes:
    """50,000 events of a day, each with 20 of 5,000 properties."""
    start = 1735689600 + 86_400 * (int(day[-2:]) - 1)
    lines = (
        json.dumps(
            {
                "event": f"Event {n % 2_000}",
                "properties": {"time": start + n, "distinct_id": str(n % 999), "$insert_id": f"{day}-{n}"}
                | {
                    f"property {(n * 20 + k) % 5_000}": (n, f"v{n}", n / 7, n % 2 == 0)[k % 4]
                    for k in range(20)
                },
            }
        )
        for n in range(50_000)
    )
    return "\n".join(lines).encode()


def _uneven(day: str) -> bytes:
    if day != FULL_DAY:
        return b""
    lines = (
        f'{{"event":"e","properties":{{"time":{1735862400 + n % 86_400},'
        f'"distinct_id":"{n % 9_999}","$insert_id":"{n}","n":{n}}}}}\n'
        for n in range(400_000)
    )
    return "".join(lines).encode()


def _users(users: int, form: dict[str, str]) -> dict[str, Any]:
    page = int(form.get("page", "0"))
    numbers = range(page * PAGE, min((page + 1) * PAGE, users))
    return {
        "page": page,
        "page_size": PAGE,
        "total": users,
        "session_id": "s",
        "results": [
            {
                "$distinct_id": f"user-{n}",
                "$properties": {
                    "$email": f"{n}@example.com",
                    "plan": "pro",
                    "n": n,
                    "$last_seen": "2025-01-01T10:00:00",
                },
            }
            for n in numbers
        ],
    }


@contextmanager
def _mixpanel(
    day_of: Callable[[str], bytes], page_of: Callable[[dict[str, str]], dict[str, Any]]
) -> Iterator[str]:
    """A server of days and of pages of users."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            first, last = (int(query[name][0][-2:]) for name in ("from_date", "to_date"))
            days = [day_of(f"2025-01-{day:02}") for day in range(first, last + 1)]
            self._send(b"\n".join(text for text in days if text))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._send(json.dumps(page_of({name: values[0] for name, values in form.items()})).encode())

        def _send(self, body: bytes) -> None:
            body = gzip.compress(body, 1)
            self.send_response(200)
            headers = {
                "Content-Encoding": "gzip",
                "Content-Length": str(len(body)),
                "Content-Type": "application/json",
            }
            headers["RateLimit-Policy"] = '"project";q=1000000;w=3600'
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _alone(name: str, *arguments: object) -> dict[str, Any]:
    """A piece of work in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "faults.scale", name, *map(str, arguments)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    must(done.returncode == 0, done.stderr[-200:])
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return outcome


def _workspace(folder: str, url: str | None = None) -> Any:
    from workspaces import workspace_on

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.workspace import sandbox_credentials

    client = MixpanelAPIClient(sandbox_credentials(), base_url=url)
    return workspace_on(client, Path(folder) / "data.db")


def fetch(url: str, folder: str, first: str, last: str, append: str = "") -> dict[str, Any]:
    """Fetch the events of some days."""
    with _workspace(folder, url) as ws:
        # One download at a time: what waits on disk is then a few chunks, not all of them.
        result = ws.fetch_events(
            from_date=first, to_date=last, if_exists="append" if append else "fail", workers=1
        )
    return {"rows": result.rows, "requests": result.requests}


def fetch_users(url: str, folder: str) -> dict[str, Any]:
    """Fetch all users, and count them."""
    with _workspace(folder, url) as ws:
        result = ws.fetch_profiles()
        counted = ws.sql_scalar("SELECT count(DISTINCT n) FROM profiles WHERE plan = 'pro'")
    must(counted == result.rows, f"{counted} of {result.rows} users are counted")
    return {"rows": result.rows}


def ask(folder: str, events: str) -> dict[str, Any]:
    """SQL and four reports over the quarter."""
    days = {"from_date": "2025-01-01", "to_date": "2025-03-31", "table": "events"}
    with _workspace(folder) as ws:
        must(ws.sql_scalar("SELECT count(*) FROM events") == int(events), "rows are missing")
        by_day = ws.segmentation("Purchase", on="plan", **days).df
        summed = ws.sql_scalar("SELECT count(*) FROM events WHERE event_name = 'Purchase'")
        must(int(by_day["count"].sum()) == summed, "a report counts otherwise than SQL")
        ws.segmentation_sum("Purchase", on="amount", **days)
        ws.funnel(steps=["View Product", "Add to Cart", "Purchase"], **days)
        ws.retention(born_event="Search", return_event="Purchase", unit="week", **days)
        ws.summarize("events")
    return {}


def ask_names(folder: str) -> dict[str, Any]:
    """Names and properties that came, and a report by a rare one."""
    with _workspace(folder) as ws:
        names = ws.sql_scalar("SELECT count(DISTINCT event_name) FROM events")
        properties = ws.sql_scalar(
            "SELECT count(DISTINCT k) FROM (SELECT unnest(json_keys(properties)) AS k FROM events) "
            "WHERE k LIKE 'property %'"
        )
        days = {"from_date": "2025-01-01", "to_date": "2025-01-04", "table": "events"}
        ws.segmentation("Event 7", on="property 4997", **days)
        repr(ws.schema("events"))
        ws.top_events(table="events", date="2025-01-02", limit=2_000)
    return {"names": names, "properties": properties}


if __name__ == "__main__":
    started = time.monotonic()
    answer = globals()[sys.argv[1]](*sys.argv[2:])
    answer |= {
        "seconds": time.monotonic() - started,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(answer) + "\n")
