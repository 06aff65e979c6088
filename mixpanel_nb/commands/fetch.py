"""``fetch``: events and profiles into tables."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from mixpanel_nb.commands.options import (
    DEFAULT_COLUMNS,
    Append,
    Columns,
    FromDate,
    Replace,
    ToDate,
    Where,
    parse_columns,
)
from mixpanel_nb.commands.session import Session, session_of
from mixpanel_nb.results import FetchResult

if TYPE_CHECKING:
    from collections.abc import Iterator

app = typer.Typer(no_args_is_help=True, help="Fetch events or profiles into a table.")


@app.command()
def events(
    context: typer.Context,
    from_date: FromDate,
    to_date: ToDate,
    name: Annotated[str, typer.Argument(metavar="TABLE", help="The table.")] = "events",
    event: Annotated[
        list[str] | None, typer.Option("--event", metavar="NAME", help="Only this event (repeatable).")
    ] = None,
    where: Where = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", help="At most so many events (to 100,000).")
    ] = None,
    append: Append = False,
    replace: Replace = False,
    columns: Columns = DEFAULT_COLUMNS,
    keep_duplicates: Annotated[
        bool, typer.Option("--keep-duplicates", help="Keep rows that Mixpanel counts once.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="Downloads at once.")] = 4,
) -> FetchResult:
    """Fetch the events of some days. A fetch that was stopped goes on when it is repeated.

    People are fetched by another command: mp fetch profiles

    Example: mp fetch events --from 2025-01-01 --to 2025-03-31
    """
    session = session_of(context)
    with _resumable(session):
        return session.workspace.fetch_events(
            name,
            from_date=from_date,
            to_date=to_date,
            events=event or None,
            where=where,
            limit=limit,
            append=append,
            replace=replace,
            columns=parse_columns(columns),
            dedupe=not keep_duplicates,
            workers=workers,
            progress=session.progress(),
        )


@app.command()
def profiles(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="TABLE", help="The table.")] = "profiles",
    where: Where = None,
    cohort: Annotated[int | None, typer.Option("--cohort", metavar="ID", help="Only members of it.")] = None,
    output_property: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="NAME", help="Only this property of each (repeatable)."),
    ] = None,
    append: Append = False,
    replace: Replace = False,
    columns: Columns = DEFAULT_COLUMNS,
) -> FetchResult:
    """Fetch people, one row each.

    Example: mp fetch profiles
    """
    session = session_of(context)
    return session.workspace.fetch_profiles(
        name,
        where=where,
        cohort_id=cohort,
        output_properties=output_property or None,
        append=append,
        replace=replace,
        columns=parse_columns(columns),
        progress=session.progress(),
    )


@contextmanager
def _resumable(session: Session) -> Iterator[None]:
    """Say, where the fetch is interrupted, that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        session.say("Stopped. What has arrived is kept: the same fetch goes on from there.")
        raise
