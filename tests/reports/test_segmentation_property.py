"""Segmentations, plain, numeric, summed and averaged, agree with loops over the events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from .expressions import prop
from .strategies import (
    BREAKDOWN,
    EXPRESSION,
    NAME,
    NAMES,
    PROPERTY,
    TEXT,
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

LONG_UNIT = st.sampled_from(["day", "day", "week", "month"])
COUNTING = st.sampled_from(["general", "unique", "average"])
NUMERIC: st.SearchStrategy[Any] = (
    st.sampled_from(["amount", "amount", "amount", "count", "it's", "mixed", "mixed", "any"])
    | st.builds(prop, st.sampled_from(["amount", "mixed"]))
    | EXPRESSION.filter(lambda node: node.op not in {"string", "boolean"})
)
SCENES = with_profiles(scenes(properties()))


@st.composite
def spans(draw: st.DrawFn, day: date) -> dict[str, Any]:
    """Days and a unit; for short units the one day, since every bucket is a row."""
    unit = draw(
        st.sampled_from(["day", "day", "hour", "hour", "hour", "week", "week", "month", "month", "minute"])
    )
    span = draw(ranges(day, longest=45))
    if unit in {"minute", "hour"}:
        return {"from_date": day, "to_date": day, "unit": unit}
    return {**span, "unit": unit}


@st.composite
def segmentations(draw: st.DrawFn, day: date) -> dict[str, Any]:
    event = draw(NAME | st.none())
    question = {"event": event, **draw(spans(day)), "where": draw(USUAL), "type": draw(COUNTING)}
    if draw(st.sampled_from([True, True, False])):
        several = st.lists(BREAKDOWN, min_size=2, max_size=3, unique_by=str)
        question |= {"on": draw(BREAKDOWN | several), "limit": draw(st.sampled_from([60, 60, 1, 2]))}
    return question


@examples(175)
@given(asked(SCENES, segmentations))
def test_segmentation(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "segmentation", case[1])


@st.composite
def property_countings(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {"event": draw(NAME), "prop": draw(PROPERTY), **draw(spans(day)), "where": draw(USUAL)}
    question |= {"type": draw(COUNTING), "limit": draw(st.sampled_from([255, 2]))}
    if draw(st.booleans()):
        question["values"] = draw(st.lists(TEXT | st.just("undefined"), min_size=1, max_size=3, unique=True))
    return question


@examples(75)
@given(asked(scenes(properties()), property_countings))
def test_property_counts(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "property_counts", case[1])


@st.composite
def event_countings(draw: st.DrawFn, day: date) -> dict[str, Any]:
    named = st.lists(st.sampled_from([*NAMES, "never sent"]), min_size=1, max_size=4, unique=True)
    events = draw(named | st.none())
    return {"events": events, **draw(spans(day)), "where": draw(USUAL), "type": draw(COUNTING)}


@examples(50)
@given(asked(scenes(properties(), ids=2), event_countings))
def test_event_counts(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "event_counts", case[1])


@st.composite
def numeric_buckets(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {
        "event": draw(NAME),
        "on": draw(NUMERIC),
        **draw(ranges(day, longest=45)),
        "where": draw(USUAL),
    }
    question |= {"unit": draw(LONG_UNIT), "type": draw(COUNTING)}
    return {**question, "buckets": draw(st.sampled_from([10, 10, 1, 3, 7]))}


@examples(100)
@given(asked(SCENES, numeric_buckets))
def test_segmentation_numeric(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "segmentation_numeric", case[1])


@st.composite
def calculations(draw: st.DrawFn, day: date) -> dict[str, Any]:
    return {"event": draw(NAME), "on": draw(NUMERIC), **draw(spans(day)), "where": draw(USUAL)}


@examples(75)
@given(asked(SCENES, calculations))
def test_segmentation_sum(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "segmentation_sum", case[1])


@examples(75)
@given(asked(SCENES, calculations))
def test_segmentation_average(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "segmentation_average", case[1])
