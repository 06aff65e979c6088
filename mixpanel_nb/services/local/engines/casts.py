"""Casts of DuckDB columns for reports: names as text, times as TIMESTAMP, properties typed.

Fetched tables need no casts. Tables and views from users' SQL or other tools may contain days, epoch numbers,
numeric user ids, structs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.expressions.moments import instant_sql
from mixpanel_nb.analytics.expressions.values import Value, number_text
from mixpanel_nb.storage.sqltext import text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from mixpanel_nb.analytics.columns import Holds

INTEGERS = frozenset(
    f"{sign}{width}"
    for sign in ("", "U")
    for width in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
FLOATS = frozenset({"DOUBLE", "FLOAT"})
_AS_TEXT = ("UUID", "DATE", "TIME", "TIME WITH TIME ZONE", "TIME_NS", "INTERVAL")
_ZONED = "TIMESTAMP WITH TIME ZONE"
_UNZONED = ("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_NESTED = ("STRUCT(", "MAP(", "UNION(", "VARIANT")

# The units of epoch numbers, and the numbers of the times from 1971 to 2100 in each, which do not overlap.
_YEAR = 31_556_952
_FIRST, _LAST = _YEAR, 130 * _YEAR
EPOCH_UNITS = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}


@dataclass(frozen=True)
class Read:
    """How a column is read.

    Attributes:
        sql: SQL of its value in the type that reports need.
        holds: The type of a property's values then.
    """

    sql: str
    holds: Holds = "text"


def name(column: str, sql_type: str) -> str | None:
    """A name (of an event, a user, a row) as VARCHAR; None for types without names."""
    if sql_type == "VARCHAR":
        return column
    if sql_type == "JSON":
        return f"{column} ->> '$'"
    if sql_type in FLOATS:  # as pandas represents whole numbers with missing values
        return f"CASE WHEN isfinite({column}) THEN {number_text(Value(number=column, is_double=True))} END"
    if sql_type.startswith("DECIMAL"):
        return number_text(Value(number=f"CAST({column} AS DOUBLE)", is_double=True))
    scalar = sql_type in INTEGERS or sql_type in _AS_TEXT or sql_type.startswith("ENUM(")
    return f"CAST({column} AS VARCHAR)" if scalar else None


def time(column: str, sql_type: str, zone: ZoneInfo) -> str | None:
    """A time as TIMESTAMP in UTC, NULL for invalid text; None for types without times.

    Args:
        column: SQL of the column.
        sql_type: Its type; numbers are for :func:`epoch`.
        zone: The zone of a day (DATE, or text without a time).
    """
    if sql_type == "TIMESTAMP":
        return column
    if sql_type == "DATE":
        return _midnight(f"CAST({column} AS TIMESTAMP)", zone)
    if sql_type == _ZONED:
        return f"timezone('UTC', {column})"
    if sql_type in _UNZONED:
        return f"CAST({column} AS TIMESTAMP)"
    if sql_type == "JSON":
        return _time_of_text(f"trim({column} ->> '$')", zone)
    return _time_of_text(f"trim({column})", zone) if sql_type == "VARCHAR" else None


def is_text(sql_type: str) -> bool:
    """Whether a type is text, which may or may not contain times."""
    return sql_type in {"VARCHAR", "JSON"}


def is_number(sql_type: str) -> bool:
    """Whether a type holds numbers."""
    return sql_type in INTEGERS or sql_type in FLOATS or sql_type.startswith("DECIMAL")


def finite(column: str, sql_type: str) -> str:
    """A number wide enough for arithmetic, NULL if it is NaN or infinite."""
    if sql_type in INTEGERS:
        return f"CAST({column} AS HUGEINT)"
    if sql_type in FLOATS:
        return f"CAST(CASE WHEN isfinite({column}) THEN {column} END AS DOUBLE)"
    return f"CAST({column} AS DOUBLE)"


def epoch(number: str, unit: str) -> str:
    """A number of units since 1970, from :func:`finite`, as TIMESTAMP."""
    per_second = EPOCH_UNITS[unit]
    if per_second > 1_000_000:
        return f"make_timestamp(CAST({number} // {per_second // 1_000_000} AS BIGINT))"
    return f"make_timestamp(CAST({number} * {1_000_000 // per_second} AS BIGINT))"


def epoch_unit(lowest: float, highest: float) -> str | None:
    """The unit in which all numbers between these two are times from 1971 to 2100, or None."""
    for unit, per_second in EPOCH_UNITS.items():
        if _FIRST * per_second <= lowest and highest <= _LAST * per_second:
            return unit
    return None


def properties(column: str, sql_type: str) -> str | None:
    """A column of all properties as JSON; None for other types."""
    if sql_type == "JSON":
        return column
    if sql_type == "VARCHAR":
        return f"CASE WHEN json_valid({column}) THEN CAST({column} AS JSON) END"
    return f"to_json({column})" if sql_type.startswith(_NESTED) and not sql_type.endswith("]") else None


def property_value(column: str, sql_type: str) -> Read | None:
    """A property; None for types that Mixpanel's properties cannot have."""
    if sql_type.endswith("]") or sql_type.startswith(_NESTED):
        return Read(f"to_json({column})", "json")
    if sql_type.startswith("DECIMAL"):
        return Read(column, "decimal")
    if sql_type in _AS_TEXT or sql_type.startswith("ENUM("):
        return Read(f"CAST({column} AS VARCHAR)")
    if sql_type == _ZONED:
        return Read(f"timezone('UTC', {column})", "moment")
    if sql_type in _UNZONED:
        return Read(f"CAST({column} AS TIMESTAMP)", "moment")
    held = _HOLDS.get(sql_type)
    return None if held is None else Read(column, held)


_HOLDS: dict[str, Holds] = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "JSON": "json",
    "TIMESTAMP": "moment",
    **dict.fromkeys(FLOATS, "float"),
    **dict.fromkeys(INTEGERS, "integer"),
}


def _time_of_text(column: str, zone: ZoneInfo) -> str:
    instant = instant_sql(column)
    if zone.key == "UTC":
        return instant
    day = f"regexp_full_match({column}, '\\d+-\\d+-\\d+')"
    return f"CASE WHEN {day} THEN {_midnight(instant, zone)} ELSE {instant} END"


def _midnight(local: str, zone: ZoneInfo) -> str:
    return local if zone.key == "UTC" else f"timezone('UTC', timezone({text(zone.key)}, {local}))"
