"""``identities``: the users that the ids of a table are."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mixpanel_nb.commands import names as known
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.queries.shared import SYSTEMS
from mixpanel_nb.results import IdentitiesResult


def identities(
    context: typer.Context,
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE", help="The table of events; the usual one.", autocompletion=known.tables
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(
            "--system",
            metavar="SYSTEM",
            help="The project's ID merge: original or simplified; told by the links.",
            autocompletion=known.choices(*SYSTEMS),
        ),
    ] = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            "--mapping",
            metavar="FILE|TABLE",
            help="Identity mappings of Mixpanel's pipelines, in place of the links.",
        ),
    ] = None,
) -> IdentitiesResult:
    """Find the users that the ids of a table are, and let reports count them.

    The links are those that the events carry; Mixpanel is not asked. After a fetch, it shows what changed.

    Example: mp identities events
    """
    chosen: Any = system
    return session_of(context).workspace.identities(table, system=chosen, mapping=mapping)
