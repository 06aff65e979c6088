"""Segmentation, event counts, property counts, top events, and the numeric reports."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.display import ramp_colors
from mixpanel_nb.results import TopEvent

from .reports import (
    average,
    buckets,
    day,
    days,
    event_counts,
    plans,
    property_counts,
    range_of,
    segmentation,
    top_events,
    total,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import ReportResult


ONE_DAY: dict[str, Any] = range_of(days(1))


class TestSegmentation:
    def test_every_date_and_segment_has_a_row_by_date_and_then_by_rank(self) -> None:
        frame = plans().df
        assert list(frame.columns) == ["date", "segment", "count", "complete"]
        assert frame["date"].dtype == "datetime64[ns]"
        assert frame["count"].dtype == "int64"
        assert frame["segment"].tolist() == ["pro", "free"] * 4
        assert frame["count"].tolist() == [10, 3, 11, 0, 12, 5, 13, 0]
        assert plans().tuples()[3] == (date(2025, 1, 2), "free", 0, True)
        assert plans().records()[3] == {"date": "2025-01-02", "segment": "free", "count": 0, "complete": True}

    def test_averages_are_floats_also_where_nothing_happened(self) -> None:
        result = segmentation({"pro": {day(0): 1.5}}, type="average")
        assert result.df["count"].tolist() == [1.5, 0.0, 0.0, 0.0]
        assert result.df["count"].dtype == "float64"

    def test_without_a_breakdown_and_without_events_there_is_still_the_total(self) -> None:
        assert segmentation({}, on=None).df["segment"].unique().tolist() == ["total"]

    def test_totals_are_the_events_of_each_segment(self) -> None:
        assert plans().totals == {"pro": 46, "free": 8}

    def test_the_series_in_numbers_are_those_of_the_rows(self) -> None:
        result = plans(5)
        for series in result.series:
            counts = [count for _, name, count, _ in result.tuples() if name == series.name]
            assert list(series.counts) == counts
            assert (series.total, series.low, series.high) == (sum(counts), min(counts), max(counts))
            assert series.mean == sum(counts) / len(counts)
            assert series.peak == result.dates[counts.index(max(counts))]
            before, after = (
                counts[0] + counts[1],
                counts[3] + counts[4],
            )  # without the third of five
            assert series.change == after / before - 1
        assert plans(4, values={"pro": {day(3): 1}}).series[0].change is None
        assert plans(4, dates=()).series == []

    def test_hours_are_datetimes_and_keep_their_time_in_json(self) -> None:
        hours = tuple(datetime(2025, 1, 1, 22) + timedelta(hours=hour) for hour in range(3))
        result = segmentation({"total": {hours[1]: 4}}, on=None, unit="hour", dates=hours)
        assert result.df["date"].dtype == "datetime64[ns]"
        assert result.records()[1] == {
            "date": "2025-01-01T23:00:00",
            "segment": "total",
            "count": 4,
            "complete": True,
        }
        assert result.to_dict()["values"] == {"total": {"2025-01-01T23:00:00": 4}}
        assert "2025-01-01 23:00:00" in repr(result)

    def test_few_dates_are_a_table_of_dates_and_segments(self) -> None:
        assert repr(plans()).split("\n")[-6:] == [
            "date        pro  free",
            "─────────────────────",
            "2025-01-01   10     3",
            "2025-01-02   11     0",
            "2025-01-03   12     5",
            "2025-01-04   13     0",
        ]

    def test_many_dates_are_summed_up_a_row_a_segment(self) -> None:
        lines = repr(plans(30)).split("\n")
        assert re.split(r"\s{2,}", lines[-4].strip()) == [
            *("segment", "events", "share", "mean per day", "lowest", "highest", "highest on"),
            "2nd half vs 1st",
        ]
        assert lines[-2].split() == ["pro", "735", "98.9%", "24.50", "10", "39", "2025-01-30", "+88.2%"]
        assert lines[-1].split() == ["free", "8", "1.1%", "0.27", "0", "5", "2025-01-03", "-100.0%"]

    def test_asking_for_more_rows_gives_the_dates(self) -> None:
        assert "2025-01-30" in plans(30).to_text(max_rows=30).split("\n")[-1]

    def test_one_series_is_a_table_of_dates_and_says_where_the_rest_is(self) -> None:
        counts = {day(number): number for number in range(30)}
        text = repr(segmentation({"total": counts}, 30, on=None, type="unique"))
        assert "10 of 30 rows shown — .df has them all" in text
        words = "users per day: mean 14.5, highest 29 on 2025-01-30, lowest 0, first 0, last 29."
        assert words in text.replace("\n", " ")

    def test_the_words_of_the_chart_tell_totals_shares_and_the_peak(self) -> None:
        card = plans().card()
        assert card.chart is not None
        assert card.chart.alt == (
            "Sign Up by plan, 2025-01-01 to 2025-01-04, events per day, in total: "
            "pro 46 (85.2%), free 8 (14.8%); highest 13 on 2025-01-04 (pro)."
        )
        assert dict(card.facts) == {"Total": 54, "Per day": 13.5, "Segments": 2}

    @pytest.mark.parametrize(
        "result",
        [
            segmentation({"total": {day(0): 7}}, 1, on=None, unit="month"),
            event_counts(**ONE_DAY, events=("Sign Up",), values={"Sign Up": {day(0): 7}}),
            total(**ONE_DAY, values={day(0): 7.0}),
            average(**ONE_DAY, values={day(0): 7.0}),
        ],
        ids=lambda result: type(result).__name__,
    )
    def test_a_card_shows_one_number_without_a_chart_and_a_chart_draws_it(self, result: ReportResult) -> None:
        assert result.card().chart is None
        assert "7" in result.to_text()
        drawn = list(result.chart().to_dict()["datasets"].values())
        assert 7 in [value for rows in drawn for row in rows for value in row.values()]

    @pytest.mark.parametrize(
        ("unit", "said"),
        [("month", "in Jan 2025"), ("week", "in the week of 2025-01-01"), ("day", "on 2025-01-01")],
    )
    def test_the_highest_is_of_its_bucket(self, unit: str, said: str) -> None:
        result = segmentation({"total": {day(0): 7, day(1): 3}}, 2, on=None, unit=unit)
        assert dict(result.card().facts)["Highest"] == f"7 {said}"

    def test_a_long_table_over_time_shows_its_last_rows(self) -> None:
        counts = {day(number): number for number in range(30)}
        text = repr(segmentation({"total": counts}, 30, on=None))
        assert "last 10 of 30 rows shown" in text
        assert "2025-01-30" in text and "2025-01-20" not in text

    def test_a_line_of_many_days_is_a_rolling_mean_before_faint_days(self) -> None:
        counts = {day(number): number for number in range(140)}
        spec = segmentation({"total": counts}, 140, on=None).chart().to_dict()
        assert spec["layer"][-1]["encoding"]["y"]["title"] == "events, mean of 7 days"
        points = [point for found in spec["datasets"].values() for point in found if "y" in point]
        smooth = [point["y"] for point in points if point["x"].startswith("2025-02-01")]
        assert sorted(smooth) == [28.0, 31.0]  # the mean of the last 7 days, and the day

    def test_an_expression_that_is_one_property_is_called_by_its_name(self) -> None:
        assert plans(on='properties["plan"]').card().title == "Sign Up by plan"
        assert plans(on='user["plan"] + "x"').card().title == 'Sign Up by user["plan"] + "x"'

    def test_the_filter_is_said(self) -> None:
        result = plans(where='properties["country"] == "FR"')
        assert 'where properties["country"] == "FR"' in (result.card().subtitle or "")

    def test_only_the_largest_of_many_segments_are_drawn_and_that_is_said(self) -> None:
        values = {f"city {number}": {day(0): 100 - number, day(1): 1} for number in range(20)}
        result = segmentation(values, 2, left_out=3)
        names = result.chart().to_dict()["encoding"]["color"]["sort"]
        assert names == [f"city {number}" for number in range(7)]
        assert "The chart shows the 7 largest of 20 segments." in result.card().notes
        assert "3 smaller segments are beyond the limit and left out." in result.card().notes
        assert (
            "The chart shows the 7 largest of 20 segments." in result.chart().to_dict()["title"]["subtitle"]
        )
        assert dict(result.card().facts)["Total shown"] == sum(range(81, 101)) + 20

    def test_segments_that_begin_alike_stay_apart(self) -> None:
        values = {f"{'x' * 200}{number}": {day(0): 5 - number, day(1): 1} for number in range(2)}
        names = segmentation(values, 2).chart().to_dict()["encoding"]["color"]["sort"]
        assert len(set(names)) == 2

    def test_one_date_is_bars_with_numbers_and_shares(self) -> None:
        result = plans(1)
        spec = result.chart().to_dict()
        assert [layer["mark"]["type"] for layer in spec["layer"]] == ["bar", "text"]
        (bars,) = spec["datasets"].values()
        assert [row["text"] for row in bars] == ["10 · 76.9%", "3 · 23.1%"]

    def test_very_many_minutes_are_drawn_as_means_and_that_is_said(self) -> None:
        start = datetime(2025, 1, 1)
        minutes = tuple(start + timedelta(minutes=number) for number in range(3_000))
        counts = dict.fromkeys(minutes, 2) | {minutes[0]: 8}
        result = segmentation({"total": counts}, on=None, unit="minute", dates=minutes)
        (points,) = result.chart().to_dict()["datasets"].values()
        assert len(points) == 1_000
        assert points[0]["y"] == 4
        assert "Each point of the chart is the mean of 3 minutes." in result.card().notes


class TestEventCounts:
    def test_events_come_in_the_order_asked_for_also_those_that_never_happened(self) -> None:
        frame = event_counts().df
        assert list(frame.columns) == ["date", "event", "count", "complete"]
        assert frame["event"].tolist() == ["Sign Up", "Purchase", "Never"] * 2
        assert frame["count"].tolist() == [7, 0, 0, 0, 2, 0]

    def test_the_title_names_them(self) -> None:
        assert event_counts().card().title == "Sign Up, Purchase, Never"

    def test_nothing_names_what_was_asked(self) -> None:
        empty = event_counts(values={}).card().empty
        assert empty == "No Sign Up, Purchase, Never events from 2025-01-01 to 2025-01-02."


class TestPropertyCounts:
    def test_values_come_by_rank_with_zeros(self) -> None:
        frame = property_counts().df
        assert list(frame.columns) == ["date", "value", "count", "complete"]
        assert frame["value"].tolist() == ["pro", "free", "pro", "free"]
        assert frame["count"].tolist() == [7, 0, 1, 2]

    def test_users_have_no_total(self) -> None:
        assert "Total" not in dict(property_counts().card().facts)


class TestTopEvents:
    def test_rows_are_events_with_their_change(self) -> None:
        frame = top_events().df
        assert frame.columns.tolist() == ["event", "count", "percent_change"]
        assert frame["percent_change"].tolist() == [0.5, -0.25, 1.0]

    def test_changes_have_a_sign(self) -> None:
        lines = repr(top_events()).split("\n")
        assert lines[-3:] == [
            "Page View   1,200      +50.0%",
            "Purchase       30      -25.0%",
            "New             2     +100.0%",
        ]
        assert "Page View 1,200 (+50.0%), Purchase 30 (-25.0%)" in " ".join(lines)

    def test_no_change_has_no_sign(self) -> None:
        assert "0.0%" in repr(top_events(events=(TopEvent("a", 5, -0.00001),)))
        assert "-0.0%" not in repr(top_events(events=(TopEvent("a", 5, -0.00001),)))

    def test_the_bars_are_those_of_the_most_frequent_and_that_is_said(self) -> None:
        events = tuple(TopEvent(f"event {number}", 100 - number, 0.0) for number in range(30))
        result = top_events(events=events)
        assert len(next(iter(result.chart().to_dict()["datasets"].values()))) == 20
        assert "The chart shows the 20 largest of 30 events." in result.card().notes


class TestNumericBuckets:
    def test_every_range_has_a_row_in_ascending_order(self) -> None:
        frame = buckets().df
        assert list(frame.columns) == ["date", "bucket", "count", "complete"]
        assert frame["bucket"].tolist() == ["2,000 - 2,100", "2,100 - 2,200", "2,200 - 2,300"] * 2
        assert frame["count"].tolist() == [4, 0, 1, 0, 0, 5]

    @pytest.mark.parametrize(
        ("width", "low", "label"),
        [
            (100, 20, "2,000 - 2,100"),
            (1, -1, "-1 - 0"),
            (0.5, 3, "1.5 - 2.0"),
            (0.05, 3, "0.15 - 0.20"),
            (0.001, 7, "0.007 - 0.008"),
            (1e6, 2, "2,000,000 - 3,000,000"),
        ],
    )
    def test_labels_have_as_many_decimals_as_the_width_needs(
        self, width: float, low: int, label: str
    ) -> None:
        result = buckets(buckets=((low * width, (low + 1) * width),), values={0: {day(0): 1}})
        assert result.labels == [label]

    def test_events_are_stacked_and_users_are_not(self) -> None:
        assert buckets().chart().to_dict()["mark"]["type"] == "bar"
        assert buckets(type="unique").chart().to_dict()["mark"]["type"] == "line"
        assert buckets(dates=days(60)).chart().to_dict()["mark"]["type"] == "area"

    def test_ranges_have_colours_in_their_order(self) -> None:
        scale = buckets().chart().to_dict()["encoding"]["color"]["scale"]
        assert scale["domain"] == ["2,000 - 2,100", "2,100 - 2,200", "2,200 - 2,300"]
        assert scale["range"] == ramp_colors(3)

    def test_one_date_is_a_bar_a_range_in_the_order_of_the_ranges(self) -> None:
        (rows,) = buckets(dates=days(1)).chart().to_dict()["datasets"].values()
        assert [row["name"] for row in rows] == ["2,000 - 2,100", "2,100 - 2,200", "2,200 - 2,300"]


class TestNumericSumAndAverage:
    def test_a_sum_of_nothing_is_zero(self) -> None:
        frame = total().df
        assert list(frame.columns) == ["date", "sum", "complete"]
        assert frame["sum"].tolist() == [10.5, 0.0, 1200.25]
        assert dict(total().card().facts)["Total"] == "1,210.75"

    def test_an_average_of_nothing_is_missing(self) -> None:
        frame = average().df
        assert list(frame.columns) == ["date", "average", "complete"]
        assert frame["average"].dtype == "float64"
        assert frame["average"].isna().tolist() == [False, True, False]
        assert average().records()[1] == {"date": "2025-01-02", "average": None, "complete": True}
        assert average().tuples()[1] == (date(2025, 1, 2), None, True)

    def test_a_missing_average_leaves_a_gap_in_the_line(self) -> None:
        (points,) = average().chart().to_dict()["datasets"].values()
        assert [point["y"] for point in points] == [10.0, None, 12.5]

    def test_the_words_name_the_extremes(self) -> None:
        card = average().card()
        assert card.title == "Purchase: average amount"
        assert dict(card.facts) == {"Highest": "12.50 on 2025-01-03", "Lowest": "10 on 2025-01-01"}
        assert card.chart is not None
        assert card.chart.alt.startswith("Purchase: average amount, 2025-01-01 to 2025-01-03: highest 12.5")


class TestPartlyCoveredBuckets:
    """Nobody should take the last days of a range for a fall."""

    @pytest.mark.parametrize(
        ("unit", "first", "last", "dates", "note"),
        [
            (
                "week",
                (2025, 1, 1),
                (2025, 1, 21),
                (date(2024, 12, 30), date(2025, 1, 20)),
                "first and the last",
            ),
            ("week", (2025, 1, 6), (2025, 1, 21), (date(2025, 1, 6), date(2025, 1, 20)), "last"),
            ("month", (2024, 12, 2), (2025, 2, 28), (date(2024, 12, 1), date(2025, 2, 1)), "first"),
        ],
    )
    def test_a_note_says_so(
        self,
        unit: str,
        first: tuple[int, int, int],
        last: tuple[int, int, int],
        dates: tuple[date, ...],
        note: str,
    ) -> None:
        range_: dict[str, Any] = {
            "unit": unit,
            "from_date": date(*first),
            "to_date": date(*last),
            "dates": dates,
        }
        verb = "lie" if " and " in note else "lies"
        expected = f"The {note} {unit} {verb} only partly within these days."
        values = dict.fromkeys(dates, 5)
        assert expected in plans(values={"pro": values}, **range_).card().notes
        assert expected in total(values=values, **range_).card().notes

    def test_whole_weeks_months_and_days_need_none(self) -> None:
        weeks = {"unit": "week", "from_date": date(2025, 1, 6), "to_date": date(2025, 1, 19)}
        months = {"unit": "month", "from_date": date(2024, 12, 1), "to_date": date(2025, 1, 31)}
        starts = {
            "week": (date(2025, 1, 6), date(2025, 1, 13)),
            "month": (date(2024, 12, 1), date(2025, 1, 1)),
        }
        for range_ in (weeks, months):
            dates = starts[str(range_["unit"])]
            assert total(values=dict.fromkeys(dates, 1.0), dates=dates, **range_).card().notes == []
        assert total().card().notes == []

    def test_a_single_week_is_neither_first_nor_last(self) -> None:
        range_ = {"unit": "week", "from_date": date(2025, 1, 7), "to_date": date(2025, 1, 8)}
        week = date(2025, 1, 6)
        notes = total(values={week: 1.0}, dates=(week,), **range_).card().notes
        assert notes == ["The week lies only partly within these days."]
