"""Retention agrees with looking for each user's returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

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
from .support import check

if TYPE_CHECKING:
    from datetime import date

    from .support import Package, Project


BRACKETS = [[0, 1], [0, 1, 3], [0, 2, 3, 14], [0, 1, 3, 7, 14, 30]]
MODE = st.sampled_from(["on", "on", "on_or_after", "on_or_before", "streak"])
ALIGNMENT = st.sampled_from(["rolling", "rolling", "calendar"])
# Sums of numbers beyond 2^53 differ with the order in which they are added.
NUMBERS = PROPERTY.filter(lambda name: name != "big")


@st.composite
def retentions(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question: dict[str, Any] = {
        "born_event": draw(NAME | NAME | st.none()),
        "return_event": draw(NAME | st.none()),
        **draw(ranges(day)),
    }
    question |= {
        "unit": draw(st.sampled_from(["day", "day", "week", "month"])),
        "mode": draw(MODE),
        "alignment": draw(ALIGNMENT),
    }
    if draw(st.sampled_from([True, False, False])):
        question["brackets"] = draw(st.sampled_from(BRACKETS))
    else:
        question |= {
            "interval": draw(st.sampled_from([1, 1, 2, 7])),
            "interval_count": draw(st.sampled_from([1, 1, 3, 10])),
        }
    if draw(st.sampled_from([True, False, False])):
        question |= {"type": "compounded", "born_event": None}
    return question


@st.composite
def filtered_retentions(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {**draw(retentions(day)), "return_where": draw(USUAL)}
    if question.get("type") != "compounded":
        question["born_where"] = draw(USUAL)
    if draw(st.booleans()):
        question |= {"on": draw(BREAKDOWN), "limit": draw(st.sampled_from([255, 1, 2]))}
    return question


@st.composite
def summed_retentions(draw: st.DrawFn, day: date) -> dict[str, Any]:
    measure = draw(st.sampled_from(["sum", "average"]))
    question = {**draw(retentions(day)), "prop": draw(NUMBERS), "measure": measure}
    if draw(st.booleans()):
        several = st.lists(PROPERTY, min_size=2, max_size=3, unique_by=str.casefold)
        question |= {"on": draw(several), "limit": draw(st.sampled_from([255, 2]))}
    return question


@examples(150)
@given(asked(scenes(most_users=3), retentions, most=4))
def test_retention(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "retention", case[1])


@examples(150)
@given(asked(with_profiles(scenes(properties(), most_users=4)), filtered_retentions))
def test_retention_by_segment(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "retention", case[1])


@examples(150)
@given(asked(with_profiles(scenes(properties(), most_users=4)), summed_retentions))
def test_sums_and_several_breakdowns(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "retention", case[1])
