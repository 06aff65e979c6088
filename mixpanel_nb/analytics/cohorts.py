"""Cohorts: the users of a table whom a definition means.

What each condition means is told in ``docs/howto/cohorts.md``; Mixpanel's own cohorts are described at
https://docs.mixpanel.com/docs/users/cohorts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.calendar import Period
from mixpanel_nb.analytics.context import USER, number_of
from mixpanel_nb.analytics.expressions import nodes, parse
from mixpanel_nb.analytics.expressions.compiler import EVENTS
from mixpanel_nb.analytics.sql import Parameters, conjunction, identifier, seconds
from mixpanel_nb.errors import ExpressionError
from mixpanel_nb.queries import days
from mixpanel_nb.queries.cohorts import And, Did, InCohort, InOrder, Not, Or, Profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries.cohorts import Definition


def members(context: ReportContext, definition: Definition, last: date) -> Statement:
    """Column ``distinct_id``: the users, in order.

    Users of the table are those of any of its events; events without a user are left out.

    Args:
        context: The table. Its days do not matter.
        definition: Who is meant.
        last: The day that ``within`` ends with.
    """
    return context.statement(f"{_query(context, definition, last, until=None)}\nORDER BY 1")


def sizes(context: ReportContext, definition: Definition, ends: Sequence[date]) -> Statement:
    """Columns ``day, users``: how many users are meant as of the end of each of some days.

    Only the events up to that day count, and ``within`` ends with it.
    """
    parts = [
        f"SELECT {context.bind(end, 'day')} AS day, count(*) AS users FROM (\n"
        f"{_query(context, definition, end, until=end)}\n)"
        for end in ends
    ]
    return context.statement("\nUNION ALL\n".join(parts) + "\nORDER BY 1")


def users(context: ReportContext, table: str) -> Statement:
    """Columns ``users, found``: users of the table of events, and those of them in a table of ids."""
    context = replace(context, parameters=Parameters(), notes=[])
    chosen = context.select().of_users()
    return context.statement(f"""\
SELECT count(*) AS users, count(_kept.distinct_id) AS found
FROM (
    SELECT {USER} AS distinct_id
    {chosen.sql()}
    GROUP BY 1
) AS _users
LEFT JOIN {context.events.resolved(identifier(table))} AS _kept ON _kept.distinct_id = _users.distinct_id""")


def _query(context: ReportContext, definition: Definition, last: date, until: date | None) -> str:
    compiled = _Compiled(context, last, until)
    condition = compiled.condition(definition)
    return compiled.sql(condition)


@dataclass
class _Step:
    """A step of a sequence, compiled: its condition, and the longest time since the step before."""

    meant: str
    seconds: int | None


class _Compiled:
    """One definition: figures of each user, collected in one pass over the events, and sequences."""

    def __init__(self, context: ReportContext, last: date, until: date | None) -> None:
        self._context = context
        self._last = last
        self._until = until
        self._selection = self._users()
        self._figures: dict[str, str] = {}
        self._sequences: dict[str, str] = {}

    def condition(self, definition: Definition) -> str:
        """SQL (never NULL) over the figures of a user."""
        match definition:
            case Did():
                return self._did(definition)
            case InOrder():
                return self._in_order(definition)
            case Profile():
                return self._figure(f"coalesce(bool_or({self._profile(definition)}), FALSE)")
            case InCohort():
                return self._figure(f"bool_or({self._selection.member(definition.name)})")
            case Not():
                return f"NOT {self.condition(definition.operand)}"
            case And():
                return f"({' AND '.join(map(self.condition, definition.operands))})"
            case Or():
                return f"({' OR '.join(map(self.condition, definition.operands))})"
        message = f"{definition!r} is no condition of a cohort."
        raise TypeError(message)

    def sql(self, condition: str) -> str:
        """The query of the users for whom a condition holds."""
        figures = "".join(f",\n        {sql} AS {name}" for sql, name in self._figures.items())
        sequences = "".join(f", {name} AS (\n{sql}\n)" for sql, name in self._sequences.items())
        return f"""\
