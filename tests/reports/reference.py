"""Mixpanel's reports by loops over events and users: slow, short, and sharing nothing with the package.

Each report gives the records that the package's result gives. Days, buckets and labels are those of the
project's zone.
"""

# ruff: noqa: A002 - the parameters have the names of the package's reports
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import count, pairwise, product
from math import floor, inf
from statistics import fmean
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from . import flows
from .expressions import Node, Scope, compact, evaluate, kind, prop, scalar_text
from .reference_funnels import Funnel, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 7 * 86_400, "month": 30 * 86_400}
MOST_UNITS = {
    ("day", "hour"): 24,
    ("week", "hour"): 168,
    ("month", "hour"): 744,
    ("day", "day"): 1,
    ("week", "day"): 7,
    ("month", "day"): 31,
}
OVERALL = "$overall"

Bucket = date | datetime
Records = list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Event:
    """One event; ``ms`` are milliseconds since 1970, and ``user`` is None where there is no id."""

    name: str
    ms: int
    user: str | None
    insert_id: str
    properties: Mapping[str, Any]

    @property
    def identity(self) -> tuple[str, int, str]:
        return self.name, self.ms, self.insert_id


def event_of(line: Mapping[str, Any]) -> Event:
    """An event from a line of Mixpanel's export."""
    properties = line["properties"]
    who = properties.get("distinct_id") or None
    return Event(
        line["event"], round(properties["time"] * 1000), who, str(properties["$insert_id"]), properties
    )


def share(part: float, whole: float) -> float:
    return part / whole if whole else 0


def measured(events: Sequence[Event], type: str) -> float:
    """The events (general), their users (unique), or the events of a user (average)."""
    users = [event.user for event in events if event.user]
    match type:
        case "general":
            return len(events)
        case "unique":
            return len(set(users))
    return share(len(users), len(set(users)))


def texts(value: Any) -> set[str]:
    """The segments that a value belongs to."""
    match kind(value):
        case "list":
            return {text for item in value for text in texts(item)} or {"undefined"}
        case "object":
            return {compact(value)}
        case "undefined":
            return {"undefined"}
    return {str(scalar_text(value))}


def bucket_of(local: datetime, unit: str, week_start: str) -> Bucket:
    """A wall-clock time truncated to the unit."""
    match unit:
        case "minute":
            return local.replace(second=0, microsecond=0)
        case "hour":
            return local.replace(minute=0, second=0, microsecond=0)
        case "week":
            day = local.date()
            while day.strftime("%A").lower() != week_start:
                day -= timedelta(days=1)
            return day
        case "month":
            return local.date().replace(day=1)
    return local.date()


def buckets_of(first: date, last: date, unit: str, week_start: str) -> list[Bucket]:
    """Every bucket that touches the days from ``first`` to ``last``."""
    minute = timedelta(minutes=1)
    step = minute if unit == "minute" else timedelta(hours=1)
    moment = datetime.combine(first, datetime.min.time())
    found: dict[Bucket, None] = {}
    while moment.date() <= last:
        found[bucket_of(moment, unit, week_start)] = None
        moment += step
    return list(found)


def columns_of(on: Iterable[str | Node], own: Iterable[str]) -> list[str]:
    """A column for each breakdown; a number follows a name that another has, for DuckDB in any case."""
    columns: list[str] = []
    for each in map(str, on):
        number, name = 1, each
        while name.casefold() in {column.casefold() for column in (*own, *columns)}:
            number += 1
            name = f"{each}_{number}"
        columns.append(name)
    return columns


def most_first(sizes: Mapping[Any, int]) -> list[Any]:
    return sorted(sizes, key=lambda name: (-sizes[name], name))


def as_number(value: Any) -> float:
    return value if kind(value) == "number" else 0.0


def nice_width(raw: Fraction) -> Fraction:
    """The smallest of 1, 2, 5 x 10^k that is not below ``raw``."""
    powers = (Fraction(10) ** k for k in range(-9, 19))
    return min(width for power in powers for m in (1, 2, 5) if (width := m * power) >= raw)


def numeric_label(index: int, width: Fraction) -> str:
    decimals = next(digits for digits in count() if (width * 10**digits).denominator == 1)
    return " - ".join(f"{float(edge * width):,.{decimals}f}" for edge in (index, index + 1))


