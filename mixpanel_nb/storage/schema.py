"""The tables of a database file: base columns, typed property columns, and the engine's own tables."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.storage.kinds import Kinds

TableType = Literal["events", "profiles"]

COMPRESSED_JSON = "JSON USING COMPRESSION zstd"

BASE_COLUMNS: dict[TableType, dict[str, str]] = {
    "events": {
        "event_name": "VARCHAR",
        "event_time": "TIMESTAMP",
        "distinct_id": "VARCHAR",
        "insert_id": "VARCHAR",
        "properties": COMPRESSED_JSON,
    },
    "profiles": {"distinct_id": "VARCHAR", "properties": COMPRESSED_JSON, "last_seen": "TIMESTAMP"},
}

EVENT_COLUMNS = ("event_name", "event_time", "distinct_id")
"""What a table must have to be one of events."""

# Properties whose value a base column already holds.
HELD_BY_BASE: dict[TableType, frozenset[str]] = {
    "events": frozenset({"time", "distinct_id", "$insert_id"}),
    "profiles": frozenset({"$last_seen"}),
}

OWN_TABLES = {
    "_metadata": {
        "table_name": "VARCHAR",
        "type": "VARCHAR",
        "fetched_at": "TIMESTAMP",
        "from_date": "DATE",
        "to_date": "DATE",
        "row_count": "BIGINT",
        "filters": "VARCHAR",
        "complete": "BOOLEAN",
        "request": "VARCHAR",
        "host": "VARCHAR",
        "project_id": "VARCHAR",
        "timezone": "VARCHAR",
        "legacy_zone": "VARCHAR",
    },
    "_ledger": {
        "table_name": "VARCHAR",
        "from_date": "DATE",
        "to_date": "DATE",
        "filters": "VARCHAR",
        "row_count": "BIGINT",
        "requests": "INTEGER",
        "bytes": "BIGINT",
        "fetched_at": "TIMESTAMP",
        "host": "VARCHAR",
        "project_id": "VARCHAR",
    },
    "_columns": {
        "table_name": "VARCHAR",
        "column_name": "VARCHAR",
        "property": "VARCHAR",
        "kinds": "VARCHAR",
        "raw": "BOOLEAN",
    },
}

LAKE_VIEW = "mixpanel_nb: a table of a lake"
"""The comment of a view that stands for a fetched table."""

SENT = "_sent"
"""The column of a sorted table of events with the number of each row in the order of sending."""

SENT_COMMENT = "mixpanel_nb: the order in which the events were sent"
"""The comment of that column, which has another name where a property is called the same."""

# DuckDB's name for a row's number, which grows with each row that is added. Rows are added in the order of
# their lines, so it tells the order in which they were sent. A column of that name would hide it.
ROW_NUMBER = "rowid"


@dataclass(frozen=True)
class PropertyColumn:
    """A typed column that holds one Mixpanel property.

    Attributes:
        property: The property's exact name.
        name: The column's name (DuckDB folds case, so it may differ from the property's).
        kinds: Every JSON kind the property is known to hold.
        raw: Read through raw JSON, because its texts look like numbers, lists or booleans.
    """

    property: str
    name: str
    kinds: Kinds
    raw: bool = False

    @builtins.property
    def sql_type(self) -> str:
        """The DuckDB type of the column."""
        return self.kinds.sql_type

    def widened(self, kinds: Kinds, raw: bool = False) -> PropertyColumn:
        """The same column after ``kinds`` were seen too, and perhaps texts that need raw reading."""
        return replace(self, kinds=self.kinds | kinds, raw=self.raw or raw)

    def definition(self) -> str:
        """The column as DDL."""
        return f"{identifier(self.name)} {self.sql_type}"


def column_names(properties: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """A column name for each property, unlike any other when case is folded, as DuckDB does.

    The first property of a spelling keeps its name; a later one, or one named like a base column,
    gets ``_2``, ``_3`` … behind it.
    """
    used = {name.casefold() for name in (ROW_NUMBER, *taken)}
    names: dict[str, str] = {}
    for prop in properties:
        name, number = prop, 1
        while name.casefold() in used:
            number += 1
            name = f"{prop}_{number}"
        used.add(name.casefold())
        names[prop] = name
    return names


def create_table_sql(table: str, table_type: TableType, columns: Sequence[PropertyColumn]) -> str:
    """The DDL of an events or profiles table."""
    base = [f"{identifier(name)} {sql_type}" for name, sql_type in BASE_COLUMNS[table_type].items()]
    return f"CREATE TABLE {identifier(table)} ({', '.join(base + [c.definition() for c in columns])})"
