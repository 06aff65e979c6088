"""Kinds of JSON values of a property, and the column type that stores all of them exactly.

A property's *kinds* are a set that only grows: kinds in a sample or batch are added, and the column's type
follows from the set (text is never guessed to be a date, whole numbers beyond 2^53 stay exact, mixed scalars
become text, lists and objects stay JSON). Pure data, no database.
"""

from __future__ import annotations

from enum import Flag, auto
from typing import Any

EXACT_IN_DOUBLE = 2**53
BIGINT_MAX = 2**63 - 1
BIGINT_MIN = -(2**63)


class Kinds(Flag):
    """The JSON kinds seen in one property (null is none of them)."""

    NONE = 0
    TEXT = auto()
    INTEGER = auto()  # |value| < 2^53: exact as BIGINT and as DOUBLE
    BIG = auto()  # whole, fits 64 bits, but not exact as DOUBLE
    HUGE = auto()  # whole, beyond 64 bits; or beyond what a DOUBLE reaches, such as 1e999
    DECIMAL = auto()
    BOOLEAN = auto()
    NESTED = auto()  # list or object

    @property
    def sql_type(self) -> str:
        """The DuckDB type that holds every value of these kinds without loss."""
        if self & Kinds.NESTED:
            return "JSON"
        for kinds, sql_type in _SCALAR_TYPES:
            if self and not self & ~kinds:
                return sql_type
        return "VARCHAR"

    def to_text(self) -> str:
        """The set as text for the ``_columns`` table, e.g. ``text,integer``."""
        return ",".join(member.name.lower() for member in Kinds if member & self and member.name)

    @classmethod
    def from_text(cls, value: str) -> Kinds:
        """The set that :meth:`to_text` wrote."""
        result = cls.NONE
        for name in filter(None, value.split(",")):
            result |= cls[name.upper()]
        return result


_SCALAR_TYPES = (
    (Kinds.INTEGER | Kinds.BIG, "BIGINT"),
    (Kinds.INTEGER | Kinds.DECIMAL, "DOUBLE"),
    (Kinds.BOOLEAN, "BOOLEAN"),
)


def kind_of(value: Any) -> Kinds:
    """The kind of one parsed JSON value."""
    match value:
        case None:
            return Kinds.NONE
        case bool():
            return Kinds.BOOLEAN
        case str():
            return Kinds.TEXT
        case int():
            return _integer_kind(value)
        case float():
            return Kinds.DECIMAL
        case _:
            return Kinds.NESTED


def _integer_kind(value: int) -> Kinds:
    if abs(value) < EXACT_IN_DOUBLE:
        return Kinds.INTEGER
    return Kinds.BIG if BIGINT_MIN <= value <= BIGINT_MAX else Kinds.HUGE


def looks_like_json(value: str) -> bool:
    """Whether a string, seen without its quotes, could be another JSON scalar, list or object.

    Such a property is read as raw JSON, where quotes tell text from the rest; all others are read
    as text at once, which is faster.
    """
    return value[:1] in _JSON_STARTS or value in {"true", "false"}


_JSON_STARTS = frozenset("-0123456789[{")
