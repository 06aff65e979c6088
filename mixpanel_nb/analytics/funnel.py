"""Funnels: how many users took some steps in order, within a time from the first.

https://docs.mixpanel.com/docs/reports/funnels/funnels-advanced (conversion window, specific order, uniques,
user count in breakdown) and …/funnels-faq (simultaneous events: two seconds of grace; line charts run a
funnel for each day).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mixpanel_nb.analytics import funnel_attempts, users
from mixpanel_nb.analytics.expressions.values import segment
from mixpanel_nb.analytics.funnel_counts import GRACE_SECONDS, counted, repeats, result, same_event_before
from mixpanel_nb.analytics.sql import conjunction, seconds

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Funnel


def _funnels(query: Funnel) -> list[str]:
    """The columns that identify a funnel: its user and its bucket."""
    return ["distinct_id", *(["date"] if query.unit else [])]


def _keys(query: Funnel) -> list[str]:
    """The columns that identify an attempt; with a breakdown, a user can have several."""
    return [*_funnels(query), *(["attempt"] if query.on else [])]


def _times(query: Funnel) -> list[str]:
    """The columns of the times of the steps."""
    return [f"time_{step}" for step in range(1, len(query.steps) + 1)]


def statement(context: ReportContext, query: Funnel) -> Statement:
    """One row a bucket and segment: ``count_1 …``, ``avg_time_2 …``, ``avg_time_from_start_2 …`` (seconds).

    Before them, ``date`` if there are buckets, and ``segment`` if there is a breakdown (NULL is everyone);
    at the end, with a breakdown, ``place`` and ``segments``, how many there are in all. What stands between
    is listed by ``funnel_counts.measures``.
    """
    if _is_plain(query) and not query.on:
        parts = [*_first_entries(context, query, left=False), _each_step(query)]
        parts += counted(query, "_each_step", known="step = {}")
    else:
        parts, source = _entries(context, query)
        parts += counted(query, source)
    return context.statement(f"WITH {', '.join(parts)}\n{result(context, query)}")


def members(
    context: ReportContext,
    query: Funnel,
    *,
    reached: int | None,
    dropped: int | None,
    date: dt.date | None,
    segment: str | Sequence[str] | None,
) -> str:
    """The users of the attempts that reached a step, or the required step before one and not this one.

    Args:
        context: The table and the days.
        query: The funnel.
        reached: The step, from 1.
        dropped: The step before which the attempts ended.
        date: The bucket of entry; None for all.
        segment: The segment, a name for each of several breakdowns; None is all users.
    """
    parts, source = _entries(context, query, told=("distinct_id",))
    last = (reached or 1) if dropped is None else query.before(dropped)
    conditions = [f"time_{last} IS NOT NULL"]
    if dropped is not None:
        conditions.append(f"time_{dropped} IS NULL")
    if date is not None:
        conditions.append(f"date = {context.bind(date, 'bucket')}")
    if isinstance(segment, str) or (query.on and segment is None):
        conditions.append(users.is_segment(context, source, "segment", segment))
    elif segment is not None:
        names = ", ".join(context.bind(name, "segment") for name in segment)
        conditions.append(f"segment = [{names}]")
    times = ", ".join(_times(query)[:last])
    return users.of_rows(
        f"WITH {', '.join(parts)}",
        source,
        conditions,
        times=(f"least({times})", f"greatest({times})"),
        events=_events(query, last),
    )


def _events(query: Funnel, last: int) -> str:
    """SQL of the number of events up to a step: one a required step, and of optional steps those made."""
    required = sum(step <= last for step in query.required_steps)
    made = "".join(f" + count(time_{step})" for step in sorted(query.optional) if step <= last)
    return f"count(*) * {required}{made}"


def _entries(context: ReportContext, query: Funnel, told: tuple[str, ...] = ()) -> tuple[list[str], str]:
    """CTEs, and which of them has the attempts that count; with these further columns."""
    if not _is_plain(query):
        return funnel_attempts.parts(context, query, told), "_entered"
    parts = _first_entries(context, query)
    if not query.on:
        return parts, f"_reached_{len(query.steps)}"
    return [*parts, _chained(query), _entered(query, told)], "_entered"


def _is_plain(query: Funnel) -> bool:
    """Whether each user has one attempt, the first, in the order of the steps, within a time."""
    return (
        query.only_tables in {None, "times"}
        and query.window_seconds is not None
        and not isinstance(query.on, tuple)
    )


def _first_entries(context: ReportContext, query: Funnel, *, left: bool = True) -> list[str]:
    """CTEs ``_reached_1 …`` of the attempts with their times up to a step.

    Args:
        context: The table and the days.
        query: The funnel.
        left: Whether attempts stay in later steps that they did not reach.
    """
    parts = [_entering(context, query), *(_attempts(query) if query.on else [_first(query)])]
    for step in range(2, len(query.steps) + 1):
        parts += [_step(context, query, step), _reached(query, step, left=left)]
    return parts


def _each_step(query: Funnel) -> str:
    """A row for each attempt and step that it reached, with its times up to that step."""
    date, times = "date, " if query.unit else "", _times(query)
    rows = []
    for step in range(1, len(times) + 1):
        reached = [
            f"CAST(NULL AS TIMESTAMP) AS {time}" if place > step else time
            for place, time in enumerate(times, 1)
        ]
        rows.append(f"    SELECT {date}{step} AS step, {', '.join(reached)}\n    FROM _reached_{step}")
    return "_each_step AS (\n" + "\n    UNION ALL\n".join(rows) + "\n)"


def _window(query: Funnel) -> int:
    """The window in seconds, of which a plain funnel has one."""
    return query.window_seconds or 0


def _entering(context: ReportContext, query: Funnel) -> str:
    first = query.steps[0]
    chosen = context.select().named(first.event, "step").in_period().of_users()
    chosen.where(first.where).where(query.where)
    columns = ["e.distinct_id", "e.event_time"]
    if repeats(query) or query.on:
        columns += _told_apart(context)
    if query.unit:
        columns.append(f"{context.bucket(query.unit)} AS date")
    for on in query.breakdowns:
        name, is_list = segment(chosen.value(on))
        columns.append(f"{f'unnest({name})' if is_list else name} AS segment")
    return f"_entering AS (\n    SELECT {', '.join(columns)}\n    {chosen.sql()}\n)"


def _first(query: Funnel) -> str:
    """The first entry of each user (into each bucket)."""
    keys = ", ".join(_keys(query))
    if not repeats(query):
        return (
            f"_reached_1 AS (\n    SELECT {keys}, min(event_time) AS time_1\n"
            f"    FROM _entering\n    GROUP BY {keys}\n)"
        )
    return f"""\
