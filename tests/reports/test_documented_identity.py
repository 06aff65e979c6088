"""Identities of hand-made logs of both systems: the examples and the refusals of Mixpanel's pages.

https://docs.mixpanel.com/docs/tracking-methods/id-management/identifying-users-simplified#example-user-flows
https://docs.mixpanel.com/docs/tracking-methods/id-management/identifying-users-original#example-user-flows
https://developer.mixpanel.com/docs/identity-management (reasons of refusals; no longer online)
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import ParameterError, TableExistsError, did

from .support import Project, profile
from .support import did as event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb import IdentitiesResult, Workspace

    from .support import Package

# Anonymous ids are UUIDs; D1 and D2 stand for them on the pages.
D1, D2, D3 = (f"9f1c1a52-6b0e-4a55-8a29-{number:012}" for number in (1, 2, 3))
DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-31", "table": "events"}


def at(number: int) -> str:
    return f"2025-01-01 00:{number:02}"


def anonymous(number: int, device: str, **properties: Any) -> dict[str, Any]:
    return event(f"$device:{device}", "View", at(number), **{"$device_id": device}, **properties)


def logged_in(number: int, device: str, user: str, **properties: Any) -> dict[str, Any]:
    both = {"$device_id": device, "$user_id": user}
    return event(user, "View", at(number), **both, **properties)


def identify(number: int, anon: str, user: str, **properties: Any) -> dict[str, Any]:
    ids = {"$identified_id": user, "$anon_id": anon}
    return event(user, "$identify", at(number), **ids, **properties)


def merge(number: int, *ids: Any, **properties: Any) -> dict[str, Any]:
    held: dict[str, Any] = {"$distinct_ids": list(ids), **properties}
    return event(ids[0], "$merge", at(number), **held)


def alias(number: int, name: str, user: str, **properties: Any) -> dict[str, Any]:
    return event(user, "$create_alias", at(number), alias=name, **properties)


def view(number: int, user: str | None, **properties: Any) -> dict[str, Any]:
    return event(user, "View", at(number), **properties)


@pytest.fixture(scope="module", autouse=True)
def forgotten(package: Package) -> Iterator[None]:
    """Other tests of the same workspaces read raw ids."""
    yield
    package.forget_identities()


@pytest.fixture
def ws(package: Package) -> Workspace:
    return package.workspace()


def found(package: Package, events: Sequence[Any], system: Any = None, **given: Any) -> IdentitiesResult:
    package(Project(events, **given))
    ws = package.workspace()
    if any(table.name == "identities_events" for table in ws.tables()):
        ws.drop("identities_events")
    return ws.identities("events", system=system)


def users_of_events(ws: Workspace, **given: Any) -> list[str]:
    rows = ws.property_counts("View", "distinct_id", type="general", **DAYS, **given).df
    return sorted(rows["value"].unique())


# Simplified ID merge


def test_new_user_signup(package: Package, ws: Workspace) -> None:
    result = found(package, [anonymous(1, "D1"), anonymous(2, "D1"), logged_in(3, "D1", "U1")])
    assert result.resolved == {"$device:D1": "U1"}
    assert (result.system, result.ids, result.users, result.largest) == ("simplified", 2, 1, 2)
    assert users_of_events(ws) == ["U1"]
    assert users_of_events(ws, identities="raw") == ["$device:D1", "U1"]


def test_returning_user(package: Package) -> None:
    first = [anonymous(1, "D1"), anonymous(2, "D1"), logged_in(3, "D1", "U1"), anonymous(4, "D2")]
    assert found(package, [*first, anonymous(5, "D2")]).users == 2
    result = found(package, [*first, anonymous(5, "D2"), logged_in(6, "D2", "U1")])
    assert result.resolved == {"$device:D1": "U1", "$device:D2": "U1"}
    assert (result.ids, result.users) == (3, 1)


def test_multiple_users_of_one_device(package: Package) -> None:
    log = [anonymous(1, "D1"), logged_in(2, "D1", "U1"), anonymous(3, "D2"), anonymous(4, "D2")]
    result = found(package, [*log, logged_in(5, "D2", "U2")])
    assert result.resolved == {"$device:D1": "U1", "$device:D2": "U2"}
    assert (result.ids, result.users) == (4, 2)


def test_a_device_keeps_its_first_user(package: Package) -> None:
    log = [anonymous(1, "D1"), logged_in(2, "D1", "U1"), logged_in(3, "D1", "U2")]
    result = found(package, log)
    assert result.resolved == {"$device:D1": "U1"}
    (refusal,) = result.refusals
    told = (refusal.link, refusal.reason, refusal.pairs, refusal.by_mixpanel)
    assert told == ("$device_id", "errAnonDistinctIdAssignedAlready", 1, False)
    # The event that came first is later in the table, and Mixpanel says itself what it refused.
    failed = {"$identity_failure_reason": "errAnonDistinctIdAssignedAlready"}
    result = found(package, [logged_in(2, "D1", "U2", **failed), logged_in(3, "D1", "U1")])
    assert result.resolved == {"$device:D1": "U1"}
    assert result.refusals[0].by_mixpanel


def test_the_simplified_system_has_no_limit_and_never_merges_users(package: Package) -> None:
    log = [logged_in(1, f"D{number}", "U1") for number in range(600)]
    result = found(package, [*log, merge(2, "U1", "U2"), identify(3, D1, "U2")], "simplified")
    assert (result.largest, result.users, len(result.resolved)) == (601, 2 - 1 + 1, 600)
    ignored = {link.link: link.ignored for link in result.links}
    assert ignored == {"$identify": 1, "$merge": 1, "$device_id": 0}


def test_ids_may_be_numbers(package: Package) -> None:
    numbers: dict[str, Any] = {"$device_id": 7, "$user_id": 42}
    log = [anonymous(1, "7"), event("42", "View", at(2), **numbers)]
    assert found(package, log).resolved == {"$device:7": "42"}
    assert found(package, log, columns=0).resolved == {"$device:7": "42"}


# Original ID merge


def test_new_and_returning_user_of_the_original_system(package: Package, ws: Workspace) -> None:
    log = [view(1, D1), identify(2, D1, "U1"), view(3, "U1"), view(4, D2), identify(5, D2, "U1")]
    result = found(package, log)
    assert result.resolved == {D1: "U1", D2: "U1"}
    assert (result.system, result.ids, result.users, result.largest) == ("original", 3, 1, 3)
    assert users_of_events(ws) == ["U1"]


def test_multiple_users_of_one_device_in_the_original_system(package: Package) -> None:
    log = [view(1, D1), identify(2, D1, "U1"), view(3, "U1"), view(4, D2), identify(5, D2, "U2")]
    assert found(package, log).resolved == {D1: "U1", D2: "U2"}


def test_charlie(package: Package) -> None:
    """https://docs.mixpanel.com/docs/tracking-methods/id-management#identity-management-in-action"""
    log = [view(1, D1), identify(2, D1, "charlie"), view(3, D2), identify(4, D2, "charlie")]
    assert found(package, log).users == 1


