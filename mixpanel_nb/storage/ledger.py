"""The ledger of fetched tables: metadata, chunks, and typed columns.

Kept in the database file itself (``_metadata``, ``_ledger``, ``_columns``), changed in the same transaction
as the rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from mixpanel_nb.errors import StorageError
from mixpanel_nb.storage.kinds import Kinds
from mixpanel_nb.storage.schema import LAKE_VIEW, OWN_TABLES, PropertyColumn, TableType
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import duckdb


@dataclass(frozen=True)
class Source:
    """The project that rows were fetched from.

    Attributes:
        host: The API host, such as ``mixpanel.com`` or ``127.0.0.1:8765``.
        project_id: Mixpanel's id of the project.
    """

    host: str
    project_id: str

    @classmethod
    def at(cls, base_url: str, project_id: str) -> Source:
        """A project at the address of an API host, whatever its scheme."""
        parts = urlsplit(base_url)
        return cls(parts.netloc.lower() + parts.path.rstrip("/"), project_id)

    def __str__(self) -> str:
        return f"project {self.project_id} at {self.host}"


@dataclass(frozen=True)
class TableMetadata:
    """Where a table came from.

    Attributes:
        type: ``events`` or ``profiles``.
        fetched_at: When its latest chunk was stored (UTC).
        from_date: First requested day, or None (profiles have no range).
        to_date: Last requested day.
        row_count: Rows in the table.
        filters: The filters of the fetch, e.g. ``{"events": ["Purchase"], "where": …}``.
        complete: False while chunks of the last fetch are missing.
        request: The request of the last fetch, so that the same call can complete it.
        source: The project that all rows are from; None if the rows were not fetched.
        timezone: The project's time zone, as the last fetch had it; None if unknown.
        legacy_zone: The zone of the days in the ledger, where exported times were turned from it to UTC
            (projects created before 2023); None where these days are UTC.
    """

    type: TableType
    fetched_at: datetime
    from_date: date | None = None
    to_date: date | None = None
    row_count: int = 0
    filters: Mapping[str, Any] = field(default_factory=dict)
    complete: bool = True
    request: Mapping[str, Any] = field(default_factory=dict)
    source: Source | None = None
    timezone: str | None = None
    legacy_zone: str | None = None


@dataclass(frozen=True)
class Chunk:
    """One fetched piece of a table.

    Attributes:
        from_date: First day it covers (None for profiles).
        to_date: Last day it covers.
        filters: What it was filtered by, as canonical JSON (see :func:`canonical`).
        row_count: Rows as downloaded, duplicates included.
        requests: Requests it took.
        bytes: Bytes received.
        fetched_at: When its download ended (UTC).
        source: The project it was fetched from.
    """

    from_date: date | None
    to_date: date | None
    filters: str
    row_count: int
    requests: int
    bytes: int
    fetched_at: datetime
    source: Source | None = None

    def days(self) -> Iterator[date]:
        """Each day it covers; none for profiles."""
        if self.from_date is not None and self.to_date is not None:
            for offset in range((self.to_date - self.from_date).days + 1):
                yield self.from_date + timedelta(days=offset)


WHOLE = "{}"
"""No filter, as canonical JSON."""


def limits(chunks: Iterable[Chunk]) -> list[str]:
    """The distinct filters of a table's days (or users); ``{}`` for unfiltered ones.

    A day that was also fetched without a filter is complete.
    """
    filters: dict[date | None, set[str]] = {}
    for chunk in chunks:
        days: list[date | None] = [*chunk.days()]
        for day in days or [None]:
            filters.setdefault(day, set()).add(chunk.filters)
    return sorted({each for found in filters.values() for each in ({WHOLE} if WHOLE in found else found)})


@dataclass(frozen=True)
class Entries:
    """All that is recorded of a table; empty for a table that was not fetched.

    Attributes:
        metadata: Where it came from.
        chunks: Its fetched chunks, in the order they came.
        columns: Its typed property columns.
    """

    metadata: TableMetadata | None = None
    chunks: Sequence[Chunk] = ()
    columns: Sequence[PropertyColumn] = ()


def canonical(filters: Mapping[str, Any]) -> str:
    """Filters as text that is equal for equal filters (None and empty ones left out)."""
    return json.dumps({k: v for k, v in filters.items() if v not in (None, [], ())}, sort_keys=True)


def now() -> datetime:
    """The current time, UTC, without a zone, as stored in the database."""
    return datetime.now(UTC).replace(tzinfo=None)


def start(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Create missing internal tables, and remove every record of a ``table`` that is about to be made."""
    if exists(con):
        _forget(con, table)
    else:
        create(con)


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create missing internal tables."""
    for name, columns in OWN_TABLES.items():
        definition = ", ".join(f"{column} {sql_type}" for column, sql_type in columns.items())
        con.execute(f"CREATE TABLE IF NOT EXISTS {name} ({definition})")


def exists(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether this database has the internal tables (not others of the same names)."""
    return OWN_TABLES.keys() <= _tables(con)


