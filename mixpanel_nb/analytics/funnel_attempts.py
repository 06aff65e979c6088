"""Funnels of which a user can make several attempts, or steps in any order, exclusions and held properties.

Every event that can begin an attempt begins one, and is joined to the earliest event that can be the next
step, and so on. If several events of the same time can be a step, the events of a user are numbered in order,
and each row has the numbers of the events that can follow. The last CTEs select the attempts that count.

https://docs.mixpanel.com/docs/reports/funnels/funnels-advanced
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.context import number_of
from mixpanel_nb.analytics.expressions.values import UNDEFINED, held_text, segment
from mixpanel_nb.analytics.funnel_counts import GRACE_SECONDS, places, repeats
from mixpanel_nb.analytics.sessions import SessionRules, events_of_sessions, local_day, numbered
from mixpanel_nb.analytics.sql import conjunction, seconds
from mixpanel_nb.queries.base import changed
from mixpanel_nb.queries.customs import may_be_same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.queries import Funnel, Step

_NEVER = "CAST('9999-12-31' AS TIMESTAMP)"
_ORDER = "event_time, place, name"
_DAY = timedelta(days=1)
_LATEST = timedelta(days=800)  # until when the project's midnights are known to the second
_BEYOND_GRACE = f"INTERVAL '{GRACE_SECONDS * 1_000_000 + 1}' MICROSECOND"


def parts(context: ReportContext, query: Funnel, told: tuple[str, ...] = ()) -> list[str]:
    """CTEs, the last of which is ``_entered``: the attempts that count, as ``funnel_counts`` takes them.

    Args:
        context: The table and the days.
        query: The funnel.
        told: Further columns of each attempt, such as ``distinct_id``.
    """
    optional = [
        _OptionalStep(number, query.steps[number - 1], query.required_steps.index(query.before(number)) + 1)
        for number in sorted(query.optional)
    ]
    return _Attempts(context, _without_optional(query), optional, told).parts()


@dataclass(frozen=True)
class _OptionalStep:
    """A step that attempts may leave out.

    Attributes:
        number: Its number among all steps, from 1.
        step: Its event and filter.
        place: The place (from 1) of the required step before it.
    """

    number: int
    step: Step
    place: int


def _without_optional(query: Funnel) -> Funnel:
    """The funnel of the required steps alone, which get new numbers."""
    if not query.optional:
        return query
    numbers: dict[Any, Any] = {number: place for place, number in enumerate(query.required_steps, 1)}
    return changed(
        query,
        steps=tuple(query.steps[number - 1] for number in query.required_steps),
        exclude=tuple(
            replace(each, after=numbers.get(each.after), before=numbers.get(each.before))
            for each in query.exclude
        ),
        attribution=numbers.get(query.attribution, query.attribution),
        optional=(),
    )


@dataclass(frozen=True)
class _Attempts:
    """The attempts at a funnel.

    Attributes:
        context: The table and the days.
        query: The funnel of the required steps.
        optional: The optional steps.
        told: Further columns of the attempts that count.
    """

    context: ReportContext
    query: Funnel
    optional: Sequence[_OptionalStep]
    told: tuple[str, ...]

    # Places and columns

    @cached_property
    def places(self) -> list[tuple[int, ...]]:
        """The steps that can stand at each place."""
        return places(self.query)

    @property
    def _count(self) -> int:
        return len(self.query.steps)

    @property
    def _later(self) -> list[int]:
        """The steps that can come second or later."""
        return sorted({step for place in self.places[1:] for step in place})

    @property
    def _has_any_order(self) -> bool:
        return any(len(place) > 1 for place in self.places)

    @property
    def _held(self) -> list[str]:
        return [f"held_{number}" for number in range(1, len(self.query.hold) + 1)]

    @property
    def _own(self) -> list[str]:
        """What all events of an attempt have in common."""
        return ["distinct_id", *self._held]

    @property
    def _funnel(self) -> list[str]:
        """The columns that identify a funnel, in which a user counts once."""
        return [
            "distinct_id",
            *(["date"] if self.query.unit else []),
            *(["session"] if self.query.count == "sessions" else []),
        ]

    @property
    def _chain(self) -> list[str]:
        """The columns within which attempts follow each other."""
        return [*self._funnel, *self._held]

    @property
    def _has_sessions(self) -> bool:
        return self.query.count == "sessions" or self.query.window_sessions is not None

    @property
    def _kept(self) -> list[str]:
        """What an attempt keeps of its first event."""
        return [
            *self._own,
            *(["date"] if self.query.unit else []),
            *(["session"] if self._has_sessions else []),
            *(["place", "name"] if self.query.hold else []),
        ]

    @property
    def _breakdowns(self) -> range:
        return range(1, len(self.query.breakdowns) + 1)

    @property
    def _enters_once(self) -> bool:
        """Whether only the first attempt is looked at."""
        if self.query.reentry != "default":
            return False
        return self.query.count == "sessions" or (self.query.count == "uniques" and not self.query.on)

    @property
    def _uses_events_once(self) -> bool:
        """Whether an event is a step of one attempt alone, the latest."""
        return self.query.reentry == "optimized"

    def parts(self) -> list[str]:
        """The CTEs."""
        found = [self._events(), *(self._sessions() if self._has_sessions else [])]
        if self._is_timed:
            found += self._timed()
        else:
            found += [self._numbered(), self._rows(), self._first()]
            for place in range(2, self._count + 1):
                found += self._next(place)
            found += self._left_out()
        return [*found, self._made(), *self._counting()]

    @property
    def _is_timed(self) -> bool:
        """Whether the times of events are all that matters of them, behind the first step."""
        query = self.query
        of_first = not query.on or query.attribution == 1
        if self.optional:
            return False
        return not self._has_any_order and not repeats(query) and query.sum_of is None and of_first

    # Events, and what can follow each

    def _events(self) -> str:
        query, context = self.query, self.context
        chosen = context.select().of_users()
        flags = [
            f"{chosen.is_a(step.event, step.where, 'step')} AS step_{number}"
            for number, step in enumerate(query.steps, 1)
        ]
        flags += [
            f"{chosen.is_a(each.step.event, each.step.where, 'step')} AS step_{_name(each)}"
            for each in self.optional
        ]
        flags += [
            f"{chosen.is_a(excluded.event, excluded.where, 'excluded')} AS excluded_{number}"
            for number, excluded in enumerate(query.exclude, 1)
        ]
        names = [step.event for step in query.steps]
        names += [each.step.event for each in self.optional]
        names += [excluded.event for excluded in query.exclude]
        chosen.named(list(dict.fromkeys(names)), "step")
        self._limit(chosen)
        columns = ["e.distinct_id", "e.event_time", "e.event_name AS name"]
        columns.append("e.insert_id" if context.events.has_insert_id else "NULL AS insert_id")
        columns.append(f"{context.place} AS place")
        columns += [*flags, self._enters()]
        if query.unit:
            columns.append(f"{context.bucket(query.unit)} AS date")
        for number, name in enumerate(query.hold, 1):
            value = held_text(chosen.value(name))
            columns.append(f"{value} AS held_{number}")
            chosen.that(f"{value} IS NOT NULL")
        for number, name in enumerate(query.breakdowns, 1):
            columns.append(f"{_segments(chosen, name)} AS on_{number}")
        if query.sum_of is not None:
            amount = number_of(context, chosen.value(query.sum_of), query.sum_of)
            columns.append(f"coalesce({amount}, 0) AS amount")
        chosen.where(query.where)
        listed = ",\n        ".join(columns)
        name = "_happened" if self._has_sessions else "_events"
        again = " NOT MATERIALIZED" if self._is_timed and not self._has_sessions else ""  # it is fast to read
        return f"{name} AS{again} (\n    SELECT\n        {listed}\n    {chosen.sql()}\n)"

    def _sessions(self) -> list[str]:
        """The events with the number of their user's session."""
        context, asked, rules = self.context, self.context.period, SessionRules()
        around = replace(asked, first=asked.first - _DAY, last=asked.last + _LATEST)
        chosen = events_of_sessions(context, rules)
        self._limit(chosen)
        return [
            "_active AS (\n"
            f"    SELECT e.distinct_id, e.event_time, {local_day(context, around)} AS local_day\n"
            f"    {chosen.sql()}\n)",
            *numbered("_active", rules),
            "_events AS (\n    SELECT _happened.*, s.session\n    FROM _happened\n"
            "    JOIN (SELECT DISTINCT distinct_id, event_time, session FROM _sessioned) AS s\n"
            "        ON s.distinct_id = _happened.distinct_id AND s.event_time = _happened.event_time\n)",
        ]

    def _limit(self, chosen: Selection) -> None:
        """Only events of times at which an attempt can have steps."""
        period, window = self.context.period, self.query.window_seconds
        since = period.since - timedelta(seconds=GRACE_SECONDS * (self._count - 1))
        chosen.that(f"e.event_time >= {self.context.bind(since, 'earliest')}")
        if window is not None:
            until = period.until + timedelta(seconds=window)
            chosen.that(f"e.event_time < {self.context.bind(until, 'latest')}")

    def _enters(self) -> str:
        period, bind = self.context.period, self.context.bind
        return (
            f"e.event_time >= {bind(period.since, 'since')} "
            f"AND e.event_time < {bind(period.until, 'until')} AS in_period"
        )

    # By times alone: each step is the next in time

    def _timed(self) -> list[str]:
        """The attempts, each step the earliest event in time that can follow."""
        return self._once_by_time() if self._is_near else self._each_by_time()

    @property
    def _is_near(self) -> bool:
        """Whether users have one attempt, so that the events beside it are few."""
        return self._is_timed and self._enters_once and not self.query.unit and not self._has_sessions

    @property
    def _exclusion_times(self) -> list[str]:
        return [f"out_{number}" for number in range(1, len(self.query.exclude) + 1)]

    def _begun_after(self, place: int) -> list[int]:
        """The numbers of the exclusions that begin after the step at a place."""
        return [
            number for number, excluded in enumerate(self.query.exclude, 1) if (excluded.after or 1) == place
        ]

    def _once_by_time(self) -> list[str]:
        """The attempts of users that have one, with the earliest of the events near it that can be a step."""
        flags = [f"step_{step}" for step in self._later]
        flags += [f"excluded_{number}" for number in range(1, len(self.query.exclude) + 1)]
        grace = seconds(GRACE_SECONDS * (self._count - 1))
        near = [
            *(f"s.{key} = r.{key}" for key in self._own),
            f"s.event_time >= r.time_1 - {grace}",
            *self._in_time(),
        ]
        found = [
            self._first_by_time(),
            f"_near AS MATERIALIZED (\n    SELECT r.number_1, s.event_time, {', '.join(flags)}\n"
            f"    FROM _path_1 AS r\n    JOIN _events AS s\n        ON {conjunction(near, '        ')}\n"
            f"    WHERE {' OR '.join(flags)}\n)",
        ]
        source, known = "_path_1", ["time_1"]
        for place in range(1, self._count + 1):
            if place > 1:
                since = f"s.event_time >= r.time_{place - 1} - {seconds(GRACE_SECONDS)}"
                conditions = [f"s.step_{place}", since, *self._not_excluded(place)]
                found.append(self._earliest(f"_path_{place}", f"time_{place}", source, known, conditions))
                source, known = f"_path_{place}", [*known, f"time_{place}"]
            for number in self._begun_after(place):
                beyond = f"s.event_time >= r.time_{place} + {_BEYOND_GRACE}"
                conditions = [f"s.excluded_{number}", beyond]
                found.append(self._earliest(f"_out_{number}", f"out_{number}", source, known, conditions))
                source, known = f"_out_{number}", [*known, f"out_{number}"]
        columns = [*(f"p.{column}" for column in self._kept), *(f"r.{column}" for column in known)]
        return [
            *found,
            f"_path AS (\n    SELECT r.number_1, {', '.join(columns)}\n    FROM {source} AS r\n"
            "    JOIN _path_1 AS p ON p.number_1 = r.number_1\n)",
        ]

    def _earliest(
        self, name: str, column: str, before: str, known: Sequence[str], conditions: Sequence[str]
    ) -> str:
        """Each attempt with the time of the earliest event near it that meets the conditions."""
        columns = ["r.number_1", *(f"min(r.{each}) AS {each}" for each in known)]
        columns.append(f"min(s.event_time) AS {column}")
        on = conjunction(["s.number_1 = r.number_1", *conditions], "        ")
        return (
            f"{name} AS (\n    SELECT {', '.join(columns)}\n    FROM {before} AS r\n"
            f"    LEFT JOIN _near AS s\n        ON {on}\n    GROUP BY r.number_1\n)"
        )

    def _each_by_time(self) -> list[str]:
        """The attempts, each step joined to the earliest that can follow, as long as there is one."""
        found = [self._first_by_time()]
        source, known, ended = "_path_1", ["time_1"], []
        for place in range(1, self._count + 1):
            if place > 1:
                name, time = f"_path_{place}", f"time_{place}"
                found.append(self._next_by_time(place, source))
                source, known = name, [*known, time]
                if place < self._count:
                    ended.append(self._ended(f"{name} WHERE {time} IS NULL", known))
                    source = f"(SELECT * FROM {name} WHERE {time} IS NOT NULL)"
            for number in self._begun_after(place):
                found.append(self._out_by_time(number, place, source))
                source, known = f"_out_{number}", [*known, f"out_{number}"]
        every = "\n    UNION ALL\n    ".join([*ended, self._ended(source, known)])
        return [*found, f"_path AS (\n    {every}\n)"]

    def _ended(self, source: str, known: Sequence[str]) -> str:
        """Attempts that came so far; what they have no time of is NULL."""
        times = [*(f"time_{place}" for place in range(1, self._count + 1)), *self._exclusion_times]
        columns = [
            *self._kept,
            "number_1",
            *(time if time in known else f"CAST(NULL AS TIMESTAMP) AS {time}" for time in times),
            *(f"found_{number}" for number in self._breakdowns),
        ]
        return f"SELECT {', '.join(columns)} FROM {source}"

    @property
    def _are_moments(self) -> bool:
        """Whether attempts that begin at the same time are the same."""
        query = self.query
        return query.count != "totals" and not query.on and not query.hold

    def _first_by_time(self) -> str:
        """The events that begin an attempt; ``number_1`` orders those of a user that begin at one time."""
        begun = "FROM _events\n    WHERE in_period AND step_1"
        number = "row_number() OVER ()" if self._is_near else "1"
        kept = " MATERIALIZED" if self._is_near else ""
        once = self._enters_once
        if self._are_moments and (not once or self._kept == self._funnel):
            keys = [*self._kept, *([] if once else ["event_time"])]
            time = "min(event_time)" if once else "event_time"
            grouped = (
                f"SELECT {', '.join(self._kept)}, {time} AS time_1, {number} AS number_1\n"
                f"    {begun}\n    GROUP BY {', '.join(keys)}"
            )
            return f"_path_1 AS{kept} (\n    {grouped}\n)"
        if not self._is_near:
            number = f"row_number() OVER (PARTITION BY {', '.join(self._own)} ORDER BY {_ORDER})"
        columns = [*self._kept, "event_time AS time_1", f"{number} AS number_1", *self._found("", 1, "")]
        only = ""
        if once:
            only = f"row_number() OVER (PARTITION BY {', '.join(self._funnel)} ORDER BY {_ORDER}) = 1"
        elif self._must_differ:
            only = self._once
        qualified = f"\n    QUALIFY {only}" if only else ""
        return f"_path_1 AS{kept} (\n    SELECT {', '.join(columns)}\n    {begun}{qualified}\n)"

    def _next_by_time(self, place: int, before: str) -> str:
        conditions = [*self._in_time(), *self._not_excluded(place)]
        if self._uses_events_once:
            latest = "r.time_1" if self._are_moments else "r.number_1"
            keys = ", ".join([*(f"r.{key}" for key in self._chain), "s.event_time"])
            conditions.append(f"{latest} = max({latest}) OVER (PARTITION BY {keys})")
        time = "s.event_time"
        if conditions:
            time = f"CASE WHEN {conjunction(conditions, '            ')} THEN s.event_time END"
        session = ["session"] if self._has_sessions else []
        joined = self._joined_by_time(f"step_{place}", session)
        at = f"s.event_time >= r.time_{place - 1} - {seconds(GRACE_SECONDS)}"
        kept = " MATERIALIZED" if place < self._count else ""
        return (
            f"_path_{place} AS{kept} (\n    SELECT\n        r.*,\n        {time} AS time_{place}\n"
            f"    FROM {before} AS r\n    {joined} AND {at}\n)"
        )

    def _out_by_time(self, number: int, place: int, before: str) -> str:
        at = f"s.event_time >= r.time_{place} + {_BEYOND_GRACE}"
        return (
            f"_out_{number} AS (\n    SELECT r.*, s.event_time AS out_{number}\n    FROM {before} AS r\n"
            f"    {self._joined_by_time(f'excluded_{number}', [])} AND {at}\n)"
        )

    def _joined_by_time(self, flag: str, more: list[str]) -> str:
        columns = ", ".join([*self._own, "event_time", *more])
        keys = " AND ".join(f"s.{key} = r.{key}" for key in self._own)
        return f"ASOF LEFT JOIN (SELECT {columns} FROM _events WHERE {flag}) AS s\n        ON {keys}"

    # By numbers: where it matters which of several events of a time it was

    def _numbered(self) -> str:
        """The events in their order, none of them twice."""
        window = f"(PARTITION BY {', '.join(self._own)} ORDER BY {_ORDER})"
        once = f"\n    QUALIFY {self._once}" if self._must_differ else ""
        return (
            f"_numbered AS (\n    SELECT *, row_number() OVER {window} AS number\n    FROM _events{once}\n)"
        )

    @property
    def _once(self) -> str:
        """A condition that an event meets once, also where a table holds it several times."""
        same = ", ".join([*self._own, "event_time", "insert_id", "name"])
        return f"row_number() OVER (PARTITION BY {same} ORDER BY place) = 1"

    @property
    def _must_differ(self) -> bool:
        """Whether it matters that an event is there once."""
        repeated = any(self._steps_with_event(each.step.event) for each in self.optional)
        return repeated or repeats(self.query) or self.query.reentry != "default"

    def _steps_like(self, step: int) -> int:
        """How many other steps ask for the same event as a step."""
        return self._steps_with_event(self.query.steps[step - 1].event) - 1

    def _steps_with_event(self, event: str) -> int:
        """How many required steps ask for an event."""
        return sum(may_be_same(each.event, event) for each in self.query.steps)

    @property
    def _steps_to_come(self) -> list[tuple[str, int]]:
        """The steps that can come second or later, and how many other steps ask for the event of each."""
        ahead = [(str(step), self._steps_like(step)) for step in self._later]
        return ahead + [(_name(each), self._steps_with_event(each.step.event)) for each in self.optional]

    def _rows(self) -> str:
        """Beside each event the number of the earliest that can be each step after it."""
        own = ", ".join(self._own)
        source = "_numbered"
        ahead = []
        for step, rivals in self._steps_to_come:
            if rivals:
                window = f"(PARTITION BY {own}, step_{step} ORDER BY number)"
                others = [f"lead(number, {far}) OVER {window}" for far in range(1, rivals + 1)]
                ahead.append(f"[number, {', '.join(others)}] AS numbers_{step}")
        if ahead:
            listed = ",\n            ".join(ahead)
            source = f"(\n        SELECT\n            *,\n            {listed}\n        FROM _numbered\n    )"
        columns = [
            f"min({f'numbers_{step}' if rivals else 'number'}) "
            f"FILTER (WHERE step_{step}) OVER soon AS next_{step}"
            for step, rivals in self._steps_to_come
        ]
        columns += [
            f"min(event_time) FILTER (WHERE excluded_{number}) OVER beyond AS out_{number}"
            for number in range(1, len(self.query.exclude) + 1)
        ]
        grace = seconds(GRACE_SECONDS)
        by = f"PARTITION BY {own} ORDER BY event_time RANGE BETWEEN"
        windows = [f"soon AS ({by} {grace} PRECEDING AND UNBOUNDED FOLLOWING)"]
        if self.query.exclude:
            windows.append(f"beyond AS ({by} {_BEYOND_GRACE} FOLLOWING AND UNBOUNDED FOLLOWING)")
        listed, framed = ",\n        ".join(columns), ",\n        ".join(windows)
        return (
            f"_rows AS MATERIALIZED (\n    SELECT\n        *,\n        {listed}\n    FROM {source}\n"
            f"    WINDOW\n        {framed}\n)"
        )

    # An attempt, place by place

    def _of_event(self, row: str, place: int, before: str = "") -> list[str]:
        """What an attempt takes over from the event at a place."""
        columns = [f"{row}event_time AS time_{place}", f"{row}number AS number_{place}"]
        if self.query.sum_of is not None:
            columns.append(f"{row}amount AS amount_{place}")
        columns += [
            f"{row}out_{number} AS out_{number}"
            if place == (excluded.after or 1)
            else f"{before}out_{number}"
            for number, excluded in enumerate(self.query.exclude, 1)
            if place >= (excluded.after or 1)
        ]
        columns += self._found(row, place, before)
        columns += [
            f"{row}next_{_name(each)} AS next_{_name(each)}"
            if place == each.place
            else f"{before}next_{_name(each)}"
            for each in self.optional
            if place >= each.place
        ]
        return columns + [f"{row}next_{step}" for step in self._later]

    def _found(self, row: str, place: int, before: str) -> list[str]:
        """The value of each breakdown, as far as the attempt has come; NULL where there is none yet."""
        wanted = self.query.attribution
        columns = []
        for number in self._breakdowns:
            here, held = f"{row}on_{number}", f"{before}found_{number}"
            defined = f"CASE WHEN {here} <> ['{UNDEFINED}'] THEN {here} END"
            if wanted == "first":
                value = defined if place == 1 else f"coalesce({held}, {defined})"
            elif wanted == "last":
                value = defined if place == 1 else f"coalesce({defined}, {held})"
            elif place < int(wanted):
                continue
            else:
                value = here if place == wanted else held
            columns.append(f"{value} AS found_{number}")
        return columns

    def _first(self) -> str:
        steps = self.places[0]
        columns = [*self._kept, *self._of_event("", 1)]
        if self._has_any_order:
            matched = " ".join(f"WHEN step_{step} THEN {step}" for step in steps)
            columns.append(f"CASE {matched} END AS done_1")
        entering = " OR ".join(f"step_{step}" for step in steps)
        once = ""
        if self._enters_once:
            once = (
                f"\n    QUALIFY row_number() OVER "
                f"(PARTITION BY {', '.join(self._funnel)} ORDER BY {_ORDER}) = 1"
            )
        listed = ", ".join(columns)
        entered = f"FROM _rows\n    WHERE in_period AND ({entering}){once}"
        return f"_path_1 AS (\n    SELECT {listed}\n    {entered}\n)"

    def _candidate(self, step: int, place: int, row: str) -> str:
        """The number of the event that can be this step at this place; NULL where there is none."""
        following = f"{row}next_{step}"
        if self._steps_like(step):
            taken = ", ".join(f"{row}number_{before}" for before in range(1, place))
            following = f"list_filter({following}, lambda n: NOT list_contains([{taken}], n))[1]"
        run = self.places[place - 1]
        done = [before for before in range(1, place) if self.places[before - 1] == run]
        if len(run) == 1 or not done:
            return following
        others = ", ".join(f"{row}done_{before}" for before in done)
        return f"CASE WHEN {step} NOT IN ({others}) THEN {following} END"

    def _choice(self, place: int, row: str) -> str:
        candidates = [self._candidate(step, place, row) for step in self.places[place - 1]]
        return candidates[0] if len(candidates) == 1 else f"least({', '.join(candidates)})"

    def _next(self, place: int) -> list[str]:
        """Each attempt with the event at the next place, if there is one."""
        before = f"_path_{place - 1}"
        found = []
        choice = self._choice(place, "r.")
        if self._uses_events_once:
            keys = ", ".join([*(f"r.{key}" for key in self._chain), choice])
            found.append(
                f"_claiming_{place} AS (\n    SELECT r.*, row_number() OVER "
                f"(PARTITION BY {keys} ORDER BY r.number_1 DESC) = 1 AS claims\n    FROM {before} AS r\n)"
            )
            before = f"_claiming_{place}"
        conditions = [
            *(f"s.{key} = r.{key}" for key in self._own),
            f"s.number = {choice}",
            *(["r.claims"] if self._uses_events_once else []),
            *self._in_time(),
            *self._not_excluded(place),
        ]
        kept = [*self._kept]
        for earlier in range(1, place):
            kept += [f"time_{earlier}", f"number_{earlier}"]
            kept += [f"amount_{earlier}"] if self.query.sum_of is not None else []
            kept += [f"done_{earlier}"] if self._has_any_order else []
        columns = [*(f"r.{column}" for column in kept), *self._of_event("s.", place, "r.")]
        if self._has_any_order:
            columns.append(f"{self._done(place)} AS done_{place}")
        listed = ",\n        ".join(columns)
        found.append(
            f"_path_{place} AS (\n    SELECT\n        {listed}\n    FROM {before} AS r\n"
            f"    LEFT JOIN _rows AS s\n        ON {conjunction(conditions, '        ')}\n)"
        )
        return found

    def _left_out(self) -> list[str]:
        """Each attempt with the events of optional steps, between those of the required steps around them."""
        found, before = [], f"_path_{self._count}"
        for each in self.optional:
            name = f"_with_{each.number}"
            following = f"r.next_{_name(each)}"
            if self._steps_with_event(each.step.event):
                own = ", ".join(f"r.number_{place}" for place in range(1, self._count + 1))
                following = f"list_filter({following}, lambda n: NOT list_contains([{own}], n))[1]"
            after = f"r.time_{each.place + 1}"
            conditions = [
                *(f"s.{key} = r.{key}" for key in self._own),
                f"s.number = {following}",
                f"({after} IS NULL OR s.event_time <= {after} + {seconds(GRACE_SECONDS)})",
                *self._in_time(),
                *self._not_excluded(each.place + 1),
            ]
            columns = [f"s.event_time AS time_{_name(each)}"]
            columns += [f"s.amount AS amount_{_name(each)}"] if self.query.sum_of is not None else []
            found.append(
                f"{name} AS (\n    SELECT r.*, {', '.join(columns)}\n    FROM {before} AS r\n"
                f"    LEFT JOIN _rows AS s\n        ON {conjunction(conditions, '        ')}\n)"
            )
            before = name
        return found

    def _in_time(self) -> list[str]:
        query = self.query
        limits = []
        if query.window_seconds is not None:
            limits.append(f"s.event_time <= r.time_1 + {seconds(query.window_seconds)}")
        if query.window_sessions is not None:
            limits.append(f"s.session < r.session + {query.window_sessions}")
        return limits

    def _not_excluded(self, place: int) -> list[str]:
        return [
            f"(r.out_{number} IS NULL OR s.event_time <= r.out_{number} + {seconds(GRACE_SECONDS)})"
            for number, excluded in enumerate(self.query.exclude, 1)
            if (excluded.after or 1) < place <= (excluded.before or self._count)
        ]

    def _done(self, place: int) -> str:
        """Which of the steps at a place it was, the first that it can be."""
        steps = self.places[place - 1]
        if len(steps) == 1:
            return f"CASE WHEN s.number IS NOT NULL THEN {steps[0]} END"
        cases = " ".join(
            f"WHEN s.number = {self._candidate(step, place, 'r.')} THEN {step}" for step in steps
        )
        return f"CASE {cases} END"

    # Which attempts count

    def _made(self) -> str:
        """The attempts, with the moment at which each ended and the segments it belongs to."""
        last = "_path" if self._is_timed else f"_path_{self._count}"
        last = f"_with_{self.optional[-1].number}" if self.optional else last
        times = [f"time_{place}" for place in range(1, self._count + 1)]
        amounts = [f"amount_{place}" for place in range(1, self._count + 1)] if self.query.sum_of else []
        columns = [*self._kept, "number_1", *times, *amounts]
        columns += [f"time_{_name(each)}" for each in self.optional]
        columns += [f"amount_{_name(each)}" for each in self.optional] if self.query.sum_of else []
        columns.append(f"{' + '.join(f'CAST({time} IS NOT NULL AS INTEGER)' for time in times)} AS reached")
        columns.append(f"{self._until(times)} AS until")
        if self.query.on:
            columns.append(f"{self._combined()} AS segments")
        listed = ",\n        ".join(columns)
        return f"_made AS MATERIALIZED (\n    SELECT\n        {listed}\n    FROM {last}\n)"

    def _until(self, times: list[str]) -> str:
        window = self.query.window_seconds
        ends = [_NEVER if window is None else f"time_1 + {seconds(window)}"]
        for number, excluded in enumerate(self.query.exclude, 1):
            before = excluded.before or self._count
            ends.append(f"CASE WHEN time_{before} IS NULL THEN out_{number} END")
        ended = ends[0] if len(ends) == 1 else f"least({', '.join(ends)})"
        return f"CASE WHEN {times[-1]} IS NULL THEN {ended} ELSE greatest({', '.join(times)}) END"

    def _combined(self) -> str:
        """The segments of an attempt as a list: of texts, or of a list with a text for each breakdown."""
        found = [f"coalesce(found_{number}, ['{UNDEFINED}'])" for number in self._breakdowns]
        if len(found) == 1:
            return found[0]
        combined = f"list_transform({found[0]}, lambda a: [a])"
        for one in found[1:]:
            combined = (
                f"flatten(list_transform({combined}, lambda p: list_transform({one}, "
                f"lambda v: list_append(p, v))))"
            )
        return combined

    def _counting(self) -> list[str]:
        query = self.query
        is_chained = query.count != "sessions" and query.reentry == "default" and not self._enters_once
        if query.count == "uniques" and query.hold:
            is_chained = False  # of held values each can be attempted at any time
        if query.on and query.count == "uniques" and is_chained and query.attribution == 1:
            return [*self._by_new_segments(), self._everyone_and(self._joined)]
        if is_chained:
            found = [self._one_after_the_other(), self._chained()]
            source = "_chained"
        else:
            found, source = [], "_made"
        if query.on:
            return [*found, self._everyone_and(self._segmented, source)]
        best = "" if query.count == "totals" or self._enters_once else self._best(self._funnel)
        return [*found, f"_entered AS (\n    SELECT {self._columns()}\n    FROM {source}{best}\n)"]

    def _columns(self) -> str:
        columns = self._by_step("time")
        if self.query.sum_of is not None:
            columns += self._by_step("amount")
        return ", ".join([*self.told, *(["date"] if self.query.unit else []), *columns])

    def _by_step(self, measure: str) -> list[str]:
        """A column for each step, required and optional, in the order of all steps."""
        optional = {each.number: _name(each) for each in self.optional}
        if not optional:
            return [f"{measure}_{place}" for place in range(1, self._count + 1)]
        places = iter(range(1, self._count + 1))
        return [
            f"{measure}_{optional[number] if number in optional else next(places)} AS {measure}_{number}"
            for number in range(1, self._count + len(optional) + 1)
        ]

    def _best(self, keys: list[str]) -> str:
        """Of attempts with the same keys the first, or with another re-entry the one that came furthest."""
        depth = "" if self.query.reentry == "default" else "reached DESC, "
        order = f"{depth}time_1, {'place, name' if self.query.hold else 'number_1'}"
        return f"\n    QUALIFY row_number() OVER (PARTITION BY {', '.join(keys)} ORDER BY {order}) = 1"

    def _one_after_the_other(self) -> str:
        """One attempt after the other: what begins before the last has ended is none."""
        keys = ", ".join(self._chain)
        sessions = self.query.window_sessions
        session = "" if sessions is None else f", 'session': session, 'last': session + {sessions - 1}"
        later = "next.since > done.until"
        if sessions is not None:
            later = f"({later} OR next.session > done.last)"
        return f"""\
_taken AS (
    SELECT {keys}, unnest(taken) AS number_1
    FROM (
        SELECT
            {keys},
            list_reduce(
                list({{'since': time_1, 'until': until{session}, 'taken': [number_1]}} ORDER BY number_1),
                lambda done, next: CASE
                    WHEN {later}
                    THEN struct_update(next, taken := list_concat(done.taken, next.taken))
                    ELSE done
                END
            ).taken AS taken
        FROM _made
        GROUP BY {keys}
    )
)"""

    def _chained(self) -> str:
        return (
            "_chained AS (\n    SELECT _made.*\n"
            f"    FROM _made JOIN _taken USING ({', '.join([*self._chain, 'number_1'])})\n)"
        )

    def _by_new_segments(self) -> list[str]:
        """As with first entries: an attempt begins only in segments that the user has not entered."""
        keys = ", ".join(self._funnel)
        sessions = self.query.window_sessions
        later, last, kept = "next.since > done.until", "", ""
        if sessions is not None:
            later = f"({later} OR next.session > done.last)"
            last = f", 'session': session, 'last': session + {sessions - 1}"
            kept = "'session': next.session, 'last': next.last, "
        return [
            f"""\
_fresh AS (
    SELECT
        {keys},
        list_reduce(
            list({{
                'since': time_1, 'until': until{last},
                'entered': list_transform(segments, lambda s: {{'segment': s, 'number': number_1}})
            }} ORDER BY number_1),
            lambda done, next: CASE
                WHEN {later} AND NOT list_has_all({_names("done")}, {_names("next")})
                THEN {{
                    'since': next.since, 'until': next.until, {kept}
                    'entered': list_concat(done.entered, list_filter(
                        next.entered, lambda one: NOT list_contains({_names("done")}, one.segment)
                    ))
                }}
                ELSE done
            END
        ).entered AS entered
    FROM _made
    GROUP BY {keys}
)""",
            f"_new AS (\n    SELECT {keys}, one.segment AS segment, one.number AS number_1\n"
            f"    FROM (SELECT {keys}, unnest(entered) AS one FROM _fresh)\n)",
        ]

    def _everyone_and(self, segments: str, source: str = "_made") -> str:
        """The attempts that count for everyone (a NULL segment), and in each segment."""
        once = "" if self.query.count == "totals" else self._best(self._funnel)
        kind = "VARCHAR" if len(self._breakdowns) == 1 else "VARCHAR[]"
        return (
            f"_entered AS (\n    SELECT CAST(NULL AS {kind}) AS segment, {self._columns()}\n"
            f"    FROM {source}{once}\n    UNION ALL\n"
            f"    SELECT segment, {self._columns()}\n    FROM ({segments.format(source=source)})\n)"
        )

    @property
    def _joined(self) -> str:
        return f"_new JOIN _made USING ({', '.join([*self._funnel, 'number_1'])})"

    @property
    def _segmented(self) -> str:
        once = "" if self.query.count == "totals" else self._best([*self._funnel, "segment"])
        return f"SELECT * FROM (SELECT *, unnest(segments) AS segment FROM {{source}}){once}"


def _name(optional: _OptionalStep) -> str:
    """The ending of the columns of an optional step."""
    return f"optional_{optional.number}"


def _names(attempt: str) -> str:
    return f"list_transform({attempt}.entered, lambda made: made.segment)"


def _segments(chosen: Selection, on: str) -> str:
    """The segments of an event as a list of texts."""
    name, is_list = segment(chosen.value(on))
    return name if is_list else f"[{name}]"
