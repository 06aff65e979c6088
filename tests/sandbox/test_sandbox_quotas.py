"""Mixpanel's rate limits, with a clock of our own, and their absence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.faults import FaultRule, Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_nb.sandbox.store import Dataset

NAMES = "/api/query/events/names"
EXPORT = "/api/2.0/export"
DAY = {"from_date": "2025-01-08", "to_date": "2025-01-08", "limit": "1"}
START = 1_770_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ask(dataset: Dataset, clock: Clock, faults: Faults) -> Iterator[Callable[..., httpx.Response]]:
    app = create_app(dataset, rate_limits=True, clock=clock, faults=faults)
    transport = httpx.WSGITransport(app)
    with httpx.Client(
        transport=transport, base_url="http://localhost", auth=("sandbox", "sandbox")
    ) as client:

        def get(path: str = NAMES, **params: Any) -> httpx.Response:
            return client.get(path, params={"project_id": "7", "limit": "1", **params})

        get.client = client  # type: ignore[attr-defined]  # for the tests that stream
        yield get


def test_without_limits_every_answer_announces_a_huge_quota(client: httpx.Client) -> None:
    paths = (NAMES, EXPORT, "/api/app/me", "/nowhere")
    for answer in (client.get(path) for path in paths):
        assert answer.headers["RateLimit-Policy"] == '"project";q=1000000;w=3600'


def test_the_61st_query_of_an_hour_is_refused_as_mixpanel_refuses_it(
    ask: Callable[..., httpx.Response], clock: Clock
) -> None:
    for _ in range(60):
        assert ask().status_code == 200
        clock.now += 10
    refused = ask()
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Policy"] == (
        '"project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests"'
    )
    assert refused.headers["RateLimit"] == '"project";r=0;t=3000, "project-concurrency";r=3'
    assert refused.headers["Retry-After"] == "3000"
    assert "rate limit exceeded for project_id: 7" in refused.json()["error"]
    assert "(61/60 queries running in the last hour)" in refused.json()["error"]
    assert ask(project_id="8").status_code == 200
    clock.now += 3000
    assert ask().status_code == 200


def test_refused_and_unauthenticated_requests_do_not_count_but_bad_ones_do(
    ask: Callable[..., httpx.Response],
) -> None:
    for _ in range(59):
        assert ask(type="nonsense").status_code == 400
    client: httpx.Client = ask.client  # type: ignore[attr-defined]  # see the fixture
    for _ in range(5):
        client.get(NAMES, params={"project_id": "7"}, auth=("sandbox", "wrong"))
    assert ask().status_code == 200
    assert [ask().status_code for _ in range(3)] == [429] * 3


def test_injected_answers_do_not_count(ask: Callable[..., httpx.Response], faults: Faults) -> None:
    faults.add(FaultRule("rate_limited", times=70))
    assert {ask().status_code for _ in range(70)} == {429}
    assert {ask().status_code for _ in range(60)} == {200}


def test_engage_pages_of_a_session_are_free(ask: Callable[..., httpx.Response]) -> None:
    session = ask("/api/query/engage", page_size="5").json()["session_id"]
    for page in range(1, 100):
        assert ask("/api/query/engage", session_id=session, page=page).status_code == 200
    assert {ask("/api/query/engage").status_code for _ in range(59)} == {200}
    assert ask("/api/query/engage").status_code == 429
    assert ask("/api/query/engage", session_id=session, page=1).status_code == 200
    assert ask("/api/app/me").status_code == 200


def test_exports_are_limited_to_three_a_second_apart_from_queries(
    ask: Callable[..., httpx.Response], clock: Clock
) -> None:
    assert {ask(EXPORT, **DAY).status_code for _ in range(3)} == {200}
    refused = ask(EXPORT, **DAY)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert ask(NAMES).status_code == 200
    for _ in range(57):
        clock.now += 1
        assert ask(EXPORT, **DAY).status_code == 200
    clock.now += 1
    refused = ask(EXPORT, **DAY)
    assert int(refused.headers["Retry-After"]) > 3500


def test_five_queries_run_at_once_and_a_sixth_is_refused(dataset: Dataset) -> None:
    app = create_app(dataset, rate_limits=True)
    with httpx.Client(
        transport=httpx.WSGITransport(app), base_url="http://localhost", auth=("sandbox", "sandbox")
    ) as client:
        request = client.build_request("GET", "/api/query/engage", params={"project_id": "7"})
        running = [client.send(request, stream=True) for _ in range(5)]
        refused = client.get(NAMES, params={"project_id": "7"})
        assert refused.status_code == 429
        assert refused.headers["RateLimit"] == '"project";r=12, "project-concurrency";r=0;t=10'
        assert "concurrency limit (6/5 queries running concurrently)" in refused.json()["error"]
        for response in running:
            response.close()
        assert client.get(NAMES, params={"project_id": "7"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "segmentation",
        "segmentation/numeric",
        "events",
        "events/top",
        "funnels",
        "funnels/list",
        "retention",
        "retention/addiction",
        "stream/query",
        "insights",
        "cohorts/list",
        "jql",
        "engage/stats",
    ],
)
def test_every_report_uses_up_the_quota(ask: Callable[..., httpx.Response], path: str) -> None:
    for _ in range(59):
        ask()
    assert ask(f"/api/2.0/{path}").status_code != 429
    refused = ask(f"/api/query/{path}")
    assert refused.status_code == 429
    assert "(61/60 queries running in the last hour)" in refused.json()["error"]


def test_annotations_and_saved_things_are_free(ask: Callable[..., httpx.Response]) -> None:
    for _ in range(70):
        assert ask("/api/2.0/annotations", from_date="2025-01-01", to_date="2025-03-31").status_code == 200
        assert ask("/api/app/projects/7/bookmarks").status_code == 200
    assert ask().status_code == 200


def test_the_lexicon_can_be_asked_five_times_a_minute(
    ask: Callable[..., httpx.Response], clock: Clock
) -> None:
    paths = ["schemas", "schemas/event", "schemas/profile", "schemas/event/Purchase", "schemas"]
    for path in paths:
        assert ask(f"/api/app/projects/7/{path}").status_code == 200
    clock.now += 40
    refused = ask("/api/app/projects/7/schemas")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "20")
    assert refused.headers["RateLimit-Policy"].startswith('"project";q=5;w=60')
    assert refused.json()["status"] == "error"
    assert "(6/5 queries running in the last minute)" in refused.json()["error"]
    assert ask("/api/app/projects/8/schemas").status_code == 200
    clock.now += 20
    assert ask("/api/app/projects/7/schemas").status_code == 200
