"""Which buckets of an Insights report are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.calendar import coverage, later, midnight, utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.analytics.insights import Days
    from mixpanel_nb.queries import Insights
    from mixpanel_nb.services.local.engines.base import Span

_DAY = timedelta(days=1)


class KnownBuckets:
    """The buckets of a query, and whether some spans of time cover them.

    Attributes:
        asked: The requested buckets.
        counted: These, and those before that a rolling average needs.
    """

    def __init__(self, query: Insights, days: Days) -> None:
        self._query = query
        self._period = replace(days.asked, first=days.counted_from)
        self._since, self._until = self._period.since, self._period.until
        if query.totals:
            self.asked: list[Bucket] = [days.asked.first]
            self.counted: list[Bucket] = self.asked
        else:
            self.asked, self.counted = (period.buckets(query.unit) for period in (days.asked, self._period))

    def of(self, spans: Sequence[Span], active_days: int | None) -> list[tuple[bool, bool]]:
        """For each bucket that counts, whether anything is known of it, and whether all is."""
        if active_days is None and not self._query.totals:
            states = coverage(self._period, self._query.unit, spans)
            return [(state is not None, state is True) for state in states]
        return [self._one(end, spans, active_days) for end in self._ends]

    def _one(self, end: datetime, spans: Sequence[Span], active_days: int | None) -> tuple[bool, bool]:
        until = min(end, self._until)
        since = self._since if active_days is None else self._before(until, active_days)
        touched = any(first < until and since < last for first, last in spans)
        is_known = any(first <= since and until <= last for first, last in spans)
        return touched, is_known and end <= self._until

    def _before(self, until: datetime, days: int) -> datetime:
        """The beginning of so many days that end at a midnight."""
        local = until.replace(tzinfo=UTC).astimezone(self._period.zone).date()
        return utc(midnight(local - days * _DAY), self._period.zone)

    @cached_property
    def _ends(self) -> list[datetime]:
        """The first moment after each bucket, in UTC."""
        if self._query.totals:
            return [self._until]
        return [utc(midnight(later(day, self._query.unit, 1)), self._period.zone) for day in self.counted]
