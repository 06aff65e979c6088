"""Answers as Mixpanel is known to vary them, and answers it should never give."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import ServerError

from .answered import Answered, figures, live, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from asking import Asking

    from mixpanel_nb.results import Result

    Ask = Callable[[Asking], Any]

DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-03"}
ONE, TWO, THREE = date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3)


def series(**values: Any) -> dict[str, Any]:
    return {"data": {"series": ["2025-01-03", "2025-01-01"], "values": values}, "legend_size": len(values)}


def step(event: str, count: int, **more: Any) -> dict[str, Any]:
    return {"event": event, "goal": event, "step_label": event, "count": count, **more}


class TestSegmentation:
    def test_an_event_that_did_not_happen_is_rows_of_zero(self) -> None:
        answers: list[Any] = [series(), series(**{"Sign Up": {}}), {"data": {"values": {}}}]
        for answer in answers:
            result = live(answer).segmentation("Sign Up", **DAYS)
            assert figures(result) == [(ONE, "total", 0), (TWO, "total", 0), (THREE, "total", 0)]

    def test_without_a_breakdown_the_name_in_the_answer_does_not_matter(self) -> None:
        answer = series(Renamed={"2025-01-02": 4})
        assert live(answer).segmentation("Sign Up", **DAYS).totals == {"total": 4}

    def test_what_is_not_set_is_one_segment(self) -> None:
        answer = series(
            null={"2025-01-01": 1, "2025-01-02": 5}, pro={"2025-01-01": 3}, undefined={"2025-01-01": 2}
        )
        result = live(answer).segmentation("Sign Up", on="plan", **DAYS)
        assert result.totals == {"undefined": 8, "pro": 3}
        assert any("the text 'null'" in note for note in result.notes)
        plain = live(series(pro={"2025-01-01": 3})).segmentation("Sign Up", on="plan", **DAYS)
        assert not any("null" in note for note in plain.notes)
        assert list(result.totals) == ["undefined", "pro"]

    def test_half_a_character_in_a_name_is_replaced(self) -> None:
        answer = series(**{"cut \ud83d": {"2025-01-01": 3}, "whole \U0001f600": {"2025-01-01": 1}})
        result = live(refused(200, answer)).segmentation("Sign Up", on="plan", **DAYS)
        assert result.totals == {"cut \ufffd": 3, "whole \U0001f600": 1}
        assert set(result.df["segment"]) == {"cut \ufffd", "whole \U0001f600"}

    def test_users_of_both_kinds_of_not_set_are_not_added_up(self) -> None:
        answer = series(null={"2025-01-01": 1}, undefined={"2025-01-01": 2})
        result = live(answer).segmentation("Sign Up", on="plan", type="unique", **DAYS)
        assert result.totals == {"undefined": 2, "null": 1}
        alone = live(series(null={"2025-01-01": 1}))
        assert alone.segmentation("A", on="plan", type="unique", **DAYS).totals == {"undefined": 1}

    def test_averages_are_numbers_with_decimals_and_counts_are_whole(self) -> None:
        answer = series(A={"2025-01-01": 2, "2025-01-02": 1.5, "2025-01-03": None})
        result = live(answer).segmentation("A", type="average", **DAYS)
        assert [count for *_, count, _ in result.tuples()] == [2.0, 1.5, 0.0]
        with pytest.raises(
            ServerError, match=r"a whole number at data\.values\.A\[\"2025-01-02\"\], found 1\.5"
        ):
            live(answer).segmentation("A", **DAYS)

    @pytest.mark.parametrize(
        "label", ["2025-01-01 05:00:00", "2025-01-01T05:00:00", "2025-01-01T05:00:00+01:00"]
    )
    def test_hours_are_wall_clock_times(self, label: str) -> None:
        answer = {"data": {"series": [label], "values": {"A": {label: 7}}}}
        result = live(answer).segmentation("A", unit="hour", from_date="2025-01-01", to_date="2025-01-01")
        assert len(result.dates) == 24
        assert result.tuples()[5] == (datetime(2025, 1, 1, 5), "total", 7, True)

    def test_weeks_begin_as_mixpanel_says(self) -> None:
        mondays = {"data": {"series": ["2025-01-06"], "values": {"A": {"2025-01-06": 1}}}}
        sundays = {"data": {"series": ["2025-01-05", "2024-12-29"], "values": {"A": {"2025-01-05": 1}}}}
        asked: dict[str, Any] = {"unit": "week", "from_date": "2025-01-01", "to_date": "2025-01-08"}
        by_monday = live(mondays).segmentation("A", **asked)
        assert [str(day) for day in by_monday.dates] == ["2024-12-30", "2025-01-06"]
        by_sunday = live(sundays).segmentation("A", **asked)
        assert [str(day) for day in by_sunday.dates] == ["2024-12-29", "2025-01-05"]
        assert by_sunday.totals == {"total": 1}

    def test_an_answer_that_holds_as_many_as_it_may_says_so(self) -> None:
        answer = series(a={"2025-01-01": 1}, b={"2025-01-01": 1})
        note = "There may be more: the 2 largest segments were asked for."
        assert live(answer).segmentation("A", on="p", limit=2, **DAYS).notes == (note,)
        assert live(answer).segmentation("A", on="p", limit=3, **DAYS).notes == ()
        values = live(answer).property_counts("A", "p", limit=2, **DAYS)
        assert values.notes == ("There may be more: the 2 largest values were asked for.",)
        assert live(answer).property_counts("A", "p", values=["a", "b"], **DAYS).notes == ()

    def test_a_misspelt_event_is_noticed_where_the_names_are_known(self) -> None:
        known = ["Sign Up", "Purchase"]
        mixpanel = Answered(series())
        result = mixpanel.live(lambda: known).segmentation("Sing Up", **DAYS)
        assert result.notes == ("Mixpanel lists no event 'Sing Up'. Did you mean 'Sign Up'?",)
        assert mixpanel.live(lambda: known).segmentation("Sign Up", **DAYS).notes == ()
        assert mixpanel.live(lambda: None).segmentation("Sing Up", **DAYS).notes == (
            "Mixpanel counted nothing of 'Sing Up'. Is that its name? See: mp events",
        )
        counts = mixpanel.live(lambda: known).event_counts(["Purchase", "Purchas"], **DAYS)
        assert counts.notes == ("Mixpanel lists no event 'Purchas'. Did you mean 'Purchase'?",)
        assert len(mixpanel.requests) == 4  # none for the names


class TestNumbers:
    def test_ranges_are_numbers_in_order_without_gaps(self) -> None:
        answer = series(
            **{
                "1,000.5 - 2,000.5": {"2025-01-01": 1},
                "-2,000 - -1,000": {"2025-01-01": 2},
                "undefined": {"2025-01-01": 4},
            }
        )
        result = live(answer).segmentation_numeric("A", on="p", **DAYS)
        assert result.buckets == ((-2000, -1000), (1000.5, 2000.5))  # not a multiple apart: nothing to fill
        assert result.notes == ("4 of these events have no such number and are left out.",)
        even = series(**{"9 - 10": {"2025-01-01": 1}, "6 - 7": {"2025-01-02": 2}})
        result = live(even).segmentation_numeric("A", on="p", **DAYS)
        assert result.labels == ["6 - 7", "7 - 8", "8 - 9", "9 - 10"]
        assert figures(result)[:4] == [
            (ONE, "6 - 7", 0),
            (ONE, "7 - 8", 0),
            (ONE, "8 - 9", 0),
            (ONE, "9 - 10", 1),
        ]
        assert result.tuples()[4] == (TWO, "6 - 7", 2, True)

    def test_small_steps_are_filled_exactly(self) -> None:
        answer = series(**{"0.1 - 0.2": {"2025-01-01": 1}, "0.6 - 0.7": {"2025-01-01": 1}})
        labels = live(answer).segmentation_numeric("A", on="p", **DAYS).labels
        assert labels == [f"{n / 10:.1f} - {(n + 1) / 10:.1f}" for n in range(1, 7)]

    def test_nothing_is_no_ranges(self) -> None:
        result = live(series()).segmentation_numeric("A", on="p", **DAYS)
        assert result.tuples() == []

    def test_a_range_that_is_none(self) -> None:
        with pytest.raises(ServerError, match="names a range 'many'"):
            live(series(many={"2025-01-01": 1})).segmentation_numeric("A", on="p", **DAYS)

    def test_an_average_of_nothing_is_unknown_and_a_sum_zero(self) -> None:
        answer = {"status": "ok", "results": {"2025-01-01": None, "2025-01-02": 2}}
        assert figures(live(answer).segmentation_average("A", on="p", **DAYS)) == [
            (ONE, None),
            (TWO, 2.0),
            (THREE, None),
        ]
        assert figures(live(answer).segmentation_sum("A", on="p", **DAYS)) == [(ONE, 0), (TWO, 2), (THREE, 0)]

    def test_top_events_may_be_averages(self) -> None:
        answer = {"events": [{"event": "A", "amount": 1.25, "percent_change": 0}], "type": "average"}
        assert live(answer).top_events(type="average").tuples() == [("A", 1.25, 0.0)]


class TestFunnel:
    def test_a_day_without_anybody(self) -> None:
        """As recorded by Airbyte from a real project."""
        nobody: dict[str, Any] = {"count": 0, "avg_time": None, "avg_time_from_start": None}
        zero = {
            "meta": {"dates": ["2025-01-02"]},
            "data": {
                "2025-01-02": {
                    "steps": [
                        step("Purchase", **nobody, overall_conv_ratio=1, step_conv_ratio=1),
                        step("Refund", **nobody, overall_conv_ratio=0, step_conv_ratio=0),
                    ],
                    "analysis": {"completion": 0, "starting_amount": 0, "steps": 2, "worst": 1},
                }
            },
        }
        result = live(zero).funnel(1, unit="day", **DAYS)
        times = (None,) * 6  # means, medians and 90th percentiles
        empty = [
            (1, "Purchase", 0, 1.0, 1.0, *times, 1.0, 1.0),
            (2, "Refund", 0, 0.0, 0.0, *times, None, None),
        ]
        # The days that the answer leaves out are days without anybody as well.
        assert result.tuples() == [(day, *row) for day in (ONE, TWO, THREE) for row in empty]

    def test_one_bucket_of_all_days_has_no_date(self) -> None:
        answer = {"data": {"2025-01-01": {"steps": [step("A", 4), step("B", 1)]}}}
        result = live(answer).funnel(1, **DAYS)
        assert result.column_names[0] == "step"
        assert [row[:5] for row in result.tuples()] == [(1, "A", 4, 1.0, 1.0), (2, "B", 1, 0.25, 0.25)]
        assert result.conversion == 0.25
        assert (result.window, result.window_unit, result.unit, result.name) == (None, None, None, None)

    def test_segments_and_all_of_them_together(self) -> None:
        answer = {
            "data": {
                "2025-01-01": {
                    "$overall": [step("A", 9), step("B", 3)],
                    "Safari": [step("A", 2), step("B", 1)],
                    "Chrome": [step("A", 5), step("B", 2)],
                    "null": [step("A", 2), step("B", 0)],
                }
            }
        }
        result = live(answer).funnel(1, on="$browser", **DAYS)
        assert [(row[0], row[2], row[3]) for row in result.tuples()] == [
            ("$overall", "A", 9),
            ("$overall", "B", 3),
            ("Chrome", "A", 5),
            ("Chrome", "B", 2),
            ("Safari", "A", 2),
            ("Safari", "B", 1),
            ("undefined", "A", 2),
            ("undefined", "B", 0),
        ]
        assert result.conversion == pytest.approx(1 / 3)

    def test_a_segment_that_is_missing_on_a_day_is_nobody(self) -> None:
        answer = {
            "data": {
                "2025-01-01": {"$overall": [step("A", 1), step("B", 1)], "x": [step("A", 1), step("B", 1)]},
                "2025-01-03": {"$overall": [step("A", 2), step("B", 0)], "y": [step("A", 2), step("B", 0)]},
            }
        }
        result = live(answer).funnel(1, on="p", unit="day", **DAYS)
        counts = {(row[0], row[1], row[3]): row[4] for row in result.tuples()}
        assert len(counts) == 3 * 3 * 2
        assert counts[ONE, "x", "B"] == 1
        assert counts[THREE, "x", "A"] == counts[TWO, "$overall", "A"] == 0
        assert [row[1] for row in result.tuples()[:6:2]] == ["$overall", "y", "x"]

    def test_all_dates_together_are_told(self) -> None:
        answer = {
            "data": {
                "$overall": {"steps": [step("A", 10), step("B", 4)]},
                "2025-01-01": {"steps": [step("A", 7), step("B", 2)]},
            }
        }
        over_time = live(answer).funnel(1, unit="day", **DAYS)
        assert over_time.notes == ("All dates together: A 10 → B 4.",)
        assert over_time.tuples()[0][:4] == (ONE, 1, "A", 7)
        assert [row[2] for row in live(answer).funnel(1, **DAYS).tuples()] == [10, 4]

    def test_days_that_mixpanel_splits_by_itself_are_not_added_up(self) -> None:
        answer = {
            "data": {
                "2025-01-03": {"steps": [step("A", 1), step("B", 1)]},
                "2025-01-01": {"steps": [step("A", 7), step("B", 2)]},
            }
        }
        result = live(answer).funnel(1, **DAYS)
        assert [(row[0], row[2], row[3]) for row in result.tuples()] == [
            (ONE, "A", 7),
            (ONE, "B", 2),
            (THREE, "A", 1),
            (THREE, "B", 1),
        ]
        assert "2 parts of these days" in result.notes[0]
        assert result.conversion is None

    def test_a_funnel_without_any_answer_has_no_steps(self) -> None:
        result = live({"meta": {"dates": []}, "data": {}}).funnel(1, **DAYS)
        assert (result.steps, result.events) == ((), ())


class TestUsers:
    def test_what_is_not_known_yet_is_none_and_more_than_asked_for_is_left(self) -> None:
        answer = {
            "2025-01-01": {"first": 3, "counts": [3, 2, 1, 9]},
            "2025-01-02": {"first": 2, "counts": [2, None]},
        }
        result = live(answer).retention(born_event="A", interval_count=2, **DAYS)
        assert result.tuples() == [(ONE, 3, 3, 2, 1), (TWO, 2, 2, None, None), (THREE, 0, None, None, None)]
        assert result.average == {0: 1.0, 1: pytest.approx(2 / 3), 2: pytest.approx(1 / 3)}

    def test_with_an_interval_only_mixpanel_knows_which_cohorts_there_are(self) -> None:
        answer = {"2025-01-03": {"first": 1, "counts": [1]}, "2025-01-01": {"first": 3, "counts": [3, 2]}}
        result = live(answer).retention(born_event="A", interval=2, interval_count=1, **DAYS)
        assert result.tuples() == [(ONE, 3, 3, 2), (THREE, 1, 1, None)]

    def test_frequencies_are_as_long_as_the_unit(self) -> None:
        result = live({"data": {"2025-01-02": [5, 3]}}).frequency(**DAYS)
        assert result.tuples()[1][:4] == (TWO, 5, 3, 0)
        assert [len(row) for row in result.tuples()] == [26, 26, 26]

    def test_activity_is_in_order_and_of_whoever_it_says(self) -> None:
        events = [
            {"event": "B", "properties": {"time": 1735689700, "$distinct_id": "p"}},
            {"event": "A", "properties": {"time": 1735689600000, "distinct_id": "q", "n": 2**60}},
            {"event": "C", "properties": {"time": 1735689800.5}},
        ]
        answer = {"status": "ok", "results": {"events": events}}
        result = live(answer).activity_feed(["p", "q"], **DAYS)
        assert [(event.event, event.distinct_id) for event in result.events] == [
            ("A", "q"),
            ("B", "p"),
            ("C", ""),
        ]
        assert result.events[0].time == datetime(2025, 1, 1, tzinfo=UTC)
        assert result.events[0].properties["n"] == 2**60
        alone = live(answer).activity_feed("p", **DAYS)
        assert alone.events[2].distinct_id == "p"


class TestSavedReports:
    def test_a_report_without_time(self) -> None:
        answer = {"headers": ["$event"], "series": {"A": {"all": 5}, "B": {"all": 7}}, "computed_at": None}
        result = live(answer).saved_report(1)
        assert result.records() == [
            {"$event": "A", "level_2": "all", "value": 5},
            {"$event": "B", "level_2": "all", "value": 7},
        ]
        assert result.card().chart is None

    def test_a_funnel(self) -> None:
        """The shape is that of Mixpanel's own client."""
        answer = {
            "headers": ["$funnel"],
            "series": {"Buy": {"count": {"1. A": {"all": 9}}, "avg_time": {"1. A": {"all": None}}}},
        }
        assert live(answer).saved_report(1).tuples() == [
            ("Buy", "count", "1. A", "all", 9),
            ("Buy", "avg_time", "1. A", "all", None),
        ]

    def test_a_retention_keeps_lists_and_the_average_among_the_dates(self) -> None:
        """The shape is that of Mixpanel's own client."""
        cohort = {"first": 3, "counts": [3, 1], "rates": [1.0, 0.33]}
        answer = {
            "headers": ["$retention"],
            "series": {"A and then B": {"2025-01-01T00:00:00+00:00": cohort, "$average": {"rates": [1.0]}}},
        }
        result = live(answer).saved_report(1)
        assert result.column_names == ["$retention", "level_2", "date", "value"]
        assert result.tuples()[1] == ("A and then B", "counts", "2025-01-01T00:00:00+00:00", [3, 1])
        assert result.tuples()[3] == ("A and then B", "rates", "$average", [1.0])
        assert len(result.df) == 4

    def test_a_breakdown_over_hours(self) -> None:
        answer = {
            "headers": ["$event", "plan"],
            "series": {"A": {"2024-01-01": {"2025-01-01T05:00:00-07:00": 1, "2025-01-01T06:00:00-07:00": 2}}},
        }
        result = live(answer).saved_report(1)
        assert result.column_names == ["$event", "plan", "date", "value"]  # the plan only looks like a day
        assert result.tuples()[0] == ("A", "2024-01-01", datetime(2025, 1, 1, 5), 1)
        assert result.chart().to_dict()["mark"]["type"] == "line"

    def test_an_empty_report(self) -> None:
        result = live({"series": {}}).saved_report(1)
        assert result.df.empty
        assert result.card().empty == "The report is empty."