class Reference:
    """A project's events and profiles, and the reports over them.

    Args:
        lines: Lines of Mixpanel's export; of equal events the last counts.
        profiles: Results of Mixpanel's engage.
        zone: The project's time zone.
        week_start: The day on which its weeks begin.
    """

    def __init__(
        self,
        lines: Iterable[Mapping[str, Any]],
        profiles: Iterable[Any] = (),
        zone: str = "UTC",
        week_start: str = "monday",
    ) -> None:
        self.week_start = week_start
        self.zone = ZoneInfo(zone)
        distinct: dict[Any, Event] = {}
        for event in map(event_of, lines):
            distinct.pop((event.identity, event.user), None)  # what came last stays, in its own place
            distinct[event.identity, event.user] = event
        self.events = sorted(distinct.values(), key=lambda event: event.ms)  # and as they came
        self.profiles = {profile["$distinct_id"]: profile["$properties"] for profile in profiles}

    # What all reports ask

    def local(self, event: Event) -> datetime:
        return (EPOCH + timedelta(milliseconds=event.ms)).astimezone(self.zone).replace(tzinfo=None)

    def bucket(self, event: Event, unit: str) -> Bucket:
        return bucket_of(self.local(event), unit, self.week_start)

    @staticmethod
    def is_whole(bucket: Bucket, unit: str, first: date, last: date) -> bool:
        """Whether all days of a bucket are among those from ``first`` to ``last``."""
        if unit not in {"week", "month"} or isinstance(bucket, datetime):
            return True
        end = bucket
        while (unit == "week" and (end - bucket).days < 6) or (
            unit == "month" and (end + timedelta(days=1)).month == bucket.month
        ):
            end += timedelta(days=1)
        return first <= bucket and end <= last

    def buckets(self, first: date, last: date, unit: str) -> list[Bucket]:
        return buckets_of(first, last, unit, self.week_start)

    def value(self, expression: str | Node, event: Event) -> Any:
        expression = prop(expression) if isinstance(expression, str) else expression
        profile = self.profiles.get(event.user, {})
        return evaluate(expression, Scope(event.properties, profile, event.ms // 1000, self.zone))

    def matches(self, event: Event, name: str | None, *conditions: Node | None) -> bool:
        kept = (where is None or self.value(where, event) is True for where in conditions)
        return name in {None, event.name} and all(kept)

    def within(self, event: Event, first: date, last: date) -> bool:
        return first <= self.local(event).date() <= last

    def found(self, name: str | None, where: Node | None, first: date, last: date) -> list[Event]:
        return [e for e in self.events if self.within(e, first, last) and self.matches(e, name, where)]

    def segments(self, event: Event, on: str | Node | None) -> set[str]:
        return set() if on is None else texts(self.value(on, event))

    def table(
        self,
        groups: Mapping[Any, list[Event]],
        columns: str | Sequence[str],
        days: tuple[date, date],
        unit: str,
        type: str,
    ) -> Records:
        """A row for each bucket and each group of events."""
        columns = [columns] if isinstance(columns, str) else columns
        cells: defaultdict[Any, list[Event]] = defaultdict(list)
        for key, events in groups.items():
            for event in events:
                cells[key, self.bucket(event, unit)].append(event)
        return [
            {
                "date": bucket.isoformat(),
                **dict(zip(columns, key if isinstance(key, tuple) else (key,), strict=True)),
                "count": measured(cells[key, bucket], type),
                "complete": self.is_whole(bucket, unit, *days),
            }
            for bucket in self.buckets(*days, unit)
            for key in groups
        ]

    # Segmentation

    def segmentation(
        self,
        event: str | None,
        *,
        from_date: date,
        to_date: date,
        on: str | Node | list[str | Node] | None = None,
        unit: str = "day",
        where: Node | None = None,
        type: str = "general",
        limit: int = 60,
    ) -> Records:
        found = self.found(event, where, from_date, to_date)
        groups = {"total": found} if on is None else self.by_segment(found, on)
        names = most_first({name: len(events) for name, events in groups.items()})
        shown = {name: groups[name] for name in names[:limit]}
        columns = columns_of(on, ["date", "count", "complete"]) if isinstance(on, list) else ["segment"]
        if type == "general" and len(names) > limit:
            other = ("(other)",) * len(columns)
            shown[other] = [event for name in names[limit:] for event in groups[name]]
        return self.table(shown, columns, (from_date, to_date), unit, type)

    def by_segment(self, events: list[Event], on: str | Node | list[str | Node]) -> dict[Any, list[Event]]:
        groups: defaultdict[Any, list[Event]] = defaultdict(list)
        for event in events:
            if isinstance(on, list):
                for segments in product(*(self.segments(event, each) for each in on)):
                    groups[segments].append(event)
            else:
                for segment in self.segments(event, on):
                    groups[segment].append(event)
        return groups

    def property_counts(
        self,
        event: str,
        prop: str,
        *,
        from_date: date,
        to_date: date,
        values: Sequence[str] | None = None,
        unit: str = "day",
        type: str = "general",
        where: Node | None = None,
        limit: int = 255,
    ) -> Records:
        groups = self.by_segment(self.found(event, where, from_date, to_date), prop)
        names = most_first({name: len(events) for name, events in groups.items()})
        chosen = {name: groups.get(name, []) for name in (names[:limit] if values is None else values)}
        if type == "general" and values is None and len(names) > limit:
            chosen["(other)",] = [event for name in names[limit:] for event in groups[name]]
        return self.table(chosen, "value", (from_date, to_date), unit, type)

    def event_counts(
        self,
        events: Sequence[str] | None,
        *,
        from_date: date,
        to_date: date,
        unit: str = "day",
        type: str = "general",
        where: Node | None = None,
    ) -> Records:
        groups = {name: self.found(name, where, from_date, to_date) for name in events or ()}
        if events is None:
            groups["any event"] = self.found(None, where, from_date, to_date)
        return self.table(groups, "event", (from_date, to_date), unit, type)

    def segmentation_numeric(
        self,
        event: str | None,
        *,
        from_date: date,
        to_date: date,
        on: str | Node,
        unit: str = "day",
        where: Node | None = None,
        type: str = "general",
        buckets: int = 10,
    ) -> Records:
        found = self.found(event, where, from_date, to_date)
        # Decimal text makes of 0.1 a tenth, which the nearest binary number is not.
        numbers = {e: Fraction(repr(v)) for e in found if kind(v := self.value(on, e)) == "number"}
        if not numbers:
            return []
        span = max(numbers.values()) - min(numbers.values())
        width = nice_width(span / buckets) if span else Fraction(1)
        places = {event: floor(round(number / width, 9)) for event, number in numbers.items()}
        groups = {
            numeric_label(index, width): [event for event, place in places.items() if place == index]
            for index in range(min(places.values()), max(places.values()) + 1)
        }
        return self.table(groups, "bucket", (from_date, to_date), unit, type)

    def numbers_by_bucket(
        self, event: str | None, on: str | Node, where: Node | None, first: date, last: date, unit: str
    ) -> dict[Bucket, list[float]]:
        numbers: dict[Bucket, list[float]] = {bucket: [] for bucket in self.buckets(first, last, unit)}
        for one in self.found(event, where, first, last):
            numbers[self.bucket(one, unit)].append(as_number(self.value(on, one)))
        return numbers

    def segmentation_sum(
        self,
        event: str | None,
        *,
        from_date: date,
        to_date: date,
        on: str | Node,
        unit: str = "day",
        where: Node | None = None,
    ) -> Records:
        numbers = self.numbers_by_bucket(event, on, where, from_date, to_date, unit)
        return [
            {
                "date": bucket.isoformat(),
                "sum": sum(found),
                "complete": self.is_whole(bucket, unit, from_date, to_date),
            }
            for bucket, found in numbers.items()
        ]

    def segmentation_average(
        self,
        event: str | None,
        *,
        from_date: date,
        to_date: date,
        on: str | Node,
        unit: str = "day",
        where: Node | None = None,
    ) -> Records:
        numbers = self.numbers_by_bucket(event, on, where, from_date, to_date, unit)
        return [
            {
                "date": bucket.isoformat(),
                "average": fmean(found) if found else None,
                "complete": self.is_whole(bucket, unit, from_date, to_date),
            }
            for bucket, found in numbers.items()
        ]

    # Counts

    def top_events(self, *, type: str = "general", limit: int = 100, date: date | None = None) -> Records:
        days = [self.local(event).date() for event in self.events]
        if not days:
            return []
        day = date or max(days)
        before = day - timedelta(days=1)
        names = {event.name for event in self.found(None, None, day, day)}
        counts = {name: measured(self.found(name, None, day, day), type) for name in names}
        earlier = {name: measured(self.found(name, None, before, before), type) for name in names}
        return [
            {
                "event": name,
                "count": counts[name],
                "percent_change": share(counts[name] - earlier[name], earlier[name])
                if earlier[name]
                else 1.0,
            }
            for name in sorted(names, key=lambda name: (-counts[name], name))[:limit]
        ]

    # Funnel

    def funnel(
        self,
        *,
        steps: Sequence[str | tuple[str, Node]],
        from_date: date,
        to_date: date,
        window: int | str = 7,
        window_unit: str = "day",
        unit: str | None = None,
        on: str | Node | Sequence[str | Node] | None = None,
        where: Node | None = None,
        limit: int = 255,
        count: str = "uniques",
        exclude: Sequence[Any] = (),
        hold: Sequence[str | Node] = (),
        order: str = "specific",
        anchors: Sequence[int] = (),
        optional: Sequence[int] = (),
        reentry: str = "default",
        attribution: int | str = 1,
        sum_of: str | Node | None = None,
        told: str = "steps",
    ) -> Records:
        excluded = [
            (one, None, None, None) if isinstance(one, str) else (*one, None, None)[:4] for one in exclude
        ]
        in_sessions = window_unit == "session" and window != "ever"
        named = [(step, None) if isinstance(step, str) else step for step in steps]
        required = [number for number in range(1, len(steps) + 1) if number not in optional]
        asked = Funnel(
            self,
            [named[number - 1] for number in required],
            from_date,
            to_date,
            inf if window == "ever" or in_sessions else float(window) * SECONDS[window_unit] * 1000,
            where,
            unit,
            () if on is None else tuple(on) if isinstance(on, list | tuple) else (on,),
            count,
            [
                (name, only, required.index(after or 1) + 1, required.index(before or len(steps)) + 1)
                for name, only, after, before in excluded
            ],
            tuple(hold),
            order,
            anchors,
            reentry,
            required.index(attribution) + 1 if isinstance(attribution, int) else attribution,
            int(window) if in_sessions else None,
            {
                number: (sum(each < number for each in required), named[number - 1])
                for number in sorted(optional)
            },
        )
        buckets = [None] if unit is None else self.buckets(from_date, to_date, unit)
        return records(asked, buckets, limit, sum_of, told)

    def session(self, event: Event) -> int:
        """The number of the user's session of an event: half an hour without one ends it, and midnight."""
        number, before = 0, None
        for one in self.events:
            if one.user != event.user:
                continue
            if before is not None and (
                one.ms - before.ms > 1_800_000 or self.local(one).date() != self.local(before).date()
            ):
                number += 1
            before = one
            if one is event:
                break
        return number

    def entries(
        self,
        step: tuple[Any, ...],
        first: date,
        last: date,
        unit: str | None,
        on: str | Node | list[str | Node] | None,
    ) -> Entries:
        """Each user's first event of a step, by bucket and segment."""
        entries: Entries = defaultdict(dict)
        for event in self.events:
            if event.user and self.within(event, first, last) and self.matches(event, *step):
                bucket = None if unit is None else self.bucket(event, unit)
                for segment in self.entered(event, on):
                    entries[bucket, segment].setdefault(event.user, event)
        return entries

    def entered(self, event: Event, on: str | Node | list[str | Node] | None) -> set[Any]:
        """The segments of an event, and that of everyone."""
        if isinstance(on, list):
            return {(OVERALL,) * len(on), *product(*(self.segments(event, each) for each in on))}
        return {OVERALL, *self.segments(event, on)}

    # Flows and sessions

    def flow(self, **query: Any) -> Records:
        return flows.flow(self, **query)

    def sessions(self, **query: Any) -> Records:
        return flows.sessions(self, **query)

    # Retention

    def retention(
        self,
        *,
        born_event: str | None = None,
        return_event: str | None = None,
        from_date: date,
        to_date: date,
        born_where: Node | None = None,
        return_where: Node | None = None,
        interval: int = 1,
        interval_count: int = 10,
        unit: str = "day",
        type: str = "birth",
        mode: str = "on",
        alignment: str = "rolling",
        brackets: Sequence[int] | None = None,
        prop: str | Node | None = None,
        measure: str = "sum",
        on: str | Node | list[str | Node] | None = None,
        limit: int = 255,
    ) -> Records:
        entering = (return_event, return_where) if type == "compounded" else (born_event, born_where)
        if unit == "day" and interval == 7:
            unit, interval = "week", 1
        edges = brackets or [number * interval for number in range(interval_count + 2)]
        cohorts = self.entries(entering, from_date, to_date, unit, on)
        columns = columns_of(on, []) if isinstance(on, list) else [] if on is None else ["segment"]
        everyone = (OVERALL,) * len(on) if isinstance(on, list) else OVERALL
        rows = []
        for segment in [everyone, *largest(cohorts, limit)]:
            names = segment if isinstance(segment, tuple) else (segment,)
            for bucket in self.buckets(from_date, to_date, unit):
                born = list(cohorts[bucket, segment].values())
                returns = [
                    self.returns(event, (return_event, return_where), prop, unit, alignment, mode)
                    for event in born
                ]
                values: list[float | None] = []
                for period in range(len(edges) - 1):
                    counted = [retained(found, edges, period, mode) for found in returns]
                    total = sum(map(bool, counted)) if prop is None else sum(sum(each) for each in counted)
                    if not self.has_begun(bucket, from_date, edges[period], unit, alignment):
                        values.append(None)
                    elif prop is not None and measure == "average":
                        values.append(total / len(born) if born else None)
                    else:
                        values.append(total)
                row = dict(zip(columns, names, strict=False))
                row |= {"cohort_date": str(bucket), "cohort_size": len(born)}
                rows.append(row | {f"period_{number}": value for number, value in enumerate(values)})
        return rows

    def returns(
        self,
        born: Event,
        step: tuple[str | None, Node | None],
        prop: str | Node | None,
        unit: str,
        alignment: str,
        mode: str,
    ) -> list[tuple[int, float]]:
        """How many units after their birth a user came back each time, and the number of that event."""
        found = []
        for event in self.events:
            if event.user != born.user or event.ms < born.ms or not self.matches(event, *step):
                continue
            if event.ms == born.ms and event.name == born.name and mode != "streak":
                continue
            amount = 0.0 if prop is None else as_number(self.value(prop, event))
            found.append((self.units_between(born, event, unit, alignment), amount))
        return found

    def units_between(self, born: Event, event: Event, unit: str, alignment: str) -> int:
        if alignment == "rolling":
            return (event.ms - born.ms) // (SECONDS[unit] * 1000)
        before, after = (self.bucket(each, unit) for each in (born, event))
        if unit == "month":
            return (after.year - before.year) * 12 + after.month - before.month
        return (after.toordinal() - before.toordinal()) // (7 if unit == "week" else 1)

    def has_begun(self, bucket: Bucket, first: date, units: int, unit: str, alignment: str) -> bool:
        """Whether a period had begun at the last event for those of a cohort who were born first."""
        born = datetime.combine(max(bucket, first), datetime.min.time())
        begins = born
        if alignment == "calendar" and units:
            day = date(bucket.year, bucket.month, bucket.day)
            for _ in range(units):
                step = timedelta(days=1 if unit == "day" else 7 if unit == "week" else 31)
                day = (day + step).replace(day=1) if unit == "month" else day + step
            begins = datetime.combine(day, datetime.min.time())
        ms = (begins.replace(tzinfo=self.zone) - EPOCH) // timedelta(milliseconds=1)
        if alignment == "rolling":
            ms += units * SECONDS[unit] * 1000
        return bool(self.events) and ms <= max(event.ms for event in self.events)

    # Frequency and feed

    def frequency(
        self,
        *,
        from_date: date,
        to_date: date,
        unit: str = "day",
        addiction_unit: str = "hour",
        event: str | None = None,
        where: Node | None = None,
    ) -> Records:
        active: defaultdict[Bucket, defaultdict[str, set[Bucket]]] = defaultdict(lambda: defaultdict(set))
        for one in self.found(event, where, from_date, to_date):
            if one.user:
                active[self.bucket(one, unit)][one.user].add(self.bucket(one, addiction_unit))
        return [
            {
                "date": str(bucket),
                **{
                    f"period_{k}": sum(len(units) >= k for units in active[bucket].values())
                    for k in range(1, MOST_UNITS[unit, addiction_unit] + 1)
                },
                "complete": self.is_whole(bucket, unit, from_date, to_date),
            }
            for bucket in self.buckets(from_date, to_date, unit)
        ]

    def activity_feed(self, distinct_ids: Sequence[str], *, from_date: date, to_date: date) -> list[Event]:
        return [e for e in self.found(None, None, from_date, to_date) if e.user in distinct_ids]


Entries = defaultdict[tuple[Bucket | None, Any], dict[str, Event]]


def largest(entries: Entries, limit: int) -> list[Any]:
    """The segments with the most entries."""
    sizes: defaultdict[Any, int] = defaultdict(int)
    for (_, segment), events in entries.items():
        if set(segment if isinstance(segment, tuple) else [segment]) != {OVERALL}:
            sizes[segment] += len(events)
    return most_first(sizes)[:limit]


def retained(returns: list[tuple[int, float]], edges: Sequence[int], period: int, mode: str) -> list[float]:
    """The numbers of the returns that count for a period."""
    first, after = edges[period], edges[period + 1]
    match mode:
        case "on_or_after":
            return [amount for units, amount in returns if units >= first]
        case "on_or_before":
            return [amount for units, amount in returns if units < after]
        case "streak":
            for one, next_one in pairwise(edges[: period + 2]):
                if not any(one <= units < next_one for units, _ in returns):
                    return []
    return [amount for units, amount in returns if first <= units < after]
