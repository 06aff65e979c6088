"""What a project defines itself, kept for reports on tables: custom events, custom properties, lookup tables.

Custom events and properties are in ``_definitions``, as Mixpanel tells them. A lookup table is a table of its
own, ``lookup_`` and its name; its record is in ``_lookups`` and is valid only while that table is there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, TableExistsError
from mixpanel_nb.storage import catalog
from mixpanel_nb.storage.kept_table import KeptTable
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import duckdb

PREFIX = "lookup_"
KINDS = {"text": "VARCHAR", "integer": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "json": "JSON"}
_MOST = 63
_BATCH = 50_000
_DEFINITIONS = KeptTable("_definitions", {"kind": "VARCHAR", "id": "BIGINT", "definition": "VARCHAR"})
_LOOKUPS = KeptTable(
    "_lookups",
    {
        "table_name": "VARCHAR",
        "name": "VARCHAR",
        "property": "VARCHAR",
        "source": "VARCHAR",
        "kinds": "VARCHAR",
    },
)
_NAME = re.compile(r"\w[\w -]*")


@dataclass(frozen=True)
class LookupRecord:
    """One lookup table.

    Attributes:
        table: Its table.
        name: Its name.
        prop: The property that its keys are values of, as an expression.
        source: Where it is from.
        kinds: What each of its columns holds; the first is the key.
    """

    table: str
    name: str
    prop: str
    source: str
    kinds: Mapping[str, str]


def defined(con: duckdb.DuckDBPyConnection, kind: str) -> dict[int, dict[str, Any]]:
    """The definitions of a kind, by id."""
    if not _DEFINITIONS.exists(con):
        return {}
    rows = con.execute(
        f"SELECT id, definition FROM {_DEFINITIONS.name} WHERE kind = $kind ORDER BY id", {"kind": kind}
    ).fetchall()
    return {number: json.loads(text) for number, text in rows}


def define(con: duckdb.DuckDBPyConnection, kind: str, found: Mapping[int, Mapping[str, Any]]) -> None:
    """Keep the definitions of a kind, in place of those that were kept.

    Args:
        con: A connection in a transaction.
        kind: The kind.
        found: The definitions, by id.
    """
    if _DEFINITIONS.exists(con):
        con.execute(f"DELETE FROM {_DEFINITIONS.name} WHERE kind = $kind", {"kind": kind})
    if found:
        _DEFINITIONS.add(con, [(kind, number, json.dumps(each)) for number, each in found.items()])


def table_of(name: str) -> str:
    """The table of a lookup table: ``lookup_`` and the name in small letters, with ``_`` for other signs.

    Raises:
        ParameterError: it is no name of one.
    """
    word = re.sub(r"\W+", "_", name.lower()).strip("_")
    if not _NAME.fullmatch(name) or not word or len(PREFIX + word) > _MOST:
        hint = f"Use letters, digits, spaces, _ and -; at most {_MOST - len(PREFIX)}."
        message = f"{name[:60]!r} cannot name a lookup table."
        raise ParameterError(message, parameter="name", value=name, hint=hint)
    return PREFIX + word


def lookups(con: duckdb.DuckDBPyConnection) -> list[LookupRecord]:
    """The lookup tables, by name."""
    return [
        LookupRecord(table, name, prop, source, json.loads(kinds))
        for table, name, prop, source, kinds in _LOOKUPS.rows(con, "name")
    ]


def save_lookup(
    con: duckdb.DuckDBPyConnection, record: LookupRecord, columns: Sequence[Sequence[str | None]]
) -> None:
    """Fill the table of a lookup table, in place of what was there, and record it.

    Args:
        con: A connection in a transaction.
        record: The lookup table.
        columns: The values of each column, as texts.

    Raises:
        TableExistsError: a table of that name is another one.
    """
    known = {each.table: each for each in lookups(con)}
    other = known.get(record.table)
    if catalog.has_table(con, record.table) and (other is None or other.name != record.name):
        message = f"{record.name!r} would be in the table {record.table}, which is another one."
        raise TableExistsError(message, hint="Choose another name.", details={"table": record.table})
    forget(con, record.table)
    listed = ", ".join(f"{identifier(name)} {KINDS[kind]}" for name, kind in record.kinds.items())
    con.execute(f"CREATE OR REPLACE TABLE {identifier(record.table)} ({listed})")
    casts = ", ".join(
        f"CAST(unnest(CAST(? AS VARCHAR[])) AS {KINDS[kind]})" for kind in record.kinds.values()
    )
    for rows in _batches(columns):
        con.execute(f"INSERT INTO {identifier(record.table)} SELECT {casts}", rows)
    _LOOKUPS.add(con, [(record.table, record.name, record.prop, record.source, json.dumps(record.kinds))])


def _batches(columns: Sequence[Sequence[str | None]]) -> Iterator[list[Sequence[str | None]]]:
    for first in range(0, len(columns[0]), _BATCH):
        yield [column[first : first + _BATCH] for column in columns]


def forget(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Remove the record of the lookup table in a table, if there is one."""
    _LOOKUPS.forget(con, table)
