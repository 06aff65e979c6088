"""Saved funnels: their figures against plain Python, and what is refused."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from .naive import DAY, FIRST

if TYPE_CHECKING:
    from .conftest import Get
    from .naive import Naive

PURCHASE = ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
SYSTEMS = {"Windows", "Mac OS X", "Linux", "iOS", "Android"}


def counts(steps: list[dict[str, Any]]) -> list[int]:
    return [step["count"] for step in steps]


def test_the_saved_funnels_are_listed(get: Get) -> None:
    names = {funnel["name"] for funnel in get("funnels/list").json()}
    assert {"Purchase funnel", "Sign-up to first purchase", "Search to purchase"} <= names


def test_each_day_is_a_funnel_of_its_own(get: Get, counted: Naive) -> None:
    answer = get("funnels", funnel_id=1001).json()
    days = [str(FIRST + timedelta(days=number)) for number in range(7)]
    assert answer["meta"]["dates"] == list(answer["data"]) == days
    for day, funnel in answer["data"].items():
        expected, _ = counted.funnel(PURCHASE, 7 * DAY, date.fromisoformat(day), date.fromisoformat(day))
        assert counts(funnel["steps"]) == expected


def test_the_steps_tell_ratios_and_times(get: Get, counted: Naive) -> None:
    [funnel] = get("funnels", funnel_id=1001, interval=7).json()["data"].values()
    expected, elapsed = counted.funnel(PURCHASE, 7 * DAY)
    steps = funnel["steps"]
    assert counts(steps) == expected
    assert [step["event"] for step in steps] == [step["goal"] for step in steps] == PURCHASE
    for place, step in enumerate(steps):
        before = expected[max(place - 1, 0)]
        assert step["step_conv_ratio"] == pytest.approx(expected[place] / before)
        assert step["overall_conv_ratio"] == pytest.approx(expected[place] / expected[0])
        assert step["avg_time"] == (pytest.approx(elapsed[place]) if place else None)
    ratios = [step["step_conv_ratio"] for step in steps[1:]]
    assert funnel["analysis"] == {
        "completion": expected[-1],
        "starting_amount": expected[0],
        "steps": 4,
        "worst": 1 + ratios.index(min(ratios)),
    }


@pytest.mark.parametrize(
    ("params", "dates"),
    [
        ({"unit": "day"}, [str(FIRST + timedelta(days=number)) for number in range(7)]),
        ({"unit": "week"}, ["2025-02-10"]),
        ({"unit": "month"}, ["2025-02-01"]),
        ({"interval": 3}, ["2025-02-10", "2025-02-13", "2025-02-16"]),
        ({"interval": 30}, ["2025-02-10"]),
    ],
)
def test_buckets_are_units_or_numbers_of_days(get: Get, params: dict[str, Any], dates: list[str]) -> None:
    assert get("funnels", funnel_id=1001, **params).json()["meta"]["dates"] == dates


def test_an_interval_asks_about_each_of_its_buckets(get: Get, counted: Naive) -> None:
    data = get("funnels", funnel_id=1001, interval=3).json()["data"]
    expected, _ = counted.funnel(PURCHASE, 7 * DAY, date(2025, 2, 13), date(2025, 2, 15))
    assert counts(data["2025-02-13"]["steps"]) == expected


@pytest.mark.parametrize(
    ("params", "window"),
    [
        ({}, 30 * DAY),
        ({"length": 2}, 2 * DAY),
        ({"length": 5, "length_unit": "hour"}, 5 * 3600),
        ({"length": 90, "length_unit": "minute"}, 90 * 60),
        ({"length_unit": "hour"}, 30 * 3600),
    ],
)
def test_the_window_is_the_saved_one_unless_another_is_asked_for(
    get: Get, counted: Naive, params: dict[str, Any], window: int
) -> None:
    [funnel] = get("funnels", funnel_id=1002, interval=7, **params).json()["data"].values()
    assert counts(funnel["steps"]) == counted.funnel(["Sign Up", "Purchase"], window)[0]


def test_a_step_may_have_a_filter_of_its_own(get: Get) -> None:
    steps = ["App Open", "Add to Cart", "Start Checkout"]
    [funnel] = get("funnels", funnel_id=1004, interval=7).json()["data"].values()
    assert [step["event"] for step in funnel["steps"]] == steps
    everything = get("funnels", funnel_id=1004, interval=7, where='properties["cart_value"] > 0').json()
    assert counts(next(iter(everything["data"].values()))["steps"]) == [0, 0, 0]  # it filters all steps


def test_a_breakdown_has_everyone_and_a_funnel_per_segment(get: Get, counted: Naive) -> None:
    [data] = get("funnels", funnel_id=1001, interval=7, on="$os").json()["data"].values()
    assert set(data) == {"$overall", *SYSTEMS}
    assert counts(data["$overall"]) == counted.funnel(PURCHASE, 7 * DAY)[0]
    entered: defaultdict[str, set[str]] = defaultdict(set)
    for event in counted.matching("View Product"):
        entered[event["properties"]["$os"]].add(event["properties"]["distinct_id"])
    for system in SYSTEMS:
        assert data[system][0]["count"] == len(entered[system] - {""})


def test_the_limit_keeps_the_segments_that_most_enter_in_all_buckets(get: Get) -> None:
    every = get("funnels", funnel_id=1001, on="$city").json()["data"]
    limited = get("funnels", funnel_id=1001, on="$city", limit=2).json()["data"]
    by_days = get("funnels", funnel_id=1001, on="$city", limit=2, interval=4).json()["data"]
    totals = {
        name: sum(day[name][0]["count"] for day in every.values()) for name in next(iter(every.values()))
    }
    largest = sorted(totals.keys() - {"$overall"}, key=lambda name: (-totals[name], name))[:2]
    assert {tuple(day) for day in limited.values()} == {("$overall", *largest)}
    assert all(len(day) <= 3 for day in by_days.values())


def test_a_unit_is_another_way_of_giving_an_interval(get: Get) -> None:
    weeks = get("funnels", funnel_id=1001, unit="week").json()["data"]
    assert list(weeks) == ["2025-02-10"]
    assert get("funnels", funnel_id=1001, unit="week", interval=3).json()["data"] == weeks
    assert get("funnels", funnel_id=1001, unit="day", interval=1).status_code == 200


def test_days_without_anybody_are_zeros(get: Get) -> None:
    params: dict[str, Any] = {"from_date": "2024-01-01", "to_date": "2024-01-01"}
    [funnel] = get("funnels", funnel_id=1002, **params).json()["data"].values()
    # As recorded from the real API.
    assert funnel["analysis"] == {"completion": 0, "starting_amount": 0, "steps": 2, "worst": 1}
    first, second = funnel["steps"]
    assert (first["count"], first["avg_time"], first["step_conv_ratio"]) == (0, None, 1)
    assert (second["overall_conv_ratio"], second["step_conv_ratio"]) == (0, 0)


@pytest.mark.parametrize(
    ("params", "status", "error"),
    [
        ({"funnel_id": None}, 400, "Missing required parameter: funnel_id"),
        ({"funnel_id": "abc"}, 400, "Invalid funnel_id"),
        ({"funnel_id": 99}, 404, "Funnel 99 does not exist"),
        ({"from_date": None}, 400, "Missing required parameter: from_date"),
        ({"to_date": "2199-01-01"}, 400, "to_date cannot be later than today"),
        ({"unit": "hour"}, 400, "Invalid unit: 'hour', expected one of day, week, month"),
        ({"length": 91}, 400, "Invalid length: may not be greater than 90 days"),
        ({"length": 2161, "length_unit": "hour"}, 400, "may not be greater than 90 days"),
        ({"length": 1, "length_unit": "week"}, 400, "Invalid length_unit: 'week'"),
        ({"limit": 10_001}, 400, "exceeds the maximum of 10000"),
        ({"where": "nonsense"}, 400, "Invalid where: 'nonsense' is no value"),
        ({"on": 'properties["plan'}, 400, "Invalid on"),
    ],
)
def test_a_bad_question_is_refused(get: Get, params: dict[str, Any], status: int, error: str) -> None:
    answer = get("funnels", **{"funnel_id": 1001, **params})
    assert answer.status_code == status
    assert error in answer.json()["error"]
