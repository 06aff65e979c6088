from __future__ import annotations

import io
from dataclasses import replace

import nbformat
import pytest
from nbclient import NotebookClient

from mixpanel_nb.display import Progress, TerminalProgress, progress_line
from mixpanel_nb.results import FetchProgress

NOW = FetchProgress(
    table="events",
    type="events",
    state="fetching",
    chunks_done=7,
    chunks_total=13,
    days_done=49,
    days_total=90,
    rows=61_204,
    bytes=12_100_000,
    elapsed_seconds=4.0,
)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_line_tells_chunks_rows_bytes_rate_and_time_left() -> None:
    assert progress_line(NOW) == "events  7/13 chunks · 61,204 rows · 12.1 MB · 15,301 rows/s · 3.0 s left"


def test_the_line_leaves_out_what_nobody_knows_yet() -> None:
    start = replace(NOW, chunks_done=0, chunks_total=None, rows=0, bytes=0, elapsed_seconds=0.0)
    assert progress_line(start) == "events  0 chunks · 0 rows · 0 bytes"


def test_waiting_says_for_what_instead_of_a_rate() -> None:
    waiting = replace(NOW, state="waiting", message="waiting 42 s for the\nhourly quota")
    assert progress_line(waiting) == (
        "events  7/13 chunks · 61,204 rows · 12.1 MB · waiting 42 s for the↵hourly quota"
    )


def test_a_terminal_gets_one_live_line_that_is_gone_at_the_end() -> None:
    stream = io.StringIO()
    progress: Progress = TerminalProgress(stream, tty=True)
    progress(NOW)
    assert stream.getvalue().startswith("\revents  7/13 chunks")
    assert stream.getvalue().endswith("\x1b[K")
    progress(replace(NOW, state="done"))
    assert stream.getvalue().endswith("\r\x1b[K")
    assert "\n" not in stream.getvalue()


def test_a_line_is_cut_to_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    stream = io.StringIO()
    TerminalProgress(stream, tty=True)(NOW)
    assert stream.getvalue() == "\revents  7/13 chunks · 61,204…\x1b[K"


def test_a_stream_that_is_no_terminal_stays_empty() -> None:
    stream = io.StringIO()
    with TerminalProgress(stream) as progress:
        progress(NOW)
        progress(replace(NOW, state="failed"))
    assert stream.getvalue() == ""


def test_leaving_the_block_on_an_error_removes_the_line() -> None:
    stream = io.StringIO()
    with pytest.raises(KeyboardInterrupt), TerminalProgress(stream, tty=True) as progress:
        progress(NOW)
        raise KeyboardInterrupt
    assert stream.getvalue().endswith("\r\x1b[K")


def test_at_most_ten_updates_a_second_but_news_at_once() -> None:
    clock, stream = Clock(), io.StringIO()
    progress = TerminalProgress(stream, tty=True, clock=clock)
    for _ in range(100):
        progress(NOW)
        clock.now += 0.01
    assert 9 <= stream.getvalue().count("\r") <= 11
    before = stream.getvalue().count("\r")
    progress(replace(NOW, state="waiting", message="waiting 42 s"))
    assert stream.getvalue().count("\r") == before + 1


PRELUDE = """
import dataclasses, time
from mixpanel_nb.display import TextProgress
from mixpanel_nb.results import FetchProgress

def fetch(seconds, message=None):
    progress = TextProgress(after=0.2)
    start = time.monotonic()
    now = FetchProgress("events", "events", "fetching", 1, 3, 1, 3, 1000, 5000, 1.0, message)
    while time.monotonic() - start < seconds:
        progress(dataclasses.replace(now, elapsed_seconds=time.monotonic() - start))
        time.sleep(0.02)
    progress(dataclasses.replace(now, state="done"))
    return 1000
"""


def notebook_of(cells: list[str]) -> nbformat.NotebookNode:
    data = [{"cell_type": "code", "id": f"c{number}", "source": cell} for number, cell in enumerate(cells)]
    blank: dict[str, object] = {"metadata": {}, "outputs": [], "execution_count": None}
    return nbformat.from_dict(  # type: ignore[no-any-return]  # nbformat's
        {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [blank | cell for cell in data]}
    )


class Watcher(NotebookClient):
    """A client that also remembers what was on the screen while a cell ran."""

    seen: list[str]

    def output(self, outs, msg, display_id, cell_index):  # type: ignore[no-untyped-def]  # as in the base class
        self.seen.append(str(msg["content"].get("data", msg["content"])))
        return super().output(outs, msg, display_id, cell_index)

    def process_message(self, msg, cell, cell_index):  # type: ignore[no-untyped-def]  # as in the base class
        if msg["msg_type"] == "update_display_data":
            self.seen.append(str(msg["content"]["data"]))
        return super().process_message(msg, cell, cell_index)


def test_a_notebook_shows_a_live_line_that_leaves_no_trace() -> None:
    cells = [PRELUDE, "print('before')\nfetch(1.0)", "fetch(0.05)", "fetch(0.05, 'waiting 42 s')"]
    notebook = notebook_of(cells)
    client = Watcher(notebook, timeout=180, kernel_name="python3")
    client.seen = []
    client.execute()
    nbformat.validate(notebook)
    assert any("1/3 chunks" in text and "s left" in text for text in client.seen)
    assert any("waiting 42 s" in text for text in client.seen)
    shown = [[visible(output) for output in cell.outputs if visible(output)] for cell in notebook.cells]
    assert shown == [[], ["before\n", "1000"], ["1000"], ["1000"]]
    assert [len(cell.outputs) for cell in notebook.cells] == [
        0,
        3,
        1,
        2,
    ]  # the live line ends as an empty bundle


def visible(output: nbformat.NotebookNode) -> str:
    if output.output_type == "stream":
        return str(output.text)
    return str(output.data.get("text/plain", "".join(output.data)))
