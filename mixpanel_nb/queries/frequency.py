"""Frequency: in how many hours or days of each bucket users were active.

https://developer.mixpanel.com/reference/retention-frequency-query
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, get_args

from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Name, OneOf, Optional
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    ANY_EVENT,
    Compare,
    DayOrLonger,
    Diff,
    FromDate,
    Identities,
    InCohort,
    NotInCohort,
    Table,
    ToDate,
    Where,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import FrequencyResult

AddictionUnit = Literal["hour", "day"]
ADDICTION_UNITS: tuple[AddictionUnit, ...] = get_args(AddictionUnit)


@dataclass(frozen=True, kw_only=True)
class Frequency(Query["FrequencyResult"]):
    """Show in how many hours of a day, or days of a week or month, users were active."""

    name: ClassVar[str] = "frequency"
    title: ClassVar[str] = "Frequency"
    example: ClassVar[str] = (
        "--unit week --addiction-unit day --from 2025-01-01 --to 2025-03-31 --table events"
    )

    from_date: FromDate
    to_date: ToDate
    unit: DayOrLonger = "day"
    addiction_unit: Annotated[
        AddictionUnit,
        Parameter(
            "What is counted in it: hour or day.",
            OneOf(ADDICTION_UNITS),
            "UNIT",
            label=Label("Count", choices=(("hours", "hour"), ("days", "day"))),
        ),
    ] = "hour"
    event: Annotated[
        str | None,
        Parameter(
            "What counts as active; any event.",
            Optional(Name()),
            "EVENT",
            label=Label("Event", "subject", names="events", none="(any event)", main=True),
            any_option=ANY_EVENT,
        ),
    ] = None
    where: Where = None
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    compare: Compare = None
    diff: Diff = None
    table: Table = None
