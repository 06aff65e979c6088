"""An answer in tabs: its chart, its rows, and the code that produces it."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets

from mixpanel_nb.display.card import render_html
from mixpanel_nb.display.text import block
from mixpanel_nb.display.widgets import parts
from mixpanel_nb.display.widgets.pager import Pager

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.display.card import Card
    from mixpanel_nb.display.widgets.pager import Rows

TABS = ("Chart", "Table", "Query")
_CHART, _TABLE = 0, 1
_MAX_CODE = 50_000
_CODE = (
    "margin: 0 0 14px 0; padding: 8px 12px; font-size: 12px; line-height: 1.5; white-space: pre-wrap; "
    "overflow-wrap: anywhere; background-color: rgba(128, 128, 128, 0.12); border-radius: 6px; "
    "user-select: all"
)
_COPY = (
    "margin-left: 10px; padding: 1px 10px; font-size: 12px; cursor: pointer; color: inherit; "
    "background: rgba(128, 128, 128, 0.15); border: 1px solid rgba(128, 128, 128, 0.4); border-radius: 4px"
)
# The button copies the text of the block after its line; if the browser refuses (a page without a secure
# context), it selects the block, so that the copy shortcut works.
_ON_COPY = (
    "const code = this.parentElement.nextElementSibling, said = this;"
    "const done = () => { said.textContent = 'Copied';"
    " setTimeout(() => { said.textContent = 'Copy'; }, 1500); };"
    "const select = () => { getSelection().selectAllChildren(code); said.textContent = 'Selected'; };"
    "if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, select);"
    "else select();"
)


class Answer(Protocol):
    """The content of the tabs."""

    def card(self) -> Card:
        """Title, facts, chart and notes."""

    def to_html(self) -> str:
        """The card as HTML."""

    def to_text(self) -> str:
        """The card as text."""

    def pages(self) -> Rows:
        """All rows, in pages."""

    def codes(self) -> Sequence[tuple[str, str]]:
        """Code that produces it again: a label and a text each."""


class AnswerView(parts.View):
    """An answer in tabs, which another answer can replace."""

    def __init__(self, answer: Answer) -> None:
        self._card, self._codes = parts.html(width="100%"), parts.html(width="100%")
        self._pages = ipywidgets.VBox(layout=ipywidgets.Layout(width="100%"))
        self._tabs = ipywidgets.Tab([self._card, self._pages, self._codes])
        for place, title in enumerate(TABS):
            self._tabs.set_title(place, title)
        self._tabs.observe(lambda _: self._fill(), "selected_index")
        self._answer = answer
        self._drawn: bool | None = None
        self._filled: set[int] = set()
        super().__init__(
            [self._tabs], html=lambda: self._answer.to_html(), text=lambda: self._answer.to_text()
        )
        self.show(answer)

    def show(self, answer: Answer) -> None:
        """Show another answer; hidden tabs are filled when the user opens them."""
        self._answer, self._filled = answer, set()
        drawn = answer.card().chart is not None
        if drawn != self._drawn:  # between no content and some content
            self._drawn = drawn
            self._tabs.selected_index = _CHART if drawn else _TABLE
        self._fill()

    def _fill(self) -> None:
        place = self._tabs.selected_index or 0
        if place in self._filled:
            return
        fill = (self._fill_card, self._fill_pages, self._fill_codes)[place]
        if parts.attempt(fill, lambda message: self._say(place, message)):
            self._filled.add(place)

    def _say(self, place: int, message: str) -> None:
        """Show a message in place of a tab's content."""
        if place == _TABLE:
            self._put_pages(parts.html(message))
        else:
            self._tabs.children[place].value = message

    def _fill_card(self) -> None:
        # The content of the other tabs is not repeated.
        card = replace(self._answer.card(), table=None, query=None)
        self._card.value = render_html(card) + (
            "" if card.chart else parts.muted("There is no chart of this.")
        )

    def _fill_pages(self) -> None:
        self._put_pages(Pager(self._answer.pages()).widget)

    def _put_pages(self, shown: Any) -> None:
        before, self._pages.children = self._pages.children, [shown]
        parts.close_all(before)

    def _fill_codes(self) -> None:
        self._codes.value = "".join(_block(label, text) for label, text in self._answer.codes())


def _block(label: str, text: str) -> str:
    shown = escape(block(text.strip("\n"), _MAX_CODE), quote=True)
    copy = f'<button type="button" style="{_COPY}" onclick="{escape(_ON_COPY, quote=True)}">Copy</button>'
    return f'<div style="margin: 4px 0"><b>{escape(label)}</b>{copy}</div><pre style="{_CODE}">{shown}</pre>'
