"""The names that questions can be made of, where they are offered to be chosen from."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from mixpanel_nb.errors import MixpanelDataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from mixpanel_nb.services.discovery import DiscoveryService
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.workspace.table_names import Table

T = TypeVar("T")


class Names:
    """Names of a workspace's tables, or those Mixpanel tells; what cannot be known is not offered.

    Mixpanel is asked once a session for its events, and once for the properties of an event.
    """

    def __init__(self, storage: StorageEngine, discovery: Callable[[], DiscoveryService]) -> None:
        self._storage = storage
        self._discovery = discovery

    def tables(self) -> list[str]:
        """The fetched tables of events."""
        return [table.name for table in self._storage.list_tables() if table.type == "events"]

    def events(self, table: str | None) -> list[str]:
        """Events of a table, or of Mixpanel, sorted."""
        if table is None:
            return self._told(lambda: self._discovery().events())
        return self._held(table, _events)

    def properties(self, table: str | None, event: str | None) -> list[str]:
        """Properties of an event, or of any event of a table, sorted."""
        if table is None:
            return self._told(lambda: self._discovery().properties(event)) if event else []
        return self._held(table, lambda con, found: _properties(con, found, event))

    def numbers(self, table: str | None, event: str | None) -> list[str]:
        """The properties that are numbers; all of them where Mixpanel is asked, which does not say."""
        if table is None:
            return self.properties(None, event)
        return self._held(
            table,
            lambda con, found: [name for name in _properties(con, found, event) if found.is_number(name)],
        )

    def funnels(self) -> list[tuple[str, int]]:
        """Name and id of Mixpanel's saved funnels."""
        return self._told(lambda: [(funnel.name, funnel.funnel_id) for funnel in self._discovery().funnels()])

    def _held(self, table: str, look: Callable[[duckdb.DuckDBPyConnection, Table], list[str]]) -> list[str]:
        from mixpanel_nb.workspace import table_names

        def ask() -> list[str]:
            with self._storage.glance() as con:
                found = table_names.tables(con).get(table.lower())
                return [] if found is None else look(con, found)

        return self._told(ask)

    @staticmethod
    def _told(ask: Callable[[], list[T]]) -> list[T]:
        with suppress(MixpanelDataError):
            return ask()
        return []


def _events(con: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    from mixpanel_nb.workspace import table_names

    return table_names.events(con, table)


def _properties(con: duckdb.DuckDBPyConnection, table: Table, event: str | None) -> list[str]:
    from mixpanel_nb.workspace import table_names

    return sorted(table_names.properties_of(con, table, event) if event else table.properties)
