"""Charts as files: an interactive page that needs no network, and pictures."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.interactive import make_touchable
from mixpanel_nb.display.render import (
    converter,
    render_pdf,
    render_png,
    render_svg,
    specification,
)
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.files import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import altair as alt


def save_chart(chart: alt.Chart, path: str | Path) -> Path:
    """Write a chart to a file, whose kind its ending says.

    Args:
        chart: The chart.
        path: A path that ends in ``.html`` (interactive, without a network), ``.png``, ``.svg`` or ``.pdf``.

    Raises:
        ParameterError: The ending is none of these.
        StorageError: The file is a database.
        OSError: It cannot be written.
    """
    target = Path(path)
    rendered = _RENDERED.get(target.suffix.lower())
    if rendered is None:
        raise ParameterError(
            f"{target.name!r} has no ending that says what to save.",
            parameter="path",
            value=str(path),
            hint=f"End it in {', '.join(list(_RENDERED)[:-1])} or {list(_RENDERED)[-1]}.",
        )
    atomic.check_place(target, replace=True)
    with atomic.writing(target) as file:
        file.write(rendered(chart))
    return target


def interactive_page(chart: alt.Chart) -> str:
    """The chart as one HTML file that needs no network, with tooltips, zoom and a legend that switches.

    A click on a name of the legend shows it alone, with Shift another one too. The wheel zooms along x, and
    dragging moves.
    """
    spec = specification(chart)
    title = _title_of(spec)
    for plot in spec.get("vconcat", [spec]):
        make_touchable(plot)
    spec["config"]["background"] = theme.PAPER
    page = str(converter().vegalite_to_html(spec, bundle=True))
    return page.replace("<head>", f"<head><title>{escape(title)}</title>", 1)


def _title_of(spec: Mapping[str, Any]) -> str:
    titles = [part["title"] for part in (spec, *spec.get("vconcat", ())) if part.get("title")]
    if not titles:
        return "Chart"
    return str(titles[0]["text"] if isinstance(titles[0], dict) else titles[0])


_RENDERED: dict[str, Callable[[alt.Chart], bytes]] = {
    ".html": lambda chart: interactive_page(chart).encode(),
    ".png": lambda chart: render_png(chart, ground=theme.PAPER),
    ".svg": lambda chart: render_svg(chart).encode(),
    ".pdf": render_pdf,
}
