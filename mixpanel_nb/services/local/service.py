"""``LocalQueryService``: Mixpanel's reports over a fetched table, with no quota and no network."""

from __future__ import annotations

import time
from datetime import UTC, date, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mixpanel_nb import results
from mixpanel_nb.analytics import (
    activity,
    counts,
    frequency,
    funnel,
    numeric,
    retention,
    segmentation,
)
from mixpanel_nb.analytics.calendar import UNITS, Period
from mixpanel_nb.analytics.question import COUNT_TYPES, Question
from mixpanel_nb.errors import QueryError
from mixpanel_nb.services import asked
from mixpanel_nb.services.dates import parse_date, parse_table_range
from mixpanel_nb.services.local.cohorts import Cohorts
from mixpanel_nb.services.local.funnels import Funnels
from mixpanel_nb.services.local.remarks import Remarks
from mixpanel_nb.services.local.shapes import activity_event, by_name, count_left_out, in_buckets, in_ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

    from mixpanel_nb.analytics.calendar import Bucket, Unit
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.services.local.engines import Engine
    from mixpanel_nb.weekdays import Weekday

TOTAL = "total"
DEFAULT_WINDOW = 7  # days, as in https://docs.mixpanel.com/docs/reports/funnels/funnels-advanced
_ANY_DAY = date(2000, 1, 1)
_LARGE_UNITS: tuple[Unit, ...] = ("day", "week", "month")
_ADDICTION_UNITS: tuple[frequency.AddictionUnit, ...] = ("hour", "day")


Calculated = TypeVar("Calculated", results.NumericSumResult, results.NumericAverageResult)


