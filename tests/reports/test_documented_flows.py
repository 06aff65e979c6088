"""What Mixpanel's pages say of sessions and flows, word for word, of the reference and of the package.

https://docs.mixpanel.com/docs/features/sessions and https://docs.mixpanel.com/docs/reports/flows
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .expressions import node, prop
from .support import Project, did

if TYPE_CHECKING:
    from .support import Reports

DAY = "2025-06-01"
DAYS: dict[str, Any] = {"from_date": "2025-06-01", "to_date": "2025-06-02"}


def days(**query: Any) -> dict[str, Any]:
    from datetime import date

    return {name: date.fromisoformat(day) for name, day in DAYS.items()} | query


def walk(user: str, *events: str, every: int = 1, **properties: Any) -> list[dict[str, Any]]:
    """Events so many minutes apart."""
    return [
        did(user, event, f"{DAY} {12 + minute // 60}:{minute % 60:02}", **properties)
        for minute, event in zip(range(0, len(events) * every, every), events, strict=True)
    ]


def paths(reports: Reports, events: list[dict[str, Any]], **query: Any) -> dict[str, int]:
    rows = reports(Project(events))("flow", **days(**query))
    return {row["path"]: row["count"] for row in rows if "path" in row}


def test_sessions_example_1(reports: Reports) -> None:
    """sessions#example-1: 10 minutes, a pause of 40, then 35 minutes."""
    times = [("A", "13:00"), ("B", "13:10"), ("C", "13:50"), ("D", "14:10"), ("E", "14:25")]
    events = [did("u", name, f"{DAY} {time}") for name, time in times]
    row = reports(Project(events))("sessions", **days())[0]
    assert (row["sessions"], row["users"], row["events_per_session"]) == (2, 1, 2.5)
    assert row["avg_duration"] == (10 + 35) * 60 / 2


def test_sessions_example_2(reports: Reports) -> None:
    """sessions#example-2: midnight of the project's time zone ends a session of 20 minutes; 5 remain."""
    zone = "America/New_York"
    times = [("01 23:30", "A"), ("01 23:50", "B"), ("02 00:05", "C"), ("02 00:10", "D")]
    events = [did("u", name, f"2025-06-{time}", zone) for time, name in times]
    rows = reports(Project(events, zone=zone))("sessions", **days())
    assert [(row["sessions"], row["avg_duration"]) for row in rows] == [(1, 1200), (1, 300)]


@pytest.mark.parametrize(("pause", "sessions"), [(14, 1), (15, 1), (16, 2)])
def test_any_event_within_the_timeout_goes_on_with_the_session(
    reports: Reports, pause: int, sessions: int
) -> None:
    """sessions#session-timeout: a timeout of 15 minutes, an event after 14, none for 16."""
    events = walk("u", "Log In", "Start Game", every=pause)
    assert reports(Project(events))("sessions", **days(timeout=15))[0]["sessions"] == sessions


def test_mixpanels_own_and_excluded_events_are_no_part_of_sessions(reports: Reports) -> None:
    """sessions#excluded-events."""
    events = walk("u", "A", "Message Received", "$identify", "B", every=20)
    assert [
        reports(Project(events))("sessions", **days(exclude=exclude))[0]["sessions"]
        for exclude in ([], ["Message Received"])
    ] == [2, 2]
    assert (
        reports(Project(events))("sessions", **days(exclude=["Message Received"]))[0]["events_per_session"]
        == 1
    )


def test_a_sessions_property_is_that_of_the_first_event_that_has_it(reports: Reports) -> None:
    """sessions#session-properties."""
    events = [
        did("u", "A", f"{DAY} 12:00"),
        did("u", "B", f"{DAY} 12:01", plan="pro"),
        did("u", "C", f"{DAY} 12:02", plan="free"),
    ]
    rows = reports(Project(events))("sessions", **days(on="plan"))
    assert {row["segment"]: row["sessions"] for row in rows[:2]} == {"$overall": 1, "pro": 1}


def test_three_events_after_the_first_one_and_drop_off(reports: Reports) -> None:
    """flows#viewing-more-steps and #drop-off."""
    events = [*walk("u", "Sign Up", "A", "B", "C", "D"), *walk("v", "Sign Up", "A")]
    assert paths(reports, events, start="Sign Up") == {
        "Sign Up → A → B → C": 1,
        "Sign Up → A → $dropoff": 1,
    }


def test_the_top_three_events_of_a_step_and_the_rest(reports: Reports) -> None:
    """flows#other-events."""
    ways = ["A", "A", "A", "B", "B", "C", "C", "D", "E"]
    events = [event for number, way in enumerate(ways) for event in walk(f"u{number}", "Sign Up", way)]
    rows = reports(Project(events))("flow", **days(start="Sign Up", forward=1))
    assert [(row["node"], row["count"]) for row in rows if "node" in row] == [
        ((0, "Sign Up", "anchor"), 9),
        ((1, "A", "event"), 3),
        ((1, "B", "event"), 2),
        ((1, "C", "event"), 2),
        ((1, "$other", "other"), 2),
    ]


