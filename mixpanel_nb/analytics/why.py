"""What explains a change: a metric per bucket, by the values of a property, and by event.

Each statement reads the events of the bucket and of those before it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.context import number_of
from mixpanel_nb.analytics.expressions.values import segment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Why

MOST_VALUES = 200
"""Values of a property that are tried, the most frequent of a bucket."""

MOST_NAMES = 300
"""Properties without a column that are tried, the most frequent."""

LEAST = 5
"""Events of some bucket that a value must have to be tried."""


def whole(context: ReportContext, query: Why) -> Statement:
    """Columns ``date, value, squares``: the metric, bucket by bucket, and of a sum that of its squares."""
    chosen = _chosen(context, query)
    measured = _measured(context, chosen, query)
    number = _number(context, chosen, query)
    squares = f"sum(pow({number}, 2))" if query.metric.measure == "sum" else "CAST(NULL AS DOUBLE)"
    return context.statement(f"""\
SELECT {context.bucket(query.unit)} AS date, {measured} AS value, {squares} AS squares
{chosen.sql("")}
GROUP BY 1
ORDER BY 1""")


def by_event(context: ReportContext, query: Why, *, where: str | None = None) -> Statement:
    """Columns ``event, date, events``: every event that is not hidden, bucket by bucket."""
    chosen = _in_ranges(context, query, context.select().named(None).in_period()).where(where)
    return context.statement(f"""\
WITH _counted AS (
    SELECT e.event_name AS event, {context.bucket(query.unit)} AS date, count(*) AS events
    {chosen.sql()}
    GROUP BY 1, 2
), {_frequent(query, "event", "events")}""")


def names(context: ReportContext, query: Why, before: date) -> Statement:
    """Column ``name``: the properties in the JSON of events of the bucket and another, or of the ranges."""
    chosen = _chosen(context, query)
    if query.baseline_days is None:
        bucket, other = context.bind(query.days[0], "bucket"), context.bind(before, "before")
        chosen.that(f"{context.bucket(query.unit)} IN ({bucket}, {other})")
    return context.statement(f"""\
WITH _keys AS (
    SELECT unnest(json_keys(e.properties)) AS name
    {chosen.sql()}
), _counted AS (
    SELECT name, count(*) AS events
    FROM _keys
    GROUP BY name
)
SELECT name
FROM _counted
WHERE events >= {LEAST}
ORDER BY events DESC, name
LIMIT {MOST_NAMES}""")


def spread(context: ReportContext, query: Why, properties: Sequence[str]) -> Statement:
    """One row: the events of the bucket, then for each property how many have it, and how many values.

    The number of values is an estimate.
    """
    chosen = _asked(context, query)
    columns = ["count(*)"]
    for name in properties:
        value, is_list = segment(chosen.property(name))
        text = f"CAST({value} AS VARCHAR)" if is_list else value
        columns += [
            f"count(CASE WHEN {chosen.property(name).is_set} THEN 1 END)",
            f"approx_count_distinct({text})",
        ]
    listed = ",\n    ".join(columns)
    return context.statement(f"SELECT\n    {listed}\n{chosen.sql('')}")


def by_value(context: ReportContext, query: Why, name: str) -> Statement:
    """Columns ``segment, date, value``: the metric by the values of a property, those that are frequent."""
    chosen = _chosen(context, query)
    value, is_list = segment(chosen.property(name))
    measured = _measured(context, chosen, query)
    return context.statement(f"""\
WITH _counted AS (
    SELECT
        {f"unnest({value})" if is_list else value} AS segment,
        {context.bucket(query.unit)} AS date,
        {measured} AS value,
        count(*) AS events
    {chosen.sql()}
    GROUP BY 1, 2
), {_frequent(query, "segment", "value")}""")


def together(context: ReportContext, query: Why, values: Sequence[tuple[str, str]]) -> Statement:
    """Columns ``one, other, date, value``: the metric of two values of different properties together.

    Args:
        context: The context.
        query: The question.
        values: Properties and their values; ``one`` and ``other`` are places in it.
    """
    chosen = _chosen(context, query)
    held = []
    for place, (name, wanted) in enumerate(values):
        held.append(f"{_has(context, chosen, name, wanted)} AS has_{place}")
    number = _number(context, chosen, query)
    columns = ",\n        ".join([*held, f"{context.bucket(query.unit)} AS date", f"{number} AS number"])
    pairs = [
        (one, other)
        for one in range(len(values))
        for other in range(one + 1, len(values))
        if values[one][0] != values[other][0]
    ]
    aggregate = {"total": "count(number)", "unique": "count(DISTINCT number)", "sum": "sum(number)"}
    selects = "\nUNION ALL\n".join(
        f"SELECT {one} AS one, {other} AS other, date, {aggregate[query.metric.measure]} AS value "
        f"FROM _events WHERE has_{one} AND has_{other} GROUP BY date"
        for one, other in pairs
    )
    return context.statement(f"""\