class LocalQueryService:
    """Answers reports from a table; the same methods and results as ``LiveQueryService``.

    What each report means is told in ``docs/local-reports.md``. All methods raise ``QueryError`` for
    parameters that make no sense, ``ExpressionError`` for a mistake in an expression, and
    ``TableNotFoundError`` where there is no such table.

    Args:
        engine: Where the tables are.
        table: The table that is asked.
        zone: The project's time zone.
        clock: Unix seconds, for ``NOW`` in expressions.
        week_start: The day on which weeks of the project begin.
        hidden: Tells the events that are hidden in the project's Lexicon, as far as they are known.
    """

    def __init__(
        self,
        engine: Engine,
        table: str,
        zone: ZoneInfo,
        clock: Callable[[], float] = time.time,
        *,
        week_start: Weekday = "monday",
        hidden: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._engine = engine
        self._table = table
        self._zone = zone
        self._clock = clock
        self._week_start = week_start
        self._hidden = hidden

    def segmentation(
        self,
        event: str,
        *,
        from_date: str | date,
        to_date: str | date,
        on: str | None = None,
        unit: str = "day",
        where: str | None = None,
        type: str = "general",  # noqa: A002 - Mixpanel's name
        limit: int = 60,
    ) -> results.SegmentationResult:
        """How often an event happened, over time and by segment."""
        event, known = asked.named(event, "event"), asked.choice(unit, UNITS, "unit")
        kind = asked.choice(type, COUNT_TYPES, "type")
        limit = asked.number(limit, "limit", most=asked.MAX_SEGMENTS)
        asking = self._ask(from_date, to_date)
        question = asking.question
        dates = question.period.buckets(known)
        if on is None:
            statement = segmentation.totals(question, event, unit=known, kind=kind, where=where)
            rows = self._engine.rows(statement)
            values: dict[str, dict[Bucket, float]] = {TOTAL: dict(rows)}
            left_out = 0
        else:
            statement = segmentation.by_segment(
                question, event, on=on, unit=known, kind=kind, where=where, limit=limit
            )
            rows = self._engine.rows(statement)
            values, left_out = by_name(rows), count_left_out(rows)
        return results.SegmentationResult(
            event,
            question.period.first,
            question.period.last,
            known,
            kind,
            on,
            where,
            tuple(dates),
            values,
            left_out,
            sql=statement.rendered(),
            notes=asking.notes([event], found=bool(rows), on=on, segments=values),
        )

    def segmentation_numeric(
        self,
        event: str,
        *,
        from_date: str | date,
        to_date: str | date,
        on: str,
        unit: str = "day",
        where: str | None = None,
        type: str = "general",  # noqa: A002 - Mixpanel's name
        buckets: int = 10,
    ) -> results.NumericBucketResult:
        """How often an event happened, over time and by ranges of a number."""
        event, known = asked.named(event, "event"), asked.choice(unit, UNITS, "unit")
        kind = asked.choice(type, COUNT_TYPES, "type")
        buckets = asked.number(buckets, "buckets", most=1_000)
        asking = self._ask(from_date, to_date)
        question = asking.question
        statement = numeric.in_buckets(
            question, event, on=asked.named(on, "on"), unit=known, kind=kind, where=where, buckets=buckets
        )
        rows = self._engine.rows(statement)
        ranges, values = in_ranges(rows)
        return results.NumericBucketResult(
            event,
            on,
            question.period.first,
            question.period.last,
            known,
            kind,
            where,
            tuple(question.period.buckets(known)),
            ranges,
            values,
            sql=statement.rendered(),
            notes=asking.notes([event], found=bool(rows)),
        )

    def segmentation_sum(
        self,
        event: str,
        *,
        from_date: str | date,
        to_date: str | date,
        on: str,
        unit: str = "day",
        where: str | None = None,
    ) -> results.NumericSumResult:
        """A number summed over the events, over time."""
        return self._calculated(
            results.NumericSumResult, numeric.total, event, from_date, to_date, on, unit, where
        )

    def segmentation_average(
        self,
        event: str,
        *,
        from_date: str | date,
        to_date: str | date,
        on: str,
        unit: str = "day",
        where: str | None = None,
    ) -> results.NumericAverageResult:
        """A number averaged over the events, over time."""
        return self._calculated(
            results.NumericAverageResult, numeric.mean, event, from_date, to_date, on, unit, where
        )

    def _calculated(
        self,
        kind: type[Calculated],
        calculate: Callable[..., Statement],
        event: str,
        from_date: str | date,
        to_date: str | date,
        on: str,
        unit: str,
        where: str | None,
    ) -> Calculated:
        event, known = asked.named(event, "event"), asked.choice(unit, UNITS, "unit")
        asking = self._ask(from_date, to_date)
        question = asking.question
        statement = calculate(question, event, on=asked.named(on, "on"), unit=known, where=where)
        rows = self._engine.rows(statement)
        return kind(
            event,
            on,
            question.period.first,
            question.period.last,
            known,
            where,
            tuple(question.period.buckets(known)),
            in_buckets(rows),
            sql=statement.rendered(),
            notes=asking.notes([event], found=bool(rows)),
        )

    def event_counts(
        self,
        events: str | Sequence[str],
        *,
        from_date: str | date,
        to_date: str | date,
        unit: str = "day",
        type: str = "general",  # noqa: A002 - Mixpanel's name
        where: str | None = None,
    ) -> results.EventCountsResult:
        """Several events side by side, over time."""
        wanted, known = asked.names(events, "events"), asked.choice(unit, UNITS, "unit")
        kind = asked.choice(type, COUNT_TYPES, "type")
        asking = self._ask(from_date, to_date)
        question = asking.question
        statement = counts.by_event(question, wanted, unit=known, kind=kind, where=where)
        values: dict[str, dict[Bucket, float]] = {event: {} for event in wanted}
        for bucket, event, count in self._engine.rows(statement):
            values[event][bucket] = count
        return results.EventCountsResult(
            wanted,
            question.period.first,
            question.period.last,
            known,
            kind,
            where,
            tuple(question.period.buckets(known)),
            values,
            sql=statement.rendered(),
            notes=asking.notes([event for event in wanted if not values[event]], found=False),
        )

    def property_counts(
        self,
        event: str,
        prop: str,
        *,
        from_date: str | date,
        to_date: str | date,
        values: Sequence[str] | None = None,
        unit: str = "day",
        type: str = "general",  # noqa: A002 - Mixpanel's name
        where: str | None = None,
        limit: int = 255,
    ) -> results.PropertyCountsResult:
        """The values of a property of an event, over time."""
        event, known = asked.named(event, "event"), asked.choice(unit, UNITS, "unit")
        kind = asked.choice(type, COUNT_TYPES, "type")
        only = None if values is None else asked.texts(values, "values")
        limit = asked.number(limit, "limit", most=asked.MAX_SEGMENTS) if only is None else len(only)
        asking = self._ask(from_date, to_date)
        question = asking.question
        statement = segmentation.by_segment(
            question,
            event,
            on=asked.named(prop, "prop"),
            unit=known,
            kind=kind,
            where=where,
            limit=limit,
            only=only,
        )
        rows = self._engine.rows(statement)
        found = by_name(rows)
        return results.PropertyCountsResult(
            event,
            prop,
            question.period.first,
            question.period.last,
            known,
            kind,
            where,
            tuple(question.period.buckets(known)),
            found if only is None else {value: found.get(value, {}) for value in only},
            count_left_out(rows),
            sql=statement.rendered(),
            notes=asking.notes([event], found=bool(rows), on=prop, segments=found),
        )

    def top_events(
        self,
        *,
        type: str = "general",  # noqa: A002 - Mixpanel's name
        limit: int = 100,
        date: str | date | None = None,
    ) -> results.TopEventsResult:
        """The most frequent events of a day, by default the last one in the table that has any."""
        kind = asked.choice(type, COUNT_TYPES, "type")
        limit = asked.number(limit, "limit", most=asked.MAX_SEGMENTS)
        day = self._last_day() if date is None else parse_date(date, "date")
        if day is None:
            note = f"There are no events in {self._table}."
            return results.TopEventsResult(None, kind, (), notes=(note,))
        asking = self._ask(day - timedelta(days=1), day)
        elapsed = 1.0 if kind == "average" else asking.elapsed()
        statement = counts.top(asking.question, kind=kind, limit=limit, elapsed=elapsed)
        rows = self._engine.rows(statement)
        if elapsed < 1:
            asking.question.notes.append(f"{day} is {elapsed:.0%} over: so much of the day before counts.")
        return results.TopEventsResult(
            day,
            kind,
            tuple(results.TopEvent(*row) for row in rows),
            sql=statement.rendered(),
            notes=asking.notes([], found=bool(rows)),
        )

    def funnel(
        self,
        funnel_id: int | None = None,
        *,
        steps: Sequence[str | tuple[str, str | None]] | None = None,
        from_date: str | date,
        to_date: str | date,
        window: int | None = None,
        window_unit: str = "day",
        unit: str | None = None,
        on: str | None = None,
        where: str | None = None,
        limit: int = 255,
    ) -> results.FunnelResult:
        """How many people took the steps one after the other, within 7 days unless ``window`` says so."""
        if funnel_id is not None:
            message = "Saved funnels are known to Mixpanel alone, and a table is asked."
            hint = "Name the steps, or leave out the table."
            raise QueryError(message, hint=hint, details={"parameter": "funnel_id"})
        window = DEFAULT_WINDOW if window is None else window
        wanted = funnel.Funnel(
            steps=asked.steps(steps),
            window_seconds=asked.window(window, window_unit),
            unit=None if unit is None else asked.choice(unit, UNITS, "unit"),
            on=on,
            where=where,
            limit=asked.number(limit, "limit", most=asked.MAX_SEGMENTS),
        )
        asking = self._ask(from_date, to_date)
        question = asking.question
        statement = funnel.statement(question, wanted)
        found = Funnels(wanted, self._engine.rows(statement))
        events = tuple(step.event for step in wanted.steps)
        buckets = question.period.buckets(wanted.unit) if wanted.unit else [None]
        return results.FunnelResult(
            found.steps(buckets),
            events,
            question.period.first,
            question.period.last,
            window,
            window_unit,
            unit,
            on,
            where,
            left_out=found.left_out,
            sql=statement.rendered(),
            notes=asking.notes(found.missing(), found=False, on=on, segments=found.segments[1:]),
        )

    def retention(
        self,
        *,
        born_event: str | None = None,
        return_event: str | None = None,
        from_date: str | date,
        to_date: str | date,
        born_where: str | None = None,
        return_where: str | None = None,
        interval: int = 1,
        interval_count: int = 10,
        unit: str = "day",
        type: str = "birth",  # noqa: A002 - Mixpanel's name
        unbounded: bool = False,
        on: str | None = None,
        limit: int = 255,
    ) -> results.RetentionResult:
        """Of the people who did something, how many came back, period by period."""
        kind = asked.choice(type, retention.RETENTION_TYPES, "type")
        known, interval = asked.periods(asked.choice(unit, _LARGE_UNITS, "unit"), interval)
        wanted = retention.Retention(
            born_event=asked.named(born_event, "born_event") if kind == "birth" else None,
            return_event=return_event,
            born_where=born_where if kind == "birth" else None,
            return_where=return_where,
            unit=known,
            interval=interval,
            interval_count=asked.number(interval_count, "interval_count", most=asked.MAX_PERIODS),
            kind=kind,
            unbounded=unbounded,
            on=on,
            limit=asked.number(limit, "limit", most=asked.MAX_SEGMENTS),
        )
        asking = self._ask(from_date, to_date)
        question = asking.question
        statement = retention.statement(question, wanted)
        found = Cohorts(wanted, question.period, self._engine.rows(statement), asking.table)
        return results.RetentionResult(
            found.cohorts(),
            wanted.born_event,
            return_event,
            question.period.first,
            question.period.last,
            wanted.unit,
            interval,
            interval_count,
            kind,
            unbounded,
            wanted.born_where,
            return_where,
            on,
            found.left_out,
            sql=statement.rendered(),
            notes=asking.notes(
                [event for event in (wanted.born_event, return_event) if event],
                found=found.people > 0,
                on=on,
                segments=found.segments[1:],
            ),
        )

    def frequency(
        self,
        *,
        from_date: str | date,
        to_date: str | date,
        unit: str = "day",
        addiction_unit: str = "hour",
        event: str | None = None,
        where: str | None = None,
    ) -> results.FrequencyResult:
        """In how many hours or days of each bucket people were active."""
        large = asked.choice(unit, _LARGE_UNITS, "unit")
        small = asked.choice(addiction_unit, _ADDICTION_UNITS, "addiction_unit")
        asking = self._ask(from_date, to_date)
        question = asking.question
        statement = frequency.statement(question, event=event, unit=large, addiction_unit=small, where=where)
        rows = self._engine.rows(statement)
        most = frequency.MOST[large, small]
        people = {bucket: [0] * most for bucket in question.period.buckets(large)}
        for bucket, periods, count in rows:
            for place in range(min(periods, most)):  # active in at least so many
                people[bucket][place] += count
        return results.FrequencyResult(
            question.period.first,
            question.period.last,
            large,
            small,
            event,
            where,
            tuple(people),
            {bucket: tuple(counted) for bucket, counted in people.items()},
            sql=statement.rendered(),
            notes=asking.notes([event] if event else [], found=bool(rows)),
        )

    def activity_feed(
        self, distinct_ids: str | Sequence[str], *, from_date: str | date, to_date: str | date
    ) -> results.ActivityFeedResult:
        """All events of some people, oldest first."""
        people = asked.names(distinct_ids, "distinct_ids")
        asking = self._ask(from_date, to_date)
        question = asking.question
        statement = activity.statement(question, people)
        columns = [] if question.events.has_json else list(question.events.properties)
        events = tuple(activity_event(row, columns) for row in self._engine.rows(statement))
        return results.ActivityFeedResult(
            people,
            question.period.first,
            question.period.last,
            events,
            sql=statement.rendered(),
            notes=asking.notes([], found=bool(events)),
        )

    def expression(self, text: str) -> results.ExpressionResult:
        """The events of a table for which an expression is true, as SQL."""
        question = self._ask(_ANY_DAY, _ANY_DAY).question
        statement = question.statement(f"SELECT e.*\n{question.select().where(text).sql('')}")
        return results.ExpressionResult(text, self._table, statement.rendered(), tuple(question.notes))

    def _ask(self, from_date: str | date, to_date: str | date) -> Remarks:
        first, last = parse_table_range(from_date, to_date)
        events = self._engine.events(self._table)
        period = Period(first, last, self._zone, self._week_start)
        find_profiles = partial(self._engine.profiles, self._table)
        question = Question(events.columns, find_profiles, period, self._clock(), hidden=self._hidden())
        return Remarks(self._engine, events, question)

    def _last_day(self) -> date | None:
        question = self._ask(_ANY_DAY, _ANY_DAY).question
        ((last,),) = self._engine.rows(counts.last_event(question))
        return None if last is None else last.replace(tzinfo=UTC).astimezone(self._zone).date()
