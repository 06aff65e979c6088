"""An answer in tabs: its chart, its rows, and the code that produces it."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets

from mixpanel_nb.display.card import render_html
from mixpanel_nb.display.text import block, distinct_labels
from mixpanel_nb.display.widgets import parts
from mixpanel_nb.display.widgets.live import library
from mixpanel_nb.display.widgets.pager import Pager

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.display.card import Card
    from mixpanel_nb.display.widgets.pager import Rows

TABS = ("Chart", "Table", "Query")
USERS = "Users"
_CHART, _TABLE, _USERS = 0, 1, 3
_MAX_CODE = 50_000
_MAX_LABEL = 100
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


class Group(Protocol):
    """Users that can be shown."""

    @property
    def label(self) -> str:
        """Whose users they are."""

    def answer(self) -> Answer:
        """The users; may raise."""


class Answer(Protocol):
    """The content of the tabs."""

    def card(self) -> Card:
        """Title, facts, chart and notes."""

    @property
    def remarks(self) -> Sequence[str]:
        """Notes for readers who only see rows or code."""

    def to_html(self) -> str:
        """The card as HTML."""

    def to_text(self) -> str:
        """The card as text."""

    def pages(self) -> Rows:
        """All rows, in pages."""

    def codes(self) -> Sequence[tuple[str, str]]:
        """Code that produces it again: a label and a text each."""

    def groups(self) -> Sequence[Group]:
        """The groups of users behind it that can be shown, each by its name; nothing where there are none."""


class AnswerView(parts.View):
    """An answer in tabs, which another answer can replace."""

    def __init__(self, answer: Answer) -> None:
        self._card, self._codes = parts.html(width="100%"), parts.html(width="100%")
        self._pages = ipywidgets.VBox(layout=ipywidgets.Layout(width="100%"))
        self._users = UsersTab()
        self._tabs = ipywidgets.Tab([self._card, self._pages, self._codes])
        self._tabs.observe(lambda _: self._fill(), "selected_index")
        self._answer = answer
        self._drawn: bool | None = None
        self._filled: set[int] = set()
        super().__init__(
            [library(), self._tabs], html=lambda: self._answer.to_html(), text=lambda: self._answer.to_text()
        )
        self.show(answer)

    def show(self, answer: Answer) -> None:
        """Show another answer; hidden tabs are filled when the user opens them."""
        self._answer, self._filled = answer, set()
        self._offer(answer.groups())
        drawn = answer.card().chart is not None
        if drawn != self._drawn:  # between no content and some content
            self._drawn = drawn
            self._tabs.selected_index = _CHART if drawn else _TABLE
        self._fill()

    def _offer(self, groups: Sequence[Group]) -> None:
        """Have a tab of users where there are groups of them."""
        titles = (*TABS, USERS) if groups else TABS
        shown = [self._card, self._pages, self._codes, *([self._users.widget] if groups else [])]
        if len(self._tabs.children) != len(shown):
            if not groups and self._tabs.selected_index == _USERS:
                self._tabs.selected_index = _TABLE
            self._tabs.children = shown
        for place, title in enumerate(titles):
            self._tabs.set_title(place, title)
        self._users.offer(groups)

    def _fill(self) -> None:
        place = self._tabs.selected_index or 0
        if place in self._filled:
            return
        fill = (self._fill_card, self._fill_pages, self._fill_codes, self._users.fill)[place]
        if parts.attempt(fill, lambda message: self._say(place, message)):
            self._filled.add(place)

    def _say(self, place: int, message: str) -> None:
        """Show a message in place of a tab's content."""
        if place == _TABLE:
            self._put_pages(parts.html(message))
        elif place == _USERS:
            self._users.say(message)
        else:
            self._tabs.children[place].value = message

    def _fill_card(self) -> None:
        # The content of the other tabs is not repeated.
        card = replace(self._answer.card(), table=None, query=None)
        self._card.value = render_html(card, live=True) + (
            "" if card.chart else parts.muted("There is no chart of this.")
        )

    def _fill_pages(self) -> None:
        self._put_pages(parts.html(self._remarks()), Pager(self._answer.pages()).widget)

    def _put_pages(self, *shown: Any) -> None:
        before, self._pages.children = self._pages.children, shown
        parts.close_all(before)

    def _fill_codes(self) -> None:
        blocks = (_block(label, text) for label, text in self._answer.codes())
        self._codes.value = self._remarks() + "".join(blocks)

    def _remarks(self) -> str:
        """What the chart's tab says below the chart, such as that nobody has a property of that name."""
        return "".join(map(parts.muted, self._answer.remarks))


class UsersTab:
    """Groups of users to choose from, and the rows of the one that is chosen."""

    def __init__(self) -> None:
        layout = ipywidgets.Layout(width="min(560px, 100%)")
        self._choice = ipywidgets.Dropdown(description="Users of", layout=layout)
        self._choice.observe(lambda _: self._changed(), "index")
        self._rows = ipywidgets.VBox(layout=ipywidgets.Layout(width="100%"))
        self.widget = ipywidgets.VBox([self._choice, self._rows], layout=ipywidgets.Layout(width="100%"))
        self._groups: Sequence[Group] = ()
        self._silent = False

    def offer(self, groups: Sequence[Group]) -> None:
        """Offer other groups; the first is chosen, and shown when the tab is."""
        self._silent = True
        try:
            self._groups = groups
            self._choice.options = distinct_labels([group.label for group in groups], _MAX_LABEL)
            self._choice.index = 0 if groups else None
        finally:
            self._silent = False

    def fill(self) -> None:
        """Show the users of the chosen group."""
        answer = self._groups[self._choice.index or 0].answer()
        title = parts.html(f"<b>{escape(answer.card().title)}</b>")
        self._put([title, Pager(answer.pages()).widget])

    def say(self, message: str) -> None:
        """Show a message in place of the users."""
        self._put([parts.html(message)])

    def _changed(self) -> None:
        if not self._silent and self._groups:
            parts.attempt(self.fill, self.say)

    def _put(self, shown: Sequence[Any]) -> None:
        before, self._rows.children = self._rows.children, shown
        parts.close_all(before)


def _block(label: str, text: str) -> str:
    shown = escape(block(text.strip("\n"), _MAX_CODE), quote=True)
    copy = f'<button type="button" style="{_COPY}" onclick="{escape(_ON_COPY, quote=True)}">Copy</button>'
    return f'<div style="margin: 4px 0"><b>{escape(label)}</b>{copy}</div><pre style="{_CODE}">{shown}</pre>'
