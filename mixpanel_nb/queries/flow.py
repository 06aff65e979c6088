"""Flows: what users did after, before and between some events.

https://docs.mixpanel.com/docs/reports/flows
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import (
    Expansion,
    Expansions,
    Flag,
    Names,
    OneOf,
    OneStep,
    Optional,
    Step,
    Steps,
    Whole,
    parse_expansion,
    parse_step,
)
from mixpanel_nb.queries.funnel import MAX_WINDOW_SECONDS, WINDOW_SECONDS
from mixpanel_nb.queries.groups import Group, joined
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    Compare,
    Diff,
    FromDate,
    Identities,
    InCohort,
    NotInCohort,
    Segments,
    Table,
    ToDate,
    Where,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import FlowResult

FlowCount = Literal["uniques", "totals", "sessions"]
FlowUnit = Literal["second", "minute", "hour", "day", "week", "month"]
FLOW_COUNTS: tuple[FlowCount, ...] = get_args(FlowCount)
FLOW_UNITS: tuple[FlowUnit, ...] = get_args(FlowUnit)

SESSION_START, SESSION_END = "$session_start", "$session_end"
SESSION_EVENTS = {SESSION_START: "start", SESSION_END: "end"}
"""Mixpanel's names of the start and the end of a session, and what its bookmarks call each
(https://docs.mixpanel.com/docs/features/sessions).
"""
SESSION_NAMES = {SESSION_START: "Session Start", SESSION_END: "Session End"}

DEFAULT_STEPS = 3
MAX_STEPS = 10
MAX_EVENTS = 50


def _anchor(text: str, label: str, needed: str | None = None) -> Parameter:
    shown = Label(label, "subject", names="events", none="(none)", needed=needed, unless=("through", "end"))
    return Parameter(text, OneStep(), "EVENT", read=parse_step, label=shown, also=(*SESSION_EVENTS,))


def _steps_shown(text: str, label: str) -> Parameter:
    check = Optional(Whole(MAX_STEPS, least=0))
    return Parameter(text, check, "N", read=int, label=Label(label))


@dataclass(frozen=True, kw_only=True)
class Flow(Query["FlowResult"]):
    """Show what users did after an event, before it, or between some events."""

    name: ClassVar[str] = "flow"
    title: ClassVar[str] = "Flow"
    example: ClassVar[str] = (
        '--start "Sign Up" --end Purchase --from 2025-01-01 --to 2025-03-31 --table events'
    )

    start: Annotated[
        Step | None,
        _anchor("The flow begins here, as 'Sign Up where …'.", "Start", "Choose where the flow begins."),
    ] = None
    through: Annotated[
        tuple[Step, ...],
        Parameter(
            "The flow passes here (repeatable): without start, what came before it is shown, too.",
            Steps(),
            "EVENT",
            read=parse_step,
            label=Label("Through", "subject", names="events"),
            also=(*SESSION_EVENTS,),
        ),
    ] = ()
    end: Annotated[Step | None, _anchor("The flow ends here.", "End")] = None
    from_date: FromDate
    to_date: ToDate
    forward: Annotated[
        int | None,
        _steps_shown("Events to show after the start, and after each event passed; 3.", "After"),
    ] = None
    back: Annotated[
        int | None,
        _steps_shown("Events to show before the end; 3 where the flow has no start, else 0.", "Before"),
    ] = None
    count: Annotated[
        FlowCount,
        Parameter(
            "uniques: the first flow of each user; totals: all of them; sessions: the first of each session.",
            OneOf(FLOW_COUNTS),
            "COUNT",
            label=Label("Count", choices=tuple((each, each) for each in FLOW_COUNTS)),
        ),
    ] = "uniques"
    window: Annotated[
        int,
        Parameter(
            "How long after its first event a flow may take; 30 days.",
            Whole(MAX_WINDOW_SECONDS),
            "N",
            read=int,
            label=Label("Within", default=30),
        ),
    ] = 30
    window_unit: Annotated[
        FlowUnit,
        Parameter(
            "second, minute, hour, day, week or month (30 days).",
            OneOf(FLOW_UNITS),
            "UNIT",
            label=Label("", choices=tuple((unit, unit) for unit in FLOW_UNITS[1:])),
        ),
    ] = "day"
    limit: Annotated[
        int,
        Parameter(
            "Events to show at each step; the rest are one.",
            Whole(MAX_EVENTS),
            "N",
            read=int,
            label=Label("Events a step", default=3),
        ),
    ] = 3
    hide: Annotated[
        tuple[str, ...],
        Parameter(
            "Look at the flow as if this event had not happened (repeatable).",
            Names(optional=True),
            "EVENT",
            label=Label("Hide", names="events", none="(nothing)"),
        ),
    ] = ()
    exclude: Annotated[
        tuple[str, ...],
        Parameter(
            "Leave out flows in which this event happened (repeatable).",
            Names(optional=True),
            "EVENT",
            label=Label("Without", names="events", none="(nothing)"),
        ),
    ] = ()
    collapse_repeats: Annotated[
        bool,
        Parameter("Take an event that follows itself as one.", Flag(), "", label=Label("Repeats as one")),
    ] = False
    hold: Annotated[
        tuple[str, ...],
        Parameter(
            "All events have the first one's value of this property (repeatable).",
            Names(optional=True),
            "PROPERTY",
            label=Label("Same", names="properties", none="(nothing)"),
        ),
    ] = ()
    expand: Annotated[
        tuple[Expansion, ...],
        Parameter(
            "Tell an event's occurrences apart by a property (repeatable), as 'Purchase by plan'.",
            Expansions(),
            "EVENT",
            read=parse_expansion,
            label=Label("Expand", none="(nothing)"),
        ),
    ] = ()
    on: Segments = None
    where: Where = None
    segments: Annotated[
        int, Parameter("Segments to show, the largest ones.", Whole(1_000), "N", read=int)
    ] = 10
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    compare: Compare = None
    diff: Diff = None
    table: Table = None

    def check(self) -> None:
        """Check that there is an anchor and that no fields contradict each other.

        Raises:
            ParameterError: a check fails.
        """
        Whole(MAX_WINDOW_SECONDS // WINDOW_SECONDS[self.window_unit])(self.window, "window")
        if not self.anchors:
            message = ["A flow needs ", Word("start"), ", ", Word("through"), " or ", Word("end"), "."]
            hint = "Name the event that it begins at, passes, or ends at."
            raise ParameterError(message, parameter="start", hint=hint)
        self._check_session_events()
        self._refuse_steps_beyond_an_end()
        self._refuse_contradictions()

    def _check_session_events(self) -> None:
        """Check that starts and ends of sessions are anchors alone, of flows of sessions."""
        if self.of_session_events and self.count != "sessions":
            needed = ["Starts and ends of sessions need ", Word("count", "sessions"), "."]
            hint = "A flow with them is counted once a session."
            raise ParameterError(needed, parameter="count", value=self.count, hint=hint)
        expanded = tuple(each.event for each in self.expand)
        for name, events in (("hide", self.hide), ("exclude", self.exclude), ("expand", expanded)):
            for event in events:
                if event in SESSION_EVENTS:
                    message = [Word(name), f" is {event!r}, the {SESSION_EVENTS[event]} of a session."]
                    takers = [
                        "Only ",
                        Word("start"),
                        ", ",
                        Word("through"),
                        " and ",
                        Word("end"),
                        " take it.",
                    ]
                    raise ParameterError(message, parameter=name, value=event, hint=takers)

    def _refuse_steps_beyond_an_end(self) -> None:
        if len(self.anchors) > 1:
            return
        for name, closed, other in (("back", self.start, "end"), ("forward", self.end, "start")):
            value = getattr(self, name)
            if closed is not None and value:
                where = "before a start" if name == "back" else "after an end"
                hint = [
                    Word("through"),
                    " shows what came before an event and after it; ",
                    Word(other),
                    " the other side.",
                ]
                message = [Word(name), f" is {value}, and a flow has nothing {where}."]
                raise ParameterError(message, parameter=name, value=value, hint=hint)

    def _refuse_contradictions(self) -> None:
        named = {step.event: "an event of the flow itself" for step in self.anchors}
        for name, taken in (("hide", named), ("exclude", named | dict.fromkeys(self.hide, "hidden"))):
            for event in getattr(self, name):
                if event in taken:
                    message = [Word(name), f" is {event!r}, which is {taken[event]}."]
                    hint = "Name another event, or leave it out."
                    raise ParameterError(message, parameter=name, value=event, hint=hint)

    def narrowed(self, group: Group) -> dict[str, Any]:
        """The first of the anchors under a further condition; all events of the users of a cohort.

        That is the same of a cohort, and the only filter by one that Mixpanel's flows have.
        """
        if group.is_cohort:
            return super().narrowed(group)
        first, *_ = self.anchors
        narrow = replace(first, where=joined(first.where, group.where))
        if self.start is not None:
            return {"start": narrow}
        return {"through": (narrow, *self.through[1:])} if self.through else {"end": narrow}

    @property
    def anchors(self) -> tuple[Step, ...]:
        """The required events of a flow, in order."""
        first, last = ([each] if each is not None else [] for each in (self.start, self.end))
        return (*first, *self.through, *last)

    @property
    def of_session_events(self) -> bool:
        """Whether an anchor is the start or the end of a session."""
        return any(step.event in SESSION_EVENTS for step in self.anchors)

    @property
    def anchored_events(self) -> tuple[str, ...]:
        """The events of the anchors, without starts and ends of sessions, which no table holds."""
        return tuple(step.event for step in self.anchors if step.event not in SESSION_EVENTS)

    @property
    def steps_after(self) -> int:
        """The number of events shown after each anchor except the end."""
        only_end = self.start is None and not self.through
        return self.forward if self.forward is not None else 0 if only_end else DEFAULT_STEPS

    @property
    def steps_before(self) -> int:
        """The number of events shown before each anchor except the start."""
        return self.back if self.back is not None else 0 if self.start is not None else DEFAULT_STEPS

    @property
    def window_seconds(self) -> int:
        """The window in seconds."""
        return self.window * WINDOW_SECONDS[self.window_unit]
