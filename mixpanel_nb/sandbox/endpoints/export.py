"""``/api/2.0/export``: raw events as JSON lines (Mixpanel's docs, raw data export)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from mixpanel_nb.sandbox import filters
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from mixpanel_nb.sandbox.calls import Call

_MOST_EVENTS = 100_000


def events(call: Call) -> Response:
    """The events of some UTC days, streamed; an empty body if there are none."""
    first, last = call.date_range()
    limit = call.integer("limit", 0)
    if limit > _MOST_EVENTS:
        raise RefusedError(400, f"Invalid limit: {limit} exceeds the maximum of {_MOST_EVENTS}")
    blocks = call.dataset.export_blocks(
        first,
        last,
        call.strings("event"),
        limit or None,
        where=call.expression("where", filters.of_events),
        time_in_ms=call.flag("time_in_ms"),
    )
    return Response(blocks, content_type="text/plain; charset=utf-8")
