"""The steps of a saved funnel: the answer of ``funnels``.

``{"meta": {"dates": […]}, "data": {date: {"steps": […], "analysis": {…}}}}``, or with a breakdown
``{"data": {date: {"$overall": [steps], "Chrome": [steps], …}}}``
(https://developer.mixpanel.com/reference/funnels-query; the breakdown is known from Mixpanel's own client).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.expressions.values import UNDEFINED
from mixpanel_nb.results import OVERALL, FunnelStep
from mixpanel_nb.results.statistics import wilson
from mixpanel_nb.services.live.reading.buckets import bucket, dates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.calendar import Bucket, Period
    from mixpanel_nb.queries import Unit
    from mixpanel_nb.services.live.reading.node import Node

Steps = tuple[FunnelStep, ...]
Segments = dict[str | None, Steps]

_STEPS = "steps"
_NULL = "null"


@dataclass(frozen=True)
class ReadFunnel:
    """The funnel of an answer.

    Attributes:
        parts: Bucket of time to segment (None for everyone, without a breakdown) to steps.
        whole: The same of all buckets together, if the answer contains it.
    """

    parts: dict[Bucket, Segments]
    whole: Segments

    @property
    def events(self) -> tuple[str, ...]:
        """The names of the steps, in order; empty without steps."""
        every = [steps for segments in (*self.parts.values(), self.whole) for steps in segments.values()]
        return tuple(step.event for step in max(every, key=len, default=()))

    @property
    def segments(self) -> list[str | None]:
        """The segments: all together first, then those with the most users."""
        entered: dict[str | None, int] = {}
        for segments in self.parts.values() or [self.whole]:
            for name, steps in segments.items():
                entered[name] = entered.get(name, 0) + (steps[0].count if steps else 0)
        return sorted(entered, key=lambda name: (name not in {None, OVERALL}, -entered[name], name or ""))

    def over_time(self, period: Period, unit: Unit) -> Steps:
        """The steps of every bucket and segment; 0 users if the answer has none."""
        return self._dated(dates(self.parts, period, unit))

    def in_parts(self) -> Steps:
        """The steps of every bucket of the answer and segment."""
        return self._dated(sorted(self.parts))

    def of(self, found: Segments) -> Steps:
        """The steps of every segment, from those of one bucket."""
        return tuple(
            replace(step, segment=name)
            for name in self.segments
            for step in (found.get(name) or self._zero_steps())
        )

    def _dated(self, days: Sequence[Bucket]) -> Steps:
        return tuple(replace(step, date=day) for day in days for step in self.of(self.parts.get(day, {})))

    def _zero_steps(self) -> Steps:
        return tuple(
            FunnelStep(number, event, 0, ratio, ratio, None, None, low=bound, high=bound)
            for number, event in enumerate(self.events, 1)
            for ratio, bound in [(1.0, 1.0) if number == 1 else (0.0, None)]
        )


def read_funnel(answer: Node, *, broken_down: bool) -> ReadFunnel:
    """The funnel of an answer.

    Args:
        answer: The whole answer.
        broken_down: Whether there is a breakdown.

    Raises:
        ServerError: the answer has another shape.
    """
    parts: dict[Bucket, Segments] = {}
    whole: Segments = {}
    for label, node in answer["data"].items():
        segments: Segments = _segments(node) if broken_down else {None: _steps(node[_STEPS])}
        day = bucket(label, "day")
        if day is not None:
            parts[day] = segments
        elif label == OVERALL:
            whole = segments
        else:
            raise node.wrong("a day as key")
    return ReadFunnel(parts, whole)


def _segments(node: Node) -> Segments:
    """The steps by segment; beside the lists of steps there may be an analysis."""
    found: Segments = {name: _steps(steps) for name, steps in node.items() if isinstance(steps.value, list)}
    if OVERALL not in found and _STEPS in found:  # the total has the shape of an answer without a breakdown
        found[OVERALL] = found.pop(_STEPS)
    if _NULL in found and UNDEFINED not in found:
        found[UNDEFINED] = found.pop(_NULL)
    return found


def _steps(node: Node) -> Steps:
    steps: list[FunnelStep] = []
    for number, step in enumerate(node.elements(), 1):
        count = step["count"].whole()
        before, first = (steps[-1].count, steps[0].count) if steps else (count, count)
        low, high = wilson(count, first) if steps else (1.0, 1.0)
        steps.append(
            FunnelStep(
                number,
                _called(step),
                count,
                _ratio(step, "step_conv_ratio", count, before, number),
                _ratio(step, "overall_conv_ratio", count, first, number),
                _seconds(step, "avg_time"),
                _seconds(step, "avg_time_from_start"),
                low=low,
                high=high,
            )
        )
    return tuple(steps)


def _called(step: Node) -> str:
    """The label (of a custom event its name), else the event."""
    for key in ("step_label", "event", "goal"):
        if (name := step.get(key)) is not None:
            return name.text()
    raise step.wrong("a step with the name of its event")


def _ratio(step: Node, key: str, part: int, whole: int, number: int) -> float:
    told = step.get(key)
    if told is not None:
        return float(told.number())
    if number == 1:
        return 1.0
    return part / whole if whole else 0.0


def _seconds(step: Node, key: str) -> float | None:
    told = step.get(key)
    return None if told is None else float(told.number())
