"""``%mp_explore``: a form to explore events."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import typer

from mixpanel_nb.commands import names
from mixpanel_nb.commands.options import table_option
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.queries.shared import DURING, LAST, LIVE


@cache
def command() -> Any:
    """``%mp_explore`` as a Click command."""
    from mixpanel_nb.commands.app import alone
    from mixpanel_nb.notebook.wording import NOTEBOOK

    return alone(_explore, NOTEBOOK)


def _reports(ctx: typer.Context) -> list[tuple[str, str]]:
    """The reports that have a form."""
    from mixpanel_nb.views.exploring import OFFERED

    return names.choices(*OFFERED)(ctx)


def _explore(
    context: typer.Context,
    event: Annotated[
        str | None,
        typer.Argument(
            metavar="EVENT",
            help="Where to begin; a table's most frequent event.",
            autocompletion=names.events,
        ),
    ] = None,
    from_date: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day.")] = None,
    to_date: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, included.")] = None,
    last: Annotated[str | None, typer.Option("--last", metavar="LENGTH", help=LAST.help)] = None,
    during: Annotated[str | None, typer.Option("--during", metavar="PERIOD", help=DURING.help)] = None,
    table: Annotated[
        str | None,
        table_option("The table to ask; the usual one."),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help=LIVE.help)] = False,
    report: Annotated[
        str,
        typer.Option("--report", metavar="REPORT", help="The report to begin with.", autocompletion=_reports),
    ] = "segmentation",
) -> Any:
    """Explore events with a form: choose report, event, property, days and filter, and see the answer.

    A table answers at once; Mixpanel when its button is pressed, for that costs quota.

    Example: %mp_explore
             %mp_explore Purchase --table events
             %mp_explore Purchase --report why
    """
    return session_of(context).workspace.explore(
        event,
        from_date=from_date,
        to_date=to_date,
        last=last,
        during=during,
        table=table,
        live=live,
        report=report.replace("-", "_"),
    )
