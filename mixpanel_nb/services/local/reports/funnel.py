"""A funnel on a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import analytics, results
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries.checks import enough_steps
from mixpanel_nb.services.asked import result_of, rules_of, window_of
from mixpanel_nb.services.local.funnels import Funnels

if TYPE_CHECKING:
    from mixpanel_nb.queries import Funnel
    from mixpanel_nb.services.local.table import AskedTable


def funnel(table: AskedTable, query: Funnel) -> results.FunnelResult:
    """How many users go from step to step.

    Raises:
        ParameterError: the funnel is a saved one, or has too few steps.
    """
    if query.funnel_id is not None:
        message = "Saved funnels are known to Mixpanel alone, and a table is asked."
        hint = "Name the steps, or leave out the table."
        raise ParameterError(message, parameter="funnel_id", value=query.funnel_id, hint=hint)
    enough_steps(query.steps)
    asking = table.ask(query)
    period = asking.context.period
    statement = analytics.funnel.statement(asking.context, query)
    found = Funnels(query, table.engine.rows(statement))
    buckets = period.buckets(query.unit) if query.unit else [None]
    return result_of(
        results.FunnelResult,
        query,
        steps=found.steps(buckets),
        events=found.events,
        **window_of(query),
        left_out=found.left_out,
        counts=query.count,
        sum_of=query.sum_of,
        rules=rules_of(query),
        times=found.times(buckets),
        sql=table.engine.shown(statement),
        notes=asking.notes(
            [*found.missing(), *(excluded.event for excluded in query.exclude)],
            found=False,
            on=query.on,
            segments=found.values(),
        ),
    )
