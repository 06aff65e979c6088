"""What a person does with a widget, done to the widget: choosing, typing, pressing."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

import ipywidgets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.display.widgets import Explorer

_TAG = re.compile(r"<[^>]+>")


def all_in(widget: Any) -> Iterator[Any]:
    """The widget and everything in it that is not hidden."""
    if getattr(widget.layout, "display", None) == "none":
        return
    yield widget
    for child in getattr(widget, "children", ()):
        yield from all_in(child)


def text_of(widget: Any) -> str:
    """The text of all HTML in it, as it is read."""
    return "\n".join(plain(each.value) for each in all_in(widget) if isinstance(each, ipywidgets.HTML))


def plain(value: str) -> str:
    """HTML as text."""
    return html.unescape(_TAG.sub(" ", value)).strip()


def buttons(widget: Any) -> dict[str, Any]:
    """The buttons by what they say when the mouse is over them."""
    return {each.tooltip: each for each in all_in(widget) if isinstance(each, ipywidgets.Button)}


def press(widget: Any, tooltip: str) -> None:
    """Press a button."""
    button = buttons(widget)[tooltip]
    assert not button.disabled
    button.click()


def labelled(explorer: Explorer) -> dict[str, Any]:
    """The fields of a form by their labels."""
    found = {}
    for box in all_in(explorer):
        children: Any = getattr(box, "children", ())
        if len(children) == 2 and isinstance(children[0], ipywidgets.HTML):
            inner = children[1]
            found[plain(children[0].value)] = (
                inner.children[0] if isinstance(inner, ipywidgets.HBox) else inner
            )
    return found


def choose(explorer: Explorer, label: str, value: str) -> None:
    """Choose from the list with that label."""
    chosen = labelled(explorer)[label]
    chosen.index = list(chosen.options).index(value)


def type_in(explorer: Explorer, label: str, value: Any) -> None:
    """Type into the field with that label."""
    labelled(explorer)[label].value = value


def look_at(explorer: Any, tab: str) -> None:
    """Turn to a tab."""
    tabs = next(each for each in all_in(explorer) if isinstance(each, ipywidgets.Tab))
    tabs.selected_index = [tabs.get_title(place) for place in range(len(tabs.children))].index(tab)


def tab(explorer: Any) -> tuple[str, str]:
    """The name of the tab that is looked at, and its text."""
    tabs = next(each for each in all_in(explorer) if isinstance(each, ipywidgets.Tab))
    place = tabs.selected_index
    return tabs.get_title(place), text_of(tabs.children[place])
