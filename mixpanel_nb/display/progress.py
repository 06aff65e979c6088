"""Progress displays, independent of the work that they show.

A progress is any callable that takes a ``Snapshot``. The displays here update one line during the work and
remove it at the end, so that saved notebooks do not change with each run.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO

from mixpanel_nb.display.text import cut, one_line
from mixpanel_nb.display.values import format_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

_SECONDS_BETWEEN = 0.1
_MAX_LINE = 300


class Piece(Protocol):
    """A separate part of the work."""

    @property
    def name(self) -> str:
        """What it is."""

    @property
    def state(self) -> Literal["waiting", "loading", "here", "stored", "failed"]:
        """Its state."""

    @property
    def rows(self) -> int:
        """Its rows so far."""


class Snapshot(Protocol):
    """One moment of the work."""

    @property
    def table(self) -> str:
        """The table that is being filled."""

    @property
    def state(self) -> str:
        """The current activity."""

    @property
    def chunks_done(self) -> int:
        """Chunks done."""

    @property
    def chunks_total(self) -> int | None:
        """Total number of chunks, or None while unknown."""

    @property
    def pieces(self) -> Sequence[Piece]:
        """Each chunk."""

    @property
    def rows(self) -> int:
        """Rows so far."""

    @property
    def bytes(self) -> int:
        """Bytes so far."""

    @property
    def message(self) -> str | None:
        """What the work waits for."""

    @property
    def finished(self) -> bool:
        """Whether this is the last snapshot."""

    @property
    def rows_per_second(self) -> float | None:
        """Rows per second, or None while unknown."""

    @property
    def seconds_left(self) -> float | None:
        """Remaining seconds, or None while unknown."""


class Progress(Protocol):
    """A callable that receives the state of the work."""

    def __call__(self, snapshot: Snapshot, /) -> None:
        """Receive a snapshot of the work."""


def progress_line(snapshot: Snapshot) -> str:
    """A snapshot on one line: ``events  7/13 chunks · 61,204 rows · 12.1 MB · 30,112 rows/s · 4 s left``."""
    total = f"/{snapshot.chunks_total:,}" if snapshot.chunks_total is not None else ""
    parts = [
        f"{snapshot.chunks_done:,}{total} chunks",
        f"{snapshot.rows:,} rows",
        format_value(snapshot.bytes, "bytes"),
    ]
    if snapshot.message:
        parts.append(snapshot.message)
    else:
        if snapshot.rows_per_second is not None:
            parts.append(f"{snapshot.rows_per_second:,.0f} rows/s")
        if snapshot.seconds_left is not None:
            parts.append(f"{format_value(round(snapshot.seconds_left), 'duration')} left")
    return one_line(f"{snapshot.table}  {' · '.join(parts)}", _MAX_LINE)


class _LiveLine(ABC):
    """A line that is replaced at most ten times a second, and at once when the work starts or stops waiting.

    May be called from several threads and used for one fetch after another. The last snapshot of a fetch,
    ``close()`` and the end of a ``with`` block remove the line.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_time = float("-inf")
        self._last_news: tuple[str, bool] | None = None

    def __call__(self, snapshot: Snapshot, /) -> None:
        """Show the snapshot, unless another one was just shown; remove the line if it is the last."""
        with self._lock:
            if snapshot.finished:
                self._end()
            elif self._is_due(snapshot):
                self._show(snapshot)

    def close(self) -> None:
        """Remove the line."""
        with self._lock:
            self._end()

    def __enter__(self) -> _LiveLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_due(self, snapshot: Snapshot) -> bool:
        now = self._clock()
        news = (snapshot.state, snapshot.message is not None)
        if news == self._last_news and now - self._last_time < _SECONDS_BETWEEN:
            return False
        self._last_time, self._last_news = now, news
        return True

    def _end(self) -> None:
        self._last_time, self._last_news = float("-inf"), None
        self._remove()

    @abstractmethod
    def _show(self, snapshot: Snapshot) -> None: ...

    @abstractmethod
    def _remove(self) -> None: ...


class TerminalProgress(_LiveLine):
    """A live line on a terminal; shows nothing if the stream is not a terminal.

    Args:
        stream: Where to write; None is standard error, so that standard output only contains data.
        tty: Whether the stream is a terminal; None checks it.
        clock: Seconds, for tests.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        tty: bool | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(clock=clock)
        self._stream = sys.stderr if stream is None else stream
        self._tty = self._stream.isatty() if tty is None else tty
        self._shown = False

    def _show(self, snapshot: Snapshot) -> None:
        if self._tty:
            width = shutil.get_terminal_size().columns - 1  # a full last column would wrap
            self._write(f"\r{cut(progress_line(snapshot), width)}\x1b[K")
            self._shown = True

    def _remove(self) -> None:
        if self._shown:
            self._write("\r\x1b[K")
            self._shown = False

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class LiveDisplay(_LiveLine):
    """A display below a notebook cell that is updated in place and emptied at the end.

    So a saved notebook does not contain it. It begins as an empty bundle, which is all that nbval compares:
    it ignores updates. Standard error and ``clear_output`` are unsuitable: nbval compares the former, and the
    latter erases earlier output of the cell.

    Args:
        after: Seconds before progress is shown; waits are shown at once.
        clock: Seconds, for tests.
    """

    def __init__(self, *, after: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock=clock)
        self._after = after
        self._began: float | None = None
        self._display: Any = None

    def _is_due(self, snapshot: Snapshot) -> bool:
        now = self._clock()
        if self._began is None:
            self._began = now
        patient = now - self._began < self._after and not snapshot.message
        return not patient and super()._is_due(snapshot)

    def _show(self, snapshot: Snapshot) -> None:
        from IPython.display import display

        if self._display is None:
            self._display = display({}, raw=True, display_id=True)
            self._display.update(self._first(snapshot), raw=True)
        else:
            self._next(snapshot)

    def _remove(self) -> None:
        if self._display is not None:
            self._display.update({}, raw=True)
            self._last()
        self._display, self._began = None, None

    @abstractmethod
    def _first(self, snapshot: Snapshot) -> dict[str, Any]:
        """The bundle to show from now on."""

    @abstractmethod
    def _next(self, snapshot: Snapshot) -> None:
        """Update the display."""

    @abstractmethod
    def _last(self) -> None:
        """Release the display."""


class TextProgress(LiveDisplay):
    """A live line of text below a cell, for shells without widgets."""

    def _first(self, snapshot: Snapshot) -> dict[str, Any]:
        return {"text/plain": progress_line(snapshot)}

    def _next(self, snapshot: Snapshot) -> None:
        self._display.update(self._first(snapshot), raw=True)

    def _last(self) -> None:
        """An empty bundle."""
