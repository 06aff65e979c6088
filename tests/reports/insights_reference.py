"""Insights by loops over buckets, segments and users: slow, and sharing nothing with the package."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from .expressions import kind
from .flows import sessions_of
from .reference import EPOCH, Event, Records, Reference, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .expressions import Node

DAYS = {"dau": 1, "wau": 7, "mau": 30}
COUNTING = ("total", "unique", "sessions", "unique_first", "unique_last", *DAYS, "sum", "distinct")
MONTHS = {"month": 1, "quarter": 3, "year": 12}
ONE = timedelta(days=1)
Segment = tuple[str, ...]


@dataclass(frozen=True)
class Measured:
    """A metric, with its expressions as trees."""

    event: str | None
    measure: str = "total"
    of: str | Node | None = None
    where: Node | None = None
    per_user: str | None = None


@dataclass(frozen=True)
class Ranged:
    """A breakdown by ranges."""

    of: str | Node
    edges: tuple[float, ...]


@dataclass(frozen=True)
class Calculated:
    """A formula, and the same in Python."""

    text: str
    of: Callable[..., float]


class InsightsReference:
    """The report over a project."""

    def __init__(self, project: Reference) -> None:
        self.project = project
        self.sessions = {
            event: (user, number)
            for user in {event.user for event in project.events if event.user}
            for number, session in enumerate(
                sessions_of(project, [e for e in project.events if e.user == user])
            )
            for event in session
        }

    # The calendar

    def start(self, day: date, unit: str) -> date:
        """The first day of a bucket."""
        if unit == "week":
            while day.strftime("%A").lower() != self.project.week_start:
                day -= ONE
        if unit in MONTHS:
            while day.day != 1 or (day.month - 1) % MONTHS[unit]:
                day -= ONE
        return day

    def starts(self, first: date, last: date, unit: str) -> list[Any]:
        """All buckets that touch some days."""
        if unit in {"minute", "hour"}:
            step = timedelta(minutes=1) if unit == "minute" else timedelta(hours=1)
            begun = datetime.combine(first, datetime.min.time())
            return [begun + n * step for n in range(((last - first).days + 1) * (ONE // step))]
        days = [first + n * ONE for n in range((last - first).days + 1)]
        return list(dict.fromkeys(self.start(day, unit) for day in days))

    def end(self, bucket: Any, unit: str) -> Any:
        """Where the next bucket begins."""
        if unit in {"minute", "hour"}:
            return bucket + (timedelta(minutes=1) if unit == "minute" else timedelta(hours=1))
        day = bucket + ONE
        while self.start(day, unit) == bucket:
            day += ONE
        return day

    def ms(self, local: date) -> float:
        clock = local if isinstance(local, datetime) else datetime.combine(local, datetime.min.time())
        moment = clock.replace(tzinfo=self.project.zone).astimezone(UTC)
        return (moment - EPOCH) / timedelta(milliseconds=1)

    def bucket(self, event: Event, unit: str) -> Any:
        local = self.project.local(event)
        if unit == "minute":
            return local.replace(second=0, microsecond=0)
        if unit == "hour":
            return local.replace(minute=0, second=0, microsecond=0)
        return self.start(local.date(), unit)

    # The report

    def insights(
        self,
        metrics: Sequence[Measured],
        from_date: date,
        to_date: date,
        on: Sequence[str | Node | Ranged] = (),
        unit: str = "day",
        where: Node | None = None,
        formulas: Sequence[Calculated] = (),
        rolling: int | None = None,
        cumulative: bool = False,
        totals: bool = False,
        limit: int = 60,
    ) -> Records:
        asked = [from_date] if totals else self.starts(from_date, to_date, unit)
        counted_from = from_date
        if rolling:
            counted_from = self._earlier(from_date, unit, rolling - 1)
        buckets = [from_date] if totals else self.starts(counted_from, to_date, unit)
        found = [self._events(metric, where) for metric in metrics]
        ends = [self._last_day(b, unit, to_date, totals) for b in buckets]
        longest = max((DAYS.get(metric.measure, 0) for metric in metrics), default=0)
        seen_from = min(counted_from, ends[0] - (longest - 1) * ONE) if longest else counted_from
        segments = {event: self._segments(event, on) for events in found for event in events}
        shown, rest = self._places(
            on, found, segments, asked, seen_from, counted_from, to_date, unit, limit, totals
        )
        looked_at = []
        for number, metric in enumerate(metrics):
            for segment in [*shown, *rest]:
                mine = [
                    e
                    for e in found[number]
                    if segment in {s if s in shown else "(other)" for s in segments[e]}
                ]
                order = {s: n for n, s in enumerate(shown)}
                looked_at.append(
                    (
                        f"m{number}",
                        segment,
                        [
                            self._value(
                                metric,
                                mine,
                                found[number],
                                segments,
                                order,
                                segment,
                                b,
                                end,
                                unit,
                                counted_from,
                                to_date,
                                totals,
                            )
                            for b, end in zip(buckets, ends, strict=True)
                        ],
                        [
                            self._seen(metric, b, end, unit, counted_from, to_date, totals)
                            for b, end in zip(buckets, ends, strict=True)
                        ],
                    )
                )
        lines: list[Any] = [self._analysed(line, rolling, cumulative, len(asked)) for line in looked_at]
        count = len([*shown, *rest])
        for number, formula in enumerate(formulas):
            for place, segment in enumerate([*shown, *rest]):
                own = [lines[n * count + place] for n in range(len(metrics))]
                used = [
                    n for n, letter in enumerate("ABC"[: len(metrics)]) if letter in formula.text
                ] or list(range(len(metrics)))
                values = [calculated(formula, [line[2][n] for line in own]) for n in range(len(asked))]
                complete = [all(own[u][3][n] for u in used) for n in range(len(asked))]
                lines.append((f"f{number}", segment, values, complete))
        names = [f"on{n}" for n in range(len(on))]
        return [
            {
                "date": day.isoformat(),
                "metric": metric,
                **dict(zip(names, segment if segment != "(other)" else ["(other)"] * len(on), strict=True)),
                "value": values[n],
                "complete": complete[n],
            }
            for n, day in enumerate(asked)
            for metric, segment, values, complete in lines
        ]

    def _earlier(self, first: date, unit: str, number: int) -> date:
        if unit in {"minute", "hour"}:
            return first - math.ceil(number / (24 if unit == "hour" else 1440)) * ONE
        day = self.start(first, unit)
        for _ in range(number):
            day = self.start(day - ONE, unit)
        return day

    def _last_day(self, bucket: Any, unit: str, to_date: date, totals: bool) -> date:
        if totals:
            return to_date
        if isinstance(bucket, datetime):
            return bucket.date()
        last: date = self.end(bucket, unit) - ONE
        return min(last, to_date)

    def _events(self, metric: Measured, where: Node | None) -> list[Event]:
        return [e for e in self.project.events if self.project.matches(e, metric.event, metric.where, where)]

    def _segments(self, event: Event, on: Sequence[Any]) -> list[Segment]:
        each = [
            [self._range(event, part)]
            if isinstance(part, Ranged)
            else sorted(texts(self.project.value(part, event)))
            for part in on
        ]
        return list(itertools.product(*each))

    def _range(self, event: Event, part: Ranged) -> str:
        value = self.project.value(part.of, event)
        if kind(value) == "undefined":
            return "(not set)"
        if kind(value) != "number":
            return "(non-numeric values)"
        below = [edge for edge in part.edges if edge <= value]
        above = [edge for edge in part.edges if edge > value]
        if not below:
            return f"< {part.edges[0]}"
        return f"≥ {part.edges[-1]}" if not above else f"{below[-1]} - {above[0]}"

    def _places(
        self,
        on: Any,
        found: Any,
        segments: Any,
        asked: Any,
        seen_from: Any,
        counted_from: Any,
        to_date: Any,
        unit: Any,
        limit: Any,
        totals: Any,
    ) -> tuple[list[Segment], list[str]]:
        if not on:
            return [()], []
        sizes: dict[Segment, int] = {}
        for event in {event for events in found for event in events}:
            day = self.project.local(event).date()
            if not seen_from <= day <= to_date:
                continue
            counts = day >= counted_from and (totals or self.bucket(event, unit) >= asked[0])
            for segment in segments[event]:
                sizes[segment] = sizes.get(segment, 0) + counts
        ranked = sorted(sizes, key=lambda segment: (-sizes[segment], segment))
        return ranked[:limit], ["(other)"] if len(ranked) > limit else []

    def _value(
        self,
        metric: Measured,
        mine: Any,
        all_of_it: Any,
        segments: Any,
        order: Any,
        segment: Any,
        bucket: Any,
        end: date,
        unit: str,
        first: date,
        last: date,
        totals: bool,
    ) -> float | None:
        def day(event: Event) -> date:
            return self.project.local(event).date()

        def inside(event: Event) -> bool:
            return first <= day(event) <= last and (totals or self.bucket(event, unit) == bucket)

        if metric.measure in DAYS:
            since = end - (DAYS[metric.measure] - 1) * ONE
            return len({e.user for e in mine if e.user and since <= day(e) <= end})
        now = [event for event in mine if inside(event)]
        if metric.measure in {"unique_first", "unique_last"}:
            return self._once(
                metric, [e for e in all_of_it if inside(e) and e.user], segments, order, segment
            )
        if metric.per_user:
            users = sorted({event.user for event in now if event.user})
            numbers = [
                self._aggregate(metric.per_user, metric.of, [e for e in now if e.user == u]) for u in users
            ]
            kept = [
                n
                for n in numbers
                if n is not None and not (metric.per_user in {"total", "sessions", "distinct"} and not n)
            ]
            return summary(metric.measure, kept)
        value = self._aggregate(metric.measure, metric.of, now)
        return 0 if value is None and metric.measure in COUNTING else value

    def _once(self, metric: Measured, events: Any, segments: Any, order: Any, segment: Any) -> int:
        rest = len(order) + 10_000
        count = 0
        for user in {event.user for event in events}:
            seen = [(e.ms, order.get(s, rest)) for e in events if e.user == user for s in segments[e]]
            first = metric.measure == "unique_first"
            _, place = min(seen) if first else max(seen, key=lambda pair: (pair[0], -pair[1]))
            count += place == order.get(segment, rest)
        return count

    def _aggregate(self, measure: str, of: Any, events: Sequence[Event]) -> float | None:
        if measure == "total":
            return len(events)
        if measure.startswith("unique"):
            return len({event.user for event in events if event.user})
        if measure == "sessions":
            return len({self.sessions[event] for event in events if event in self.sessions})
        values = [self.project.value(of, event) for event in events]
        if measure == "distinct":
            return len(set().union(*map(texts, values)) - {"undefined"})
        numbers = [float(value) for value in values if kind(value) == "number"]
        return summary(measure, numbers) if numbers else None

    def _seen(
        self, metric: Measured, bucket: Any, end: date, unit: str, first: date, last: date, totals: bool
    ) -> tuple[bool, bool]:
        """Whether anything is known of a bucket, and whether all is."""
        ends = self.ms(last + ONE) if totals else self.ms(self.end(bucket, unit))
        cut = ends > self.ms(last + ONE)
        if metric.measure not in DAYS and not totals:
            cut = cut or self.ms(bucket) < self.ms(first)
        return True, not cut

    def _analysed(self, line: Any, rolling: int | None, cumulative: bool, count: int) -> Any:
        name, segment, values, seen = line
        values = [value if touched else None for value, (touched, _) in zip(values, seen, strict=True)]
        complete = [whole for _, whole in seen]
        if rolling:
            averages, all_whole = [], []
            for n in range(len(values)):
                window = range(max(0, n - rolling + 1), n + 1)
                known = [values[k] for k in window if complete[k] and values[k] is not None]
                averages.append(sum(known) / len(known) if known else None)
                all_whole.append(len(window) == rolling and all(complete[k] for k in window))
            values, complete = averages, all_whole
        if cumulative:
            values = [
                None if not seen[n][0] else sum(value or 0 for value in values[: n + 1])
                for n in range(len(values))
            ]
            complete = [all(complete[: n + 1]) for n in range(len(complete))]
        return name, segment, values[-count:], complete[-count:]


def summary(measure: str, numbers: Sequence[float]) -> float | None:
    """One number of several; percentiles are interpolated between the two nearest."""
    if not numbers:
        return 0 if measure == "sum" else None
    match measure:
        case "sum":
            return math.fsum(numbers)
        case "average":
            return math.fsum(numbers) / len(numbers)
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
    part = 0.5 if measure == "median" else float(measure[1:]) / 100
    ordered = sorted(numbers)
    position = part * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def calculated(formula: Calculated, numbers: Sequence[float | None]) -> float | None:
    """The formula in Python, without a result where a number that it takes is missing."""
    used = [n for n, letter in enumerate("ABC") if letter in formula.text]
    if any(numbers[n] is None for n in used):
        return None
    try:
        return float(formula.of(*numbers))
    except ZeroDivisionError:
        return None


def of_segments(records: Records) -> Mapping[str, Any]:
    """The values of the only bucket by the last column of segments."""
    return {list(record.values())[-3]: record["value"] for record in records}
