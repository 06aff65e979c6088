"""Expressions mean what Mixpanel's page says, whatever types meet and however the properties are stored."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from .strategies import (
    CONDITION,
    EXPRESSION,
    NAME,
    asked,
    examples,
    properties,
    reads_something,
    scenes,
    times,
    with_profiles,
)
from .support import check

if TYPE_CHECKING:
    from datetime import date

    from .support import Package, Project

SCENES = with_profiles(scenes(properties()))


def around(day: date) -> dict[str, date]:
    return {"from_date": day - timedelta(days=3), "to_date": day + timedelta(days=3)}


@st.composite
def filters(draw: st.DrawFn, day: date) -> dict[str, Any]:
    """Which events remain is seen by their ids."""
    question = {"event": draw(NAME), **around(day), "unit": "month", "on": "$insert_id"}
    return {**question, "where": draw(CONDITION)}


@examples(200)
@given(asked(SCENES, filters, most=6))
def test_where(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "segmentation", case[1])


@st.composite
def time_filters(draw: st.DrawFn, day: date, project: Project) -> dict[str, Any]:
    question = {"event": draw(NAME), **around(day), "unit": "month", "on": "$insert_id"}
    return {**question, "where": draw(times(project, day))}


@examples(50)
@given(st.data(), scenes())
def test_where_of_times(package: Package, data: st.DataObject, scene: tuple[Project, date]) -> None:
    project, day = scene
    check(
        package,
        project,
        "segmentation",
        data.draw(st.lists(time_filters(day, project), min_size=1, max_size=4)),
    )


@st.composite
def breakdowns(draw: st.DrawFn, day: date) -> dict[str, Any]:
    return {
        "event": draw(NAME),
        **around(day),
        "unit": "month",
        "on": draw(EXPRESSION | CONDITION.filter(reads_something)),
    }


@examples(120)
@given(asked(SCENES, breakdowns, most=6))
def test_on(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "segmentation", case[1])
