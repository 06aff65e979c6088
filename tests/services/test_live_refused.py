"""What makes no sense, or what only a table can answer, is refused before a query is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import ExpressionError, MixpanelDataError, ParameterError

from .answered import Answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from asking import Asking

    Ask = Callable[[Asking], Any]

DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-31"}
ENDLESS: dict[str, Any] = {}
ENDLESS["self"] = ENDLESS

MANY = 'properties["a"] == 1 and (properties["b"] == 2 or properties["c"] == 3)'
SUM = 'properties["a"] + properties["b"]'

TABLES_ONLY: list[tuple[Ask, str]] = [
    (lambda live: live.event_counts("A", where="true", **DAYS), "where"),
    (lambda live: live.property_counts("A", "p", where="true", **DAYS), "where"),
    (lambda live: live.property_counts("A", 'number(properties["p"])', **DAYS), "prop"),
    (lambda live: live.property_counts("A", 'user["plan"]', **DAYS), "prop"),
    (lambda live: live.event_counts("A", unit="hour", type="unique", **DAYS), "unit"),
    (lambda live: live.property_counts("A", "p", unit="minute", type="unique", **DAYS), "unit"),
    (lambda live: live.segmentation_numeric("A", on="p", unit="week", **DAYS), "unit"),
    (lambda live: live.segmentation_numeric("A", on="p", unit="minute", **DAYS), "unit"),
    (lambda live: live.segmentation_sum("A", on="p", unit="month", **DAYS), "unit"),
    (lambda live: live.segmentation_average("A", on="p", unit="minute", **DAYS), "unit"),
    (lambda live: live.top_events(date="2025-01-31"), "date"),
    (lambda live: live.funnel(7509, count="totals", **DAYS), "count"),
    (lambda live: live.funnel(steps=["A", "B"], window="ever", **DAYS), "window"),
    (lambda live: live.funnel(steps=["A", "B", "C"], optional=2, **DAYS), "optional"),
    (lambda live: live.funnel(steps=["A", "B"], sum_of="amount", **DAYS), "sum_of"),
    (lambda live: live.funnel(steps=["A", "B"], times=True, **DAYS), "times"),
    (lambda live: live.funnel(steps=["A", "B"], attribution="last", **DAYS), "attribution"),
    (lambda live: live.funnel(steps=["A", "B"], exclude=[("C", MANY)], **DAYS), "exclude"),
    (lambda live: live.funnel(steps=["A", ("B", MANY)], **DAYS), "steps"),
    (lambda live: live.funnel(steps=["A", "B"], where=MANY, **DAYS), "where"),
    (lambda live: live.funnel(steps=["A", "B"], on="cohort:buyers", **DAYS), "on"),
    (lambda live: live.funnel(7509, window=91, **DAYS), "window"),
    (lambda live: live.funnel(7509, window=13, window_unit="week", **DAYS), "window"),
    (lambda live: live.funnel(7509, unit="hour", **DAYS), "unit"),
    (lambda live: live.retention(type="compounded", on="plan", **DAYS), "type"),
    (lambda live: live.retention(born_event="A", born_where=MANY, mode="streak", **DAYS), "born_where"),
    (lambda live: live.retention(born_event="A", prop=SUM, **DAYS), "prop"),
    (lambda live: live.insights("A", on=SUM, **DAYS), "on"),
    (lambda live: live.insights("A", on="buckets(amount, 1, 10, 100)", **DAYS), "on"),
    (lambda live: live.insights("unique_last(A)", **DAYS), "metrics"),
    (lambda live: live.insights("average(per user sessions(A))", **DAYS), "metrics"),
    (lambda live: live.insights(f"A where {MANY}", **DAYS), "metrics"),
    (lambda live: live.insights("A", where=MANY, **DAYS), "where"),
    (lambda live: live.flow(start="A", on="plan", **DAYS), "on"),
    (lambda live: live.flow(start="A", hold="plan", **DAYS), "hold"),
    (lambda live: live.flow(start="A", expand={"B": "plan"}, **DAYS), "expand"),
    (lambda live: live.flow(start="A", window=5, window_unit="hour", **DAYS), "window_unit"),
    (lambda live: live.flow(start="A", count="sessions", window=1, window_unit="hour", **DAYS), "window"),
    (lambda live: live.sessions(**DAYS), "table"),
]

NONSENSE: list[tuple[Ask, str]] = [
    (lambda live: live.segmentation("", **DAYS), "event"),
    (lambda live: live.segmentation("A", from_date="2025-02-01", to_date="2025-01-01"), "after"),
    (lambda live: live.segmentation("A", from_date="yesterday", to_date="2025-01-01"), "from_date"),
    (
        lambda live: live.segmentation("A", from_date="1970-12-31", to_date="2025-01-01"),
        "first day that Mixpanel",
    ),
    (lambda live: live.segmentation("A", from_date="2025-01-01", to_date="2999-01-01"), "future"),
    (lambda live: live.segmentation("A", unit="dya", **DAYS), "Did you mean 'day'"),
    (
        lambda live: live.segmentation("A", unit="minute", from_date="2020-01-01", to_date="2024-12-31"),
        "too many",
    ),
    (lambda live: live.segmentation("A", type="totals", **DAYS), "general"),
    (lambda live: live.segmentation("A", on="p", limit=10_001, **DAYS), "10,000"),
    (lambda live: live.segmentation("A", on="", **DAYS), "on"),
    (lambda live: live.segmentation_numeric("A", on="p", buckets=0, **DAYS), "buckets"),
    (lambda live: live.event_counts([], **DAYS), "events"),
    (lambda live: live.property_counts("A", "p", values=[], **DAYS), "values"),
    (lambda live: live.top_events(limit=0), "limit"),
    (lambda live: live.funnel(**DAYS), "mp funnels"),
    (lambda live: live.funnel("Signup", **DAYS), "funnel_id"),
    (lambda live: live.funnel(1, window=0, **DAYS), "window"),
    (lambda live: live.funnel(1, window_unit="fortnight", **DAYS), "window_unit"),
    (lambda live: live.funnel(1, unit="yaer", **DAYS), "unit"),
    (lambda live: live.funnel(7509, steps=["A", "B"], **DAYS), "exclude each other"),
    (lambda live: live.funnel(steps=["A"], **DAYS), "at least two steps"),
    (lambda live: live.insights("A", from_date="2025-01-01", to_date="2999-01-01"), "future"),
    (lambda live: live.flow(start="A", window_unit="session", **DAYS), "window_unit"),
    (lambda live: live.retention(born_event="A", unit="hour", **DAYS), "unit"),
    (lambda live: live.retention(born_event="A", interval=0, **DAYS), "interval"),
    (lambda live: live.retention(born_event="A", interval_count=0, **DAYS), "interval_count"),
    (lambda live: live.retention(born_event="A", type="birht", **DAYS), "Did you mean 'birth'"),
    (lambda live: live.frequency(unit="hour", **DAYS), "unit"),
    (lambda live: live.frequency(addiction_unit="week", **DAYS), "addiction_unit"),
    (lambda live: live.activity_feed([], **DAYS), "distinct_ids"),
    (lambda live: live.saved_report(0), "bookmark_id"),
    (lambda live: live.jql("  "), "main"),
    (lambda live: live.jql("function main() {}", ENDLESS), "JSON"),
]

MISTAKEN: list[Ask] = [
    lambda live: live.segmentation("A", where='properties["a" == 1', **DAYS),
    lambda live: live.segmentation("A", on='propertis["a"] + properties["b"]', **DAYS),
    lambda live: live.segmentation_numeric("A", on="p", where="plan = 1", **DAYS),
    lambda live: live.segmentation_sum("A", on='number(properties["a"]', **DAYS),
    lambda live: live.segmentation_average("A", on="p", where="", **DAYS),
    lambda live: live.funnel(1, where='properties["a"] = 1', **DAYS),
    lambda live: live.funnel(1, on='properties["a"] +', **DAYS),
    lambda live: live.retention(born_event="A", born_where="1 +", **DAYS),
    lambda live: live.retention(born_event="A", return_where="or", **DAYS),
    lambda live: live.frequency(where="not", **DAYS),
    lambda live: live.insights("A", where='properties["a"] = 1', **DAYS),
    lambda live: live.insights('A where properties["a"] = 1', **DAYS),
    lambda live: live.funnel(steps=["A", ("B", 'properties["a"] = 1')], **DAYS),
    lambda live: live.flow(start=("A", 'properties["a"] = 1'), **DAYS),
]


@pytest.mark.parametrize(("ask", "parameter"), TABLES_ONLY)
def test_what_only_a_table_can_answer_says_so(ask: Ask, parameter: str) -> None:
    mixpanel = Answered({})
    with pytest.raises(ParameterError, match='table="events"') as caught:
        ask(mixpanel.live())
    assert caught.value.details["parameter"] == parameter
    assert mixpanel.requests == []


@pytest.mark.parametrize(("ask", "says"), NONSENSE)
def test_parameters_that_make_no_sense_cost_no_query(ask: Ask, says: str) -> None:
    mixpanel = Answered({})
    with pytest.raises(MixpanelDataError) as caught:
        ask(mixpanel.live())
    assert says in str(caught.value)
    assert mixpanel.requests == []


@pytest.mark.parametrize("ask", MISTAKEN)
def test_a_mistake_in_an_expression_costs_no_query(ask: Ask) -> None:
    mixpanel = Answered({})
    with pytest.raises(ExpressionError) as caught:
        ask(mixpanel.live())
    assert caught.value.details["context"].endswith("^")
    assert mixpanel.requests == []
