"""Retention: the number of users who did something and returned, by period.

https://developer.mixpanel.com/reference/retention-query; https://docs.mixpanel.com/docs/reports/retention
defines what tables answer beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, get_args

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Brackets, Name, OneOf, Optional, Text, Whole
from mixpanel_nb.queries.groups import Group, joined
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    ANY_EVENT,
    Breakdown,
    Compare,
    DayOrLonger,
    Diff,
    FromDate,
    Identities,
    InCohort,
    LargeUnit,
    Limit,
    NotInCohort,
    Table,
    ToDate,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import RetentionResult

RetentionType = Literal["birth", "compounded"]
RetentionMode = Literal["on", "on_or_after", "on_or_before", "streak"]
Alignment = Literal["rolling", "calendar"]
RetentionMeasure = Literal["sum", "average"]
RETENTION_TYPES: tuple[RetentionType, ...] = get_args(RetentionType)
RETENTION_MODES: tuple[RetentionMode, ...] = get_args(RetentionMode)
ALIGNMENTS: tuple[Alignment, ...] = get_args(Alignment)
RETENTION_MEASURES: tuple[RetentionMeasure, ...] = get_args(RetentionMeasure)
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
            label=Label("First", "subject", names="events", none="(any event)", main=True),
            any_option=ANY_EVENT,
        ),
    ] = None
    return_event: Annotated[
        str | None,
        Parameter(
            "What counts as coming back; any event.",
            Optional(Name()),
            "EVENT",
            option="--return",
            label=Label("Then", "subject", names="events", none="(any event)", main=True),
            any_option=ANY_EVENT,
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
        str | None,
        Parameter(
            "Filter of the latter.", Optional(Text()), "EXPRESSION", label=Label("Then where", none="")
        ),
    ] = None
    unit: DayOrLonger = "day"
    interval: Annotated[
        int,
        Parameter(
            "Units in a period; 7 days are a week.",
            Whole(366),
            "N",
            read=int,
            label=Label("Units in a period", default=1),
        ),
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
            label=Label(
                "Cohorts of",
                choices=(("who did the first event", "birth"), ("who did the event of return", "compounded")),
            ),
        ),
    ] = "birth"
    mode: Annotated[
        RetentionMode,
        Parameter(
            "on: came back in the period; on_or_after, on_or_before; streak: in each so far.",
            OneOf(RETENTION_MODES),
            "MODE",
            label=Label(
                "Came back",
                choices=(
                    ("on the period", "on"),
                    ("on or after it", "on_or_after"),
                    ("on or before it", "on_or_before"),
                    ("in a streak", "streak"),
                ),
            ),
        ),
    ] = "on"
    alignment: Annotated[
        Alignment,
        Parameter(
            "rolling: periods from each user's own event; calendar: days, weeks and months of the project.",
            OneOf(ALIGNMENTS),
            "ALIGNMENT",
            label=Label("Periods"),
        ),
    ] = "rolling"
    brackets: Annotated[
        tuple[int, ...] | None,
        Parameter(
            "Periods of different lengths, in units, each until the next: 0,1,3,7,14,30.",
            Optional(Brackets()),
            "N,N…",
            label=Label("Brackets"),
            joined=",",
        ),
    ] = None
    prop: Annotated[
        str | None,
        Parameter(
            "Count this property (or expression) of the returns instead of users.",
            Optional(Name()),
            "PROPERTY",
            label=Label("Of", names="numbers", none="(users)"),
        ),
    ] = None
    measure: Annotated[
        RetentionMeasure,
        Parameter(
            "Of --prop, the sum in each period, or its average per user of the cohort.",
            OneOf(RETENTION_MEASURES),
            "MEASURE",
            label=Label("Measure"),
        ),
    ] = "sum"
    on: Breakdown = None
    limit: Limit = 255
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    compare: Compare = None
    diff: Diff = None
    table: Table = None

    def check(self) -> None:
        """Refuse fields that contradict each other.

        Raises:
            ParameterError: brackets and other periods, or an average of nothing, are asked for.
        """
        for name, default in (("interval", 1), ("interval_count", 10)):
            if self.brackets is not None and getattr(self, name) != default:
                message = [Word("brackets"), " and ", Word(name), " both say how long the periods are."]
                raise ParameterError(
                    message, parameter=name, value=getattr(self, name), hint="Give one of them."
                )
        if self.measure != "sum" and self.prop is None:
            message = [Word("measure"), f" is {self.measure!r}, and ", Word("prop"), " names no property."]
            raise ParameterError(
                message, parameter="measure", value=self.measure, hint="Name the property to be averaged."
            )

    def narrowed(self, group: Group) -> dict[str, Any]:
        """The event that brings users into a cohort, under a further condition."""
        name = "return_where" if self.type == "compounded" else "born_where"
        return {name: joined(getattr(self, name), group.where)}

    @property
    def bucket_unit(self) -> str:
        """The unit of its cohorts."""
        return self.period[0]

    @property
    def edges(self) -> tuple[int, ...]:
        """Where the periods begin, in units, and at last where the last one ends."""
        if self.brackets is not None:
            return self.brackets
        return tuple(number * self.interval for number in range(self.interval_count + 2))

    @property
    def period(self) -> tuple[LargeUnit, int]:
        """The unit of cohorts and periods, and how many of it a period has.

        Seven days are the unit week, whichever way they are asked for: Mixpanel's API takes a unit or a
        number of days (https://developer.mixpanel.com/reference/retention-query).
        """
        return ("week", 1) if (self.unit, self.interval) == ("day", 7) else (self.unit, self.interval)
