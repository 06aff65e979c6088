"""Rules for SQL: no changes in a read-only workspace, no excessive use of the machine.

DuckDB refuses changes to a file that is attached for reading, but SQL could detach the file and attach it
anew, and write other files. DuckDB has no bound for what SQL sets. So statements are checked before they
run. DuckDB's own parser tells what a statement is, and only what is known to be harmless passes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.errors import QueryError, StorageError
from mixpanel_nb.storage.connections import NO_LIMIT, is_less, memory_limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb.errors import Text
    from mixpanel_nb.storage.database import Database
    from mixpanel_nb.storage.queries import UserStatement

# What can change only the session, or only what DuckDB itself protects (the file, attached for reading).
_HARMLESS = frozenset(
    {
        *("SELECT", "MULTI", "CALL", "RELATION", "EXPLAIN", "PREPARE", "EXECUTE", "TRANSACTION"),
        *("SET", "VARIABLE_SET", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "ALTER", "VACUUM"),
    }
)
_HARMLESS_PRAGMAS = frozenset(
    {
        *("collations", "database_list", "database_size", "functions", "metadata_info", "platform", "show"),
        *("show_databases", "show_tables", "show_tables_expanded", "storage_info", "table_info"),
        *("user_agent", "version"),
    }
)
_TEMPORARY_THINGS = frozenset({"table", "view", "macro", "function", "sequence", "type"})
# Functions that write files or change DuckDB, and those that run SQL from a text, where nothing shows it.
_REFUSED_FUNCTIONS = frozenset(
    {
        *("enable_logging", "enable_profiling", "checkpoint", "force_checkpoint"),
        *("add_grammar_extension", "remove_grammar_extension", "create_external_resource"),
        *("register_external_resource", "register_external_resource_type"),
        *("deregister_external_resource", "destroy_external_resource"),
        *("query", "json_execute_serialized_sql"),
    }
)

# Settings of DuckDB's own that only affect the results of SQL. Those of
# extensions are free.
_FREE_SETTINGS = frozenset(
    {
        *("calendar", "disabled_optimizers", "explain_output", "file_search_path", "http_proxy"),
        *("http_proxy_password", "http_proxy_username", "pivot_filter_threshold"),
        *("preserve_insertion_order", "schema", "search_path", "timezone"),
    }
)


def check(statements: Sequence[UserStatement], database: Database) -> None:
    """Check SQL against the rules.

    Args:
        statements: The statements.
        database: Where they are to run.

    Raises:
        QueryError: a statement changes a setting that is not its own, or beyond what the machine has.
        StorageError: the database is read-only, and a statement changes more than the session.
    """
    for statement in _with_inner(statements):
        if statement.kind == "SET":
            _check_setting(statement, database.fixed_settings)
        if database.read_only:
            _check_harmless(statement, database.elsewhere)


def _with_inner(statements: Sequence[UserStatement]) -> Iterator[UserStatement]:
    for statement in statements:
        yield statement
        if statement.inner is not None:
            yield from _with_inner([statement.inner])


def _check_harmless(statement: UserStatement, elsewhere: Text) -> None:
    words = [word.lower() for word in statement.words]
    match statement.kind:
        case "COPY" | "EXPORT":
            raise _read_only(statement.kind, "Write rows to a file with export.")
        case "PRAGMA":
            harmless = words[1] in _HARMLESS_PRAGMAS
        case "CREATE":
            harmless = _is_temporary(words)
        case "DROP":
            harmless = words[1] not in {"secret", "persistent", "temporary", "temp"}
        case kind:
            harmless = kind in _HARMLESS
    if not harmless:
        what = " ".join(word for word in statement.words[:2] if word.isalpha())
        raise _read_only(what, elsewhere)
    for name, following in pairwise(words):
        if following == "(" and _plain(name) in _REFUSED_FUNCTIONS:
            raise _read_only(f"{_plain(name)}()", elsewhere)


def _is_temporary(words: Sequence[str]) -> bool:
    rest = words[3:] if list(words[1:3]) == ["or", "replace"] else words[1:]
    return rest[0] in {"temp", "temporary"} and rest[1] in _TEMPORARY_THINGS


def _read_only(what: str, hint: Text) -> StorageError:
    return StorageError(f"{what} is refused: this workspace was opened read-only.", hint=hint)


def _check_setting(statement: UserStatement, fixed: frozenset[str]) -> None:
    name, value = _setting(statement.words)
    if name in _BOUNDED:
        if value:  # RESET has none
            # Only a value that is written out can be judged: no sum, parameter or variable.
            _BOUNDED[name](name, value[0] if len(value) == 1 else "")
    elif name in fixed or (name is not None and name not in _FREE_SETTINGS and name in _own_settings()):
        settable = ", ".join(["threads", "memory_limit", *sorted(_FREE_SETTINGS - fixed)])
        message = f"SQL cannot change {name}, on which other work in this session may rely."
        hint = f"It can change {settable}; ws.connection is DuckDB without such rules."
        raise QueryError(message, hint=hint)


def _setting(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The setting that ``SET``, ``RESET`` or ``PRAGMA`` changes, and the words of its value.

    None for USE and variables, which are no settings.
    """
    first, *rest = [word.lower() for word in words if word != ";"]
    if first == "use" or rest[0] == "variable":
        return None, []
    if rest[0] in {"global", "session", "local"}:
        rest = rest[1:]
    if rest[:2] == ["time", "zone"]:
        return "timezone", rest[2:]
    return _plain(rest[0]), rest[2:]


def _check_threads(name: str, value: str) -> None:
    with duckdb.connect() as fresh:
        most = int(fresh.execute("SELECT current_setting('threads')").fetchall()[0][0])
    number = value.strip("'")
    if not number.isdecimal() or int(number) > most:
        message = f"SQL can set {name} to a number up to {most}, the cores of this machine."
        raise QueryError(message, hint=f"Write SET {name} = {most}, or less.")


def _check_memory(name: str, value: str) -> None:
    with duckdb.connect() as fresh:
        most = memory_limit(fresh)
        try:
            fresh.execute(f"SET {name} = {value}")
            wanted = memory_limit(fresh)
            allowed = wanted != NO_LIMIT and not is_less(fresh, most, wanted)
        except duckdb.Error:
            allowed = value.startswith("'")  # not a usable size: DuckDB reports it
    if not allowed:
        message = f"SQL can set {name} to a size up to {most}, most of what this machine has."
        raise QueryError(message, hint=f"Write SET {name} = '1GB', for example.")


def _own_settings() -> frozenset[str]:
    """Names of all settings of DuckDB without extensions."""
    with duckdb.connect() as fresh:
        rows = fresh.execute("SELECT lower(name) FROM duckdb_settings()").fetchall()
    return frozenset(name for (name,) in rows)


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


_BOUNDED = {
    "threads": _check_threads,
    "worker_threads": _check_threads,
    "memory_limit": _check_memory,
    "max_memory": _check_memory,
}
