"""The layout of a table of events: sorted, it is read faster by reports.

A fetch stores rows as they were sent. DuckDB knows the least and the greatest value of each column of some
60,000 rows, and skips rows that are not asked for: so the events of each name lie together, and among them
those of each user. They are sorted within spans of time, so that a report on some days reads these alone.

Rows are sorted span by span, each in one transaction. Their order of sending, which breaks ties of time and
which the numbers of DuckDB's rows tell of other tables, moves to a column. Rows that are added later have no
number there; they were sent later. So reports are right whatever part of a table is sorted.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.errors import StorageError
from mixpanel_nb.naming import free_name
from mixpanel_nb.storage import catalog
from mixpanel_nb.storage.connections import ordered, transaction
from mixpanel_nb.storage.schema import ROW_NUMBER, SENT, SENT_COMMENT
from mixpanel_nb.storage.sqltext import identifier, text

if TYPE_CHECKING:
    from datetime import date, datetime

MOST_ROWS = 4_000_000
"""Rows that are sorted at once, if events are spread evenly: some 3 GB are spilled for as many."""

_UNITS = {"year": 366, "quarter": 92, "month": 31, "week": 7, "day": 1}
"""The spans of time that may be sorted, with their days."""


@dataclass(frozen=True)
class Span:
    """A span of time with events that are not sorted.

    Attributes:
        since: Its beginning (UTC).
        until: Its end, which is not in it.
    """

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Sorted:
    """A part of a table that was sorted.

    Attributes:
        first: The day of its first event (UTC).
        last: The day of its last one.
        rows: Its events.
    """

    first: date
    last: date
    rows: int


def begin(con: duckdb.DuckDBPyConnection, table: str) -> list[Span]:
    """Give a table the column of the order of sending, and find the spans that are to be sorted, in order."""
    sent = catalog.sent_column(con, table)
    if sent is None:
        sent = free_name(SENT, _columns(con, table))
        with transaction(con):
            con.execute(f"ALTER TABLE {identifier(table)} ADD COLUMN {identifier(sent)} BIGINT")
            con.execute(f"COMMENT ON COLUMN {identifier(table)}.{identifier(sent)} IS {text(SENT_COMMENT)}")
    unit = _unit(con, table)
    start = f"date_trunc('{unit}', event_time)"
    return [
        Span(since, until)
        for since, until in con.execute(
            f"SELECT DISTINCT CAST({start} AS TIMESTAMP), CAST({start} + INTERVAL 1 {unit} AS TIMESTAMP) "
            f"FROM {identifier(table)} WHERE {identifier(sent)} IS NULL AND isfinite(event_time) ORDER BY 1"
        ).fetchall()
    ]


def sort(con: duckdb.DuckDBPyConnection, table: str, span: Span) -> Sorted | None:
    """Sort the rows of a span, in one transaction. Returns None if they were sorted meanwhile.

    Raises:
        TableNotFoundError: the table was dropped meanwhile.
        StorageError: it was replaced by one that is not to be sorted.
    """
    catalog.must_exist(con, table)
    column = catalog.sent_column(con, table)
    if column is None:
        message = f"Table {table!r} was replaced while it was being sorted."
        raise StorageError(message, hint="Do it again.", details={"table": table})
    name, sent = identifier(table), identifier(column)
    within = "event_time >= $since AND event_time < $until"
    times = {"since": span.since, "until": span.until}
    with ordered(con), transaction(con):
        (*part, last, unsorted) = con.execute(
            "SELECT CAST(min(event_time) AS DATE), CAST(max(event_time) AS DATE), count(*), "
            f"max({ROW_NUMBER}), min({ROW_NUMBER}) FILTER ({sent} IS NULL) FROM {name} WHERE {within}",
            times,
        ).fetchall()[0]
        if unsorted is None:
            return None
        number = f"coalesce({sent}, {ROW_NUMBER} - {unsorted} + {_next_number(con, name, sent)})"
        con.execute(
            f"INSERT INTO {name} BY NAME SELECT * REPLACE ({number} AS {sent}) FROM {name} WHERE {within} "
            f"ORDER BY event_name, distinct_id, event_time, {sent} NULLS LAST, {ROW_NUMBER}",
            times,
        )
        con.execute(f"DELETE FROM {name} WHERE {within} AND {ROW_NUMBER} <= {last}", times)
    with suppress(duckdb.TransactionException):  # another one is open
        con.execute("CHECKPOINT")  # so that the next span takes the place of these rows in the file
    return Sorted(*part)


def sent_number(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """SQL of a number that grows in the order in which the rows of a table were sent."""
    column = catalog.sent_column(con, table)
    if column is None:
        return ROW_NUMBER
    sent = identifier(column)
    return f"coalesce({sent}, {ROW_NUMBER} + {_next_number(con, identifier(table), sent)})"


def _next_number(con: duckdb.DuckDBPyConnection, name: str, sent: str) -> int:
    """A number behind all those of sorted rows."""
    return int(con.execute(f"SELECT coalesce(max({sent}), -1) + 1 FROM {name}").fetchall()[0][0])


def _unit(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """The longest unit of time of which no more rows than ``MOST_ROWS`` are to be expected."""
    rows, days = con.execute(
        "SELECT count(*), date_diff('day', min(event_time), max(event_time)) + 1 "
        f"FROM {identifier(table)} WHERE isfinite(event_time)"
    ).fetchall()[0]
    fitting = (
        unit for unit, length in _UNITS.items() if rows * min(length, days or 1) <= MOST_ROWS * (days or 1)
    )
    return next(fitting, "day")


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [name for name, *_ in con.execute(f"DESCRIBE {identifier(table)}").fetchall()]
