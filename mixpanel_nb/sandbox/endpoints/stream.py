"""``stream/…``: what some users did, event by event, oldest first (query API, activity feed)."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from mixpanel_nb.analytics.calendar import midnight
from mixpanel_nb.queries import ActivityFeed
from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.intervals import first_day
from mixpanel_nb.sandbox.profiles import Choice
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from werkzeug.wrappers import Response

    from mixpanel_nb.queries import Unit
    from mixpanel_nb.results import ActivityEvent
    from mixpanel_nb.sandbox.calls import Call

_PERIODS: tuple[Unit, ...] = ("day", "week", "month")
_MOST_EVENTS = 15_000
_MOST_DAYS, _DAY = 30, 86_400
_EXPECTED = '[{"value":"...","resourceType":"event"}] (or "user")'


def query(call: Call) -> Response:
    """All events of some users on some days.

    Mixpanel has put this endpoint in maintenance mode, and says so in a header.
    """
    response = json_answer(_feed(_events(call, *call.date_range())))
    response.headers["Deprecation"] = "true"
    return response


def bookmark(call: Call) -> Response:
    """The successor of ``query``: the same with the days in ``bookmark``, filters, ``search`` and pages.

    A page is the latest events, at most ``limit`` of them and from at most ``paging_window`` days. Its
    ``sentinel_event`` asks for the page before it, and is null where there are no earlier events. The project
    has no custom events, so ``use_custom_events`` changes nothing.
    """
    first, last = _date_range(call)
    limit = call.integer("limit", _MOST_EVENTS, most=_MOST_EVENTS)
    window = call.optional_integer("paging_window", most=_MOST_DAYS)
    end = _sentinel(call) or _Place(_seconds(last + timedelta(days=1)))
    since = _seconds(first) if window is None else max(_seconds(first), end.time - window * _DAY)
    before = [(place, event) for place, event in _placed(_matching(call, first, last)) if place < end]
    page = [(place, event) for place, event in before if place.time >= since][-limit:]
    begin = page[0][0] if len(page) == limit else _Place(since)
    more = any(place < begin for place, _ in before)
    return json_answer(_feed([event for _, event in page], sentinel_event=begin.told if more else None))


class _Place(NamedTuple):
    """A place in a feed: a time (Unix seconds), and how many events of that very time come before it."""

    time: float
    before: int = 0

    @property
    def told(self) -> dict[str, float]:
        """What a client hands back as ``sentinel_event``."""
        return {"time": self.time, "before": self.before}


def _placed(events: Iterable[ActivityEvent]) -> Iterator[tuple[_Place, ActivityEvent]]:
    for time, alike in groupby(events, key=lambda event: event.time.timestamp()):
        for number, event in enumerate(alike):
            yield _Place(time, number), event


def _sentinel(call: Call) -> _Place | None:
    if call.text("sentinel_event") is None:
        return None
    match call.json("sentinel_event"):
        case {"time": int() | float() as time, "before": int(before)}:
            return _Place(time, before)
    raise RefusedError(400, "Invalid sentinel_event: pass the one of the answer before")


def _seconds(day: date) -> float:
    return midnight(day).replace(tzinfo=UTC).timestamp()


def _matching(call: Call, first: date, last: date) -> list[ActivityEvent]:
    """The events that the filters leave."""
    included, excluded = call.strings("include_events"), call.strings("exclude_events")
    if included and excluded:
        raise RefusedError(400, "include_events and exclude_events cannot be used together")
    is_found = _search(call)
    return [
        event
        for event in _events(call, first, last)
        if (not included or event.event in included)
        and event.event not in (excluded or ())
        and is_found(event)
    ]


def _search(call: Call) -> Callable[[ActivityEvent], bool]:
    """Whether an event holds the text of ``search``, whatever its case.

    It is looked for in the event's name and properties, or only in ``search_properties``.
    """
    text, only = call.text("search"), _search_properties(call)
    if text is None:
        if only is not None:
            raise RefusedError(400, "search_properties requires search")
        return lambda _: True
    wanted = text.lower()
    if only is None:
        return lambda event: any(wanted in shown for shown in _texts([event.event, event.properties]))
    users = _users(call) if any(whose == "user" for whose, _ in only) else {}

    def is_found(event: ActivityEvent) -> bool:
        held = {"event": event.properties, "user": users.get(event.distinct_id, {})}
        return any(wanted in shown for whose, name in only for shown in _texts(held[whose].get(name)))

    return is_found


def _texts(value: Any) -> Iterator[str]:
    """The texts in a value, in lower case; numbers, true and false as JSON writes them."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield (value if isinstance(value, str) else json.dumps(value)).lower()


def _search_properties(call: Call) -> list[tuple[str, str]] | None:
    """Whose property to look into, ``event`` or ``user``, and its name."""
    if call.text("search_properties") is None:
        return None
    asked = call.json("search_properties")
    return [_search_property(one) for one in (asked if isinstance(asked, list) else [asked])]


def _search_property(asked: Any) -> tuple[str, str]:
    match asked:
        case {"value": str(name), "resourceType": "event" | "user" as whose}:
            return whose, name
    raise RefusedError(400, f"Invalid search_properties: expected {_EXPECTED}")


def _users(call: Call) -> dict[str, Mapping[str, Any]]:
    """The profiles of the users asked for, by id."""
    ids = call.strings("distinct_ids") or []
    lines, _ = call.dataset.profiles.page(0, len(ids), Choice(distinct_ids=ids))
    profiles = [json.loads(line) for line in lines]
    return {str(profile["$distinct_id"]): profile.get("$properties") or {} for profile in profiles}


def _events(call: Call, first: date, last: date) -> Sequence[ActivityEvent]:
    users = call.strings("distinct_ids")
    if not users:
        raise RefusedError(400, "Missing required parameter: distinct_ids")
    with call.runner() as runner:
        query = ActivityFeed(distinct_ids=tuple(users), from_date=first, to_date=last)
        return runner.service.ask(query).events


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
            since = call.having(from_date=first).day("from_date")
            return since or call.last_day, max(since or call.last_day, call.last_day)
        case {"type": "relative_after", "window": {"unit": str(unit), "value": int(value)}}:
            window = call.having(unit=unit, value=str(value))
            unit, count = window.choice("unit", _PERIODS), window.integer("value", 1)
            return first_day(call.last_day, unit, count, call.dataset.week_start), call.last_day
    raise RefusedError(400, "Invalid bookmark: its dateRange is not understood")
