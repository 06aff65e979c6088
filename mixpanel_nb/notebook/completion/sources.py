"""Where the names come from: local tables, what discovery has answered already, accounts, variables.

Nothing here opens a workspace or asks Mixpanel: a key press costs no quota.
"""

from __future__ import annotations

from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.notebook import binding
from mixpanel_nb.notebook.completion.table_lookup import TableLookup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import duckdb

    from mixpanel_nb.notebook.notebook_session import NotebookSession
    from mixpanel_nb.storage.table_names import Table
    from mixpanel_nb.workspace import Workspace

    T = TypeVar("T")

MAX_TABLES = 5  # that are asked for names where the line names no table


class Sources:
    """Names that can be offered; each list is empty where nothing is known.

    Args:
        session: Its workspace is looked at if it has one.
        namespace: The notebook's variables.
    """

    def __init__(self, session: NotebookSession, namespace: Mapping[str, Any]) -> None:
        self._session = session
        self._namespace = namespace
        self._lookup = TableLookup()

    def begin(self, cells_run: int) -> None:
        """A key was pressed, after so many cells."""
        if self._workspace is not None:
            self._lookup.begin(self._workspace, cells_run)

    def tables(self) -> dict[str, Table]:
        """The tables and views, by name in lower case."""
        from mixpanel_nb.storage import table_names as held

        return self._ask("tables", held.tables) or {}

    def events(self, table: str | None = None) -> list[str]:
        """Names of events: those of ``table``, or of all tables and those that Mixpanel has told."""
        from mixpanel_nb.storage import table_names as held

        names: set[str] = set()
        for found in self._fetched("events", table):
            names.update(self._ask(("events", found.name), partial(held.events, table=found)) or [])
        told = [] if table else self._from_discovery("events")
        return sorted({*names, *told})

    def properties(
        self, table: str | None = None, event: str | None = None, kind: str = "events"
    ) -> list[str]:
        """Names of properties of events (or ``kind="profiles"``); those of ``event`` where that is known."""
        told = self._from_discovery("properties", event) if event and not table else []
        if told:
            return sorted(told)
        names: set[str] = set()
        for found in self._fetched(kind, table):
            names.update(self._properties_of(found, event))
        return sorted(names)

    def without_column(self, table: str) -> list[str]:
        """Properties of ``table`` that are only in its JSON."""
        from mixpanel_nb.storage import table_names as held

        found = self.tables().get(table.lower())
        if found is None:
            return []
        return self._ask(("json", found.name), lambda con: held.without_column(con, found)) or []

    def property_values(self, prop: str, table: str | None = None, event: str | None = None) -> list[str]:
        """The most frequent values of a property: of a table, or as Mixpanel has told them."""
        told = self._from_discovery("values", event, prop) if event and not table else []
        if told:
            return told
        held = [(t, t.properties[prop]) for t in self._fetched(None, table) if prop in t.properties]
        return self.values(held[0][0].name, held[0][1]) if held else []

    def values(self, table: str, column: str) -> list[str]:
        """The most frequent texts of a column; none of a column that is no text."""
        from mixpanel_nb.storage import table_names as held

        found = self.tables().get(table.lower())
        names = {name.lower(): name for name in found.columns} if found else {}
        name = names.get(column.lower())
        if found is None or name is None or found.columns[name] != "VARCHAR":
            return []
        return self._ask(("values", found.name, name), lambda con: held.values(con, found, name)) or []

    def functions(self) -> list[str]:
        """Names of DuckDB's functions."""
        return self._ask("functions", _functions) or []

    def reserved(self) -> list[str]:
        """Words that are no names unless they are quoted."""
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
        return {
            name: [str(column) for column in value.columns]
            for name, value in self._visible()
            if binding.is_frame(value)
        }

    def _visible(self) -> Iterable[tuple[str, Any]]:
        hidden = {"In", "Out", "exit", "quit", "get_ipython", "open"}
        named = sorted((n, v) for n, v in list(self._namespace.items()) if n not in hidden)
        return [(n, v) for n, v in named if not n.startswith("_") and not isinstance(v, ModuleType)]

    def _fetched(self, kind: str | None, table: str | None) -> list[Table]:
        found = self.tables()
        if table is not None and table.lower() in found:
            return [found[table.lower()]]
        return [t for t in found.values() if t.type is not None and kind in {None, t.type}][:MAX_TABLES]

    def _properties_of(self, table: Table, event: str | None) -> list[str]:
        from mixpanel_nb.storage import table_names as held

        if event is None or table.type != "events":
            return list(table.properties)
        key = ("properties", table.name, event)
        found = self._ask(key, lambda con: held.properties_of(con, table, event))
        return list(table.properties) if found is None else found

    @property
    def _workspace(self) -> Workspace | None:
        # The session's other property would connect to the default account.
        return self._session.connected

    def _from_discovery(self, *question: str) -> list[str]:
        """What Mixpanel has answered to this question in this session; nothing where it was not asked."""
        return [] if self._workspace is None else self._workspace.answered(*question)

    def _ask(self, key: object, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T | None:
        if self._workspace is None:
            return None
        return self._lookup.ask(self._workspace.storage, key, work)


def _functions(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of DuckDB's functions that are made for people, sorted."""
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
