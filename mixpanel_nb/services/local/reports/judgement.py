"""Experiments, and why a number moved, what is unusual and what goes with a goal, on a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import analytics, results
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.dates import table_range
from mixpanel_nb.services.local.experiments import Variants
from mixpanel_nb.services.local.explaining import Explanation
from mixpanel_nb.services.local.signals import Behaviours
from mixpanel_nb.services.local.table import named
from mixpanel_nb.services.local.watching import Watch

if TYPE_CHECKING:
    from mixpanel_nb.queries import Anomalies, Experiment, Signal, Why
    from mixpanel_nb.services.local.table import AskedTable


def experiment(table: AskedTable, query: Experiment) -> results.ExperimentResult:
    """Variants against a control."""
    asking = table.ask(query)
    context = asking.context
    statement = analytics.experiment.statement(context, query, table.known_until(context))
    found = Variants(query, table.engine.rows(statement))
    return results.ExperimentResult(
        query.exposure,
        query.variant,
        found.control,
        query.from_date,
        query.to_date,
        query.window,
        query.window_unit,
        query.where,
        query.on,
        query.cuped,
        query.winsorize,
        query.sequential,
        query.correction,
        query.confidence,
        query.effect,
        tuple(found.groups()),
        tuple(found.effects()),
        found.mismatch(),
        found.undefined,
        found.switched,
        found.waiting,
        found.left_out,
        sql=table.engine.shown(statement),
        notes=asking.notes(
            named(query.exposure, *(metric.event for metric in query.metrics)),
            found=found.control is not None,
            on=query.on,
            segments=found.segments,
        ),
    )


def why(table: AskedTable, query: Why) -> results.WhyResult:
    """What moved with a bucket of a metric."""
    asking = table.ask(query)
    found = Explanation(table.engine, query, asking)
    judged = found.whole.surprise
    return results.WhyResult(
        query.metric.name,
        query.days[0],
        query.unit,
        query.where,
        found.whole.now,
        found.whole.usual,
        None if judged is None else judged.score,
        None if judged is None else judged.chance,
        tuple(found.whole.dates),
        tuple(found.whole.actual),
        tuple(found.whole.expected),
        tuple(found.findings[: query.limit]),
        tuple(found.tried),
        tuple(found.skipped),
        found.comparisons,
        max(len(found.findings) - query.limit, 0),
        None if query.baseline_days is None else query.days[1],
        query.baseline_days,
        sql=table.engine.shown(found.statement),
        notes=asking.notes(named(query.metric.event), found=found.found),
    )


def anomalies(table: AskedTable, query: Anomalies) -> results.AnomaliesResult:
    """What was unusual in the last days."""
    last = query.date or table.last_day()
    if last is None:
        note = f"There are no events in {table.name}."
        return results.AnomaliesResult(None, None, query.where, (), notes=(note,))
    asking = table.asked_of(*table_range(last - query.history, last), query)
    found = Watch(table.engine, query, asking)
    dates = asking.context.period.buckets("day")
    return results.AnomaliesResult(
        dates[found.ends[0] - 1],
        dates[found.ends[-1] - 1],
        query.where,
        tuple(found.anomalies[: query.limit]),
        found.judged,
        len(found.watched.events),
        tuple(found.tried),
        found.watched.comparisons * found.judged,
        max(len(found.anomalies) - query.limit, 0),
        tuple(found.watched.every.dates),
        sql=table.engine.shown(found.statement),
        notes=(*asking.notes([], found=True), *asking.no_values(query.properties)),
    )


def signal(table: AskedTable, query: Signal) -> results.SignalResult:
    """Which behaviours go with a goal."""
    asking = table.ask(query)
    context = asking.context
    statement = analytics.signal.statement(context, query, table.known_until(context))
    found = Behaviours(query, table.engine.rows(statement))
    return result_of(
        results.SignalResult,
        query,
        after=query.counts_after,
        total=found.users,
        reached=found.reached,
        behaviours=found.first(query.limit),
        waiting=found.waiting,
        tried=found.tried,
        rare=found.rare,
        comparisons=found.comparisons,
        left_out=max(found.tried - query.limit, 0),
        sql=table.engine.shown(statement),
        notes=asking.notes(
            named(query.goal, query.start, *query.events),
            found=found.reached > 0 and found.tried >= len(query.events),
        ),
    )
