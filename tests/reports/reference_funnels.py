"""Funnels by loops over users, attempts and steps: what `reference.py` is for the other reports."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations, product
from math import floor, inf, sqrt
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING, Any

from .expressions import compact, kind, scalar_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from .expressions import Node
    from .reference import Bucket, Event, Records, Reference

OVERALL = "$overall"
GRACE = 2_000
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 7 * 86_400, "month": 30 * 86_400}
Step = tuple[str, Any]


@dataclass(eq=False)
class Attempt:
    """One user's way through a funnel.

    Attributes:
        key: Whose it is, and in which bucket and session.
        held: The values that must stay the same.
        path: The events of the steps, in the order of the places they stand at.
        done: Which steps these were, by their places in the query from 0.
        ended: Whether it goes no further.
        left_out: The events of the optional steps that it has, by their numbers.
    """

    key: tuple[Any, ...]
    held: tuple[str, ...]
    path: list[Event]
    done: list[int]
    ended: bool = False
    left_out: dict[int, Event] = field(default_factory=dict)

    @property
    def first(self) -> Event:
        return self.path[0]

    def at(self, column: int | str) -> Event | None:
        """The event of a required step, by its place, or of an optional one, as ``"2?"``."""
        if isinstance(column, str):
            return self.left_out.get(int(column[:-1]))
        return self.path[column] if column < len(self.path) else None


@dataclass
class Funnel:
    """A funnel's question.

    Attributes:
        of: The events, and how they are read.
        steps: Event and filter of each required step.
        exclude: Event, filter and the two places (from 1) of each exclusion.
        optional: Number among all steps to how many required steps come before it, and event and filter.
        Others: as the package's parameters.
    """

    of: Reference
    steps: list[Step]
    from_date: date
    to_date: date
    window: float
    where: Node | None
    unit: str | None
    on: tuple[Any, ...]
    count: str
    exclude: list[tuple[str, Any, int, int]]
    hold: tuple[Any, ...]
    order: str
    anchors: Sequence[int]
    reentry: str
    attribution: int | str
    sessions: int | None = None
    optional: dict[int, tuple[int, Step]] = field(default_factory=dict)
    places: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.places = [[number] for number in range(len(self.steps))]
        if self.order == "any":
            fixed = {number - 1 for number in self.anchors}
            for place in range(len(self.steps)):
                if place not in fixed:
                    least = max((f for f in fixed if f < place), default=-1)
                    most = min((f for f in fixed if f > place), default=len(self.steps))
                    self.places[place] = list(range(least + 1, most))

    # Attempts

    def is_step(self, event: Event, step: int) -> bool:
        return self.of.matches(event, *self.steps[step], self.where)

    def held_of(self, event: Event) -> tuple[str, ...] | None:
        values = [self.of.value(name, event) for name in self.hold]
        if any(kind(value) == "undefined" for value in values):
            return None
        return tuple(
            compact(value) if kind(value) in {"list", "object"} else str(scalar_text(value))
            for value in values
        )

    def entries(self) -> list[Attempt]:
        """An attempt for each event that can begin one, in the order of the events."""
        found = []
        for event in self.of.events:
            held = self.held_of(event)
            first = [step for step in self.places[0] if self.is_step(event, step)]
            if not event.user or held is None or not first:
                continue
            if self.of.within(event, self.from_date, self.to_date):
                bucket = None if self.unit is None else self.of.bucket(event, self.unit)
                session = self.of.session(event) if self.count == "sessions" else None
                found.append(Attempt((event.user, bucket, session), held, [event], first[:1]))
        return found

    def following(self, attempt: Attempt) -> tuple[int, Event] | None:
        """The step and the event that come next, whether or not they come in time."""
        place = len(attempt.path)
        used = {event.identity for event in attempt.path}
        for event in self.of.events:
            if event.user != attempt.first.user or event.identity in used:
                continue
            if event.ms < attempt.path[-1].ms - GRACE or self.held_of(event) != attempt.held:
                continue
            for step in self.places[place]:
                if step not in attempt.done and self.is_step(event, step):
                    return step, event
        return None

    def excluded_at(self, attempt: Attempt, exclusion: tuple[str, Any, int, int]) -> float:
        """When an attempt that has come far enough meets an exclusion."""
        name, where, after, _ = exclusion
        if len(attempt.path) < after:
            return inf
        since = attempt.path[after - 1].ms
        return min(
            (
                event.ms
                for event in self.of.events
                if event.user == attempt.first.user
                and event.ms > since + GRACE
                and self.of.matches(event, name, where, self.where)
                and self.held_of(event) == attempt.held
            ),
            default=inf,
        )

    def in_time(self, attempt: Attempt, event: Event, place: int | None = None) -> bool:
        place = place or len(attempt.path) + 1
        stopped = [
            self.excluded_at(attempt, exclusion) + GRACE
            for exclusion in self.exclude
            if exclusion[2] < place <= exclusion[3]
        ]
        if self.sessions is not None:
            if self.of.session(event) >= self.of.session(attempt.first) + self.sessions:
                return False
        elif event.ms > attempt.first.ms + self.window:
            return False
        return all(event.ms <= stop for stop in stopped)

    def walk(self, attempts: list[Attempt]) -> None:
        """Take all attempts as far as they go, step after step."""
        for _ in self.places[1:]:
            claimed: set[Any] = set()
            for attempt in reversed(attempts):
                found = None if attempt.ended else self.following(attempt)
                if found is None:
                    attempt.ended = True
                    continue
                step, event = found
                claim = attempt.key, attempt.held, event.identity
                is_another = self.reentry == "optimized" and claim in claimed
                claimed.add(claim)
                if is_another or not self.in_time(attempt, event):
                    attempt.ended = True
                else:
                    attempt.path.append(event)
                    attempt.done.append(step)

    def with_optional(self, attempt: Attempt) -> None:
        """Find the optional steps: each is the earliest that can be it, if it comes before the next step."""
        for number, (place, step) in self.optional.items():
            if len(attempt.path) < place:
                continue
            used = {event.identity for event in attempt.path}
            since = attempt.path[place - 1].ms - GRACE
            until = attempt.path[place].ms + GRACE if len(attempt.path) > place else inf
            for event in self.of.events:
                if event.user != attempt.first.user or event.identity in used or event.ms < since:
                    continue
                if self.of.matches(event, *step, self.where) and self.held_of(event) == attempt.held:
                    if event.ms <= until and self.in_time(attempt, event, place + 1):
                        attempt.left_out[number] = event
                    break

    def until(self, attempt: Attempt) -> float:
        if len(attempt.path) == len(self.steps):
            return max(event.ms for event in attempt.path)
        stops = [attempt.first.ms + self.window if self.sessions is None else inf]
        stops += [self.excluded_at(attempt, one) for one in self.exclude if len(attempt.path) < one[3]]
        return min(stops)

    def is_after(self, attempt: Attempt, before: Attempt) -> bool:
        """Whether an attempt begins after another has ended."""
        if self.sessions is not None and (
            self.of.session(attempt.first) >= self.of.session(before.first) + self.sessions
        ):
            return True
        return attempt.first.ms > self.until(before)

    def one_after_the_other(self, attempts: Iterable[Attempt]) -> list[Attempt]:
        last: dict[Any, Attempt] = {}
        taken = []
        for attempt in attempts:
            key = attempt.key, attempt.held
            if key not in last or self.is_after(attempt, last[key]):
                last[key] = attempt
                taken.append(attempt)
        return taken

    # Segments

    def segments(self, attempt: Attempt) -> set[Any]:
        """The segments of an attempt; tuples where there are several breakdowns."""
        values = [self.values(attempt, on) for on in self.on]
        found = set(product(*values))
        return found if len(self.on) > 1 else {value for (value,) in found}

    def values(self, attempt: Attempt, on: Any) -> set[str]:
        per_step = [self.of.segments(event, on) for event in attempt.path]
        if isinstance(self.attribution, int):
            place = self.attribution - 1
            return per_step[place] if place < len(per_step) else {"undefined"}
        defined = [found for found in per_step if found != {"undefined"}]
        if not defined:
            return {"undefined"}
        return defined[0] if self.attribution == "first" else defined[-1]

    # Which attempts count

    def counted(self) -> dict[Any, list[Attempt]]:
        """The attempts that count, by segment; ``$overall`` is everyone."""
        attempts = self.entries()
        self.walk(attempts)
        for attempt in attempts:
            self.with_optional(attempt)
        if self.count == "totals":
            if self.reentry == "default":
                attempts = self.one_after_the_other(attempts)
            return self.by_segment(attempts, lambda found: found)
        if self.count == "sessions":
            return self.by_segment(attempts, self.best)
        if self.reentry == "default" and self.on and not self.hold:
            if self.attribution == 1:
                return self.in_new_segments(attempts)
            attempts = self.one_after_the_other(attempts)
        return self.by_segment(attempts, self.best)

    def by_segment(
        self, attempts: list[Attempt], chosen: Callable[[list[Attempt]], list[Attempt]]
    ) -> dict[Any, list[Attempt]]:
        if self.count == "sessions" and self.reentry == "default":  # a session has its first attempt alone
            attempts = self.best(attempts)
        groups: dict[Any, list[Attempt]] = defaultdict(list)
        for attempt in attempts:
            for segment in self.segments(attempt) if self.on else ():
                groups[segment].append(attempt)
        return {OVERALL: chosen(attempts), **{name: chosen(found) for name, found in groups.items()}}

    def best(self, attempts: list[Attempt]) -> list[Attempt]:
        """For each user (bucket, session) the first attempt, or the first of those that came furthest."""
        found: dict[Any, Attempt] = {}
        for attempt in attempts:
            known = found.setdefault(attempt.key, attempt)
            if self.reentry != "default" and len(attempt.path) > len(known.path):
                found[attempt.key] = attempt
        return list(found.values())

    def in_new_segments(self, attempts: list[Attempt]) -> dict[Any, list[Attempt]]:
        """A user enters a new segment once the attempt before has ended."""
        groups: dict[Any, list[Attempt]] = {OVERALL: self.best(attempts)}
        entered: dict[Any, set[Any]] = defaultdict(set)
        last: dict[Any, Attempt] = {}
        for attempt in attempts:
            fresh = self.segments(attempt) - entered[attempt.key]
            if not fresh or (attempt.key in last and not self.is_after(attempt, last[attempt.key])):
                continue
            last[attempt.key] = attempt
            entered[attempt.key] |= fresh
            for segment in fresh:
                groups.setdefault(segment, []).append(attempt)
        return groups


def rows(
    attempts: Sequence[Attempt], names: Mapping[int | str, str], amount: Callable[[Event], float] | None
) -> Records:
    """The steps of a funnel from the attempts at it."""
    found: Records = []
    columns = list(names)
    for place, (column, name) in enumerate(names.items()):
        last = next((one for one in reversed(columns[:place]) if isinstance(one, int)), 0)
        reached = [attempt for attempt in attempts if attempt.at(column)]
        before = [attempt for attempt in attempts if attempt.at(last)]
        spans = [elapsed(attempt, last, column) for attempt in reached] if place else []
        whole = [elapsed(attempt, 0, column) for attempt in reached] if place else []
        low, high = wilson(len(reached), len(attempts)) if place else (1, 1)
        reaching = [event for attempt in reached if (event := attempt.at(column))]
        sums = [amount(event) for event in reaching] if amount else []
        found.append(
            {
                "step": place + 1,
                "event": name,
                "count": len(reached),
                **({} if amount is None else {"sum": sum(sums)}),
                "step_conv_ratio": share(len(reached), len(before)) if place else 1,
                "overall_conv_ratio": share(len(reached), len(attempts)) if place else 1,
                "avg_time": fmean(spans) if spans else None,
                "avg_time_from_start": fmean(whole) if whole else None,
                "median_time": quantile(spans, 0.5),
                "median_time_from_start": quantile(whole, 0.5),
                "p90_time": quantile(spans, 0.9),
                "p90_time_from_start": quantile(whole, 0.9),
                "low": low,
                "high": high,
            }
        )
    return found


def times(attempts: Sequence[Attempt], names: Sequence[int | str]) -> Records:
    """How long it took from each step to each later one; neighbouring optional steps have no order."""
    found: Records = []
    for start, end in combinations(range(len(names)), 2):
        if all(isinstance(column, str) for column in names[start : end + 1]):
            continue
        one, other = names[start], names[end]
        spans = [elapsed(each, one, other) for each in attempts if each.at(one) and each.at(other)]
        quantiles = {"min": 0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99, "max": 1}
        found.append(
            {
                "from_step": start + 1,
                "to_step": end + 1,
                "count": len(spans),
                "mean": fmean(spans) if spans else None,
                **{name: quantile(spans, part) for name, part in quantiles.items()},
                "spans": sorted(spans),
            }
        )
    return found


def elapsed(attempt: Attempt, start: int | str, end: int | str) -> float:
    """Seconds between two steps of an attempt that has both, never below 0."""
    first, last = attempt.at(start), attempt.at(end)
    assert first
    assert last
    return max(0, last.ms - first.ms) / 1000


def quantile(values: Sequence[float], part: float) -> float | None:
    """Between two values it is interpolated."""
    if not values:
        return None
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def wilson(part: int, whole: int) -> tuple[float | None, float | None]:
    """The two shares p for which ``part / whole`` is 1.96 standard deviations of p away."""
    if not whole:
        return None, None
    z, observed = NormalDist().inv_cdf(0.975), part / whole
    a, b, c = 1 + z * z / whole, -2 * observed - z * z / whole, observed * observed
    root = sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0


def records(
    funnel: Funnel, buckets: Sequence[Bucket | None], limit: int, sum_of: Any, told: str = "steps"
) -> Records:
    """The records of a funnel: bucket by bucket, segment by segment."""
    groups = funnel.counted()
    sizes = {name: len(found) for name, found in groups.items() if name != OVERALL}
    kept = [OVERALL, *sorted(sizes, key=lambda name: (-sizes[name], name))[:limit]]
    required = [" or ".join(dict.fromkeys(funnel.steps[step][0] for step in at)) for at in funnel.places]
    names: dict[int | str, str] = {}
    for number in range(1, len(required) + len(funnel.optional) + 1):
        if number in funnel.optional:
            names[f"{number}?"] = funnel.optional[number][1][0]
        else:
            place = sum(isinstance(name, int) for name in names)
            names[place] = required[place]

    def amount(event: Event) -> float:
        value = funnel.of.value(sum_of, event)
        return value if kind(value) == "number" else 0.0

    # The names of the breakdowns that tests ask for together are none of the other columns'.
    columns = [str(on) for on in funnel.on] if len(funnel.on) > 1 else ["segment"][: len(funnel.on)]
    found: Records = []
    for bucket in buckets:
        for name in kept:
            attempts = [each for each in groups.get(name, []) if each.key[1] == bucket]
            if told == "steps":
                made = rows(attempts, names, None if sum_of is None else amount)
            else:
                made = times(attempts, list(names))
            split = {} if funnel.unit is None else {"date": str(bucket)}
            split |= segment_columns(name, columns)
            found += [{**split, **row} for row in made]
    return found


def segment_columns(name: Any, columns: Sequence[str]) -> dict[str, str]:
    several = len(columns) > 1
    values = ((OVERALL,) * len(columns) if name == OVERALL else name) if several else (name,)
    return dict(zip(columns, values, strict=False))
