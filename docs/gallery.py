"""Each kind of chart at three widths, on a light and on a dark page: ``make pictures`` draws them anew.

``docs/gallery.py --before`` draws what an older version, whose folder is on ``PYTHONPATH``, can draw.
"""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    Ask = Callable[[Workspace], Any]

HERE = Path(__file__).parent
IMAGES = HERE / "images" / "gallery"
OLD = "before"
WIDTHS = (600, 1_000, 1_800)
THEMES = {"light": ("#ffffff", "#212121"), "dark": ("#111111", "#e0e0e0")}  # JupyterLab's
QUARTER: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31", "table": "events"}
MARCH: dict[str, Any] = {"from_date": "2025-03-01", "to_date": "2025-03-31", "table": "events"}
STEPS = ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
SHARE = ["unique(View Product)", "unique(Purchase)"]
WEEKLY: dict[str, Any] = {"born_event": "Sign Up", "unit": "week", **QUARTER}
TRIAL: dict[str, Any] = {"from_date": "2025-02-10", "to_date": "2025-03-09", "table": "events"}
KINDS: dict[str, tuple[str, Ask]] = {
    "days": ("A number a day", lambda ws: ws.segmentation("Sign Up", **QUARTER)),
    "lines": ("Lines by segment", lambda ws: ws.segmentation("Purchase", on="$os", unit="week", **QUARTER)),
    "metrics": (
        "Metrics side by side, and a share of them",
        lambda ws: ws.insights(SHARE, formulas=["Conversion = B / A * 100 [%]"], unit="week", **QUARTER),
    ),
    "columns": (
        "Months by segment",
        lambda ws: ws.segmentation("Purchase", on="plan", unit="month", **QUARTER),
    ),
    "bars": ("Categories", lambda ws: ws.insights("Purchase", on="utm_source", totals=True, **QUARTER)),
    "ranges": (
        "Ranges of numbers",
        lambda ws: ws.segmentation_numeric("Purchase", on="revenue", unit="month", **QUARTER),
    ),
    "compared": (
        "Two months compared",
        lambda ws: ws.segmentation("Purchase", compare="previous", **MARCH),
    ),
    "funnel": ("Funnel", lambda ws: ws.funnel(steps=STEPS, **QUARTER)),
    "funnel-by": ("Funnel by segment", lambda ws: ws.funnel(steps=STEPS, on="$os", **QUARTER)),
    "retention": ("Retention", lambda ws: ws.retention(**WEEKLY)),
    "retention-by": (
        "Retention by segment",
        lambda ws: ws.retention(on="utm_source", interval_count=8, **WEEKLY),
    ),
    "frequency": (
        "Frequency",
        lambda ws: ws.frequency(event="Purchase", unit="month", addiction_unit="day", **QUARTER),
    ),
    "flow": ("Flow", lambda ws: ws.flow(start="Sign Up", end="Purchase", forward=2, back=1, **QUARTER)),
    "sessions": ("Sessions", lambda ws: ws.sessions(unit="week", **QUARTER)),
    "experiment": (
        "Experiment",
        lambda ws: ws.experiment(
            ["unique(Purchase)", "average(Purchase, revenue)"],
            exposure="View Product",
            variant="price_variant",
            **TRIAL,
        ),
    ),
    "why": ("Why a number moved", lambda ws: ws.why("Purchase", "2025-03-11", table="events")),
}
"""A title and a question, by the name of the pictures."""
NEW = ("experiment", "why")
"""Kinds that the older version does not have."""

PAGE = (
    "<body style='font: 14px system-ui; margin: 0; background: {ground}; color: {text}'>"
    "<style>table {{ color: inherit }}</style><div id=card style='padding: 16px'>{html}</div>"
)
# WebP, which Chromium writes: half of what a PNG takes.
ENCODE = """
async png => {
    const image = new Image();
    image.src = `data:image/png;base64,${png}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", 0.25).split(",")[1];
}
"""
INTRO = """\
# Charts at three widths

Each kind of chart in a window of 600, 1,000 and 1,800 pixels, on JupyterLab's light and dark ground.
`make pictures` draws them from the sandbox and writes this page. A card becomes at most 1,100 pixels wide.
Below each, as it was before the charts were drawn anew. Choose a picture to see it in full size.
"""


def draw(page: Page, name: str, html: str) -> None:
    """The pictures of one card; of an older version those at both ends."""
    for theme, (ground, text) in THEMES.items():
        for width in WIDTHS[:: 2 if name.endswith(OLD) else 1]:
            page.set_viewport_size({"width": width, "height": 800})
            page.set_content(PAGE.format(ground=ground, text=text, html=html))
            png = page.locator("#card").screenshot(animations="disabled")
            webp = page.evaluate(ENCODE, base64.b64encode(png).decode())
            (IMAGES / f"{name}-{width}-{theme}.webp").write_bytes(base64.b64decode(webp))


def section(name: str, title: str) -> Iterator[str]:
    """The part of the page about one kind."""
    yield f"\n## {title}\n"
    yield f"| | {' | '.join(f'{width:,}' for width in WIDTHS)} |"
    yield "|---|---|---|---|"
    for version in ("", OLD):
        for theme in THEMES:
            files = [f"{name}{version and f'-{version}'}-{width}-{theme}.webp" for width in WIDTHS]
            row = f"{theme}{version and f', {version}'}"
            shown = [
                f"[![{title}, {row}](images/gallery/{file})](images/gallery/{file})"
                if (IMAGES / file).exists()
                else ""
                for file in files
            ]
            if any(shown):
                yield f"| {row} | {' | '.join(shown)} |"


def main() -> None:
    """Draw them all, and write the page."""
    is_old = sys.argv[1:] == ["--before"]
    IMAGES.mkdir(exist_ok=True)
    with Workspace.memory("sandbox") as ws, sync_playwright() as play:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-03-31")
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page()
        for name, (_, ask) in KINDS.items():
            if not is_old or name not in NEW:
                draw(page, f"{name}-{OLD}" if is_old else name, ask(ws).to_html(max_rows=3))
        browser.close()
    lines = [INTRO, *(line for name, (title, _) in KINDS.items() for line in section(name, title))]
    (HERE / "gallery.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
