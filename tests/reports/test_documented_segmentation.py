"""Counting, uniques, lists and numbers as Mixpanel documents them, asked of package and reference."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from .support import Project, did

if TYPE_CHECKING:
    from .support import Reports

DAY = date(2011, 8, 6)
ONE_DAY: dict[str, Any] = {"from_date": DAY, "to_date": DAY}


def segments(reports: Reports, events: list[dict[str, Any]], **query: Any) -> dict[str, float]:
    records = reports(Project(events))("segmentation", **{"event": "View", **ONE_DAY, **query})
    return {record["segment"]: record["count"] for record in records}


def seen(user: str | None, clock: str = "12:00", **properties: Any) -> dict[str, Any]:
    return did(user, "View", f"{DAY} {clock}", **properties)


def test_general_unique_and_average(reports: Reports) -> None:
    """GET /segmentation, ``type``; docs/reports/insights: "The number of events performed per user"."""
    events = [seen("a"), seen("a"), seen("a"), seen("b")]
    assert segments(reports, events) == {"total": 4}
    assert segments(reports, events, type="unique") == {"total": 2}
    assert segments(reports, events, type="average") == {"total": 2.0}


def test_a_user_counts_in_every_segment(reports: Reports) -> None:
    """Docs/reports/insights, "How do breakdowns work with Uniques?": one user, both pages."""
    events = [seen("a", page="Home"), seen("a", page="Shop"), seen("a", page="Home"), seen("b", page="Home")]
    assert segments(reports, events, on="page", type="unique") == {"Home": 2, "Shop": 1}
    assert segments(reports, events, type="unique") == {"total": 2}


def bought(user: str, *products: str) -> dict[str, Any]:
    listed: dict[str, Any] = {"List of ProductIDs": list(products)}
    return did(user, "PurchaseCompleted", f"{DAY} 12:00", **listed)


PURCHASES = [bought("a", "P1", "P2", "P4"), bought("a", "P2", "P3", "P4"), bought("b", "P3", "P4")]


@pytest.mark.parametrize("columns", [100, 0])
def test_lists_break_down_per_item(reports: Reports, columns: int) -> None:
    """Docs/data-structure/property-reference/data-type, "List Breakdown": its first table."""
    ask = reports(Project(PURCHASES, columns=columns))
    records = ask("segmentation", event="PurchaseCompleted", on="List of ProductIDs", **ONE_DAY)
    assert {record["segment"]: record["count"] for record in records} == {"P4": 3, "P2": 2, "P3": 2, "P1": 1}
    assert [record["segment"] for record in records] == ["P4", "P2", "P3", "P1"], "most first"


def test_undefined_and_null_are_one_segment(reports: Reports) -> None:
    """The same page, "Undefined and Null": both are "(not set)"; an empty string is a value of its own."""
    events = [seen("a"), seen("a", plan=None), seen("b", plan="pro"), seen("c", plan="")]
    assert segments(reports, events, on="plan") == {"undefined": 2, "pro": 1, "": 1}


def test_values_of_every_type(reports: Reports) -> None:
    """Reference/segmentation-expressions, "Casting to String": numbers as decimals, "true" or "false"."""
    events = [seen("a", x=value) for value in (5, 5.0, 5.5, True, False, "5", "text")]
    assert segments(reports, events, on="x") == {"5": 3, "5.5": 1, "false": 1, "text": 1, "true": 1}


def test_events_without_a_user_are_counted_but_are_nobody(reports: Reports) -> None:
    """An empty distinct_id is in totals, and in no count of users."""
    events = [seen("a"), seen(""), seen(None)]
    assert segments(reports, events) == {"total": 3}
    assert segments(reports, events, type="unique") == {"total": 1}
    assert segments(reports, events, type="average") == {"total": 1.0}


def test_days_are_those_of_the_project(reports: Reports) -> None:
    """GET /segmentation: dates are days of the project's time zone, every one of them in the answer."""
    events = [did("a", "View", "2025-01-01 22:30"), did("a", "View", "2025-01-01 23:30")]
    query: dict[str, Any] = {"from_date": date(2025, 1, 1), "to_date": date(2025, 1, 3)}
    records = reports(Project(events, zone="Europe/Berlin"))("segmentation", event="View", **query)
    assert [(record["date"], record["count"]) for record in records] == [
        ("2025-01-01", 1),
        ("2025-01-02", 1),
        ("2025-01-03", 0),
    ]