WITH _users AS (
    SELECT
        {USER} AS distinct_id{figures}
    {self._selection.sql()}
    GROUP BY 1
){sequences}
SELECT distinct_id
FROM _users
WHERE {condition}"""

    def _users(self) -> Selection:
        selection = self._context.select().of_users()
        if self._until is None:
            return selection
        end = Period(self._until, self._until, self._context.period.zone).until
        return selection.that(f"{EVENTS}.event_time < {self._context.bind(end, 'end')}")

    def _figure(self, sql: str) -> str:
        """The column of a figure of each user."""
        return self._figures.setdefault(sql, f"_figure_{len(self._figures) + 1}")

    def _did(self, did: Did) -> str:
        meant = self._meant(self._selection, did)
        if did.sum_of is None:
            figure = self._figure(f"count(*) FILTER (WHERE {meant})")
        else:
            number = number_of(self._context, self._selection.value(did.sum_of), did.sum_of)
            figure = self._figure(f"sum({number}) FILTER (WHERE {meant})")
        least = 1 if did.sum_of is None and did.at_least is None else did.at_least
        limits = [f"{figure} >= {self._bound(least)}"] if least is not None else []
        limits += [f"{figure} <= {self._bound(did.at_most)}"] if did.at_most is not None else []
        joined = " AND ".join(limits)
        return f"({joined})" if did.sum_of is None else f"coalesce({joined}, FALSE)"

    def _bound(self, limit: float) -> str:
        name = self._context.bind(limit, "limit")
        return f"CAST({name} AS DOUBLE)" if isinstance(limit, float) else name

    def _meant(self, selection: Selection, did: Did) -> str:
        """SQL that holds for the occurrences of an event that count."""
        conditions = [selection.meant(did.event, did.where), *self._within(did)]
        known = [each for each in conditions if each != "TRUE"]
        return conjunction(known, " ").replace("\n", "") if known else "TRUE"

    def _within(self, did: Did) -> list[str]:
        """The limits of time of a condition."""
        first, last = did.from_date, did.to_date
        if did.within is not None:
            first, last = days.days_before(did.within, "within", self._last), self._last
        zone = self._context.period.zone
        time = f"{EVENTS}.event_time"
        limits = []
        if first is not None:
            since = Period(first, first, zone).since
            limits.append(f"{time} >= {self._context.bind(since, 'since')}")
        if last is not None:
            until = Period(last, last, zone).until
            limits.append(f"{time} < {self._context.bind(until, 'until')}")
        return limits

    def _profile(self, condition: Profile) -> str:
        for node in nodes.inside(parse(condition.where)):
            if isinstance(node, nodes.Property) and node.source != "user":
                message = f'{node.source}["{node.name}"] is a property of events, not of users.'
                hint = f'Write user["{node.name}"], or use did(…, where=…).'
                raise ExpressionError(message, expression=condition.where, position=node.position, hint=hint)
        return self._selection.condition(condition.where)

    def _in_order(self, sequence: InOrder) -> str:
        """Each step keeps the latest time at which the steps up to it were done in order."""
        selection = self._users()
        steps = [_Step(self._meant(selection, sequence.first), None)]
        steps += [_Step(selection.meant(step.event, step.where), step.seconds) for step in sequence.steps]
        selection.that(f"({' OR '.join(step.meant for step in steps)})")
        columns = "".join(
            f",\n            coalesce({step.meant}, FALSE) AS is_{number}"
            for number, step in enumerate(steps, 1)
        )
        source = f"""(
        SELECT
            {USER} AS user_id,
            {EVENTS}.event_time AS moment,
            {self._context.place} AS place{columns}
        {selection.sql("        ")}
    )"""
        for number, step in enumerate(steps[1:], 2):
            source = self._reached(source, number, step, len(steps))
        sql = f"    SELECT DISTINCT user_id AS distinct_id\n    FROM {source}\n    WHERE is_{len(steps)}"
        name = self._sequences.setdefault(sql, f"_sequence_{len(self._sequences) + 1}")
        return f"(distinct_id IN (SELECT distinct_id FROM {name}))"

    def _reached(self, source: str, number: int, step: _Step, steps: int) -> str:
        """The events with ``is_<number>`` true only where the step before was reached, recently enough."""
        kept = "".join(f", is_{later}" for later in range(number + 1, steps + 1))
        before = (
            f"max(CASE WHEN is_{number - 1} THEN moment END) OVER "
            "(PARTITION BY user_id ORDER BY moment, place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        )
        recent = f"is_{number} AND before IS NOT NULL"
        if step.seconds is not None:
            recent += f" AND moment <= before + {seconds(step.seconds)}"
        return f"""(
        SELECT user_id, moment, place, {recent} AS is_{number}{kept}
        FROM (
            SELECT *, {before} AS before
            FROM {source}
        )
    )"""
