"""Counts over time by name: the answers of segmentation, events and events/properties.

``{"data": {"series": [bucket, …], "values": {name: {bucket: count}}}, "legend_size": n}``: the series is not
sorted, and buckets without events may be missing from the values
(https://developer.mixpanel.com/reference/segmentation-query).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.expressions.values import UNDEFINED
from mixpanel_nb.services.live.reading.buckets import dates, labels
from mixpanel_nb.services.live.reading.node import LARGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixpanel_nb.analytics.calendar import Bucket, Period
    from mixpanel_nb.queries import Unit
    from mixpanel_nb.services.live.reading.node import Node

Counts = dict["Bucket", float]

_KEY = "a day or time as key"
_NULL = "null"  # null values are a segment beside undefined ones; both count as not set


@dataclass(frozen=True)
class Series:
    """Counts over time by name.

    Attributes:
        dates: Every bucket, in order.
        values: Name to bucket to count, in the order of the answer.
    """

    dates: tuple[Bucket, ...]
    values: dict[str, Counts]

    def ranked(self) -> dict[str, Counts]:
        """The values, those with the largest sum first; of equal ones the smaller text."""
        order = sorted(self.values.items(), key=lambda pair: (-sum(pair[1].values()), pair[0]))
        return dict(order)

    def by_segment(self, *, additive: bool) -> Series:
        """The same, with ``null`` and ``undefined`` added up as one segment.

        If they cannot be added because the same users may be in both, both stay.
        """
        values = dict(self.values)
        null = values.pop(_NULL, None)
        if null is None or (UNDEFINED in values and not additive):
            return self
        known = values.get(UNDEFINED, {})
        both = {day: known.get(day, 0) + null.get(day, 0) for day in known.keys() | null.keys()}
        return Series(self.dates, {**values, UNDEFINED: both})

    def null_note(self, named: Series) -> str | None:
        """A note if ``named``, from :meth:`by_segment`, counts ``null`` as not set."""
        if _NULL not in self.values or _NULL in named.values:
            return None
        return "Mixpanel writes what is null and the text 'null' alike, so both count as undefined here."

    def chosen(self, names: Sequence[str]) -> dict[str, Counts]:
        """The values of these names, all of them and in this order."""
        return {name: self.values.get(name, {}) for name in names}


def read_series(answer: Node, period: Period, unit: Unit, *, average: bool = False) -> Series:
    """The counts of an answer.

    Args:
        answer: The whole answer.
        period: The days asked about.
        unit: The buckets asked for.
        average: Whether counts may have decimals.

    Raises:
        ServerError: it is no such answer.
    """
    data, to_bucket = answer["data"], labels(unit)
    values = {name: _counts(node, to_bucket, average) for name, node in data["values"].items()}
    found = {day for counts in values.values() for day in counts}
    series = data.get("series")
    if series is not None:
        found.update(_known(to_bucket(node.text()), node, "a day or time") for node in series.elements())
    return Series(dates(found, period, unit), values)


def read_numbers(answer: Node, unit: Unit) -> dict[Bucket, float | None]:
    """The numbers over time of ``segmentation/sum`` and ``…/average``: ``{"results": {bucket: number}}``.

    Raises:
        ServerError: it is no such answer.
    """
    to_bucket = labels(unit)
    return {
        _known(to_bucket(label), node, _KEY): None if node.value is None else float(node.number())
        for label, node in answer["results"].items()
    }


def _counts(node: Node, to_bucket: Callable[[str], Bucket | None], average: bool) -> Counts:
    counts: Counts = {}
    for label, value in node.object().items():
        day = to_bucket(label)
        if type(value) is not int or not 0 <= value <= LARGEST or day is None:  # anything but the usual
            if value is None:
                continue
            place = node[label]
            day, value = _known(day, place, _KEY), place.number() if average else place.whole()
        counts[day] = float(value) if average else value
    return counts


def _known(day: Bucket | None, node: Node, wanted: str) -> Bucket:
    if day is None:
        raise node.wrong(wanted)
    return day
