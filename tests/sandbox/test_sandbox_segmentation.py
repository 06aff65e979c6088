"""Segmentation and its numeric kin: the figures, and what is refused."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from statistics import mean
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.sandbox.dataset.catalogue import MARKUP_EVENT

from .naive import FIRST, LAST, day_of, monday

if TYPE_CHECKING:
    from .conftest import Get
    from .naive import Naive

WEEK = [str(FIRST + timedelta(days=number)) for number in range(7)]
REVENUE = 'properties["revenue"]'


def test_events_are_counted_per_day_and_every_day_is_in_the_series(get: Get, counted: Naive) -> None:
    answer = get("segmentation", event=MARKUP_EVENT).json()
    expected = counted.per_day(MARKUP_EVENT)
    assert answer["data"]["series"] == WEEK
    assert answer["data"]["values"] == {MARKUP_EVENT: expected}
    assert answer["legend_size"] == 1
    assert 0 < len(expected) < 7  # days without one have no zero


def test_duplicates_are_counted_once(get: Get, counted: Naive, dumped: list[Any]) -> None:
    whole: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31"}
    answer = get("segmentation", event="Purchase", unit="month", **whole).json()
    purchases = list(counted.matching("Purchase", date(2025, 1, 1), date(2025, 3, 31)))
    assert sum(answer["data"]["values"]["Purchase"].values()) == len(purchases)
    assert len(purchases) < sum(event["event"] == "Purchase" for event in dumped)


@pytest.mark.parametrize("on", ["plan", 'properties["plan"]'])
def test_a_breakdown_has_a_series_per_value_the_most_frequent_first(
    get: Get, counted: Naive, on: str
) -> None:
    answer = get("segmentation", event="Purchase", on=on).json()
    expected: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for event in counted.matching("Purchase"):
        expected[event["properties"].get("plan", "undefined")][str(day_of(event))] += 1
    values = answer["data"]["values"]
    assert values == {name: dict(counts) for name, counts in expected.items()}
    totals = [sum(counts.values()) for counts in values.values()]
    assert totals == sorted(totals, reverse=True)
    assert answer["legend_size"] == len(values) == 4


def test_the_limit_keeps_the_largest_segments(get: Get) -> None:
    every = get("segmentation", event="Purchase", on="$city").json()["data"]["values"]
    answer = get("segmentation", event="Purchase", on="$city", limit=3).json()
    assert list(answer["data"]["values"]) == list(every)[:3]
    assert answer["legend_size"] == 3


def test_uniques_are_users(get: Get, counted: Naive) -> None:
    answer = get("segmentation", event="View Product", unit="week", type="unique").json()
    users = counted.users("View Product")
    assert answer["data"]["values"]["View Product"] == {str(monday(FIRST)): len(users)}


def test_averages_are_events_per_user(get: Get, counted: Naive) -> None:
    answer = get("segmentation", event="View Product", unit="week", type="average").json()
    events = [e for e in counted.matching("View Product") if e["properties"]["distinct_id"]]
    average = answer["data"]["values"]["View Product"][str(FIRST)]
    assert average == pytest.approx(len(events) / len(counted.users("View Product")))


def test_hours_are_told_with_their_time(get: Get, counted: Naive) -> None:
    answer = get("segmentation", event="Purchase", unit="hour", to_date="2025-02-10").json()["data"]
    assert answer["series"][:2] == ["2025-02-10 00:00:00", "2025-02-10 01:00:00"]
    assert len(answer["series"]) == 24
    hours = Counter(e["properties"]["time"] // 3600 % 24 for e in counted.matching("Purchase", FIRST, FIRST))
    expected = {f"2025-02-10 {hour:02}:00:00": count for hour, count in hours.items()}
    assert answer["values"]["Purchase"] == expected


def test_a_filter_counts_only_what_it_is_true_for(get: Get, counted: Naive) -> None:
    answer = get("segmentation", event="Purchase", where=f"{REVENUE} > 100").json()
    expected = counted.per_day("Purchase", where=lambda properties: properties["revenue"] > 100)
    assert answer["data"]["values"]["Purchase"] == expected


def test_a_filter_can_look_into_profiles(get: Get, counted: Naive, dataset: Any) -> None:
    answer = get("segmentation", event="Purchase", where='user["newsletter"] == true', unit="week").json()
    readers = set(dataset.profiles.ids('properties["newsletter"] == true'))
    expected = sum(e["properties"]["distinct_id"] in readers for e in counted.matching("Purchase"))
    assert sum(answer["data"]["values"]["Purchase"].values()) == expected


def test_an_event_that_is_not_there_has_no_counts(get: Get) -> None:
    assert get("segmentation", event="Nope").json()["data"]["values"] == {"Nope": {}}
    assert get("segmentation", event="Nope", on="plan").json()["legend_size"] == 0


@pytest.mark.parametrize("kind", ["unique", "average"])
def test_an_interval_makes_buckets_of_days(get: Get, counted: Naive, kind: str) -> None:
    answer = get("segmentation", event="View Product", interval=3, type=kind, where="true").json()["data"]
    assert answer["series"] == ["2025-02-10", "2025-02-13", "2025-02-16"]
    for day in answer["series"]:
        first = date.fromisoformat(day)
        last = min(first + timedelta(days=2), LAST)
        users = len(counted.users("View Product", first, last))
        events = sum(
            bool(e["properties"]["distinct_id"]) for e in counted.matching("View Product", first, last)
        )
        expected = users if kind == "unique" else events / users
        assert answer["values"]["View Product"][day] == pytest.approx(expected)


def test_an_interval_can_be_broken_down_and_stand_without_dates(get: Get, counted: Naive) -> None:
    nothing: dict[str, Any] = {"from_date": None, "to_date": None}
    answer = get("segmentation", event="Purchase", interval=7, type="unique", on="plan", **nothing).json()
    assert answer["data"]["series"] == ["2025-03-25"]  # the week that ends with the data set
    days = date(2025, 3, 25), date(2025, 3, 31)
    pro = counted.users("Purchase", *days, where=lambda properties: properties.get("plan") == "pro")
    assert answer["data"]["values"]["pro"] == {"2025-03-25": len(pro)}


def test_a_unit_decides_where_there_is_an_interval_as_well(get: Get) -> None:
    params: dict[str, Any] = {"event": "Purchase", "unit": "week"}
    assert get("segmentation", interval=2, **params).json() == get("segmentation", **params).json()


def test_csv_has_a_column_a_segment(get: Get, counted: Naive) -> None:
    answer = get("segmentation", event="Purchase", on="plan", unit="week", format="csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    header, row = csv.reader(answer.text.splitlines())
    plans = Counter(e["properties"].get("plan", "undefined") for e in counted.matching("Purchase"))
    assert dict(zip(header, row, strict=True)) == {
        "date": str(FIRST),
        **{plan: str(count) for plan, count in plans.items()},
    }


def test_now_is_the_end_of_the_data(get: Get, counted: Naive) -> None:
    where = 'properties["$time"] >= datetime(NOW - 86400)'
    quarter: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31"}
    answer = get("segmentation", event="Purchase", where=where, **quarter).json()["data"]
    last = date(2025, 3, 31)
    assert answer["values"]["Purchase"] == counted.per_day("Purchase", last, last)
    lines = get("export", "/api/2.0", event='["Purchase"]', where=where, **quarter).text.splitlines()
    assert {day_of(json.loads(line)) for line in lines} == {last}


def test_numeric_buckets_are_ranges_with_every_event_in_one(get: Get, counted: Naive) -> None:
    answer = get("segmentation/numeric", event="Purchase", on=REVENUE).json()
    found: Counter[str] = Counter()
    for label, counts in answer["data"]["values"].items():
        low, high = (float(bound.replace(",", "")) for bound in label.split(" - "))
        for event in counted.matching("Purchase"):
            found[label] += low <= event["properties"]["revenue"] < high
        assert sum(counts.values()) == found[label]
    assert found.total() == len(list(counted.matching("Purchase")))
    assert answer["legend_size"] == len(answer["data"]["values"])
    fewer = get("segmentation/numeric", event="Purchase", on=REVENUE, buckets=2).json()
    assert fewer["legend_size"] < answer["legend_size"]


def test_large_ranges_have_thousands_separators(get: Get) -> None:
    labels = get("segmentation/numeric", event="Purchase", on=f"{REVENUE} * 100").json()["data"]["values"]
    assert any("," in label for label in labels)


def test_sums_and_averages_are_per_day(get: Get, counted: Naive) -> None:
    per_day: defaultdict[str, list[float]] = defaultdict(list)
    for event in counted.matching("Purchase"):
        per_day[str(day_of(event))].append(event["properties"]["revenue"])
    sums = get("segmentation/sum", event="Purchase", on=REVENUE).json()["results"]
    assert list(sums) == WEEK
    assert sums == pytest.approx({day: sum(values) for day, values in per_day.items()})
    averages = get("segmentation/average", event="Purchase", on=REVENUE).json()["results"]
    assert averages == pytest.approx({day: mean(values) for day, values in per_day.items()})


def test_what_is_no_number_counts_as_zero(get: Get, counted: Naive) -> None:
    params: dict[str, Any] = {"event": "Add to Cart", "on": 'properties["quantity"]', "unit": "week"}
    events = [e["properties"]["quantity"] for e in counted.matching("Add to Cart")]
    numbers = [quantity for quantity in events if not isinstance(quantity, str)]
    assert len(numbers) < len(events)
    assert get("segmentation/sum", **params).json()["results"] == {str(FIRST): sum(numbers)}
    average = get("segmentation/average", **params).json()["results"][str(FIRST)]
    assert average == pytest.approx(sum(numbers) / len(events))


def test_days_without_events_have_a_sum_of_zero_and_no_average(get: Get) -> None:
    params: dict[str, Any] = {"event": "Nope", "on": REVENUE, "to_date": "2025-02-11"}
    assert get("segmentation/sum", **params).json()["results"] == {"2025-02-10": 0, "2025-02-11": 0}
    assert get("segmentation/average", **params).json()["results"] == {}


@pytest.mark.parametrize(
    ("path", "params", "error"),
    [
        ("segmentation", {}, "Missing required parameter: event"),
        ("segmentation", {"from_date": None}, "Missing required parameter: from_date"),
        ("segmentation", {"from_date": "1970-12-31"}, "Error in from_date: invalid date, bad year"),
        ("segmentation", {"to_date": "2199-01-01"}, "to_date cannot be later than today"),
        ("segmentation", {"to_date": "2025-02-01"}, "to_date must be greater than or equal to from_date"),
        ("segmentation", {"unit": "year"}, "Invalid unit: 'year', expected one of minute, hour, day"),
        ("segmentation", {"type": "total"}, "Invalid type: 'total'"),
        ("segmentation", {"limit": 10_001}, "Invalid limit: 10001 exceeds the maximum of 10000"),
        ("segmentation", {"format": "xml"}, "Invalid format: 'xml', expected one of json, csv"),
        ("segmentation", {"where": "properties["}, "Invalid where: The expression ends too early"),
        ("segmentation", {"where": 'properties["plan"] = 5'}, "Invalid where: Unexpected '='"),
        ("segmentation", {"on": 'properties["plan"'}, "Invalid on: The expression ends too early"),
        ("segmentation", {"interval": 2}, "interval can only be used where type is unique or average"),
        (
            "segmentation",
            {"interval": 20_000, "type": "unique", "from_date": None, "to_date": None},
            "bad year",
        ),
        ("segmentation/numeric", {}, "Missing required parameter: on"),
        ("segmentation/numeric", {"on": REVENUE, "buckets": 0}, "Invalid buckets"),
        ("segmentation/sum", {}, "Missing required parameter: on"),
        ("segmentation/average", {}, "Missing required parameter: on"),
        ("segmentation/average", {"on": REVENUE, "where": "1 +"}, "Invalid where"),
    ],
)
def test_a_bad_question_is_a_400_that_says_why(
    get: Get, path: str, params: dict[str, Any], error: str
) -> None:
    event = None if error.endswith(": event") else "Purchase"
    answer = get(path, event=event, **params)
    assert answer.status_code == 400
    assert error in answer.json()["error"]
    assert answer.json()["request"].startswith(f"/api/query/{path}?project_id=1")
