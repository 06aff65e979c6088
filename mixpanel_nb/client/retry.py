"""Retry policy: which failures are retried, how long to wait, and how to read the headers.

Backoff is exponential with full jitter: a random time between zero and ``base * 2**n`` seconds, at most 30.
A wait in the answer's headers (``Retry-After``, ``RateLimit``) takes precedence.
"""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_nb.errors import APIError

T = TypeVar("T")

MAX_BACKOFF = 30.0
"""Longest backoff, in seconds."""

_LONGEST_WAIT = 7 * 86400.0  # seconds; a longer wait in a header is not plausible
_STEP = 0.1  # seconds; waiting in steps lets Ctrl-C and a cancellation act at once
_POLICY = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[A-Za-z*][\w.*:/-]*))(?P<rest>[^,]*)')
_PARAMETER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)\s*=\s*(\d{1,15})\s*")


@dataclass(frozen=True)
class Wait:
    """A wait that is about to begin, for display.

    Attributes:
        seconds: How long it takes.
        until: The local time (with its offset) at which it ends.
        reason: Why, as a clause: ``"60 queries an hour are used up"``.
    """

    seconds: float
    until: datetime
    reason: str

    @classmethod
    def lasting(cls, seconds: float, reason: str) -> Wait:
        """A wait of ``seconds`` from now."""
        return cls(seconds, local_time_in(seconds), reason)


class TransientFailureError(Exception):
    """A transient failure (internal: it never leaves this package).

    Attributes:
        error: What to raise if retries do not help.
        wait: Seconds the server asked for, or None if it gave no time.
        untouched: Whether the request certainly had no effect, so that even a change may be retried.
    """

    def __init__(self, error: APIError, wait: float | None = None, *, untouched: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.wait = wait
        self.untouched = untouched


def never() -> bool:
    """The ``cancelled`` of work that cannot be cancelled."""
    return False


@dataclass(frozen=True)
class Persistence:
    """The retry policy of one piece of work.

    Attributes:
        max_retries: Attempts after the first.
        max_wait: Longest wait in seconds; a longer one raises an error at once.
        base: First backoff in seconds.
        on_wait: Called with every wait.
        cancelled: Polled throughout; once it returns True, ``CancelledError`` is raised.
        repeatable: False for a request that may have changed something before it failed.
    """

    max_retries: int = 5
    max_wait: float = 60.0
    base: float = 0.5
    on_wait: Callable[[Wait], None] | None = None
    cancelled: Callable[[], bool] = field(default=never)
    repeatable: bool = True

    def run(self, action: Callable[[], T]) -> T:
        """Run ``action`` until it succeeds, and return its result.

        Raises:
            APIError: The last failure, with ``attempts`` in its details.
            CancelledError: ``cancelled`` returned True.
        """
        attempt = 1
        while True:
            stop_if(self.cancelled)
            try:
                return action()
            except TransientFailureError as failure:
                passing = failure
            # Raised here, so that the error has no context with frames.
            error, wait = passing.error, passing.wait
            error.details["attempts"] = attempt
            if attempt > self.max_retries or not self._worth_repeating(passing):
                raise error
            self._pause(backoff(attempt, self.base) if wait is None else wait, error)
            attempt += 1

    def _worth_repeating(self, failure: TransientFailureError) -> bool:
        return (failure.wait or 0.0) <= self.max_wait and (self.repeatable or failure.untouched)

    def _pause(self, seconds: float, error: APIError) -> None:
        stop_if(self.cancelled)
        if self.on_wait is not None:
            self.on_wait(Wait.lasting(seconds, f"trying again: {error.message}"))
        pause(seconds, self.cancelled)


def stop_if(cancelled: Callable[[], bool]) -> None:
    """Raise ``CancelledError`` if ``cancelled`` returns True."""
    if cancelled():
        raise CancelledError


def pause(seconds: float, cancelled: Callable[[], bool] = never) -> None:
    """Sleep in short steps; a cancellation ends it with ``CancelledError``."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        stop_if(cancelled)
        time.sleep(min(left, _STEP))


def backoff(attempt: int, base: float) -> float:
    """Seconds to wait after the ``attempt``-th failure (from 1): full jitter under an exponential ceiling."""
    ceiling = min(MAX_BACKOFF, base * 2.0 ** min(attempt - 1, 32))
    return random.uniform(0.0, ceiling)  # noqa: S311 -- spreads retries, not for security


def local_time_in(seconds: float) -> datetime:
    """The local time in ``seconds`` from now, with its offset."""
    return datetime.now(UTC).astimezone() + timedelta(seconds=seconds)


def clock_time_in(seconds: float) -> str:
    """The local time in ``seconds`` from now as text: ``14:05``, with the date if that is not today."""
    then = local_time_in(seconds)
    today = local_time_in(0.0).date()
    return f"{then:%H:%M:%S}" if then.date() == today else f"{then:%Y-%m-%d %H:%M:%S}"


def requested_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds the answer asks to wait, from ``Retry-After`` or else ``RateLimit``; None if there is none.

    Args:
        headers: The answer's headers, by lower-case name.
    """
    named = parse_retry_after(headers.get("retry-after"), _date_of(headers))
    return exhausted_for(headers.get("ratelimit")) if named is None else named


def _date_of(headers: Mapping[str, str]) -> datetime | None:
    """The server's time; the local clock may be wrong."""
    return _http_date(headers.get("date", ""))


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds from a ``Retry-After`` header: a number of seconds or an HTTP date (RFC 9110, 10.2.3).

    A date is compared with ``now``: the server's time, if the answer contains it. A date in the past means
    now. Returns None if the header is invalid.
    """
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,9})?", text, re.ASCII):
        return min(float(text), _LONGEST_WAIT)
    moment = _http_date(text)
    if moment is None:
        return None
    seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT)


def parse_policies(value: str | None) -> dict[str, dict[str, int]]:
    """The items of a ``RateLimit`` or ``RateLimit-Policy`` header with their integer parameters.

    ``'"project";r=0;t=3600, "project-concurrency";r=3'`` gives
    ``{"project": {"r": 0, "t": 3600}, "project-concurrency": {"r": 3}}``. Invalid items are left out.
    """
    policies: dict[str, dict[str, int]] = {}
    position = 0
    while value and (item := _POLICY.match(value, position)):
        name = item["quoted"] if item["quoted"] is not None else item["token"]
        parameters = (_PARAMETER.fullmatch(part) for part in item["rest"].split(";"))
        policies[name] = {found[1]: int(found[2]) for found in parameters if found}
        position = item.end() + 1
    return policies


def exhausted_for(value: str | None, *, only: str | None = None) -> float | None:
    """Seconds until the exhausted policies (``r=0``) of a ``RateLimit`` header are refilled, or None.

    Args:
        value: The header.
        only: The name of the one policy to look at; None looks at all.
    """
    times = [
        float(policy["t"])
        for name, policy in parse_policies(value).items()
        if policy.get("r") == 0 and "t" in policy and only in {None, name}
    ]
    return min(max(times), _LONGEST_WAIT) if times else None
