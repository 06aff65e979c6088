"""``ElsewhereEngine``: tables of an engine that is not DuckDB, asked in its own SQL.

A client runs SQL there and describes tables; ``spark`` and ``clickhouse`` have one each. Tables there are
read as users' own tables of a DuckDB file are: with the columns of events, in any types that hold them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast
from zoneinfo import ZoneInfo

from mixpanel_nb.analytics.definitions import Definitions
from mixpanel_nb.analytics.sql import Statement
from mixpanel_nb.errors import ParameterError, StorageError, TableNotFoundError, Word
from mixpanel_nb.services.local.engines.base import EventTable
from mixpanel_nb.services.local.engines.reading import TableReading
from mixpanel_nb.storage.catalog import TableDescription
from mixpanel_nb.storage.explain import table_not_found
from mixpanel_nb.storage.ledger import Entries
from mixpanel_nb.storage.records import ColumnRecord, TableRecord
from mixpanel_nb.storage.schema import EVENT_COLUMNS
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.dialects.translation import Dialect, Relation, Translation
    from mixpanel_nb.errors import Text
    from mixpanel_nb.rows import MemoryRows, RowSource
    from mixpanel_nb.services.local.engines.base import KnownIdentities
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.storage.kept_annotations import AnnotationRecord

_KEYS_OF = 1_000  # events, whose JSON is read for the names of properties
_BOUND = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--[^\n]*|/\*.*?\*/|(?<![:\w]):([A-Za-z_]\w*)""",
    re.DOTALL,
)
"""A text, a name, a comment, or the ``:name`` of a value: what is within the others is none."""
_PART = re.compile(r"`((?:[^`]|``)+)`|([^.`]+)")
_NO_TABLE = "Name it with events=…, as the engine calls it: catalog.schema.table."


class Client(Protocol):
    """What runs SQL on an engine."""

    @property
    def engine(self) -> str:
        """The engine's name, for messages."""

    @property
    def dialect(self) -> Dialect:
        """How its SQL differs."""

    def columns(self, table: tuple[str, ...]) -> list[tuple[str, str]] | None:
        """Names of a table's columns with their types as DuckDB calls them; None without such a table."""

    def run(self, text: str, params: Mapping[str, Any]) -> MemoryRows:
        """The rows of a statement in its own SQL.

        Args:
            text: The statement, with the names of bound values.
            params: The values.

        Raises:
            QueryError: the engine refused it.
        """

    def close(self) -> None:
        """Release what the client holds, and leave a connection that was handed in as it is."""


