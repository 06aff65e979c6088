"""Funnels agree with following each user from event to event."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from .expressions import node, prop
from .strategies import BREAKDOWN, NAME, USUAL, asked, examples, properties, ranges, scenes, with_profiles
from .support import Project, assert_same, check, did, plain

if TYPE_CHECKING:
    from .support import Package

WINDOW = st.sampled_from(
    [(1, "day")] * 2
    + [
        (7, "day"),
        (1, "week"),
        (1, "hour"),
        (1, "hour"),
        (1, "minute"),
        (2, "second"),
        (1, "second"),
        (5, "second"),
    ]
)
STEP = NAME | NAME | NAME | st.tuples(NAME, USUAL).map(lambda pair: pair if pair[1] else pair[0])


@st.composite
def funnels(draw: st.DrawFn, day: date) -> dict[str, Any]:
    window, window_unit = draw(WINDOW)
    steps = draw(st.lists(STEP, min_size=draw(st.sampled_from([2, 3, 3])), max_size=5))
    return {"steps": steps, **draw(ranges(day)), "window": window, "window_unit": window_unit}


@st.composite
def filtered_funnels(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {**draw(funnels(day)), "where": draw(USUAL)}
    question |= {"unit": draw(st.sampled_from([None, None, "day", "week", "month"]))}
    if draw(st.booleans()):
        question |= {"on": draw(BREAKDOWN), "limit": draw(st.sampled_from([255, 1, 2]))}
    return question


@examples(200)
@given(asked(scenes(most_users=3, ids=2), funnels, most=4))
def test_funnel(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "funnel", case[1])


@examples(160)
@given(asked(with_profiles(scenes(properties(), most_users=4)), filtered_funnels))
def test_funnel_by_bucket_and_segment(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "funnel", case[1])


HELD = st.lists(st.sampled_from(["plan", "plan", "mixed", "any", "amount"]), max_size=2, unique=True)


@st.composite
def attempted_funnels(draw: st.DrawFn, day: date) -> dict[str, Any]:
    """Funnels of several attempts, in any order, with exclusions, held properties and several breakdowns."""
    question = draw(funnels(day))
    question["steps"] = question["steps"][:4]
    last = len(question["steps"])
    mostly = st.sampled_from([False, False, True])
    question |= {
        "count": draw(st.sampled_from(["uniques", "uniques", "totals", "totals", "sessions"])),
        "reentry": draw(st.sampled_from(["default", "default", "optimized", "aggressive"])),
        "unit": draw(st.sampled_from([None, None, None, "day", "week"])),
    }
    if draw(mostly):
        question["window"] = "ever"
    elif draw(mostly):
        question |= {"window": draw(st.integers(1, 3)), "window_unit": "session"}
    if draw(mostly):
        question["where"] = draw(USUAL)
    if draw(mostly):
        question["order"] = "any"
        question["anchors"] = draw(st.lists(st.integers(1, last), max_size=2, unique=True))
    if draw(mostly):
        question["hold"] = draw(HELD)
    if draw(mostly):
        question["sum_of"] = draw(st.sampled_from(["amount", "mixed", "never sent"]))
    if draw(mostly):
        question["exclude"] = [
            (name, where, after, draw(st.integers(after + 1, last)))
            for name, where, after in draw(
                st.lists(st.tuples(NAME, USUAL, st.integers(1, last - 1)), max_size=2)
            )
        ]
    if draw(st.booleans()):
        breakdowns = st.sampled_from(["plan", "mixed", "any", "tags"])
        question["on"] = draw(
            BREAKDOWN | st.lists(breakdowns, min_size=2, max_size=3, unique=True).map(tuple)
        )
        question["attribution"] = draw(st.sampled_from([1, 1, "first", "last", last]))
        question["limit"] = draw(st.sampled_from([255, 2]))
    return question


@examples(300)
@given(asked(with_profiles(scenes(properties(), most_users=3, ids=2)), attempted_funnels))
def test_attempts(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "funnel", case[1])


@examples(200)
@given(asked(with_profiles(scenes(most_users=2, ids=5)), attempted_funnels))
def test_attempts_of_bare_events(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "funnel", case[1])


@st.composite
def funnels_with_optional_steps(draw: st.DrawFn, day: date) -> dict[str, Any]:
    """Attempts as above, with steps that may be left out; limits and segments name required steps."""
    question = {**draw(attempted_funnels(day)), "order": "specific", "anchors": []}
    more = draw(st.lists(STEP, min_size=1, max_size=2))
    steps = [*question["steps"][:-1][:3], question["steps"][-1]]
    places = sorted(draw(st.lists(st.integers(2, len(steps)), min_size=len(more), max_size=len(more))))
    for number, (place, step) in enumerate(zip(places, more, strict=True)):
        steps = [*steps[: place - 1 + number], step, *steps[place - 1 + number :]]
    optional = [place + number for number, place in enumerate(places)]
    required = [number for number in range(1, len(steps) + 1) if number not in optional]
    question |= {"steps": steps, "optional": optional}
    if "exclude" in question:
        question["exclude"] = [
            (name, where, *sorted(draw(st.permutations(required))[:2]))
            if draw(st.booleans())
            else (name, where, None, None)
            for name, where, *_ in question["exclude"]
        ]
    if isinstance(question.get("attribution"), int):
        question["attribution"] = draw(st.sampled_from(required))
    return question


@examples(80)
@given(asked(with_profiles(scenes(properties(), most_users=3, ids=2)), funnels_with_optional_steps))
def test_optional_steps(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "funnel", case[1])


@examples(25)
@given(asked(with_profiles(scenes(properties(), most_users=3)), funnels_with_optional_steps))
def test_required_steps_are_those_of_the_funnel_without_optional_ones(
    package: Package, case: tuple[Project, list[dict[str, Any]]]
) -> None:
    ask = package(case[0])
    for question in case[1]:
        steps, optional = question["steps"], question["optional"]
        required = [number for number in range(1, len(steps) + 1) if number not in optional]
        places = {number: place for place, number in enumerate(required, 1)}
        fewer = {name: value for name, value in question.items() if name != "optional"}
        fewer["steps"] = [steps[number - 1] for number in required]
        fewer["exclude"] = [
            (name, where, places.get(after), places.get(before))
            for name, where, after, before in question.get("exclude", [])
        ]
        fewer["attribution"] = places.get(question.get("attribution", 1), question.get("attribution"))
        kept = [row for row in ask("funnel", **question) if row["step"] not in optional]
        numbered = [{**row, "step": places[row["step"]]} for row in kept]
        assert_same(numbered, ask("funnel", **fewer), plain(question))


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Project, date]:
    """One user's events of one name at nearly one time, which only ids and plans tell apart."""
    seconds, plans = st.sampled_from([0, 0, 0, 1, 2, 3]), st.sampled_from(["free", "pro"])
    drawn = draw(st.lists(st.tuples(seconds, plans, st.sampled_from("aZ9")), min_size=2, max_size=8))
    events = [
        did("u1", "A", f"2025-06-01 12:00:0{second}", plan=plan, **{"$insert_id": f"{letter}{number}"})
        for number, (second, plan, letter) in enumerate(drawn)
    ]
    return Project(events), date(2025, 6, 1)


