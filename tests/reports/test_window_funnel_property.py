"""Optimized re-entry counts whom ClickHouse's ``windowFunnel`` counts, but for the grace of two seconds.

``windowFunnel`` (https://clickhouse.com/docs/sql-reference/aggregate-functions/parametric-functions#windowfunnel)
gives the length of a user's longest chain of steps, of all that begin with the first step and end within the
window. ``level`` is that, tried out entry by entry.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
from hypothesis import given

from .strategies import examples
from .support import Project, did

if TYPE_CHECKING:
    from .support import Package

STEPS = ["A", "B", "C"]
WINDOW = 60
GAPS = st.sampled_from([3, 3, 4, 10, 30, 57, 60, 61])
USERS = st.lists(
    st.lists(st.tuples(st.sampled_from([*STEPS, "D"]), GAPS), min_size=1, max_size=12),
    min_size=1,
    max_size=4,
)
NOON = datetime(2025, 1, 1, 12)


def level(events: list[tuple[str, int]], steps: list[str], window: int) -> int:
    """The steps of the longest chain; of each step the first event at or after the one before it."""
    reached = 0
    for name, start in events:
        chain, now = 0, start
        while chain < len(steps) and name == steps[0]:
            later = [
                time for event, time in events if event == steps[chain] and now <= time <= start + window
            ]
            if not later:
                break
            now = min(later)
            chain += 1
        reached = max(reached, chain)
    return reached


def counted(package: Package, users: list[list[tuple[str, int]]], **query: Any) -> list[int]:
    package(
        Project(
            [
                did(f"u{number}", name, str(NOON + timedelta(seconds=seconds)))
                for number, events in enumerate(users)
                for name, seconds in events
            ]
        )
    )
    days = {"from_date": "2025-01-01", "to_date": "2025-01-31"}
    asked: dict[str, Any] = {"window": WINDOW, "window_unit": "second", **days, **query}
    result = package.workspace().funnel(steps=STEPS, **asked, table="events")
    return [step.count for step in result.steps]


@examples(150)
@given(USERS)
def test_events_more_than_two_seconds_apart(package: Package, users: list[list[tuple[str, int]]]) -> None:
    timed = [
        list(zip([name for name, _ in events], accumulate(gap for _, gap in events), strict=True))
        for events in users
    ]
    levels = [level(events, STEPS, WINDOW) for events in timed]
    expected = [sum(reached >= step for reached in levels) for step in (1, 2, 3)]
    assert counted(package, timed, reentry="optimized") == expected


def test_a_step_up_to_two_seconds_early_is_no_step_of_window_funnel(package: Package) -> None:
    for seconds, ours in ((1, [1, 1, 1]), (2, [1, 1, 1]), (3, [1, 0, 0])):
        events = [("B", 10), ("A", 10 + seconds), ("C", 20)]
        assert level(events, STEPS, WINDOW) == 1
        assert counted(package, [events], reentry="optimized") == ours


def test_the_default_is_the_first_entry_and_not_the_best(package: Package) -> None:
    events = [("A", 0), ("A", 50), ("B", 70)]
    assert level(events, STEPS, WINDOW) == 2
    assert counted(package, [events]) == [1, 0, 0]
    assert counted(package, [events], reentry="optimized") == [1, 1, 0]
