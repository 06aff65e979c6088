"""What explains the difference of some days from others: the whole, and the values of each property."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.usual import Surprise, compared
from mixpanel_nb.results.why import UNUSUAL
from mixpanel_nb.services.local.changes import LEAST, NEARLY_ALL, Shift

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.analytics.calendar import Bucket

    Days = Sequence[float]


class Ranges:
    """A metric day by day, some days of which are compared with others.

    It has what ``changes.Whole`` has. Numbers are means per day.

    Args:
        dates: The days.
        values: Day to number; a day that is missing is 0.
        known: For each day, whether the table holds all of it; other days than those of the ranges are
            unknown.
        asked: The first and the last day that are to be explained.
        baseline: The first and the last day that they are compared with; those that are not known are left
            out.
        size: What an event adds to a number: 1 to a count.
    """

    unit = "day"

    def __init__(
        self,
        dates: Sequence[Bucket],
        values: Mapping[Bucket, Any],
        known: Sequence[bool | None],
        asked: tuple[date, date],
        baseline: tuple[date, date],
        *,
        size: float = 1.0,
    ) -> None:
        self.dates, self.size = dates, size
        ranges = (asked, baseline)
        self._known = [
            state and any(first <= day <= last for first, last in ranges)
            for day, state in zip(dates, known, strict=True)
        ]
        self.actual = self.over_time(values)
        self._asked, self._before = (
            [
                place
                for place, day in enumerate(dates)
                if first <= day <= last and self.actual[place] is not None
            ]
            for first, last in ranges
        )
        self._is_whole = len(self._asked) == (asked[1] - asked[0]).days + 1
        self._weekdays = [day.weekday() for day in dates]
        self.expected: list[float | None] = [None] * len(dates)
        self.surprise = self._own(self.actual) if self._is_whole and self._before else None
        if self.surprise is not None:
            for place, usual in zip(self._asked, self._usual(self.actual), strict=True):
                self.expected[place] = usual

    def over_time(self, values: Mapping[Bucket, Any]) -> list[float | None]:
        """Numbers day by day; None where the table does not hold all of it."""
        return [
            float(values.get(day) or 0) if state else None
            for day, state in zip(self.dates, self._known, strict=True)
        ]

    @property
    def now(self) -> float | None:
        """The mean of the days that are to be explained; None where the table does not hold all of them."""
        days = self._of(self._asked, self.actual)
        return sum(days) / len(days) if self._is_whole and days else None

    @property
    def usual(self) -> float | None:
        """What it is compared with."""
        return None if self.surprise is None else self.surprise.expected

    @property
    def is_unusual(self) -> bool:
        """Whether the days differ beyond chance."""
        chance = None if self.surprise is None else self.surprise.chance
        return chance is not None and chance < UNUSUAL

    @property
    def change(self) -> float:
        """What is beyond what was expected; 0 where that is unknown."""
        return 0.0 if self.surprise is None else self.surprise.actual - self.surprise.expected

    def shifts(self, name: str, values: Mapping[str, Mapping[Bucket, Any]]) -> list[Shift]:
        """The values of a property that are frequent enough to be compared."""
        found = []
        for value, each in values.items():
            series = self.over_time(each)
            share = self._share(series)
            mix = self._mix(series)
            if mix is None or share is None or share > NEARLY_ALL:
                continue
            own = self._own(series)
            if max(own.actual, own.expected) * len(self._asked) >= LEAST * self.size:
                found.append(Shift(name, value, tuple(series), mix, own, share, is_news=True))
        return found

    def _of(self, places: Sequence[int], series: Sequence[float | None]) -> list[float]:
        return [series[place] or 0.0 for place in places]

    def _share(self, series: Sequence[float | None]) -> float | None:
        """The part of the whole in the days that are compared with; of new values that in the others."""
        whole = sum(self._of(self._before, self.actual))
        return sum(self._of(self._before, series)) / whole if whole > 0 else None

    def _usual(self, series: Sequence[float | None]) -> list[float]:
        """What each day would be: the mean of the same weekdays, or of all days where one is missing."""
        means = self._means(series)
        return [means[self._weekdays[place]] for place in self._asked]

    def _means(self, series: Sequence[float | None]) -> dict[int, float]:
        """The mean of each weekday in the days that are compared with."""
        counted = self._counted
        days = [(self._weekdays[place], series[place] or 0.0) for place in self._before]
        if not self._has_weekdays:
            mean = sum(value for _, value in days) / len(days)
            return dict.fromkeys(range(7), mean)
        return {day: sum(value for at, value in days if at == day) / counted[day] for day in counted}

    @property
    def _counted(self) -> Counter[int]:
        return Counter(self._weekdays[place] for place in self._before)

    @property
    def _has_weekdays(self) -> bool:
        """Whether each weekday of the asked days is among those that they are compared with."""
        counted = self._counted
        return all(counted[self._weekdays[place]] for place in self._asked)

    def _own(self, series: Sequence[float | None]) -> Surprise:
        """The days against the same weekdays."""
        means, counted, with_weekdays = self._means(series), self._counted, self._has_weekdays
        asked, usual = self._of(self._asked, series), self._usual(series)
        expected = sum(usual)
        ratio = sum(asked) / expected if expected > 0 else 0.0
        before = self._of(self._before, series)
        pairs = [
            *((now, then * ratio) for now, then in zip(asked, usual, strict=True)),
            *((now, means[self._weekdays[at]]) for now, at in zip(before, self._before, strict=True)),
        ]
        groups = len(counted) if with_weekdays else 1
        error = len(asked) / len(before)
        if with_weekdays and expected > 0:
            wanted = Counter(self._weekdays[place] for place in self._asked)
            error = sum(times**2 * means[day] / counted[day] for day, times in wanted.items()) / expected
        return compared(asked, usual, pairs, len(pairs) - 1 - groups, error=error, size=self.size)

    def _mix(self, series: Sequence[float | None]) -> Surprise | None:
        """The days against what the other values let expect; None where there are no others."""
        now, then = (self._of(places, series) for places in (self._asked, self._before))
        others, before = (
            [max(whole - own, 0.0) for whole, own in zip(self._of(places, self.actual), each, strict=True)]
            for places, each in ((self._asked, now), (self._before, then))
        )
        if not sum(others) > 0 or not sum(before) > 0:
            return None
        ratios = sum(now) / sum(others), sum(then) / sum(before)
        pairs = [
            (own, other * ratio)
            for ratio, days, rest in ((ratios[0], now, others), (ratios[1], then, before))
            for own, other in zip(days, rest, strict=True)
        ]
        usual = [other * ratios[1] for other in others]
        error = sum(others) / sum(before) + sum(usual) * (1 / sum(before) + 1 / sum(others))
        return compared(now, usual, pairs, len(pairs) - 2, error=error, size=self.size)