REFUSED = {
    "errSameIDs": [identify(1, D1, D1)],
    "errAnonDistinctIdNonGUIDForm": [identify(1, "anonymous", "U1")],
    "errAnonDistinctIdAssignedAlready": [identify(1, D1, "U1"), identify(2, D1, "U2")],
    "errAliasAlreadyExists": [alias(1, "mail", "U1"), alias(2, "mail", "U2")],
    "errManyIDs": [*(merge(1, "U1", f"id{number}") for number in range(499)), merge(2, "U1", "U2")],
}


@pytest.mark.parametrize("reason", REFUSED)
@pytest.mark.parametrize("columns", [100, 0])
def test_what_mixpanel_refuses_is_not_merged(package: Package, reason: str, columns: int) -> None:
    log = [view(0, name) for name in ("U1", "U2", "anonymous")] + REFUSED[reason]
    result = found(package, log, "original", columns=columns)
    (refusal,) = result.refusals
    assert (refusal.reason, refusal.pairs, refusal.by_mixpanel) == (reason, 1, False)
    assert "U2" not in {*result.resolved, *result.resolved.values()}
    assert result.largest <= 500
    assert reason in repr(result)


@pytest.mark.parametrize("link", [merge, alias, identify])
def test_what_mixpanel_says_it_refused_is_not_merged(package: Package, link: Any) -> None:
    result = found(package, [view(0, D1), link(1, D1, "U1", **{"$failure_reason": "errManyIDs"})])
    assert result.resolved == {}
    assert [(each.reason, each.by_mixpanel) for each in result.refusals] == [("errManyIDs", True)]


def test_a_refused_identify_can_be_merged_by_another_event(package: Package) -> None:
    log = [identify(1, D1, "U1"), identify(2, D1, "U2"), merge(3, "U1", "U2")]
    result = found(package, log)
    assert {*result.resolved, *result.resolved.values()} == {D1, "U1", "U2"}
    assert len(set(result.resolved.values())) == 1


def test_aliases_are_chained(package: Package) -> None:
    result = found(package, [alias(1, "mail", "U1"), alias(2, "phone", "mail"), view(3, "phone")])
    assert result.largest == 3


