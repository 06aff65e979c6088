"""Result of the activity feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.naming import free_name
from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


_OWN = ("event", "time", "distinct_id")
HELD = frozenset({"time", "distinct_id"})
"""Properties that repeat the event's own columns."""


@dataclass(frozen=True)
class ActivityEvent:
    """One event of a user.

    Attributes:
        event: Its name.
        time: When it happened (UTC).
        distinct_id: The user.
        properties: Its properties.
    """

    event: str
    time: datetime
    distinct_id: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class ActivityFeedResult(ReportResult):
    """The events of some users, oldest first.

    Attributes:
        distinct_ids: The requested users.
        from_date: First day.
        to_date: Last day.
        events: Their events.
    """

    distinct_ids: tuple[str, ...]
    from_date: date
    to_date: date
    events: tuple[ActivityEvent, ...]

    @cached_property
    def column_names(self) -> list[str]:
        """``event, time, distinct_id``, then every property in order of first occurrence.

        The properties ``time`` and ``distinct_id`` are the event's own; a property ``event`` is ``event_2``.
        """
        return [*_OWN, *self._columns.values()]

    @cached_property
    def _columns(self) -> dict[str, str]:
        """The column of each property, except those that repeat the event's own columns."""
        found = dict.fromkeys(name for event in self.events for name in event.properties)
        return {
            name: name if name not in _OWN else free_name(name, found) for name in found if name not in HELD
        }

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row per event; None if it lacks a property."""
        return [
            (event.event, event.time, event.distinct_id, *map(event.properties.get, self._columns))
            for event in self.events
        ]

    def _dtypes(self) -> Mapping[str, str]:
        return {"time": "datetime64[ns, UTC]"}
