"""``Engine``: what local reports, explorers and completion need of whatever holds the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.sql import Statement

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
        notes: What is to be said of any answer: rows that cannot be read, times that are days alone.
    """

    columns: TableColumns
    parts: tuple[Part, ...] = ()
    complete: bool = True
    day_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    fetched: Mapping[date, datetime] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

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

    def events(self, table: str, zone: ZoneInfo) -> EventTable:
        """A table of events.

        Args:
            table: The table.
            zone: The zone of a report, in which a time that is a day alone begins.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: it does not hold events.
        """

    def profiles(self, table: str) -> TableColumns | None:
        """The table of profiles that belongs to a table of events, or None."""

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """The rows of a statement."""

    def tables(self, *, fetched: bool = False) -> list[str]:
        """The tables and views that have the columns of events, by name; only those that were fetched."""

    def timezone(self, table: str) -> str | None:
        """The time zone that a table counts days in, where it knows; None for any other table, too."""

    def days(self, table: str) -> tuple[date, date] | None:
        """The first and the last day that a table was fetched for, or has events on; None if it is empty."""

    def event_names(self, table: str) -> list[str]:
        """Names of the events in a table, sorted; not all of them where there are very many."""

    def top_event(self, table: str) -> str | None:
        """The most frequent event of a table; None where it is empty."""

    def property_names(self, table: str, event: str | None, *, numbers: bool = False) -> list[str]:
        """Properties of an event, or of any event of a table, sorted.

        Args:
            table: The table.
            event: The event; None for any.
            numbers: Only properties that hold numbers.
        """


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
