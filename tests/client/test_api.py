from __future__ import annotations

import json
import threading
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb.client import MixpanelAPIClient, QuotaLedger, Wait
from mixpanel_nb.errors import (
    AccessDeniedError,
    APIError,
    AuthenticationError,
    ConnectionFailedError,
    NotFoundError,
    ParameterError,
    PlanError,
    QueryError,
    RateLimitError,
    ServerError,
)

from .servers import Reply, Request, json_reply, serving

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import ClientFactory

HOURLY_429 = json_reply(
    {
        "request": "https://mixpanel.com/api/query/insights?project_id=12345",
        "error": "Query rate limit exceeded for project_id: 12345. This request exceeded the rate limit "
        "(61/60 queries running in the last hour). For more information, please consult our documentation at "
        "https://help.mixpanel.com/hc/en-us/articles/115004602563-Rate-Limits-for-Export-API-Endpoints",
    },
    429,
    RateLimit_Policy='"project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests"',
    RateLimit='"project";r=0;t=3600, "project-concurrency";r=3',
    Retry_After="3600",
)
JQL_412 = {
    "request": "/api/query/jql?project_id=12345",
    "error": "UserVisiblePreconditionFailedError: Uncaught exception TypeError: x is not a function\n"
    "  return x(1);\n         ^\n\nStack trace:\n  at main",
}


def refuse(client_for: ClientFactory, reply: Reply) -> APIError:
    """The error of a query that is answered so, at once."""
    with serving(reply) as server, pytest.raises(APIError) as caught:
        client_for(server, max_retries=0).get("segmentation", {"event": "Sign Up"})
    return caught.value


def test_a_query_is_authenticated_and_names_its_project(client_for: ClientFactory) -> None:
    with serving(json_reply({"ok": 1})) as server:
        answer = client_for(server).get(
            "/segmentation",
            {"event": "A", "on": None, "flag": True, "list": ["ü", 1], "day": date(2025, 1, 2)},
        )
    (request,) = server.requests
    assert answer == {"ok": 1}
    assert (request.method, request.path) == ("GET", "/api/query/segmentation")
    assert request.params == {
        "project_id": "12345",
        "event": "A",
        "flag": "true",
        "list": '["\\u00fc", 1]',
        "day": "2025-01-02",
    }
    assert request.headers["authorization"].startswith("Basic ")
    assert request.headers["user-agent"].startswith("mixpanel-nb/")
    assert request.headers["accept-encoding"] == "gzip"


def test_the_app_api_gets_no_project_parameter(client_for: ClientFactory) -> None:
    with serving(json_reply({"status": "ok"})) as server:
        client_for(server).get("projects/12345/schemas", family="app")
    assert (server.requests[0].path, server.requests[0].params) == ("/api/app/projects/12345/schemas", {})


