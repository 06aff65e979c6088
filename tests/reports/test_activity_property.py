"""Frequency, top events and activity feeds agree with loops over the events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from .strategies import NAME, USERS, USUAL, asked, examples, properties, ranges, scenes
from .support import check

if TYPE_CHECKING:
    from datetime import date

    from .support import Package, Project


@st.composite
def frequencies(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {**draw(ranges(day)), "event": draw(NAME | st.none()), "where": draw(USUAL)}
    question |= {"unit": draw(st.sampled_from(["day", "week", "month"]))}
    return {**question, "addiction_unit": draw(st.sampled_from(["hour", "hour", "day"]))}


@examples(125)
@given(asked(scenes(properties(), most_users=3), frequencies))
def test_frequency(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "frequency", case[1])


@st.composite
def tops(draw: st.DrawFn, day: date) -> dict[str, Any]:
    days = [None, None, day, day + timedelta(days=1), day + timedelta(days=2)]
    question = {
        "type": draw(st.sampled_from(["general", "unique", "average"])),
        "date": draw(st.sampled_from(days)),
    }
    return {**question, "limit": draw(st.sampled_from([100, 100, 1, 2]))}


@examples(100)
@given(asked(scenes(), tops))
def test_top_events(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "top_events", case[1])


@st.composite
def feeds(draw: st.DrawFn, day: date) -> dict[str, Any]:
    who = st.sampled_from([*USERS, "nobody"])
    return {"distinct_ids": draw(st.lists(who, min_size=1, max_size=3, unique=True)), **draw(ranges(day))}


@examples(75)
@given(asked(scenes(properties()), feeds))
def test_activity_feed(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "activity_feed", case[1])
