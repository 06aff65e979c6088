"""``fetch``: events and profiles into tables."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_nb.commands import names
from mixpanel_nb.commands.days import During, Last
from mixpanel_nb.commands.options import (
    DEFAULT_COLUMNS,
    Append,
    Columns,
    FromDate,
    Replace,
    ToDate,
    ToDateOrLake,
    ToLake,
    Where,
    day_and_lake,
    parse_columns,
)
from mixpanel_nb.commands.session import Session, session_of
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.results import FetchResult, SyncResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.services.existing import IfExists

app = typer.Typer()


@app.command()
def events(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="TABLE", help="The table.", autocompletion=names.tables)
    ] = "events",
    from_date: FromDate = None,
    to_date: ToDateOrLake = None,
    last: Last = None,
    during: During = None,
    event: Annotated[
        list[str] | None,
        typer.Option(
            "--event",
            metavar="NAME",
            help="Only this event (repeatable).",
            autocompletion=names.events,
        ),
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

    With --append and no days, the new days of a table, by its own request. A lake is a folder or a
    place in an object store that several processes may fill at once; each day replaces what it has of it.

    User profiles have another command: {mp fetch profiles}

    Example: mp fetch events --from 2025-01-01 --to 2025-03-31
             {mp fetch events} --last 90d
             {mp fetch events} --last 90d --to lake:///data/shop
    """
    session = session_of(context)
    last_day, lake = day_and_lake(to_date)
    with _resumable(session):
        return session.workspace.fetch_events(
            name,
            to=lake,
            from_date=from_date,
            to_date=last_day,
            last=last,
            during=during,
            events=event or None,
            where=where,
            limit=limit,
            if_exists=_if_exists(append=append, replace=replace),
            columns=parse_columns(columns),
            dedupe=not keep_duplicates,
            workers=workers,
            progress=session.progress(),
        )


def sync(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="TABLE", help="The table.", autocompletion=names.tables)
    ] = "events",
    days: Annotated[
        int, typer.Option("--days", metavar="N", help="How many of its last days to fetch once more.")
    ] = 5,
    to_date: ToDate = None,
    cohorts: Annotated[
        bool, typer.Option("--cohorts", help="Compute the cohorts of the table again.")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", metavar="N", help="Downloads at once.")] = 4,
) -> SyncResult:
    """Bring a table up to date: fetch its last days once more, and the new ones to yesterday.

    Example: mp sync events --days 5
    """
    session = session_of(context)
    with _resumable(session):
        return session.workspace.sync(
            name, days=days, to_date=to_date, cohorts=cohorts, workers=workers, progress=session.progress()
        )


@app.command()
def profiles(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="TABLE", help="The table.", autocompletion=names.tables)
    ] = "profiles",
    to: ToLake = None,
    where: Where = None,
    cohort: Annotated[int | None, typer.Option("--cohort", metavar="ID", help="Only members of it.")] = None,
    output_property: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            metavar="NAME",
            help="Only this property of each (repeatable).",
            autocompletion=names.profile_properties,
        ),
    ] = None,
    distinct_id: Annotated[
        list[str] | None, typer.Option("--distinct-id", metavar="ID", help="Only this user (repeatable).")
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="ID", help="Groups of this type instead of users.")
    ] = None,
    behaviors: Annotated[
        str | None, typer.Option("--behaviors", metavar="JSON", help="What users did, for use in --where.")
    ] = None,
    as_of: Annotated[
        int | None, typer.Option("--as-of", metavar="SECONDS", help="When --behaviors are judged; now.")
    ] = None,
    only_with_profile: Annotated[
        bool, typer.Option("--only-with-profile", help="With --cohort: no members that have no profile.")
    ] = False,
    in_cohort: Annotated[
        str | None,
        typer.Option(
            "--in",
            metavar="COHORT",
            help="Only users of this cohort of the database.",
            autocompletion=names.cohorts,
        ),
    ] = None,
    append: Append = False,
    replace: Replace = False,
    columns: Columns = DEFAULT_COLUMNS,
) -> FetchResult:
    """Fetch user profiles, one row each.

    Example: mp fetch profiles --where 'properties["plan"] == "pro"'
    """
    session = session_of(context)
    return session.workspace.fetch_profiles(
        name,
        to=to,
        where=where,
        cohort_id=cohort,
        output_properties=output_property or None,
        distinct_ids=distinct_id or None,
        group_id=group,
        behaviors=_behaviors(behaviors),
        as_of_timestamp=as_of,
        include_all_users=False if only_with_profile else None,
        in_cohort=in_cohort,
        if_exists=_if_exists(append=append, replace=replace),
        columns=parse_columns(columns),
        progress=session.progress(),
    )


def _if_exists(*, append: bool, replace: bool) -> IfExists:
    if append and replace:
        add, new = Word("if_exists", "append"), Word("if_exists", "replace")
        message = [add, " and ", new, " exclude each other."]
        hint = [add, " adds to the table, ", new, " puts a new one in its place."]
        raise ParameterError(message, parameter="if_exists", hint=hint)
    return "append" if append else "replace" if replace else "same"


def _behaviors(text: str | None) -> list[dict[str, Any]] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise typer.BadParameter(f"--behaviors takes a JSON array of objects, and {text[:40]!r} is none.")
    return value


@contextmanager
def _resumable(session: Session) -> Iterator[None]:
    """On an interrupt, say that the fetch can be resumed."""
    try:
        yield
    except KeyboardInterrupt:
        session.say("Stopped. What has arrived is kept: the same fetch goes on from there.")
        raise
