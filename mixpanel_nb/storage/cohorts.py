"""Cohorts of the database: tables of user ids, and the record of where each comes from.

The ids of a cohort are in a table with the one column ``distinct_id``. Its record is in ``_cohorts`` and is
valid only as long as that table is there, so SQL may drop it.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, QueryError, TableExistsError
from mixpanel_nb.storage import catalog
from mixpanel_nb.storage.kept_table import KeptTable
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    import duckdb

    Bound = tuple[str, Mapping[str, Any]]

PREFIX = "cohort_"
LINES_BEFORE = 2
"""Lines of a statement before the SQL of a user, as :func:`save` and :func:`ids_of` write it."""

_MOST = 63
_RECORDS = KeptTable(
    "_cohorts",
    {
        "table_name": "VARCHAR",
        "name": "VARCHAR",
        "definition": "VARCHAR",
        "size": "BIGINT",
        "of_table": "VARCHAR",
        "users": "BIGINT",
        "found": "BIGINT",
        "from_date": "DATE",
        "to_date": "DATE",
        "computed_at": "TIMESTAMP",
    },
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class CohortRecord:
    """One cohort.

    Attributes:
        table: The table of its ids.
        name: Its name.
        definition: Who is meant, as JSON.
        size: Users in it.
        of_table: The table of events it was computed from, or None.
        users: Users of that table.
        found: Users of the cohort that the table has.
        from_date: The first day of the table.
        to_date: The last day of the table.
        computed_at: When it was computed (UTC).
    """

    table: str
    name: str
    definition: str
    size: int = 0
    of_table: str | None = None
    users: int | None = None
    found: int | None = None
    from_date: date | None = None
    to_date: date | None = None
    computed_at: datetime | None = None


def table_of(name: str) -> str:
    """The table of a cohort's ids: ``cohort_`` and the name in small letters, with ``_`` for other signs.

    Raises:
        ParameterError: it is no name of a cohort.
    """
    word = re.sub(r"\W+", "_", name.strip().lower()).strip("_")
    if not word or "," in name or _UNPRINTABLE.search(name) or name != name.strip():
        hint = "Use letters, digits, spaces and signs other than commas."
        message = f"{name[:40]!r} cannot name a cohort."
        raise ParameterError(message, parameter="name", value=name, hint=hint)
    if len(PREFIX + word) > _MOST:
        message = f"{name[:40]!r}… is too long for the name of a cohort."
        hint = f"Use at most {_MOST - len(PREFIX)} characters."
        raise ParameterError(message, parameter="name", value=name, hint=hint)
    return PREFIX + word


def records(con: duckdb.DuckDBPyConnection) -> list[CohortRecord]:
    """The cohorts, by name."""
    return [CohortRecord(*row) for row in _RECORDS.rows(con, "name")]


def save(
    con: duckdb.DuckDBPyConnection, record: CohortRecord, query: Bound, counting: Bound | None = None
) -> CohortRecord:
    """Fill the table of a cohort with the ids of a query, in place of what was there, and record it.

    Args:
        con: A connection in a transaction.
        record: The cohort; its size is counted.
        query: A query with a column of ids, and its values; empty ids are left out.
        counting: A query of the users of the table of events, and of those of them who are in the cohort.

    Raises:
        TableExistsError: a table of that name is no cohort's, or another cohort's.
    """
    check_free(con, record)
    forget(con, record.table)
    con.execute(
        f"CREATE OR REPLACE TABLE {identifier(record.table)} AS "
        f"SELECT DISTINCT distinct_id FROM (\n{query[0]}\n) WHERE distinct_id <> '' ORDER BY 1",
        dict(query[1]),
    )
    ((size,),) = con.execute(f"SELECT count(*) FROM {identifier(record.table)}").fetchall()
    record = replace(record, size=size)
    if counting is not None:
        ((users, found),) = con.execute(counting[0], dict(counting[1])).fetchall()
        record = replace(record, users=users, found=found)
    _RECORDS.add(con, [astuple(record)])
    return record


def check_free(con: duckdb.DuckDBPyConnection, record: CohortRecord) -> None:
    """Check that the table of a cohort is its own, or not there.

    Raises:
        TableExistsError: it is another table.
    """
    if not catalog.has_table(con, record.table):
        return
    other = next((each for each in records(con) if each.table == record.table), None)
    if other is not None and other.name == record.name:
        return
    kind = f"the cohort {other.name!r}" if other else "a table of yours"
    message = f"The ids of {record.name!r} would be in the table {record.table}, which holds {kind}."
    raise TableExistsError(message, hint="Choose another name.", details={"table": record.table})


def forget(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Remove the record of the cohort in a table, if there is one."""
    _RECORDS.forget(con, table)


def ids_of(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """A query of a user with the column ``distinct_id``, by its own name or as its only column.

    Raises:
        QueryError: it is no query, or its ids are not told.
    """
    statements = con.extract_statements(sql)
    text = sql.rstrip().rstrip(";")
    if len(statements) != 1 or statements[0].type.name != "SELECT":
        message = "A cohort is made of one query that gives ids."
        raise QueryError(message, hint="Write SELECT distinct_id FROM events WHERE …")
    names = [name for name, *_ in con.execute(f"DESCRIBE\n{text}").fetchall()]
    chosen = next((name for name in names if name.lower() == "distinct_id"), None)
    if chosen is None and len(names) != 1:
        message = f"The query has no column distinct_id; it has {', '.join(names)}."
        raise QueryError(message, hint="Name the column of the ids: SELECT … AS distinct_id", details={})
    return f"SELECT CAST({identifier(chosen or names[0])} AS VARCHAR) AS distinct_id FROM (\n{text}\n)"
