"""Sessions: a user's events without a long pause or a midnight between them.

https://docs.mixpanel.com/docs/features/sessions (timeout-based sessions): a session ends where a user does
nothing for longer than the timeout, and at midnight of the project's time zone. Events that a user does not
cause are not part of a session. Other reports that count sessions use :func:`events_of_sessions` and
:func:`numbered`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.calendar import bucket_sql
from mixpanel_nb.analytics.expressions.values import UNDEFINED, segment
from mixpanel_nb.analytics.sql import identifier, literal, seconds
from mixpanel_nb.naming import free_name
from mixpanel_nb.queries.sessions import NOT_OF_SESSIONS, TIMEOUT

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.analytics.calendar import Period
    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Sessions

PROPERTIES = ("$session_id", "$duration_s", "$event_count", "$origin_start", "$origin_end")
"""Mixpanel's names for the properties of a session; the last two are the names of its first and last
event.
"""


@dataclass(frozen=True)
class SessionRules:
    """What makes a session.

    Attributes:
        timeout: Seconds without an event after which a session ends.
        excluded: Events that are not part of sessions.
    """

    timeout: int = TIMEOUT * 60
    excluded: tuple[str, ...] = NOT_OF_SESSIONS

    @classmethod
    def of(cls, timeout: int = TIMEOUT, exclude: Iterable[str] = ()) -> SessionRules:
        """The rules of a timeout in minutes, and events excluded beside Mixpanel's own."""
        return cls(timeout * 60, tuple(dict.fromkeys((*NOT_OF_SESSIONS, *exclude))))


def events_of_sessions(context: ReportContext, rules: SessionRules) -> Selection:
    """The events of users that sessions are made of, without events hidden in Lexicon."""
    bound = ", ".join(context.bind(event, "not_of_sessions") for event in rules.excluded)
    return context.select().named(None).of_users().that(f"e.event_name NOT IN ({bound})")


def local_day(context: ReportContext, period: Period | None = None, time: str = "e.event_time") -> str:
    """SQL of the project's day of an event in the period; None uses the context's days."""
    return bucket_sql(time, "day", period or context.period, context.parameters)


def numbered(source: str, rules: SessionRules, order: Sequence[str] = ("event_time",)) -> list[str]:
    """CTEs that number the sessions of each user: the last, ``_sessioned``, is ``source`` with ``session``.

    ``distinct_id`` identifies users; ``session`` numbers a user's sessions from 1 in order of time.

    Args:
        source: Name of a CTE with ``distinct_id``, ``event_time`` and ``local_day`` among its columns, with
            all session events of some days.
        rules: What makes a session.
        order: The columns that order the events of a user. Sessions only need the time; with all columns,
            ``place`` numbers the events from 1 in that order.
    """
    users = f"PARTITION BY distinct_id ORDER BY {', '.join(order)}"
    place = f"\n        row_number() OVER ({users}) AS place," if len(order) > 1 else ""
    return [
        f"""\
_marked AS (
    SELECT
        *,{place}
        event_time <= lag(event_time) OVER ({users}) + {seconds(rules.timeout)}
            AND local_day = lag(local_day) OVER ({users}) AS goes_on
    FROM {source}
)""",
        """\
_sessioned AS (
    SELECT
        *,
        count(CASE WHEN goes_on THEN NULL ELSE 1 END)
            OVER (PARTITION BY distinct_id ORDER BY event_time) AS session
    FROM _marked
)""",
    ]


def statement(context: ReportContext, query: Sessions) -> Statement:
    """Columns ``date, segment, sessions, users, avg, median, p90, events``, then ``place, segments``.

    Durations are seconds. A row without a date is about all days, one without a segment about all sessions.
    Buckets without sessions have no row. ``place`` orders the segments by their sessions, up to the limit,
    and is 0 for all of them together; ``segments`` is how many there are.
    """
    rules = SessionRules.of(query.timeout, query.exclude)
    parts = [_users(context, rules), *_found(context, query, rules), _SPLIT, _COUNTED, _RANKED]
    return context.statement(f"WITH {', '.join(parts)}\n{_result(context, query)}")


