"""``WorkspaceVocabulary``: the names a form offers, from an engine's tables or from Mixpanel."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from mixpanel_nb.errors import MixpanelDataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.services.discovery import DiscoveryService
    from mixpanel_nb.services.local import Engine

T = TypeVar("T")


class WorkspaceVocabulary:
    """Names of an engine's tables, or those that Mixpanel lists; a name that cannot be read is not offered.

    Mixpanel is asked once a session for its events, and once for the properties of an event.
    """

    def __init__(self, engine: Engine, discovery: Callable[[], DiscoveryService]) -> None:
        self._engine = engine
        self._discovery = discovery

    def tables(self) -> list[str]:
        """The tables of events."""
        return self._engine.tables()

    def events(self, table: str | None) -> list[str]:
        """Events of a table, or of Mixpanel, sorted."""
        if table is None:
            return _or_none(lambda: self._discovery().events())
        return _or_none(lambda: self._engine.event_names(table))

    def properties(self, table: str | None, event: str | None) -> list[str]:
        """Properties of an event, or of any event of a table, sorted."""
        if table is None:
            return _or_none(lambda: self._discovery().properties(event)) if event else []
        return _or_none(lambda: self._engine.property_names(table, event))

    def numbers(self, table: str | None, event: str | None) -> list[str]:
        """The properties that are numbers; all of them where Mixpanel is asked, which does not say."""
        if table is None:
            return self.properties(None, event)
        return _or_none(lambda: self._engine.property_names(table, event, numbers=True))

    def cohorts(self) -> list[str]:
        """The cohorts of the tables, sorted."""
        return _or_none(lambda: sorted(self._engine.cohorts()))

    def funnels(self) -> list[tuple[str, int]]:
        """Name and id of Mixpanel's saved funnels."""
        return _or_none(lambda: [(each.name, each.funnel_id) for each in self._discovery().funnels()])


def _or_none(ask: Callable[[], list[T]]) -> list[T]:
    with suppress(MixpanelDataError):
        return ask()
    return []
