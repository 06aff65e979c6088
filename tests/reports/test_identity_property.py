"""Identities agree with loops over sets, and reports on resolved users with the ids replaced beforehand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.analytics import identity
from mixpanel_nb.analytics.identity import Link

from .identities import original, replaced, simplified
from .strategies import examples, properties, scenes
from .support import assert_same, did, of_reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from mixpanel_nb import IdentitiesResult

    from .support import Package, Project

UUIDS = [f"0b6e4a55-8a29-4a55-8a29-{number:012}" for number in range(4)]
IDS = st.sampled_from([*UUIDS, "u1", "u2", "ü", "U'1", "not anonymous"])
DEVICES, KNOWN = st.sampled_from(["D1", "D2", "D3"]), st.sampled_from(["u1", "u2", "ü"])
FAILED = st.sampled_from([None, None, None, "errManyIDs"])


@pytest.fixture(scope="module", autouse=True)
def forgotten(package: Package) -> Iterator[None]:
    """Other tests of the same workspaces read raw ids."""
    yield
    package.forget_identities()


def pair(one: str, other: str) -> dict[str, Any]:
    return {"$distinct_ids": [one, other]}


@st.composite
def verb(draw: st.DrawFn, minute: int) -> dict[str, Any]:
    when = f"2025-06-01 {minute // 60:02}:{minute % 60:02}"
    one, other, failure = draw(IDS), draw(IDS), draw(FAILED)
    said = {} if failure is None else {"$failure_reason": failure}
    match draw(st.sampled_from(["$identify", "$identify", "$create_alias", "$merge", "before", "View"])):
        case "$identify":
            return did(other, "$identify", when, **{"$anon_id": one, "$identified_id": other}, **said)
        case "$create_alias":
            return did(other, "$create_alias", when, alias=one, **said)
        case "$merge":
            return did(one, "$merge", when, **pair(one, other), **said)
        case "before":
            return did(other, "View", when, **{"$distinct_id_before_identity": one})
    return did(one, "View", when)


@st.composite
def dual(draw: st.DrawFn, minute: int) -> dict[str, Any]:
    when = f"2025-06-01 {minute // 60:02}:{minute % 60:02}"
    device, user = draw(DEVICES), draw(KNOWN)
    match draw(st.sampled_from(["both", "both", "device", "user", "failed", "before"])):
        case "both":
            return did(user, "View", when, **{"$device_id": device, "$user_id": user})
        case "device":
            return did(f"$device:{device}", "View", when, **{"$device_id": device})
        case "failed":
            said = {"$identity_failure_reason": "errAnonDistinctIdAssignedAlready"}
            return did(user, "View", when, **{"$device_id": device, "$user_id": user}, **said)
        case "before":
            return did(user, "View", when, **{"$distinct_id_before_identity": f"$device:{device}"})
    return did(user, "View", when)


def logs(kind: Any) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.integers(0, 14).flatmap(lambda n: st.tuples(*(kind(minute) for minute in range(n))).map(list))


def found(package: Package, project: Project, system: Any) -> IdentitiesResult:
    package(project)
    return package.workspace(project.zone, project.week_start).identities("events", system=system)


def clusters(result: IdentitiesResult) -> set[frozenset[str]]:
    together: dict[str, set[str]] = {}
    for one, user in result.resolved.items():
        together.setdefault(user, {user}).add(one)
    return {frozenset(members) for members in together.values()}


@examples(60)
@given(logs(verb), st.sampled_from([100, 0]))
def test_the_original_system_merges_as_loops_do(
    package: Package, log: list[dict[str, Any]], columns: int
) -> None:
    from .support import Project

    result = found(package, Project(log, columns=columns), "original")
    expected = original(log)
    assert clusters(result) == expected.merged
    refused: dict[str, int] = {}
    for each in result.refusals:
        refused[each.reason] = refused.get(each.reason, 0) + each.pairs
    assert refused == expected.refused
    ids = {event["properties"]["distinct_id"] for event in log}
    assert result.ids == len(ids)
    assert result.users == len({frozenset(expected.of(who)) for who in ids})


@examples(60)
@given(logs(dual), st.sampled_from([100, 0]))
def test_the_simplified_system_merges_as_loops_do(
    package: Package, log: list[dict[str, Any]], columns: int
) -> None:
    from .support import Project

    result = found(package, Project(log, columns=columns), "simplified")
    expected = simplified(log)
    assert result.resolved == expected
    ids = {event["properties"]["distinct_id"] for event in log}
    assert (result.ids, result.users) == (len(ids), len({expected.get(who, who) for who in ids}))


PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=80)


@examples(100)
@given(PAIRS, st.integers(2, 12))
def test_users_of_many_ids_are_as_loops_find_them(pairs: list[tuple[int, int]], most: int) -> None:
    """Chains, cycles and merges of clusters, with a smaller limit than Mixpanel's."""
    log = [
        did(
            str(a),
            "$merge",
            f"2025-06-01 {number // 60:02}:{number % 60:02}",
            **pair(str(a), str(b)),
        )
        for number, (a, b) in enumerate(pairs)
    ]
    before = identity.MOST_IDS
    links = list(dict.fromkeys(Link("$merge", str(a), str(b)) for a, b in pairs))
    try:
        identity.MOST_IDS = most
        result = identity.resolve(links, "original")
    finally:
        identity.MOST_IDS = before
    expected = original(log, most)
    together: dict[str, set[str]] = {}
    for one, user in result.users.items():
        together.setdefault(user, {user}).add(one)
    assert {frozenset(members) for members in together.values()} == expected.merged
    assert sum(result.refused.values()) == expected.refused.get("errManyIDs", 0)


