"""The cohorts of a typed query: saved ones, inline ones, and those by frequency."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import midnight
from mixpanel_nb.analytics.definitions import Lookup
from mixpanel_nb.analytics.sql import Statement, identifier
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id
from mixpanel_nb.sandbox.typed import inline
from mixpanel_nb.sandbox.typed.frequencies import times_of
from mixpanel_nb.sandbox.user_counts import EventCondition, times_done
from mixpanel_nb.services.local.engines.forwarding import ForwardingEngine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.analytics.definitions import Definitions
    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.typed.frequencies import Frequency, Interval

_UNITS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
_LONGEST = timedelta(days=36_500)
_IDS = "_members_{}"
_COUNTS = "_frequencies_{}"


@dataclass(frozen=True)
class CohortEngine(ForwardingEngine):
    """The engine of the sandbox, with cohorts and frequencies whose users are bound to each statement.

    Attributes:
        members: The ids by cohort.
        counts: How often each user did an event, by frequency.
    """

    members: Mapping[str, Sequence[str]]
    counts: Mapping[Frequency, Mapping[str, int]] = field(default_factory=dict)

    def cohorts(self) -> Mapping[str, str]:
        """See ``Engine``."""
        return {
            name: f"(SELECT unnest(${_IDS.format(place)}::VARCHAR[]) AS distinct_id)"
            for place, name in enumerate(self.members)
        }

    def definitions(self) -> Definitions:
        """See ``Engine``."""
        lookups = {}
        for place, each in enumerate(self.counts):
            name = _COUNTS.format(place)
            columns = f"unnest(${name}_users::VARCHAR[]) AS user_id, unnest(${name}_times::BIGINT[])"
            table = f"(SELECT {columns} AS {identifier(each.label)})"
            key = 'properties["distinct_id"]'
            lookups[each.table] = Lookup(each.table, table, "user_id", key, {each.label: "integer"})
        return replace(self.engine.definitions(), lookups=lookups)

    def rows(self, statement: Statement) -> list[tuple[Any, ...]]:
        """See ``Engine``."""
        return self.engine.rows(self._bound(statement))

    def source(self, statement: Statement) -> RowSource:
        """See ``Engine``."""
        return self.engine.source(self._bound(statement))

    def _bound(self, statement: Statement) -> Statement:
        """The statement with the ids of those cohorts that it names."""
        ids: dict[str, list[Any]] = {
            _IDS.format(place): list(ids) for place, ids in enumerate(self.members.values())
        }
        for place, counts in enumerate(self.counts.values()):
            ids[f"{_COUNTS.format(place)}_users"] = list(counts)
            ids[f"{_COUNTS.format(place)}_times"] = list(counts.values())
        named = {name: value for name, value in ids.items() if f"${name}:" in statement.text}
        return Statement(statement.text, {**statement.params, **named})


def members_of(
    call: Call, definitions: Mapping[str, Mapping[str, Any]], interval: Interval | None = None
) -> dict[str, Sequence[str]]:
    """The members of cohorts, by name.

    Args:
        call: The request.
        definitions: As ``Reading.cohorts`` has them.
        interval: The days on which those by frequency are counted; None is ever.

    Raises:
        RefusedError: a cohort is none that the sandbox knows.
    """
    return {name: _members(call, definition, interval) for name, definition in definitions.items()}


def _members(call: Call, definition: Mapping[str, Any], interval: Interval | None) -> Sequence[str]:
    if "frequency" in definition:
        return _by_frequency(call, definition["frequency"], int(definition["least"]), interval)
    if "raw_cohort" in definition:
        return inline.members(call, definition["raw_cohort"])
    number = definition.get("id")
    cohort = by_id(call.dataset.saved.cohorts, number if isinstance(number, int) else -1)
    if cohort is None:
        raise RefusedError(400, f"Invalid cohort: there is no cohort {number}")
    return call.dataset.members(cohort)


def _by_frequency(
    call: Call, behavior: Mapping[str, Any], least: int, interval: Interval | None
) -> Sequence[str]:
    if behavior.get("filters") or behavior.get("aggregationOperator", "total") != "total":
        raise RefusedError(400, "The sandbox does not evaluate a filter by frequency with filters yet")
    window = (behavior.get("dateRange") or {}).get("window")
    event = str((behavior.get("event") or {}).get("value"))
    times = times_of(call, event, interval) if interval and not window else _times(call, event, window)
    return sorted(user for user, count in times.items() if count >= max(least, 1))


def _times(call: Call, event: str, window: Mapping[str, Any] | None) -> dict[str, int]:
    until = midnight(call.last_day + timedelta(days=1))
    length = _LONGEST
    if window:
        unit, value = _UNITS.get(str(window.get("unit"))), window.get("value")
        if unit is None or not isinstance(value, int):
            raise RefusedError(
                400, f"Invalid window: {dict(window)}, expected a number of hours, days or weeks"
            )
        length = min(unit * value, _LONGEST)
    with call.runner() as runner:
        return times_done(runner, EventCondition(((event, None),), until - length, until))
