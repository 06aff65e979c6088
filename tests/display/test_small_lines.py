from __future__ import annotations

from datetime import date, timedelta

from mixpanel_nb.display import render_svg
from mixpanel_nb.display.small_lines import SmallLine, small_lines
from mixpanel_nb.display.theme import DIFFERENCES

DATES = [date(2025, 3, 3) + timedelta(days=number) for number in range(5)]
LINES = [
    SmallLine("Purchase", (10, None, 12, 40, 9), (None, None, 10, 10, 10), (3, 4), "+300.0% Mar 6"),
    SmallLine("<b>", (0, 0, 0, 0, 0), (None,) * 5, (4,), "none"),
]


def test_each_line_has_its_own_scale_and_what_follows_a_gap_is_apart() -> None:
    dashed, solid, *_ = small_lines(LINES, DATES).to_dict()["layer"]
    datasets = small_lines(LINES, DATES).to_dict()["datasets"]
    points = datasets[solid["data"]["name"]]
    assert [point["line"] for point in points] == ["0-0", "0-1", "0-1", "0-1", *["1-0"] * 5]
    heights = [point["y"] for point in points]
    assert min(heights) == heights[2]  # the largest number is on top
    assert len(set(heights[4:])) == 1
    assert {point["line"] for point in datasets[dashed["data"]["name"]]} == {"0-2"}


def test_marked_points_have_the_colour_of_their_direction_and_names_are_only_text() -> None:
    svg = render_svg(small_lines(LINES, DATES, title="Anomalies"))
    assert svg.count(DIFFERENCES["more"]) == 1
    assert svg.count(DIFFERENCES["less"]) == 2
    assert ">Anomalies</text>" in svg
    assert ">Purchase</text>" in svg
    assert ">&lt;b&gt;</text>" in svg
