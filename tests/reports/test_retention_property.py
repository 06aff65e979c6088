"""Retention agrees with looking for each user's returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from .strategies import BREAKDOWN, NAME, USUAL, asked, examples, properties, ranges, scenes, with_profiles
from .support import check

if TYPE_CHECKING:
    from datetime import date

    from .support import Package, Project


@st.composite
def retentions(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question: dict[str, Any] = {
        "born_event": draw(NAME | NAME | st.none()),
        "return_event": draw(NAME | st.none()),
        **draw(ranges(day)),
    }
    question |= {
        "unit": draw(st.sampled_from(["day", "day", "week", "month"])),
        "unbounded": draw(st.booleans()),
    }
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


@examples(150)
@given(asked(scenes(most_users=3), retentions, most=4))
def test_retention(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "retention", case[1])


@examples(150)
@given(asked(with_profiles(scenes(properties(), most_users=4)), filtered_retentions))
def test_retention_by_segment(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "retention", case[1])
