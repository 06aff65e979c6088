"""Sessions: their number, duration and events.

https://docs.mixpanel.com/docs/features/sessions (timeout-based sessions).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Name, Names, Optional, Whole
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    ANY_EVENT,
    Annotations,
    AnyUnit,
    Compare,
    Diff,
    FromDate,
    Identities,
    InCohort,
    Limit,
    NotInCohort,
    Segments,
    Table,
    ToDate,
    Where,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import SessionsResult

TIMEOUT = 30
"""Minutes without an event that end a session, unless the project says otherwise."""

MAX_TIMEOUT = 24 * 60

NOT_OF_SESSIONS = (
    "$identify",
    "$create_alias",
    "$merge",
    "$hotshard_events",
    "$campaign_delivery",
    "$campaign_bounced",
    "$campaign_marked_spam",
    "$message_suppressed",
    "$unsubscribe",
    "$journey_entered",
)
"""Mixpanel's own events, which are never part of a session
(https://docs.mixpanel.com/docs/features/sessions#what-mixpanel-api-events-are-by-default-excluded-from-session-calculations)."""

Timeout = Annotated[
    int,
    Parameter(
        "Minutes without an event that end a session.",
        Whole(MAX_TIMEOUT),
        "MINUTES",
        read=int,
        label=Label("Timeout (min)", default=TIMEOUT),
    ),
]


@dataclass(frozen=True, kw_only=True)
class Sessions(Query["SessionsResult"]):
    """Show how many sessions there were, how long they lasted, and how many events they had.

    A table answers; sessions are computed from its events, as Mixpanel does.
    """

    name: ClassVar[str] = "sessions"
    title: ClassVar[str] = "Sessions"
    needs_table: ClassVar[bool] = True
    example: ClassVar[str] = "--from 2025-01-01 --to 2025-03-31 --unit week --table events"

    from_date: FromDate
    to_date: ToDate
    unit: AnyUnit = "day"
    event: Annotated[
        str | None,
        Parameter(
            "Only sessions in which this event happened.",
            Optional(Name()),
            "EVENT",
            label=Label("With", "subject", names="events", none="(any event)"),
            any_option=ANY_EVENT,
        ),
    ] = None
    where: Where = None
    on: Segments = None
    timeout: Timeout = TIMEOUT
    exclude: Annotated[
        tuple[str, ...],
        Parameter(
            "An event that is not part of sessions (repeatable), such as one that a server sends.",
            Names(optional=True),
            "EVENT",
            label=Label("Without", names="events", none="(nothing)"),
        ),
    ] = ()
    limit: Limit = 60
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    compare: Compare = None
    diff: Diff = None
    table: Table = None
