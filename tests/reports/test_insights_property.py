"""Insights of random projects, compared with loops in plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
from hypothesis import given

from mixpanel_nb import Buckets, Formula, Metric

from .insights_reference import Calculated, InsightsReference, Measured, Ranged
from .reference import Reference
from .strategies import (
    BREAKDOWN,
    NAME,
    PROPERTY,
    USUAL,
    asked,
    examples,
    properties,
    ranges,
    scenes,
    with_profiles,
)
from .support import assert_same, plain

if TYPE_CHECKING:
    from datetime import date

    from .support import Package, Project

UNITS = st.sampled_from(["day"] * 4 + ["week", "month", "quarter", "year", "hour"])
DAY_UNITS = st.sampled_from(["day", "day", "week", "month"])
SUMMARIES = st.sampled_from(["sum", "average", "median", "min", "max", "p1", "p25", "p90", "p99"])
EVENT = NAME | NAME | st.none()
NUMBERS = st.sampled_from(["amount", "count", "mixed", "any", "it's", "amount"])

OF_EVENTS = st.builds(Measured, EVENT, st.sampled_from(["total", "unique", "sessions"]), where=USUAL)
OF_VALUES = st.builds(Measured, EVENT, SUMMARIES | st.just("distinct"), NUMBERS | PROPERTY, where=USUAL)
PER_USER = st.builds(
    Measured, EVENT, SUMMARIES, NUMBERS, USUAL, st.sampled_from(["sum", "average", "min", "max", "distinct"])
) | st.builds(Measured, EVENT, SUMMARIES, where=USUAL, per_user=st.sampled_from(["total", "sessions"]))
ONCE = st.builds(Measured, EVENT, st.sampled_from(["unique_first", "unique_last"]), where=USUAL)
ACTIVE = st.builds(Measured, EVENT, st.sampled_from(["dau", "wau", "mau"]), where=USUAL)
ANY = OF_EVENTS | OF_VALUES | PER_USER | ONCE
FORMULAS = [
    Calculated("A / B * 100", lambda a, b, *_: a / b * 100),
    Calculated("(A + B) * 2 - B", lambda a, b, *_: (a + b) * 2 - b),
    Calculated("-A + 7", lambda a, *_: -a + 7),
    Calculated("1_000 / 8", lambda *_: 125),
]
EDGES = st.sampled_from([(0,), (1, 5), (-1, 2, 3, 100)])
ON = BREAKDOWN | st.builds(Ranged, NUMBERS, EDGES)


@st.composite
def questions(
    draw: st.DrawFn, day: date, metrics: st.SearchStrategy[Measured], units: st.SearchStrategy[str]
) -> dict[str, Any]:
    listed = draw(st.lists(metrics, min_size=1, max_size=3))
    formulas = draw(st.sampled_from([[], [], FORMULAS])) if len(listed) > 1 else []
    question: dict[str, Any] = {
        "metrics": listed,
        "formulas": formulas,
        "unit": draw(units),
        **draw(ranges(day)),
    }
    question["on"] = draw(st.sampled_from([[], [], [draw(ON)], [draw(ON), draw(BREAKDOWN)]]))
    question["where"] = draw(USUAL)
    question["limit"] = draw(st.sampled_from([60, 60, 1, 2]))
    analysis: dict[str, Any] = draw(
        st.sampled_from([{}, {}, {}, {"rolling": 2}, {"rolling": 7}, {"cumulative": True}, {"totals": True}])
    )
    return question | analysis


def of_package(package: Package, project: Project, question: dict[str, Any]) -> Any:
    """The records, with neutral names for metrics and breakdowns."""
    package(project)
    workspace = package.workspace(project.zone, project.week_start)
    metrics = [
        Metric(m.event, m.measure, plain(m.of), plain(m.where), m.per_user, f"m{n}")
        for n, m in enumerate(question["metrics"])
    ]
    formulas = [Formula(f.text, f"f{n}") for n, f in enumerate(question["formulas"])]
    on = [
        Buckets(plain(each.of), each.edges) if isinstance(each, Ranged) else plain(each)
        for each in question["on"]
    ]
    rest = {
        name: plain(value) for name, value in question.items() if name not in {"metrics", "formulas", "on"}
    }
    result = workspace.insights(metrics, formulas=formulas, on=on, **rest, table="events")
    names = ["date", "metric", *(f"on{n}" for n in range(len(on))), "value", "complete"]
    return [dict(zip(names, record.values(), strict=True)) for record in result.records()], len(
        set(on)
    ) == len(on)


def check_insights(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    project, asked_of = case
    reference = InsightsReference(
        Reference(project.events, project.profiles or (), project.zone, project.week_start)
    )
    for question in asked_of:
        if len({str(each) for each in question["on"]}) < len(question["on"]):
            question["on"] = question["on"][:1]
        actual, _ = of_package(package, project, question)
        expected = reference.insights(**question)
        if len(question["on"]) == 1 and isinstance(question["on"][0], Ranged):
            actual, expected = (sorted(records, key=repr_of) for records in (actual, expected))
        assert_same(actual, expected, plain(question))


def repr_of(record: dict[str, Any]) -> str:
    return repr([record[name] for name in record if name not in {"value", "complete"}])


WITH_VALUES = with_profiles(scenes(properties()))


@examples(30)
@given(asked(WITH_VALUES, lambda day: questions(day, ANY, UNITS)))
def test_insights(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check_insights(package, case)


@examples(20)
@given(asked(WITH_VALUES, lambda day: questions(day, ACTIVE | ACTIVE | ANY, DAY_UNITS)))
def test_users_of_the_last_days(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check_insights(package, case)


@examples(20)
@given(asked(with_profiles(scenes(properties(), ids=3)), lambda day: questions(day, OF_VALUES | ONCE, UNITS)))
def test_insights_with_profiles_and_duplicates(
    package: Package, case: tuple[Project, list[dict[str, Any]]]
) -> None:
    check_insights(package, case)
