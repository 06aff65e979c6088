"""Insights on a table, and active users, which are insights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mixpanel_nb import analytics, queries, results
from mixpanel_nb.queries.base import changed
from mixpanel_nb.results.question import Question
from mixpanel_nb.services.asked import columns_of, labels_of, result_of
from mixpanel_nb.services.dates import table_range
from mixpanel_nb.services.local.insights import Lines
from mixpanel_nb.services.local.table import named

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Active, Buckets, Insights
    from mixpanel_nb.services.local.remarks import Remarks
    from mixpanel_nb.services.local.table import AskedTable


def active(table: AskedTable, query: Active) -> results.InsightsResult:
    """Active users over time."""
    return insights(table, query.insights)


def insights(table: AskedTable, query: Insights) -> results.InsightsResult:
    """Metrics over time."""
    return _result(table, query, *_lines(table, query))


def both(
    table: AskedTable, query: Insights, other: Insights
) -> tuple[results.InsightsResult, results.InsightsResult]:
    """Both answers; the second with the segments and ranges of the first."""
    found, statement, asking = _lines(table, query)
    answer = _result(table, query, found, statement, asking)
    if not query.on:
        return answer, insights(table, other)
    settled = {"on": _with_ranges(query.on, found), "segments": tuple(found.placed)}
    other = changed(other, on=settled["on"])
    before = _result(table, other, *_lines(table, other, like=found))
    return answer, replace(before, question=Question(other, None, settled))


def members(
    table: AskedTable,
    query: Insights,
    metric: int | None,
    bucket: date | None,
    segment: tuple[str, ...] | None,
    on: tuple[str | Buckets, ...] | None = None,
    segments: tuple[tuple[str, ...], ...] | None = None,
) -> tuple[ReportContext, str, tuple[date, date]]:
    """The users of a number as SQL, with its context and the days of the report."""
    query = query if on is None else changed(query, on=on)
    place = None
    if segment is not None:  # where its place comes from: the report orders its segments by their events
        place = (_lines(table, query)[0].placed if segments is None else segments).index(segment) + 1
    days = analytics.insights.Days.of(query, table.period(query))
    context = table.asked_of(*table_range(days.seen_from, query.to_date), query).context
    text = analytics.insights.members(
        context, query, days, metric=metric, bucket=bucket, place=place, only=segments
    )
    return context, text, (query.from_date, query.to_date)


def _result(
    table: AskedTable, query: Insights, found: Lines, statement: Statement, asking: Remarks
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
        sql=table.engine.shown(statement),
        notes=_notes(query, found, asking),
    )


def _notes(query: Insights, found: Lines, asking: Remarks) -> tuple[str, ...]:
    asking.context.notes.extend(asking.no_values(found.without_values()))
    return asking.notes(
        named(*(metric.event for metric in query.metrics)),
        found=found.found and len(query.metrics) == 1,
        on=tuple(map(str, query.on)) if all(isinstance(each, str) for each in query.on) else None,
        segments=found.placed,
    )


def _lines(table: AskedTable, query: Insights, like: Lines | None = None) -> tuple[Lines, Statement, Remarks]:
    days = analytics.insights.Days.of(query, table.period(query))
    asking = table.asked_of(*table_range(days.seen_from, query.to_date), query)
    statement = analytics.insights.statement(asking.context, query, days, like.placed if like else None)
    rows = table.engine.rows(statement)
    return Lines(query, days, rows, asking.known, like), statement, asking


def _with_ranges(on: Sequence[str | Buckets], found: Lines) -> tuple[str | Buckets, ...]:
    """The breakdowns of a query, with the ranges that its answer has."""
    return tuple(
        replace(each, edges=edges) if isinstance(each, queries.Buckets) else each
        for each, edges in zip(on, found.edges, strict=True)
    )
