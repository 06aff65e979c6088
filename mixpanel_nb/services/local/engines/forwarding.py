"""``ForwardingEngine``: an engine that answers as another one; a kind of it answers some questions itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.definitions import Definitions
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.services.local.engines.base import Engine, EventTable, KnownIdentities
    from mixpanel_nb.storage.kept_annotations import AnnotationRecord


@dataclass(frozen=True)
class ForwardingEngine:
    """Another engine.

    Attributes:
        engine: The engine.
    """

    engine: Engine

    def events(self, table: str, zone: ZoneInfo) -> EventTable:
        """See :class:`Engine`."""
        return self.engine.events(table, zone)

    def profiles(self, table: str) -> TableColumns | None:
        """See :class:`Engine`."""
        return self.engine.profiles(table)

    def cohorts(self) -> Mapping[str, str]:
        """See :class:`Engine`."""
        return self.engine.cohorts()

    def definitions(self) -> Definitions:
        """See :class:`Engine`."""
        return self.engine.definitions()

    def identities(self, table: str) -> KnownIdentities | None:
        """See :class:`Engine`."""
        return self.engine.identities(table)

    def check_keeps(self) -> None:
        """See :class:`Engine`."""
        self.engine.check_keeps()

    def annotations(self, table: str) -> Sequence[AnnotationRecord]:
        """See :class:`Engine`."""
        return self.engine.annotations(table)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """See :class:`Engine`."""
        return self.engine.rows(statement)

    def source(self, statement: Statement) -> RowSource:
        """See :class:`Engine`."""
        return self.engine.source(statement)

    def shown(self, statement: Statement) -> str:
        """See :class:`Engine`."""
        return self.engine.shown(statement)

    def tables(self, *, fetched: bool = False) -> list[str]:
        """See :class:`Engine`."""
        return self.engine.tables(fetched=fetched)

    def timezone(self, table: str) -> str | None:
        """See :class:`Engine`."""
        return self.engine.timezone(table)

    def days(self, table: str) -> tuple[date, date] | None:
        """See :class:`Engine`."""
        return self.engine.days(table)

    def event_names(self, table: str) -> list[str]:
        """See :class:`Engine`."""
        return self.engine.event_names(table)

    def top_event(self, table: str) -> str | None:
        """See :class:`Engine`."""
        return self.engine.top_event(table)

    def property_names(self, table: str, event: str | None, *, numbers: bool = False) -> list[str]:
        """See :class:`Engine`."""
        return self.engine.property_names(table, event, numbers=numbers)
