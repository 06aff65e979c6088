"""Where time axes have their labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.display.time_ticks import time_ticks

NEW_YEAR = datetime(2025, 1, 1, tzinfo=UTC)


def labels(count: int, step: timedelta, start: datetime = NEW_YEAR) -> list[str]:
    places, form = time_ticks([start + place * step for place in range(count)])
    return [place.strftime(form) for place in places]


def test_a_month_of_days_has_its_mondays() -> None:
    assert labels(31, timedelta(days=1)) == ["Jan 6", "Jan 13", "Jan 20", "Jan 27"]


def test_a_quarter_has_every_second_monday_and_two_years_have_firsts_of_quarters() -> None:
    assert labels(90, timedelta(days=1))[:3] == ["Jan 6", "Jan 20", "Feb 3"]
    assert labels(730, timedelta(days=1))[:3] == ["Jan 2025", "Apr 2025", "Jul 2025"]


def test_weeks_have_their_own_first_days() -> None:
    sunday = datetime(2025, 1, 5, tzinfo=UTC)
    assert labels(6, timedelta(days=7), sunday) == ["Jan 5", "Jan 12", "Jan 19", "Jan 26", "Feb 2", "Feb 9"]


def test_hours_of_a_day_are_full_hours() -> None:
    assert labels(24, timedelta(hours=1))[:3] == ["00:00", "03:00", "06:00"]


def test_few_days_have_each_its_label() -> None:
    assert labels(3, timedelta(days=1)) == ["Jan 1", "Jan 2", "Jan 3"]
    assert labels(1, timedelta(days=1)) == ["2025-01-01"]
    assert labels(0, timedelta(days=1)) == []


@given(
    st.lists(
        st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)),
        min_size=2,
        max_size=40,
        unique=True,
    ),
    st.booleans(),
)
def test_there_are_never_too_many_labels_and_all_are_on_the_axis(
    found: list[datetime], are_days: bool
) -> None:
    times = sorted({time.replace(tzinfo=UTC) for time in found})
    if are_days:
        times = sorted({time.replace(hour=0, minute=0, second=0, microsecond=0) for time in times})
    places, _ = time_ticks(times)
    assert len(places) <= 8
    assert places == sorted(places)
    assert all(times[0] <= place <= times[-1] for place in places)


@pytest.mark.parametrize("days", range(2, 900, 7))
def test_every_span_of_days_has_two_labels_or_more(days: int) -> None:
    assert len(labels(days, timedelta(days=1))) >= 2