def test_post_sends_a_form_or_json(client_for: ClientFactory) -> None:
    with serving(json_reply([])) as server:
        client = client_for(server)
        client.post("jql", {"script": "a=1&b", "params": {"x": 1}})
        client.post("insights", json={"bookmark": {}}, params={"workspace_id": 7})
        with pytest.raises(ParameterError):
            client.post("jql", {"a": 1}, json={"b": 2})
    form, body = server.requests
    assert form.form == {"script": "a=1&b", "params": '{"x": 1}'}
    assert form.params == {"project_id": "12345"}
    assert json.loads(body.body) == {"bookmark": {}}
    assert body.headers["content-type"] == "application/json"
    assert body.params == {"project_id": "12345", "workspace_id": "7"}


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (json_reply({"request": "/x", "error": "bad unit"}, 400), QueryError, "bad unit"),
        (json_reply({"error": ["a", "b"], "status": "error"}, 400), QueryError, '["a", "b"]'),
        (
            json_reply({"request": "/x", "error": "Unable to authenticate request"}, 400),
            AuthenticationError,
            "",
        ),
        (Reply(400, b"Unauthorized, invalid project secret. See docs"), AuthenticationError, "region us"),
        (json_reply({"error": "no", "status": "error"}, 401), AuthenticationError, "mp auth test"),
        (json_reply({"error": "upgrade"}, 402), PlanError, "upgrade"),
        (json_reply({"error": "no permission"}, 403), AccessDeniedError, "no permission"),
        (json_reply({"error": "no report"}, 404), NotFoundError, "no report"),
        (json_reply(JQL_412, 412), QueryError, "The JQL script failed: TypeError: x is not a function."),
        (json_reply({"error": "not valid"}, 422), QueryError, "not valid"),
        (Reply(418, b"tea"), APIError, "418: tea"),
        (json_reply({"message": "Error ID: 5"}, 500), ServerError, "Error ID: 5"),
        (Reply(502, b"<html>Bad gateway</html>"), ServerError, "an HTML page"),
        (Reply(503), ServerError, "no explanation"),
        (json_reply({"error": "leaked through", "status": "error"}), QueryError, "leaked through"),
        (Reply(200, b"<html>login</html>", {"Content-Type": "text/html"}), ServerError, "text/html"),
        (Reply(200, b"<html>login</html>"), ServerError, "no content type"),
        (Reply(302, b"", {"Location": "https://elsewhere.example/login"}), APIError, "elsewhere.example"),
        (HOURLY_429, RateLimitError, "61/60"),
    ],
)
def test_each_refusal_has_its_error(
    client_for: ClientFactory, reply: Reply, kind: type[APIError], says: str
) -> None:
    error = refuse(client_for, reply)
    assert type(error) is kind
    assert says in str(error)
    assert error.details["method"] == "GET"
    assert error.details["path"] == "/api/query/segmentation"
    assert error.details["params"] == {"project_id": "12345", "event": "Sign Up"}
    assert len(error.details["body"]) <= 500
    assert error.status_code == reply.status
    json.dumps(error.to_dict())


def test_a_range_the_plan_does_not_reach_says_where_it_begins(client_for: ClientFactory) -> None:
    error = refuse(client_for, json_reply({"error": "Date range exceeds 90 days into the past"}, 403))
    assert error.details["lookback_days"] == 90
    assert str(datetime.now(UTC).date() - timedelta(days=90)) in str(error)


def test_a_used_up_hour_is_an_error_at_once_with_the_time_to_come_back(client_for: ClientFactory) -> None:
    with serving(HOURLY_429) as server, pytest.raises(RateLimitError) as caught:
        client_for(server).get("insights")
    assert len(server.requests) == 1
    assert caught.value.retry_after == 3600
    assert "Try again at" in str(caught.value)
    assert "consult our documentation" not in str(caught.value)
    assert datetime.fromisoformat(caught.value.details["retry_at"]) > datetime.now(UTC)


def test_a_property_called_error_is_no_error(client_for: ClientFactory) -> None:
    with serving(json_reply({"error": {"count": 3}, "plan": {}})) as server:
        assert client_for(server).get_event_properties("View") == ["error", "plan"]


def test_an_answer_without_content_is_none(client_for: ClientFactory) -> None:
    with serving(Reply(204)) as server:
        assert client_for(server).get("annotations/1", family="app") is None


@pytest.mark.parametrize(
    "failure",
    [
        Reply(500, b"oops"),
        Reply(503, b"", {"Retry-After": "0"}),
        json_reply({"error": "Query rate limit exceeded for project_id: 12345"}, 429),
        json_reply({"error": "busy"}, 429, Retry_After="0"),
        Reply(hang_up=True),
        Reply(200, b'{"data": [1, 2, 3]}', cut=5),
        Reply(200, b"not gzip", {"Content-Encoding": "gzip"}),
    ],
    ids=["500", "503", "load shed", "429", "hang-up", "cut", "bad gzip"],
)
def test_what_may_pass_is_asked_again(client_for: ClientFactory, failure: Reply) -> None:
    waits: list[Wait] = []
    with serving(failure, failure, json_reply([1])) as server:
        assert client_for(server, on_wait=waits.append).get("x") == [1]
    assert len(server.requests) == 3
    assert len(waits) == 2
    assert waits[0].reason.startswith("trying again: ")


