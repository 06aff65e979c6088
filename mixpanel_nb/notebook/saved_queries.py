"""Queries that cells have saved under a name, for ``FROM`` of later cells."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from mixpanel_nb.errors import ParameterError, did_you_mean
from mixpanel_nb.notebook import binding
from mixpanel_nb.notebook.completion.sqltext import statement, tokens
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAME = re.compile(r"[A-Za-z_]\w*")
_WORD = re.compile(rb"\w+")
_BEGINS = {b"select", b"from", b"values", b"table", b"pivot", b"unpivot"}
_MAX_SHOWN = 80


def checked(name: str, sql: str, *, is_table: Callable[[str], bool]) -> str:
    """``sql``, if it can be saved as ``name``: one query, and no table of that name.

    Raises:
        ParameterError: it cannot.
    """
    import duckdb

    if not _NAME.fullmatch(name):
        message = f"{name!r} cannot be the name of a query."
        hint = "Use letters, digits and underscores: --save buyers"
        raise ParameterError(message, parameter="save", value=name, hint=hint)
    if is_table(name):
        message = f"There is a table {name!r}, which FROM {name} means."
        raise ParameterError(message, parameter="save", value=name, hint="Choose another name.")
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        message = "A saved query is one SELECT, and this cell is something else."
        raise ParameterError(message, parameter="save", value=name, hint="Leave out --save, or all but it.")
    return sql.strip().removesuffix(";").rstrip()


def expanded(sql: str, saved: Mapping[str, str], *, is_table: Callable[[str], bool]) -> str:
    """``sql`` with the saved queries that it names as common table expressions; tables take precedence.

    Args:
        sql: One or several statements.
        saved: The queries by name.
        is_table: Whether the database has a table of a name.

    Raises:
        ParameterError: a statement that names one does not begin as a query.
    """
    import duckdb

    known = {name.lower(): query for name, query in saved.items() if not is_table(name)}
    if not _named(sql, known):
        return sql
    statements = [statement.query for statement in duckdb.extract_statements(sql)]
    return ";\n".join(_with_queries(text.strip().removesuffix(";"), known) for text in statements)


def forgotten(name: str, saved: dict[str, str]) -> None:
    """Remove a saved query.

    Raises:
        ParameterError: there is none of that name.
    """
    if saved.pop(name, None) is None:
        hint = did_you_mean(name, list(saved)) or "%mp_sql --saved lists them."
        message = f"There is no saved query {name!r}."
        raise ParameterError(message, parameter="forget", value=name, hint=hint)


def listed(saved: Mapping[str, str]) -> str:
    """The saved queries as text, a line each."""
    if not saved:
        return "No query is saved. %%mp_sql --save NAME saves one."
    width = max(map(len, saved))
    lines = ((name, " ".join(query.split())) for name, query in saved.items())
    return "\n".join(
        f"{name:<{width}}  {query if len(query) <= _MAX_SHOWN else query[: _MAX_SHOWN - 1] + '…'}"
        for name, query in lines
    )


def _named(sql: str, known: Mapping[str, str]) -> list[str]:
    """The saved queries that ``sql`` names and does not define itself."""
    own = {name.lower() for name in statement("", sql).defined}
    names = {name.lower() for name in binding.names_in(sql)} - own
    return [name for name in known if name in names]


def _with_queries(sql: str, known: Mapping[str, str]) -> str:
    """One statement with the queries that it needs, each after those that it needs itself."""
    needed: dict[str, str] = {}

    def add(text: str, rest: Mapping[str, str]) -> None:
        for name in _named(text, rest):
            add(rest[name], {other: query for other, query in rest.items() if other != name})
            needed.setdefault(name, rest[name])

    add(sql, known)
    if not needed:
        return sql
    queries = ",\n".join(f"{identifier(name)} AS (\n{query}\n)" for name, query in needed.items())
    return _put_first(sql, queries, next(reversed(needed)))


def _read_from(sql: str) -> set[str]:
    """The names after FROM and JOIN, in lower case."""
    found = [token for token in tokens(sql) if token.kind not in {"space", "comment"}]
    return {name.name.lower() for before, name in pairwise(found) if before.text.lower() in {"from", "join"}}


def _put_first(sql: str, queries: str, name: str) -> str:
    import duckdb

    text = sql.encode()
    told = duckdb.token_type.comment
    words = [(start, _WORD.match(text, start)) for start, kind in duckdb.tokenize(sql) if kind != told]
    start, first = words[0]
    word = first[0].lower() if first else text[start : start + 1]
    if word in _BEGINS or word == b"(":
        return f"{text[:start].decode()}WITH {queries}\n{text[start:].decode()}"
    if word != b"with":
        if name not in _read_from(sql):
            return sql  # the name of something else
        message = f"{name!r} is a saved query, and this statement does not begin with SELECT, FROM or WITH."
        hint = f"Write the query of {name} into it: %mp_sql --saved shows it."
        raise ParameterError(message, parameter="sql", hint=hint)
    last = words[1][1] if words[1][1] and words[1][1][0].lower() == b"recursive" else first
    end = last.end() if last else start
    return f"{text[:end].decode()} {queries},\n{text[end:].decode().lstrip()}"