def test_a_merge_of_another_number_of_ids_is_none(package: Package) -> None:
    result = found(package, [merge(1, "a", "b", "c"), merge(2, "a"), event("a", "$merge", at(3))], "original")
    assert (result.resolved, result.links) == ({}, ())


# What Mixpanel merged


def test_an_event_tells_its_id_before_a_merge_and_which_id_mixpanel_chose(package: Package) -> None:
    moved = view(3, D1, **{"$distinct_id_before_identity": "U1", "$is_reshuffled": True})
    result = found(package, [view(1, "U1"), identify(2, D1, "U1"), moved])
    assert result.resolved == {"U1": D1}
    later = view(4, "U9", **{"$distinct_id_before_identity": D1})
    assert found(package, [view(1, "U1"), moved, later], "original").resolved == {"U1": "U9", D1: "U9"}


def test_what_mixpanel_merged_is_never_refused(package: Package) -> None:
    log = [view(1, "U1", **{"$distinct_id_before_identity": f"id{number}"}) for number in range(600)]
    assert found(package, log, "original").largest == 601


def test_a_device_that_became_a_user_is_of_the_simplified_system(package: Package) -> None:
    moved = view(2, "U1", **{"$distinct_id_before_identity": "$device:D1"})
    result = found(package, [anonymous(1, "D1"), moved])
    assert (result.system, result.resolved) == ("simplified", {"$device:D1": "U1"})


def test_the_id_with_a_profile_stands_for_the_user(package: Package) -> None:
    log = [view(1, D1), identify(2, D1, "U1")]
    assert found(package, log, profiles=[profile(D1, plan="pro")]).resolved == {"U1": D1}
    assert found(package, log, profiles=[profile("x", plan="pro")]).resolved == {D1: "U1"}


def test_a_user_of_the_original_system_has_one_profile(package: Package, ws: Workspace) -> None:
    log = [view(1, D1), identify(2, D1, "U1"), view(3, "U1"), view(4, D2), identify(5, D2, "U1")]
    kept = [profile(D1, plan="old"), profile("U1", plan="pro"), profile(D2, plan="older")]
    found(package, log, profiles=kept)
    assert ws.segmentation("View", where='user["plan"] == "pro"', **DAYS).totals == {"total": 3}
    found(package, log, profiles=[profile(D2, plan="pro")])
    assert ws.segmentation("View", where='user["plan"] == "pro"', **DAYS).totals == {"total": 3}


def test_a_profile_of_a_device_is_not_its_users(package: Package, ws: Workspace) -> None:
    """``user profile properties are not preserved when $device_ids are linked to $user_ids``."""
    log = [anonymous(1, "D1"), logged_in(2, "D1", "U1")]
    found(package, log, profiles=[profile("$device:D1", plan="pro")])
    assert ws.segmentation("View", where='user["plan"] == "pro"', **DAYS).totals == {"total": 0}


# The rest of it


def test_events_of_hot_shards_have_no_user_and_are_named(package: Package, ws: Workspace) -> None:
    hot = event("", "$hotshard_events", at(1), mp_original_distinct_id="U1", mp_original_event_name="View")
    result = found(package, [hot, view(2, "U2")])
    assert (result.ids, result.users, result.hot_shard) == (1, 1, 1)
    assert "hot shards" in repr(result)
    assert users_of_events(ws) == ["U2"]


def test_deleted_events_are_named_and_count(package: Package) -> None:
    result = found(package, [view(1, "U1", **{"$is_deleted": True}), view(2, "U2", **{"$is_deleted": False})])
    assert (result.deleted, result.users) == (1, 2)
    assert "1 event with $is_deleted" in repr(result)


def test_a_table_without_links_or_events(package: Package, ws: Workspace) -> None:
    result = found(package, [view(1, "U1"), view(2, None)])
    assert (result.ids, result.users, result.resolved, result.links) == (1, 1, {}, ())
    assert "No event of events links two ids." in repr(result)
    assert users_of_events(ws) == ["U1", "undefined"]
    assert found(package, []).users == 0


def test_hostile_ids(package: Package, ws: Workspace) -> None:
    odd = ["a'b", 'c"d', "$device:", "ü€😀", "x\ny", "$1", "'; DROP TABLE events; --", "<b>"]
    log = [view(0, each) for each in odd]
    log += [merge(number, one, other) for number, (one, other) in enumerate(itertools.pairwise(odd))]
    result = found(package, log)
    assert {*result.resolved, *result.resolved.values()} == set(odd)
    assert (result.ids, result.users) == (len(odd), 1)
    assert len(users_of_events(ws)) == 1


