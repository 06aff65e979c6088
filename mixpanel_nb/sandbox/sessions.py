"""Engage sessions: page 0 opens one, later pages continue it."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.sandbox.profiles import Choice

_KEPT = 200  # each with what its users did


@dataclass(frozen=True)
class ProfileQuery:
    """What was asked on page 0; it stays the same on all pages.

    Attributes:
        choice: Which profiles.
        page_size: Profiles on a page.
        limit: At most so many are sent on a page; None for all of it.
        output_properties: Only these properties are sent; None for all.
        has_pages: Whether there can be pages after the first.
    """

    choice: Choice
    page_size: int
    limit: int | None
    output_properties: Sequence[str] | None
    has_pages: bool = True


class EngageSessions:
    """The latest sessions, in memory; the oldest are forgotten."""

    def __init__(self) -> None:
        self._queries: OrderedDict[str, ProfileQuery] = OrderedDict()
        self._lock = threading.Lock()

    def open(self, query: ProfileQuery) -> str:
        """Remember a query and give its session id."""
        session_id = f"{secrets.randbelow(10**10):010d}-{secrets.token_hex(3).upper()}"
        with self._lock:
            self._queries[session_id] = query
            while len(self._queries) > _KEPT:
                self._queries.popitem(last=False)
        return session_id

    def find(self, session_id: str) -> ProfileQuery | None:
        """The query of a session, or None if it is unknown."""
        with self._lock:
            return self._queries.get(session_id)
