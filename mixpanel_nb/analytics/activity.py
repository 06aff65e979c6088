"""The activity feed: all events of some people, in their order.

https://developer.mixpanel.com/reference/activity-stream-query
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics.sql import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.question import Question
    from mixpanel_nb.analytics.sql import Statement


def statement(question: Question, distinct_ids: Sequence[str]) -> Statement:
    """Columns ``event, time`` (UTC), ``distinct_id``, then ``properties`` or a column each."""
    people = ", ".join(question.bind(person, "person") for person in distinct_ids)
    matching = question.select().in_period().that(f"e.distinct_id IN ({people})")
    return question.statement(f"""\
SELECT e.event_name AS event, e.event_time AS time, e.distinct_id, {", ".join(_properties(question))}
{matching.sql("")}
ORDER BY {", ".join(_order(question))}""")


def _properties(question: Question) -> list[str]:
    if question.events.has_json:
        return ["e.properties"]
    return [f"e.{identifier(column.name)}" for column in question.events.properties.values()] or ["NULL"]


def _order(question: Question) -> list[str]:
    return ["e.event_time", *(["e.insert_id"] if question.events.has_insert_id else [])]