def test_a_short_wait_is_waited_out(client_for: ClientFactory) -> None:
    concurrency = json_reply({"error": "5/5"}, 429, RateLimit='"project";r=12, "project-concurrency";r=0;t=1')
    started = time.monotonic()
    with serving(concurrency, json_reply([1])) as server:
        assert client_for(server).get("x") == [1]
    assert 1 <= time.monotonic() - started < 2


def test_retry_after_may_be_a_date(client_for: ClientFactory) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    reply = json_reply({"error": "x"}, 429, Retry_After=later)
    with serving(reply) as server, pytest.raises(RateLimitError) as caught:
        client_for(server).get("x")
    assert caught.value.retry_after == pytest.approx(7200, abs=5)


def test_asking_again_ends(client_for: ClientFactory) -> None:
    with serving(Reply(500)) as server, pytest.raises(ServerError) as caught:
        client_for(server, max_retries=2).get("x")
    assert len(server.requests) == 3
    assert caught.value.details["attempts"] == 3


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 412, 422])
def test_a_refusal_is_not_asked_again(client_for: ClientFactory, status: int) -> None:
    with serving(Reply(status, b"no")) as server, pytest.raises(APIError):
        client_for(server).get("x")
    assert len(server.requests) == 1


def test_a_change_that_broke_off_is_not_made_twice(client_for: ClientFactory) -> None:
    with serving(Reply(hang_up=True)) as server, pytest.raises(ConnectionFailedError):
        client_for(server).post("projects/1/annotations", json={"date": "2025-01-01"}, family="app")
    assert len(server.requests) == 1
    with serving(json_reply({"error": "slow down"}, 429), json_reply({"status": "ok"})) as server:
        assert client_for(server).post("projects/1/annotations", json={}, family="app") == {"status": "ok"}


def test_a_query_that_ran_out_of_time_is_not_asked_again(client_for: ClientFactory) -> None:
    error = pytest.raises(ConnectionFailedError, match=r"nothing came for 0\.2 s")
    with serving(Reply(200, b"[]", pause_before=5)) as server, error:
        client_for(server, timeout=0.2).get("x")
    assert len(server.requests) == 1


def test_nobody_at_the_other_end(client_for: ClientFactory) -> None:
    with serving(json_reply([])) as server:
        url = server.url
    with pytest.raises(ConnectionFailedError, match=url.removeprefix("http://")) as caught:
        client_for(url, max_retries=1).get("x")
    assert caught.value.details["attempts"] == 2


def test_credentials_do_not_follow_a_redirect(client_for: ClientFactory) -> None:
    with serving(json_reply([])) as elsewhere, pytest.raises(APIError):
        client_for(elsewhere).get("x")  # seen, so it can be reached
        with serving(Reply(307, b"", {"Location": elsewhere.url})) as server:
            client_for(server).get("x")
    assert len(elsewhere.requests) == 1


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
    client_for: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving(json_reply([1])) as server:
        assert client_for(server).get("x") == [1]


def test_discovery(client_for: ClientFactory) -> None:
    def respond(request: Request) -> Reply:
        answers = {
            "/api/query/events/names": ["battle", "click signup button", "View homepage"],
            "/api/query/events/properties/top": {"ad version": {"count": 295}, "user type": {"count": 91}},
            "/api/query/events/properties/values": ["cat", 3, True],
        }
        return json_reply(answers[request.path])

    with serving(respond=respond) as server:
        client = client_for(server)
        assert client.get_events() == ["battle", "click signup button", "View homepage"]
        assert client.get_event_properties("battle", limit=7) == ["ad version", "user type"]
        assert client.get_property_values("battle", "pet") == ["cat", "3", "true"]
    asked = [{k: v for k, v in request.params.items() if k != "project_id"} for request in server.requests]
    assert asked == [
        {"type": "general", "limit": "5000"},
        {"event": "battle", "limit": "7"},
        {"event": "battle", "name": "pet", "limit": "100"},
    ]


