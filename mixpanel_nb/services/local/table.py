"""``AskedTable``: a table that reports are about, and what is known of its project."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb import analytics
from mixpanel_nb.analytics.calendar import Period
from mixpanel_nb.analytics.context import ReportContext
from mixpanel_nb.services.dates import table_range
from mixpanel_nb.services.local.identities import ReadUsers
from mixpanel_nb.services.local.remarks import Remarks

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

    from mixpanel_nb.services.local.engines import Engine
    from mixpanel_nb.weekdays import Weekday

ANY_DAY = date(2000, 1, 1)
"""The days of a question that is about none."""


class Ranged(Protocol):
    """A query about some days."""

    @property
    def from_date(self) -> date:
        """The first day."""

    @property
    def to_date(self) -> date:
        """The last day."""


@dataclass(frozen=True)
class AskedTable:
    """A table that reports are about.

    Attributes:
        engine: Where the table is.
        name: Its name.
        zone: The project's time zone.
        clock: Unix seconds, for ``NOW`` in expressions.
        week_start: The day on which weeks of the project begin.
        hidden: Returns the events that are known to be hidden in the project's Lexicon.
    """

    engine: Engine
    name: str
    zone: ZoneInfo
    clock: Callable[[], float]
    week_start: Weekday
    hidden: Callable[[], frozenset[str]]

    def period(self, query: Ranged) -> Period:
        """The days of a query."""
        return Period(*table_range(query.from_date, query.to_date), self.zone, self.week_start)

    def ask(self, query: Any) -> Remarks:
        """What a statement for a query about some days needs to know of the table.

        Raises:
            TableNotFoundError: there is no such table.
        """
        return self.asked_of(*table_range(query.from_date, query.to_date), query)

    def asked_of(
        self, first: date, last: date, query: object = None, identities: str | None = None
    ) -> Remarks:
        """What a statement about days needs to know of the table.

        Args:
            first: The first day.
            last: The last day.
            query: Which users are asked about, and how they are read; all, if it is None.
            identities: How users are read, without a query.

        Raises:
            TableNotFoundError: there is no such table.
        """
        identities = getattr(query, "identities", identities)
        users = ReadUsers.of(self.engine, self.name, identities)
        table = replace(self.engine.events(self.name, self.zone), find_definitions=self.engine.definitions)
        events = users.events(table)
        context = ReportContext(
            events.columns,
            partial(users.profiles, self.engine),
            Period(first, last, self.zone, self.week_start),
            self.clock(),
            hidden=self.hidden(),
            find_cohorts=self.engine.cohorts,
            find_definitions=self.engine.definitions,
            in_cohort=getattr(query, "in_cohort", ()),
            not_in_cohort=getattr(query, "not_in_cohort", ()),
        )
        return Remarks(self.engine, events, context)

    def known_until(self, context: ReportContext) -> datetime:
        """The end of what the table holds, at least of the days asked about if it is unknown."""
        held = self.engine.days(self.name)
        last = context.period.last if held is None else held[1]
        return replace(context.period, first=min(context.period.first, last), last=last).until

    def last_day(self) -> date | None:
        """The day of the last event, in the project's time zone; None without events."""
        context = self.asked_of(ANY_DAY, ANY_DAY).context
        ((last,),) = self.engine.rows(analytics.counts.last_event(context))
        return None if last is None else last.replace(tzinfo=UTC).astimezone(self.zone).date()


def named(*events: str | None) -> list[str]:
    """The names of the events; None, which means any event, has none."""
    return [event for event in events if event is not None]
