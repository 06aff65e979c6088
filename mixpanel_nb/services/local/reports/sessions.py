"""Sessions on a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import analytics, results
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.local.sessions import SessionRows

if TYPE_CHECKING:
    from mixpanel_nb.queries import Sessions
    from mixpanel_nb.services.local.table import AskedTable


def sessions(table: AskedTable, query: Sessions) -> results.SessionsResult:
    """How many sessions there are, and how long."""
    asking = table.ask(query)
    statement = analytics.sessions.statement(asking.context, query)
    found = SessionRows(table.engine.rows(statement))
    return result_of(
        results.SessionsResult,
        query,
        dates=tuple(asking.context.period.buckets(query.unit)),
        totals=found.totals,
        figures=found.figures,
        left_out=found.left_out,
        complete=asking.complete(query.unit, None),
        sql=table.engine.shown(statement),
        notes=asking.notes(
            [*([query.event] if query.event else []), *query.exclude],
            found=False,
            on=query.on,
            segments=list(found.figures)[1:],
        ),
    )
