"""Segmentation on a table: an event over time, by property, by ranges of a number, and a number itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb import analytics, results
from mixpanel_nb.results.question import Question
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.local.shapes import by_name, by_names, in_buckets, in_ranges, width_of
from mixpanel_nb.services.local.table import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import (
        Segmentation,
        SegmentationAverage,
        SegmentationNumeric,
        SegmentationSum,
    )
    from mixpanel_nb.services.local.table import AskedTable

TOTAL = "total"

Calculated = TypeVar("Calculated", "results.NumericSumResult", "results.NumericAverageResult")


def segmentation(table: AskedTable, query: Segmentation) -> results.SegmentationResult:
    """An event over time."""
    asking = table.ask(query)
    context = asking.context
    dates = context.period.buckets(query.unit)
    if query.on is None:
        statement = analytics.segmentation.totals(
            context, query.event, unit=query.unit, kind=query.type, where=query.where
        )
        rows = table.engine.rows(statement)
        values: dict[Any, dict[Bucket, float]] = {TOTAL: dict(rows)}
        left_out, rest = 0, None
    else:
        how: dict[str, Any] = {"unit": query.unit, "kind": query.type, "where": query.where}
        if isinstance(query.on, str):
            statement = analytics.segmentation.by_segment(
                context, query.event, on=query.on, limit=query.limit, **how
            )
            rows = table.engine.rows(statement)
            values, rest, left_out = by_name(rows)
        else:
            statement = analytics.segmentation.by_segments(
                context, query.event, on=query.on, limit=query.limit, **how
            )
            rows = table.engine.rows(statement)
            values, rest, left_out = by_names(rows)
    return result_of(
        results.SegmentationResult,
        query,
        dates=tuple(dates),
        values=values,
        left_out=left_out,
        rest=rest,
        complete=asking.complete(query.unit, query.event),
        sql=table.engine.shown(statement),
        notes=asking.notes(named(query.event), found=bool(rows), on=query.on, segments=values),
    )


def numeric(
    table: AskedTable, query: SegmentationNumeric, width: float | None = None
) -> results.NumericBucketResult:
    """An event over time, by ranges of a number; ``width`` is theirs."""
    asking = table.ask(query)
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
    rows = table.engine.rows(statement)
    ranges, values = in_ranges(rows)
    return result_of(
        results.NumericBucketResult,
        query,
        dates=tuple(asking.context.period.buckets(query.unit)),
        buckets=ranges,
        values=values,
        complete=asking.complete(query.unit, query.event),
        sql=table.engine.shown(statement),
        notes=asking.notes(named(query.event), found=bool(rows)),
    )


def both_numeric(
    table: AskedTable, query: SegmentationNumeric, other: SegmentationNumeric
) -> tuple[results.NumericBucketResult, results.NumericBucketResult]:
    """Both answers with the wider of their ranges."""
    answers = numeric(table, query), numeric(table, other)
    widths = [width_of(answer.buckets) for answer in answers]
    width = max(widths)
    one, two = (
        answer
        if own == width
        else replace(numeric(table, each, width), question=Question(each, None, {"width": width}))
        for each, answer, own in zip((query, other), answers, widths, strict=True)
    )
    return one, two


def total(table: AskedTable, query: SegmentationSum) -> results.NumericSumResult:
    """The sum of a number over time."""
    return _calculated(table, results.NumericSumResult, analytics.numeric.total, query)


def average(table: AskedTable, query: SegmentationAverage) -> results.NumericAverageResult:
    """The mean of a number over time."""
    return _calculated(table, results.NumericAverageResult, analytics.numeric.mean, query)


def _calculated(
    table: AskedTable,
    kind: type[Calculated],
    calculate: Callable[..., Statement],
    query: SegmentationSum | SegmentationAverage,
) -> Calculated:
    asking = table.ask(query)
    statement = calculate(asking.context, query.event, on=query.on, unit=query.unit, where=query.where)
    rows = table.engine.rows(statement)
    return result_of(
        kind,
        query,
        dates=tuple(asking.context.period.buckets(query.unit)),
        values=in_buckets(rows),
        complete=asking.complete(query.unit, query.event),
        sql=table.engine.shown(statement),
        notes=asking.notes(named(query.event), found=bool(rows)),
    )