def test_discovery_that_has_another_shape_is_an_error(client_for: ClientFactory) -> None:
    with serving(json_reply({"a": 1})) as server, pytest.raises(ServerError, match="unexpected shape"):
        client_for(server).get_events()
    with serving(json_reply([])) as server, pytest.raises(ServerError, match="unexpected shape"):
        client_for(server).get_event_properties("x")
    with serving(json_reply([])) as server, pytest.raises(ServerError, match="unexpected shape"):
        client_for(server).me()


def test_the_credential_check_costs_no_query_where_the_app_api_tells(client_for: ClientFactory) -> None:
    me = {"status": "ok", "results": {"projects": {"12345": {"name": "Shop", "timezone": "Europe/Berlin"}}}}
    with serving(json_reply(me)) as server:
        assert client_for(server).test() == {
            "username": "reader.1a2b3c.mp-service-account",
            "project_id": "12345",
            "region": "us",
            "project_name": "Shop",
            "timezone": "Europe/Berlin",
        }
    assert [request.path for request in server.requests] == ["/api/app/me"]


def test_the_credential_check_asks_a_query_where_it_does_not(client_for: ClientFactory) -> None:
    def respond(request: Request) -> Reply:
        return json_reply(["A"]) if "events" in request.path else json_reply({"error": "no"}, 403)

    with serving(respond=respond) as server:
        assert client_for(server).test()["project_name"] is None


def test_the_ledger_counts_queries_but_not_refused_credentials(
    client_for: ClientFactory, tmp_path: Path
) -> None:
    ledger = QuotaLedger(tmp_path / "quota.db")
    with serving(Reply(401)) as server:
        for _ in range(65):
            with pytest.raises(AuthenticationError):
                client_for(server, ledger=ledger).get("events/names")
        asked = len(server.requests)
    assert asked == 65


def test_the_ledger_stops_the_sixty_first_query_before_it_is_sent(
    client_for: ClientFactory, tmp_path: Path
) -> None:
    with serving(json_reply([])) as server:
        client = client_for(server, ledger=QuotaLedger(tmp_path / "quota.db"))
        for _ in range(60):
            client.get("events/names")
        with pytest.raises(RateLimitError, match="Not sent"):
            client.get("events/names")
        client.get("me", family="app")
        client.get("annotations")
    assert len(server.requests) == 62


def test_a_refused_hour_is_not_tried_by_the_next_client(client_for: ClientFactory, tmp_path: Path) -> None:
    with serving(HOURLY_429) as server:
        for expected in ("61/60", "Not sent"):
            ledger = QuotaLedger(tmp_path / "quota.db")
            with pytest.raises(RateLimitError, match=expected):
                client_for(server, ledger=ledger).get("segmentation")
    assert len(server.requests) == 1


def test_the_ledger_adopts_what_the_server_announces(client_for: ClientFactory, tmp_path: Path) -> None:
    with serving(json_reply([], RateLimit_Policy='"project";q=1000000;w=3600')) as server:
        client = client_for(server, ledger=QuotaLedger(tmp_path / "quota.db"))
        for _ in range(70):
            client.get("events/names")


def test_eight_threads_may_share_a_client(client_for: ClientFactory) -> None:
    with serving(respond=lambda request: json_reply([request.params["n"]])) as server:
        client = client_for(server)
        answers: list[str] = []
        threads = [
            threading.Thread(target=lambda n=n: answers.extend(client.get("x", {"n": n}))) for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [str(n) for n in range(8)]


def test_a_closed_client_opens_new_connections(client_for: ClientFactory) -> None:
    with serving(json_reply([1])) as server:
        with client_for(server) as client:
            client.get("x")
        assert client.get("x") == [1]


def test_importing_the_client_does_not_load_the_http_library() -> None:
    import subprocess
    import sys

    code = "import sys, mixpanel_nb.client; sys.exit('httpx' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_repr_tells_project_and_host(client_for: ClientFactory) -> None:
    client: MixpanelAPIClient = client_for("http://127.0.0.1:1")
    assert repr(client) == "<MixpanelAPIClient project 12345 at http://127.0.0.1:1>"
