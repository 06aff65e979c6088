"""``behaviors`` of a profile query: what users did before a moment, counted for use in ``where``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import midnight
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.user_counts import EventCondition, times_done

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.sandbox.calls import Call

_WINDOW = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LATEST = 4_102_444_800  # the year 2100
_EXPECTED = '[{"window":"30d","name":"...","event_selectors":[{"event":"...","selector":"..."}]}]'


@dataclass(frozen=True)
class _Behavior:
    name: str
    window: timedelta
    events: tuple[tuple[str, str | None], ...]


def counted(call: Call) -> Mapping[str, Mapping[str, int]]:
    """The number of times each user did each behavior, by its name and the user's id.

    The window ends with ``as_of_timestamp`` (Unix seconds); without it, or where that is later, with the data
    set: clients send their clock's time, and the data set's last day is today.

    Raises:
        RefusedError: they are invalid, or there is a mistake in a selector.
    """
    if call.text("behaviors") is None:
        return {}
    if call.text("filter_by_cohort") is not None:
        raise RefusedError(400, "behaviors and filter_by_cohort are mutually exclusive")
    until = _as_of(call)
    asked = _asked(call)
    with call.runner() as runner:
        return {
            behavior.name: times_done(runner, EventCondition(behavior.events, until - behavior.window, until))
            for behavior in asked
        }


def _as_of(call: Call) -> datetime:
    """The moment (UTC, naive)."""
    moment, end = call.optional_integer("as_of_timestamp", most=_LATEST), call.last_day + timedelta(days=1)
    if moment is None:
        return midnight(end)
    return min(datetime.fromtimestamp(moment, UTC).replace(tzinfo=None), midnight(end))


def _asked(call: Call) -> list[_Behavior]:
    asked = call.json("behaviors")
    if not isinstance(asked, list) or not asked:
        raise _mistake()
    return [_behavior(one) for one in asked]


def _behavior(asked: Any) -> _Behavior:
    match asked:
        case {"window": str(window), "name": str(name), "event_selectors": [_, *_] as selectors}:
            length = _WINDOW.fullmatch(window)
            if length is None:
                raise RefusedError(400, f"Invalid behaviors: {window!r} is no window such as 30d (or h, w)")
            events = tuple(_selector(selector) for selector in selectors)
            return _Behavior(name, int(length[1]) * _UNITS[length[2]], events)
    raise _mistake()


def _selector(asked: Any) -> tuple[str, str | None]:
    match asked:
        case {"event": str(event), "selector": str(selector)} if selector:
            return event, selector
        case {"event": str(event)}:
            return event, None
    raise _mistake()


def _mistake() -> RefusedError:
    return RefusedError(400, f"Invalid behaviors: expected {_EXPECTED}")
