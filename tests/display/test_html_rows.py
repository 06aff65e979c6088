"""Bars and heat maps as HTML."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mixpanel_nb.display import (
    Bar,
    Card,
    Chart,
    Column,
    HeatRow,
    Table,
    described_series,
    grouped,
    heat,
    ranked,
    render_html,
    steps,
)

from .sanitizer import check

HOSTILE = "</td><script>alert(1)</script>\x1b[31m תל אביב"
WIDTH = re.compile(r"width: ([\d.]+)%; height: 0")
FUNNEL = [
    Bar("1. a", 100, "100", "40 lost"),
    Bar("2. b", 60, "60", before=100),
    Bar(HOSTILE, 30, HOSTILE, HOSTILE),
]


def charts(text: str = "name") -> list[Chart]:
    rows = [
        HeatRow(text, "9", [0.5, None, 0.25], [False, False, True]),
        HeatRow("b", "1", [1.0, 0.0, 2.0], apart=True),
    ]
    return [
        ranked([Bar(text, 3, text), Bar("b", 1, "1")], "Words."),
        steps(FUNNEL, "Words."),
        grouped({text: [Bar("", 0.5, "50%"), Bar("", 0.1, text)]}, ["free", text], "Words.", whole=1.0),
        heat(rows, ["0", "1", "2"], "Words.", lead=text, x=text),
        described_series(
            [{text: "a", "n": 2, "c": "x"}, {text: "a", "n": 1, "c": text}], text, "n", "c", "bar"
        ),
    ]


def html(chart: Chart) -> str:
    return render_html(Card("t", chart=chart))


@pytest.mark.parametrize("place", range(5))
def test_all_of_it_survives_jupyterlabs_sanitiser_and_nothing_else_gets_in(place: int) -> None:
    for text in ("name", HOSTILE):
        result = check(html(charts(text)[place]))
        assert (result.dropped, result.open) == ([], [])
        assert not any("\x1b" in shown for shown in result.texts)


def test_bars_are_as_long_as_their_numbers_and_are_printed() -> None:
    drawn = html(charts()[0])
    assert WIDTH.findall(drawn) == ["100.0", "33.3"]
    assert "background-color: rgba(0, 0, 0, 0)" in drawn  # no stripes behind rows
    assert drawn.count("border-top: 16px solid") == 2  # a background would not be printed


def test_steps_show_behind_each_bar_what_was_lost() -> None:
    assert WIDTH.findall(html(charts()[1])) == ["100.0", "60.0", "40.0", "30.0", "30.0"]


def test_groups_show_what_is_all() -> None:
    assert WIDTH.findall(html(charts()[2])) == ["50.0", "50.0", "10.0", "90.0"]


@pytest.mark.parametrize("series", [1, 3, 8])
def test_groups_of_any_size_name_every_bar(series: int) -> None:
    names = [f"segment {number} · 353 entered" for number in range(series)]
    drawn = html(grouped({"a": [Bar("", 0.5, f"{n}%") for n in range(series)]}, names, "Words."))
    assert all(name in drawn for name in names)
    assert all(f">{number}%</td>" in drawn for number in range(series))


def test_a_heat_map_of_few_columns_has_a_digit_more() -> None:
    def shares(columns: int) -> str:
        rows = [HeatRow("a", "9", [0.125] * columns)]
        return html(heat(rows, [str(n) for n in range(columns)], "Words.", lead="users", x="weeks"))

    assert ">12.5%</td>" in shares(8)
    assert ">12</td>" in shares(24)


def test_a_table_that_is_the_heat_map_is_not_shown_twice() -> None:
    rows = [HeatRow("a", "9", [0.125])]
    table = Table([Column("cohort"), Column("0", "percent")], [("a", 0.125)])
    shown = heat(rows, ["0"], "Words.", lead="users", x="weeks", is_table=True)
    assert render_html(Card("t", chart=shown, table=table)).count("<table") == 1


def test_a_very_large_heat_map_is_a_picture_beside_its_table() -> None:
    rows = [HeatRow(str(row), "9", [0.5] * 31) for row in range(60)]
    shown = heat(rows, [str(n) for n in range(31)], "Words.", lead="users", x="days", is_table=True)
    assert shown.rows is None and not shown.is_table
    assert "<img" in html(shown)


def test_many_categories_show_the_largest_and_long_ones_lack_their_middle() -> None:
    rows: list[dict[str, Any]] = [
        {"path": f"https://example.com/{'x' * 60}/page-{n}", "n": n} for n in range(200)
    ]
    drawn = html(described_series(rows, "path", "n", kind="bar"))
    assert "The chart shows the 30 largest of 200." in drawn
    assert "…" in drawn and "/page-199" in drawn
    assert "/page-169<" not in drawn
    spec = described_series(rows, "path", "n", kind="bar").draw().to_dict()
    assert spec["encoding"]["y"]["field"] == "label"
    assert len(spec["encoding"]["y"]["sort"]) == 30
