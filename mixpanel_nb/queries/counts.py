"""Counts: several events, the values of a property, the top events of a day.

https://developer.mixpanel.com/reference/list-recent-events and the neighbouring pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as _date
from typing import TYPE_CHECKING, Annotated, ClassVar

from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import MAX_LIMIT, Day, Name, Names, Optional, Texts, Whole
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    ANY_EVENT,
    Annotations,
    AnyUnit,
    Compare,
    Counted,
    Diff,
    FromDate,
    Identities,
    InCohort,
    Limit,
    NamedEvent,
    NotInCohort,
    Table,
    ToDate,
    Where,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import EventCountsResult, PropertyCountsResult, TopEventsResult


@dataclass(frozen=True, kw_only=True)
class EventCounts(Query["EventCountsResult"]):
    """Show several events side by side, or all events as one series, over time."""

    name: ClassVar[str] = "event_counts"
    title: ClassVar[str] = "Several events"
    example: ClassVar[str] = '"Sign Up" Purchase --from 2025-01-01 --to 2025-03-31 --unit week --table events'

    events: Annotated[
        tuple[str, ...] | None,
        Parameter(
            "The events; None counts any event, as one series.",
            Optional(Names()),
            "EVENT",
            positional=True,
            label=Label("Event", "subject", names="events", none="(any event)", main=True),
            any_option=ANY_EVENT,
            any_of_tables=True,
        ),
    ]
    from_date: FromDate
    to_date: ToDate
    unit: AnyUnit = "day"
    type: Counted = "general"
    where: Where = None
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    compare: Compare = None
    diff: Diff = None
    table: Table = None


@dataclass(frozen=True, kw_only=True)
class PropertyCounts(Query["PropertyCountsResult"]):
    """Show the values of a property of an event, over time."""

    name: ClassVar[str] = "property_counts"
    title: ClassVar[str] = "Property values"
    example: ClassVar[str] = "Purchase plan --from 2025-01-01 --to 2025-03-31 --unit week --table events"

    event: NamedEvent
    prop: Annotated[
        str,
        Parameter(
            "The property.",
            Name(),
            "PROPERTY",
            positional=True,
            label=Label("Property", "subject", names="properties", needed="Choose a property."),
        ),
    ]
    from_date: FromDate
    to_date: ToDate
    values: Annotated[
        tuple[str, ...] | None,
        Parameter("Only this value (repeatable).", Optional(Texts()), "VALUE", option="--value"),
    ] = None
    unit: AnyUnit = "day"
    type: Counted = "general"
    where: Where = None
    limit: Limit = 255
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    compare: Compare = None
    diff: Diff = None
    table: Table = None


@dataclass(frozen=True, kw_only=True)
class TopEvents(Query["TopEventsResult"]):
    """List the most frequent events of a day, and how they changed since the day before."""

    name: ClassVar[str] = "top_events"
    title: ClassVar[str] = "Top events"
    example: ClassVar[str] = "--table events"

    type: Counted = "general"
    limit: Annotated[int, Parameter("Events to show.", Whole(MAX_LIMIT), "N", read=int)] = 100
    date: Annotated[
        _date | None,
        Parameter("The day; the table's last by default.", Optional(Day()), "YYYY-MM-DD"),
    ] = None
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    table: Table = None
