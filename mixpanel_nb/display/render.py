"""Rendering of charts to SVG and PNG without browser or network, the same on every machine.

Texts are measured with widths that come with the package (``fonts/``): those of Arial, Helvetica and
Liberation Sans, one of which nearly every viewer has. Fonts of the machine are not used, so the same chart
gives the same SVG everywhere.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme

if TYPE_CHECKING:
    from types import ModuleType

    import altair as alt

_FONTS = Path(__file__).parent / "fonts"
_MEASURED = "Mixpanel NB Metrics"  # widths without glyphs, for every character
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def render_svg(chart: alt.Chart) -> str:
    """The chart as SVG: always the same text for the same chart."""
    svg = str(_converter().vegalite_to_svg(_spec(chart)))
    # The font is named once for the whole picture, not for each text.
    named = svg.replace(f' font-family="{_MEASURED}"', "")
    return named.replace("<svg ", f'<svg font-family="{theme.FONT}" ', 1)


def render_png(chart: alt.Chart, scale: float = 2) -> bytes:
    """The chart as PNG; glyphs that the package's font lacks come from the machine's fonts.

    Args:
        chart: The chart.
        scale: Pixels per unit of its size.
    """
    return bytes(_converter().svg_to_png(render_svg(chart), scale=scale))


@cache
def _converter() -> ModuleType:
    """The renderer, with the package's fonts registered."""
    import vl_convert

    vl_convert.register_font_directory(str(_FONTS))
    module: ModuleType = vl_convert
    return module


def _spec(chart: alt.Chart) -> dict[str, Any]:
    """The chart's Vega-Lite, independent of the user's Altair settings.

    ARIA labels are left out: they are unreachable inside an image, and most of its size.
    """
    import altair as alt

    with alt.data_transformers.enable("default"):
        spec = chart.to_dict()
    config = spec.setdefault("config", {})
    config["aria"] = False
    if config.get("font") == theme.FONT:
        config["font"] = _MEASURED
    fit: dict[str, Any] = _fit(spec)
    return fit


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
