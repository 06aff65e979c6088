"""Parsing of users' SQL: statements, file access, and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from mixpanel_nb.errors import ParameterError, did_you_mean
from mixpanel_nb.storage import hints
from mixpanel_nb.storage.explain import explain, headline
from mixpanel_nb.storage.words import words

if TYPE_CHECKING:
    from mixpanel_nb.storage.database import Mode

Parameters = Mapping[str, Any] | Sequence[Any] | None

# Kinds of statements that do not change a database file; SET, USE, ATTACH and the like change the session
# only.
_READING = frozenset(
    {
        *("SELECT", "SET", "VARIABLE_SET", "TRANSACTION", "RELATION", "PREPARE"),
        *("ATTACH", "DETACH", "LOAD", "EXPORT"),
    }
)
_WRITING_PRAGMAS = frozenset({"import_database", "copy_database", "force_checkpoint"})
_TEMPORARY = re.compile(r"CREATE\s+(OR\s+REPLACE\s+)?TEMP(ORARY)?\b", re.IGNORECASE)
_KINDS_OF_THINGS = frozenset({"VIEW", "TABLE", "MACRO", "FUNCTION", "SCHEMA", "INDEX", "TYPE", "SEQUENCE"})
_COPY_OUT = re.compile(r"COPY\s*(\(|[^\s(]+\s*(\([^)]*\)\s*)?TO\b)", re.IGNORECASE)
_ANALYZE = re.compile(r"EXPLAIN\s*\(?\s*ANALYZE\b", re.IGNORECASE)
# What a step of WITH may change, and words of which one follows (a column can be named like the first).
_CHANGES = {
    "COPY": {"TO"},
    "INSERT": {"INTO"},
    "UPDATE": {"SET"},
    "DELETE": {"FROM"},
    "TRUNCATE": {"TRUNCATE"},
}
_MAY_CHANGE = re.compile(rf"\b({'|'.join(_CHANGES)})\b", re.IGNORECASE)
_PIVOT = re.compile(r"(\(|(SELECT|FROM|WITH|PIVOT)\b)", re.IGNORECASE)


@dataclass(frozen=True)
class View:
    """A view that a statement makes.

    Attributes:
        name: Its name, as it is written.
        query: The query behind it.
        is_temporary: Whether it ends with the session.
    """

    name: str
    query: str
    is_temporary: bool


@dataclass(frozen=True)
class UserStatement:
    """One statement of a user's SQL.

    Attributes:
        text: The statement, from its first word on.
        kind: DuckDB's name for what it is, such as ``SELECT``; ``MULTI`` is a query with PIVOT. A query that
            changes something in a step of its ``WITH`` has the kind of that change.
        parameters: Names of its parameters; positional ones are called ``1``, ``2`` …
        lines_before: Lines of the SQL before the statement.
        inner: The statement that EXPLAIN runs or PREPARE keeps.
    """

    text: str
    kind: str
    parameters: tuple[str, ...]
    lines_before: int
    inner: UserStatement | None = None

    @property
    def words(self) -> list[str]:
        """Its words and signs as they are written, without comments."""
        return [word for _, word in words(self.text)]

    @property
    def gives_rows(self) -> bool:
        """Whether it is a query, whose rows can be stored as a table."""
        return self.kind == "SELECT" or (self.kind == "MULTI" and bool(_PIVOT.match(self.text)))

    @property
    def reads_only(self) -> bool:
        """Whether it leaves the database file alone."""
        match self.kind:
            case "EXPLAIN":
                return not _ANALYZE.match(self.text)
            case "CREATE":
                return bool(_TEMPORARY.match(self.text))
            case "COPY":
                return bool(_COPY_OUT.match(self.text))
            case "CALL":
                return self.words[0].upper() == "CALL"  # CHECKPOINT is of this kind too
            case "PRAGMA":
                return self.words[0].upper() == "PRAGMA" and self.words[1].lower() not in _WRITING_PRAGMAS
            case kind:
                return kind in _READING or self.gives_rows

    @property
    def prepares(self) -> bool:
        """Whether later statements may depend on it: it does not only return rows or write them."""
        writes_out = self.kind == "EXPORT" or (self.kind == "COPY" and self.reads_only)
        return not (self.gives_rows or writes_out or self.kind == "EXPLAIN")

    @property
    def view(self) -> View | None:
        """The view that it makes, if it is such a statement."""
        if self.kind != "CREATE":
            return None
        found = words(self.text)
        upper = [word.upper() for _, word in found]
        kind = next((place for place, word in enumerate(upper) if word in _KINDS_OF_THINGS), None)
        if kind is None or upper[kind] != "VIEW" or "AS" not in upper:
            return None
        begin = upper.index("AS")
        named = found[kind + 1 : begin]
        if upper[kind + 1 : kind + 4] == ["IF", "NOT", "EXISTS"]:
            named = named[3:]
        names = [word for _, word in named]
        name = "".join(names[: names.index("(")] if "(" in names else names)
        query = self.text.encode()[found[begin + 1][0] :].decode()
        return View(name, _without_semicolon(query), bool(_TEMPORARY.match(self.text)))

    @property
    def query(self) -> str:
        """The statement without a semicolon, to stand within another one."""
        return _without_semicolon(self.text)

    def as_rows_of(self, table: str) -> str:
        """A statement that stores this query's rows as ``table``; the query begins on its second line."""
        return f"CREATE TABLE {table} AS SELECT * FROM (\n{self.query}\n)"


