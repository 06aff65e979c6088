"""Groups of columns over time, and when numbers over time are columns."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mixpanel_nb.display import Gaps, grouped_columns
from mixpanel_nb.views.over_time import time_chart
from mixpanel_nb.views.words import bucket_name

MONTHS = [date(2025, month, 1) for month in range(1, 13)]


def rows(months: int, *names: str) -> list[dict[str, Any]]:
    return [
        {"date": day, "plan": name, "events": place * 10 + len(name)}
        for place, day in enumerate(MONTHS[:months])
        for name in names
    ]


def points(chart: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chart["datasets"][chart["data"]["name"]]
    return found


def marks(chart: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in chart.get("layer", [chart])]


def test_a_bucket_has_a_column_of_each_line_side_by_side() -> None:
    chart = grouped_columns(
        rows(2, "pro", "free"), "date", "events", "plan", lambda day: f"{day:%m}"
    ).to_dict()
    assert marks(chart) == ["bar"]
    assert chart["encoding"]["xOffset"]["field"] == "c"
    assert chart["encoding"]["x"]["sort"] == ["01", "02"]
    assert [(each["x"], each["c"], each["y"]) for each in points(chart)] == [
        ("01", "pro", 3),
        ("01", "free", 4),
        ("02", "pro", 13),
        ("02", "free", 14),
    ]


def test_a_bucket_known_in_part_is_paler_and_one_that_is_missing_is_shaded() -> None:
    gaps = Gaps(partial=[MONTHS[1]], missing=[MONTHS[0]])
    chart = grouped_columns(
        rows(2, "pro", "free"), "date", "events", "plan", lambda day: f"{day:%m}", gaps=gaps
    ).to_dict()
    assert marks(chart) == ["rect", "bar"]
    bands, columns = map(points, ({"datasets": chart["datasets"], **layer} for layer in chart["layer"]))
    assert bands == [{"x": "01"}]
    assert {each["x"]: each["opacity"] for each in columns} == {"01": 1, "02": pytest.approx(0.45)}


@pytest.mark.parametrize(
    ("unit", "months", "names", "mark"),
    [
        ("month", 3, ("pro", "free"), "bar"),
        ("quarter", 3, ("pro", "free"), "bar"),
        ("year", 3, ("pro",), "bar"),
        ("month", 12, ("a", "b", "c", "d", "e"), "line"),
        ("week", 3, ("pro", "free"), "line"),
        ("week", 1, ("pro", "free"), "bar"),
    ],
)
def test_few_long_buckets_are_columns_and_all_others_lines(
    unit: str, months: int, names: tuple[str, ...], mark: str
) -> None:
    chart = time_chart(rows(months, *names), "events", "plan", unit=unit).to_dict()
    assert marks(chart) == [mark]


def test_buckets_are_called_as_people_call_them() -> None:
    names = [bucket_name(date(2025, 4, 1), unit) for unit in ("month", "quarter", "year", "week")]
    assert names == ["Apr 2025", "Q2 2025", "2025", "2025-04-01"]
