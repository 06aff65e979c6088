"""Deduplication: one row per event, as Mixpanel counts it, and one row per user.

Raw exports hold everything as ingested; Mixpanel's reports keep one event per (event, distinct_id,
time, ``$insert_id``), the most recently ingested. Events that were sent without an ``$insert_id`` are all
kept (https://docs.mixpanel.com/reference/event-deduplication).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

EVENT_KEY = "event_name, distinct_id, event_time, insert_id"
UNIDENTIFIED = "coalesce(properties->>'/$insert_id', '') = ''"
QUARTER = 900  # seconds
INGESTED = (
    "greatest(TRY_CAST(properties->>'/mp_processing_time_ms' AS BIGINT), "
    "TRY_CAST(properties->>'/$mp_api_timestamp_ms' AS BIGINT))"
)

_NEWEST_FIRST = f"{INGESTED} DESC NULLS LAST, rowid DESC"


def span_after(con: duckdb.DuckDBPyConnection, table: str, row: int) -> tuple[datetime, datetime] | None:
    """First and last ``event_time`` of the rows behind ``row`` (a rowid), or None if there are none."""
    found = con.execute(
        f"SELECT min(event_time), max(event_time) FROM {identifier(table)} WHERE rowid > $row", {"row": row}
    ).fetchone()
    return None if found is None or found[0] is None else (found[0], found[1])


def quarters_after(con: duckdb.DuckDBPyConnection, table: str, row: int) -> frozenset[int]:
    """The quarters of an hour (since 1970) of the rows behind ``row`` (a rowid).

    Events of different ones are different, and days begin with one in every time zone.
    """
    quarter = f"CAST(floor(epoch(event_time) / {QUARTER}) AS BIGINT)"
    found = con.execute(
        f"SELECT DISTINCT {quarter} FROM {identifier(table)} WHERE rowid > $row", {"row": row}
    )
    return frozenset(number for (number,) in found.fetchall())


def remove_events_without_time(con: duckdb.DuckDBPyConnection, table: str, row: int) -> int:
    """Delete the rows behind ``row`` (a rowid) that have no time. Returns how many there were."""
    where = f"{identifier(table)} WHERE rowid > $row AND event_time IS NULL"
    if con.execute(f"SELECT count(*) FROM {where}", {"row": row}).fetchone() == (0,):
        return 0
    removed = con.execute(f"DELETE FROM {where}", {"row": row}).fetchone()
    return int(removed[0]) if removed else 0


def number_unidentified_events(
    con: duckdb.DuckDBPyConnection, table: str, row: int, unidentified: str = UNIDENTIFIED
) -> None:
    """Give distinct ids to equal rows after ``row`` (a rowid) that have no ``$insert_id``.

    Their ids are derived from their content, and so are equal. The first keeps its id; those of the others
    are derived from their number as well. So the same rows have the same ids whenever they are fetched.
    ``unidentified`` says in SQL which rows came without one.
    """
    if _find_twice(con, table, EVENT_KEY, "rowid > $row", {"row": row}):
        _number(con, table, row, unidentified)
        con.execute("DROP TABLE _twice")


def _number(con: duckdb.DuckDBPyConnection, table: str, row: int, unidentified: str) -> int:
    """Number equal rows whose keys are among ``_twice``. Returns how many ids changed."""
    changed = con.execute(
        f"""
        UPDATE {identifier(table)} AS t
        SET insert_id = CAST(CAST(md5(found.insert_id || found.place) AS UUID) AS VARCHAR)
        FROM (
            SELECT
                rowid AS row,
                insert_id,
                row_number() OVER (PARTITION BY {EVENT_KEY} ORDER BY rowid) AS place
            FROM {identifier(table)}
            WHERE rowid > $row AND hash({EVENT_KEY}) IN (SELECT key FROM _twice) AND {unidentified}
        ) AS found
        WHERE t.rowid = found.row AND found.place > 1
        """,
        {"row": row},
    ).fetchone()
    return int(changed[0]) if changed else 0


def remove_duplicate_events(
    con: duckdb.DuckDBPyConnection,
    table: str,
    row: int,
    span: tuple[datetime, datetime] | None,
    unidentified: str = UNIDENTIFIED,
) -> int:
    """Delete all but the most recently ingested of equal events between two moments (inclusive, UTC).

    None are all events of the table.

    The rows behind ``row`` (a rowid), all of them between these moments, get distinct ids before, as
    :func:`number_unidentified_events` gives them. Returns the number of rows removed.
    """
    if span is None:
        return _remove_duplicates(con, table, row, "true", {}, unidentified)
    params = {"since": span[0], "until": span[1]}
    return _remove_duplicates(con, table, row, "event_time BETWEEN $since AND $until", params, unidentified)


def remove_duplicates_behind(con: duckdb.DuckDBPyConnection, table: str, row: int) -> int:
    """The same among the rows behind ``row`` (a rowid) alone. Returns the number of rows removed."""
    return _remove_duplicates(con, table, row, "rowid > $row", {"row": row}, UNIDENTIFIED)


def _remove_duplicates(
    con: duckdb.DuckDBPyConnection,
    table: str,
    row: int,
    where: str,
    params: dict[str, Any],
    unidentified: str,
) -> int:
    if not _find_twice(con, table, EVENT_KEY, where, params):
        return 0
    if _number(con, table, row, unidentified):
        _find_twice(con, table, EVENT_KEY, where, params)  # new ids may be those of rows that are here
    return _keep_first(con, table, EVENT_KEY, _NEWEST_FIRST, where, params)


def remove_superseded_events(
    con: duckdb.DuckDBPyConnection, table: str, row: int, since: datetime, until: datetime
) -> int:
    """Delete the events up to ``row`` (a rowid) that are repeated after it, between two moments.

    For tables that keep duplicates: duplicates within one export stay, repeated fetches do not. Returns the
    number of rows removed.
    """
    name = identifier(table)
    same = " AND ".join(f"old.{column} IS NOT DISTINCT FROM new.{column}" for column in EVENT_KEY.split(", "))
    removed = con.execute(
        f"""
        DELETE FROM {name} AS old USING (SELECT DISTINCT {EVENT_KEY} FROM {name} WHERE rowid > $row) AS new
        WHERE old.rowid <= $row AND old.event_time BETWEEN $since AND $until AND {same}
        """,
        {"row": row, "since": since, "until": until},
    ).fetchone()
    return int(removed[0]) if removed else 0


def remove_older_profiles(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Delete all but the last stored row of each user. Returns the number of rows removed."""
    if not _find_twice(con, table, "distinct_id", "true", {}):
        return 0
    return _keep_first(con, table, "distinct_id", "rowid DESC", "true", {})


def _keep_first(
    con: duckdb.DuckDBPyConnection, table: str, key: str, order: str, where: str, params: dict[str, Any]
) -> int:
    """Delete every row but the first, by ``order``, of those equal in ``key`` that are among ``_twice``.

    Duplicates are usually few: repeated keys were found by hash, and only their rows are sorted.
    """
    name = identifier(table)
    removed = con.execute(
        f"""
        DELETE FROM {name} WHERE rowid IN (
            SELECT row FROM (
                SELECT rowid AS row, row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS place
                FROM {name}
                WHERE {where} AND hash({key}) IN (SELECT key FROM _twice)
            ) WHERE place > 1
        )
        """,
        params,
    ).fetchone()
    con.execute("DROP TABLE _twice")
    return int(removed[0]) if removed else 0


def _find_twice(
    con: duckdb.DuckDBPyConnection, table: str, key: str, where: str, params: dict[str, Any]
) -> bool:
    """Make ``_twice``, the hashes of keys that occur twice and more; whether there are any."""
    ((rows,),) = con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE _twice AS
        SELECT hash({key}) AS key FROM {identifier(table)} WHERE {where} GROUP BY 1 HAVING count(*) > 1
        """,
        params,
    ).fetchall()
    return bool(rows)
