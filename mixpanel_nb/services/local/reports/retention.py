"""Retention on a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import analytics, results
from mixpanel_nb.services.asked import result_of, returns_of
from mixpanel_nb.services.local.cohorts import Cohorts, as_asked
from mixpanel_nb.services.local.table import named

if TYPE_CHECKING:
    from mixpanel_nb.queries import Retention
    from mixpanel_nb.services.local.table import AskedTable


def retention(table: AskedTable, query: Retention) -> results.RetentionResult:
    """How many users come back."""
    query = as_asked(query)
    asking = table.ask(query)
    statement = analytics.retention.statement(asking.context, query)
    found = Cohorts(query, asking.context.period, table.engine.rows(statement), asking.table)
    return result_of(
        results.RetentionResult,
        query,
        cohorts=found.cohorts(),
        left_out=found.left_out,
        **returns_of(query),
        sql=table.engine.shown(statement),
        notes=asking.notes(
            named(query.born_event, query.return_event),
            found=found.users > 0,
            on=query.on,
            segments=found.segments[1:],
        ),
    )
