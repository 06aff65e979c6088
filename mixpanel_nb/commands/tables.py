"""Commands of the database's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_nb.commands import names as known
from mixpanel_nb.commands.options import table_option
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.queries.sessions import TIMEOUT
from mixpanel_nb.results import SQLResult, SummaryResult, TableList, TableSchema, WorkspaceInfo

if TYPE_CHECKING:
    from mixpanel_nb.storage.layout import Sorted

Table = Annotated[str, typer.Argument(metavar="TABLE", help="The table.", autocompletion=known.tables)]


def info(context: typer.Context) -> WorkspaceInfo:
    """Show the account, the database and its tables.

    Example: mp info
    """
    return session_of(context).workspace.info()


def tables(context: typer.Context) -> TableList:
    """List the tables of the database.

    Example: mp tables
    """
    return session_of(context).workspace.tables()


def schema(context: typer.Context, table: Table) -> TableSchema:
    """Show the columns of a table, and the property each one holds.

    Example: mp schema events
    """
    return session_of(context).workspace.schema(table)


def sample(
    context: typer.Context,
    table: Table,
    rows: Annotated[int, typer.Option("--rows", "-n", metavar="N", help="How many.")] = 10,
) -> SQLResult:
    """Show some rows from all over a table.

    Example: mp sample events -n 5
    """
    return session_of(context).workspace.sample(table, rows)


def summarize(context: typer.Context, table: Table) -> SummaryResult:
    """Show statistics of each column of a table.

    Example: mp summarize events
    """
    return session_of(context).workspace.summarize(table)


def promote(
    context: typer.Context,
    table: Table,
    properties: Annotated[
        list[str],
        typer.Argument(
            metavar="PROPERTY",
            help="Properties to give a typed column.",
            autocompletion=known.untyped_properties,
        ),
    ],
) -> None:
    """Give properties typed columns of their own, much faster to query.

    Example: mp promote events coupon referrer
    """
    session = session_of(context)
    names = session.workspace.promote(table, *properties)
    if names:
        session.say(f"New columns in {table}: {', '.join(names)}.")
    else:
        session.say(f"Nothing to do: {table} has these columns already.")


def optimize(
    context: typer.Context,
    table: Annotated[
        str | None,
        typer.Argument(
            metavar="TABLE",
            help="The table of events. [default: the usual one]",
            show_default=False,
            autocompletion=known.tables,
        ),
    ] = None,
) -> None:
    """Sort a table of events, so that reports on it are faster. They mean the same.

    Example: mp optimize events
    """
    session = session_of(context)

    def told(part: Sorted) -> None:
        session.say(f"Sorted {part.first} to {part.last}: {part.rows:,} events.")

    if not session.workspace.optimize(table, on_part=told):
        session.say("Nothing to do: all events are sorted.")


def session_view(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The view.")] = "sessions",
    table: Annotated[str, table_option("The table of events.")] = "events",
    per: Annotated[
        str, typer.Option("--per", metavar="ROW", help="What a row is: session or event.")
    ] = "session",
    timeout: Annotated[
        int, typer.Option("--timeout", metavar="MINUTES", help="Minutes without an event that end a session.")
    ] = TIMEOUT,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude", metavar="EVENT", help="An event that is not part of sessions (repeatable)."
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of an old view.")] = False,
) -> TableSchema:
    """Make a view of the sessions of a table, for SQL.

    Example: mp session-view sessions --table events
    """
    kind: Any = per
    workspace = session_of(context).workspace
    return workspace.session_view(
        name, table=table, per=kind, timeout=timeout, exclude=exclude or (), replace=replace
    )


def drop(
    context: typer.Context,
    names: Annotated[
        list[str], typer.Argument(metavar="TABLE", help="The tables.", autocompletion=known.tables)
    ],
) -> None:
    """Drop tables and views: all that are named, or none.

    Example: mp drop events_old
    """
    session = session_of(context)
    session.workspace.drop(*names)
    session.say(f"Dropped {', '.join(names)}.")
