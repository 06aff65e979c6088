"""``DuckDBEngine``: the tables of a workspace's own database file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mixpanel_nb.analytics.calendar import midnight, utc
from mixpanel_nb.analytics.columns import Holds, PropertyColumn, TableColumns
from mixpanel_nb.errors import StorageError
from mixpanel_nb.services.local.engines.base import EventTable, Part, Span
from mixpanel_nb.storage import table_names
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import duckdb

    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.storage import Chunk, StorageEngine
    from mixpanel_nb.storage.records import ColumnRecord
    from mixpanel_nb.storage.schema import PropertyColumn as StoredColumn

_OF_EVENTS = {"event_name", "event_time", "distinct_id"}
_BASE = frozenset({*_OF_EVENTS, "insert_id", "properties", "last_seen"})
_HOLDS: dict[str, Holds] = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "JSON": "json",
    "TIMESTAMP": "moment",
    **dict.fromkeys(("DOUBLE", "FLOAT"), "double"),
    **dict.fromkeys(
        (
            "TINYINT",
            "SMALLINT",
            "INTEGER",
            "BIGINT",
            "HUGEINT",
            "UTINYINT",
            "USMALLINT",
            "UINTEGER",
            "UBIGINT",
        ),
        "integer",
    ),
}


@dataclass(frozen=True)
class DuckDBEngine:
    """The tables of a workspace.

    Attributes:
        storage: Its database.
    """

    storage: StorageEngine

    def events(self, table: str) -> EventTable:
        """See :class:`Engine`."""
        columns = self._columns(table, needed=_OF_EVENTS)
        metadata = self.storage.metadata_or_none(table)
        if metadata is None:
            return EventTable(columns)
        zone = ZoneInfo(metadata.legacy_zone or "UTC")
        chunks = self.storage.chunks(table)
        return EventTable(columns, _parts(chunks, zone), metadata.complete, zone, _fetched(chunks))

    def profiles(self, table: str) -> TableColumns | None:
        """Of the profiles that are not of another project: ``profiles``, or else the only table there is."""
        tables = {known.name.lower(): known for known in self.storage.list_tables()}
        events = tables.get(table.lower())
        sources = {None if events is None else events.source, None}
        names = [
            each.name
            for each in tables.values()
            if each.type == "profiles" and (sources == {None} or each.source in sources)
        ]
        if "profiles" not in names and len(names) != 1:
            return None
        return self._columns("profiles" if "profiles" in names else names[0], needed=("distinct_id",))

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """See :class:`Engine`."""
        return self.storage.execute_rows(statement.text, statement.params)

    def tables(self, *, fetched: bool = False) -> list[str]:
        """See :class:`Engine`."""
        return [
            table.name
            for table in self.storage.known_tables()
            if table.type == "events" or (not fetched and not table.type and set(table.columns) >= _OF_EVENTS)
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
        self._columns(table, needed=_OF_EVENTS)
        times = f"min(event_time)::DATE, max(event_time)::DATE FROM {identifier(table)}"
        ((first, last),) = self.storage.execute_rows(f"SELECT {times}")
        return None if first is None else (first, last)

    def event_names(self, table: str) -> list[str]:
        """See :class:`Engine`. Raises `DatabaseLockedError` at once if another process holds the file."""
        return self._names(table, table_names.events)

    def top_event(self, table: str) -> str | None:
        """See :class:`Engine`."""
        event = self.storage.execute_scalar(f"SELECT mode(event_name) FROM {identifier(table)}")
        return None if event is None else str(event)

    def property_names(self, table: str, event: str | None, *, numbers: bool = False) -> list[str]:
        """See :class:`Engine`. Raises `DatabaseLockedError` at once if another process holds the file."""

        def look(con: duckdb.DuckDBPyConnection, found: table_names.Table) -> list[str]:
            names = table_names.properties_of(con, found, event) if event else list(found.properties)
            return sorted(name for name in names if not numbers or found.is_number(name))

        return self._names(table, look)

    def _names(
        self, table: str, look: Callable[[duckdb.DuckDBPyConnection, table_names.Table], list[str]]
    ) -> list[str]:
        with self.storage.read_without_waiting() as con:
            found = table_names.tables(con).get(table.lower())
            return [] if found is None else look(con, found)

    def _columns(self, table: str, *, needed: Iterable[str]) -> TableColumns:
        schema = self.storage.get_schema(table)
        types = {column.name: column.type for column in schema}
        missing = [name for name in needed if name not in types]
        if missing:
            message = f"Table {table!r} has no column {missing[0]!r}, so it holds no events."
            raise StorageError(message, hint="Name a table that fetch events has made.")
        stored = self.storage.property_columns(table)
        has_json = types.get("properties") == "JSON"
        properties = _of_stored(stored, has_json=has_json) if stored else _of_schema(schema)
        return TableColumns(table, properties, has_json=has_json, has_insert_id="insert_id" in types)


def _of_stored(columns: Iterable[StoredColumn], *, has_json: bool) -> dict[str, PropertyColumn]:
    """Columns whose values all are of one type. Text that stands for several is read from the JSON."""
    from mixpanel_nb.storage.kinds import Kinds

    return {
        column.property: PropertyColumn(column.name, _HOLDS[column.sql_type])
        for column in columns
        if column.sql_type != "VARCHAR" or not has_json or not column.kinds & ~Kinds.TEXT
    }


def _of_schema(columns: Iterable[ColumnRecord]) -> dict[str, PropertyColumn]:
    """Columns of a table of somebody's own making; each holds the property of its name, and maybe NaN."""
    return {
        column.name: PropertyColumn(column.name, held)
        for column in columns
        if column.name not in _BASE and (held := _held(column.type)) is not None
    }


def _held(sql_type: str) -> Holds | None:
    if sql_type.startswith("DECIMAL"):
        return "decimal"
    held = _HOLDS.get(sql_type)
    return "float" if held == "double" else held


def _parts(chunks: Iterable[Chunk], zone: ZoneInfo) -> tuple[Part, ...]:
    """Chunks of the same filters together."""
    together: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        together.setdefault(chunk.filters, []).append(chunk)
    return tuple(_part(filters, found, zone) for filters, found in together.items())


def _fetched(chunks: Iterable[Chunk]) -> dict[date, datetime]:
    """When each day was fetched for the last time."""
    found: dict[date, datetime] = {}
    for chunk in sorted(chunks, key=lambda chunk: chunk.fetched_at):
        found |= dict.fromkeys(chunk.days(), chunk.fetched_at)
    return found


def _part(filters: str, chunks: Sequence[Chunk], zone: ZoneInfo) -> Part:
    given = json.loads(filters)
    only = given.get("events")
    days = frozenset(day for chunk in chunks for day in chunk.days())
    spans = tuple(_span(chunk, zone) for chunk in chunks if chunk.from_date is not None)
    return Part(days, spans, frozenset(only) if only else None, given.get("where"), given.get("limit"))


def _span(chunk: Chunk, zone: ZoneInfo) -> Span:
    """The time that a chunk tells of: its days, but nothing after it was fetched."""
    days = sorted(chunk.days())
    since, until = utc(midnight(days[0]), zone), utc(midnight(days[-1] + timedelta(days=1)), zone)
    return since, min(until, chunk.fetched_at)
