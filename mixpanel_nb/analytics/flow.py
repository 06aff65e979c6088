"""Flows: what users did after, before and between some events.

https://docs.mixpanel.com/docs/reports/flows. ``docs/local-reports.md`` defines what that page leaves open.

A flow has *anchors*, events that have to happen one after the other, and *slots*: the places at which an
event is shown, from left to right. The slots are the columns of one row per flow, so that paths are counted
by grouping rows; all other counts derive from these paths. The start and the end of a session are rows beside
its events, where they are anchors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.expressions import nodes, parse
from mixpanel_nb.analytics.expressions.values import UNDEFINED, first_of, text_of
from mixpanel_nb.analytics.sessions import SessionRules, events_of_sessions, local_day, numbered
from mixpanel_nb.analytics.sql import conjunction, seconds
from mixpanel_nb.queries.flow import SESSION_EVENTS, SESSION_START

if TYPE_CHECKING:
    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.analytics.expressions.values import Value
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Flow, Step

MAX_PATHS = 50
"""The number of most frequent paths in the result, as in Mixpanel."""


@dataclass(frozen=True)
class Slot:
    """A place of a flow at which an event is shown.

    Attributes:
        step: Its step: 0 is the first anchor, steps before it are negative.
        kind: Whether it is an anchor, or an event after or before one.
        anchor: The number of that anchor, from 1.
        distance: Events from the anchor; 0 for an anchor.
    """

    step: int
    kind: Literal["anchor", "after", "before"]
    anchor: int
    distance: int = 0


def slots(query: Flow) -> tuple[Slot, ...]:
    """The places of a flow, from left to right."""
    after, before, last = query.steps_after, query.steps_before, len(query.anchors)
    kinds: list[tuple[Literal["anchor", "after", "before"], int, int]] = []
    for anchor in range(1, last + 1):
        if anchor > 1 or query.start is None:
            kinds += [("before", anchor, distance) for distance in range(before, 0, -1)]
        kinds.append(("anchor", anchor, 0))
        if anchor < last or query.end is None:
            kinds += [("after", anchor, distance) for distance in range(1, after + 1)]
    first = kinds.index(("anchor", 1, 0))
    return tuple(Slot(place - first, *kind) for place, kind in enumerate(kinds))


def following(found: tuple[Slot, ...], place: int) -> tuple[list[int], int | None]:
    """The slots at which a flow can continue after a slot, and the slot at which it drops off otherwise.

    Returns:
        Places of slots, the nearest first; the place of the drop-off, None if the flow has ended.
    """
    rest = range(place + 1, len(found))
    if not rest:
        return [], None
    if found[place + 1].kind == "after":
        ahead = next((other for other in rest if found[other].kind == "anchor"), None)
        return [place + 1, *([] if ahead is None else [ahead])], place + 1
    ahead = next(other for other in rest if found[other].kind == "anchor")
    return list(range(place + 1, ahead + 1)), ahead


def statement(context: ReportContext, query: Flow, most_paths: int = MAX_PATHS) -> Statement:
    """Rows of edges, and rows of the most frequent paths.

    Columns ``place, segment, segments, step, source, target_step, target, ends, count, path``. ``segment``
    is NULL for all flows together, ``place`` its rank (0 for these), ``segments`` how many there are.

    A row of a path (``ends`` is ``path``) has its rank as ``step``, and a list: an event or NULL for each
    slot, then for each later anchor whether more happened before it than is shown (not NULL). In an edge
    ``source`` and ``target`` are NULL where the events are beyond the limit; ``ends`` is ``event``,
    ``dropoff``, or ``end`` where the flow is over.

    Args:
        context: The table and the days.
        query: The flow.
        most_paths: The number of paths.
    """
    return context.statement(_Flow(context, query, most_paths=most_paths).text())


@dataclass(frozen=True)
class Line:
    """What flows are meant: those with an event at a step and, perhaps, what followed it.

    Attributes:
        step: The step; of those that went no further, the step that they did not reach.
        source: The event at it; None for any.
        target: The event that followed, at any step.
        is_dropoff: Whether those are meant that went no further.
    """

    step: int
    source: str | None
    target: str | None = None
    is_dropoff: bool = False


def members(
    context: ReportContext, query: Flow, *, line: Line | None, path: int | None, segment: str | None
) -> str:
    """The users of flows: with a line, or of a path; ``events`` are those that the flows show.

    Args:
        context: The table and the days.
        query: The flow.
        line: What happened in the flows.
        path: The rank of the path in the segment, from 1.
        segment: The segment; None is all flows.
    """
    return _Flow(context, query, of_users=True).members(line, path, segment)


class _Flow:
    """The statement of one flow, part by part."""

    def __init__(
        self, context: ReportContext, query: Flow, *, of_users: bool = False, most_paths: int = MAX_PATHS
    ) -> None:
        self._of_users = of_users
        self._most_paths = most_paths
        self._context = context
        self._query = query
        self._slots = slots(query)
        self._rules = SessionRules()
        self._by_session = query.count == "sessions"
        self._window = seconds(query.window_seconds)
        self._later = range(2, len(query.anchors) + 1)
        self._chained = query.count == "totals" and len(query.anchors) > 1
        self._held = [f"held_{number}" for number in range(1, len(query.hold) + 1)]
        self._after = query.steps_after
        self._before = query.steps_before if self._shows_before else 0
        self._bounds = [event for event in SESSION_EVENTS if any(s.event == event for s in query.anchors)]

    @property
    def _shows_before(self) -> bool:
        return any(slot.kind == "before" for slot in self._slots)

    @property
    def _keys(self) -> list[str]:
        """The columns that the events of one flow share."""
        return ["distinct_id", *(["session"] if self._by_session else []), *self._held]

    @property
    def _flags(self) -> list[str]:
        return [
            "enters",
            *(f"is_{number}" for number in self._later),
            *(["excluded"] if self._query.exclude else []),
        ]

    @property
    def _order(self) -> str:
        """The order of the events of a user."""
        return ", ".join(self._ordered)

    @property
    def _ordered(self) -> list[str]:
        return ["event_time", *(["bound"] if self._bounds else []), *self._ties]

    @property
    def _ties(self) -> dict[str, str]:
        """The columns that order events of one time, and their sources."""
        names = self._context.events.in_order("e")[1:]
        ties = {f"tie_{number}": name for number, name in enumerate(names, start=1)}
        if self._query.expand:
            return ties
        return {"label" if name == "e.event_name" else tie: name for tie, name in ties.items()}

    def text(self) -> str:
        """The statement."""
        parts = [*self._flows(), self._paths(), self._lines(), _SEGMENTS, _EVENTS, self._edges()]
        return f"{self._with}{', '.join(parts)}\n{self._result()}"

    @property
    def _with(self) -> str:
        return "WITH RECURSIVE " if self._chained else "WITH "

    def members(self, line: Line | None, path: int | None, segment: str | None) -> str:
        """The users of some flows, as members."""
        parts = [*self._flows(), self._one_by_one()]
        conditions = [users.is_segment(self._context, "_flows", "segment", segment)]
        source = "_flows"
        if path is not None:
            parts += [self._paths(), f"_ranked AS (\n{self._by_rank}\n)"]
            conditions.append(f"_flows.rank = {self._context.bind(path, 'rank')}")
            keys = ["segment", *self._path]
            same = conjunction([f"p.{key} IS NOT DISTINCT FROM f.{key}" for key in keys], " " * 8)
            joined = f"_flows AS f JOIN _ranked AS p\n        ON {same}"
            source = f"(\n    SELECT f.*, p.rank\n    FROM {joined}\n) AS _flows"
        if line is not None:
            parts.append(self._lines("_flows"))
            source, conditions = "_lines", [*conditions, *self._on_line(line)]
        return users.of_rows(
            f"{self._with}{', '.join(parts)}",
            source,
            conditions,
            times=("first_time", "last_time"),
            events="sum(shown)",
        )

    def _on_line(self, line: Line) -> list[str]:
        bind = self._context.bind
        conditions = [] if line.source is None else [f"source = {bind(line.source, 'source')}"]
        if line.is_dropoff:
            conditions += ["target IS NULL", "target_step IS NOT NULL"]
        elif line.target is not None:
            conditions.append(f"target = {bind(line.target, 'target')}")
        step = "target_step" if line.source is None else "step"
        return [*conditions, f"{step} = {bind(line.step, 'at_step')}"]

    def _flows(self) -> list[str]:
        """CTEs, the last of which, ``_attempts``, has a row a flow."""
        parts = [*([] if self._by_session else [self._entering()]), self._events()]
        source = "_events"
        if self._by_session:
            order = ["event_time", *self._ties] if self._bounds else ["event_time"]
            parts += numbered("_events", self._rules, order)
            source = "_sessioned"
        if self._bounds:
            parts.append(self._bounded())
            source = "_bounded"
        if self._query.collapse_repeats:
            parts.append(self._collapsed(source))
            source = "_collapsed"
        parts += [self._placed(source), *(self._chain() if self._chained else []), self._entries()]
        return [*parts, self._attempts()]

    # The events of users who enter, and the role of each

    def _first(self, chosen: Selection) -> str:
        """The condition of an event with which a flow begins."""
        enters = [self._is(chosen, self._query.anchors[0]), *self._in_period()]
        return conjunction([*enters, *(f"{held} IS NOT NULL" for held in self._held_values(chosen))], " " * 8)

    def _in_period(self) -> list[str]:
        period = self._context.period
        since, until = self._context.bind(period.since, "since"), self._context.bind(period.until, "until")
        return [f"e.event_time >= {since}", f"e.event_time < {until}"]

    def _is(self, chosen: Selection, step: Step) -> str:
        if step.event in SESSION_EVENTS:
            return "FALSE"
        named = chosen.is_named(step.event, "step")
        return named if step.where is None else f"{named} AND {chosen.condition(step.where)}"

    def _held_values(self, chosen: Selection) -> list[str]:
        values = [chosen.value(prop) for prop in self._query.hold]
        return [f"CASE WHEN {value.is_set} THEN {_text(value)} END" for value in values]

    def _entering(self) -> str:
        """The first and the last time at which a flow of each user can begin."""
        chosen = self._context.select().of_users().where(self._query.where)
        chosen.that(self._first(chosen))
        return f"""\
