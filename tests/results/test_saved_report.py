"""A saved report: its lines are told apart by what differs."""

from __future__ import annotations

from datetime import date
from typing import Any

from mixpanel_nb.results import SavedReportResult


def report(series: dict[str, Any], headers: tuple[str, ...]) -> SavedReportResult:
    range_ = {"from_date": "2025-01-01", "to_date": "2025-01-02"}
    return SavedReportResult(bookmark_id=7, series=series, headers=headers, date_range=range_)


DAYS = {"2025-01-01T00:00:00": 1, "2025-01-02T00:00:00": 2}


def test_the_legend_leaves_out_what_all_lines_share() -> None:
    result = report({"App Crash": {"5.1": DAYS, "5.2": DAYS}}, ("$event", "version"))
    color = result.chart().to_dict()["encoding"]["color"]
    assert (color["sort"], color["title"]) == (["5.1", "5.2"], "version")


def test_the_lines_are_the_values_over_time_by_label_the_largest_first() -> None:
    more = {moment: 10 * value for moment, value in DAYS.items()}
    result = report({"a": DAYS, "b": more}, ("$event",))
    first, second = date(2025, 1, 1), date(2025, 1, 2)
    assert list(result.lines.items()) == [
        (("b",), [(first, 10), (second, 20)]),
        (("a",), [(first, 1), (second, 2)]),
    ]
    assert result.days == (first, second)
    assert report({"a": {"x": 1}}, ("$event",)).lines == {}
    assert SavedReportResult(bookmark_id=7, series={}, date_range={"from_date": "2025-01-01"}).days is None


def test_a_single_line_is_named_by_all_its_labels() -> None:
    chart = report({"App Crash": {"5.1": DAYS}}, ("$event", "version")).card().chart
    assert chart is not None
    assert chart.alt.startswith("Saved report 7: App Crash · 5.1")


def test_lines_whose_labels_are_called_like_the_axes_are_drawn() -> None:
    result = report({"a": DAYS, "b": DAYS}, ("value",))
    assert result.chart().to_dict()["encoding"]["color"]["sort"] == ["a", "b"]
