"""Names in the tables, for explorers and completion, from a few small queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.schema import BASE_COLUMNS, EVENT_COLUMNS, HELD_BY_BASE, SENT_COMMENT
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    import duckdb

    from mixpanel_nb.storage.schema import TableType

MAX_NAMES = 1_000
MAX_VALUES = 20
MAX_VALUE_LENGTH = 100
# Of larger tables a sample is read: names in use are in it, and the key is not held up.
MAX_ROWS = 1_000_000
ROWS_OF_AN_EVENT = 5_000
ROWS_OF_JSON = 2_000

_BASE = frozenset(column for columns in BASE_COLUMNS.values() for column in columns)
_COLUMNS = f"""
    SELECT columns.table_name, columns.column_name, columns.data_type, tables.estimated_size
    FROM duckdb_columns() AS columns
    LEFT JOIN duckdb_tables() AS tables USING (database_name, schema_name, table_name)
    WHERE columns.database_name IN (current_catalog(), 'temp') AND columns.schema_name = 'main'
    AND NOT columns.internal AND NOT starts_with(columns.table_name, '_')
    AND columns.comment IS DISTINCT FROM '{SENT_COMMENT}'
    ORDER BY columns.table_name, columns.column_index
"""


@dataclass
class Table:
    """A table or view.

    Attributes:
        name: Its name.
        rows: About how many rows it has; None for a view.
        type: ``events`` or ``profiles`` where it was fetched.
        columns: Name and DuckDB type of each column.
        properties: The properties that have a column, and its name.
    """

    name: str
    rows: int | None
    type: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def sampled(self) -> str:
        """It in ``FROM``, with at most about ``MAX_ROWS`` rows."""
        if self.rows is None:
            return f"(FROM {identifier(self.name)} LIMIT {MAX_ROWS // 10})"
        if self.rows <= MAX_ROWS:
            return identifier(self.name)
        return f"{identifier(self.name)} TABLESAMPLE system({100 * MAX_ROWS / self.rows:.4f}%)"

    def is_number(self, prop: str) -> bool:
        """Whether a property has a column of numbers."""
        sql_type = self.columns.get(self.properties.get(prop, ""), "")
        return sql_type.endswith("INT") or sql_type.startswith(
            ("INTEGER", "UINTEGER", "DOUBLE", "FLOAT", "DECIMAL")
        )

    @property
    def holds_events(self) -> bool:
        """Whether it has the columns of events."""
        return {column.lower() for column in self.columns} >= set(EVENT_COLUMNS)


def tables(con: duckdb.DuckDBPyConnection) -> dict[str, Table]:
    """Every table and view but the engine's own, by its name in lower case."""
    found: dict[str, Table] = {}
    for name, column, sql_type, rows in con.execute(_COLUMNS).fetchall():
        found.setdefault(name.lower(), Table(name, rows)).columns[column] = sql_type
    for name, table_type in ledger.types(con).items():
        if name in found:
            found[name].type = table_type
    for name, prop, column in ledger.column_names(con):
        if name in found and column in found[name].columns:
            found[name].properties[prop] = column
    for table in found.values():
        claimed = {*table.properties.values()}
        others = (column for column in table.columns if column not in claimed)
        table.properties |= {column: column for column in others if column.lower() not in _BASE}
    return found


def events(con: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """Names of the events in a table, sorted."""
    rows = con.execute(
        f"SELECT DISTINCT CAST(event_name AS VARCHAR) FROM {table.sampled} WHERE event_name IS NOT NULL "
        f"ORDER BY 1 LIMIT {MAX_NAMES}"
    ).fetchall()
    return [name for (name,) in rows]


def properties_of(con: duckdb.DuckDBPyConnection, table: Table, event: str) -> list[str]:
    """The properties that some of the event's rows have a value for; all where there is no such row."""
    names = list(table.properties)
    if not names:
        return []
    counts = ", ".join(f"count({identifier(table.properties[name])})" for name in names)
    row = con.execute(
        f"SELECT {counts} FROM (FROM {identifier(table.name)} WHERE event_name = $event "
        f"LIMIT {ROWS_OF_AN_EVENT})",
        {"event": event},
    ).fetchone()
    held = [name for name, count in zip(names, row or (), strict=False) if count]
    return held or names


def without_column(con: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """Properties that are only in the JSON of a table (of some of its rows), sorted."""
    rows = con.execute(
        "SELECT DISTINCT unnest(json_keys(properties)) AS name "
        f"FROM (SELECT properties FROM {identifier(table.name)} LIMIT {ROWS_OF_JSON}) ORDER BY name"
    ).fetchall()
    held = HELD_BY_BASE[cast("TableType", table.type)] if table.type else frozenset()
    return [name for (name,) in rows if name not in table.properties and name not in held]


def values(con: duckdb.DuckDBPyConnection, table: Table, column: str) -> list[str]:
    """The most frequent texts of a column, the most frequent first."""
    name = identifier(column)
    rows = con.execute(
        f"SELECT {name} FROM {table.sampled} WHERE length({name}) BETWEEN 1 AND {MAX_VALUE_LENGTH} "
        f"GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {MAX_VALUES}"
    ).fetchall()
    return [value for (value,) in rows]
