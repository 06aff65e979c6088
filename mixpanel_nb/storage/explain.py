"""Translation of DuckDB's errors: one line, a hint, and the marked position in the user's SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.errors import (
    Command,
    MixpanelDataError,
    QueryError,
    StorageError,
    TableNotFoundError,
    Word,
    did_you_mean,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.errors import Text

WRITABLE = ("Open it without ", Word("read_only", value=True), " to change tables.")
"""The hint for changes in a read-only workspace."""

# What operating systems say when a file cannot grow: ENOSPC, EFBIG (a limit on file sizes), EDQUOT.
_CANNOT_GROW = re.compile(r"No space left on device|File too large|Disk quota exceeded")
_PLACE = re.compile(r"LINE (\d+): ")


def explain(
    error: duckdb.Error, tables: Sequence[str] = (), *, lines_before: int = 0, hint: Text | None = None
) -> MixpanelDataError:
    """DuckDB's error as an error of the package.

    Args:
        error: What DuckDB raised.
        tables: Known tables, for suggestions.
        lines_before: Lines of the user's SQL before the statement that failed.
        hint: What to type instead, if known.

    Returns:
        The error; ``details["context"]`` holds DuckDB's ``LINE n: …`` and the caret below it, counted in
        the user's own SQL, if DuckDB gives a position.
    """
    lines = str(error).strip().splitlines() or ["The query failed."]
    message = headline(error)
    context = _context(lines, lines_before)
    details = {"context": context} if context else {}
    missing = re.search(r"Table with name (.+) does not exist", lines[0])
    if missing:
        return table_not_found(missing[1].strip('"'), tables, details)
    refused = re.search(r'statement of type "(\w+)" on database .+ read-only mode', lines[0])
    if refused:
        said = f"The database is open for reading only, which {refused[1]} does not allow."
        return StorageError(said, hint=WRITABLE)
    full = _CANNOT_GROW.search(str(error))
    if full:
        said = f"The disk is full ({full[0]}); nothing was changed."
        return StorageError(said, hint="Free some space and run it again.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return StorageError(
            "The query needs more memory than there is.",
            hint="Aggregate or filter first, or add LIMIT.",
            details={"cause": message},
        )
    candidates = next((line for line in lines if line.startswith("Candidate bindings")), None)
    return QueryError(message, hint=hint or candidates, details=details)


def headline(error: duckdb.Error) -> str:
    """The first line of DuckDB's error, without the kind of error that it is."""
    lines = str(error).strip().splitlines() or ["The query failed."]
    return re.sub(r"^[A-Za-z ]+ Error: ", "", lines[0])


def table_not_found(
    name: str, tables: Sequence[str], details: dict[str, str] | None = None
) -> TableNotFoundError:
    """The error that there is no table ``name``, with the nearest of ``tables`` or all of them."""
    known: Text = (
        f"Tables here: {', '.join(tables)}." if tables else "There are no tables yet: fetch one first."
    )
    if name.lower() == "profiles":
        known = ["Fetch them first: ", Command("fetch profiles")]
    return TableNotFoundError(
        f"There is no table {name!r}.",
        hint=did_you_mean(name, tables) or known,
        details={"table": name, **(details or {})},
    )


def storage_error(error: duckdb.Error) -> StorageError:
    """DuckDB's error in internal work, not in a user's SQL."""
    explained = explain(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        message = "The database needs more memory than it may use; nothing was changed."
        return StorageError(message, hint="Ask for fewer columns.", details=explained.details)
    if isinstance(explained, StorageError):
        return explained
    return StorageError(f"The database failed: {explained.message}", details=explained.details)


def moved_up(error: duckdb.Error, lines: int) -> duckdb.Error:
    """The error with its place ``lines`` lines further up."""

    def earlier(match: re.Match[str]) -> str:
        return f"LINE {int(match[1]) - lines}: "

    return type(error)(_PLACE.sub(earlier, str(error)))


def _context(lines: Sequence[str], lines_before: int) -> str:
    for index, line in enumerate(lines):
        found = _PLACE.match(line)
        if found:
            prefix = f"LINE {int(found[1]) + lines_before}: "
            caret = lines[index + 1] if index + 1 < len(lines) else ""
            indent = " " * (len(prefix) - len(found[0]))
            return f"{prefix}{line[found.end() :]}\n{indent}{caret}".rstrip()
    return ""
