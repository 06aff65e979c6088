"""Profile queries: filters, cohorts, behaviors, order, statistics."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from .naive import DAY, epoch

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from mixpanel_nb.sandbox.store import Dataset

    from .naive import Naive

    Engage = Callable[..., Any]

PRO = 'properties["plan"] == "pro"'
BOUGHT = [{"window": "30d", "name": "bought", "event_selectors": [{"event": "Purchase"}]}]


@pytest.fixture
def engage(client: httpx.Client) -> Engage:
    def ask(path: str = "engage", status: int = 200, **params: Any) -> Any:
        answer = client.post(f"/api/query/{path}", json={"project_id": 1, **params})
        assert answer.status_code == status, answer.text
        return answer.json()

    return ask


@pytest.fixture(scope="session")
def profiles(dataset: Dataset) -> dict[str, dict[str, Any]]:
    lines, _ = dataset.profiles.page(0, 1_000_000)
    found = [json.loads(line) for line in lines]
    return {profile["$distinct_id"]: profile["$properties"] for profile in found}


def ids(answer: Any) -> list[str]:
    return [profile["$distinct_id"] for profile in answer["results"]]


@pytest.mark.parametrize("name", ["where", "selector"])
def test_a_filter_chooses_profiles(engage: Engage, profiles: dict[str, Any], name: str) -> None:
    where = f'{PRO} and properties["loyalty_points"] > 2500'
    expected = [
        user
        for user, found in profiles.items()
        if found["plan"] == "pro"
        and isinstance(found["loyalty_points"], int)
        and found["loyalty_points"] > 2500
    ]
    assert ids(engage(**{name: where})) == expected


def test_a_filter_holds_on_all_pages_of_a_session(engage: Engage, profiles: dict[str, Any]) -> None:
    first = engage(where=PRO, page_size=100)
    found = ids(first)
    for page in range(1, 4):
        found += ids(engage(page=page, session_id=first["session_id"]))
    assert found == [user for user, properties in profiles.items() if properties["plan"] == "pro"]
    assert first["total"] == len(found)


def test_a_cohort_of_profiles_is_its_expression(engage: Engage) -> None:
    for cohort in ({"id": 2001}, {"id": "2001"}):
        assert ids(engage(filter_by_cohort=json.dumps(cohort))) == ids(engage(where=PRO))


def test_a_cohort_of_events_has_members_without_a_profile_unless_they_are_unwanted(
    engage: Engage, counted: Naive, profiles: dict[str, Any]
) -> None:
    crashed = counted.users("App Crash", date(2025, 2, 18), date(2025, 2, 19))
    everyone = engage(filter_by_cohort={"id": 2004})
    assert set(ids(everyone)) == crashed
    strangers = {p["$distinct_id"]: p["$properties"] for p in everyone["results"]}.keys() - profiles.keys()
    assert strangers
    assert all(p["$properties"] == {} for p in everyone["results"] if p["$distinct_id"] in strangers)
    known = engage(filter_by_cohort={"id": 2004}, include_all_users=False)
    assert set(ids(known)) == crashed & profiles.keys()
    assert known["total"] == len(ids(known))


def test_cohorts_filters_and_ids_add_up(engage: Engage, profiles: dict[str, Any]) -> None:
    pro = [user for user, found in profiles.items() if found["plan"] == "pro"]
    readers = [user for user in pro if profiles[user]["newsletter"]]
    assert ids(engage(filter_by_cohort={"id": 2001}, where='properties["newsletter"] == true')) == readers
    both = engage(filter_by_cohort={"id": 2001}, distinct_ids=[*readers[:2], "nobody"])
    assert ids(both) == readers[:2]


def test_nobody_is_in_a_group(engage: Engage) -> None:
    answer = engage(data_group_id="-1405123841946871899")
    assert (answer["results"], answer["total"], answer["status"]) == ([], 0, "ok")
    assert engage("engage/stats", data_group_id="5", action="count()")["results"] == 0


def test_behaviors_count_what_users_did_before_a_moment(
    engage: Engage, counted: Naive, profiles: dict[str, Any]
) -> None:
    moment = epoch(date(2025, 3, 1))
    times = Counter(
        e["properties"]["distinct_id"]
        for e in counted.events
        if e["event"] == "Purchase" and moment - 30 * DAY <= e["properties"]["time"] < moment
    )
    params = {"behaviors": BOUGHT, "as_of_timestamp": moment, "where": '(behaviors["bought"] > 1)'}
    assert set(ids(engage(**params))) == {p for p, n in times.items() if n > 1 and p in profiles}
    nothing = {**params, "where": f'behaviors["bought"] == 0 and {PRO}'}
    assert set(ids(engage(**nothing))) == {
        p for p, found in profiles.items() if not times[p] and found["plan"] == "pro"
    }


def test_a_behavior_may_be_any_of_several_events_with_filters(
    engage: Engage, counted: Naive, profiles: dict[str, Any]
) -> None:
    selectors = [
        {"event": "Purchase", "selector": 'properties["revenue"] > 300'},
        {"event": "Purchase", "selector": 'properties["revenue"] > 200'},  # matched twice is still once
        {"event": "Write Review", "selector": ""},
    ]
    behaviors = [{"window": "12w", "name": "keen", "event_selectors": selectors}]
    times = Counter(
        e["properties"]["distinct_id"]
        for e in counted.matching(None, date(2025, 1, 7), date(2025, 3, 31))
        if e["event"] == "Write Review" or (e["event"] == "Purchase" and e["properties"]["revenue"] > 200)
    )
    # Without a moment, it is the end of the data set.
    answer = engage(behaviors=json.dumps(behaviors), where='behaviors["keen"] > 2')
    assert set(ids(answer)) == {p for p, n in times.items() if n > 2 and p in profiles}


def test_several_behaviors_can_be_compared(engage: Engage) -> None:
    viewed = {"window": "90d", "name": "viewed", "event_selectors": [{"event": "View Product"}]}
    params = {"behaviors": [*BOUGHT, viewed], "as_of_timestamp": epoch(date(2025, 3, 31))}
    only_viewed = engage(where='behaviors["viewed"] > 0 and behaviors["bought"] == 0', **params)["total"]
    viewers = engage(where='behaviors["viewed"] > 0', **params)["total"]
    buyers = engage(where='behaviors["bought"] > 0', **params)["total"]
    assert viewers > only_viewed > 0
    assert viewers - only_viewed == buyers


def test_pages_of_behaviors_need_a_moment(engage: Engage) -> None:
    params: dict[str, Any] = {"behaviors": BOUGHT, "where": 'behaviors["bought"] == 0', "page_size": 10}
    first = engage(**params)
    refused = engage(status=400, page=1, session_id=first["session_id"])
    assert refused["error"] == "request for page in uncached query for params"
    first = engage(**params, as_of_timestamp=epoch(date(2025, 3, 31)))
    second = engage(page=1, session_id=first["session_id"])
    assert len(second["results"]) == 10
    assert not set(ids(first)) & set(ids(second))


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"behaviors": "many"}, "Invalid behaviors: expected"),
        ({"behaviors": []}, "Invalid behaviors: expected"),
        ({"behaviors": [{"name": "x", "event_selectors": [{"event": "A"}]}]}, "Invalid behaviors: expected"),
        ({"behaviors": [{**BOUGHT[0], "event_selectors": []}]}, "Invalid behaviors: expected"),
        ({"behaviors": [{**BOUGHT[0], "event_selectors": [{"name": "A"}]}]}, "Invalid behaviors: expected"),
        ({"behaviors": [{**BOUGHT[0], "window": "a month"}]}, "'a month' is no window such as 30d"),
        (
            {"behaviors": [{**BOUGHT[0], "event_selectors": [{"event": "A", "selector": "1 +"}]}]},
            "The expression ends too early",
        ),
        ({"behaviors": BOUGHT, "where": 'behaviors["sold"] > 0'}, "There is no behavior 'sold'"),
        ({"where": 'behaviors["bought"] > 0'}, "There is no behavior 'bought'"),
        ({"behaviors": BOUGHT, "filter_by_cohort": {"id": 2001}}, "mutually exclusive"),
        ({"behaviors": BOUGHT, "as_of_timestamp": "now"}, "Invalid as_of_timestamp"),
    ],
)
def test_bad_behaviors_are_refused(engage: Engage, params: dict[str, Any], error: str) -> None:
    assert error in engage(status=400, **params)["error"]


def test_profiles_can_be_ordered_numbers_before_texts(engage: Engage, profiles: dict[str, Any]) -> None:
    points = [found["loyalty_points"] for found in profiles.values()]
    numbers = sorted(value for value in points if isinstance(value, int))
    key = 'properties["loyalty_points"]'

    def ordered(**params: Any) -> list[Any]:
        answer = engage(sort_key=key, output_properties=["loyalty_points"], **params)
        return [profile["$properties"]["loyalty_points"] for profile in answer["results"]]

    assert ordered(page_size=20) == numbers[:20]
    assert ordered(page_size=20, sort_order="descending") == numbers[:-21:-1]
    assert ordered(limit=3, sort_order="ascending") == numbers[:3]


def test_half_a_character_in_a_profile_is_sent_as_an_escape(tmp_path: Any) -> None:
    from mixpanel_nb.sandbox.answers import text_answer

    answer = text_answer(json.dumps({"name": "half \ud83d, whole 😍"}, ensure_ascii=False))
    assert json.loads(answer.get_data()) == {"name": "half \ud83d, whole 😍"}


def test_statistics_count_profiles(engage: Engage, profiles: dict[str, Any]) -> None:
    answer = engage("engage/stats", action="count()", selector=PRO)
    assert answer["results"] == sum(found["plan"] == "pro" for found in profiles.values())
    assert answer["status"] == "ok"
    assert answer["computed_at"].endswith("+00:00")
    assert engage("engage/stats")["results"] == len(profiles)


def test_the_properties_of_profiles_are_told_with_their_types(
    client: httpx.Client, profiles: dict[str, Any]
) -> None:
    url = "/api/2.0/engage/properties"
    found = client.get(url, params={"project_id": 1, "limit": 2000}).json()["results"]
    assert {name: entry["type"] for name, entry in found.items() if not name.startswith("$")} == {
        "plan": "string",
        "platform": "string",
        "channel": "string",
        "newsletter": "boolean",
        "loyalty_points": "number",
        "favourite_categories": "list",
        "address": "object",
        "referred_by": "string",
    }
    assert found["$created"] == {"count": len(profiles), "type": "datetime"}
    referred = sum(properties["referred_by"] is not None for properties in profiles.values())
    assert found["referred_by"]["count"] == referred
    assert len(client.get(url, params={"project_id": 1, "limit": 3}).json()["results"]) == 3
