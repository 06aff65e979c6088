"""Pictures that fill any width."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from mixpanel_nb.display import Gaps, Sankey, SankeyLink, SankeyNode, render_svg, sankeys, series_chart
from mixpanel_nb.display.fluid import fluid
from mixpanel_nb.display.render import pictures

SVG = "{http://www.w3.org/2000/svg}"
DAYS = [
    {"day": date(2025, 1, 1) + timedelta(days=day), "n": 10 * day, "plan": plan}
    for day in range(12)
    for plan in ("free", "pro")
]


def drawn(**options: Any) -> Any:
    return series_chart(DAYS, "day", "n", "plan", **options)


def test_texts_and_points_have_places_in_percent_and_lines_are_stretched() -> None:
    svg = fluid(render_svg(drawn()))
    root = ET.fromstring(svg)
    assert root.get("width") == "100%" and root.get("viewBox") is None
    stretched = root.findall(f".//{SVG}foreignObject//{SVG}path")
    assert len(stretched) >= 2
    circles = root.findall(f".//{SVG}circle")
    assert len(circles) >= len(DAYS)
    assert {circle.get("cx") for circle in circles} >= {"100%"}
    labels = {text.text: text.get("x") for text in root.iter(f"{SVG}text")}
    assert str(labels["Jan 11"]).endswith("%")
    assert labels["100"] is None  # left of the plot


def test_nothing_of_the_picture_is_lost() -> None:
    svg = render_svg(drawn(gaps=Gaps([date(2025, 1, 12)], [date(2025, 1, 3)])))
    texts = re.findall(r">([^<>]+)</text>", svg)
    assert re.findall(r">([^<>]+)</text>", fluid(svg)) == texts
    seen = [path for path in re.findall(r"<path [^>]*>", svg) if "fill=" in path or "stroke=" in path]
    found = fluid(svg)
    assert found.count("<path ") + found.count("<circle ") >= len(seen)


def test_the_same_chart_is_the_same_picture() -> None:
    assert fluid(render_svg(drawn())) == fluid(render_svg(drawn()))


def test_a_picture_for_a_page_says_its_colours_beside_it() -> None:
    (picture,) = pictures(drawn(color_title="tier"))
    assert picture.legend is not None
    assert (picture.legend.title, picture.legend.names) == ("tier", ["free", "pro"])
    assert ">free</text>" not in picture.svg
    assert picture.is_fluid


def test_a_flow_is_no_wider_than_its_names_need() -> None:
    diagram = Sankey([SankeyNode(0, "a", 9, "9"), SankeyNode(1, "b", 9, "9")], [SankeyLink(0, 1, 9)], 9)
    (picture,) = pictures(sankeys([diagram], ["Start", "+1"]))
    assert not picture.is_fluid
    assert "viewBox" in picture.svg


def test_hostile_names_stay_text() -> None:
    rows = [{"x": name, "n": 1} for name in ("<script>alert(1)</script>", '"&')]
    svg = fluid(render_svg(series_chart(rows, "x", "n", kind="line")))
    assert "<script" not in svg
    ET.fromstring(svg)
