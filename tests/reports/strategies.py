"""Small random projects and questions, crowded around the borders where reports go wrong.

The examples are the same in every run. ``make thorough`` runs many times as many, other ones each time
(``REPORT_EXAMPLES`` says how many times as many).
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from math import floor
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from .expressions import Node, event_time, literal, moment, node, prop, user
from .support import Project, profile

if TYPE_CHECKING:
    from collections.abc import Callable

MORE = os.environ.get("REPORT_EXAMPLES")


def examples(number: int) -> settings:
    """A Hypothesis profile of so many examples; where nothing else is said, a third of them."""
    return settings(
        max_examples=number * int(MORE) if MORE else -(-number // 3),
        derandomize=MORE is None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# Times

SCENES = [
    ("Europe/Berlin", date(2025, 3, 30)),  # a day of 23 hours
    ("Europe/Berlin", date(2025, 10, 26)),  # and one of 25
    ("America/New_York", date(2025, 3, 9)),
    ("America/New_York", date(2025, 11, 2)),
    ("Asia/Kolkata", date(2025, 2, 28)),
    ("UTC", date(2024, 12, 31)),
    ("UTC", date(2025, 6, 1)),
]
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
# Milliseconds from a border or from another event: mostly few, often exactly a window, a period or a grace.
NEAR = st.sampled_from(
    [0] * 6 + [1, -1, SECOND, -SECOND, 1_999, -1_999, 2_000, -2_000, 2_001, -2_001, 5_000, -5_000, 500]
)
FAR = st.sampled_from(
    [0] * 16
    + [n * span for span, most in ((MINUTE, 2), (HOUR, 5), (DAY, 4)) for n in range(1, most)]
    + [10 * HOUR, 7 * DAY, 14 * DAY, 30 * DAY, 60 * DAY, 100 * DAY]
    + [-MINUTE, -HOUR, -DAY, -7 * DAY]
)


@cache
def borders(zone: str, day: date) -> list[int]:
    """Milliseconds since 1970 of midnights, clock changes, ends of weeks and months around a day."""
    days = [day + timedelta(days=n) for n in (0, 0, 0, 0, 1, 1, 1, 2, 2, -1, -7, 7)]
    days += [
        day - timedelta(days=day.weekday()),
        day.replace(day=1),
        (day + timedelta(days=32)).replace(day=1),
    ]
    times = [
        time(0),
        *(time(hour, fold=fold) for hour in (1, 1, 2, 2, 3) for fold in (0, 1, 1)),
        time(12, 30),
    ]
    locals_ = [*(datetime.combine(one, time(0)) for one in days), *(datetime.combine(day, t) for t in times)]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [(local.replace(tzinfo=ZoneInfo(zone)) - epoch) // timedelta(milliseconds=1) for local in locals_]


def seconds_of(ms: int) -> int | float:
    return ms // 1000 if ms % 1000 == 0 else ms / 1000


# Properties: each name has its kinds of values, so that typed columns of every type occur

SMALL = st.sampled_from([0, 1, 2, 3, 5, 10, -1, -4, 100, 2_000])
NUMBER = SMALL | st.sampled_from([0.25, 1.75, 2.2, -0.3, 5.0, 99.99, 0.1])
BIG = st.sampled_from([2**53, 2**53 + 1, 2**53 + 2, -(2**53) - 1, 2**63, 7])
TEXT = st.sampled_from(
    ["free"] * 4
    + ["pro"] * 3
    + ["Pro", "", "5", "12", "-3.5", "1e3", "true", "false", "undefined", "ü€😀", 'a"b\\c']
)
SCALAR = TEXT | NUMBER | st.booleans()
TAGS = st.lists(st.sampled_from(["free", "pro", "5", 5, 1, True, "true", 2.2, None]), max_size=3)
OBJECT = st.sampled_from([{}, {"a": 1}, {"a": "ü"}, {"b": [1, "x"]}])
ODD, CASED = 'a "b" \\ c', "PLAN"
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "plan": TEXT,
    CASED: st.booleans() | TEXT,
    "amount": NUMBER,
    "count": SMALL,
    "flag": st.booleans(),
    "tags": TAGS,
    "mixed": SCALAR,
    "any": SCALAR | TAGS | OBJECT,
    "object": OBJECT,
    "big": BIG,
    ODD: st.sampled_from(["free", "5", 5]),
    "$os é": TEXT,
    "it's": NUMBER,
}
PROPERTY = st.sampled_from([*["plan", "amount", "mixed", "any"] * 2, *VALUES, "never sent"])
SET = st.sampled_from([True] * 9 + [False])
FREQUENT = ["plan", "amount", "mixed", "any"]


@st.composite
def properties(draw: st.DrawFn) -> dict[str, Any]:
    names = FREQUENT[: draw(st.integers(0, 4))] + draw(st.lists(st.sampled_from([*VALUES]), max_size=3))
    return {name: draw(VALUES[name]) if draw(SET) else None for name in names}


# Projects

NAMES = ["A", "B", "C 'ö' \"%\""]
NAME = st.sampled_from([name for name, weight in zip(NAMES, (5, 3, 2), strict=True) for _ in range(weight)])
USERS = ["u1", "u2", "U1", "ü", "5", "u3"]
COLUMNS: st.SearchStrategy[Any] = st.sampled_from(
    [100, 100, 0, 0, 2, ["plan", CASED, "mixed"], ["amount", "tags", "any"]]
)
EMPTY: st.SearchStrategy[dict[str, Any]] = st.just({})


@st.composite
def scenes(
    draw: st.DrawFn,
    properties: st.SearchStrategy[dict[str, Any]] = EMPTY,
    most_users: int = 6,
    ids: int = 100,
) -> tuple[Project, date]:
    """A project, and a day around which its events lie; with few ``ids`` some events come twice."""
    zone, day = draw(st.sampled_from(SCENES))
    users = st.sampled_from([*USERS[: draw(st.integers(1, most_users))] * 4, "", None])
    around = draw(st.lists(st.sampled_from(borders(zone, day)), min_size=1, max_size=3))
    least = draw(st.sampled_from([0, 2, 5, 10, 15, 20]))
    drawn = st.tuples(NAME, users, st.sampled_from(around), NEAR, FAR, st.sampled_from("aZ9"), properties)
    events = [
        {
            "event": name,
            "properties": {
                "time": seconds_of(border + near + far),
                **({} if who is None else {"distinct_id": who}),
                "$insert_id": f"{letter}{number % ids}",
                **values,
            },
        }
        for number, (name, who, border, near, far, letter, values) in enumerate(
            draw(st.lists(drawn, min_size=least, max_size=25))
        )
    ]
    week_start = draw(st.sampled_from(["monday", "monday", "sunday", "saturday"]))
    count = draw(st.sampled_from([0, 0, len(events), len(events) // 2]))
    return Project(events, None, zone, draw(COLUMNS), week_start, sorted=count), day


@st.composite
def ranges(draw: st.DrawFn, day: date, longest: int = 20) -> dict[str, date]:
    before = draw(st.sampled_from([0, 0, 0, 0, 1, 1, 2, 6, -1]))
    after = draw(st.sampled_from([2, 0, 0, 1, 1, 2, 6, longest]))
    first = day - timedelta(days=before)
    return {"from_date": first, "to_date": max(first, day + timedelta(days=after))}


@st.composite
def asked(
    draw: st.DrawFn,
    project: st.SearchStrategy[tuple[Project, date]],
    question: Callable[[date], st.SearchStrategy[dict[str, Any]]],
    most: int = 3,
) -> tuple[Project, list[dict[str, Any]]]:
    """A project and some questions about it."""
    drawn, day = draw(project)
    return drawn, draw(st.lists(question(day), min_size=draw(st.sampled_from([1, 2, 3])), max_size=most))


# Expressions

LITERAL = st.builds(literal, TEXT | NUMBER | BIG | st.booleans())
SETS = st.builds(literal, st.lists(TEXT | SMALL | st.booleans() | BIG, max_size=3))
PERSONAL = st.builds(user, st.sampled_from(["plan", "amount", "flag", "tags"]))
HELD = st.builds(prop, PROPERTY) | st.builds(prop, PROPERTY) | PERSONAL
# Arithmetic beyond 2^53 is left out: there the results of equal numbers differ.
ORDINARY = (
    st.builds(prop, PROPERTY.filter(lambda name: name != "big")) | PERSONAL | st.builds(literal, SCALAR)
)
CAST = st.sampled_from(["string", "number", "boolean"])
ROUNDED = st.sampled_from(["floor", "ceil", "round", "negative"])


def values(of: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Values made of values."""
    return st.one_of(
        st.builds(node, st.sampled_from(["+", "-", "*", "/", "%"]), of, of),
        st.builds(node, ROUNDED, of),
        st.builds(node, CAST, of),
    )


