"""Questions of Insights, funnels, retention, flows and sessions about the shop, in both forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import byhand
from benchmarks.reports import RANGE, STEPS, Answer, Report, retention_said, segment_rows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mixpanel_nb.results import FlowResult, FunnelResult, InsightsResult, SessionsResult

_BORN: dict[str, Any] = {"born_event": "View Product", "unit": "week", "interval_count": 10, **RANGE}


def _metrics_said(result: InsightsResult) -> Answer:
    """Values by metric and bucket, without what is not known."""
    return {
        (record["date"], record["metric"]): round(record["value"], 6)
        for record in result.records()
        if record["value"] is not None
    }


def _metric_rows(rows: Iterable[tuple[Any, ...]]) -> Answer:
    """Rows of ``date, metric, value`` in that form."""
    return {(str(day), metric): round(value, 6) for day, metric, value in rows}


def _steps_said(result: FunnelResult) -> Answer:
    """Entries that reached each step."""
    return {step.step: step.count for step in result.steps}


def _step_rows(rows: Iterable[tuple[Any, ...]]) -> Answer:
    (row,) = rows
    return dict(enumerate(row, start=1))


def _sessions_said(result: SessionsResult) -> Answer:
    """Sessions and mean seconds by day."""
    return {str(row["date"]): (row["sessions"], round(row["avg_duration"], 6)) for row in result.records()}


def _session_rows(rows: Iterable[tuple[Any, ...]]) -> Answer:
    return {str(day): (sessions, round(seconds, 6)) for day, sessions, seconds in rows}


def _paths_said(result: FlowResult) -> Answer:
    """Flows on each of the 50 most frequent paths; the last ones may be of equal size."""
    counts = [path.count for path in result.flow_paths]
    return dict(enumerate(counts))


def _path_rows(rows: Iterable[tuple[Any, ...]]) -> Answer:
    return {place: row[-1] for place, row in enumerate(rows)}


QUESTIONS = {
    "metrics": Report(
        "three metrics by week: events, users, sum of a property",
        lambda ws: ws.insights(
            ["Page View", "unique(Page View)", "sum(Purchase, amount)"], unit="week", **RANGE
        ),
        _metrics_said,
        byhand.METRICS,
        _metric_rows,
    ),
    "median": Report(
        "median of a property by day",
        lambda ws: ws.insights("median(Purchase, amount)", **RANGE),
        _metrics_said,
        byhand.MEDIAN,
        _metric_rows,
    ),
    "per_user": Report(
        "90th percentile of what users spend in a week",
        lambda ws: ws.insights("p90(per user sum(Purchase, amount))", unit="week", **RANGE),
        _metrics_said,
        byhand.PER_USER,
        _metric_rows,
    ),
    "active": Report(
        "daily, weekly and monthly active users",
        lambda ws: ws.insights(["dau(*)", "wau(*)", "mau(*)"], **RANGE),
        _metrics_said,
        byhand.ACTIVE,
        _metric_rows,
    ),
    "optimized": Report(
        "funnel of four steps, optimized re-entry",
        lambda ws: ws.funnel(steps=STEPS, window=7, reentry="optimized", **RANGE),
        _steps_said,
        byhand.OPTIMIZED,
        _step_rows,
    ),
    "excluded": Report(
        "funnel of three steps with an exclusion",
        lambda ws: ws.funnel(
            steps=("Page View", "View Product", "Purchase"), window=7, exclude="Search", **RANGE
        ),
        _steps_said,
        byhand.EXCLUDED,
        _step_rows,
    ),
    "on_or_after": Report(
        "retention over 10 weeks, on or after",
        lambda ws: ws.retention(mode="on_or_after", **_BORN),
        retention_said,
        byhand.ON_OR_AFTER,
        segment_rows,
    ),
    "streak": Report(
        "retention over 10 weeks, streak",
        lambda ws: ws.retention(mode="streak", **_BORN),
        retention_said,
        byhand.STREAK,
        segment_rows,
    ),
    "flow": Report(
        "flow of three steps forward",
        lambda ws: ws.flow(start="View Product", forward=3, **RANGE),
        _paths_said,
        byhand.FLOW,
        _path_rows,
    ),
    "sessions": Report(
        "sessions and their mean length by day",
        lambda ws: ws.sessions(**RANGE),
        _sessions_said,
        byhand.SESSIONS,
        _session_rows,
    ),
}
"""Questions that only a table answers whole."""
