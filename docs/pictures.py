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
    "<body style='font: 14px system-ui; margin: 0'><div id=card style='padding: 16px; width: 860px'>{}</div>"
)


def cards() -> dict[str, Result]:
    """The results that are pictured, by the name of their file."""
    with Workspace.memory("sandbox") as ws:
        ws.fetch_events(**QUARTER)
        steps = ["View Product", "Add to Cart", "Purchase"]
        return {
            "howto-active": recipe(ws, "Daily, weekly, monthly active users"),
            "howto-growth": recipe(ws, "Growth accounting"),
            "howto-funnel": ws.funnel(steps=steps, table="events", **QUARTER),
            "howto-flow": ws.flow(start="Sign Up", table="events", **QUARTER),
            "howto-retention": ws.retention(born_event="Sign Up", unit="week", table="events", **QUARTER),
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
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(device_scale_factor=1.5)
        for name, result in cards().items():
            page.set_content(PAGE.format(result.to_html()))
            page.locator("#card").screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
