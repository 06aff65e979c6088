"""Two groups: each is the report about its condition, as plain Python counts it, and so are users in both."""

from __future__ import annotations

from datetime import date, timedelta
from math import sqrt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .expressions import Node, node, prop
from .reference import Reference
from .strategies import examples
from .support import Project, assert_same, did, parts

if TYPE_CHECKING:
    from mixpanel_nb.results import ComparisonResult

    from .reference import Event
    from .support import Package

FIRST, DAY = date(2025, 3, 3), timedelta(days=1)
HOSTILE = 'it\'s "so"'
PLANS = ["pro", "free", "pro ", HOSTILE, "x=y", 5, "5", True, None]
NAMES = st.sampled_from(["Look", "Look", "Buy", "Buy", "Leave"])


def equal(name: str, value: Any) -> Node:
    return node("==", prop(name), value)


GROUPS: list[tuple[str, Node]] = [
    ("plan=pro", equal("plan", "pro")),
    ("plan = free", equal("plan", "free")),
    ("plan!=pro", node("!=", prop("plan"), "pro")),
    ('plan="pro "', equal("plan", "pro ")),
    ("plan=5", equal("plan", 5)),
    ('plan="5"', equal("plan", "5")),
    ("plan=true", equal("plan", True)),
    ('plan="x=y"', equal("plan", "x=y")),
    ("date=pro", equal("date", "pro")),
    ("never sent=1", equal("never sent", 1)),
    (
        'properties["plan"] == "pro" or properties["plan"] == "free"',
        node("or", equal("plan", "pro"), equal("plan", "free")),
    ),
    (f'properties["plan"] == "{HOSTILE.replace(chr(34), chr(92) + chr(34))}"', equal("plan", HOSTILE)),
]
USUAL = st.just([GROUPS[0], GROUPS[1]])
PAIRS = USUAL | st.lists(st.sampled_from(GROUPS), min_size=2, max_size=2, unique_by=lambda group: group[0])
DONE = st.tuples(st.integers(0, 11), NAMES, st.integers(0, 7), st.sampled_from(PLANS), st.integers(0, 23))
STEADY = DONE.map(lambda done: (*done[:3], ("pro", "free")[done[0] % 2], done[4]))
EVENTS = st.one_of(*(st.lists(each, min_size=1, max_size=40) for each in (DONE, STEADY)))
DATES = [str(FIRST + number * DAY) for number in range(14)]
DAYS = {"from_date": FIRST, "to_date": FIRST + 13 * DAY}


def project(events: list[tuple[int, str, int, Any, int]]) -> Project:
    lines = []
    for user, name, day, plan, hour in events:
        held = {} if plan is None else {"plan": plan, "date": plan}
        lines.append(did(f"u{user}", name, f"{FIRST + day * DAY} {hour:02}:30", **held))
    return Project(lines)


def wilson(part: int, whole: int) -> tuple[float, float]:
    z = 1.959963984540054
    p = part / whole
    middle, spread = p + z * z / 2 / whole, z * sqrt(p * (1 - p) / whole + z * z / 4 / whole**2)
    return (middle - spread) / (1 + z * z / whole), (middle + spread) / (1 + z * z / whole)


def newcombe(a: int, n: int, b: int, k: int, r: float = 0.0) -> tuple[float, float]:
    """As in Newcombe's paper: the square-and-add of both Wilson intervals; correlated ones as Zou's."""
    (l1, u1), (l2, u2), p, q = wilson(a, n), wilson(b, k), a / n, b / k
    low = (p - l1) ** 2 + (u2 - q) ** 2 - 2 * r * (p - l1) * (u2 - q)
    high = (u1 - p) ** 2 + (q - l2) ** 2 - 2 * r * (u1 - p) * (q - l2)
    return p - q - sqrt(max(low, 0)), p - q + sqrt(max(high, 0))


def of_counts(a: int, b: int) -> tuple[float, float]:
    """The square-and-add of the score intervals of two Poisson counts."""
    z = 1.959963984540054
    (l1, u1), (l2, u2) = (
        (max(x + z * z / 2 - z * sqrt(x + z * z / 4), 0), x + z * z / 2 + z * sqrt(x + z * z / 4))
        for x in (a, b)
    )
    return a - b - sqrt((a - l1) ** 2 + (u2 - b) ** 2), a - b + sqrt((u1 - a) ** 2 + (b - l2) ** 2)


