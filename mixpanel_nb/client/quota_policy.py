"""Mixpanel's quotas, and which requests count (Mixpanel's docs, rate limits)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

QuotaFamily = Literal["query", "export"]

_COUNTED_QUERIES = frozenset(
    {
        "arb_funnels",
        "cohorts",
        "correlate",
        "custom-query",
        "data_definitions",
        "engage",
        "events",
        "experiments",
        "flows",
        "formulas",
        "funnels",
        "impact",
        "insights",
        "integrations",
        "jql",
        "metrics",
        "query",
        "retention",
        "segmentation",
        "stream",
        "trends",
    }
)
"""First path segments under ``/api/query/`` that Mixpanel counts (as its own client lists them)."""


def is_counted(endpoint: str, *, session_id: str | None = None) -> bool:
    """Whether a call of the Query API uses up the hourly quota.

    Later pages of a profile query (those with a ``session_id``) are free, as is ``engage/aliases``.
    """
    path = endpoint.strip("/")
    if path.startswith("engage/aliases") or (path == "engage" and session_id):
        return False
    return path.partition("/")[0] in _COUNTED_QUERIES


LONGEST_WINDOW = 86_400
"""Seconds of the longest window that an announced quota may have; Mixpanel's is an hour."""

LARGEST_AMOUNT = 1_000_000_000
"""Requests that an announced quota may allow in its window."""

LONGEST_CLOSURE = 3_600.0
"""Seconds for which a refusal blocks all processes of the home directory: one window."""


@dataclass(frozen=True)
class Quota:
    """The quota of an API family.

    Attributes:
        amount: Requests per ``window``.
        window: Seconds of the rolling window.
        per_second: Requests per second, or None where only the window counts.
        concurrent: Requests at once.
        noun: The noun for the requests in messages.
        lifetime: Seconds after which an open request counts as crashed.
    """

    amount: int
    window: int
    per_second: int | None
    concurrent: int
    noun: str
    lifetime: float


QUOTAS: dict[str, Quota] = {
    # Mixpanel's edge ends a query after 488 s, so an older one is no longer running.
    "query": Quota(60, 3600, None, 5, "queries", 600.0),
    "export": Quota(60, 3600, 3, 100, "exports", 3600.0),
}
