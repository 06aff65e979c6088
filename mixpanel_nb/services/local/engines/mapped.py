"""``MappedReading``: tables of another shape, read as events or profiles by a mapping of their columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.columns import PropertyColumn, TableColumns
from mixpanel_nb.errors import ParameterError, StorageError, did_you_mean
from mixpanel_nb.naming import free_name
from mixpanel_nb.services.load.tables import TableMapping
from mixpanel_nb.services.local.engines import casts
from mixpanel_nb.services.local.engines.reading import BASE, TableReading
from mixpanel_nb.storage.sqltext import identifier, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SHOWN = 12
# The magnitudes that tell the unit of a number of time, as for files that are loaded.
_MILLISECONDS, _MICROSECONDS = 31_536_000_000, 31_536_000_000_000
_UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}


@dataclass(frozen=True)
class MappedReading(TableReading):
    """Reads a table by a mapping: every column is an expression in a derived table of the statement.

    Attributes:
        mapping: The mapping.
    """

    mapping: TableMapping = field(default_factory=TableMapping)

    def events(self) -> tuple[TableColumns, tuple[str, ...]]:
        """The columns of its events, and notes.

        Raises:
            TableNotFoundError: there is no such table.
            ParameterError: it has none of the columns of the mapping.
            StorageError: a column cannot be read.
        """
        types, mapping = self._columns_there, self.mapping
        events = () if mapping.every else self._there(mapping.events, "event", needed=True)
        times = self._there(mapping.times, "time", needed=True)
        users, ids = self._there(mapping.users, "user"), self._there(mapping.ids, "id")
        moments = [self._time(name) for name in times]
        read = {
            "event_name": text(mapping.every) if mapping.every else self._first(events),
            "event_time": _coalesced([sql for sql, _ in moments]),
            "distinct_id": self._first(users),
        }
        if ids:
            read["insert_id"] = self._first(ids)
        alone = {names[0] for names in (events, times, users, ids) if len(names) == 1}
        others = mapping.others
        properties = {
            name: name if others is None else others[name.lower()]
            for name in types
            if name not in alone and (others is None or name.lower() in others)
        }
        notes = tuple(note for _, found in moments for note in found)
        return self._table(read, properties, distinct=bool(ids) and mapping.distinct), notes

    def profiles(self) -> TableColumns | None:
        """The columns of its users; None if it has none.

        Raises:
            TableNotFoundError: there is no such table.
        """
        users = self._there(self.mapping.users, "user")
        if not users:
            return None
        properties = {name: name for name in self._columns_there if name != users[0]}
        return self._table({"distinct_id": self._first(users[:1])}, properties)

    @property
    def _columns_there(self) -> dict[str, str]:
        return {column.name: column.type for column in self.found.columns}

    def _there(self, names: Iterable[str], parameter: str, *, needed: bool = False) -> tuple[str, ...]:
        """Those of some columns that the table has, as it writes them.

        Raises:
            ParameterError: one that was named is missing, or all are and one is needed.
        """
        types = self._columns_there
        lower = {name.lower(): name for name in types}
        found = []
        for name in names:
            there = name if name in types else lower.get(name.lower())
            if there is not None:
                found.append(there)
            elif name in self.mapping.named:
                message = f"The mapping names the column {name!r}, which {self.table} does not have."
                raise self._wrong(message, did_you_mean(name, types))
        if needed and not found:
            whose = self.mapping.title or "The mapping"
            message = (
                f"{whose} has the {parameter} in {' or '.join(names)}, which {self.table} does not have."
            )
            raise self._wrong(message)
        return tuple(dict.fromkeys(found))

    def _wrong(self, message: str, hint: str | None = None) -> ParameterError:
        names = [repr(column.name) for column in self.found.columns]
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        there = f"There are {', '.join(names[:_SHOWN])}{more}."
        hint = hint or f"{there} Name the columns in a mapping of your own: event, time, user, id."
        return ParameterError(message, parameter="mapping", value=self.mapping.title, hint=hint)

    def _first(self, names: tuple[str, ...]) -> str:
        """SQL of the first of some columns with a value, as text.

        Raises:
            StorageError: one holds no names.
        """
        values = []
        for name in names:
            sql = casts.name(identifier(name), self._columns_there[name])
            if sql is None:
                message = (
                    f"{name} of {self.table} is of type {self._columns_there[name]}, which holds no names."
                )
                raise StorageError(message, hint="Name another column in the mapping.")
            values.append(f"nullif({sql}, '')")
        return _coalesced(values) if values else "CAST(NULL AS VARCHAR)"

    def _time(self, name: str) -> tuple[str, tuple[str, ...]]:
        """SQL of a time as TIMESTAMP in UTC, and notes.

        Raises:
            StorageError: it holds no times, or texts whose zone is not UTC.
        """
        kind, zone = self._columns_there[name], self.mapping.zone
        if casts.is_number(kind):
            return self._counted(casts.finite(identifier(name), kind)), ()
        sql = casts.time(identifier(name), kind, self.zone)
        if sql is None:
            message = f"{name} of {self.table} is of type {kind}, which holds no times."
            raise StorageError(message, hint="Name another column in the mapping.")
        if kind == "JSON":
            number = f"TRY_CAST({identifier(name)} ->> '$' AS DOUBLE)"
            sql = f"CASE WHEN {number} IS NOT NULL THEN {self._counted(number)} ELSE {sql} END"
        if casts.is_text(kind):
            if zone is not None:
                message = f"{name} of {self.table} is text, whose times are read as UTC, not of {zone}."
                raise StorageError(message, hint="Leave out the time zone, or make a view with timestamps.")
            return sql, self._unreadable(sql, name)
        if zone is not None and kind != "TIMESTAMP WITH TIME ZONE":
            sql = f"timezone('UTC', timezone({text(zone)}, {sql}))"
        return sql, ()

    def _counted(self, number: str) -> str:
        """A number of time as TIMESTAMP."""
        if self.mapping.unit is not None:
            return casts.epoch(number, _UNITS[self.mapping.unit])
        return (
            f"CASE WHEN abs({number}) < {_MILLISECONDS} THEN {casts.epoch(number, 'seconds')} "
            f"WHEN abs({number}) < {_MICROSECONDS} THEN {casts.epoch(number, 'milliseconds')} "
            f"ELSE {casts.epoch(number, 'microseconds')} END"
        )

    def _table(
        self, read: dict[str, str], properties: Mapping[str, str], *, distinct: bool = False
    ) -> TableColumns:
        """The table, of whose columns these are properties."""
        types, mapping = self._columns_there, self.mapping
        (column,) = self._there([mapping.properties], "properties") or (None,)
        json = None if column is None else casts.properties(self._read(column), types[column])
        if json is not None:
            read["properties"] = json
        taken = {name.lower() for name in (*types, *BASE)}
        found: dict[str, PropertyColumn] = {}
        for name, prop in properties.items():
            value = casts.property_value(self._read(name), types[name])
            if value is None or (json is not None and name == column) or name.startswith(mapping.left_out):
                continue
            alias = free_name(name, taken) if name.lower() in BASE else name
            read[alias] = value.sql
            found[prop] = PropertyColumn(alias, value.holds)
        return TableColumns(
            self.table,
            found,
            has_json=json is not None,
            has_insert_id="insert_id" in read,
            read_as=read,
            distinct=distinct,
            relation=self.relation,
        )


def _coalesced(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
