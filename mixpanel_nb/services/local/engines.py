"""Where local reports find their events: an engine tells the columns of a table, and runs a statement.

``DuckDBEngine`` is the workspace's own database. Anything that runs DuckDB's SQL, or a translation of it,
can be another one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.analytics.columns import Holds, PropertyColumn, TableColumns
from mixpanel_nb.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.results import ColumnInfo
    from mixpanel_nb.storage import Chunk, StorageEngine
    from mixpanel_nb.storage.schema import PropertyColumn as StoredColumn

_OF_EVENTS = ("event_name", "event_time", "distinct_id")
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
class Part:
    """Days of a table that were fetched with the same filters.

    Attributes:
        days: The days (UTC).
        only: The events that were asked for; None for all.
        where: The filter, if any.
        limit: The most events that were asked for, if there was a limit.
    """

    days: frozenset[date]
    only: frozenset[str] | None = None
    where: str | None = None
    limit: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all events of the days were asked for."""
        return self.only is None and self.where is None and self.limit is None


@dataclass(frozen=True)
class EventTable:
    """A table of events, as reports need to know it.

    Attributes:
        columns: How its properties are read.
        parts: What was fetched into it; empty if nobody knows.
        complete: False while parts of its last fetch are missing.
    """

    columns: TableColumns
    parts: tuple[Part, ...] = ()
    complete: bool = True

    @property
    def only(self) -> frozenset[str] | None:
        """The events that any part was limited to; None where some part was not."""
        events = [part.only for part in self.parts]
        known = [names for names in events if names is not None]
        return frozenset().union(*known) if known and len(known) == len(events) else None


class Engine(Protocol):
    """What local reports ask for."""

    def events(self, table: str) -> EventTable:
        """A table of events.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: it does not hold events.
        """

    def profiles(self) -> TableColumns | None:
        """The table of people that belongs to the events, or None."""

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The rows of a statement."""


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
        return EventTable(columns, _parts(self.storage.chunks(table)), metadata.complete)

    def profiles(self) -> TableColumns | None:
        """The fetched table ``profiles``, or else the only one of people that there is."""
        names = [table.name for table in self.storage.list_tables() if table.type == "profiles"]
        if "profiles" not in names and len(names) != 1:
            return None
        return self._columns("profiles" if "profiles" in names else names[0], needed=("distinct_id",))

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """See :class:`Engine`."""
        return self.storage.execute_rows(statement.text, statement.params)

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


def _of_schema(columns: Iterable[ColumnInfo]) -> dict[str, PropertyColumn]:
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


def _parts(chunks: Iterable[Chunk]) -> tuple[Part, ...]:
    """Chunks of the same filters together."""
    days: dict[str, set[date]] = {}
    for chunk in chunks:
        days.setdefault(chunk.filters, set()).update(chunk.days())
    return tuple(_part(filters, frozenset(found)) for filters, found in days.items())


def _part(filters: str, days: frozenset[date]) -> Part:
    given = json.loads(filters)
    only = given.get("events")
    return Part(days, frozenset(only) if only else None, given.get("where"), given.get("limit"))
