"""What a reader would see of cards, measured in the page: colours of their pictures, edges, contrast.

All cards are measured at once: to ask a page for each of their parts takes many times as long. What is
wrong is told by card, under its first line; nothing wrong is ``{}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator

# How many colours a picture has, counted coarsely on a copy of at most 400 pixels; 0 where it did not load.
_COLORS = """
async image => {
    await image.decode();
    if (!image.naturalWidth) return 0;
    const canvas = document.createElement("canvas");
    canvas.width = 400;
    canvas.height = Math.round(400 * image.naturalHeight / image.naturalWidth);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) {
        seen.add((data[at] >> 5) << 10 | (data[at + 1] >> 5) << 5 | data[at + 2] >> 5);
    }
    return seen.size;
}
"""

# What a card lacks: words, pictures that are drawn and described, rows with a cell for each heading.
_BROKEN = f"""
async card => {{
    const colors = {_COLORS};
    const found = [];
    if (!card.innerText.trim()) found.push("no words");
    for (const image of card.querySelectorAll("img")) {{
        if (await colors(image) < 3) found.push(`a blank picture: ${{image.alt}}`);
        if (image.alt.length <= 20) found.push(`a picture without words: ${{image.alt}}`);
    }}
    for (const table of card.querySelectorAll("table:has(thead)")) {{
        const headings = table.querySelectorAll("thead th").length;
        for (const row of [...table.querySelectorAll("tbody tr")].slice(0, 3)) {{
            const cells = row.querySelectorAll("td").length;
            if (cells !== headings) found.push(`${{cells}} cells below ${{headings}} headings`);
        }}
    }}
    return found;
}}
"""

# What sticks out of the place that a card has, except inside what scrolls by itself.
_OVERFLOWS = """
(card, place) => {
    const edges = card.closest(place).getBoundingClientRect();
    const scrolls = element => element !== card && getComputedStyle(element).overflowX === "auto";
    const found = [];
    const visit = element => {
        const box = element.getBoundingClientRect();
        if (box.width && (box.right > edges.right + 1 || box.left < edges.left - 1)) {
            found.push(`${element.tagName} ${element.textContent.slice(0, 40)}`);
        }
        if (!scrolls(element)) [...element.children].forEach(visit);
    };
    visit(card);
    return found;
}
"""

# Texts whose contrast with what is behind them, as WCAG 2 defines it, is below a limit.
_FAINT = """
(card, least) => {
    const channels = color => {
        const [red, green, blue, alpha = 1] = color.match(/[\\d.]+/g).map(Number);
        return {rgb: [red, green, blue], alpha};
    };
    const over = (top, alpha, below) => top.map((value, at) => alpha * value + (1 - alpha) * below[at]);
    const once = (known, make) => element => {
        if (!known.has(element)) known.set(element, make(element));
        return known.get(element);
    };
    const behind = once(new Map([[null, [255, 255, 255]]]), element => {
        const {rgb, alpha} = channels(getComputedStyle(element).backgroundColor);
        return alpha === 1 ? rgb : over(rgb, alpha, behind(element.parentElement));
    });
    const luminance = rgb => {
        const [red, green, blue] = rgb.map(value => value / 255)
            .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const opacity = once(
        new Map([[null, 1]]),
        element => Number(getComputedStyle(element).opacity) * opacity(element.parentElement));
    const faint = [];
    const texts = document.createTreeWalker(card, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
        const ground = behind(element);
        const {rgb, alpha} = channels(getComputedStyle(element).color);
        const shades = [luminance(over(rgb, alpha * opacity(element), ground)), luminance(ground)];
        const contrast = (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05);
        if (contrast < least) faint.push(`${contrast.toFixed(2)} ${texts.currentNode.data.slice(0, 40)}`);
    }
    return faint;
}
"""

# Measures each card, all at the same time; gives what is wrong with each, and its first line.
_EACH = """
(cards, given) => Promise.all(cards.map(async card =>
    [card.innerText.trim().split("\\n")[0].slice(0, 60), await (%s)(card, given)]))
"""

DRAWN = "img, td > span[style*=border-top], td[style*=background-color]"
"""A chart in a card: a picture, bars or a heat map."""

Wrong = dict[str, list[str]]


def colors(image: Locator) -> int:
    """How many colours an image shows, counted coarsely; a blank one has one or none."""
    return int(image.evaluate(_COLORS))


def broken(cards: Locator) -> Wrong:
    """What keeps a reader from seeing words, pictures that are drawn and described, and rows with cells."""
    return _wrong(cards, _BROKEN)


def overflows(cards: Locator, place: str) -> Wrong:
    """What sticks out of the element that encloses a card, except inside what scrolls by itself."""
    return _wrong(cards, _OVERFLOWS, place)


def faint_texts(cards: Locator, least: float) -> Wrong:
    """The texts whose contrast with what is behind them is less than ``least``."""
    return _wrong(cards, _FAINT, least)


def with_charts(cards: Locator) -> list[bool]:
    """Whether there is a chart in each card."""
    found: list[bool] = cards.evaluate_all(
        "(cards, drawn) => cards.map(card => card.querySelector(drawn) !== null)", DRAWN
    )
    return found


def _wrong(cards: Locator, measure: str, given: str | float | None = None) -> Wrong:
    cards.first.wait_for(state="attached")  # no card at all is not well
    measured = cards.evaluate_all(_EACH % measure, given)
    wrong: Wrong = {}
    for line, found in measured:
        if found:
            wrong.setdefault(line, []).extend(found)
    return wrong
