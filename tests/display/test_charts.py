from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from html import escape
from typing import Any

import altair as alt
import pytest
import vl_convert

from mixpanel_nb.display import (
    Bar,
    HeatRow,
    described_series,
    events_per_day,
    grouped_bars,
    ranked_bars,
    render_png,
    render_svg,
    series_chart,
    step_bars,
)
from mixpanel_nb.display.charts import CHART_KINDS
from mixpanel_nb.display.heatmap import heatmap
from mixpanel_nb.display.theme import GAP, PALETTE, WIDTH
from mixpanel_nb.display.timeline import timeline
from mixpanel_nb.errors import ParameterError

DAYS = [{"date": date(2025, 1, 1) + timedelta(days=day), "count": 10 * day} for day in range(13)]


def values(chart: alt.Chart) -> list[dict[str, Any]]:
    spec: dict[str, Any] = chart.to_dict()
    (points,) = spec["datasets"].values()
    return list(points)


def test_days_are_bars_one_a_day_in_utc() -> None:
    busy = [day | {"count": 10 * place + 1} for place, day in enumerate(DAYS)]
    chart = events_per_day(busy, "Events per day")
    spec = chart.to_dict()
    assert spec["mark"]["type"] == "bar"
    assert spec["encoding"]["x"]["scale"]["type"] == "utc"
    assert values(chart)[1] == {"x": "2025-01-02T00:00:00.000Z", "y": 11.0}
    assert render_svg(chart).count(f'fill="{PALETTE[0]}"') == len(DAYS)


def test_days_without_events_are_shaded_each_run_of_them_as_one_band() -> None:
    counts = [3, 0, 0, 4, 0, 5]
    rows = [{"date": date(2025, 1, 1 + place), "count": count} for place, count in enumerate(counts)]
    chart = events_per_day(rows, None)
    bands, bars = (layer["data"]["name"] for layer in chart.to_dict()["layer"])
    points = chart.to_dict()["datasets"]
    assert points[bands] == [
        {"x": "2025-01-01T12:00:00.000Z", "x2": "2025-01-03T12:00:00.000Z"},
        {"x": "2025-01-04T12:00:00.000Z", "x2": "2025-01-05T12:00:00.000Z"},
    ]
    assert [point["y"] for point in points[bars]] == counts
    assert render_svg(chart).count(f'fill="{GAP}"') == 2


def test_few_events_are_counted_in_whole_numbers() -> None:
    rows = [{"x": date(2025, 1, 1 + n), "n": n % 2} for n in range(3)]
    assert ">0.5<" not in render_svg(series_chart(rows, "x", "n"))


def test_a_legend_of_long_names_is_no_wider_than_the_chart() -> None:
    rows = [{"x": n, "y": n, "name": f"{'a long name ' * 3}{n}"} for n in range(6)]
    width = re.search(r'width="(\d+)"', render_svg(series_chart(rows, "x", "y", "name")))
    assert width is not None
    assert int(width[1]) < WIDTH + 80


def test_months_are_named_as_months() -> None:
    rows = [{"month": date(2025, month, 1), "n": month} for month in (1, 2, 3)]
    drawn = render_svg(series_chart(rows, "month", "n"))
    assert [name in drawn for name in ("Jan 2025", "Feb 2025", "Mar 2025", "Jan 1")] == [True] * 3 + [False]


def test_stacks_and_legend_follow_the_order_of_the_rows() -> None:
    rows = [{"x": "day", "y": 1, "plan": plan} for plan in ("pro", "free", "basic")]
    chart = series_chart(rows, "x", "y", "plan", "bar")
    assert chart.to_dict()["encoding"]["color"]["sort"] == ["pro", "free", "basic"]
    assert [point["place"] for point in values(chart)] == [0, 1, 2]


def test_very_many_days_become_one_area_so_that_the_picture_stays_small() -> None:
    rows = [{"date": date(2020, 1, 1) + timedelta(days=day), "count": day} for day in range(1_500)]
    assert len(render_svg(events_per_day(rows, "Four years"))) < 80_000


