"""Signal: how many users did an event how often and how soon, and how many of them reached a goal.

https://docs.mixpanel.com/docs/reports/apps/signal ("at least x times within y days"). The statement gives
counts of users; the measures are made of these outside of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.expressions.values import segment
from mixpanel_nb.analytics.sql import seconds

if TYPE_CHECKING:
    from datetime import datetime

    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries.signal import Did, Signal

LEAST = 5
"""Users who must have done an event with a value for it to be tried."""

MOST = 1_000
"""Events and values that are tried, those that most users did."""

_DAY = 86_400


def statement(context: ReportContext, query: Signal, known_until: datetime) -> Statement:
    """Columns ``waiting, users, reached, event, place, value, times, day, did, hits``.

    The first three are the same in each row: users whose time is not over, the others, and those of these who
    reached the goal. A row tells how many users did an event for the ``times``-th time on a day after their
    start, from 0, and how many of them reached the goal; ``place`` is 0, or from 1 on that of the property
    whose ``value`` the event had. There is one row at least; its event is NULL where nothing was done.

    Args:
        context: The table, and the days of starts.
        query: The question.
        known_until: The end (UTC) of what the table holds.
    """
    most = context.bind(query.most_times, "most_times")
    return context.statement(f"""\
WITH {_people(context, query, known_until)}, {_done(context, query)}, _days AS (
    SELECT distinct_id, is_reached, event, place, value, day, count(*) AS events
    FROM _done
    GROUP BY 1, 2, 3, 4, 5, 6
), _running AS (
    SELECT
        *,
        CAST(sum(events) OVER (PARTITION BY distinct_id, event, place, value ORDER BY day) AS BIGINT) AS total
    FROM _days
), _times AS (
    SELECT *, unnest(generate_series(total - events + 1, least(total, {most}))) AS times
    FROM _running
    WHERE total - events < {most}
), _counted AS (
    SELECT
        event, place, value, times, day, count(*) AS did, count(CASE WHEN is_reached THEN 1 END) AS hits
    FROM _times
    GROUP BY 1, 2, 3, 4, 5
), _kept AS (
    SELECT event, place, value, sum(did) AS size
    FROM _counted
    WHERE times = 1
    GROUP BY 1, 2, 3
    HAVING place = 0 OR sum(did) >= {LEAST}
    ORDER BY 4 DESC, 1, 2, 3
    LIMIT {MOST}
), _tried AS (
    SELECT _counted.*
    FROM _counted
    JOIN _kept
        ON _kept.event = _counted.event AND _kept.place = _counted.place AND _kept.value = _counted.value
), _whole AS (
    SELECT
        (SELECT count(*) FROM _starts) - count(*) AS waiting,
        count(*) AS users,
        count(reached) AS reached
    FROM _users
)
SELECT _whole.*, _tried.*
FROM _whole LEFT JOIN _tried ON TRUE
ORDER BY _tried.event, _tried.place, _tried.value, _tried.times, _tried.day""")


def members(
    context: ReportContext,
    query: Signal,
    *,
    known_until: datetime,
    did: Did | None,
    without: bool,
    reached: bool | None,
) -> str:
    """The users of whom something is so; the moments are those of their start and of the goal.

    Args:
        context: The table, and the days of starts.
        query: The question.
        known_until: The end (UTC) of what the table holds.
        did: What users did; None is anything.
        without: Whether those are meant who did not do it.
        reached: Whether they reached the goal; None is both.
    """
    parts, conditions = [_people(context, query, known_until)], []
    if reached is not None:
        conditions.append(f"reached IS {'NOT ' if reached else ''}NULL")
    if did is not None:
        chosen = _chosen(context, query, did.days).named(did.event, "did")
        if did.prop is not None:
            chosen.that(_has(context, chosen, did.prop, did.value or ""))
        parts.append(f"""\
_did AS (
    SELECT e.distinct_id
    {chosen.sql()}
    GROUP BY e.distinct_id
    HAVING count(*) >= {context.bind(did.times, "times")}
)""")
        conditions.append(f"distinct_id {'NOT ' if without else ''}IN (SELECT distinct_id FROM _did)")
    times = ("started", "coalesce(reached, started)")
    return users.of_rows(f"WITH {', '.join(parts)}", "_users", conditions, times=times)


def _people(context: ReportContext, query: Signal, known_until: datetime) -> str:
    """CTEs that end with ``_users``: each user whose time is over, with the moments of start and goal."""
    chosen = context.select().named(query.start, "start").in_period().of_users().where(query.where)
    until = context.bind(known_until, "known_until")
    longest = max(query.window, query.most_days)
    return f"""\
