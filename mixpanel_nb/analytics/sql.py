"""Statements, and the only functions that put names and values into SQL.

Names are quoted and values rendered by sqlglot; everything else is bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

DIALECT = "duckdb"
INDENT = "    "


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
        from sqlglot.dialects.dialect import Dialect

        tokens = Dialect.get_or_raise(DIALECT).tokenize(self.text)
        parts, end = [], 0
        for sign, name in pairwise(tokens):
            if sign.token_type.name == "PARAMETER":
                parts += [self.text[end : sign.start], literal(self.params[name.text])]
                end = name.end + 1
        return "".join([*parts, self.text[end:]])


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
