"""Planning of chunks: the days to request, and how they are split. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from mixpanel_nb.storage import Chunk

MAX_REQUESTS = 30  # half of the hourly quota of 60, so that a year can be fetched twice in an hour
USUAL_DAYS = 7
MIN_CHUNKS = 4  # a short range is split too, so that downloads overlap

# A day is settled when it was fetched this long after it ended; before that, more events may come.
# (Rows that Mixpanel accepts show up in exports within about an hour.)
SETTLED_AFTER = timedelta(hours=6)


@dataclass(frozen=True, order=True)
class DateRange:
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=offset) for offset in range(self.days))

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def chunk_days(days: int) -> int:
    """Days a chunk of a range of ``days`` days spans: about a week, at most 30 chunks in all."""
    chunks = min(MAX_REQUESTS, days, max(MIN_CHUNKS, math.ceil(days / USUAL_DAYS)))
    return math.ceil(days / chunks)


def plan(wanted: DateRange, covered: set[date]) -> list[DateRange]:
    """The chunks to request: ``wanted`` without the days in ``covered``.

    The same call after a stop plans the same chunks again, less those that are stored.
    """
    size = chunk_days(wanted.days)
    missing = (day for day in wanted if day not in covered)
    return [chunk for run in _runs(missing) for chunk in _cut(run, size)]


def few(days: Iterable[date]) -> list[DateRange]:
    """The fewest chunks: one for each run of at most a week; longer ones for many days."""
    wanted = sorted(days)
    size = max(USUAL_DAYS, math.ceil(len(wanted) / MAX_REQUESTS))
    return [chunk for run in _runs(wanted) for chunk in _cut(run, size)]


def _cut(run: DateRange, size: int) -> Iterator[DateRange]:
    """A range split into parts of ``size`` days."""
    for offset in range(0, run.days, size):
        first = run.first + timedelta(days=offset)
        yield DateRange(first, min(first + timedelta(days=size - 1), run.last))


def covered_days(chunks: Iterable[Chunk], filters: str, zone: str | None = None) -> set[date]:
    """The settled days of stored chunks with the same filters (days of ``zone``, None is UTC)."""
    return {
        day
        for chunk, span in _of_filters(chunks, filters)
        for day in span
        if is_settled(day, chunk.fetched_at, zone)
    }


def stored_days(chunks: Iterable[Chunk], filters: str) -> set[date]:
    """The days of stored chunks with the same filters, settled or not."""
    return {day for _, span in _of_filters(chunks, filters) for day in span}


def is_settled(day: date, fetched_at: datetime, zone: str | None = None) -> bool:
    """Whether what was fetched then (naive, UTC) holds all of a day of ``zone`` (None is UTC)."""
    end_of_day = datetime.combine(day + timedelta(days=1), time.min)
    if zone is not None:
        end_of_day = end_of_day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    return fetched_at >= end_of_day + SETTLED_AFTER


def _of_filters(chunks: Iterable[Chunk], filters: str) -> Iterator[tuple[Chunk, DateRange]]:
    for chunk in chunks:
        if chunk.filters == filters and chunk.from_date is not None and chunk.to_date is not None:
            yield chunk, DateRange(chunk.from_date, chunk.to_date)


def _runs(days: Iterable[date]) -> Iterator[DateRange]:
    """Days in order, grouped into ranges without gaps."""
    run: DateRange | None = None
    for day in days:
        if run is not None and day == run.last + timedelta(days=1):
            run = DateRange(run.first, day)
            continue
        if run is not None:
            yield run
        run = DateRange(day, day)
    if run is not None:
        yield run
