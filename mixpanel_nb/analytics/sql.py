"""Statements, and the only functions that put names and values into SQL.

Names are quoted and values rendered by sqlglot; everything else is bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

DIALECT = "duckdb"
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


class Parameters:
    """Collects the values of one statement under descriptive names."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def bind(self, value: Any, name: str) -> str:
        """The ``$name`` that stands for ``value``; a second value of the same name gets a number."""
        number, free = 1, name
        while free in self.values and not _same(self.values[free], value):
            number += 1
            free = f"{name}_{number}"
        self.values[free] = value
        return f"${free}"


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
    from sqlglot import exp

    return exp.to_identifier(name, quoted=True).sql(DIALECT)


def literal(value: Any) -> str:
    """``value`` (text, number, boolean, date, time, None) as a literal."""
    from sqlglot import exp

    return exp.convert(value).sql(DIALECT)


def seconds(number: int) -> str:
    """A fixed length of time as an interval."""
    from sqlglot import exp

    return exp.Interval(this=exp.Literal.string(str(number)), unit=exp.var("SECOND")).sql(DIALECT)


def conjunction(conditions: list[str], indent: str = INDENT) -> str:
    """Conditions that must all hold, one a line."""
    return f"\n{indent}AND ".join(conditions)
