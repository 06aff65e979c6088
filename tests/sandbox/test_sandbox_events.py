"""Events side by side, their top, and the values of a property over time."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from .naive import FIRST, day_of

if TYPE_CHECKING:
    from .conftest import Get
    from .naive import Naive

BOTH_EVENTS = json.dumps(["Purchase", "Sign Up"])
LAST_DAY = date(2025, 3, 31)
NO_DATES: dict[str, Any] = {"from_date": None, "to_date": None}


def test_several_events_are_counted_per_day(get: Get, counted: Naive) -> None:
    answer = get("events", event=BOTH_EVENTS, type="general", unit="day").json()
    expected = {name: counted.per_day(name) for name in ("Purchase", "Sign Up")}
    assert answer["data"]["values"] == expected
    assert list(answer["data"]["values"]) == ["Purchase", "Sign Up"]
    assert (len(answer["data"]["series"]), answer["legend_size"]) == (7, 2)


@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_uniques_are_users_per_bucket(get: Get, counted: Naive, unit: str) -> None:
    answer = get("events", event=BOTH_EVENTS, type="unique", unit=unit).json()
    found = answer["data"]["values"]["Sign Up"]
    if unit == "day":
        assert found[str(FIRST)] == len(counted.users("Sign Up", FIRST, FIRST))
    else:
        start = "2025-02-10" if unit == "week" else "2025-02-01"
        assert found == {start: len(counted.users("Sign Up"))}


@pytest.mark.parametrize(
    ("unit", "interval", "series"),
    [
        ("day", 3, ["2025-03-29", "2025-03-30", "2025-03-31"]),
        ("week", 2, ["2025-03-24", "2025-03-31"]),
        ("month", 3, ["2025-01-01", "2025-02-01", "2025-03-01"]),
        ("month", 4, ["2024-12-01", "2025-01-01", "2025-02-01", "2025-03-01"]),
        ("hour", 25, None),
        ("minute", 2, ["2025-03-31 23:58:00", "2025-03-31 23:59:00"]),
    ],
)
def test_an_interval_is_the_last_units_of_the_data_set(
    get: Get, unit: str, interval: int, series: list[str] | None
) -> None:
    params: dict[str, Any] = {"type": "general", "unit": unit, "interval": interval, **NO_DATES}
    answer = get("events", event='["Page View"]', **params).json()["data"]
    assert len(answer["series"]) == interval
    assert series is None or answer["series"] == series
    assert set(answer["values"]["Page View"]) <= set(answer["series"])
    by_property = get("events/properties", event="Page View", name="$os", **params).json()["data"]
    assert by_property["series"] == answer["series"]


def test_todays_top_events_are_those_of_the_last_day_of_the_data(get: Get, counted: Naive) -> None:
    answer = get("events/top", type="general", limit=3).json()
    today = Counter(event["event"] for event in counted.matching(None, LAST_DAY, LAST_DAY))
    day_before = Counter(
        event["event"] for event in counted.matching(None, date(2025, 3, 30), date(2025, 3, 30))
    )
    assert answer["type"] == "general"
    assert [(found["event"], found["amount"]) for found in answer["events"]] == today.most_common(3)
    for found in answer["events"]:
        before = day_before[found["event"]]
        assert found["percent_change"] == pytest.approx((found["amount"] - before) / before)
    unique = get("events/top", type="unique").json()["events"]
    assert unique[0]["amount"] == max(len(counted.users(name, LAST_DAY, LAST_DAY)) for name in today)


def test_values_of_a_property_are_counted_over_time(get: Get, counted: Naive) -> None:
    params: dict[str, Any] = {"event": "Purchase", "name": "coupon", "type": "general", "unit": "day"}
    answer = get("events/properties", **params).json()
    coupons = counted.per_day("Purchase", where=lambda properties: properties["coupon"] == "SPRING10")
    others = counted.per_day("Purchase", where=lambda properties: properties["coupon"] is None)
    assert answer["data"]["values"] == {"SPRING10": coupons, "undefined": others}
    chosen = get("events/properties", values='["SPRING10","NEVER"]', **params).json()
    assert chosen["data"]["values"] == {"SPRING10": coupons, "NEVER": {}}
    assert list(get("events/properties", limit=1, **params).json()["data"]["values"]) == ["undefined"]


def test_lists_count_item_by_item(get: Get, counted: Naive) -> None:
    params: dict[str, Any] = {"event": "Purchase", "name": "categories", "type": "general", "unit": "month"}
    answer = get("events/properties", **params).json()["data"]["values"]
    expected: Counter[str] = Counter()
    for event in counted.matching("Purchase"):
        assert day_of(event) >= FIRST
        expected.update(set(event["properties"]["categories"]))
    assert {name: sum(counts.values()) for name, counts in answer.items()} == dict(expected)


@pytest.mark.parametrize(
    ("path", "params", "error"),
    [
        ("events", {}, "Missing required parameter: event"),
        ("events", {"event": "[]"}, "Missing required parameter: event"),
        ("events", {"event": "Purchase"}, "Invalid event: expected a JSON array of strings"),
        ("events", {"event": BOTH_EVENTS, "type": None}, "Missing required parameter: type"),
        ("events", {"event": BOTH_EVENTS, "unit": None}, "Missing required parameter: unit"),
        ("events", {"event": BOTH_EVENTS, "unit": "quarter"}, "Invalid unit: 'quarter'"),
        ("events", {"event": BOTH_EVENTS, "from_date": None}, "Missing required parameter: from_date"),
        ("events", {"event": BOTH_EVENTS, "type": "unique", "unit": "hour"}, "cannot get hourly uniques"),
        ("events", {"event": BOTH_EVENTS, "type": "unique", "unit": "minute"}, "cannot get hourly uniques"),
        ("events", {"event": BOTH_EVENTS, "interval": 90_000, **NO_DATES}, "bad year"),
        ("events", {"event": BOTH_EVENTS, "interval": 0, **NO_DATES}, "Invalid interval"),
        (
            "events",
            {"event": BOTH_EVENTS, "format": "xml"},
            "Invalid format: 'xml', expected one of json, csv",
        ),
        ("events", {"event": BOTH_EVENTS, "where": "true"}, "does not evaluate `where` yet"),
        ("events/names", {"from_date": "1999-12-31"}, "Error in from_date: invalid date, bad year"),
        ("events/top", {"type": None}, "Missing required parameter: type"),
        ("events/properties", {"event": "Purchase"}, "Missing required parameter: name"),
        ("events/properties", {"name": "plan"}, "Missing required parameter: event"),
        ("events/properties", {"event": "Purchase", "name": "plan", "values": "pro"}, "Invalid values"),
        ("events/properties", {"event": "Purchase", "name": "plan", "limit": 0}, "Invalid limit"),
    ],
)
def test_a_bad_question_is_a_400_that_says_why(
    get: Get, path: str, params: dict[str, Any], error: str
) -> None:
    answer = get(path, **{"type": "general", "unit": "day", **params})
    assert answer.status_code == 400
    assert error in answer.json()["error"]


def test_dates_decide_where_there_is_an_interval_as_well(get: Get) -> None:
    params: dict[str, Any] = {"event": BOTH_EVENTS, "type": "general", "unit": "day"}
    assert get("events", interval=3, **params).json() == get("events", **params).json()


def test_csv_has_a_row_a_bucket_and_a_column_a_name(get: Get, counted: Naive) -> None:
    answer = get("events", event=BOTH_EVENTS, type="general", unit="day", format="csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    header, *rows = csv.reader(answer.text.splitlines())
    assert header == ["date", "Purchase", "Sign Up"]
    purchases, sign_ups = counted.per_day("Purchase"), counted.per_day("Sign Up")
    days = [str(FIRST + timedelta(days=n)) for n in range(7)]
    assert rows == [[day, str(purchases.get(day, 0)), str(sign_ups.get(day, 0))] for day in days]
    params: dict[str, Any] = {"name": "coupon", "type": "general", "unit": "week", "format": "csv"}
    coupons = get("events/properties", event="Purchase", **params).text.splitlines()
    assert coupons[0] == "date,undefined,SPRING10"


def test_properties_and_values_are_counted_without_duplicates(
    get: Get, counted: Naive, dumped: list[Any]
) -> None:
    held = [event["properties"] for event in counted.events if event["event"] == "Purchase"]
    assert len(held) < sum(event["event"] == "Purchase" for event in dumped)  # there are some
    expected = Counter(name for properties in held for name in properties)
    found = get("events/properties/top", event="Purchase", limit=100).json()
    assert {name: count["count"] for name, count in found.items()} == {
        name: count for name, count in expected.items() if name not in ("time", "distinct_id")
    }
    quarter = {"from_date": "2025-01-01", "to_date": str(LAST_DAY)}
    segments = get("segmentation", event="Purchase", unit="month", **quarter).json()["data"]["values"]
    assert found["revenue"]["count"] == sum(segments["Purchase"].values()) == len(held)
    cities = Counter(properties["$city"] for properties in held if "$city" in properties)
    values = get("events/properties/values", event="Purchase", name="$city").json()
    assert values == sorted(cities, key=lambda city: (-cities[city], city))


def test_names_are_those_of_the_31_days_that_end_with_the_data(get: Get, counted: Naive) -> None:
    month = Counter(event["event"] for event in counted.matching(None, date(2025, 3, 1), LAST_DAY))
    names = get("events/names", type="general", **NO_DATES).json()
    assert names == sorted(month, key=lambda name: (-month[name], name))
    early = get("events/names", type="general", from_date=None, to_date="2025-01-31").json()
    first_month = counted.matching(None, date(2025, 1, 1), date(2025, 1, 31))
    assert set(early) == {event["event"] for event in first_month}


def test_json_may_be_asked_for_by_name(get: Get) -> None:
    params: dict[str, Any] = {"event": BOTH_EVENTS, "type": "general", "unit": "day"}
    assert get("events", format="json", **params).json() == get("events", **params).json()