VALUE = st.recursive(ORDINARY, values, max_leaves=4)
ANYTHING = LITERAL | HELD | VALUE
# Whether two lists are equal is nowhere said, so one of two operands is none.
UNLISTED = st.one_of(
    LITERAL,
    st.builds(prop, st.sampled_from(["plan", "amount", "mixed", "count", "flag", "big", ODD, "never sent"])),
    st.builds(node, CAST, HELD),
)


def times(project: Project, day: date) -> st.SearchStrategy[Node]:
    """Comparisons of the events' times with moments, often with moments of events."""
    at = ["T00:00:00", "T00:00:01", "T12:30:00", "T04:00:00"]
    wall = [moment(f"{day + timedelta(days=n)}{clock}") for n in (-1, 0, 1) for clock in at]
    seconds = [floor(event["properties"]["time"]) for event in project.events]
    counted = [moment(one + second) for one in seconds for second in (0, 1)]
    spelled = st.sampled_from(['properties["time"]', 'properties["$time"]', 'event["$time"]'])
    return st.builds(
        node,
        st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.builds(event_time, spelled),
        st.sampled_from(wall + counted),
    )


SIMPLE_CONDITION = st.one_of(
    st.builds(node, st.sampled_from(["==", "!="]), HELD, LITERAL),
    st.builds(node, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), ANYTHING, UNLISTED),
    st.builds(node, st.sampled_from(["in", "not in"]), ANYTHING, SETS | HELD),
    st.builds(node, st.sampled_from(["defined", "boolean"]), HELD),
    st.builds(
        node,
        st.just("has_prefix"),
        HELD,
        st.sampled_from(["", "p", "Pr", 'a"b', "ü", "PRO", "Ü"]).map(literal),
    ),
    HELD,
    st.booleans().map(literal),
)


