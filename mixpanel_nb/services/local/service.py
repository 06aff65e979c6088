"""``LocalQueryService``: Mixpanel's reports over a fetched table, with no quota and no network."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from mixpanel_nb import analytics, queries, results
from mixpanel_nb.analytics.calendar import Period
from mixpanel_nb.analytics.context import ReportContext
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import Query, changed
from mixpanel_nb.queries.checks import MAX_SEGMENTS, enough_steps
from mixpanel_nb.queries.customs import custom_event
from mixpanel_nb.results.question import Question
from mixpanel_nb.services import local
from mixpanel_nb.services.asked import (
    columns_of,
    labels_of,
    result_of,
    returns_of,
    rules_of,
    window_of,
)
from mixpanel_nb.services.dates import table_range
from mixpanel_nb.services.local.identities import ReadUsers
from mixpanel_nb.services.local.remarks import Remarks
from mixpanel_nb.services.local.shapes import (
    activity_event,
    by_name,
    by_names,
    in_buckets,
    in_ranges,
    like_segments,
    width_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import (
        Active,
        ActivityFeed,
        Anomalies,
        Buckets,
        EventCounts,
        Experiment,
        Flow,
        Frequency,
        Funnel,
        Insights,
        PropertyCounts,
        Retention,
        Segmentation,
        SegmentationAverage,
        SegmentationNumeric,
        SegmentationSum,
        Sessions,
        Signal,
        TopEvents,
        Why,
    )
    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.services.local.engines import Engine
    from mixpanel_nb.services.local.insights import Lines
    from mixpanel_nb.weekdays import Weekday

TOTAL = "total"
_ANY_DAY = date(2000, 1, 1)

Answer = TypeVar("Answer", bound="ReportResult")
Calculated = TypeVar("Calculated", "results.NumericSumResult", "results.NumericAverageResult")


class Ranged(Protocol):
    """A query about some days."""

    @property
    def from_date(self) -> date:
        """The first day."""

    @property
    def to_date(self) -> date:
        """The last day."""


class LocalQueryService:
    """Answers queries from a table.

    ``docs/local-reports.md`` defines each report.

    Args:
        engine: Where the tables are.
        table: The table to ask.
        zone: The project's time zone.
        clock: Unix seconds, for ``NOW`` in expressions.
        week_start: The day on which weeks of the project begin.
        hidden: Returns the events that are known to be hidden in the project's Lexicon.
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

    def ask(self, query: Query[Answer]) -> Answer:
        """The answer to a query.

        Raises:
            ParameterError: only Mixpanel can answer it.
            ExpressionError: there is a mistake in an expression.
            TableNotFoundError: there is no such table.
        """
        _check_names(query)
        answer: Answer = _ANSWERS[query.name](self, query)
        return answer

    def copies(self, query: Query[Any]) -> int:
        """The number of events on a query's days of which the table has several copies; 0 without ids."""
        context = self._ask(cast("Any", query)).context
        if not context.events.has_insert_id:
            return 0
        ((found,),) = self._engine.rows(analytics.copies.statement(context))
        return int(found)

    def both(self, query: Query[Answer], other: Query[Answer]) -> tuple[Answer, Answer]:
        """The answers to a query and to the same query about other days, for a comparison.

        If a limit leaves out segments, the second answer has the segments of the first. Both answers have the
        same ranges of numbers. Their questions record these segments and ranges.
        """
        answers: Any
        match query, other:
            case (queries.Active(), queries.Active()):
                answers = self._both_insights(query.insights, other.insights)
            case (queries.Insights(), queries.Insights()):
                answers = self._both_insights(query, other)
            case (queries.SegmentationNumeric(), queries.SegmentationNumeric()):
                answers = self._both_numeric(query, other)
            case (queries.Segmentation(), queries.Segmentation()):
                answers = self._both_segmented(query, other)
            case (queries.PropertyCounts(), queries.PropertyCounts()):
                answers = self._both_segmented(query, other)
            case _:
                answers = self.ask(query), self.ask(other)
        return cast("tuple[Answer, Answer]", answers)

    def _both_insights(
        self, query: Insights, other: Insights
    ) -> tuple[results.InsightsResult, results.InsightsResult]:
        found, statement, asking = self._lines(query)
        answer = self._insights_result(query, found, statement, asking)
        if not query.on:
            return answer, self._insights(other)
        settled = {"on": _with_ranges(query.on, found), "segments": tuple(found.placed)}
        other = changed(other, on=settled["on"])
        before = self._insights_result(other, *self._lines(other, like=found))
        return answer, replace(before, question=Question(other, None, settled))

    def _both_numeric(
        self, query: SegmentationNumeric, other: SegmentationNumeric
    ) -> tuple[results.NumericBucketResult, results.NumericBucketResult]:
        """Both answers with the wider of their ranges."""
        answers = self._numeric(query), self._numeric(other)
        widths = [width_of(answer.buckets) for answer in answers]
        width = max(widths)
        one, two = (
            answer
            if own == width
            else replace(self._numeric(each, width), question=Question(each, None, {"width": width}))
            for each, answer, own in zip((query, other), answers, widths, strict=True)
        )
        return one, two

    def _both_segmented(self, query: Query[Any], other: Query[Any]) -> tuple[Any, Any]:
        """Both answers; the second with the segments of the first if a limit leaves out some of either."""
        segmented = (results.SegmentationResult, results.PropertyCountsResult)
        answer, before = self.ask(query), self.ask(other)
        if (
            isinstance(answer, segmented)
            and isinstance(before, segmented)
            and (answer.left_out or before.left_out)
        ):
            limit = max(getattr(query, "limit", 0), MAX_SEGMENTS)
            before = like_segments(answer, self.ask(changed(other, limit=limit)))
        return answer, before

    def users(
        self, query: Query[Any], found: Mapping[str, Any]
    ) -> tuple[Statement, RowSource, tuple[str, ...], tuple[date, date]]:
        """The users behind a number of a report.

        Args:
            query: The report.
            found: What the number stands for in the table.

        Returns:
            The statement, its rows, notes, and the days of the report.

        Raises:
            TableNotFoundError: there is no such table.
        """
        context, text, days = self._members(query, found)
        statement = analytics.users.statement(context, text, context.find_profiles())
        notes = tuple(dict.fromkeys(context.notes))
        return statement, self._engine.source(statement), notes, days

    def shared(
        self,
        one: tuple[Query[Any], Mapping[str, Any]],
        other: tuple[Query[Any], Mapping[str, Any]],
    ) -> tuple[int, int, int]:
        """How many users are behind a number of a report, behind one of another, and behind both.

        Args:
            one: A report, and what the number stands for in the table.
            other: The other.

        Raises:
            TableNotFoundError: there is no such table.
        """
        users = []
        for query, found in (one, other):
            context, text, _ = self._members(query, found)
            users.append(analytics.users.statement(context, text, None))
        ((first, second, both),) = self._engine.rows(analytics.users.shared(*users))
        return int(first), int(second), int(both)

    def events_of(
        self,
        whose: tuple[Query[Any], Mapping[str, Any]] | Sequence[str],
        first: date,
        last: date,
        identities: str | None = None,
    ) -> tuple[Statement, RowSource]:
        """All events of some users in some days: of a number of a report, or of their ids.

        Args:
            whose: The report and what the number stands for, or ids.
            first: The first day.
            last: The last day.
            identities: How the report reads users.

        Raises:
            TableNotFoundError: there is no such table.
        """
        text: str | Sequence[str]
        if isinstance(whose, tuple) and whose and isinstance(whose[0], Query):
            context, text, _ = self._members(whose[0], whose[1])
            asked = self._asked_of(*table_range(first, last)).context
            context = replace(context, period=asked.period, in_cohort=(), not_in_cohort=())
        else:
            context = self._asked_of(*table_range(first, last), identities=identities).context
            text = [str(each) for each in whose]
        statement = analytics.users.events(context, text)
        return statement, self._engine.source(statement)

    def _members(
        self, query: Query[Any], found: Mapping[str, Any]
    ) -> tuple[ReportContext, str, tuple[date, date]]:
        """The users of a number as SQL, with its context and the days of the report."""
        found = dict(found)
        found |= found.pop("settled", {})
        if isinstance(query, queries.Active | queries.Insights):
            insights = query.insights if isinstance(query, queries.Active) else query
            return self._members_of_metric(insights, **found)
        if isinstance(query, queries.TopEvents):
            days = (found["day"] or _ANY_DAY,) * 2
        elif isinstance(query, queries.Anomalies):
            days = found.pop("days")
        else:
            days = query.from_date, query.to_date  # type: ignore[attr-defined]  # all others have them
        context = self._asked_of(*table_range(*days), query).context
        if isinstance(query, queries.Experiment | queries.Signal):
            found["known_until"] = self._known_until(context)
        return context, local.members(context, query, found), days

    def _members_of_metric(
        self,
        query: Insights,
        metric: int | None,
        bucket: date | None,
        segment: tuple[str, ...] | None,
        on: tuple[str | Buckets, ...] | None = None,
        segments: tuple[tuple[str, ...], ...] | None = None,
    ) -> tuple[ReportContext, str, tuple[date, date]]:
        query = query if on is None else changed(query, on=on)
        place = None
        if segment is not None:  # where its place comes from: the report orders its segments by their events
            place = (self._lines(query)[0].placed if segments is None else segments).index(segment) + 1
        days = analytics.insights.Days.of(query, self._period(query))
        context = self._asked_of(*table_range(days.seen_from, query.to_date), query).context
        text = analytics.insights.members(
            context, query, days, metric=metric, bucket=bucket, place=place, only=segments
        )
        return context, text, (query.from_date, query.to_date)

    def _active(self, query: Active) -> results.InsightsResult:
        return self._insights(query.insights)

    def _insights(self, query: Insights) -> results.InsightsResult:
        return self._insights_result(query, *self._lines(query))

    def _insights_result(
        self, query: Insights, found: Lines, statement: Statement, asking: Remarks
    ) -> results.InsightsResult:
        return result_of(
            results.InsightsResult,
            query,
            metrics=tuple(labels_of(query)),
            unit=None if query.totals else query.unit,
            on=columns_of(query),
            dates=tuple(found.dates),
            lines=tuple(found.lines(labels_of(query))),
            rolling=query.rolling,
            cumulative=query.cumulative,
            left_out=found.left_out,
            sql=self._engine.shown(statement),
            notes=self._insights_notes(query, found, asking),
        )

    def _insights_notes(self, query: Insights, found: Lines, asking: Remarks) -> tuple[str, ...]:
        asking.context.notes.extend(asking.no_values(found.without_values()))
        return asking.notes(
            named(*(metric.event for metric in query.metrics)),
            found=found.found and len(query.metrics) == 1,
            on=tuple(map(str, query.on)) if all(isinstance(each, str) for each in query.on) else None,
            segments=found.placed,
        )

    def _lines(self, query: Insights, like: Lines | None = None) -> tuple[Lines, Statement, Remarks]:
        days = analytics.insights.Days.of(query, self._period(query))
        asking = self._asked_of(*table_range(days.seen_from, query.to_date), query)
        statement = analytics.insights.statement(asking.context, query, days, like.placed if like else None)
        rows = self._engine.rows(statement)
        return local.Lines(query, days, rows, asking.known, like), statement, asking

    def _period(self, query: Ranged) -> Period:
        return Period(*table_range(query.from_date, query.to_date), self._zone, self._week_start)

    def _segmentation(self, query: Segmentation) -> results.SegmentationResult:
        asking = self._ask(query)
        context = asking.context
        dates = context.period.buckets(query.unit)
        if query.on is None:
            statement = analytics.segmentation.totals(
                context, query.event, unit=query.unit, kind=query.type, where=query.where
            )
            rows = self._engine.rows(statement)
            values: dict[Any, dict[Bucket, float]] = {TOTAL: dict(rows)}
            left_out, rest = 0, None
        else:
            how: dict[str, Any] = {"unit": query.unit, "kind": query.type, "where": query.where}
            if isinstance(query.on, str):
                statement = analytics.segmentation.by_segment(
                    context, query.event, on=query.on, limit=query.limit, **how
                )
                rows = self._engine.rows(statement)
                values, rest, left_out = by_name(rows)
            else:
                statement = analytics.segmentation.by_segments(
                    context, query.event, on=query.on, limit=query.limit, **how
                )
                rows = self._engine.rows(statement)
                values, rest, left_out = by_names(rows)
        return result_of(
            results.SegmentationResult,
            query,
            dates=tuple(dates),
            values=values,
            left_out=left_out,
            rest=rest,
            complete=asking.complete(query.unit, query.event),
            sql=self._engine.shown(statement),
            notes=asking.notes(named(query.event), found=bool(rows), on=query.on, segments=values),
        )

    def _numeric(self, query: SegmentationNumeric, width: float | None = None) -> results.NumericBucketResult:
        asking = self._ask(query)
        statement = analytics.numeric.in_buckets(
            asking.context,
            query.event,
            on=query.on,
            unit=query.unit,
            kind=query.type,
            where=query.where,
            buckets=query.buckets,
            width=width,
        )
        rows = self._engine.rows(statement)
        ranges, values = in_ranges(rows)
        return result_of(
            results.NumericBucketResult,
            query,
            dates=tuple(asking.context.period.buckets(query.unit)),
            buckets=ranges,
            values=values,
            complete=asking.complete(query.unit, query.event),
            sql=self._engine.shown(statement),
            notes=asking.notes(named(query.event), found=bool(rows)),
        )

    def _sum(self, query: SegmentationSum) -> results.NumericSumResult:
        return self._calculated(results.NumericSumResult, analytics.numeric.total, query)

    def _average(self, query: SegmentationAverage) -> results.NumericAverageResult:
        return self._calculated(results.NumericAverageResult, analytics.numeric.mean, query)

    def _calculated(
        self,
        kind: type[Calculated],
        calculate: Callable[..., Statement],
        query: SegmentationSum | SegmentationAverage,
    ) -> Calculated:
        asking = self._ask(query)
        statement = calculate(asking.context, query.event, on=query.on, unit=query.unit, where=query.where)
        rows = self._engine.rows(statement)
        return result_of(
            kind,
            query,
            dates=tuple(asking.context.period.buckets(query.unit)),
            values=in_buckets(rows),
            complete=asking.complete(query.unit, query.event),
            sql=self._engine.shown(statement),
            notes=asking.notes(named(query.event), found=bool(rows)),
        )

    def _event_counts(self, query: EventCounts) -> results.EventCountsResult:
        asking = self._ask(query)
        how: dict[str, Any] = {"unit": query.unit, "kind": query.type, "where": query.where}
        values: dict[str, dict[Bucket, float]]
        if query.events is None:
            statement = analytics.segmentation.totals(asking.context, None, **how)
            values = {results.ANY_EVENT: dict(self._engine.rows(statement))}
        else:
            statement = analytics.counts.by_event(asking.context, query.events, **how)
            values = {event: {} for event in query.events}
            for bucket, event, count in self._engine.rows(statement):
                values[event][bucket] = count
        return result_of(
            results.EventCountsResult,
            query,
            events=tuple(values),
            dates=tuple(asking.context.period.buckets(query.unit)),
            values=values,
            complete=asking.complete(query.unit, *(query.events or [None])),
            sql=self._engine.shown(statement),
            notes=asking.notes([each for each in query.events or () if not values[each]], found=False),
        )

    def _property_counts(self, query: PropertyCounts) -> results.PropertyCountsResult:
        only = query.values
        asking = self._ask(query)
        statement = analytics.segmentation.by_segment(
            asking.context,
            query.event,
            on=query.prop,
            unit=query.unit,
            kind=query.type,
            where=query.where,
            limit=query.limit if only is None else len(only),
            only=only,
        )
        rows = self._engine.rows(statement)
        found, rest, left_out = by_name(rows)
        return result_of(
            results.PropertyCountsResult,
            query,
            dates=tuple(asking.context.period.buckets(query.unit)),
            values=found if only is None else {value: found.get(value, {}) for value in only},
            left_out=left_out,
            rest=rest,
            complete=asking.complete(query.unit, query.event),
            sql=self._engine.shown(statement),
            notes=asking.notes(named(query.event), found=bool(rows), on=query.prop, segments=found),
        )

    def _top_events(self, query: TopEvents) -> results.TopEventsResult:
        day = query.date or self._last_day()
        if day is None:
            note = f"There are no events in {self._table}."
            return results.TopEventsResult(None, query.type, (), notes=(note,))
        asking = self._asked_of(day - timedelta(days=1), day, query)
        elapsed = 1.0 if query.type == "average" else asking.elapsed()
        statement = analytics.counts.top(asking.context, kind=query.type, limit=query.limit, elapsed=elapsed)
        rows = self._engine.rows(statement)
        if elapsed < 1:
            asking.context.notes.append(f"{day} is {elapsed:.0%} over: so much of the day before counts.")
        return results.TopEventsResult(
            day,
            query.type,
            tuple(results.TopEvent(*row) for row in rows),
            sql=self._engine.shown(statement),
            notes=asking.notes([], found=bool(rows)),
        )

    def _funnel(self, query: Funnel) -> results.FunnelResult:
        if query.funnel_id is not None:
            message = "Saved funnels are known to Mixpanel alone, and a table is asked."
            hint = "Name the steps, or leave out the table."
            raise ParameterError(message, parameter="funnel_id", value=query.funnel_id, hint=hint)
        enough_steps(query.steps)
        asking = self._ask(query)
        period = asking.context.period
        statement = analytics.funnel.statement(asking.context, query)
        found = local.Funnels(query, self._engine.rows(statement))
        buckets = period.buckets(query.unit) if query.unit else [None]
        return result_of(
            results.FunnelResult,
            query,
            steps=found.steps(buckets),
            events=found.events,
            **window_of(query),
            left_out=found.left_out,
            counts=query.count,
            sum_of=query.sum_of,
            rules=rules_of(query),
            times=found.times(buckets),
            sql=self._engine.shown(statement),
            notes=asking.notes(
                [*found.missing(), *(excluded.event for excluded in query.exclude)],
                found=False,
                on=query.on,
                segments=found.values(),
            ),
        )

    def _retention(self, query: Retention) -> results.RetentionResult:
        query = local.as_asked(query)
        asking = self._ask(query)
        statement = analytics.retention.statement(asking.context, query)
        found = local.Cohorts(query, asking.context.period, self._engine.rows(statement), asking.table)
        return result_of(
            results.RetentionResult,
            query,
            cohorts=found.cohorts(),
            left_out=found.left_out,
            **returns_of(query),
            sql=self._engine.shown(statement),
            notes=asking.notes(
                named(query.born_event, query.return_event),
                found=found.users > 0,
                on=query.on,
                segments=found.segments[1:],
            ),
        )

    def _flow(self, query: Flow) -> results.FlowResult:
        asking = self._ask(query)
        statement = analytics.flow.statement(asking.context, query)
        found = local.Flows(query, self._engine.rows(statement))
        anchors = tuple(step.event for step in query.anchors)
        return result_of(
            results.FlowResult,
            query,
            flow_nodes=found.nodes,
            flow_edges=found.edges,
            flow_paths=found.paths,
            anchors=anchors,
            forward=query.steps_after,
            back=query.steps_before,
            left_out=found.left_out,
            sql=self._engine.shown(statement),
            notes=asking.notes(
                [
                    *query.anchored_events,
                    *query.hide,
                    *query.exclude,
                    *(expansion.event for expansion in query.expand),
                ],
                found=False,
                on=query.on,
                segments=list(dict.fromkeys(node.segment for node in found.nodes))[1:],
            ),
        )

    def _sessions(self, query: Sessions) -> results.SessionsResult:
        asking = self._ask(query)
        statement = analytics.sessions.statement(asking.context, query)
        found = local.SessionRows(self._engine.rows(statement))
        return result_of(
            results.SessionsResult,
            query,
            dates=tuple(asking.context.period.buckets(query.unit)),
            totals=found.totals,
            figures=found.figures,
            left_out=found.left_out,
            complete=asking.complete(query.unit, None),
            sql=self._engine.shown(statement),
            notes=asking.notes(
                [*([query.event] if query.event else []), *query.exclude],
                found=False,
                on=query.on,
                segments=list(found.figures)[1:],
            ),
        )

    def _experiment(self, query: Experiment) -> results.ExperimentResult:
        asking = self._ask(query)
        context = asking.context
        statement = analytics.experiment.statement(context, query, self._known_until(context))
        found = local.Variants(query, self._engine.rows(statement))
        return results.ExperimentResult(
            query.exposure,
            query.variant,
            found.control,
            query.from_date,
            query.to_date,
            query.window,
            query.window_unit,
            query.where,
            query.on,
            query.cuped,
            query.winsorize,
            query.sequential,
            query.correction,
            query.confidence,
            query.effect,
            tuple(found.groups()),
            tuple(found.effects()),
            found.mismatch(),
            found.undefined,
            found.switched,
            found.waiting,
            found.left_out,
            sql=self._engine.shown(statement),
            notes=asking.notes(
                named(query.exposure, *(metric.event for metric in query.metrics)),
                found=found.control is not None,
                on=query.on,
                segments=found.segments,
            ),
        )

    def _why(self, query: Why) -> results.WhyResult:
        asking = self._ask(query)
        found = local.Explanation(self._engine, query, asking)
        judged = found.whole.surprise
        return results.WhyResult(
            query.metric.name,
            query.date,
            query.unit,
            query.where,
            found.whole.actual[-1],
            found.whole.expected[-1],
            None if judged is None else judged.score,
            None if judged is None else judged.chance,
            tuple(found.whole.dates),
            tuple(found.whole.actual),
            tuple(found.whole.expected),
            tuple(found.findings[: query.limit]),
            tuple(found.tried),
            tuple(found.skipped),
            found.comparisons,
            max(len(found.findings) - query.limit, 0),
            sql=self._engine.shown(found.statement),
            notes=asking.notes(named(query.metric.event), found=found.found),
        )

    def _anomalies(self, query: Anomalies) -> results.AnomaliesResult:
        last = query.date or self._last_day()
        if last is None:
            note = f"There are no events in {self._table}."
            return results.AnomaliesResult(None, None, query.where, (), notes=(note,))
        asking = self._asked_of(*table_range(last - query.history, last), query)
        found = local.Watch(self._engine, query, asking)
        dates = asking.context.period.buckets("day")
        return results.AnomaliesResult(
            dates[found.ends[0] - 1],
            dates[found.ends[-1] - 1],
            query.where,
            tuple(found.anomalies[: query.limit]),
            found.judged,
            len(found.watched.events),
            tuple(found.tried),
            found.watched.comparisons * found.judged,
            max(len(found.anomalies) - query.limit, 0),
            tuple(found.watched.every.dates),
            sql=found.statement.rendered(),
            notes=(*asking.notes([], found=True), *asking.no_values(query.properties)),
        )

    def _signal(self, query: Signal) -> results.SignalResult:
        asking = self._ask(query)
        context = asking.context
        statement = analytics.signal.statement(context, query, self._known_until(context))
        found = local.Behaviours(query, self._engine.rows(statement))
        return result_of(
            results.SignalResult,
            query,
            after=query.counts_after,
            total=found.users,
            reached=found.reached,
            behaviours=tuple(found.found[: query.limit]),
            waiting=found.waiting,
            tried=found.tried,
            rare=found.rare,
            comparisons=found.comparisons,
            left_out=max(len(found.found) - query.limit, 0),
            sql=statement.rendered(),
            notes=asking.notes(
                named(query.goal, query.start, *query.events),
                found=found.reached > 0 and found.tried >= len(query.events),
            ),
        )

    def _known_until(self, context: ReportContext) -> datetime:
        """The end of what the table holds, at least of the days asked about if it is unknown."""
        held = self._engine.days(self._table)
        last = context.period.last if held is None else held[1]
        return replace(context.period, first=min(context.period.first, last), last=last).until

    def _frequency(self, query: Frequency) -> results.FrequencyResult:
        asking = self._ask(query)
        statement = analytics.frequency.statement(asking.context, query)
        rows = self._engine.rows(statement)
        most = analytics.frequency.MOST[query.unit, query.addiction_unit]
        users = {bucket: [0] * most for bucket in asking.context.period.buckets(query.unit)}
        for bucket, periods, count in rows:
            for place in range(min(periods, most)):  # active in at least so many
                users[bucket][place] += count
        return result_of(
            results.FrequencyResult,
            query,
            dates=tuple(users),
            counts={bucket: tuple(counted) for bucket, counted in users.items()},
            complete=asking.complete(query.unit, query.event),
            sql=self._engine.shown(statement),
            notes=asking.notes(named(query.event), found=bool(rows)),
        )

    def _activity_feed(self, query: ActivityFeed) -> results.ActivityFeedResult:
        asking = self._ask(query)
        context = asking.context
        statement = analytics.activity.statement(context, query.distinct_ids)
        columns = {} if context.events.has_json else context.events.properties
        events = tuple(activity_event(row, columns) for row in self._engine.rows(statement))
        return result_of(
            results.ActivityFeedResult,
            query,
            events=events,
            sql=self._engine.shown(statement),
            notes=asking.notes([], found=bool(events)),
        )

    def expression(self, text: str) -> results.ExpressionResult:
        """The events of a table for which an expression is true, as SQL."""
        context = self._asked_of(_ANY_DAY, _ANY_DAY).context
        statement = context.statement(
            f"SELECT {context.events.everything}\n{context.select().where(text).sql('')}"
        )
        return results.ExpressionResult(
            text, self._table, self._engine.shown(statement), tuple(context.notes)
        )

    def _ask(self, query: Ranged) -> Remarks:
        return self._asked_of(*table_range(query.from_date, query.to_date), query)

    def _asked_of(
        self, first: date, last: date, query: object = None, identities: str | None = None
    ) -> Remarks:
        identities = getattr(query, "identities", identities)
        users = ReadUsers.of(self._engine, self._table, identities)
        table = replace(
            self._engine.events(self._table, self._zone), find_definitions=self._engine.definitions
        )
        events = users.events(table)
        period = Period(first, last, self._zone, self._week_start)
        find_profiles = partial(users.profiles, self._engine)
        context = ReportContext(
            events.columns,
            find_profiles,
            period,
            self._clock(),
            hidden=self._hidden(),
            find_cohorts=self._engine.cohorts,
            find_definitions=self._engine.definitions,
            in_cohort=getattr(query, "in_cohort", ()),
            not_in_cohort=getattr(query, "not_in_cohort", ()),
        )
        return Remarks(self._engine, events, context)

    def _last_day(self) -> date | None:
        context = self._asked_of(_ANY_DAY, _ANY_DAY).context
        ((last,),) = self._engine.rows(analytics.counts.last_event(context))
        return None if last is None else last.replace(tzinfo=UTC).astimezone(self._zone).date()