@pytest.mark.parametrize("kind", ["line", "bar", "area", "point"])
@pytest.mark.parametrize("x", ["day", "hour", "text", "number", "level"])
def test_every_kind_draws_every_sort_of_axis(kind: str, x: str) -> None:
    start = datetime(2025, 1, 1)
    rows = [
        {
            "day": date(2025, 1, 1 + step),
            "hour": start + timedelta(hours=step),
            "text": f"2025-01-0{1 + step}",
            "number": Decimal(step),
            "level": f"level {step}",
            "y": step,
            "who": "ab"[step % 2],
        }
        for step in range(4)
    ]
    svg = render_svg(series_chart(rows, x, "y", "who", kind, "Title"))
    assert "Title" in svg
    assert PALETTE[0] in svg and PALETTE[1] in svg


@pytest.mark.parametrize("kind", ["line", "bar", "area", "point"])
def test_a_single_point_and_no_point_at_all_still_draw(kind: str) -> None:
    assert render_svg(series_chart([{"x": date(2025, 1, 1), "y": 1}], "x", "y", kind=kind)).startswith("<svg")
    assert render_svg(series_chart([], "x", "y", kind=kind)).startswith("<svg")


def test_missing_and_infinite_numbers_leave_a_gap_and_missing_places_are_left_out() -> None:
    rows: list[dict[str, Any]] = [
        {"x": date(2025, 1, 1), "y": None},
        {"x": date(2025, 1, 2), "y": float("nan")},
        {"x": date(2025, 1, 3), "y": float("inf")},
        {"x": None, "y": 1},
    ]
    chart = series_chart(rows, "x", "y")
    assert [point["y"] for point in values(chart)] == [None, None, None]
    assert render_svg(chart).startswith("<svg")


def test_names_that_mean_something_to_vega_are_only_names() -> None:
    rows = [{"a.b[0]": date(2025, 1, 1), 'it\'s \\ "y"': 3, "c:N": "<b>"}]
    svg = render_svg(series_chart(rows, "a.b[0]", 'it\'s \\ "y"', "c:N"))
    assert "&lt;b&gt;" in svg