LABELS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("UVW"))


@examples(100)
@given(LABELS, LABELS)
def test_differences_count_merges_and_divisions(before: dict[str, str], after: dict[str, str]) -> None:
    joined, parted = identity.differences(before, after)
    back = identity.differences(after, before)
    assert back == (parted, joined)
    assert identity.differences(before, before) == (0, 0)
    assert identity.differences({}, after) == (len(after), 0)


QUESTIONS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("segmentation", ("A",), {"type": "unique"}),
    ("segmentation", (None,), {"on": "plan", "type": "average"}),
    ("event_counts", (["A", "B"],), {"type": "unique", "unit": "week"}),
    ("frequency", (), {"unit": "week", "addiction_unit": "day"}),
    ("funnel", (), {"steps": ["A", "B"], "on": "plan"}),
    ("retention", (), {"return_event": "A", "unit": "day"}),
    ("flow", (), {"start": "A"}),
]


@st.composite
def linked(draw: st.DrawFn) -> tuple[Project, date]:
    """A project of both kinds of events, some of whose users are one."""
    from dataclasses import replace

    project, day = draw(scenes(properties()))
    links = []
    for number in range(draw(st.integers(0, 3))):
        one, other = draw(st.tuples(USER, USER))
        when = f"{day} 12:{number:02}"
        links.append(did(one, "$merge", when, **pair(one, other)))
    return replace(project, events=[*project.events, *links]), day


USER = st.sampled_from(["u1", "u2", "ü"])


@examples(20)
@given(linked())
def test_a_report_on_resolved_users_is_that_of_ids_replaced_beforehand(
    package: Package, case: tuple[Project, date]
) -> None:
    project, day = case
    days = {"from_date": day - timedelta(days=1), "to_date": day + timedelta(days=7)}
    ask = package(project)
    users = (
        package.workspace(project.zone, project.week_start).identities("events", system="original").resolved
    )
    resolved, raw = of_reference(replaced(project, users)), of_reference(project)
    for report, args, options in QUESTIONS:
        asked = (report, options, users)
        expected = resolved(report, *args, **options, **days)
        assert_same(ask(report, *args, **options, **days), expected, asked)
        assert_same(ask(report, *args, **options, **days, identities="resolved"), expected, asked)
        expected = raw(report, *args, **options, **days)
        assert_same(ask(report, *args, **options, **days, identities="raw"), expected, asked)
