"""Comparisons against counts of the same events in plain Python, over random ranges and units."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from .support import Project, did

if TYPE_CHECKING:
    from mixpanel_nb.queries import LargeUnit
    from mixpanel_nb.results import ComparisonResult

    from .support import Package

ONE = timedelta(days=1)
FIRST = date(2023, 11, 1)
PLANS = ("pro", "free", "before", "change")
UNITS: tuple[LargeUnit, ...] = ("day", "week", "month")

DAYS = st.integers(0, 220).map(lambda number: FIRST + number * ONE)
EVENTS = st.lists(st.tuples(DAYS, st.sampled_from(PLANS), st.integers(0, 3)), min_size=1, max_size=30)
LENGTHS = st.integers(0, 75)


def bucket_of(day: date, unit: str) -> date:
    if unit == "day":
        return day
    return day - day.weekday() * ONE if unit == "week" else day.replace(day=1)


def buckets(first: date, last: date, unit: str) -> list[date]:
    days = (first + number * ONE for number in range((last - first).days + 1))
    return list(dict.fromkeys(bucket_of(day, unit) for day in days))


def asked_days(bucket: date, unit: str, first: date, last: date) -> int:
    days = (first + number * ONE for number in range((last - first).days + 1))
    return sum(bucket_of(day, unit) == bucket for day in days)


def months_earlier(day: date, months: int) -> date:
    for _ in range(months):
        day = day.replace(day=1) - ONE
        day = day.replace(day=1)
    return day


def previous(first: date, last: date, unit: str) -> tuple[date, date]:
    """As long a time before, by the calendar; the end of a month stays an end of a month."""
    if unit == "day":
        number = (last - first).days + 1
        return first - number * ONE, last - number * ONE
    number = len(buckets(first, last, unit))
    if unit == "week":
        return first - 7 * number * ONE, last - 7 * number * ONE
    return moved(first, number), moved_end(last, number)


def moved(day: date, months: int) -> date:
    start = months_earlier(day, months)
    return start.replace(day=min(day.day, monthrange(start.year, start.month)[1]))


def moved_end(day: date, months: int) -> date:
    start = months_earlier(day, months)
    length = monthrange(start.year, start.month)[1]
    is_end = day.day == monthrange(day.year, day.month)[1]
    return start.replace(day=length if is_end else min(day.day, length))


def expected(
    events: list[tuple[date, str, int]], ours: tuple[date, date], theirs: tuple[date, date], unit: str
) -> dict[tuple[date, str], tuple[Any, ...]]:
    """Bucket and plan to its counterpart, both counts, the difference and the change."""
    counts = [
        Counter((bucket_of(day, unit), plan) for day, plan, _ in events if first <= day <= last)
        for first, last in (theirs, ours)
    ]
    plans = {plan for found in counts for _, plan in found}
    pairs = list(zip(buckets(*ours, unit), buckets(*theirs, unit), strict=False))
    rows: dict[tuple[date, str], tuple[Any, ...]] = {}
    spans = {pair: (asked_days(pair[1], unit, *theirs), asked_days(pair[0], unit, *ours)) for pair in pairs}
    per_day = any(one != other for one, other in spans.values())
    for (now, then), span in spans.items():
        for plan in plans:
            before, after = counts[0][then, plan], counts[1][now, plan]
            one, other = (before / span[0], after / span[1]) if per_day else (before, after)
            rows[now, plan] = (then, before, after, other - one, (other - one) / one if one else None)
    return rows


def found(comparison: ComparisonResult[Any]) -> dict[tuple[date, str], tuple[Any, ...]]:
    return {
        (date.fromisoformat(row["date"]), row["segment"]): (
            date.fromisoformat(row["before_date"]),
            row["before"],
            row["after"],
            row["difference"],
            row["change"],
        )
        for row in comparison.records()
        if row["before_date"] is not None
    }


def assert_alike(actual: dict[Any, tuple[Any, ...]], wanted: dict[Any, tuple[Any, ...]]) -> None:
    assert set(actual) == set(wanted)
    for key, row in wanted.items():
        assert actual[key][:3] == row[:3], key
        assert actual[key][3:] == pytest.approx(row[3:]), key


@given(EVENTS, DAYS, LENGTHS, st.sampled_from(UNITS))
def test_the_period_before_is_compared_bucket_by_bucket(
    package: Package, events: list[tuple[date, str, int]], first: date, length: int, unit: LargeUnit
) -> None:
    """Totals are of the buckets that are complete in both."""
    ours = first, first + length * ONE
    package(Project([did(f"u{user}", "Buy", f"{day} 12:00", plan=plan) for day, plan, user in events]))
    comparison = package.workspace().segmentation(
        "Buy", from_date=ours[0], to_date=ours[1], unit=unit, on="plan", compare="previous", table="events"
    )
    theirs = previous(*ours, unit)
    assert (comparison.before.from_date, comparison.before.to_date) == theirs
    rows = expected(events, ours, theirs, unit)
    assert_alike(found(comparison), rows)
    whole = {
        now
        for now, then in zip(buckets(*ours, unit), buckets(*theirs, unit), strict=True)
        if asked_days(now, unit, *ours) == full_length(now, unit)
        and asked_days(then, unit, *theirs) == full_length(then, unit)
    } or set(buckets(*ours, unit))
    for total in comparison.totals:
        kept = [row for (now, plan), row in rows.items() if plan == total.names[0] and now in whole]
        assert (total.before, total.after) == (sum(row[1] for row in kept), sum(row[2] for row in kept))
        assert total.buckets == len(whole)


@given(EVENTS, DAYS, LENGTHS, DAYS, LENGTHS, st.sampled_from(UNITS))
def test_any_two_ranges_are_compared_by_the_place_of_the_bucket(
    package: Package,
    events: list[tuple[date, str, int]],
    first: date,
    length: int,
    other: date,
    other_length: int,
    unit: LargeUnit,
) -> None:
    ours, theirs = (first, first + length * ONE), (other, other + other_length * ONE)
    package(Project([did(f"u{user}", "Buy", f"{day} 12:00", plan=plan) for day, plan, user in events]))
    ws = package.workspace()
    asked: dict[str, Any] = {"from_date": ours[0], "to_date": ours[1], "unit": unit, "on": "plan"}
    comparison = ws.segmentation("Buy", **asked, compare=theirs, table="events")
    wanted = expected(events, ours, theirs, unit)
    assert_alike(found(comparison), wanted)
    alone = [
        ws.segmentation("Buy", from_date=days[0], to_date=days[1], unit=unit, on="plan", table="events")
        for days in (ours, theirs)
    ]
    assert alone[0].compare(alone[1]).records() == comparison.records()
    ours_buckets, theirs_buckets = buckets(*ours, unit), buckets(*theirs, unit)
    unpaired = [row for row in comparison.records() if row["before_date"] is None]
    plans = {plan for _, plan in wanted} or {total.names[0] for total in comparison.totals}
    assert len(unpaired) == max(len(ours_buckets) - len(theirs_buckets), 0) * len(plans)
    assert all(row["before"] is row["change"] is None and not row["complete"] for row in unpaired)
    assert comparison.left_out == max(len(theirs_buckets) - len(ours_buckets), 0)


def full_length(bucket: date, unit: str) -> int:
    return {"day": 1, "week": 7}.get(unit) or monthrange(bucket.year, bucket.month)[1]
