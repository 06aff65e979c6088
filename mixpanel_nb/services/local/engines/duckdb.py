"""``DuckDBEngine``: the tables of a workspace's own database file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mixpanel_nb.analytics.definitions import Definitions, Lookup
from mixpanel_nb.services.local.engines.base import KnownIdentities, recorded
from mixpanel_nb.services.local.engines.reading import TableReading
from mixpanel_nb.storage import table_names
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import duckdb

    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.services.local.engines.base import EventTable
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.storage.definitions import LookupRecord
    from mixpanel_nb.storage.kept_annotations import AnnotationRecord


@dataclass(frozen=True)
class DuckDBEngine:
    """The tables of a workspace.

    Attributes:
        storage: Its database.
    """

    storage: StorageEngine

    def events(self, table: str, zone: ZoneInfo) -> EventTable:
        """See :class:`Engine`."""
        found = self.storage.describe(table)
        columns, notes = TableReading(self.storage, table, found, zone).events()
        return recorded(columns, found.entries, notes)

    def profiles(self, table: str) -> TableColumns | None:
        """The profiles of the same project: ``profiles``, or else the only such table.

        If none was fetched, a user's own table named ``profiles``.
        """
        tables = self.storage.origins()
        project = next((of for name, (_, of) in tables.items() if name.lower() == table.lower()), None)
        names = [
            name
            for name, (kind, of) in tables.items()
            if kind == "profiles" and (project is None or of in {project, None})
        ]
        if not names and any(name.lower() == "profiles" and not kind for name, (kind, _) in tables.items()):
            names = ["profiles"]
        if "profiles" not in names and len(names) != 1:
            return None
        chosen = "profiles" if "profiles" in names else names[0]
        return TableReading(self.storage, chosen, self.storage.describe(chosen), ZoneInfo("UTC")).profiles()

    def cohorts(self) -> Mapping[str, str]:
        """See :class:`Engine`."""
        return {each.name: identifier(each.table) for each in self.storage.cohorts()}

    def definitions(self) -> Definitions:
        """See :class:`Engine`."""
        from mixpanel_nb.bookmarks.definitions import custom_event_of, custom_property_of

        events, properties = (self.storage.defined(kind) for kind in ("custom_event", "custom_property"))
        return Definitions(
            {number: custom_event_of(number, item) for number, item in events.items()},
            {number: custom_property_of(number, item) for number, item in properties.items()},
            {each.name: _lookup(each) for each in self.storage.lookups()},
        )

    def identities(self, table: str) -> KnownIdentities | None:
        """See :class:`Engine`."""
        known = self.storage.identities(table)
        if known is None:
            return None
        events = int(self.storage.execute_scalar(f"SELECT count(*) FROM {identifier(table)}"))
        metadata = self.storage.metadata_or_none(table)
        changed = metadata is not None and metadata.fetched_at > known.computed_at
        newer = events - known.events
        source = identifier(known.table)
        return KnownIdentities(known.table, known.system, source, known.computed_at, newer, changed)

    def check_keeps(self) -> None:
        """See :class:`Engine`."""
        self.storage.check_writable()

    def annotations(self, table: str) -> Sequence[AnnotationRecord]:
        """See :class:`Engine`."""
        return self.storage.annotations(table)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """See :class:`Engine`."""
        return self.storage.execute_rows(statement.text, statement.params)

    def source(self, statement: Statement) -> RowSource:
        """See :class:`Engine`."""
        return self.storage.query(statement.text, statement.params)

    def shown(self, statement: Statement) -> str:
        """See :class:`Engine`."""
        return statement.rendered()

    def tables(self, *, fetched: bool = False) -> list[str]:
        """See :class:`Engine`."""
        return [
            table.name
            for table in self.storage.known_tables()
            if table.type == "events" or (not fetched and not table.type and table.holds_events)
        ]

    def timezone(self, table: str) -> str | None:
        """See :class:`Engine`."""
        known = self.storage.metadata_or_none(table)
        return known.timezone if known else None

    def days(self, table: str) -> tuple[date, date] | None:
        """See :class:`Engine`."""
        held = self.storage.metadata_or_none(table)
        if held is not None and held.from_date is not None and held.to_date is not None:
            return held.from_date, held.to_date
        return self._days_of_rows(table)

    def event_names(self, table: str) -> list[str]:
        """See :class:`Engine`. Raises `DatabaseLockedError` at once if another process holds the file."""
        return self._names(table, table_names.events)

    def top_event(self, table: str) -> str | None:
        """See :class:`Engine`."""
        event = self.storage.execute_scalar(f"SELECT mode(event_name) FROM {identifier(table)}")
        return None if event is None else str(event)

    def property_names(self, table: str, event: str | None, *, numbers: bool = False) -> list[str]:
        """See :class:`Engine`. Of a table without columns for them, those of its first events.

        Raises `DatabaseLockedError` at once if another process holds the file.
        """

        def look(con: duckdb.DuckDBPyConnection, found: table_names.Table) -> list[str]:
            names = table_names.properties_of(con, found, event) if event else list(found.properties)
            if not found.properties and not numbers and "properties" in found.columns:
                names = table_names.without_column(con, found)
            return sorted(name for name in names if not numbers or found.is_number(name))

        return self._names(table, look)

    def _names(
        self, table: str, look: Callable[[duckdb.DuckDBPyConnection, table_names.Table], list[str]]
    ) -> list[str]:
        with self.storage.read_without_waiting() as con:
            found = table_names.tables(con).get(table.lower())
            return look(con, found) if found is not None and found.holds_events else []

    def _days_of_rows(self, table: str) -> tuple[date, date] | None:
        """The days (UTC) of the first and the last event in a table that was not fetched."""
        source = self.events(table, ZoneInfo("UTC")).columns.source()
        ((first, last),) = self.storage.execute_rows(
            f"SELECT CAST(min(event_time) AS DATE), CAST(max(event_time) AS DATE) FROM {source} AS e"
        )
        return None if first is None else (first, last)


def _lookup(record: LookupRecord) -> Lookup:
    key, *columns = record.kinds
    holds: Any = {name: record.kinds[name] for name in columns}
    return Lookup(record.name, identifier(record.table), identifier(key), record.prop, holds)
