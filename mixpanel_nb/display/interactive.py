"""Charts that are touched: tooltips, zoom, and a legend that switches, in a file or in a notebook.

A notebook's chart is HTML with the static picture and the chart's Vega-Lite. A script draws it with
Vega-Embed in place of the picture. The library comes with vl-convert and reaches the page from the kernel,
once for all charts; nothing is loaded from a network. Where no script runs, the picture stays.
"""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import sys
from html import escape
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import theme
from mixpanel_nb.display.render import plots, specification

if TYPE_CHECKING:
    from collections.abc import Mapping

    import altair as alt

_PICKED = {"name": "picked", "select": {"type": "point", "fields": ["c"]}, "bind": "legend"}
_ON_WHEEL = "wheel!"
# In a notebook the wheel alone scrolls; a pinch on a trackpad is a turn of the wheel with Ctrl.
_ON_CTRL_WHEEL = "wheel![event.ctrlKey || event.metaKey]"
_HIDDEN = 0.06  # opacity of what the legend switches off
_NARROW = 540  # pixels of a narrow notebook
_CHARACTER, _SYMBOL = 7, 52  # pixels in a legend
_BOX = "contain: inline-size"  # a chart fits its place, and not the other way round
_EDGE = 8  # pixels between the edge of a plot and its first point, which would be cut in half

# What the page has of this package: the function that draws, or the charts that wait for it.
_SHARED = "const shared = window.mixpanelNb ??= {waiting: []};"
_ON_CHART = f"""{_SHARED} const chart = this.parentElement;
shared.draw ? shared.draw(chart) : shared.waiting.push(chart);"""
# The text of the library becomes a function, because some pages forbid scripts from addresses of their own.
_ON_LIBRARY = (
    f"{_SHARED} const packed = this.dataset.packed; if (packed && !shared.begun) {{ shared.begun = true;"
    "const bytes = Uint8Array.from(atob(packed), letter => letter.charCodeAt(0));"
    "const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));"
    "new Response(unpacked).text().then(library => new Function(library)()); }"
)
_BUNDLE = (
    "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle(sys.stdin.read()).encode())"
)
_DRAW = """
const drawn = [];
shared.draw = chart => {
    drawn.filter(({chart}) => !chart.isConnected).forEach(({end}) => end());
    drawn.splice(0, drawn.length, ...drawn.filter(({chart}) => chart.isConnected));
    const specs = JSON.parse(chart.dataset.chart);
    const [red, green, blue] = getComputedStyle(chart).color.match(/[\\d.]+/g).map(Number);
    const options = {
        renderer: "svg", actions: false, tooltip: {theme: red + green + blue > 384 ? "dark" : "light"},
    };
    const live = document.createElement("div");
    const draw = async () => {
        chart.append(live);
        const views = await Promise.all(specs.map(async spec => {
            const place = document.createElement("div");
            place.style.cssText = "display: block; width: 100%; overflow-x: auto";
            live.append(place);
            return (await vegaEmbed(place, spec, options)).view;
        }));
        [...chart.children].filter(part => part !== live).forEach(part => { part.style.display = "none"; });
        return views;
    };
    let views = null;
    const sized = new ResizeObserver(async () => {
        if (!chart.clientWidth) return;  // in a tab that is not seen
        if (views === null) {
            views = draw();
            await views.catch(() => live.remove());
        } else {
            (await views).forEach((view, place) => {
                if (specs[place].width === "container") view.signal("width", chart.clientWidth).runAsync();
            });
        }
    });
    sized.observe(chart);
    drawn.push({chart, end: async () => {
        sized.disconnect();
        (await views ?? []).forEach(view => view.finalize());
    }});
};
shared.waiting.splice(0).forEach(shared.draw);
"""


