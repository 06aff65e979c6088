"""``DistinctEngine``: an engine whose tables of events have every event once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mixpanel_nb.services.local.engines.forwarding import ForwardingEngine

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mixpanel_nb.services.local.engines.base import EventTable


@dataclass(frozen=True)
class DistinctEngine(ForwardingEngine):
    """Another engine, whose reports count copies of an event once, as Mixpanel's do."""

    def events(self, table: str, zone: ZoneInfo) -> EventTable:
        """See :class:`Engine`. Tables without ids of events are as they are."""
        found = self.engine.events(table, zone)
        distinct = found.columns.has_insert_id
        return replace(found, columns=replace(found.columns, distinct=distinct))