def members(context: ReportContext, query: Sessions, *, date: dt.date | None, segment: str | None) -> str:
    """The users of the sessions that began in a bucket, of a segment; None is all of them."""
    rules = SessionRules.of(query.timeout, query.exclude)
    found = _found(context, query, rules, told=True)
    parts = [*found, _SPLIT.replace("events,", "events, first_time, last_time,")]
    conditions = [] if date is None else [f"date = {context.bind(date, 'bucket')}"]
    conditions.append(users.is_segment(context, "_split", "segment", segment))
    return users.of_rows(
        f"WITH {', '.join(parts)}",
        "_split",
        conditions,
        times=("first_time", "last_time"),
        events="sum(events)",
    )


def _users(context: ReportContext, rules: SessionRules) -> str:
    """A number for each user: sorting events by numbers takes half the time and memory of sorting by ids."""
    chosen = events_of_sessions(context, rules).in_period()
    return f"""\
_users AS (
    SELECT distinct_id, row_number() OVER (ORDER BY distinct_id) AS number
    FROM (
        SELECT DISTINCT e.distinct_id
        {chosen.sql("        ")}
    )
)"""


def _found(context: ReportContext, query: Sessions, rules: SessionRules, *, told: bool = False) -> list[str]:
    """CTEs, the last of which has a row a session; its user is a number of ``_users``.

    If ``told``, its user is an id, and it has the times of its first and last event.
    """
    order = context.events.in_order() if query.on is not None else ["event_time"]
    return [
        _active(context, query, rules, told=told),
        *numbered("_active", rules, order),
        _sessions(context, query, timed=told),
    ]


def _active(context: ReportContext, query: Sessions, rules: SessionRules, *, told: bool) -> str:
    chosen = events_of_sessions(context, rules).in_period()
    user = "e.distinct_id"
    if not told:
        chosen = chosen.joined("JOIN _users ON _users.distinct_id = e.distinct_id")
        user = "_users.number AS distinct_id"
    columns = [user, "e.event_time", f"{local_day(context)} AS local_day"]
    if query.on is not None:
        value = chosen.value(query.on)
        columns += context.events.in_order("e")[1:]
        columns.append(f"CASE WHEN {value.is_set} THEN {segment(value)[0]} END AS held")
    if query.event is not None or query.where is not None:
        columns.append(f"{_wanted(query, chosen)} AS wanted")
    listed = ",\n        ".join(columns)
    return f"_active AS (\n    SELECT\n        {listed}\n    {chosen.sql()}\n)"


def _wanted(query: Sessions, chosen: Selection) -> str:
    conditions = [] if query.event is None else [chosen.is_named(query.event)]
    conditions += [] if query.where is None else [chosen.condition(query.where)]
    return f"coalesce({' AND '.join(f'({condition})' for condition in conditions)}, FALSE)"


def _sessions(context: ReportContext, query: Sessions, *, timed: bool) -> str:
    """A row a session; its segments are those of its first event that has the property."""
    held = "[CAST(NULL AS VARCHAR)]"
    if query.on is not None:
        first, is_list = "arg_min(held, place)", segment(context.select().value(query.on))[1]
        unset = f"['{UNDEFINED}']" if is_list else f"'{UNDEFINED}'"
        known = f"coalesce({first}, {unset})"
        held = f"list_append({known if is_list else f'[{known}]'}, NULL)"
    filtered = query.event is not None or query.where is not None
    times = "\n        min(event_time) AS first_time,\n        max(event_time) AS last_time," if timed else ""
    return f"""\
_sessions AS (
    SELECT
        distinct_id,
        {context.bucket(query.unit, "min(event_time)")} AS date,
        date_diff('microsecond', min(event_time), max(event_time)) AS lasted,
        count(*) AS events,{times}
        {held} AS segments
    FROM _sessioned
    GROUP BY distinct_id, session{f"{chr(10)}    HAVING bool_or(wanted)" if filtered else ""}
)"""


_SPLIT = """\
_split AS (
    SELECT distinct_id, date, lasted, events, unnest(segments) AS segment
    FROM _sessions
)"""

_COUNTED = """\
_counted AS (
    SELECT
        date,
        segment,
        count(*) AS sessions,
        count(DISTINCT distinct_id) AS users,
        avg(lasted) / 1000000 AS avg_duration,
        quantile_cont(lasted, 0.5) / 1000000 AS median_duration,
        quantile_cont(lasted, 0.9) / 1000000 AS p90_duration,
        avg(events) AS events
    FROM _split
    GROUP BY GROUPING SETS ((date, segment), (segment))
)"""

