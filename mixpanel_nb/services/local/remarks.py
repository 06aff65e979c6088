"""Notes of local reports: why there is no data, and what the table does not contain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import coverage, midnight, utc
from mixpanel_nb.analytics.context import is_expression
from mixpanel_nb.analytics.expressions.values import UNDEFINED
from mixpanel_nb.analytics.sql import Parameters, Statement
from mixpanel_nb.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.queries import Unit
    from mixpanel_nb.services.local.engines import Engine, EventTable, Part
    from mixpanel_nb.services.local.engines.base import Span

_DAY = timedelta(days=1)
_WHOLE = "all"
_LOOKED_AT = 100_000  # events, for a property without a column


@dataclass(frozen=True)
class Remarks:
    """Writes the notes of an answer.

    Attributes:
        engine: The engine of the table.
        table: Its description.
        context: The context of the query.
    """

    engine: Engine
    table: EventTable
    context: ReportContext

    def notes(
        self,
        events: Sequence[str],
        *,
        found: bool,
        on: str | tuple[str, ...] | None = None,
        segments: Iterable[Any] = (),
    ) -> tuple[str, ...]:
        """The notes of a result.

        Args:
            events: The requested events.
            found: Whether there is data.
            on: The breakdown of the result.
            segments: The segments of the result.
        """
        said = [*self._cohorts(), *dict.fromkeys(self.context.notes)]
        if not found:
            said += self._unknown(events)
        asked = dict.fromkeys(self.context.without_column)
        named = [segment if isinstance(segment, tuple) else (segment,) for segment in segments]
        for place, each in enumerate((on,) if isinstance(on, str) else on or ()):
            if named and not is_expression(each) and {names[place] for names in named} == {UNDEFINED}:
                asked.pop(each, None)
                said.append(f"None of these events has a property {each!r}.{self._meant(each)}")
        said += [note for name in asked if (note := self._unknown_property(name))]
        return (*said, *self._outside())

    def _cohorts(self) -> list[str]:
        """Which users are counted, where not all are."""
        inside, outside = self.context.in_cohort, self.context.not_in_cohort
        parts = [f"in {' and '.join(inside)}"] if inside else []
        parts += [f"not in {' or '.join(outside)}"] if outside else []
        return [f"Only users {' and '.join(parts)}."] if parts else []

    def known(self, event: str | None) -> Sequence[Span]:
        """The times of the requested days for which the table shows whether an event happened.

        A table without fetch records counts as complete.
        """
        period = self.context.period
        if not self.table.parts:
            return [(period.since, period.until)]
        return self.table.observed(event, period.until)

    def complete(self, unit: Unit, *events: str | None) -> tuple[bool | None, ...]:
        """For each bucket, whether the table holds all of its time (see ``BucketedResult``).

        Args:
            unit: The buckets.
            events: The events that are counted; None is any event. All of them must be covered.
        """
        period = self.context.period
        known = [coverage(period, unit, self.known(event)) for event in events]
        return tuple(None if None in states else all(states) for states in zip(*known, strict=True))

    def no_values(self, properties: Iterable[str]) -> list[str]:
        """A note for each of these properties that has no column, with the nearest name of one that has."""
        known = self.context.events.properties
        return [
            f"None of these events has a value of {name!r}. {did_you_mean(name, known) or ''}".rstrip()
            for name in properties
            if name not in known and not is_expression(name)
        ]

    def elapsed(self) -> float:
        """The fraction of the last requested day that the table can cover, above 0 and up to 1."""
        period = self.context.period
        since, until = utc(midnight(period.last), period.zone), period.until
        known = datetime.fromtimestamp(self.context.now, UTC).replace(tzinfo=None)
        days = {since.date(), (until - timedelta(microseconds=1)).date()}
        fetched = [self.table.fetched.get(day) for day in days]
        seen = min([known, until, *(moment for moment in fetched if moment and moment > since)])
        return (seen - since) / (until - since) if seen > since else 1.0

    def _unknown(self, events: Sequence[str]) -> list[str]:
        """A note for each event that the table does not contain at all."""
        if not events:
            return []
        statement = Statement(f"SELECT DISTINCT event_name FROM {self.context.events.source()} AS e", {})
        known = [event for (event,) in self.engine.rows(statement)]
        named = [name for event in events for name in self.table.names(event) if name is not None]
        return [self._no_such(event, known) for event in dict.fromkeys(named) if event not in known]

    def _no_such(self, event: str, known: Sequence[str]) -> str:
        table, only = self.context.events.table, self.table.only
        if only is not None and event not in only:
            return f"{table} was fetched without the event {event!r}."
        hint = did_you_mean(event, known)
        return f"There is no event {event!r} in {table}." + (f" {hint}" if hint else "")

    def _unknown_property(self, name: str) -> str | None:
        """A note if no event seems to have a requested property."""
        table, looked = self.context.events.table, 0
        if self.context.events.has_json:
            again = replace(self.context, parameters=Parameters(), notes=[], without_column=[])
            selection = again.select()
            held = selection.property(name).is_set
            statement = again.statement(
                "SELECT count(*), count(CASE WHEN _held THEN 1 END)\n"
                f"FROM (SELECT {held} AS _held {selection.sql('')} LIMIT {_LOOKED_AT}) AS _looked"
            )
            ((looked, with_it),) = self.engine.rows(statement)
            if with_it or not looked:
                return None
        meant = self._meant(name)
        if looked < _LOOKED_AT:
            return f"No event of {table} has a property {name!r}.{meant}"
        # Other events may have it: only a name that looks wrong needs a note.
        return (
            f"None of the first {looked:,} events of {table} has a property {name!r}.{meant}"
            if meant
            else None
        )

    def _meant(self, name: str) -> str:
        """The property that is probably meant, as a further sentence."""
        hint = did_you_mean(name.removeprefix("properties."), self.context.events.properties.keys() - {name})
        return f" {hint}" if hint else ""

    def _outside(self) -> list[str]:
        """The requested days that the table lacks."""
        name, said = self.context.events.table, [*self.table.notes]
        if not self.table.complete:
            said.append(f"The last fetch of {name} did not end: parts are missing until it is repeated.")
        if not self.table.parts:
            return said
        zone = self.table.day_zone.key
        held: dict[tuple[str, ...], list[date]] = {}
        for day in self._days():
            held.setdefault(self._limits_of(day), []).append(day)
        missing = held.pop((), [])
        for limits, days in held.items():
            if limits != (_WHOLE,) and not (len(held) == 1 and limits == self._known_events):
                scope = "" if len(held) == 1 else f", of {days_text(days)} ({zone}),"
                said.append(f"{name} holds{scope} {' and '.join(limits)}.")
        if missing:
            said.append(
                f"{name} holds no events of {days_text(missing)} ({zone}): these days were not fetched."
            )
        return said

    def _limits_of(self, day: date) -> tuple[str, ...]:
        """The filters of a fetched day, in words; empty if it was not fetched."""
        parts = [part for part in self.table.parts if day in part.days]
        if any(part.is_whole for part in parts):
            return (_WHOLE,)
        return tuple(sorted({described(part) for part in parts}))

    @property
    def _known_events(self) -> tuple[str, ...] | None:
        """The events that all of the table is limited to, if nothing else limits it, which needs no note."""
        only = [part for part in self.table.parts if part.where is None and part.limit is None]
        limits = tuple(sorted({described(part) for part in only}))
        return limits if len(only) == len(self.table.parts) else None

    def _days(self) -> list[date]:
        """The fetched days that overlap the period."""
        period, zone = self.context.period, self.table.day_zone
        first, last = (
            moment.replace(tzinfo=UTC).astimezone(zone).date()
            for moment in (period.since, period.until - timedelta(microseconds=1))
        )
        return [first + number * _DAY for number in range((last - first).days + 1)]


def described(part: Part) -> str:
    """The filters in words, as in ``only Purchase and Sign Up for which … is true``."""
    names = " and ".join(sorted(part.only)) if part.only else "events"
    if part.limit is None:
        names = f"only {names}"
    else:
        names = f"at most {part.limit:,} {'of ' if part.only else ''}{names}"
    return names if part.where is None else f"{names} for which {part.where} is true"


def days_text(days: Sequence[date]) -> str:
    """Days as ranges, the first three of them."""
    ranges: list[list[date]] = []
    for day in days:
        if ranges and day - ranges[-1][1] == _DAY:
            ranges[-1][1] = day
        else:
            ranges.append([day, day])
    told = [str(first) if first == last else f"{first} to {last}" for first, last in ranges]
    return ", ".join(told[:3]) + (f" and {len(told) - 3} more ranges" if len(told) > 3 else "")
