"""Retention: the number of users who did something and returned, by period.

https://developer.mixpanel.com/reference/retention-query. Periods roll from each user's own first event, or
are those of the calendar. https://docs.mixpanel.com/docs/reports/retention (Retention Criteria, Step 2)
defines retained users and property sums.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.calendar import SECONDS, bucket_sql, shifted
from mixpanel_nb.analytics.context import everyone_and_segments, number_of
from mixpanel_nb.analytics.sql import seconds
from mixpanel_nb.queries.customs import custom_event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Retention


_LAST_DAY = date(2100, 1, 1)
"""Later days use the UTC offset of this day, because later changes of clocks are unknown."""


def _born_as_any(query: Retention) -> bool:
    """Whether events of several names make a user part of a cohort."""
    return _has_several_names(query.born_event if query.type == "birth" else query.return_event)


def _returned_as_any(query: Retention) -> bool:
    """Whether events of several names count as coming back."""
    return _has_several_names(query.return_event)


def _has_several_names(event: str | None) -> bool:
    return event is None or custom_event(event) is not None


def statement(context: ReportContext, query: Retention) -> Statement:
    """Columns ``segment, segments, cohort, cohort_size, period, users, last_event``.

    ``segment`` is NULL for all users, the only one without a breakdown, and a list where there are several
    breakdowns; ``segments`` is their number. A row has the number of users of a cohort who returned in
    a period (for the last time where the mode is ``on_or_after``, for the first time where it is
    ``on_or_before``, with no period left out where it is ``streak``), or the sum of ``prop`` in it; a
    cohort without returns has one row, with a NULL period. ``last_event`` is the time of the table's last
    event; where there is no cohort at all, there is a row with it alone.
    """
    keys = _keys(query)
    listed = ", ".join(keys)
    return context.statement(f"""\
WITH {_cohorts(context, query)}, {_returned(context, query)}, _counted AS (
    SELECT {listed}, cohort, period, {"count(*)" if query.prop is None else "sum(amount)"} AS users
    FROM _returned
    GROUP BY {listed}, cohort, period
), _sizes AS (
    SELECT {listed}, cohort, count(*) AS cohort_size
    FROM _cohorts
    GROUP BY {listed}, cohort
), _ranked AS (
    SELECT
        {listed},
        row_number() OVER (ORDER BY {keys[0]} IS NOT NULL, sum(cohort_size) DESC, {listed}) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _sizes
    GROUP BY {listed}
), _shown AS (
    SELECT _sizes.*, _ranked.place, _ranked.segments
    FROM _sizes JOIN _ranked ON {_same(keys, "_ranked", "_sizes")}
    WHERE _ranked.place <= {context.bind(query.limit, "limit")}
), _ending AS (
    SELECT max(e.event_time) AS last_event {context.select().sql("")}
)
SELECT
    {", ".join(f"_shown.{key}" for key in keys)}, _shown.segments, _shown.cohort, _shown.cohort_size,
    _counted.period, _counted.users, _ending.last_event
