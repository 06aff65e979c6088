"""The parts that all reports share: the table, the days, and the selection of events."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.calendar import bucket_sql
from mixpanel_nb.analytics.definitions import Definitions
from mixpanel_nb.analytics.expressions import Compiler, Scope
from mixpanel_nb.analytics.expressions.compiler import EVENTS, PROFILES
from mixpanel_nb.analytics.expressions.values import Value, segment
from mixpanel_nb.analytics.sql import Parameters, Statement, conjunction
from mixpanel_nb.queries.customs import custom_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mixpanel_nb.analytics.calendar import Period
    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.queries import CountType
    from mixpanel_nb.queries.shared import CalendarUnit

USER = f"nullif({EVENTS}.distinct_id, '')"
"""The event's user; NULL for events without a user, which count as events but not as users."""

# An access has its name in quotes; `user[email]` is the name of a property.
_ACCESS = re.compile(r"\b(?:(?:properties|user|event)\s*\[|in_cohort\s*\()\s*[\"']")


_COHORTS = "cohort:"


@dataclass
class ReportContext:
    """A table of events and the days of a report.

    Attributes:
        events: The table.
        find_profiles: Finds the profiles that ``user["…"]`` reads, or None if there are none.
        period: The days.
        now: Unix seconds, for ``NOW``.
        parameters: The values of the statement.
        notes: Notes for the reader about the expressions.
        hidden: Events that are hidden in Lexicon, which "any event" leaves out
            (https://docs.mixpanel.com/docs/data-governance/lexicon#hide-events-and-properties).
        without_column: The requested properties without their own column.
        find_cohorts: Finds the tables of ids of the cohorts, by name.
        in_cohort: Only events of users who are in all of these cohorts.
        not_in_cohort: Only events of users who are in none of these.
        find_definitions: Finds the custom events, custom properties and lookup tables.
    """

    events: TableColumns
    find_profiles: Callable[[], TableColumns | None]
    period: Period
    now: float
    parameters: Parameters = field(default_factory=Parameters)
    notes: list[str] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    without_column: list[str] = field(default_factory=list)
    find_cohorts: Callable[[], Mapping[str, str]] = dict
    in_cohort: tuple[str, ...] = ()
    not_in_cohort: tuple[str, ...] = ()
    find_definitions: Callable[[], Definitions] = Definitions

    def select(self) -> Selection:
        """A selection of the table's events without conditions."""
        return Selection(self)

    def bind(self, value: object, name: str) -> str:
        """Bind a value; returns its ``$name``."""
        return self.parameters.bind(value, name)

    @property
    def place(self) -> str:
        """SQL that orders events of the same time: by the order of sending, else by ``insert_id``."""
        if self.events.order is not None:
            return self.events.place(EVENTS)
        return f"{EVENTS}.insert_id" if self.events.has_insert_id else "NULL"

    def bucket(self, unit: CalendarUnit, time: str = f"{EVENTS}.event_time") -> str:
        """SQL for the bucket of a time that lies within the days."""
        return bucket_sql(time, unit, self.period, self.parameters)

    def statement(self, text: str) -> Statement:
        """The finished statement, with the values that it names."""
        return Statement(text, self.parameters.named_in(text))


