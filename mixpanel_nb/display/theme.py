"""The one look of all charts.

Colours are Okabe and Ito's (2008), which people with any common colour blindness can tell apart, without
the yellow and black that are hard to see or to soften on white. The background is part of the picture, so
that a chart is legible in a dark theme and on paper alike.
"""

from __future__ import annotations

from typing import Any

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#7F7F7F")
INK = "#2B2F36"
MUTED = "#5B616B"
GRID = "#E6E8EB"
BACKGROUND = "#FFFFFF"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, 'Liberation Sans', sans-serif"

WIDTH = 640
HEIGHT = 200


def config() -> dict[str, Any]:
    """The theme as a Vega-Lite ``config``, to be set on each chart: nothing global changes."""
    axis = {
        "labelColor": MUTED,
        "labelFontSize": 11,
        "titleColor": MUTED,
        "titleFontSize": 11,
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
        "title": {"anchor": "start", "color": INK, "fontSize": 13, "fontWeight": 600, "offset": 12},
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
            "titleY": -6,
        },
        "legend": {
            "orient": "bottom",
            "columns": 4,
            "labelColor": INK,
            "labelFontSize": 11,
            "labelLimit": 140,
            "titleColor": MUTED,
            "titleFontSize": 11,
            "titleFontWeight": "normal",
            "symbolLimit": 28,
        },
        "range": {"category": list(PALETTE)},
        "line": {"strokeWidth": 2, "strokeJoin": "round"},
        "area": {"opacity": 0.85},
        "bar": {"color": PALETTE[0]},
        "mark": {"color": PALETTE[0]},
    }
