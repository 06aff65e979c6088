"""Charts that show themselves, and keep the theme when they are restyled."""

from __future__ import annotations

import copy
import json
import pickle
import re
from datetime import date
from html import unescape
from typing import TYPE_CHECKING, Any

import altair as alt
import pytest
from IPython.utils.capture import capture_output

from mixpanel_nb.display import Gaps, HeatRow, series_chart
from mixpanel_nb.display.charts import stacked_charts
from mixpanel_nb.display.heatmap import heatmap
from mixpanel_nb.display.interactive import live_html
from mixpanel_nb.display.touchable import touchable
from mixpanel_nb.display.widgets.live import ChartView

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS = [
    {"day": date(2025, 1, day), "n": day, "plan": plan} for day in range(1, 6) for plan in ("<free>", '"pro"')
]


def chart(**options: Any) -> Any:
    return series_chart(DAYS, "day", "n", "plan", title="Purchases", **options)


KINDS: dict[str, Callable[[], Any]] = {
    "mark": chart,
    "layers": lambda: chart(gaps=Gaps([date(2025, 1, 5)])),
    "plots": lambda: stacked_charts([chart(), chart()]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_restyling_changes_the_theme_and_keeps_the_rest(kind: str) -> None:
    drawn = touchable(KINDS[kind]())
    before = drawn.to_dict()["config"]
    restyled = drawn.configure_axis(labelFontSize=20, titleColor="red").configure_view(stroke="blue")
    axis = restyled.to_dict()["config"]["axis"]
    assert axis == before["axis"] | {"labelFontSize": 20, "titleColor": "red"}
    config = restyled.configure(background="white", font="Georgia").to_dict()["config"]
    assert (config["background"], config["font"], config["view"]["stroke"]) == ("white", "Georgia", "blue")
    assert config["legend"] == before["legend"]
    assert drawn.to_dict()["config"] == before


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_one_of_altairs_and_can_be_copied(kind: str) -> None:
    drawn = KINDS[kind]()
    spec, of = drawn.to_dict(), type(drawn)
    drawn = touchable(drawn)
    assert isinstance(drawn, of)
    for same in (drawn, copy.deepcopy(drawn), pickle.loads(pickle.dumps(drawn)), drawn.copy()):
        assert type(same) is type(drawn)
        assert same.to_dict() == spec


def test_a_notebook_gets_the_data_and_the_picture_that_stands_in_for_it() -> None:
    html = live_html(chart(), "<img>")
    assert "<img>" in html
    packed = re.search(r'data-chart="([^"]*)"', html)
    assert packed is not None
    (spec,) = json.loads(unescape(packed[1]))
    assert {point["c"] for point in spec["datasets"][spec["data"]["name"]]} == {"<free>", '"pro"'}
    assert {param["name"] for param in spec["params"]} == {"zoom", "picked"}
    assert spec["width"] == "container"
    fixed = chart().properties(width=300)
    assert "&quot;width&quot;:300" in live_html(fixed, "")


def live(drawn: Any) -> list[dict[str, Any]]:
    """The Vega-Lite that a notebook gets."""
    packed = re.search(r'data-chart="([^"]*)"', live_html(drawn, ""))
    assert packed is not None
    specs: list[dict[str, Any]] = json.loads(unescape(packed[1]))
    return specs


def test_what_is_faint_stays_faint_and_the_legend_shows_its_colours() -> None:
    (spec,) = live(chart(faint=DAYS))
    shown = [
        layer["encoding"]["opacity"]["condition"]["value"]
        for layer in spec["layer"]
        if "color" in layer["encoding"]
    ]
    assert shown[0] < 0.5
    assert set(shown[1:]) == {1}
    assert spec["layer"][-1]["encoding"]["color"]["legend"]["symbolOpacity"] == 1


def test_long_names_of_a_legend_are_whole() -> None:
    rows = [row | {"plan": f"unique(View Product) · {row['plan']}"} for row in DAYS]
    (spec,) = live(series_chart(rows, "day", "n", "plan"))
    assert (
        spec["encoding"]["color"]["legend"] | {"columns": 1, "labelLimit": 540}
        == spec["encoding"]["color"]["legend"]
    )


def test_cells_of_a_heat_map_do_not_zoom() -> None:
    rows = [HeatRow(name, "10", [0.5, 0.25], [False, True]) for name in ("a", "b")]
    drawn = heatmap(rows, ["0", "1"], lead="users", x="week")
    (spec,) = live(drawn)
    assert "params" not in json.dumps(spec)
    assert "<img" in ChartView(touchable(drawn)).bundles()[0]["text/html"]


def test_a_live_chart_leaves_a_card_with_its_title_and_picture() -> None:
    reserve, widget = ChartView(touchable(chart())).bundles()
    assert reserve["text/html"].index("Purchases") < reserve["text/html"].index("<img")
    assert "application/vnd.jupyter.widget-view+json" in widget


def test_a_renderer_that_the_user_has_enabled_is_used() -> None:
    shown: list[Any] = []

    def show(spec: dict[str, Any]) -> dict[str, Any]:
        shown.append(spec)
        return {"text/plain": "by the user"}

    drawn: Any = touchable(chart())
    alt.renderers.register("shown", show)
    with alt.renderers.enable("shown"), capture_output():
        drawn._ipython_display_()
    assert shown[0]["title"] == "Purchases"


def test_days_have_no_hours_in_their_tooltips() -> None:
    def units(rows: list[dict[str, Any]]) -> list[Any]:
        tips = series_chart(rows, "day", "n").to_dict()["encoding"]["tooltip"]
        return [tip["timeUnit"] for tip in tips if "timeUnit" in tip]

    assert units([{"day": "2025-01-01", "n": 1}]) == ["utcyearmonthdate"]
    assert units([{"day": "2025-01-01T08:00", "n": 1}]) == ["utcyearmonthdatehoursminutes"]