class TestJQL:
    def test_objects_are_rows_and_keys_columns(self) -> None:
        result = live([{"key": ["A"], "value": 3}, {"value": 4, "x": None}]).jql("function main() {}")
        assert result.column_names == ["key", "value", "x"]
        assert result.tuples() == [(["A"], 3, None), (None, 4, None)]
        assert result.raw == ({"key": ["A"], "value": 3}, {"value": 4, "x": None})
        assert "maintenance mode" in result.notes[0]
        assert result.card().query == "function main() {}"

    def test_anything_else_is_a_value(self) -> None:
        assert live([3, "x", [1]]).jql("s").tuples() == [(3,), ("x",), ([1],)]
        assert live([]).jql("s").df.empty


HOSTILE = "<img src=x onerror=alert(1)> $x$"
SHOWN: dict[str, Callable[[], Result]] = {
    "jql": lambda: live([{"n": 1, HOSTILE: [HOSTILE]}, 5]).jql(f"// {HOSTILE}"),
    "saved report": lambda: live(
        {"headers": [HOSTILE], "series": {HOSTILE: {"2025-01-01": 1.5, "2025-01-02": 2}}}
    ).saved_report(1),
    "funnels": lambda: Answered([{"funnel_id": 1, "name": HOSTILE}]).discovery().funnels(),
    "cohorts": lambda: Answered([{"id": 1, "name": HOSTILE, "created": "x"}]).discovery().cohorts(),
    "bookmarks": lambda: Answered({"results": [{"id": 1, "name": HOSTILE}]}).discovery().bookmarks(),
    "lexicon": lambda: (
        Answered({"results": [{"name": HOSTILE, "schemaJson": {"properties": {HOSTILE: {}}}}]})
        .discovery()
        .lexicon_schemas()
    ),
}


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN)
def test_a_result_has_a_frame_json_html_and_text_that_agree(make: Callable[[], Result]) -> None:
    result = make()
    assert list(result.df.columns) == result.column_names
    records = json.loads(json.dumps(result.records(), allow_nan=False))
    assert len(records) == len(result.df) > 0
    assert all(list(record) == result.column_names for record in records)
    json.dumps(result.to_dict(), allow_nan=False)
    html = result._repr_html_()
    assert result.card().title in html
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html
    assert repr(result).split("\n")[0] == result.card().title
    assert make()._repr_html_() == html


