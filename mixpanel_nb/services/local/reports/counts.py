"""Counts on a table: several events, the values of a property, the top events of a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb import analytics, results
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.local.shapes import by_name
from mixpanel_nb.services.local.table import named

if TYPE_CHECKING:
    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.queries import EventCounts, PropertyCounts, TopEvents
    from mixpanel_nb.services.local.table import AskedTable


def event_counts(table: AskedTable, query: EventCounts) -> results.EventCountsResult:
    """Several events side by side, over time."""
    asking = table.ask(query)
    how: dict[str, Any] = {"unit": query.unit, "kind": query.type, "where": query.where}
    values: dict[str, dict[Bucket, float]]
    if query.events is None:
        statement = analytics.segmentation.totals(asking.context, None, **how)
        values = {results.ANY_EVENT: dict(table.engine.rows(statement))}
    else:
        statement = analytics.counts.by_event(asking.context, query.events, **how)
        values = {event: {} for event in query.events}
        for bucket, event, count in table.engine.rows(statement):
            values[event][bucket] = count
    return result_of(
        results.EventCountsResult,
        query,
        events=tuple(values),
        dates=tuple(asking.context.period.buckets(query.unit)),
        values=values,
        complete=asking.complete(query.unit, *(query.events or [None])),
        sql=table.engine.shown(statement),
        notes=asking.notes([each for each in query.events or () if not values[each]], found=False),
    )


def property_counts(table: AskedTable, query: PropertyCounts) -> results.PropertyCountsResult:
    """The values of a property of an event, over time."""
    only = query.values
    asking = table.ask(query)
    statement = analytics.segmentation.by_segment(
        asking.context,
        query.event,
        on=query.prop,
        unit=query.unit,
        kind=query.type,
        where=query.where,
        limit=query.limit if only is None else len(only),
        only=only,
    )
    rows = table.engine.rows(statement)
    found, rest, left_out = by_name(rows)
    return result_of(
        results.PropertyCountsResult,
        query,
        dates=tuple(asking.context.period.buckets(query.unit)),
        values=found if only is None else {value: found.get(value, {}) for value in only},
        left_out=left_out,
        rest=rest,
        complete=asking.complete(query.unit, query.event),
        sql=table.engine.shown(statement),
        notes=asking.notes(named(query.event), found=bool(rows), on=query.prop, segments=found),
    )


def top_events(table: AskedTable, query: TopEvents) -> results.TopEventsResult:
    """The most frequent events of a day, and their change since the day before."""
    day = query.date or table.last_day()
    if day is None:
        note = f"There are no events in {table.name}."
        return results.TopEventsResult(None, query.type, (), notes=(note,))
    asking = table.asked_of(day - timedelta(days=1), day, query)
    elapsed = 1.0 if query.type == "average" else asking.elapsed()
    statement = analytics.counts.top(asking.context, kind=query.type, limit=query.limit, elapsed=elapsed)
    rows = table.engine.rows(statement)
    if elapsed < 1:
        asking.context.notes.append(f"{day} is {elapsed:.0%} over: so much of the day before counts.")
    return results.TopEventsResult(
        day,
        query.type,
        tuple(results.TopEvent(*row) for row in rows),
        sql=table.engine.shown(statement),
        notes=asking.notes([], found=bool(rows)),
    )
