"""What is saved in the project of the store: reports, cohorts, annotations, the Lexicon."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.store import Dataset

from .naive import DAY, day_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Get
    from .naive import Naive

QUARTER = date(2025, 1, 1), date(2025, 3, 31)
JSON_TYPES = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": float,
    "object": dict,
    "string": str,
}
MIXED = {("Add to Cart", "quantity"), ("$user", "loyalty_points")}  # as their descriptions say


@pytest.fixture(scope="module")
def app_api(dataset: Dataset) -> Iterator[httpx.Client]:
    transport = httpx.WSGITransport(create_app(dataset))
    base = "http://localhost/api/app"
    with httpx.Client(transport=transport, base_url=base, auth=("sandbox", "sandbox")) as client:
        yield client


def results(answer: httpx.Response) -> Any:
    assert answer.json()["status"] == "ok"
    return answer.json()["results"]


# Reports


def test_a_saved_insights_report_has_a_series_per_event(get: Get, counted: Naive) -> None:
    answer = get("insights", bookmark_id=3001).json()
    assert answer["headers"] == ["$event"]
    assert answer["date_range"] == {
        "from_date": "2025-01-01T00:00:00+00:00",
        "to_date": "2025-03-31T23:59:59.999000+00:00",
    }
    for event, series in answer["series"].items():
        assert len(series) == 90
        expected = counted.per_day(event, *QUARTER)
        assert {moment[:10]: count for moment, count in series.items() if count} == expected
    assert set(answer["series"]) == {"Sign Up", "Purchase"}


def test_a_broken_down_insights_report_has_segments_beside_everyone(get: Get, counted: Naive) -> None:
    answer = get("insights", bookmark_id=3002).json()
    assert answer["headers"] == ["$event", "$app_version_string"]
    crashes = answer["series"]["App Crash"]
    outage = date(2025, 2, 18)
    everyone = counted.users("App Crash", outage, outage)
    release = counted.users("App Crash", outage, outage, where=lambda p: p["$app_version_string"] == "5.2.0")
    assert crashes["$overall"]["2025-02-18T00:00:00+00:00"] == len(everyone)
    assert crashes["5.2.0"]["2025-02-18T00:00:00+00:00"] == len(release)


def test_a_saved_funnel_can_be_asked_for_as_a_report(get: Get, counted: Naive) -> None:
    answer = get("insights", bookmark_id=1001).json()
    assert answer["headers"] == ["$funnel"]
    measures = answer["series"]["Purchase funnel"]
    steps = ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
    expected, _ = counted.funnel(steps, 7 * DAY, *QUARTER)
    labels = [f"{number}. {step}" for number, step in enumerate(steps, start=1)]
    assert measures["count"] == {label: {"all": count} for label, count in zip(labels, expected, strict=True)}
    assert measures["overall_conv_ratio"][labels[3]]["all"] == pytest.approx(expected[3] / expected[0])
    assert set(measures) == {
        "count",
        "step_conv_ratio",
        "overall_conv_ratio",
        "avg_time",
        "avg_time_from_start",
    }


def test_a_saved_retention_report_has_cohorts_and_their_average(get: Get, counted: Naive) -> None:
    answer = get("insights", bookmark_id=3004).json()
    assert answer["headers"] == ["$retention"]
    [(name, cohorts)] = answer["series"].items()
    assert name == "Sign Up and then Any Event"
    average = cohorts.pop("$average")
    sizes = [cohort["first"] for cohort in cohorts.values()]
    assert sum(sizes) == len(counted.users("Sign Up", date(2025, 1, 1), date(2025, 2, 28)))
    # Docs/reports/retention, FAQ 3: sizes and counts are averaged, weighted by the sizes.
    weights = [size / sum(sizes) for size in sizes]
    size = sum(size * weight for size, weight in zip(sizes, weights, strict=True))
    counts = [cohort["counts"][1] for cohort in cohorts.values()]
    returned = sum(count * weight for count, weight in zip(counts, weights, strict=True))
    assert average["first"] == pytest.approx(size)
    assert average["counts"][1] == pytest.approx(returned)
    assert average["rates"][1] == pytest.approx(returned / size)
    assert cohorts["2025-01-06T00:00:00+00:00"]["rates"][0] == pytest.approx(
        cohorts["2025-01-06T00:00:00+00:00"]["counts"][0] / cohorts["2025-01-06T00:00:00+00:00"]["first"]
    )


@pytest.mark.parametrize(
    ("params", "status", "error"),
    [
        ({}, 400, "Missing required parameter: bookmark_id"),
        ({"bookmark_id": "x"}, 400, "Invalid bookmark_id"),
        ({"bookmark_id": 99}, 404, "Report 99 does not exist"),
        ({"bookmark": "{}"}, 400, "Invalid bookmark: The report has no metric"),
    ],
)
def test_a_report_that_nobody_saved_is_refused(
    get: Get, params: dict[str, Any], status: int, error: str
) -> None:
    answer = get("insights", **params)
    assert (answer.status_code, set(answer.json())) == (status, {"request", "error"})
    assert error in answer.json()["error"]


@pytest.mark.parametrize("owner", ["projects/1", "workspaces/1", "projects/1/workspaces/1"])
def test_saved_reports_are_listed_as_bookmarks(app_api: httpx.Client, owner: str) -> None:
    listed = results(app_api.get(f"/{owner}/bookmarks", params={"v": 2}))["results"]
    assert [(report["id"], report["type"]) for report in listed] == [
        (3001, "insights"),
        (3002, "insights"),
        (1001, "funnels"),
        (3004, "retention"),
        (3005, "flows"),
    ]
    assert {report["project_id"] for report in listed} == {1}
    funnels = results(app_api.get(f"/{owner}/bookmarks", params={"v": 2, "type": "funnels"}))["results"]
    chosen = results(app_api.get(f"/{owner}/bookmarks", params={"v": 2, "ids": "3001,3004,7"}))["results"]
    assert (funnels, chosen) == ([listed[2]], [listed[0], listed[3]])
    assert results(app_api.get(f"/{owner}/bookmarks/1001")) == listed[2]


def test_the_parameters_of_a_bookmark_name_what_it_asks(app_api: httpx.Client) -> None:
    funnel = results(app_api.get("/projects/1/bookmarks/1001"))
    behavior = funnel["params"]["sections"]["show"][0]["behavior"]
    assert [step["name"] for step in behavior["behaviors"]] == [
        "View Product",
        "Add to Cart",
        "Start Checkout",
        "Purchase",
    ]
    assert (behavior["conversionWindowDuration"], behavior["conversionWindowUnit"]) == (7, "day")
    crashes = results(app_api.get("/projects/1/bookmarks/3002"))["params"]["sections"]
    assert crashes["show"][0]["measurement"]["math"] == "unique"
    assert crashes["group"][0]["propertyName"] == "$app_version_string"
    assert crashes["time"][0]["value"] == ["2025-02-10", "2025-02-28"]


def test_a_saved_flow_is_answered_by_arb_funnels(get: Get, app_api: httpx.Client) -> None:
    params = results(app_api.get("/projects/1/bookmarks/3005"))["params"]
    asked = {"bookmark_id": 3005, "query_type": "flows_sankey"}
    found, same = get("arb_funnels", **asked).json(), get("arb_funnels", bookmark=params, **asked).json()
    assert (found["steps"], found["overallConversionRate"]) == (same["steps"], same["overallConversionRate"])
    assert [node["event"] for node in found["steps"][0]["nodes"]] == ["Sign Up"]
    assert int(found["steps"][0]["nodes"][0]["totalCount"]) > 0
    for refused in (get("insights", bookmark_id=3005), get("arb_funnels", **asked | {"bookmark_id": 3001})):
        assert refused.status_code in (400, 404)


# Cohorts


def test_cohorts_count_their_members(get: Get, counted: Naive, dataset: Dataset) -> None:
    found = {cohort["name"]: cohort["count"] for cohort in get("cohorts/list").json()}
    assert found["Buyers of March"] == len(counted.users("Purchase", date(2025, 3, 1), QUARTER[1]))
    crashed = counted.users("App Crash", date(2025, 2, 18), date(2025, 2, 19))
    assert found["Hit by the outage"] == len(crashed)
    assert found["Pro members"] == len(dataset.profiles.ids('properties["plan"] == "pro"'))


def test_cohorts_are_listed_by_post_and_get_and_name_the_project(client: httpx.Client) -> None:
    posted = client.post("/api/query/cohorts/list", params={"project_id": 42})
    listed = client.get("/api/2.0/cohorts/list", params={"project_id": 42})
    assert posted.json() == listed.json()
    assert {cohort["project_id"] for cohort in listed.json()} == {42}
    assert {cohort["is_visible"] for cohort in listed.json()} == {0, 1}


def test_the_app_api_tells_more_of_a_cohort(app_api: httpx.Client) -> None:
    listed = results(app_api.get("/projects/1/cohorts"))
    assert [cohort["id"] for cohort in listed] == [2001, 2002, 2003, 2004]
    assert [cohort["is_visible"] for cohort in listed] == [True, True, True, False]
    assert results(app_api.get("/workspaces/1/cohorts", params={"ids": "2002"})) == [listed[1]]
    assert results(app_api.get("/projects/1/cohorts", params={"data_group_id": "-5"})) == []
    assert results(app_api.get("/projects/1/cohorts/2002")) == listed[1]
    assert app_api.get("/projects/1/cohorts", params={"ids": "a"}).status_code == 400


# Annotations


def test_annotations_mark_the_stories(app_api: httpx.Client, client: httpx.Client) -> None:
    listed = results(app_api.get("/projects/1/annotations/"))
    assert [note["date"][:10] for note in listed] == [
        "2025-02-10",
        "2025-02-18",
        "2025-02-20",
        "2025-03-09",
        "2025-03-11",
    ]
    march = {"fromDate": "2025-03-01", "toDate": "2025-03-10"}
    assert results(app_api.get("/projects/1/annotations", params=march)) == [listed[3]]
    releases = results(app_api.get("/projects/1/annotations", params={"tags": "2,9"}))
    assert releases == listed[1:3]
    assert results(app_api.get("/projects/1/annotations/4002")) == listed[1]
    tags = results(app_api.get("/projects/1/annotations/tags"))
    assert [tag["name"] for tag in tags] == ["pricing", "release", "campaign"]
    legacy = client.get(
        "/api/2.0/annotations",
        params={"project_id": 7, "from_date": "2025-03-01", "to_date": "2025-03-31"},
    ).json()
    assert legacy["error"] is False
    assert [note["date"] for note in legacy["annotations"]] == ["2025-03-09 23:00:00", "2025-03-11 08:00:00"]
    assert {note["project_id"] for note in legacy["annotations"]} == {7}


def test_annotations_are_made_changed_and_removed(client: httpx.Client) -> None:
    url = "/api/app/projects/1/annotations"
    before = results(client.get(url))
    tag = client.post(f"{url}/tags", json={"name": "board"})
    assert (tag.status_code, tag.json()["results"]["name"]) == (201, "board")
    number = tag.json()["results"]["id"]
    assert tag.json()["results"] in results(client.get(f"{url}/tags"))
    body = {"date": "2025-03-20 12:30:00", "description": "Board meeting", "tags": [number]}
    made = client.post(url, json=body)
    assert made.status_code == 201
    note = made.json()["results"]
    assert (note["date"], note["description"]) == ("2025-03-20T12:30:00+00:00", "Board meeting")
    assert note["tags"] == [tag.json()["results"]]
    assert results(client.get(url, params={"tags": number})) == [note]
    assert note["id"] not in {one["id"] for one in before}

    changed = results(client.patch(f"{url}/{note['id']}", json={"description": "Moved", "tags": []}))
    assert changed == {**note, "description": "Moved", "tags": []}
    assert results(client.get(f"{url}/{note['id']}")) == changed
    days: dict[str, Any] = {"project_id": 1, "from_date": "2025-03-20", "to_date": "2025-03-20"}
    legacy = client.get("/api/2.0/annotations", params=days).json()["annotations"]
    assert [one["description"] for one in legacy] == ["Moved"]

    assert results(client.delete(f"{url}/{note['id']}")) == {"id": note["id"]}
    for method in ("GET", "PATCH", "DELETE"):
        assert client.request(method, f"{url}/{note['id']}").status_code == 404
    assert results(client.get(url)) == before


def test_older_clients_make_annotations_by_get(client: httpx.Client) -> None:
    def ask(path: str = "", **params: Any) -> httpx.Response:
        return client.get(f"/api/2.0/annotations{path}/", params={"project_id": 1, **params})

    march: dict[str, Any] = {"from_date": "2025-03-19", "to_date": "2025-03-31"}
    assert ask("/create", date="2025-03-20 10:00:00", description="x").json() == {"error": False}
    [note] = ask(**march).json()["annotations"]
    assert (note["date"], note["description"]) == ("2025-03-20 10:00:00", "x")
    assert ask("/update", id=note["id"], date="2025-03-21 10:00:00", description="y").status_code == 200
    [moved] = ask(**march).json()["annotations"]
    assert moved == {**note, "date": "2025-03-21 10:00:00", "description": "y"}
    assert ask("/delete", id=note["id"]).json() == {"error": False}
    assert ask(**march).json()["annotations"] == []
    assert [ask("/delete", id=note["id"]).status_code, ask("/delete").status_code] == [404, 400]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Missing required parameter: date"),
        ({"date": "2025-03-20"}, "Missing required parameter: description"),
        ({"date": "soon", "description": "x"}, "Invalid date: expected YYYY-MM-DD HH:mm:ss"),
        ({"date": "2025-03-20", "description": " "}, "Invalid description"),
        ({"date": "2025-03-20", "description": "x", "tags": [99]}, "Invalid tags"),
        ({"date": "2025-03-20", "description": "x", "tags": [[1]]}, "Invalid tags"),
        ({"date": "2025-03-20", "description": "x", "tags": "release"}, "Invalid tags"),
    ],
)
def test_an_annotation_that_makes_no_sense_is_not_made(
    client: httpx.Client, body: dict[str, Any], error: str
) -> None:
    before = results(client.get("/api/app/projects/1/annotations"))
    answer = client.post("/api/app/projects/1/annotations", json=body)
    assert (answer.status_code, answer.json()["status"]) == (400, "error")
    assert error in answer.json()["error"]
    assert results(client.get("/api/app/projects/1/annotations")) == before


# Lexicon


def test_every_event_and_its_own_properties_are_described(
    app_api: httpx.Client, deduplicated: list[Any]
) -> None:
    listed = results(app_api.get("/projects/1/schemas"))
    described = {entry["name"]: entry["schemaJson"] for entry in listed if entry["entityType"] == "event"}
    own: defaultdict[str, set[str]] = defaultdict(set)
    for event in deduplicated:
        names = {name for name in event["properties"] if not name.startswith(("$", "mp_"))}
        own[event["event"]] |= names - {"time", "distinct_id", "session_id", "plan"}
    assert set(described) == set(own)
    for event, names in own.items():
        missing = names - set(described[event]["properties"])
        assert missing <= {"utm_source", "utm_medium", "utm_campaign"}, event


def test_the_described_types_are_those_of_the_data(
    app_api: httpx.Client, deduplicated: list[Any], get: Get
) -> None:
    profiles = get("engage", page_size=1000).json()["results"]
    samples: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for event in deduplicated:
        for name, value in event["properties"].items():
            samples[event["event"], name].append(value)
    for profile in profiles:
        for name, value in profile["$properties"].items():
            samples["$user", name].append(value)
    for entry in results(app_api.get("/projects/1/schemas")):
        for name, described in entry["schemaJson"]["properties"].items():
            values = samples[entry["name"], name]
            assert values, (entry["name"], name)
            wanted = (JSON_TYPES[described["type"]], type(None))
            if (entry["name"], name) not in MIXED:
                assert {type(value) for value in values} <= set(wanted), (entry["name"], name)
            assert described["description"]


def test_schemas_are_found_by_type_and_name(app_api: httpx.Client) -> None:
    events = results(app_api.get("/projects/1/schemas/event"))
    assert {entry["entityType"] for entry in events} == {"event"}
    [profile] = results(app_api.get("/projects/1/schemas/profile"))
    assert (profile["entityType"], profile["name"]) == ("profile", "$user")
    assert results(app_api.get("/projects/1/schemas/group")) == []
    by_name = results(app_api.get("/projects/1/schemas/event", params={"entity_name": "Purchase"}))
    assert app_api.get("/projects/1/schemas/event/Purchase").json() == by_name
    markup = next(entry for entry in events if "<b>" in entry["name"])
    assert markup["schemaJson"]["metadata"]["com.mixpanel"]["hidden"] is True
    assert app_api.get(f"/projects/1/schemas/event/{markup['name']}").json() == markup["schemaJson"]
    assert "revenue" in by_name["metadata"]["com.mixpanel"]["tags"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("projects/1/bookmarks/99", 404),
        ("projects/1/bookmarks?type=charts", 400),
        ("projects/1/cohorts/99", 404),
        ("projects/1/cohorts/abc", 404),
        ("projects/1/annotations/99", 404),
        ("projects/1/annotations?fromDate=soon", 400),
        ("projects/1/schemas/event/Nope", 404),
        ("projects/1/schemas/event?entity_name=Nope", 404),
        ("projects/1/schemas/people", 400),
    ],
)
def test_what_nobody_saved_is_refused_in_the_words_of_the_app_api(
    app_api: httpx.Client, path: str, status: int
) -> None:
    answer = app_api.get(f"/{path}")
    assert (answer.status_code, set(answer.json())) == (status, {"status", "error"})
    assert answer.json()["status"] == "error"


# A replayed export


def test_a_replayed_export_has_nothing_saved(tmp_path: Path, dataset: Dataset) -> None:
    dataset.dump(tmp_path / "events.jsonl.gz")
    with Dataset.from_files(tmp_path / "events.jsonl.gz", None, tmp_path / "cache") as replayed:
        transport = httpx.WSGITransport(create_app(replayed))
        with httpx.Client(
            transport=transport, base_url="http://localhost/api", auth=("sandbox", "sandbox")
        ) as client:
            for path in ("query/funnels/list", "query/cohorts/list"):
                assert client.get(path, params={"project_id": 1}).json() == []
            assert results(client.get("app/projects/1/bookmarks"))["results"] == []
            for path in ("schemas", "schemas/event", "cohorts", "annotations", "annotations/tags"):
                assert results(client.get(f"app/projects/1/{path}")) == []
            unknown = client.get("query/funnels", params={"project_id": 1, "funnel_id": 1001})
            assert unknown.status_code == 404


def test_what_is_saved_fits_any_number_of_events(tmp_path: Path) -> None:
    with Dataset.generated(tmp_path, events=3000, seed=7) as small:
        assert len(small.members(small.saved.cohorts[0])) > 0
        days = {day_of(event) for event in _events(small)}
        assert {report.last for report in small.saved.reports} <= days


def _events(dataset: Dataset) -> Iterator[Any]:
    import json

    for line in dataset.export_lines(*QUARTER):
        yield json.loads(line)