UNEXPECTED: list[tuple[Any, Ask, str]] = [
    ([], lambda live: live.segmentation("A", **DAYS), "expected an object, found a list"),
    (
        {"data": []},
        lambda live: live.segmentation("A", **DAYS),
        "expected an object 'data', found a list there",
    ),
    ({"data": {}}, lambda live: live.segmentation("A", **DAYS), "expected an object with 'values' at data"),
    (
        series(A=[]),
        lambda live: live.segmentation("A", **DAYS),
        "expected an object at data.values.A, found []",
    ),
    (
        series(A={"2025-01-01": "x"}),
        lambda live: live.segmentation("A", **DAYS),
        'expected a number at data.values.A["2025-01-01"], found "x"',
    ),
    (series(A={"2025-01-01": True}), lambda live: live.segmentation("A", **DAYS), "found true"),
    (series(A={"soon": 1}), lambda live: live.segmentation("A", **DAYS), "expected a day or time as key"),
    ({"data": {"series": [5], "values": {}}}, lambda live: live.segmentation("A", **DAYS), "data.series[0]"),
    (series(B={}, C={}), lambda live: live.segmentation("A", **DAYS), "the counts of 'A' alone"),
    ({"results": []}, lambda live: live.segmentation_sum("A", on="p", **DAYS), "'results'"),
    ({"status": "ok"}, lambda live: live.segmentation_average("A", on="p", **DAYS), "no 'results'"),
    ({"events": [{}]}, lambda live: live.top_events(), "an object with 'amount' at events[0]"),
    ({"data": {"2025-01-01": {}}}, lambda live: live.funnel(1, **DAYS), "an object with 'steps'"),
    (
        {"data": {"2025-01-01": {"steps": [{"count": 1}]}}},
        lambda live: live.funnel(1, **DAYS),
        "name of its event",
    ),
    ({"data": {"x": {"steps": []}}}, lambda live: live.funnel(1, **DAYS), "a day as key at data.x"),
    ({"2025-01-01": {"first": 1}}, lambda live: live.retention(born_event="A", **DAYS), "'counts'"),
    (
        {"status": "no", "x": 1},
        lambda live: live.retention(born_event="A", **DAYS),
        "a day as key at x, found 1",
    ),
    ({"data": {"2025-01-01": 5}}, lambda live: live.frequency(**DAYS), "a list"),
    ({"data": {"x": []}}, lambda live: live.frequency(**DAYS), "a day as key at data.x"),
    ({"results": {}}, lambda live: live.activity_feed("p", **DAYS), "an object with 'events' at results"),
    (
        {"results": {"events": [{"event": "A", "properties": {"time": 1e300}}]}},
        lambda live: live.activity_feed("p", **DAYS),
        "expected a time",
    ),
    ({"headers": []}, lambda live: live.saved_report(1), "no 'series'"),
    ({}, lambda live: live.jql("s"), "expected a list, found an object"),
]


@pytest.mark.parametrize(("answer", "ask", "says"), UNEXPECTED)
def test_an_answer_of_another_shape_says_what_was_found_where(answer: Any, ask: Ask, says: str) -> None:
    with pytest.raises(ServerError) as caught:
        ask(live(answer))
    assert "unexpected shape" in caught.value.message
    assert says in caught.value.message
    assert caught.value.hint
    assert caught.value.details["path"]
