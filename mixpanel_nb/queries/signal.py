"""Signal: what users did who reached a goal, beside those who did not.

https://docs.mixpanel.com/docs/reports/apps/signal; how each figure is computed: ``docs/statistics.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Flag, Name, Names, Optional, Several, Text, Whole
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    FromDate,
    Identities,
    InCohort,
    NotInCohort,
    Table,
    ToDate,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import SignalResult

MOST_TIMES = 10
"""Mixpanel's heat map: how often an event was done, up to ten times."""

MOST_DAYS = 15
"""And within how many days, up to 15."""

MAX_DAYS = 366
MAX_TIMES = 1_000
MAX_PROPERTIES = 10

_WEEK = 7


@dataclass(frozen=True)
class Did:
    """Something that users did after their start.

    Attributes:
        event: The event.
        prop: The property that it had a value of; None is any.
        value: That value.
        times: How often they did it, at least.
        days: Within how many days (of 24 hours) of their start.
    """

    event: str
    prop: str | None
    value: str | None
    times: int
    days: int

    @property
    def name(self) -> str:
        """The event, with its property and value: ``Search, plan = pro``."""
        return self.event if self.prop is None else f"{self.event}, {self.prop} = {self.value}"


@dataclass(frozen=True, kw_only=True)
class Signal(Query["SignalResult"]):
    """Find what goes with a goal: which events users did who reached it, how often, and how soon.

    Users begin with their first event of the days, or with --start. Each event of the table is tried: "at
    least 3 times within 7 days" is compared with reaching the goal, by the phi coefficient. Without a goal it
    is to come back in the second week. What goes together is said, not what causes it. A table answers.
    """

    name: ClassVar[str] = "signal"
    title: ClassVar[str] = "Signal"
    needs_table: ClassVar[bool] = True
    example: ClassVar[str] = 'Purchase --start "Sign Up" --from 2025-01-01 --to 2025-02-28 --table events'

    goal: Annotated[
        str | None,
        Parameter(
            "The event that users are to reach; any event, which is to come back.",
            Optional(Name()),
            "EVENT",
            positional=True,
            label=Label("Goal", "subject", names="events", none="(come back)", main=True),
        ),
    ] = None
    from_date: FromDate
    to_date: ToDate
    start: Annotated[
        str | None,
        Parameter(
            "The event that users begin with, their first one; any event.",
            Optional(Name()),
            "EVENT",
            label=Label("Start", "subject", names="events", none="(first event)"),
        ),
    ] = None
    where: Annotated[
        str | None,
        Parameter(
            "Only users who begin with an event for which this is true.",
            Optional(Text()),
            "EXPRESSION",
            label=Label("Where", none=""),
        ),
    ] = None
    goal_where: Annotated[str | None, Parameter("Filter of the goal.", Optional(Text()), "EXPRESSION")] = None
    goal_times: Annotated[
        int, Parameter("How often the goal must happen.", Whole(MAX_TIMES), "N", read=int)
    ] = 1
    after: Annotated[
        int | None,
        Parameter(
            "The goal counts from so many days after the start; 0, without a goal 7.",
            Optional(Whole(MAX_DAYS, 0)),
            "DAYS",
            read=int,
        ),
    ] = None
    window: Annotated[
        int,
        Parameter(
            "The goal must be reached within so many days of the start.",
            Whole(MAX_DAYS),
            "DAYS",
            read=int,
            label=Label("Goal within days", default=14),
        ),
    ] = 14
    at_least: Annotated[
        int | None,
        Parameter(
            f"Try only so many times; the best of 1 to {MOST_TIMES}.",
            Optional(Whole(MAX_TIMES)),
            "N",
            read=int,
            label=Label(
                "At least times",
                choices=(("(the best)", None), *((str(n), n) for n in range(1, MOST_TIMES + 1))),
            ),
        ),
    ] = None
    within: Annotated[
        int | None,
        Parameter(
            f"Try only within so many days of the start; the best of 1 to {MOST_DAYS}.",
            Optional(Whole(MAX_DAYS)),
            "DAYS",
            read=int,
            label=Label(
                "within days",
                choices=(("(the best)", None), *((str(n), n) for n in range(1, MOST_DAYS + 1))),
            ),
        ),
    ] = None
    before_goal: Annotated[
        bool,
        Parameter(
            "Leave out what users did after they reached the goal.",
            Flag(),
            "",
            label=Label("Before the goal only"),
        ),
    ] = False
    events: Annotated[
        tuple[str, ...],
        Parameter(
            "Try only this event (repeatable); all but the goal.",
            Names(optional=True),
            "EVENT",
            option="--event",
        ),
    ] = ()
    properties: Annotated[
        tuple[str, ...],
        Parameter(
            "Try also each value of this property of each event (repeatable).",
            Several(Name(), MAX_PROPERTIES),
            "PROPERTY",
            option="--property",
            label=Label("By", names="properties", none="(none)"),
        ),
    ] = ()
    limit: Annotated[int, Parameter("Rows to show.", Whole(100), "N", read=int)] = 10
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    table: Table = None

    def check(self) -> None:
        """Check that the goal has time to be reached.

        Raises:
            ParameterError: it counts only after its window.
        """
        if self.counts_after >= self.window:
            late = f" is {self.window}, and the goal counts from {self.counts_after} days on."
            message = [Word("window"), late]
            hint = ["Take a longer ", Word("window"), ", or a shorter ", Word("after"), "."]
            raise ParameterError(message, parameter="window", value=self.window, hint=hint)

    @property
    def counts_after(self) -> int:
        """From how many days after the start on the goal counts."""
        if self.after is not None:
            return self.after
        return 0 if self.goal is not None else _WEEK

    @property
    def most_days(self) -> int:
        """The longest time after the start in which events are tried, in days."""
        return self.within or min(MOST_DAYS, self.counts_after or self.window)

    @property
    def most_times(self) -> int:
        """The most times that an event is tried."""
        return self.at_least or MOST_TIMES
