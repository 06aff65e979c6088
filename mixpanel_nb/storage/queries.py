"""A user's SQL: which statements only read, which parameters they take, and what their errors mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import duckdb

from mixpanel_nb.errors import MixpanelDataError, QueryError, StorageError, TableNotFoundError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.storage.database import Mode

Parameters = "Mapping[str, Any] | Sequence[Any] | None"

# Statements that leave a database file alone. SET and USE change the session only.
READING = {"SELECT", "EXPLAIN", "SET", "VARIABLE_SET", "PRAGMA", "CALL", "TRANSACTION", "RELATION", "PREPARE"}
TEMPORARY = re.compile(r"\s*CREATE\s+(OR\s+REPLACE\s+)?TEMP(ORARY)?\b", re.IGNORECASE)
WRAPPER = "CREATE TABLE {name} AS SELECT * FROM (\n{query}\n)"


def parse(con: duckdb.DuckDBPyConnection, sql: str) -> list[duckdb.Statement]:
    """The statements of ``sql``.

    Raises:
        QueryError: it is empty or does not parse.
    """
    try:
        statements = con.extract_statements(sql)
    except duckdb.Error as error:
        raise explain(error) from None
    if not statements:
        message = "There is no SQL to run."
        raise QueryError(message, hint="Write a statement, such as SELECT count(*) FROM events.")
    return statements


def kind(statement: duckdb.Statement) -> str:
    """The statement's type, e.g. ``SELECT``."""
    return statement.type.name


def mode(statements: Sequence[duckdb.Statement]) -> Mode:
    """Whether the statements need the file for reading or for writing."""
    reading = all(kind(s) in READING or TEMPORARY.match(s.query) for s in statements)
    return "read" if reading else "write"


def arguments(statement: duckdb.Statement, params: Any) -> Any:
    """The part of ``params`` that ``statement`` takes: DuckDB refuses names it does not use.

    Raises:
        QueryError: a named parameter has no value.
    """
    if params is None or not hasattr(params, "keys"):
        return params
    missing = sorted(name for name in statement.named_parameters if name not in params)
    if missing:
        names = ", ".join(f"${name}" for name in missing)
        message = f"No value for {names}."
        raise QueryError(message, hint=did_you_mean(missing[0], params) or "Give it in params.")
    return {name: params[name] for name in statement.named_parameters}


def explain(error: duckdb.Error, tables: Sequence[str] = ()) -> MixpanelDataError:
    """DuckDB's error as one of ours: one line, the marked place of the SQL in ``details["context"]``."""
    lines = str(error).strip().splitlines() or ["The query failed."]
    context = _context(lines)
    headline = re.sub(r"^[A-Za-z ]+ Error: ", "", lines[0])
    details = {"context": context} if context else {}
    missing = re.search(r"Table with name (\S+) does not exist", lines[0])
    if missing:
        name = missing[1].strip('"')
        known = (
            f"Tables here: {', '.join(tables)}." if tables else "There are no tables yet: fetch one first."
        )
        message = f"There is no table {name!r}."
        return TableNotFoundError(message, hint=did_you_mean(name, tables) or known, details=details)
    if _is_full_disk(lines[0]):
        message = "The disk is full; nothing was changed."
        return StorageError(message, hint="Free some space and run it again.")
    if isinstance(error, duckdb.OutOfMemoryException):
        message = "The query needs more memory than there is."
        return StorageError(
            message, hint="Aggregate or filter first, or add LIMIT.", details={"cause": headline}
        )
    candidates = next((line for line in lines if line.startswith("Candidate bindings")), None)
    return QueryError(headline, hint=candidates, details=details)


def _is_full_disk(message: str) -> bool:
    return "No space left on device" in message or "could not allocate block" in message.lower()


def _context(lines: Sequence[str]) -> str:
    """The lines ``LINE n: …`` and the caret below, counted in the user's own SQL."""
    for index, line in enumerate(lines):
        found = re.match(r"LINE (\d+): ", line)
        if found:
            return "\n".join([line, *lines[index + 1 : index + 2]])
    return ""


def unwrapped(error: duckdb.Error) -> duckdb.Error:
    """An error of a statement inside :data:`WRAPPER` with line numbers of the statement itself."""

    def earlier(match: re.Match[str]) -> str:
        return f"LINE {int(match[1]) - 1}:"

    return type(error)(re.sub(r"LINE (\d+):", earlier, str(error)))
