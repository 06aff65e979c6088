"""Commands about what a project holds, asked of Mixpanel."""

from __future__ import annotations

from typing import Annotated

import typer

from mixpanel_nb.commands.session import session_of
from mixpanel_nb.results import NameList

Event = Annotated[str, typer.Argument(metavar="EVENT", help="The event.")]


def events(context: typer.Context) -> NameList:
    """List the project's events.

    Example: mp events
    """
    return session_of(context).workspace.events()


def properties(context: typer.Context, event: Event) -> NameList:
    """List the properties of an event.

    Example: mp properties "Sign Up"
    """
    return session_of(context).workspace.properties(event)


def values(
    context: typer.Context,
    event: Event,
    prop: Annotated[str, typer.Argument(metavar="PROPERTY", help="The property.")],
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.")] = 100,
) -> NameList:
    """List values of an event's property.

    Example: mp values "Sign Up" plan
    """
    return session_of(context).workspace.property_values(event, prop, limit)
