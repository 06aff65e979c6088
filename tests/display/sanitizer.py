"""The rules by which JupyterLab cleans HTML in notebooks nobody has trusted, as far as cards go.

Source: ``packages/apputils/src/sanitizer.ts`` of jupyterlab/jupyterlab: allowed tags, attributes and styles,
and the values those styles may have.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

_LENGTH = r"(0|[+]?([0-9]*[.])?[0-9]+(px|em|rem|%))"
_COLOR = r"rgba\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*(1|0([.][0-9]+)?)\s*\)"
_BORDER = rf"(({_LENGTH}|none|solid|{_COLOR})\s*){{1,3}}"

TAGS = {
    *("b", "bdi", "br", "code", "details", "div", "i", "img", "pre", "span", "summary"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
EVERYWHERE = {"class", "style"}
ATTRIBUTES = {
    "img": {"alt", "height", "src", "style", "width"},
    "td": {"colspan", "rowspan", "style"},
    "th": {"scope", "style"},
}
STYLES = {
    "background-color": _COLOR,
    "border": _BORDER,
    "border-bottom": _BORDER,
    "border-collapse": "collapse|separate",
    "border-radius": _LENGTH,
    "border-top": _BORDER,
    "cursor": "pointer",
    "display": "inline|block|inline-block",
    "font-size": _LENGTH,
    "font-weight": "normal|bold|[1-9]00",
    "height": f"{_LENGTH}|auto",
    "line-height": r"normal|[0-9.]+",
    "margin": rf"(({_LENGTH}|auto)\s*){{1,4}}",
    "max-width": _LENGTH,
    "min-width": _LENGTH,
    "opacity": r"1([.][0]+)?|0([.][0-9]+)?",
    "overflow-wrap": "normal|break-word",
    "overflow-x": "visible|hidden|scroll|auto",
    "padding": rf"({_LENGTH}\s*){{1,4}}",
    "table-layout": "auto|fixed",
    "text-align": "left|right|center|justify",
    "vertical-align": "baseline|top|middle|bottom",
    "white-space": "normal|pre|nowrap|pre-wrap|pre-line",
    "width": f"{_LENGTH}|auto",
}
_VOID = {"br", "img"}


class Checker(HTMLParser):
    """Collects what the sanitiser would drop, tags that are not closed, and the text and images that stay."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.dropped: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.images: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.dropped.append(f"<{tag}>")
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "img":
            self.images.append({name: value or "" for name, value in attrs})
        for name, value in attrs:
            if name not in ATTRIBUTES.get(tag, EVERYWHERE):
                self.dropped.append(f"{tag} {name}")
            if name == "style":
                self._check_style(value or "")

    def _check_style(self, style: str) -> None:
        for declaration in style.split("; "):
            name, _, value = declaration.partition(": ")
            if not re.fullmatch(STYLES.get(name, r"(?!)"), value):
                self.dropped.append(declaration)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.dropped.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def check(html: str) -> Checker:
    """Reads the HTML to its end."""
    checker = Checker()
    checker.feed(html)
    checker.close()
    return checker
