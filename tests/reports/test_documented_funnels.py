"""The funnels of Mixpanel's documentation, asked of the package and of the reference."""

from __future__ import annotations

from datetime import date, timedelta
from math import comb
from typing import TYPE_CHECKING, Any

import pytest

from .expressions import node, prop
from .support import Project, case, did

if TYPE_CHECKING:
    from .support import Package, Reports

DAY = date(2025, 1, 1)
JANUARY = {"from_date": DAY, "to_date": date(2025, 1, 31)}


def stream(*steps: str) -> list[dict[str, Any]]:
    """One user's events: ``A 13:00`` on the first day, or ``A 2025-01-05 13:00``."""
    named = (step.split(" ", 1) for step in steps)
    return [did("ann", name, when if " " in when else f"{DAY} {when}") for name, when in named]


def counts(reports: Reports, events: list[dict[str, Any]], steps: Any, **query: Any) -> list[int]:
    records = reports(Project(events))("funnel", steps=steps, **{**JANUARY, **query})
    return [record["count"] for record in records]


def test_the_window_starts_at_the_first_step_1(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-advanced, "Conversion Window"."""
    events = stream("A 13:00", "A 13:30", "B 13:45", "C 14:15")
    assert counts(reports, events, ["A", "B", "C"], window=1, window_unit="hour") == [1, 1, 0]
    assert counts(reports, events, ["A", "B", "C"]) == [1, 1, 1], "within the 7 days that are the default"


def test_the_window_includes_its_end(reports: Reports) -> None:
    """The same section: "within 1 hour of Event A"."""
    events = stream("A 13:00:00", "B 14:00:00")
    assert counts(reports, events, ["A", "B"], window=1, window_unit="hour") == [1, 1]
    assert counts(reports, events, ["A", "B"], window=3599, window_unit="second") == [1, 0]


@pytest.mark.parametrize(
    ("did", "reached"),
    [("ABCDE", 5), ("ABFCDE", 5), ("ABDCDE", 5), ("ABCE", 3)],
)
def test_specific_order(reports: Reports, did: str, reached: int) -> None:
    """Docs/reports/funnels/funnels-advanced, "Specific Order": its four examples."""
    events = stream(*(f"{name} 13:{minute:02}" for minute, name in enumerate(did)))
    assert counts(reports, events, list("ABCDE")) == [1] * reached + [0] * (5 - reached)


def test_a_skipped_step_stops(reports: Reports) -> None:
    """The same section: "Step 1 must be completed before Step 2"."""
    assert counts(reports, stream("B 13:00", "A 13:10"), ["A", "B"]) == [1, 0]


@pytest.mark.parametrize(("seconds", "converted"), [(0, 1), (1, 1), (2, 1), (3, 0)])
def test_two_seconds_of_grace(reports: Reports, seconds: int, converted: int) -> None:
    """Docs/reports/funnels/funnels-faq, "How does the Funnel handle simultaneous events?"."""
    events = stream("B 13:00:00", f"A 13:00:0{seconds}")
    assert counts(reports, events, ["A", "B"]) == [1, converted]
    assert counts(reports, events, ["B", "A"]) == [1, 1]


def test_only_the_first_entry_counts_after_its_window(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-advanced, "Optimized Re-entry", scenario 1 in default mode."""
    events = stream("A 13:00", "A 15:00", "B 15:10")
    assert counts(reports, events, ["A", "B"], window=1, window_unit="hour") == [1, 0]


def test_an_entry_while_one_is_in_progress_is_ignored(reports: Reports) -> None:
    """The same section, scenario 2 in default mode."""
    events = stream("A 13:00", "A 13:50", "B 14:10")
    assert counts(reports, events, ["A", "B"], window=1, window_unit="hour") == [1, 0]


def test_time_to_convert_is_counted_from_the_first_entry(reports: Reports) -> None:
    """The same section, note 4: in default mode the time is that of A -> B, not of the last A."""
    events = stream("A 13:00", "A 13:10", "A 13:20", "B 13:30")
    second = reports(Project(events))("funnel", steps=["A", "B"], **JANUARY)[1]
    assert second["avg_time"] == second["avg_time_from_start"] == 1800


def test_the_first_conversion_of_a_user_counts_once(reports: Reports) -> None:
    """The same section, note 1: A -> B -> A -> B is one conversion of one user."""
    assert counts(reports, stream("A 13:00", "B 13:10", "A 13:20", "B 13:30"), ["A", "B"]) == [1, 1]


def test_a_repeated_step_1_enters_once(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-faq, "Why do I get differing numbers …": Step 1 -> Step 1 -> Step 2."""
    assert counts(reports, stream("S 13:00", "S 13:10", "T 13:20"), ["S", "T"]) == [1, 1]


def test_conversions_may_lie_after_the_last_day(reports: Reports) -> None:
    """GET /funnels, ``length``: "we will query for events past the end of to_date"."""
    events = stream("A 2025-01-31 23:00", "B 2025-02-05 13:00", "A 2025-02-01 13:00")
    assert counts(reports, events, ["A", "B"]) == [1, 1]
    assert counts(reports, events, ["A", "B"], to_date=date(2025, 1, 30)) == [0, 0]


def test_a_line_runs_a_funnel_for_each_day(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-faq, "Why do the Line chart (by day) and Table … differ"."""
    events = stream("A 13:00", "B 13:10", "A 2025-01-02 13:00", "B 2025-01-02 13:10", "A 2025-01-03 13:00")
    days = {"from_date": DAY, "to_date": DAY + timedelta(days=2)}
    assert counts(reports, events, ["A", "B"], **days) == [1, 1]
    assert counts(reports, events, ["A", "B"], **days, unit="day") == [1, 1, 1, 1, 1, 0]


def test_filters_of_a_step_are_inline(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-advanced, "Inline Filtering (Pre-Query)": its three funnels."""
    events = [
        did("ann", "View Item", "2025-01-01 10:00", Browser="Chrome"),
        did("ann", "View Item", "2025-01-01 12:00", Browser="Safari"),
        did("ann", "Add to Cart", "2025-01-01 12:10", Browser="Safari"),
        did("ann", "Purchase", "2025-01-01 12:20"),
    ]
    safari = node("==", prop("Browser"), "Safari")
    plain = ["View Item", "Add to Cart", "Purchase"]
    hour = {"window": 1, "window_unit": "hour"}
    assert counts(reports, events, plain, **hour) == [1, 0, 0]
    assert counts(reports, events, [(plain[0], safari), *plain[1:]], **hour) == [1, 1, 1]
    assert counts(reports, events, [(name, safari) for name in plain], **hour) == [1, 1, 0]
    assert counts(reports, events, plain, where=safari, **hour) == [1, 1, 0]


def test_once_per_segment(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-advanced, "Counting Methods": uniques enter once, once per segment."""
    events = [
        did("ann", "Browse", "2025-01-01 10:00", item="shirt"),
        did("ann", "Add", "2025-01-01 10:10"),
        did("ann", "Browse", "2025-01-01 10:20", item="shoes"),
        did("ann", "Browse", "2025-01-01 10:30", item="shoes"),
    ]
    records = reports(Project(events))("funnel", steps=["Browse", "Add"], on="item", **JANUARY)
    found = {(record["segment"], record["step"]): record["count"] for record in records}
    assert found == {
        ("$overall", 1): 1,
        ("$overall", 2): 1,
        ("shirt", 1): 1,
        ("shirt", 2): 1,
        ("shoes", 1): 1,
        ("shoes", 2): 0,
    }


def test_a_new_segment_is_entered_once_the_attempt_before_has_ended(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-advanced, "User Count in Breakdown": shirt and shoes, and no jeans."""
    query: dict[str, Any] = {"steps": ["Browse", "Cart"], "on": "item"}
    query |= {"from_date": date(2025, 1, 5), "to_date": date(2025, 1, 5)}
    records = reports(Project(case("funnel_breakdown")))("funnel", **query)
    found = {(record["segment"], record["step"]): record["count"] for record in records}
    assert found == {
        ("$overall", 1): 2,
        ("$overall", 2): 2,
        ("shirt", 1): 1,
        ("shirt", 2): 1,
        ("shoes", 1): 1,
        ("shoes", 2): 0,
        ("undefined", 1): 1,
        ("undefined", 2): 1,
    }


def test_an_attempt_ends_with_the_window_too(reports: Reports) -> None:
    """The same section: users exit by converting, or when the window ends; its last moment counts."""
    events = [
        did("ann", "Browse", "2025-01-01 10:00:00", item="shirt"),
        did("ann", "Browse", "2025-01-01 11:00:00", item="jeans"),
        did("ann", "Browse", "2025-01-01 11:00:01", item=["shirt", "shoes", "hat"]),
        did("ann", "Add", "2025-01-01 11:30"),
    ]
    records = reports(Project(events))(
        "funnel", steps=["Browse", "Add"], on="item", window=1, window_unit="hour", **JANUARY
    )
    found = {record["segment"]: record["count"] for record in records if record["step"] == 2}
    assert found == {"$overall": 0, "hat": 1, "shirt": 0, "shoes": 1}


def test_ratios_and_times(reports: Reports) -> None:
    """GET /funnels: the ratios of a step to the one before and to the first, times in seconds."""
    events = [
        *(did(f"u{n}", "A", "2025-01-01 10:00:00") for n in range(4)),
        did("u0", "B", "2025-01-01 10:00:10"),
        did("u1", "B", "2025-01-01 10:00:30"),
        did("u0", "C", "2025-01-01 10:01:10"),
    ]
    first, second, third = reports(Project(events))("funnel", steps=["A", "B", "C"], **JANUARY)
    assert (first["step_conv_ratio"], first["overall_conv_ratio"], first["avg_time"]) == (1, 1, None)
    assert (second["step_conv_ratio"], second["overall_conv_ratio"], second["avg_time"]) == (0.5, 0.5, 20)
    assert (third["step_conv_ratio"], third["overall_conv_ratio"]) == (0.5, 0.25)
    assert (third["avg_time"], third["avg_time_from_start"]) == (60, 70)


def test_a_funnel_nobody_enters(reports: Reports) -> None:
    """A recorded answer of GET /funnels for an empty bucket: ratios 1 at the first step, 0 after it."""
    first, second = reports(Project(stream("B 13:00")))("funnel", steps=["A", "B"], **JANUARY)
    assert (first["count"], first["step_conv_ratio"], first["overall_conv_ratio"]) == (0, 1, 1)
    assert (second["count"], second["step_conv_ratio"], second["overall_conv_ratio"]) == (0, 0, 0)
    assert second["avg_time"] is None


# Counting methods, exclusions, order, re-entry, held properties, attribution


def test_totals_enter_again_after_an_exit(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-advanced, "Counting Methods": after a conversion and after a time-out."""
    events = stream("A 10:00", "A 10:10", "B 10:20", "A 10:30", "B 10:40", "A 11:00", "A 12:30", "B 12:40")
    assert counts(reports, events, ["A", "B"], window=1, window_unit="hour", count="totals") == [4, 3]
    assert counts(reports, events, ["A", "B"], window=1, window_unit="hour") == [1, 1]


def test_users_enter_in_each_session(reports: Reports) -> None:
    """The same section; sessions end after 30 minutes and at midnight (docs/features/sessions)."""
    events = stream(
        "A 10:00", "A 10:10", "B 10:20", "A 11:00", "A 23:50", "B 2025-01-02 00:05", "B 2025-01-02 12:00"
    )
    one = {"window": 1, "window_unit": "session"}
    assert counts(reports, events, ["A", "B"], count="sessions", **one) == [3, 1]
    assert counts(reports, events, ["A", "B"], count="sessions", window=1, window_unit="day") == [3, 3]
    assert counts(reports, events, ["A", "B"], count="totals", window=2, window_unit="session") == [2, 1]


def test_sessions_are_broken_down_by_their_first_step_1(reports: Reports) -> None:
    """The same section: each session enters once, in the segments of the event with which it enters."""
    events = [
        did("ann", "Browse", "2025-01-01 10:00", item="shirt"),
        did("ann", "Browse", "2025-01-01 10:05", item="shoes"),
        did("ann", "Add", "2025-01-01 10:10"),
        did("ann", "Browse", "2025-01-01 12:00", item="shoes"),
    ]
    records = reports(Project(events))(
        "funnel", steps=["Browse", "Add"], on="item", count="sessions", **JANUARY
    )
    found = {(record["segment"], record["step"]): record["count"] for record in records}
    whole = {("$overall", 1): 2, ("$overall", 2): 1}
    assert found == whole | {("shirt", 1): 1, ("shirt", 2): 1, ("shoes", 1): 1, ("shoes", 2): 0}


def test_uniques_within_sessions_enter_once(reports: Reports) -> None:
    """The same section: a user counts once, with the first step 1, also where the window is a session."""
    events = stream("A 10:00", "A 12:00", "B 12:10")
    one = {"window": 1, "window_unit": "session"}
    assert counts(reports, events, ["A", "B"], **one) == [1, 0]
    assert counts(reports, events, ["A", "B"], exclude=["C"], **one) == [1, 0]


def test_a_repeated_step_1_enters_once_in_totals_too(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-faq, "differing numbers": Step 1 -> Step 1 -> Step 2 enters once."""
    assert counts(reports, stream("S 13:00", "S 13:10", "T 13:20"), ["S", "T"], count="totals") == [1, 1]


def test_an_exclusion_ends_an_attempt(reports: Reports) -> None:
    """Docs/reports/funnels/funnels-advanced, "Exclusion Steps", note 1: two entries and one conversion."""
    events = stream("A 13:00", "A 13:10", "A 13:20", "B 13:30")
    assert counts(reports, events, ["A", "B"], exclude=["A"], count="totals") == [2, 1]
    assert counts(reports, events, ["A", "B"], exclude=["A"]) == [1, 0]


def test_users_qualify_until_they_track_the_exclusion(reports: Reports) -> None:
    """The same section, note 2, and its example: no other Product Added between the steps 2 and 3."""
    steps = ["Viewed", "Added", "Started", "Completed"]
    events = stream("Viewed 13:00", "Added 13:10", "Added 13:20", "Started 13:30", "Completed 13:40")
    between = [("Added", None, 2, 3)]
    assert counts(reports, events, steps) == [1, 1, 1, 1]
    assert counts(reports, events, steps, exclude=between) == [1, 1, 0, 0]
    assert counts(reports, events, steps, exclude=[("Added", None, 3, 4)]) == [1, 1, 1, 1]


@pytest.mark.parametrize(("second", "converted"), [(58, 0), (59, 1), (57, 0), (2, 1), (3, 0)])
def test_exclusions_have_two_seconds_of_grace(reports: Reports, second: int, converted: int) -> None:
    """The same section, note 4: within two seconds of a step either order may be true."""
    events = stream("A 13:00:00", f"X 13:00:{second:02}", "B 13:01:01")
    assert counts(reports, events, ["A", "B"], exclude=["X"]) == [1, converted]


@pytest.mark.parametrize(
    ("did", "anchors", "reached"),
    [
        ("ABCD", (), 4),
        ("DCBA", (), 4),
        ("ACBD", (1, 4), 4),
        ("ADBC", (1, 4), 3),
        ("BACD", (1, 4), 2),
        ("BCD", (), 3),
        ("BCD", (1,), 0),
    ],
)
def test_any_order(reports: Reports, did: str, anchors: tuple[int, ...], reached: int) -> None:
    """The same page, "Any Order": in any sequence before the next anchored step."""
    events = stream(*(f"{name} 13:{minute:02}" for minute, name in enumerate(did)))
    found = counts(reports, events, list("ABCD"), order="any", anchors=anchors)
    assert found == [1] * reached + [0] * (4 - reached)


@pytest.mark.parametrize(
    ("did", "reached"),
    [
        ("A B C", [1, 1, 1]),
        ("A C", [1, 0, 1]),
        ("A C B", [1, 0, 1]),  # after the next required step
        ("B A C", [1, 0, 1]),
        ("A B", [1, 1, 0]),
        ("A", [1, 0, 0]),
        ("A A C", [1, 0, 1]),
    ],
)
def test_optional_steps_do_not_gate_later_ones(reports: Reports, did: str, reached: list[int]) -> None:
    """Mixpanel's pages do not define optional steps; docs/local-reports.md does."""
    events = stream(*(f"{name} 13:{minute:02}" for minute, name in enumerate(did.split())))
    assert counts(reports, events, ["A", "B", "C"], optional=[2]) == reached


def test_an_optional_step_can_be_the_same_event_again(reports: Reports) -> None:
    """The same; its ratio and times are since the required step before it."""
    events = stream("A 13:00", "A 13:10", "B 13:30", "A 13:40")
    found = reports(Project(events))("funnel", steps=["A", "A", "B"], optional=[2], **JANUARY)
    assert [row["count"] for row in found] == [1, 1, 1]
    assert [row["avg_time"] for row in found] == [None, 600, 1800]
    assert counts(reports, stream("A 13:00", "B 13:30"), ["A", "A", "B"], optional=[2]) == [1, 0, 1]


def test_an_entry_after_the_window_converts_with_optimized_re_entry(reports: Reports) -> None:
    """The same page, "Optimized Re-entry", scenario 1."""
    events = stream("A 13:00", "A 15:00", "B 15:10")
    hour = {"window": 1, "window_unit": "hour"}
    assert counts(reports, events, ["A", "B"], reentry="optimized", **hour) == [1, 1]


def test_an_entry_in_progress_is_restarted(reports: Reports) -> None:
    """The same section, scenario 2: 50 %, A^ of A and A^; of users one of one."""
    events = stream("A 13:00", "A 13:50", "B 14:10")
    hour = {"window": 1, "window_unit": "hour"}
    assert counts(reports, events, ["A", "B"], reentry="optimized", count="totals", **hour) == [2, 1]
    assert counts(reports, events, ["A", "B"], reentry="optimized", **hour) == [1, 1]


def test_the_most_recent_entry_before_step_2_is_taken(reports: Reports) -> None:
    """The same section, notes 3 and 4: of A, A^, A^^, B it is A^^ -> B, and so is its time."""
    events = stream("A 13:00", "A 13:10", "A 13:20", "B 13:30")
    second = reports(Project(events))("funnel", steps=["A", "B"], reentry="optimized", **JANUARY)[1]
    assert (second["count"], second["avg_time"]) == (1, 600)


def test_the_first_conversion_is_the_users(reports: Reports) -> None:
    """The same section, note 1: of A, B, A^, B^ the first conversion counts."""
    events = stream("A 13:00", "B 13:10", "A 13:20", "B 13:25")
    second = reports(Project(events))("funnel", steps=["A", "B"], reentry="optimized", **JANUARY)[1]
    assert (second["count"], second["avg_time"]) == (1, 600)


def test_a_property_is_held_constant(reports: Reports) -> None:
    """The same page, "Hold Property Constant": the first Step 1 decides for uniques, each for totals."""
    events = [
        did("ann", "Browse", "2025-01-01 10:00", item="shirt"),
        did("ann", "Browse", "2025-01-01 10:10", item="shoes"),
        did("ann", "Cart", "2025-01-01 10:20", item="shoes"),
        did("ann", "Purchase", "2025-01-01 10:30", item="shoes"),
        did("ann", "Purchase", "2025-01-01 10:40"),
    ]
    steps = ["Browse", "Cart", "Purchase"]
    assert counts(reports, events, steps) == [1, 1, 1]
    assert counts(reports, events, steps, hold=["item"]) == [1, 0, 0]
    assert counts(reports, events, steps, hold=["item"], count="totals") == [2, 1, 1]


def test_attribution_of_a_breakdown(reports: Reports) -> None:
    """The same page, "Property Attribution": first and last step defined, and a step that has no value."""
    events = [
        did("ann", "Page View", "2025-01-01 10:00"),
        did("ann", "View Item", "2025-01-01 10:10", color="red"),
        did("ann", "Add to Cart", "2025-01-01 10:20", color="blue"),
        did("ann", "Checkout", "2025-01-01 10:30"),
    ]
    steps = ["Page View", "View Item", "Add to Cart", "Checkout"]
    found = {}
    for attribution in ("first", "last", 1, 2, 4):
        records = reports(Project(events))(
            "funnel", steps=steps, on="color", attribution=attribution, **JANUARY
        )
        (found[attribution],) = {record["segment"] for record in records} - {"$overall"}
    assert found == {"first": "red", "last": "blue", 1: "undefined", 2: "red", 4: "undefined"}


def test_a_property_is_summed_at_each_step(reports: Reports) -> None:
    """The same page, "Property Sum": the total at each step of what got there."""
    events = [
        did("ann", "Cart", "2025-01-01 10:00", price=10),
        did("bob", "Cart", "2025-01-01 10:00", price=30.5),
        did("eve", "Cart", "2025-01-01 10:00", price="free"),
        did("bob", "Purchase", "2025-01-01 11:00", price=30.5),
    ]
    records = reports(Project(events))("funnel", steps=["Cart", "Purchase"], sum_of="price", **JANUARY)
    assert [record["sum"] for record in records] == [40.5, 30.5]


def test_a_sum_does_not_depend_on_the_order_of_addition(package: Package) -> None:
    """It has 12 digits: ten times 0.1 is 1, and not 0.9999999999999999."""
    events = [did(f"u{n}", "Cart", f"2025-01-0{1 + n % 5} 10:00", price=0.1) for n in range(10)]
    records = package(Project(events))("funnel", steps=["Cart", "Purchase"], sum_of="price", **JANUARY)
    assert [record["sum"] for record in records] == [1, 0]


@pytest.mark.parametrize("count", ["uniques", "totals"])
def test_significance_of_segments(package: Package, count: str) -> None:
    """The same page, "Significance", and docs/reports/funnels/funnels-faq: for at least 30 entries.

    N enter, of whom K convert, n and k of them in the segment: 1 - max(P(X < k), P(X >= k)).
    """
    segments = {"big": (60, 12), "good": (40, 18), "small": (29, 20)}
    events = [
        did(f"{color}{number}", name, f"{DAY} 1{place}:00", color=color)
        for color, (entered, converted) in segments.items()
        for number in range(entered)
        for place, name in enumerate(("Cart", "Purchase")[: 1 + (number < converted)])
    ]
    package(Project(events))
    asked: dict[str, Any] = {"steps": ["Cart", "Purchase"], "on": "color", "count": count, **JANUARY}
    result = package.workspace().funnel(**asked, table="events")
    everyone, converting = (sum(column) for column in zip(*segments.values(), strict=True))
    assert [each.segment for each in result.significance] == ["big", "good", "small"]
    for each in result.significance[:2]:
        n, k = segments[each.segment]
        ways = [comb(converting, x) * comb(everyone - converting, n - x) for x in range(k)]
        fewer = sum(ways) / comb(everyone, n)
        assert each.p == pytest.approx(1 - max(fewer, 1 - fewer))
        assert each.is_significant == (each.p < 0.05)
    assert result.significance[2].p is None


def test_without_end(reports: Reports) -> None:
    """A window "ever", which Mixpanel does not have: at most 366 days."""
    events = stream("A 13:00", "B 2026-12-01 13:00")
    assert counts(reports, events, ["A", "B"], window=366) == [1, 0]
    assert counts(reports, events, ["A", "B"], window="ever") == [1, 1]
