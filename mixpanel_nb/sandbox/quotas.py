"""Mixpanel's rate limits (Mixpanel's docs, rate-limits and limits): rolling windows and concurrency.

They hold per project; those of Lexicon schemas hold per organization, and here each project is one.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_nb.sandbox.refusals import Family

QuotaGroup = Literal["query", "export", "app", "lexicon"]
"""What limits a request: the limits of its API family, or those of Lexicon schemas."""

UNLIMITED_POLICY = '"project";q=1000000;w=3600'
_HELP = (
    "For more information, please consult our documentation at "
    "https://help.mixpanel.com/hc/en-us/articles/115004602563-Rate-Limits-for-Export-API-Endpoints"
)
# First path segments that the server counts under /api/query; others are free.
_COUNTED = frozenset(
    {
        *("arb_funnels", "cohorts", "correlate", "custom-query", "data_definitions", "engage", "events"),
        *("experiments", "flows", "formulas", "funnels", "impact", "insights", "integrations", "jql"),
        *("metrics", "query", "retention", "segmentation", "stream", "trends"),
    }
)


@dataclass(frozen=True)
class Limits:
    """The limits of one API family: requests per window (seconds: requests), and at the same time."""

    windows: Mapping[int, int]
    concurrent: int

    @property
    def policy(self) -> str:
        """The ``RateLimit-Policy`` header."""
        longest = max(self.windows)
        quota = f'"project";q={self.windows[longest]};w={longest}'
        return f'{quota}, "project-concurrency";q={self.concurrent};qu="concurrent-requests"'


QUERY_LIMITS = Limits({3600: 60}, concurrent=5)
EXPORT_LIMITS = Limits({1: 3, 3600: 60}, concurrent=100)
LEXICON_LIMITS = Limits({60: 5}, concurrent=100)
_LIMITS = {"query": QUERY_LIMITS, "export": EXPORT_LIMITS, "lexicon": LEXICON_LIMITS}
_PERIODS = {1: "second", 60: "minute", 3600: "hour"}
_LEXICON = "projects/<project_id>/schemas"


def quota_group_of(family: Family, endpoint: str) -> QuotaGroup:
    """Whose quota a request is paid from."""
    return "lexicon" if family == "app" and endpoint.startswith(_LEXICON) else family


def policy_of(group: QuotaGroup, *, limited: bool) -> str:
    """The ``RateLimit-Policy`` header every answer carries."""
    return _LIMITS[group].policy if limited and group in _LIMITS else UNLIMITED_POLICY


def is_counted(group: QuotaGroup, endpoint: str, params: Mapping[str, str]) -> bool:
    """Whether a request uses up quota: pages of an open engage session and some endpoints are free."""
    if group != "query":
        return group in _LIMITS
    if endpoint == "engage/aliases" or (endpoint == "engage" and params.get("session_id")):
        return False
    return endpoint.partition("/")[0] in _COUNTED


def rate_limited(group: QuotaGroup, project_id: str, *, used: int, period: int, wait: float) -> RefusedError:
    """The 429 for a used-up window.

    Args:
        group: Whose limit it is.
        project_id: The project.
        used: Requests in the window, without this one.
        period: Length of the window in seconds.
        wait: Seconds until it is worth asking again.
    """
    seconds = max(1, math.ceil(wait))
    count = f"({used + 1}/{used} queries running in the last {_PERIODS[period]})"
    return RefusedError(
        429,
        f"Query rate limit exceeded for project_id: {project_id}. "
        f"This request exceeded the rate limit {count}. {_HELP}",
        {
            "RateLimit-Policy": policy_of(group, limited=True),
            "RateLimit": f'"project";r=0;t={seconds}, "project-concurrency";r=3',
            "Retry-After": str(seconds),
        },
    )


def too_many_at_once(group: QuotaGroup, project_id: str, limit: int) -> RefusedError:
    """The 429 for too many requests at the same time."""
    return RefusedError(
        429,
        f"Query rate limit exceeded for project_id: {project_id}. "
        f"This request exceeded the concurrency limit ({limit + 1}/{limit} queries running concurrently).",
        {
            "RateLimit-Policy": policy_of(group, limited=True),
            "RateLimit": '"project";r=12, "project-concurrency";r=0;t=10',
            "Retry-After": "10",
        },
    )


class Quotas:
    """Counts requests per group and project.

    Args:
        clock: Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._arrivals: defaultdict[tuple[QuotaGroup, str], deque[float]] = defaultdict(deque)
        self._running: defaultdict[tuple[QuotaGroup, str], int] = defaultdict(int)

    def enter(self, group: QuotaGroup, project_id: str, *, counted: bool) -> Callable[[], None]:
        """Admit a request, or refuse it without counting it.

        Args:
            group: Whose quota it is; for one without limits every request is admitted.
            project_id: The project whose quota it is.
            counted: False for requests that are free of the windows, though not of the concurrency limit.

        Returns:
            What to call when the answer has been sent.

        Raises:
            RefusedError: 429.
        """
        limits = _LIMITS.get(group)
        if limits is None:
            return lambda: None
        key = (group, project_id)
        with self._lock:
            if self._running[key] >= limits.concurrent:
                raise too_many_at_once(group, project_id, limits.concurrent)
            if counted:
                self._count(key, limits)
            self._running[key] += 1
        return lambda: self._leave(key)

    def _count(self, key: tuple[QuotaGroup, str], limits: Limits) -> None:
        now = self._clock()
        arrivals = self._arrivals[key]
        while arrivals and arrivals[0] <= now - max(limits.windows):
            arrivals.popleft()
        for period, quota in limits.windows.items():
            recent = [arrival for arrival in arrivals if arrival > now - period]
            if len(recent) >= quota:
                wait = recent[-quota] + period - now
                raise rate_limited(*key, used=quota, period=period, wait=wait)
        arrivals.append(now)

    def _leave(self, key: tuple[QuotaGroup, str]) -> None:
        with self._lock:
            self._running[key] -= 1