def recorded(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the ledger's entries for ``table`` are valid: not if SQL dropped the table."""
    return OWN_TABLES.keys() | {table.lower()} <= _tables(con)


def _tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Tables by lower-case name; an internal name with other columns is not the engine's.

    Raises:
        StorageError: the internal tables are of an earlier version.
    """
    here = "database_name = current_catalog() AND schema_name = 'main'"
    rows = con.execute(
        f"SELECT lower(table_name), column_count FROM duckdb_tables() WHERE {here} UNION ALL "
        f"SELECT lower(view_name), column_count FROM duckdb_views() WHERE {here} AND comment = $lake",
        {"lake": LAKE_VIEW},
    ).fetchall()
    widths = dict(rows)
    if widths.get("_metadata", 0) != len(OWN_TABLES["_metadata"]):
        _check_version(con)
    return {name for name, width in rows if name not in OWN_TABLES or width == len(OWN_TABLES[name])}


def _check_version(con: duckdb.DuckDBPyConnection) -> None:
    """Check that ``_metadata`` has the columns that this version needs."""
    rows = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = current_catalog() "
        "AND schema_name = 'main' AND lower(table_name) = '_metadata'"
    ).fetchall()
    names = {name for (name,) in rows}
    if {"table_name", "complete", "request"} <= names < OWN_TABLES["_metadata"].keys():
        message = (
            "This database was made by an earlier version of mixpanel_nb, "
            "which did not record the project that a table came from."
        )
        raise StorageError(message, hint="Fetch into a new file. SQL queries still read this one.")


def metadata(con: duckdb.DuckDBPyConnection, table: str) -> TableMetadata | None:
    """The metadata of ``table``, or None if it was never fetched."""
    return _metadata(con, table) if recorded(con, table) else None


def _metadata(con: duckdb.DuckDBPyConnection, table: str) -> TableMetadata | None:
    row = con.execute(
        "SELECT type, fetched_at, from_date, to_date, row_count, filters, complete, request, "
        "host, project_id, timezone, legacy_zone FROM _metadata WHERE lower(table_name) = lower($table)",
        {"table": table},
    ).fetchone()
    if row is None:
        return None
    table_type, fetched_at, from_date, to_date, row_count, filters, complete, request, *origin = row
    host, project_id, timezone, legacy_zone = origin
    return TableMetadata(
        type=cast("TableType", table_type),
        fetched_at=fetched_at,
        from_date=from_date,
        to_date=to_date,
        row_count=row_count,
        filters=json.loads(filters),
        complete=complete,
        request=json.loads(request),
        source=_source(host, project_id),
        timezone=timezone,
        legacy_zone=legacy_zone,
    )


def types(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The type of every fetched table (``events`` or ``profiles``), by its lower-case name."""
    if not exists(con):
        return {}
    return dict(con.execute("SELECT lower(table_name), type FROM _metadata").fetchall())


def origins(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, Source | None]]:
    """The type and the project of every fetched table, by its lower-case name."""
    if not exists(con):
        return {}
    rows = con.execute("SELECT lower(table_name), type, host, project_id FROM _metadata").fetchall()
    return {name: (table_type, _source(*origin)) for name, table_type, *origin in rows}


def record(con: duckdb.DuckDBPyConnection, table: str, entry: TableMetadata, *, is_new: bool = False) -> None:
    """Write ``table``'s metadata, in place of what was there of a table that is not new."""
    if not is_new:
        con.execute("DELETE FROM _metadata WHERE lower(table_name) = lower($table)", {"table": table})
    con.execute(
        "INSERT INTO _metadata "
        "VALUES ($table, $type, $at, $since, $until, $rows, $filters, $complete, $request, "
        "$host, $project, $timezone, $legacy_zone)",
        {
            "table": table,
            "type": entry.type,
            "at": entry.fetched_at,
            "since": entry.from_date,
            "until": entry.to_date,
            "rows": entry.row_count,
            "filters": canonical(entry.filters),
            "complete": entry.complete,
            "request": json.dumps(dict(entry.request), sort_keys=True),
            **_origin(entry.source),
            "timezone": entry.timezone,
            "legacy_zone": entry.legacy_zone,
        },
    )


def chunks(con: duckdb.DuckDBPyConnection, table: str) -> list[Chunk]:
    """Every chunk in ``table``, in the order they came."""
    return _chunks(con, table) if recorded(con, table) else []


