"""The progress widget of a fetch: its state, its chunks, and a cancel button."""

from __future__ import annotations

import _thread
import time
from html import escape
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display.progress import LiveDisplay, progress_line
from mixpanel_nb.display.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixpanel_nb.display.progress import Piece, Snapshot

_COLORS = {
    "waiting": "rgba(128, 128, 128, 0.25)",
    "loading": "#56B4E9",
    "here": "#0072B2",
    "stored": "#009E73",
    "failed": "#D55E00",
}
"""A colour for each state of a piece, from a palette for all types of colour vision."""

_SQUARE = "display: inline-block; width: 14px; height: 14px; margin: 0 3px 3px 0; border-radius: 3px"
_LEGEND = "opacity: 0.7; font-size: 12px; margin-right: 14px; white-space: nowrap"
_LINE = "font-size: 13px; line-height: 1.5"


class WidgetProgress(LiveDisplay):
    """A bar, a line of figures, a square for each piece, and Cancel; removed when the work has ended.

    Cancel interrupts the kernel, so the work ends in the same way. The click arrives while the cell runs if
    the kernel reads widget messages on a separate thread (ipykernel 7 with JupyterLab 4.4 or later);
    otherwise it would arrive after the cell, so there is no button.

    Args:
        can_cancel: Whether clicks arrive while a cell runs.
        after: Seconds before progress is shown; waits are shown at once.
        clock: Seconds, for tests.
    """

    def __init__(
        self, *, can_cancel: bool, after: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(after=after, clock=clock)
        self._can_cancel = can_cancel
        self._box: Any = None

    def _first(self, snapshot: Snapshot) -> dict[str, Any]:
        # Created on first use: ipywidgets is slow to import.
        import ipywidgets

        from mixpanel_nb.display.widgets import parts

        layout = ipywidgets.Layout(width="320px", margin="0 12px 0 0")
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout=layout)
        self._cancel = parts.button("Cancel", "Stop; what has arrived is kept", self._stop)
        _answer_at_once(self._cancel)
        self._line, self._squares = parts.html(), parts.html()
        top = [self._bar, self._cancel] if self._can_cancel else [self._bar]
        self._box = ipywidgets.VBox(
            [parts.row(top), self._line, self._squares], layout=ipywidgets.Layout(**parts.FULL)
        )
        self._next(snapshot)
        return parts.bundle_of(self._box, text=progress_line(snapshot))

    def _next(self, snapshot: Snapshot) -> None:
        total = snapshot.chunks_total
        self._bar.value = snapshot.chunks_done / total if total else 0
        hint = "" if self._can_cancel else " · interrupt the kernel to stop"
        self._line.value = f'<div style="{_LINE}">{escape(progress_line(snapshot) + hint)}</div>'
        self._squares.value = squares(snapshot.pieces)

    def _last(self) -> None:
        if self._box is not None:
            # Saved widget state includes closed widgets, so it is emptied.
            self._line.value = self._squares.value = ""
            for widget in (self._bar, self._cancel, self._line, self._squares, self._box):
                widget.close()
            self._box = None

    def _stop(self) -> None:
        with self._lock:
            if self._box is None:  # it has ended: nothing else may be interrupted instead
                return
            self._cancel.disabled = True
            self._cancel.description = "Stopping…"
            _thread.interrupt_main()


def _answer_at_once(widget: Any) -> None:
    """Read the widget's messages while a cell runs.

    ipykernel 7.4 otherwise reads them on the thread of the last message to the widget, that is, after this
    cell; with this, on the thread to which the front end sends them.
    """
    widget.comm._reply_subshell_for = lambda _, sent_to: sent_to


def squares(pieces: Sequence[Piece]) -> str:
    """A square for each piece, whose tooltip names it, and the legend of the colours."""
    if not pieces:
        return ""
    squares = "".join(
        f'<span title="{_named(piece)}" style="{_SQUARE}; background-color: {_COLORS[piece.state]}"></span>'
        for piece in pieces
    )
    counts = {state: sum(piece.state == state for piece in pieces) for state in _COLORS}
    legend = "".join(
        f'<span style="{_LEGEND}"><span style="{_SQUARE}; width: 9px; height: 9px; margin: 0 4px 0 0; '
        f'background-color: {_COLORS[state]}"></span>{count} {state}</span>'
        for state, count in counts.items()
        if count
    )
    return f'<div style="margin: 6px 0 0 0">{squares}</div><div>{legend}</div>'


def _named(piece: Piece) -> str:
    return escape(one_line(f"{piece.name}: {piece.state}, {piece.rows:,} rows", 200), quote=True)
