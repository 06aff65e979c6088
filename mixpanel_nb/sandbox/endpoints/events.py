"""``events`` and ``events/…``: events side by side, their names, properties and values (query API).

"Today" is the last day of the data set, which has an end: today's top events are that day's, and the last
``interval`` days are those before its end.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mixpanel_nb.queries import UNITS, EventCounts, PropertyCounts, TopEvents
from mixpanel_nb.sandbox.answers import json_answer, over_time
from mixpanel_nb.sandbox.intervals import span_of
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.wire import series

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from mixpanel_nb.queries import CountType, Unit
    from mixpanel_nb.results import EventCountsResult, PropertyCountsResult
    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.intervals import Span

_NAMES_SINCE = timedelta(days=30)
_MOST_NAMES = 5_000  # more are not refused but cut off
_MOST_VALUES = 10_000  # the same


def counts(call: Call) -> Response:
    """Several events over time."""
    call.refuse_unsupported("where")
    events = call.strings("event")
    if not events:
        raise RefusedError(400, "Missing required parameter: event")
    kind, unit, span = _over_time(call)
    with call.runner() as runner:
        result = runner.service.ask(
            EventCounts(events=tuple(events), from_date=span.first, to_date=span.last, unit=unit, type=kind)
        )
    return _series(result, span, as_csv=call.is_csv)


def properties(call: Call) -> Response:
    """The values of a property of an event over time."""
    call.refuse_unsupported("where")
    event, name, values = call.required("event"), call.required("name"), call.strings("values")
    kind, unit, span = _over_time(call)
    with call.runner() as runner:
        result = runner.service.ask(
            PropertyCounts(
                event=event,
                prop=name,
                from_date=span.first,
                to_date=span.last,
                values=None if values is None else tuple(values),
                unit=unit,
                type=kind,
                limit=min(call.integer("limit", 255), _MOST_VALUES),
            )
        )
    return _series(result, span, as_csv=call.is_csv)


def _over_time(call: Call) -> tuple[CountType, Unit, Span]:
    """What is counted, in which buckets, of which days."""
    kind, unit = call.count_type(), call.choice("unit", UNITS)
    if kind == "unique" and unit in ("minute", "hour"):
        raise RefusedError(400, "cannot get hourly uniques")
    return kind, unit, span_of(call, unit)


def _series(result: EventCountsResult | PropertyCountsResult, span: Span, *, as_csv: bool) -> Response:
    dates = result.dates if span.buckets is None else result.dates[-span.buckets :]
    shown = frozenset(dates)
    values = {
        name: {bucket: count for bucket, count in found.items() if bucket in shown}
        for name, found in result.values.items()
    }
    return over_time(series(dates, values), as_csv=as_csv)


def top(call: Call) -> Response:
    """The most frequent events of the data set's last day, and their change since the day before."""
    kind = call.count_type()
    with call.runner() as runner:
        result = runner.service.ask(TopEvents(type=kind, limit=min(call.integer("limit", 100), _MOST_VALUES)))
    events = [
        {"amount": found.count, "event": found.event, "percent_change": found.percent_change}
        for found in result.events
    ]
    return json_answer({"events": events, "type": kind})


def names(call: Call) -> Response:
    """A list of event names, the most frequent first, of the last 31 days where no dates are given."""
    call.count_type("general")
    limit = min(call.integer("limit", 255), _MOST_NAMES)
    first, last = call.optional_date_range(from_year=2000)
    last = last or call.last_day
    return json_answer(call.dataset.event_names(limit, first or last - _NAMES_SINCE, last))


def top_properties(call: Call) -> Response:
    """Properties of an event (or of all) with the number of events that carry them."""
    event = call.text("event")
    found = call.dataset.top_properties(event, call.integer("limit", 10))
    if event is not None and not found and event not in call.dataset.event_names():
        raise RefusedError(400, f"Unknown event: {event}")
    return json_answer(found)


def property_values(call: Call) -> Response:
    """Values of a property as text, the most frequent first."""
    name = call.required("name")
    return json_answer(call.dataset.property_values(call.text("event"), name, call.integer("limit", 255)))
