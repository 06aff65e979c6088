"""Conversion of Insights rows to lines: gaps, rolling averages, formulas."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.insights import NOT_A_NUMBER, NOT_SET, edge_labels
from mixpanel_nb.naming import free_name
from mixpanel_nb.queries.metrics import LETTERS, USERS, Buckets
from mixpanel_nb.results.insights import InsightsLine
from mixpanel_nb.results.series import OTHER
from mixpanel_nb.services.known_buckets import KnownBuckets
from mixpanel_nb.services.local.shapes import rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.analytics.insights import Days
    from mixpanel_nb.queries import Formula, Insights, Metric
    from mixpanel_nb.services.local.engines.base import Span

Segment = tuple[str, ...]
Numbers = list[float | None]

_DAY = timedelta(days=1)
_SEGMENTS_FROM = 5  # after metric, date, value, place and the number of segments


class Lines:
    """The rows of ``insights.statement`` as lines.

    Args:
        query: The query.
        days: The days of the statement.
        rows: The rows.
        known: The times for which the table shows whether an event happened.
        like: Lines whose segments are used.
    """

    def __init__(
        self,
        query: Insights,
        days: Days,
        rows: Sequence[tuple[Any, ...]],
        known: Callable[[str | None], Sequence[Span]],
        like: Lines | None = None,
    ) -> None:
        self._query = query
        self._days = days
        self._known = KnownBuckets(query, days)
        self._spans = {event: known(event) for event in {metric.event for metric in query.metrics}}
        self._values: dict[tuple[int, Segment], dict[Bucket, float]] = {}
        self.left_out = 0
        self.placed: list[Segment] = []
        self.segments: list[Segment] = [()]
        self.edges: list[tuple[float, ...]] = []
        self.found = bool(rows)
        if query.on:
            self._read_segments(rows, like)
        else:
            for metric, bucket, value in rows:
                self._add(metric, (), bucket, value)

    def _read_segments(self, rows: Sequence[tuple[Any, ...]], like: Lines | None) -> None:
        labels = self._labels(rows)
        self.edges = [label.edges for label in labels]
        number = len(labels)
        named = {row[3]: row[_SEGMENTS_FROM : _SEGMENTS_FROM + number] for row in rows if row[3] is not None}
        self.placed = (
            like.placed
            if like
            else [
                tuple(label.of(name) for label, name in zip(labels, names, strict=True))
                for _, names in sorted(named.items())
            ]
        )
        rest = tuple(free_name(OTHER, {names[place] for names in self.placed}) for place in range(number))
        for metric, bucket, value, place, segments, *_ in rows:
            self.left_out = max(segments - len(self.placed), 0)
            if metric is not None:
                self._add(metric, rest if place is None else self.placed[place - 1], bucket, value)
        self.segments = list(self.placed)
        if number == 1 and isinstance(self._query.on[0], Buckets):
            self.segments.sort(key=lambda segment: labels[0].order(segment[0]))
        if self.left_out:
            self.segments.append(rest)
        self.segments = like.segments if like else self.segments

    def _labels(self, rows: Sequence[tuple[Any, ...]]) -> list[_Labels]:
        """The names of segments, one a breakdown; followed by width and origin of ranges."""
        labels, following = [], _SEGMENTS_FROM + len(self._query.on)
        for place, on in enumerate(self._query.on):
            ranges = None
            if isinstance(on, Buckets) and not on.edges and rows:
                ranges = rows[0][following : following + 2]
                following += 2
            found = {row[_SEGMENTS_FROM + place] for row in rows} - {None}
            labels.append(_Labels(on, found, ranges))
        return labels

    def _add(self, metric: int, segment: Segment, bucket: Bucket, value: float | None) -> None:
        if value is not None:
            self._values.setdefault((metric, segment), {})[bucket] = rounded(value)

    def without_values(self) -> list[str]:
        """The properties of metrics that have no value at all."""
        metrics = enumerate(self._query.metrics)
        valued = {number for (number, _), values in self._values.items() if any(values.values())}
        return [metric.of for number, metric in metrics if metric.of is not None and number not in valued]

    # The lines

    @cached_property
    def dates(self) -> list[Bucket]:
        """The requested buckets."""
        return self._known.asked

    def lines(self, names: Sequence[str]) -> list[InsightsLine]:
        """Metrics and formulas of all segments, under these names."""
        metrics = {
            segment: [
                self._metric(number, metric, segment) for number, metric in enumerate(self._query.metrics)
            ]
            for segment in self.segments
        }
        count = len(self._query.metrics)
        lines = [
            replace(metrics[segment][n], metric=names[n]) for n in range(count) for segment in self.segments
        ]
        for number, formula in enumerate(self._query.formulas, count):
            lines += [_calculated(formula, names[number], metrics[segment]) for segment in self.segments]
        return lines

    def _metric(self, number: int, metric: Metric, segment: Segment) -> InsightsLine:
        found = self._values.get((number, segment), {})
        zero = 0.0 if metric.is_zero_of_nothing else None
        seen = self._seen(metric)
        values: Numbers = [
            found.get(bucket, zero) if touched else None
            for bucket, (touched, _) in zip(self._known.counted, seen, strict=True)
        ]
        complete = [whole for _, whole in seen]
        if self._query.rolling is not None:
            values, complete = _rolling(values, complete, self._query.rolling)
        elif self._query.cumulative:
            values, complete = _cumulative(values, [touched for touched, _ in seen], complete)
        start = len(values) - len(self.dates)
        is_plain = self._query.rolling is None and not self._query.cumulative
        return InsightsLine(
            "",
            segment,
            tuple(values[start:]),
            tuple(complete[start:]),
            is_count=metric.is_count,
            adds_up=metric.adds_up and is_plain,
            is_of_users=metric.measure in USERS and is_plain,
        )

    def _seen(self, metric: Metric) -> list[tuple[bool, bool]]:
        """For each bucket, whether anything is known of it, and whether all is."""
        return self._known.of(self._spans[metric.event], metric.active_days)


def _calculated(formula: Formula, name: str, metrics: Sequence[InsightsLine]) -> InsightsLine:
    used = [metrics[LETTERS.index(letter)] for letter in formula.letters] or list(metrics)
    places = range(len(metrics[0].values))
    values = tuple(
        formula.of({letter: line.values[place] for letter, line in zip(LETTERS, metrics, strict=False)})
        for place in places
    )
    complete = tuple(all(line.complete[place] for line in used) for place in places)
    shown = tuple(None if value is None else rounded(value) for value in values)
    return InsightsLine(name, metrics[0].segment, shown, complete, formula.unit)


def _rolling(values: Numbers, complete: list[bool], size: int) -> tuple[Numbers, list[bool]]:
    """The rolling mean of each bucket and those before it, without incomplete ones."""
    means: Numbers = []
    whole = []
    for end in range(1, len(values) + 1):
        window = slice(max(end - size, 0), end)
        pairs = zip(values[window], complete[window], strict=True)
        known = [value for value, is_complete in pairs if is_complete and value is not None]
        means.append(sum(known) / len(known) if known else None)
        whole.append(end >= size and all(complete[window]))
    return means, whole


def _cumulative(values: Numbers, touched: list[bool], complete: list[bool]) -> tuple[Numbers, list[bool]]:
    """Cumulative sums; None for unknown buckets."""
    sums = accumulate((value or 0.0 for value in values), lambda total, value: rounded(total + value))
    shown = [total if known else None for total, known in zip(sums, touched, strict=True)]
    return shown, list(accumulate(complete, lambda before, now: before and now))


class _Labels:
    """The names of one breakdown's segments."""

    def __init__(self, on: str | Buckets, found: set[str], ranges: tuple[float, float] | None) -> None:
        self._names: dict[str, str] = {}
        self._order: list[str] = []
        self.edges: tuple[float, ...] = ()
        if isinstance(on, Buckets) and on.edges:
            self.edges, self._order = on.edges, edge_labels(on.edges)
        elif ranges is not None:
            self._number_ranges(found - {NOT_SET, NOT_A_NUMBER}, *ranges)

    def _number_ranges(self, found: set[str], width: float, origin: float) -> None:
        """Names for the ranges that a statement has chosen and numbered."""
        numbers = sorted(map(int, found))
        edges = {each: _edge(each, width, origin) for number in numbers for each in (number, number + 1)}
        for number in numbers:
            self._names[str(number)] = edge_labels((edges[number], edges[number + 1]))[1]
        self._order = list(self._names.values())
        self.edges = tuple(sorted(edges.values()))

    def of(self, name: str) -> str:
        """The name of a segment."""
        return self._names.get(name, name)

    def order(self, label: str) -> int:
        """Where a segment stands among the ranges; behind them what is in none."""
        return self._order.index(label) if label in self._order else len(self._order) + (label == NOT_SET)


def _edge(number: int, width: float, origin: float) -> float:
    exact = Decimal(f"{width:.0e}")  # 1, 2 or 5 times a power of ten
    if isinstance(origin, int) and width >= 1:
        return origin + number * int(exact)
    edge = (round(Decimal(origin) / exact) + number) * exact
    return int(edge) if edge == int(edge) and abs(edge) < 2**53 else float(edge)
