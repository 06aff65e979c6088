"""Segmentation: how often an event happened, over time and by segment.

https://developer.mixpanel.com/reference/segmentation-query; how users are counted within a breakdown:
https://docs.mixpanel.com/docs/reports/insights (how do breakdowns work with uniques).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.context import ReportContext, measure
from mixpanel_nb.analytics.expressions.compiler import EVENTS
from mixpanel_nb.analytics.expressions.values import segment, unnamed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mixpanel_nb.analytics.context import Selection
    from mixpanel_nb.analytics.expressions.values import Value
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import CountType, Unit


def totals(
    context: ReportContext, event: str | None, *, unit: Unit, kind: CountType, where: str | None
) -> Statement:
    """Columns ``date, count``; buckets without events have no row."""
    matching = _selected(context, event, where)
    return context.statement(f"""\
SELECT {context.bucket(unit)} AS date, {measure(kind)} AS count
{matching.sql("")}
GROUP BY 1
ORDER BY 1""")


def by_segment(
    context: ReportContext,
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
    ``limit``; ``segments`` is the number of all segments. If events are counted, rows without a segment
        follow: the counts of the segments beyond the limit.

    Args:
        context: The table and days.
        event: The event; None for any.
        on: Expression or property of the segment.
        unit: The buckets.
        kind: What is counted.
        where: Expression that filters the events.
        limit: Maximum number of segments.
        only: Only these segments; None for all.
    """
    matching = _selected(context, event, where)
    value = matching.value(on)
    chosen = _Chosen(context, kind, limit, only)
    raw = unnamed(value)
    if raw is None:
        return context.statement(_named_at_once(context, matching, value, unit, chosen))
    return context.statement(_named_later(context, matching, *raw, unit, chosen))


def by_segments(
    context: ReportContext,
    event: str | None,
    *,
    on: Sequence[str],
    unit: Unit,
    kind: CountType,
    where: str | None,
    limit: int,
) -> Statement:
    """As :func:`by_segment`, broken down by several properties at once.

    Columns ``date, count, place, segments`` and one for each of ``on``. An event with lists is in one segment
    for each pair of their items.
    """
    matching = _selected(context, event, where)
    names = [segment(matching.value(each)) for each in on]
    columns = [f"segment_{number}" for number, _ in enumerate(names, 1)]
    listed = ", ".join(columns)
    read = "".join(f",\n        {name} AS {column}" for (name, _), column in zip(names, columns, strict=True))
    bound, adds_up = context.bind(limit, "limit"), kind == "general"
    source, spread = "_matching", ""
    for column in (column for (_, is_list), column in zip(names, columns, strict=True) if is_list):
        shown = ", ".join(f"unnest({each}) AS {each}" if each == column else each for each in columns)
        spread += f", _{column} AS (\n    SELECT date, user_id, {shown}\n    FROM {source}\n)"
        source = f"_{column}"
    joined = " AND ".join(f"_ranked.{column} = _counted.{column}" for column in columns)
    rest = "".join(
        ["\nUNION ALL\nSELECT _counted.date, sum(_counted.count), ", bound, " + 1, _ranked.segments"]
    )
    rest += f"{', NULL' * len(columns)}\nFROM _counted JOIN _ranked ON {joined}"
    rest += f"\nWHERE _ranked.place > {bound}\nGROUP BY _counted.date, _ranked.segments"
    return context.statement(f"""\
WITH _matching AS (
    SELECT
        {context.bucket(unit)} AS date,
        {EVENTS}.distinct_id AS user_id{read}
    {matching.sql()}
){spread}, _counted AS (
    SELECT date, {listed}, {measure(kind, "user_id")} AS count, count(*) AS events
    FROM {source}
    GROUP BY date, {listed}
), _ranked AS (
    SELECT
        {listed},
        row_number() OVER (ORDER BY sum(events) DESC, {listed}) AS place,
        count(*) OVER () AS segments
    FROM _counted
    GROUP BY {listed}
)
SELECT
    _counted.date, _counted.count, _ranked.place, _ranked.segments,
    {", ".join(f"_counted.{column}" for column in columns)}
FROM _counted JOIN _ranked ON {joined}
WHERE _ranked.place <= {bound}{rest if adds_up else ""}
ORDER BY 3, 1""")


