"""Live segmentation: an event over time, by segment, by ranges of a number, summed and averaged.

https://developer.mixpanel.com/reference/segmentation-query and its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb import results
from mixpanel_nb.analytics.calendar import UNITS
from mixpanel_nb.analytics.question import COUNT_TYPES
from mixpanel_nb.services import asked
from mixpanel_nb.services.live.asking import (
    LiveReports,
    at_limit,
    breakdown,
    checked_buckets,
    expression,
    only_tables,
    sent,
)
from mixpanel_nb.services.live.reading.buckets import dates
from mixpanel_nb.services.live.reading.node import Node
from mixpanel_nb.services.live.reading.ranges import read_ranges
from mixpanel_nb.services.live.reading.series import read_numbers, read_series

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from mixpanel_nb.analytics.calendar import Unit
    from mixpanel_nb.client.asked import Asked
    from mixpanel_nb.services.live.reading.series import Counts, Series

Calculated = TypeVar("Calculated", results.NumericSumResult, results.NumericAverageResult)

TOTAL = "total"
MAX_BUCKETS = 1_000
_NUMERIC_UNITS = ("hour", "day")


class SegmentationReports(LiveReports):
    """How often one event happened."""

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
        event, period = asked.named(event, "event"), self._period(from_date, to_date)
        known = checked_buckets(period, asked.choice(unit, UNITS, "unit"))
        kind = asked.choice(type, COUNT_TYPES, "type")
        limit = asked.number(limit, "limit", most=asked.MAX_SEGMENTS)
        answer = Node.of(
            self._client.segmentation(
                event,
                from_date=period.first,
                to_date=period.last,
                on=None if on is None else breakdown(on),
                unit=known,
                where=expression(where),
                type=kind,
                limit=None if on is None else limit,
            )
        )
        series = read_series(answer, period, known, average=kind == "average")
        if on is None:
            values, notes = {TOTAL: _only(series, event, answer)}, []
        else:
            named = series.by_segment(additive=kind == "general")
            values = named.ranked()
            notes = [at_limit(len(series.values), limit, "segment"), series.null_note(named)]
        return results.SegmentationResult(
            event,
            period.first,
            period.last,
            known,
            kind,
            on,
            where,
            series.dates,
            values,
            notes=self._notes([] if any(values.values()) else [event], *notes),
            **sent(answer),
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
        event, period = asked.named(event, "event"), self._period(from_date, to_date)
        known = checked_buckets(period, _numeric_unit(unit))
        kind = asked.choice(type, COUNT_TYPES, "type")
        answer = Node.of(
            self._client.segmentation_numeric(
                event,
                from_date=period.first,
                to_date=period.last,
                on=breakdown(on),
                unit=known,
                where=expression(where),
                type=kind,
                buckets=asked.number(buckets, "buckets", most=MAX_BUCKETS),
            )
        )
        series = read_series(answer, period, known, average=kind == "average")
        ranges = read_ranges(series)
        return results.NumericBucketResult(
            event,
            on,
            period.first,
            period.last,
            known,
            kind,
            where,
            series.dates,
            ranges.bounds,
            ranges.values,
            notes=self._notes([] if ranges.bounds else [event], _without_number(ranges.without)),
            **sent(answer),
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
            results.NumericSumResult,
            self._client.segmentation_sum,
            event,
            from_date,
            to_date,
            on,
            unit,
            where,
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
            results.NumericAverageResult,
            self._client.segmentation_average,
            event,
            from_date,
            to_date,
            on,
            unit,
            where,
        )

    def _calculated(
        self,
        kind: type[Calculated],
        calculate: Callable[..., Asked[Any]],
        event: str,
        from_date: str | date,
        to_date: str | date,
        on: str,
        unit: str,
        where: str | None,
    ) -> Calculated:
        event, period = asked.named(event, "event"), self._period(from_date, to_date)
        known = checked_buckets(period, _numeric_unit(unit))
        answer = Node.of(
            calculate(
                event,
                from_date=period.first,
                to_date=period.last,
                on=breakdown(on),
                unit=known,
                where=expression(where),
            )
        )
        numbers = read_numbers(answer, known)
        return kind(
            event,
            on,
            period.first,
            period.last,
            known,
            where,
            dates(numbers, period, known),
            {bucket: number for bucket, number in numbers.items() if number is not None},
            notes=self._notes([] if any(numbers.values()) else [event]),
            **sent(answer),
        )


def _numeric_unit(unit: str) -> Unit:
    """The unit, if the numeric endpoints have it: ``hour`` or ``day``, their docs say.

    Raises:
        QueryError: it is none, or another one.
    """
    known = asked.choice(unit, UNITS, "unit")
    if known not in _NUMERIC_UNITS:
        message = f"Mixpanel's API sums, averages and ranges numbers per hour or day, not per {known}."
        raise only_tables(message, "unit")
    return known


def _only(series: Series, event: str, answer: Node) -> Counts:
    """The counts of an answer that is not broken down: there is one name, the event's."""
    if event in series.values:
        return series.values[event]
    if len(series.values) > 1:
        raise answer["data"]["values"].wrong(f"the counts of {event!r} alone")
    return next(iter(series.values.values()), {})


def _without_number(events: float) -> str | None:
    return f"{events:,.0f} of these events have no such number and are left out." if events else None
