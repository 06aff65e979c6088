"""Activity feeds: the events of some users, by both endpoints, in their order."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from .naive import FIRST, LAST

if TYPE_CHECKING:
    import httpx

    from .conftest import Get
    from .naive import Naive

WEEK = {"type": "between", "from": str(FIRST), "to": str(LAST)}


@pytest.fixture(scope="session")
def busiest(counted: Naive) -> list[str]:
    """The two users with most events in that week."""
    events = Counter(event["properties"]["distinct_id"] for event in counted.matching(None))
    return [user for user, _ in events.most_common(3) if user][:2]


def events_of(counted: Naive, users: list[str], first: date = FIRST, last: date = LAST) -> list[Any]:
    wanted = set(users)
    return [e for e in counted.matching(None, first, last) if e["properties"]["distinct_id"] in wanted]


def by_content(events: list[Any]) -> list[str]:
    return sorted(json.dumps(event, sort_keys=True) for event in events)


def test_a_feed_holds_every_event_as_it_was_exported_oldest_first(
    get: Get, counted: Naive, busiest: list[str]
) -> None:
    answer = get("stream/query", distinct_ids=json.dumps(busiest))
    assert answer.headers["Deprecation"] == "true"
    events = answer.json()["results"]["events"]
    assert by_content(events) == by_content(events_of(counted, busiest))
    times = [event["properties"]["time"] for event in events]
    assert times == sorted(times)


def test_numbers_beyond_floats_stay_exact(get: Get, counted: Naive) -> None:
    purchase = next(counted.matching("Purchase"))["properties"]
    answer = get("stream/query", distinct_ids=json.dumps([purchase["distinct_id"]])).json()
    orders = [event["properties"].get("order_id") for event in answer["results"]["events"]]
    assert purchase["order_id"] in orders
    assert purchase["order_id"] > 2**53


def test_nobody_has_an_empty_feed(get: Get) -> None:
    answer = get("stream/query", distinct_ids='["nobody"]').json()
    assert answer == {"status": "ok", "results": {"events": []}}


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({}, "Missing required parameter: distinct_ids"),
        ({"distinct_ids": "[]"}, "Missing required parameter: distinct_ids"),
        ({"distinct_ids": "user"}, "Invalid distinct_ids"),
        ({"distinct_ids": '["user"]', "from_date": None}, "Missing required parameter: from_date"),
    ],
)
def test_a_bad_feed_request_is_a_400_that_says_why(get: Get, params: dict[str, Any], error: str) -> None:
    answer = get("stream/query", **params)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


def bookmark(client: httpx.Client, date_range: Any, users: list[str], **more: Any) -> httpx.Response:
    body = {"project_id": 1, "bookmark": {"dateRange": date_range, "entries": []}, "distinct_ids": users}
    return client.post("/api/query/stream/bookmark", json={**body, "mode": "raw", **more})


def test_the_successor_takes_its_days_from_a_bookmark(
    client: httpx.Client, counted: Naive, busiest: list[str]
) -> None:
    events = bookmark(client, WEEK, busiest).json()["results"]["events"]
    assert by_content(events) == by_content(events_of(counted, busiest))
    since = bookmark(client, {"type": "since", "from": "2025-03-01"}, busiest).json()["results"]["events"]
    assert len(since) == len(events_of(counted, busiest, date(2025, 3, 1), date(2025, 3, 31)))
    window = {"type": "relative_after", "window": {"unit": "day", "value": 31}}
    assert bookmark(client, window, busiest).json()["results"]["events"] == since


def test_the_successor_chooses_events_and_gives_the_latest(
    client: httpx.Client, counted: Naive, busiest: list[str]
) -> None:
    every = bookmark(client, WEEK, busiest).json()["results"]["events"]
    views = bookmark(client, WEEK, busiest, include_events=["View Product"]).json()["results"]["events"]
    others = bookmark(client, WEEK, busiest, exclude_events=["View Product"]).json()["results"]["events"]
    assert views == [event for event in every if event["event"] == "View Product"]
    assert len(views) + len(others) == len(every)
    assert bookmark(client, WEEK, busiest, limit=2).json()["results"]["events"] == every[-2:]


@pytest.mark.parametrize("paging", [{"limit": 3}, {"paging_window": 2}, {"limit": 4, "paging_window": 3}])
def test_pages_are_the_feed_from_its_end(
    client: httpx.Client, busiest: list[str], paging: dict[str, int]
) -> None:
    every = bookmark(client, WEEK, busiest).json()["results"]["events"]
    pages: list[list[Any]] = []
    sentinel = None
    while True:
        results = bookmark(client, WEEK, busiest, sentinel_event=sentinel, **paging).json()["results"]
        pages.insert(0, results["events"])
        assert len(results["events"]) <= paging.get("limit", 15_000)
        sentinel = results["sentinel_event"]
        if sentinel is None:
            break
        assert len(pages) < 200
    assert [event for page in pages for event in page] == every
    assert len(pages) > 1
    if window := paging.get("paging_window"):
        for page in filter(None, pages):
            times = [event["properties"]["time"] for event in page]
            assert times[-1] - times[0] <= window * 86_400


def test_a_feed_is_searched_whatever_the_case(client: httpx.Client, busiest: list[str]) -> None:
    def found(**search: Any) -> list[Any]:
        answer = bookmark(client, WEEK, busiest, **search)
        assert answer.status_code == 200, answer.text
        events: list[Any] = answer.json()["results"]["events"]
        return events

    every = found()
    views = [event for event in every if "view" in json.dumps([event["event"]]).lower()]
    assert len(views) > 0
    assert [event for event in found(search="VIEW") if event in views] == views
    products = {event["properties"].get("product") for event in every} - {None}
    product = min(products)
    only = [{"value": "product", "resourceType": "event"}]
    assert found(search=product[:4].upper(), search_properties=only) == [
        event for event in every if product[:4].lower() in str(event["properties"].get("product", "")).lower()
    ]
    assert found(search="no such text") == []
    assert found(use_custom_events=True) == every


def test_a_feed_is_searched_by_the_profile(client: httpx.Client, counted: Naive) -> None:
    users = client.post("/api/query/engage?project_id=1", json={"page_size": 20}).json()["results"]
    ids = [user["$distinct_id"] for user in users]
    name = users[0]["$properties"]["$name"]
    only = [{"value": "$name", "resourceType": "user"}]
    quarter = {"type": "between", "from": "2025-01-01", "to": "2025-03-31"}
    events = bookmark(client, quarter, ids, search=name, search_properties=only).json()["results"]["events"]
    same = {p["$distinct_id"] for p in users if name.lower() in p["$properties"]["$name"].lower()}
    expected = events_of(counted, sorted(same), date(2025, 1, 1), date(2025, 3, 31))
    assert by_content(events) == by_content(expected)


@pytest.mark.parametrize(
    ("date_range", "more", "error"),
    [
        (None, {}, "Invalid bookmark: its dateRange is not understood"),
        ({"type": "between", "from": "2025-02-10"}, {}, "Invalid bookmark"),
        ({**WEEK, "from": "soon"}, {}, "Error in from_date: invalid date"),
        ({**WEEK, "to": "2199-01-01"}, {}, "to_date cannot be later than today"),
        ({"type": "relative_after", "window": {"unit": "year", "value": 1}}, {}, "Invalid unit"),
        (WEEK, {"search_properties": [{"value": "a", "resourceType": "event"}]}, "requires search"),
        (WEEK, {"search": "a", "search_properties": ["a"]}, "Invalid search_properties"),
        (WEEK, {"sentinel_event": {"a": 1}}, "Invalid sentinel_event"),
        (WEEK, {"paging_window": 31}, "exceeds the maximum of 30"),
        (WEEK, {"paging_window": 0}, "Invalid paging_window"),
        (WEEK, {"limit": 15_001}, "exceeds the maximum of 15000"),
        (WEEK, {"include_events": ["A"], "exclude_events": ["B"]}, "cannot be used together"),
    ],
)
def test_a_bad_bookmark_is_a_400_that_says_why(
    client: httpx.Client, date_range: Any, more: dict[str, Any], error: str
) -> None:
    answer = bookmark(client, date_range, ["user"], **more)
    assert answer.status_code == 400
    assert error in answer.json()["error"]
