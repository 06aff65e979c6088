"""``funnels`` and ``funnels/list``: saved funnels, the only ones this endpoint knows (query API)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import SECONDS
from mixpanel_nb.queries import Funnel as FunnelQuery
from mixpanel_nb.results import OVERALL
from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.intervals import interval_spans
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id
from mixpanel_nb.sandbox.wire import bucket_text, computed_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from werkzeug.wrappers import Response

    from mixpanel_nb.queries import Unit
    from mixpanel_nb.results import FunnelResult, FunnelStep
    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.reports import ReportRunner
    from mixpanel_nb.sandbox.saved.kinds import Funnel

    Groups = dict[str, dict[str, list[FunnelStep]]]

_UNITS: tuple[Unit, ...] = ("day", "week", "month")
_LENGTH_UNITS = ("day", "hour", "minute", "second")
_MOST_DAYS = 90
_MOST_INTERVAL = 10_000
_SEGMENTS, _MOST_SEGMENTS = 255, 10_000


def saved(call: Call) -> Response:
    """The funnels of the project."""
    funnels = call.dataset.saved.funnels
    return json_answer([{"funnel_id": funnel.id, "name": funnel.name} for funnel in funnels])


def query(call: Call) -> Response:
    """A saved funnel, one for each bucket of days; with ``on``, by segment as well."""
    funnel_id = call.required("funnel_id")
    funnel = by_id(call.dataset.saved.funnels, call.integer("funnel_id", 0))
    if funnel is None:
        raise RefusedError(404, f"Funnel {funnel_id} does not exist")
    limit = call.integer("limit", _SEGMENTS, most=_MOST_SEGMENTS)
    with call.runner() as runner:
        groups = _asked(call, runner, funnel)
    shown = _largest(groups, limit) if call.text("on") else None
    data = {day: _of_day(steps, shown) for day, steps in groups.items()}
    return json_answer({"meta": {"dates": list(data)}, "data": data, "computed_at": computed_at(call.now)})


def _asked(call: Call, runner: ReportRunner, funnel: Funnel) -> Groups:
    """The steps by bucket and segment. ``unit`` is another way of giving ``interval``, and wins over it."""
    first, last = call.date_range()
    length, length_unit = _window(call, funnel)

    def ask(since: date, until: date, unit: Unit | None) -> FunnelResult:
        query = call.query(
            FunnelQuery,
            steps=funnel.steps,
            from_date=since,
            to_date=until,
            window=length,
            window_unit=length_unit,
            unit=unit,
            funnel_id=None,
            limit=_MOST_SEGMENTS,
        )
        return runner.service.ask(query)

    interval = call.integer("interval", 1, most=_MOST_INTERVAL)
    if call.text("unit") or interval == 1:
        return _by_bucket(ask(first, last, call.choice("unit", _UNITS, "day")).steps)
    # A bucket is a funnel of its own, so several are as many questions.
    groups: Groups = {}
    for since, until in interval_spans(first, last, interval):
        groups |= _by_bucket(ask(since, until, None).steps, since)
    return groups


def _window(call: Call, funnel: Funnel) -> tuple[int, str]:
    """Length and unit of the conversion window, by default as saved."""
    unit = call.choice("length_unit", _LENGTH_UNITS, funnel.length_unit)
    length = call.integer("length", funnel.length)
    if length * SECONDS[unit] > _MOST_DAYS * SECONDS["day"]:
        raise RefusedError(400, f"Invalid length: may not be greater than {_MOST_DAYS} days")
    return length, unit


def _by_bucket(steps: Iterable[FunnelStep], bucket: date | None = None) -> Groups:
    groups: Groups = {}
    for step in steps:
        day = step.date or bucket
        if day is not None:
            segments = groups.setdefault(bucket_text(day), {})
            name = OVERALL if step.segment is None else step.segment
            segments.setdefault(name, []).append(step)
    return groups


def _largest(groups: Groups, limit: int) -> list[str]:
    """The segments that most users entered in all buckets together; ties by text."""
    entries: dict[str, int] = {}
    for segments in groups.values():
        for name, steps in segments.items():
            if name != OVERALL:
                entries[name] = entries.get(name, 0) + steps[0].count
    return sorted(entries, key=lambda name: (-entries[name], name))[:limit]


def _of_day(segments: dict[str, list[FunnelStep]], shown: Sequence[str] | None) -> dict[str, Any]:
    """A bucket's funnel; with a breakdown, the steps of everyone and of each segment."""
    if shown is None:
        steps = segments[OVERALL]
        return {"steps": [_step(step) for step in steps], "analysis": _analysis(steps)}
    names = [OVERALL, *(name for name in shown if name in segments)]
    return {name: [_step(step) for step in segments[name]] for name in names}


def _step(step: FunnelStep) -> dict[str, Any]:
    """A step; its times are in seconds, and null for the first one and for steps no user reached."""
    return {
        "count": step.count,
        "avg_time": step.avg_time,
        "avg_time_from_start": step.avg_time_from_start,
        "step_conv_ratio": step.step_conv_ratio,
        "goal": step.event,
        "step_label": step.event,
        "overall_conv_ratio": step.overall_conv_ratio,
        "event": step.event,
    }


def _analysis(steps: Sequence[FunnelStep]) -> dict[str, int]:
    """The funnel in short; ``worst`` is the place (from 0) of the step that lost the largest part."""
    worst = min(range(1, len(steps)), key=lambda place: steps[place].step_conv_ratio)
    return {
        "completion": steps[-1].count,
        "starting_amount": steps[0].count,
        "steps": len(steps),
        "worst": worst,
    }