def test_hours_of_a_day_when_clocks_change(reports: Reports) -> None:
    """Two equal hours of the wall clock are one bucket; an hour that is left out is there and empty."""
    autumn = [did("a", "View", f"2025-10-26 {clock}") for clock in ("00:30", "01:30")]  # both 02:30 in Berlin
    spring = [did("a", "View", f"2025-03-30 {clock}") for clock in ("00:30", "01:30")]  # 01:30 and 03:30
    for day, events, expected in [("2025-10-26", autumn, {2: 2}), ("2025-03-30", spring, {1: 1, 3: 1})]:
        span: dict[str, Any] = {"from_date": date.fromisoformat(day), "to_date": date.fromisoformat(day)}
        ask = reports(Project(events, zone="Europe/Berlin"))
        records = ask("segmentation", event="View", unit="hour", **span)
        assert [record["date"] for record in records] == [f"{day}T{hour:02}:00:00" for hour in range(24)]
        assert {hour: record["count"] for hour, record in enumerate(records) if record["count"]} == expected


def test_weeks_begin_on_monday(reports: Reports) -> None:
    """The week of a Sunday begins six days before; only events of the range count in it."""
    events = [did("a", "View", f"2025-01-{day:02} 12:00") for day in (4, 5, 6, 12, 13)]
    query: dict[str, Any] = {"from_date": date(2025, 1, 5), "to_date": date(2025, 1, 12)}
    records = reports(Project(events))("segmentation", event="View", unit="week", **query)
    assert [(record["date"], record["count"]) for record in records] == [("2024-12-30", 1), ("2025-01-06", 2)]


def test_numeric_buckets(reports: Reports) -> None:
    """GET /segmentation/numeric: ranges named like "2,000 - 2,100"."""
    events = [seen("a", price=price) for price in (2_000, 2_099.99, 2_100, 2_499, "2,000", True)]
    ask = reports(Project(events))
    records = ask("segmentation_numeric", event="View", on="price", buckets=5, **ONE_DAY)
    assert [(record["bucket"], record["count"]) for record in records] == [
        ("2,000 - 2,100", 2),
        ("2,100 - 2,200", 1),
        ("2,200 - 2,300", 0),
        ("2,300 - 2,400", 0),
        ("2,400 - 2,500", 1),
    ]


def test_what_is_no_number_counts_as_nothing_in_sums_and_averages(reports: Reports) -> None:
    """GET /segmentation/sum and /average: "If the expression is not numeric, a value of 0.0 is assumed"."""
    events = [seen("a", price=price) for price in (10, 2.5, "7", None, True)]
    ask = reports(Project(events))
    span: dict[str, Any] = {"from_date": DAY, "to_date": date(2011, 8, 7)}
    sums = ask("segmentation_sum", event="View", on="price", **span)
    assert sums == [
        {"date": "2011-08-06", "sum": 12.5, "complete": True},
        {"date": "2011-08-07", "sum": 0.0, "complete": True},
    ]
    means = ask("segmentation_average", event="View", on="price", **span)
    assert means == [
        {"date": "2011-08-06", "average": 2.5, "complete": True},
        {"date": "2011-08-07", "average": None, "complete": True},
    ]


def test_event_counts(reports: Reports) -> None:
    """GET /events: a series of each event, and zeros where there was none."""
    events = [did("a", "splash features", "2010-05-29 12:00"), did("a", "account-page", "2010-05-30 12:00")]
    query: dict[str, Any] = {"from_date": date(2010, 5, 29), "to_date": date(2010, 5, 30)}
    records = reports(Project(events))("event_counts", events=["splash features", "account-page"], **query)
    assert [tuple(record.values()) for record in records] == [
        ("2010-05-29", "splash features", 1, True),
        ("2010-05-29", "account-page", 0, True),
        ("2010-05-30", "splash features", 0, True),
        ("2010-05-30", "account-page", 1, True),
    ]


def test_top_events_and_their_change_since_the_day_before(reports: Reports) -> None:
    """GET /events/top: "the normalized percent change from yesterday", 1 for an event that is new."""
    names = {"funnel": (4, 2), "pages": (2, 3), "projects": (0, 2)}
    events = [
        did("a", name, f"2010-05-{29 + day} 12:00")
        for name, numbers in names.items()
        for day, number in enumerate(numbers)
        for _ in range(number)
    ]
    records = reports(Project(events))("top_events")
    assert [tuple(record.values()) for record in records] == [
        ("pages", 3, 0.5),
        ("funnel", 2, -0.5),
        ("projects", 2, 1.0),
    ]