FROM _ending
LEFT JOIN _shown ON TRUE
LEFT JOIN _counted ON _counted.cohort = _shown.cohort AND {_same(keys, "_counted", "_shown")}
ORDER BY _shown.place, _shown.cohort, _counted.period""")


def members(
    context: ReportContext,
    query: Retention,
    *,
    cohort: date | None,
    period: int | None,
    away: bool,
    segment: str | Sequence[str] | None,
) -> str:
    """The users of a cohort, or those of them who came back in a period, or did not.

    ``events`` are the returns in the period; without one, and of those who did not come back, what made them
    part of the cohort.

    Args:
        context: The table and the days.
        query: The report.
        cohort: The bucket in which the cohort began; None for all.
        period: The number of the period.
        away: Whether those are meant who did not come back in it.
        segment: The segment, a name for each of several breakdowns; None is all users.
    """
    keys = _keys(query)
    names = [segment] * len(keys) if segment is None or isinstance(segment, str) else list(segment)
    conditions = [
        users.is_segment(context, "_cohorts", key, name, "c") for key, name in zip(keys, names, strict=True)
    ]
    if cohort is not None:
        conditions.append(f"c.cohort = {context.bind(cohort, 'cohort')}")
    parts = [_cohorts(context, query)]
    source, times, events = "_cohorts AS c", ("c.born_at", "c.born_at"), "count(*)"
    if period is not None:
        compared = {"on_or_after": ">=", "on_or_before": "<="}.get(query.mode, "=")
        same = f"r.distinct_id = c.distinct_id AND r.cohort = c.cohort AND {_same(keys, 'r', 'c')}"
        back = f"{same}\n    AND r.period {compared} {context.bind(period, 'period')}"
        parts.append(_returned(context, query, each=True))
        if away:
            conditions.append(f"NOT EXISTS (SELECT 1 FROM _returned AS r WHERE {back})")
        else:
            source = f"_cohorts AS c JOIN _returned AS r\n    ON {back}"
            times, events = ("r.first_time", "r.last_time"), "sum(r.events)"
    return users.of_rows(
        f"WITH {', '.join(parts)}", source, conditions, user="c.distinct_id", times=times, events=events
    )


def _cohorts(context: ReportContext, query: Retention) -> str:
    return f"""\
{_born(context, query)}, _cohorts AS (
    SELECT *, {context.bucket(query.unit, "born_at")} AS cohort
    FROM _born
)"""


def _keys(query: Retention) -> list[str]:
    """The columns that tell the segment: one, or one for each of several breakdowns."""
    if not isinstance(query.on, tuple):
        return ["segment"]
    return [f"segment_{number}" for number, _ in enumerate(query.on, 1)]


def _same(keys: list[str], one: str, other: str) -> str:
    return " AND ".join(f"{one}.{key} IS NOT DISTINCT FROM {other}.{key}" for key in keys)


def _born(context: ReportContext, query: Retention) -> str:
    """Each user's first event in each bucket of the days asked about; ``born_as`` is its name."""
    if query.type == "birth":
        chosen = context.select().named(query.born_event, "born_event").where(query.born_where)
    else:
        chosen = context.select().named(query.return_event, "return_event").where(query.return_where)
    chosen.in_period().of_users()
    name = everyone_and_segments(chosen, query.on)
    entering, born = "", ""
    if _born_as_any(query):
        first = "{'time': event_time, 'place': place, 'name': event_name}"
        entering = f", e.event_name, {context.place} AS place"
        born = f", arg_min(event_name, {first}) AS born_as"
    keys = ", ".join(_keys(query))
    split = ""
    if isinstance(query.on, tuple):
        each = ", ".join(f"segments[{place}] AS {key}" for place, key in enumerate(_keys(query), 1))
        split = f"), _entering AS (\n    SELECT *, {each}\n    FROM _named\n"
    return f"""\
{"_named" if split else "_entering"} AS (
    SELECT e.distinct_id, e.event_time{entering}, {name} AS {"segments" if split else "segment"}
    {chosen.sql()}
{split}), _born AS (
    SELECT distinct_id, {keys}, min(event_time) AS born_at{born}
    FROM _entering
    GROUP BY distinct_id, {keys}, {context.bucket(query.unit, "event_time")}
)"""


def _returned(context: ReportContext, query: Retention, *, each: bool = False) -> str:
    """Who came back in which period, once each; of a property, what it sums up to there.

    Args:
        context: The table and the days.
        query: The report.
        each: Whether there is a row for each user and period in any mode, with the times of the returns.
    """
    back = context.select().named(query.return_event, "return_event").where(query.return_where)
    if _are_moments_enough(query) and not each:
        return _returned_by_moments(context, query, back)
    last_only = _is_last_enough(query) and not each
    period = _period(context, query, last_only=last_only)
    rows = _rows_of_users if each else _rows_of
    columns, grouped = rows(context, query, period.number)
    within = "" if query.mode == "on_or_after" else f"\n        AND {period.within}"
    streaks = _streaks("distinct_id", ", ".join(_keys(query))) if query.mode == "streak" else ""
    return f"""\
_coming AS (
    {_coming(context, query, back, period.held, last_only=last_only)}
), {"_found" if streaks else "_returned"} AS (
    SELECT {columns}
    FROM _cohorts AS c
    JOIN _coming AS r ON r.distinct_id = c.distinct_id{within}
        AND {_later(context, query, last_only=last_only)}{grouped}
){streaks}"""


def _are_moments_enough(query: Retention) -> bool:
    """Whether the first and the last return within any length of a period determine the answer.

    All returns within a period's length of each other lie in one period or in two that follow each other,
    wherever the periods begin: the first of them lies in the one, the last in the other.
    """
    return (
        query.alignment != "calendar"
        and query.mode != "on_or_after"
        and query.prop is None
        and not _born_as_any(query)
    )