@st.composite
def funnels_of_one_event(draw: st.DrawFn, day: date) -> dict[str, Any]:
    plans = st.sampled_from(["A", *(("A", node("==", prop("plan"), plan)) for plan in ("free", "pro"))])
    steps = draw(st.lists(plans, min_size=2, max_size=4))
    window, unit = draw(st.sampled_from([(1, "day"), (2, "second"), (1, "second")]))
    return {"steps": steps, "from_date": day, "to_date": day, "window": window, "window_unit": unit}


@st.composite
def attempts_of_one_event(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = draw(funnels_of_one_event(day))
    return question | {
        "count": draw(st.sampled_from(["uniques", "totals"])),
        "reentry": draw(st.sampled_from(["default", "optimized", "aggressive"])),
        "order": draw(st.sampled_from(["specific", "any"])),
        "hold": draw(st.sampled_from([(), ("plan",)])),
        "exclude": draw(st.sampled_from([(), ("A",), (("A", None, 1, 2),)])),
    }


@st.composite
def optional_steps_of_one_event(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {**draw(attempts_of_one_event(day)), "order": "specific", "exclude": draw(EXCLUDED)}
    question["steps"] = [*question["steps"], "A"]
    return question | {"optional": [draw(st.integers(2, len(question["steps"]) - 1))]}


EXCLUDED = st.sampled_from([(), ("A",)])


@examples(150)
@given(asked(crowds(), attempts_of_one_event, most=4))
def test_attempts_of_simultaneous_events(
    package: Package, case: tuple[Project, list[dict[str, Any]]]
) -> None:
    check(package, case[0], "funnel", case[1])


@examples(50)
@given(asked(crowds(), optional_steps_of_one_event, most=4))
def test_optional_steps_among_simultaneous_events(
    package: Package, case: tuple[Project, list[dict[str, Any]]]
) -> None:
    check(package, case[0], "funnel", case[1])


@examples(100)
@given(asked(crowds(), funnels_of_one_event, most=4))
def test_funnel_of_simultaneous_events(package: Package, case: tuple[Project, list[dict[str, Any]]]) -> None:
    check(package, case[0], "funnel", case[1])
