"""Typed queries: ``insights`` and ``arb_funnels`` with a bookmark in the body (query API).

They are not in Mixpanel's OpenAPI file: the bodies and the shapes of answers are those of Mixpanel's own
client (mixpanel-headless 0.4.0).
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics import flow as flow_report
from mixpanel_nb.bookmarks import read
from mixpanel_nb.errors import ExpressionError, ParameterError
from mixpanel_nb.queries import Flow, Insights, changed
from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id
from mixpanel_nb.sandbox.saved.params import params_of
from mixpanel_nb.sandbox.typed import flows, frequencies
from mixpanel_nb.sandbox.typed.members import members_of
from mixpanel_nb.sandbox.typed.series import answer, renamed
from mixpanel_nb.sandbox.typed.sizes import shown_by, sizes
from mixpanel_nb.sandbox.wire import bucket_moment, computed_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from werkzeug.wrappers import Response

    from mixpanel_nb.bookmarks import Reading
    from mixpanel_nb.results import FlowResult
    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.reports import ReportRunner
    from mixpanel_nb.sandbox.typed.frequencies import Frequency, Interval

LIMIT, MOST_LIMIT = 3_000, 50_000
_QUERY_TYPES = ("flows_sankey", "flows_top_paths", "flows")
_ALL_PATHS = 1_000_000


def insights(call: Call) -> Response:
    """Insights, a funnel or retention; ``headers`` tell what the keys of ``series`` mean, level by level."""
    bookmark = call.json("bookmark")
    if isinstance(bookmark, dict) and shown_by(bookmark):
        return json_answer(_sizes(call, bookmark))
    if isinstance(bookmark, dict):
        bookmark, counted = frequencies.taken_out(bookmark)
    else:
        counted = ()
    reading = _reading(call, bookmark)
    if isinstance(reading.query, Flow):
        raise RefusedError(400, "Invalid bookmark: a flow is asked of arb_funnels")
    return json_answer(_answered(call, reading, counted))


def _sizes(call: Call, bookmark: dict[str, Any]) -> dict[str, Any]:
    """The answer to cohorts as metrics."""
    with _refusing():
        days, series = sizes(call, bookmark)
    return {
        "computed_at": computed_at(call.now),
        "date_range": _date_range(days.first, days.last),
        "headers": ["$metric"],
        "series": series,
        "meta": _meta(call),
    }


def _answered(call: Call, reading: Reading, counted: Sequence[Frequency]) -> dict[str, Any]:
    """The answer of ``insights`` to a bookmark."""
    query: Any = reading.query
    headers, series = _series(call, reading, query, counted)
    found = {
        "computed_at": computed_at(call.now),
        "date_range": _date_range(query.from_date, query.to_date),
        "headers": frequencies.headers_of(headers, counted),
        "series": renamed(series, reading.segments),
        "meta": _meta(call),
    }
    if query.compare is None:
        return found
    # How Mixpanel shapes a comparison is nowhere described; this is the sandbox's own.
    first, last = query.compare.split("..")
    other = changed(query, from_date=first, to_date=last, compare=None)
    _, before = _series(call, reading, other, counted)
    days = _date_range(other.from_date, other.to_date)
    return found | {"time_comparison": {"date_range": days, "series": renamed(before, reading.segments)}}


def _series(
    call: Call, reading: Reading, query: Any, counted: Sequence[Frequency]
) -> tuple[list[str], dict[str, Any]]:
    """The headers and the series of a query; frequencies are counted in each interval by itself."""
    if not isinstance(query, Insights) or not frequencies.is_per_interval(reading, counted):
        if counted:
            raise RefusedError(400, "The sandbox breaks Insights alone down by frequency")
        with _asking(call, reading) as runner:
            return answer(runner.service, query, reading.hidden)
    headers: list[str] = []
    series: dict[str, Any] = {}
    for interval in frequencies.intervals(query, call.dataset.week_start):
        asked = changed(query, from_date=interval[0], to_date=interval[1])
        with _asking(call, reading, counted, interval) as runner:
            headers, found = answer(runner.service, asked, reading.hidden)
        series = frequencies.merged(series, found)
    return headers, series


def arb_funnels(call: Call) -> Response:
    """A flow: its nodes and edges, its most frequent paths, or a tree."""
    kind = call.choice("query_type", _QUERY_TYPES)
    reading = _reading(call, call.json("bookmark"))
    query = reading.query
    if not isinstance(query, Flow):
        raise RefusedError(400, "Invalid bookmark: arb_funnels is asked for flows")
    with _asking(call, reading) as runner:
        found = _flow(runner, query, kind)
    moment = computed_at(call.now)
    return json_answer({"computed_at": moment, "breakdowns": [], **found, "metadata": _meta(call)})


def _flow(runner: ReportRunner, query: Flow, kind: str) -> dict[str, Any]:
    if kind == "flows":
        if query.end is not None or len(query.anchors) > 1 or query.start is None:
            raise RefusedError(400, "The sandbox has trees of what follows one event alone")
        return flows.tree(query, _paths(runner, query))
    everyone: FlowResult = runner.service.ask(changed(query, on=None))
    write = flows.sankey if kind == "flows_sankey" else _top_paths
    if query.on is None:
        return write(query, everyone)
    # How Mixpanel shapes the segments of a flow is nowhere described; this is the sandbox's own.
    result = runner.service.ask(query)
    listed = [{"value": name, **write(query, result, name)} for name in flows.segments_of(result)]
    return {**write(query, everyone), "breakdowns": listed}


def _top_paths(_: Flow, result: FlowResult, segment: str | None = None) -> dict[str, Any]:
    return flows.top_paths(result, segment)


def _paths(runner: ReportRunner, query: Flow) -> Any:
    """Every path of a flow."""
    from mixpanel_nb.services.local.flows import Flows

    asked = changed(query, on=None)
    context = runner.question(query.from_date, query.to_date)
    statement = flow_report.statement(context, asked, most_paths=_ALL_PATHS)
    return Flows(asked, runner.engine.rows(statement)).paths


def _reading(call: Call, bookmark: Any) -> Reading:
    if bookmark is None and call.text("bookmark_id"):
        bookmark = _saved(call)
    if not isinstance(bookmark, dict):
        raise RefusedError(400, "Invalid bookmark: expected a JSON object")
    limits = call.json("queryLimits") or {}
    limit = limits.get("limit", LIMIT) if isinstance(limits, dict) else LIMIT
    if not isinstance(limit, int) or limit < 1:
        raise RefusedError(400, f"Invalid queryLimits: {limit!r} is no limit")
    if limit > MOST_LIMIT:
        raise RefusedError(400, f"Query limit exceeds max limit of {MOST_LIMIT} ({limit} was given)")
    with _refusing():
        return read(bookmark, call.last_day, limit)


def _saved(call: Call) -> Any:
    """The parameters of a saved flow."""
    number = call.required("bookmark_id")
    report = by_id(call.dataset.saved.reports, call.integer("bookmark_id", 0))
    if report is None or report.type != "flows":
        raise RefusedError(404, f"Report {number} does not exist")
    return params_of(report)


@contextmanager
def _asking(
    call: Call, reading: Reading, counted: Sequence[Frequency] = (), interval: Interval | None = None
) -> Iterator[ReportRunner]:
    members = members_of(call, reading.cohorts, interval)
    counts = {} if interval is None else frequencies.counts_of(call, counted, interval)
    with _refusing(), call.runner() as runner:
        yield runner.having(members, counts) if members or counts else runner


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (ParameterError, ExpressionError) as error:
        raise RefusedError(400, f"Invalid bookmark: {error.message}") from None


def _date_range(first: date, last: date) -> dict[str, str]:
    return {"from_date": bucket_moment(first), "to_date": f"{last.isoformat()}T23:59:59.999000+00:00"}


def _meta(call: Call) -> dict[str, Any]:
    asked = json.dumps(sorted(call.params.items()))
    query_id = hashlib.sha256(asked.encode("utf-8", "backslashreplace")).hexdigest()[:16]
    return {"sampling_factor": 1.0, "is_cached": False, "computation_time": 0.0, "query_id": query_id}
