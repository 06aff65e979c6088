"""``reconcile``: commands that ask a report of Mixpanel and of a table, derived from the reports' queries."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import typer

from mixpanel_nb.commands.reports import declared, given_of, parameters_for
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.queries.reconcile import RECONCILED, reconcile_parameters, reconciled

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.queries import Query
    from mixpanel_nb.results import ReconcileResult

app = typer.Typer()


def refuse(report: str) -> None:
    """Tell why there is no command for a report.

    Raises:
        ParameterError: there is none.
    """
    reconciled(report, "-")


def _command_of(query: type[Query[Any]]) -> Callable[..., Any]:
    known = reconcile_parameters(query)

    def run(context: typer.Context, **typed: Any) -> ReconcileResult:
        session = session_of(context)
        return session.workspace.reconcile(query.name, on_ask=session.say, **given_of(query, known, typed))

    example = f"Example: mp reconcile {query.name.replace('_', '-')} {query.example}"
    doc = f"{inspect.getdoc(query)}\n\n{example}"
    return declared(run, query.name, doc, parameters_for(query, known))


for _query in RECONCILED.values():
    app.command()(_command_of(_query))
