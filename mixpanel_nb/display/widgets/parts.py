"""Parts that all widgets share."""

from __future__ import annotations

from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets

from mixpanel_nb.display.card import NO_MATH
from mixpanel_nb.display.text import block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VIEW = "application/vnd.jupyter.widget-view+json"
"""The MIME type under which front ends look for a widget."""

FULL = {"width": "100%", "max_width": "1100px"}
_MUTED = "opacity: 0.7; font-size: 12px; line-height: 1.5"
# A caret below an expression marks a position, so the font is monospaced.
_ERROR = (
    "color: #C62828; font-family: monospace; font-size: 13px; line-height: 1.5; white-space: pre-wrap; "
    "overflow-wrap: anywhere"
)
_MAX_TEXT = 5_000


class View(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A widget, and a card for where it is not alive.

    In a notebook these are two outputs, because JupyterLab shows nothing but an error of an output whose
    widget is gone. The widget hides the card while it is alive.

    Args:
        children: What it consists of.
        html: The card shown instead.
        text: The same as text.
    """

    def __init__(
        self,
        children: Sequence[Any],
        *,
        html: Callable[[], str | None],
        text: Callable[[], str],
        **traits: Any,
    ) -> None:
        self._hiding = hidden()
        super().__init__([*children, self._hiding], layout=ipywidgets.Layout(**FULL), **traits)
        self._card_html, self._card_text = html, text

    def bundles(self) -> list[dict[str, Any]]:
        """The MIME bundles of its outputs: the card, where there is one, and the widget."""
        card, text = self._card_html(), self._card_text()
        if card is None:
            return [bundle_of(self, text=text)]
        name = f"mixpanel-nb-{sha256(card.encode()).hexdigest()[:12]}"
        if name not in self._hiding.value:
            self._hiding.value += f"<style>.{name} {{ display: none }}</style>"
        reserve = {"text/plain": text, "text/html": f'<div class="{name}">{card}</div>'}
        return [reserve, bundle_of(self, text="") | {"text/html": ""}]

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Display the card, then the widget."""
        del kwargs
        from IPython.display import display

        for bundle in self.bundles():
            display(bundle, raw=True)

    def _repr_html_(self) -> str | None:
        """The card, for notebooks without widgets."""
        return self._card_html()

    def __repr__(self) -> str:
        return self._card_text()


def bundle_of(widget: Any, *, text: str) -> dict[str, Any]:
    """The MIME bundle of a widget, with a text in reserve."""
    return {"text/plain": text, VIEW: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}}


def html(value: str = "", **layout: str) -> Any:
    """Unescaped HTML."""
    return ipywidgets.HTML(value, layout=ipywidgets.Layout(**{"margin": "0", **layout}))


def hidden(value: str = "") -> Any:
    """HTML that takes no room, such as styles and scripts."""
    return html(value, height="0", overflow="hidden")


def button(description: str, tooltip: str, on_click: Callable[[], None], **layout: str) -> Any:
    """A button that calls ``on_click``."""
    made = ipywidgets.Button(
        description=description,
        tooltip=tooltip,
        layout=ipywidgets.Layout(**{"width": "auto", "margin": "0 6px 0 0", **layout}),
    )
    made.on_click(lambda _: on_click())
    return made


def row(children: Sequence[Any], **layout: str) -> Any:
    """Side by side, wrapped if there is no room."""
    shape = {"flex_flow": "row wrap", "align_items": "center", "overflow": "visible", **layout}
    return ipywidgets.HBox(children, layout=ipywidgets.Layout(**shape))


def muted(text: str) -> str:
    """A muted line, as HTML."""
    return f'<div class="{NO_MATH}" style="{_MUTED}">{escape(block(text, _MAX_TEXT))}</div>' if text else ""


def failure(error: BaseException) -> str:
    """An error as HTML: what is wrong, and what to do."""
    if isinstance(error, KeyboardInterrupt):
        return muted("Stopped.")
    message = getattr(error, "message", None) or str(error)
    details = getattr(error, "details", {}) or {}
    lines = [f"{type(error).__name__}: {message}", details.get("context"), getattr(error, "hint", None)]
    text = "\n".join(str(line) for line in lines if line)
    return f'<div class="{NO_MATH}" role="alert" style="{_ERROR}">{escape(block(text, _MAX_TEXT))}</div>'


def attempt(work: Callable[[], None], tell: Callable[[str], None]) -> bool:
    """Run the callback of a click and show an error as HTML, since errors in callbacks are not visible.

    Returns whether it succeeded.
    """
    try:
        work()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - it may be any: the work is the caller's
        tell(failure(error))
        return False
    return True


def close_all(widgets: Sequence[Any]) -> None:
    """Close widgets and their children, in the kernel and in the page."""
    for widget in widgets:
        close_all(getattr(widget, "children", ()))
        widget.close()
