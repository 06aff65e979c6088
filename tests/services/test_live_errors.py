"""Each way Mixpanel is known to refuse or fail, on every endpoint: its own error, and a useful sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import (
    AccessDeniedError,
    APIError,
    AuthenticationError,
    NotFoundError,
    PlanError,
    QueryError,
    RateLimitError,
    ServerError,
)

from .answered import SECRET, Answered, Refusal, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from asking import Asking

DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-31"}

REPORTS: dict[str, Callable[[Asking], Any]] = {
    "segmentation": lambda live: live.segmentation("A", **DAYS),
    "segmentation/numeric": lambda live: live.segmentation_numeric("A", on="p", **DAYS),
    "segmentation/sum": lambda live: live.segmentation_sum("A", on="p", **DAYS),
    "segmentation/average": lambda live: live.segmentation_average("A", on="p", **DAYS),
    "events": lambda live: live.event_counts("A", **DAYS),
    "events/properties": lambda live: live.property_counts("A", "p", **DAYS),
    "events/top": lambda live: live.top_events(),
    "funnels": lambda live: live.funnel(7509, **DAYS),
    "retention": lambda live: live.retention(born_event="A", **DAYS),
    "retention/addiction": lambda live: live.frequency(**DAYS),
    "stream/query": lambda live: live.activity_feed("p", **DAYS),
    "insights": lambda live: live.saved_report(1),
    "jql": lambda live: live.jql("function main() {}"),
}

HOUR = "Query rate limit exceeded for project_id: 12345. This request exceeded the rate limit (61/60 queries "
FAILURES: list[tuple[Refusal | dict[str, Any], type[APIError], str]] = [
    (
        refused(400, {"request": "/x", "error": "Invalid unit"}),
        QueryError,
        "refused the query: Invalid unit.",
    ),
    (refused(400, {"error": "Unable to authenticate request"}), AuthenticationError, "does not accept these"),
    (refused(400, {"error": "to_date cannot be later than today"}), QueryError, "end a day earlier"),
    (refused(401, {"error": "no", "status": "error"}), AuthenticationError, "`mp auth test`"),
    (refused(402, {"error": "upgrade"}), PlanError, "ask the local table"),
    (refused(403, {"error": "no permission"}), AccessDeniedError, "the service account's role"),
    (refused(403, {"error": "Date range exceeds 90 days into the past"}), AccessDeniedError, "90 days back"),
    (refused(404, {"error": "Unknown report"}), NotFoundError, "Unknown report"),
    (refused(429, {"error": HOUR}, Retry_After="3600"), RateLimitError, "61/60"),
    (refused(429, {"error": "load shed"}), RateLimitError, "Try again in a minute."),
    (refused(500, {"message": "Error ID: 5"}), ServerError, "Error ID: 5"),
    (Refusal(502, b"<html>Bad gateway</html>"), ServerError, "failed with 502: an HTML page."),
    ({"error": "leaked through", "request": "/x"}, QueryError, "leaked through"),
    (Refusal(200, b"not JSON"), ServerError, "not JSON"),
]


@pytest.mark.parametrize("endpoint", REPORTS)
@pytest.mark.parametrize(("answer", "kind", "says"), FAILURES)
def test_each_failure_has_its_error(
    endpoint: str, answer: Refusal | dict[str, Any], kind: type[APIError], says: str
) -> None:
    with pytest.raises(APIError) as caught:
        REPORTS[endpoint](Answered(answer).live())
    assert type(caught.value) is kind
    assert says in str(caught.value)
    assert caught.value.details["path"] == f"/api/query/{endpoint}"
    assert SECRET not in json.dumps(caught.value.to_dict())


def test_a_refused_combination_of_retention_is_told() -> None:
    """The text of Mixpanel for what is refused here before it is sent."""
    answer = refused(400, {"error": "Validate failed: unit and interval both set"})
    with pytest.raises(QueryError, match="unit and interval both set"):
        REPORTS["retention"](Answered(answer).live())


def test_a_script_that_fails_shows_where() -> None:
    said = (
        "UserVisiblePreconditionFailedError: Uncaught exception TypeError: x is not a function\n"
        "  return x(1);\n         ^\n\n"
        "Stack trace:\nTypeError: x is not a function\n    at main (<anonymous>:3:10)"
    )
    mixpanel = Answered(refused(412, {"request": "/api/query/jql?project_id=12345", "error": said}))
    script = "function main() {\n  var x = 5;\n  return x(1);\n}\n"
    with pytest.raises(QueryError) as caught:
        mixpanel.live().jql(script)
    assert str(caught.value) == "The JQL script failed in line 3: TypeError: x is not a function."
    assert caught.value.details["context"] == "  return x(1);\n         ^"
    assert caught.value.details["line"] == 3
    assert caught.value.status_code == 412


def test_a_failure_that_passes_is_asked_again() -> None:
    answer = {"data": {"series": ["2025-01-01"], "values": {"A": {"2025-01-01": 1}}}}
    mixpanel = Answered(Refusal(502), answer, max_retries=1)
    assert mixpanel.live().segmentation("A", **DAYS).totals == {"total": 1}
    assert len(mixpanel.requests) == 2
