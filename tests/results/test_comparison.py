"""Comparisons: what is compared with what, what is left out, and what a reader is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.results import ComparisonResult, RetentionCohort
from results import reports

if TYPE_CHECKING:
    from mixpanel_nb.results import ReportResult

DAY = reports.day


def rows(comparison: ComparisonResult[Any], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(record[name] for name in names) for record in comparison.records()]


NO_NUMBERS = {"ActivityFeedResult", "AnomaliesResult", "ExperimentResult", "ReconcileResult"}
NO_NUMBERS |= {"SignalResult", "WhyResult"}


@pytest.mark.parametrize(
    "result",
    [each for each in reports.every_report() if type(each).__name__ not in NO_NUMBERS],
    ids=lambda result: type(result).__name__,
)
def test_every_report_compared_with_itself_has_not_changed(result: ReportResult) -> None:
    comparison = result.compare(result)
    assert comparison.before is comparison.after is result
    known = [row for row in comparison.records() if row["before"] is not None]
    assert known
    assert all(row["before"] == row["after"] and row["difference"] == 0 for row in known)
    assert {row["change"] for row in known} <= {0, None}
    assert list(comparison.df) == comparison.column_names == list(comparison.records()[0])
    assert json.loads(json.dumps(comparison.to_dict(), allow_nan=False))["rows"] == comparison.records()
    assert comparison.to_html().startswith("<div")
    assert comparison.card().chart is not None
    assert comparison.chart().to_dict()
    assert len(comparison.totals_df) == len(comparison.totals)


@pytest.mark.parametrize(
    "result",
    [each for each in reports.every_hostile_report() if type(each).__name__ not in NO_NUMBERS],
    ids=lambda result: type(result).__name__,
)
def test_hostile_names_are_compared_and_shown(result: ReportResult) -> None:
    comparison = result.compare(result)
    assert len(set(comparison.column_names)) == len(comparison.column_names)
    assert "<script" not in comparison.to_html()
    comparison.chart().to_dict()
    assert comparison.to_text()


def test_a_segment_that_one_of_them_lacks_is_zero_there() -> None:
    before = reports.segmentation({"free": {DAY(0): 3}}, 2)
    after = reports.segmentation({"pro": {DAY(0): 10, DAY(1): 4}}, 2)
    assert rows(after.compare(before), "segment", "before", "after", "difference", "change") == [
        ("pro", 0, 10, 10, None),
        ("free", 3, 0, -3, -1),
        ("pro", 0, 4, 4, None),
        ("free", 0, 0, 0, None),
    ]


def test_a_segment_beyond_a_limit_is_unknown_and_not_zero() -> None:
    before = reports.segmentation({"free": {DAY(0): 3}}, 1, left_out=7)
    after = reports.segmentation({"pro": {DAY(0): 10}}, 1)
    assert rows(after.compare(before), "segment", "before", "after", "difference") == [
        ("pro", None, 10, None),
        ("free", 3, 0, -3),
    ]


def test_days_that_were_not_fetched_are_unknown_and_outside_the_totals() -> None:
    values = {"total": {DAY(0): 5, DAY(1): 5, DAY(2): 5}}
    after = reports.segmentation(values, 3, on=None, complete=(True, True, False))
    before = reports.segmentation(values, 3, on=None, complete=(None, True, True))
    comparison = after.compare(before)
    assert rows(comparison, "before", "after", "complete") == [(None, 5, False), (5, 5, True), (5, 5, False)]
    (total,) = comparison.totals
    assert (total.before, total.after, total.buckets) == (5, 5, 1)
    assert "2 buckets are not complete on both sides (column complete) and outside the totals." in (
        comparison.remarks
    )


def test_months_of_different_lengths_are_compared_per_day() -> None:
    def month(first: date, last: date, count: int, kind: str = "general") -> Any:
        how: dict[str, Any] = {
            "from_date": first,
            "to_date": last,
            "dates": (first,),
            "unit": "month",
            "type": kind,
        }
        return reports.segmentation({"total": {first: count}}, on=None, **how)

    february = month(date(2025, 2, 1), date(2025, 2, 28), 280)
    march = month(date(2025, 3, 1), date(2025, 3, 31), 310)
    (row,) = march.compare(february).records()
    assert (row["before"], row["after"]) == (280, 310)
    assert (row["before_per_day"], row["after_per_day"]) == (10, 10)
    assert (row["difference"], row["change"]) == (0, 0)
    users = [
        month(date(2025, 2, 1), date(2025, 2, 28), 280, "unique"),
        month(date(2025, 3, 1), date(2025, 3, 31), 308, "unique"),
    ]
    (row,) = users[1].compare(users[0]).records()
    assert "before_per_day" not in row  # users of a month do not add up
    assert row["change"] == pytest.approx(0.1)


def test_hours_are_compared_as_they_are() -> None:
    hours = tuple(datetime(2025, 1, 1, hour) for hour in range(3))
    asked: dict[str, Any] = {
        "unit": "hour",
        "dates": hours,
        "from_date": DAY(0),
        "to_date": DAY(0),
        "on": None,
    }
    after = reports.segmentation({"total": {hours[0]: 4, hours[2]: 2}}, **asked)
    before = reports.segmentation({"total": {hours[0]: 2}}, **asked)
    comparison = after.compare(before)
    assert rows(comparison, "date", "before", "after", "change")[0] == ("2025-01-01T00:00:00", 2, 4, 1)
    assert [(total.before, total.after) for total in comparison.totals] == [(2, 6)]
    assert comparison.card().chart is not None


def test_buckets_without_a_counterpart_are_told() -> None:
    long, short = reports.plans(6), reports.plans(4)
    comparison = short.compare(long)
    assert comparison.left_out == 2
    assert "2 further buckets before have no counterpart." in comparison.remarks
    assert len(comparison.records()) == len(short.records())


def test_a_retention_average_that_is_not_known_yet_is_not_made_up() -> None:
    old = reports.retention(RetentionCohort(DAY(0), 10, (10, 5), complete=(True, True)), interval_count=1)
    new = reports.retention(RetentionCohort(DAY(0), 10, (10, 1), complete=(True, False)), interval_count=1)
    shares = {total.names[-1]: total for total in new.compare(old).totals if total.measure.name == "share"}
    assert (shares[0].before, shares[0].after) == (1, 1)
    assert (shares[1].before, shares[1].after, shares[1].difference) == (0.5, None, None)


def test_shares_differ_by_points() -> None:
    before = reports.funnel(reports.path(100, 20))
    after = reports.funnel(reports.path(100, 25))
    comparison = after.compare(before)
    assert "25.0% · +5.0 points" in json.dumps(comparison.chart().to_dict(), ensure_ascii=False)
    assert "+5.0 points" in comparison.card().chart.alt  # type: ignore[union-attr]  # it has one


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        (
            reports.plans(),
            reports.event_counts(),
            "SegmentationResult and EventCountsResult cannot be compared.",
        ),
        (reports.plans(), reports.plans(unit="week"), "They differ in their unit: day and week."),
        (reports.plans(), reports.plans(on="country"), "They differ in their breakdowns: plan and country."),
        (reports.plans(), reports.plans(type="unique"), "They differ in their type: general and unique."),
        (
            reports.funnel(reports.path(3, 2)),
            replace(reports.funnel(reports.path(3, 2)), events=("A", "B", "C", "D")),
            "They differ in their number of steps:",
        ),
        (reports.plans(), replace(reports.plans(), dates=()), "The second of the two has no rows."),
        (reports.activity(), reports.activity(), "A ActivityFeedResult cannot be compared."),
    ],
)
def test_what_cannot_be_compared_is_said(one: ReportResult, other: ReportResult, says: str) -> None:
    with pytest.raises(ParameterError) as raised:
        one.compare(other)
    assert str(raised.value).startswith(says)


def test_two_filters_are_told_apart() -> None:
    pro, free = (reports.plans(where=f'properties["plan"] == "{plan}"') for plan in ("pro", "free"))
    text = pro.compare(free).to_text()
    assert 'compared with where properties["plan"] == "free"' in text


def test_nothing_before_and_nothing_after_is_said() -> None:
    empty = reports.segmentation({"total": {}}, on=None)
    card = empty.compare(empty).card()
    assert card.chart is None
    assert card.empty == "Nothing happened, neither after nor before."
