"""Retention: cohorts, segments, what is known and what is not."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from mixpanel_nb.results import RetentionCohort, RetentionResult

from .reports import cohorts, day, retention


def by_plan() -> RetentionResult:
    free = (
        RetentionCohort(date(2025, 1, 6), 50, (25, 10, 0), "free"),
        RetentionCohort(date(2025, 1, 13), 50, (25, 20, None), "free"),
    )
    nobody = (RetentionCohort(date(2025, 1, 6), 0, (0, 0, 0), "nobody"),)
    return retention(*free, *cohorts("$overall"), *nobody, on="plan")


def test_the_frame_has_a_column_a_period_and_knows_what_is_missing() -> None:
    frame = retention().df
    assert list(frame.columns) == ["cohort_date", "cohort_size", "period_0", "period_1", "period_2"]
    assert frame["cohort_date"].dtype == "datetime64[ns]"
    assert frame["period_2"].dtype == "Int64"
    assert frame["period_2"].isna().tolist() == [False, True, True]
    assert frame["period_1"].tolist() == [100, 0, 10]
    assert retention().records()[1]["period_2"] is None
    assert retention().tuples()[1] == (date(2025, 1, 13), 0, 0, 0, None)


def test_a_breakdown_puts_the_segment_first() -> None:
    frame = by_plan().df
    assert list(frame.columns)[:3] == ["segment", "cohort_date", "cohort_size"]
    assert frame["segment"].unique().tolist() == ["free", "$overall", "nobody"]


def test_rates_are_fractions_and_missing_where_unknown_or_without_users() -> None:
    rates = retention().rates
    assert list(rates.columns) == list(retention().df.columns)
    assert rates["period_0"].dtype == "float64"
    assert rates["period_0"].tolist()[0] == 0.75
    assert math.isnan(rates["period_0"].tolist()[1])  # nobody began
    assert rates["period_2"].isna().tolist() == [False, True, True]
    assert rates["cohort_size"].tolist() == [200, 0, 100]


def test_the_average_weighs_cohorts_and_leaves_out_periods_that_are_not_over() -> None:
    # Period 0 is over for both cohorts with users, 1 and 2 only for the first.
    counted, all_users = 150 * 200 / 300 + 90 * 100 / 300, 200 * 200 / 300 + 100 * 100 / 300
    assert retention().average == {0: pytest.approx(counted / all_users), 1: 0.5, 2: 0.25}
    assert retention().pooled == {0: (150 + 90) / 300, 1: 0.5, 2: 0.25}


def test_the_average_of_a_segment_weighs_its_cohorts_alone() -> None:
    # Of "free", both cohorts know periods 0 and 1, and only the first knows period 2.
    assert by_plan().average_of("free") == {0: 0.5, 1: pytest.approx((0.2 + 0.4) / 2), 2: 0.0}
    assert by_plan().average_of("nobody") == {0: None, 1: None, 2: None}
    assert by_plan().average == by_plan().average_of("$overall")


def test_the_rates_of_a_cohort_are_shares_of_its_size() -> None:
    assert RetentionCohort(day(0), 4, (4, 1, None)).rates == (1.0, 0.25, None)
    assert RetentionCohort(day(0), 0, (0, 0)).rates == (None, None)


def test_the_average_row_of_mixpanels_own_page() -> None:
    """Docs/reports/retention, FAQ 3: 466.66 / 833.33 is 56 %; the third cohort is not over."""
    found = [
        RetentionCohort(day(0), 1000, (0, 500), None, (True, True)),
        RetentionCohort(day(1), 500, (0, 400), None, (True, True)),
        RetentionCohort(day(2), 700, (0, 10), None, (True, False)),
    ]
    result = retention(*found, interval_count=1)
    assert result.average[1] == pytest.approx(0.56)
    assert result.pooled[1] == pytest.approx(0.6)


def test_the_average_row_of_absolute_numbers() -> None:
    """The same question, "# / Absolute view": 500 * 1000 / 1500 + 400 * 500 / 1500 is 466."""
    found = [
        RetentionCohort(day(0), 1000, (500.0,), None, (True,)),
        RetentionCohort(day(1), 500, (400.0,), None, (True,)),
        RetentionCohort(day(2), 700, (10.0,), None, (False,)),
    ]
    result = retention(*found, interval_count=0, prop="revenue")
    assert result.average == {0: pytest.approx(466.67, abs=0.01)}
    assert result.pooled == {0: 900.0}


def test_where_it_is_not_known_what_is_over_all_that_is_known_counts() -> None:
    found = [RetentionCohort(day(0), 100, (50, 10)), RetentionCohort(day(1), 300, (50, None))]
    result = retention(*found, interval_count=1)
    assert result.average == {0: (50 * 100 + 50 * 300) / (100**2 + 300**2), 1: 0.1}
    assert result.pooled == {0: 0.25, 1: 0.1}


def test_an_average_of_nobody_is_none() -> None:
    nobody = RetentionCohort(day(0), 0, (0, 0, None))
    assert retention(nobody).average == {0: None, 1: None, 2: None}


def test_the_average_of_a_breakdown_is_that_of_all_users() -> None:
    assert by_plan().average == retention().average


def test_a_table_has_the_average_first_and_stars_and_blanks() -> None:
    lines = repr(retention()).split("\n")
    table = [line for line in lines if line.startswith(("Average ", "Pooled ", "2025-"))][1:]
    assert [line.split() for line in table] == [
        ["Average", "300", "78.0%", "50.0%", "25.0%"],
        ["Pooled", "300", "80.0%", "50.0%", "25.0%"],
        ["2025-01-06", "200", "75.0%", "50.0%", "25.0%"],
        ["2025-01-13", "0"],
        ["2025-01-20", "100", "90.0%", "10.0%*"],
    ]
    assert "* The period is not over for the whole cohort: the share can still grow." in lines
    assert "Blank: the period has not begun for the cohort." in lines


def test_nothing_is_starred_where_everything_is_over() -> None:
    text = repr(retention(RetentionCohort(day(0), 4, (4, 2, 1), None, (True, True, True))))
    assert "*" not in text
    assert "Blank" not in text


def test_what_can_still_grow_is_told_to_whoever_sees_the_rows_alone() -> None:
    told = "Counts of periods that are not over can still grow: 2025-01-20 from period_1."
    assert retention().remarks == [told]
    assert by_plan().remarks == [told]
    assert retention(RetentionCohort(day(0), 4, (4, 2, 1), None, (True, True, True))).remarks == []


def test_the_words_tell_how_many_users_and_the_share_of_some_periods() -> None:
    card = retention().card()
    assert card.chart is not None
    assert card.chart.alt == (
        "Retention: Sign Up → Purchase, 2025-01-06 to 2025-01-26, cohorts per week, 300 users: "
        "came back on average 50.0% in week 1, 25.0% in week 2."
    )
    assert dict(card.facts) == {"Users, all cohorts": 300, "Cohorts": 3, "Week 1": "50.0%", "Week 2": "25.0%"}


def cells(result: RetentionResult) -> dict[tuple[str, str], dict[str, Any]]:
    """The coloured cells of the heat map by row and column."""
    found = result.chart().to_dict()["datasets"].values()
    return {(row["row"], row["column"]): row for rows in found for row in rows if "fill" in row}


def test_the_heat_map_shows_percentages_and_leaves_unknown_cells_out() -> None:
    found = cells(retention())
    assert found["2025-01-06", "1"]["text"] == "50.0%"
    assert found["2025-01-20", "1"]["text"] == "10.0%*"
    assert ("2025-01-20", "2") not in found
    assert not any(row == "2025-01-13" for row, _ in found)
    assert found["Average", "0"]["text"] == "78.0%"


def test_a_known_zero_is_a_cell_of_its_own() -> None:
    assert cells(retention(RetentionCohort(day(0), 4, (4, 0, None))))["2025-01-01", "1"]["text"] == "0.0%"


def test_cohort_sizes_are_the_first_column() -> None:
    found = retention().chart().to_dict()["datasets"].values()
    leads = {row["row"]: row["lead"] for rows in found for row in rows if "lead" in row and "row" in row}
    assert leads == {
        "Average": "300",
        "Pooled": "300",
        "2025-01-06": "200",
        "2025-01-13": "0",
        "2025-01-20": "100",
    }


def test_a_breakdown_has_one_row_a_segment_all_users_first() -> None:
    rows = [
        row.split()[0]
        for row in repr(by_plan()).split("\n")
        if row.startswith(("Average ", "Pooled ", "free", "nobody"))
    ]
    assert rows == ["Average", "Pooled", "free", "nobody"]
    assert cells(by_plan())["free", "1"]["text"] == "30.0%"
    card = by_plan().card()
    assert card.chart is not None
    assert card.chart.alt.endswith("by plan, came back in week 1: Average 50.0%, free 30.0%.")


def test_very_many_cohorts_are_drawn_as_their_average() -> None:
    found = tuple(
        RetentionCohort(date(2025, 1, 1) + timedelta(days=number), 10, (5, 4, 3)) for number in range(1_000)
    )
    spec = retention(*found, unit="day").chart().to_dict()
    assert spec["mark"]["type"] == "line"
    (points,) = spec["datasets"].values()
    assert [point["y"] for point in points] == [0.5, 0.4, 0.3]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"born_event": None, "return_event": None}, "Retention: any event → any event"),
        ({"type": "compounded"}, "Retention: Purchase → Purchase"),
        ({"mode": "on_or_after"}, "returned in a period or later"),
        ({"mode": "on_or_before"}, "returned in a period or before"),
        ({"mode": "streak"}, "returned in every period so far"),
        ({"born_where": "a == 1"}, "Sign Up where a == 1"),
        ({"return_where": "b == 2"}, "Purchase where b == 2"),
        ({"on": None, "interval": 2}, "Period 1"),
    ],
)
def test_what_was_asked_is_said(changes: dict[str, Any], words: str) -> None:
    assert words in repr(retention(**changes))


def test_periods_are_named_in_the_heat_map() -> None:
    axis = retention(interval=2).chart().to_dict()["layer"][0]["encoding"]["x"]
    assert axis["title"] == "periods of 2 weeks after Sign Up"
    assert retention().chart().to_dict()["layer"][0]["encoding"]["x"]["title"] == "weeks after Sign Up"


def spent(**changes: Any) -> RetentionResult:
    """What two cohorts spent, one of them still spending, one that was not fetched."""
    found = (
        RetentionCohort(date(2025, 1, 6), 200, (1500.0, 500.5, 0.0), None, (True, True, True)),
        RetentionCohort(date(2025, 1, 13), 100, (900.0, 100.0, None), None, (True, False, False)),
        RetentionCohort(date(2025, 1, 20), None, (None, None, None), None, (False, False, False)),
    )
    return retention(*found, **{"prop": "revenue", **changes})


def test_sums_are_amounts_and_their_average_is_weighted() -> None:
    frame = spent().df
    assert frame["period_1"].tolist()[:2] == [500.5, 100.0]
    assert frame["period_1"].dtype == "Float64"
    assert frame["cohort_size"].isna().tolist() == [False, False, True]
    assert spent().average == {0: (1500 * 200 + 900 * 100) / 300, 1: 500.5, 2: 0.0}
    assert spent().pooled == {0: 2400.0, 1: 500.5, 2: 0.0}


def test_an_average_of_a_property_is_per_user_of_the_cohort() -> None:
    result = spent(measure="average")
    assert result.df["period_0"].tolist()[:2] == [7.5, 9.0]
    assert result.average[0] == pytest.approx((1500 * 200 + 900 * 100) / (200**2 + 100**2))
    assert result.pooled[0] == 2400 / 300


def test_a_card_of_sums_names_them_and_both_averages() -> None:
    text = repr(spent(mode="on_or_before"))
    assert "sum of revenue up to a period" in text
    table = [line.split() for line in text.split("\n") if line.startswith(("Average ", "Pooled ", "2025-"))][
        1:
    ]
    assert table == [
        ["Average", "300", "1,300.00", "500.50", "0.00"],
        ["Pooled", "300", "2,400.00", "500.50", "0.00"],
        ["2025-01-06", "200", "1,500.00", "500.50", "0.00"],
        ["2025-01-13", "100", "900.00", "100.00*"],
        ["2025-01-20"],
    ]
    assert "Pooled: the sum of those cohorts, coloured on a scale of its own." in text
    assert cells(spent())["2025-01-06", "0"]["text"] == "1,500"
    assert cells(spent())["2025-01-13", "1"]["text"] == "100*"
    assert "revenue per user" in repr(spent(measure="average"))


def test_brackets_are_named_by_their_first_and_last_unit() -> None:
    card = retention(brackets=(0, 1, 3, 7), unit="day").card()
    assert card.table is not None
    assert [column.name for column in card.table.columns] == ["cohort", "users", "0", "1–2", "3–6"]
    assert [name for name, _ in card.facts] == ["Users, all cohorts", "Cohorts", "Days 1–2", "Days 3–6"]


def test_several_breakdowns_have_a_column_each() -> None:
    pairs = [("$overall", "$overall"), ("free", "DE")]
    found = [cohort for pair in pairs for cohort in cohorts(pair)]
    result = retention(*found, on=("plan", "cohort_size"))
    assert list(result.df.columns)[:4] == ["plan", "cohort_size_2", "cohort_date", "cohort_size"]
    assert result.df["cohort_size_2"].unique().tolist() == ["$overall", "DE"]
    assert result.average == retention().average
    assert "free · DE" in repr(result)
    assert "by plan · cohort_size" in repr(result)


def test_numbers_can_be_computed_with_in_pandas() -> None:
    frame = retention().df
    shares = frame["period_0"] / frame["cohort_size"].replace(0, pd.NA)
    assert shares.tolist()[0] == 0.75