def _returned_by_moments(context: ReportContext, query: Retention, back: Selection) -> str:
    """The returns of few rows: the first and the last ones of each user within a period's length.

    A moment is twice the microseconds since the days asked about began, and one more for a return that
    counts at the very moment of birth. So returns are the moments behind that of birth.
    """
    unit, end = SECONDS[query.unit], query.edges[-1]
    length = context.bind(_moments(unit if query.brackets else unit * query.interval), "period_moments")
    until = context.period.until + timedelta(seconds=unit * end)
    since = context.bind(context.period.since, "since")
    back.that(f"e.event_time >= {since}").that(f"e.event_time < {context.bind(until, 'latest')}")
    moment = f"2 * date_diff('microsecond', {since}, e.event_time) + {_counts_at_birth(context, query)}"
    keys = ", ".join(f"c.{key}" for key in _keys(query))
    period = _bracket(context, query, f"(r.moment - c.moment) // {length}")
    columns, grouped = f"DISTINCT c.number, {keys}, c.cohort, {period} AS period", ""
    if query.mode == "on_or_before":
        columns = f"{keys}, c.cohort, min({period}) AS period"
        grouped = f"\n    GROUP BY c.number, {keys}, c.cohort"
    streaks = _streaks("number", ", ".join(_keys(query))) if query.mode == "streak" else ""
    return f"""\
_begun AS (
    SELECT
        *,
        2 * date_diff('microsecond', {since}, born_at) AS moment,
        row_number() OVER () AS number
    FROM _cohorts
), _met AS (
    SELECT distinct_id, min(moment) AS first_moment, max(moment) AS last_moment
    FROM (
        SELECT e.distinct_id, {moment} AS moment
        {back.sql("        ")}
    ) AS _moments
    GROUP BY distinct_id, moment // {length}
), _coming AS (
    SELECT
        distinct_id,
        unnest(
            CASE WHEN first_moment < last_moment THEN [first_moment, last_moment] ELSE [last_moment] END
        ) AS moment
    FROM _met
), {"_found" if streaks else "_returned"} AS (
    SELECT {columns}
    FROM _begun AS c
    JOIN _coming AS r ON r.distinct_id = c.distinct_id
        AND r.moment > c.moment
        AND r.moment < c.moment + {context.bind(_moments(unit * end), "end_moments")}{grouped}
){streaks}"""


def _moments(length: int) -> int:
    """Seconds in halves of a microsecond."""
    return 2_000_000 * length


def _counts_at_birth(context: ReportContext, query: Retention) -> str:
    """SQL: 1 if an event is a return also at the moment of birth, else 0; see :func:`_later`."""
    if query.mode == "streak":
        return "1"
    if _returned_as_any(query):
        born = context.bind(query.born_event, "born_event")
        return f"CASE WHEN e.event_name <> {born} THEN 1 ELSE 0 END"
    return "1" if query.type == "birth" and query.return_event != query.born_event else "0"


def _coming(context: ReportContext, query: Retention, back: Selection, held: str, *, last_only: bool) -> str:
    """The returns; where the last one of each user is all that matters, the last of each name."""
    if last_only and not _returned_as_any(query):
        return f"""\
SELECT e.distinct_id, max(e.event_time) AS event_time, min(e.event_name) AS event_name{held}
    {back.sql()}
    GROUP BY e.distinct_id"""
    if last_only and _has_one_return(query):
        another = f"FILTER (WHERE e.event_name <> {context.bind(query.born_event, 'born_event')})"
        return f"""\
SELECT e.distinct_id, max(e.event_time) AS event_time, max(e.event_time) {another} AS other_time{held}
    {back.sql()}
    GROUP BY e.distinct_id"""
    if last_only:
        return f"""\
SELECT e.distinct_id, max(e.event_time) AS event_time, e.event_name{held}
    {back.sql()}
    GROUP BY e.distinct_id, e.event_name"""
    amount = ""
    if query.prop is not None:
        amount = f",\n        {number_of(context, back.value(query.prop), query.prop)} AS amount"
    return f"""\
SELECT e.distinct_id, e.event_time, e.event_name{held}{amount}
    {back.sql()}"""


def _is_last_enough(query: Retention) -> bool:
    """Whether the last return of each user determines the answer."""
    return query.mode == "on_or_after" and query.prop is None


def _has_one_return(query: Retention) -> bool:
    """Whether the returns are one row a user: only the names of births differ from event to event."""
    return _is_last_enough(query) and not (_returned_as_any(query) and _born_as_any(query))


def _streaks(user: str, keys: str) -> str:
    """Of the periods in which users returned, those before which none is left out."""
    return f""", _placed AS (
    SELECT *, row_number() OVER (PARTITION BY {user}, {keys}, cohort ORDER BY period) AS place
    FROM _found
), _returned AS (
    SELECT *
    FROM _placed
    WHERE period = place - 1
)"""


