"""Live segmentation: an event over time, by segment, by ranges of a number, summed and averaged.

https://developer.mixpanel.com/reference/segmentation-query and the neighbouring pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from mixpanel_nb import results
from mixpanel_nb.bookmarks.refusals import only_tables
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.live.base import LiveReports, at_limit, breakdown, checked_buckets, expression, sent
from mixpanel_nb.services.live.reading.buckets import dates
from mixpanel_nb.services.live.reading.ranges import read_ranges
from mixpanel_nb.services.live.reading.series import read_numbers, read_series

if TYPE_CHECKING:
    from mixpanel_nb.queries import (
        Segmentation,
        SegmentationAverage,
        SegmentationNumeric,
        SegmentationSum,
        Unit,
    )
    from mixpanel_nb.services.live.reading.node import Node
    from mixpanel_nb.services.live.reading.series import Counts, Series

Calculated = TypeVar("Calculated", results.NumericSumResult, results.NumericAverageResult)

TOTAL = "total"
_NUMERIC_UNITS = ("hour", "day")


class SegmentationReports(LiveReports):
    """How often one event happened."""

    def segmentation(self, query: Segmentation) -> results.SegmentationResult:
        """How often an event happened, over time and by segment."""
        event, kind, known = query.event, query.type, query.unit
        if isinstance(query.on, tuple):
            raise only_tables(
                "Mixpanel's API breaks a segmentation down by one property.", "on", or_insights=True
            )
        period = self._period(query.from_date, query.to_date)
        answer = self._ask(
            "segmentation",
            event=event,
            from_date=period.first,
            to_date=period.last,
            on=None if query.on is None else breakdown(query.on),
            unit=checked_buckets(period, known),
            where=expression(query.where),
            type=kind,
            limit=None if query.on is None else query.limit,
        )
        series = read_series(answer, period, known, average=kind == "average")
        if query.on is None:
            values, notes = {TOTAL: _only(series, event, answer)}, []
        else:
            named = series.by_segment(additive=kind == "general")
            values = named.ranked()
            notes = [at_limit(len(series.values), query.limit, "segment"), series.null_note(named)]
        return result_of(
            results.SegmentationResult,
            query,
            dates=series.dates,
            values=values,
            complete=self._complete(period, known, series.dates),
            notes=self._notes([] if any(values.values()) else [event], *notes),
            **sent(answer),
        )

    def segmentation_numeric(self, query: SegmentationNumeric) -> results.NumericBucketResult:
        """How often an event happened, over time and by ranges of a number."""
        event, kind, known = query.event, query.type, _numeric_unit(query.unit)
        period = self._period(query.from_date, query.to_date)
        answer = self._ask(
            "segmentation/numeric",
            event=event,
            from_date=period.first,
            to_date=period.last,
            on=breakdown(query.on),
            unit=checked_buckets(period, known),
            where=expression(query.where),
            type=kind,
            buckets=query.buckets,
        )
        series = read_series(answer, period, known, average=kind == "average")
        ranges = read_ranges(series)
        return result_of(
            results.NumericBucketResult,
            query,
            dates=series.dates,
            buckets=ranges.bounds,
            values=ranges.values,
            complete=self._complete(period, known, series.dates),
            notes=self._notes([] if ranges.bounds else [event], _without_number(ranges.without)),
            **sent(answer),
        )

    def segmentation_sum(self, query: SegmentationSum) -> results.NumericSumResult:
        """A number summed over the events, over time."""
        return self._calculated(results.NumericSumResult, "segmentation/sum", query)

    def segmentation_average(self, query: SegmentationAverage) -> results.NumericAverageResult:
        """A number averaged over the events, over time."""
        return self._calculated(results.NumericAverageResult, "segmentation/average", query)

    def _calculated(
        self, kind: type[Calculated], endpoint: str, query: SegmentationSum | SegmentationAverage
    ) -> Calculated:
        period, known = self._period(query.from_date, query.to_date), _numeric_unit(query.unit)
        answer = self._ask(
            endpoint,
            event=query.event,
            from_date=period.first,
            to_date=period.last,
            on=breakdown(query.on),
            unit=checked_buckets(period, known),
            where=expression(query.where),
        )
        numbers = read_numbers(answer, known)
        buckets = dates(numbers, period, known)
        return result_of(
            kind,
            query,
            dates=buckets,
            values={bucket: number for bucket, number in numbers.items() if number is not None},
            complete=self._complete(period, known, buckets),
            notes=self._notes([] if any(numbers.values()) else [query.event]),
            **sent(answer),
        )


def _numeric_unit(unit: Unit) -> Unit:
    """The unit, if the numeric endpoints have it: ``hour`` or ``day``, their docs say.

    Raises:
        ParameterError: it is another one.
    """
    if unit not in _NUMERIC_UNITS:
        message = f"Mixpanel's API sums, averages and ranges numbers per hour or day, not per {unit}."
        raise only_tables(message, "unit", or_insights=True)
    return unit


def _only(series: Series, event: str | None, answer: Node) -> Counts:
    """The counts of an answer without a breakdown, which has one name, the event's."""
    if event is not None and event in series.values:
        return series.values[event]
    if len(series.values) > 1:
        raise answer["data"]["values"].wrong(f"the counts of {event!r} alone")
    return next(iter(series.values.values()), {})


def _without_number(events: float) -> str | None:
    return f"{events:,.0f} of these events have no such number and are left out." if events else None
