"""Charts as files."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.display import Bar, Gaps, render_svg, series_chart, step_bars
from mixpanel_nb.display.charts import stacked_charts
from mixpanel_nb.display.saving import interactive_page, save_chart
from mixpanel_nb.errors import ParameterError

if TYPE_CHECKING:
    from pathlib import Path

DAYS = [
    {"day": date(2025, 1, day), "n": day, "plan": plan} for day in range(1, 6) for plan in ("free", "pro")
]


def chart(**options: Any) -> Any:
    return series_chart(DAYS, "day", "n", "plan", title="Purchases <by> plan", **options)


def spec_in(page: str) -> dict[str, Any]:
    spec: dict[str, Any] = json.JSONDecoder().raw_decode(page.rsplit("const spec = ", 1)[1])[0]
    return spec


@pytest.mark.parametrize(
    ("ending", "begins"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF"), ("SVG", b"<svg")]
)
def test_a_picture_is_of_the_kind_that_its_ending_says(tmp_path: Path, ending: str, begins: bytes) -> None:
    path = tmp_path / f"chart.{ending}"
    for _ in range(2):  # running a cell again replaces the file
        assert save_chart(chart(), path) == path
    assert path.read_bytes().startswith(begins)


def test_a_page_needs_no_network_and_can_be_touched() -> None:
    page = interactive_page(chart())
    assert not re.search(r"<script[^>]*\ssrc=|<link|cdn\.", page)
    assert "<title>Purchases &lt;by&gt; plan</title>" in page
    names = {param["name"] for param in spec_in(page)["params"]}
    assert names == {"zoom", "picked"}


def test_layers_and_plots_below_each_other_can_be_touched() -> None:
    layered = chart(gaps=Gaps([date(2025, 1, 5)]))
    for each in (
        layered,
        stacked_charts([chart(), chart()]),
        step_bars([Bar("a", 2, "2"), Bar("b", 1, "1")]),
    ):
        assert "<html" in interactive_page(each)


def test_saving_leaves_the_chart_as_it_was(tmp_path: Path) -> None:
    drawn = chart()
    before = render_svg(drawn)
    save_chart(drawn, tmp_path / "chart.html")
    assert render_svg(drawn) == before


def test_another_ending_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"'chart\.jpeg' has no ending") as caught:
        save_chart(chart(), tmp_path / "chart.jpeg")
    assert caught.value.hint == "End it in .html, .png, .svg or .pdf."
    assert list(tmp_path.iterdir()) == []
