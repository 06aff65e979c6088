"""Cohorts by loops over users: who is meant by a definition, event by event."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb import did, in_cohort, profile

from .reference import Reference

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mixpanel_nb.queries.cohorts import Definition

    from .expressions import Node
    from .reference import Event
    from .support import Project

LENGTHS = {"30min": 1_800, "2h": 7_200, "1d": 86_400, "1w": 604_800}


@dataclass(frozen=True)
class Meant:
    """A definition, for the package and for the loops."""

    kind: str
    parts: tuple[Any, ...]

    def package(self) -> Definition:
        """The package's definition."""
        match self.kind:
            case "did":
                return did(**_plain(self.parts[0]))
            case "then":
                first, *steps = self.parts
                sequence: Any = did(**_plain(first))
                for step in steps:
                    sequence = sequence.then(**_plain(step))
                found: Definition = sequence
                return found
            case "profile":
                return profile(str(self.parts[0]))
            case "in":
                return in_cohort(self.parts[0])
            case "not":
                inside: Definition = self.parts[0].package()
                return ~inside
        one: Definition = self.parts[0].package()
        other: Definition = self.parts[1].package()
        return one & other if self.kind == "and" else one | other


def users_of(
    project: Project, meant: Meant, kept: Mapping[str, Collection[str]], last: date | None = None
) -> set[str]:
    """The users of a project's events who are meant.

    Args:
        project: Its events and profiles.
        meant: The definition.
        kept: Users of the cohorts that are there.
        last: Only events up to this day, with which ``within`` ends; by default all, and the last event's.
    """
    reference = Reference(project.events, project.profiles or (), project.zone, project.week_start)
    events = [e for e in reference.events if last is None or reference.local(e).date() <= last]
    latest = max((e.ms for e in reference.events), default=0)
    end = last or (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=latest)).date()
    of_user = defaultdict(list)
    for event in events:
        if event.user:
            of_user[event.user].append(event)
    loop = Loop(reference, kept, end)
    return {user for user, done in of_user.items() if loop.holds(meant, user, done)}


@dataclass(frozen=True)
class Loop:
    """Whether one user is meant."""

    reference: Reference
    kept: Mapping[str, Collection[str]]
    last: date

    def holds(self, meant: Meant, user: str, events: Sequence[Event]) -> bool:
        match meant.kind:
            case "did":
                return self._did(meant.parts[0], events)
            case "then":
                return self._in_order(meant.parts, events)
            case "profile":
                return bool(self.reference.value(meant.parts[0], events[0]) is True)
            case "in":
                return user in self.kept[meant.parts[0]]
            case "not":
                return not self.holds(meant.parts[0], user, events)
        both = [self.holds(part, user, events) for part in meant.parts]
        return all(both) if meant.kind == "and" else any(both)

    def _counts(self, did: Mapping[str, Any], event: Event) -> bool:
        if not self.reference.matches(event, did["event"], did.get("where")):
            return False
        day = self.reference.local(event).date()
        if "within" in did:
            days = {"1d": 1, "2d": 2, "1w": 7}[did["within"]]
            return self.last - timedelta(days=days) < day <= self.last
        return bool(did.get("from_date", date.min) <= day <= did.get("to_date", date.max))

    def _did(self, did: Mapping[str, Any], events: Sequence[Event]) -> bool:
        found = [event for event in events if self._counts(did, event)]
        if did.get("sum_of") is not None:
            values = [self.reference.value(did["sum_of"], event) for event in found]
            numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
            if not numbers:
                return False
            figure: float = sum(numbers)
            return bool(did.get("at_least", figure) <= figure <= did.get("at_most", figure))
        if "exactly" in did:
            return len(found) == int(did["exactly"])
        return bool(did.get("at_least", 1) <= len(found) <= did.get("at_most", len(found)))

    def _in_order(self, steps: Sequence[Mapping[str, Any]], events: Sequence[Event]) -> bool:
        """Every choice of events is tried."""
        return any(
            self._counts(steps[0], event) and self._goes_on(steps[1:], events, place)
            for place, event in enumerate(events)
        )

    def _goes_on(self, steps: Sequence[Mapping[str, Any]], events: Sequence[Event], place: int) -> bool:
        if not steps:
            return True
        step = steps[0]
        for later in range(place + 1, len(events)):
            near = (
                "within" not in step or events[later].ms - events[place].ms <= LENGTHS[step["within"]] * 1000
            )
            matches = self.reference.matches(events[later], step["event"], step.get("where"))
            if near and matches and self._goes_on(steps[1:], events, later):
                return True
        return False


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(value) if name in {"where", "sum_of"} else value for name, value in given.items()}


def _text(value: Node | str | None) -> str | None:
    return None if value is None else str(value)


__all__ = ["LENGTHS", "Loop", "Meant", "users_of"]
