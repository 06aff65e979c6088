"""The sandbox's events counted in plain Python, one loop at a time, by what Mixpanel's docs say.

Nothing of the package's own reports is used here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Event = dict[str, Any]
    Filter = Callable[[dict[str, Any]], bool]

DAY = 86_400
GRACE = 2
FIRST, LAST = date(2025, 2, 10), date(2025, 2, 16)


def epoch(day: date) -> int:
    """The Unix second at which a day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def day_of(event: Event) -> date:
    return datetime.fromtimestamp(event["properties"]["time"], UTC).date()


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


class Naive:
    """Counts of events, one per (event, distinct_id, time, insert_id), in time order."""

    def __init__(self, events: list[Event]) -> None:
        self.events = sorted(events, key=lambda event: event["properties"]["time"])
        self.by_user: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if event["properties"]["distinct_id"]:
                self.by_user[event["properties"]["distinct_id"]].append(event)

    def matching(
        self, name: str | None, first: date = FIRST, last: date = LAST, where: Filter = lambda _: True
    ) -> Iterator[Event]:
        """Events of that name (None: any) on some days."""
        since, until = epoch(first), epoch(last) + DAY
        for event in self.events:
            properties = event["properties"]
            if since <= properties["time"] < until and name in (None, event["event"]) and where(properties):
                yield event

    def per_day(self, name: str, first: date = FIRST, last: date = LAST, **filters: Filter) -> dict[str, int]:
        return dict(Counter(str(day_of(event)) for event in self.matching(name, first, last, **filters)))

    def users(self, name: str | None, first: date = FIRST, last: date = LAST, **filters: Filter) -> set[str]:
        """Who did it."""
        found = {event["properties"]["distinct_id"] for event in self.matching(name, first, last, **filters)}
        return found - {""}

    def funnel(
        self, steps: list[str], window: int, first: date = FIRST, last: date = LAST
    ) -> tuple[list[int], list[float]]:
        """How many reached each step, and the mean seconds from the step before."""
        counts, elapsed = [0] * len(steps), [0.0] * len(steps)
        for events in self.by_user.values():
            times = _steps_of(events, steps, window, epoch(first), epoch(last) + DAY)
            for place, time in enumerate(times):
                counts[place] += 1
                elapsed[place] += max(0, time - times[place - 1]) if place else 0
        return counts, [total / count if count else 0.0 for total, count in zip(elapsed, counts, strict=True)]

    def retention(self, born: str, back: str | None, first: date, last: date, period: int, count: int) -> Any:
        """Users by the days of their ``born`` events: how many, and how many came back per period."""
        sizes: Counter[date] = Counter()
        returned: defaultdict[date, list[int]] = defaultdict(lambda: [0] * (count + 1))
        for events in self.by_user.values():
            births: dict[date, int] = {}
            for event in events:
                if event["event"] == born and first <= day_of(event) <= last:
                    births.setdefault(day_of(event), event["properties"]["time"])
            for cohort, birth in births.items():
                sizes[cohort] += 1
                for number in _periods(events, born, back, birth, period):
                    if number <= count:
                        returned[cohort][number] += 1
        return sizes, returned


def _steps_of(events: list[Event], steps: list[str], window: int, since: int, until: int) -> list[int]:
    entries = [
        e["properties"]["time"]
        for e in events
        if e["event"] == steps[0] and since <= e["properties"]["time"] < until
    ]
    times = entries[:1]
    for step in steps[1:] if times else ():
        earliest, latest = times[-1] - GRACE, times[0] + window
        found = [
            e["properties"]["time"]
            for e in events
            if e["event"] == step and earliest <= e["properties"]["time"] <= latest
        ]
        if not found:
            break
        times.append(found[0])
    return times


def _periods(events: list[Event], born: str, back: str | None, birth: int, period: int) -> set[int]:
    found = set()
    for event in events:
        time = event["properties"]["time"]
        if back in (None, event["event"]) and (time > birth or (time == birth and event["event"] != born)):
            found.add((time - birth) // period)
    return found