def named(*events: str | None) -> list[str]:
    """The names of the events; None, which means any event, has none."""
    return [event for event in events if event is not None]


def _with_ranges(on: Sequence[str | Buckets], found: Lines) -> tuple[str | Buckets, ...]:
    """The breakdowns of a query, with the ranges that its answer has."""
    return tuple(
        replace(each, edges=edges) if isinstance(each, queries.Buckets) else each
        for each, edges in zip(on, found.edges, strict=True)
    )


def _check_names(query: Query[Any]) -> None:
    """Check that custom events are named only where a table can be asked for several events at once.

    Raises:
        ParameterError: one is named elsewhere.
    """
    for name in _PLAIN_NAMES.get(query.name, ()):
        for each in getattr(query, name) or ():
            event = getattr(each, "event", each)
            if custom_event(event) is not None:
                message = [Word(name), f" takes events by their own names here, not {event!r}."]
                raise ParameterError(message, parameter=name, value=event)


_PLAIN_NAMES: dict[str, tuple[str, ...]] = {
    "event_counts": ("events",),
    "flow": ("hide", "exclude", "expand"),
    "sessions": ("exclude",),
    "signal": ("events",),
}

_ANSWERS: dict[str, Callable[..., Any]] = {
    "insights": LocalQueryService._insights,
    "active": LocalQueryService._active,
    "segmentation": LocalQueryService._segmentation,
    "segmentation_numeric": LocalQueryService._numeric,
    "segmentation_sum": LocalQueryService._sum,
    "segmentation_average": LocalQueryService._average,
    "event_counts": LocalQueryService._event_counts,
    "property_counts": LocalQueryService._property_counts,
    "top_events": LocalQueryService._top_events,
    "funnel": LocalQueryService._funnel,
    "retention": LocalQueryService._retention,
    "flow": LocalQueryService._flow,
    "frequency": LocalQueryService._frequency,
    "sessions": LocalQueryService._sessions,
    "experiment": LocalQueryService._experiment,
    "why": LocalQueryService._why,
    "anomalies": LocalQueryService._anomalies,
    "signal": LocalQueryService._signal,
    "activity_feed": LocalQueryService._activity_feed,
}
