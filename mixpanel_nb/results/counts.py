"""How often several events happened, or one event with each value of a property; the top events of a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.report import ReportResult
from mixpanel_nb.results.series import SeriesResult, no_events
from mixpanel_nb.results.wording import (
    drawn_of,
    first_of,
    measure,
    property_name,
    short,
    signed_percent,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from datetime import date

    from mixpanel_nb.display import Card, Chart

_MAX_BARS = 20
_MAX_NAME = 40


@dataclass(frozen=True, repr=False)
class EventCountsResult(SeriesResult):
    """How often each of several events happened in each bucket of time.

    Attributes:
        events: The events, in the order asked for.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        where: The filter, or None.
        dates: Every bucket of the range, in order.
        values: Event to bucket to count. What is missing is 0.
    """

    name_column: ClassVar[str] = "event"

    events: tuple[str, ...]
    from_date: date
    to_date: date
    unit: str
    type: str
    where: str | None
    dates: tuple[date, ...]
    values: Mapping[str, Mapping[date, float]]

    def _series(self) -> Mapping[str, Mapping[date, float]]:
        return {event: self.values.get(event, {}) for event in self.events}

    @property
    def _title(self) -> str:
        return first_of(map(short, self.events), 5)

    def _nothing(self) -> str:
        return no_events(first_of(map(short, self.events)), self)


@dataclass(frozen=True, repr=False)
class PropertyCountsResult(SeriesResult):
    """How often an event happened with each value of a property, in each bucket of time.

    Attributes:
        event: The event.
        prop: The property.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        where: The filter, or None.
        dates: Every bucket of the range, in order.
        values: Value to bucket to count, the most frequent value first. A bucket that is missing is 0.
        left_out: Values beyond the limit.
    """

    name_column: ClassVar[str] = "value"

    event: str
    prop: str
    from_date: date
    to_date: date
    unit: str
    type: str
    where: str | None
    dates: tuple[date, ...]
    values: Mapping[str, Mapping[date, float]]
    left_out: int = 0

    def _series(self) -> Mapping[str, Mapping[date, float]]:
        return self.values

    @property
    def _title(self) -> str:
        return f"{short(self.event)} by {property_name(self.prop)}"

    def _nothing(self) -> str:
        return no_events(short(self.event), self)

    @property
    def _names_are(self) -> str | None:
        return property_name(self.prop)

    @property
    def _beyond(self) -> int:
        return self.left_out


@dataclass(frozen=True)
class TopEvent:
    """One event of a day.

    Attributes:
        event: Its name.
        count: How often it happened.
        percent_change: Change against the day before as a fraction of that day, or of as much of it as has
            passed of this one; 1.0 where it had none.
    """

    event: str
    count: int
    percent_change: float


@dataclass(frozen=True, repr=False)
class TopEventsResult(ReportResult):
    """The events of one day, the most frequent first.

    Attributes:
        date: The day, or None where it is not known.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        events: The events.
    """

    date: dt.date | None
    type: str
    events: tuple[TopEvent, ...]

    @property
    def column_names(self) -> list[str]:
        """The fields of ``TopEvent``."""
        return ["event", "count", "percent_change"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row an event."""
        return [(event.event, event.count, event.percent_change) for event in self.events]

    def _dtypes(self) -> Mapping[str, str]:
        return {"count": "float64" if self.type == "average" else "int64", "percent_change": "float64"}

    def card(self, *, max_rows: int | None = None) -> Card:
        """The largest events as bars, all of them in a table, each with its change against the day before."""
        del max_rows
        from mixpanel_nb.display import Card, Column, Table

        rows = [
            (short(event.event, _MAX_NAME), event.count, signed_percent(event.percent_change))
            for event in self.events
        ]
        columns = [
            Column("event", "text"),
            Column(measure(self.type), "number" if self.type == "average" else "integer"),
            Column("day before", "percent"),
        ]
        unseen = drawn_of(len(self.events[:_MAX_BARS]), len(self.events), "event")
        return Card(
            title=self._title,
            subtitle=f"{measure(self.type)}, and the change against the day before",
            chart=self._drawing(titled=False),
            table=Table(columns, rows, more=".df has them all") if rows else None,
            query=self.query,
            notes=[*self.notes, *([unseen] if unseen else [])],
            empty=None if rows else self._nothing(),
        )

    @property
    def _title(self) -> str:
        return f"Top events on {self.date}" if self.date else "Top events"

    def _nothing(self) -> str:
        return f"No events on {self.date}." if self.date else "There are no events."

    def _drawing(self, *, titled: bool) -> Chart | None:
        from mixpanel_nb.display import Bar, Chart, format_value, ranked_bars

        drawn = self.events[:_MAX_BARS]
        if not drawn:
            return None
        ends = [f"{format_value(event.count)} · {signed_percent(event.percent_change)}" for event in drawn]
        bars = [Bar(event.event, event.count, end) for event, end in zip(drawn, ends, strict=True)]
        title = self._title if titled else None
        subtitle = drawn_of(len(drawn), len(self.events), "event") if titled else None
        return Chart(lambda: ranked_bars(bars, title=title, subtitle=subtitle), self._words())

    def _words(self) -> str:
        from mixpanel_nb.display import format_value

        parts = [
            f"{short(event.event)} {format_value(event.count)} ({signed_percent(event.percent_change)})"
            for event in self.events
        ]
        meaning = f"{measure(self.type)} and their change against the day before"
        return f"{self._title}, {meaning}: {first_of(parts, 5)}."
