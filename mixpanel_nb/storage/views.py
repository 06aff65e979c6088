"""Checks of views: a database file stores their text, but not the session's frames and temporary tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Collection

    from mixpanel_nb.storage.queries import UserStatement

_SESSION_TABLES = """
    SELECT table_name FROM duckdb_tables() WHERE database_name = 'temp'
    UNION ALL
    SELECT view_name FROM duckdb_views() WHERE database_name = 'temp' AND NOT internal
"""
_MISSING = re.compile(r"Table with name (.+?) does not exist")


def check(con: duckdb.DuckDBPyConnection, statement: UserStatement, frames: Collection[str]) -> None:
    """Refuse a view over a DataFrame or, if it is to be stored, over a temporary table.

    Args:
        con: The session.
        statement: What is about to run.
        frames: Names of DataFrames that the session knows for now.

    Raises:
        QueryError: it is such a view.
    """
    view = statement.view
    if view is None:
        return
    known = {name.lower() for name in frames}
    if not view.is_temporary:
        known.update(name.lower() for (name,) in con.execute(_SESSION_TABLES).fetchall())
    missing = _missing_elsewhere(con, view.query) if known else None
    if missing is None or missing.lower() not in known:
        return
    is_frame = missing.lower() in {name.lower() for name in frames}
    what = "a DataFrame, which is not in the database" if is_frame else "a temporary table of this session"
    message = f"The view {view.name} would fail later: {missing} is {what}."
    shown = " ".join(view.query.split())
    create = f"CREATE TABLE {view.name} AS {shown if len(shown) <= 80 else 'SELECT …'}"
    raise QueryError(message, hint=f"Store its rows: {create}")


def _missing_elsewhere(con: duckdb.DuckDBPyConnection, query: str) -> str | None:
    """The first table of a query that another session on the same database does not find."""
    (catalog,) = con.execute("SELECT current_catalog()").fetchall()[0]
    with con.cursor() as other:
        try:
            other.execute("SET python_enable_replacements = false")
            other.execute(f'USE "{catalog}"')
            other.execute(f"DESCRIBE {query}")
        except duckdb.Error as error:
            found = _MISSING.search(str(error))
            return found[1].strip('"') if found else None
    return None