_reached_1 AS (
    SELECT {keys}, found.time AS time_1, found.id AS id_1
    FROM (
        SELECT {keys}, min({{'time': event_time, 'place': place, 'id': insert_id}}) AS found
        FROM _entering
        GROUP BY {keys}
    )
)"""


def _attempts(query: Funnel) -> list[str]:
    """Each event that can begin an attempt: the first, and those with a segment that the first has not."""
    keys = ", ".join(_funnels(query))
    ids = ", id_1" if repeats(query) else ""
    order = f"PARTITION BY {keys} ORDER BY time_1, place_1"
    return [
        f"""\
_beginning AS (
    SELECT
        {keys}, event_time AS time_1, insert_id AS id_1, min(place) AS place_1,
        list(DISTINCT segment ORDER BY segment) AS segments
    FROM _entering
    GROUP BY {keys}, event_time, insert_id
)""",
        f"""\
_attempts AS (
    SELECT
        *,
        row_number() OVER ({order}) AS attempt,
        list_has_all(first_value(segments) OVER ({order}), segments) AS known
    FROM _beginning
)""",
        f"""\
_reached_1 AS (
    SELECT {", ".join(_keys(query))}, time_1{ids}
    FROM _attempts
    WHERE attempt = 1 OR NOT known
)""",
    ]


def _chained(query: Funnel) -> str:
    """One attempt after the other, for each user (and bucket).

    An attempt ends with its last step, or with the window. Only what comes later begins another, and only in
    segments that the user has not entered before.
    """
    keys = ", ".join(f"r.{key}" for key in _keys(query))
    joined = " AND ".join(f"a.{key} = r.{key}" for key in _keys(query))
    last, times = _times(query)[-1], ", ".join(f"r.{time}" for time in _times(query))
    steps = ", ".join(f"'{time}': r.{time}" for time in _times(query))
    return f"""\
