"""``events/…``: names of events, their properties and values (Mixpanel's docs, query API)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call

_TYPES = ("general", "unique", "average")
_MOST_NAMES = 5_000  # more are not refused but cut off


def names(call: Call) -> Response:
    """A list of event names, the most frequent first.

    Mixpanel looks at the last 31 days where no dates are given; here the data set has an end of its own,
    so it is all of it.
    """
    kind = call.text("type") or "general"
    if kind not in _TYPES:
        raise RefusedError(400, f"Invalid type: {kind!r}, expected one of {', '.join(_TYPES)}")
    limit = min(call.integer("limit", 255), _MOST_NAMES)
    return json_answer(call.dataset.event_names(limit, *call.optional_date_range()))


def top_properties(call: Call) -> Response:
    """Properties of an event (or of all) with the number of events that carry them."""
    event = call.text("event")
    found = call.dataset.top_properties(event, call.integer("limit", 10))
    if event is not None and event not in call.dataset.event_names():
        raise RefusedError(400, f"Unknown event: {event}")
    return json_answer(found)


def property_values(call: Call) -> Response:
    """Values of a property as text, the most frequent first."""
    name = call.required("name")
    return json_answer(call.dataset.property_values(call.text("event"), name, call.integer("limit", 255)))
