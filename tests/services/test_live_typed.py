"""Typed live reports: what is sent, and what becomes of answers of any shape."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import QueryError, ServerError

from .answered import SECRET, Answered, live, refused

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-03"}
AT = "T00:00:00-05:00"


def series(**metrics: Any) -> dict[str, Any]:
    return {"computed_at": "2025-02-01T10:00:00+00:00", "headers": ["$metric"], "series": metrics}


def days(*values: Any) -> dict[str, Any]:
    return {f"2025-01-0{number}{AT}": value for number, value in enumerate(values, 1)}


def test_the_request_is_shown_as_it_was_sent() -> None:
    mixpanel = Answered(series(Purchase=days(1, 2, 3)))
    result = mixpanel.live().insights("Purchase", where='properties["plan"] == "pro"', **DAYS)
    [request] = mixpanel.requests
    assert (request.method, request.url.path) == ("POST", "/api/query/insights")
    sent = json.loads(request.content)
    assert sent["project_id"] == 12345
    assert result.request["json"] == sent
    assert result.request["method"] == "POST"
    assert sent["bookmark"]["sections"]["filter"][0]["filterValue"] == ["pro"]
    assert '"plan"' in result.query
    assert SECRET not in json.dumps(result.request)
    assert [row["value"] for row in result.records()] == [1, 2, 3]
    assert result.computed_at == "2025-02-01T10:00:00+00:00"


def test_a_secret_in_a_filter_is_redacted_in_what_is_shown() -> None:
    mixpanel = Answered(series(A=days(1)))
    result = mixpanel.live().insights("A", where=f'properties["key"] == "{SECRET}"', **DAYS)
    assert SECRET in mixpanel.requests[0].content.decode()
    assert SECRET not in json.dumps(result.request) + result.query


def test_metrics_are_found_by_their_names_and_events() -> None:
    answer = series(**{"Total of Sign Up": days(5, 5, 5), "Uniques of Purchase": days(1, 2, 3)})
    result = live(answer).insights(["unique(Purchase)", "Sign Up"], **DAYS)
    found = {row["metric"]: row["value"] for row in result.records() if row["date"] == "2025-01-03"}
    assert found == {"unique(Purchase)": 3, "Sign Up": 5}


def test_series_that_could_be_either_metric_are_not_guessed() -> None:
    answer = series(**{"Uniques of A": days(1), "Total of A": days(2)})
    with pytest.raises(ServerError, match="unclear") as failed:
        live(answer).insights(["A", "unique(A)"], **DAYS)
    assert "Buyers = unique(Purchase)" in str(failed.value.hint)
    named = series(Buyers=days(1), Sales=days(2))
    result = live(named).insights(["Sales = A", "Buyers = unique(A)"], **DAYS)
    assert [row["value"] for row in result.records()[:2]] == [2, 1]


def test_what_an_answer_leaves_out_is_zero_of_counts_and_unknown_of_others() -> None:
    result = live(series()).insights(["A", "median(A, amount)"], **DAYS)
    assert {row["metric"]: row["value"] for row in result.records()} == {"A": 0, "median(A, amount)": None}


def test_segments_of_two_breakdowns_leave_the_overall_out() -> None:
    found = {"$overall": days(3), "US": {"$overall": days(2), "pro": days(2)}, "null": {"free": days(1)}}
    result = live(series(A=found)).insights("A", on=["country", "plan"], limit=2, **DAYS)
    rows = {(row["country"], row["plan"]): row["value"] for row in result.records()[:2]}
    assert rows == {("US", "pro"): 2, ("undefined", "free"): 1}
    assert any("2 largest segments" in note for note in result.notes)


def test_days_to_come_are_unknown() -> None:
    today = datetime.now(UTC).date()
    result = live(series(A={})).insights("A", from_date=today, to_date=today, unit="hour")
    known = [row["value"] for row in result.records()]
    assert known[0] == 0
    assert result.records()[-1]["complete"] is False


MEASURES = {
    "count": {"1. A": {"all": 10}, "10. K": {"all": 1}, "2. B": {"all": 4}},
    "step_conv_ratio": {"1. A": {"all": 1}, "2. B": {"all": 0.4}, "10. K": {"all": 0.25}},
    "avg_time": {"1. A": {"all": 0}, "2. B": {"all": 60}},
}


def test_steps_of_a_funnel_are_in_the_order_of_their_numbers() -> None:
    result = live(series(**{"A through K": MEASURES})).funnel(steps=["A", "B", "K"], **DAYS)
    assert [step.event for step in result.steps] == ["A", "B", "K"]
    assert [step.count for step in result.steps] == [10, 4, 1]
    assert [step.overall_conv_ratio for step in result.steps] == [1, 0.4, 0.1]
    assert [step.avg_time for step in result.steps] == [None, 60, None]
    assert result.steps[1].low < 0.4 < result.steps[1].high


def test_funnels_by_segment_and_day() -> None:
    found = {"$overall": {f"2025-01-01{AT}": MEASURES}, "pro": {f"2025-01-02{AT}": MEASURES}}
    result = live(series(**{"A through K": found})).funnel(
        steps=["A", "B", "K"], on="plan", unit="day", **DAYS
    )
    counts = {(step.date, step.segment): step.count for step in result.steps if step.step == 1}
    assert len(counts) == 6
    assert counts[date(2025, 1, 1), "$overall"] == counts[date(2025, 1, 2), "pro"] == 10
    assert counts[date(2025, 1, 3), "pro"] == 0


def test_retention_by_segment() -> None:
    cohort = {"first": 10, "counts": [10, 5], "rates": [1, 0.5]}
    found = {"$overall": {f"2025-01-01{AT}": cohort, "$average": cohort}, "pro": {f"2025-01-01{AT}": cohort}}
    result = live(series(**{"A and then B": found})).retention(
        born_event="A", return_event="B", on="plan", interval_count=3, **DAYS
    )
    first = [each for each in result.cohorts if each.date == date(2025, 1, 1)]
    assert [(each.segment, each.size, each.counts) for each in first] == [
        ("$overall", 10, (10, 5, None, None)),
        ("pro", 10, (10, 5, None, None)),
    ]


def test_a_documented_endpoint_answers_plain_retention() -> None:
    mixpanel = Answered({"2025-01-01": {"first": 2, "counts": [1]}})
    mixpanel.live().retention(born_event="A", **DAYS)
    assert mixpanel.requests[0].url.path == "/api/query/retention"


def test_flows_of_two_answers() -> None:
    edges = [
        {"event": "B", "step": 1, "type": "FORWARD", "totalCount": "6"},
        {"event": "x", "step": 1, "type": "DROPOFF", "totalCount": "4"},
    ]
    nodes = [{"event": "A", "type": "ANCHOR", "totalCount": "10", "edges": edges}]
    after = [
        {"event": "B", "type": "FORWARD", "totalCount": "6", "edges": []},
        {"event": "x", "type": "DROPOFF", "totalCount": "4", "edges": []},
    ]
    path = [{"event": "A", "type": "ANCHOR", "totalCount": "6"}, {"event": "B", "totalCount": "6"}]
    mixpanel = Answered({"steps": [{"nodes": nodes}, {"nodes": after}]}, {"flows": [{"flowSteps": path}]})
    result = mixpanel.live().flow(start="A", forward=1, **DAYS)
    assert [json.loads(each.content)["query_type"] for each in mixpanel.requests] == [
        "flows_sankey",
        "flows_top_paths",
    ]
    assert [(node.event, node.count, node.kind) for node in result.flow_nodes] == [
        ("A", 10, "anchor"),
        ("B", 6, "event"),
        ("$dropoff", 4, "dropoff"),
    ]
    assert [edge.target for edge in result.flow_edges] == ["B", "$dropoff"]
    assert [(each.path, each.share) for each in result.flow_paths] == [("A → B", 0.6)]


@pytest.mark.parametrize(
    "ask",
    [
        lambda live: live.insights("A", **DAYS),
        lambda live: live.funnel(steps=["A", "B"], **DAYS),
        lambda live: live.retention(born_event="A", on="plan", **DAYS),
        lambda live: live.flow(start="A", **DAYS),
    ],
)
def test_an_error_within_a_200_is_one(ask: Callable[[Any], Any]) -> None:
    with pytest.raises(QueryError, match="Unknown property"):
        ask(live({"error": "Unknown property"}))
    with pytest.raises(QueryError, match="Invalid bookmark"):
        ask(live(refused(400, {"request": "x", "error": "Invalid bookmark"})))


@pytest.mark.parametrize(
    ("answer", "ask"),
    [
        ([], lambda live: live.insights("A", **DAYS)),
        ({"series": []}, lambda live: live.insights("A", **DAYS)),
        (series(A={"soon": 1}), lambda live: live.insights("A", **DAYS)),
        (series(A={"all": 1}), lambda live: live.insights("A", **DAYS)),
        (series(A=days("many")), lambda live: live.insights("A", **DAYS)),
        (series(A=days(1)), lambda live: live.insights("A", on="plan", **DAYS)),
        (series(A={"count": {"A": {"all": 1}}}), lambda live: live.funnel(steps=["A", "B"], **DAYS)),
        (series(A=days(1)), lambda live: live.funnel(steps=["A", "B"], **DAYS)),
        (series(A={"x": {}}), lambda live: live.retention(born_event="A", mode="streak", **DAYS)),
        ({"flows": []}, lambda live: live.flow(start="A", **DAYS)),
        ({"steps": [{"nodes": [{"event": "A"}]}]}, lambda live: live.flow(start="A", **DAYS)),
    ],
)
def test_an_answer_of_another_shape_says_where(answer: Any, ask: Callable[[Any], Any]) -> None:
    with pytest.raises(ServerError, match=r"expected|shape"):
        ask(live(answer))