WITH _events AS (
    SELECT
        {columns}
    {chosen.sql()}
)
{selects}
ORDER BY 1, 2, 3""")


def members(context: ReportContext, query: Why, *, prop: str | None = None, value: str | None = None) -> str:
    """The users of the metric's events in the bucket; with a property, of those with a value of it."""
    return _members(context, _asked(context, query), prop, value)


def members_of_event(
    context: ReportContext,
    event: str | None,
    where: str | None,
    *,
    prop: str | None = None,
    value: str | None = None,
) -> str:
    """The users of an event (None is any) in the days; with a property, of those with a value of it."""
    return _members(context, context.select().named(event).in_period().where(where), prop, value)


def _members(context: ReportContext, matching: Selection, prop: str | None, value: str | None) -> str:
    if prop is not None:
        matching.that(_has(context, matching, prop, value))
    return users.of_events(matching)


def _has(context: ReportContext, chosen: Selection, prop: str, value: str | None) -> str:
    """A condition: the event has this value of a property."""
    named, is_list = segment(chosen.property(prop))
    bound = context.bind(value, "value")
    return f"list_contains({named}, {bound})" if is_list else f"{named} = {bound}"


def _chosen(context: ReportContext, query: Why) -> Selection:
    chosen = _in_ranges(context, query, context.select().named(query.metric.event).in_period())
    if query.metric.measure == "unique":
        chosen.of_users()
    return chosen.where(query.metric.where).where(query.where)


def _number(context: ReportContext, chosen: Selection, query: Why) -> str:
    metric = query.metric
    if metric.measure == "unique":
        return "e.distinct_id"
    return "1" if metric.of is None else number_of(context, chosen.value(metric.of), metric.of)


def _measured(context: ReportContext, chosen: Selection, query: Why) -> str:
    number = _number(context, chosen, query)
    if query.metric.measure == "unique":
        return f"count(DISTINCT {number})"
    return "count(*)" if query.metric.measure == "total" else f"coalesce(sum({number}), 0)"


def _frequent(query: Why, name: str, value: str) -> str:
    """The rows of ``_counted`` whose name is frequent in one bucket, or in two ranges together."""
    size = "max(events)" if query.baseline_days is None else "sum(events)"
    return f"""\
_kept AS (
    SELECT {name}, {size} AS size
    FROM _counted
    GROUP BY 1
    HAVING {size} >= {LEAST}
    ORDER BY 2 DESC, 1
    LIMIT {MOST_VALUES}
)
SELECT _counted.{name}, _counted.date, _counted.{value}
FROM _counted JOIN _kept ON _kept.{name} = _counted.{name}
ORDER BY 1, 2"""


def _asked(context: ReportContext, query: Why) -> Selection:
    """The events of the bucket, or of the days, that are to be explained."""
    chosen = _chosen(context, query)
    if query.baseline_days is None:
        return users.in_bucket(context, chosen, query.unit, query.days[0])
    return chosen.that(_between(context, query.days, "asked"))


def _in_ranges(context: ReportContext, query: Why, chosen: Selection) -> Selection:
    """Only events of the two ranges, where two are compared."""
    if query.baseline_days is None:
        return chosen
    asked = _between(context, query.days, "asked")
    return chosen.that(f"({asked} OR {_between(context, query.baseline_days, 'baseline')})")


def _between(context: ReportContext, days: tuple[date, date], name: str) -> str:
    first, last = (context.bind(day, f"{name}_{end}") for day, end in zip(days, ("from", "to"), strict=True))
    return f"{context.bucket('day')} BETWEEN {first} AND {last}"
