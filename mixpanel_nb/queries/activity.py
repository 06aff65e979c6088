"""The activity feed: all events of some users.

https://developer.mixpanel.com/reference/activity-stream-query
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Names
from mixpanel_nb.queries.parameter import Parameter
from mixpanel_nb.queries.shared import (
    FromDate,
    Identities,
    InCohort,
    NotInCohort,
    Table,
    ToDate,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import ActivityFeedResult


@dataclass(frozen=True, kw_only=True)
class ActivityFeed(Query["ActivityFeedResult"]):
    """List all events of some users, oldest first."""

    name: ClassVar[str] = "activity_feed"
    title: ClassVar[str] = "Activity feed"
    example: ClassVar[str] = "user_000001 --from 2025-01-01 --to 2025-03-31 --table events"

    distinct_ids: Annotated[
        tuple[str, ...],
        Parameter(
            "The users' distinct_id; - reads them from standard input, one a line.",
            Names(),
            "ID",
            positional=True,
            from_input=True,
        ),
    ]
    from_date: FromDate
    to_date: ToDate
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    table: Table = None
