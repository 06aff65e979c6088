"""Ctrl-C at any line: of the package's own code on the main thread, and in a kernel that lives on."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from services.support import table_rows

import mixpanel_nb
from faults import truth as known
from faults.record import must
from faults.truth import DAYS
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from types import FrameType

    from faults.kills import Yard
    from mixpanel_nb import Workspace

HEADING = "Process"
PACKAGE = mixpanel_nb.__path__[0]

WORK: dict[str, Callable[[Workspace], Any]] = {
    "fetch": lambda ws: ws.fetch_events("fresh", **DAYS, columns=["plan"]),
    "fetch, append": lambda ws: ws.fetch_events(**DAYS, if_exists="append", columns=["plan"]),
    "fetch, replace": lambda ws: ws.fetch_events(**DAYS, if_exists="replace", columns=["plan"]),
    "promote": lambda ws: ws.promote("events", "utm_source", "revenue"),
    "drop": lambda ws: ws.drop("events", "people"),
    "query": lambda ws: ws.sql("SELECT count(*) FROM events"),
}


class Interrupter:
    """Counts the lines of the package that the main thread runs, and interrupts at one of them."""

    def __init__(self, at: int | None = None) -> None:
        self.lines = 0
        self.place = ""
        self._at = at

    def __enter__(self) -> Interrupter:
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _call(self, frame: FrameType, event: str, _: object) -> Any:
        return self._line if frame.f_code.co_filename.startswith(PACKAGE) else None

    def _line(self, frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            self.lines += 1
            if self.lines == self._at:
                sys.settrace(None)
                self.place = f"{frame.f_code.co_filename.rpartition('mixpanel_nb/')[2]}:{frame.f_lineno}"
                signal.raise_signal(signal.SIGINT)
        return self._line


def lines_of(where: Yard, name: str) -> int:
    """How many lines the work takes when nobody interrupts it."""
    with _open(where) as ws, Interrupter() as counter:
        WORK[name](ws)
    return counter.lines


def interrupted(where: Yard, name: str, at: int) -> str:
    """Interrupt the work at its ``at``-th line; the same session and another go on as if nothing had been."""
    assert threading.current_thread() is threading.main_thread()
    before = set(threading.enumerate())
    with _open(where) as ws:
        assert ws.storage.path is not None
        folder = ws.storage.path.parent
        ended = True
        with Interrupter(at) as moment:
            try:
                WORK[name](ws)
            except KeyboardInterrupt:
                ended = False
        place = f" (interrupted at {moment.place})"
        try:
            _check(where, ws, name, before, ended=ended)
        except KeyboardInterrupt:
            raise AssertionError(f"a second KeyboardInterrupt came{place}") from None
        except Exception as error:
            raise type(error)(f"{error}{place}") from error
        known.check_tidy(folder)
    return "ended" if ended else "cut short; the same session went on"


def _open(where: Yard) -> Workspace:
    folder = where.fresh()
    (folder / "tmp").rmdir()
    return known.open_workspace(
        folder, where.server.url, account=sandbox_credentials(), timeout=30.0, export_timeout=30.0
    )


def _check(where: Yard, ws: Workspace, name: str, before: set[threading.Thread], *, ended: bool) -> None:
    assert ws.storage.path is not None
    known.check_free(ws.storage.path)
    known.check_quiet(before)
    tables = {table.name: table for table in ws.storage.list_tables()}
    if name == "drop":
        must(("events" in tables) == ("people" in tables), "one of two tables was dropped")
    if name == "fetch":
        known.check_honest(ws, where.truth, "fresh")
    if name == "fetch, replace":
        must(table_rows(ws) in (where.old, where.truth), "neither the old table nor the new one")
    if name == "fetch, append" and tables["events"].complete:
        must(table_rows(ws) in (where.old, where.old + where.truth), "complete, and it is not")
    if not ended and not (name == "drop" and "events" not in tables):
        if name == "fetch" and "fresh" in tables and tables["fresh"].complete:
            return
        WORK[name](ws)
    match name:
        case "fetch":
            must(known.holds_truth(ws, where.truth, "fresh"), "run again, the table is not the truth")
        case "fetch, append":
            must(table_rows(ws) == where.old + where.truth, "run again, the table is not the truth")
        case "fetch, replace":
            must(table_rows(ws) == where.truth, "run again, the table is not the truth")
        case "promote" | "query":
            must(table_rows(ws) == where.old, "the rows have changed")
    hidden = ws.storage.execute_rows(
        "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '\\_repl%' ESCAPE '\\'"
    )
    must(not hidden, f"left in the database: {hidden}")


def random_moments(where: Yard, name: str, count: int, draw: random.Random) -> list[int]:
    """Lines of the work at which to interrupt it."""
    lines = lines_of(where, name)
    return [draw.randint(1, lines) for _ in range(count)]