_starts AS (
    SELECT e.distinct_id, min(e.event_time) AS started
    {chosen.sql()}
    GROUP BY e.distinct_id
), {_goals(context, query)}, _users AS (
    SELECT _starts.distinct_id, _starts.started, _goals.reached
    FROM _starts LEFT JOIN _goals ON _goals.distinct_id = _starts.distinct_id
    WHERE _starts.started + {_days(longest)} <= {until}
)"""


def _goals(context: ReportContext, query: Signal) -> str:
    """When each user reached the goal: after the start, where both may be the same event.

    Otherwise those who begin with the goal would have reached it, and begun with nothing else.
    """
    chosen = context.select().of_users().named(query.goal, "goal").where(query.goal_where)
    chosen.joined("JOIN _starts AS _s ON _s.distinct_id = e.distinct_id")
    _between(context, chosen, query.window)
    is_later = None in {query.goal, query.start} or query.goal == query.start
    begin = f"_s.started + {_days(query.counts_after)}" if query.counts_after else "_s.started"
    chosen.that(f"e.event_time {'>' if is_later and not query.counts_after else '>='} {begin}")
    chosen.that(f"e.event_time < _s.started + {_days(query.window)}")
    if query.goal_times == 1:
        return f"""\
_goals AS (
    SELECT e.distinct_id, min(e.event_time) AS reached
    {chosen.sql()}
    GROUP BY e.distinct_id
)"""
    return f"""\
_each AS (
    SELECT
        e.distinct_id,
        e.event_time,
        row_number() OVER (PARTITION BY e.distinct_id ORDER BY e.event_time) AS place
    {chosen.sql()}
), _goals AS (
    SELECT distinct_id, event_time AS reached
    FROM _each
    WHERE place = {context.bind(query.goal_times, "goal_times")}
)"""


def _done(context: ReportContext, query: Signal) -> str:
    """CTEs that end with ``_done``: what users did, and for each property that is tried its values."""
    chosen = _chosen(context, query, query.most_days)
    chosen.named(list(query.events) or None)
    if query.goal is not None and not query.events:
        chosen.that(f"NOT ({chosen.is_named(query.goal, 'goal')})")
    day = context.bind(_DAY * 1_000_000, "day_microseconds")
    columns, selects = [], []
    shared = "distinct_id, is_reached, event"
    for place, name in enumerate(query.properties, 1):
        held = chosen.property(name)
        value, is_list = segment(held)
        columns.append(f",\n        CASE WHEN {held.is_set} THEN {value} END AS value_{place}")
        one = f"unnest(value_{place})" if is_list else f"value_{place}"
        selects.append(
            f"\n    UNION ALL\n    SELECT {shared}, day, {place} AS place, {one} AS value "
            f"FROM _events WHERE value_{place} IS NOT NULL"
        )
    return f"""\
_events AS (
    SELECT
        e.distinct_id,
        e.event_name AS event,
        _u.reached IS NOT NULL AS is_reached,
        date_diff('microsecond', _u.started, e.event_time) // {day} AS day{"".join(columns)}
    {chosen.sql()}
), _done AS (
    SELECT {shared}, day, 0 AS place, '' AS value FROM _events{"".join(selects)}
)"""


def _chosen(context: ReportContext, query: Signal, days: int) -> Selection:
    """The events of the users within so many days of their start."""
    chosen = context.select().of_users()
    chosen.joined("JOIN _users AS _u ON _u.distinct_id = e.distinct_id")
    _between(context, chosen, days)
    chosen.that("e.event_time >= _u.started").that(f"e.event_time < _u.started + {_days(days)}")
    if query.before_goal:
        chosen.that("(_u.reached IS NULL OR e.event_time < _u.reached)")
    return chosen


def _between(context: ReportContext, chosen: Selection, days: int) -> None:
    """Only events that can be within so many days of a start, so that others are not read."""
    since, until = context.bind(context.period.since, "since"), context.bind(context.period.until, "until")
    chosen.that(f"e.event_time >= {since}").that(f"e.event_time < {until} + {_days(days)}")


def _has(context: ReportContext, chosen: Selection, prop: str, value: str) -> str:
    """A condition: the event has this value of a property."""
    held = chosen.property(prop)
    named, is_list = segment(held)
    bound = context.bind(value, "value")
    return f"{held.is_set} AND {f'list_contains({named}, {bound})' if is_list else f'{named} = {bound}'}"


def _days(number: int) -> str:
    return seconds(number * _DAY)
