"""Notebooks in JupyterLab, as pictures: ``make pictures`` draws them anew (with Debian's ``chromium``)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser.opened import opened_browser, opened_lab  # noqa: E402 - its folder is only now on the path

if TYPE_CHECKING:
    from browser.lab import Lab
    from playwright.sync_api import Locator, ViewportSize

IMAGES = Path(__file__).parent / "images"
SETUP = "%load_ext mixpanel_nb\n%mp_connect sandbox --memory\nfetched = %mp_fetch --last 90d"
FUNNEL = '%mp_funnel --step "View Product" --step "Add to Cart" --step "Start Checkout" --step Purchase'
RETENTION = '%mp_retention --born "Sign Up" --unit week'
EXPLORER = 'funnel = %mp_funnel --step "View Product" --step "Add to Cart" --step Purchase --on $os'
SIZE: ViewportSize = {"width": 1_080, "height": 1_600}  # what is scrolled away would not be pictured


def cells(lab: Lab) -> dict[str, Locator]:
    """What is pictured, by the name of its file: a cell with its answer, or the answer alone."""
    lab.open(lab.write(SETUP, FUNNEL, RETENTION, f"{EXPLORER}\nfunnel.explore()"))
    lab.run_all()
    found = lab.notebook.locator(".jp-CodeCell")
    return {"funnel": found.nth(1), "retention": found.nth(2), "explorer": lab.output(3)}


def main() -> None:
    """Draw them all."""
    with (
        tempfile.TemporaryDirectory() as folder,
        opened_browser() as browser,
        opened_lab(browser, Path(folder)) as lab,
    ):
        lab.page.set_viewport_size(SIZE)
        for name, shown in cells(lab).items():
            shown.screenshot(path=IMAGES / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    main()
