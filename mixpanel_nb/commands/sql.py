"""``sql``: a query on the local tables."""

from __future__ import annotations

from typing import Annotated

import typer

from mixpanel_nb.commands.session import session_of
from mixpanel_nb.results import SQLResult


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One or several DuckDB statements.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A text for $NAME (repeatable)."),
    ] = None,
) -> SQLResult:
    """Run SQL on the local tables.

    Example: mp sql "SELECT event_name, count(*) FROM events GROUP BY ALL"
    """
    return session_of(context).workspace.sql_rows(query, parse_params(param or []) or None)


def parse_params(given: list[str]) -> dict[str, str]:
    """``NAME=VALUE`` options as a dict.

    Raises:
        typer.BadParameter: one has no ``=``.
    """
    params = {}
    for item in given:
        name, separator, value = item.partition("=")
        if not separator or not name:
            raise typer.BadParameter(f"{item!r} is not NAME=VALUE.")
        params[name.removeprefix("$")] = value
    return params