def make_touchable(plot: dict[str, Any], *, zoom_on: str = _ON_WHEEL) -> None:
    """Zoom along an axis of times or numbers, and a legend that switches colours.

    Args:
        plot: The Vega-Lite of a plot, which is changed.
        zoom_on: What zooms, as a selector of Vega's events.
    """
    layers = plot.get("layer", [plot])
    along = [part for part in layers if _is_continuous(part, "x")]
    if along and any(_is_continuous(part, "y") for part in layers):
        select = {"type": "interval", "encodings": ["x"], "zoom": zoom_on}
        along[-1].setdefault("params", []).append({"name": "zoom", "select": select, "bind": "scales"})
        for part in along:  # what zooms is cut off at the edges of its plot
            _channel(part, "x")["scale"] = _channel(part, "x").get("scale", {}) | _padded(part)
    colored = [part for part in layers if _channel(part, "color").get("field") == "c"]
    if colored:
        colored[-1].setdefault("params", []).append(_PICKED)
    for part in colored:
        mark = part["mark"] if isinstance(part["mark"], dict) else {}
        shown = part["encoding"].get("opacity") or {"value": mark.get("opacity", 1)}
        part["encoding"]["opacity"] = {"condition": {"param": "picked"} | shown, "value": _HIDDEN}
        if part["encoding"]["color"].get("legend", {}) is not None:
            legend = part["encoding"]["color"].setdefault("legend", {})
            legend["symbolOpacity"] = 1  # Vega-Lite would take that of what is switched off


def live_html(chart: alt.Chart, picture: str) -> str:
    """The chart as HTML that is drawn where ``library_html()`` is on the page too.

    Args:
        chart: The chart.
        picture: Its picture as HTML, which is shown until then.
    """
    specs = [_live(plot) for plot in plots(specification(chart))]
    data = escape(json.dumps(specs, separators=(",", ":")), quote=True)
    script = f'<style onload="{escape(_ON_CHART, quote=True)}"></style>'
    return f'<div style="{_BOX}" data-chart="{data}">{picture}{script}</div>'


def _padded(part: Mapping[str, Any]) -> dict[str, Any]:
    return {"padding": max(_channel(part, "x").get("scale", {}).get("padding", 0), _EDGE)}


def _live(plot: dict[str, Any]) -> dict[str, Any]:
    make_touchable(plot, zoom_on=_ON_CTRL_WHEEL)
    for part in plot.get("layer", [plot]):
        _make_legend_whole(_channel(part, "color"))
    is_fixed = plot.pop("usermeta", {}).get("fixed")
    if plot.get("width") == theme.WIDTH and not is_fixed:
        plot |= {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    return plot


def _make_legend_whole(color: dict[str, Any]) -> None:
    """Show long names of a legend whole, in as many columns as fit a narrow notebook."""
    if color.get("legend") and (color.get("scale") or {}).get("domain"):
        longest = max(len(str(name)) for name in color["scale"]["domain"])
        columns = max(_NARROW // (longest * _CHARACTER + _SYMBOL), 1)
        color["legend"] |= {
            "labelLimit": _NARROW,
            "columns": min(columns, color["legend"].get("columns", columns)),
        }


def library_html() -> str | None:
    """Vega-Embed as HTML: 400 kB, which make a page draw its charts, those to come too; None if that fails.

    vl-convert puts it together in a process of its own, because it would stop all threads of this one for a
    second.
    """
    draw = f"(shared => {{ {_DRAW} }})(window.mixpanelNb)"
    try:
        library = subprocess.run(  # noqa: S603 - it is Python with a text of ours
            [sys.executable, "-c", _BUNDLE], input=draw.encode(), capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    packed = base64.b64encode(gzip.compress(library.stdout, mtime=0)).decode("ascii")
    return f'<style data-packed="{packed}" onload="{escape(_ON_LIBRARY, quote=True)}"></style>'


def _is_continuous(part: Mapping[str, Any], axis: str) -> bool:
    channel = _channel(part, axis)
    drawn = channel.get("axis", {}) is not None and channel.get("scale", {}) is not None
    return drawn and channel.get("type") in {"temporal", "quantitative"}


def _channel(part: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = part.get("encoding", {}).get(name, {})
    return found if isinstance(found, dict) else {}
