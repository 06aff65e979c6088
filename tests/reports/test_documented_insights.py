"""Insights as its pages document it: measurements, breakdowns, ranges, analysis, comparison."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mixpanel_nb import Metric, Workspace

from .support import Project, did

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.results import ComparisonResult, InsightsResult

    from .support import Package

ONE = timedelta(days=1)


def insights(package: Package, events: Sequence[Any], metrics: Any, **query: Any) -> InsightsResult:
    project = Project(events)
    package(project)
    result: InsightsResult = package.workspace().insights(metrics, **query, table="events")
    return result


def compared_insights(
    package: Package, events: Sequence[Any], metrics: Any, **query: Any
) -> list[dict[str, Any]]:
    package(Project(events))
    comparison: ComparisonResult[Any] = package.workspace().insights(metrics, **query, table="events")
    return comparison.records()


def by_date(result: InsightsResult, column: str = "value") -> dict[str, float | None]:
    return {record["date"]: record[column] for record in result.records()}


def watched(user: str, day: date | str, **properties: Any) -> dict[str, Any]:
    return did(user, "Watch Video", f"{day} 12:00", **properties)


# The last days of a bucket


def test_mau_by_month_counts_the_30_days_that_end_with_the_month(package: Package) -> None:
    """Docs/reports/insights, "Example of MAU": for December from Dec 2 to Dec 31."""
    events = [watched("a", "2023-12-01"), watched("b", "2023-12-02"), watched("c", "2023-12-31")]
    asked: dict[str, Any] = {"from_date": "2023-12-01", "to_date": "2023-12-31", "unit": "month"}
    assert by_date(insights(package, events, "mau(Watch Video)", **asked)) == {"2023-12-01": 2}


def test_mau_by_day_looks_back_30_days(package: Package) -> None:
    """The same, "Day": for Nov 1 from Oct 3 to Nov 1."""
    events = [watched("a", "2023-10-02"), watched("b", "2023-10-03"), watched("c", "2023-11-01")]
    asked: dict[str, Any] = {"from_date": "2023-11-01", "to_date": "2023-11-01"}
    assert by_date(insights(package, events, "mau(Watch Video)", **asked)) == {"2023-11-01": 2}


def test_mau_by_week_ends_with_the_week(package: Package) -> None:
    """The same, "Week": for Nov 27 to Dec 3 from Nov 4 to Dec 3."""
    events = [watched("a", "2023-11-03"), watched("b", "2023-11-04"), watched("c", "2023-12-03")]
    asked: dict[str, Any] = {"from_date": "2023-11-27", "to_date": "2023-12-03", "unit": "week"}
    assert by_date(insights(package, events, "mau(Watch Video)", **asked)) == {"2023-11-27": 2}


def test_active_users_and_stickiness_in_one_line(package: Package) -> None:
    """Docs/reports/insights, Formulas: "the DAU, WAU, and MAU functions … to calculate the stickiness"."""
    events = [
        watched("a", "2023-11-30"),
        watched("a", "2023-11-29"),
        watched("b", "2023-11-24"),
        watched("c", "2023-11-23"),
        watched("d", "2023-11-01"),
    ]
    package(Project(events))
    result = package.workspace().active(from_date="2023-11-30", to_date="2023-11-30", table="events")
    values = {record["metric"]: record["value"] for record in result.records()}
    assert values == {"DAU": 1, "WAU": 2, "MAU": 4, "DAU/WAU": 50, "DAU/MAU": 25}
    assert result.sql is not None
    assert result.sql.count('FROM "events"') == 1, "one look at the events"


# Sessions


def test_sessions_are_those_in_which_the_event_happened(package: Package) -> None:
    """Docs/reports/insights, "Sessions"; a session ends after 30 minutes and at midnight."""
    events = [
        did("a", "Visit", "2025-01-01 10:00"),
        watched("a", "2025-01-01"),  # at 12:00, in a session of its own
        did("a", "Watch Video", "2025-01-01 12:20"),
        did("a", "Watch Video", "2025-01-01 12:50"),  # exactly the timeout later
        did("b", "Watch Video", "2025-01-01 23:50"),
        did("b", "Watch Video", "2025-01-02 00:05"),
        did(None, "Watch Video", "2025-01-02 00:05"),
        did("b", "$identify", "2025-01-02 12:00"),  # is not part of sessions
    ]
    asked: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-02"}
    metrics = ["sessions(Watch Video)", "sessions(*)", "sessions($identify)"]
    found = insights(package, events, metrics, **asked).df
    found = found.pivot_table(index="metric", columns="date", values="value")
    assert found.loc[metrics].to_numpy().tolist() == [[2, 1], [3, 1], [0, 0]]
    report = package.workspace().sessions(**asked, event="Watch Video", table="events")
    assert report.df["sessions"].tolist() == [2, 1]
    whole = insights(package, events, "average(per user sessions(Watch Video))", **asked, totals=True)
    assert whole.df["value"].tolist() == [1.5]


# Users, segment by segment

PAGES = [
    did("joey", "View", "2023-03-01 10:00", page="Contact"),
    did("joey", "View", "2023-03-01 11:00", page="Shop"),
    did("joey", "View", "2023-03-07 10:00", page="Shop"),
    did("ann", "View", "2023-03-02 10:00", page="Home"),
    did("ann", "View", "2023-03-02 11:00", page="Shop"),
]
MARCH = {"from_date": "2023-02-27", "to_date": "2023-03-12", "unit": "week", "on": "page"}


@pytest.mark.parametrize(
    ("measure", "first_week", "second_week"),
    [
        ("unique", {"Shop": 2, "Contact": 1, "Home": 1}, {"Shop": 1, "Contact": 0, "Home": 0}),
        ("unique_first", {"Shop": 0, "Contact": 1, "Home": 1}, {"Shop": 1, "Contact": 0, "Home": 0}),
        ("unique_last", {"Shop": 2, "Contact": 0, "Home": 0}, {"Shop": 1, "Contact": 0, "Home": 0}),
    ],
)
def test_a_user_counts_in_each_segment_or_once_in_an_interval(
    package: Package, measure: str, first_week: dict[str, int], second_week: dict[str, int]
) -> None:
    """Docs/reports/insights, "How do breakdowns work with Uniques?"."""
    result = insights(package, PAGES, f"{measure}(View)", **MARCH)
    found: dict[str, dict[str, float]] = {}
    for record in result.records():
        found.setdefault(record["date"], {})[record["page"]] = record["value"]
    assert found == {"2023-02-27": first_week, "2023-03-06": second_week}


# Properties, and numbers per user

VALUES = [3, 1, 4, 1, 5, 9, 2, 6, 5.5, 3]


@pytest.mark.parametrize("number", [1, 10, 25, 50, 75, 90, 99, 99.5])
def test_percentiles_are_interpolated_as_numpy_does(package: Package, number: float) -> None:
    events = [watched("a", "2023-01-01", minutes=value) for value in VALUES]
    asked: dict[str, Any] = {"from_date": "2023-01-01", "to_date": "2023-01-01"}
    (value,) = by_date(insights(package, events, f"p{number}(Watch Video, minutes)", **asked)).values()
    assert value == pytest.approx(np.percentile(VALUES, number))


def test_a_number_per_user_is_made_before_they_are_summarized(package: Package) -> None:
    """Docs/reports/insights, "Aggregate Property per User": first per user, then over users."""
    events = [
        *(watched("a", "2023-01-01", minutes=value) for value in (10, 20)),
        watched("b", "2023-01-01", minutes=2),
        watched("c", "2023-01-01", minutes="unknown"),
        watched("c", "2023-01-01"),
    ]
    words = {
        "average(Watch Video, minutes)": 32 / 3,
        "average(per user total(Watch Video))": 5 / 3,
        "average(per user sum(Watch Video, minutes))": 16,
        "average(per user average(Watch Video, minutes))": 8.5,
        "max(per user sum(Watch Video, minutes))": 30,
        "distinct(Watch Video, minutes)": 4,
    }
    result = insights(package, events, [*words], from_date="2023-01-01", to_date="2023-01-01")
    assert {record["metric"]: record["value"] for record in result.records()} == pytest.approx(words)


@pytest.mark.parametrize("shape", [{"unit": "year"}, {"totals": True}])
def test_a_single_number_has_a_chart_and_needs_none_on_its_card(
    package: Package, shape: dict[str, Any]
) -> None:
    events = [watched("a", "2023-01-01"), watched("b", "2023-01-01")]
    result = insights(package, events, "Watch Video", from_date="2023-01-01", to_date="2023-12-31", **shape)
    assert result.card().chart is None
    assert "2" in json.dumps(result.chart().to_dict()["datasets"])
    assert ("Watch Video", "2") in list(result.card().facts)
    two = ["Watch Video", "sum(Watch Video, minutes)"]
    result = insights(package, events, two, from_date="2023-01-01", to_date="2023-12-31", **shape)
    assert result.card().chart is None
    assert len(list(result.card().facts)) == 2


# Ranges


@pytest.mark.parametrize("columns", [100, 0])
def test_ranges_have_open_ends_and_two_segments_for_what_is_no_number(package: Package, columns: int) -> None:
    """Docs/features/custom-buckets: lower bound inclusive, upper exclusive, and what is no number."""
    values = [-1, 9.99, 10, 19, 20, 50, 99, 100, 1000, "a", None]
    project = Project([watched("a", "2023-01-01", minutes=value) for value in values], columns=columns)
    package(project)
    asked: dict[str, Any] = {
        "from_date": "2023-01-01",
        "to_date": "2023-01-01",
        "totals": True,
        "table": "events",
    }
    result = package.workspace().insights("*", on="buckets(minutes, 10, 20, 50, 100)", **asked)
    assert [(record["minutes"], record["value"]) for record in result.records()] == [
        ("< 10", 2),
        ("10 - 20", 2),
        ("20 - 50", 1),
        ("50 - 100", 2),
        ("≥ 100", 2),
        ("(non-numeric values)", 1),
        ("(not set)", 1),
    ]


def test_chosen_ranges_are_of_equal_width(package: Package) -> None:
    events = [watched("a", "2023-01-01", minutes=value) for value in (0, 7, 12, 95, 99)]
    asked: dict[str, Any] = {"from_date": "2023-01-01", "to_date": "2023-01-01", "totals": True}
    result = insights(package, events, "Watch Video", on="buckets(minutes)", **asked)
    assert [(record["minutes"], record["value"]) for record in result.records()] == [
        ("0 - 10", 2),
        ("10 - 20", 1),
        ("90 - 100", 2),
    ]


def test_what_is_beyond_the_limit_is_counted_and_not_added(package: Package) -> None:
    events = [did("a", "View", "2023-01-01 12:00", page=page) for page in ("x", "x", "x", "y", "z")]
    asked: dict[str, Any] = {"from_date": "2023-01-01", "to_date": "2023-01-01", "on": "page", "limit": 1}
    result = insights(package, events, ["View", "unique(View)"], **asked)
    assert [(record["metric"], record["page"], record["value"]) for record in result.records()] == [
        ("View", "x", 3),
        ("View", "(other)", 2),
        ("unique(View)", "x", 1),
        ("unique(View)", "(other)", 1),
    ]
    assert result.left_out == 2


# Analysis

DAILY = [watched(f"u{n}", date(2023, 1, 1) + day * ONE) for day in range(10) for n in range(day)]


def test_a_rolling_average_takes_days_before_the_range(package: Package) -> None:
    """Docs/reports/insights, Analysis: "will include days before the selected time period"."""
    asked: dict[str, Any] = {"from_date": "2023-01-08", "to_date": "2023-01-10", "rolling": 7}
    result = insights(package, DAILY, "Watch Video", **asked)
    assert by_date(result) == {"2023-01-08": 4, "2023-01-09": 5, "2023-01-10": 6}


def test_cumulative_adds_up(package: Package) -> None:
    asked: dict[str, Any] = {"from_date": "2023-01-02", "to_date": "2023-01-05", "cumulative": True}
    result = insights(package, DAILY, "Watch Video", **asked)
    assert list(by_date(result).values()) == [1, 3, 6, 10]


def test_formulas_are_of_the_averaged_metrics(package: Package) -> None:
    asked: dict[str, Any] = {
        "from_date": "2023-01-05",
        "to_date": "2023-01-05",
        "rolling": 2,
        "formulas": "R = A / B [%]",
    }
    result = insights(package, DAILY, ["Watch Video", "average(per user total(Watch Video))"], **asked)
    assert [record["value"] for record in result.records()] == [3.5, 1, 3.5]
    assert result.lines[-1].unit == "%"


# Comparison

DAYS_ON = [watched("a", date(2022, 1, 1) + n * ONE) for n in range(800)]


@pytest.mark.parametrize(
    ("days", "more", "compared"),
    [
        ("2023-03-06 2023-03-08", {}, "2023-03-03 2023-03-04 2023-03-05"),
        ("2023-01-01 2023-03-31", {"unit": "month"}, "2022-10-01 2022-11-01 2022-12-01"),
        ("2023-04-01 2023-06-30", {"unit": "quarter"}, "2023-01-01"),
        ("2023-03-06 2023-03-19", {"unit": "week"}, "2023-02-20 2023-02-27"),
        ("2023-03-06 2023-03-08", {"compare": "year"}, "2022-03-07 2022-03-07 2022-03-08"),
        ("2024-02-29 2024-02-29", {"compare": "year"}, "2023-02-28"),
        ("2023-03-06 2023-03-12", {"compare": "year", "unit": "week"}, "2022-03-07"),
        ("2023-03-06 2023-03-08", {"compare": "2023-01-01..2023-01-02"}, "2023-01-01 2023-01-02 None"),
    ],
)
def test_the_dates_that_are_compared_with(
    package: Package, days: str, more: dict[str, Any], compared: str
) -> None:
    """Docs/reports/insights, "Time Period Comparisons": on a weekend of last year, the next Monday."""
    first, last = days.split()
    asked: dict[str, Any] = {"from_date": first, "to_date": last, "compare": "previous", **more}
    records = compared_insights(package, DAYS_ON, "Watch Video", **asked)
    assert " ".join(str(record["before_date"]) for record in records) == compared
    assert all((record["before"] is None) == (record["before_date"] is None) for record in records)


def test_a_comparison_has_the_same_segments(package: Package) -> None:
    january = [did("a", "View", "2023-01-01 12:00", page=page) for page in ("old", "x", "x", "x")]
    february = [did("a", "View", "2023-01-02 12:00", page=page) for page in ("x", "new", "new")]
    asked: dict[str, Any] = {
        "from_date": "2023-01-02",
        "to_date": "2023-01-02",
        "on": "page",
        "compare": "previous",
    }
    records = compared_insights(package, [*january, *february], "View", **asked)
    found = [(r["page"], r["after"], r["before"], r["difference"], r["change"]) for r in records]
    assert found == [("new", 2, 0, 2, None), ("x", 1, 3, -2, pytest.approx(-2 / 3))]


# What was fetched


def test_days_that_were_not_fetched_are_gaps_and_windows_over_them_are_marked() -> None:
    with Workspace.memory(account="sandbox") as ws:
        ws.fetch_events(from_date="2025-01-10", to_date="2025-01-14")
        asked: dict[str, Any] = {"from_date": "2025-01-08", "to_date": "2025-01-12", "table": "events"}
        result = ws.insights(["Purchase", "wau(Purchase)"], **asked)
        rows = {(r["date"][-2:], r["metric"]): (r["value"], r["complete"]) for r in result.records()}
        assert rows["08", "Purchase"] == (None, False)
        assert rows["10", "Purchase"][0] > 0
        assert rows["10", "Purchase"][1] is True
        assert rows["09", "wau(Purchase)"] == (None, False)
        assert rows["12", "wau(Purchase)"][0] > rows["10", "wau(Purchase)"][0] > 0
        assert rows["12", "wau(Purchase)"][1] is False
        assert any("were not fetched" in note for note in result.notes)
        weeks = ws.insights(
            "Purchase", from_date="2025-01-06", to_date="2025-01-14", unit="week", table="events"
        )
        assert [record["complete"] for record in weeks.records()] == [False, False]


def test_first_and_last_of_a_card_are_of_complete_buckets() -> None:
    with Workspace.memory(account="sandbox") as ws:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-31")
        result = ws.insights(["dau(Purchase)", "wau(Purchase)"], table="events")
        whole = result.df[result.df["complete"] & (result.df["metric"] == "wau(Purchase)")]["value"]
        first, last = f"{whole.iloc[0]:,.0f}", f"{whole.iloc[-1]:,.0f}"
        table = repr(result).partition("metric ")[2].splitlines()
        (line,) = [line for line in table if line.startswith("wau(Purchase) ")]
        assert line.split()[-2:] == [first, last]
        assert whole.iloc[0] > 2 * result.df[result.df["metric"] == "wau(Purchase)"]["value"].iloc[0]


def test_columns_of_breakdowns_have_names_of_their_own(package: Package) -> None:
    events = [did("a", "View", "2023-01-01 12:00", value="x", date="y")]
    metrics = [Metric("View"), Metric("View")]
    asked: dict[str, Any] = {
        "from_date": "2023-01-01",
        "to_date": "2023-01-01",
        "on": ["value", "date", 'properties["value"]'],
    }
    result = insights(package, events, metrics, **asked)
    assert list(result.df) == ["date", "metric", "value_2", "date_2", "value_3", "value", "complete"]
    assert list(result.df["metric"]) == ["View", "View_2"]