def correlation(comparison: ComparisonResult[Any]) -> float:
    """That of the shares of two funnels: the covariance of their common users, user by user."""
    (all_one, one), (all_two, two) = (
        [set(side.users(step=step).ids) for step in (1, 2)] for side in (comparison.after, comparison.before)
    )
    common = all_one & all_two
    n, k, m = len(all_one), len(all_two), len(common)
    p, q = len(one) / n, len(two) / k
    if not m or not 0 < p < 1 or not 0 < q < 1:
        return 0.0
    means = len(common & one) / m, len(common & two) / m
    together = sum(((user in one) - means[0]) * ((user in two) - means[1]) for user in common)
    return max(-1.0, min(1.0, together / n / k / sqrt(p * (1 - p) / n * q * (1 - q) / k)))


def assert_users(comparison: ComparisonResult[Any], one: set[Any], two: set[Any]) -> bool:
    """The users of both are told; whether so few are in both that there are intervals."""
    assert comparison.diff is not None
    assert (comparison.diff.users, comparison.diff.in_both) == ((len(one), len(two)), len(one & two))
    return len(one & two) <= 0.05 * min(len(one), len(two))


def users_of(events: list[Event]) -> set[Any]:
    return {event.user for event in events}


@examples(60)
@given(EVENTS, PAIRS, st.sampled_from(["general", "unique"]), st.sampled_from(["day", "week"]))
def test_segmentation(
    package: Package, events: list[Any], pair: list[tuple[str, Node]], kind: str, unit: str
) -> None:
    asked, reference = project(events), Reference(project(events).events)
    package(asked)
    question: dict[str, Any] = {**DAYS, "type": kind, "unit": unit}
    comparison = package.workspace().segmentation(
        "Buy", **question, diff=tuple(text for text, _ in pair), table="events"
    )
    sides = [reference.segmentation("Buy", **question, where=where) for _, where in pair]
    for result, wanted in zip((comparison.after, comparison.before), sides, strict=True):
        assert_same(list(result.records()), wanted, question)
    told = assert_users(
        comparison,
        *(users_of(reference.found("Buy", where, DAYS["from_date"], DAYS["to_date"])) for _, where in pair),
    )
    for row, one, two in zip(comparison.records(), *sides, strict=True):
        assert (row["date"], row["first"], row["second"]) == (one["date"], one["count"], two["count"])
        assert row["difference"] == one["count"] - two["count"]
        assert (row["low"] is not None) is (kind == "unique")
        assert row["low"] is None or row["low"] <= row["difference"] <= row["high"]
    if kind == "unique" and unit == "day" and not told:
        for row, day in zip(comparison.records(), map(date.fromisoformat, DATES), strict=True):
            one, two = (users_of(reference.found("Buy", where, day, day)) for _, where in pair)
            assert (row["low"], row["high"]) == pytest.approx(of_counts(len(one - two), len(two - one)))


@examples(80)
@given(EVENTS, PAIRS, st.sampled_from(["uniques", "totals"]), st.integers(1, 7))
def test_funnel(
    package: Package, events: list[Any], pair: list[tuple[str, Node]], count: str, window: int
) -> None:
    asked, reference = project(events), Reference(project(events).events)
    package(asked)
    question: dict[str, Any] = {**DAYS, "count": count, "window": window}
    comparison = package.workspace().funnel(
        steps=["Look", "Buy"], **question, diff=tuple(text for text, _ in pair), table="events"
    )
    sides = [reference.funnel(steps=[("Look", where), "Buy"], **question) for _, where in pair]
    for result, wanted in zip((comparison.after, comparison.before), sides, strict=True):
        assert [row["count"] for row in result.records()] == [row["count"] for row in wanted]
    told = assert_users(
        comparison,
        *(users_of(reference.found("Look", where, DAYS["from_date"], DAYS["to_date"])) for _, where in pair),
    )
    (n, a), (k, b) = ([row["count"] for row in side] for side in sides)
    (total,) = (each for each in comparison.totals if each.is_drawn)
    assert (total.low is not None) is (count == "uniques" and n > 0 and k > 0)
    if total.low is not None:
        together = 0.0 if told else correlation(comparison)
        assert (total.low, total.high) == pytest.approx(newcombe(a, n, b, k, together))


