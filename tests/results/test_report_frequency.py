"""In how many days of a week, or hours of a day, users were active."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from .reports import days, frequency

if TYPE_CHECKING:
    from mixpanel_nb.results import FrequencyResult


@pytest.mark.parametrize(
    ("unit", "addiction_unit", "periods"),
    [
        ("day", "hour", 24),
        ("week", "hour", 168),
        ("month", "hour", 744),
        ("day", "day", 1),
        ("week", "day", 7),
        ("month", "day", 31),
    ],
)
def test_columns_are_as_many_as_the_unit_has_parts(unit: str, addiction_unit: str, periods: int) -> None:
    frame = frequency(unit=unit, addiction_unit=addiction_unit, counts={}).df
    names = [f"period_{number}" for number in range(1, periods + 1)]
    assert list(frame.columns) == ["date", *names, "complete"]


def test_dates_without_users_are_rows_of_zero() -> None:
    frame = frequency().df
    assert frame["date"].dtype == "datetime64[ns]"
    assert frame.iloc[0].tolist()[1:] == [40, 20, 10, 0, 0, 0, 0, True]
    assert frame.iloc[1].tolist()[1:] == [*[0] * 7, True]
    assert set(frame.dtypes.astype(str)[1:-1]) == {"int64"}
    assert frequency().records()[1]["date"] == "2025-01-13"


def test_the_table_ends_with_the_last_period_anybody_reached() -> None:
    lines = repr(frequency()).split("\n")
    assert lines[-4].split("  ")[0] == "week"
    assert lines[-4].endswith("≥ 1 day  ≥ 2  ≥ 3")
    assert lines[-2].split() == ["2025-01-06", "40", "20", "10"]


def test_the_words_tell_active_users_and_shares() -> None:
    card = frequency().card()
    assert card.title == "Days with any event per week"
    assert dict(card.facts) == {"Active users per week": 20.0, "Of them in ≥ 2 days": "50.0%"}
    assert card.chart is not None
    assert card.chart.alt == (
        "Days with any event per week, 2025-01-06 to 2025-01-19: 20.0 active users per week; "
        "of them 50.0% in at least 2 days, 25.0% in at least 3 days."
    )


def cells(result: FrequencyResult) -> dict[tuple[str, str], Any]:
    found = result.chart().to_dict()["datasets"].values()
    return {(row["row"], row["column"]): row["text"] for rows in found for row in rows if "fill" in row}


def test_the_heat_map_has_the_shares_of_active_users_and_no_cells_without_them() -> None:
    assert cells(frequency()) == {
        ("2025-01-06", "1"): "100.0%",
        ("2025-01-06", "2"): "50.0%",
        ("2025-01-06", "3"): "25.0%",
    }


def partly(**changes: Any) -> FrequencyResult:
    """A whole week, one of which only a part was counted, and one that was not fetched."""
    dates = (date(2025, 1, 6), date(2025, 1, 13), date(2025, 1, 20))
    counts = {dates[0]: (40, 20, 10), dates[1]: (10, 9)}
    fields = {"dates": dates, "counts": counts, "complete": (True, False, None)}
    return frequency(to_date=date(2025, 1, 26), **(fields | changes))


def test_weeks_counted_in_part_are_marked_and_outside_the_averages() -> None:
    result = partly()
    assert result.df["complete"].tolist() == [True, False, False]
    assert result.df["period_1"].tolist()[:2] == [40, 10]
    assert result.df["period_1"].isna().tolist() == [False, False, True]
    assert result.average == [1.0, 0.5, 0.25]
    assert result.mean_active == 40
    assert cells(result)["2025-01-13", "2"] == "90.0%*"
    assert not [row for row, _ in cells(result) if row == "2025-01-20"]
    assert "* Only a part of the week was counted." in result.card().notes


def test_weeks_counted_in_part_are_averaged_where_no_other_has_users() -> None:
    result = partly(complete=(None, False, True))
    assert (result.mean_active, result.average) == (0, [1.0, 0.9])


def test_a_long_range_is_drawn_as_its_average() -> None:
    dates = days(400)
    counts = dict.fromkeys(dates, (10, 5, 4, 3, 2, 1))
    result = frequency(unit="day", addiction_unit="hour", dates=dates, counts=counts)
    spec = result.chart().to_dict()
    assert spec["mark"]["type"] == "line"
    (points,) = spec["datasets"].values()
    assert [point["y"] for point in points] == [1.0, 0.5, 0.4, 0.3, 0.2, 0.1]


def test_figures_of_frequency_are_those_of_its_rows() -> None:
    counts = {date(2025, 1, 6): (40, 20, 10), date(2025, 1, 13): (20, 5)}
    result = frequency(counts=counts)
    weeks = [sum(row[1:2]) for row in result.tuples()]
    assert result.mean_active == sum(weeks) / len(weeks) == 30
    assert result.reached == 3
    assert result.average == [1.0, 25 / 60, 10 / 60]


def test_figures_of_nobody_are_zero() -> None:
    assert frequency(counts={}).mean_active == 0
    assert frequency(dates=(), counts={}).mean_active == 0
    assert (frequency(counts={}).reached, frequency(counts={}).average) == (0, [])


def test_nobody_is_said() -> None:
    result = frequency(event="Purchase", counts={date(2025, 1, 6): (0, 0)})
    assert result.card().empty == "No user did Purchase from 2025-01-06 to 2025-01-19."
