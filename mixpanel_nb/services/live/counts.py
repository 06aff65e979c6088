"""Live counts: several events, the values of a property, the top events of today.

https://developer.mixpanel.com/reference/list-recent-events and the neighbouring pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.analytics.context import is_expression
from mixpanel_nb.analytics.expressions import Dialect, nodes, parse
from mixpanel_nb.bookmarks.refusals import only_tables
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.live.base import LiveReports, at_limit, breakdown, checked_buckets, sent
from mixpanel_nb.services.live.reading.series import read_series

if TYPE_CHECKING:
    from mixpanel_nb.queries import EventCounts, PropertyCounts, TopEvents
    from mixpanel_nb.services.live.reading.node import Node

_TOO_SHORT_FOR_USERS = ("minute", "hour")


class CountReports(LiveReports):
    """How often several events, or one with several values of a property, happened."""

    def event_counts(self, query: EventCounts) -> results.EventCountsResult:
        """Several events side by side, over time."""
        period, known, kind = self._period(query.from_date, query.to_date), query.unit, query.type
        events = query.events or ()
        checked_buckets(period, known)
        _check(query.where, known, kind)
        answer = self._ask(
            "events",
            event=list(events),
            type=kind,
            unit=known,
            from_date=period.first,
            to_date=period.last,
        )
        series = read_series(answer, period, known, average=kind == "average")
        # An event that is returned under another name is kept.
        names = tuple(dict.fromkeys((*events, *series.values)))
        return result_of(
            results.EventCountsResult,
            query,
            events=names,
            dates=series.dates,
            values=series.chosen(names),
            complete=self._complete(period, known, series.dates),
            notes=self._notes(event for event in events if not series.values.get(event)),
            **sent(answer),
        )

    def property_counts(self, query: PropertyCounts) -> results.PropertyCountsResult:
        """The values of a property of an event, over time."""
        period, known, kind, only = (
            self._period(query.from_date, query.to_date),
            query.unit,
            query.type,
            query.values,
        )
        checked_buckets(period, known)
        limit = query.limit if only is None else len(only)
        _check(query.where, known, kind)
        answer = self._ask(
            "events/properties",
            event=query.event,
            name=_name_of(query.prop),
            values=None if only is None else list(only),
            type=kind,
            unit=known,
            from_date=period.first,
            to_date=period.last,
            limit=limit,
        )
        answered = read_series(answer, period, known, average=kind == "average")
        series = answered.by_segment(additive=kind == "general")
        return result_of(
            results.PropertyCountsResult,
            query,
            dates=series.dates,
            values=series.ranked() if only is None else series.chosen(only),
            complete=self._complete(period, known, series.dates),
            notes=self._notes(
                [] if any(series.values.values()) else [query.event],
                at_limit(len(series.values), limit, "value") if only is None else None,
                answered.null_note(series),
            ),
            **sent(answer),
        )

    def top_events(self, query: TopEvents) -> results.TopEventsResult:
        """The most frequent events of today; which day that is in the project, Mixpanel does not say."""
        if query.date is not None:
            raise only_tables("Mixpanel's API knows the top events of today alone.", "date")
        answer = self._ask("events/top", type=query.type, limit=query.limit)
        events = [_top_event(node, average=query.type == "average") for node in answer["events"].elements()]
        events.sort(key=lambda event: (-event.count, event.event))
        return results.TopEventsResult(None, query.type, tuple(events), **sent(answer))


def _check(where: str | None, unit: str, kind: str) -> None:
    """Refuse what these endpoints do not support: filters, and users per hour."""
    if where is not None:
        message = "Mixpanel's API counts events and values of properties without a filter."
        raise only_tables(message, "where")
    if kind == "unique" and unit in _TOO_SHORT_FOR_USERS:
        raise only_tables(f"Mixpanel's API counts no users per {unit} here.", "unit")


def _name_of(prop: str) -> str:
    """The name of a property, also if given as an expression.

    Raises:
        ParameterError: it is another expression.
    """
    if not is_expression(prop):
        breakdown(prop)
        return prop
    node = parse(prop, Dialect.EVENTS)
    if isinstance(node, nodes.Property) and node.source == "properties":
        return node.name
    raise only_tables(f"Mixpanel's API counts the values of properties, not of {prop[:60]!r}.", "prop")


def _top_event(node: Node, *, average: bool) -> results.TopEvent:
    amount = node["amount"]
    count: Any = amount.number() if average else amount.whole()
    return results.TopEvent(node["event"].text(), count, float(node["percent_change"].number()))
