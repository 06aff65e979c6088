"""``Watch``: asks a table what was unusual in its last days."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics import why
from mixpanel_nb.analytics.sql import Parameters
from mixpanel_nb.queries import Metric, Why
from mixpanel_nb.results import Anomaly
from mixpanel_nb.results.anomalies import SPOKEN
from mixpanel_nb.results.usual import FREEDOM_OF_MANY, surprise
from mixpanel_nb.services.local import changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Anomalies
    from mixpanel_nb.results.anomalies import AnomalyKind
    from mixpanel_nb.results.usual import Surprise
    from mixpanel_nb.services.local.engines import Engine
    from mixpanel_nb.services.local.remarks import Remarks

_MOST_PROPERTIES = 20
_MOST_VALUES = 50  # of a main property
_LEAST = 5  # events, actual or usual
_ALIKE = 0.15  # the part by which values that are nearly the same events may differ


@dataclass(frozen=True)
class Watched:
    """Numbers over time, the last days of which are judged.

    Attributes:
        every: Any event.
        events: Event to its numbers.
        properties: The values of properties, in all events.
    """

    every: changes.Whole
    events: Mapping[str, changes.Whole]
    properties: Sequence[changes.Traces]

    def anomalies(self, ends: Sequence[int], asked: Callable[..., Why]) -> list[Anomaly]:
        """What was unusual, the last day first.

        Chances are corrected as those of ``why`` are, and for the days: the events, each property, and any
        event have equal parts in the chance that something is said of quiet days.

        Args:
            ends: How many first buckets end with each day that is judged.
            asked: Makes the question that explains a day, of its fields.
        """
        found = []
        for end in sorted(ends, reverse=True):
            of_day = self._of_day(end, len(ends), asked)
            found += sorted(of_day, key=lambda each: (each.value is not None, each.chance, -abs(each.change)))
        return found

    @property
    def comparisons(self) -> int:
        """The numbers that are compared on a day."""
        return 1 + self._differing + sum(self._values.values())

    @cached_property
    def _differing(self) -> int:
        """How many events have numbers of their own."""
        return len({tuple(each.actual) for each in self.events.values()} - {tuple(self.every.actual)})

    @cached_property
    def _values(self) -> dict[str, int]:
        """How many values of each property have numbers of their own."""
        return {each.name: len({tuple(line) for line in each.series.values()}) for each in self.properties}

    @cached_property
    def _groups(self) -> int:
        series = {frozenset(tuple(line) for line in each.series.values()) for each in self.properties}
        return 1 + bool(self._differing) + len(series)

    def _of_day(self, end: int, days: int, asked: Callable[..., Why]) -> Iterator[Anomaly]:
        bucket = self.every.dates[end - 1]
        day = bucket.date() if isinstance(bucket, datetime) else bucket
        times = days * self._groups

        def row(
            kind: AnomalyKind, prop: str | None, value: str | None, judged: Surprise, chance: float
        ) -> Anomaly:
            metric = "*" if kind != "event" else Metric(value)
            why = asked(metric=metric, date=day, properties=() if prop is None else (prop,))
            line = self._line(kind, prop, value)
            return Anomaly(day, kind, prop, value, judged.actual, judged.expected, chance, (), why, *line)

        every = _unusual(self.every, end, times)
        events = [
            row("event", None, name, *judged)
            for name, whole in self.events.items()
            if (judged := _unusual(whole, end, times * self._differing)) is not None
        ]
        if every is not None:
            whole = row("all", None, None, *every)
            alike = [each for each in events if each.change * whole.change > 0]
            events = [each for each in events if each not in alike]
            alike.sort(key=lambda each: -abs(each.change))
            yield replace(whole, also=tuple(each.name for each in alike))
        yield from events
        yield from _apart(
            row("value", each.name, each.value, each.own, chance)
            for trace in self.properties
            for each in trace.shifts(end, freedom=FREEDOM_OF_MANY)
            if each.is_news
            and each.is_its_own
            and (chance := (each.mix.chance or 0.0) * times * self._values[trace.name]) < SPOKEN
            and each.mix.chance is not None
        )

    def _line(
        self, kind: AnomalyKind, prop: str | None, value: str | None
    ) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
        """The numbers of a row over time, and what was usual for each."""
        if kind == "value":
            trace = next(each for each in self.properties if each.name == prop)
            return tuple(trace.series[value or ""]), tuple(trace.own[value or ""])
        whole = self.every if kind == "all" else self.events[value or ""]
        return tuple(whole.actual), tuple(whole.expected)


def _unusual(whole: changes.Whole, end: int, times: int) -> tuple[Surprise, float] | None:
    """How far a day is from what is usual, and its corrected chance; None where chance explains it."""
    judged = surprise(whole.actual[:end], whole.expected[:end], freedom=FREEDOM_OF_MANY)
    if judged is None or judged.chance is None or max(judged.actual, judged.expected) < _LEAST:
        return None
    chance = judged.chance * times
    return (judged, chance) if chance < SPOKEN else None


def _apart(rows: Iterable[Anomaly]) -> list[Anomaly]:
    """One row a property, of the value that moved most, with the names of the others.

    A property of which that value is nearly the same events as another's has no row of its own.
    """
    heads: dict[str | None, Anomaly] = {}
    for each in sorted(rows, key=lambda row: (-abs(row.change), row.name)):
        head = heads.setdefault(each.prop, each)
        if head is not each:
            heads[each.prop] = replace(head, also=(*head.also, each.name))
    apart: list[Anomaly] = []
    for each in sorted(heads.values(), key=lambda row: (row.expected, len(row.name), row.name)):
        place = next((number for number, other in enumerate(apart) if _is_alike(each, other)), None)
        if place is None:
            apart.append(each)
        else:
            apart[place] = replace(apart[place], also=(*apart[place].also, each.name))
    return apart


def _is_alike(one: Anomaly, other: Anomaly) -> bool:
    return all(
        abs(this - that) <= _ALIKE * max(abs(this), abs(that))
        for this, that in ((one.actual, other.actual), (one.change, other.change))
    )


@dataclass
class Watch:
    """What was unusual in the last days of a table.

    Attributes:
        engine: Where the table is.
        query: The question.
        asking: Its table, and the days with those before that say what is usual.
        statement: The statement of any event.
        ends: How many first days end with each that is judged.
        watched: The numbers.
        tried: The properties.
        anomalies: What was unusual.
    """

    engine: Engine
    query: Anomalies
    asking: Remarks
    statement: Statement = field(init=False)
    ends: range = field(init=False)
    watched: Watched = field(init=False)
    tried: list[str] = field(default_factory=list)
    anomalies: list[Anomaly] = field(default_factory=list)

    def __post_init__(self) -> None:
        context, query = self.asking.context, self.query
        dates, held = context.period.buckets("day"), self.asking.table.only
        known = self.asking.complete("day", *([None] if held is None else sorted(held)))
        last = len(dates)
        while query.date is None and last > query.days and not known[last - 1]:
            last -= 1
        self.ends = range(last - query.days + 1, last + 1)
        asked = self._asked(metric="*", date=dates[last - 1])
        self.statement = why.whole(context, asked)
        found = self.engine.rows(self.statement)
        every = changes.Whole(dates, {bucket: value for bucket, value, _ in found}, known, "day")
        events = self._by_name(why.by_event(self._afresh(), asked, where=query.where))
        self.tried = self._properties(asked)
        self.watched = Watched(
            every,
            {
                name: changes.Whole(dates, values, self.asking.complete("day", name), "day")
                for name, values in events.items()
            },
            [
                every.trace(name, self._by_name(why.by_value(self._afresh(), asked, name)))
                for name in self.tried
            ],
        )
        self.anomalies = self.watched.anomalies(self.ends, self._asked)

    @property
    def judged(self) -> int:
        """How many of the days have enough days before them."""
        every = self.watched.every
        found = [surprise(every.actual[:end], every.expected[:end]) for end in self.ends]
        return sum(1 for each in found if each is not None and each.chance is not None)

    def _asked(self, **fields: Any) -> Why:
        query = self.query
        shared = ("where", "in_cohort", "not_in_cohort", "identities", "table")
        return Why.of({**{name: getattr(query, name) for name in shared}, **fields})

    def _properties(self, asked: Why) -> list[str]:
        """The main properties: those that most events have, of a few values that are no numbers."""
        names = list(self.query.properties)
        if names:
            return names
        table = self.asking.context.events.table
        untold = {*changes.UNTOLD, *self.engine.property_names(table, None, numbers=True)}
        held = [name for name in self.engine.property_names(table, None) if name not in untold]
        if not held:
            return []
        ((_, *counted),) = self.engine.rows(why.spread(self._afresh(), asked, held))
        main = [
            (-has, name)
            for name, has, values in zip(held, counted[::2], counted[1::2], strict=True)
            if 1 < values <= _MOST_VALUES
        ]
        return [name for _, name in sorted(main)[:_MOST_PROPERTIES]]

    def _by_name(self, statement: Statement) -> dict[str, dict[Bucket, Any]]:
        return changes.by_name(self.engine.rows(statement))

    def _afresh(self) -> ReportContext:
        """The same context for a further statement, whose remarks are not told."""
        return replace(self.asking.context, parameters=Parameters(), notes=[], without_column=[])