class Selection:
    """A selection of the table's events: FROM and WHERE of one part of a statement."""

    def __init__(self, context: ReportContext) -> None:
        self._context = context
        self._conditions: list[str] = []
        self._joins: list[str] = []
        self._scope = Scope(
            main=context.events,
            parameters=context.parameters,
            zone=context.period.zone,
            now=context.now,
            find_profiles=context.find_profiles,
            notes=context.notes,
            without_column=context.without_column,
            find_cohorts=context.find_cohorts,
            find_definitions=context.find_definitions,
        )
        for cohort in context.in_cohort:
            self.that(self._scope.member(cohort))
        for cohort in context.not_in_cohort:
            self.that(f"NOT ({self._scope.member(cohort)})")

    def meant(self, event: str | None, where: str | None) -> str:
        """SQL that holds for events of this name (None: any that is not hidden) that pass a filter.

        It adds no condition to the selection; it is TRUE where all events are meant.
        """
        before, self._conditions = self._conditions, []
        self.named(event).where(where)
        own, self._conditions = self._conditions, before
        if len(own) < 2:
            return own[0] if own else "TRUE"
        return f"({' AND '.join(own)})"

    def named(self, events: str | Sequence[str] | None, name: str = "event") -> Selection:
        """Only events of this name, or of one of these; None for any that is not hidden."""
        if events is None:
            return self._visible()
        listed = [events] if isinstance(events, str) else events
        conditions = [self._custom(event, name) for event in listed if custom_event(event) is not None]
        plain = [event for event in listed if custom_event(event) is None]
        if plain:
            conditions.insert(0, self._one_of(plain, name))
        return self.that(conditions[0] if len(conditions) == 1 else f"({' OR '.join(conditions)})")

    def is_named(self, event: str, name: str = "event") -> str:
        """A condition (never NULL): the event has this name, or is one of a custom event."""
        return self._one_of([event], name) if custom_event(event) is None else self._custom(event, name)

    def _one_of(self, events: Sequence[str], name: str) -> str:
        bound = [self._context.bind(event, name) for event in events]
        column = f"{EVENTS}.event_name"
        return f"{column} = {bound[0]}" if len(bound) == 1 else f"{column} IN ({', '.join(bound)})"

    def _custom(self, event: str, name: str) -> str:
        """A condition (never NULL): the event is one of those of a custom event.

        Raises:
            ParameterError: it is not known here.
        """
        definitions, number = self._context.find_definitions(), custom_event(event) or 0
        found = definitions.event(number)
        self._context.notes.append(f"{event} is {found.name!r}: {found.words()}.")
        alternatives = definitions.alternatives(number)
        if any(each == (None, None) for each in ((each.event, each.where) for each in alternatives)):
            return "TRUE"
        plain = [each.event for each in alternatives if each.event is not None and each.where is None]
        conditions = [self._one_of(plain, name)] if plain else []
        for each in alternatives:
            if each.where is not None:
                named = [] if each.event is None else [self._one_of([each.event], name)]
                both = " AND ".join([*named, self.condition(each.where)])
                conditions.append(f"coalesce({both}, FALSE)")
        return f"({' OR '.join(conditions)})" if conditions else "FALSE"

    def _visible(self) -> Selection:
        context = self._context
        if not context.hidden:
            return self
        names = sorted(context.hidden)
        context.notes.append(f"Hidden in Lexicon, and so left out of any event: {', '.join(names)}.")
        bound = ", ".join(context.bind(name, "hidden") for name in names)
        return self.that(f"{EVENTS}.event_name NOT IN ({bound})")

    def in_period(self) -> Selection:
        """Only events of the days asked about."""
        period = self._context.period
        since, until = self._context.bind(period.since, "since"), self._context.bind(period.until, "until")
        time = f"{EVENTS}.event_time"
        return self.that(f"{time} >= {since}").that(f"{time} < {until}")

    def of_users(self) -> Selection:
        """Only events with a user."""
        return self.that(f"{EVENTS}.distinct_id <> ''")

    def where(self, expression: str | None) -> Selection:
        """Only events for which a Mixpanel expression is true; None for all.

        Raises:
            ExpressionError: there is a mistake in it.
        """
        return self if expression is None else self.that(self.condition(expression))

    def condition(self, expression: str) -> str:
        """SQL that holds where a Mixpanel expression is true (NULL where it is undefined).

        Raises:
            ExpressionError: there is a mistake in it.
        """
        return Compiler(self._scope).condition(expression)

    def member(self, cohort: str) -> str:
        """A condition (never NULL): the event's user is in a cohort.

        Raises:
            ParameterError: there is no such cohort.
        """
        return self._scope.member(cohort)

    def is_a(self, event: str, where: str | None, name: str = "event") -> str:
        """A condition (never NULL): the event has this name and its expression is true.

        Raises:
            ExpressionError: there is a mistake in the expression.
        """
        named = self.is_named(event, name)
        if where is None:
            return named
        return f"coalesce({named} AND {Compiler(self._scope).condition(where)}, FALSE)"

    def that(self, condition: str) -> Selection:
        """Only events for which SQL holds."""
        self._conditions.append(condition)
        return self

    def joined(self, join: str) -> Selection:
        """Add a JOIN."""
        self._joins.append(join)
        return self

    def value(self, on: str) -> Value:
        """The value of a breakdown or a sum: a Mixpanel expression, the name of a property, or cohorts.

        Raises:
            ExpressionError: there is a mistake in it.
            ParameterError: there is no such cohort.
        """
        compiler = Compiler(self._scope)
        if cohorts := cohorts_of(on):
            return compiler.membership(cohorts)
        return compiler.value(on) if is_expression(on) else compiler.property(on)

    def property(self, name: str) -> Value:
        """The property of that name."""
        return Compiler(self._scope).property(name)

    def sql(self, indent: str = "    ") -> str:
        """FROM and WHERE, to be placed at ``indent``."""
        lines = [f"FROM {self._context.events.source(indent)} AS {EVENTS}", *self._joins]
        if self._scope.profiles is not None:
            source = self._scope.profiles.source(indent)
            lines.append(f"LEFT JOIN {source} AS {PROFILES} ON {PROFILES}.distinct_id = {EVENTS}.distinct_id")
        lines += [join for _, join in self._scope.lookups.values()]
        for alias, table in self._scope.cohorts.values():
            ids = self._context.events.resolved(table)
            lines.append(f"LEFT JOIN {ids} AS {alias} ON {alias}.distinct_id = {EVENTS}.distinct_id")
        if self._conditions:
            lines.append(f"WHERE {conjunction(self._conditions, indent + '  ')}")
        return f"\n{indent}".join(lines)


