"""Days as people write them, and ranges of days that Mixpanel takes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries.checks import Day
from mixpanel_nb.services.dates import parse_range, table_range

DAY = date(2025, 1, 31)


@pytest.mark.parametrize(
    "value",
    [
        "2025-01-31",
        " 2025-01-31\n",
        DAY,
        datetime(2025, 1, 31, 23, 59, tzinfo=UTC),
        pd.Timestamp("2025-01-31 12:00"),
    ],
)
def test_days_that_are_understood(value: Any) -> None:
    found = Day()(value, "from_date")
    assert found == DAY
    assert type(found) is date


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2025-1-31",
        "31.01.2025",
        "2025-02-30",
        "2025-13-01",
        "20250131",
        "2025-01-31T00:00",
        "today",
        "２０２５-01-31",
        None,
        20250131,
        True,
        1735689600.0,
    ],
)
def test_what_is_no_day_is_refused_by_name(value: Any) -> None:
    with pytest.raises(ParameterError, match=r"^to_date is '.*', which is not a day") as raised:
        Day()(value, "to_date")
    assert raised.value.hint == "Write it as YYYY-MM-DD, for example 2025-01-31."
    assert raised.value.details["parameter"] == "to_date"


def test_a_very_long_value_is_not_repeated_whole() -> None:
    with pytest.raises(ParameterError) as raised:
        Day()("x" * 5000, "to_date")
    assert len(str(raised.value)) < 200


def test_a_range_may_be_a_single_day() -> None:
    assert parse_range("2025-01-31", DAY) == (DAY, DAY)


def test_the_wrong_way_round_is_said() -> None:
    with pytest.raises(ParameterError, match="from_date 2025-02-01 is after to_date 2025-01-31"):
        parse_range("2025-02-01", "2025-01-31")


def test_each_end_is_named_when_it_is_no_day() -> None:
    with pytest.raises(ParameterError, match="from_date is 'x'"):
        parse_range("x", "y")
    with pytest.raises(ParameterError, match="to_date is 'y'"):
        parse_range("2025-01-01", "y")


def test_days_before_mixpanels_earliest_are_refused() -> None:
    earliest = date(1971, 1, 1)
    assert parse_range(earliest, earliest) == (earliest, earliest)
    with pytest.raises(ParameterError, match="1970-12-31 is before 1971-01-01"):
        parse_range("1970-12-31", "2025-01-01")


def test_a_table_takes_any_day_but_no_slip_of_the_pen() -> None:
    assert table_range(date(1900, 1, 1), date(2199, 12, 31)) == (date(1900, 1, 1), date(2199, 12, 31))
    for days in (("1899-12-31", "2025-01-01"), ("2025-01-01", "2200-01-01"), ("0001-01-01", "9999-12-31")):
        with pytest.raises(ParameterError, match="is not between 1900-01-01 and 2199-12-31") as raised:
            table_range(*map(date.fromisoformat, days))
        assert raised.value.hint == "Check the year."


def test_the_future_begins_where_it_is_tomorrow_everywhere() -> None:
    easternmost = (datetime.now(UTC) + timedelta(hours=14)).date()
    assert parse_range("2025-01-01", easternmost)[1] == easternmost
    with pytest.raises(ParameterError, match="is in the future") as raised:
        parse_range("2025-01-01", easternmost + timedelta(days=1))
    assert raised.value.hint is not None
    assert "or an earlier day" in raised.value.hint
