"""Retention: of the users who did something, how many came back, period by period.

https://developer.mixpanel.com/reference/retention-query
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, get_args

from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Flag, Name, OneOf, Optional, Text, Whole
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import DayOrLonger, FromDate, LargeUnit, Limit, Segments, Table, ToDate

if TYPE_CHECKING:
    from mixpanel_nb.results import RetentionResult

RetentionType = Literal["birth", "compounded"]
RETENTION_TYPES: tuple[RetentionType, ...] = get_args(RetentionType)
MAX_PERIODS = 1_000


@dataclass(frozen=True, kw_only=True)
class Retention(Query["RetentionResult"]):
    """Show how many of those who did something came back, period by period."""

    name: ClassVar[str] = "retention"
    title: ClassVar[str] = "Retention"
    example: ClassVar[str] = '--born "Sign Up" --unit week --from 2025-01-01 --to 2025-03-31 --table events'

    born_event: Annotated[
        str | None,
        Parameter(
            "What makes a user part of a cohort; any event.",
            Optional(Name()),
            "EVENT",
            option="--born",
            label=Label("First", "subject", names="events", none="(any event)"),
        ),
    ] = None
    return_event: Annotated[
        str | None,
        Parameter(
            "What counts as coming back; any event.",
            Optional(Name()),
            "EVENT",
            option="--return",
            label=Label("Then", "subject", names="events", none="(any event)"),
        ),
    ] = None
    from_date: FromDate
    to_date: ToDate
    born_where: Annotated[
        str | None,
        Parameter(
            "Filter of the former.",
            Optional(Text()),
            "EXPRESSION",
            label=Label("First where", none=""),
        ),
    ] = None
    return_where: Annotated[
        str | None, Parameter("Filter of the latter.", Optional(Text()), "EXPRESSION")
    ] = None
    unit: DayOrLonger = "day"
    interval: Annotated[
        int, Parameter("Units in a period; 7 days are a week.", Whole(366), "N", read=int)
    ] = 1
    interval_count: Annotated[
        int,
        Parameter(
            "The last period.",
            Whole(MAX_PERIODS),
            "N",
            option="--intervals",
            read=int,
            label=Label("Periods", default=10),
        ),
    ] = 10
    type: Annotated[
        RetentionType,
        Parameter(
            "birth: cohorts of who did --born; compounded: of who did --return.",
            OneOf(RETENTION_TYPES),
            "TYPE",
        ),
    ] = "birth"
    unbounded: Annotated[
        bool, Parameter("Coming back later counts for all periods before, too.", Flag(), "")
    ] = False
    on: Segments = None
    limit: Limit = 255
    table: Table = None

    @property
    def period(self) -> tuple[LargeUnit, int]:
        """The unit of cohorts and periods, and how many of it a period has.

        Seven days are the unit week, whichever way they are asked for: Mixpanel's API takes a unit or a
        number of days (https://developer.mixpanel.com/reference/retention-query).
        """
        return ("week", 1) if (self.unit, self.interval) == ("day", 7) else (self.unit, self.interval)
