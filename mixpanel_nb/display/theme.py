"""The theme of all charts.

Colours are Okabe and Ito's (2008), which are distinguishable with any common colour blindness, without yellow
and black, which are hard to see or to lighten on white. The background is part of the picture, so that a
chart is legible in a dark theme and on paper alike.
"""

from __future__ import annotations

from typing import Any

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7F7F7F")
# From little to much, one hue, each darker than the one before (ColorBrewer's Blues): for amounts and ranges.
RAMP = ("#E3EEF8", "#C6DBEF", "#9ECAE1", "#6BAED6", "#4292C6", "#2171B5", "#08519C", "#08306B")
PALE = "#D9E5F1"
BEFORE = "#9AA0A8"
"""What another is compared with."""
GAP = "#FBE8CC"
INK = "#2B2F36"
MUTED = "#5B616B"
GRID = "#E6E8EB"
BACKGROUND = "#FFFFFF"
# All but the last have equal widths, so that the measured room suffices.
FONT = "Mixpanel NB Sans, Arial, Helvetica, Liberation Sans, Arimo, sans-serif"

# Half the width of a window is left for a card's picture in a narrow one, where this is still readable.
FONT_SIZE = 13
SMALL = 12
LEGEND_NAME_WIDTH = 160  # pixels
WIDTH = 600
HEIGHT = 200


def config() -> dict[str, Any]:
    """The theme as a Vega-Lite ``config``, set on each chart, without global changes."""
    axis = {
        "labelColor": MUTED,
        "labelFontSize": FONT_SIZE,
        "titleColor": MUTED,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
        "domainColor": "#9AA0A8",
        "tickColor": "#9AA0A8",
        "gridColor": GRID,
    }
    return {
        "font": FONT,
        "background": BACKGROUND,
        "padding": 12,
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "color": INK,
            "fontSize": 15,
            "fontWeight": 600,
            "offset": 12,
            "subtitleColor": MUTED,
            "subtitleFontSize": FONT_SIZE,
        },
        "axis": axis,
        "axisX": {"grid": False, "labelOverlap": True, "labelSeparation": 8, "labelPadding": 4},
        "axisY": {
            "domain": False,
            "ticks": False,
            "labelPadding": 6,
            "tickCount": 5,
            "titleAngle": 0,
            "titleAlign": "left",
            "titleAnchor": "end",
            "titleX": 0,
            "titleY": -8,
        },
        "legend": {
            "orient": "bottom",
            "labelColor": INK,
            "labelFontSize": FONT_SIZE,
            "labelLimit": LEGEND_NAME_WIDTH,
            "titleColor": MUTED,
            "titleFontSize": FONT_SIZE,
            "titleFontWeight": "normal",
            "symbolLimit": 28,
        },
        "range": {"category": list(PALETTE)},
        "line": {"strokeWidth": 2, "strokeJoin": "round"},
        "area": {"opacity": 0.85},
        "bar": {"color": PALETTE[0]},
        "mark": {"color": PALETTE[0]},
    }


def ramp(share: float) -> str:
    """The colour of a value from 0 to 1, interpolated in ``RAMP``."""
    place = min(max(share, 0.0), 1.0) * (len(RAMP) - 1)
    low = min(int(place), len(RAMP) - 2)
    pairs = zip(_channels(RAMP[low]), _channels(RAMP[low + 1]), strict=True)
    return "#" + "".join(f"{round(start + (end - start) * (place - low)):02X}" for start, end in pairs)


def paler(color: str) -> str:
    """The colour half way to white."""
    return "#" + "".join(f"{round((channel + 255) / 2):02X}" for channel in _channels(color))


def ramp_colors(count: int) -> list[str]:
    """Colours from low to high, the first still visible on white."""
    return [ramp(0.12 + 0.88 * place / max(count - 1, 1)) for place in range(count)]


def ink_on(color: str) -> str:
    """Ink or white, whichever has more contrast to a colour (contrast as WCAG 2 defines it)."""
    behind, ink = _luminance(color) + 0.05, _luminance(INK) + 0.05
    return INK if behind / ink > 1.05 / behind else "#FFFFFF"


def _luminance(color: str) -> float:
    shares = (channel / 255 for channel in _channels(color))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
