"""Insights: several metrics from one scan of the events, by time bucket and segment.

https://docs.mixpanel.com/docs/reports/insights. A statement consists of families of metrics; one aggregation
computes each family: measures of events, measures of a number per user, users by their first or last segment,
and users of the last days of a bucket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.calendar import later, midnight, start_of, start_sql, utc
from mixpanel_nb.analytics.context import USER, number_of
from mixpanel_nb.analytics.expressions.compiler import EVENTS
from mixpanel_nb.analytics.expressions.values import UNDEFINED, Value, number_text, segment
from mixpanel_nb.analytics.numeric import PLACE, Ranges
from mixpanel_nb.analytics.sessions import SessionRules, events_of_sessions, local_day, numbered
from mixpanel_nb.queries.insights import SHORT_UNITS
from mixpanel_nb.queries.metrics import DEFAULT_MEASURE, DISTINCT, ONCE, SESSIONS, Buckets, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from mixpanel_nb.analytics.calendar import Period
    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Insights

NOT_SET, NOT_A_NUMBER = "(not set)", "(non-numeric values)"
"""Segments of a breakdown by ranges (https://docs.mixpanel.com/docs/features/custom-buckets)."""

AUTOMATIC_BUCKETS = 10
_DAY = timedelta(days=1)
_AGGREGATES = {"sum": "sum", "average": "avg", "min": "min", "max": "max"}
_PER_DAY = {"minute": 24 * 60, "hour": 24}


@dataclass(frozen=True)
class Days:
    """The days of a statement.

    Attributes:
        asked: The requested days.
        counted_from: The first day whose events count; earlier than the first requested day for a rolling
            average.
        seen_from: The first day to read, for users of the days that end with a bucket.
    """

    asked: Period
    counted_from: date
    seen_from: date

    @staticmethod
    def of(query: Insights, asked: Period) -> Days:
        """The days that a query needs."""
        counted_from = asked.first
        if query.rolling is not None:
            before = query.rolling - 1
            if query.unit in SHORT_UNITS:
                counted_from -= -(-before // _PER_DAY[query.unit]) * _DAY
            else:
                first = start_of(asked.first, query.unit, asked.week_start)
                counted_from = later(first, query.unit, -before)
        ends = asked.last if query.totals else _last_day_of_first(query, counted_from, asked)
        longest = max((metric.active_days or 0 for metric in query.metrics), default=0)
        return Days(asked, counted_from, min(counted_from, ends - (longest - 1) * _DAY if longest else ends))

    @property
    def looks_back(self) -> bool:
        """Whether days are read whose events do not count."""
        return self.seen_from < self.counted_from


def _last_day_of_first(query: Insights, counted_from: date, asked: Period) -> date:
    first = start_of(counted_from, query.unit, asked.week_start)
    return max(min(later(first, query.unit, 1) - _DAY, asked.last), counted_from)


def statement(
    context: ReportContext, query: Insights, days: Days, only: Sequence[tuple[str, ...]] | None = None
) -> Statement:
    """Columns ``metric, date, value``; with a breakdown also ``place, segments, segment_1 …, width, origin``.

    ``metric`` is the place of the metric; it is NULL in a row that only lists a segment.
    Buckets without events have no row. ``place`` orders the segments by their events; NULL is the rest beyond
    the limit, and ``segments`` is their number. Ranges chosen here are identified by their number: they begin
    at ``origin + number * width``.

    Args:
        context: The table and days; its period begins at ``days.seen_from``.
        query: The query.
        days: Its days.
        only: The segments to show, in order; None for the largest.
    """
    return _Insights(context, query, days, only).statement()


def members(
    context: ReportContext,
    query: Insights,
    days: Days,
    *,
    metric: int | None,
    bucket: date | None,
    place: int | None,
    only: Sequence[tuple[str, ...]] | None = None,
) -> str:
    """The users of the events of a metric, in a bucket of time and a segment.

    Args:
        context: The table and days; its period begins at ``days.seen_from``.
        query: The query.
        days: Its days.
        metric: The place of the metric; None is all of them.
        bucket: The bucket; None is all that were asked for.
        place: The place of the segment, from 1, as ``statement`` orders them; None is all events.
        only: The segments of the report, in order; None for the largest.
    """
    return _Insights(context, query, days, only).members(metric, bucket, place)


@dataclass
class _Source:
    """Collects the event columns that the families need."""

    columns: dict[str, str] = field(default_factory=dict)

    def add(self, sql: str, prefix: str) -> str:
        """The name of the column that holds this SQL."""
        for name, known in self.columns.items():
            if known == sql and name.startswith(prefix):
                return name
        name = f"{prefix}{sum(each.startswith(prefix) for each in self.columns) + 1}"
        self.columns[name] = sql
        return name


class _Insights:
    """Builds one statement."""

    def __init__(
        self, context: ReportContext, query: Insights, days: Days, only: Sequence[tuple[str, ...]] | None
    ) -> None:
        self._context = context
        self._query = query
        self._days = days
        self._only = only
        self._events = context.select().in_period().where(query.where)
        self._source = _Source()
        self._ctes: list[str] = []
        self._results: list[str] = []
        self._conditions = {
            (metric.event, metric.where): self._events.meant(metric.event, metric.where)
            for metric in query.metrics
        }
        self._breakdowns = [_Breakdown(self, on, number + 1) for number, on in enumerate(query.on)]
        self._from = "_matching" if not query.on else "_placed"

    # The whole

    def statement(self) -> Statement:
        self._source.columns["date"] = self._date()
        families = [self._of_events, self._per_user, self._once, self._last_days]
        for family in families:
            family()
        head = self._head()
        if self._breakdowns:
            self._ctes.append(_cte("_values", "\nUNION ALL\n".join(self._results)))
        ctes = ", ".join([*head, *self._ctes])
        return self._context.statement(f"WITH {ctes}\n{self._final()}")

    def members(self, metric: int | None, bucket: date | None, place: int | None) -> str:
        """The users of a metric, or of any, as members."""
        self._source.columns["date"] = self._date()
        self._source.columns["time"] = f"{EVENTS}.event_time"
        conditions = [f"{self._user()} IS NOT NULL"]
        wanted = None if metric is None else self._query.metrics[metric]
        if wanted is not None and SESSIONS in {wanted.measure, wanted.per_user}:
            self._counted_once(SESSIONS)
            conditions.append("session IS NOT NULL")
        conditions += [] if wanted is None else self._flag(wanted)
        if wanted is not None and wanted.active_days is not None:
            conditions.append(self._within_last_days(wanted.active_days, bucket))
        else:
            conditions += self._in_days_asked()
            conditions += [] if bucket is None else [f"date = {self._bound(bucket)}"]
        if place is not None:
            conditions.append(f"place = {self._context.bind(place, 'segment_place')}")
        if wanted is not None and wanted.measure in ONCE and self._breakdowns:
            self._ctes.append(self._segment_once(0, wanted, further=", user_id"))
            same = " AND ".join(f"s.{name} = {self._from}.{name}" for name in ("date", "user_id", "place"))
            conditions.append(f"EXISTS (SELECT 1 FROM _segment_0 AS s WHERE {same})")
        several = any(each.is_list for each in self._breakdowns)
        return users.of_rows(
            f"WITH {', '.join([*self._head(), *self._ctes])}",
            self._from,
            conditions,
            user="user_id",
            events="count(DISTINCT event_number)" if several else "count(*)",
        )

    def _bound(self, bucket: date, name: str = "bucket") -> str:
        kind = "TIMESTAMP" if self._query.unit in SHORT_UNITS and not self._query.totals else "DATE"
        return f"CAST({self._context.bind(bucket, name)} AS {kind})"

    def _within_last_days(self, number: int, bucket: date | None) -> str:
        """A condition: whether an event is within so many days that end with a bucket, or with any."""
        self._source.columns["day"] = self._context.bucket("day")
        self._ctes.append(_cte("_ends", self._ends()))
        chosen = f"_ends.date = {self._bound(bucket)}" if bucket else self._first_bucket("_ends.date")
        first = f"CAST(_ends.last - INTERVAL '{number}' DAY AS DATE)"
        return f"EXISTS (SELECT 1 FROM _ends WHERE {chosen} AND day <= _ends.last AND day > {first})"

    def _first_bucket(self, column: str) -> str:
        """A condition: whether a bucket is one of those that were asked for."""
        asked, query = self._days.asked, self._query
        first = asked.first if query.totals else asked.buckets(query.unit)[0]
        return f"{column} >= {self._bound(first, 'first')}"

    def _head(self) -> list[str]:
        """CTEs of the events that are any metric's, and of the places of their segments."""
        if len(set(self._conditions.values())) == 1:
            (condition,) = set(self._conditions.values())
        else:
            condition = f"({' OR '.join(dict.fromkeys(self._conditions.values()))})"
        if condition != "TRUE":
            self._events.that(condition)
        placing = self._placing()
        return [*self._sessions(), self._matching(), *placing]

    def _date(self) -> str:
        if self._query.totals:
            return f"CAST({self._context.bind(self._days.asked.first, 'day')} AS DATE)"
        return self._context.bucket(self._query.unit)

    def _sessions(self) -> list[str]:
        """CTEs that end with ``_session_events``: the session of each user, time and event.

        Sessions end at midnight, so those of the days that are read are complete.
        """
        if "session" not in self._source.columns:
            return []
        rules = SessionRules()
        chosen = events_of_sessions(self._context, rules).in_period()
        day = local_day(self._context)
        read = f"SELECT e.distinct_id, e.event_time, e.event_name, {day} AS local_day\n{chosen.sql('')}"
        made = """\
SELECT distinct_id, event_time, event_name, min(session) AS session
FROM _sessioned
GROUP BY distinct_id, event_time, event_name"""
        same = " AND ".join(
            f"s.{name} = {EVENTS}.{name}" for name in ("distinct_id", "event_time", "event_name")
        )
        self._events.joined(f"LEFT JOIN _session_events AS s ON {same}")
        return [_cte("_seen", read), *numbered("_seen", rules), _cte("_session_events", made)]

    def _matching(self) -> str:
        columns = ",\n    ".join(f"{sql} AS {name}" for name, sql in self._source.columns.items())
        return _cte("_matching", f"SELECT\n    {columns}\n{self._events.sql('')}")

    def _final(self) -> str:
        values = "\nUNION ALL\n".join(self._results)
        if not self._breakdowns:
            return f"{values}\nORDER BY 1, 2" if len(self._results) > 1 else f"{values}\nORDER BY 2"
        names = "".join(f", _shown.segment_{each.number}" for each in self._breakdowns)
        ranges = [each.number for each in self._breakdowns if each.ranges is not None]
        widths = "".join(f", _begun_{n}.width, _begun_{n}.origin" for n in ranges)
        crossed = "".join(f" CROSS JOIN _begun_{n}" for n in ranges)
        return f"""\
SELECT metric, date, value, coalesce(_shown.place, _values.place) AS place, _number.segments{names}{widths}
FROM _values FULL JOIN _shown ON _shown.place = _values.place CROSS JOIN _number{crossed}
ORDER BY place, metric, date"""

    # Segments

    def _placing(self) -> list[str]:
        """CTEs that end with ``_placed``: the events, each in the places of its segments."""
        if not self._breakdowns:
            return []
        # An event whose list has several segments beyond the limit keeps one row.
        distinct = "DISTINCT " if any(each.is_list for each in self._breakdowns) else ""
        if distinct:
            self._source.columns["event_number"] = "row_number() OVER ()"
        source, ctes = "_matching", list[str]()
        for each in self._breakdowns:
            if each.moves:
                ctes += each.ctes(source)
                source = each.made
        ctes += self._largest(source) if self._only is None else self._chosen(source)
        raw = [each.raw for each in self._breakdowns]
        same = " AND ".join(f"_shown.{each} IS NOT DISTINCT FROM {source}.{each}" for each in raw)
        kept = "".join(f", {source}.{name}" for name in self._source.columns if name not in self._own())
        placed = f"SELECT {distinct}_shown.place{kept}\nFROM {source} LEFT JOIN _shown ON {same}"
        return [*ctes, _cte("_placed", placed)]

    def _own(self) -> set[str]:
        """Columns that only the breakdowns need."""
        return {name for each in self._breakdowns for name in each.columns}

    def _largest(self, source: str) -> list[str]:
        raw = ", ".join(each.raw for each in self._breakdowns)
        names = ", ".join(each.name for each in self._breakdowns)
        shown = "".join(f", {each.name} AS segment_{each.number}" for each in self._breakdowns)
        limit = self._context.bind(self._query.limit, "limit")
        events = f"count(*){self._if(self._in_days_asked())}"
        place = f"row_number() OVER (ORDER BY events DESC, {names})"
        return [
            _cte("_found", f"SELECT {raw}, {events} AS events\nFROM {source}\nGROUP BY {raw}"),
            _cte("_ranked", f"SELECT {raw}{shown}, {place} AS place\nFROM _found"),
            _cte("_number", "SELECT count(*) AS segments\nFROM _ranked"),
            _cte("_shown", f"SELECT *\nFROM _ranked\nWHERE place <= {limit}"),
        ]

    def _chosen(self, source: str) -> list[str]:
        """The largest segments as another statement found them, in order."""
        raw = ", ".join(each.raw for each in self._breakdowns)
        shown = "".join(f", {each.name} AS segment_{each.number}" for each in self._breakdowns)
        rows = ", ".join(
            f"({place}, {', '.join(self._context.bind(name, 'segment') for name in names)})"
            for place, names in enumerate(self._only or (), 1)
        )
        columns = ", ".join(f"name_{each.number}" for each in self._breakdowns)
        same = " AND ".join(
            f"_named.segment_{each.number} = _wanted.name_{each.number}" for each in self._breakdowns
        )
        empty = ", ".join("NULL" for _ in self._breakdowns)
        listed = f"VALUES {rows}" if rows else f"SELECT NULL, {empty} WHERE FALSE"
        return [
            _cte("_named", f"SELECT DISTINCT {raw}{shown}\nFROM {source}"),
            _cte("_number", "SELECT count(*) AS segments\nFROM _named"),
            _cte("_wanted", f"SELECT *\nFROM ({listed}) AS wanted (place, {columns})"),
            _cte("_shown", f"SELECT _named.*, _wanted.place\nFROM _named JOIN _wanted ON {same}"),
        ]

    def _in_days_asked(self) -> list[str]:
        conditions = self._counted()
        if self._query.rolling is not None:
            conditions.append(self._first_bucket("date"))
        return conditions

    # Shared by families

    def _counted(self) -> list[str]:
        """The condition that an event counts, if some are only read."""
        if not self._days.looks_back:
            return []
        since = self._context.bind(_since(self._days), "counted_since")
        self._source.columns.setdefault("counted", f"{EVENTS}.event_time >= {since}")
        return ["counted"]

    def _flag(self, metric: Metric) -> list[str]:
        """The condition that an event is one of the metric's."""
        if len(set(self._conditions.values())) == 1:
            return []
        condition = self._conditions[metric.event, metric.where]
        return [] if condition == "TRUE" else [self._source.add(condition, "is_")]

    def _user(self) -> str:
        return self._source.columns.setdefault("user_id", USER) and "user_id"

    def _if(self, conditions: Sequence[str]) -> str:
        return f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""

    def _where(self, conditions: Sequence[str]) -> str:
        return f"\nWHERE {' AND '.join(conditions)}" if conditions else ""

    @property
    def _place(self) -> str:
        return ", place" if self._breakdowns else ""

    def _of(self, kind: Callable[[Metric], bool]) -> list[tuple[int, Metric]]:
        return [(number, metric) for number, metric in enumerate(self._query.metrics) if kind(metric)]

    def _family(self, name: str, query: Callable[[str], str], values: dict[int, str]) -> None:
        """Add a CTE with one column per metric, and a result row for each of its values."""
        if not self._breakdowns and len(self._query.metrics) == 1:
            ((number, sql),) = values.items()
            self._results.append(query(f"{number} AS metric, date, CAST({sql} AS DOUBLE) AS value"))
            return
        columns = ", ".join(f"{sql} AS value_{number}" for number, sql in values.items())
        self._ctes.append(_cte(name, query(f"{self._groups}, {columns}")))
        self._results += [
            f"SELECT {number} AS metric, {self._groups}, CAST(value_{number} AS DOUBLE) AS value\nFROM {name}"
            for number in values
        ]

    # The families

    def _of_events(self) -> None:
        """Measures of events: all of them from one aggregation."""
        metrics = self._of(
            lambda metric: (
                metric.per_user is None
                and metric.active_days is None
                and not (metric.measure in ONCE and self._breakdowns)
            )
        )
        if not metrics:
            return
        counted = self._counted()
        values = {
            number: self._aggregate(metric.measure, metric.percentile, metric.of, self._flag(metric))
            for number, metric in metrics
        }
        self._family(
            "_events",
            lambda columns: (
                f"SELECT {columns}\nFROM {self._from}{self._where(counted)}\nGROUP BY {self._groups}"
            ),
            values,
        )

    @property
    def _groups(self) -> str:
        return f"date{self._place}"

    def _aggregate(self, measure: str, percentile: float | None, of: str | None, flag: list[str]) -> str:
        kept = self._if(flag)
        if of is None:
            return f"count({self._counted_once(measure)}){kept}"
        if measure == DISTINCT:
            return self._different(of, kept)
        number = self._number(of)
        if percentile is not None:
            return f"quantile_cont({number}, {percentile:.10g}){kept}"
        return f"{_AGGREGATES[measure]}({number}){kept}"

    def _counted_once(self, measure: str) -> str:
        """What a count of events, users or sessions counts."""
        if measure == DEFAULT_MEASURE:
            return "*"
        if measure == SESSIONS:
            session = "CASE WHEN s.session IS NOT NULL THEN concat(s.distinct_id, '-', s.session) END"
            self._source.columns.setdefault("session", session)
            return "DISTINCT session"
        return f"DISTINCT {self._user()}"

    def _number(self, of: str) -> str:
        return self._source.add(number_of(self._context, self._events.value(of), of), "number_")

    def _different(self, of: str, kept: str) -> str:
        """The number of distinct segments of a breakdown, without unset values."""
        name, is_list = segment(self._events.value(of))
        column = self._source.add(name, "text_")
        if is_list:
            listed = f"list_distinct(flatten(list({column}){kept}))"
            return f"coalesce(len([item FOR item IN {listed} IF item <> '{UNDEFINED}']), 0)"
        return f"count(DISTINCT nullif({column}, '{UNDEFINED}')){kept}"

    def _per_user(self) -> None:
        """A number per user, and measures of these numbers."""
        metrics = self._of(lambda metric: metric.per_user is not None)
        if not metrics:
            return
        conditions = [f"{self._user()} IS NOT NULL", *self._counted()]
        numbers = ", ".join(
            f"CAST({self._of_user(metric)} AS DOUBLE) AS number_{number}" for number, metric in metrics
        )
        by_user = f"""\
SELECT {self._groups}, {numbers}
FROM {self._from}{self._where(conditions)}
GROUP BY {self._groups}, user_id"""
        self._ctes.append(_cte("_by_user", by_user))
        values = {
            number: f"quantile_cont(number_{number}, {metric.percentile:.10g})"
            if metric.percentile is not None
            else f"{_AGGREGATES[metric.measure]}(number_{number})"
            for number, metric in metrics
        }
        self._family(
            "_users", lambda columns: f"SELECT {columns}\nFROM _by_user\nGROUP BY {self._groups}", values
        )

    def _of_user(self, metric: Metric) -> str:
        """A user's number; NULL for a user without any value."""
        sql = self._aggregate(str(metric.per_user), None, metric.of, self._flag(metric))
        return f"nullif({sql}, 0)" if metric.per_user in {DEFAULT_MEASURE, SESSIONS, DISTINCT} else sql

    def _once(self) -> None:
        """Users in their first or last segment of a bucket."""
        for number, metric in self._of(lambda metric: metric.measure in ONCE):
            if self._breakdowns:
                self._in_one_segment(number, metric)

    def _in_one_segment(self, number: int, metric: Metric) -> None:
        self._source.columns.setdefault("time", f"{EVENTS}.event_time")
        self._ctes.append(self._segment_once(number, metric))
        self._family(
            f"_once_{number}",
            lambda columns: f"SELECT {columns}\nFROM _segment_{number}\nGROUP BY date, place",
            {number: "count(*)"},
        )

    def _segment_once(self, number: int, metric: Metric, further: str = "") -> str:
        """A CTE with the place of the one segment of each user in a bucket, and further columns."""
        rest = self._query.limit + 1
        # At equal times the larger segment counts; those beyond the limit are the smallest.
        place = f"coalesce(place, {rest})"
        chosen = f"min(ROW(time, {place}))" if metric.measure == ONCE[0] else f"max(ROW(time, -{place}))"
        conditions = [f"{self._user()} IS NOT NULL", *self._flag(metric), *self._counted()]
        of_user = f"""\
SELECT date{further}, nullif(abs({chosen}[2]), {rest}) AS place
FROM {self._from}{self._where(conditions)}
GROUP BY date, user_id"""
        return _cte(f"_segment_{number}", of_user)

    def _last_days(self) -> None:
        """Users of the 1, 7 or 30 days that end with a bucket.

        A user's active day counts for the given number of days, but only until their next active day. So each
        user is in one interval at a time, and the count is the sum of intervals begun minus intervals ended.
        """
        metrics = self._of(lambda metric: metric.active_days is not None)
        if not metrics:
            return
        self._source.columns["day"] = self._context.bucket("day")
        self._ctes.append(_cte("_ends", self._ends()))
        known: dict[tuple[str, ...], str] = {}
        for number, metric in metrics:
            conditions = (f"{self._user()} IS NOT NULL", *self._flag(metric))
            if conditions not in known:
                known[conditions] = self._active(f"_active_{len(known) + 1}", conditions)
            self._trailing(number, metric, known[conditions])

    def _active(self, name: str, conditions: Sequence[str]) -> str:
        active = f"""\
SELECT day{self._place}, lead(day) OVER (PARTITION BY user_id{self._place} ORDER BY day) AS next
FROM (
    SELECT DISTINCT day{self._place}, user_id
    FROM {self._from}
    WHERE {" AND ".join(conditions)}
) AS active"""
        self._ctes.append(_cte(name, active))
        return name

    def _trailing(self, number: int, metric: Metric, active: str) -> None:
        until = f"least(CAST(day + INTERVAL '{metric.active_days}' DAY AS DATE), next)"
        changes = f"""\
SELECT day{self._place}, count(*) AS users
FROM {active}
GROUP BY day{self._place}
UNION ALL
SELECT {until} AS day{self._place}, -count(*) AS users
FROM {active}
GROUP BY 1{self._place}"""
        self._ctes.append(_cte(f"_changes_{number}", changes))
        self._family(
            f"_last_days_{number}",
            lambda columns: (
                f"SELECT {columns}\nFROM _ends JOIN _changes_{number} AS changes "
                f"ON changes.day <= _ends.last\nGROUP BY {self._groups}"
            ),
            {number: "sum(users)"},
        )

    def _ends(self) -> str:
        """The last day of each bucket."""
        first, last = (
            f"CAST({self._context.bind(day, 'day')} AS DATE)"
            for day in (self._days.counted_from, self._days.asked.last)
        )
        if self._query.totals:
            return f"SELECT {self._date()} AS date, {last} AS last"
        bucket = start_sql("day", self._query.unit, self._days.asked.week_start)
        return f"""\
SELECT {bucket} AS date, max(day) AS last
FROM (
    SELECT CAST(unnest(generate_series({first}, {last}, INTERVAL '1' DAY)) AS DATE) AS day
) AS days
GROUP BY 1"""

    # For breakdowns

    def hold(self, name: str, sql: str) -> None:
        """Keep SQL as a column of each event."""
        self._source.columns[name] = sql

    def value(self, on: str) -> Value:
        """The value of a breakdown."""
        return self._events.value(on)

    @property
    def context(self) -> ReportContext:
        """The table and days."""
        return self._context


class _Breakdown:
    """One breakdown of a report.

    Attributes:
        number: Its place, from 1.
        columns: The columns of each event that it alone needs.
        raw: The column that events are grouped by.
        name: SQL of the segment's name from that column.
        is_list: Whether an event may be in several segments.
        ranges: The ranges, if the statement chooses them.
    """

    def __init__(self, report: _Insights, on: str | Buckets, number: int) -> None:
        self.number = number
        self.ranges: Ranges | None = None
        self.is_list = False
        self.raw = self.name = f"b{number}"
        of = on.of if isinstance(on, Buckets) else on
        value = report.value(of)
        if isinstance(on, Buckets):
            sql = self._edges(report, on, value) if on.edges else self._automatic(report, of, value)
        elif value.types == ("number",) and value.number:  # each different number is named once
            sql, named = value.number, Value(number=self.raw, is_double=value.is_double)
            self.name = f"coalesce({number_text(named)}, '{UNDEFINED}')"
        else:
            sql, self.is_list = segment(value)
        self._held = f"{'list_' if self.is_list else 'ranged_' if self.ranges else 'b'}{number}"
        self.columns = [self._held, *([f"not_a_number_{number}"] if self.ranges else [])]
        report.hold(self._held, sql)

    @property
    def moves(self) -> bool:
        """Whether its segments need their own CTE."""
        return self.is_list or self.ranges is not None

    @property
    def made(self) -> str:
        """The CTE with its segments, if they need their own."""
        return f"_by_{self.number}"

    def ctes(self, source: str) -> list[str]:
        """The CTEs that compute its segments; the last has all columns of ``source`` and ``raw``."""
        if self.ranges is None:
            return [_cte(self.made, f"SELECT *, unnest({self._held}) AS {self.raw}\nFROM {source}")]
        begun = f"_begun_{self.number}"
        place = PLACE.replace("number", self._held, 1)
        number = f"coalesce({place}, not_a_number_{self.number})"
        made = f"SELECT {source}.*, {number} AS {self.raw}\nFROM {source} CROSS JOIN {begun}"
        return [self.ranges.sql(source, self._held, f"_{self.number}"), _cte(self.made, made)]

    def _automatic(self, report: _Insights, of: str, value: Value) -> str:
        self.ranges = Ranges.of(report.context, value, of, AUTOMATIC_BUCKETS)
        self.name = (
            f"CASE WHEN {self.raw} IS NULL THEN '{NOT_SET}' WHEN isnan({self.raw}) THEN '{NOT_A_NUMBER}' "
            f"ELSE CAST(CAST({self.raw} AS HUGEINT) AS VARCHAR) END"
        )
        no_number = f"{self.ranges.number} IS NULL AND {value.is_set}"
        report.hold(f"not_a_number_{self.number}", f"CASE WHEN {no_number} THEN CAST('NaN' AS DOUBLE) END")
        return self.ranges.number

    def _edges(self, report: _Insights, on: Buckets, value: Value) -> str:
        number = value.number or number_of(report.context, value, on.of)
        labels = [report.context.bind(label, "range") for label in edge_labels(on.edges)]
        cases = " ".join(
            f"WHEN {number} < {report.context.bind(edge, 'edge')} THEN {label}"
            for edge, label in zip(on.edges, labels, strict=False)
        )
        return f"CASE WHEN {number} IS NULL THEN {_kind(value)} {cases} ELSE {labels[-1]} END"


def _kind(value: Value) -> str:
    """SQL of the segment of non-numeric values."""
    return f"CASE WHEN {value.is_set} THEN '{NOT_A_NUMBER}' ELSE '{NOT_SET}' END"


def edge_labels(edges: Sequence[float]) -> list[str]:
    """The names of ranges between edges: ``< 10``, ``10 - 100``, ``≥ 100``."""
    shown = [f"{edge:,}" if isinstance(edge, int) else f"{edge:,.15g}" for edge in edges]
    between = [f"{low} - {high}" for low, high in pairwise(shown)]
    return [f"< {shown[0]}", *between, f"≥ {shown[-1]}"]


def _since(days: Days) -> datetime:
    return utc(midnight(days.counted_from), days.asked.zone)


def _cte(name: str, text: str) -> str:
    indented = "\n".join(f"    {line}" if line else line for line in text.split("\n"))
    return f"{name} AS (\n{indented}\n)"