def parse(con: duckdb.DuckDBPyConnection, sql: str) -> list[UserStatement]:
    """The statements of ``sql``, at least one.

    Raises:
        QueryError: it does not parse.
        ParameterError: it is empty, or no text.
    """
    try:
        sql.encode()
        with con.cursor() as own:  # DuckDB refuses a connection on which another thread's query runs
            statements = _placed(own, sql, own.extract_statements(sql))
    except duckdb.Error as error:
        raise explain(error, hint=hints.of_syntax(sql, headline(error))) from None
    except UnicodeEncodeError:
        message = "The SQL holds half a character (a lone surrogate)."
        hint = "Type it again, or paste it from elsewhere."
        raise ParameterError(message, parameter="query", hint=hint) from None
    if not statements:
        message = "There is no SQL to run."
        hint = "Write a statement, such as SELECT count(*) FROM events."
        raise ParameterError(message, parameter="query", value=sql, hint=hint)
    return statements


def _placed(
    con: duckdb.DuckDBPyConnection, sql: str, found: Sequence[duckdb.Statement]
) -> list[UserStatement]:
    """Each statement by itself: only then are the places in DuckDB's errors right."""
    statements = []
    end = 0
    for statement in found:
        text = _from_first_word(statement.query)
        start = max(sql.find(text, end), end)
        end = start + len(text)
        names = tuple(sorted(statement.named_parameters))
        kind = _kind(statement, text)
        inner = _inner(con, text) if kind in {"EXPLAIN", "PREPARE"} else None
        statements.append(UserStatement(text, kind, names, sql.count("\n", 0, start), inner))
    return statements


def _kind(statement: duckdb.Statement, text: str) -> str:
    try:
        kind = statement.type.name
    except ValueError:  # DuckDB's Python does not know all kinds that its parser does
        return " ".join(word for _, word in words(text)[:2]).upper()
    if kind == "MULTI" and not _PIVOT.match(text):
        return words(text)[0][1].upper()  # such as COPY, of a query with PIVOT
    return _change_within(text) or kind if kind in {"SELECT", "MULTI"} else kind


