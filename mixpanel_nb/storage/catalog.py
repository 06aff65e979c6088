"""Which tables a database holds, as people may see them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.explain import table_not_found
from mixpanel_nb.storage.records import ColumnRecord, TableRecord
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    import duckdb

# Names that begin with an underscore are the engine's own.
_TABLES = """
    SELECT table_name FROM duckdb_tables()
    WHERE database_name = current_catalog() AND schema_name = 'main' AND NOT starts_with(table_name, '_')
    ORDER BY table_name
"""
_VIEWS = """
    SELECT view_name FROM duckdb_views()
    WHERE database_name = current_catalog() AND schema_name = 'main' AND NOT internal
    AND NOT starts_with(view_name, '_')
    ORDER BY view_name
"""


def table_names(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Every table but the engine's own, by name."""
    return [name for (name,) in con.execute(_TABLES).fetchall()]


def has_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether there is a table of that name, the engine's own left out; case does not matter."""
    return _among(name, table_names(con))


def must_exist(con: duckdb.DuckDBPyConnection, name: str, *, or_view: bool = False) -> None:
    """Refuse a table that is not there.

    Raises:
        TableNotFoundError: there is no table (or view) ``name``.
    """
    names = table_names(con)
    if or_view:
        names += [view for (view,) in con.execute(_VIEWS).fetchall()]
    if not _among(name, names):
        raise table_not_found(name, names)


def table_info(con: duckdb.DuckDBPyConnection, name: str) -> TableRecord:
    """What is known of a table; its rows are counted."""
    found = ledger.metadata(con, name)
    counted = con.execute(f"SELECT count(*) FROM {identifier(name)}").fetchone()
    rows = int(counted[0]) if counted else 0
    if found is None:
        return TableRecord(name, "table", rows)
    limits = ledger.limits(ledger.chunks(con, name)) or [ledger.canonical(found.filters)]
    return TableRecord(
        name,
        found.type,
        rows,
        found.fetched_at,
        found.from_date,
        found.to_date,
        complete=found.complete,
        filters=json.loads(limits[0]) if len(limits) == 1 else {},
        mixed=len(limits) > 1,
        source=None if found.source is None else str(found.source),
        timezone=found.timezone,
    )


def columns(con: duckdb.DuckDBPyConnection, name: str) -> tuple[ColumnRecord, ...]:
    """The columns of a table or view.

    Raises:
        TableNotFoundError: there is none of that name.
    """
    must_exist(con, name, or_view=True)
    properties = {column.name: column.property for column in ledger.columns(con, name)}
    described = con.execute(f"DESCRIBE {identifier(name)}").fetchall()
    return tuple(
        ColumnRecord(column, sql_type, nullable == "YES", properties.get(column))
        for column, sql_type, nullable, *_ in described
    )


def _among(name: str, names: list[str]) -> bool:
    return name.lower() in {known.lower() for known in names}
