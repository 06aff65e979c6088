"""Which days are asked for, in how many requests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.services.fetch.plan import (
    MAX_REQUESTS,
    SETTLED_AFTER,
    DateRange,
    chunk_days,
    covered_days,
    is_settled,
    plan,
    stored_days,
)
from mixpanel_nb.storage import Chunk

FIRST = date(2024, 1, 1)  # of a leap year


def days(first: int, last: int) -> DateRange:
    """From the ``first`` to the ``last`` day after 2023-12-31."""
    return DateRange(FIRST + timedelta(days=first - 1), FIRST + timedelta(days=last - 1))


def stored(span: DateRange | None, fetched_at: datetime, filters: str = "{}") -> Chunk:
    first, last = (span.first, span.last) if span else (None, None)
    return Chunk(first, last, filters, 1, 1, 1, fetched_at)


def end_of(span: DateRange) -> datetime:
    """The midnight (UTC) behind the last day."""
    return datetime.combine(span.last + timedelta(days=1), datetime.min.time())


def test_a_range_knows_its_days() -> None:
    span = DateRange(date(2024, 2, 28), date(2024, 3, 1))
    assert span.days == 3
    assert list(span) == [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)]
    assert str(span) == "2024-02-28 to 2024-03-01"
    assert str(DateRange(FIRST, FIRST)) == "2024-01-01"
    assert DateRange(FIRST, FIRST) < span


@pytest.mark.parametrize(
    ("length", "size"),
    [
        (1, 1),
        (2, 1),
        (4, 1),
        (5, 2),
        (7, 2),
        (8, 2),
        (28, 7),
        (31, 7),
        (90, 7),
        (210, 7),
        (211, 8),
        (365, 13),
        (3650, 122),
    ],
)
def test_chunks_are_about_a_week_and_never_more_than_thirty(length: int, size: int) -> None:
    assert chunk_days(length) == size
    assert len(plan(days(1, length), set())) <= MAX_REQUESTS


@given(length=st.integers(1, 4000))
def test_any_range_is_cut_into_chunks_without_gaps(length: int) -> None:
    wanted = days(1, length)
    chunks = plan(wanted, set())
    assert [day for chunk in chunks for day in chunk] == list(wanted)
    assert len(chunks) <= MAX_REQUESTS
    assert max(chunk.days for chunk in chunks) <= chunk_days(length)


@given(length=st.integers(1, 120), covered=st.sets(st.integers(-5, 130)))
def test_days_that_are_covered_are_not_asked_for_again(length: int, covered: set[int]) -> None:
    wanted = days(1, length)
    have = {FIRST + timedelta(days=number) for number in covered}
    chunks = plan(wanted, have)
    assert [day for chunk in chunks for day in chunk] == [day for day in wanted if day not in have]
    assert all(chunk.days <= chunk_days(length) for chunk in chunks)


@given(length=st.integers(1, 400), stopped=st.data())
def test_the_same_call_after_a_stop_asks_for_the_rest_of_the_same_chunks(
    length: int, stopped: st.DataObject
) -> None:
    wanted = days(1, length)
    chunks = plan(wanted, set())
    done = stopped.draw(st.sets(st.sampled_from(chunks)))
    rest = plan(wanted, {day for chunk in done for day in chunk})
    assert rest == [chunk for chunk in chunks if chunk not in done]


def test_nothing_is_asked_for_when_all_is_covered() -> None:
    assert plan(days(3, 9), set(days(1, 31))) == []


# What counts as covered


def test_a_day_is_settled_some_hours_after_its_end() -> None:
    end = end_of(days(1, 1))
    assert not is_settled(FIRST, end - timedelta(hours=3))
    assert not is_settled(FIRST, end + SETTLED_AFTER - timedelta(seconds=1))
    assert is_settled(FIRST, end + SETTLED_AFTER)


@pytest.mark.parametrize(
    ("zone", "day", "ends"),
    [
        ("America/New_York", date(2024, 1, 1), datetime(2024, 1, 2, 5, tzinfo=UTC)),
        ("America/New_York", date(2024, 7, 1), datetime(2024, 7, 2, 4, tzinfo=UTC)),
        ("Asia/Tokyo", date(2024, 1, 1), datetime(2024, 1, 1, 15, tzinfo=UTC)),
        ("UTC", date(2024, 1, 1), datetime(2024, 1, 2, tzinfo=UTC)),
    ],
)
def test_days_of_another_zone_end_at_their_own_midnight(zone: str, day: date, ends: datetime) -> None:
    settled = ends.replace(tzinfo=None) + SETTLED_AFTER
    assert is_settled(day, settled, zone)
    assert not is_settled(day, settled - timedelta(seconds=1), zone)


def test_days_that_were_fetched_too_early_are_stored_but_not_covered() -> None:
    span = days(1, 3)
    chunk = stored(span, end_of(days(1, 2)) + SETTLED_AFTER)
    assert covered_days([chunk], "{}") == set(days(1, 2))
    assert stored_days([chunk], "{}") == set(span)
    assert covered_days([chunk], "{}", "Asia/Tokyo") == set(days(1, 2))
    assert covered_days([chunk], "{}", "America/New_York") == set(days(1, 1))


def test_a_later_fetch_of_the_same_days_covers_them() -> None:
    span = days(1, 3)
    early, late = stored(span, end_of(days(1, 1))), stored(span, end_of(span) + SETTLED_AFTER)
    assert covered_days([early], "{}") == set()
    assert covered_days([early, late], "{}") == set(span)


def test_only_chunks_of_the_same_filters_cover() -> None:
    span, late = days(1, 3), datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    chunks = [stored(span, late, '{"events": ["Visit"]}'), stored(None, late)]
    assert covered_days(chunks, "{}") == stored_days(chunks, "{}") == set()
    assert covered_days(chunks, '{"events": ["Visit"]}') == set(span)
