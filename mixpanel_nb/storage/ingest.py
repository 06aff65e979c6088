"""Bulk loading of JSON lines into a table: one statement per batch, every row verified, no Python per row.

A batch is loaded with the known columns. If a value contradicts a column's type, the statement fails, the
batch's actual kinds are determined, the columns widen, and it runs again; so types never depend on the
sample. The caller owns the transaction.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.errors import IncompleteExportError, StorageError, Word
from mixpanel_nb.storage import extraction, not_numbers
from mixpanel_nb.storage.kinds import EXACT_IN_DOUBLE, Kinds
from mixpanel_nb.storage.sqltext import identifier, literal_path, text, valid_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mixpanel_nb.storage.own_rows import OwnRows
    from mixpanel_nb.storage.schema import PropertyColumn, TableType

WIDEN = "mixpanel_nb: a value does not fit its column"
NOT_AN_EVENT = "mixpanel_nb: a line is not an event (it has no name or no time)"
NOT_A_PROFILE = "mixpanel_nb: a line is not a profile (it has no $distinct_id, or $properties is no object)"
NO_TIME = "mixpanel_nb: no event can have the time"

_WITHOUT_ID = "coalesce(\"$distinct_id\", '') = '' AND \"$properties\" IS NOT NULL"

# The same event gives the same id whenever it is fetched (see dedupe.number_unidentified_events).
DERIVED_ID = "CAST(CAST(md5(event || properties) AS UUID) AS VARCHAR)"

# The magnitude of a time shows its unit: all times that Mixpanel accepts, from 1971 on, are below the first
# number in seconds (until 2969), and below the second in milliseconds.
MILLISECONDS_FROM = 31_536_000_000
IMPOSSIBLE_FROM = 1_000 * MILLISECONDS_FROM


@dataclass(frozen=True)
class EventTime:
    """How exported times are read.

    Attributes:
        legacy_zone: Set for projects created before 2023, whose exports hold times shifted into this
            project-local zone; None where ``time`` is true UTC (Mixpanel's docs, "Exporting Data").
    """

    legacy_zone: str | None = None

    def to_utc(self, epoch: str) -> str:
        """A UTC ``TIMESTAMP`` from epoch seconds or milliseconds, depending on the magnitude.

        A larger number fails with ``NO_TIME``.
        """
        factor = f"CASE WHEN abs({epoch}) >= {MILLISECONDS_FROM} THEN 1000 ELSE 1000000 END"
        possible = f"CASE WHEN abs({epoch}) >= {IMPOSSIBLE_FROM} THEN {_no_time(epoch)} ELSE {epoch} END"
        moment = f"make_timestamp(TRY_CAST(round({possible} * {factor}) AS BIGINT))"
        if self.legacy_zone is None:
            return moment
        return f"(({moment} AT TIME ZONE {text(self.legacy_zone)}) AT TIME ZONE 'UTC')"


def _no_time(epoch: str) -> str:
    return f"CAST(error({text(NO_TIME + ' ')} || {epoch}) AS DOUBLE)"


def insert_events(
    con: duckdb.DuckDBPyConnection,
    table: str,
    files: Sequence[Path],
    columns: Sequence[PropertyColumn],
    time: EventTime,
) -> int:
    """Insert every line of ``files`` (Mixpanel's export format) into the events table ``table``.

    Returns the number of rows.

    Raises:
        WideningNeeded: a value does not fit; :func:`widen` tells the columns that hold all.
        IncompleteExportError: a line is not an event, or not JSON.
    """
    base = {"time": "DOUBLE", "distinct_id": "VARCHAR", "$insert_id": "VARCHAR"}
    reading = extraction.Reading(columns, base)
    select = [
        f"CASE WHEN event IS NULL OR _time IS NULL THEN error({text(NOT_AN_EVENT)}) ELSE event END",
        f"CASE WHEN {reading.any_violation()} THEN error({text(WIDEN)}) ELSE _time END",
        f"nullif({reading.field('distinct_id')}, '')",
        f"coalesce(nullif({reading.field('$insert_id')}, ''), {DERIVED_ID})",
        "properties",
        *reading.values(),
    ]
    names = ["event_name", "event_time", "distinct_id", "insert_id", "properties", *(c.name for c in columns)]
    rows = reading.rows(_events(files))
    event_time = time.to_utc(reading.field("time"))
    return _insert(con, table, names, select, f"(SELECT *, {event_time} AS _time FROM {rows})")


def insert_own_rows(
    con: duckdb.DuckDBPyConnection, table: str, rows: OwnRows, columns: Sequence[PropertyColumn]
) -> None:
    """Insert user rows into the events table ``table``, in order.

    Raises:
        WideningNeeded: a value does not fit; :func:`widen` tells the columns that hold all.
        duckdb.Error: a row is not a valid event (``OwnRows.why`` explains), or cannot be read.
    """
    try:
        con.execute(rows.insert_sql(table, columns, WIDEN))
    except duckdb.Error as error:
        if WIDEN in str(error):
            raise WideningNeeded from None
        raise


def insert_profiles(
    con: duckdb.DuckDBPyConnection, table: str, files: Sequence[Path], columns: Sequence[PropertyColumn]
) -> int:
    """Insert the lines of ``files`` (objects with ``$distinct_id`` and ``$properties``) into ``table``.

    A profile without a ``$distinct_id`` is left out: see :func:`profiles_without_id`. Returns the number of
    rows.

    Raises:
        WideningNeeded: a value does not fit; :func:`widen` tells the columns that hold all.
        IncompleteExportError: a line is not a profile, or not JSON.
    """
    reading = extraction.Reading(columns, {"$last_seen": "VARCHAR"})
    select = [
        f"CASE WHEN \"$distinct_id\" IS NULL OR NOT starts_with(CAST(properties AS VARCHAR), '{{') "
        f'THEN error({text(NOT_A_PROFILE)}) ELSE "$distinct_id" END',
        f"CASE WHEN {reading.any_violation()} THEN error({text(WIDEN)}) ELSE properties END",
        f"TRY_CAST({reading.field('$last_seen')} AS TIMESTAMP)",
        *reading.values(),
    ]
    names = ["distinct_id", "properties", "last_seen", *(c.name for c in columns)]
    return _insert(con, table, names, select, reading.rows(_profiles(files)))


def profiles_without_id(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> int:
    """How many profiles in ``files`` have no ``$distinct_id``, or an empty one."""
    with _reading_lines():
        counted = con.execute(f"SELECT count(*) FROM {_profile_lines(files)} WHERE {_WITHOUT_ID}").fetchall()
    return int(counted[0][0])


def _profile_lines(files: Sequence[Path]) -> str:
    return _lines(files, {"$distinct_id": "VARCHAR", "$properties": "JSON"})


def _events(files: Sequence[Path]) -> str:
    lines = _lines(files, {"event": "VARCHAR", "properties": "JSON"})
    return f"(SELECT event, {_as_json('properties', files)} AS properties FROM {lines})"


def _profiles(files: Sequence[Path]) -> str:
    properties = _as_json(identifier("$properties"), files)
    return (
        f"(SELECT \"$distinct_id\", coalesce({properties}, '{{}}') AS properties "
        f"FROM {_profile_lines(files)} WHERE NOT ({_WITHOUT_ID}))"
    )


def _as_json(column: str, files: Sequence[Path]) -> str:
    """A column of ``files`` without NaN and Infinity."""
    return valid_json(column) if not_numbers.may_be_in(files) else column


def _lines(files: Sequence[Path], columns: Mapping[str, str]) -> str:
    """The lines of ``files`` as a relation with these columns."""
    paths = ", ".join(text(literal_path(file)) for file in files)
    types = ", ".join(f"{text(name)}: {text(sql_type)}" for name, sql_type in columns.items())
    # Folders such as "event=x" are not partitions: otherwise their name would replace the data.
    return f"read_ndjson([{paths}], columns={{{types}}}, hive_partitioning=false)"


def properties_source(table_type: TableType, files: Sequence[Path]) -> str:
    """The properties of ``files`` as a relation with a JSON column ``properties``."""
    return _events(files) if table_type == "events" else _profiles(files)


class WideningNeeded(Exception):  # noqa: N818 - a signal to the caller, not a failure
    """A value does not fit its column's type."""


def widen(
    con: duckdb.DuckDBPyConnection, source: str, columns: Sequence[PropertyColumn]
) -> list[PropertyColumn]:
    """The columns with the kinds that ``source`` really holds added to what is known of each.

    Raises:
        IncompleteExportError: a line is not JSON.
        StorageError: nothing widened, although a value did not fit.
    """
    with _reading_lines():
        found = extraction.kinds_in(con, source, [column.property for column in columns])
    widened = [column.widened(*found[column.property]) for column in columns]
    if widened == list(columns):
        message = "A value fits none of the column types that were counted for it."
        raise StorageError(
            message, hint=["Fetch with ", Word("columns", 0), " to keep everything in properties alone."]
        )
    return widened


def alter_types(
    con: duckdb.DuckDBPyConnection,
    table: str,
    before: Sequence[PropertyColumn],
    after: Sequence[PropertyColumn],
) -> list[PropertyColumn]:
    """Change the columns of ``table`` from ``before`` to ``after``, refilled from ``properties``.

    Returns ``after``, where a column of whole numbers that meets its first decimal has been checked
    for numbers a DOUBLE cannot hold.
    """
    known = {column.property: column for column in before}
    result = []
    for column in after:
        old = known.get(column.property)
        new = column
        if old and old.sql_type == "BIGINT" and column.sql_type == "DOUBLE" and _holds_big(con, table, old):
            new = column.widened(Kinds.BIG)
        if old and old.sql_type != new.sql_type:
            set_type(con, table, new)
        result.append(new)
    return result


def set_type(con: duckdb.DuckDBPyConnection, table: str, column: PropertyColumn) -> None:
    """Give the column its type, every row's value read anew from ``properties``."""
    con.execute(
        f"ALTER TABLE {identifier(table)} ALTER {identifier(column.name)} "
        f"TYPE {column.sql_type} USING ({extraction.from_stored(column)})"
    )


def _holds_big(con: duckdb.DuckDBPyConnection, table: str, column: PropertyColumn) -> bool:
    name = identifier(column.name)
    row = con.execute(
        f"SELECT bool_or({name} NOT BETWEEN {1 - EXACT_IN_DOUBLE} AND {EXACT_IN_DOUBLE - 1}) "
        f"FROM {identifier(table)}"
    ).fetchone()
    return bool(row and row[0])


def _insert(
    con: duckdb.DuckDBPyConnection,
    table: str,
    names: list[str],
    select: list[str],
    source: str,
) -> int:
    statement = f"""
        INSERT INTO {identifier(table)} ({", ".join(map(identifier, names))})
        SELECT {", ".join(select)}
        FROM {source}
    """
    with _reading_lines():
        ((rows,),) = con.execute(statement).fetchall()
    return int(rows)


@contextmanager
def _reading_lines() -> Iterator[None]:
    """Convert DuckDB's errors about the lines of an export."""
    try:
        yield
    except duckdb.Error as error:
        if WIDEN in str(error):
            raise WideningNeeded from None
        broken = _broken_line(str(error))
        if broken is not None:
            raise broken from None
        if "maximum_object_size" in str(error):
            message = "A line is longer than 16 MB, more than the database reads at once."
            raise StorageError(message) from None
        raise


def _broken_line(message: str) -> IncompleteExportError | None:
    """The error for what DuckDB says of a line that it cannot read, or None for other errors."""
    line = message.splitlines()[0]
    malformed = re.search(r"Malformed JSON in file .+: (?P<reason>.+?)\.?\s*(Try auto-detecting.*)?$", line)
    if malformed:
        return IncompleteExportError(f"A line is not JSON: {malformed['reason']}.")
    if "JSON transform error" in line:
        return IncompleteExportError("A line is not one JSON object, with each key once.")
    for broken in (NOT_AN_EVENT, NOT_A_PROFILE):
        if broken in message:
            return unreadable(broken)
    impossible = re.search(rf"{NO_TIME} (?P<time>\S+)", line)
    return impossible_time(float(impossible["time"])) if impossible else None


def impossible_time(epoch: float) -> IncompleteExportError:
    """The error for an event's time that is neither in seconds nor in milliseconds."""
    message = f"No event can have the time {epoch:.0f}: it is neither seconds nor milliseconds since 1970."
    return IncompleteExportError(message, hint="Divide times in microseconds by 1000.")


def unreadable(what: str) -> IncompleteExportError:
    """The error for ``NOT_AN_EVENT`` or ``NOT_A_PROFILE``."""
    return IncompleteExportError(f"{what.removeprefix('mixpanel_nb: ').capitalize()}.")
