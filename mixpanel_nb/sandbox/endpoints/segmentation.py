"""``segmentation`` and its numeric kin (Mixpanel's docs, query API, segmentation)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics import segmentation
from mixpanel_nb.queries import (
    Segmentation,
    SegmentationAverage,
    SegmentationNumeric,
    SegmentationSum,
)
from mixpanel_nb.sandbox.answers import json_answer, over_time
from mixpanel_nb.sandbox.intervals import IntervalContext, first_day
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.wire import bucket_text, computed_at, number, series
from mixpanel_nb.services.local.reports.segmentation import TOTAL
from mixpanel_nb.services.local.shapes import by_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from werkzeug.wrappers import Response

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.queries import CountType
    from mixpanel_nb.sandbox.calls import Call

_SEGMENTS, _MOST_SEGMENTS = 60, 10_000


def query(call: Call) -> Response:
    """An event over time, and by segment with ``on``; without it, the one series has the event's name.

    ``interval`` stands in lieu of ``unit``: where both are given, the unit decides.
    """
    event, kind = call.required("event"), call.count_type("general")
    limit = call.integer("limit", _SEGMENTS, most=_MOST_SEGMENTS)
    interval = call.optional_integer("interval")
    if interval is not None and call.text("unit") is None:
        return _by_interval(call, event, kind, limit, interval)
    with call.runner() as runner:
        result = runner.service.ask(call.query(Segmentation))
    values = result.values if result.on else {event: result.values[TOTAL]}
    return over_time(series(result.dates, values), as_csv=call.is_csv)


def numeric(call: Call) -> Response:
    """An event over time, by ranges of a number."""
    with call.runner() as runner:
        result = runner.service.ask(call.query(SegmentationNumeric))
    values = {label: result.values.get(place, {}) for place, label in enumerate(result.labels)}
    return over_time(series(result.dates, values), as_csv=call.is_csv)


def total(call: Call) -> Response:
    """A number summed over the events of each bucket, 0 where there are none."""
    with call.runner() as runner:
        result = runner.service.ask(call.query(SegmentationSum))
    sums = {bucket: result.values.get(bucket, 0.0) for bucket in result.dates}
    return json_answer({"status": "ok", "computed_at": computed_at(call.now), "results": _numbers(sums)})


def average(call: Call) -> Response:
    """A number averaged over the events of each bucket; buckets without events have none."""
    with call.runner() as runner:
        result = runner.service.ask(call.query(SegmentationAverage))
    return json_answer({"results": _numbers(result.values), "status": "ok"})


def _numbers(values: Mapping[date, float | None]) -> dict[str, float]:
    return {bucket_text(bucket): number(value) for bucket, value in values.items() if value is not None}


def _by_interval(call: Call, event: str, kind: CountType, limit: int, interval: int) -> Response:
    """Buckets of ``interval`` days; without dates, the one that ends with the data set.

    Raises:
        RefusedError: events are counted, for which Mixpanel takes no interval.
    """
    if kind == "general":
        raise RefusedError(400, "interval can only be used where type is unique or average")
    first, last = _days_of_interval(call, interval)
    on, where = call.text("on"), call.text("where")
    with call.runner() as runner:
        asked = IntervalContext.of(runner.question(first, last), interval)
        if on is None:
            statement = segmentation.totals(asked, event, unit="day", kind=kind, where=where)
            values: Mapping[str, Mapping[Bucket, float]] = {event: dict(runner.engine.rows(statement))}
        else:
            statement = segmentation.by_segment(
                asked, event, on=on, unit="day", kind=kind, where=where, limit=limit
            )
            values, _, _ = by_name(runner.engine.rows(statement))
    return over_time(series(asked.buckets(), values), as_csv=call.is_csv)


def _days_of_interval(call: Call, interval: int) -> tuple[date, date]:
    if call.text("from_date") or call.text("to_date"):
        return call.date_range()
    return first_day(call.last_day, "day", interval), call.last_day
