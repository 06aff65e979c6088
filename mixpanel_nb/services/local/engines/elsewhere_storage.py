"""``ElsewhereStorage``: what a workspace over tables of another engine has in place of a database file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from mixpanel_nb.analytics.sql import Statement
from mixpanel_nb.errors import ParameterError, StorageError, Word
from mixpanel_nb.services.local.engines.client import parts_of
from mixpanel_nb.storage import catalog
from mixpanel_nb.storage.records import ColumnRecord, TableRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from mixpanel_nb.errors import Text
    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.services.local.engines.elsewhere import ElsewhereEngine


class ElsewhereStorage:
    """What a workspace over another engine has in place of a database file: it reads, and keeps nothing.

    Everything that only a file can do raises a ``StorageError`` that says so.

    Args:
        engine: The engine.
    """

    path = None
    read_only = True
    beside = Path(os.devnull)
    """No downloads wait beside it."""

    def __init__(self, engine: ElsewhereEngine) -> None:
        self._engine = engine
        self.on_wait: Callable[[Text], None] | None = None

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        engine = self._engine.client.engine
        message = f"This needs a database file, and the workspace reads tables of {engine}."
        hint = [
            "Reports and SQL run there. For this, open a file beside it: ",
            Word("path", "FILE"),
            ", and fetch the days into it.",
        ]
        raise StorageError(message, hint=hint)

    # SQL, in the engine's own dialect

    def query(self, sql: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> RowSource:
        """The rows of a statement in the engine's own SQL; values are bound by name."""
        return self._engine.client.run(sql, _named(params))

    def execute_df(self, sql: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> pd.DataFrame:
        """The rows as a DataFrame."""
        return self.query(sql, params).df()

    def execute_scalar(self, sql: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        """The first value of the first row, or None."""
        rows = self.query(sql, params).fetch(1)
        return rows[0][0] if rows else None

    def execute_rows(self, sql: str, params: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement of ours, in DuckDB's SQL."""
        return self._engine.rows(Statement(sql, params or {}))

    def parameter_names_in(self, sql: str) -> set[str]:
        """The names of bound values in a statement."""
        return self._engine.client.parameter_names(sql)

    def register(self, name: str, frame: Any) -> None:
        """A DataFrame cannot be named in FROM here: the engine says that it has no such table."""

    def unregister(self, name: str) -> None:
        """See :meth:`register`."""

    def table_exists(self, name: str) -> bool:
        """Whether there is a table of that name."""
        return self._engine.client.columns(parts_of(name)) is not None

    # What there is

    def list_tables(self) -> list[TableRecord]:
        """The tables that were named."""
        names = {self._engine.events_table: "events"}
        profiles = self._engine.beside.profiles
        if profiles is not None:
            names[profiles] = "profiles"
        return [self._record(name, kind) for name, kind in names.items()]

    def _record(self, name: str, kind: str) -> TableRecord:
        held = self._engine.describe(name).entries
        if held.metadata is None:
            return TableRecord(name, kind, self._count(name))
        return catalog.recorded(name, held.metadata.row_count, held.metadata, held.chunks)

    def _count(self, table: str) -> int:
        text = f"SELECT count(*) FROM {self._engine.client.written(table)} AS e"
        ((number,),) = self._engine.rows(Statement(text, {}))
        return int(number)

    def get_schema(self, table: str) -> list[ColumnRecord]:
        """The columns of a table, with the types that DuckDB calls so."""
        return list(self._engine.describe(table).columns)

    def sample(self, table: str, n: int) -> tuple[str, RowSource]:
        """SQL of some rows of a table, and the rows."""
        self._engine.describe(table)
        statement = Statement(f"SELECT * FROM {self._engine.client.written(table)} AS e LIMIT {n}", {})
        return self._engine.shown(statement), self._engine.source(statement)

    def close(self) -> None:
        """Release the client."""
        self._engine.client.close()

    def release(self) -> None:
        """There is no file that others wait for."""


def _named(params: Mapping[str, Any] | Sequence[Any] | None) -> Mapping[str, Any]:
    """Values by name.

    Raises:
        ParameterError: they have none.
    """
    if not params:
        return {}
    if isinstance(params, (list, tuple)):
        message = "Values are bound by name here, and these have none."
        hint = "Give a dict of values by name."
        raise ParameterError(message, parameter="params", value=params, hint=hint)
    return cast("Mapping[str, Any]", params)
