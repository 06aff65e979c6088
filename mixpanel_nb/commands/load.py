"""``load``: load user files into a table."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from mixpanel_nb.commands.options import (
    DEFAULT_COLUMNS,
    Append,
    Columns,
    Replace,
    parse_columns,
    table_option,
)
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.results import LoadResult
from mixpanel_nb.services.load.paths import ends_with_table

DEFAULT_TABLE = "events"


def load(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            help="JSON lines, a JSON array, CSV, Parquet; globs. A last word that is no file is the table.",
        ),
    ],
    table: Annotated[str | None, table_option("The table; events.")] = None,
    event: Annotated[
        str | None,
        typer.Option(
            "--event", metavar="COLUMN", help="The event's name; =NAME where all are the same event."
        ),
    ] = None,
    time: Annotated[str | None, typer.Option("--time", metavar="COLUMN", help="Its time.")] = None,
    user: Annotated[
        list[str] | None,
        typer.Option(
            "--user", metavar="COLUMN", help="Its user; of several (repeat, or commas) the first there is."
        ),
    ] = None,
    id: Annotated[  # noqa: A002 - the option's name
        str | None,
        typer.Option("--id", metavar="COLUMN", help="What tells the same event sent twice."),
    ] = None,
    time_unit: Annotated[
        str | None,
        typer.Option(
            "--time-unit", metavar="s|ms|us", help="What times count that are numbers; else guessed."
        ),
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            "--timezone", metavar="ZONE", help="Zone of times without one, and of the table's days; UTC."
        ),
    ] = None,
    from_tool: Annotated[
        str | None,
        typer.Option(
            "--from-tool",
            metavar="TOOL",
            help="amplitude, ga4, segment, posthog, snowplow, pipelines, fivetran or airbyte.",
        ),
    ] = None,
    append: Append = False,
    replace: Replace = False,
    columns: Columns = DEFAULT_COLUMNS,
) -> LoadResult:
    """Load events from files of your own. Columns that are not named are guessed, and told.

    Example: mp load orders.csv orders --event =Purchase --time date --user customer_id
    """
    if append and replace:
        message = [Word("append"), " and ", Word("replace"), " exclude each other."]
        raise ParameterError(message, parameter="append", value=True)
    session = session_of(context)
    if table is None and ends_with_table(files):
        *files, table = files
    return session.workspace_for_files.load(
        files,
        table or DEFAULT_TABLE,
        event=event,
        time=time,
        user=user or None,
        id=id,
        time_unit=cast("Any", time_unit),  # checked with the rest
        timezone=timezone,
        from_tool=from_tool,
        columns=parse_columns(columns),
        if_exists="append" if append else "replace" if replace else "same",
        progress=session.progress(),
    )
