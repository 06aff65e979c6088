"""Funnels: of all users, of segments, over time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb.results import FunnelTimes

from .reports import day, funnel, path

if TYPE_CHECKING:
    from mixpanel_nb.results import FunnelResult

SEGMENTS = [("$overall", 100, 50, 20), ("free", 80, 40, 8), ("pro", 20, 10, 12), ("nobody", 0, 0, 0)]


def by_plan() -> FunnelResult:
    return funnel(*(path(*counts, segment=name) for name, *counts in SEGMENTS), on="plan")


def over_time() -> FunnelResult:
    counts = [(10, 5, 2), (0, 0, 0), (20, 10, 8)]
    return funnel(*(path(*steps, date=day(number)) for number, steps in enumerate(counts)), unit="day")


MEASURES = ["step", "event", "count", "step_conv_ratio", "overall_conv_ratio", "avg_time"]
MEASURES += ["avg_time_from_start", "median_time", "median_time_from_start", "p90_time"]
MEASURES += ["p90_time_from_start", "low", "high"]


@pytest.mark.parametrize(
    ("result", "split"), [(funnel(), []), (by_plan(), ["segment"]), (over_time(), ["date"])]
)
def test_columns_say_how_the_funnel_is_split(result: FunnelResult, split: list[str]) -> None:
    assert list(result.df.columns) == [*split, *MEASURES]


def test_columns_of_segments_over_time() -> None:
    result = funnel(path(4, 2, 1, date=day(0), segment="pro"), unit="day", on="plan")
    assert list(result.df.columns)[:3] == ["date", "segment", "step"]
    assert result.df["date"].dtype == "datetime64[ns]"
    assert result.records()[0]["date"] == "2025-01-01"


def test_types_hold_also_where_times_are_missing() -> None:
    types = funnel(path(5, 0, 0)).df.dtypes.astype(str).to_dict()
    assert types["avg_time"] == types["step_conv_ratio"] == "float64"
    assert types["count"] == types["step"] == "int64"
    assert funnel().records()[0]["avg_time"] is None


def test_conversion_is_that_of_the_last_step_of_all_users() -> None:
    assert funnel().conversion == 0.125
    assert by_plan().conversion == 0.2
    assert over_time().conversion is None
    assert funnel(steps=()).conversion is None


def times_of(start: int, end: int, *ranges: tuple[float, float | None, int]) -> FunnelTimes:
    quantiles = dict.fromkeys(("min", "p25", "median", "p75", "p90", "p99", "max"), 40.0)
    return FunnelTimes(start, end, sum(count for *_, count in ranges), 40.0, quantiles, ranges)


def test_times_are_drawn_for_each_pair_of_steps() -> None:
    short, long = (10.0, 30.0), (366 * 86_400.0, None)
    times = (
        times_of(1, 2, (*short, 3), (*long, 1)),
        times_of(1, 3, (*short, 1)),
        times_of(2, 3, (*short, 1)),
    )
    view = funnel(times=times)
    points = [each for points in view.chart().to_dict()["datasets"].values() for each in points]
    cells = {(each["row"], each["column"], each["text"]) for each in points if "fill" in each}
    assert sorted(cells) == [
        ("1 → 2. Add to Cart", "30s", "75.0%"),
        ("1 → 2. Add to Cart", "366d+", "25.0%"),
        ("1 → 3. Purchase", "30s", "100.0%"),
        ("2 → 3. Purchase", "30s", "100.0%"),
    ]
    drawn = view.card().chart
    assert drawn is not None
    assert "Time from step to step" in drawn.alt
    assert "Sign Up to Purchase 40 s" in drawn.alt
    assert ">75.0%</td>" in view.to_html()
    two = funnel(path(8, 4), events=("A", "B"), times=(times_of(1, 2, (*short, 4)),))
    assert "10 s – 30 s" in str(two.chart().to_dict())


def test_the_table_has_counts_percentages_and_durations() -> None:
    lines = repr(funnel()).split("\n")
    found = [re.split(r"\s{2,}", line.strip()) for line in lines[-3:]]
    assert found[0] == ["1", "Sign Up", "8,000", "100.0%", "100.0%"]
    assert found[2] == ["3", "Purchase", "1,000", "25.0%", "12.5%", "1 h 00 min", "2 h 00 min"]


def test_the_words_tell_conversion_and_the_largest_drop() -> None:
    card = funnel().card()
    assert card.chart is not None
    assert card.chart.alt == (
        "Funnel, 2025-01-01 to 2025-01-31, within 7 days: 8,000 users did Sign Up, then Add to Cart 4,000 "
        "(50.0%), Purchase 1,000 (12.5%). The largest drop is before Purchase: "
        "75.0% of those one step earlier."
    )
    assert card.title == "Sign Up → Add to Cart → Purchase"
    assert dict(card.facts) == {
        "Entered": 8_000,
        "Converted": 1_000,
        "Conversion": "12.5%",
        "Mean time": "2 h 00 min",
    }


def test_a_saved_funnel_has_its_name_and_a_window_of_one_is_singular() -> None:
    assert funnel(name="Checkout").card().title == "Checkout"
    assert "within 1 hour" in (funnel(window=1, window_unit="hour").card().subtitle or "")
    assert "within" not in (funnel(window=None, window_unit=None).card().subtitle or "")


def texts(result: FunnelResult) -> list[str]:
    """Everything written into the chart from its data."""
    rows = [row for rows in result.chart().to_dict()["datasets"].values() for row in rows]
    return [str(row[key]) for row in rows for key in ("name", "text", "below") if row.get(key)]


def test_bars_say_counts_shares_and_what_was_lost_between() -> None:
    written = texts(funnel())
    assert "2. Add to Cart" in written
    assert "4,000 · 50.0%" in written
    assert "↓ 50.0% went on, after 1 h 00 min on average · 4,000 dropped off" in written
    assert "↓ 25.0% went on, after 1 h 00 min on average · 3,000 dropped off" in written


def test_segments_are_compared_without_the_whole_they_are_part_of() -> None:
    spec = by_plan().chart().to_dict()
    assert spec["layer"][1]["encoding"]["color"]["sort"] == [
        "free · 80 entered",
        "pro · 20 entered",
        "nobody · 0 entered",
    ]
    rows = [row for found in spec["datasets"].values() for row in found]
    assert [(row["name"], row["text"]) for row in rows if row.get("series", "").startswith("pro")] == [
        ("2. Add to Cart", "50.0%"),
        ("3. Purchase", "60.0%"),
    ]


def test_the_table_of_segments_has_the_whole_and_blanks_where_nobody_entered() -> None:
    lines = repr(by_plan()).split("\n")
    rows = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert rows["$overall"][:5] == ["100", "50.0%", "20.0%", "20", "2"]
    assert rows["free"][:4] == ["80", "50.0%", "10.0%", "8"]
    assert rows["free"][4:6] == ["yes", "(>99.9%)"]
    assert rows["pro"][4:6] == ["too", "few"]
    assert rows["nobody"] == ["0", "0"]


def test_the_words_of_segments_tell_the_conversion_of_each() -> None:
    card = by_plan().card()
    assert card.chart is not None
    assert "by plan, 20.0% overall: free 10.0% of 80, pro 60.0% of 20" in card.chart.alt


def test_of_many_segments_six_are_drawn_and_that_is_said() -> None:
    parts = [path(90 - number, 10, 5, segment=f"city {number}") for number in range(9)]
    result = funnel(path(900, 90, 45, segment="$overall"), *parts, on="city", left_out=1)
    assert len(result.chart().to_dict()["layer"][1]["encoding"]["color"]["sort"]) == 6
    assert result.card().notes == [
        "1 smaller segment is beyond the limit and left out.",
        "“differs”: confidence that the segment converts unlike all users, as Mixpanel computes it; "
        "“yes” is above 95%. Fewer than 30 users are too few.",
        "The chart shows the 6 largest of 9 segments.",
    ]


def test_conversion_over_time_is_a_line_in_percent_with_a_gap_where_nobody_entered() -> None:
    spec = over_time().chart().to_dict()
    assert spec["mark"]["type"] == "line"
    assert spec["encoding"]["y"]["axis"]["format"] == ".0%"
    (points,) = spec["datasets"].values()
    assert [point["y"] for point in points] == [0.2, None, 0.4]
    card = over_time().card()
    assert card.chart is not None
    assert card.chart.alt.endswith("per day: highest 40.0% on 2025-01-03, lowest 20.0% on 2025-01-01.")


def test_segments_over_time_are_one_line_each() -> None:
    paths = [
        path(*counts, date=day(number), segment=name) for number in range(3) for name, *counts in SEGMENTS[:3]
    ]
    result = funnel(*paths, unit="day", on="plan")
    assert result.chart().to_dict()["encoding"]["color"]["sort"] == ["free", "pro"]
    assert "60.0% on 2025-01-01 (pro)" in repr(result)


def test_a_funnel_nobody_entered_says_so() -> None:
    assert funnel(path(0, 0, 0)).card().empty == "No user did Sign Up from 2025-01-01 to 2025-01-31."
