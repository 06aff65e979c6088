"""Reports that name custom events agree with looking at the events that these are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from .reference import Reference
from .strategies import NAME, USUAL, examples, properties, ranges, scenes
from .support import assert_same, plain
from .test_retention_property import retentions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from .expressions import Node
    from .reference import Event
    from .support import Package, Project

    Alternative = tuple[str | None, Node | None]
    Customs = Mapping[int, Sequence[Alternative]]


class WithCustomEvents(Reference):
    """The reference, to which a custom event is any of its events."""

    customs: Customs

    def matches(self, event: Event, name: str | None, *conditions: Node | None) -> bool:
        number = int(str(name).rpartition(":")[2]) if str(name).startswith("$custom_event:") else None
        if number is None:
            return super().matches(event, name, *conditions)
        some = any(self.matches(event, one, where) for one, where in self.customs[number])
        return some and super().matches(event, None, *conditions)


@st.composite
def custom_events(draw: st.DrawFn) -> Customs:
    """Three custom events; the later ones may be made of the earlier ones."""
    found: dict[int, list[Alternative]] = {}
    for number in (1, 2, 3):
        names = NAME | st.sampled_from([None, *(f"$custom_event:{one}" for one in found)])
        listed = st.lists(st.tuples(names, st.none() | USUAL), min_size=1, max_size=3)
        found[number] = draw(listed)
    return found


EVENT = NAME | st.sampled_from([f"$custom_event:{number}" for number in (1, 2, 3, 1, 2, 3)])


@st.composite
def segmentations(draw: st.DrawFn, day: date) -> dict[str, Any]:
    how = {
        "unit": draw(st.sampled_from(["day", "week"])),
        "type": draw(st.sampled_from(["general", "unique"])),
    }
    return {"event": draw(EVENT), **how, "where": draw(st.none() | USUAL), **draw(ranges(day))}


@st.composite
def funnels(draw: st.DrawFn, day: date) -> dict[str, Any]:
    steps = draw(st.lists(EVENT | st.tuples(EVENT, USUAL), min_size=2, max_size=3))
    question = {"steps": steps, "window": draw(st.sampled_from([1, 7, 30])), **draw(ranges(day))}
    if draw(st.booleans()):
        question |= {"count": draw(st.sampled_from(["totals", "sessions"])), "reentry": "default"}
    if draw(st.sampled_from([True, False, False])):
        question |= {"exclude": [draw(EVENT)]}
    return question


@st.composite
def custom_retentions(draw: st.DrawFn, day: date) -> dict[str, Any]:
    question = {**draw(retentions(day)), "return_event": draw(EVENT)}
    return question if question.get("type") == "compounded" else question | {"born_event": draw(EVENT)}


REPORTS: dict[str, Any] = {
    "segmentation": segmentations,
    "funnel": funnels,
    "retention": custom_retentions,
}
Case = tuple["Project", "Customs", str, dict[str, Any]]


@st.composite
def cases(draw: st.DrawFn, report: str) -> Case:
    project, day = draw(scenes(properties(), most_users=4))
    return project, draw(custom_events()), report, draw(REPORTS[report](day))


def check(package: Package, case: Case) -> None:
    project, customs, report, question = case
    ask = package(project)
    ws = package.workspace(project.zone, project.week_start)
    definitions = {
        number: {"customEventId": number, "name": f"custom {number}", "alternatives": [*map(told, listed)]}
        for number, listed in customs.items()
    }
    ws.storage.define("custom_event", definitions)
    reference = WithCustomEvents(project.events, (), project.zone, project.week_start)
    reference.customs = customs
    expected = list(getattr(reference, report)(**question))
    assert_same(ask(report, **question), expected, (definitions, plain(question)))


def told(alternative: Alternative) -> dict[str, Any]:
    """As Mixpanel tells one of a custom event's events."""
    event, where = alternative
    named = {"event": "$all_events" if event is None else event}
    return named if where is None else named | {"serialized": plain(where)}


@examples(60)
@given(cases("segmentation"))
def test_segmentation(package: Package, case: Case) -> None:
    check(package, case)


@examples(120)
@given(cases("funnel"))
def test_funnel(package: Package, case: Case) -> None:
    check(package, case)


@examples(120)
@given(cases("retention"))
def test_retention(package: Package, case: Case) -> None:
    check(package, case)
