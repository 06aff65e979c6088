"""Statements, and the only functions that put names and values into SQL.

Names are quoted and values written as DuckDB's literals here; everything else is bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

INDENT = "    "
_VALUE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w+)""")
"""A text, a quoted name, or the ``$name`` of a value: what is within the first two is none."""


@dataclass(frozen=True)
class Statement:
    """A query with bound values.

    Attributes:
        text: The SQL; values appear in it as ``$name``.
        params: The value of each name.
    """

    text: str
    params: Mapping[str, Any]

    def rendered(self) -> str:
        """The query with its values written out, which runs unchanged on any engine with DuckDB's SQL."""
        return _VALUE.sub(
            lambda found: literal(self.params[found[1]]) if found[1] in self.params else found[0], self.text
        )

    def with_names(self, prefix: str) -> Statement:
        """The same query with a prefix before the names of its values."""
        text = _VALUE.sub(
            lambda found: f"${prefix}{found[1]}" if found[1] in self.params else found[0], self.text
        )
        return Statement(text, {f"{prefix}{name}": value for name, value in self.params.items()})


class Parameters:
    """Collects the values of one statement under descriptive names."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._known: dict[tuple[str, type, Any], str] = {}
        self._numbers: dict[str, int] = {}

    def bind(self, value: Any, name: str) -> str:
        """The ``$name`` that stands for ``value``; a second value of the same name gets a number."""
        key = (name, type(value), value)
        try:
            known = self._known.get(key)
        except TypeError:  # a list
            return f"${self._placed(value, name, 1)}"
        if known is None:
            known = self._known[key] = self._placed(value, name, self._numbers.get(name, 1))
        return f"${known}"

    def _placed(self, value: Any, name: str, number: int) -> str:
        """The name of a value, with this number or a higher one."""
        while (free := name if number == 1 else f"{name}_{number}") in self.values:
            if _same(self.values[free], value):
                return free
            number += 1
        self.values[free] = value
        self._numbers[name] = number
        return free

    def named_in(self, text: str) -> dict[str, Any]:
        """The values that a statement names: of a condition that is never true it has none."""
        names = {found[1] for found in _VALUE.finditer(text)}
        return {name: value for name, value in self.values.items() if name in names}


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


@cache
def identifier(name: str) -> str:
    """``name`` as a quoted identifier.

    Raises:
        QueryError: the name is not possible.
    """
    if "\0" in name:
        message = "A name in SQL cannot contain a NUL character."
        raise QueryError(message)
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """``value`` (text, number, boolean, date, time, bytes, None, lists and dicts of them) as a literal.

    Raises:
        ValueError: it is none of these.
    """
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case int() | float() | Decimal():
            return "NULL" if value != value else str(value)  # a NaN is no number
        case datetime():
            kind = "TIMESTAMP" if value.tzinfo is None else "TIMESTAMPTZ"
            return f"CAST('{value.isoformat(sep=' ')}' AS {kind})"
        case date():
            return f"CAST('{value.isoformat()}' AS DATE)"
        case time():
            return f"CAST('{value.isoformat()}' AS TIME)"
        case bytes():
            return f"UNHEX('{value.hex()}')"
        case list() | tuple():
            written = ", ".join(map(literal, value))
            return f"[{written}]" if isinstance(value, list) else f"({written})"
        case dict():
            return f"MAP({literal(list(value))}, {literal(list(value.values()))})"
    message = f"{type(value).__name__} has no literal."
    raise ValueError(message)


def seconds(number: int) -> str:
    """A fixed length of time as an interval."""
    return f"INTERVAL '{number}' SECOND"


def conjunction(conditions: list[str], indent: str = INDENT) -> str:
    """Conditions that must all hold, one a line."""
    return f"\n{indent}AND ".join(conditions)