def cohorts_of(on: str) -> tuple[str, ...]:
    """The cohorts of a breakdown such as ``cohort:buyers`` or ``cohort:buyers,staff``; else none."""
    if not on.startswith(_COHORTS):
        return ()
    names = (name.strip() for name in on.removeprefix(_COHORTS).split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def is_expression(on: str) -> bool:
    """Whether ``on`` is a Mixpanel expression; anything else is the name of an event's property."""
    return _ACCESS.search(on) is not None


def everyone_and_segments(selection: Selection, on: str | Sequence[str] | None) -> str:
    """SQL of the values a breakdown groups by, plus NULL for all users; only the latter without ``on``.

    For several breakdowns it is a list with one text per breakdown. An event with lists is in one segment for
    each pair of their items.
    """
    if on is None:
        return "CAST(NULL AS VARCHAR)"
    if isinstance(on, str):
        name, is_list = segment(selection.value(on))
        return f"unnest(list_append({name}, NULL))" if is_list else f"unnest([{name}, NULL])"
    names = [segment(selection.value(each)) for each in on]
    listed = [place for place, (_, is_list) in enumerate(names) if is_list]
    texts = [f"_item_{place}" if is_list else name for place, (name, is_list) in enumerate(names)]
    one = f"[{', '.join(texts)}]"
    if not listed:
        return f"unnest([{one}, NULL])"
    for depth, place in enumerate(reversed(listed)):
        one = f"[{one} FOR _item_{place} IN {names[place][0]}]"
        one = f"flatten({one})" if depth else one
    return f"unnest(list_append({one}, NULL))"


def number_of(context: ReportContext, value: Value, on: str) -> str:
    """The value as a DOUBLE, NULL if it is not a number; adds a note if it never is."""
    if value.double is None and value.types:
        hint = "" if value.types != ("text",) or is_expression(on) else f' Try number(properties["{on}"]).'
        context.notes.append(f"{on!r} never is a number (it holds {' or '.join(value.types)}).{hint}")
    return value.double or "CAST(NULL AS DOUBLE)"


def measure(kind: CountType, user: str = f"{EVENTS}.distinct_id") -> str:
    """SQL of a count: events, users, or events per user; events without a user have none, or an empty one."""
    if kind == "general":
        return "count(*)"
    of_users = f"FILTER (WHERE {user} <> '')"
    users = f"count(DISTINCT {user}) {of_users}"
    if kind == "unique":
        return users
    return f"coalesce(CAST(count(*) {of_users} AS DOUBLE) / nullif({users}, 0), 0)"
