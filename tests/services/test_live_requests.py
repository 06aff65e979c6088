"""What each live report sends, and that its result tells just that, without the secret."""

from __future__ import annotations

import base64
import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from .answered import SECRET, USER, Answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.results import ReportResult

    Ask = Callable[[Any], ReportResult]

JANUARY: dict[str, Any] = {"from_date": "2025-01-01", "to_date": date(2025, 1, 31)}
DAYS = {"from_date": "2025-01-01", "to_date": "2025-01-31"}
ENTERPRISE = 'properties["plan"] == "enterprise"'
SERIES = {"data": {"series": [], "values": {}}, "legend_size": 0}
NUMBERS: dict[str, Any] = {"status": "ok", "results": {}}
NO_EVENTS: dict[str, Any] = {"status": "ok", "results": {"events": []}}

REPORTS: list[tuple[str, Any, Ask, str, dict[str, str]]] = [
    (
        "segmentation",
        SERIES,
        lambda live: live.segmentation("Sign Up", **JANUARY),
        "segmentation",
        {"event": "Sign Up", **DAYS, "unit": "day", "type": "general"},
    ),
    (
        "segmentation by a property",
        SERIES,
        lambda live: live.segmentation(
            "Sign Up", on="plan", unit="month", where=ENTERPRISE, type="unique", limit=5, **JANUARY
        ),
        "segmentation",
        {
            "event": "Sign Up",
            **DAYS,
            "on": 'properties["plan"]',
            "unit": "month",
            "where": ENTERPRISE,
            "type": "unique",
            "limit": "5",
        },
    ),
    (
        "numeric",
        SERIES,
        lambda live: live.segmentation_numeric("Purchase", on="amount", **JANUARY),
        "segmentation/numeric",
        {
            "event": "Purchase",
            **DAYS,
            "on": 'properties["amount"]',
            "unit": "day",
            "type": "general",
            "buckets": "10",
        },
    ),
    (
        "sum",
        NUMBERS,
        lambda live: live.segmentation_sum("Purchase", on='number(properties["a"])', unit="hour", **JANUARY),
        "segmentation/sum",
        {"event": "Purchase", **DAYS, "on": 'number(properties["a"])', "unit": "hour"},
    ),
    (
        "average",
        NUMBERS,
        lambda live: live.segmentation_average("Purchase", on="amount", where=ENTERPRISE, **JANUARY),
        "segmentation/average",
        {"event": "Purchase", **DAYS, "on": 'properties["amount"]', "unit": "day", "where": ENTERPRISE},
    ),
    (
        "event counts",
        SERIES,
        lambda live: live.event_counts(["B", "A", "B"], unit="week", type="average", **JANUARY),
        "events",
        {"event": '["B", "A"]', "type": "average", "unit": "week", **DAYS},
    ),
    (
        "property counts",
        SERIES,
        lambda live: live.property_counts("View", "page", **JANUARY),
        "events/properties",
        {"event": "View", "name": "page", "type": "general", "unit": "day", **DAYS, "limit": "255"},
    ),
    (
        "counts of some values",
        SERIES,
        lambda live: live.property_counts("View", 'properties["pa\\"ge"]', values=["a", "b"], **JANUARY),
        "events/properties",
        {
            "event": "View",
            "name": 'pa"ge',
            "values": '["a", "b"]',
            "type": "general",
            "unit": "day",
            **DAYS,
            "limit": "2",
        },
    ),
    (
        "top events",
        {"events": [], "type": "general"},
        lambda live: live.top_events(limit=3),
        "events/top",
        {"type": "general", "limit": "3"},
    ),
    (
        "funnel",
        {"data": {}},
        lambda live: live.funnel(7509, **JANUARY),
        "funnels",
        {"funnel_id": "7509", **DAYS, "interval": "31"},
    ),
    (
        "funnel with everything",
        {"data": {}},
        lambda live: live.funnel(
            7509, window=2, window_unit="week", unit="month", on="plan", where=ENTERPRISE, **JANUARY
        ),
        "funnels",
        {
            "funnel_id": "7509",
            **DAYS,
            "length": "14",
            "length_unit": "day",
            "unit": "month",
            "on": 'properties["plan"]',
            "where": ENTERPRISE,
            "limit": "255",
        },
    ),
    (
        "funnel within minutes",
        {"data": {}},
        lambda live: live.funnel(1, window=45, window_unit="minute", **JANUARY),
        "funnels",
        {"funnel_id": "1", **DAYS, "length": "45", "length_unit": "minute", "interval": "31"},
    ),
    (
        "retention",
        {},
        lambda live: live.retention(
            born_event="Sign Up",
            return_event="Visit",
            born_where=ENTERPRISE,
            return_where='properties["n"] > 1',
            unit="week",
            interval_count=4,
            **JANUARY,
        ),
        "retention",
        {
            **DAYS,
            "retention_type": "birth",
            "born_event": "Sign Up",
            "event": "Visit",
            "born_where": ENTERPRISE,
            "where": 'properties["n"] > 1',
            "unit": "week",
            "interval_count": "4",
            "unbounded_retention": "false",
        },
    ),
    (
        "retention by an interval",
        {},
        lambda live: live.retention(
            born_event="ignored", type="compounded", interval=3, mode="on_or_after", **JANUARY
        ),
        "retention",
        {
            **DAYS,
            "retention_type": "compounded",
            "interval": "3",
            "interval_count": "10",
            "unbounded_retention": "true",
        },
    ),
    (
        "frequency",
        {"data": {}},
        lambda live: live.frequency(unit="month", addiction_unit="day", event="Visit", **JANUARY),
        "retention/addiction",
        {**DAYS, "unit": "month", "addiction_unit": "day", "event": "Visit"},
    ),
    (
        "activity feed",
        NO_EVENTS,
        lambda live: live.activity_feed(["ü", "b"], **JANUARY),
        "stream/query",
        {"distinct_ids": '["\\u00fc", "b"]', **DAYS},
    ),
    (
        "saved report",
        {"series": {}},
        lambda live: live.saved_report(77),
        "insights",
        {"bookmark_id": "77"},
    ),
    (
        "jql",
        [],
        lambda live: live.jql("function main() {}", {"day": date(2025, 1, 1), "n": [1]}),
        "jql",
        {"script": "function main() {}", "params": '{"day": "2025-01-01", "n": [1]}'},
    ),
]
IDS = [name for name, *_ in REPORTS]


