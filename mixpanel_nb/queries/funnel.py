"""Funnels: how many users took some steps one after the other, within a time from the first.

https://developer.mixpanel.com/reference/funnels-query; the conversion window is at most 366 days:
https://docs.mixpanel.com/docs/reports/funnels/funnels-advanced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import (
    MAX_STEPS,
    Breakdowns,
    Exclusion,
    Exclusions,
    Flag,
    Name,
    OneOf,
    Optional,
    Several,
    Step,
    Steps,
    Whole,
    WordOr,
    parse_exclusion,
    parse_step,
    whole_or_word,
)
from mixpanel_nb.queries.groups import Group, joined
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    UNITS,
    Annotations,
    Compare,
    Diff,
    FromDate,
    Identities,
    InCohort,
    Limit,
    NotInCohort,
    Table,
    ToDate,
    Unit,
    Where,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import FunnelResult

WindowUnit = Literal["second", "minute", "hour", "day", "week", "month", "session"]
FunnelCount = Literal["uniques", "totals", "sessions"]
FunnelOrder = Literal["specific", "any"]
FunnelReentry = Literal["default", "optimized", "aggressive"]
Attribution = int | Literal["first", "last"]
WINDOW_UNITS: tuple[WindowUnit, ...] = get_args(WindowUnit)
FUNNEL_COUNTS: tuple[FunnelCount, ...] = get_args(FunnelCount)
FUNNEL_ORDERS: tuple[FunnelOrder, ...] = get_args(FunnelOrder)
FUNNEL_REENTRIES: tuple[FunnelReentry, ...] = get_args(FunnelReentry)
WINDOW_SECONDS: dict[WindowUnit, int] = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "week": 604_800,
    "month": 30 * 86_400,
}
EVER: Literal["ever"] = "ever"
DEFAULT_WINDOW = 7
MAX_WINDOW_SESSIONS = 12
MAX_HELD = 3
MAX_TIMED_STEPS = 10
MAX_WINDOW_SECONDS = 366 * 86_400
MAX_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Funnel(Query["FunnelResult"]):
    """Show how many users took some steps one after the other.

    Name them as --step … --step; a funnel that is saved in Mixpanel has an ID.
    """

    name: ClassVar[str] = "funnel"
    title: ClassVar[str] = "Funnel"
    example: ClassVar[str] = (
        '--step "View Product" --step Purchase --from 2025-01-01 --to 2025-03-31 --table events'
    )

    funnel_id: Annotated[
        int | None,
        Parameter(
            "A saved funnel, for Mixpanel (see: {mp funnels}).",
            Optional(Whole(MAX_ID)),
            "ID",
            positional=True,
            read=int,
            label=Label(
                "Saved funnel",
                "subject",
                names="funnels",
                needed="Choose a saved funnel, or steps.",
                unless=("steps",),
                only="Mixpanel",
            ),
        ),
    ] = None
    steps: Annotated[
        tuple[Step, ...],
        Parameter(
            "A step (repeatable), as 'Purchase where …'.",
            Steps(),
            "EVENT",
            option="--step",
            read=parse_step,
            label=Label(
                "Step",
                "subject",
                names="events",
                needed="Choose at least two steps.",
                unless=("funnel_id",),
            ),
        ),
    ] = ()
    from_date: FromDate
    to_date: ToDate
    window: Annotated[
        int | Literal["ever"] | None,
        Parameter(
            "How long after the first step the last may come; 7 days. ever: without end.",
            Optional(WordOr((EVER,), Whole(MAX_WINDOW_SECONDS))),
            "N",
            read=whole_or_word,
            label=Label(
                "Within",
                default=7,
                choices=tuple((word, word) for word in ("1", "7", "14", "30", "60", "90", EVER)),
            ),
        ),
    ] = None
    window_unit: Annotated[
        WindowUnit,
        Parameter(
            "second, minute, hour, day, week, month (30 days) or session.",
            OneOf(WINDOW_UNITS),
            "UNIT",
            label=Label("", choices=tuple((unit, unit) for unit in WINDOW_UNITS[1:])),
        ),
    ] = "day"
    unit: Annotated[
        Unit | None,
        Parameter(
            "A funnel of its own for each such bucket.",
            Optional(OneOf(UNITS)),
            "UNIT",
            label=Label("Per", choices=(("(all days)", None), *((unit, unit) for unit in UNITS))),
        ),
    ] = None
    on: Annotated[
        str | tuple[str, ...] | None,
        Parameter(
            "Break down by this property or expression (repeatable).",
            Optional(Breakdowns()),
            "PROPERTY",
            label=Label("By", names="properties", none="(all)"),
        ),
    ] = None
    where: Where = None
    limit: Limit = 255
    count: Annotated[
        FunnelCount,
        Parameter(
            "uniques: each user once; totals: each attempt; sessions: each session.",
            OneOf(FUNNEL_COUNTS),
            "COUNT",
            label=Label(
                "Count",
                choices=(("users", "uniques"), ("attempts", "totals"), ("sessions", "sessions")),
            ),
        ),
    ] = "uniques"
    exclude: Annotated[
        tuple[Exclusion, ...],
        Parameter(
            "An event that must not come between (repeatable), as 'Log Out between 1 and 2 where …'.",
            Exclusions(),
            "EVENT",
            read=parse_exclusion,
            label=Label("Without", names="events", none="(nothing)"),
        ),
    ] = ()
    hold: Annotated[
        tuple[str, ...],
        Parameter(
            "A property with the same value at each step (repeatable, at most 3).",
            Several(Name(), MAX_HELD),
            "PROPERTY",
            label=Label("Same", names="properties", none="(nothing)"),
        ),
    ] = ()
    order: Annotated[
        FunnelOrder,
        Parameter(
            "specific: step after step; any: in any order.",
            OneOf(FUNNEL_ORDERS),
            "ORDER",
            label=Label("Order", choices=(("as listed", "specific"), ("any", "any"))),
        ),
    ] = "specific"
    anchors: Annotated[
        tuple[int, ...],
        Parameter(
            "With any order: the number of a step that keeps its place (repeatable).",
            Several(Whole(MAX_STEPS), MAX_STEPS),
            "STEP",
            option="--anchor",
            read=whole_or_word,
            label=Label("Step in its place", none="(none)", only="tables"),
        ),
    ] = ()
    optional: Annotated[
        tuple[int, ...],
        Parameter(
            "The number of a step that users may leave out (repeatable); not of the first or last.",
            Several(Whole(MAX_STEPS), MAX_STEPS),
            "STEP",
            read=whole_or_word,
            label=Label("Optional step", none="(none)", only="tables"),
        ),
    ] = ()
    reentry: Annotated[
        FunnelReentry,
        Parameter(
            "default: the first attempt counts until it ends; optimized: the one that converts; "
            "aggressive: each first step is an attempt.",
            OneOf(FUNNEL_REENTRIES),
            "MODE",
            label=Label("Re-entry"),
        ),
    ] = "default"
    attribution: Annotated[
        int | Literal["first", "last"],
        Parameter(
            "The step whose value breaks down: its number, or the first or last that has one.",
            WordOr(("first", "last"), Whole(MAX_STEPS)),
            "STEP",
            read=whole_or_word,
            label=Label(
                "Segment of",
                only="tables",
                choices=(("first step that has one", "first"), ("last step that has one", "last")),
            ),
        ),
    ] = 1
    sum_of: Annotated[
        str | None,
        Parameter(
            "Sum this property (or expression) at each step.",
            Optional(Name()),
            "PROPERTY",
            option="--sum",
            label=Label("Sum of", names="numbers", none="(nothing)", only="tables"),
        ),
    ] = None
    times: Annotated[
        bool,
        Parameter(
            "Show how long it took from each step to each later one.",
            Flag(),
            "",
            label=Label("Times", only="tables"),
        ),
    ] = False
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    compare: Compare = None
    diff: Diff = None
    table: Table = None

    def check(self) -> None:
        """Refuse a window that is longer than Mixpanel takes, and steps that there are not.

        Raises:
            ParameterError: they are asked for.
        """
        if isinstance(self.window, int):
            longest = (
                MAX_WINDOW_SESSIONS
                if self.window_unit == "session"
                else MAX_WINDOW_SECONDS // WINDOW_SECONDS[self.window_unit]
            )
            Whole(longest)(self.window, "window")
        if self.steps:
            self._check_steps()

    def narrowed(self, group: Group) -> dict[str, Any]:
        """The first step under a further condition; of a saved funnel all of them."""
        if not self.steps:
            return super().narrowed(group)
        first, *further = self.steps
        return {"steps": (replace(first, where=joined(first.where, group.where)), *further)}

    def _check_steps(self) -> None:
        last = len(self.steps)
        most = MAX_TIMED_STEPS if self.times else MAX_STEPS
        if last > most:
            message = f"A funnel has at most {most} steps{' with times' * self.times}, and {last} are given."
            raise ParameterError(message, parameter="steps")
        for number in self.anchors:
            Whole(last)(number, "anchors")
        if self.anchors and self.order != "any":
            kept = ["Steps keep their places anyway, unless ", Word("order", "any"), "."]
            raise ParameterError([Word("anchors"), " is for any order."], parameter="anchors", hint=kept)
        if isinstance(self.attribution, int):
            Whole(last)(self.attribution, "attribution")
        self._check_optional()
        for excluded in self.exclude:
            after, before = excluded.after or 1, excluded.before or last
            if not 1 <= after < before <= last:
                message = f"{excluded.event!r} cannot be excluded between step {after} and step {before}."
                hint = f"Steps are numbered from 1 to {last}; give an earlier and a later one."
                raise ParameterError(message, parameter="exclude", value=excluded.event, hint=hint)

    def _check_optional(self) -> None:
        last = len(self.steps)
        for number in self.optional:
            if not 1 < number < last:
                message = [Word("optional"), f" is {number}, and the first and last step are required."]
                hint = f"Give a number from 2 to {last - 1}." if last > 2 else "Name at least three steps."
                raise ParameterError(message, parameter="optional", value=number, hint=hint)
        if self.optional and self.order == "any":
            raise ParameterError(
                [Word("optional"), " and ", Word("order", "any"), " do not go together."],
                parameter="optional",
                hint="Leave out one of them.",
            )
        limits = [number for each in self.exclude for number in (each.after, each.before)]
        for name, used in (("attribution", [self.attribution]), ("exclude", limits)):
            for number in self.optional:
                if number in used:
                    message = [Word(name), f" takes step {number}, which is optional."]
                    hint = "Give the number of a required step."
                    raise ParameterError(message, parameter=name, value=number, hint=hint)

    @property
    def required_steps(self) -> tuple[int, ...]:
        """The numbers (from 1) of the steps that are not optional."""
        return tuple(number for number in range(1, len(self.steps) + 1) if number not in self.optional)

    def before(self, step: int) -> int:
        """The number of the last required step before a step (from 2), from which its times are measured."""
        return max(number for number in self.required_steps if number < step)

    @property
    def window_seconds(self) -> int | None:
        """The window in seconds, 7 units where none is given; None for sessions, and for ever."""
        if self.window == EVER or self.window_sessions is not None:
            return None
        length = DEFAULT_WINDOW if self.window is None else int(self.window)
        return length * WINDOW_SECONDS[self.window_unit]

    @property
    def window_sessions(self) -> int | None:
        """The window in sessions; None for a window of time. Where sessions are counted it is one."""
        if self.window is None and self.count == "sessions":
            return 1
        if self.window_unit != "session" or self.window == EVER:
            return None
        return 1 if self.window is None else int(self.window)

    @property
    def breakdowns(self) -> tuple[str, ...]:
        """What it is broken down by, one after the other."""
        return () if self.on is None else (self.on,) if isinstance(self.on, str) else self.on

    @property
    def only_tables(self) -> str | None:
        """The first parameter that is not what Mixpanel's saved funnels have; None where there is none."""
        defaults = {
            "count": "uniques",
            "exclude": (),
            "hold": (),
            "order": "specific",
            "optional": (),
            "reentry": "default",
            "attribution": 1,
            "sum_of": None,
            "times": False,
        }
        changed = (name for name, default in defaults.items() if getattr(self, name) != default)
        return next(changed, None)
