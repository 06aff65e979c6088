"""``stream/…``: what some people did, event by event, oldest first (query API, activity feed)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.intervals import first_day
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from werkzeug.wrappers import Response

    from mixpanel_nb.analytics.calendar import Unit
    from mixpanel_nb.results import ActivityEvent
    from mixpanel_nb.sandbox.calls import Call

_PERIODS: tuple[Unit, ...] = ("day", "week", "month")
_MOST_EVENTS = 15_000
_NOT_YET = ("sentinel_event", "paging_window", "search", "search_properties", "use_custom_events")


def query(call: Call) -> Response:
    """All events of some people on some days.

    Mixpanel has put this endpoint in maintenance mode, and says so in a header.
    """
    response = json_answer(_feed(_events(call, *call.date_range())))
    response.headers["Deprecation"] = "true"
    return response


def bookmark(call: Call) -> Response:
    """The successor of ``query``: the same with the days in ``bookmark``, filters and ``limit``."""
    call.refuse_unsupported(*_NOT_YET)
    included, excluded = call.strings("include_events"), call.strings("exclude_events")
    if included and excluded:
        raise RefusedError(400, "include_events and exclude_events cannot be used together")
    limit = call.optional_integer("limit", most=_MOST_EVENTS)
    events = [
        event
        for event in _events(call, *_date_range(call))
        if (not included or event.event in included) and event.event not in (excluded or ())
    ]
    return json_answer(_feed(events[-limit:] if limit else events, sentinel_event=None))


def _events(call: Call, first: date, last: date) -> Sequence[ActivityEvent]:
    people = call.strings("distinct_ids")
    if not people:
        raise RefusedError(400, "Missing required parameter: distinct_ids")
    with call.desk() as desk:
        return desk.service.activity_feed(people, from_date=first, to_date=last).events


def _feed(events: Sequence[ActivityEvent], **more: Any) -> dict[str, Any]:
    listed = [{"event": event.event, "properties": event.properties} for event in events]
    return {"status": "ok", "results": {"events": listed, **more}}


def _date_range(call: Call) -> tuple[date, date]:
    """The days that ``bookmark`` names: two dates, all since one, or the last ones of the data set."""
    asked = call.json("bookmark")
    wanted = asked.get("dateRange") if isinstance(asked, dict) else None
    match wanted:
        case {"type": "between", "from": str(first), "to": str(last)}:
            return call.having(from_date=first, to_date=last).date_range()
        case {"type": "since", "from": str(first)}:
            return call.having(from_date=first, to_date=call.today.isoformat()).date_range()
        case {"type": "relative_after", "window": {"unit": str(unit), "value": int(value)}}:
            window = call.having(unit=unit, value=str(value))
            last_day = call.dataset.last_day or call.today
            unit, count = window.choice("unit", _PERIODS), window.integer("value", 1)
            return first_day(last_day, unit, count, call.dataset.week_start), last_day
    raise RefusedError(400, "Invalid bookmark: its dateRange is not understood")
