"""Flows and sessions agree with following each user from event to event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from .strategies import (
    BREAKDOWN,
    NAME,
    NAMES,
    USUAL,
    asked,
    examples,
    properties,
    ranges,
    scenes,
    with_profiles,
)
from .support import check

if TYPE_CHECKING:
    from datetime import date

    from .support import Package, Project

ANCHOR = NAME | NAME | NAME | st.tuples(NAME, USUAL).map(lambda pair: pair if pair[1] else pair[0])
OF_SESSION = st.sampled_from(["$session_start", "$session_end"])
BOUND = OF_SESSION | OF_SESSION | st.tuples(OF_SESSION, USUAL).map(lambda pair: pair if pair[1] else pair[0])
WINDOW = st.sampled_from(
    [(30, "day")] * 3 + [(1, "day"), (1, "hour"), (5, "second"), (1, "second"), (2, "week")]
)
EXCLUDED: st.SearchStrategy[Any] = st.sampled_from([[], [], ["A"], ["B"]])
SHOWN = st.sampled_from([None, None, 0, 1, 2, 3])


@st.composite
def flows(draw: st.DrawFn, day: date) -> dict[str, Any]:
    kind = draw(st.sampled_from(["start", "end", "through", "between", "between", "passing", "all", "open"]))
    question: dict[str, Any] = {**draw(ranges(day))}
    question["count"] = draw(st.sampled_from(["uniques", "totals", "sessions"]))
    anchor = ANCHOR | BOUND if question["count"] == "sessions" else ANCHOR
    if kind in {"start", "between", "passing", "all"}:
        question["start"] = draw(anchor)
    if kind in {"end", "between", "all"}:
        question["end"] = draw(anchor)
    if kind in {"through", "passing", "all", "open"}:
        question["through"] = draw(st.lists(anchor, min_size=1, max_size=2))
    if kind != "end":
        question["forward"] = draw(SHOWN)
    if kind != "start":
        question["back"] = draw(SHOWN)
    question["window"], question["window_unit"] = draw(WINDOW)
    question["limit"] = draw(st.sampled_from([3, 1, 2, 50]))
    question["collapse_repeats"] = draw(st.sampled_from([False, False, True]))
    given_ = [question.get("start"), *question.get("through", ()), question.get("end")]
    named = {one if isinstance(one, str) else one[0] for one in given_ if one}
    others = [name for name in NAMES if name not in named]
    aside = draw(st.sampled_from(["hide", "exclude", "exclude", None, None, None]))
    if others and aside is not None:
        question[aside] = [draw(st.sampled_from(others))]
    return question


@st.composite
def detailed_flows(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {**draw(flows(day)), "where": draw(USUAL)}
    scalars = st.sampled_from(["plan", "amount", "mixed", "flag", "never sent"])
    if draw(st.booleans()):
        question["hold"] = draw(st.lists(scalars, min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        question["expand"] = draw(st.lists(st.tuples(NAME, scalars), min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        question |= {"on": draw(BREAKDOWN), "segments": draw(st.sampled_from([10, 1, 2]))}
    return question


@st.composite
def sessions(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {**draw(ranges(day)), "unit": draw(st.sampled_from(["day", "hour", "week", "month"]))}
    question["timeout"] = draw(st.sampled_from([30, 30, 1, 60, 1440]))
    question["event"] = draw(st.none() | st.none() | NAME)
    question["exclude"] = draw(EXCLUDED)
    return question


@st.composite
def split_sessions(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {**draw(sessions(day)), "where": draw(USUAL)}
    if draw(st.booleans()):
        question |= {"on": draw(BREAKDOWN), "limit": draw(st.sampled_from([60, 1, 2]))}
    return question


@examples(120)
@given(asked(scenes(most_users=2, ids=2), flows, most=4))
def test_flow(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "flow", case[1])


@examples(80)
@given(asked(with_profiles(scenes(properties(), most_users=2)), detailed_flows))
def test_flow_in_detail(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "flow", case[1])


@examples(60)
@given(asked(scenes(most_users=3, ids=2), sessions, most=4))
def test_sessions(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "sessions", case[1])


@examples(60)
@given(asked(with_profiles(scenes(properties(), most_users=3)), split_sessions))
def test_sessions_by_segment(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "sessions", case[1])
