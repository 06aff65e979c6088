"""What explains a bucket: the whole, the values of each property and the events against what is usual."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.results.usual import FREEDOM, distance, expectations, shares, surprise
from mixpanel_nb.results.why import FOUND, UNUSUAL, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.results.usual import Surprise, Values

EVENT = "event"
MOST_PAIRED = 5
"""Values, each of a property of its own, that are tried together."""

UNTOLD = frozenset({"time", "distinct_id", "$insert_id", "$mp_api_timestamp_ms", "mp_processing_time_ms"})
"""Properties that tell each event apart, and are not tried."""

NEARLY_ALL = 0.9
"""A usual share beyond which a value is the whole, and tells nothing of it."""

LEAST = 5
"""Events of a value, actual or usual."""

_SCATTERED = 2_000  # values of a property
_FEW = 50
_SAME = 0.9  # the part of both that two values have in common to be nearly the same
_MOST = 0.9  # the part of a change that two values together must have
_LESS = 0.8  # and of the whole that they may have
_RARE = 0.05  # the part of the buckets before in which a property may have moved as much
_SIGN = 0.05
_NEW = 3  # buckets


@dataclass(frozen=True)
class Shift:
    """A value's number against what is usual.

    Attributes:
        name: The property.
        value: The value.
        series: Its number, bucket by bucket.
        mix: Against what the other values of the property let expect, by its usual share.
        own: Against its usual share of the whole as it was expected.
        share: Its usual share.
        is_news: Whether no value of the property moved as much in nearly all buckets before, and this one not
            in each of the last ones.
    """

    name: str
    value: str
    series: tuple[float | None, ...]
    mix: Surprise
    own: Surprise
    share: float
    is_news: bool

    @property
    def change(self) -> float:
        """What is beyond what was expected."""
        return self.own.actual - self.own.expected

    @property
    def is_its_own(self) -> bool:
        """Whether its number moved, in the direction in which it left the others."""
        apart = self.mix.actual - self.mix.expected
        return (self.own.chance or 1) < _SIGN and apart * self.change > 0


class Moved(Protocol):
    """A metric of which some time is to be explained."""

    @property
    def is_unusual(self) -> bool:
        """Whether that time is."""

    @property
    def change(self) -> float:
        """What is beyond what was expected; 0 where that is unknown."""

    def shifts(self, name: str, values: Mapping[str, Mapping[Bucket, Any]]) -> list[Shift]:
        """The values of a property that are frequent enough to be compared."""


class Whole:
    """A metric over time, the last bucket of which is to be explained.

    Args:
        dates: The buckets.
        values: Bucket to number; a bucket that is missing is 0.
        known: For each bucket, whether the table holds all of it.
        unit: The unit of buckets.
        size: What an event adds to a number: 1 to a count.
    """

    def __init__(
        self,
        dates: Sequence[Bucket],
        values: Mapping[Bucket, Any],
        known: Sequence[bool | None],
        unit: str,
        *,
        size: float = 1.0,
    ) -> None:
        self.dates, self._known, self.unit, self.size = dates, known, unit, size
        self.actual = self.over_time(values)
        self.expected = expectations(self.actual, unit)
        self.surprise = surprise(self.actual, self.expected, size=size)

    def over_time(self, values: Mapping[Bucket, Any]) -> list[float | None]:
        """Numbers bucket by bucket; None where the table does not hold all of it."""
        return [
            float(values.get(day) or 0) if state else None
            for day, state in zip(self.dates, self._known, strict=True)
        ]

    @property
    def now(self) -> float | None:
        """The number of the bucket; None where the table does not hold all of it."""
        return self.actual[-1]

    @property
    def usual(self) -> float | None:
        """What is usual for it."""
        return self.expected[-1]

    @property
    def is_unusual(self) -> bool:
        """Whether the bucket is."""
        chance = None if self.surprise is None else self.surprise.chance
        return chance is not None and chance < UNUSUAL

    @property
    def change(self) -> float:
        """What is beyond what was expected; 0 where that is unknown."""
        return 0.0 if self.surprise is None else self.surprise.actual - self.surprise.expected

    def shifts(self, name: str, values: Mapping[str, Mapping[Bucket, Any]]) -> list[Shift]:
        """The values of a property that are frequent enough to be compared."""
        return self.trace(name, values).shifts(len(self.dates))

    def trace(self, name: str, values: Mapping[str, Mapping[Bucket, Any]]) -> Traces:
        """The values of a property over time, to be compared at any bucket."""
        series = {value: self.over_time(found) for value, found in values.items()}
        parts = {value: shares(each, self.actual, self.unit) for value, each in series.items()}
        beside = {value: self._beside(each, parts[value]) for value, each in series.items()}
        moved = {value: self._distances(each, beside[value]) for value, each in series.items()}
        own = {value: _times(self.expected, parts[value]) for value in series}
        return Traces(name, series, parts, beside, moved, own, self.size)

    def _beside(self, part: Values, share: Values) -> list[float | None]:
        """What a value would be, if it had its usual share beside what the others were."""
        return [
            None
            if now is None or whole is None or usual is None or usual >= 1
            else max(whole - now, 0.0) * usual / (1 - usual)
            for now, whole, usual in zip(part, self.actual, share, strict=True)
        ]

    def _distances(self, part: Values, expected: Values) -> list[float | None]:
        return [
            None if now is None or then is None else distance(now, then, size=self.size)
            for now, then in zip(part, expected, strict=True)
        ]


@dataclass(frozen=True)
class Traces:
    """The values of a property over time.

    Attributes:
        name: The property.
        series: Value to its numbers.
        parts: Its usual shares.
        beside: What the other values let expect of it.
        moved: The distances from that.
        own: Its usual share of the whole as it was expected.
        size: What an event adds to a number.
    """

    name: str
    series: Mapping[str, Values]
    parts: Mapping[str, Values]
    beside: Mapping[str, Values]
    moved: Mapping[str, Values]
    own: Mapping[str, Values]
    size: float

    def shifts(self, end: int, *, freedom: float = FREEDOM) -> list[Shift]:
        """The values that are frequent enough to be compared in the last of the first ``end`` buckets.

        Args:
            end: So many buckets are known.
            freedom: Degrees of freedom a distance.
        """
        usual, found = self._usual_reach(end), []
        for value, each in self.series.items():
            mix = surprise(each[:end], self.beside[value][:end], size=self.size, freedom=freedom)
            own = surprise(each[:end], self.own[value][:end], size=self.size)
            share = self.parts[value][end - 1]
            if mix is None or own is None or share is None or share > NEARLY_ALL:
                continue
            if max(mix.actual, own.expected) >= LEAST * self.size:
                is_news = abs(mix.distance) > usual and not _is_lasting(self.moved[value][:end])
                found.append(Shift(self.name, value, tuple(each), mix, own, share, is_news))
        return found

    def _usual_reach(self, end: int) -> float:
        """How far the values of the property move in all but the rarest buckets before."""
        most: list[float] = []
        for place in range(end - 1):
            reached = [abs(far) for each in self.moved.values() if (far := each[place]) is not None]
            most += [max(reached)] if reached else []
        most.sort()
        return most[int(len(most) * (1 - _RARE))] if most else 0.0


def _is_lasting(moved: Values) -> bool:
    """Whether a value has been as far away for some buckets before: it has a new level, which is no news."""
    last, before = moved[-1] or 0.0, moved[-_NEW - 1 : -1]
    as_far = [far for far in before if far is not None and far * last > 0 and 2 * abs(far) > abs(last)]
    return len(as_far) == _NEW


@dataclass(frozen=True)
class Comparisons:
    """How many comparisons there are, by which chances are corrected.

    Each property has an equal part in the chance of a false finding, and within it each value (Bonferroni
    with weights), so that a property of many values does not hide one of few. Values whose numbers are the
    same are one comparison, and so are properties.

    Attributes:
        values: Property to how many of its values differ.
        properties: How many properties differ.
    """

    values: Mapping[str, int]
    properties: int

    @classmethod
    def of(cls, shifts: Iterable[Shift]) -> Comparisons:
        """The comparisons of these values."""
        series: dict[str, set[Any]] = defaultdict(set)
        for each in shifts:
            series[each.name].add(each.series)
        values = {name: len(found) for name, found in series.items()}
        return cls(values, len({frozenset(found) for found in series.values()}))

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.values.values())

    def corrected(self, chance: float | None, name: str) -> float | None:
        """The chance of a value of a property, after so many comparisons."""
        return None if chance is None else min(chance * self.values[name] * self.properties, 1.0)


def findings(whole: Moved, shifts: Sequence[Shift], comparisons: Comparisons) -> list[Finding]:
    """The shifts that chance does not explain, the most telling first.

    A value is one if it left the other values of its property, and its own number moved in that direction:
    the others gain share where one loses. Where the whole is unusual, it must have moved as the whole did,
    and the most telling are those whose change is nearest to that of the whole, and which are a small part
    of it.

    Args:
        whole: The metric.
        shifts: Of the values of all properties.
        comparisons: What chances are corrected for.
    """
    found = [
        (_telling(whole, each), _finding(whole, each, chance))
        for each in shifts
        if (chance := comparisons.corrected(each.mix.chance, each.name)) is not None
        and chance < FOUND
        and each.is_news
        and each.is_its_own
        and (not whole.is_unusual or each.change * whole.change > 0)
    ]
    found.sort(key=lambda pair: (-pair[0], pair[1].share_of_whole, len(pair[1].prop), pair[1].name))
    return [finding for _, finding in found]


def _telling(whole: Moved, shift: Shift) -> float:
    if not whole.is_unusual:
        return abs(shift.change)
    part = shift.change / whole.change
    return min(part, 1 / part) * (1 - shift.share)


def events_found(
    whole: Moved, shifts: Sequence[Shift], comparisons: Comparisons, but: str | None
) -> list[Finding]:
    """The events that came or went, the least likely first.

    Args:
        whole: All events.
        shifts: Of the events.
        comparisons: What chances are corrected for.
        but: The event that is explained.
    """
    found = []
    for each in shifts:
        chance = comparisons.corrected(each.own.chance, each.name)
        is_more = abs(each.change) >= 0.2 * max(each.own.expected, 1)
        if chance is not None and chance < FOUND and is_more and each.value != but:
            finding = _finding(whole, each, chance)
            found.append(replace(finding, kind="event", share_of_change=None))
    return sorted(found, key=lambda finding: (finding.chance, -abs(finding.change), finding.value))


def paired(
    whole: Moved,
    listed: Sequence[Finding],
    numbers: Mapping[tuple[int, int], Mapping[Bucket, Any]],
    chosen: Sequence[Finding],
) -> list[Finding]:
    """The findings, with two values that explain more together, and those that are nearly the same marked.

    Args:
        whole: The metric.
        listed: The findings.
        numbers: The places of two of ``chosen`` to the metric of both together.
        chosen: The findings that were tried together.
    """
    group = list(range(len(chosen)))
    more: list[Finding] = []
    for (one, other), values in numbers.items():
        first, second = chosen[one], chosen[other]
        for shift in whole.shifts("", {"": values}):
            size = max(shift.own.actual, shift.own.expected)
            if size >= _SAME * max(max(each.actual, each.expected) for each in (first, second)):
                group = [group[one] if number == group[other] else number for number in group]
            elif _is_sharper(shift, first, second):
                finding = _finding(whole, shift, max(first.chance, second.chance))
                names = f"{first.prop} + {second.prop}", f"{first.value} + {second.value}"
                more.append(replace(finding, kind="values", prop=names[0], value=names[1]))
    more.sort(key=lambda finding: finding.share_of_whole)
    own, same = [], []
    for number in dict.fromkeys(group):
        head, *rest = sorted(
            (each for each, of in zip(chosen, group, strict=True) if of == number), key=_part_of_whole
        )
        own.append(head)
        same += [replace(each, same_as=head.name) for each in rest]
    tried = {each.name for each in chosen}
    return [*more[:1], *own, *(each for each in listed if each.name not in tried), *same]


def _part_of_whole(finding: Finding) -> float:
    return finding.share_of_whole


def _is_sharper(shift: Shift, first: Finding, second: Finding) -> bool:
    """Whether two values together have the change of each, and clearly less of the whole."""
    most = max(abs(first.change), abs(second.change))
    least = min(first.share_of_whole, second.share_of_whole)
    is_whole = abs(shift.change) >= _MOST * most and shift.change * first.change > 0
    return is_whole and shift.share < _LESS * least


@dataclass(frozen=True)
class EventShifts:
    """All events together, and each of them."""

    whole: Moved
    shifts: Sequence[Shift]


def of_events(
    values: Mapping[str, Mapping[Bucket, Any]], over_time: Callable[[Mapping[Bucket, Any]], Moved]
) -> EventShifts:
    """The events against what is usual for them, given what all events were expected to be.

    Args:
        values: Event to its numbers.
        over_time: Makes a metric of the numbers of all events.
    """
    together: dict[Bucket, float] = defaultdict(float)
    for found in values.values():
        for bucket, number in found.items():
            together[bucket] += number
    whole = over_time(together)
    return EventShifts(whole, whole.shifts(EVENT, values))


def size_of(rows: Sequence[tuple[Bucket, Any, Any]]) -> float:
    """What an event adds to a metric, from rows of bucket, number and sum of squares: 1 to a count."""
    squares = sum(square or 0.0 for *_, square in rows)
    together = sum(abs(value or 0.0) for _, value, _ in rows)
    return float(squares / together) if squares > 0 and together > 0 else 1.0


def of_several(listed: Sequence[Finding]) -> list[Finding]:
    """The first findings of different properties, which are tried together."""
    first = {each.prop: each for each in reversed(listed)}
    return [each for each in listed if first[each.prop] is each][:MOST_PAIRED]


def is_scattered(events: int, values: int) -> bool:
    """Whether a property has too many values for one of them to tell something."""
    return values > _SCATTERED or (values > _FEW and 2 * values > events)


def by_pair(rows: Iterable[tuple[int, int, Bucket, Any]]) -> dict[tuple[int, int], dict[Bucket, Any]]:
    """Rows of two places, bucket and number, by the places."""
    found: dict[tuple[int, int], dict[Bucket, Any]] = defaultdict(dict)
    for one, other, bucket, number in rows:
        found[one, other][bucket] = number
    return found


def by_name(rows: Iterable[tuple[str, Bucket, Any]]) -> dict[str, dict[Bucket, Any]]:
    """Rows of name, bucket and number, by name."""
    found: dict[str, dict[Bucket, Any]] = defaultdict(dict)
    for name, bucket, number in rows:
        found[name][bucket] = number
    return found


def _finding(whole: Moved, shift: Shift, chance: float) -> Finding:
    own = shift.own
    part = shift.change / whole.change if whole.is_unusual else None
    return Finding("value", shift.name, shift.value, own.actual, own.expected, part, shift.share, chance)


def _times(wholes: Values, parts: Values) -> list[float | None]:
    return [
        None if whole is None or part is None else whole * part
        for whole, part in zip(wholes, parts, strict=True)
    ]
