"""The theme of all charts.

A chart has no ground of its own, so that it stands on a light page, a dark page and paper alike. Marks have
at least 3:1 with white and with the grounds of the dark themes of JupyterLab, GitHub and VS Code. Texts have
nearly the most that one colour can have with both ends, 4.3:1: none has 4.5:1 with white and with #111111,
because these two are 18.9:1 apart. Colours are those of Okabe and Ito (2008), which are distinguishable with
any common colour blindness, the light ones darkened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PALETTE = ("#0B7CC2", "#C78400", "#009E73", "#C96FA2", "#3E9BD0", "#D55E00", "#7F7F7F")
# From little to much, one hue, each darker than the one before (ColorBrewer's Blues): for filled cells.
RAMP = ("#E3EEF8", "#C6DBEF", "#9ECAE1", "#6BAED6", "#4292C6", "#2171B5", "#08519C", "#08306B")
# The same on either side of 0, in the hues of the ``DIFFERENCES``.
_MORE = ("#E4F3EE", "#BFE3D6", "#93D0BB", "#5FBA9B", "#2CA17C", "#00805D", "#00614A", "#004334")
_LESS = ("#FBE9DD", "#F7D0B5", "#F0AF85", "#E78B52", "#D96A22", "#B34F00", "#8A3D00", "#612B00")
# From low to high, for marks: hues, because on a ground of unknown colour there is no lightness to use.
RANGES = ("#2B9485", "#2A8FBD", "#3A78C9", "#6A6AD0", "#8A5CC4", "#A8509F", "#B8506A")
PALE = "rgba(11, 124, 194, 0.25)"
BEFORE = "#868C95"
"""What another is compared with."""
DIFFERENCES = {"more": PALETTE[2], "less": PALETTE[5], "uncertain": "#868C95"}
"""What is above or below what it is compared with, or not known to be."""
GAP = "rgba(230, 159, 0, 0.22)"
INK = "#2B2F36"
"""Text on a light ground of its own."""
TEXT = "#737A84"
"""Text on the page, whatever its colour."""
GRID = "rgba(128, 128, 128, 0.25)"
RULE = "#868C95"
PAPER = "#FFFFFF"
"""The ground of a picture in a file."""
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
        "labelColor": TEXT,
        "labelFontSize": FONT_SIZE,
        "titleColor": TEXT,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
        "domainColor": RULE,
        "tickColor": RULE,
        "gridColor": GRID,
    }
    return {
        "font": FONT,
        "background": "transparent",
        "padding": {"left": 8, "top": 6, "right": 26, "bottom": 4},
        "view": {"stroke": None},
        "title": {
            "anchor": "start",
            "color": TEXT,
            "fontSize": 15,
            "fontWeight": 600,
            "offset": 12,
            "subtitleColor": TEXT,
            "subtitleFontSize": FONT_SIZE,
        },
        "axis": axis,
        "axisX": {"grid": False, "labelOverlap": True, "labelSeparation": 8, "labelPadding": 4},
        "axisY": {
            "domain": False,
            "ticks": False,
            "labelPadding": 6,
            "minExtent": 36,  # plots below each other begin at the same place
            "tickCount": 5,
            "titleAngle": 0,
            "titleAlign": "left",
            "titleAnchor": "end",
            "titleX": 0,
            "titleY": -8,
        },
        "legend": {
            "orient": "bottom",
            "labelColor": TEXT,
            "labelFontSize": FONT_SIZE,
            "labelLimit": LEGEND_NAME_WIDTH,
            "titleColor": TEXT,
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


def colors_of(names: Sequence[str], colors: Sequence[str] | None = None) -> list[str]:
    """A colour for each name: those that are given, else those of the palette, over and over."""
    known = PALETTE if colors is None else colors
    return [known[place % len(known)] for place in range(len(names))]


def ramp(share: float) -> str:
    """The colour of a value from 0 to 1, interpolated in ``RAMP``."""
    return _between(RAMP, share)


def signed_ramp(share: float) -> str:
    """The colour of a value from -1 to 1, of one hue below 0 and of another above."""
    return _between(_MORE if share >= 0 else _LESS, abs(share))


def _between(colors: Sequence[str], share: float) -> str:
    """The colour at a share (0 to 1) of the way from the first of several to the last."""
    place = min(max(share, 0.0), 1.0) * (len(colors) - 1)
    low = min(int(place), len(colors) - 2)
    pairs = zip(_channels(colors[low]), _channels(colors[low + 1]), strict=True)
    return "#" + "".join(f"{round(start + (end - start) * (place - low)):02X}" for start, end in pairs)


def paler(color: str) -> str:
    """The colour half way to white."""
    return "#" + "".join(f"{round((channel + 255) / 2):02X}" for channel in _channels(color))


def greyed(color: str) -> str:
    """The colour half way to grey: visible on the same grounds, and less than the colour."""
    pairs = zip(_channels(color), _channels(BEFORE), strict=True)
    return "#" + "".join(f"{round((channel + grey) / 2):02X}" for channel, grey in pairs)


def ramp_colors(count: int) -> list[str]:
    """Colours from low to high, visible on every ground."""
    return [_between(RANGES, place / max(count - 1, 1)) for place in range(count)]


def rgba(color: str, opacity: float = 1) -> str:
    """A colour as JupyterLab's sanitiser keeps it in a style."""
    red, green, blue = _channels(color)
    return f"rgba({red}, {green}, {blue}, {opacity:.2g})"


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