def members(
    context: ReportContext,
    event: str | None,
    *,
    unit: Unit,
    where: str | None,
    date: dt.date | None,
    segments: Sequence[tuple[str, str]] = (),
) -> str:
    """The users who did the event: in a bucket of time, and in the segments of some breakdowns."""
    matching = users.in_bucket(context, _selected(context, event, where), unit, date)
    for on, name in segments:
        users.in_segment(context, matching, on, name)
    return users.of_events(matching)


def _selected(context: ReportContext, event: str | None, where: str | None) -> Selection:
    return context.select().named(event).in_period().where(where)


_REST = """
UNION ALL
SELECT _counted.date, NULL, sum(_counted.count), {limit} + 1, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment = _counted.segment
WHERE _ranked.place > {limit}
GROUP BY _counted.date, _ranked.segments"""


class _Chosen:
    """What is counted, and which segments are returned."""

    def __init__(
        self, context: ReportContext, kind: CountType, limit: int, only: Sequence[str] | None
    ) -> None:
        self.measure = measure(kind, "user_id")
        self.limit = context.bind(limit, "limit")
        self.adds_up = kind == "general" and only is None
        self.and_the_rest = _REST.format(limit=self.limit) if self.adds_up else ""
        self.shown = self._shown()
        bound = ", ".join(context.bind(value, "value") for value in only or ())
        self.where = f"\n    WHERE segment IN ({bound})" if only is not None else ""

    def _shown(self) -> str:
        """Segment and place of the segments to return, and of the rest if it is returned."""
        joined = "FROM _named JOIN _ranked ON _ranked.segment = _named.segment"
        if not self.adds_up:
            return f"""_ranked.segment, _ranked.place, _ranked.segments
    {joined}
    WHERE _ranked.place <= {self.limit}"""
        return f"""
        CASE WHEN _ranked.place <= {self.limit} THEN _ranked.segment END AS segment,
        least(_ranked.place, {self.limit} + 1) AS place,
        _ranked.segments
    {joined}"""


def _named_at_once(
    context: ReportContext, matching: Selection, value: Value, unit: Unit, chosen: _Chosen
) -> str:
    """For values that are their own names, such as strings."""
    name, is_list = segment(value)
    return f"""\
WITH _matching AS (
    SELECT
        {context.bucket(unit)} AS date,
        {f"unnest({name})" if is_list else name} AS segment,
        {EVENTS}.distinct_id AS user_id
    {matching.sql()}
), _counted AS (
    SELECT date, segment, {chosen.measure} AS count, count(*) AS events
    FROM _matching{chosen.where}
    GROUP BY date, segment
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY sum(events) DESC, segment) AS place,
        count(*) OVER () AS segments
    FROM _counted
    GROUP BY segment
)
SELECT _counted.date, _counted.segment, _counted.count, _ranked.place, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment = _counted.segment
WHERE _ranked.place <= {chosen.limit}{chosen.and_the_rest}
ORDER BY 4, 1"""


def _named_later(
    context: ReportContext, matching: Selection, raw: str, value: Value, unit: Unit, chosen: _Chosen
) -> str:
    """For numbers, lists and JSON: each distinct value is named once, and only shown segments count."""
    name, is_list = segment(value)
    return f"""\
WITH _matching AS (
    SELECT {context.bucket(unit)} AS date, {raw} AS raw, {EVENTS}.distinct_id AS user_id
    {matching.sql()}
), _found AS (
    SELECT raw, count(*) AS events
    FROM _matching
    GROUP BY raw
), _named AS (
    SELECT raw, {f"unnest({name})" if is_list else name} AS segment, events
    FROM _found
), _ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY sum(events) DESC, segment) AS place,
        count(*) OVER () AS segments
    FROM _named{chosen.where}
    GROUP BY segment
), _shown AS (
    SELECT _named.raw, {chosen.shown}
)
SELECT _matching.date, _shown.segment, {chosen.measure} AS count, _shown.place, _shown.segments
FROM _matching JOIN _shown ON _shown.raw IS NOT DISTINCT FROM _matching.raw
GROUP BY _matching.date, _shown.segment, _shown.place, _shown.segments
ORDER BY _shown.place, _matching.date"""
