"""``Engine``: the protocol of table engines for local reports, explorers and completion."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from mixpanel_nb.analytics.calendar import midnight, utc
from mixpanel_nb.analytics.definitions import Definitions
from mixpanel_nb.queries.customs import custom_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.storage import Chunk
    from mixpanel_nb.storage.kept_annotations import AnnotationRecord
    from mixpanel_nb.storage.ledger import Entries

Span = tuple[datetime, datetime]
_EVER = datetime(1, 1, 1)  # noqa: DTZ001 - UTC without a zone, as all times of tables are


@dataclass(frozen=True)
class Part:
    """Days of a table that were fetched with the same filters.

    Attributes:
        days: The days, in the zone of :attr:`EventTable.day_zone`.
        spans: The times that were fetched, as half-open intervals (UTC); a day that had not ended when it was
            fetched extends to that moment.
        only: The requested events; None for all.
        where: The filter, if any.
        limit: The requested limit of events, if any.
    """

    days: frozenset[date]
    spans: tuple[Span, ...]
    only: frozenset[str] | None = None
    where: str | None = None
    limit: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all events of the days were requested."""
        return self.only is None and self.where is None and self.limit is None


@dataclass(frozen=True)
class EventTable:
    """The description of a table of events for reports.

    Attributes:
        columns: How its properties are read.
        parts: The fetched parts; empty if unknown.
        complete: False while parts of its last fetch are missing.
        day_zone: The zone of the days it was fetched by: UTC, or that of a project created before 2023.
        fetched: When each day (UTC) was last fetched; empty if unknown.
        notes: Notes for every answer: rows that cannot be read, times that are only days.
        find_definitions: Finds what custom events are.
    """

    columns: TableColumns
    parts: tuple[Part, ...] = ()
    complete: bool = True
    day_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    fetched: Mapping[date, datetime] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    find_definitions: Callable[[], Definitions] = Definitions

    @property
    def only(self) -> frozenset[str] | None:
        """The events that the parts were limited to; None if some part was not limited."""
        events = [part.only for part in self.parts]
        known = [names for names in events if names is not None]
        return frozenset().union(*known) if known and len(known) == len(events) else None

    def names(self, event: str | None) -> tuple[str | None, ...]:
        """The names under which a table has an event: those of a custom event, or its own; None is any.

        Raises:
            ParameterError: it is a custom event that is not known here.
        """
        number = custom_event(event)
        if number is None:
            return (event,)
        return tuple(dict.fromkeys(each.event for each in self.find_definitions().alternatives(number)))

    def observed(self, event: str | None, last_event: datetime | None) -> list[Span]:
        """The times for which the table shows whether ``event`` happened (None: any event), in order.

        If it is unknown what was fetched, or the fetch had a limit, the time after the last event is unknown.

        Args:
            event: The event.
            last_event: The time of the last event in the table (UTC); None if it is empty.
        """
        found = [self._observed(name, last_event) for name in self.names(event)]
        return reduce(_in_both, found) if found else []

    def _observed(self, event: str | None, last_event: datetime | None) -> list[Span]:
        until = last_event and last_event + timedelta(microseconds=1)
        if not self.parts:
            return [] if until is None else [(_EVER, until)]
        spans: list[Span] = []
        for part in self.parts:
            if event is None or part.only is None or event in part.only:
                spans += part.spans if part.limit is None else _cut(part.spans, until)
        return _merged(spans)


def _in_both(some: list[Span], others: list[Span]) -> list[Span]:
    """The times that are in spans of both."""
    pairs = [(max(one[0], other[0]), min(one[1], other[1])) for one in some for other in others]
    return [(since, until) for since, until in pairs if since < until]


@dataclass(frozen=True)
class KnownIdentities:
    """What is known of the users that the ids of a table are.

    Attributes:
        table: The table of the resolved ids, with the columns ``distinct_id`` and ``resolved_id``.
        system: Mixpanel's system by which they were merged: ``original`` or ``simplified``.
        source: SQL of the table for ``FROM``, with these columns.
        computed_at: When they were found (UTC); None where they are kept up to date elsewhere.
        newer: How many more events the table has now; negative for fewer.
        changed: Whether the table was fetched into since then.
    """

    table: str
    system: str
    source: str
    computed_at: datetime | None = None
    newer: int = 0
    changed: bool = False


class Engine(Protocol):
    """The interface that local reports use."""

    def events(self, table: str, zone: ZoneInfo) -> EventTable:
        """A table of events.

        Args:
            table: The table.
            zone: The zone of a report, in which a time without a time of day begins.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: it does not hold events.
        """

    def profiles(self, table: str) -> TableColumns | None:
        """The table of profiles that belongs to a table of events, or None."""

    def cohorts(self) -> Mapping[str, str]:
        """The tables of ids of the cohorts, in SQL, by the cohort's name."""

    def definitions(self) -> Definitions:
        """The custom events, custom properties and lookup tables that are kept with the tables."""

    def identities(self, table: str, /) -> KnownIdentities | None:
        """What is known of the users that the ids of a table are; None if they were not found."""

    def check_keeps(self) -> None:
        """Check that cohorts, identities and definitions can be kept beside the tables.

        Raises:
            StorageError: nothing can be kept here.
        """

    def annotations(self, table: str, /) -> Sequence[AnnotationRecord]:
        """The annotations that are kept with a table, by their moment."""

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The rows of a statement."""

    def source(self, statement: Statement) -> RowSource:
        """The rows of a statement, read in batches."""

    def shown(self, statement: Statement) -> str:
        """The SQL that runs for a statement, with its values written out."""

    def tables(self, *, fetched: bool = False) -> list[str]:
        """The tables and views that have the columns of events, by name; only those that were fetched."""

    def timezone(self, table: str, /) -> str | None:
        """The time zone of a table's days, if known; None for any other table."""

    def days(self, table: str) -> tuple[date, date] | None:
        """The first and the last day that a table was fetched for, or has events on; None if it is empty."""

    def event_names(self, table: str) -> list[str]:
        """Names of the events in a table, sorted; possibly incomplete if there are very many."""

    def top_event(self, table: str) -> str | None:
        """The most frequent event of a table; None where it is empty."""

    def property_names(self, table: str, event: str | None, *, numbers: bool = False) -> list[str]:
        """Properties of an event, or of any event of a table, sorted.

        Args:
            table: The table.
            event: The event; None for any.
            numbers: Only properties that hold numbers.
        """


def recorded(columns: TableColumns, entries: Entries, notes: tuple[str, ...]) -> EventTable:
    """A table of events with what was recorded of its fetches."""
    metadata = entries.metadata
    if metadata is None:
        return EventTable(columns, notes=notes)
    zone = ZoneInfo(metadata.legacy_zone or "UTC")
    parts, fetched = _parts(entries.chunks, zone), _fetched(entries.chunks)
    return EventTable(columns, parts, metadata.complete, zone, fetched, notes)


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
    """The time that a chunk covers: its days, up to when it was fetched."""
    days = sorted(chunk.days())
    since, until = utc(midnight(days[0]), zone), utc(midnight(days[-1] + timedelta(days=1)), zone)
    return since, min(until, chunk.fetched_at)


def _cut(spans: Iterable[Span], until: datetime | None) -> list[Span]:
    """The spans cut off at a moment."""
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