def _chunks(con: duckdb.DuckDBPyConnection, table: str) -> list[Chunk]:
    rows = con.execute(
        "SELECT from_date, to_date, filters, row_count, requests, bytes, fetched_at, host, project_id "
        "FROM _ledger "
        "WHERE lower(table_name) = lower($table) ORDER BY rowid",
        {"table": table},
    ).fetchall()
    return [replace(Chunk(*row[:7]), source=_source(*row[7:])) for row in rows]


def add_chunks(con: duckdb.DuckDBPyConnection, table: str, entries: Sequence[Chunk]) -> None:
    """Record that ``entries`` are in ``table`` now."""
    for entry in entries:
        con.execute(
            "INSERT INTO _ledger VALUES "
            "($table, $since, $until, $filters, $rows, $requests, $bytes, $at, $host, $project)",
            {
                "table": table,
                "since": entry.from_date,
                "until": entry.to_date,
                "filters": entry.filters,
                "rows": entry.row_count,
                "requests": entry.requests,
                "bytes": entry.bytes,
                "at": entry.fetched_at,
                **_origin(entry.source),
            },
        )


def _source(host: str | None, project_id: str | None) -> Source | None:
    return None if host is None or project_id is None else Source(host, project_id)


def _origin(source: Source | None) -> dict[str, str | None]:
    """The parameters ``$host`` and ``$project``."""
    if source is None:
        return {"host": None, "project": None}
    return {"host": source.host, "project": source.project_id}


def columns(con: duckdb.DuckDBPyConnection, table: str) -> list[PropertyColumn]:
    """The typed property columns of ``table``, without those that SQL dropped or changed."""
    if not recorded(con, table):
        return []
    described = con.execute(f"DESCRIBE {identifier(table)}").fetchall()
    return _columns(con, table, {name: sql_type for name, sql_type, *_ in described})


def _columns(con: duckdb.DuckDBPyConnection, table: str, types: Mapping[str, str]) -> list[PropertyColumn]:
    rows = con.execute(
        "SELECT property, column_name, kinds, raw FROM _columns WHERE lower(table_name) = lower($table) "
        "ORDER BY rowid",
        {"table": table},
    ).fetchall()
    noted = [PropertyColumn(prop, name, Kinds.from_text(kinds), raw) for prop, name, kinds, raw in rows]
    return [column for column in noted if types.get(column.name) == column.sql_type]


def entries(con: duckdb.DuckDBPyConnection, table: str, types: Mapping[str, str]) -> Entries:
    """All that is recorded of ``table``; ``types`` are those of its columns."""
    if not recorded(con, table):
        return Entries()
    return Entries(_metadata(con, table), _chunks(con, table), _columns(con, table, types))


def column_names(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str]]:
    """Table (in lower case), property and column name of every typed column that was made."""
    if not exists(con):
        return []
    return con.execute("SELECT lower(table_name), property, column_name FROM _columns").fetchall()


def record_columns(
    con: duckdb.DuckDBPyConnection, table: str, entries: Iterable[PropertyColumn], *, is_new: bool = False
) -> None:
    """Write the typed columns of ``table``, in place of what was there of a table that is not new."""
    if not is_new:
        con.execute("DELETE FROM _columns WHERE lower(table_name) = lower($table)", {"table": table})
    columns = list(entries)
    con.execute(
        "INSERT INTO _columns "
        "SELECT $table, unnest($names), unnest($properties), unnest($kinds), unnest($raw)",
        {
            "table": table,
            "names": [column.name for column in columns],
            "properties": [column.property for column in columns],
            "kinds": [column.kinds.to_text() for column in columns],
            "raw": [column.raw for column in columns],
        },
    )


def forget(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Remove every record of ``table``."""
    if exists(con):
        _forget(con, table)


def _forget(con: duckdb.DuckDBPyConnection, table: str) -> None:
    for name in OWN_TABLES:
        con.execute(f"DELETE FROM {name} WHERE lower(table_name) = lower($table)", {"table": table})


def rename(con: duckdb.DuckDBPyConnection, table: str, new_name: str) -> None:
    """Rename ``table`` to ``new_name`` in every record."""
    for name in OWN_TABLES:
        con.execute(
            f"UPDATE {name} SET table_name = $new WHERE lower(table_name) = lower($table)",
            {"table": table, "new": new_name},
        )


def merged(before: TableMetadata | None, entry: TableMetadata) -> TableMetadata:
    """``entry`` with its range extended by the table's earlier range."""
    if before is None:
        return entry
    return replace(
        entry,
        from_date=_outer(min, before.from_date, entry.from_date),
        to_date=_outer(max, before.to_date, entry.to_date),
    )


def _outer(pick: Any, left: date | None, right: date | None) -> date | None:
    if left is None or right is None:
        return left or right
    return cast("date", pick(left, right))