def test_what_changed_since_the_last_time_is_told(package: Package, ws: Workspace) -> None:
    log = [view(1, D1), view(2, D2), view(3, "U1"), identify(4, D1, "U1")]
    first = found(package, log)
    assert first.previous is None
    assert "nothing changed" in repr(ws.identities("events"))
    package(Project([*log, identify(5, D2, "U1"), view(6, "new")]))
    note = ws.segmentation("View", type="unique", **DAYS).notes[0]
    assert "events has 2 more events since then" in note
    second = ws.identities("events")
    previous = second.previous
    assert previous is not None
    assert (previous.ids, previous.users, previous.joined, previous.parted) == (3, 2, 1, 0)
    assert (second.ids, second.users) == (4, 2)
    assert "more events" not in ws.segmentation("View", type="unique", **DAYS).notes[0]
    package(Project(log[:3]))
    third = ws.identities("events").previous
    assert third is not None
    assert (third.joined, third.parted) == (0, 2)


def test_a_report_says_how_users_are_read(package: Package, ws: Workspace) -> None:
    found(package, [view(1, D1), identify(2, D1, "U1")])
    ask = {"type": "unique", **DAYS}
    assert "Users are resolved: identities of" in ws.segmentation("View", **ask).notes[0]
    assert ws.segmentation("View", identities="raw", **ask).notes[0].startswith("Users are raw")
    ws.drop("identities_events")
    for asked in (None, "raw"):
        assert ws.segmentation("View", identities=asked, **ask).notes == ()
    with pytest.raises(ParameterError, match="identities of events were not found yet"):
        ws.segmentation("View", identities="resolved", **ask)


def test_cohorts_are_of_resolved_users(package: Package, ws: Workspace) -> None:
    found(package, [view(1, D1), identify(2, D1, "U1"), event("U1", "Buy", at(3)), view(4, "U2")])
    assert ws.cohort("both", did("View") & did("Buy"), table="events", replace=True).ids == ["U1"]
    ws.cohort("listed", [D1], table="events", replace=True)
    assert ws.segmentation("Buy", in_cohort="listed", **DAYS).totals == {"total": 1}
    assert ws.segmentation("Buy", in_cohort="listed", identities="raw", **DAYS).totals == {"total": 0}
    assert ws.segmentation("View", on="cohort:listed", **DAYS).totals == {
        "in listed": 1,
        "not in listed": 1,
    }
    ws.drop_cohort("both", "listed")


def test_the_users_behind_a_number_are_resolved(package: Package, ws: Workspace) -> None:
    log = [view(1, D1), identify(2, D1, "U1"), event("U1", "Buy", at(3)), view(4, "U2")]
    found(package, log, profiles=[profile("U1", plan="pro"), profile("U2", plan="free")])
    funnel = ws.funnel(steps=["View", "Buy"], **DAYS)
    assert [step.count for step in funnel.steps] == [2, 1]
    (done,) = funnel.users(step=2).records()
    assert (done["distinct_id"], done["plan"]) == ("U1", "pro")
    both = funnel.users(step=1)
    assert (both - funnel.users(step=2)).ids == ("U2",)
    events = funnel.users(step=2).events()
    assert "rowid" not in events.column_names
    assert [row["event_name"] for row in events.records()] == ["View", "$identify", "Buy"]
    raw = ws.funnel(steps=["View", "Buy"], identities="raw", **DAYS)
    one, two = raw.users(step=1), raw.users(step=1)
    assert (one & two).ids == (D1, "U2")
    assert [row["distinct_id"] for row in (one & two).events().records()] == [D1, "U2"]
    assert "rowid" not in ws.sql(ws.expression("true", table="events").sql).columns


def test_an_activity_feed_takes_any_id_of_a_user(package: Package, ws: Workspace) -> None:
    found(package, [view(1, D1), identify(2, D1, "U1"), view(3, "U1"), view(4, "U2")])
    for who in (D1, "U1"):
        assert len(ws.activity_feed([who], **DAYS).events) == 3
    assert len(ws.activity_feed([D1], identities="raw", **DAYS).events) == 1


def test_dropping_a_table_drops_its_identities(package: Package, ws: Workspace) -> None:
    found(package, [view(1, D1), identify(2, D1, "U1")])
    assert {table.name: table.type for table in ws.tables()}["identities_events"] == "identities"
    ws.drop("events")
    assert "identities_events" not in {table.name for table in ws.tables()}


def test_a_table_of_ones_own_in_the_way(package: Package, ws: Workspace) -> None:
    found(package, [view(1, "U1")])
    ws.drop("identities_events")
    ws.sql("CREATE TABLE identities_events AS SELECT 1 AS x")
    with pytest.raises(TableExistsError, match="which is one of yours"):
        ws.identities("events")
    assert ws.sql_scalar("SELECT x FROM identities_events") == 1
    ws.drop("identities_events")
