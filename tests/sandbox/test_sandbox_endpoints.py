"""Every endpoint over real HTTP, in the shapes of Mixpanel's wire format."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.sandbox.store import Dataset

    Export = Callable[..., httpx.Response]

BOTH = pytest.mark.parametrize("root", ["/api/query", "/api/2.0"])


def raw_body(
    client: httpx.Client, path: str, params: dict[str, Any], encoding: str
) -> tuple[httpx.Headers, bytes]:
    headers = {"Accept-Encoding": encoding}
    with client.stream("GET", path, params=params, headers=headers) as response:
        return response.headers, b"".join(response.iter_raw())


def test_an_export_is_json_lines_of_the_days_asked_for_with_time_in_seconds(
    export: Export, dataset: Dataset
) -> None:
    response = export()
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain")
    lines = list(dataset.export_lines("2025-01-08", "2025-01-08"))
    assert response.content == b"\n".join(lines) + b"\n"
    times = [json.loads(line)["properties"]["time"] for line in lines]
    assert all(1736294400 <= time < 1736380800 for time in times)


def test_time_in_ms_changes_the_time_and_nothing_else(export: Export) -> None:
    seconds = export().content.split(b"\n")[:-1]
    milliseconds = export(time_in_ms="true").content.split(b"\n")[:-1]
    for line, changed in zip(seconds, milliseconds, strict=True):
        event = json.loads(changed)
        event["properties"]["time"] //= 1000
        assert event == json.loads(line)


def test_an_export_can_be_limited_and_filtered(export: Export) -> None:
    lines = export(event=json.dumps(["Purchase", "Search"]), limit=5, to_date="2025-01-20").content.split(
        b"\n"
    )
    assert len(lines) == 6
    assert {json.loads(line)["event"] for line in lines if line} <= {"Purchase", "Search"}


def test_an_export_is_gzipped_only_if_the_client_takes_it_and_the_body_is_long(client: httpx.Client) -> None:
    params = {"project_id": 1, "from_date": "2025-01-08", "to_date": "2025-01-08"}
    headers, plain = raw_body(client, "/api/2.0/export", params, "identity")
    assert "Content-Encoding" not in headers
    headers, packed = raw_body(client, "/api/2.0/export", params, "gzip")
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Transfer-Encoding"] == "chunked"
    assert gzip.decompress(packed) == plain
    headers, short = raw_body(client, "/api/2.0/export", {**params, "limit": 1}, "gzip")
    assert "Content-Encoding" not in headers
    assert headers["Content-Length"] == str(len(short))


def test_days_without_events_are_an_empty_200(export: Export) -> None:
    response = export(from_date="2024-01-01", to_date="2024-01-31")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"from_date": "2025-01-09"}, "to_date must be greater than or equal to from_date"),
        ({"to_date": "2199-01-01"}, "to_date cannot be later than today"),
        ({"from_date": "1970-12-31"}, "Error in from_date: invalid date, bad year"),
        ({"from_date": "2025-02-30"}, "Error in from_date: invalid date"),
        ({"from_date": "January"}, "Error in from_date: invalid date, expected yyyy-mm-dd"),
        ({"from_date": ""}, "Missing required parameter: from_date"),
        ({"to_date": ""}, "Missing required parameter: to_date"),
        ({"limit": "100001"}, "exceeds the maximum of 100000"),
        ({"limit": "0"}, "Invalid limit"),
        ({"limit": "ten"}, "Invalid limit"),
        ({"event": "Purchase"}, "Invalid event: expected a JSON array of strings"),
        ({"event": '{"a":1}'}, "Invalid event: expected a JSON array of strings"),
        ({"where": 'properties["plan"] = "pro"'}, "Invalid where: Unexpected '='"),
    ],
)
def test_a_bad_export_request_is_a_400_that_says_why(
    export: Export, params: dict[str, str], error: str
) -> None:
    response = export(**params)
    assert response.status_code == 400
    assert error in response.json()["error"]
    assert response.json()["request"].startswith("/api/2.0/export?project_id=1&")


def test_today_is_judged_by_the_clock_in_utc(dataset: Dataset) -> None:
    app = create_app(dataset, clock=lambda: 1736380799.0)  # the last second of 2025-01-08
    with (
        SandboxServer(app) as server,
        httpx.Client(base_url=server.url, auth=("sandbox", "sandbox")) as client,
    ):
        for day, status in (("2025-01-08", 200), ("2025-01-09", 400)):
            params = {"project_id": "1", "from_date": "2025-01-08", "to_date": day}
            assert client.get("/api/2.0/export", params=params).status_code == status


@BOTH
def test_engage_pages_hold_every_profile_once(client: httpx.Client, root: str, dataset: Dataset) -> None:
    first = client.post(f"{root}/engage", params={"project_id": 1}, data={"page": "0"}).json()
    total = first["total"]
    assert total == dataset.profiles.page(0)[1]
    assert {key: first[key] for key in ("page", "page_size", "status")} == {
        "page": 0,
        "page_size": 1000,
        "status": "ok",
    }
    found = first["results"]
    for page in range(1, 10):
        form = {"page": str(page), "session_id": first["session_id"]}
        answer = client.post(f"{root}/engage/", params={"project_id": 1}, data=form).json()
        assert (answer["total"], answer["session_id"], answer["page"]) == (total, first["session_id"], page)
        found += answer["results"]
    assert len(found) == total == len({profile["$distinct_id"] for profile in found})
    assert answer["results"] == []
    assert set(found[0]) == {"$distinct_id", "$properties"}


def test_engage_takes_get_form_and_json_and_the_body_wins(client: httpx.Client) -> None:
    wanted: dict[str, Any] = {"project_id": 1, "distinct_id": "nobody"}
    user = client.get("/api/2.0/engage", params={"project_id": 1}).json()["results"][0]["$distinct_id"]
    by_json = client.post("/api/query/engage", params=wanted, json={"distinct_id": user}).json()
    by_form = client.post("/api/query/engage", params=wanted, data={"distinct_id": user}).json()
    in_body = client.post(
        "/api/query/engage", json={"project_id": 1, "distinct_ids": [user, "nobody"]}
    ).json()
    for answer in (by_json, by_form, in_body):
        assert (answer["total"], answer["results"][0]["$distinct_id"]) == (1, user)
    assert client.get("/api/2.0/engage", params=wanted).json()["total"] == 0
    assert client.post("/api/2.0/engage", params=wanted, json=["not", "an", "object"]).json()["total"] == 0


def test_engage_reduces_properties_on_all_pages_of_a_session(client: httpx.Client) -> None:
    query = {"project_id": 1, "output_properties": json.dumps(["plan", "$email"]), "page_size": 7}
    first = client.post("/api/query/engage", json=query).json()
    later = {"project_id": 1, "session_id": first["session_id"], "page": 1}
    second = client.post("/api/query/engage", json=later).json()
    for page in (first, second):
        assert len(page["results"]) == page["page_size"] == 7
        assert all(set(profile["$properties"]) == {"plan", "$email"} for profile in page["results"])


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"page": 1}, "session_id is required"),
        ({"page": 1, "session_id": "1234567890-EXAMPL"}, "request for page in uncached query for params"),
        ({"page": -1}, "Invalid page"),
        ({"distinct_id": "a", "distinct_ids": '["b"]'}, "cannot be used together"),
        ({"distinct_ids": "a"}, "Invalid distinct_ids"),
        ({"where": "1 + 1"}, "Invalid where: A filter needs true or false"),
        ({"where": 'has_prefix(properties["plan"], "p")'}, "Invalid where: Mixpanel's profile queries"),
        ({"selector": "1 +"}, "Invalid selector: The expression ends too early"),
        ({"filter_by_cohort": '{"id":1}'}, "Invalid filter_by_cohort: there is no cohort 1"),
        ({"filter_by_cohort": "2001"}, "Invalid filter_by_cohort: expected"),
        ({"filter_by_cohort": '{"raw_cohort":{}}'}, "Invalid raw_cohort: expected"),
        ({"sort_key": "properties["}, "Invalid sort_key"),
        ({"sort_key": 'properties["plan"]', "sort_order": "up"}, "Invalid sort_order: 'up'"),
        ({"output_properties": "plan"}, "Invalid output_properties"),
    ],
)
def test_a_bad_engage_request_is_a_400_that_says_why(
    client: httpx.Client, params: dict[str, Any], error: str
) -> None:
    response = client.post("/api/query/engage", json={"project_id": 1, **params})
    assert response.status_code == 400
    assert error in response.json()["error"]


def test_profiles_are_searched_whatever_the_case(client: httpx.Client, dataset: Dataset) -> None:
    lines, _ = dataset.profiles.page(0, 10_000)
    users = [json.loads(line) for line in lines]

    def is_found(user: dict[str, Any]) -> bool:
        held = [user["$distinct_id"], *user["$properties"].values()]
        return any("ada" in (one if isinstance(one, str) else json.dumps(one)).lower() for one in held)

    expected = {user["$distinct_id"] for user in users if is_found(user)}
    answer = client.post("/api/query/engage", json={"project_id": 1, "search": "ADA"}).json()
    assert answer["total"] == len(expected) > 0
    assert {user["$distinct_id"] for user in answer["results"]} <= expected


@BOTH
def test_event_names_are_a_list(client: httpx.Client, root: str) -> None:
    params: dict[str, Any] = {"project_id": 1, "type": "general"}
    names = client.get(f"{root}/events/names", params=params).json()
    assert {"Purchase", "Sign Up", 'Viewed <b>"O\'Brien" & Co</b>'} <= set(names)
    assert client.get(f"{root}/events/names", params={**params, "limit": 2}).json() == names[:2]
    assert client.get(f"{root}/events/names", params={**params, "limit": 10**9}).json() == names
    early = {**params, "from_date": "2025-01-01", "to_date": "2025-01-02"}
    assert set(client.get(f"{root}/events/names", params=early).json()) < set(names)
    refused = client.get(f"{root}/events/names", params={**params, "type": "every"})
    assert (refused.status_code, "Invalid type" in refused.json()["error"]) == (400, True)


@BOTH
def test_top_properties_are_counts_by_name(client: httpx.Client, root: str) -> None:
    url = f"{root}/events/properties/top"
    top = client.get(url, params={"project_id": 1, "event": "Sign Up", "limit": 100}).json()
    assert top["method"] == top["plan"]
    assert top["method"]["count"] > 100
    assert len(client.get(url, params={"project_id": 1}).json()) == 10
    unknown = client.get(url, params={"project_id": 1, "event": "Sign up"})
    assert (unknown.status_code, unknown.json()["error"]) == (400, "Unknown event: Sign up")


@BOTH
def test_property_values_are_text(client: httpx.Client, root: str) -> None:
    url = f"{root}/events/properties/values"
    params: dict[str, Any] = {"project_id": 1, "event": "Add to Cart", "name": "quantity"}
    assert set(client.get(url, params=params).json()) == {"1", "2", "3", "6"}
    assert len(client.get(url, params={**params, "limit": 2}).json()) == 2
    assert client.get(url, params={"project_id": 1, "name": "Plan"}).json()[0] in ("Free", "Plus", "Pro")
    assert client.get(url, params={"project_id": 1, "event": "Purchase"}).status_code == 400


def test_me_names_account_project_and_workspace(client: httpx.Client) -> None:
    me = client.get("/api/app/me").json()
    assert me["status"] == "ok"
    assert me["results"]["projects"]["1"]["timezone"] == "UTC"
    assert me["results"]["workspaces"]["1"]["is_default"] is True
    public = client.get("/api/app/projects/42/workspaces/public").json()
    assert public["results"] == [{"id": 1, "name": "All Project Data", "project_id": 42, "is_default": True}]


@pytest.mark.parametrize(
    "path", ["/api/query/nope", "/api/2.0/arb_nope", "/api/query/export", "/", "/favicon.ico"]
)
def test_what_is_not_there_is_a_json_404(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert set(response.json()) == {"request", "error"}


def test_errors_of_the_app_family_have_their_own_shape(client: httpx.Client) -> None:
    response = client.get("/api/app/nope")
    assert response.status_code == 404
    assert response.json()["status"] == "error"
    assert "request" not in response.json()


def test_other_methods_are_refused(client: httpx.Client) -> None:
    response = client.delete("/api/app/me")
    assert (response.status_code, response.json()["status"]) == (405, "error")
    assert client.delete("/api/query/events").headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize(
    "path", ["me", "projects/1/annotations/4001", "projects/1/schemas", "projects/1/bookmarks"]
)
def test_nothing_but_annotations_can_be_written_to_the_app_api(client: httpx.Client, path: str) -> None:
    response = client.post(f"/api/app/{path}", json={"name": "mine"})
    assert response.status_code == 405
    assert response.headers["Allow"] in ("GET, HEAD", "DELETE, GET, HEAD, PATCH")


def test_head_has_the_headers_and_no_body(client: httpx.Client) -> None:
    params: dict[str, Any] = {"project_id": 1, "type": "general"}
    head = client.head("/api/query/events/names", params=params)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"] == "application/json"
    assert client.head("/api/query/nope").status_code == 404
