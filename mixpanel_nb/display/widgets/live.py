"""Live charts as widgets."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display.card import Card, Chart, chart_html, render_html
from mixpanel_nb.display.widgets import parts

if TYPE_CHECKING:
    import altair as alt


class _Shared:
    """The widget with the library that draws charts, one for the kernel; closed by `Widget.close_all()`."""

    widget: Any = None


def library() -> Any:
    """The widget that makes the page draw live charts; the same one for all.

    Its content takes a second, on a thread; the charts are pictures until then.
    """
    if _Shared.widget is None or _Shared.widget.comm is None:
        _Shared.widget = parts.hidden()
        Thread(target=_fill, args=(_Shared.widget,)).start()
    return _Shared.widget


def _fill(widget: Any) -> None:
    from mixpanel_nb.display.interactive import library_html

    widget.value = library_html() or ""


class ChartView(parts.View):
    """One chart, live where a kernel is, a card with its picture elsewhere."""

    def __init__(self, chart: alt.Chart) -> None:
        live = chart_html(Chart(lambda: chart, _words(chart)), live=True)
        super().__init__(
            [library(), parts.html(live, width="100%")],
            html=lambda: render_html(_card(chart)),
            text=lambda: repr(chart),
        )


def _card(chart: alt.Chart) -> Card:
    """The chart's title as that of the card, which stands above the key of the colours."""
    import altair as alt

    titled = chart.to_dict().get("title", {})
    title = {"text": titled} if isinstance(titled, str) else titled
    untitled = chart.copy(deep=False)
    if title:
        untitled.title = alt.Undefined
    return Card(title.get("text", ""), title.get("subtitle"), chart=Chart(lambda: untitled, _words(chart)))


def _words(chart: alt.Chart) -> str:
    return str(chart.to_dict().get("description", "Chart"))
