"""Where local reports find their events: an engine tells the columns of a table, and runs a statement.

``DuckDBEngine`` is the workspace's own database. Anything that runs DuckDB's SQL, or a translation of it,
can be another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.analytics.columns import Holds, PropertyColumn, TableColumns
from mixpanel_nb.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.results import ColumnInfo
    from mixpanel_nb.storage import StorageEngine
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
class EventTable:
    """A table of events, as reports need to know it.

    Attributes:
        columns: How its properties are read.
        days: Days (UTC) whose events were fetched; None if nobody knows.
        only: Events it was limited to when it was fetched; None for all.
        where: The filter it was fetched with, if any.
        complete: False while parts of its last fetch are missing.
    """

    columns: TableColumns
    days: frozenset[date] | None = None
    only: frozenset[str] | None = None
    where: str | None = None
    complete: bool = True


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
        only, where = metadata.filters.get("events"), metadata.filters.get("where")
        chunks = [(chunk.from_date, chunk.to_date) for chunk in self.storage.chunks(table)]
        return EventTable(
            columns,
            days=frozenset(_days(chunks)) if chunks else None,
            only=frozenset(only) if only else None,
            where=where,
            complete=metadata.complete,
        )

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
    """Columns of a table of somebody's own making; each holds the property of its name."""
    return {
        column.name: PropertyColumn(column.name, held)
        for column in columns
        if column.name not in _BASE and (held := _held(column.type)) is not None
    }


def _held(sql_type: str) -> Holds | None:
    return "decimal" if sql_type.startswith("DECIMAL") else _HOLDS.get(sql_type)


def _days(ranges: Iterable[tuple[date | None, date | None]]) -> Iterable[date]:
    for first, last in ranges:
        if first is not None and last is not None:
            yield from (first + timedelta(days=offset) for offset in range((last - first).days + 1))
