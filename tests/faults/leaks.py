"""Secrets hunted in everything that was said and written; doors tried; hostile names carried through."""

from __future__ import annotations

import base64
import http.client
import io
import json
import logging
import os
import pickle
import socket
import stat
import threading
import traceback
from collections import Counter
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import quote

from client.echoes import Echo, answer_of, pieces_of
from display.sanitizer import check
from IPython.utils.capture import capture_output
from services.support import answering

from faults.inputs import HOSTILE
from faults.record import must
from faults.truth import ACCOUNT, DAYS, FIRST, LAST, SECRET
from faults.wire import front, says
from mixpanel_nb import Workspace
from mixpanel_nb.accounts import ConfigManager
from mixpanel_nb.cli.program import run
from mixpanel_nb.errors import MixpanelDataError
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.sandbox.store import Dataset

HEADING = "Security"
USER = ACCOUNT.username
FORMS = (
    SECRET,
    quote(SECRET, safe=""),
    json.dumps(SECRET)[1:-1],
    base64.b64encode(f"{USER}:{SECRET}".encode()).decode(),
    base64.b64encode(SECRET.encode()).decode(),
)
PIECES = sorted(pieces_of(USER, SECRET))
RANGE = ["--from", FIRST, "--to", LAST]
COMMANDS: list[list[str]] = [
    *([word] for word in ("info", "tables", "events", "funnels", "cohorts", "bookmarks", "lexicon")),
    *(["auth", word] for word in ("list", "show", "test")),
    ["properties", "Purchase"],
    ["values", "Purchase", "plan"],
    ["fetch", "events", *RANGE, "--append"],
    ["fetch", "profiles", "--replace"],
    ["segmentation", "Purchase", *RANGE],
    ["segmentation", "Purchase", *RANGE, "--table", "events", "--on", "plan"],
    ["funnel", "1001", *RANGE],
    ["retention", "--born", "Sign Up", *RANGE],
    ["frequency", *RANGE],
    ["saved-report", "3001"],
    ["activity-feed", "x", *RANGE],
    ["sql", "SELECT count(*) FROM events"],
    ["sql", "SELEC"],
    ["sql", "FROM duckdb_settings()"],
    ["sql", f"SELECT '{USER}'"],
    ["schema", "events"],
    ["summarize", "events"],
    ["sample", "events"],
    ["promote", "events", "plan"],
    ["drop", "events"],
]
HOSTS = [
    *(
        "evil.example",
        "evil.example:80",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "[::1].evil.example",
        "0.0.0.0",
        "127.0.0.2",
    ),
    *(
        "evil.example:8765@localhost",
        "localhost@evil.example",
        "169.254.169.254",
        "localhost:80:evil",
        "[::ffff:127.0.0.1]",
        "xn--localhost-.com",
    ),
]
PATHS = [
    *(
        "/",
        "/console",
        "/?__debugger__=yes&cmd=resource&f=debugger.js",
        "/static/../../etc/passwd",
        "/../../../../etc/passwd",
        "//etc/passwd",
    ),
    *(
        "/api/query/../../../etc/passwd",
        "/api/query/%2e%2e/%2e%2e/etc/passwd",
        "/api/2.0/export?from_date=../../etc/passwd&to_date=x&project_id=1",
    ),
    *(
        "/api/query/insights?project_id=1&bookmark_id=../../etc",
        "/api/app/projects/..%2f..%2fetc/schemas",
        "/api/query/segmentation?project_id=1",
    ),
    "/api/query/segmentation?project_id=1&event=x&from_date=2025-01-01&to_date=2025-01-02&where=__import__('os')",
    "/api/query/events/properties/values?project_id=1&event=%27;DROP&name=%22%5D)%20FROM%20x",
]


