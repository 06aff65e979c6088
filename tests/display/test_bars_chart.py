from __future__ import annotations

from typing import Any

import pytest

from mixpanel_nb.display import Bar, grouped_bars, ranked_bars, render_svg, step_bars
from mixpanel_nb.display.bars import signed_bars
from mixpanel_nb.display.theme import DIFFERENCES, PALE, PALETTE

HOSTILE = "<script>alert(1)</script>"


def rows(chart: Any) -> list[list[dict[str, Any]]]:
    """The data of each layer that has its own."""
    return list(chart.to_dict()["datasets"].values())


def test_ranked_bars_say_name_and_number_in_the_order_given() -> None:
    chart = ranked_bars([Bar("Page View", 30, "30 · +5.0%"), Bar("Purchase", 40, "40")], title="Top")
    assert chart.to_dict()["layer"][0]["encoding"]["y"]["sort"] == ["Page View", "Purchase"]
    svg = render_svg(chart)
    for text in ("Top", "Page View", "30 · +5.0%", "Purchase", "40"):
        assert f">{text}</text>" in svg
    assert svg.count(f'fill="{PALETTE[0]}"') == 2


def test_steps_show_behind_each_bar_what_was_lost() -> None:
    chart = step_bars([Bar("1", 100, "100", "40 lost"), Bar("2", 60, "60"), Bar("3", 60, "60")])
    svg = render_svg(chart)
    assert svg.count(f'fill="{PALE}"') == 1  # nothing was lost before the first and the last
    assert ">40 lost</text>" in svg
    pale = chart.to_dict()["layer"][0]
    assert pale["encoding"]["x2"]["field"] == "before"


def test_groups_have_one_colour_a_series_and_a_legend() -> None:
    groups = {
        "2": [Bar("", 0.5, "50%"), Bar("", 0.25, "25%")],
        "3": [Bar("", 0.1, "10%"), Bar("", 0.0, "0%")],
    }
    svg = render_svg(grouped_bars(groups, ["free", HOSTILE]))
    assert svg.count(f'fill="{PALETTE[0]}"') == 3  # two bars and the legend
    assert ">free</text>" in svg
    assert "&lt;script&gt;" in svg and "<script" not in svg


def test_names_that_begin_alike_stay_apart() -> None:
    bars = [Bar("x" * 200 + str(number), number, str(number)) for number in range(3)]
    names = [row["name"] for row in rows(ranked_bars(bars))[0]]
    assert len(set(names)) == 3
    assert all(len(name) < 50 for name in names)


def test_bars_of_nothing_draw() -> None:
    zero = [Bar("a", 0, "0"), Bar("b", 0, "0")]
    assert render_svg(ranked_bars(zero)).startswith("<svg")
    assert render_svg(step_bars(zero)).startswith("<svg")
    assert render_svg(ranked_bars([])).startswith("<svg")
    assert render_svg(grouped_bars({"a": zero}, ["x", "y"])).startswith("<svg")


@pytest.mark.parametrize(
    ("values", "domain"), [([0.5, -0.2, 0.1], [-0.2, 0.5]), ([-0.3], [-0.3, 0]), ([], [0, 1])]
)
def test_signed_bars_go_to_either_side_of_zero(values: list[float], domain: list[float]) -> None:
    bars = [Bar(f"event {value}", value, f"{value:+.2f}") for value in values]
    chart = signed_bars(bars, [abs(value) > 0.1 for value in values])
    assert chart.to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"] == domain
    svg = render_svg(chart)
    assert all(f">{bar.text}</text>" in svg for bar in bars)


def test_signed_bars_that_may_be_chance_are_grey() -> None:
    bars = [Bar("a", 0.5, "+0.50"), Bar("b", -0.5, "-0.50"), Bar("c", 0.1, "+0.10")]
    svg = render_svg(signed_bars(bars, [True, True, False]))
    assert [svg.count(f'fill="{color}"') for color in DIFFERENCES.values()] == [1, 1, 1]
