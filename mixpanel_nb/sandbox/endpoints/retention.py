"""``retention`` and ``retention/addiction``: retention and frequency (query API)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.queries import LARGE_UNITS, Frequency
from mixpanel_nb.queries import Retention as RetentionQuery
from mixpanel_nb.queries.frequency import ADDICTION_UNITS
from mixpanel_nb.queries.retention import RETENTION_TYPES
from mixpanel_nb.results import OVERALL
from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id
from mixpanel_nb.sandbox.saved.kinds import Retention
from mixpanel_nb.sandbox.segments import filters_of
from mixpanel_nb.sandbox.typed.series import rated
from mixpanel_nb.sandbox.wire import bucket_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from werkzeug.wrappers import Response

    from mixpanel_nb.results import RetentionCohort, RetentionResult
    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.reports import ReportRunner
    from mixpanel_nb.sandbox.saved.kinds import Report

_ON_THE_WIRE = {"return_event": "event"}
_OF_TABLES: dict[str, Any] = {
    "alignment": "rolling",
    "brackets": None,
    "prop": None,
    "measure": "sum",
    "on": None,
}
"""What the API has no parameter for."""
_MOST_INTERVAL, _MOST_COUNT = 90, 1_000
_SEGMENTS, _MOST_SEGMENTS = 60, 10_000


def query(call: Call) -> Response:
    """Cohorts by day, week or month; their counts end where they are not yet known."""
    # Which shape a breakdown has is documented nowhere.
    if call.text("bookmark_id"):
        return _saved(call)
    call.refuse_both("unit", "interval")
    first, last = call.date_range()
    groups = _groups(
        call, lambda runner, where: _cohorts(call, runner, where), first, max(last, call.last_day)
    )
    return json_answer(groups)


def _groups(
    call: Call, ask: Callable[[ReportRunner, str | None], Mapping[str, Any]], first: date, last: date
) -> Mapping[str, Any]:
    """An answer by bucket; with ``on``, by bucket and segment of the second event, everyone first.

    How Mixpanel shapes the latter is nowhere described; it is shaped as funnels are.
    """
    on, where = call.text("on"), call.text("where")
    limit = call.integer("limit", _SEGMENTS, most=_MOST_SEGMENTS)
    with call.runner() as runner:
        everyone = ask(runner, where)
        if on is None:
            return everyone
        filters = filters_of(runner, call.text("event"), first, last, on=on, where=where, limit=limit)
        found = {OVERALL: everyone, **{name: ask(runner, chosen) for name, chosen in filters.items()}}
    return {bucket: {name: answer[bucket] for name, answer in found.items()} for bucket in everyone}


def _cohorts(call: Call, runner: ReportRunner, where: str | None) -> dict[str, Any]:
    kind = call.choice("retention_type", RETENTION_TYPES, "birth")
    query = call.query(
        RetentionQuery,
        _ON_THE_WIRE,
        born_event=call.required("born_event") if kind == "birth" else None,
        return_where=where,
        interval_count=call.integer("interval_count", 1, most=_MOST_COUNT),
        interval=call.integer("interval", 1, most=_MOST_INTERVAL),
        type=kind,
        mode="on_or_after" if call.flag("unbounded_retention") else "on",
        **_OF_TABLES,
        limit=_SEGMENTS,
    )
    result = runner.service.ask(query)
    return {bucket_text(cohort.date): counted(cohort) for cohort in result.cohorts}


def _saved(call: Call) -> Response:
    """A saved report, whose cohorts have ``rates`` as well."""
    report = by_id(call.dataset.saved.reports, call.integer("bookmark_id", 0))
    if report is None or not isinstance(report.asks, Retention):
        raise RefusedError(404, f"Retention report {call.text('bookmark_id')} does not exist")
    with call.runner() as runner:
        cohorts = saved_result(runner, report, report.asks).cohorts
    return json_answer({bucket_text(cohort.date): rated(cohort) for cohort in cohorts})


def saved_result(runner: ReportRunner, report: Report, asks: Retention) -> RetentionResult:
    """What a saved retention report asks."""
    return runner.service.ask(
        RetentionQuery.of(
            {
                "born_event": asks.born_event,
                "return_event": asks.return_event,
                "from_date": report.first,
                "to_date": report.last,
                "interval_count": asks.interval_count,
                "unit": asks.unit,
            }
        )
    )


def counted(cohort: RetentionCohort) -> dict[str, Any]:
    """How many were born, and how many came back in each period that has begun."""
    return {"counts": [count for count in cohort.counts if count is not None], "first": cohort.size}


def addiction(call: Call) -> Response:
    """Per bucket, how many users were active in at least one, two, three … hours or days of it."""
    first, last = call.date_range()
    return json_answer(
        {"data": _groups(call, lambda runner, where: _frequencies(call, runner, where), first, last)}
    )


def _frequencies(call: Call, runner: ReportRunner, where: str | None) -> dict[str, list[int]]:
    query = call.query(
        Frequency,
        unit=call.choice("unit", LARGE_UNITS),
        addiction_unit=call.choice("addiction_unit", ADDICTION_UNITS),
        where=where,
    )
    result = runner.service.ask(query)
    return {bucket_text(bucket): list(users) for bucket, users in result.counts.items()}