def _change_within(query: str) -> str | None:
    """The kind of a change that a step of the query's ``WITH`` makes, such as ``COPY``, or None."""
    if not _MAY_CHANGE.search(query):
        return None
    upper = [word.upper() for _, word in words(query)]
    if "WITH" not in upper:
        return None
    for place, word in enumerate(upper[1:], start=1):
        if word in _CHANGES and upper[place - 1] in {"(", ")"} and _CHANGES[word] & set(upper[place:]):
            return "DELETE" if word == "TRUNCATE" else word
    return None


def _inner(con: duckdb.DuckDBPyConnection, text: str) -> UserStatement | None:
    """The statement within EXPLAIN or PREPARE; None is a query in parentheses."""
    depth = 0
    found = words(text)
    prepared = found[0][1].upper() == "PREPARE"
    for place, (offset, word) in enumerate(found[1:], start=1):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth or word == ")" or word.upper() in {"ANALYZE", "VERBOSE"}:
            continue
        if not prepared:
            return _alone(con, text.encode()[offset:].decode())
        if word.upper() == "AS":
            return _alone(con, text.encode()[found[place + 1][0] :].decode())
    return None


def _alone(con: duckdb.DuckDBPyConnection, text: str) -> UserStatement | None:
    try:
        return _placed(con, text, con.extract_statements(text))[0]
    except duckdb.ParserException:  # what follows a query in parentheses, such as UNION
        return None


def mode(statements: Sequence[UserStatement]) -> Mode:
    """Whether the statements need the file for reading or for writing."""
    return "read" if all(statement.reads_only for statement in statements) else "write"


def bind(statements: Sequence[UserStatement], params: Parameters) -> list[dict[str, Any] | list[Any]]:
    """The values that each statement takes (DuckDB refuses those that it does not use).

    Values by name serve every statement; values in a sequence are handed out from the first on.

    Raises:
        ParameterError: a value is missing, or positional ones are left over.
    """
    if params is None or isinstance(params, Mapping):
        return [_by_name(statement, params or {}) for statement in statements]
    return _by_position(statements, list(params))


def _by_name(statement: UserStatement, params: Mapping[str, Any]) -> dict[str, Any]:
    folded = {name.lower(): value for name, value in params.items()}
    missing = [name for name in statement.parameters if name not in params and name.lower() not in folded]
    if missing:
        raise _no_value(missing, params)
    return {name: params[name] if name in params else folded[name.lower()] for name in statement.parameters}


def _by_position(statements: Sequence[UserStatement], values: list[Any]) -> list[dict[str, Any] | list[Any]]:
    named = [name for statement in statements for name in statement.parameters if not name.isdecimal()]
    if named:
        raise _no_value(named, {})
    wanted = sum(len(statement.parameters) for statement in statements)
    if wanted != len(values):
        message = f"The SQL takes {wanted} positional values, and {len(values)} are given."
        raise ParameterError(message, parameter="params", hint="Give one value for each ? in it.")
    rest = iter(values)
    return [[next(rest) for _ in statement.parameters] for statement in statements]


def _no_value(missing: Sequence[str], known: Mapping[str, Any]) -> ParameterError:
    message = f"No value for {', '.join(f'${name}' for name in missing)}."
    hint = f'Give its value by name, or write "${missing[0]}" if the property of that name is meant.'
    return ParameterError(message, parameter="params", hint=did_you_mean(missing[0], known) or hint)


def _from_first_word(query: str) -> str:
    query = query.lstrip()
    if not query.startswith(("--", "/*")):
        return query
    words = (offset for offset, kind in duckdb.tokenize(query) if kind != duckdb.token_type.comment)
    return query.encode()[next(words, 0) :].decode()


def _without_semicolon(query: str) -> str:
    if ";" not in query:
        return query
    encoded = query.encode()
    end = len(encoded)
    for offset, kind in reversed(duckdb.tokenize(query)):
        if encoded[offset : offset + 1] == b";" and kind == duckdb.token_type.operator:
            end = offset
        elif kind != duckdb.token_type.comment:
            break
    return encoded[:end].decode()
