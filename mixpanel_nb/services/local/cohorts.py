"""Rows of a retention's statement as its cohorts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import midnight, utc
from mixpanel_nb.analytics.retention import period_seconds
from mixpanel_nb.results import OVERALL, RetentionCohort
from mixpanel_nb.results.report import segment_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from mixpanel_nb.analytics.calendar import Period
    from mixpanel_nb.queries import Retention
    from mixpanel_nb.services.local.engines import EventTable


class Cohorts:
    """The rows of ``retention.statement`` as cohorts.

    Args:
        wanted: What was asked.
        period: The days of the cohorts.
        rows: The rows.
        table: What was fetched, which decides of what time the rows tell.
    """

    def __init__(
        self, wanted: Retention, period: Period, rows: Sequence[tuple[Any, ...]], table: EventTable
    ) -> None:
        self._wanted = wanted
        self._period = period
        self._sizes: dict[tuple[str, date], int] = {}
        self._users: dict[tuple[str, date], dict[int, int]] = {}
        self.segments: list[str] = [OVERALL]
        self.left_out = 0
        self._spans = table.observed(wanted.return_event, rows[0][-1] if rows else None)
        names = segment_names(segment for segment, *_ in rows)
        for segment, segments, cohort, size, number, users, _ in rows:
            if cohort is not None:
                self._add(names[segment], segments, cohort, size, number, users)
        self.left_out = max(self.left_out - (len(self.segments) - 1), 0)

    def _add(
        self, segment: str, segments: int, cohort: date, size: int, number: int | None, users: int
    ) -> None:
        self.left_out = segments
        if segment not in self.segments:
            self.segments.append(segment)
        self._sizes[segment, cohort] = size
        if number is not None:
            self._users.setdefault((segment, cohort), {})[number] = users

    @property
    def users(self) -> int:
        """How many are in all cohorts."""
        return sum(self._sizes.values())

    def cohorts(self) -> tuple[RetentionCohort, ...]:
        """Every cohort of the days asked about, segment by segment."""
        broken_down = self._wanted.on is not None
        return tuple(
            self._cohort(segment, cohort, segment if broken_down else None)
            for segment in self.segments
            for cohort in self._period.buckets(self._wanted.unit)
        )

    def _cohort(self, segment: str, cohort: date, shown_segment: str | None) -> RetentionCohort:
        users = self._users.get((segment, cohort), {})
        counted = [users.get(number, 0) for number in range(self._wanted.interval_count + 1)]
        if self._wanted.unbounded:
            counted = [sum(counted[number:]) for number in range(len(counted))]
        begun, over = self._observed(cohort)
        return RetentionCohort(
            cohort,
            self._sizes.get((segment, cohort), 0),
            tuple(count if seen else None for count, seen in zip(counted, begun, strict=True)),
            shown_segment,
            tuple(over),
        )

    def _observed(self, cohort: date) -> tuple[list[bool], list[bool]]:
        """For each period, whether anything is known of it, and whether all is known for everyone."""
        length = timedelta(seconds=period_seconds(self._wanted))
        numbers = range(self._wanted.interval_count + 1)
        first_day = max(cohort, self._period.first)
        begins = utc(midnight(first_day), self._zone)
        ends = min(self._end_of(cohort), self._period.until)
        if not self._touched(begins, ends):  # the days of the cohort itself were not fetched
            return [False for _ in numbers], [False for _ in numbers]
        windows = [(begins + number * length, ends + (number + 1) * length) for number in numbers]
        return [self._touched(*window) for window in windows], [self._held(*window) for window in windows]

    def _touched(self, since: datetime, until: datetime) -> bool:
        """Whether anything is known of a time."""
        return any(first < until and since < last for first, last in self._spans)

    def _held(self, since: datetime, until: datetime) -> bool:
        """Whether all is known of a time."""
        return any(first <= since and until <= last for first, last in self._spans)

    def _end_of(self, cohort: date) -> datetime:
        days = self._period.buckets(self._wanted.unit)
        following = [day for day in days if day > cohort]
        return utc(midnight(following[0]), self._zone) if following else self._period.until

    @property
    def _zone(self) -> ZoneInfo:
        return self._period.zone
