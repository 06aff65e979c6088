"""Commands of texts in Mixpanel's own languages: a JQL script, an expression."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mixpanel_nb.commands.options import read_text, table_option
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.queries import JQL, parameters_of
from mixpanel_nb.results import ExpressionResult, JQLResult


def jql(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The script; - is standard input.", allow_dash=True)
    ],
    params: Annotated[
        str | None, typer.Option("--params", metavar="JSON", help=parameters_of(JQL)["params"].help)
    ] = None,
) -> JQLResult:
    """Run a JQL script. Mixpanel has put JQL in maintenance mode and advises against new use.

    Example: mp jql report.js --params '{"from_date": "2025-01-01"}'
    """
    return session_of(context).workspace.jql(read_text(file), _object(params))


def expression(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="EXPRESSION", help="A Mixpanel expression.")],
    table: Annotated[
        str | None,
        table_option("The table it is about; the usual one."),
    ] = None,
) -> ExpressionResult:
    """Show a Mixpanel expression as SQL.

    Example: mp expression 'properties["plan"] == "pro"' --table events
    """
    return session_of(context).workspace.expression(text, table=table)


def _object(text: str | None) -> Mapping[str, Any] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise typer.BadParameter(f"--params takes a JSON object, and {text[:40]!r} is none.")
    return value
