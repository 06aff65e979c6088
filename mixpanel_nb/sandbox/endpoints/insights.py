"""``insights``: saved reports of all kinds, by their ``bookmark_id`` (query API)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.queries import EventCounts, Segmentation
from mixpanel_nb.queries import Funnel as FunnelQuery
from mixpanel_nb.results import OVERALL
from mixpanel_nb.results.report import segment_names
from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.endpoints import typed
from mixpanel_nb.sandbox.endpoints.retention import saved_result
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id
from mixpanel_nb.sandbox.saved.kinds import Flow, Funnel, Insights
from mixpanel_nb.sandbox.typed.series import ANY_EVENT, measures_of, rows_of
from mixpanel_nb.sandbox.wire import bucket_moment, computed_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from werkzeug.wrappers import Response

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.reports import ReportRunner
    from mixpanel_nb.sandbox.saved.kinds import Report, Retention

    Series = dict[str, Any]

_SEGMENTS = 10_000


def query(call: Call) -> Response:
    """A saved report, or a bookmark; ``headers`` tell what the keys of ``series`` mean, level by level."""
    if call.text("bookmark"):
        return typed.insights(call)
    number = call.required("bookmark_id")
    report = by_id(call.dataset.saved.reports, call.integer("bookmark_id", 0))
    if report is None:
        raise RefusedError(404, f"Report {number} does not exist")
    asks = report.asks
    if isinstance(asks, Flow):
        raise RefusedError(400, f"Invalid bookmark_id: report {number} is a flow, which arb_funnels answers")
    with call.runner() as runner:
        headers, found = _answered(runner, report, asks)
    return json_answer(
        {
            "computed_at": computed_at(call.now),
            "date_range": {
                "from_date": bucket_moment(report.first),
                "to_date": f"{report.last.isoformat()}T23:59:59.999000+00:00",
            },
            "headers": headers,
            "series": found,
        }
    )


def _answered(
    runner: ReportRunner, report: Report, asks: Insights | Funnel | Retention
) -> tuple[list[str], Series]:
    if isinstance(asks, Insights):
        headers = ["$event"] if asks.on is None else ["$event", asks.on]
        return headers, _events(runner, report, asks)
    if isinstance(asks, Funnel):
        return ["$funnel"], {report.name: _funnel(runner, report, asks)}
    return ["$retention"], _retention(runner, report, asks)


def _events(runner: ReportRunner, report: Report, asks: Insights) -> Series:
    """Counts by event and moment; with a breakdown, by event, segment and moment."""
    query = EventCounts(
        events=tuple(asks.events),
        from_date=report.first,
        to_date=report.last,
        unit=asks.unit,
        type=asks.math,
    )
    counted = runner.service.ask(query)
    totals = {event: _over_time(counted.dates, counted.values[event]) for event in asks.events}
    if asks.on is None:
        return dict(totals)
    return {
        event: {OVERALL: totals[event], **_segments(runner, report, asks, event)} for event in asks.events
    }


def _segments(runner: ReportRunner, report: Report, asks: Insights, event: str) -> Series:
    query = Segmentation(
        event=event,
        from_date=report.first,
        to_date=report.last,
        on=asks.on,
        unit=asks.unit,
        type=asks.math,
        limit=_SEGMENTS,
    )
    result = runner.service.ask(query)
    names = segment_names(result.values)
    return {names[segment]: _over_time(result.dates, values) for segment, values in result.values.items()}


def _over_time(dates: Iterable[Bucket], values: Mapping[Bucket, float]) -> dict[str, float]:
    return {bucket_moment(bucket): values.get(bucket, 0) for bucket in dates}


def _funnel(runner: ReportRunner, report: Report, asks: Funnel) -> Series:
    """Each measure by step."""
    result = runner.service.ask(
        FunnelQuery.of(
            {
                "steps": asks.steps,
                "from_date": report.first,
                "to_date": report.last,
                "window": asks.length,
                "window_unit": asks.length_unit,
            }
        )
    )
    return measures_of(result.steps)


def _retention(runner: ReportRunner, report: Report, asks: Retention) -> Series:
    """Cohorts by moment, and their average."""
    result = saved_result(runner, report, asks)
    name = f"{asks.born_event} and then {asks.return_event or ANY_EVENT}"
    return {name: rows_of(result.cohorts, result.average)}
