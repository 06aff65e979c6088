"""Sources of names: local tables, cached discovery answers, accounts, variables.

Nothing here opens a workspace or sends a request to Mixpanel: completion costs no quota.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.commands.names import Names
from mixpanel_nb.notebook import binding
from mixpanel_nb.notebook.completion.table_lookup import TableLookup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import duckdb

    from mixpanel_nb.notebook.notebook_session import NotebookSession
    from mixpanel_nb.workspace import Workspace

    T = TypeVar("T")


class Sources(Names):
    """Names to offer; each list is empty if nothing is known.

    Args:
        session: Its workspace is used if it has one.
        namespace: The notebook's variables.
    """

    def __init__(self, session: NotebookSession, namespace: Mapping[str, Any]) -> None:
        self._session = session
        self._namespace = namespace
        self._lookup = TableLookup()

    def begin(self, cells_run: int) -> None:
        """Start a completion; ``cells_run`` counts the executed cells."""
        if self._workspace is not None:
            self._lookup.begin(self._workspace, cells_run)

    def functions(self) -> list[str]:
        """Names of DuckDB's functions."""
        return self._ask("functions", _functions) or []

    def reserved(self) -> list[str]:
        """Words that must be quoted as names."""
        return self._ask("reserved", _reserved) or []

    def accounts(self) -> list[str]:
        """Names of the configured accounts."""
        return [account.name for account in self._session.accounts.list_accounts()]

    def variables(self) -> list[str]:
        """Notebook variables that can be values in SQL."""
        return [
            name for name, value in self._visible() if not callable(value) and not binding.is_frame(value)
        ]

    def frames(self) -> dict[str, list[str]]:
        """Notebook variables that are DataFrames, and their columns."""
        return {name: binding.columns_of(value) for name, value in self._visible() if binding.is_frame(value)}

    def queries(self) -> list[str]:
        """Names of saved queries."""
        return list(self._session.queries)

    def _visible(self) -> Iterable[tuple[str, Any]]:
        hidden = {"In", "Out", "exit", "quit", "get_ipython", "open"}
        named = sorted((n, v) for n, v in list(self._namespace.items()) if n not in hidden)
        return [(n, v) for n, v in named if not n.startswith("_") and not isinstance(v, ModuleType)]

    @property
    def _workspace(self) -> Workspace | None:
        # The session's ``workspace`` would connect to the default account.
        return self._session.connected

    def _cached_answer(self, *question: str) -> list[str]:
        """Mixpanel's cached answer to a discovery query; nothing if there is none."""
        return [] if self._workspace is None else self._workspace.answered(*question)

    def _ask(self, key: object, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T | None:
        if self._workspace is None:
            return None
        return self._lookup.ask(self._workspace.storage, key, work)


def _functions(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of DuckDB's public functions, sorted."""
    rows = con.execute(
        "SELECT DISTINCT function_name AS name FROM duckdb_functions() "
        "WHERE regexp_full_match(function_name, '[a-z][a-z0-9_]*') AND schema_name = 'main' ORDER BY name"
    ).fetchall()
    return [name for (name,) in rows]


def _reserved(con: duckdb.DuckDBPyConnection) -> list[str]:
    """DuckDB's keywords that cannot name a column unless they are quoted, in lower case."""
    rows = con.execute(
        "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'column_name')"
    ).fetchall()
    return [name for (name,) in rows]
