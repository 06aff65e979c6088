"""Rows of a retention's statement as its cohorts."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import SECONDS, after, midnight, shifted, utc
from mixpanel_nb.queries.base import changed
from mixpanel_nb.results import OVERALL, RetentionCohort
from mixpanel_nb.results.report import segment_names
from mixpanel_nb.services.local.shapes import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from mixpanel_nb.analytics.calendar import Period
    from mixpanel_nb.queries import Retention
    from mixpanel_nb.services.local.engines import EventTable

Segment = str | tuple[str, ...]


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
        self._sizes: dict[tuple[Segment, date], int] = {}
        self._counts: dict[tuple[Segment, date], dict[int, float]] = {}
        several = len(wanted.on) if isinstance(wanted.on, tuple) else 0
        self.segments: list[Segment] = [(OVERALL,) * several if several else OVERALL]
        self.left_out = 0
        last_event = rows[0][-1] if rows else None
        born = wanted.born_event if wanted.type == "birth" else wanted.return_event
        self._returns = table.observed(wanted.return_event, last_event)
        self._births = table.observed(born, last_event) if table.parts else None
        columns = [segment_names(texts) for texts in zip(*(row[: several or 1] for row in rows), strict=True)]
        for row in rows:
            *texts, segments, cohort, size, number, count, _ = row
            if cohort is not None:
                names = tuple(names[text] for names, text in zip(columns, texts, strict=True))
                self._add(names if several else names[0], segments, cohort, size, number, count)
        self.left_out = max(self.left_out - (len(self.segments) - 1), 0)

    def _add(
        self, segment: Segment, segments: int, cohort: date, size: int, number: int | None, count: float
    ) -> None:
        self.left_out = segments
        if segment not in self.segments:
            self.segments.append(segment)
        self._sizes[segment, cohort] = size
        if number is not None:
            self._counts.setdefault((segment, cohort), {})[number] = count

    @property
    def users(self) -> int:
        """How many are in all cohorts."""
        return sum(self._sizes.values())

    def cohorts(self) -> tuple[RetentionCohort, ...]:
        """Every cohort of the days asked about, segment by segment."""
        broken_down = self._wanted.on is not None
        days = self._period.buckets(self._wanted.unit)
        observed = {day: self._observed(day) for day in days}
        return tuple(
            self._cohort(segment, day, segment if broken_down else None, *observed[day])
            for segment in self.segments
            for day in days
        )

    def _cohort(
        self,
        segment: Segment,
        cohort: date,
        shown_segment: Segment | None,
        known: bool,
        begun: Sequence[bool],
        over: Sequence[bool],
    ) -> RetentionCohort:
        zero = 0 if self._wanted.prop is None else 0.0
        found = self._counts.get((segment, cohort), {})
        counted = [found.get(number, zero) for number in range(len(begun))]
        if self._wanted.mode == "on_or_after":
            counted = list(accumulate(reversed(counted)))[::-1]
        elif self._wanted.mode == "on_or_before":
            counted = list(accumulate(counted))
        if self._wanted.prop is not None:
            counted = [rounded(amount) for amount in counted]
        return RetentionCohort(
            cohort,
            self._sizes.get((segment, cohort), 0) if known else None,
            tuple(count if seen else None for count, seen in zip(counted, begun, strict=True)),
            shown_segment,
            tuple(over),
        )

    def _observed(self, cohort: date) -> tuple[bool, list[bool], list[bool]]:
        """Whether a cohort's own days are known; for each period, whether anything is, and whether all is.

        What covers several periods is known where each of them is.
        """
        begins = utc(midnight(max(cohort, self._period.first)), self._zone)
        ends = min(self._end_of(cohort), self._period.until)
        windows = self._windows(cohort, begins, ends)
        known = self._births is None or _touched(self._births, begins, ends)
        if not known or not _touched(self._returns, begins, ends):
            return known, [False for _ in windows], [False for _ in windows]
        begun = [_touched(self._returns, *window) for window in windows]
        over = [_held(self._returns, *window) for window in windows]
        if self._wanted.mode in {"on_or_before", "streak"}:
            begun, over = (
                list(accumulate(states, lambda one, other: one and other)) for states in (begun, over)
            )
        return known, begun, over

    def _windows(self, cohort: date, begins: datetime, ends: datetime) -> list[tuple[datetime, datetime]]:
        """From when until when each period lasts, for somebody of a cohort that was born in some time."""
        unit, edges = self._wanted.unit, self._wanted.edges
        if self._wanted.alignment == "calendar":
            moments = [utc(midnight(shifted(cohort, unit, edge)), self._zone) for edge in edges]
            return list(pairwise([begins, *moments[1:]]))
        lengths = [edge * SECONDS[unit] for edge in edges]
        return [(after(begins, first), after(ends, last)) for first, last in pairwise(lengths)]

    def _end_of(self, cohort: date) -> datetime:
        return utc(midnight(shifted(cohort, self._wanted.unit, 1)), self._zone)

    @property
    def _zone(self) -> ZoneInfo:
        return self._period.zone


def _touched(spans: Sequence[tuple[datetime, datetime]], since: datetime, until: datetime) -> bool:
    """Whether anything is known of a time."""
    return any(first < until and since < last for first, last in spans)


def _held(spans: Sequence[tuple[datetime, datetime]], since: datetime, until: datetime) -> bool:
    """Whether all is known of a time."""
    return any(first <= since and until <= last for first, last in spans)


def as_asked(query: Retention) -> Retention:
    """The report with the periods it is about, and without an event that it does not look at."""
    unit, interval = query.period
    query = changed(query, unit=unit, interval=interval)
    return changed(query, born_event=None, born_where=None) if query.type == "compounded" else query
