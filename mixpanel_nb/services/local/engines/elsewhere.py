"""``ElsewhereEngine``: tables that are not in the workspace's own file, asked in the SQL of their engine.

A client runs SQL there and describes tables; ``spark``, ``clickhouse``, ``foreign`` and others have one each.
Tables are read as users' own tables of a DuckDB file are: with the columns of events, in any types that hold
them, or as a mapping says (``mapped``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from mixpanel_nb.analytics.definitions import Definitions
from mixpanel_nb.analytics.dialects.said import Relation
from mixpanel_nb.analytics.sql import Statement
from mixpanel_nb.errors import StorageError, TableNotFoundError
from mixpanel_nb.services.local.engines.base import KnownIdentities, recorded
from mixpanel_nb.services.local.engines.client import name_of, parts_of
from mixpanel_nb.services.local.engines.elsewhere_storage import ElsewhereStorage
from mixpanel_nb.services.local.engines.mapped import MappedReading
from mixpanel_nb.services.local.engines.reading import TableReading
from mixpanel_nb.storage.catalog import TableDescription
from mixpanel_nb.storage.explain import table_not_found
from mixpanel_nb.storage.ledger import Entries
from mixpanel_nb.storage.records import ColumnRecord
from mixpanel_nb.storage.schema import EVENT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.dialects.said import Said
    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.services.load.tables import TableMapping
    from mixpanel_nb.services.local.engines.base import EventTable
    from mixpanel_nb.services.local.engines.client import Client
    from mixpanel_nb.services.local.engines.of_lake import LakeView
    from mixpanel_nb.storage import StorageEngine, TableMetadata
    from mixpanel_nb.storage.kept_annotations import AnnotationRecord

_KEYS_OF = 2_000  # events, whose JSON is read for the names of properties
_NO_TABLE = "Name it with events=…, as the engine calls it: catalog.schema.table."


@dataclass(frozen=True)
class Beside:
    """The tables that belong to a table of events.

    Attributes:
        profiles: That of profiles; None if there is none.
        identities: That of identity mappings; None if there is none.
    """

    profiles: str | None = None
    identities: str | None = None


@dataclass(frozen=True)
class ElsewhereEngine:
    """The tables of another engine.

    Attributes:
        client: Runs SQL there.
        events_table: The table of events, as the engine calls it: ``events`` or ``catalog.schema.table``.
        profiles_table: The table of profiles; None if there is none.
        json: Columns that hold JSON as text, beside ``properties``.
        mapping: How tables of another shape are read; None for the shape of a fetched table.
        lake: The tables that are views of a lake's files, by name.
    """

    client: Client
    events_table: str = "events"
    profiles_table: str | None = None
    json: frozenset[str] = field(default_factory=frozenset)
    mapping: TableMapping | None = None
    lake: Mapping[str, LakeView] = field(default_factory=dict)

    @cached_property
    def beside(self) -> Beside:
        """The tables that belong to that of events: those named, else those of the mapping that are there.

        Raises:
            TableNotFoundError: the mapping names a table that is not there.
        """
        mapping = self.mapping
        if mapping is None:
            return Beside(self.profiles_table)
        profiles = self.profiles_table or self._first_of(mapping.profile_tables)
        if mapping.identities is not None:
            self.describe(mapping.identities)
        return Beside(profiles, mapping.identities or self._first_of(mapping.identity_tables))

    def _first_of(self, names: Sequence[str]) -> str | None:
        """The first of some tables in the schema of the table of events."""
        outer = parts_of(self.events_table)[:-1]
        spelled = (*names, *map(str.upper, names))  # as Snowflake spells them
        found = (name for name in spelled if self.client.columns((*outer, name)) is not None)
        name = next(found, None)
        return None if name is None else name_of((*outer, name))

    @cached_property
    def _described(self) -> dict[str, TableDescription]:
        return {}

    def describe(self, table: str) -> TableDescription:
        """The columns of a table.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: its columns cannot be named.
        """
        if table not in self._described:
            found = self.client.columns(parts_of(table))
            if found is None:
                message = f"There is no table {table!r} in {self.client.engine}."
                raise TableNotFoundError(message, hint=_NO_TABLE, details={"table": table})
            view = self.lake.get(table)
            json = self.json if view is None else view.json
            records = tuple(
                ColumnRecord(name, self._type(name, kind, json), True, None) for name, kind in found
            )
            entries = Entries() if view is None else view.entries
            self._described[table] = TableDescription(records, True, entries, is_of_lake=view is not None)
        return self._described[table]

    def _type(self, name: str, kind: str, json: frozenset[str]) -> str:
        lower = name.lower()
        if self.mapping is None and lower in {*EVENT_COLUMNS, "properties", "insert_id"} and lower != name:
            message = f"The column {name!r} has to be named {lower!r}."
            raise StorageError(message, hint="Make a view that names it so, and ask the view.")
        known = {"properties" if self.mapping is None else self.mapping.properties, *json}
        return "JSON" if kind == "VARCHAR" and name in known else kind

    def said(self, statement: Statement) -> Said:
        """A statement in the engine's SQL.

        Raises:
            QueryError: it cannot be said there.
        """
        return self.client.say(statement, self._relations())

    def _relations(self) -> dict[str, Relation]:
        return {
            table: Relation(parts_of(table), tuple(each.name for each in self.describe(table).columns))
            for table in self._tables()
        }

    def _tables(self) -> list[str]:
        others = (self.beside.profiles, self.beside.identities)
        return [self.events_table, *(name for name in others if name is not None)]

    # Engine

    def events(self, table: str, zone: ZoneInfo) -> EventTable:
        """See :class:`Engine`."""
        self._known(table)
        columns, notes = self._reading(table, zone).events()
        return recorded(columns, self.describe(table).entries, notes)

    def _reading(self, table: str, zone: ZoneInfo) -> TableReading:
        found = self.describe(table)
        texts: frozenset[str] = frozenset()
        if not self.client.json_is_text:
            texts = frozenset(each.name for each in found.columns if each.type == "JSON")
        place = (self.storage, table, found, zone, self.client.written(table), texts)
        return TableReading(*place) if self.mapping is None else MappedReading(*place, self.mapping)

    def _known(self, table: str) -> None:
        if table != self.events_table:
            raise table_not_found(table, [self.events_table])

    @property
    def storage(self) -> StorageEngine:
        """What a workspace over these tables has in place of a database file."""
        return cast("StorageEngine", ElsewhereStorage(self))

    def profiles(self, table: str) -> TableColumns | None:
        """See :class:`Engine`."""
        name = self.beside.profiles
        if name is None or table != self.events_table:
            return None
        return self._reading(name, ZoneInfo("UTC")).profiles()

    def cohorts(self) -> Mapping[str, str]:
        """See :class:`Engine`. Called where one is named: they are kept in a database file."""
        self.check_keeps()
        return {}

    def definitions(self) -> Definitions:
        """See :class:`Engine`. Called where one is named: they are kept in a database file."""
        self.check_keeps()
        return Definitions()

    def identities(self, _table: str, /) -> KnownIdentities | None:
        """See :class:`Engine`. Those of the mapping's table; others are kept in a database file."""
        name = self.beside.identities
        if name is None:
            return None
        source = (
            "(SELECT distinct_id, min(resolved_distinct_id) AS resolved_id "
            f"FROM {self.client.written(name)} GROUP BY distinct_id)"
        )
        return KnownIdentities(name, "simplified", source)

    def check_keeps(self) -> None:
        """See :class:`Engine`."""
        self.storage.check_writable()

    def annotations(self, _table: str, /) -> Sequence[AnnotationRecord]:
        """See :class:`Engine`. Annotations are kept in a database file."""
        return ()

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """See :class:`Engine`."""
        said = self.said(statement)
        return list(self.client.run(said.text, said.params).rows_)

    def source(self, statement: Statement) -> RowSource:
        """See :class:`Engine`."""
        said = self.said(statement)
        return self.client.run(said.text, said.params)

    def shown(self, statement: Statement) -> str:
        """See :class:`Engine`."""
        return self.said(statement).shown

    def tables(self, *, fetched: bool = False) -> list[str]:
        """See :class:`Engine`. Only a lake's was fetched."""
        return [] if fetched and self.events_table not in self.lake else [self.events_table]

    def timezone(self, table: str, /) -> str | None:
        """See :class:`Engine`. Only a lake's is known."""
        found = self.recorded(table)
        return found.timezone if found else None

    def recorded(self, table: str) -> TableMetadata | None:
        """What is recorded of a table of a lake; None for others."""
        return self.lake[table].entries.metadata if table in self.lake else None

    def days(self, table: str) -> tuple[date, date] | None:
        """See :class:`Engine`."""
        held = self.recorded(table)
        if held is not None and held.from_date is not None and held.to_date is not None:
            return held.from_date, held.to_date
        source = self.events(table, ZoneInfo("UTC")).columns.source()
        text = f"SELECT CAST(min(e.event_time) AS DATE), CAST(max(e.event_time) AS DATE) FROM {source} AS e"
        ((first, last),) = self.rows(Statement(text, {}))
        return None if first is None else (first, last)

    def event_names(self, table: str) -> list[str]:
        """See :class:`Engine`."""
        source = self.events(table, ZoneInfo("UTC")).columns.source()
        text = f"SELECT DISTINCT e.event_name FROM {source} AS e"
        return sorted(str(name) for (name,) in self.rows(Statement(text, {})) if name is not None)

    def top_event(self, table: str) -> str | None:
        """See :class:`Engine`."""
        source = self.events(table, ZoneInfo("UTC")).columns.source()
        text = f"SELECT e.event_name, count(*) FROM {source} AS e GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
        found = self.rows(Statement(text, {}))
        return None if not found or found[0][0] is None else str(found[0][0])

    def property_names(self, table: str, event: str | None, *, numbers: bool = False) -> list[str]:
        """See :class:`Engine`. Of the JSON, those of the first events, of an event or without columns."""
        columns = self.events(table, ZoneInfo("UTC")).columns
        number = {"double", "float", "integer", "decimal"}
        names = {name for name, held in columns.properties.items() if not numbers or held.holds in number}
        if columns.has_json and not numbers and (event is not None or not names):
            where, params = ("", {}) if event is None else ("WHERE e.event_name = $event", {"event": event})
            some = f"SELECT e.properties AS properties FROM {columns.source()} AS e {where} LIMIT {_KEYS_OF}"
            text = f"SELECT DISTINCT unnest(json_keys(e.properties)) AS name FROM ({some}) AS e"
            names |= {str(name) for (name,) in self.rows(Statement(text, params))}
        return sorted(names)
