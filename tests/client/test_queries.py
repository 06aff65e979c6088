from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.client import QueryAnswer
from mixpanel_nb.errors import ServerError

from .conftest import SECRET
from .servers import Reply, Request, json_reply, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.client import MixpanelAPIClient

    from .conftest import ClientFactory

DAYS: dict[str, Any] = {"from_date": date(2025, 1, 1), "to_date": "2025-01-31"}


def test_a_report_is_mixpanels_own_json_and_what_was_sent(client_for: ClientFactory) -> None:
    data = {"data": {"series": [], "values": {}, "anything": 1}, "legend_size": 0, "more": [None]}
    with serving(json_reply(data)) as server:
        asked = client_for(server).report("segmentation", {"event": "A", "unit": "day", **DAYS})
    params = {"event": "A", "from_date": "2025-01-01", "to_date": "2025-01-31", "unit": "day"}
    request = {
        "method": "GET",
        "path": "/api/query/segmentation",
        "params": {"project_id": "12345", **params},
    }
    assert asked == QueryAnswer(data, request)
    assert server.requests[0].params == request["params"]


def test_a_form_is_told_as_well_but_never_the_secret(client_for: ClientFactory) -> None:
    with serving(json_reply([1])) as server:
        asked = client_for(server).jql(f"// {SECRET}\n" + "x" * 1000, {"a": 1})
    assert asked.data == [1]
    assert asked.request["method"] == "POST"
    assert asked.request["params"] == {
        "project_id": "12345",
        "script": "// ***\n" + "x" * 1000,  # all of it: it is what was asked
        "params": '{"a": 1}',
    }
    assert server.requests[0].form["script"].startswith(f"// {SECRET}")


def test_threads_that_share_a_client_get_their_own_requests(client_for: ClientFactory) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def respond(request: Request) -> Reply:
        return json_reply({"data": {"values": {request.params["event"]: {}}}})

    with serving(respond=respond) as server, ThreadPoolExecutor(8) as pool:
        client = client_for(server)
        answers = list(
            pool.map(lambda n: client.report("segmentation", {"event": f"e{n}", **DAYS}), range(40))
        )
    for number, asked in enumerate(answers):
        assert asked.request["params"]["event"] == f"e{number}"
        assert list(asked.data["data"]["values"]) == [f"e{number}"]


@pytest.mark.parametrize(
    ("answer", "ask"),
    [
        ([], lambda c: c.report("segmentation", {})),
        ({"data": []}, lambda c: c.report("segmentation/numeric", {})),
        ({"data": {}}, lambda c: c.report("segmentation/sum", {})),
        ({"results": 1}, lambda c: c.report("segmentation/average", {})),
        ({}, lambda c: c.report("events", {})),
        ("x", lambda c: c.report("events/properties", {})),
        ({"events": {}}, lambda c: c.report("events/top", {})),
        ({"data": None}, lambda c: c.report("funnels", {})),
        ([], lambda c: c.report("retention", {})),
        ([], lambda c: c.report("retention/addiction", {})),
        ({"results": []}, lambda c: c.report("stream/query", {})),
        ({"headers": []}, lambda c: c.report("insights", {})),
        ({}, lambda c: c.jql("s")),
        ({}, lambda c: c.list_funnels()),
        ([[]], lambda c: c.list_cohorts()),
        ([], lambda c: c.list_bookmarks()),
        ({"results": 5}, lambda c: c.lexicon_schemas()),
    ],
)
def test_an_answer_without_its_outer_shape_is_an_error(
    client_for: ClientFactory, answer: Any, ask: Callable[[MixpanelAPIClient], Any]
) -> None:
    error = pytest.raises(ServerError, match="unexpected shape: expected")
    with serving(json_reply(answer)) as server, error as caught:
        ask(client_for(server))
    assert caught.value.hint
    json.dumps(caught.value.to_dict())


def test_the_lists_ask_as_documented(client_for: ClientFactory) -> None:
    def respond(request: Request) -> Reply:
        app = request.path.startswith("/api/app")
        return json_reply({"status": "ok", "results": [{"id": 1}]} if app else [{"id": 1}])

    with serving(respond=respond) as server:
        client = client_for(server)
        assert client.list_funnels() == client.list_cohorts() == [{"id": 1}]
        assert client.list_bookmarks() == client.list_bookmarks("funnels") == [{"id": 1}]
        assert client.lexicon_schemas() == client.lexicon_schemas("event") == [{"id": 1}]
    seen = [(request.method, request.path, request.params) for request in server.requests]
    project = "/api/app/projects/12345"
    assert seen == [
        ("GET", "/api/query/funnels/list", {"project_id": "12345"}),
        ("POST", "/api/query/cohorts/list", {"project_id": "12345"}),
        ("GET", f"{project}/bookmarks", {"v": "2"}),
        ("GET", f"{project}/bookmarks", {"v": "2", "type": "funnels"}),
        ("GET", f"{project}/schemas", {}),
        ("GET", f"{project}/schemas/event", {}),
    ]


def test_one_schema_comes_without_its_envelope(client_for: ClientFactory) -> None:
    schema = {"description": "x", "properties": {}}
    with serving(json_reply({"status": "ok", "results": schema})) as server:
        found = client_for(server).lexicon_schemas("event", "Added To Cart")
    assert found == [{"entityType": "event", "name": "Added To Cart", "schemaJson": schema}]
    assert server.requests[0].params == {"entity_name": "Added To Cart"}


def test_the_app_api_costs_no_query(client_for: ClientFactory, tmp_path: Any) -> None:
    from mixpanel_nb.client import QuotaLedger

    with serving(json_reply({"results": []})) as server:
        client = client_for(server, ledger=QuotaLedger(tmp_path / "quota.db"))
        for _ in range(65):
            client.list_bookmarks()
