"""Identities of the database: for a table of events, the ids that are another id's user.

They are in a table with the columns ``distinct_id`` and ``resolved_id``, one row for each id that is
resolved to another. Its record is in ``_identities`` and is valid only as long as that table is there.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from mixpanel_nb.errors import TableExistsError
from mixpanel_nb.storage import catalog
from mixpanel_nb.storage.kept_table import KeptTable
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import duckdb

PREFIX = "identities_"

_RECORDS = KeptTable(
    "_identities",
    {
        "of_table": "VARCHAR",
        "table_name": "VARCHAR",
        "system": "VARCHAR",
        "events": "BIGINT",
        "ids": "BIGINT",
        "users": "BIGINT",
        "computed_at": "TIMESTAMP",
    },
)


@dataclass(frozen=True)
class IdentityRecord:
    """The identities of one table of events.

    Attributes:
        of_table: The table of events.
        table: The table of its resolved ids.
        system: ``original`` or ``simplified``.
        events: Events of the table.
        ids: Different ids of its events.
        users: Users that they are.
        computed_at: When they were found (UTC).
    """

    of_table: str
    table: str
    system: str
    events: int
    ids: int
    users: int
    computed_at: datetime


def table_of(name: str) -> str:
    """The table of the identities of a table of events."""
    return PREFIX + name


def records(con: duckdb.DuckDBPyConnection) -> list[IdentityRecord]:
    """The identities of all tables."""
    return [IdentityRecord(*row) for row in _RECORDS.rows(con, "of_table")]


def of(con: duckdb.DuckDBPyConnection, table: str) -> IdentityRecord | None:
    """The identities of a table; None if there are none."""
    return next((each for each in records(con) if each.of_table.lower() == table.lower()), None)


def resolved(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """The user of each id of a table's identities."""
    known = of(con, table)
    if known is None:
        return {}
    return dict(con.execute(f"SELECT distinct_id, resolved_id FROM {identifier(known.table)}").fetchall())


def save(con: duckdb.DuckDBPyConnection, record: IdentityRecord, users: Mapping[str, str]) -> None:
    """Fill the table of the identities, in place of what was there, and record it.

    Args:
        con: A connection in a transaction.
        record: What is known of them.
        users: The user of each id that has another's.

    Raises:
        TableExistsError: the table is another one.
    """
    check_free(con, record.of_table)
    forget_table(con, record.table)
    con.execute(
        f"CREATE OR REPLACE TABLE {identifier(record.table)} AS "
        "SELECT unnest(CAST($ids AS VARCHAR[])) AS distinct_id, "
        "unnest(CAST($users AS VARCHAR[])) AS resolved_id ORDER BY 2, 1",
        {"ids": list(users), "users": list(users.values())},
    )
    _RECORDS.add(con, [astuple(record)])


def check_free(con: duckdb.DuckDBPyConnection, of_table: str) -> None:
    """Check that the table of the identities is their own, or not there.

    Raises:
        TableExistsError: it is another table.
    """
    table = table_of(of_table)
    if catalog.has_table(con, table) and of(con, of_table) is None:
        message = f"The identities of {of_table} would be in the table {table}, which is one of yours."
        hint = "Rename it or drop it."
        raise TableExistsError(message, hint=hint, details={"table": table})


def forget_table(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Remove the record of the identities that are in a table, if there is one."""
    _RECORDS.forget(con, table)