class Ear:
    """Keeps all that is said while it listens: outputs, logs, errors and what hangs on them."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._log = io.StringIO()
        self._handler = logging.StreamHandler(self._log)

    def __enter__(self) -> Ear:
        root = logging.getLogger()
        self._level = root.level
        root.addHandler(self._handler)
        root.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self._handler)
        logging.getLogger().setLevel(self._level)
        self.heard.append(self._log.getvalue())

    def command(self, words: list[str]) -> None:
        """A command in a terminal."""
        out, error = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(error):
            run(words)
        self.heard += [out.getvalue(), error.getvalue()]

    def error(self, error: BaseException) -> None:
        """An error, its causes, and the variables of every frame."""
        self.heard += ["".join(traceback.format_exception(error)), repr(vars(error)), repr(error.args)]
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if "mixpanel_nb" in frame.f_code.co_filename:
                self.heard += [repr(value) for value in frame.f_locals.values()]
        for other in (error.__cause__, error.__context__):
            if other is not None:
                self.error(other)


def hunted(store: Dataset, folder: Path, shell: Any) -> str:
    """Every command against servers good and bad; then the secret is looked for in all of it."""
    home = folder / "home"
    os.environ["MIXPANEL_NB_HOME"] = str(home)
    config = ConfigManager()
    config.add("shop", ACCOUNT)
    echo = f"you sent {SECRET}, {quote(SECRET, safe='')} and {FORMS[3]}".encode()
    with front(create_app(store)) as server, Ear() as ear:
        os.environ["MP_API_BASE_URL"] = server.url
        for misdeed in (
            None,
            says(401, echo),
            says(503, echo, "Retry-After: 3600"),
            says(302, b"", "Location: http://elsewhere.example"),
            says(200, echo),
        ):
            server.misdeed = misdeed
            for words in COMMANDS if misdeed is None else [["auth", "test"], ["events"]]:
                for more in ([], ["--verbose"]):
                    ear.command([*words, *more])
            for line in ("mp_info", "mp_auth show", "mp_funnel 1001 " + " ".join(RANGE)):
                name, _, rest = line.partition(" ")
                with capture_output() as captured:
                    try:
                        value = shell.run_line_magic(name, rest)
                    except MixpanelDataError as error:
                        ear.error(error)
                    else:
                        ear.heard += [repr(value), _pickled(value)]
                ear.heard += [captured.stdout, captured.stderr, str(captured.outputs)]
        server.misdeed = None
        with Workspace("shop") as ws:
            ws.test_credentials()
            things = [ws, ws.api, ws.api.credentials, ws.api._runner, ws.storage, ws.info(), ws.events()]
            for thing in things:
                ear.heard += [repr(thing), str(thing), _pickled(thing), repr(getattr(thing, "__dict__", ""))]
    return _searched(ear.heard, folder, config.path)


def _pickled(value: Any) -> str:
    with suppress(Exception):
        return pickle.dumps(value).decode("latin-1")
    return ""


def echoed(folder: Path, shell: Any, draw: random.Random, kind: str) -> str:
    """An answer that echoes the secret, in a terminal, a notebook and reports that print variables."""
    os.environ["MIXPANEL_NB_HOME"] = str(folder / "home")
    config = ConfigManager()
    config.add("shop", ACCOUNT)
    at_once = patch("mixpanel_nb.client.retry.backoff", return_value=0.0)
    with closing(Echo(answer_of(kind, draw, USER, SECRET))) as server, Ear() as ear, at_once:
        os.environ["MP_API_BASE_URL"] = server.url
        words = draw.choice(ECHOED)
        for more in ([], ["--verbose"]):
            ear.command([*words, *more])
        shell.run_line_magic("xmode", "Verbose")
        with capture_output() as captured:
            ran = shell.run_cell(f"%mp_{words[0]} {' '.join(words[1:])}")
            if ran.error_in_exec is not None:
                ear.error(ran.error_in_exec)
                shell.showtraceback(
                    (type(ran.error_in_exec), ran.error_in_exec, ran.error_in_exec.__traceback__)
                )
        ear.heard += [captured.stdout, captured.stderr]
        with Workspace("shop", path=folder / "other.db") as ws:
            try:
                ws.api.get("events/names")
            except MixpanelDataError as error:
                ear.heard.append(_printed_with_variables(error))
    return _searched(ear.heard, folder, config.path)


ECHOED = [
    ["events"],
    ["funnels"],
    ["lexicon"],
    ["segmentation", "Purchase", "--from", FIRST, "--to", FIRST],
    ["retention", "--born", "A", "--from", FIRST, "--to", FIRST],
    ["fetch", "events", "echoed", "--from", FIRST, "--to", FIRST, "--replace"],
    ["fetch", "profiles", "people", "--replace"],
]


def _printed_with_variables(error: BaseException) -> str:
    from rich.console import Console
    from rich.traceback import Traceback

    assert error.__traceback__ is not None
    begin = error.__traceback__.tb_next  # below the frame of this harness, which knows what it sent
    written = io.StringIO()
    console = Console(file=written, width=400)
    shown = Traceback.from_exception(
        type(error),
        error,
        begin,
        show_locals=True,
        locals_max_string=1_000_000,
        locals_max_length=1_000,
    )
    console.print(shown)
    return written.getvalue()


def _searched(heard: list[str], folder: Path, allowed: Path) -> str:
    for text in heard:
        found = [form for form in PIECES if form in text]
        must(
            not found,
            f"the secret was said: …{text[max(text.find(found[0]) - 60, 0) : text.find(found[0])]}"
            if found
            else "",
        )
    files = [file for file in folder.rglob("*") if file.is_file()]
    for file in files:
        if file != allowed:
            data = file.read_bytes()
            must(not any(form.encode() in data for form in PIECES), f"the secret is in {file.name}")
    return "in nothing that was said or written but config.toml"


def counted(outcomes: Iterator[tuple[str, str]]) -> Counter[str]:
    """How often each outcome came."""
    return Counter(f"{what}: {outcome}" for what, outcome in outcomes)


def modes(store: Dataset, folder: Path) -> str:
    """Nobody else can read what is written, while it is written and after."""
    os.environ["MIXPANEL_NB_HOME"] = str(folder / "home")
    before, seen, over = os.umask(0o022), set[str](), threading.Event()
    beside = folder / "work"
    beside.mkdir()

    def look() -> None:
        while not over.wait(0.001):
            for file in [*beside.rglob("*"), *(folder / "home").rglob("*")]:
                with suppress(FileNotFoundError):
                    if not _is_closed(file, folder):
                        seen.add(f"{file.name} ({stat.S_IMODE(file.stat().st_mode):04o})")

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        with SandboxServer(create_app(store)) as server:
            os.environ["MP_API_BASE_URL"] = server.url
            with Workspace("sandbox", path=beside / "data.db") as ws:
                ws.fetch_events(**DAYS)
                ws.promote("events", "utm_source")
                for _ in range(5):
                    ws.sql("CREATE OR REPLACE TABLE mine AS SELECT properties FROM events")
    finally:
        over.set()
        watcher.join()
        os.umask(before)
    must(not seen, f"others can read {', '.join(sorted(seen))}")
    return "closed to others"


LINKS = [
    "the folder of downloads",
    "a table's folder",
    "the holder's file",
    "the lock",
    "the sign of waiting",
]


def _is_closed(file: Path, folder: Path) -> bool:
    """Whether nobody else can read it: by its own mode, or by that of a folder around it."""
    around = [place for place in (file, *file.parents) if folder in place.parents]
    return any(stat.S_IMODE(place.stat().st_mode) & 0o077 == 0 for place in around)


def linked(store: Dataset, folder: Path, what: str) -> str:
    """Links that somebody laid beside the database: nothing is written or removed behind them."""
    victim = folder / "victim"
    (victim / "events").mkdir(parents=True)
    precious = [victim / "precious", victim / "events" / "precious"]
    for file in precious:
        file.write_text("precious")
    match what:
        case "the folder of downloads":
            (folder / ".data.db.fetch").symlink_to(victim)
        case "a table's folder":
            (folder / ".data.db.fetch").mkdir(mode=0o700)
            (folder / ".data.db.fetch" / "events").symlink_to(victim / "events")
        case "the holder's file":
            (folder / ".data.db.fetch" / "events").mkdir(parents=True, mode=0o700)
            (folder / ".data.db.fetch" / "events" / "holder").symlink_to(precious[0])
        case "the lock":
            (folder / ".data.db.fetch" / "events").mkdir(parents=True, mode=0o700)
            (folder / ".data.db.fetch" / "events" / "lock").symlink_to(precious[0])
        case "the sign of waiting":
            (folder / ".data.db.wait").symlink_to(victim / "made")
    os.environ["MIXPANEL_NB_HOME"] = str(folder / "home")
    with SandboxServer(create_app(store)) as server:
        os.environ["MP_API_BASE_URL"] = server.url
        with (
            Workspace("sandbox", path=folder / "data.db") as ws,
            Workspace("sandbox", path=folder / "data.db") as other,
        ):
            ws.storage._database.max_wait = 0.2
            try:
                ws.fetch_events(**DAYS)
                outcome = "nothing behind the link was touched"
            except MixpanelDataError:
                outcome = "refused"
            if what == "the sign of waiting":
                assert other.connection is not None
                with suppress(MixpanelDataError):
                    ws.tables()
    left = sorted(str(file.relative_to(victim)) for file in victim.rglob("*"))
    must(left == ["events", "events/precious", "precious"], f"behind the link is now {left}")
    must(all(file.read_text() == "precious" for file in precious), "a file behind the link was changed")
    return outcome


def doors(store: Dataset) -> Iterator[tuple[str, str]]:
    """Requests that a sandbox server must refuse; each with what came of it."""
    with SandboxServer(create_app(store)) as server:
        port = int(server.url.rpartition(":")[2])
        for host in HOSTS:
            status, body = _ask(port, "/api/query/events/names?project_id=1&type=general", host)
            must(status in (400, 403), f"Host {host!r} was answered with {status}")
            yield "another Host", "refused"
        for path in PATHS:
            for method in ("GET", "POST", "TRACE", "PUT", "OPTIONS"):
                status, body = _ask(port, path, "localhost", method)
                must(status != 200 or b"root:" not in body, f"{method} {path}: a file was sent")
                must(
                    b"Traceback" not in body and b"werkzeug" not in body.lower(),
                    f"{method} {path}: a debug page",
                )
                must(method != "TRACE" or status >= 400, "TRACE was answered")
                must(status != 500, f"{method} {path} was answered with 500")
                yield "odd paths and methods", "refused or answered as Mixpanel does"
        for address in _addresses():
            with suppress(OSError), socket.create_connection((address, port), timeout=0.5):
                must(False, f"it listens on {address}")
            yield "addresses other than loopback", "nobody listens"


def _ask(port: int, path: str, host: str, method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host)
    connection.putheader("Authorization", "Basic c2FuZGJveDpzYW5kYm94")
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def _addresses() -> list[str]:
    """This machine's addresses but loopback."""
    import psutil

    found = [a.address for each in psutil.net_if_addrs().values() for a in each if a.family == socket.AF_INET]
    return [address for address in found if not address.startswith("127.")]


