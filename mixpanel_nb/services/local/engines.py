"""Where local reports find their events: an engine tells the columns of a table, and runs a statement.

``DuckDBEngine`` is the workspace's own database. Anything that runs DuckDB's SQL, or a translation of it,
can be another one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from mixpanel_nb.analytics.calendar import midnight, utc
from mixpanel_nb.analytics.columns import Holds, PropertyColumn, TableColumns
from mixpanel_nb.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.storage import Chunk, StorageEngine
    from mixpanel_nb.storage.records import ColumnRecord
    from mixpanel_nb.storage.schema import PropertyColumn as StoredColumn

_OF_EVENTS = ("event_name", "event_time", "distinct_id")
_BASE = frozenset({*_OF_EVENTS, "insert_id", "properties", "last_seen"})
_HOLDS: dict[str, Holds] = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "JSON": "json",
    "TIMESTAMP": "moment",
    **dict.fromkeys(("DOUBLE", "FLOAT"), "double"),
    **dict.fromkeys(
        (
            "TINYINT",
            "SMALLINT",
            "INTEGER",
            "BIGINT",
            "HUGEINT",
            "UTINYINT",
            "USMALLINT",
            "UINTEGER",
            "UBIGINT",
        ),
        "integer",
    ),
}


Span = tuple[datetime, datetime]
_EVER = datetime(1, 1, 1)  # noqa: DTZ001 - UTC without a zone, as all times of tables are


@dataclass(frozen=True)
class Part:
    """Days of a table that were fetched with the same filters.

    Attributes:
        days: The days, in the zone of :attr:`EventTable.day_zone`.
        spans: The times that were fetched, each from a moment to another one (UTC, without the latter); a
            day that had not ended when it was fetched is there until that moment.
        only: The events that were asked for; None for all.
        where: The filter, if any.
        limit: The most events that were asked for, if there was a limit.
    """

    days: frozenset[date]
    spans: tuple[Span, ...]
    only: frozenset[str] | None = None
    where: str | None = None
    limit: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all events of the days were asked for."""
        return self.only is None and self.where is None and self.limit is None


@dataclass(frozen=True)
class EventTable:
    """A table of events, as reports need to know it.

    Attributes:
        columns: How its properties are read.
        parts: What was fetched into it; empty if nobody knows.
        complete: False while parts of its last fetch are missing.
        day_zone: The zone of the days it was fetched by: UTC, or that of a project created before 2023.
        fetched: When each day (UTC) was fetched for the last time; empty if nobody knows.
    """

    columns: TableColumns
    parts: tuple[Part, ...] = ()
    complete: bool = True
    day_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    fetched: Mapping[date, datetime] = field(default_factory=dict)

    @property
    def only(self) -> frozenset[str] | None:
        """The events that any part was limited to; None where some part was not."""
        events = [part.only for part in self.parts]
        known = [names for names in events if names is not None]
        return frozenset().union(*known) if known and len(known) == len(events) else None

    def observed(self, event: str | None, last_event: datetime | None) -> list[Span]:
        """The times of which the table tells whether ``event`` happened (None: any event), in order.

        Where nobody knows what was fetched, or no more than a number of events was, it tells nothing of
        the time after its last event.

        Args:
            event: The event.
            last_event: The time of the last event in the table (UTC); None where it is empty.
        """
        until = last_event and last_event + timedelta(microseconds=1)
        if not self.parts:
            return [] if until is None else [(_EVER, until)]
        spans: list[Span] = []
        for part in self.parts:
            if event is None or part.only is None or event in part.only:
                spans += part.spans if part.limit is None else _cut(part.spans, until)
        return _merged(spans)


