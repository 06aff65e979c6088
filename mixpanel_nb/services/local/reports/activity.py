"""In how many periods users are active, on a table, and what some of them did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import analytics, results
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.local.shapes import activity_event
from mixpanel_nb.services.local.table import named

if TYPE_CHECKING:
    from mixpanel_nb.queries import ActivityFeed, Frequency
    from mixpanel_nb.services.local.table import AskedTable


def frequency(table: AskedTable, query: Frequency) -> results.FrequencyResult:
    """In how many hours or days users are active."""
    asking = table.ask(query)
    statement = analytics.frequency.statement(asking.context, query)
    rows = table.engine.rows(statement)
    most = analytics.frequency.MOST[query.unit, query.addiction_unit]
    users = {bucket: [0] * most for bucket in asking.context.period.buckets(query.unit)}
    for bucket, periods, count in rows:
        for place in range(min(periods, most)):  # active in at least so many
            users[bucket][place] += count
    return result_of(
        results.FrequencyResult,
        query,
        dates=tuple(users),
        counts={bucket: tuple(counted) for bucket, counted in users.items()},
        complete=asking.complete(query.unit, query.event),
        sql=table.engine.shown(statement),
        notes=asking.notes(named(query.event), found=bool(rows)),
    )


def activity_feed(table: AskedTable, query: ActivityFeed) -> results.ActivityFeedResult:
    """What some users did."""
    asking = table.ask(query)
    context = asking.context
    statement = analytics.activity.statement(context, query.distinct_ids)
    columns = {} if context.events.has_json else context.events.properties
    events = tuple(activity_event(row, columns) for row in table.engine.rows(statement))
    return result_of(
        results.ActivityFeedResult,
        query,
        events=events,
        sql=table.engine.shown(statement),
        notes=asking.notes([], found=bool(events)),
    )