_entering AS (
    SELECT e.distinct_id, min(e.event_time) AS first_time, max(e.event_time) AS last_time
    {chosen.sql()}
    GROUP BY e.distinct_id
)"""

    def _events(self) -> str:
        """The events that may be part of a flow (with sessions, all of their events)."""
        context, query = self._context, self._query
        chosen = self._of_sessions() if self._by_session else self._nearby()
        kept = self._kept(chosen)
        columns = ["e.distinct_id", "e.event_time"]
        columns += [f"{name} AS {tie}" for tie, name in self._ties.items() if tie != "label"]
        columns.append(f"{self._label(chosen)} AS label")
        columns.append(f"coalesce({self._first(chosen)}, FALSE) AS enters")
        for number in self._later:
            columns.append(f"coalesce({self._is(chosen, query.anchors[number - 1])}, FALSE) AS is_{number}")
        if query.exclude:
            columns.append(f"{self._named(query.exclude, 'excluded')} AS excluded")
        columns += [
            f"{value} AS {name}" for value, name in zip(self._held_values(chosen), self._held, strict=True)
        ]
        if query.on is not None:
            columns.append(f"{self._segments(chosen)} AS segments")
        if self._by_session:
            columns += [f"{local_day(context)} AS local_day", f"{kept} AS kept"]
            columns += self._of_session(chosen)
        else:
            chosen.that(kept)
        listed = ",\n        ".join(columns)
        return f"_events AS (\n    SELECT\n        {listed}\n    {chosen.sql()}\n)"

    # The starts and ends of sessions

    @property
    def _filters(self) -> dict[str, str]:
        """The filters of sessions: that of the flow, and those of its anchors that are starts or ends."""
        found = {} if self._query.where is None else {"where": self._query.where}
        for number, step in enumerate(self._query.anchors, start=1):
            if step.event in SESSION_EVENTS and step.where is not None:
                found[f"step_{number}"] = step.where
        return found if self._bounds else {}

    @property
    def _splits_sessions(self) -> bool:
        """Whether the segment of a flow is that of its session."""
        return self._query.on is not None and self._query.anchors[0].event in SESSION_EVENTS

    def _of_session(self, chosen: Selection) -> list[str]:
        """The columns of events that sessions have their properties from."""
        columns = []
        for name, expression in self._filters.items():
            passes = f"coalesce({chosen.condition(expression)}, FALSE)"
            read = _properties_of(expression)
            has = " AND ".join(chosen.property(each).is_set for each in read) or "TRUE"
            columns += [f"{passes} AS passes_{name}", f"CASE WHEN {has} THEN {passes} END AS told_{name}"]
        if self._splits_sessions:
            value = chosen.value(self._query.on or "")
            columns.append(f"CASE WHEN {value.is_set} THEN {_listed(chosen, self._query.on)} END AS split_by")
        return columns

    def _bounded(self) -> str:
        """The events of sessions, and a row for the start or the end of each, as the anchors name them.

        A session has the value of its first event that has the property
        (https://docs.mixpanel.com/docs/features/sessions#session-properties). A filter of several
        properties reads the first event that has all of them, else the first event.
        """
        names = [*self._keys, "event_time", *self._ties, "label", *self._flags, "kept"]
        names += ["segments"] if self._query.on is not None else []
        names = list(dict.fromkeys(names))
        parts = [f"SELECT\n        {', '.join(names)}, 0 AS bound\n    FROM _sessioned"]
        for event in self._bounds:
            values = self._of_bound(event)
            listed = ",\n        ".join([*(values[name] for name in names), values["bound"]])
            parts.append(f"SELECT\n        {listed}\n    FROM _sessioned\n    GROUP BY distinct_id, session")
        whole = "\n    UNION ALL\n    ".join(parts)
        return f"_bounded AS (\n    {whole}\n)"

    def _of_bound(self, event: str) -> dict[str, str]:
        """The columns of the start or the end of a session."""
        time = "min" if event == SESSION_START else "max"
        flags = ["enters", *(f"is_{number}" for number in self._later)]
        values = {name: name for name in ("distinct_id", "session")}
        values |= {tie: f"min({tie})" for tie in self._ties}
        values |= {held: f"arg_min({held}, place)" for held in self._held}
        values |= {
            "event_time": f"{time}(event_time)",
            "bound": "-1" if event == SESSION_START else "1",
            "label": self._context.bind(event, "bound"),
            "excluded": "FALSE",
            "kept": self._passes("where"),
            "segments": "CAST(NULL AS VARCHAR[])",
        }
        for number, (flag, step) in enumerate(zip(flags, self._query.anchors, strict=True), start=1):
            values[flag] = self._passes(f"step_{number}") if step.event == event else "FALSE"
        if self._held:
            held = [values["kept"], *(f"{values[held]} IS NOT NULL" for held in self._held)]
            values["kept"] = " AND ".join(held)
        if self._splits_sessions and event == self._query.anchors[0].event:
            values["segments"] = f"coalesce(arg_min(split_by, place), ['{UNDEFINED}'])"
        return values

    def _passes(self, name: str) -> str:
        """Whether a session passes a filter."""
        if name not in self._filters:
            return "TRUE"
        return f"coalesce(arg_min(told_{name}, place), arg_min(passes_{name}, place))"

    def _of_sessions(self) -> Selection:
        return events_of_sessions(self._context, self._rules).in_period()

    def _nearby(self) -> Selection:
        """Events of users who enter, within the time in which their flows can be."""
        context, query = self._context, self._query
        length = timedelta(seconds=query.window_seconds)
        since = context.period.since - (length if self._reaches_back else timedelta())
        chosen = context.select().of_users()
        chosen.that(f"e.event_time >= {context.bind(since, 'earliest')}")
        chosen.that(f"e.event_time < {context.bind(context.period.until + length, 'latest')}")
        last = "first_time" if query.count == "uniques" else "last_time"
        early = f" - {self._window}" if self._reaches_back else ""
        chosen.joined("JOIN _entering AS n ON n.distinct_id = e.distinct_id")
        chosen.that(f"e.event_time >= n.first_time{early}")
        return chosen.that(f"e.event_time <= n.{last} + {self._window}")

    @property
    def _reaches_back(self) -> bool:
        """Whether events before the first anchor are shown."""
        return self._slots[0].kind == "before"

    def _kept(self, chosen: Selection) -> str:
        """The condition of the events to read: filtered, not hidden, with all held properties."""
        anchors = tuple(dict.fromkeys(step.event for step in self._query.anchors))
        hidden = [*self._query.hide, *(name for name in sorted(self._context.hidden) if name not in anchors)]
        if self._context.hidden and not self._by_session:
            names = ", ".join(sorted(self._context.hidden))
            self._context.notes.append(f"Hidden in Lexicon, and so left out of flows: {names}.")
        conditions = [f"NOT {self._named(tuple(hidden), 'hidden')}"] if hidden else []
        if self._query.where is not None:
            conditions.append(f"coalesce({chosen.condition(self._query.where)}, FALSE)")
        conditions += [f"({value}) IS NOT NULL" for value in self._held_values(chosen)]
        return conjunction(conditions, " " * 6) if conditions else "TRUE"

    def _named(self, events: tuple[str, ...], name: str) -> str:
        return f"(e.event_name IN ({', '.join(self._context.bind(event, name) for event in events)}))"

    def _label(self, chosen: Selection) -> str:
        """An event's label: its name, with values of the properties it is expanded by."""
        expanded: dict[str, list[str]] = {}
        for expansion in self._query.expand:
            value = f"coalesce({_text(chosen.value(expansion.prop))}, '{UNDEFINED}')"
            expanded.setdefault(expansion.event, []).append(value)
        if not expanded:
            return "e.event_name"
        cases = " ".join(
            f"WHEN {self._context.bind(event, 'expanded')} "
            f"THEN concat(e.event_name, ' · ', concat_ws(', ', {', '.join(values)}))"
            for event, values in expanded.items()
        )
        return f"CASE e.event_name {cases} ELSE e.event_name END"

    def _segments(self, chosen: Selection) -> str:
        return (
            f"CASE WHEN {self._is(chosen, self._query.anchors[0])} THEN {_listed(chosen, self._query.on)} END"
        )

    def _collapsed(self, source: str) -> str:
        """One event of each run of equivalent events."""
        order = f"PARTITION BY {', '.join(self._keys)} ORDER BY {self._order}"
        same = conjunction(
            [f"{name} = lag({name}) OVER ({order})" for name in ("label", *self._flags)], " " * 12
        )
        kept = "\n        WHERE kept" if self._by_session else ""
        return f"""\
_collapsed AS (
    SELECT * FROM (
        SELECT
            *,
            {same} AS repeats
        FROM {source}{kept}
    )
    WHERE repeats IS NOT TRUE
)"""

    def _placed(self, source: str) -> str:
        """Each event with its place in the flow and its neighbours."""
        columns = [*self._keys, "event_time", "label", *self._flags]
        columns += ["segments"] if self._query.on is not None else []
        columns.append("row_number() OVER flow AS place")
        counted = [name for name in self._flags if name != "enters"]
        columns += [f"count(CASE WHEN {name} THEN 1 END) OVER before AS count_{name}" for name in counted]
        if self._chained:
            columns.append("count(CASE WHEN enters THEN 1 END) OVER users AS entered")
        elif self._held:
            columns += self._ordered
        elif self._query.count != "totals":
            columns.append("count(CASE WHEN enters THEN 1 END) OVER before AS entered")
        carried = [
            "label",
            *(["event_time"] if self._timed or self._of_users else []),
            *(["excluded"] if self._query.exclude else []),
        ]
        for function, most in (("lead", self._after), ("lag", self._before)):
            columns += [
                f"{function}({name}, {distance}) OVER flow AS {function}_{distance}_{name}"
                for distance in range(1, most + 1)
                for name in carried
            ]
        flow = f"PARTITION BY {', '.join(self._keys)} ORDER BY {self._order}"
        running = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        windows = [f"flow AS ({flow})", f"before AS ({flow} {running})"]
        if self._chained:
            windows.append(f"users AS (PARTITION BY distinct_id ORDER BY {self._order} {running})")
        kept = "\n    WHERE kept" if source in ("_sessioned", "_bounded") else ""
        listed, named = ",\n        ".join(dict.fromkeys(columns)), ", ".join(windows)
        return f"_placed AS (\n    SELECT\n        {listed}\n    FROM {source}{kept}\n    WINDOW {named}\n)"

    @property
    def _timed(self) -> bool:
        """Whether a neighbour may lie outside the window; with one flow per user, none does."""
        return self._query.count != "uniques"

    # Which of the events that could begin a flow do

    def _entries(self) -> str:
        if self._chained:
            return """\
_entries AS (
    SELECT _placed.*
    FROM _placed JOIN _taken ON _taken.distinct_id = _placed.distinct_id AND _taken.number = _placed.entered
    WHERE _placed.enters
)"""
        if self._query.count == "totals":
            return "_entries AS (\n    SELECT * FROM _placed WHERE enters\n)"
        if not self._held:
            return "_entries AS (\n    SELECT * FROM _placed WHERE enters AND entered = 1\n)"
        whose = "distinct_id, session" if self._by_session else "distinct_id"
        return f"""\
_entries AS (
    SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY {whose} ORDER BY {self._order}) AS turn
        FROM _placed
        WHERE enters
    )
    WHERE turn = 1
)"""

    def _chain(self) -> list[str]:
        """The flows of a user in sequence: a flow begins only after the one before has ended.

        A flow ends with its last anchor, with an excluded event, or with its window. So each possible start
        leads to the next one. The starts reachable from the first are found by pointer doubling, in O(n log
        n) for any number of flows per user.
        """
        last = f"a_{len(self._query.anchors)}"
        over = f"{last}.entered"
        if self._query.exclude:
            over = f"CASE WHEN {self._is_excluded} THEN x.entered ELSE {over} END"
        return [
            f"""\
_candidates AS (
    SELECT
        a_1.distinct_id,
        a_1.entered AS number,
        coalesce({over}, a_1.in_window) + 1 AS next
    FROM (
        SELECT
            *,
            count(*) OVER (
                PARTITION BY distinct_id ORDER BY event_time
                RANGE BETWEEN UNBOUNDED PRECEDING AND {self._window} FOLLOWING
            ) AS in_window
        FROM _placed
        WHERE enters
    ) AS a_1
    {self._joins()}
)""",
            """\
_jumps AS (
    SELECT distinct_id, number, next, number = 1 AS taken, 1 AS length
    FROM _candidates
    UNION ALL
    SELECT
        j.distinct_id, j.number, further.next, j.taken OR reached.number IS NOT NULL, j.length * 2
    FROM _jumps AS j
    LEFT JOIN _jumps AS further ON further.distinct_id = j.distinct_id AND further.number = j.next
    LEFT JOIN (
        SELECT DISTINCT distinct_id, next AS number FROM _jumps WHERE taken
    ) AS reached ON reached.distinct_id = j.distinct_id AND reached.number = j.number
    WHERE j.length < (SELECT max(number) FROM _candidates)
)""",
            "_taken AS (\n    SELECT DISTINCT distinct_id, number FROM _jumps WHERE taken\n)",
        ]

    def _joins(self) -> str:
        """Each entry ``a_1`` with its later anchors, and the first excluded event after it."""
        joins = [self._next(f"a_{number}", f"a_{number - 1}", f"is_{number}") for number in self._later]
        if self._query.exclude:
            joins.append(self._next("x", "a_1", "excluded"))
        return "\n    ".join(joins)

    def _next(self, name: str, before: str, flag: str) -> str:
        conditions = [f"{name}.{key} = {before}.{key}" for key in self._keys]
        conditions += [
            f"{name}.{flag}",
            f"{name}.count_{flag} = {before}.count_{flag} + 1",
            f"{name}.event_time <= a_1.event_time + {self._window}",
        ]
        return f"LEFT JOIN _placed AS {name}\n        ON {conjunction(conditions, ' ' * 8)}"

    @property
    def _is_excluded(self) -> str:
        """Whether an excluded event came before the last anchor, or before the end of the window."""
        last = f"a_{len(self._query.anchors)}"
        if not self._later:
            return "FALSE"
        return f"(x.place IS NOT NULL AND ({last}.place IS NULL OR x.place < {last}.place))"

    # Flows as rows

    def _attempts(self) -> str:
        columns = ["a_1.segments"] if self._query.on is not None else []
        columns += [
            f"{self._shown(slot, slot_name)} AS {slot_name}" for slot, slot_name in self._named_slots()
        ]
        columns += [
            f"coalesce({self._between(number)} > {self._room}, FALSE) AS more_{number}"
            for number in self._later
        ]
        if self._of_users:
            columns = ["a_1.distinct_id", *self._moments(), *columns]
        conditions = [f"NOT {self._is_excluded}"] if self._query.exclude and self._later else []
        if self._query.exclude:
            conditions += [
                f"(CASE WHEN {self._is_there(slot)} THEN {self._neighbour(slot, 'excluded')} END) IS NOT TRUE"
                for slot in self._slots
                if slot.kind != "anchor"
            ]
        where = f"\n    WHERE {conjunction(conditions, ' ' * 6)}" if conditions else ""
        listed = ",\n        ".join(columns)
        joins = self._joins()
        return f"""\
_attempts AS (
    SELECT
        {listed}
    FROM _entries AS a_1{f"{chr(10)}    {joins}" if joins else ""}{where}
)"""

    @property
    def _room(self) -> int:
        """The number of events shown between two anchors."""
        return self._query.steps_after + self._query.steps_before

    def _named_slots(self) -> list[tuple[Slot, str]]:
        return [(slot, f"slot_{number}") for number, slot in enumerate(self._slots, start=1)]

    def _between(self, number: int) -> str:
        """The number of events between an anchor and the one before it."""
        return f"a_{number}.place - a_{number - 1}.place - 1"

    def _moments(self) -> list[str]:
        """The first and the last time of what a flow shows, and how many events that are."""
        there = {slot: "TRUE" if slot.kind == "anchor" else self._is_there(slot) for slot in self._slots}
        times = ", ".join(
            f"a_{slot.anchor}.event_time"
            if slot.kind == "anchor"
            else f"CASE WHEN {there[slot]} THEN {self._neighbour(slot, 'event_time')} END"
            for slot in self._slots
        )
        shown = " + ".join(f"CAST({self._shown(slot, '')} IS NOT NULL AS INTEGER)" for slot in self._slots)
        one = len(self._slots) == 1
        return [
            f"{times if one else f'least({times})'} AS first_time",
            f"{times if one else f'greatest({times})'} AS last_time",
            f"{shown} AS shown",
        ]

    def _neighbour(self, slot: Slot, name: str) -> str:
        function = "lead" if slot.kind == "after" else "lag"
        return f"a_{slot.anchor}.{function}_{slot.distance}_{name}"

    def _shown(self, slot: Slot, _: str) -> str:
        if slot.kind == "anchor":
            return f"a_{slot.anchor}.label"
        return f"CASE WHEN {self._is_there(slot)} THEN {self._neighbour(slot, 'label')} END"

    def _is_there(self, slot: Slot) -> str:
        """Whether there is an event at a slot: each event of a flow is shown once, from the left."""
        last = len(self._query.anchors)
        if slot.kind == "after":
            within = self._in_window(slot, "<=", "+")
            if slot.anchor == last:
                return within
            between = self._between(slot.anchor + 1)
            return f"coalesce({between} >= {slot.distance}, {within})"
        if slot.anchor == 1:
            return self._in_window(slot, ">=", "-")
        return f"{self._between(slot.anchor)} - {self._query.steps_after} >= {slot.distance}"

    def _in_window(self, slot: Slot, compared: str, sign: str) -> str:
        if not self._timed:
            return "TRUE"
        return f"{self._neighbour(slot, 'event_time')} {compared} a_1.event_time {sign} {self._window}"

    # Paths and their counts

    @property
    def _path(self) -> list[str]:
        """The columns of a path."""
        return [name for _, name in self._named_slots()] + [f"more_{number}" for number in self._later]

    @property
    def _segment(self) -> str:
        return "CAST(NULL AS VARCHAR)" if self._query.on is None else "unnest(list_append(segments, NULL))"

    def _one_by_one(self) -> str:
        """The flows of everyone and of each segment, one by one."""
        columns = ", ".join(["distinct_id", "first_time", "last_time", "shown", *self._path])
        return f"_flows AS (\n    SELECT {self._segment} AS segment, {columns}\n    FROM _attempts\n)"

    def _paths(self) -> str:
        names, segment = self._path, self._segment
        groups = ", ".join(str(place) for place in range(1, len(names) + 2))
        return f"""\
_paths AS (
    SELECT {segment} AS segment, {", ".join(names)}, count(*) AS count
    FROM _attempts
    GROUP BY {groups}
)"""

    @property
    def _by_rank(self) -> str:
        """The paths of each segment, with their rank."""
        order = ", ".join(["count DESC", *self._path])
        rank = f"row_number() OVER (PARTITION BY segment ORDER BY {order})"
        return f"    SELECT *, {rank} AS rank\n    FROM _paths"

    def _lines(self, source: str = "_paths") -> str:
        """From each slot to the next that has an event; without a target the flow drops off or has ended.

        Counted, from ``_paths``, or one by one, from ``_flows``.
        """
        places = range(len(self._slots))
        lines = "\n    UNION ALL\n    ".join(self._from(place, source) for place in places)
        return f"_lines AS (\n    {lines}\n)"

    def _from(self, place: int, relation: str) -> str:
        ahead, drop = following(self._slots, place)
        names = [name for _, name in self._named_slots()]
        target = (
            f"coalesce({', '.join(names[other] for other in ahead)})" if ahead else "CAST(NULL AS VARCHAR)"
        )
        cases = " ".join(f"WHEN {names[other]} IS NOT NULL THEN {self._slots[other].step}" for other in ahead)
        dropped = "CAST(NULL AS INTEGER)" if drop is None else f"{self._slots[drop].step}"
        step = f"CASE {cases} ELSE {dropped} END" if ahead else dropped
        counted = relation == "_paths"
        return f"""\
SELECT
        segment, {self._slots[place].step} AS step, {names[place]} AS source,
        {step} AS target_step,
        {target} AS target,
        {"sum(count) AS count" if counted else "distinct_id, first_time, last_time, shown"}
    FROM {relation}
    WHERE {names[place]} IS NOT NULL{f"{chr(10)}    GROUP BY 1, 2, 3, 4, 5" if counted else ""}"""

    def _edges(self) -> str:
        limit = self._context.bind(self._query.limit, "limit")
        return f"""\
_edges AS (
    SELECT
        l.segment,
        l.step,
        CASE WHEN s.place <= {limit} THEN l.source END AS source,
        l.target_step,
        CASE WHEN t.place <= {limit} THEN l.target END AS target,
        CASE
            WHEN l.target IS NOT NULL THEN 'event' WHEN l.target_step IS NULL THEN 'end' ELSE 'dropoff'
        END AS ends,
        sum(l.count) AS count
    FROM _lines AS l
    JOIN _events_shown AS s
        ON s.segment IS NOT DISTINCT FROM l.segment AND s.step = l.step AND s.event = l.source
    LEFT JOIN _events_shown AS t
        ON t.segment IS NOT DISTINCT FROM l.segment AND t.step = l.target_step AND t.event = l.target
    GROUP BY 1, 2, 3, 4, 5, 6
)"""

    def _result(self) -> str:
        most = self._context.bind(self._query.segments, "segments")
        names = [name for _, name in self._named_slots()]
        more = [f"more_{number}" for number in self._later]
        listed = ", ".join([*names, *(f"CASE WHEN {name} THEN 'more' END" for name in more)])
        return f"""\
SELECT
    p.place, p.segment, p.segments,
    e.step, e.source, e.target_step, e.target, e.ends, e.count, CAST(NULL AS VARCHAR[]) AS path
FROM _edges AS e JOIN _segments AS p ON p.segment IS NOT DISTINCT FROM e.segment
WHERE p.place <= {most}
UNION ALL
SELECT
    p.place, p.segment, p.segments, r.rank, NULL, NULL, NULL, 'path', r.count, [{listed}]
FROM (
{self._by_rank}
) AS r JOIN _segments AS p ON p.segment IS NOT DISTINCT FROM r.segment
WHERE p.place <= {most} AND r.rank <= {self._most_paths}
ORDER BY 1, 8, 4, 9 DESC, 5, 6, 7"""


_SEGMENTS = """\
_segments AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sum(count) DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _paths
    GROUP BY segment
)"""

_EVENTS = """\
_events_shown AS (
    SELECT
        segment, step, source AS event,
        row_number() OVER (PARTITION BY segment, step ORDER BY sum(count) DESC, source) AS place
    FROM _lines
    GROUP BY segment, step, source
)"""


def _properties_of(expression: str) -> list[str]:
    """The properties of events that an expression reads."""
    found = (each for each in nodes.inside(parse(expression)) if isinstance(each, nodes.Property))
    return sorted({each.name for each in found if each.source == "properties"})


def _text(value: Value) -> str:
    """A value as one text, a list or an object as its JSON; NULL if it is not set."""
    forms = [text_of(value), *([value.object] if value.object else [])]
    return first_of([*forms, *([f"CAST({value.items} AS VARCHAR)"] if value.items else [])])


def _listed(chosen: Selection, on: str | None) -> str:
    """The segments of an event, as a list."""
    from mixpanel_nb.analytics.expressions.values import segment

    name, is_list = segment(chosen.value(on or ""))
    return name if is_list else f"[{name}]"