_ending AS (
    SELECT
        {keys},
        r.time_1 AS since,
        CASE
            WHEN r.{last} IS NULL THEN r.time_1 + {seconds(_window(query))}
            ELSE greatest({times})
        END AS until,
        list_transform(a.segments, lambda name: {{'segment': name, 'steps': {{{steps}}}}}) AS entered
    FROM _reached_{len(query.steps)} AS r
    JOIN _attempts AS a ON {joined}
), _chained AS (
    SELECT
        {", ".join(_funnels(query))},
        list_reduce(
            list({{'since': since, 'until': until, 'entered': entered}} ORDER BY attempt),
            lambda done, next: CASE
                WHEN next.since > done.until AND NOT list_has_all({_names("done")}, {_names("next")})
                THEN {{
                    'since': next.since,
                    'until': next.until,
                    'entered': list_concat(done.entered, list_filter(
                        next.entered, lambda one: NOT list_contains({_names("done")}, one.segment)
                    ))
                }}
                ELSE done
            END
        ).entered AS entered
    FROM _ending
    GROUP BY {", ".join(_funnels(query))}
)"""


def _names(attempt: str) -> str:
    return f"list_transform({attempt}.entered, lambda made: made.segment)"


def _entered(query: Funnel, told: tuple[str, ...]) -> str:
    """The attempts that count: for everyone (a NULL segment) the first, and the first in each segment."""
    date = "".join(f"{name}, " for name in (*told, *(["date"] if query.unit else [])))
    times = ", ".join(_times(query))
    steps = ", ".join(f"one.steps.{time} AS {time}" for time in _times(query))
    return f"""\
_entered AS (
    SELECT {date}CAST(NULL AS VARCHAR) AS segment, {times}
    FROM _reached_{len(query.steps)}
    WHERE attempt = 1
    UNION ALL
    SELECT {date}one.segment AS segment, {steps}
    FROM (SELECT {date}unnest(entered) AS one FROM _chained)
)"""


def _step(context: ReportContext, query: Funnel, number: int) -> str:
    step = query.steps[number - 1]
    # None of these can be a step of anyone outside these times.
    since = context.period.since - timedelta(seconds=GRACE_SECONDS * (number - 1))
    until = context.period.until + timedelta(seconds=_window(query))
    chosen = context.select().named(step.event, "step").of_users()
    chosen.that(f"e.event_time >= {context.bind(since, 'earliest')}")
    chosen.that(f"e.event_time < {context.bind(until, 'latest')}")
    chosen.where(step.where).where(query.where)
    columns = ["e.distinct_id", "e.event_time", *(_told_apart(context) if repeats(query) else ())]
    return f"_step_{number} AS (\n    SELECT {', '.join(columns)}\n    {chosen.sql()}\n)"


def _told_apart(context: ReportContext) -> list[str]:
    """The columns that distinguish events of the same name and time, and that order them."""
    insert_id = "e.insert_id" if context.events.has_insert_id else "NULL AS insert_id"
    return [insert_id, f"{context.place} AS place"]


def _reached(query: Funnel, number: int, *, left: bool) -> str:
    """Each entry with the earliest event that can be this step; with those without one if ``left``."""
    taken = [
        f"(s.event_time IS DISTINCT FROM r.time_{step} OR s.insert_id IS DISTINCT FROM r.id_{step})"
        for step in same_event_before(query, number)
    ]
    conditions = [
        "s.distinct_id = r.distinct_id",
        f"s.event_time >= r.time_{number - 1} - {seconds(GRACE_SECONDS)}",
        f"s.event_time <= r.time_1 + {seconds(_window(query))}",
        *taken,
    ]
    joined = (
        f"FROM _reached_{number - 1} AS r\n    {'LEFT ' if left else ''}JOIN _step_{number} AS s\n"
        f"        ON {conjunction(conditions, '        ')}"
    )
    keys = ", ".join(f"r.{key}" for key in _keys(query))
    before = range(1, number)
    times = [f"min(r.time_{step}) AS time_{step}" for step in before]
    if not repeats(query):
        columns = ", ".join([keys, *times, f"min(s.event_time) AS time_{number}"])
        return f"_reached_{number} AS (\n    SELECT {columns}\n    {joined}\n    GROUP BY {keys}\n)"
    ids = [f"min(r.id_{step}) AS id_{step}" for step in before]
    kept = [*_keys(query), *(f"time_{step}" for step in before), *(f"id_{step}" for step in before)]
    return f"""\
_reached_{number} AS (
    SELECT {", ".join(kept)}, found.time AS time_{number}, found.id AS id_{number}
    FROM (
    SELECT
        {", ".join([keys, *times, *ids])},
        min({{'time': s.event_time, 'place': s.place, 'id': s.insert_id}})
            FILTER (WHERE s.event_time IS NOT NULL) AS found
    {joined}
    GROUP BY {keys}
    )
)"""
