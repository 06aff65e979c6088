"""Views of event counts, property counts and top events."""

from __future__ import annotations

from mixpanel_nb.display import Bar, Card, Chart, Column, Table, first_of, format_value, ranked
from mixpanel_nb.results import EventCountsResult, PropertyCountsResult, TopEventsResult
from mixpanel_nb.results.counts import ANY_EVENT
from mixpanel_nb.views.base import MORE_IN_DF
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.series import SeriesView, no_events
from mixpanel_nb.views.words import (
    drawn_of,
    measure,
    property_name,
    short,
    signed_percent,
)

_MAX_BARS = 20


class EventCountsView(SeriesView[EventCountsResult]):
    """How often each of several events happened."""

    @property
    def _title(self) -> str:
        names = ["Any event" if event == ANY_EVENT else short(event) for event in self.result.events]
        return first_of(names, 5)

    def _nothing(self) -> str:
        return no_events(first_of(map(short, self.result.events)), self.result)


class PropertyCountsView(SeriesView[PropertyCountsResult]):
    """How often an event happened with each value of a property."""

    @property
    def _title(self) -> str:
        return f"{short(self.result.event)} by {property_name(self.result.prop)}"

    def _nothing(self) -> str:
        return no_events(self.result.event, self.result)

    @property
    def _names_are(self) -> str | None:
        return property_name(self.result.prop)


class TopEventsView(ReportView[TopEventsResult]):
    """The events of one day, as bars."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """The largest events as bars, all of them in a table, each with its change against the day before."""
        del max_rows
        rows = [
            (event.event, event.count, signed_percent(event.percent_change)) for event in self.result.events
        ]
        columns = [
            Column("event", "text"),
            Column(measure(self.result.type), "number" if self.result.type == "average" else "integer"),
            Column("day before", "percent"),
        ]
        unseen = drawn_of(len(self.result.events[:_MAX_BARS]), len(self.result.events), "event")
        return Card(
            title=self._title,
            subtitle=f"{measure(self.result.type)}, and the change against the day before",
            chart=self.drawing(titled=False),
            table=Table(columns, rows, more=MORE_IN_DF) if rows else None,
            query=self.result.query,
            notes=[*self.result.notes, *([unseen] if unseen else [])],
            empty=None if rows else self._nothing(),
        )

    @property
    def _title(self) -> str:
        return f"Top events on {self.result.date}" if self.result.date else "Top events"

    def _nothing(self) -> str:
        return f"No events on {self.result.date}." if self.result.date else "There are no events."

    def drawing(self, *, titled: bool) -> Chart | None:
        """The largest events as bars."""
        drawn = self.result.events[:_MAX_BARS]
        if not drawn:
            return None
        ends = [f"{format_value(event.count)} · {signed_percent(event.percent_change)}" for event in drawn]
        bars = [Bar(event.event, event.count, end) for event, end in zip(drawn, ends, strict=True)]
        title = self._title if titled else None
        subtitle = drawn_of(len(drawn), len(self.result.events), "event") if titled else None
        return ranked(bars, self._words(), title=title, subtitle=subtitle)

    def _words(self) -> str:
        parts = [
            f"{short(event.event)} {format_value(event.count)} ({signed_percent(event.percent_change)})"
            for event in self.result.events
        ]
        meaning = f"{measure(self.result.type)} and their change against the day before"
        return f"{self._title}, {meaning}: {first_of(parts, 5)}."