def conditions_of(of: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Conditions made of conditions."""
    both = st.builds(node, st.sampled_from(["and", "or"]), of, of)
    return (
        both
        | st.builds(node, st.just("not"), of)
        | st.builds(node, st.sampled_from(["==", "!="]), of, LITERAL)
    )


CONDITION = st.recursive(SIMPLE_CONDITION, conditions_of, max_leaves=5)
# Conditions that hold often enough for something to remain.
USUAL = st.one_of(
    st.none(),
    st.none(),
    st.none(),
    st.builds(node, st.just("!="), st.builds(prop, PROPERTY), st.just("free")),
    st.builds(
        node,
        st.sampled_from(["==", "!="]),
        st.builds(prop, st.just("plan")),
        st.sampled_from(["free", "pro"]),
    ),
    st.builds(node, st.just("defined"), st.builds(prop, st.sampled_from(["amount", "tags"]))),
    st.builds(node, st.just("<"), st.builds(prop, st.just("amount")), st.just(3)),
)


# By what a report is broken down: a name, or an expression.
def reads_something(node: Node) -> bool:
    """Whether the text is taken for an expression, not for the name of a property."""
    return any(held in str(node) for held in ("properties[", "user["))


EXPRESSION = VALUE.filter(reads_something)
BREAKDOWN: st.SearchStrategy[str | Node] = PROPERTY | PROPERTY | st.builds(prop, PROPERTY) | EXPRESSION


@st.composite
def profiles(draw: st.DrawFn) -> list[dict[str, Any]]:
    users = draw(st.lists(st.sampled_from(USERS), unique=True, max_size=4))
    kinds = {name: VALUES[name] | st.none() for name in ("plan", "amount", "flag", "tags")}
    return [profile(who, **draw(st.fixed_dictionaries({}, optional=kinds))) for who in users]


@st.composite
def with_profiles(draw: st.DrawFn, scene: st.SearchStrategy[tuple[Project, date]]) -> tuple[Project, date]:
    project, day = draw(scene)
    return replace(project, profiles=draw(profiles())), day
