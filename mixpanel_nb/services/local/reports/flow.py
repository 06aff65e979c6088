"""A flow on a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import analytics, results
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.local.flows import Flows

if TYPE_CHECKING:
    from mixpanel_nb.queries import Flow
    from mixpanel_nb.services.local.table import AskedTable


def flow(table: AskedTable, query: Flow) -> results.FlowResult:
    """What users do before and after some events."""
    asking = table.ask(query)
    statement = analytics.flow.statement(asking.context, query)
    found = Flows(query, table.engine.rows(statement))
    anchors = tuple(step.event for step in query.anchors)
    return result_of(
        results.FlowResult,
        query,
        flow_nodes=found.nodes,
        flow_edges=found.edges,
        flow_paths=found.paths,
        anchors=anchors,
        forward=query.steps_after,
        back=query.steps_before,
        left_out=found.left_out,
        sql=table.engine.shown(statement),
        notes=asking.notes(
            [
                *query.anchored_events,
                *query.hide,
                *query.exclude,
                *(expansion.event for expansion in query.expand),
            ],
            found=False,
            on=query.on,
            segments=list(dict.fromkeys(node.segment for node in found.nodes))[1:],
        ),
    )
