"""Annotations that are kept with a table: what happened in the project on its days, as Mixpanel notes it.

They are in ``_annotations``, which is made when there are some to keep, and are dropped with their table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixpanel_nb.storage.kept_table import KeptTable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import duckdb

_RECORDS = KeptTable(
    "_annotations",
    {
        "table_name": "VARCHAR",
        "id": "BIGINT",
        "moment": "TIMESTAMP",
        "description": "VARCHAR",
        "tags": "VARCHAR",
        "author": "VARCHAR",
    },
)


@dataclass(frozen=True)
class AnnotationRecord:
    """One annotation.

    Attributes:
        id: Mixpanel's id of it.
        moment: When it is about (UTC).
        description: Its text.
        tags: The names of its tags.
        author: Who wrote it; None if Mixpanel does not say.
    """

    id: int
    moment: datetime
    description: str
    tags: tuple[str, ...] = ()
    author: str | None = None


def of(con: duckdb.DuckDBPyConnection, table: str) -> list[AnnotationRecord]:
    """The annotations that are kept with a table, by their moment."""
    if not _RECORDS.exists(con):
        return []
    rows = con.execute(
        f"SELECT id, moment, description, tags, author FROM {_RECORDS.name} "
        "WHERE lower(table_name) = lower($table) ORDER BY moment, id",
        {"table": table},
    ).fetchall()
    return [
        AnnotationRecord(number, moment, description, tuple(json.loads(tags)), author)
        for number, moment, description, tags, author in rows
    ]


def save(con: duckdb.DuckDBPyConnection, table: str, found: Iterable[AnnotationRecord]) -> None:
    """Keep annotations with a table, in place of those that were kept.

    Args:
        con: A connection in a transaction.
        table: The table.
        found: The annotations.
    """
    forget(con, table)
    rows = [
        (table, each.id, each.moment, each.description, json.dumps(each.tags), each.author) for each in found
    ]
    if rows:
        _RECORDS.add(con, rows)


def forget(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Remove the annotations that are kept with a table, if there are any."""
    _RECORDS.forget(con, table)
