"""Commands that list a project's events, properties and saved items."""

from __future__ import annotations

from typing import Annotated

import typer

from mixpanel_nb.commands import names
from mixpanel_nb.commands.days import During, Last
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.results import (
    AnnotationList,
    BookmarkList,
    CohortList,
    CustomEventList,
    CustomPropertyList,
    FunnelList,
    LexiconSchemaList,
    LookupTableList,
    NameList,
)
from mixpanel_nb.services.discovery import BOOKMARK_TYPES, ENTITY_TYPES

Event = Annotated[str, typer.Argument(metavar="EVENT", help="The event.", autocompletion=names.events)]


def events(context: typer.Context) -> NameList:
    """List the project's events. Merged and custom events are Mixpanel's own: a table has what was sent.

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
    prop: Annotated[
        str, typer.Argument(metavar="PROPERTY", help="The property.", autocompletion=names.properties)
    ],
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="At most so many.")] = 100,
) -> NameList:
    """List values of an event's property.

    Example: mp values "Sign Up" plan
    """
    return session_of(context).workspace.property_values(event, prop, limit)


def funnels(context: typer.Context) -> FunnelList:
    """List the saved funnels, with the id that {mp funnel} takes.

    Example: mp funnels
    """
    return session_of(context).workspace.funnels()


def cohorts(context: typer.Context) -> CohortList:
    """List the cohorts that are saved in Mixpanel, with their ids. Those of the database: {mp cohort list}.

    An id is for {mp fetch profiles --cohort} and {mp cohort save --mixpanel}; live reports take $cohort:ID.

    Example: mp cohorts
    """
    return session_of(context).workspace.cohorts()


def bookmarks(
    context: typer.Context,
    kind: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="insights, funnels, retention, flows, launch-analysis.",
            autocompletion=names.choices(*BOOKMARK_TYPES),
        ),
    ] = None,
) -> BookmarkList:
    """List the saved reports, with the id that {mp saved-report} takes.

    Example: mp bookmarks --type insights
    """
    return session_of(context).workspace.bookmarks(kind)


def custom_events(context: typer.Context) -> CustomEventList:
    """List the custom events, with the names that reports take, and keep them for reports on tables.

    Example: mp custom-events
    """
    return session_of(context).workspace.custom_events()


def custom_properties(context: typer.Context) -> CustomPropertyList:
    """List the custom properties, with the names that reports take, and keep them for reports on tables.

    Example: mp custom-properties
    """
    return session_of(context).workspace.custom_properties()


def lookup_tables(context: typer.Context) -> LookupTableList:
    """List the lookup tables of Mixpanel, with the id that {mp lookup save} takes.

    Example: mp lookup-tables
    """
    return session_of(context).workspace.lookup_tables()


def annotations_(
    context: typer.Context,
    from_date: Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day.")] = None,
    to_date: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, included.")] = None,
    last: Last = None,
    during: During = None,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            metavar="TABLE",
            help="Those that are kept with this table; nothing is asked.",
            autocompletion=names.tables,
        ),
    ] = None,
) -> AnnotationList:
    """List the project's annotations. Mixpanel is asked; that costs no query of the quota.

    Example: mp annotations --during 2025-02
    """
    return session_of(context).workspace.annotations(
        from_date, to_date, last=last, during=during, table=table
    )


def lexicon(
    context: typer.Context,
    kind: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="event, profile, custom_event or group.",
            autocompletion=names.choices(*ENTITY_TYPES),
        ),
    ] = None,
) -> LexiconSchemaList:
    """List what Lexicon says of events and properties.

    Example: mp lexicon --type event
    """
    return session_of(context).workspace.lexicon_schemas(kind)
