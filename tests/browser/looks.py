"""What a reader would see of a card, measured in the page: colours of its picture, edges, contrast."""

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
    const behind = element => {
        if (!element) return [255, 255, 255];
        const {rgb, alpha} = channels(getComputedStyle(element).backgroundColor);
        return alpha === 1 ? rgb : over(rgb, alpha, behind(element.parentElement));
    };
    const luminance = rgb => {
        const [red, green, blue] = rgb.map(value => value / 255)
            .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const opacity = element =>
        element ? Number(getComputedStyle(element).opacity) * opacity(element.parentElement) : 1;
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


DRAWN = "img, td > span[style*=border-top], td[style*=background-color]"
"""A chart in a card: a picture, bars or a heat map."""


def colors(image: Locator) -> int:
    """How many colours an image shows, counted coarsely; a blank one has one or none."""
    return int(image.evaluate(_COLORS))


def overflows(card: Locator, place: str) -> list[str]:
    """What sticks out of the element that encloses the card, except inside what scrolls by itself."""
    found: list[str] = card.evaluate(_OVERFLOWS, place)
    return found


def faint_texts(card: Locator, least: float) -> list[str]:
    """The texts of a card whose contrast with what is behind them is less than ``least``."""
    found: list[str] = card.evaluate(_FAINT, least)
    return found


def assert_whole(card: Locator) -> None:
    """Whoever looks at the card sees a title, pictures that are drawn and described, and rows with cells."""
    assert card.inner_text().strip()
    for image in card.locator("img").all():
        assert colors(image) >= 3, image.get_attribute("alt")
        assert len(image.get_attribute("alt") or "") > 20
    for table in card.locator("table:has(thead)").all():
        for row in table.locator("tbody tr").all()[:3]:
            assert row.locator("td").count() == table.locator("thead th").count()
