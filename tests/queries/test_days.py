"""Days and periods as analysts type them, against a calendar that is walked day by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries import days

TODAY = date(2026, 3, 1)
DAY = timedelta(days=1)
SOME_DAY = st.dates(date(1990, 1, 1), date(2090, 12, 31))


def walked(belongs: Any, near: date, reach: int = 800) -> list[date]:
    """The days around one that belong to a period."""
    return [day for day in (near + n * DAY for n in range(-reach, reach)) if belongs(day)]


@given(SOME_DAY)
def test_periods_are_those_of_the_calendar(day: date) -> None:
    week = day.isocalendar()[:2]
    quarter = (day.year, (day.month - 1) // 3)
    periods: dict[str, Any] = {
        f"{day:%Y-%m-%d}": lambda each: each == day,
        f"{day:%Y-%m}": lambda each: (each.year, each.month) == (day.year, day.month),
        f"{day.year}": lambda each: each.year == day.year,
        f"{day.year}-Q{quarter[1] + 1}": lambda each: (each.year, (each.month - 1) // 3) == quarter,
        f"{week[0]}-W{week[1]:02}": lambda each: each.isocalendar()[:2] == week,
    }
    for text, belongs in periods.items():
        found = walked(belongs, day)
        assert days.period(text, "during", TODAY) == (found[0], found[-1])
        assert days.first_day(text.lower(), "from_date", TODAY) == found[0]
        assert days.last_day(f" {text} ", "to_date", TODAY) == found[-1]


@given(SOME_DAY, st.integers(1, 400))
def test_days_and_weeks_are_counted_with_the_last_one(last: date, number: int) -> None:
    assert (last - days.days_before(f"{number}d", "last", last)).days == number - 1
    assert days.days_before(number, "last", last) == days.days_before(f"{number}d", "last", last)
    assert (last - days.days_before(f"{number}w", "last", last)).days == 7 * number - 1


@pytest.mark.parametrize(
    ("length", "last", "first"),
    [
        ("3m", "2025-03-31", "2025-01-01"),
        ("1m", "2025-02-28", "2025-02-01"),
        ("1m", "2025-03-30", "2025-03-01"),  # there is no 31 February
        ("1y", "2025-12-31", "2025-01-01"),
        ("1y", "2024-02-28", "2023-03-01"),
        ("2 W", "2025-01-14", "2025-01-01"),
    ],
)
def test_months_and_years_end_with_the_last_day(length: str, last: str, first: str) -> None:
    assert str(days.days_before(length, "last", date.fromisoformat(last))) == first


def test_today_is_that_of_the_project() -> None:
    assert days.period("today", "during", TODAY) == (TODAY, TODAY)
    assert days.single_day("Yesterday", "date", TODAY) == date(2026, 2, 28)
    assert days.period("2025-01..yesterday", "during", TODAY) == (date(2025, 1, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    "text", ["", "2025-13", "2025-02-30", "2025-W54", "2025-Q5", "25-01-01", "tomorrow", "2025-1-1", "0000"]
)
def test_what_is_neither_day_nor_period_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ParameterError, match="neither a day nor a period") as refused:
        days.first_day(text, "from_date", TODAY)
    assert "2025-W05" in str(refused.value)
    assert "yesterday" in str(refused.value)


@pytest.mark.parametrize("text", ["", "30", "d", "0d", "-3d", "30x", "1.5d", "999y", "3 months", True])
def test_what_is_no_length_is_refused_with_the_forms(text: Any) -> None:
    with pytest.raises(ParameterError, match="no length of time") as refused:
        days.days_before(text, "last", TODAY)
    assert "30d, 12w, 3m or 1y" in str(refused.value)


def test_several_days_are_not_one() -> None:
    with pytest.raises(ParameterError, match="which is 31 days"):
        days.single_day("2025-01", "date", TODAY)
    with pytest.raises(ParameterError, match="is after"):
        days.period("2025-03..2025-01", "during", TODAY)
