"""Live reports in Mixpanel's own form, a bookmark: Insights, funnels of steps, retention, flows.

Mixpanel's web application and its own client ask so. Its documentation recommends it in place of
``segmentation`` and ``funnels`` (https://developer.mixpanel.com/reference/funnels-query).
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.analytics.insights import Days
from mixpanel_nb.queries.checks import enough_steps
from mixpanel_nb.queries.metrics import LETTERS, USERS
from mixpanel_nb.results.insights import InsightsLine
from mixpanel_nb.services.asked import columns_of, labels_of, result_of, returns_of, rules_of, window_of
from mixpanel_nb.services.known_buckets import KnownBuckets
from mixpanel_nb.services.live.base import LiveReports, at_limit, sent
from mixpanel_nb.services.live.reading.typed import (
    by_metric,
    first_step,
    leaves,
    read_flow,
    read_funnel,
    read_paths,
    read_retention,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.queries import Active, Flow, Funnel, Insights, Metric, Retention
    from mixpanel_nb.services.live.reading.node import Node

    Segment = tuple[str, ...]

_EVER = datetime(1, 1, 1)  # noqa: DTZ001 - naive UTC, as all moments of reports
_NO_LINE: dict[Any, float | None] = {}


class TypedReports(LiveReports):
    """Reports that are asked as bookmarks."""

    def insights(self, query: Insights) -> results.InsightsResult:
        """Metrics side by side, over time and by segment, and formulas over them."""
        period = self._period(query.from_date, query.to_date)
        if not query.totals:
            period.buckets(query.unit)
        answer = self._ask_typed(query)
        names = labels_of(query)
        lines = _Lines(query, Days.of(query, period), by_metric(answer, names, query)).all(names)
        segments = len({line.segment for line in lines}) if query.on else 0
        only = query.metrics[0].event if len(query.metrics) == 1 else None
        empty = only is not None and not any(any(line.values) for line in lines)
        return result_of(
            results.InsightsResult,
            query,
            metrics=tuple(names),
            unit=None if query.totals else query.unit,
            on=columns_of(query),
            dates=(period.first,) if query.totals else tuple(period.buckets(query.unit)),
            lines=tuple(lines),
            rolling=query.rolling,
            cumulative=query.cumulative,
            notes=self._notes(
                [only] if empty else [], at_limit(segments, query.limit, "segment") if query.on else None
            ),
            **sent(answer),
        )

    def active(self, query: Active) -> results.InsightsResult:
        """Active users of a day, a week and a month, and stickiness."""
        return self.insights(query.insights)

    def funnel_of_steps(self, query: Funnel) -> results.FunnelResult:
        """How many users took some steps one after the other."""
        enough_steps(query.steps)
        period = self._period(query.from_date, query.to_date)
        if query.unit is not None:
            period.buckets(query.unit)
        answer = self._ask_typed(query)
        found = read_funnel(answer, query.breakdowns, period, query.unit)
        entered = any(step.count for step in found.steps)
        return result_of(
            results.FunnelResult,
            query,
            steps=found.steps,
            events=found.events or tuple(step.event for step in query.steps),
            **window_of(query),
            counts=query.count,
            rules=rules_of(query),
            notes=self._notes(
                [] if entered else [step.event for step in query.steps],
                at_limit(found.segments, query.limit, "segment") if query.on else None,
            ),
            **sent(answer),
        )

    def typed_retention(self, query: Retention) -> results.RetentionResult:
        """How many users came back: by segment, in brackets, in other modes, of a property."""
        period = self._period(query.from_date, query.to_date)
        unit, interval = query.period
        period.buckets(unit)
        answer = self._ask_typed(query)
        on = () if query.on is None else (query.on,) if isinstance(query.on, str) else query.on
        periods = len(query.edges) - 1
        cohorts = read_retention(answer, on, period, unit, periods, counts_users=query.prop is None)
        segments = len({cohort.segment for cohort in cohorts}) - 1
        missing = [event for event in (query.born_event, query.return_event) if event]
        return result_of(
            results.RetentionResult,
            query,
            cohorts=cohorts,
            unit=unit,
            interval=interval,
            **returns_of(query),
            notes=self._notes(
                [] if any(cohort.size for cohort in cohorts) else missing,
                at_limit(segments, query.limit, "segment") if on else None,
            ),
            **sent(answer),
        )

    def flow(self, query: Flow) -> results.FlowResult:
        """What users did after, before and between some events. Mixpanel is asked twice."""
        self._period(query.from_date, query.to_date)  # refuses days that Mixpanel cannot have
        answer = self._ask_typed(query)
        nodes, edges = read_flow(answer, first_step(query))
        entered = sum(node.count for node in nodes if node.step == 0 and node.kind != "dropoff")
        paths = read_paths(self._ask_typed(query, "paths"), entered)
        anchors = tuple(step.event for step in query.anchors)
        return result_of(
            results.FlowResult,
            query,
            flow_nodes=nodes,
            flow_edges=edges,
            flow_paths=paths,
            anchors=anchors,
            forward=query.steps_after,
            back=query.steps_before,
            notes=self._notes(
                [] if entered else query.anchored_events,
                "Two queries: Mixpanel gives a flow's paths in an answer of their own.",
            ),
            **sent(answer),
        )


class _Lines:
    """The series of an answer as lines."""

    def __init__(self, query: Insights, days: Days, series: Sequence[Node | None]) -> None:
        self._query = query
        self._known = KnownBuckets(query, days)
        self._spans = [(_EVER, datetime.now(UTC).replace(tzinfo=None))]
        unit = None if query.totals else query.unit
        self._values: list[dict[Segment, dict[Any, float | None]]] = [
            {}
            if node is None
            else {path: values_of(leaf, unit) for path, leaf in leaves(node, len(query.on))}
            for node in series
        ]

    def all(self, names: Sequence[str]) -> list[InsightsLine]:
        """The lines of metrics and formulas, of each all segments."""
        segments: list[Segment] = [()]
        if self._query.on:
            segments = list(dict.fromkeys(path for values in self._values for path in values))
        count = len(self._query.metrics)
        lines = [
            self._metric(number, metric, names[number], segment)
            for number, metric in enumerate(self._query.metrics)
            for segment in segments
        ]
        for number in range(count, len(names)):
            lines += [self._formula(number, names[number], segment) for segment in segments]
        return lines

    def _metric(self, number: int, metric: Metric, name: str, segment: Segment) -> InsightsLine:
        zero = 0.0 if metric.is_zero_of_nothing else None
        touched, complete = self._states(metric)
        found = self._values[number].get(segment, _NO_LINE)
        values = [
            (zero if found.get(bucket) is None else found[bucket]) if known else None
            for bucket, known in zip(self._buckets, touched, strict=True)
        ]
        is_plain = self._query.rolling is None and not self._query.cumulative
        return InsightsLine(
            name,
            segment,
            tuple(values),
            tuple(complete),
            is_count=metric.is_count,
            adds_up=metric.adds_up and is_plain,
            is_of_users=metric.measure in USERS and is_plain,
        )

    def _formula(self, number: int, name: str, segment: Segment) -> InsightsLine:
        formula = self._query.formulas[number - len(self._query.metrics)]
        used = [self._query.metrics[LETTERS.index(letter)] for letter in formula.letters]
        states = [self._states(metric)[1] for metric in used or self._query.metrics]
        found = self._values[number].get(segment, _NO_LINE)
        values = tuple(found.get(bucket) for bucket in self._buckets)
        return InsightsLine(name, segment, values, tuple(map(all, zip(*states, strict=True))), formula.unit)

    @property
    def _buckets(self) -> Sequence[Any]:
        return [None] if self._query.totals else self._known.asked

    def _states(self, metric: Metric) -> tuple[list[bool], list[bool]]:
        """For each requested bucket, whether anything is known of it, and whether all is."""
        seen = self._known.of(self._spans, metric.active_days)
        touched, complete = [known for known, _ in seen], [done for _, done in seen]
        size = self._query.rolling
        if size is not None:
            complete = [
                end >= size and all(complete[end - size : end]) for end in range(1, len(complete) + 1)
            ]
        elif self._query.cumulative:
            complete = list(accumulate(complete, lambda before, now: before and now))
        start = len(seen) - len(self._known.asked)
        return touched[start:], complete[start:]
