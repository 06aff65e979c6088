from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from mixpanel_nb.display import render_svg
from mixpanel_nb.display.timeline import timeline

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)


def test_a_row_a_name_in_the_order_in_which_they_first_happen() -> None:
    moments = [
        (NOON, "Sign Up"),
        (NOON + timedelta(days=9), "Purchase"),
        (NOON + timedelta(days=12), "Sign Up"),
    ]
    chart = timeline(moments, title="Activity")
    assert chart.to_dict()["layer"][0]["encoding"]["y"]["sort"] == ["Sign Up", "Purchase"]
    svg = render_svg(chart)
    assert ">Activity</text>" in svg and ">Purchase</text>" in svg
    assert re.search(r">Jan \d+</text>", svg)


def test_times_are_drawn_in_utc() -> None:
    chart = timeline([(datetime(2025, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "a")])
    (points,) = chart.to_dict()["datasets"].values()
    assert points[0]["x"] == "2024-12-31T23:00:00.000Z"
    assert ":00</text>" in render_svg(chart)  # a short span names hours


def test_nothing_draws() -> None:
    assert render_svg(timeline([])).startswith("<svg")
