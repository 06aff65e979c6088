"""The activity feed: all events of some users, ordered by time, then by the order in which they were sent.

https://developer.mixpanel.com/reference/activity-stream-query
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.expressions.compiler import EVENTS
from mixpanel_nb.analytics.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.analytics.sql import Statement


def statement(context: ReportContext, distinct_ids: Sequence[str]) -> Statement:
    """Columns ``event, time`` (UTC), ``distinct_id``, then ``properties`` or a column each."""
    matching = _selected(context, distinct_ids)
    return context.statement(f"""\
SELECT e.event_name AS event, e.event_time AS time, e.distinct_id, {", ".join(_properties(context))}
{matching.sql("")}
ORDER BY {", ".join(context.events.in_order(EVENTS))}""")


def members(context: ReportContext, distinct_ids: Sequence[str]) -> str:
    """Those of the users who did anything."""
    return users.of_events(_selected(context, distinct_ids))


def _selected(context: ReportContext, distinct_ids: Sequence[str]) -> Selection:
    ids = ", ".join(context.bind(user, "user") for user in distinct_ids)
    if context.events.identities is not None:
        named = f"(SELECT unnest([{ids}]) AS distinct_id)"
        ids = f"SELECT distinct_id FROM {context.events.resolved(named)} AS _named"
    return context.select().in_period().that(f"e.distinct_id IN ({ids})")


def _properties(context: ReportContext) -> list[str]:
    if context.events.has_json:
        return ["e.properties"]
    return [f"e.{identifier(column.name)}" for column in context.events.properties.values()] or ["NULL"]
