"""``sql``: a query on the local tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixpanel_nb.commands.options import read_text
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.results import PlanResult, SQLResult

Explain = Annotated[
    bool, typer.Option("--explain", help="Show DuckDB's plan of the last statement; run nothing for good.")
]
Analyze = Annotated[
    bool,
    typer.Option("--analyze", help="The plan with rows and time of each step: it is run, and undone."),
]


def sql(
    context: typer.Context,
    query: Annotated[
        str | None,
        typer.Argument(metavar="QUERY", help="One or several DuckDB statements; - is standard input."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", readable=False, help="A file with the SQL.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A text for $NAME (repeatable)."),
    ] = None,
    explain: Explain = False,
    analyze: Analyze = False,
) -> SQLResult | PlanResult:
    """Run SQL on the local tables.

    Example: mp sql "SELECT event_name, count(*) FROM events GROUP BY ALL"
    """
    if (query is None) == (file is None):
        raise typer.BadParameter("Give the SQL as QUERY, or name its file with --file.")
    text = read_text(file or Path("-")) if query is None or query == "-" else query
    workspace, params = session_of(context).workspace, parse_params(param or []) or None
    if explain or analyze:
        return workspace.explain(text, params, analyze=analyze)
    return workspace.sql_rows(text, params)


def parse_params(given: list[str]) -> dict[str, str]:
    """``NAME=VALUE`` options as a dict.

    Raises:
        typer.BadParameter: an option has no ``=``.
    """
    params = {}
    for item in given:
        name, separator, value = item.partition("=")
        if not separator or not name:
            raise typer.BadParameter(f"{item!r} is not NAME=VALUE.")
        params[name.removeprefix("$")] = value
    return params