OF_JAVASCRIPT = [
    *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString"),
    *("valueOf", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
]
OF_EXPRESSIONS = ["\\u", "\\u0041", "\\", "a\\", '\\"', "\\x", "${x}", "`", "datum", "null", "NaN"]


def _shown(name: str) -> str:
    return escape(name, quote=False)


def _split_by_plan(name: str, kind: str) -> alt.Chart:
    days = ("2025-01-01", "2025-01-02")
    rows = [{"day": day, "n": 2, "plan": plan} for day in days for plan in (name, "b")]
    return series_chart(rows, "day", "n", "plan", kind, name, subtitle=name, color_title=name)


@pytest.mark.parametrize("name", OF_JAVASCRIPT + OF_EXPRESSIONS)
@pytest.mark.parametrize("kind", CHART_KINDS)
def test_charts_of_names_that_mean_something_to_javascript_show_every_point(name: str, kind: str) -> None:
    days = ("2025-01-01", "2025-01-02")
    charts = [
        _split_by_plan(name, kind),
        series_chart([{"x": day, "n": 2, "c": name} for day in days], "x", "n", "c", kind, colors=["red"]),
        series_chart([{"plan": plan, "n": 2} for plan in (name, "b")], "plan", "n", kind=kind),
        series_chart([{name: day, f"{name}_": 2, f"{name}__": "b"} for day in days],
                     name, f"{name}_", f"{name}__", kind),
        series_chart([{"x": day, name: 1} for day in days], "x", name, kind=kind),
    ]  # fmt: skip
    for chart in charts:
        assert f">{_shown(name)}" in render_svg(chart)
        assert str(vl_convert.vegalite_to_svg(chart.to_dict())).startswith("<svg")  # with what a browser adds
    marks = [render_svg(chart).count("<path") for chart in (charts[0], _split_by_plan("a", kind))]
    assert marks[0] == marks[1]


def test_names_that_mean_something_to_javascript_can_stand_in_every_chart() -> None:
    for name in OF_JAVASCRIPT + OF_EXPRESSIONS:
        two = [Bar(name, 2, "2", name), Bar("b", 1, "1")]
        charts = [
            ranked_bars(two, title=name, subtitle=name),
            step_bars(two, title=name),
            grouped_bars({name: two, "b": two}, [name, "b"], title=name),
            timeline([(datetime(2025, 1, day, tzinfo=UTC), name) for day in (1, 2)], title=name),
            heatmap([HeatRow(name, "1", [0.5])], ["0"], lead="Users", x="Day", title=name),
        ]
        for chart in charts:
            assert f">{_shown(name)}" in render_svg(chart)


def test_names_that_differ_by_the_space_that_vega_needs_stay_different() -> None:
    rows = [{"plan": plan, "n": 1} for plan in ("constructor", "constructor ", "constructor  ")]
    assert len({point["x"] for point in values(series_chart(rows, "plan", "n", kind="bar"))}) == 3


def test_times_with_a_zone_are_drawn_at_their_moment_in_utc() -> None:
    rows = [{"t": datetime(2025, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "y": 1}]
    assert values(series_chart(rows, "t", "y"))[0]["x"] == "2024-12-31T23:00:00.000Z"


def test_an_unknown_kind_and_a_y_that_is_no_number_are_explained() -> None:
    with pytest.raises(ParameterError, match=r"no chart kind 'lines'\. Did you mean 'line'"):
        series_chart(DAYS, "date", "count", kind="lines")
    with pytest.raises(ParameterError, match="'date' holds '2025-01-01', which is no number"):
        series_chart(DAYS, "count", "date")


def test_pictures_do_not_depend_on_what_the_user_enabled_in_altair() -> None:
    rows = [{"x": number, "y": number} for number in range(6_000)]  # beyond altair's own limit of 5,000
    plain = render_svg(series_chart(rows[:50], "x", "y"))
    with alt.data_transformers.enable("json"):
        assert render_svg(series_chart(rows[:50], "x", "y")) == plain
    assert render_svg(series_chart(rows, "x", "y")).startswith("<svg")


def test_drawing_changes_nothing_global() -> None:
    before = (alt.data_transformers.active, alt.renderers.active)
    render_svg(events_per_day(DAYS, "Events per day"))
    assert (alt.data_transformers.active, alt.renderers.active) == before


def test_the_same_rows_are_the_same_svg_in_every_time_zone() -> None:
    program = (
        "from datetime import date; from mixpanel_nb.display import events_per_day, render_svg\n"
        "rows = [{'date': date(2025, 1, 1 + day), 'count': 10 * day} for day in range(13)]\n"
        "print(render_svg(events_per_day(rows, 'Events per day')), end='')"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Pacific/Auckland"}
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment)
    assert other.stdout.decode() == render_svg(events_per_day(DAYS, "Events per day"))


def test_png_is_a_picture_of_twice_the_size() -> None:
    png = render_png(events_per_day(DAYS, "Events per day"))
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") > 1_280


def test_the_description_names_series_range_highest_and_lowest() -> None:
    rows: list[dict[str, Any]] = [
        {"day": date(2025, 1, 2), "plan": "pro", "n": 7},
        {"day": date(2025, 1, 1), "plan": None, "n": 2},
        {"day": date(2025, 1, 3), "plan": "pro", "n": None},
    ]
    assert described_series(rows, "day", "n", "plan").alt == (
        "n by day and plan, 2025-01-01 to 2025-01-03, 2 series: highest 7 on 2025-01-02 (pro), "
        "lowest 2 on 2025-01-01 (NULL)."
    )


def test_the_description_of_categories_and_of_nothing() -> None:
    rows = [{"country": "France", "n": 3}, {"country": "Chad", "n": 1}]
    assert (
        described_series(rows, "country", "n").alt
        == "n by country, 2 values: highest 3 at France, lowest 1 at Chad."
    )
    assert described_series([], "country", "n", title="Nobody").alt == "Nobody: no data."


def test_showing_a_description_needs_neither_altair_nor_pandas() -> None:
    program = (
        "import sys; from mixpanel_nb.display import described_days\n"
        "described_days([{'date': '2025-01-01', 'count': 1}], 'Events')\n"
        "assert not {'altair', 'pandas', 'vl_convert', 'rich', 'IPython'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
