from __future__ import annotations

import json
import threading
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

import httpx
import pytest

from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient, QuotaLedger
from mixpanel_nb.errors import IncompleteExportError, ParameterError, QueryError, ServerError

from .conftest import SECRET
from .servers import Reply, Request, json_reply, serving, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from mixpanel_nb.client import ProfilePage

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
        self.users = [{"$distinct_id": f"u{n}", "$properties": {"n": n}} for n in range(count)]
        self.changes = changes

    def __call__(self, request: Request) -> Reply:
        return json_reply(self.answer(request.form))

    def answer(self, form: dict[str, str]) -> dict[str, Any]:
        page = int(form["page"])
        assert (page == 0) == ("session_id" not in form)
        answer: dict[str, Any] = {
            "page": page,
            "page_size": 3,
            "results": self.users[page * 3 : page * 3 + 3],
            "session_id": "1234-EXAMPL",
            "status": "ok",
        }
        if page == 0:
            answer["total"] = len(self.users)
        return {**answer, **self.changes}


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
    with pytest.raises(ParameterError):
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


class Slow:
    """Answers the pages of `Profiles` in the order of ``turns``, once all of these were asked for."""

    def __init__(self, profiles: Profiles, *turns: int) -> None:
        self.profiles = profiles
        self.turns = list(turns)
        self.done: list[int] = []
        self.most = 0
        self._asked: set[int] = set()
        self._waiting = 0
        self._changed = threading.Condition()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        page = int(form["page"])
        with self._changed:
            self._waiting += 1
            self.most = max(self.most, self._waiting)
            self._asked.add(page)
            self._changed.notify_all()
            if page in self.turns:
                before = self.turns[: self.turns.index(page)]
                assert self._changed.wait_for(
                    lambda: self._asked.issuperset(self.turns) and set(before) <= set(self.done), timeout=20
                )
            self._waiting -= 1
            self.done.append(page)
            self._changed.notify_all()
        return httpx.Response(200, json=self.profiles.answer(form))


def numbers(pages: Iterable[ProfilePage]) -> list[int]:
    return [profile["$properties"]["n"] for page in pages for profile in page.results]


def client_on(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> MixpanelAPIClient:
    credentials = Credentials("reader", SECRET, "12345")
    transport = httpx.MockTransport(handler)
    return MixpanelAPIClient(credentials, transport=transport, backoff=0.0, **options)


def test_pages_that_come_in_another_order_are_given_in_theirs() -> None:
    mixpanel = Slow(Profiles(14), 4, 2, 3, 1)
    assert numbers(client_on(mixpanel).profile_pages()) == list(range(14))
    assert mixpanel.done == [0, 4, 2, 3, 1]
    assert mixpanel.most == 4


def test_pages_are_asked_for_ahead_but_only_a_few() -> None:
    mixpanel = Slow(Profiles(300))
    pages = client_on(mixpanel).profile_pages()
    next(pages)
    assert mixpanel.done == [0]
    next(pages)
    wait_for(lambda: len(mixpanel.done) == 6)
    assert sorted(mixpanel.done) == [0, 1, 2, 3, 4, 5]  # the one that was taken, and four more
    assert numbers(pages) == list(range(6, 300))
    assert mixpanel.most <= 4


def test_whoever_stops_reading_ends_the_asking() -> None:
    mixpanel = Slow(Profiles(300))
    pages = cast("Generator[ProfilePage]", client_on(mixpanel).profile_pages())
    next(pages)
    next(pages)
    pages.close()
    wait_for(lambda: len(mixpanel.done) == 6)
    for thread in threading.enumerate():
        if "ahead" in thread.name:
            thread.join(5)
    assert len(mixpanel.done) == 6


def test_without_a_total_the_pages_are_asked_for_one_by_one() -> None:
    mixpanel = Slow(Profiles(8, total=None))
    assert numbers(client_on(mixpanel).profile_pages()) == list(range(8))
    assert (mixpanel.done, mixpanel.most) == ([0, 1, 2], 1)


def test_a_full_last_page_is_followed_until_one_is_not_full() -> None:
    mixpanel = Slow(Profiles(12))
    assert numbers(client_on(mixpanel).profile_pages()) == list(range(12))
    assert sorted(mixpanel.done) == [0, 1, 2, 3, 4]


def test_a_page_that_fails_and_recovers_keeps_its_place() -> None:
    profiles, failed = Profiles(14), set[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        if form["page"] in "24" and form["page"] not in failed:
            failed.add(form["page"])
            return httpx.Response(502 if form["page"] == "2" else 429, json={"error": "a moment"})
        return httpx.Response(200, json=profiles.answer(form))

    assert numbers(client_on(answer).profile_pages()) == list(range(14))
    assert failed == {"2", "4"}


def test_a_page_that_cannot_be_had_is_an_error_at_its_place() -> None:
    profiles = Profiles(14)

    def answer(request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        if form["page"] == "3":
            return httpx.Response(500, json={"error": "broken"})
        return httpx.Response(200, json=profiles.answer(form))

    pages = client_on(answer, max_retries=1).profile_pages()
    assert numbers(next(pages) for _ in range(3)) == list(range(9))
    with pytest.raises(ServerError, match="broken"):
        next(pages)


def test_a_page_in_between_that_is_not_full_is_an_error() -> None:
    profiles = Profiles(14)

    def answer(request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        data = profiles.answer(form)
        if form["page"] == "2":
            data["results"] = data["results"][:1]
        return httpx.Response(200, json=data)

    with pytest.raises(IncompleteExportError, match="page 2 after 7 of 14"):
        numbers(client_on(answer).profile_pages())


def test_a_later_page_need_not_repeat_the_session() -> None:
    profiles = Profiles(8)

    def answer(request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        data = profiles.answer(form)
        return httpx.Response(200, json=data if form["page"] == "0" else {**data, "session_id": None})

    assert numbers(client_on(answer).profile_pages()) == list(range(8))


def test_a_cancellation_ends_the_waiting_at_once() -> None:
    cancelled, held = threading.Event(), threading.Event()
    profiles = Profiles(14)

    def answer(request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        if form["page"] != "0":
            held.wait(10)
        return httpx.Response(200, json=profiles.answer(form))

    pages = client_on(answer).profile_pages(cancelled=cancelled.is_set)
    next(pages)
    threading.Timer(0.1, cancelled.set).start()
    with pytest.raises(CancelledError):
        next(pages)
    held.set()


def test_later_pages_are_free_of_the_quota(client_for: ClientFactory, tmp_path: Path) -> None:
    with serving(respond=Profiles(300)) as server:
        client = client_for(server, ledger=QuotaLedger(tmp_path / "quota.db"))
        assert len(list(client.export_profiles())) == 300
    assert len(server.requests) == 101


def test_a_lost_session_says_what_to_pass(client_for: ClientFactory) -> None:
    reply = json_reply({"error": "request for page in uncached query for params"}, 400)
    with serving(reply) as server, pytest.raises(QueryError, match="as_of_timestamp"):
        list(client_for(server).export_profiles())
