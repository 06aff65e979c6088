"""Reading of any DuckDB table or view as events or profiles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from mixpanel_nb.analytics.columns import PropertyColumn, TableColumns
from mixpanel_nb.errors import StorageError
from mixpanel_nb.services.local.engines import casts
from mixpanel_nb.storage.kinds import Kinds
from mixpanel_nb.storage.schema import EVENT_COLUMNS, ROW_NUMBER
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from mixpanel_nb.analytics.columns import Holds
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.storage.catalog import TableDescription
    from mixpanel_nb.storage.schema import PropertyColumn as StoredColumn

BASE = frozenset({*EVENT_COLUMNS, "insert_id", "properties", "last_seen"})
_NAMES = ("event_name", "distinct_id", "insert_id")
# Types of base columns that need no cast.
_AS_THEY_ARE = {
    "event_name": "VARCHAR",
    "event_time": "TIMESTAMP",
    "distinct_id": "VARCHAR",
    "insert_id": "VARCHAR",
    "properties": "JSON",
}
# Other common names of the columns of events.
_ALSO_CALLED = {
    "event_name": ("event", "name", "event_type", "action", "activity"),
    "event_time": ("time", "timestamp", "ts", "date", "day", "created_at", "occurred_at", "event_timestamp"),
    "distinct_id": ("user_id", "user", "uid", "customer_id", "account_id", "visitor_id", "id"),
}
_HOLDS: dict[str, Holds] = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "JSON": "json",
    "BIGINT": "integer",
    "HUGEINT": "integer",
    "DOUBLE": "double",
}


@dataclass(frozen=True)
class TableReading:
    """Reads a table or view of a workspace.

    Attributes:
        storage: The database.
        table: Its name.
        found: Its description.
        zone: The zone of days without a time of day.
        relation: SQL of the table for ``FROM``; None for its name.
        texts: The columns of JSON that is stored as text.
    """

    storage: StorageEngine
    table: str
    found: TableDescription
    zone: ZoneInfo
    relation: str | None = None
    texts: frozenset[str] = frozenset()

    @property
    def _from(self) -> str:
        return self.relation or identifier(self.table)

    def _read(self, column: str) -> str:
        """SQL of a column."""
        sql = identifier(column)
        return f"TRY_CAST({sql} AS JSON)" if column in self.texts else sql

    def events(self) -> tuple[TableColumns, tuple[str, ...]]:
        """The columns of its events, and notes.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: it contains no events, or one of their columns cannot be read.
        """
        types = self._types()
        missing = [column for column in EVENT_COLUMNS if column not in types]
        if missing:
            self._holds_no_events(types, missing[0])
        read = {column: self._name(column, types) for column in _NAMES if column in types}
        read["event_time"], notes = self._event_time(types["event_time"])
        if "insert_id" not in types and self._numbers_rows(types):  # equal rows stay distinct
            read["insert_id"] = f"format('{{:020d}}', {ROW_NUMBER})"
        return self._columns(types, read), notes

    def profiles(self) -> TableColumns | None:
        """The columns of its users; None if it has none.

        Raises:
            TableNotFoundError: there is no such table.
        """
        types = self._types()
        if "distinct_id" not in types:
            return None
        return self._columns(types, {"distinct_id": self._name("distinct_id", types)})

    def _types(self) -> dict[str, str]:
        """The type of each column; base columns under their standard names."""
        added = {ROW_NUMBER if self.found.is_of_lake else self.found.sent}
        return {
            (column.name.lower() if column.name.lower() in BASE else column.name): column.type
            for column in self.found.columns
            if column.name not in added
        }

    def _numbers_rows(self, types: Mapping[str, str]) -> bool:
        """Whether DuckDB has a number for each row."""
        return ROW_NUMBER not in map(str.lower, types) and not self.found.is_view

    def _columns(self, types: Mapping[str, str], read: dict[str, str]) -> TableColumns:
        column = self._read("properties") if "properties" in self.texts else "properties"
        if json := casts.properties(column, types.get("properties", "")):
            read["properties"] = json
        stored = self.found.entries.columns
        claimed = {column.name for column in stored}
        found = {
            column: casts.property_value(self._read(column), sql_type)
            for column, sql_type in types.items()
            if column not in BASE and column not in claimed
        }
        others = {column: value for column, value in found.items() if value is not None}
        properties = {
            **{column: PropertyColumn(column, value.holds) for column, value in others.items()},
            **_of_stored(stored, has_json=json is not None),
        }
        # SELECT * shows the column of the order in a lake, and hides DuckDB's number of a row.
        plain = (
            not self.found.is_of_lake
            and all(sql == column and types[column] == _AS_THEY_ARE[column] for column, sql in read.items())
            and all(value.sql == identifier(column) for column, value in others.items())
        )
        own = {column: value.sql for column, value in others.items()}
        own |= {
            column.name: identifier(column.name) for column in properties.values() if column.name not in own
        }
        order = ROW_NUMBER if stored or self._numbers_rows(types) else None
        if order is not None:
            own[order] = order
        if self.found.sent is not None:
            own[self.found.sent] = identifier(self.found.sent)
        return TableColumns(
            self.table,
            properties,
            has_json=json is not None,
            has_insert_id="insert_id" in read,
            read_as={} if plain else read | own,
            order=order,
            sent=self.found.sent,
            relation=self.relation,
        )

    def _name(self, column: str, types: Mapping[str, str]) -> str:
        sql = casts.name(column, types[column])
        if sql is None:
            message = f"{column} of {self.table} is of type {_short(types[column])}, which holds no names."
            raise StorageError(message, hint=self._mended(f"CAST({column} AS VARCHAR)", column))
        return sql

    def _event_time(self, sql_type: str) -> tuple[str, tuple[str, ...]]:
        """SQL of the time, and notes."""
        if casts.is_number(sql_type):
            return self._epoch(sql_type), ()
        sql = casts.time("event_time", sql_type, self.zone)
        if sql is None:
            message = f"event_time of {self.table} is of type {_short(sql_type)}, which holds no times."
            raise StorageError(message, hint=self._mended("CAST(… AS TIMESTAMP)", "event_time"))
        if sql_type == "DATE":
            note = f"event_time of {self.table} holds days: what comes first within a day is not known."
            return sql, (note,)
        return sql, self._unreadable(sql, "event_time") if casts.is_text(sql_type) else ()

    def _unreadable(self, sql: str, column: str) -> tuple[str, ...]:
        """A note about texts that are not times.

        Raises:
            StorageError: no text is a time.
        """
        written = identifier(column)
        bad = f"FILTER ({written} IS NOT NULL AND ({sql}) IS NULL)"
        ((times, wrong, example),) = self.storage.execute_rows(
            f"SELECT count({sql}), count(*) {bad}, CAST(any_value({written}) {bad} AS VARCHAR) "
            f"FROM {self._from}"
        )
        if not wrong:
            return ()
        shown = repr(example if len(example) <= 40 else example[:40] + "…")
        if not times:
            message = (
                f"{column} of {self.table} is text, such as {shown}, "
                "and none of it is a time as in 2025-01-31T09:30:00Z."
            )
            raise StorageError(message, hint=self._mended(f"strptime({column}, '%d/%m/%Y')", column))
        left_out = f"{wrong:,} of {times + wrong:,} rows of {self.table} are left out"
        return (f"{left_out}: their {column} is no time, such as {shown}.",)

    def _epoch(self, sql_type: str) -> str:
        """SQL of an epoch time.

        Raises:
            StorageError: the unit is ambiguous.
        """
        number = casts.finite("event_time", sql_type)
        ((lowest, highest),) = self.storage.execute_rows(
            f"SELECT min({number}), max({number}) FROM {self._from}"
        )
        unit = "seconds" if lowest is None else casts.epoch_unit(lowest, highest)
        if unit is None:
            span = " to ".join(dict.fromkeys(f"{number:.15g}" for number in (lowest, highest)))
            message = (
                f"event_time of {self.table} holds numbers ({span}), "
                "which are not all seconds, milliseconds, microseconds or nanoseconds since 1970."
            )
            raise StorageError(message, hint=self._mended("to_timestamp(…)", "event_time"))
        return casts.epoch(number, unit)

    def _mended(self, sql: str, column: str) -> str:
        """SQL that defines a column."""
        select = f"SELECT * REPLACE ({sql} AS {column}) FROM {_written(self.table)}"
        return f"Make a view of it: CREATE VIEW {_name_for(self.table)} AS {select}"

    def _holds_no_events(self, types: Mapping[str, str], missing: str) -> NoReturn:
        message = f"Table {self.table!r} has no column {missing!r}, so it holds no events."
        hint = "Name a table of events."
        if self.found.entries.metadata is None:
            named = [
                f"{_source_of(column, types)} AS {column}" for column in EVENT_COLUMNS if column not in types
            ]
            select = f"SELECT {', '.join(named)}, * FROM {_written(self.table)}"
            hint = f"Make a view that names them: CREATE VIEW {_name_for(self.table)} AS {select}"
        raise StorageError(message, hint=hint)


def _source_of(column: str, types: Mapping[str, str]) -> str:
    """The column that is probably meant, else a placeholder."""
    lower = {name.lower(): name for name in types}
    found = next((lower[name] for name in _ALSO_CALLED[column] if name in lower), None)
    if found is None and column == "event_time":
        found = next((name for name, kind in types.items() if kind.startswith(("TIMESTAMP", "DATE"))), None)
    if found is None:
        return "'Event'" if column == "event_name" else "…"
    return _written(found)


def _name_for(table: str) -> str:
    return _written(f"{table}_events")


def _written(name: str) -> str:
    """A name in SQL, quoted only if necessary."""
    return name if name.isidentifier() and name.isascii() else identifier(name)


def _short(sql_type: str) -> str:
    return sql_type if len(sql_type) <= 40 else sql_type[:40] + "…"


def _of_stored(columns: Iterable[StoredColumn], *, has_json: bool) -> dict[str, PropertyColumn]:
    """Columns whose values all have one type. Text columns of several types are read from the JSON."""
    return {
        column.property: PropertyColumn(column.name, _HOLDS[column.sql_type])
        for column in columns
        if column.sql_type != "VARCHAR" or not has_json or not column.kinds & ~Kinds.TEXT
    }
