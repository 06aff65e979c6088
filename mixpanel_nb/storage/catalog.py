"""The catalog of a database: the tables and views that users see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.errors import StorageError
from mixpanel_nb.storage import ledger
from mixpanel_nb.storage.explain import explain, table_not_found
from mixpanel_nb.storage.records import ColumnRecord, TableRecord
from mixpanel_nb.storage.schema import LAKE_VIEW, SENT_COMMENT
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Names that begin with an underscore are the engine's own.
_NAMES = f"""
    SELECT table_name, false FROM duckdb_tables()
    WHERE database_name = current_catalog() AND schema_name = 'main' AND NOT starts_with(table_name, '_')
    UNION ALL
    SELECT view_name, comment IS DISTINCT FROM '{LAKE_VIEW}' FROM duckdb_views()
    WHERE database_name = current_catalog() AND schema_name = 'main' AND NOT internal
    AND NOT starts_with(view_name, '_')
"""


def table_names(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Every table and view except internal ones, by name."""
    return sorted(_names(con))


def has_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether there is a table or view of that name, the engine's own left out; case does not matter."""
    return _among(name, table_names(con))


def is_view(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether there is a view of that name; case does not matter."""
    return _among(name, [known for known, view in _names(con).items() if view])


def must_exist(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Raise if a table or view does not exist.

    Raises:
        TableNotFoundError: there is none of that name.
    """
    names = table_names(con)
    if not _among(name, names):
        raise table_not_found(name, names)


def origins(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ledger.Source | None]]:
    """The type of every table and view, and the project that it was fetched from, by name.

    The type is empty where nothing was fetched.
    """
    fetched = ledger.origins(con)
    nothing = ("", None)
    return {
        name: nothing if view else fetched.get(name.lower(), nothing) for name, view in _names(con).items()
    }


def table_info(con: duckdb.DuckDBPyConnection, name: str) -> TableRecord:
    """The record of a table; counts its rows. A view is not run."""
    if is_view(con, name):
        return TableRecord(name, "view", None)
    found = ledger.metadata(con, name)
    counted = con.execute(f"SELECT count(*) FROM {identifier(name)}").fetchone()
    rows = int(counted[0]) if counted else 0
    if found is None:
        return TableRecord(name, "table", rows)
    return recorded(name, rows, found, ledger.chunks(con, name))


def recorded(
    name: str, rows: int, found: ledger.TableMetadata, chunks: Sequence[ledger.Chunk]
) -> TableRecord:
    """The record of a table that was fetched."""
    limits = ledger.limits(chunks) or [ledger.canonical(found.filters)]
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


@dataclass(frozen=True)
class TableDescription:
    """A table or view, and what is recorded of it.

    Attributes:
        columns: Its columns.
        is_view: Whether it is a view.
        entries: What the ledger has of it.
        is_of_lake: Whether it is a view that stands for a fetched table of a lake.
        sent: The column that tells the order of sending, where the table was sorted; see ``layout``.
    """

    columns: tuple[ColumnRecord, ...]
    is_view: bool
    entries: ledger.Entries
    is_of_lake: bool = False
    sent: str | None = None


def describe(con: duckdb.DuckDBPyConnection, name: str) -> TableDescription:
    """The description of a table or view.

    Raises:
        TableNotFoundError: there is none of that name.
        StorageError: it is a view of something that no longer exists.
    """
    names = _names(con)
    if not _among(name, names):
        raise table_not_found(name, sorted(names))
    try:
        described = con.execute(f"DESCRIBE {identifier(name)}").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException, duckdb.IOException) as error:
        message = f"The view {name!r} cannot be read any more: {explain(error).message}"
        hint = "Make it anew with CREATE OR REPLACE VIEW, or drop it."
        raise StorageError(message, hint=hint, details={"table": name}) from None
    entries = ledger.entries(con, name, {column: sql_type for column, sql_type, *_ in described})
    properties = {column.name: column.property for column in entries.columns}
    columns = tuple(
        ColumnRecord(column, sql_type, nullable == "YES", properties.get(column))
        for column, sql_type, nullable, *_ in described
    )
    is_view = _among(name, [known for known, view in names.items() if view])
    return TableDescription(
        columns,
        is_view,
        entries,
        is_of_lake=_is_of_lake(con, name),
        sent=None if is_view else sent_column(con, name),
    )


def sent_column(con: duckdb.DuckDBPyConnection, table: str) -> str | None:
    """The column that tells in which order the rows of a sorted table were sent; None of other tables."""
    found = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_catalog() "
        "AND schema_name = 'main' AND lower(table_name) = lower($table) AND comment = $comment",
        {"table": table, "comment": SENT_COMMENT},
    ).fetchone()
    return None if found is None else str(found[0])


def _is_of_lake(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = con.execute(
        "SELECT 1 FROM duckdb_views() WHERE database_name = current_catalog() AND schema_name = 'main' "
        "AND lower(view_name) = lower($name) AND comment = $lake",
        {"name": name, "lake": LAKE_VIEW},
    )
    return bool(found.fetchall())


def _names(con: duckdb.DuckDBPyConnection) -> dict[str, bool]:
    """Every table and view except internal ones, and whether it is a view."""
    return dict(con.execute(_NAMES).fetchall())


def _among(name: str, names: Iterable[str]) -> bool:
    return name.lower() in {known.lower() for known in names}
