"""The measures that other tests rely on find what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import TimeoutError as NothingThere

from browser.lab import PATIENCE
from browser.looks import broken, colors, faint_texts, overflows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

SVG = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' width='90' height='90'>{}</svg>"
BLANK = SVG.format("<rect width='90' height='90' fill='white'/>")
DRAWN = SVG.format(
    "".join(f"<rect y='{30 * n}' width='90' height='30' fill='{c}'/>" for n, c in enumerate(("red", "blue")))
)
PLACE = '<section style="width: 200px; background: {}"><div id="card">{}</div></section>'


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def test_a_blank_picture_has_no_more_than_one_colour(page: Page) -> None:
    page.set_content(f'<div id="card">t<img alt="a chart of something or other" src="{BLANK}"></div>')
    assert colors(page.locator("img")) <= 1
    assert broken(page.locator("#card")) == {"t": ["a blank picture: a chart of something or other"]}
    page.set_content(f'<img src="{DRAWN}">')
    assert colors(page.locator("img")) >= 3


def test_what_sticks_out_is_found_unless_it_scrolls(page: Page) -> None:
    wide = '<p style="width: 300px">wide</p>'
    page.set_content(PLACE.format("white", wide))
    assert overflows(page.locator("#card"), "section") == {"wide": ["P wide"]}
    page.set_content(PLACE.format("white", f'<div style="overflow-x: auto">{wide}</div>'))
    assert overflows(page.locator("#card"), "section") == {}


def test_each_card_is_looked_at_and_none_is_not_well(page: Page) -> None:
    table = "<table><thead><tr><th>a<th>b</thead><tbody><tr><td>1</tbody></table>"
    image = f'<img src="{DRAWN}">'
    page.set_content(f"<div>well</div><div>short{table}</div><div></div><div>unsaid<br>{image}</div>")
    assert broken(page.locator("div")) == {
        "short": ["1 cells below 2 headings"],
        "": ["no words"],
        "unsaid": ["a picture without words: "],
    }
    page.set_default_timeout(10)
    with pytest.raises(NothingThere):
        broken(page.locator("#none"))
    page.set_default_timeout(PATIENCE)


@pytest.mark.parametrize(
    ("ground", "style", "contrast"),
    [
        ("white", "color: #999", ["2.85 pale"]),
        ("white", "color: black", []),
        ("black", "color: white; opacity: 0.3", ["2.46 pale"]),
        ("black", "color: rgba(255, 255, 255, 0.9)", []),
    ],
)
def test_texts_that_are_hard_to_read_are_found(
    page: Page, ground: str, style: str, contrast: list[str]
) -> None:
    page.set_content(PLACE.format(ground, f'<span style="{style}">pale</span>'))
    assert faint_texts(page.locator("#card"), 4.5) == ({"pale": contrast} if contrast else {})
