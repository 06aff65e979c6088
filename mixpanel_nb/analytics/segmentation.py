"""Segmentation: how often an event happened, over time and by segment.

https://developer.mixpanel.com/reference/segmentation-query; how people are counted within a breakdown:
https://docs.mixpanel.com/docs/reports/insights (how do breakdowns work with uniques).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics.expressions.values import segment, unnamed
from mixpanel_nb.analytics.question import PERSON, CountType, Question, measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.calendar import Unit
    from mixpanel_nb.analytics.expressions.values import Value
    from mixpanel_nb.analytics.question import Selection
    from mixpanel_nb.analytics.sql import Statement


def totals(question: Question, event: str, *, unit: Unit, kind: CountType, where: str | None) -> Statement:
    """Columns ``date, count``; buckets without events have no row."""
    matching = question.select().named(event).in_period().where(where)
    return question.statement(f"""\
SELECT {question.bucket(unit)} AS date, {measure(kind, PERSON)} AS count
{matching.sql("")}
GROUP BY date
ORDER BY date""")


def by_segment(
    question: Question,
    event: str | None,
    *,
    on: str,
    unit: Unit,
    kind: CountType,
    where: str | None,
    limit: int,
    only: Sequence[str] | None = None,
) -> Statement:
    """Columns ``date, segment, count, place, segments``; buckets without events have no row.

    ``place`` orders the segments by their events (of equal ones, the smaller text comes first), up to
    ``limit``; ``segments`` is how many there are in all.

    Args:
        question: What is asked of.
        event: The event; None for any.
        on: Expression or property that tells the segment.
        unit: The buckets.
        kind: What is counted.
        where: Expression that filters the events.
        limit: Segments to give.
        only: Segments to look at; None for all.
    """
    matching = question.select().named(event).in_period().where(where)
    value = matching.value(on)
    chosen = _Chosen(question, kind, limit, only)
    raw = unnamed(value)
    if raw is None:
        return question.statement(_named_at_once(question, matching, value, unit, chosen))
    return question.statement(_named_later(question, matching, *raw, unit, chosen))


class _Chosen:
    """What is counted, and which segments are given."""

    def __init__(self, question: Question, kind: CountType, limit: int, only: Sequence[str] | None) -> None:
        self.measure = measure(kind)
        self.limit = question.bind(limit, "limit")
        bound = ", ".join(question.bind(value, "value") for value in only or ())
        self.where = f"\n    WHERE segment IN ({bound})" if only is not None else ""


def _named_at_once(question: Question, matching: Selection, value: Value, unit: Unit, chosen: _Chosen) -> str:
    """For values that are their own names, such as texts."""
    name, is_list = segment(value)
    return f"""\
WITH matching AS (
    SELECT
        {question.bucket(unit)} AS date,
        {f"unnest({name})" if is_list else name} AS segment,
        {PERSON} AS person
    {matching.sql()}
), counted AS (
    SELECT date, segment, {chosen.measure} AS count, count(*) AS events
    FROM matching{chosen.where}
    GROUP BY date, segment
), ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY sum(events) DESC, segment) AS place,
        count(*) OVER () AS segments
    FROM counted
    GROUP BY segment
)
SELECT counted.date, counted.segment, counted.count, ranked.place, ranked.segments
FROM counted JOIN ranked ON ranked.segment = counted.segment
WHERE ranked.place <= {chosen.limit}
ORDER BY ranked.place, counted.date"""


def _named_later(
    question: Question, matching: Selection, raw: str, value: Value, unit: Unit, chosen: _Chosen
) -> str:
    """For numbers, lists and JSON: each different value is named once, and only what is shown is counted."""
    name, is_list = segment(value)
    return f"""\
WITH matching AS (
    SELECT {question.bucket(unit)} AS date, {raw} AS raw, {PERSON} AS person
    {matching.sql()}
), found AS (
    SELECT raw, count(*) AS events
    FROM matching
    GROUP BY raw
), named AS (
    SELECT raw, {f"unnest({name})" if is_list else name} AS segment, events
    FROM found
), ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY sum(events) DESC, segment) AS place,
        count(*) OVER () AS segments
    FROM named{chosen.where}
    GROUP BY segment
), shown AS (
    SELECT named.raw, ranked.segment, ranked.place, ranked.segments
    FROM named JOIN ranked ON ranked.segment = named.segment
    WHERE ranked.place <= {chosen.limit}
)
SELECT matching.date, shown.segment, {chosen.measure} AS count, shown.place, shown.segments
FROM matching JOIN shown ON shown.raw IS NOT DISTINCT FROM matching.raw
GROUP BY matching.date, shown.segment, shown.place, shown.segments
ORDER BY shown.place, matching.date"""
