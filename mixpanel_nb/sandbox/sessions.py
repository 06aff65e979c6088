"""Engage sessions: page 0 opens one, later pages continue it."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT = 1_000


@dataclass(frozen=True)
class ProfileQuery:
    """What was asked on page 0; it stays the same on all pages."""

    page_size: int
    distinct_ids: Sequence[str] | None
    output_properties: Sequence[str] | None


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