def test_right_after_one_anchor_and_right_before_the_other(reports: Reports) -> None:
    """flows#multiple-anchor-steps: on both sides of the breakpoint line."""
    events = walk("u", "App Open", "A", "B", "C", "Purchase", "D")
    assert paths(reports, events, start="App Open", end="Purchase", forward=1, back=1) == {
        "App Open → A → … → C → Purchase": 1
    }


def test_uniques_count_the_first_flow_and_totals_start_again_when_it_is_complete(reports: Reports) -> None:
    """flows#counting-method."""
    events = walk("u", "A", "A", "B", "A", "X", "B")
    assert paths(reports, events, start="A", end="B") == {"A → A → B": 1}
    assert paths(reports, events, start="A", end="B", count="totals") == {"A → A → B": 1, "A → X → B": 1}


def test_totals_start_again_after_the_window_and_after_an_exclusion(reports: Reports) -> None:
    """flows#counting-method: the other two ways to exit a flow."""
    late = walk("u", "A", "A", "B", every=20)
    within = {"start": "A", "end": "B", "count": "totals", "window": 15, "window_unit": "minute"}
    assert paths(reports, late, **within) == {"A → $dropoff": 2}
    excluded = walk("u", "A", "X", "A", "B")
    assert paths(reports, excluded, start="A", end="B", count="totals", exclude=["X"]) == {"A → B": 1}
    assert paths(reports, excluded, start="A", end="B", exclude=["X"]) == {}


def test_every_step_of_a_flow_is_in_the_same_session(reports: Reports) -> None:
    """flows#counting-method: sessions."""
    events = [*walk("u", "A", "B"), did("u", "A", f"{DAY} 14:00"), did("u", "B", f"{DAY} 14:31")]
    assert paths(reports, events, start="A", count="sessions") == {"A → B → $dropoff": 1, "A → $dropoff": 1}


def test_starts_and_ends_of_sessions_show_the_events_within_them(reports: Reports) -> None:
    """sessions#flows, with sessions#example-1: the start before the first event, the end after the last."""
    times = [("A", "13:00"), ("B", "13:10"), ("C", "13:50"), ("D", "14:10"), ("E", "14:25")]
    events = [did("u", name, f"{DAY} {time}") for name, time in times]
    within = {"start": "$session_start", "end": "$session_end", "count": "sessions"}
    assert paths(reports, events, **within) == {
        "$session_start → A → B → $session_end": 1,
        "$session_start → C → D → E → $session_end": 1,
    }
    assert paths(reports, events, end="$session_end", back=1, count="sessions") == {
        "B → $session_end": 1,
        "E → $session_end": 1,
    }


def test_a_session_event_has_the_property_of_the_first_event_that_has_it(reports: Reports) -> None:
    """sessions#session-properties."""
    events = [
        did("u", "A", f"{DAY} 12:00"),
        did("u", "B", f"{DAY} 12:01", plan="pro"),
        did("u", "C", f"{DAY} 12:02", plan="free"),
    ]
    start = {"start": "$session_start", "count": "sessions"}
    rows = reports(Project(events))("flow", **days(**start, on="plan"))
    assert {row["segment"] for row in rows} == {"$overall", "pro"}
    for plan, found in (("pro", {"$session_start → A → B → C": 1}), ("free", {})):
        where = node("==", prop("plan"), plan)
        assert paths(reports, events, **start | {"start": ("$session_start", where)}) == found


def test_all_events_have_the_held_value_of_the_first_one(reports: Reports) -> None:
    """flows#hold-property-constant: Add to Cart and Purchase of the same item."""
    events = [
        did("u", "Add to Cart", f"{DAY} 12:00", item="shoe"),
        did("u", "Add to Cart", f"{DAY} 12:01", item="hat"),
        did("u", "Purchase", f"{DAY} 12:02", item="hat"),
        did("u", "Purchase", f"{DAY} 12:03", item="shoe"),
    ]
    held = {"start": "Add to Cart", "end": "Purchase", "hold": ["item"]}
    assert paths(reports, events, **held) == {"Add to Cart → Purchase": 1}
    assert paths(reports, events[:3], **held) == {"Add to Cart → $dropoff": 1}


def test_hidden_events_are_not_seen(reports: Reports) -> None:
    """flows#hide-events."""
    assert paths(reports, walk("u", "A", "Noise", "B"), start="A", hide=["Noise"]) == {"A → B → $dropoff": 1}


def test_an_event_is_expanded_by_a_property(reports: Reports) -> None:
    """flows#expand-event-by-property."""
    events = [*walk("u", "Sign Up", "Purchase", type="card"), *walk("v", "Sign Up", "Purchase", type="cash")]
    assert paths(reports, events, start="Sign Up", forward=1, expand=[("Purchase", "type")]) == {
        "Sign Up → Purchase · card": 1,
        "Sign Up → Purchase · cash": 1,
    }
