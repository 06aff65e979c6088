"""What strict sites leave of HTML in a notebook."""

from __future__ import annotations

import bleach

_TAGS = {
    *(
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "code",
        "details",
        "div",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "hr",
        "i",
    ),
    *("img", "li", "ol", "p", "pre", "s", "small", "span", "strong", "sub", "summary", "sup", "table"),
    *("tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {"*": ["align", "alt", "colspan", "dir", "height", "scope", "title", "width"], "img": ["src"]}


def github_like(html: str) -> str:
    """The HTML as GitHub shows it, at worst.

    GitHub does not publish what it does to notebooks. What people saw (jupyter/nbviewer issue 450, pandas
    issue 33076): ``style`` attributes and elements, scripts and ids are gone. Assumed is the default list of
    its published html-pipeline: neither ``style`` nor ``class``, no ``bdi`` (its text stays), and images only
    from ``http``, ``https`` and relative addresses. So charts, which are ``data:`` images, are gone here,
    though GitHub has been seen to show such (atoti-notebooks issue 425): their words must do.
    """
    return str(
        bleach.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, protocols={"http", "https"}, strip=True)
    )
