"""Charts as bytes, without browser or network."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def render_svg(chart: alt.Chart) -> str:
    """The chart as SVG: the same text for the same chart, always."""
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_spec(chart)))


def render_png(chart: alt.Chart, scale: float = 2) -> bytes:
    """The chart as PNG.

    Args:
        chart: The chart.
        scale: Pixels per unit of its size.
    """
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(_spec(chart), scale=scale))


def _spec(chart: alt.Chart) -> dict[str, Any]:
    """The chart's Vega-Lite, untouched by what the user switched on for their own charts.

    ARIA labels are left out: nobody can reach them inside an image, and they are most of its size.
    """
    import altair as alt

    with alt.data_transformers.enable("default"):
        spec = chart.to_dict()
    spec.setdefault("config", {})["aria"] = False
    fit: dict[str, Any] = _fit(spec)
    return fit


def _fit(part: Any) -> Any:
    """The part of a spec, its texts without what SVG cannot hold: the renderer would end the process."""
    match part:
        case str():
            return _NOT_IN_XML.sub("�", part)
        case dict():
            return {_fit(key): _fit(value) for key, value in part.items()}
        case list():
            return [_fit(item) for item in part]
        case _:
            return part
