"""Cohorts agree with loops over users, and reports of a cohort with reports of its users' events alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.queries import cohorts
from mixpanel_nb.queries.cohorts import definition_of

from .cohorts import LENGTHS, Meant, users_of
from .expressions import node, prop, user
from .strategies import NAME, USERS, USUAL, examples, profiles, properties, scenes
from .support import assert_same, of_reference

if TYPE_CHECKING:
    from mixpanel_nb import Workspace

    from .support import Package, Project

KEPT = {"kept": ["u1", "ü", "nobody"], "Other one": ["u2", "u1"]}
NUMBERS = st.sampled_from([prop("amount"), prop("count"), prop("never sent")])
OWN = st.sampled_from(
    [
        node("==", user("plan"), "pro"),
        node("!=", user("plan"), "free"),
        node("defined", user("amount")),
        node(">", user("amount"), 1),
    ]
)


@st.composite
def dids(draw: st.DrawFn, day: date, *, counted: bool = True) -> dict[str, Any]:
    did: dict[str, Any] = {"event": draw(NAME | st.none()), "where": draw(USUAL)}
    match draw(st.sampled_from(["ever", "ever", "within", "days", "since", "until"])):
        case "within":
            did["within"] = draw(st.sampled_from(["1d", "2d", "1w"]))
        case "days":
            did |= {"from_date": day, "to_date": day + timedelta(days=draw(st.sampled_from([0, 1, 7])))}
        case "since":
            did["from_date"] = day
        case "until":
            did["to_date"] = day
    if not counted:
        return did
    match draw(st.sampled_from(["once", "least", "most", "both", "exactly", "sum"])):
        case "least":
            did["at_least"] = draw(st.integers(1, 3))
        case "most":
            did["at_most"] = draw(st.integers(1, 3))
        case "both":
            did |= {"at_least": draw(st.integers(1, 2)), "at_most": draw(st.integers(2, 3))}
        case "exactly":
            did["exactly"] = draw(st.integers(1, 3))
        case "sum":
            limit = draw(st.sampled_from(["at_least", "at_most"]))
            did |= {"sum_of": draw(NUMBERS), limit: draw(st.integers(-1, 6))}
    return did


@st.composite
def steps(draw: st.DrawFn) -> dict[str, Any]:
    step = {"event": draw(NAME), "where": draw(USUAL)}
    return step | draw(st.sampled_from([{}, *({"within": length} for length in LENGTHS)]))


def definitions(day: date) -> st.SearchStrategy[Meant]:
    sequences = st.tuples(dids(day, counted=False), steps()) | st.tuples(
        dids(day, counted=False), steps(), steps()
    )
    leaf = st.one_of(
        dids(day).map(lambda did: Meant("did", (did,))),
        sequences.map(lambda parts: Meant("then", parts)),
        OWN.map(lambda where: Meant("profile", (where,))),
        st.sampled_from([*KEPT]).map(lambda name: Meant("in", (name,))),
    )
    return st.recursive(
        leaf,
        lambda of: st.one_of(
            of.map(lambda part: Meant("not", (part,))),
            st.builds(lambda kind, a, b: Meant(kind, (a, b)), st.sampled_from(["and", "or"]), of, of),
        ),
        max_leaves=4,
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Project, list[Meant], date]:
    project, day = draw(scenes(properties()))
    project = replace(project, profiles=draw(profiles()))
    return project, draw(st.lists(definitions(day), min_size=1, max_size=3)), day


def workspace(package: Package, project: Project) -> Workspace:
    package(project)  # load its tables
    ws = package.workspace(project.zone, project.week_start)
    kept = {cohort.name for cohort in ws.local_cohorts()}
    for name, ids in KEPT.items():
        if name not in kept:
            ws.cohort(name, ids, table="events")
    return ws


@examples(60)
@given(cases())
def test_a_definition_means_the_users_that_loops_find(
    package: Package, case: tuple[Project, list[Meant], date]
) -> None:
    project, meant, _ = case
    ws = workspace(package, project)
    for each in meant:
        definition = each.package()
        found = ws.cohort("found", definition, table="events", replace=True)
        expected = sorted(users_of(project, each, KEPT))
        assert found.ids == expected, definition.python()
        assert (found.size, found.cohort.found) == (len(expected), len(expected))
        assert definition_of(json.loads(json.dumps(definition.to_dict()))) == definition
        assert eval(definition.python(), vars(cohorts)) == definition
    assert ws.refresh_cohort("found").ids == expected


@examples(20)
@given(cases())
def test_sizes_are_those_of_the_events_up_to_each_day(
    package: Package, case: tuple[Project, list[Meant], date]
) -> None:
    project, meant, day = case
    ws = workspace(package, project)
    last = day + timedelta(days=9)
    days = [day + timedelta(days=number) for number in range(10)]
    ws.cohort("found", meant[0].package(), table="events", replace=True)
    for end in days:
        expected = len(users_of(project, meant[0], KEPT, end))
        ((_, found),) = ws.cohort_sizes("found", unit="day", from_date=end, to_date=end).tuples()
        assert found == expected, (end, meant[0].package().python())
    weeks = ws.cohort_sizes("found", unit="week", from_date=day, to_date=last).tuples()
    ends = WEEK_ENDS[project.week_start]
    assert [end for end, _ in weeks] == [end for end in days if end == last or end.weekday() == ends]
    assert dict(weeks)[last] == expected


WEEK_ENDS = {"monday": 6, "sunday": 5, "saturday": 4}
QUESTIONS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("segmentation", ("A",), {"type": "unique"}),
    ("segmentation", (None,), {"on": "plan"}),
    ("frequency", (), {"unit": "week", "addiction_unit": "day"}),
    ("funnel", (), {"steps": ["A", "B"], "on": "plan"}),
    ("retention", (), {"return_event": "A", "unit": "day"}),
    ("flow", (), {"start": "A"}),
]


@st.composite
def members(draw: st.DrawFn) -> tuple[Project, date, list[str], list[str]]:
    project, day = draw(scenes(properties()))
    of = st.lists(st.sampled_from(USERS), unique=True, max_size=4)
    return project, day, draw(of), draw(of)


@examples(20)
@given(members())
def test_a_report_of_a_cohort_is_that_of_its_users_events(
    package: Package, case: tuple[Project, date, list[str], list[str]]
) -> None:
    project, day, inside, outside = case
    days = {"from_date": day - timedelta(days=1), "to_date": day + timedelta(days=7)}
    ask = package(project)
    ws = package.workspace(project.zone, project.week_start)
    ws.cohort("inside", inside, table="events", replace=True)
    ws.cohort("out side", outside, table="events", replace=True)

    def only(keep: Any) -> Any:
        kept = [event for event in project.events if keep(event["properties"].get("distinct_id"))]
        return of_reference(replace(project, events=kept))

    within = only(lambda who: who in inside and who not in outside)
    without = only(lambda who: who not in outside)
    for report, args, asked in QUESTIONS:
        filtered = ask(report, *args, **asked, **days, in_cohort="inside", not_in_cohort="out side")
        assert_same(filtered, within(report, *args, **asked, **days), (report, asked))
        filtered = ask(report, *args, **asked, **days, not_in_cohort=["out side"])
        assert_same(filtered, without(report, *args, **asked, **days), (report, asked))


@examples(15)
@given(members())
def test_a_breakdown_by_a_cohort_splits_its_users(
    package: Package, case: tuple[Project, date, list[str], list[str]]
) -> None:
    project, day, inside, other = case
    days: dict[str, Any] = {"from_date": day - timedelta(days=1), "to_date": day + timedelta(days=7)}
    package(project)
    ws = package.workspace(project.zone, project.week_start)
    ws.cohort("in side", inside, table="events", replace=True)
    ws.cohort("other", other, table="events", replace=True)
    users = [e.user for e in of_events(project, days)]
    one = ws.segmentation("A", on="cohort:in side", table="events", **days).totals
    assert one == counted(["in in side" if who in inside else "not in in side" for who in users])
    several = ws.segmentation("A", on="cohort:in side,other", table="events", **days).totals
    names = [
        [name for name, ids in (("in in side", inside), ("in other", other)) if who in ids] or ["in none"]
        for who in users
    ]
    assert several == counted([name for each in names for name in each])
    where = ws.segmentation("A", where='not in_cohort("other")', table="events", **days).totals
    assert where == {"total": sum(who not in other for who in users)}


def of_events(project: Project, days: dict[str, date]) -> list[Any]:
    from .reference import Reference

    reference = Reference(project.events, (), project.zone)
    return reference.found("A", None, days["from_date"], days["to_date"])


def counted(names: list[str]) -> dict[str, int]:
    return {name: names.count(name) for name in names}
