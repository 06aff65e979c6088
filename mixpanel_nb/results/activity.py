"""What some users did, event by event."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.base import free_name
from mixpanel_nb.results.report import ReportResult
from mixpanel_nb.results.wording import days, first_of, short

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from mixpanel_nb.display import Card, Chart, Table

_OWN = ("event", "time", "distinct_id")
_HELD = frozenset({"time", "distinct_id"})  # properties that say what these columns do
_SYSTEM = ("$", "mp_")  # what Mixpanel's own properties begin with
_MAX_TOLD = 12  # properties of an event within a table
_MAX_DOTS = 1_000  # of a time line; more make a large picture and one dark band
_MAX_NAMES = 15  # of a time line


@dataclass(frozen=True)
class ActivityEvent:
    """One event of a user.

    Attributes:
        event: Its name.
        time: When it happened (UTC).
        distinct_id: Who did it.
        properties: Its properties.
    """

    event: str
    time: datetime
    distinct_id: str
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class ActivityFeedResult(ReportResult):
    """The events of some users, oldest first.

    Attributes:
        distinct_ids: The users asked for.
        from_date: First day.
        to_date: Last day.
        events: Their events.
    """

    distinct_ids: tuple[str, ...]
    from_date: date
    to_date: date
    events: tuple[ActivityEvent, ...]

    @cached_property
    def column_names(self) -> list[str]:
        """``event, time, distinct_id``, then every property in the order in which they first come.

        The properties ``time`` and ``distinct_id`` are the event's own; a property ``event`` is ``event_2``.
        """
        return [*_OWN, *self._columns.values()]

    @cached_property
    def _columns(self) -> dict[str, str]:
        """The column of each property but those that hold what the event's own columns do."""
        found = dict.fromkeys(name for event in self.events for name in event.properties)
        return {
            name: name if name not in _OWN else free_name(name, found) for name in found if name not in _HELD
        }

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row an event; None where it lacks a property."""
        return [
            (event.event, event.time, event.distinct_id, *map(event.properties.get, self._columns))
            for event in self.events
        ]

    def _dtypes(self) -> Mapping[str, str]:
        return {"time": "datetime64[ns, UTC]"}

    def card(self, *, max_rows: int | None = None) -> Card:
        """The events on a time line, and in a table with the properties that are not Mixpanel's own."""
        from mixpanel_nb.display import Card

        return Card(
            title=self._title,
            subtitle=days(self.from_date, self.to_date),
            facts=self._facts() if self.events else (),
            chart=self._drawing(titled=False),
            table=self._table(self._limit(max_rows)) if self.events else None,
            query=self.query,
            notes=self.notes,
            empty=None if self.events else self._nothing(),
        )

    @property
    def _title(self) -> str:
        return f"Activity of {self._users}"

    @property
    def _users(self) -> str:
        return first_of(map(short, self.distinct_ids))

    def _nothing(self) -> str:
        if not self.events:
            return f"No events of {self._users} from {self.from_date} to {self.to_date}."
        return f"A time line has at most {_MAX_DOTS:,} events of {_MAX_NAMES} names; the events are in `.df`."

    def _facts(self) -> list[tuple[str, Any]]:
        facts: list[tuple[str, Any]] = [
            ("Events", len(self.events)),
            ("Names", len({event.event for event in self.events})),
            ("First", _utc(self.events[0].time)),
            ("Last", _utc(self.events[-1].time)),
        ]
        users = {event.distinct_id for event in self.events}
        return facts if self._single else [("Users with events", len(users)), *facts]

    @property
    def _single(self) -> bool:
        return len(self.distinct_ids) == 1

    def _table(self, limit: int) -> Table:
        from mixpanel_nb.display import Column, Table

        who = [] if self._single else ["distinct_id"]
        columns = [
            Column("time (UTC)", "datetime"),
            *(Column(name, "text") for name in (*who, "event", "properties")),
        ]
        rows = [
            (_utc(event.time), *([event.distinct_id] if who else []), event.event, _told(event.properties))
            for event in self.events[:limit]
        ]
        return Table(columns, rows, total_rows=len(self.events), more=".df has them all")

    def _drawing(self, *, titled: bool) -> Chart | None:
        from mixpanel_nb.display import Chart

        names = {event.event for event in self.events}
        if not 0 < len(self.events) <= _MAX_DOTS or len(names) > _MAX_NAMES:
            return None
        title, subtitle = (self._title, days(self.from_date, self.to_date)) if titled else (None, None)
        return Chart(lambda: self._line(title, subtitle), self._words())

    def _line(self, title: str | None, subtitle: str | None) -> Any:
        from mixpanel_nb.display import timeline

        moments = [(event.time, event.event) for event in self.events]
        return timeline(moments, title=title, subtitle=subtitle)

    def _words(self) -> str:
        from mixpanel_nb.display import counted

        parts = [
            f"{short(name)} {count:,}" for name, count in Counter(e.event for e in self.events).most_common()
        ]
        first, last = (f"{_utc(event.time):%Y-%m-%d %H:%M}" for event in (self.events[0], self.events[-1]))
        events = counted(len(self.events), "event")
        return f"{self._title}, {events} from {first} to {last} UTC: {first_of(parts, 5)}."


def _utc(time: datetime) -> datetime:
    """The time in UTC to the second, without saying so: a heading says it once."""
    return time.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _told(properties: Mapping[str, Any]) -> str:
    """``plan: pro, amount: 12.5``, without what Mixpanel adds by itself."""
    from mixpanel_nb.display import format_value

    own = [name for name in properties if name not in _HELD and not name.startswith(_SYSTEM)]
    return ", ".join(f"{name}: {format_value(properties[name])}" for name in own[:_MAX_TOLD])