@pytest.mark.parametrize(("name", "answer", "ask", "endpoint", "params"), REPORTS, ids=IDS)
def test_a_report_sends_this_and_tells_it(
    name: str, answer: Any, ask: Ask, endpoint: str, params: dict[str, str]
) -> None:
    mixpanel = Answered(answer)
    result = ask(mixpanel.live())
    assert mixpanel.asked == [(f"/api/query/{endpoint}", params)]
    method = mixpanel.requests[0].method
    assert method == ("POST" if name == "jql" else "GET")
    assert result.request == {
        "method": method,
        "path": f"/api/query/{endpoint}",
        "params": {"project_id": "12345", **params},
    }
    assert result.to_dict()["request"] == result.request
    if name != "jql":  # there it is the script that is shown
        assert result.query is not None
        assert result.query.startswith(f"GET /api/query/{endpoint}?project_id=12345")


@pytest.mark.parametrize(("name", "answer", "ask", "endpoint", "params"), REPORTS, ids=IDS)
def test_no_result_has_the_secret(
    name: str, answer: Any, ask: Ask, endpoint: str, params: dict[str, str]
) -> None:
    result = ask(Answered(answer).live())
    basic = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
    shown = [json.dumps(result.to_dict()), repr(result), repr(vars(result)), result._repr_html_()]
    assert not any(form in text for text in shown for form in (SECRET, basic, USER))


def test_a_secret_that_was_put_into_a_parameter_is_not_told() -> None:
    result = Answered(SERIES).live().segmentation(f"has {SECRET}", **JANUARY)
    assert result.request is not None
    assert result.request["params"]["event"] == "has ***"


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("plan", 'properties["plan"]'),
        ('5" screen', 'properties["5\\" screen"]'),
        ("a\\b", 'properties["a\\\\b"]'),
        ("properties", 'properties["properties"]'),
        ('user["plan"]', 'user["plan"]'),
    ],
)
def test_a_bare_name_is_sent_as_an_expression(name: str, sent: str) -> None:
    mixpanel = Answered(SERIES)
    mixpanel.live().segmentation("A", on=name, **JANUARY)
    assert mixpanel.asked[0][1]["on"] == sent
