"""Which days to ask for, in how many requests. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

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
    """The chunks to ask for: ``wanted`` without the days in ``covered``.

    The same call after a stop plans the same chunks again, less those that are stored.
    """
    size = chunk_days(wanted.days)
    chunks: list[DateRange] = []
    for run in _runs(day for day in wanted if day not in covered):
        for offset in range(0, run.days, size):
            first = run.first + timedelta(days=offset)
            chunks.append(DateRange(first, min(first + timedelta(days=size - 1), run.last)))
    return chunks


def covered_days(chunks: Iterable[Chunk], filters: str) -> set[date]:
    """The days that stored chunks of the same filters hold for good."""
    days: set[date] = set()
    for chunk in chunks:
        if chunk.filters != filters or chunk.from_date is None or chunk.to_date is None:
            continue
        days.update(
            day for day in DateRange(chunk.from_date, chunk.to_date) if _settled(day, chunk.fetched_at)
        )
    return days


def _settled(day: date, fetched_at: datetime) -> bool:
    end_of_day = datetime.combine(day + timedelta(days=1), time.min)
    return fetched_at >= end_of_day + SETTLED_AFTER


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
