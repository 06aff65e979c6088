"""The cards in the guides, as pictures: ``make pictures`` draws them anew (with Debian's ``chromium``)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from mixpanel_nb.results import Result, SQLResult

IMAGES = Path(__file__).parent / "images"
COOKBOOK = Path(__file__).parent / "howto" / "sql-cookbook.md"
CELL = re.compile(r"```ipython\n%%mp_sql ([^\n]*)\n(.*?)```", re.DOTALL)
QUARTER: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31"}
PAGE = (
    "<body style='font: 14px system-ui; margin: 0; background: {ground}; color: {text}'>"
    "<style>table {{ color: inherit }}</style>"
    "<div id=card style='padding: 16px; width: {width}px'>{html}</div>"
)
LIGHT = {"ground": "#ffffff", "text": "#212121"}
DARK = {"ground": "#111111", "text": "#e0e0e0"}  # JupyterLab's
WIDTH = 860


def cards(ws: Workspace) -> dict[str, Result]:
    """The results that are pictured, by the name of their file."""
    steps = ["View Product", "Add to Cart", "Purchase"]
    return {
        "howto-growth": recipe(ws, "Growth accounting"),
        "howto-funnel": ws.funnel(steps=steps, table="events", **QUARTER),
        "howto-flow": ws.flow(start="Sign Up", table="events", **QUARTER),
        "howto-retention": ws.retention(born_event="Sign Up", unit="week", table="events", **QUARTER),
    }


def narrow(ws: Workspace) -> dict[str, Result]:
    """The results that are pictured in a narrow window and a dark theme."""
    steps = ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
    signed: dict[str, Any] = {"born_event": "Sign Up", "unit": "week", "on": "utm_source"}
    signed["interval_count"] = 8
    return {
        "segmentation-dark": ws.segmentation("Purchase", on="$os", unit="week", table="events", **QUARTER),
        "funnel-by-segment-dark": ws.funnel(steps=steps, on="$os", table="events", **QUARTER),
        "retention-by-segment-dark": ws.retention(**signed, table="events", **QUARTER),
    }


def wide(ws: Workspace) -> dict[str, Result]:
    """The results that are pictured as wide as a card becomes."""
    sources = ["unique(View Product)", "unique(Purchase)"]
    share = ["Conversion = B / A * 100 [%]"]
    crashes: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-02-28"}
    return {
        "insights-wide": ws.insights(sources, formulas=share, unit="week", table="events", **QUARTER),
        "days-without-events": ws.fetch_events("crashes", events=["App Crash"], **crashes),
    }


def recipe(ws: Workspace, heading: str) -> SQLResult:
    """What the cell below a heading of the SQL page answers."""
    text = COOKBOOK.read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    line, query = CELL.findall(text)[0]
    options = dict(re.findall(r"--(\S+) (\S+)", line))
    drawn = {"kind": options["chart"], **{axis: options.get(axis) for axis in ("x", "y", "color")}}
    return replace(ws.sql_rows(query), chart_options=drawn, max_rows=int(options["max-rows"]))


def main() -> None:
    """Draw them all."""
    with Workspace.memory("sandbox") as ws, sync_playwright() as play:
        ws.fetch_events(**QUARTER)
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for results, width, look in (
            (cards(ws), WIDTH, LIGHT),
            (narrow(ws), 460, DARK),
            (wide(ws), 1_080, LIGHT),
        ):
            page = browser.new_page(device_scale_factor=1.5 if width == WIDTH else 1)
            page.set_viewport_size({"width": width + 40, "height": 800})
            for name, result in results.items():
                page.set_content(PAGE.format(html=result.to_html(), width=width, **look))
                page.locator("#card").screenshot(path=IMAGES / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