def injected(folder: Path, every: int = 1) -> Iterator[tuple[str, str]]:
    """Hostile names as events, properties, values and users, through fetch, SQL, reports and cards.

    All of them are in the table; reports are asked of each, or of ``every`` so many of them.
    """
    kept = {"time", "distinct_id", "$insert_id"}
    usable = [text for text in HOSTILE if text and text not in kept and "\ud83d" not in text]
    lines = [
        {
            "event": name,
            "properties": {
                "time": 1735700000 + n,
                "distinct_id": name,
                "$insert_id": str(n),
                name: name,
                "plan": name,
            },
        }
        for n, name in enumerate(usable)
    ]
    body = "\n".join(json.dumps(line) for line in lines).encode()
    os.environ["MIXPANEL_NB_HOME"] = str(folder / "home")
    days: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-01"}
    with answering(lambda _: (200, {}, body)) as url:
        os.environ["MP_API_BASE_URL"] = url
        with Workspace("sandbox", path=folder / "data.db") as ws:
            fetched = ws.fetch_events(**days)
            must(fetched.rows == len(usable), f"{fetched.rows} of {len(usable)} events")
            cards = [
                fetched,
                ws.sql_rows("FROM events"),
                ws.schema("events"),
                ws.summarize("events"),
                ws.tables(),
                ws.info(),
            ]
            for name in usable[::every]:
                for ask in (
                    lambda name=name: ws.segmentation(name, table="events", **days),
                    lambda name=name: ws.segmentation(usable[5], on=name, table="events", **days),
                    lambda name=name: ws.segmentation(usable[5], where=name, table="events", **days),
                    lambda name=name: ws.funnel(steps=[name, usable[5]], table="events", **days),
                    lambda name=name: ws.retention(born_event=name, table="events", **days),
                    lambda name=name: ws.property_counts(usable[5], name, table="events", **days),
                    lambda name=name: ws.activity_feed(name, table="events", **days),
                    lambda name=name: ws.sql_rows(
                        "SELECT count(*) FROM events WHERE event_name = $n", {"n": name}
                    ),
                ):
                    with suppress(MixpanelDataError):
                        cards.append(ask())
                for change in (ws.schema, ws.drop, lambda name: ws.fetch_events(name, **days)):
                    with suppress(MixpanelDataError):
                        change(name)
                if not ws.storage.table_exists("events"):
                    must(name.lower() == "events", f"a table was dropped by {name!r}")
            must(ws.sql_scalar("SELECT count(*) FROM events") == len(usable), "rows are gone")
            for result in cards:
                shown = result._repr_html_()
                must("cannot be shown" not in shown, f"no card of a {type(result).__name__}")
                must("cannot be drawn" not in shown, f"no chart of a {type(result).__name__}")
                html = check(shown)
                must(not html.dropped and not html.open, f"HTML that does not belong: {html.dropped[:3]}")
                yield "names and values that are HTML, SQL or paths", "text everywhere"
    outside = [file for file in folder.iterdir() if file.name not in {"home", "data.db", "data.db.wal"}]
    must(not outside, f"written outside: {outside}")