@dataclass(frozen=True)
class ElsewhereEngine:
    """The tables of another engine.

    Attributes:
        client: Runs SQL there.
        events_table: The table of events, as the engine calls it: ``events`` or ``catalog.schema.table``.
        profiles_table: The table of profiles; None if there is none.
        json: Columns that hold JSON as text, beside ``properties``.
    """

    client: Client
    events_table: str = "events"
    profiles_table: str | None = None
    json: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def _described(self) -> dict[str, TableDescription]:
        return {}

    def describe(self, table: str) -> TableDescription:
        """The columns of a table.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: its columns cannot be named.
        """
        if table not in self._described:
            found = self.client.columns(_parts(table))
            if found is None:
                message = f"There is no table {table!r} in {self.client.engine}."
                raise TableNotFoundError(message, hint=_NO_TABLE, details={"table": table})
            records = tuple(ColumnRecord(name, self._type(name, kind), True, None) for name, kind in found)
            self._described[table] = TableDescription(records, True, Entries())
        return self._described[table]

    def _type(self, name: str, kind: str) -> str:
        lower = name.lower()
        if lower in {*EVENT_COLUMNS, "properties", "insert_id"} and lower != name:
            message = f"The column {name!r} has to be named {lower!r}."
            raise StorageError(message, hint="Make a view that names it so, and ask the view.")
        return "JSON" if kind == "VARCHAR" and (name == "properties" or name in self.json) else kind

    def translated(self, statement: Statement) -> Translation:
        """A statement in the engine's SQL.

        Raises:
            QueryError: it cannot be said there.
        """
        from mixpanel_nb.analytics.dialects.translation import translate

        return translate(statement, self.client.dialect, self._relations())

    def _relations(self) -> dict[str, Relation]:
        from mixpanel_nb.analytics.dialects.translation import Relation

        return {
            table: Relation(_parts(table), tuple(each.name for each in self.describe(table).columns))
            for table in self._tables()
        }

    def _tables(self) -> list[str]:
        return [self.events_table, *([self.profiles_table] if self.profiles_table else [])]

    # Engine

    def events(self, table: str, zone: ZoneInfo) -> EventTable:
        """See :class:`Engine`."""
        self._known(table)
        columns, notes = TableReading(self._storage, table, self.describe(table), zone).events()
        return EventTable(columns, notes=notes)

    def _known(self, table: str) -> None:
        if table != self.events_table:
            raise table_not_found(table, [self.events_table])

    @property
    def _storage(self) -> StorageEngine:
        return cast("StorageEngine", ElsewhereStorage(self))

    def profiles(self, table: str) -> TableColumns | None:
        """See :class:`Engine`."""
        name = self.profiles_table
        if name is None or table != self.events_table:
            return None
        return TableReading(self._storage, name, self.describe(name), ZoneInfo("UTC")).profiles()

    def cohorts(self) -> Mapping[str, str]:
        """See :class:`Engine`. Cohorts are kept in a database file."""
        return {}

    def definitions(self) -> Definitions:
        """See :class:`Engine`. Definitions are kept in a database file."""
        return Definitions()

    def identities(self, _table: str, /) -> KnownIdentities | None:
        """See :class:`Engine`. Identities are kept in a database file."""
        return None

    def annotations(self, _table: str, /) -> Sequence[AnnotationRecord]:
        """See :class:`Engine`. Annotations are kept in a database file."""
        return ()

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """See :class:`Engine`."""
        said = self.translated(statement)
        return list(self.client.run(said.text, said.params).rows_)

    def source(self, statement: Statement) -> RowSource:
        """See :class:`Engine`."""
        said = self.translated(statement)
        return self.client.run(said.text, said.params)

    def shown(self, statement: Statement) -> str:
        """See :class:`Engine`."""
        return self.translated(statement).shown

    def tables(self, *, fetched: bool = False) -> list[str]:
        """See :class:`Engine`. None was fetched."""
        return [] if fetched else [self.events_table]

    def timezone(self, _table: str, /) -> str | None:
        """See :class:`Engine`. None was fetched, so none has a time zone of its days."""
        return None

    def days(self, table: str) -> tuple[date, date] | None:
        """See :class:`Engine`."""
        source = self.events(table, ZoneInfo("UTC")).columns.source()
        text = f"SELECT CAST(min(e.event_time) AS DATE), CAST(max(e.event_time) AS DATE) FROM {source} AS e"
        ((first, last),) = self.rows(Statement(text, {}))
        return None if first is None else (first, last)

    def event_names(self, table: str) -> list[str]:
        """See :class:`Engine`."""
        source = self.events(table, ZoneInfo("UTC")).columns.source()
        text = f"SELECT DISTINCT e.event_name FROM {source} AS e"
        return sorted(str(name) for (name,) in self.rows(Statement(text, {})) if name is not None)

    def top_event(self, table: str) -> str | None:
        """See :class:`Engine`."""
        source = self.events(table, ZoneInfo("UTC")).columns.source()
        text = f"SELECT e.event_name, count(*) FROM {source} AS e GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
        found = self.rows(Statement(text, {}))
        return None if not found or found[0][0] is None else str(found[0][0])

    def property_names(self, table: str, event: str | None, *, numbers: bool = False) -> list[str]:
        """See :class:`Engine`. Of the JSON, those of the first events."""
        columns = self.events(table, ZoneInfo("UTC")).columns
        number = {"double", "float", "integer", "decimal"}
        names = {name for name, held in columns.properties.items() if not numbers or held.holds in number}
        if columns.has_json and not numbers:
            where, params = ("", {}) if event is None else ("WHERE e.event_name = $event", {"event": event})
            some = f"SELECT e.properties AS properties FROM {columns.source()} AS e {where} LIMIT {_KEYS_OF}"
            text = f"SELECT DISTINCT unnest(json_keys(e.properties)) AS name FROM ({some}) AS e"
            names |= {str(name) for (name,) in self.rows(Statement(text, params))}
        return sorted(names)


def _parts(table: str) -> tuple[str, ...]:
    """The parts of a name such as ``catalog.schema.table``; one in backquotes may have dots, as paths do."""
    return tuple(
        quoted.replace("``", "`") if quoted else plain for quoted, plain in _PART.findall(table)
    ) or (table,)


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
        return {found[1] for found in _BOUND.finditer(sql) if found[1]}

    def table_exists(self, name: str) -> bool:
        """Whether there is a table of that name."""
        return self._engine.client.columns(_parts(name)) is not None

    # What there is

    def list_tables(self) -> list[TableRecord]:
        """The tables that were named."""
        names = {self._engine.events_table: "events"}
        if self._engine.profiles_table is not None:
            names[self._engine.profiles_table] = "profiles"
        return [TableRecord(name, kind, self._count(name)) for name, kind in names.items()]

    def _count(self, table: str) -> int:
        self._engine.describe(table)
        text = f"SELECT count(*) FROM {identifier(table)} AS e"
        ((number,),) = self._engine.rows(Statement(text, {}))
        return int(number)

    def get_schema(self, table: str) -> list[ColumnRecord]:
        """The columns of a table, with the types that DuckDB calls so."""
        return list(self._engine.describe(table).columns)

    def sample(self, table: str, n: int) -> tuple[str, RowSource]:
        """SQL of some rows of a table, and the rows."""
        self._engine.describe(table)
        statement = Statement(f"SELECT * FROM {identifier(table)} AS e LIMIT {n}", {})
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
        raise ParameterError(message, parameter="params", value=params, hint="Write :name, and give a dict.")
    return cast("Mapping[str, Any]", params)
