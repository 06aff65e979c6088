"""``%mp_explore``: questions changed by choosing, and their answers at once."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import typer

from mixpanel_nb.commands.session import session_of


@cache
def command() -> Any:
    """It as a Click command."""
    from mixpanel_nb.commands.app import alone

    return alone(_explore)


def _explore(
    context: typer.Context,
    event: Annotated[
        str | None, typer.Argument(metavar="EVENT", help="Where to begin; a table's most frequent event.")
    ] = None,
    from_date: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="First day.")] = None,
    to_date: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM-DD", help="Last day, included.")
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="TABLE", help="The fetched table to ask; events.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask Mixpanel even where there is a table.")] = False,
) -> Any:
    """Explore events with a form: choose report, event, property, days and filter, and see the answer.

    A table answers at once; Mixpanel when its button is pressed, for that costs quota.

    Example: %mp_explore
             %mp_explore Purchase --table events
    """
    workspace = session_of(context).workspace
    return workspace.explore(event, from_date=from_date, to_date=to_date, table=table, live=live)
