"""What charts have in common with every ground: colours seen on a light page, a dark one and on paper."""

from __future__ import annotations

import re
from typing import Any

import pytest
import vl_convert

from mixpanel_nb.display import (
    Bar,
    Gaps,
    HeatRow,
    Sankey,
    SankeyLink,
    SankeyNode,
    grouped_bars,
    heat,
    render_svg,
    sankeys,
    series_chart,
    step_bars,
)
from mixpanel_nb.display.theme import BEFORE, PALETTE, TEXT, greyed, ramp_colors

from .test_touchable import live

GROUNDS = {"white": "#FFFFFF", "JupyterLab": "#111111", "GitHub": "#0D1117", "VS Code": "#1E1E1E"}
PAGE_TEXT = {
    "light": ("#FFFFFF", "#212121"),
    "dark": ("#111111", "#E0E0E0"),
    "VS Code": ("#1E1E1E", "#CCCCCC"),
}
MARK = 3.0  # what WCAG 2 asks of marks
READABLE = 4.5  # and of texts


def luminance(color: str) -> float:
    shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def over(color: str, ground: str) -> str:
    """A translucent colour, as ``rgba(…)``, on a ground."""
    *channels, opacity = (float(part) for part in re.findall(r"[\d.]+", color))
    behind = [int(ground[place : place + 2], 16) for place in (1, 3, 5)]
    mixed = (round(c * opacity + b * (1 - opacity)) for c, b in zip(channels, behind, strict=True))
    return "#" + "".join(f"{channel:02X}" for channel in mixed)


@pytest.mark.parametrize("ground", GROUNDS)
def test_marks_are_seen_on_every_ground(ground: str) -> None:
    colors = [*PALETTE, BEFORE, *map(greyed, PALETTE), *ramp_colors(12)]
    assert {color for color in colors if contrast(color, GROUNDS[ground]) < MARK} == set()


def test_texts_have_the_most_that_one_colour_can_have_with_both_ends() -> None:
    ends = [GROUNDS[name] for name in ("white", "JupyterLab")]
    possible = contrast(*ends) ** 0.5  # 4.35: a colour that is further from the one is nearer to the other
    assert possible < READABLE
    assert min(contrast(TEXT, ground) for ground in ends) > possible - 0.05
    assert min(contrast(TEXT, ground) for ground in GROUNDS.values()) > 3.8


@pytest.mark.parametrize("page", PAGE_TEXT)
def test_numbers_of_a_heat_map_are_read_on_every_cell(page: str) -> None:
    ground, text = PAGE_TEXT[page]
    rows = [HeatRow("a", "9", [number / 10 for number in range(11)])]
    chart = heat(rows, [str(number) for number in range(11)], "Words.", lead="users", x="weeks")
    assert chart.rows is not None
    cells = re.findall(r"background-color: (rgba\([^)]*\))[^>]*>\d", chart.rows())
    assert len(cells) == 11
    assert min(contrast(over(cell, ground), text) for cell in cells) > READABLE


def charts() -> list[Any]:
    days = [{"day": f"2025-01-0{day}", "n": day, "plan": plan} for day in range(1, 6) for plan in "ab"]
    return [
        series_chart(days, "day", "n", "plan", gaps=Gaps(["2025-01-05"], ["2025-01-03"])),
        step_bars([Bar("1", 100, "100"), Bar("2", 60, "60")]),
        grouped_bars({"2": [Bar("", 0.5, "50%")]}, ["free"], whole=1.0),
    ]


def test_charts_have_no_ground_of_their_own() -> None:
    for chart in charts():
        assert_seen(render_svg(chart))


def test_a_live_chart_is_seen_as_its_picture_is() -> None:
    """What a page draws of a live chart, with its legend, which is HTML in a card."""
    for chart in charts():
        for spec in live(chart):
            if spec.get("width") == "container":
                spec |= {"width": 400, "autosize": "pad"}
            drawn = str(vl_convert.vegalite_to_svg(spec))
            assert_seen(drawn)
            assert ">a</text>" in drawn or "legend" not in str(spec.get("encoding"))


def assert_seen(svg: str) -> None:
    """No opaque colour of a mark or a text is faint on any ground, and there is no plate."""
    tags = re.findall(r"<(?:path|text|line|rect)[^>]*>", svg)
    seen = {color for tag in tags for color in re.findall(r'(?:fill|stroke)="(#[0-9A-Fa-f]{3,6})"', tag)}
    assert seen
    assert {color for color in seen if len(color) != 7} == set()
    for ground in GROUNDS.values():
        assert {color for color in seen if contrast(color, ground) < MARK} == set()


@pytest.mark.parametrize("ground", ["white", "JupyterLab", "GitHub"])
def test_names_are_read_over_the_bands_of_a_flow(ground: str) -> None:
    nodes = [
        SankeyNode(0, "a", 9, "9", "anchor"),
        *(SankeyNode(1, kind, 3, "3", kind) for kind in ("event", "other", "dropoff")),
        SankeyNode(2, "b", 1, "1", "anchor"),
    ]
    links = [*(SankeyLink(0, number, 3) for number in (1, 2, 3)), SankeyLink(1, 4, 1)]
    drawn = render_svg(sankeys([Sankey(nodes, links, 9)], ["0", "1", "2"]))
    bands = set(re.findall(r'fill="(rgba\([^)]*\))"', drawn))
    assert len(bands) == 4
    assert min(contrast(over(band, GROUNDS[ground]), TEXT) for band in bands) > 3.5
