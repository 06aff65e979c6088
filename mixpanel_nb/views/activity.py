"""Views of the activity feed: a timeline and a table."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import Card, Chart, Column, Table, counted, first_of, format_value
from mixpanel_nb.display.timeline import timeline
from mixpanel_nb.results import ActivityFeedResult
from mixpanel_nb.results.activity import HELD
from mixpanel_nb.views.base import MORE_IN_DF
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import days, short

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_SYSTEM = ("$", "mp_")  # what Mixpanel's own properties begin with
_MAX_TOLD = 12  # properties of an event within a table
_MAX_DOTS = 1_000  # of a time line; more make a large picture and one dark band
_MAX_NAMES = 15  # of a time line


class ActivityFeedView(ReportView[ActivityFeedResult]):
    """The events of some users, oldest first."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """The events on a time line, and in a table with the properties that are not Mixpanel's own."""
        return Card(
            title=self._title,
            subtitle=days(self.result.from_date, self.result.to_date),
            facts=self._facts() if self.result.events else (),
            chart=self.drawing(titled=False),
            table=self._table(self.limit(max_rows)) if self.result.events else None,
            query=self.result.query,
            notes=self.result.notes,
            empty=None if self.result.events else self._nothing(),
        )

    @property
    def _title(self) -> str:
        return f"Activity of {self._users}"

    @property
    def _users(self) -> str:
        return first_of(map(short, self.result.distinct_ids))

    def _nothing(self) -> str:
        if not self.result.events:
            return f"No events of {self._users} from {self.result.from_date} to {self.result.to_date}."
        return f"A time line has at most {_MAX_DOTS:,} events of {_MAX_NAMES} names; the events are in `.df`."

    def _facts(self) -> list[tuple[str, Any]]:
        facts: list[tuple[str, Any]] = [
            ("Events", len(self.result.events)),
            ("Names", len({event.event for event in self.result.events})),
            ("First", _utc(self.result.events[0].time)),
            ("Last", _utc(self.result.events[-1].time)),
        ]
        users = {event.distinct_id for event in self.result.events}
        return facts if self._single else [("Users with events", len(users)), *facts]

    @property
    def _single(self) -> bool:
        return len(self.result.distinct_ids) == 1

    def _table(self, limit: int) -> Table:
        who = [] if self._single else ["distinct_id"]
        columns = [
            Column("time (UTC)", "datetime"),
            *(Column(name, "text") for name in (*who, "event", "properties")),
        ]
        rows = [
            (
                _utc(event.time),
                *([event.distinct_id] if who else []),
                event.event,
                _properties_text(event.properties),
            )
            for event in self.result.events[:limit]
        ]
        return Table(columns, rows, total_rows=len(self.result.events), more=MORE_IN_DF)

    def drawing(self, *, titled: bool) -> Chart | None:
        """A time line, where the events and their names are few enough."""
        names = {event.event for event in self.result.events}
        if not 0 < len(self.result.events) <= _MAX_DOTS or len(names) > _MAX_NAMES:
            return None
        title, subtitle = (
            (self._title, days(self.result.from_date, self.result.to_date)) if titled else (None, None)
        )
        return Chart(lambda: self._line(title, subtitle), self._words())

    def _line(self, title: str | None, subtitle: str | None) -> Any:
        moments = [(event.time, event.event) for event in self.result.events]
        return timeline(moments, title=title, subtitle=subtitle)

    def _words(self) -> str:
        parts = [
            f"{short(name)} {count:,}"
            for name, count in Counter(e.event for e in self.result.events).most_common()
        ]
        first, last = (
            f"{_utc(event.time):%Y-%m-%d %H:%M}" for event in (self.result.events[0], self.result.events[-1])
        )
        events = counted(len(self.result.events), "event")
        return f"{self._title}, {events} from {first} to {last} UTC: {first_of(parts, 5)}."


def _utc(time: datetime) -> datetime:
    """The time in UTC to the second, without saying so: a heading says it once."""
    return time.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _properties_text(properties: Mapping[str, Any]) -> str:
    """``plan: pro, amount: 12.5``, without what Mixpanel adds by itself."""
    own = [name for name in properties if name not in HELD and not name.startswith(_SYSTEM)]
    return ", ".join(f"{name}: {format_value(properties[name])}" for name in own[:_MAX_TOLD])