_RANKED = """\
_ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sessions DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _counted
    WHERE date IS NULL
)"""


def _result(context: ReportContext, query: Sessions) -> str:
    return f"""\
SELECT _counted.*, _ranked.place, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment IS NOT DISTINCT FROM _counted.segment
WHERE _ranked.place <= {context.bind(query.limit, "limit")}
ORDER BY _ranked.place, _counted.date"""


def view(
    events: TableColumns, taken: Sequence[str], zone: str, rules: SessionRules, *, per_event: bool = False
) -> str:
    """SQL of a table's sessions, or of its events with the properties of their sessions.

    It is DuckDB SQL without bound values, so that a view can be made of it. The properties have Mixpanel's
    names, with a number appended if the table has such a column. An event without a user, or an excluded
    event, has no session.

    Args:
        events: The table.
        taken: Names of its columns.
        zone: The project's time zone.
        rules: What makes a session.
        per_event: Whether there is one row per event.
    """
    excluded = ", ".join(literal(event) for event in rules.excluded)
    part = f"(coalesce(distinct_id, '') <> '' AND event_name NOT IN ({excluded}))"
    place = identifier(free_name("_place", taken))
    order = ", ".join(["event_time", place] if events.order is not None else events.in_order())
    own = "" if events.order is None else f", {events.place()} AS {place}"
    day = _day_in(zone)
    names = [identifier(free_name(name, taken)) for name in PROPERTIES] if per_event else list(PROPERTIES)
    user, number = (identifier(free_name(f"_{word}", taken)) for word in ("takes_part", "session"))
    goes_on = identifier(free_name("_goes_on", taken))
    users = f"PARTITION BY distinct_id, {user}"
    marked = f"""\
WITH _part AS (
    SELECT *{own}, {part} AS {user}
    FROM {events.source("    ")}
), _marked AS (
    SELECT
        *,
        event_time <= lag(event_time) OVER ({users} ORDER BY event_time) + {seconds(rules.timeout)}
            AND {day} = lag({day}) OVER ({users} ORDER BY event_time) AS {goes_on}
    FROM _part
), _sessioned AS (
    SELECT *, count(CASE WHEN {goes_on} THEN NULL ELSE 1 END) OVER ({users} ORDER BY event_time) AS {number}
    FROM _marked
)"""
    if not per_event:
        return f"""\
{marked}
SELECT
    concat(distinct_id, '-', epoch_ms(min(event_time))) AS "$session_id",
    distinct_id,
    min(event_time) AS session_start,
    max(event_time) AS session_end,
    date_diff('microsecond', min(event_time), max(event_time)) / 1000000 AS "$duration_s",
    count(*) AS "$event_count",
    first(event_name ORDER BY {order}) AS "$origin_start",
    last(event_name ORDER BY {order}) AS "$origin_end"
FROM _sessioned
WHERE {user}
GROUP BY distinct_id, {number}"""
    every = f"PARTITION BY distinct_id, {user}, {number}"
    whole = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
    started, ended = f"min(event_time) OVER ({every})", f"max(event_time) OVER ({every})"
    values = [
        f"concat(distinct_id, '-', epoch_ms({started}))",
        f"date_diff('microsecond', {started}, {ended}) / 1000000",
        f"count(*) OVER ({every})",
        f"first_value(event_name) OVER ({every} ORDER BY {order} {whole})",
        f"last_value(event_name) OVER ({every} ORDER BY {order} {whole})",
    ]
    columns = ",\n    ".join(
        f"CASE WHEN {user} THEN {value} END AS {name}" for value, name in zip(values, names, strict=True)
    )
    sent = [] if events.sent is None else [identifier(events.sent)]
    hidden = ", ".join([*([place] if own else []), *sent, user, goes_on, number])
    return f"{marked}\nSELECT\n    * EXCLUDE ({hidden}),\n    {columns}\nFROM _sessioned"


def _day_in(zone: str) -> str:
    if zone == "UTC":
        return "CAST(event_time AS DATE)"
    return f"CAST(event_time AT TIME ZONE 'UTC' AT TIME ZONE {literal(zone)} AS DATE)"
