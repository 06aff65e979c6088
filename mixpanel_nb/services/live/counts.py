"""Live counts: several events, the values of a property, the top events of today.

https://developer.mixpanel.com/reference/list-recent-events and its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.analytics.calendar import UNITS
from mixpanel_nb.analytics.expressions import Dialect, nodes, parse
from mixpanel_nb.analytics.question import COUNT_TYPES, is_expression
from mixpanel_nb.services import asked
from mixpanel_nb.services.live.asking import LiveReports, at_limit, checked_buckets, only_tables, sent
from mixpanel_nb.services.live.reading.node import Node
from mixpanel_nb.services.live.reading.series import read_series

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

_TOO_SHORT_FOR_USERS = ("minute", "hour")


class CountReports(LiveReports):
    """How often several events, or one with several values of a property, happened."""

    def event_counts(
        self,
        events: str | Sequence[str],
        *,
        from_date: str | date,
        to_date: str | date,
        unit: str = "day",
        type: str = "general",  # noqa: A002 - Mixpanel's name
        where: str | None = None,
    ) -> results.EventCountsResult:
        """Several events side by side, over time."""
        wanted, period = asked.names(events, "events"), self._period(from_date, to_date)
        known = checked_buckets(period, asked.choice(unit, UNITS, "unit"))
        kind = asked.choice(type, COUNT_TYPES, "type")
        _check(where, known, kind)
        answer = Node.of(
            self._client.event_counts(
                wanted, from_date=period.first, to_date=period.last, unit=known, type=kind
            )
        )
        series = read_series(answer, period, known, average=kind == "average")
        # An event that comes under another name than it was asked for is not thrown away.
        names = tuple(dict.fromkeys((*wanted, *series.values)))
        return results.EventCountsResult(
            names,
            period.first,
            period.last,
            known,
            kind,
            None,
            series.dates,
            series.chosen(names),
            notes=self._notes(event for event in wanted if not series.values.get(event)),
            **sent(answer),
        )

    def property_counts(
        self,
        event: str,
        prop: str,
        *,
        from_date: str | date,
        to_date: str | date,
        values: Sequence[str] | None = None,
        unit: str = "day",
        type: str = "general",  # noqa: A002 - Mixpanel's name
        where: str | None = None,
        limit: int = 255,
    ) -> results.PropertyCountsResult:
        """The values of a property of an event, over time."""
        event, period = asked.named(event, "event"), self._period(from_date, to_date)
        known = checked_buckets(period, asked.choice(unit, UNITS, "unit"))
        kind = asked.choice(type, COUNT_TYPES, "type")
        only = None if values is None else asked.texts(values, "values")
        limit = asked.number(limit, "limit", most=asked.MAX_SEGMENTS) if only is None else len(only)
        _check(where, known, kind)
        answer = Node.of(
            self._client.property_counts(
                event,
                _name_of(prop),
                from_date=period.first,
                to_date=period.last,
                unit=known,
                type=kind,
                values=only,
                limit=limit,
            )
        )
        answered = read_series(answer, period, known, average=kind == "average")
        series = answered.by_segment(additive=kind == "general")
        return results.PropertyCountsResult(
            event,
            prop,
            period.first,
            period.last,
            known,
            kind,
            None,
            series.dates,
            series.ranked() if only is None else series.chosen(only),
            notes=self._notes(
                [] if any(series.values.values()) else [event],
                at_limit(len(series.values), limit, "value") if only is None else None,
                answered.null_note(series),
            ),
            **sent(answer),
        )

    def top_events(
        self,
        *,
        type: str = "general",  # noqa: A002 - Mixpanel's name
        limit: int = 100,
        date: str | date | None = None,
    ) -> results.TopEventsResult:
        """The most frequent events of today; which day that is in the project, Mixpanel does not say."""
        kind = asked.choice(type, COUNT_TYPES, "type")
        limit = asked.number(limit, "limit", most=asked.MAX_SEGMENTS)
        if date is not None:
            raise only_tables("Mixpanel's API knows the top events of today alone.", "date")
        answer = Node.of(self._client.top_events(type=kind, limit=limit))
        events = [_top_event(node, average=kind == "average") for node in answer["events"].elements()]
        events.sort(key=lambda event: (-event.count, event.event))
        return results.TopEventsResult(None, kind, tuple(events), **sent(answer))


def _check(where: str | None, unit: str, kind: str) -> None:
    """Refuse what these endpoints cannot: filters, and people per hour."""
    if where is not None:
        message = "Mixpanel's API counts events and values of properties without a filter."
        raise only_tables(message, "where")
    if kind == "unique" and unit in _TOO_SHORT_FOR_USERS:
        raise only_tables(f"Mixpanel's API counts no users per {unit} here.", "unit")


def _name_of(prop: str) -> str:
    """The name of a property, also where it is given as an expression that is nothing else.

    Raises:
        QueryError: it is another expression.
    """
    name = asked.named(prop, "prop")
    if not is_expression(name):
        return name
    node = parse(name, Dialect.EVENTS)
    if isinstance(node, nodes.Property) and node.source == "properties":
        return node.name
    raise only_tables(f"Mixpanel's API counts the values of properties, not of {name[:60]!r}.", "prop")


def _top_event(node: Node, *, average: bool) -> results.TopEvent:
    amount = node["amount"]
    count: Any = amount.number() if average else amount.whole()
    return results.TopEvent(node["event"].text(), count, float(node["percent_change"].number()))
