"""Fields that several reports share."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, get_args

from mixpanel_nb.queries.checks import (
    MAX_LIMIT,
    Breakdowns,
    Comparison,
    Day,
    Flag,
    Name,
    OneOf,
    Optional,
    Several,
    Text,
    Whole,
)
from mixpanel_nb.queries.groups import Groups
from mixpanel_nb.queries.parameter import Label, Parameter

Unit = Literal["minute", "hour", "day", "week", "month"]
LargeUnit = Literal["day", "week", "month"]
CalendarUnit = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]
CountType = Literal["general", "unique", "average"]

UNITS: tuple[Unit, ...] = get_args(Unit)
LARGE_UNITS: tuple[LargeUnit, ...] = get_args(LargeUnit)
CALENDAR_UNITS: tuple[CalendarUnit, ...] = get_args(CalendarUnit)
COUNT_TYPES: tuple[CountType, ...] = get_args(CountType)

MAX_COHORTS = 20
ANY_EVENT = "--any"
WHERE_EXAMPLE = 'properties["plan"] == "pro"'

Event = Annotated[
    str | None,
    Parameter(
        "The event; None for any.",
        Optional(Name()),
        "EVENT",
        positional=True,
        label=Label("Event", "subject", names="events", none="(any event)", main=True),
        any_option=ANY_EVENT,
        any_of_tables=True,
    ),
]
NamedEvent = Annotated[
    str,
    Parameter(
        "The event.",
        Name(),
        "EVENT",
        positional=True,
        label=Label("Event", "subject", names="events", needed="Choose an event."),
    ),
]
FromDate = Annotated[
    date,
    Parameter("First day.", Day(), "DAY", option="--from", label=Label("From"), filled=True),
]
ToDate = Annotated[
    date,
    Parameter("Last day, included.", Day(), "DAY", option="--to", label=Label("To"), filled=True),
]
LAST = Parameter("The last days up to the end: 30d, 12w, 3m or 1y.", Optional(Text()), "LENGTH")
DURING = Parameter("One period: 2025-03, 2025-W10, 2025-Q1, 2025 or DAY..DAY.", Optional(Text()), "PERIOD")
LIVE = Parameter("Ask Mixpanel, also where there is a table.", Flag(), "")
Breakdown = Annotated[
    str | tuple[str, ...] | None,
    Parameter(
        "Break down by this property or expression (repeatable).",
        Optional(Breakdowns()),
        "PROPERTY",
        label=Label("By", "subject", names="properties", none="(total)"),
    ),
]
Segments = Annotated[
    str | None,
    Parameter(
        "Break down by this property (or expression).",
        Optional(Name()),
        "PROPERTY",
        label=Label("By", names="properties", none="(all)"),
    ),
]
SEVERAL_NUMBERS = (
    "The report insights takes several numbers: sum(Purchase, amount) and sum(Purchase, tax), or "
    "breakdowns by buckets(amount) and buckets(tax)."
)
Number = Annotated[
    str,
    Parameter(
        "The number: a property or expression.",
        Name(SEVERAL_NUMBERS),
        "PROPERTY",
        label=Label("Number", "subject", names="numbers", needed="Choose a number."),
    ),
]
Where = Annotated[
    str | None,
    Parameter(
        "Only events for which this is true.", Optional(Text()), "EXPRESSION", label=Label("Where", none="")
    ),
]
AnyUnit = Annotated[
    Unit,
    Parameter("minute, hour, day, week or month.", OneOf(UNITS), "UNIT", label=Label("Per")),
]
DayOrLonger = Annotated[
    LargeUnit, Parameter("day, week or month.", OneOf(LARGE_UNITS), "UNIT", label=Label("Per"))
]
Counted = Annotated[
    CountType,
    Parameter(
        "general: events; unique: users; average: events per user.",
        OneOf(COUNT_TYPES),
        "TYPE",
        label=Label(
            "Count",
            choices=(("events", "general"), ("users", "unique"), ("events per user", "average")),
        ),
    ),
]
Limit = Annotated[
    int,
    Parameter("Segments to show, the largest ones.", Whole(MAX_LIMIT), "N", read=int),
]
InCohort = Annotated[
    tuple[str, ...],
    Parameter(
        "Of a table: only users in this cohort (repeatable: in all of them).",
        Several(Name(), MAX_COHORTS),
        "COHORT",
        option="--in",
        label=Label("In cohort", names="cohorts", none="(all users)", only="tables"),
    ),
]
NotInCohort = Annotated[
    tuple[str, ...],
    Parameter(
        "Of a table: no users in this cohort (repeatable).",
        Several(Name(), MAX_COHORTS),
        "COHORT",
        option="--not-in",
        label=Label("Not in cohort", names="cohorts", none="(none)", only="tables"),
    ),
]
System = Literal["original", "simplified"]
SYSTEMS: tuple[System, ...] = ("original", "simplified")
UsersRead = Literal["resolved", "raw"]
USERS: tuple[UsersRead, ...] = ("resolved", "raw")
Identities = Annotated[
    UsersRead | None,
    Parameter(
        "Of a table: users as merged by {mp identities} (resolved), or an id each (raw).",
        Optional(OneOf(USERS)),
        "USERS",
    ),
]
Annotations = Annotated[
    bool,
    Parameter(
        "Leave out the marks of the project's annotations on the chart.",
        Flag(),
        "",
        option="--no-annotations",
        negative=True,
    ),
]
Compare = Annotated[
    str | None,
    Parameter(
        "Compare with `previous` (as long a time before), `year` (a year before) or FROM..TO.",
        Optional(Comparison()),
        "PERIOD",
        label=Label(
            "Compare with", none="(nothing)", choices=(("period before", "previous"), ("year before", "year"))
        ),
    ),
]
Diff = Annotated[
    tuple[str, str] | None,
    Parameter(
        "Compare two groups: plan=pro, @cohort, an expression, or days FROM..TO.",
        Optional(Groups()),
        "GROUP GROUP",
        label=Label("Group", none="(none)"),
        pair=("plan=pro", "plan=free"),
    ),
]
Table = Annotated[
    str | None,
    Parameter("The table to ask; the usual one if there is any.", Optional(Name()), "TABLE", filled=True),
]
