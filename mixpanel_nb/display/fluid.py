"""Pictures whose plot is as wide as the page allows, with texts that keep their size.

Vega draws at one width. Here each mark between the left and the right edge of the plot gets a place in
percent, and each line, area and bar is stretched, so that one picture suits every width: texts, points and
strokes keep their size, and the space left and right of the plot (numbers, names) stays as it is. What is
stretched is an SVG in a ``foreignObject``, because only there browsers subtract pixels from a percentage.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from collections.abc import Iterator

_SVG = "{http://www.w3.org/2000/svg}"
_MOVED = re.compile(r"translate\(([-\d.e]+)(?:,([-\d.e]+))?\)(.*)")
_BOX = re.compile(r"M[-\d.]+,[-\d.]+h([\d.]+)v([\d.]+)")
_CIRCLE = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0$")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_STYLE = "<style>path{vector-effect:non-scaling-stroke}</style>"
_LEAST_PLOT = 60  # pixels; a smaller group is part of a plot
_UNTOLD = frozenset({"class", "aria-hidden", "aria-roledescription", "role", "pointer-events", "transform"})
_PLAIN = {"opacity": "1", "font-weight": "normal", "stroke-linejoin": "round"}


@dataclass(frozen=True)
class _Frame:
    """Where a plot is, and how wide the drawing around it."""

    x: float
    y: float
    width: float
    height: float
    whole: float

    def place(self, x: float) -> tuple[float, float]:
        """A place as a percentage of the picture and pixels."""
        share = min(max((x - self.x) / self.width, 0.0), 1.0)
        return share * 100, x - share * self.whole


@dataclass(frozen=True)
class _Leaf:
    """A mark: its look, which neighbours may have in common, and itself without it."""

    frame: _Frame | None
    look: tuple[tuple[str, str], ...]
    drawn: str


def fluid(svg: str) -> str:
    """A picture by Vega that fills any width; its height stays.

    A picture without a plot stays as it is.
    """
    root = ET.fromstring(svg)  # noqa: S314 - Vega wrote it just now
    whole = float(root.get("width", 0))
    leaves = list(_leaves(root, 0, 0, _Frame(0, 0, 0, 0, whole)))
    if not any(leaf.frame for leaf in leaves):
        return svg
    parts = [
        _stretched(frame, run) if frame else _grouped(run)
        for frame, run in ((frame, list(run)) for frame, run in groupby(leaves, key=lambda leaf: leaf.frame))
    ]
    font = quoteattr(root.get("font-family", ""))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{root.get("height")}"'
    return f'{head} font-family={font} fill="none" stroke-linejoin="round">{_STYLE}{"".join(parts)}</svg>'


def _stretched(frame: _Frame, run: list[_Leaf]) -> str:
    """Marks that grow with the plot."""
    size = f"width:calc(100% - {_short(frame.whole - frame.width)}px);height:{_short(frame.height)}px"
    style = f"display:block;overflow:visible;margin-left:{_short(frame.x)}px;{size}"
    box = f'viewBox="0 0 {_short(frame.width)} {_short(frame.height)}" preserveAspectRatio="none"'
    drawn = f'<svg xmlns="{_SVG[1:-1]}" style="{style}" {box}>{_grouped(run)}</svg>'
    at = f'y="{_short(frame.y)}" width="100%" height="{_short(frame.height)}" overflow="visible"'
    return f"<foreignObject {at}>{drawn}</foreignObject>"


def _grouped(run: list[_Leaf]) -> str:
    """The marks, neighbours of the same look together."""
    parts = []
    for look, same in groupby(run, key=lambda leaf: leaf.look):
        drawn = [leaf.drawn for leaf in same]
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in look)
        parts.append(f"<g{attributes}>{''.join(drawn)}</g>" if attributes else "".join(drawn))
    return "".join(parts)


def _leaves(element: ET.Element, x: float, y: float, frame: _Frame) -> Iterator[_Leaf]:
    """The marks of an element that lies at a place, from back to front."""
    kind = element.tag.removeprefix(_SVG)
    if kind == "g":
        found = _MOVED.match(element.get("transform", ""))
        if found:
            x, y = x + float(found[1]), y + float(found[2] or 0)
            frame = _framed(element, x, y, frame)
    if kind in {"g", "svg"}:
        for part in element:
            yield from _leaves(part, x, y, frame)
    elif kind in {"path", "line", "text"} and _is_seen(element):
        yield _leaf(kind, element, x, y, frame)


def _framed(element: ET.Element, x: float, y: float, frame: _Frame) -> _Frame:
    """The plot that an element is, or the one around it."""
    ground = next((part for part in element if part.get("class") == "background"), None)
    box = None if ground is None or frame.width else _BOX.match(ground.get("d", ""))
    if box is None or float(box[1]) < _LEAST_PLOT:
        return frame
    return replace(frame, x=x, y=y, width=float(box[1]), height=float(box[2]))


def _is_seen(element: ET.Element) -> bool:
    if element.get("display") == "none" or element.get("d") == "":
        return False
    return element.get("class") != "background" or "fill" in element.attrib or "stroke" in element.attrib


def _leaf(kind: str, element: ET.Element, x: float, y: float, frame: _Frame) -> _Leaf:
    found = _MOVED.match(element.get("transform", ""))
    rest = ""
    if found:
        x, y, rest = x + float(found[1]), y + float(found[2] or 0), found[3].strip()
    look = {name: value for name, value in element.attrib.items() if name not in _UNTOLD}
    look = {name: value for name, value in look.items() if _PLAIN.get(name) != value}
    if not frame.width:
        return _fixed(kind, element, x, y, look, rest)
    if kind == "path" and found is None:
        return _stretching(f"M{_short(x - frame.x)},{_short(y - frame.y)}", look, frame)
    if kind == "line" and float(look.get("x2", 0)):
        end = f"{_short(float(look.pop('x2')))},{look.pop('y2', '0')}"
        return _stretching(f"M{_short(x - frame.x)},{_short(y - frame.y)}l{end}", look, frame)
    return _placed(kind, element, frame.place(x), y, look, rest)


def _fixed(kind: str, element: ET.Element, x: float, y: float, look: dict[str, str], rest: str) -> _Leaf:
    """A mark of a picture without a plot."""
    own = {name: look.pop(name) for name in ("d", "x2", "y2") if name in look}
    return _Leaf(None, _look(look), _tag(kind, own | {"transform": _move(x, y, rest)}, element.text))


def _stretching(start: str, look: dict[str, str], frame: _Frame) -> _Leaf:
    """A mark that grows with the plot; its stroke does not."""
    path = look.pop("d", None)
    own = {"d": start if path is None else _brief(path)}
    if path is not None and start != "M0,0":
        own["transform"] = f"translate({start[1:]})"
    return _Leaf(frame, _look(look), _tag("path", own, None))


def _placed(
    kind: str, element: ET.Element, place: tuple[float, float], y: float, look: dict[str, str], rest: str
) -> _Leaf:
    """A mark that keeps its size where the plot grows."""
    share, beside = place
    at = f"{_short(share)}%" if share else "0"
    look.pop("x2", None)
    own: dict[str, str] = {}
    circle = _CIRCLE.match(look.get("d", ""))
    if kind == "line":
        own = {"x1": at, "x2": at, "y2": look.pop("y2", "0")}
    elif kind == "text" and not rest:
        own = {"x": at}
    elif circle:
        look.pop("d")
        kind, own = "circle", {"cx": at, "r": _short(float(circle[1]))}
    own = {name: value for name, value in own.items() if value != "0"}
    if own or at == "0":
        own |= {"d": _brief(look.pop("d"))} if "d" in look else {}
        return _Leaf(None, _look(look), _tag(kind, own | {"transform": _move(beside, y, rest)}, element.text))
    own = {"d": _brief(look.pop("d"))} if "d" in look else {}
    mark = _tag(kind, own | {"transform": _move(beside, y, rest)}, element.text)
    return _Leaf(None, _look(look), f'<svg x="{at}" overflow="visible">{mark}</svg>')


def _look(attributes: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(attributes.items()))


def _move(x: float, y: float, rest: str) -> str:
    return f"translate({_short(x)},{_short(y)}){rest}"


def _tag(name: str, attributes: dict[str, Any], text: str | None) -> str:
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{written}/>" if text is None else f"<{name}{written}>{escape(text)}</{name}>"


def _brief(path: str) -> str:
    return _NUMBER.sub(lambda found: _short(float(found[0])), path)


def _short(number: float) -> str:
    """Two digits behind the point at most."""
    return f"{round(number, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
