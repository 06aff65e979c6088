"""What charts have in common with every ground: colours seen on a light page, a dark one and on paper."""

from __future__ import annotations

import re

import pytest

from mixpanel_nb.display import Bar, Gaps, HeatRow, grouped_bars, heat, render_svg, series_chart, step_bars
from mixpanel_nb.display.theme import BEFORE, PALETTE, TEXT, greyed, ramp_colors

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


def test_charts_have_no_ground_of_their_own() -> None:
    days = [{"day": f"2025-01-0{day}", "n": day, "plan": plan} for day in range(1, 6) for plan in "ab"]
    charts = [
        series_chart(days, "day", "n", "plan", gaps=Gaps(["2025-01-05"], ["2025-01-03"])),
        step_bars([Bar("1", 100, "100"), Bar("2", 60, "60")]),
        grouped_bars({"2": [Bar("", 0.5, "50%")]}, ["free"], whole=1.0),
    ]
    for chart in charts:
        fills = set(re.findall(r'(?:fill|stroke)="(#[0-9A-Fa-f]{6})"', render_svg(chart)))
        assert fills
        for ground in GROUNDS.values():
            assert {color for color in fills if contrast(color, ground) < MARK} == set()
