"""``cohort``: commands of the cohorts that are kept in the database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_nb.commands import names as known
from mixpanel_nb.commands.days import During, Last
from mixpanel_nb.commands.options import read_text, table_option
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries import LARGE_UNITS
from mixpanel_nb.queries import cohorts as definitions
from mixpanel_nb.queries.checks import check_one_of, parse_step
from mixpanel_nb.results import CohortResult, CohortSizesResult, LocalCohortList

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_nb.queries.cohorts import Definition

app = typer.Typer()

Name = Annotated[str, typer.Argument(metavar="COHORT", help="The cohort.", autocompletion=known.cohorts)]
Names = Annotated[
    list[str], typer.Argument(metavar="COHORT", help="The cohorts.", autocompletion=known.cohorts)
]
_WITHIN = re.compile(r"(.+) within (\d+ ?(?:s|min|h|d|w))", re.DOTALL)


@app.command()
def save(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")],
    did: Annotated[
        list[str] | None,
        typer.Option(
            "--did",
            metavar="EVENT",
            help="Users who did it (repeatable: and), as 'Purchase where …'.",
            autocompletion=known.events,
        ),
    ] = None,
    not_did: Annotated[
        list[str] | None,
        typer.Option(
            "--not-did",
            metavar="EVENT",
            help="Users who did not (repeatable).",
            autocompletion=known.events,
        ),
    ] = None,
    then: Annotated[
        list[str] | None,
        typer.Option(
            "--then",
            metavar="EVENT",
            help="And later did this (repeatable), as 'Purchase within 7d where …'.",
            autocompletion=known.events,
        ),
    ] = None,
    at_least: Annotated[
        float | None, typer.Option("--at-least", metavar="N", help="Of --did: at least so often.")
    ] = None,
    at_most: Annotated[
        float | None, typer.Option("--at-most", metavar="N", help="At most so often, at least once.")
    ] = None,
    exactly: Annotated[int | None, typer.Option("--exactly", metavar="N", help="Exactly so often.")] = None,
    sum_of: Annotated[
        str | None,
        typer.Option(
            "--sum",
            metavar="PROPERTY",
            help="Limit the sum of this property instead of the number of events.",
            autocompletion=known.properties,
        ),
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(
            "--within", metavar="LENGTH", help="In the last days that the table covers: 30d, 12w, 3m."
        ),
    ] = None,
    from_date: Annotated[str | None, typer.Option("--from", metavar="DAY", help="Since this day.")] = None,
    to_date: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Until this day, included.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option("--where", metavar="EXPRESSION", help="Of --did: only events for which this is true."),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="EXPRESSION",
            help="Users whose profile meets this, as 'user[\"plan\"] == …'.",
        ),
    ] = None,
    in_cohort: Annotated[
        list[str] | None,
        typer.Option(
            "--in",
            metavar="COHORT",
            help="Only users in this cohort (repeatable).",
            autocompletion=known.cohorts,
        ),
    ] = None,
    not_in_cohort: Annotated[
        list[str] | None,
        typer.Option(
            "--not-in",
            metavar="COHORT",
            help="No users in this cohort (repeatable).",
            autocompletion=known.cohorts,
        ),
    ] = None,
    sql: Annotated[
        str | None, typer.Option("--sql", metavar="QUERY", help="The users that this query gives.")
    ] = None,
    users_from: Annotated[
        Path | None,
        typer.Option(
            "--users-from",
            metavar="FILE",
            allow_dash=True,
            help="The ids in a file, one a line; - is standard input.",
        ),
    ] = None,
    mixpanel: Annotated[
        int | None,
        typer.Option("--mixpanel", metavar="ID", help="The members of a saved cohort: {mp cohorts}"),
    ] = None,
    table: Annotated[
        str | None,
        table_option("The table of events; the usual one."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in the place of another of that name.")
    ] = False,
) -> CohortResult:
    """Save a set of users under a name. The same command again computes it anew.

    Example: mp cohort save buyers --did Purchase --at-least 2 --within 30d
             {mp cohort save} lost --did "Sign Up" --not-did Purchase
    """
    counted = {"at_least": at_least, "at_most": at_most, "exactly": exactly, "sum_of": sum_of, "where": where}
    days = {"within": within, "from_date": from_date, "to_date": to_date}
    parts = [
        *_done(did or [], then or [], counted, days),
        *_not_done(not_did or [], days),
        *_of_users(profile, in_cohort or [], not_in_cohort or []),
    ]
    definition = None if not parts else parts[0]
    for part in parts[1:]:
        definition = part if definition is None else definition & part
    users = None if users_from is None else _lines(read_text(users_from))
    conditions = {
        "did": did,
        "not_did": not_did,
        "profile": profile,
        "in_cohort": in_cohort,
        "not_in_cohort": not_in_cohort,
    }
    first = next((name for name, value in conditions.items() if value), "did")
    check_one_of({first: definition, "users_from": users, "sql": sql, "mixpanel": mixpanel})
    if definition is None and users is None and sql is None and mixpanel is None:
        words = [Word("did"), ", ", Word("not_did"), ", ", Word("in_cohort"), ", ", Word("sql"), ", "]
        hint = ["Give ", *words, Word("users_from"), " or ", Word("mixpanel"), "."]
        raise ParameterError(f"Who is in {name!r}?", parameter="did", hint=hint)
    return session_of(context).workspace.cohort(
        name,
        users if definition is None else definition,
        sql=sql,
        mixpanel=mixpanel,
        table=table,
        replace=replace,
    )


@app.command(name="list")
def list_(context: typer.Context) -> LocalCohortList:
    """List the cohorts of the database. Those that are saved in Mixpanel: {mp cohorts}.

    Example: mp cohort list
    """
    return session_of(context).workspace.local_cohorts()


@app.command()
def show(context: typer.Context, name: Name) -> CohortResult:
    """Show who is in a cohort, and how many users they are.

    Example: mp cohort show buyers
    """
    return session_of(context).workspace.cohort(name)


@app.command()
def sizes(
    context: typer.Context,
    name: Name,
    unit: Annotated[
        str,
        typer.Option(
            "--unit", metavar="UNIT", help="day, week or month.", autocompletion=known.choices(*LARGE_UNITS)
        ),
    ] = "week",
    from_date: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day; the table's.")
    ] = None,
    to_date: Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day; the table's.")] = None,
    last: Last = None,
    during: During = None,
) -> CohortSizesResult:
    """Show how many users a cohort had at the end of each day, week or month.

    Example: mp cohort sizes buyers --unit week
    """
    size: Any = unit
    workspace = session_of(context).workspace
    return workspace.cohort_sizes(
        name, unit=size, from_date=from_date, to_date=to_date, last=last, during=during
    )


@app.command()
def refresh(context: typer.Context, names: Names) -> LocalCohortList:
    """Compute cohorts again, from their tables as they are now.

    Example: mp cohort refresh buyers
    """
    workspace = session_of(context).workspace
    return LocalCohortList(tuple(workspace.refresh_cohort(name).cohort for name in names))


@app.command()
def drop(context: typer.Context, names: Names) -> None:
    """Drop cohorts: all that are named, or none.

    Example: mp cohort drop buyers
    """
    session = session_of(context)
    session.workspace.drop_cohort(*names)
    session.say(f"Dropped {', '.join(names)}.")


def _done(
    did: Sequence[str], then: Sequence[str], counted: Mapping[str, Any], days: Mapping[str, Any]
) -> Iterator[Definition]:
    """The conditions of what users did."""
    of_one = [name for name, value in counted.items() if value is not None]
    if of_one and len(did) != 1:
        message = [Word(of_one[0]), " is of one ", Word("did"), "."]
        hint = ["Save a cohort of each condition, and join them by ", Word("in_cohort", "NAME"), "."]
        if of_one == ["where"]:
            hint = ["Write the filter with its event: ", Word("did", "Purchase where …"), "."]
        raise ParameterError(message, parameter=of_one[0], hint=hint)
    if then and len(did) != 1:
        raise ParameterError([Word("then"), " follows one ", Word("did"), "."], parameter="then")
    for word in did:
        event, where = _step(word)
        given = {**counted, "where": counted["where"] if where is None else where}
        first = definitions.did(event, **_whole(given), **days)
        yield _followed(first, then) if then else first


def _followed(first: definitions.Did, then: Sequence[str]) -> Definition:
    sequence: Any = first
    for word in then:
        event, where = _step(word)
        limited = _WITHIN.fullmatch(event)
        event, within = (limited[1], limited[2]) if limited else (event, None)
        sequence = sequence.then(event, where, within=within)
    found: Definition = sequence
    return found


def _not_done(words: Sequence[str], days: Mapping[str, Any]) -> Iterator[Definition]:
    for word in words:
        event, where = _step(word)
        yield definitions.did_not(event, where=where, **days)


def _of_users(profile: str | None, inside: Sequence[str], outside: Sequence[str]) -> Iterator[Definition]:
    if profile is not None:
        yield definitions.profile(profile)
    yield from map(definitions.in_cohort, inside)
    yield from (~definitions.in_cohort(name) for name in outside)


def _step(word: str) -> tuple[str, str | None]:
    step = parse_step(word)
    return (step, None) if isinstance(step, str) else step


def _whole(given: Mapping[str, Any]) -> dict[str, Any]:
    """The limits, whole numbers as such."""
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in given.items()
    }


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]