class Engine(Protocol):
    """What local reports ask for."""

    def events(self, table: str) -> EventTable:
        """A table of events.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: it does not hold events.
        """

    def profiles(self, table: str) -> TableColumns | None:
        """The table of profiles that belongs to a table of events, or None."""

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The rows of a statement."""


@dataclass(frozen=True)
class DuckDBEngine:
    """The tables of a workspace.

    Attributes:
        storage: Its database.
    """

    storage: StorageEngine

    def events(self, table: str) -> EventTable:
        """See :class:`Engine`."""
        columns = self._columns(table, needed=_OF_EVENTS)
        metadata = self.storage.metadata_or_none(table)
        if metadata is None:
            return EventTable(columns)
        zone = ZoneInfo(metadata.legacy_zone or "UTC")
        chunks = self.storage.chunks(table)
        return EventTable(columns, _parts(chunks, zone), metadata.complete, zone, _fetched(chunks))

    def profiles(self, table: str) -> TableColumns | None:
        """Of the profiles that are not of another project: ``profiles``, or else the only table there is."""
        tables = {known.name.lower(): known for known in self.storage.list_tables()}
        events = tables.get(table.lower())
        sources = {None if events is None else events.source, None}
        names = [
            each.name
            for each in tables.values()
            if each.type == "profiles" and (sources == {None} or each.source in sources)
        ]
        if "profiles" not in names and len(names) != 1:
            return None
        return self._columns("profiles" if "profiles" in names else names[0], needed=("distinct_id",))

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """See :class:`Engine`."""
        return self.storage.execute_rows(statement.text, statement.params)

    def _columns(self, table: str, *, needed: Iterable[str]) -> TableColumns:
        schema = self.storage.get_schema(table)
        types = {column.name: column.type for column in schema}
        missing = [name for name in needed if name not in types]
        if missing:
            message = f"Table {table!r} has no column {missing[0]!r}, so it holds no events."
            raise StorageError(message, hint="Name a table that fetch events has made.")
        stored = self.storage.property_columns(table)
        has_json = types.get("properties") == "JSON"
        properties = _of_stored(stored, has_json=has_json) if stored else _of_schema(schema)
        return TableColumns(table, properties, has_json=has_json, has_insert_id="insert_id" in types)


def _of_stored(columns: Iterable[StoredColumn], *, has_json: bool) -> dict[str, PropertyColumn]:
    """Columns whose values all are of one type. Text that stands for several is read from the JSON."""
    from mixpanel_nb.storage.kinds import Kinds

    return {
        column.property: PropertyColumn(column.name, _HOLDS[column.sql_type])
        for column in columns
        if column.sql_type != "VARCHAR" or not has_json or not column.kinds & ~Kinds.TEXT
    }


def _of_schema(columns: Iterable[ColumnRecord]) -> dict[str, PropertyColumn]:
    """Columns of a table of somebody's own making; each holds the property of its name, and maybe NaN."""
    return {
        column.name: PropertyColumn(column.name, held)
        for column in columns
        if column.name not in _BASE and (held := _held(column.type)) is not None
    }


def _held(sql_type: str) -> Holds | None:
    if sql_type.startswith("DECIMAL"):
        return "decimal"
    held = _HOLDS.get(sql_type)
    return "float" if held == "double" else held


def _parts(chunks: Iterable[Chunk], zone: ZoneInfo) -> tuple[Part, ...]:
    """Chunks of the same filters together."""
    together: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        together.setdefault(chunk.filters, []).append(chunk)
    return tuple(_part(filters, found, zone) for filters, found in together.items())


def _fetched(chunks: Iterable[Chunk]) -> dict[date, datetime]:
    """When each day was fetched for the last time."""
    found: dict[date, datetime] = {}
    for chunk in sorted(chunks, key=lambda chunk: chunk.fetched_at):
        found |= dict.fromkeys(chunk.days(), chunk.fetched_at)
    return found


def _part(filters: str, chunks: Sequence[Chunk], zone: ZoneInfo) -> Part:
    given = json.loads(filters)
    only = given.get("events")
    days = frozenset(day for chunk in chunks for day in chunk.days())
    spans = tuple(_span(chunk, zone) for chunk in chunks if chunk.from_date is not None)
    return Part(days, spans, frozenset(only) if only else None, given.get("where"), given.get("limit"))


def _span(chunk: Chunk, zone: ZoneInfo) -> Span:
    """The time that a chunk tells of: its days, but nothing after it was fetched."""
    days = sorted(chunk.days())
    since, until = utc(midnight(days[0]), zone), utc(midnight(days[-1] + timedelta(days=1)), zone)
    return since, min(until, chunk.fetched_at)


def _cut(spans: Iterable[Span], until: datetime | None) -> list[Span]:
    """The spans without what is after a moment."""
    return [(first, min(last, until)) for first, last in spans if until is not None and first < until]


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The same times as spans that neither overlap nor touch, in order."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged
