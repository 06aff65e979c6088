"""Results of reports as the series of typed queries.

``{metric: {moment: value}}``; with breakdowns ``{metric: {segment: {moment: value}}}``, one level each, with
``$overall`` at every level. In place of moments stands ``all`` for one number about all days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.queries import Funnel, Insights, Query, Retention, changed
from mixpanel_nb.results import OVERALL
from mixpanel_nb.results.series import OTHER
from mixpanel_nb.sandbox.wire import bucket_moment, number
from mixpanel_nb.services.asked import columns_of, labels_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from mixpanel_nb.results import FunnelResult, InsightsResult, RetentionResult
    from mixpanel_nb.results.funnel import FunnelStep
    from mixpanel_nb.results.retention import RetentionCohort
    from mixpanel_nb.services.local import LocalQueryService

    Path = tuple[str, ...]
    Leaves = Mapping[Path, Any]

ALL = "all"
AVERAGE = "$average"
ANY_EVENT = "Any Event"
_FUNNEL_MEASURES = ("count", "step_conv_ratio", "overall_conv_ratio", "avg_time", "avg_time_from_start")


def answer(
    service: LocalQueryService, query: Query[Any], hidden: Collection[int]
) -> tuple[list[str], dict[str, Any]]:
    """The headers and the series of a query."""
    if isinstance(query, Insights):
        return _insights(service, query, hidden)
    if isinstance(query, Funnel):
        return _funnel(service, query)
    if isinstance(query, Retention):
        return _retention(service, query)
    raise TypeError(query)


def _insights(
    service: LocalQueryService, query: Insights, hidden: Collection[int]
) -> tuple[list[str], dict[str, Any]]:
    names = labels_of(query)
    zeros = [metric.is_zero_of_nothing for metric in query.metrics]
    levels: list[list[dict[Path, Any]]] = []
    for depth in range(len(query.on) + 1):
        result = service.ask(changed(query, on=query.on[:depth], compare=None))
        levels.append(_by_metric(result, names, zeros))
    shown = [place for place in range(len(names)) if place not in hidden]
    series = {names[place]: _nested([level[place] for level in levels]) for place in shown}
    return ["$metric", *columns_of(query)], series


def _by_metric(
    result: InsightsResult, names: Sequence[str], zeros: Sequence[bool]
) -> list[dict[Path, dict[str, Any]]]:
    found: list[dict[Path, dict[str, Any]]] = [{} for _ in names]
    rest = len({line.segment for line in result.lines}) - 1 if result.left_out else None
    segments = list(dict.fromkeys(line.segment for line in result.lines))
    for line in result.lines:
        if rest is not None and line.segment == segments[rest] and line.segment[0].startswith(OTHER):
            continue
        place = names.index(line.metric)
        nothing = 0 if place < len(zeros) and zeros[place] else None
        moments = [ALL] if result.unit is None else list(map(bucket_moment, result.dates))
        values = (nothing if value is None else number(value) for value in line.values)
        found[place][line.segment] = dict(zip(moments, values, strict=True))
    return found


def _nested(levels: Sequence[Leaves], path: Path = ()) -> Any:
    """What is told of each level as one object: ``$overall``, then the segments of the next level."""
    depth = len(path)
    if depth == len(levels) - 1:
        return levels[depth].get(path)
    found = {} if path not in levels[depth] else {OVERALL: levels[depth][path]}
    deeper = dict.fromkeys(each[depth] for each in levels[-1] if each[:depth] == path)
    return found | {name: _nested(levels, (*path, name)) for name in deeper}


def _breakdowns(on: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return () if on is None else (on,) if isinstance(on, str) else on


def _some(on: Sequence[str]) -> str | tuple[str, ...] | None:
    return None if not on else on[0] if len(on) == 1 else tuple(on)


def _funnel(service: LocalQueryService, query: Funnel) -> tuple[list[str], dict[str, Any]]:
    on = _breakdowns(query.on)
    results = [
        service.ask(changed(query, on=_some(on[:depth]), compare=None)) for depth in range(len(on) + 1)
    ]
    name = f"{query.steps[0].event} through {query.steps[-1].event}"
    return ["$funnel", *on], {name: _nested([_funnels(result) for result in results])}


def _funnels(result: FunnelResult) -> dict[Path, Any]:
    steps: dict[Path, dict[str | None, list[FunnelStep]]] = {}
    for step in result.steps:
        path = _path_of(step.segment, step.segments)
        if path is not None and (path or result.on is None):
            moment = None if step.date is None else bucket_moment(step.date)
            steps.setdefault(path, {}).setdefault(moment, []).append(step)
    return {path: _over_time(buckets, measures_of) for path, buckets in steps.items()}


def _path_of(segment: str | None, segments: Path) -> Path | None:
    """The segments of a step; nothing for everyone."""
    if segment in (None, OVERALL):
        return ()
    return segments or (str(segment),)


def _over_time(buckets: Mapping[str | None, Any], measure: Callable[[Any], Any]) -> Any:
    if None in buckets:
        return measure(buckets[None])
    return {str(moment): measure(found) for moment, found in buckets.items()}


def measures_of(steps: Iterable[FunnelStep]) -> dict[str, Any]:
    """Each measure by step."""
    listed = list(steps)
    return {
        measure: {f"{step.step}. {step.event}": {ALL: getattr(step, measure)} for step in listed}
        for measure in _FUNNEL_MEASURES
    }


def _retention(service: LocalQueryService, query: Retention) -> tuple[list[str], dict[str, Any]]:
    on = _breakdowns(query.on)
    results = [
        service.ask(changed(query, on=_some(on[:depth]), compare=None)) for depth in range(len(on) + 1)
    ]
    name = f"{query.born_event or ANY_EVENT} and then {query.return_event or ANY_EVENT}"
    return ["$retention", *on], {name: _nested([_cohorts(result) for result in results])}


def _cohorts(result: RetentionResult) -> dict[Path, Any]:
    found: dict[Path, list[RetentionCohort]] = {}
    for cohort in result.cohorts:
        segment = cohort.segment
        path = (segment,) if isinstance(segment, str) else segment or ()
        whole = not path or set(path) == {OVERALL}
        if not whole or result.on is None:
            found.setdefault(() if whole else path, []).append(cohort)
    return {path: rows_of(cohorts, result.average_of(cohorts[0].segment)) for path, cohorts in found.items()}


def rows_of(cohorts: Sequence[RetentionCohort], rates: Mapping[int, float | None]) -> dict[str, Any]:
    """The cohorts by moment, and Mixpanel's row "Average": rates, and sizes weighted by themselves.

    Args:
        cohorts: The cohorts of a segment.
        rates: Their average rates by period.
    """
    rows = {bucket_moment(cohort.date): rated(cohort) for cohort in cohorts}
    sizes = [cohort.size or 0 for cohort in cohorts]
    size = sum(size**2 for size in sizes) / sum(sizes) if sum(sizes) else 0
    known = [rate for rate in rates.values() if rate is not None]
    return rows | {AVERAGE: {"first": size, "counts": [rate * size for rate in known], "rates": known}}


def rated(cohort: RetentionCohort) -> dict[str, Any]:
    """How many were born; how many came back in each period that has begun, and as a part of the former."""
    counts = [count for count in cohort.counts if count is not None]
    rates = [count / cohort.size if cohort.size else 0.0 for count in counts]
    return {"counts": counts, "first": cohort.size or 0, "rates": rates}


def renamed(series: Any, names: Mapping[str, str]) -> Any:
    """The series with other names of segments."""
    if not names or not isinstance(series, dict):
        return series
    return {names.get(key, key): renamed(value, names) for key, value in series.items()}
