"""Who may ask, what an unknown caller gets, and what is logged of it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import httpx
import pytest

from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.store import Dataset

if TYPE_CHECKING:
    from mixpanel_nb.sandbox.server import SandboxServer

NAMES = "/api/query/events/names"
DAY = {"from_date": "2025-01-08", "to_date": "2025-01-08"}


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def get(server: SandboxServer, path: str, authorization: str | None, **params: str) -> httpx.Response:
    headers = {"Authorization": authorization} if authorization else {}
    return httpx.get(server.url + path, params=params, headers=headers, verify=False)


@pytest.mark.parametrize(
    "token", [encoded("sandbox:sandbox"), "sandbox:sandbox", encoded("sandbox:sandbox").rstrip("=")]
)
def test_a_service_account_is_accepted_encoded_or_plain(server: SandboxServer, token: str) -> None:
    assert get(server, NAMES, f"Basic {token}", project_id="99").status_code == 200
    assert get(server, "/api/2.0/export", f"Basic {token}", project_id="99", **DAY).status_code == 200


def test_a_service_account_must_name_its_project(server: SandboxServer) -> None:
    for path in (NAMES, "/api/2.0/export"):
        response = get(server, path, "Basic sandbox:sandbox", **DAY)
        assert (response.status_code, "project_id" in response.json()["error"]) == (400, True)
    assert get(server, "/api/app/me", "Basic sandbox:sandbox").status_code == 200


@pytest.mark.parametrize("token", [encoded("sandbox"), encoded("sandbox:")])
def test_a_project_secret_implies_its_project(server: SandboxServer, token: str) -> None:
    assert get(server, NAMES, f"Basic {token}").status_code == 200


def test_a_token_is_accepted_but_not_for_exports(server: SandboxServer) -> None:
    assert get(server, NAMES, "Bearer sandbox", project_id="1").status_code == 200
    assert get(server, "/api/app/me", "Bearer sandbox").status_code == 200
    assert get(server, NAMES, "Bearer sandbox").status_code == 400  # it names no project
    export = get(server, "/api/2.0/export", "Bearer sandbox", project_id="1", **DAY)
    assert (export.status_code, "must pass API secret" in export.json()["error"]) == (401, True)


@pytest.mark.parametrize(
    "authorization",
    [None, "Basic", "Basic !!!", f"Basic {encoded('sandbox:wrong')}", "Bearer sandbox:sandbox", "Basic é"],
)
def test_wrong_credentials_are_400_on_query_and_401_elsewhere(
    server: SandboxServer, authorization: str | None
) -> None:
    headers = {b"Authorization": authorization.encode("latin-1")} if authorization else {}
    url = server.url
    query = httpx.get(url + NAMES, headers=headers, params={"project_id": "1"}, verify=False)
    assert (query.status_code, query.json()["error"]) == (400, "Unable to authenticate request")
    export = httpx.get(
        url + "/api/2.0/export", headers=headers, params={"project_id": "1", **DAY}, verify=False
    )
    assert export.status_code == 401
    app = httpx.get(url + "/api/app/me", headers=headers, verify=False)
    assert app.status_code == 401
    assert app.json() == {"status": "error", "error": "Unable to authenticate request"}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:8765", 200),
        ("sandbox.localhost", 200),
        ("evil.example:8765", 403),
        ("localhost.evil.example", 403),
        ("192.168.1.5", 403),
    ],
)
def test_requests_for_foreign_hosts_are_refused(server: SandboxServer, host: str, status: int) -> None:
    response = httpx.get(
        f"{server.url}/api/app/me", auth=("sandbox", "sandbox"), headers={"Host": host}, verify=False
    )
    assert response.status_code == status


def test_the_app_can_be_mounted_in_process_under_hosts_of_ones_own(dataset: Dataset) -> None:
    transport = httpx.WSGITransport(create_app(dataset, allowed_hosts=["sandbox.invalid"]))
    for base_url in ("http://sandbox.localhost", "http://sandbox.invalid"):
        with httpx.Client(transport=transport, base_url=base_url, auth=("sandbox", "sandbox")) as client:
            response = client.get("/api/2.0/export", params={"project_id": "1", **DAY})
            lines = list(dataset.export_lines("2025-01-08", "2025-01-08"))
            assert response.content == b"\n".join(lines) + b"\n"


def test_every_request_is_logged_on_one_line_without_secrets(server: SandboxServer) -> None:
    get(server, NAMES, "Basic sandbox:sandbox", project_id="1", api_secret="hush", type="a\nb")
    httpx.post(
        server.url + NAMES, data={"project_id": "1", "sig": "hush"}, auth=("sandbox", "sandbox"), verify=False
    )
    assert server.requests == [
        "GET /api/query/events/names?project_id=1&type=a%0Ab 400",
        "POST /api/query/events/names?project_id=1 200",
    ]


def test_secrets_in_the_url_are_not_repeated_in_answers(server: SandboxServer) -> None:
    assert "hush" not in get(server, NAMES, None, project_id="1", api_secret="hush").text


def test_an_internal_error_is_a_json_500_without_details(
    dataset: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    closed = Dataset(dataset.path)
    closed.close()
    transport = httpx.WSGITransport(create_app(closed))
    with httpx.Client(
        transport=transport, base_url="http://localhost", auth=("sandbox", "sandbox")
    ) as client:
        for path in (NAMES, "/api/2.0/export"):
            response = client.get(path, params={"project_id": "1", **DAY})
            assert response.status_code == 500
            assert response.json()["error"] == "Internal error of the sandbox"
    assert "failed to answer /api/query/events/names" in caplog.text
