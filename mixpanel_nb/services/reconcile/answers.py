"""Mixpanel's answer and the answers of the table, each asked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import later
from mixpanel_nb.queries import changed
from mixpanel_nb.services.reconcile.pairs import paired

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.queries import Query
    from mixpanel_nb.results import ReportResult
    from mixpanel_nb.services.reconcile.pairs import Pair, Place
    from mixpanel_nb.services.reconcile.sides import Reading, Sides

_DAY = timedelta(days=1)


@dataclass
class Answers:
    """Mixpanel's answer and the table's.

    Attributes:
        query: The query.
        of_table: The query as the table is asked it.
        sides: Who answers.
        base: How the table is asked without any changes.
        live: Mixpanel's answer.
        local: The table's, by itself.
        known: The numbers of every reading so far.
    """

    query: Query[Any]
    of_table: Query[Any]
    sides: Sides
    base: Reading
    live: ReportResult
    local: ReportResult
    known: dict[Reading, dict[Place, Pair]] = field(default_factory=dict)

    @property
    def pairs(self) -> dict[Place, Pair]:
        """The numbers of both, without any changes."""
        return self.read(self.base)

    def read(self, reading: Reading) -> dict[Place, Pair]:
        """The numbers of both, with the table asked in this way."""
        if reading not in self.known:
            limit = getattr(self.query, "limit", None)
            self.known[reading] = paired(self.live, self._ask(reading), limit)
        return self.known[reading]

    def _ask(self, reading: Reading) -> ReportResult:
        if reading == self.base:
            return self.local
        asked = self.of_table
        if reading.window is not None:
            asked = changed(asked, window=reading.window, window_unit="day")
        if reading.identities != self.base.identities:
            asked = changed(asked, identities=reading.identities)
        return self.sides.local(asked, reading)

    @cached_property
    def copies(self) -> int:
        """The number of events on these days of which the table has several copies."""
        return self.sides.copies(self.of_table)

    @cached_property
    def is_over_time(self) -> bool:
        """Whether there are buckets of time."""
        return any(place.date is not None for place in self.pairs)

    def group(self, place: Place) -> Any:
        """What agreement is counted by: the bucket of time, or the number itself without buckets."""
        return place.date if self.is_over_time else place

    def agreement(self, reading: Reading) -> tuple[int, int]:
        """How many buckets (or numbers) agree in a reading, and how many there are."""
        states: dict[Any, bool] = {}
        for place, pair in self.read(reading).items():
            if pair.agrees is not None:
                group = self.group(place)
                states[group] = states.get(group, True) and pair.agrees
        return sum(states.values()), len(states)

    @property
    def unit(self) -> str:
        """What agreement is counted by, in one word."""
        return (self.query.bucket_unit or "day") if self.is_over_time else "number"

    def days_of(self, places: Iterable[Place]) -> list[date]:
        """The days of these buckets within the query's days, in order."""
        return sorted({day for place in places for day in self._days(place.date)})

    def _days(self, bucket: date | None) -> Sequence[date]:
        asked: Any = self.query
        first, last = asked.from_date, asked.to_date
        if bucket is not None:
            unit: Any = self.query.bucket_unit or "day"
            day = bucket.date() if isinstance(bucket, datetime) else bucket
            first, last = max(first, day), min(last, later(day, unit, 1) - _DAY)
        return [first + number * _DAY for number in range((last - first).days + 1)]
