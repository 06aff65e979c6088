"""Typed queries over HTTP: the captured bodies are answered, in the shapes that Mixpanel's client reads."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from bookmarks.captured import BODIES, ONLY_ASKED, UNTRANSLATED

from mixpanel_nb.sandbox.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_nb.sandbox.store import Dataset

    Ask = Callable[..., dict[str, Any]]

OUR_EVENTS = {"Login": "App Open", "Signup": "Sign Up", "amount": "revenue"}
DAYS = ["2025-01-06", "2025-01-19"]
COHORT = 2001
AT = "T00:00:00+00:00"


@pytest.fixture(scope="module")
def ask(store: Dataset) -> Iterator[Ask]:
    """Asks an endpoint with a JSON body; the status must be the expected one."""
    transport = httpx.WSGITransport(create_app(store))
    with httpx.Client(
        transport=transport, base_url="http://localhost", auth=("sandbox", "sandbox")
    ) as client:

        def post(endpoint: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
            answer = client.post(f"/api/query/{endpoint}", json=body)
            assert answer.status_code == status, answer.text
            found: dict[str, Any] = answer.json()
            return found

        yield post


def of_the_store(body: dict[str, Any]) -> dict[str, Any]:
    """A captured body with the events, the property, the cohort and the custom event of the store."""
    text = json.dumps(body)
    for theirs, ours in OUR_EVENTS.items():
        text = text.replace(f'"{theirs}"', f'"{ours}"')
    text = text.replace('"id": 42', '"id": 5001').replace("$custom_event:42", "$custom_event:5001")
    changed: dict[str, Any] = json.loads(text.replace('"id": 123', f'"id": {COHORT}'))
    return changed


@pytest.mark.parametrize("name", BODIES)
def test_each_captured_body_is_answered_or_refused_by_name(ask: Ask, name: str) -> None:
    endpoint, body = BODIES[name]["endpoint"], of_the_store(BODIES[name]["body"])
    if name in UNTRANSLATED and name not in ONLY_ASKED:
        refused = ask(endpoint, body, 400)
        assert set(refused) == {"request", "error"}
        assert UNTRANSLATED[name] in refused["error"]
        return
    answer = ask(endpoint, body)
    assert "error" not in answer
    assert answer["computed_at"].endswith("+00:00")
    if endpoint == "insights":
        assert set(answer["date_range"]) == {"from_date", "to_date"}
        assert answer["headers"][0] in ("$metric", "$funnel", "$retention")
        assert len(answer["series"]) == 1
        assert answer["meta"]["sampling_factor"] == 1.0
    else:
        assert {"steps", "flows", "trees"} & set(answer)


def metric(event: str, **measurement: Any) -> dict[str, Any]:
    behavior = {"type": "event", "name": event, "filters": [], "filtersDeterminer": "all"}
    return {"type": "metric", "behavior": behavior, "measurement": {"math": "total", **measurement}}


def bookmark(*show: dict[str, Any], chart: str = "line", **sections: Any) -> dict[str, Any]:
    time = [{"dateRangeType": "between", "unit": "day", "value": DAYS}]
    return {
        "bookmark": {
            "sections": {"show": list(show), "time": time, "filter": [], "group": [], **sections},
            "displayOptions": {"chartType": chart, "analysis": "linear"},
        },
        "project_id": 1,
    }


def group(name: str, **more: Any) -> dict[str, Any]:
    return {"value": name, "propertyName": name, "resourceType": "events", "propertyType": "string", **more}


@pytest.fixture(scope="module")
def purchases(store: Dataset) -> list[dict[str, Any]]:
    """The properties of each purchase of the two weeks, once each."""
    found = (json.loads(line) for line in store.export_lines(DAYS[0], DAYS[1]))
    bought = [each["properties"] for each in found if each["event"] == "Purchase"]
    once = {(each["distinct_id"], each["time"], each.get("$insert_id", id(each))): each for each in bought}
    return list(once.values())


def test_totals_and_sums_are_those_of_the_export(ask: Ask, purchases: list[dict[str, Any]]) -> None:
    revenue = {"name": "revenue", "resourceType": "events"}
    show = [metric("Purchase"), metric("Purchase", property=revenue), metric("Purchase", math="unique")]
    series = ask("insights", bookmark(*show, chart="bar"))["series"]
    assert series["Purchase"] == {"all": len(purchases)}
    numbers = [each["revenue"] for each in purchases if isinstance(each.get("revenue"), int | float)]
    assert series["sum(Purchase, revenue)"]["all"] == pytest.approx(sum(numbers))
    assert series["unique(Purchase)"] == {"all": len({each["distinct_id"] for each in purchases})}


def test_groups_nest_with_the_overall_at_every_level(ask: Ask, purchases: list[dict[str, Any]]) -> None:
    answer = ask(
        "insights", bookmark(metric("Purchase"), chart="bar", group=[group("plan"), group("currency")])
    )
    assert answer["headers"] == ["$metric", "plan", "currency"]
    found = answer["series"]["Purchase"]
    plans = Counter(str(each.get("plan", "undefined")) for each in purchases)
    assert found["$overall"] == {"all": len(purchases)}
    assert {name: below["$overall"]["all"] for name, below in found.items() if name != "$overall"} == plans
    assert all(below["USD"]["all"] == below["$overall"]["all"] for below in (found["free"], found["pro"]))


def test_a_limit_cuts_segments(ask: Ask) -> None:
    body = bookmark(metric("Purchase"), group=[group("plan")]) | {"queryLimits": {"limit": 1}}
    found = ask("insights", body)["series"]["Purchase"]
    assert len(found) == 2
    assert "$overall" in found
    too_many = ask("insights", body | {"queryLimits": {"limit": 50_001}}, 400)
    assert too_many["error"] == "Query limit exceeds max limit of 50000 (50001 was given)"


def test_names_formulas_and_hidden_metrics(ask: Ask) -> None:
    formula = {"type": "formula", "definition": "B / A", "name": "Share", "referencedMetrics": []}
    show = [metric("View Product"), {**metric("Purchase"), "isHidden": True, "name": "Bought"}, formula]
    series = ask("insights", bookmark(*show, chart="bar"))["series"]
    assert list(series) == ["View Product", "Share"]
    shown = ask("insights", bookmark(metric("Purchase"), chart="bar"))["series"]["Purchase"]["all"]
    assert series["Share"]["all"] == pytest.approx(shown / series["View Product"]["all"])


def test_a_comparison_is_answered_beside_the_series(ask: Ask) -> None:
    body = bookmark(metric("Purchase"))
    body["bookmark"]["displayOptions"]["timeComparison"] = {"type": "relative", "value": "day"}
    answer = ask("insights", body)
    before = answer["time_comparison"]["series"]["Purchase"]
    after = answer["series"]["Purchase"]
    assert before[f"2025-01-07{AT}"] == after[f"2025-01-07{AT}"]
    assert f"2025-01-05{AT}" in before


def test_cohorts_saved_and_inline_choose_users(ask: Ask, store: Dataset) -> None:
    saved = [{"cohort": {"id": 2003, "name": "Buyers of March", "negated": False}}]
    clause = {"filterType": "list", "filterOperator": "contains", "filterValue": saved, "value": "$cohorts"}
    chosen, others, everyone = (
        ask("insights", bookmark(metric("Purchase"), chart="bar", filter=each))["series"]["Purchase"]["all"]
        for each in ([clause], [clause | {"filterOperator": "does not contain"}], [])
    )
    assert chosen + others == everyone
    assert 0 < chosen < everyone
    frequency = {
        "behavior": {"behaviorType": "$frequency", "event": {"value": "Purchase"}, "filters": []},
        "filterType": "number",
        "filterOperator": "is at least",
        "filterValue": 2,
        "value": "Purchase Frequency",
    }
    often = ask("insights", bookmark(metric("Purchase", math="unique"), chart="bar", filter=[frequency]))
    assert 0 < often["series"]["unique(Purchase)"]["all"] <= everyone
    unknown = clause | {"filterValue": [{"cohort": {"id": 5, "name": "?", "negated": False}}]}
    assert "no cohort 5" in ask("insights", bookmark(metric("Purchase"), filter=[unknown]), 400)["error"]


@pytest.mark.parametrize(
    ("measurement", "said"),
    [({"math": "histogram"}, "the measure 'histogram'"), ({"math": "p90"}, "'p90' without a property")],
)
def test_a_measure_that_is_not_there_is_named(ask: Ask, measurement: dict[str, Any], said: str) -> None:
    assert said in ask("insights", bookmark(metric("Purchase", **measurement)), 400)["error"]


@pytest.mark.parametrize(
    "body", [{"bookmark": []}, {"bookmark": {"steps": 5}}, {"bookmark": {"sections": 3}}]
)
def test_another_form_is_refused(ask: Ask, body: dict[str, Any]) -> None:
    assert "Invalid bookmark" in ask("insights", body | {"project_id": 1}, 400)["error"]


def test_a_tree_counts_every_flow_once(ask: Ask) -> None:
    tree, sankey = (of_the_store(BODIES[name]["body"]) for name in ("flow tree", "flow minimal"))
    [root] = [each["root"] for each in ask("arb_funnels", tree)["trees"]]
    nodes = ask("arb_funnels", sankey)["steps"][0]["nodes"]
    assert root["step"] is None
    [anchor] = root["children"]
    assert anchor["totalCount"] == root["totalCount"] == nodes[0]["totalCount"]
    below = sum(int(child["totalCount"]) for child in anchor["children"])
    assert below + int(anchor["dropOffTotalCount"]) == int(anchor["totalCount"])


def test_statistics_of_profiles(ask: Ask, store: Dataset) -> None:
    page, _ = store.profiles.page(0)
    points = [json.loads(line)["$properties"].get("loyalty_points") for line in page]
    numbers = sorted(float(point) for point in points if isinstance(point, int | float))
    of = 'properties["loyalty_points"]'
    assert ask("engage/stats", {"project_id": 1, "action": f"extremes({of})"})["results"] == {
        "min": numbers[0],
        "max": numbers[-1],
    }
    half = ask("engage/stats", {"project_id": 1, "action": f"percentile({of}, 50)"})["results"]
    assert half["percentile"] == 50
    assert numbers[0] <= half["result"] <= numbers[-1]
    summary = ask("engage/stats", {"project_id": 1, "action": f"numeric_summary({of})"})["results"]
    assert summary["count"] == len(numbers)
    assert summary["mean"] == pytest.approx(sum(numbers) / len(numbers))
    assert summary["sum_of_squares"] == pytest.approx(sum(number**2 for number in numbers))
    by_cohort = ask("engage/stats", {"project_id": 1, "segment_by_cohorts": {"2001": True}})["results"]
    [cohort] = [each for each in store.saved.cohorts if each.id == 2001]
    assert by_cohort == {"2001": len(store.members(cohort))}
    assert "Invalid action" in ask("engage/stats", {"project_id": 1, "action": "median(x)"}, 400)["error"]


def test_the_size_of_a_cohort_is_as_of_the_end_of_each_interval(ask: Ask, store: Dataset) -> None:
    def cohort(**more: Any) -> dict[str, Any]:
        return {"type": "metric", "behavior": {"type": "cohort", **more}, "measurement": {"math": "unique"}}

    recent = {
        "selector": {"children": [{"property": "behaviors", "value": "b", "operator": ">=", "operand": 2}]},
        "behaviors": {
            "b": {"count": {"event_selector": {"event": "Purchase"}}, "window": {"unit": "day", "value": 7}}
        },
    }
    found = ask(
        "insights", bookmark(cohort(name="Twice", raw_cohort=recent), cohort(name="Saved", id=COHORT))
    )
    lines = [json.loads(line) for line in store.export_lines("2025-01-01", DAYS[1])]
    bought = {
        (
            each["properties"]["distinct_id"],
            each["properties"]["time"],
            each["properties"].get("$insert_id", place),
        )
        for place, each in enumerate(lines)
        if each["event"] == "Purchase"
    }
    expected = {}
    for number in range(6, 20):
        end = datetime(2025, 1, number, tzinfo=UTC) + timedelta(days=1)
        since, until = ((end - timedelta(days=days)).timestamp() for days in (7, 0))
        times = Counter(user for user, moment, _ in bought if user and since <= moment < until)
        expected[f"2025-01-{number:02}{AT}"] = sum(count >= 2 for count in times.values())
    assert found["headers"] == ["$metric"]
    assert found["series"]["Twice"] == expected
    assert len(set(expected.values())) > 2
    assert set(found["series"]["Saved"]) == set(expected)
    many = bookmark(cohort(name="Saved", id=COHORT))
    many["bookmark"]["sections"]["time"][0]["value"] = ["2025-01-01", "2025-06-30"]
    assert "93 intervals" in ask("insights", many, 400)["error"]
    assert "no cohort 9" in ask("insights", bookmark(cohort(name="x", id=9)), 400)["error"]


@pytest.mark.parametrize("chart", ["line", "bar"])
def test_users_are_broken_down_by_how_often_they_did_an_event_in_each_interval(
    ask: Ask, store: Dataset, chart: str
) -> None:
    behavior = {"behaviorType": "$frequency", "event": {"label": "View Product", "value": "View Product"}}
    by = {"value": "Views", "resourceType": "people", "propertyType": "number", "behavior": behavior}
    buckets = {"customBucket": {"bucketSize": 1, "min": 0, "max": 4}}
    asked = bookmark(metric("Purchase", math="unique"), chart=chart, group=[by | buckets])
    asked["bookmark"]["sections"]["time"][0]["unit"] = "week"
    answer = ask("insights", asked)
    assert answer["headers"] == ["$metric", "Views"]
    [found] = answer["series"].values()

    done: dict[str, list[tuple[str, str]]] = {"Purchase": [], "View Product": []}
    once = set()
    for place, line in enumerate(store.export_lines(DAYS[0], DAYS[1])):
        event = json.loads(line)
        held = event["properties"]
        key = (event["event"], held["distinct_id"], held["time"], held.get("$insert_id", place))
        if key not in once and event["event"] in done and held["distinct_id"]:
            once.add(key)
            week = (
                "2025-01-13"
                if held["time"] >= datetime(2025, 1, 13, tzinfo=UTC).timestamp()
                else "2025-01-06"
            )
            done[event["event"]].append(("all" if chart == "bar" else f"{week}{AT}", held["distinct_id"]))
    views = Counter(done["View Product"])
    expected = Counter((min(views[each], 4), each[0]) for each in set(done["Purchase"]))
    told = {name: values for name, values in found.items() if name != "$overall"}
    counts = {
        (int(re.findall(r"[0-9]+", name)[0]), moment): value
        for name, values in told.items()
        for moment, value in values.items()
        if value
    }
    assert counts == expected
    assert len(expected) > 3
