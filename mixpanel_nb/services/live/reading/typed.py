"""The answers of typed queries: series by metric, segment and moment.

``{"series": {metric: {moment: value}}}``, with a breakdown ``{metric: {segment: {moment: value}}}``, one
level each and ``$overall`` at every level. Mixpanel's OpenAPI file does not describe them; they are known
from its own client (mixpanel-headless 0.4.0).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.expressions.values import UNDEFINED
from mixpanel_nb.errors import ServerError
from mixpanel_nb.naming import unique_names
from mixpanel_nb.results import OVERALL, FunnelStep, RetentionCohort
from mixpanel_nb.results.flow import DROPOFF, FlowEdge, FlowNode, FlowPath
from mixpanel_nb.results.flow import OTHER as OTHER_EVENTS
from mixpanel_nb.results.series import BETWEEN
from mixpanel_nb.results.statistics import wilson
from mixpanel_nb.services.live.reading.buckets import bucket, dates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb.analytics.calendar import Bucket, Period
    from mixpanel_nb.queries import Flow, Insights, Metric, Unit
    from mixpanel_nb.results.flow import NodeKind
    from mixpanel_nb.services.live.reading.node import Node

    Path = tuple[str, ...]

ALL = "all"
AVERAGE = "$average"
_COUNT = "count"
_NUMBERED = re.compile(r"(\d+)\. (.*)", re.DOTALL)
_NOT_SET = ("null", "$undefined")


def leaves(node: Node, depth: int, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """The parts below ``depth`` breakdowns, with their segments; without those about several segments.

    Raises:
        ServerError: the answer has fewer levels.
    """
    if not depth:
        yield path, node
        return
    for name, below in node.items():
        if name != OVERALL:
            yield from leaves(below, depth - 1, (*path, UNDEFINED if name in _NOT_SET else name))


def whole(node: Node, depth: int) -> Node | None:
    """The part about all segments."""
    return node if not depth else node.get(OVERALL)


# Insights


def by_metric(answer: Node, names: Sequence[str], query: Insights) -> list[Node | None]:
    """The series of each metric and formula, in their order; None where the answer has none.

    They are found by the names that were sent, or else by the names of their events.

    Raises:
        ServerError: it is not clear which series is which.
    """
    series = dict(answer["series"].items())
    if not series or set(series) <= set(names):
        return [series.get(name) for name in names]
    if len(series) == len(names) == 1:
        return list(series.values())
    found: list[Node | None] = []
    left = dict(series)
    metrics: list[Metric | None] = [*query.metrics, *(None for _ in query.formulas)]
    for name, metric in zip(names, metrics, strict=True):
        event = None if metric is None else metric.event
        keys = [key for key in left if key == name or (event is not None and event in key)]
        exact = [key for key in keys if key == name] or keys
        if len(exact) != 1:
            raise _unclear(list(series), name)
        found.append(left.pop(exact[0]))
    return found


def _unclear(keys: list[str], name: str) -> ServerError:
    message = (
        f"Mixpanel names its series {', '.join(map(repr, keys))[:200]}: which one is {name!r} is unclear."
    )
    hint = (
        "Give each metric a name of its own, such as 'Buyers = unique(Purchase)', or ask for one at a time."
    )
    return ServerError(message, hint=hint, details={"series": keys})


def values_of(node: Node, unit: str | None) -> dict[Bucket | None, float | None]:
    """The values by bucket of time; by None for one value about all days.

    Raises:
        ServerError: it is no such series.
    """
    found: dict[Bucket | None, float | None] = {}
    for label, each in node.items():
        moment = None if label == ALL else bucket(label, "hour" if unit in ("minute", "hour") else "day")
        if (moment is None) != (unit is None):
            raise node.wrong("days or times as keys" if unit else "the key 'all'")
        found[moment] = None if each.value is None else float(each.number())
    return found


# Funnels


@dataclass(frozen=True)
class TypedFunnel:
    """The steps of a funnel.

    Attributes:
        steps: One a step, for each bucket of time and segment.
        events: What the steps are called.
        segments: How many segments there are.
    """

    steps: tuple[FunnelStep, ...]
    events: tuple[str, ...]
    segments: int


def read_funnel(answer: Node, on: Sequence[str], period: Period, unit: Unit | None) -> TypedFunnel:
    """The steps of ``{name: {"count": {"1. Sign Up": {"all": users}}, "step_conv_ratio": …}}``.

    Over time there is one such object for each moment, with breakdowns for each segment.

    Raises:
        ServerError: it is no such answer.
    """
    series = [node for _, node in answer["series"].items()]
    found: dict[Path, dict[Bucket | None, list[FunnelStep]]] = {}
    for node in series[:1]:
        everyone = whole(node, len(on))
        if everyone is not None:
            found[()] = _funnels(everyone, unit)
        if on:
            found |= {path: _funnels(leaf, unit) for path, leaf in leaves(node, len(on))}
    listed = [steps for buckets in found.values() for steps in buckets.values()]
    events = tuple(step.event for step in max(listed, key=len, default=[]))
    found = {(): {}} | dict(sorted(found.items(), key=_most_entered))
    moments: Sequence[Bucket | None] = [None]
    if unit is not None:
        told = {moment for buckets in found.values() for moment in buckets if moment is not None}
        moments = dates(told, period, unit)
    names = _joined(list(found), len(on))
    steps = tuple(
        _of_segment(step, moment, names[path], path, len(on))
        for moment in moments
        for path, buckets in found.items()
        for step in (buckets.get(moment) or _nobody(events))
    )
    return TypedFunnel(steps, events, len(found) - 1)


def _most_entered(item: tuple[Path, dict[Bucket | None, list[FunnelStep]]]) -> tuple[bool, int, Path]:
    """Sorts everyone first, then the segments with most users."""
    path, buckets = item
    return bool(path), -sum(steps[0].count for steps in buckets.values() if steps), path


def _joined(paths: Sequence[Path], depth: int) -> dict[Path, str | None]:
    """The names of segments, unlike each other; that of everyone first."""
    if not depth:
        return {(): None}
    names = unique_names([OVERALL if not path else BETWEEN.join(path) for path in paths])
    return dict(zip(paths, names, strict=True))


def _of_segment(
    step: FunnelStep, moment: Bucket | None, name: str | None, path: Path, depth: int
) -> FunnelStep:
    parts = () if depth < 2 else path or (OVERALL,) * depth
    return replace(step, date=moment, segment=name, segments=parts)


def _funnels(node: Node, unit: str | None) -> dict[Bucket | None, list[FunnelStep]]:
    if node.get(_COUNT) is not None:
        return {None: _steps(node)}
    if unit is None:
        raise node.wrong("the measures of a funnel")
    found: dict[Bucket | None, list[FunnelStep]] = {}
    for label, measures in node.items():
        moment = bucket(label, "hour" if unit in ("minute", "hour") else "day")
        if moment is not None:
            found[moment] = _steps(measures)
        elif label not in (OVERALL, AVERAGE):
            raise node.wrong("days or times as keys")
    return found


def _steps(node: Node) -> list[FunnelStep]:
    numbered = sorted((_numbered(label, each), label) for label, each in node[_COUNT].items())
    steps: list[FunnelStep] = []
    for (number, event), label in numbered:
        count = int(_value(node, _COUNT, label) or 0)
        low, high = wilson(count, steps[0].count) if steps else (1.0, 1.0)
        before, first = (steps[-1].count, steps[0].count) if steps else (count, count)
        steps.append(
            FunnelStep(
                number,
                event,
                count,
                _ratio(_value(node, "step_conv_ratio", label), count, before, number),
                _ratio(_value(node, "overall_conv_ratio", label), count, first, number),
                _value(node, "avg_time", label) if steps else None,
                _value(node, "avg_time_from_start", label) if steps else None,
                low=low,
                high=high,
            )
        )
    return steps


def _numbered(label: str, node: Node) -> tuple[int, str]:
    match = _NUMBERED.fullmatch(label)
    if match is None:
        raise node.wrong("a step with its number, such as '1. Sign Up'")
    return int(match[1]), match[2]


def _value(node: Node, measure: str, label: str) -> float | None:
    of_measure = node.get(measure)
    step = None if of_measure is None else of_measure.get(label)
    if step is None:
        return None
    told = step.get(ALL) if isinstance(step.value, dict) else step
    return None if told is None else float(told.number())


def _ratio(told: float | None, part: int, before: int, number: int) -> float:
    if number == 1:
        return 1.0
    if told is not None:
        return told
    return part / before if before else 0.0


def _nobody(events: Sequence[str]) -> list[FunnelStep]:
    return [
        FunnelStep(
            number,
            event,
            0,
            1.0 if number == 1 else 0.0,
            1.0 if number == 1 else 0.0,
            None,
            None,
            low=1.0 if number == 1 else None,
            high=1.0 if number == 1 else None,
        )
        for number, event in enumerate(events, 1)
    ]


# Retention


def read_retention(
    answer: Node, on: Sequence[str], period: Period, unit: Unit, periods: int, *, counts_users: bool
) -> tuple[RetentionCohort, ...]:
    """The cohorts of ``{name: {moment: {"first": users, "counts": [users, …]}, "$average": …}}``.

    Counts that are missing at the end are not yet known.

    Raises:
        ServerError: it is no such answer.
    """
    found: dict[Path, dict[Bucket, tuple[int, tuple[float | None, ...]]]] = {}
    for _, node in list(answer["series"].items())[:1]:
        everyone = whole(node, len(on))
        if everyone is not None:
            found[()] = _cohorts(everyone, periods, counts_users)
        if on:
            found |= {path: _cohorts(leaf, periods, counts_users) for path, leaf in leaves(node, len(on))}
    found.setdefault((), {})
    days = dates({day for cohorts in found.values() for day in cohorts}, period, unit)
    nobody = 0, (None,) * periods
    return tuple(
        RetentionCohort(day, *cohorts.get(day, nobody), _segment(path, len(on)))
        for path, cohorts in found.items()
        for day in days
    )


def _segment(path: Path, depth: int) -> str | tuple[str, ...] | None:
    if not depth:
        return None
    if depth == 1:
        return path[0] if path else OVERALL
    return path or (OVERALL,) * depth


def _cohorts(
    node: Node, periods: int, counts_users: bool
) -> dict[Bucket, tuple[int, tuple[float | None, ...]]]:
    found: dict[Bucket, tuple[int, tuple[float | None, ...]]] = {}
    for label, cohort in node.items():
        day = bucket(label, "day")
        if day is None:
            if label in (AVERAGE, OVERALL):
                continue
            raise node.wrong("a day as key")
        counts = [_counted(each, counts_users) for each in cohort["counts"].elements()]
        found[day] = cohort["first"].whole(), tuple([*counts, *[None] * periods][:periods])
    return found


def _counted(node: Node, counts_users: bool) -> float | None:
    if node.value is None:
        return None
    return node.whole() if counts_users else float(node.number())


# Flows


def read_flow(answer: Node, first: int) -> tuple[tuple[FlowNode, ...], tuple[FlowEdge, ...]]:
    """The nodes and edges of ``{"steps": [{"nodes": [{"event", "type", "totalCount", "edges"}]}]}``.

    Args:
        answer: The answer.
        first: The number of the first step.

    Raises:
        ServerError: it is no such answer.
    """
    nodes: list[FlowNode] = []
    edges: list[FlowEdge] = []
    for step, each in enumerate(answer["steps"].elements(), first):
        for node in each["nodes"].elements():
            event = _event(node)
            nodes.append(FlowNode(step, event, _count(node), _kind(node)))
            told = node.get("edges")
            for edge in () if told is None else told.elements():
                place = edge.get("step")
                reached = step + 1 if place is None else first + place.whole()
                edges.append(FlowEdge(step, event, _event(edge), _count(edge), reached))
    return tuple(nodes), tuple(edges)


def read_paths(answer: Node, entered: int) -> tuple[FlowPath, ...]:
    """The paths of ``{"flows": [{"flowSteps": [{"event", "type", "totalCount"}]}]}``, in their order.

    Raises:
        ServerError: it is no such answer.
    """
    paths = []
    for flow in answer["flows"].elements():
        steps = list(flow["flowSteps"].elements())
        count = _count(steps[-1]) if steps else 0
        events = tuple(_event(step, pruned=None) for step in steps)
        paths.append(FlowPath(events, count, count / entered if entered else 0.0))
    return tuple(paths)


def _event(node: Node, pruned: str | None = OTHER_EVENTS) -> str:
    """The event; of what ends a flow, or stands for several events, our name."""
    kind = _kind(node)
    if kind == "dropoff":
        return DROPOFF
    if kind == "other" and pruned is not None:
        return pruned
    return node["event"].text()


def _kind(node: Node) -> NodeKind:
    told = node.get("type")
    kinds: dict[str, NodeKind] = {"ANCHOR": "anchor", "PRUNED": "other", "DROPOFF": "dropoff"}
    return "event" if told is None else kinds.get(told.text(), "event")


def _count(node: Node) -> int:
    """A count, which is written as text."""
    told = node["totalCount"]
    if isinstance(told.value, str) and told.value.isdecimal():
        return int(told.value)
    return told.whole()


def first_step(query: Flow) -> int:
    """The number of a flow's first step: 0 is its first anchor."""
    return 0 if query.start is not None else -query.steps_before
