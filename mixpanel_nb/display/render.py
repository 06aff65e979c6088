"""Rendering of charts to SVG and PNG without browser or network, the same on every machine.

Texts are measured with widths that come with the package (``fonts/``): those of Arial, Helvetica and
Liberation Sans, one of which nearly every viewer has. Fonts of the machine are not used, so the same chart
gives the same SVG everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.fluid import fluid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    import altair as alt

_FONTS = Path(__file__).parent / "fonts"
_MEASURED = "Mixpanel NB Metrics"  # widths without glyphs, for every character
_SIZE = re.compile(r'<svg [^>]*width="([\d.]+)" height="([\d.]+)"')
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True)
class Legend:
    """What the colours of a picture are.

    Attributes:
        title: What the names are, or None.
        names: The name of each colour.
        colors: The colours.
    """

    title: str | None
    names: list[str]
    colors: list[str]


@dataclass(frozen=True)
class Picture:
    """A picture for a page.

    Attributes:
        svg: The picture.
        width: Its width in pixels as it was drawn.
        height: Its height in pixels.
        legend: What its colours are; the picture does not say it.
        is_fluid: Whether it fills any width.
    """

    svg: str
    width: int
    height: int
    legend: Legend | None
    is_fluid: bool


def render_svg(chart: alt.Chart) -> str:
    """The chart as SVG: always the same text for the same chart."""
    return _svg(_spec(chart))


def pictures(chart: alt.Chart) -> list[Picture]:
    """The chart as pictures for a page, one for each plot below another, without legends."""
    return [_picture(spec) for spec in plots(_spec(chart))]


def plots(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The plots of a chart as charts of their own."""
    shared = {name: value for name, value in spec.items() if name != "vconcat"}
    for plot in spec.get("vconcat", [{}]):
        yield shared | plot


def _picture(spec: dict[str, Any]) -> Picture:
    is_fixed = bool(spec.pop("usermeta", {}).get("fixed"))
    legend = _taken_legend(spec)
    svg = _svg(spec)
    width, height = (round(float(number)) for number in _SIZE.findall(svg)[0])
    return Picture(svg if is_fixed else fluid(svg), width, height, legend, not is_fixed)


def _taken_legend(spec: dict[str, Any]) -> Legend | None:
    """The legend of a chart, which is no longer in it."""
    found = None
    for part in (spec, *spec.get("layer", ())):
        color = part.get("encoding", {}).get("color", {})
        names = (color.get("scale") or {}).get("domain") if isinstance(color, dict) else None
        if names and color.get("legend", {}) is not None:
            titles = (color.get("legend", {}).get("title", ""), color.get("title", ""))
            title = None if None in titles else next(filter(None, titles), None)
            found = Legend(title, names, color["scale"]["range"])
            color["legend"] = None
    return found


def _svg(spec: dict[str, Any]) -> str:
    svg = str(converter().vegalite_to_svg(spec))
    # The font is named once for the whole picture, not for each text.
    named = svg.replace(f' font-family="{_MEASURED}"', "")
    return named.replace("<svg ", f'<svg font-family="{theme.FONT}" ', 1)


def render_png(chart: alt.Chart, scale: float = 2, *, ground: str | None = None) -> bytes:
    """The chart as PNG; glyphs that the package's font lacks come from the machine's fonts.

    Args:
        chart: The chart.
        scale: Pixels per unit of its size.
        ground: The colour behind it; None is none.
    """
    return bytes(converter().svg_to_png(_svg(_grounded(_spec(chart), ground)), scale=scale))


def render_pdf(chart: alt.Chart) -> bytes:
    """The chart as a PDF of its size, on white."""
    return bytes(converter().svg_to_pdf(_svg(_grounded(_spec(chart), theme.PAPER))))


def _grounded(spec: dict[str, Any], ground: str | None) -> dict[str, Any]:
    if ground is not None:
        spec["config"]["background"] = ground
    return spec


@cache
def converter() -> ModuleType:
    """The renderer, with the package's fonts registered."""
    import vl_convert

    vl_convert.register_font_directory(str(_FONTS))
    module: ModuleType = vl_convert
    return module


def specification(chart: alt.Chart) -> dict[str, Any]:
    """The chart's Vega-Lite, independent of the user's Altair settings."""
    import altair as alt

    with alt.data_transformers.enable("default"):
        spec = chart.to_dict()
    spec.setdefault("config", {})
    fit: dict[str, Any] = _fit(spec)
    return fit


def _spec(chart: alt.Chart) -> dict[str, Any]:
    """The chart's Vega-Lite for a picture.

    ARIA labels are left out: they are unreachable inside an image, and most of its size.
    """
    spec = specification(chart)
    config = spec["config"]
    config["aria"] = False
    if config.get("font") == theme.FONT:
        config["font"] = _MEASURED
    return spec


def _fit(part: Any) -> Any:
    """Part of a spec without characters that SVG cannot contain, which would crash the renderer."""
    match part:
        case str():
            return _NOT_IN_XML.sub("�", part)
        case dict():
            return {_fit(key): _fit(value) for key, value in part.items()}
        case list():
            return [_fit(item) for item in part]
        case _:
            return part
