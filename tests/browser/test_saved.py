"""Charts in a browser without a network: saved ones with tooltips, zoom and a legend; cards of any width."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb.display import Card, Chart, render_html, series_chart
from mixpanel_nb.display.saving import save_chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

DAYS = [
    {"day": date(2025, 1, 1) + timedelta(days=day), "n": 10 * day + 100 * (plan == "pro"), "plan": plan}
    for day in range(90)
    for plan in ("free", "pro")
]
FAINT = 0.1


@pytest.fixture(scope="module")
def saved(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page of a saved chart, opened with the network cut off."""
    file = tmp_path_factory.mktemp("saved") / "chart.html"
    save_chart(series_chart(DAYS, "day", "n", "plan", title="Purchases"), file)
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("svg.marks")
    yield page
    context.close()


def labels(page: Page) -> list[str]:
    return page.locator("svg.marks .role-axis-label text").all_text_contents()


def opacities(page: Page) -> list[float]:
    """How visible each line is."""
    lines = page.locator("svg.marks .mark-line path").all()
    return [float(line.get_attribute("opacity") or 1) for line in lines]


def test_pointing_at_a_line_shows_what_it_is(saved: Page) -> None:
    box = saved.locator("svg.marks .mark-line path").first.bounding_box()
    assert box is not None
    saved.mouse.move(box["x"] + 1, box["y"] + box["height"] - 1)
    saved.mouse.move(box["x"] + 2, box["y"] + box["height"] - 2)
    saved.wait_for_selector("#vg-tooltip-element.visible")
    assert "plan" in saved.locator("#vg-tooltip-element").inner_text()


def test_the_wheel_zooms_along_time(saved: Page) -> None:
    before = labels(saved)
    box = saved.locator("svg.marks").bounding_box()
    assert box is not None
    saved.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(5):
        saved.mouse.wheel(0, -200)
    saved.wait_for_function(
        "before => document.querySelectorAll('svg.marks .role-axis-label text').length !== before",
        arg=len(before),
    )


def test_the_legend_shows_one_line_alone(saved: Page) -> None:
    assert min(opacities(saved)) > FAINT
    saved.locator("svg.marks .role-legend-label text").first.click()
    saved.wait_for_function(
        "() => [...document.querySelectorAll('svg.marks .mark-line path')]"
        ".some(line => Number(line.getAttribute('opacity')) < 0.1)"
    )
    assert max(opacities(saved)) > FAINT


@pytest.mark.parametrize("width", [480, 1_000, 1_100])
def test_a_chart_is_as_wide_as_its_card_and_its_texts_keep_their_size(browser: Browser, width: int) -> None:
    chart = Chart(lambda: series_chart(DAYS, "day", "n", "plan"), "What it shows, in words.")
    page = browser.new_page(viewport={"width": width, "height": 500})
    page.set_content(f"<body style='margin: 0'>{render_html(Card('t', chart=chart))}")
    image = page.locator("img").bounding_box()
    assert image is not None
    assert image["width"] == width
    page.goto(str(page.locator("img").get_attribute("src")))
    texts = [text.bounding_box() for text in page.locator("text").all()]
    assert {14 <= box["height"] <= 18 for box in texts if box is not None} == {True}
    page.close()