def _rows_of(context: ReportContext, query: Retention, period: str) -> tuple[str, str]:
    """What is selected of the returns, and how they are grouped."""
    keys = ", ".join(f"c.{key}" for key in _keys(query))
    user = f"c.distinct_id, {keys}, c.cohort"
    if query.prop is None:
        if query.mode == "on_or_before":
            return f"{keys}, c.cohort, min({period}) AS period", f"\n    GROUP BY {user}"
        if _has_one_return(query):
            return f"{keys}, c.cohort, least({period}, {_last(context, query)}) AS period", ""
        if query.mode == "on_or_after":
            period = f"least(max({period}), {_last(context, query)})"
            return f"{keys}, c.cohort, {period} AS period", f"\n    GROUP BY {user}"
        return f"DISTINCT {user}, {period} AS period", ""
    if query.mode == "on_or_after":
        period = f"least({period}, {_last(context, query)})"
    amount = "sum(coalesce(r.amount, 0)) AS amount"
    whose = user if query.mode == "streak" else f"{keys}, c.cohort"
    return f"{whose}, {period} AS period, {amount}", f"\n    GROUP BY {whose}, period"


def _rows_of_users(context: ReportContext, query: Retention, period: str) -> tuple[str, str]:
    """What is selected of the returns where users are told: one a user and period, with times."""
    if query.mode == "on_or_after":
        period = f"least({period}, {_last(context, query)})"
    keys = ", ".join(f"c.{key}" for key in _keys(query))
    whose = f"c.distinct_id, {keys}, c.cohort"
    times = "min(r.event_time) AS first_time, max(r.event_time) AS last_time, count(*) AS events"
    return f"{whose}, {period} AS period, {times}", f"\n    GROUP BY {whose}, period"


def _last(context: ReportContext, query: Retention) -> str:
    """The number of the last period."""
    return context.bind(len(query.edges) - 2, "interval_count")


def _later(context: ReportContext, query: Retention, *, last_only: bool) -> str:
    """The condition for an event to be a return, with a WHERE behind it where it needs one.

    What makes a user part of a cohort is no return. Only in a streak it is one, where it is an event that
    counts as coming back: https://docs.mixpanel.com/docs/reports/retention ('Streak mode').
    """
    if query.mode == "streak":
        return "r.event_time >= c.born_at"
    if _returned_as_any(query) or _born_as_any(query):
        # At the moment of birth itself only an event of another name can be a return.
        if _returned_as_any(query) and last_only and _has_one_return(query):
            return (
                "r.event_time >= c.born_at\n    WHERE r.event_time > c.born_at OR r.other_time >= c.born_at"
            )
        name = "c.born_as" if _born_as_any(query) else context.bind(query.born_event, "born_event")
        return f"r.event_time >= c.born_at\n    WHERE r.event_time > c.born_at OR r.event_name <> {name}"
    if query.type == "birth" and query.return_event != query.born_event:
        return "r.event_time >= c.born_at"
    return "r.event_time > c.born_at"


@dataclass(frozen=True)
class _Period:
    """The period in which a return lies, as SQL.

    Attributes:
        number: Its number, from 0.
        within: A condition: whether it is not behind the last one.
        held: What the returns have to hold for that.
    """

    number: str
    within: str
    held: str = ""


def _period(context: ReportContext, query: Retention, *, last_only: bool) -> _Period:
    if query.alignment == "calendar":
        return _calendar_period(context, query, last_only=last_only)
    unit, end = SECONDS[query.unit], query.edges[-1]
    length = unit if query.brackets else unit * query.interval
    bound = context.bind(length * 1_000_000, "period_microseconds")
    units = f"date_diff('microsecond', c.born_at, r.event_time) // {bound}"
    return _Period(_bracket(context, query, units), f"r.event_time < c.born_at + {seconds(unit * end)}")


def _calendar_period(context: ReportContext, query: Retention, *, last_only: bool) -> _Period:
    """Days, weeks and months of the project behind the one that the cohort is called by."""
    cohorts = context.period.buckets(query.unit)
    end = shifted(cohorts[-1], query.unit, query.edges[-1])
    known = replace(context.period, last=max(context.period.last, min(end, _LAST_DAY)))
    time = "max(e.event_time)" if last_only else "e.event_time"
    came = bucket_sql(time, query.unit, known, context.parameters)
    part = "month" if query.unit == "month" else "day"
    units = f"date_diff('{part}', c.cohort, r.came){' // 7' if query.unit == 'week' else ''}"
    within = f"{units} < {context.bind(query.edges[-1], 'end')}"
    if query.brackets is None and query.interval > 1:
        units = f"{units} // {context.bind(query.interval, 'interval')}"
    return _Period(_bracket(context, query, units), within, f",\n        {came} AS came")


def _bracket(context: ReportContext, query: Retention, units: str) -> str:
    """The number of the bracket that so many units lie in; the units themselves without brackets."""
    if query.brackets is None:
        return units
    *ends, _ = query.brackets[1:]
    if not ends:
        return "0"
    cases = " ".join(
        f"WHEN {units} < {context.bind(end, 'edge')} THEN {number}" for number, end in enumerate(ends)
    )
    return f"CASE {cases} ELSE {len(ends)} END"
