from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.client import QuotaLedger
from mixpanel_nb.errors import IncompleteExportError, QueryError

from .servers import Reply, Request, json_reply, serving

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import ClientFactory

DOCS_PAGE = {
    "page": 0,
    "page_size": 1000,
    "results": [
        {
            "$distinct_id": 4,
            "$properties": {
                "$created": "2008-12-12T11:20:47",
                "$email": "example@mixpanel.com",
                "$last_seen": "2008-06-09T23:08:40",
            },
        }
    ],
    "session_id": "1234567890-EXAMPL",
    "status": "ok",
    "total": 1,
}


class Profiles:
    """Answers like Mixpanel: pages of three, a session from page 0 on, ``total`` on page 0 only."""

    def __init__(self, count: int, **changes: Any) -> None:
        self.people = [{"$distinct_id": f"u{n}", "$properties": {"n": n}} for n in range(count)]
        self.changes = changes

    def __call__(self, request: Request) -> Reply:
        page = int(request.form["page"])
        assert (page == 0) == ("session_id" not in request.form)
        answer: dict[str, Any] = {
            "page": page,
            "page_size": 3,
            "results": self.people[page * 3 : page * 3 + 3],
            "session_id": "1234-EXAMPL",
            "status": "ok",
        }
        if page == 0:
            answer["total"] = len(self.people)
        return json_reply({**answer, **self.changes})


def test_the_page_of_the_docs(client_for: ClientFactory) -> None:
    with serving(json_reply(DOCS_PAGE)) as server:
        (page,) = client_for(server).profile_pages()
    assert (page.page, page.page_size, page.total, page.session_id) == (0, 1000, 1, "1234567890-EXAMPL")
    assert page.results == DOCS_PAGE["results"]
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/api/query/engage")
    assert request.params == {"project_id": "12345"}
    assert request.form == {"page": "0"}


@pytest.mark.parametrize("count", [0, 1, 3, 7, 9])
def test_every_profile_comes_once(client_for: ClientFactory, count: int) -> None:
    with serving(respond=Profiles(count)) as server:
        profiles = list(client_for(server).export_profiles())
    assert [profile["$distinct_id"] for profile in profiles] == [f"u{n}" for n in range(count)]


def test_filters_go_with_every_page(client_for: ClientFactory) -> None:
    with serving(respond=Profiles(4)) as server:
        list(
            client_for(server).export_profiles(
                where='properties["plan"] == "pro"',
                cohort_id=77,
                output_properties=["$email", "plan"],
                group_id=-1405123841946871899,
            )
        )
    first, second = (request.form for request in server.requests)
    assert json.loads(first["filter_by_cohort"]) == {"id": 77}
    assert json.loads(first["output_properties"]) == ["$email", "plan"]
    assert first["data_group_id"] == "-1405123841946871899"
    assert first["include_all_users"] == "true"
    assert second == {**first, "page": "1", "session_id": "1234-EXAMPL"}


def test_behaviors_and_ids_are_json(client_for: ClientFactory) -> None:
    behaviors = [{"window": "30d", "name": "bought", "event_selectors": [{"event": "Purchase"}]}]
    with serving(respond=Profiles(1)) as server:
        client = client_for(server)
        list(client.profile_pages(behaviors=behaviors, as_of_timestamp=1_700_000_000))
        list(client.profile_pages(distinct_ids=["b", "a", "b"]))
        list(client.profile_pages(cohort_id=7, include_all_users=False))
    one, two, three = (request.form for request in server.requests)
    assert json.loads(one["behaviors"]) == behaviors
    assert one["as_of_timestamp"] == "1700000000"
    assert json.loads(two["distinct_ids"]) == ["b", "a"]
    assert three["include_all_users"] == "false"


def test_asking_for_nobody_asks_nobody(client_for: ClientFactory) -> None:
    with serving(respond=Profiles(5)) as server:
        assert list(client_for(server).export_profiles(distinct_ids=[])) == []
    assert server.requests == []


@pytest.mark.parametrize(
    "filters",
    [
        {"distinct_id": "a", "distinct_ids": ["b"]},
        {"cohort_id": 1, "behaviors": []},
        {"include_all_users": True},
        {"distinct_ids": "abc"},
    ],
)
def test_filters_that_make_no_sense_are_refused_at_the_call(
    client_for: ClientFactory, filters: dict[str, Any]
) -> None:
    with pytest.raises(QueryError):
        client_for("http://127.0.0.1:1").profile_pages(**filters)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"results": [{"$distinct_id": "x"}], "total": 7}, "after 1 of 7"),
        ({"session_id": None, "total": 7}, "after 3 of 7"),
        ({"page": 5}, "page 5 came"),
        ({"results": None}, "no list of profiles"),
        ({"results": ["x"]}, "no list of profiles"),
    ],
)
def test_pages_that_contradict_are_an_error(
    client_for: ClientFactory, changes: dict[str, Any], says: str
) -> None:
    error = pytest.raises(IncompleteExportError, match=says)
    with serving(respond=Profiles(7, **changes)) as server, error:
        list(client_for(server).profile_pages())


def test_more_profiles_than_announced_are_taken_as_well(client_for: ClientFactory) -> None:
    with serving(respond=Profiles(7, total=3)) as server:
        assert len(list(client_for(server).export_profiles())) == 7


def test_later_pages_are_free_of_the_quota(client_for: ClientFactory, tmp_path: Path) -> None:
    with serving(respond=Profiles(300)) as server:
        client = client_for(server, ledger=QuotaLedger(tmp_path / "quota.db"))
        assert len(list(client.export_profiles())) == 300
    assert len(server.requests) == 101


def test_a_lost_session_says_what_to_pass(client_for: ClientFactory) -> None:
    reply = json_reply({"error": "request for page in uncached query for params"}, 400)
    with serving(reply) as server, pytest.raises(QueryError, match="as_of_timestamp"):
        list(client_for(server).export_profiles())
