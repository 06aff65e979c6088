"""``lookup``: commands of the lookup tables that are kept in the database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixpanel_nb.commands import names
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.checks import check_one_of
from mixpanel_nb.results import LookupList

app = typer.Typer()


@app.command()
def save(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")],
    source: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A CSV file whose first column has the keys.")
    ] = None,
    prop: Annotated[
        str,
        typer.Option(
            "--property",
            metavar="PROPERTY",
            help="The property whose values the keys are.",
            autocompletion=names.properties,
        ),
    ] = "",
    mixpanel: Annotated[
        int | None,
        typer.Option("--mixpanel", metavar="ID", help="Fetch that of Mixpanel: {mp lookup-tables}"),
    ] = None,
) -> LookupList:
    """Save a lookup table. Reports on tables name its columns as lookup:NAME.COLUMN.

    Example: mp lookup save products --mixpanel 7001 --property product_id
    """
    check_one_of({"source": source, "mixpanel": mixpanel})
    if source is None and mixpanel is None:
        message = f"Where are the rows of {name!r}?"
        hint = ["Name a CSV file, or ", Word("mixpanel", "ID"), "."]
        raise ParameterError(message, parameter="mixpanel", hint=hint)
    if not prop:
        message = f"Which property are the keys of {name!r} values of?"
        raise ParameterError(message, parameter="prop", hint=["Name it: ", Word("prop", "product_id"), "."])
    found = session_of(context).workspace.lookup(name, source or mixpanel, property=prop)
    return LookupList((found,))


@app.command(name="list")
def list_(context: typer.Context) -> LookupList:
    """List the lookup tables of the database. Those of Mixpanel: {mp lookup-tables}.

    Example: mp lookup list
    """
    return session_of(context).workspace.lookups()


@app.command()
def drop(
    context: typer.Context,
    chosen: Annotated[list[str], typer.Argument(metavar="NAME", help="The lookup tables.")],
) -> None:
    """Drop lookup tables: all that are named, or none.

    Example: mp lookup drop products
    """
    session = session_of(context)
    session.workspace.drop_lookup(*chosen)
    session.say(f"Dropped {', '.join(chosen)}.")
