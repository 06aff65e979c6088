"""Which days of a table were fetched, and how, by its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.calendar import midnight, utc
from mixpanel_nb.services.local.remarks import described

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from mixpanel_nb.results.reconcile import CauseName
    from mixpanel_nb.services.local.engines import EventTable, Part
    from mixpanel_nb.services.local.engines.base import Span

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Coverage:
    """Which days of a table were fetched, and how, by its ledger.

    Attributes:
        table: The table.
        zone: The time zone of the days.
        events: The counted events; None is any event.
    """

    table: EventTable
    zone: ZoneInfo
    events: tuple[str | None, ...]

    @property
    def is_known(self) -> bool:
        """Whether there are records of fetches."""
        return bool(self.table.parts)

    def state(self, day: date) -> CauseName | None:
        """Why a day is incomplete: ``days_not_fetched`` (all or part of it), ``filters``, or None."""
        if not self.is_known:
            return None
        since, until = self._span(day)
        if not _covers(_spans(self.table.parts), since, until):
            return "days_not_fetched"
        for event in self.events:
            if not _covers(_spans(part for part in self.table.parts if _has_all(part, event)), since, until):
                return "filters"
        return None

    def is_empty(self, day: date) -> bool:
        """Whether nothing of a day was fetched."""
        since, until = self._span(day)
        return not any(start < until and end > since for start, end in _spans(self.table.parts))

    def limits(self, days: Sequence[date]) -> str:
        """The limits of the fetches of these days, in words."""
        return " and ".join(sorted({described(part) for part in self._limited(days)}))

    def filters(self, days: Sequence[date]) -> str:
        """The filters of these days, by the names of their parameters."""
        parts = self._limited(days)
        told = [
            (any(part.only is not None for part in parts), "events"),
            (any(part.where is not None for part in parts), "where"),
            (any(part.limit is not None for part in parts), "limit"),
        ]
        return " and ".join(name for is_used, name in told if is_used)

    def fetched(self, days: Sequence[date]) -> str:
        """When these days were fetched, in words."""
        found = self.table.fetched
        moments = sorted(moment for day, moment in found.items() if days[0] <= day <= days[-1])
        if not moments:
            return "at an unknown time"
        first, last = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (moments[0], moments[-1]))
        return first if first == last else f"{first} to {last}"

    def _limited(self, days: Sequence[date]) -> list[Part]:
        asked = [self._span(day) for day in days]
        return [
            part
            for part in self.table.parts
            if not part.is_whole
            and any(start < until and end > since for start, end in part.spans for since, until in asked)
        ]

    def _span(self, day: date) -> Span:
        return utc(midnight(day), self.zone), utc(midnight(day + _DAY), self.zone)


def _has_all(part: Part, event: str | None) -> bool:
    """Whether a fetch brought all of an event (None is any event)."""
    if part.where is not None or part.limit is not None:
        return False
    return part.only is None or event in part.only


def _spans(parts: Iterable[Part]) -> list[Span]:
    return sorted(span for part in parts for span in part.spans)


def _covers(spans: Sequence[Span], since: datetime, until: datetime) -> bool:
    """Whether spans, in order, together cover a whole time span."""
    reached = since
    for start, end in spans:
        if start <= reached:
            reached = max(reached, end)
    return reached >= until
