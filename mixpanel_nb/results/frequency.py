"""Result of the frequency report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.cells import FrequencyCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.numbers import Line, Measure, Numbers, Sampling, days_of
from mixpanel_nb.results.series import BucketedResult

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from datetime import date

    from mixpanel_nb.results.users import UsersResult


PERIODS: Mapping[tuple[str, str], int] = {
    ("day", "hour"): 24,
    ("week", "hour"): 168,
    ("month", "hour"): 744,
    ("day", "day"): 1,
    ("week", "day"): 7,
    ("month", "day"): 31,
}
"""The maximum number of addiction units per unit."""


@dataclass(frozen=True, repr=False)
class FrequencyResult(BucketedResult):
    """How many users were active in at least so many hours of a day, or days of a week or month.

    Attributes:
        from_date: First day.
        to_date: Last day.
        unit: ``day``, ``week`` or ``month``.
        addiction_unit: ``hour`` or ``day``: what is counted within a unit.
        event: The event that counts as active; None is any event.
        where: The filter, or None.
        dates: Every bucket of time, in order.
        counts: Bucket of time to users: place ``k - 1`` holds those active in at least ``k`` addiction units.
            A bucket that is missing, or a place beyond the end, is 0.
        complete: For each bucket, whether all of it was counted (see ``BucketedResult``).
    """

    from_date: date
    to_date: date
    unit: str
    addiction_unit: str
    event: str | None
    where: str | None
    dates: tuple[date, ...]
    counts: Mapping[date, tuple[int, ...]]
    complete: tuple[bool | None, ...] = ()

    @property
    def periods(self) -> int:
        """How many addiction units are counted at most."""
        longest = max((len(counts) for counts in self.counts.values()), default=0)
        return max(longest, PERIODS.get((self.unit, self.addiction_unit), 1))

    def users(self, *, date: dt.date | str | None = None, at_least: int | None = None) -> UsersResult:
        """The users behind a count: active in a bucket of time, in at least so many parts of it.

        Args:
            date: The bucket, as ``.df`` has it; None is any.
            at_least: Hours or days (the ``addiction_unit``) of the bucket; None is one.

        Raises:
            ParameterError: the report shows no such number, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = FrequencyCell(date=date, at_least=at_least)
        if cell.at_least is not None and cell.at_least > self.periods:
            message = f"A {self.unit} has at most {self.periods} {self.addiction_unit}s in this report."
            hint = ["Give a smaller ", Word("at_least"), "."]
            raise ParameterError(message, parameter="at_least", value=cell.at_least, hint=hint)
        return self._users(cell, date=cells.bucket(cell.date, self.dates), at_least=cell.at_least)

    @property
    def column_names(self) -> list[str]:
        """``date, period_1 … period_N, complete`` (whether all of the bucket was counted)."""
        return ["date", *self._period_names, "complete"]

    @property
    def _period_names(self) -> list[str]:
        return [f"period_{number}" for number in range(1, self.periods + 1)]

    def _dtypes(self) -> Mapping[str, str]:
        whole = "Int64" if None in self.complete else "int64"
        return {"date": "datetime64[ns]"} | dict.fromkeys(self._period_names, whole)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket of time; its counts are None where the bucket was not fetched."""
        rows = zip(self.dates, self.active_users(), self.states, strict=True)
        return [(day, *(counts or [None] * self.periods), state is True) for day, counts, state in rows]

    def active_users(self) -> list[tuple[int, ...] | None]:
        """Per bucket of time the users active in at least 1, 2, … units; None where it was not fetched."""
        return [
            None if state is None else self._filled(self.counts.get(day, ()))
            for day, state in zip(self.dates, self.states, strict=True)
        ]

    def _filled(self, counts: tuple[int, ...]) -> tuple[int, ...]:
        return (*counts, *[0] * (self.periods - len(counts)))

    def _known(self) -> list[tuple[int, ...]]:
        return [counts for counts in self.active_users() if counts is not None]

    def _whole(self) -> list[tuple[int, ...]]:
        """The counts of the buckets that are complete, or of all known ones if none is."""
        rows = zip(self.active_users(), self.states, strict=True)
        return [counts for counts, state in rows if counts is not None and state] or self._known()

    def numbers(self) -> Numbers:
        """Its users and shares of active users, for a comparison."""
        users, share = Measure("users"), Measure("share", "share")
        rows, average = self.active_users(), self.average
        complete = tuple(state is True for state in self.states)
        active = tuple(None if row is None else row[0] for row in rows)
        lines = [
            line
            for place in range(self.periods)
            for line in (
                Line(
                    (place,),
                    (place + 1,),
                    users,
                    tuple(None if row is None else row[place] for row in rows),
                    complete,
                    is_drawn=False,
                    sampling=Sampling(),
                ),
                Line(
                    (place,),
                    (place + 1,),
                    share,
                    tuple(row[place] / row[0] if row and row[0] else None for row in rows),
                    complete,
                    average[place] if place < len(average) else 0.0 if average else None,
                    has_whole=True,
                    is_drawn=place < self.reached,
                    sampling=Sampling(active),
                ),
            )
        ]
        return Numbers(
            (("unit", self.unit), ("unit of activity", self.addiction_unit)),
            ("period",),
            tuple(lines),
            self.dates,
            days_of(self.dates, self.unit, self.from_date, self.to_date),
            self.states,
        )

    @property
    def reached(self) -> int:
        """The highest number of addiction units in which a user was active; beyond it all counts are 0."""
        places = [place for counts in self._known() for place, users in enumerate(counts) if users]
        return max(places, default=-1) + 1

    @property
    def average(self) -> list[float]:
        """Share of the active users that were active in at least 1, 2, … units, over all complete buckets.

        Where these have no users, over all known ones.
        """
        found = self.averaged
        active = sum(counts[0] for counts in found)
        return [sum(counts[place] for counts in found) / active for place in range(self.reached)]

    @property
    def averaged(self) -> list[tuple[int, ...]]:
        """The counts of the buckets of time that ``average`` is about."""
        whole = self._whole()
        return whole if any(counts[0] for counts in whole) else self._known()

    @property
    def mean_active(self) -> float:
        """Users active in a bucket of time, on average over the complete ones (all known, if none is)."""
        found = self._whole()
        return sum(counts[0] for counts in found) / len(found) if found else 0.0