@examples(40)
@given(EVENTS, PAIRS, st.sampled_from(["birth", "compounded"]))
def test_retention(package: Package, events: list[Any], pair: list[tuple[str, Node]], kind: str) -> None:
    asked, reference = project(events), Reference(project(events).events)
    package(asked)
    entering = "born" if kind == "birth" else "return"
    question: dict[str, Any] = {
        "born_event": "Look" if kind == "birth" else None,
        "return_event": "Buy",
        **DAYS,
        "interval_count": 2,
        "unit": "week",
        "type": kind,
    }
    comparison = package.workspace().retention(
        **question, diff=tuple(text for text, _ in pair), table="events"
    )
    sides = [reference.retention(**(question | {f"{entering}_where": where})) for _, where in pair]
    for result, wanted in zip((comparison.after, comparison.before), sides, strict=True):
        assert_same(list(result.records()), wanted, question)
    name = question[f"{entering}_event"]
    told = assert_users(
        comparison,
        *(users_of(reference.found(name, where, DAYS["from_date"], DAYS["to_date"])) for _, where in pair),
    )
    shares = [total for total in comparison.totals if total.measure.name == "share"]
    assert all(total.low is None for total in shares) or (told and kind == "birth")
    for line in comparison.lines:
        if line.measure.name != "share" or not told or kind != "birth":
            continue
        for place, (one, two) in enumerate(zip(*sides, strict=True)):
            sizes = one["cohort_size"], two["cohort_size"]
            returned = (row[f"period_{line.names[-1]}"] for row in (one, two))
            low, high = comparison.interval(line, place)
            if all(sizes) and None not in (counts := list(returned)):
                wanted_ends = newcombe(counts[0], sizes[0], counts[1], sizes[1])
                assert (low, high) == pytest.approx(wanted_ends, abs=1e-9)


@examples(30)
@given(EVENTS, PAIRS)
def test_flow(package: Package, events: list[Any], pair: list[tuple[str, Node]]) -> None:
    asked, reference = project(events), Reference(project(events).events)
    package(asked)
    comparison = package.workspace().flow(
        start="Look", **DAYS, diff=tuple(text for text, _ in pair), table="events"
    )
    for result, (_, where) in zip((comparison.after, comparison.before), pair, strict=True):
        assert_same(parts(result), reference.flow(start=("Look", where), **DAYS), pair)
    told = assert_users(
        comparison,
        *(users_of(reference.found("Look", where, DAYS["from_date"], DAYS["to_date"])) for _, where in pair),
    )
    assert told or all(total.low is None for total in comparison.totals)
    for total in comparison.totals:
        if total.low is not None and total.high is not None and total.difference is not None:
            assert total.low <= total.difference <= total.high


@examples(20)
@given(EVENTS, PAIRS)
def test_frequency_and_filters_of_the_report(
    package: Package, events: list[Any], pair: list[tuple[str, Node]]
) -> None:
    asked, reference = project(events), Reference(project(events).events)
    package(asked)
    own = node("or", equal("plan", "pro"), equal("plan", 5))
    question: dict[str, Any] = {**DAYS, "unit": "week", "addiction_unit": "day"}
    comparison = package.workspace().frequency(
        **question, where=str(own), diff=tuple(text for text, _ in pair), table="events"
    )
    for result, (_, where) in zip((comparison.after, comparison.before), pair, strict=True):
        wanted = reference.frequency(**question, where=node("and", own, where))
        assert_same(list(result.records()), wanted, question)


@examples(20)
@given(EVENTS, st.integers(0, 5), st.integers(0, 5))
def test_days(package: Package, events: list[Any], start: int, other: int) -> None:
    if start == other:
        other += 1
    asked, reference = project(events), Reference(project(events).events)
    package(asked)
    ranges = [(FIRST + first * DAY, FIRST + (first + 1) * DAY) for first in (start, other)]
    comparison = package.workspace().event_counts(["Look", "Buy"], diff=ranges, table="events")
    for result, (first, last) in zip((comparison.after, comparison.before), ranges, strict=True):
        wanted = reference.event_counts(["Look", "Buy"], from_date=first, to_date=last)
        assert_same(list(result.records()), wanted, ranges)
    assert_users(
        comparison,
        *(
            users_of([e for name in ("Look", "Buy") for e in reference.found(name, None, first, last)])
            for first, last in ranges
        ),
    )
    rows = comparison.records()
    assert {row["second_date"] for row in rows} == {str(day) for day in ranges[1]}
    assert comparison.question is not None
    assert package.workspace().ask(comparison.question.query) == comparison
