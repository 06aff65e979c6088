"""Who answers a reconciliation, and the ways in which a table is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from mixpanel_nb.queries import Query
    from mixpanel_nb.queries.shared import UsersRead
    from mixpanel_nb.results import ReportResult
    from mixpanel_nb.results.reconcile import CauseName
    from mixpanel_nb.services.local.engines import EventTable


@dataclass(frozen=True)
class Reading:
    """A way to ask the table.

    Attributes:
        zone: The time zone of its days.
        distinct: Whether copies of an event count once.
        window: The conversion window in days; None is the query's own.
        identities: Whether users are resolved or raw.
    """

    zone: str
    distinct: bool = False
    window: int | None = None
    identities: UsersRead = "raw"

    def changes(self, base: Reading) -> list[CauseName]:
        """The causes of which this is a test, where ``base`` is how the table is asked otherwise."""
        told: list[tuple[CauseName, bool]] = [
            ("time_zone", self.zone != base.zone),
            ("duplicates", self.distinct != base.distinct),
            ("window", self.window != base.window),
            ("identities", self.identities != base.identities),
        ]
        return [name for name, is_changed in told if is_changed]

    def without(self, cause: CauseName, base: Reading) -> Reading:
        """This reading without one of its changes."""
        fields: dict[CauseName, str] = {"time_zone": "zone", "duplicates": "distinct"}
        name = fields.get(cause, cause)
        return replace(self, **{name: getattr(base, name)})


@dataclass(frozen=True)
class Sides:
    """Both sides of a reconciliation.

    Attributes:
        name: The table.
        table: Its description.
        last_day: The last day it was fetched for, or has events on.
        zone: The time zone of reports on it.
        account_zone: That of the account, in which Mixpanel's days are read.
        live: Asks Mixpanel.
        local: Asks the table in one way.
        copies: Counts the events that the table has several copies of.
        has_identities: Whether it is known which ids of the table are one user.
        data_view: The data view from which Mixpanel answers; None for the whole project.
    """

    name: str
    table: EventTable
    last_day: date | None
    zone: str
    account_zone: str
    live: Callable[[Query[Any]], ReportResult]
    local: Callable[[Query[Any], Reading], ReportResult]
    copies: Callable[[Query[Any]], int]
    has_identities: bool
    data_view: str | None = None
