"""``auth``: commands of the configured accounts."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from mixpanel_nb.commands import names
from mixpanel_nb.commands.session import Session, session_of
from mixpanel_nb.errors import AccountExistsError, Command
from mixpanel_nb.results import AccountInfo, AccountList

if TYPE_CHECKING:
    from mixpanel_nb.accounts import AccountInfo as StoredAccount

app = typer.Typer()

NewName = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The account's name.", autocompletion=names.own_accounts)
]
WorkspaceId = Annotated[
    str | None,
    typer.Option(
        "--workspace-id",
        metavar="ID",
        help="A data view of the project: Mixpanel answers queries from it alone.",
    ),
]
OptionalName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="The account's name; the one in use if left out.",
        autocompletion=names.accounts,
    ),
]

ENVIRONMENT = "(environment)"  # shown for credentials that have no name


@app.command("list")
def list_(context: typer.Context) -> AccountList:
    """List the configured accounts.

    Example: mp auth list
    """
    return _account_list(context)


@app.command()
def add(
    context: typer.Context,
    name: NewName,
    username: Annotated[
        str, typer.Option("--username", metavar="USER", help="User name of the service account.")
    ],
    project: Annotated[str, typer.Option("--project", metavar="ID", help="The project's number.")],
    region: Annotated[
        str,
        typer.Option(
            "--region",
            metavar="us|eu|in",
            help="Where Mixpanel keeps it.",
            autocompletion=names.choices("us", "eu", "in"),
        ),
    ] = "us",
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="The project's time zone, e.g. Europe/Berlin.")
    ] = "UTC",
    legacy_time: Annotated[
        bool,
        typer.Option("--legacy-time", help="The project was made before 2023: exports hold local times."),
    ] = False,
    week_start: Annotated[
        str, typer.Option("--week-start", metavar="DAY", help="The day on which the project's weeks begin.")
    ] = "monday",
    workspace_id: WorkspaceId = None,
    default: Annotated[bool, typer.Option("--default", help="Use it where no account is named.")] = False,
) -> None:
    """Add a service account. Its secret is asked for, or read from standard input; never an argument.

    Example: mp auth add shop --username me.a1b2c3.mp-service-account --project 12345 --region eu
    """
    from mixpanel_nb.accounts import Credentials

    session = session_of(context)
    if name in {account.name for account in session.accounts.list_accounts()}:
        message = f"There is an account {name!r} already."
        raise AccountExistsError(message, hint=["Remove it first: ", Command(f"auth remove {name}")])
    secret = session.ask_secret(f"Secret of {username}")
    credentials = Credentials(
        username,
        secret,
        project,
        region=region,
        account=name,
        timezone=timezone,
        legacy_time=legacy_time,
        week_start=week_start,
        workspace_id=workspace_id,
    )
    session.accounts.add(name, credentials, default=default)
    session.say([f"Added account {name}. Try it: ", Command(f"auth test {name}")])


@app.command()
def login(
    context: typer.Context,
    name: NewName,
    project: Annotated[
        str | None,
        typer.Option("--project", metavar="ID", help="The project's number; asked for if there are several."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            "--region",
            metavar="us|eu|in",
            help="Where Mixpanel keeps it; found out if left out.",
            autocompletion=names.choices("us", "eu", "in"),
        ),
    ] = None,
    paste: Annotated[
        bool,
        typer.Option("--paste", help="The browser is on another machine: paste the address it is led to."),
    ] = False,
    workspace_id: WorkspaceId = None,
    default: Annotated[bool, typer.Option("--default", help="Use it where no account is named.")] = False,
) -> None:
    """Sign in by browser, where there is no service account. Mixpanel's raw export may refuse a sign-in.

    Example: mp auth login shop --project 12345
    """
    from mixpanel_nb.accounts.credentials import checked_region, checked_workspace_id
    from mixpanel_nb.client.oauth import OAuthServer
    from mixpanel_nb.services.sign_in import consent, has_browser, reached

    session = session_of(context)
    session.accounts.check_free(name)
    chosen = None if region is None else checked_region(region)
    view = None if workspace_id is None else checked_workspace_id(workspace_id)
    pastes = paste or not has_browser()

    def pasted() -> str:
        return session.ask_secret("The address that the browser was led to (it begins with http://localhost)")

    with OAuthServer(chosen or "us") as server:
        tokens = consent(
            server,
            tell=lambda address: session.say(f"Open this address, and agree:\n{address}"),
            paste=pasted if pastes else None,
        )
    found = reached(tokens, chosen)
    number = found.project(project, lambda lines: session.ask(f"Projects: {', '.join(lines)}. Which one"))
    credentials = replace(found.credentials(name, number, session.accounts.home), workspace_id=view)
    session.accounts.sign_in(name, credentials, found.tokens, default=default)
    session.say([f"Signed in as {name}, project {number}. Try it: ", Command(f"auth test {name}")])


@app.command()
def logout(context: typer.Context, name: Name) -> None:
    """End a sign-in, at Mixpanel and here. The account stays; to sign in again: {mp auth login}.

    Example: mp auth logout shop
    """
    from mixpanel_nb.accounts.tokens import TokenFile
    from mixpanel_nb.errors import ConfigError
    from mixpanel_nb.services.sign_in import revoke

    session = session_of(context)
    source = session.accounts.get(name).tokens
    if not isinstance(source, TokenFile):
        message = f"The account {name!r} is a service account, which is not signed in."
        raise ConfigError(message, hint=["Remove it: `", Command(f"auth remove {name}"), "`."])
    note = revoke(source)
    session.say(f"{name} is signed out." if note is None else f"{name} is signed out here. {note}")


@app.command()
def remove(context: typer.Context, name: Name) -> None:
    """Remove an account.

    Example: mp auth remove shop
    """
    session_of(context).accounts.remove(name)
    session_of(context).say(f"Removed account {name}.")


@app.command()
def switch(context: typer.Context, name: Name) -> None:
    """Use an account where none is named.

    Example: mp auth switch shop
    """
    session_of(context).accounts.set_default(name)
    session_of(context).say(f"{name} is the default account now.")


@app.command()
def show(context: typer.Context, name: OptionalName = None) -> AccountList:
    """Show one account, without its secret.

    Example: mp auth show shop
    """
    session = session_of(context)
    return AccountList((_in_use(session, name or session.account),))


@app.command()
def test(context: typer.Context, name: OptionalName = None) -> None:
    """Ask Mixpanel whether it accepts an account.

    Example: mp auth test shop
    """
    session = session_of(context)
    workspace = session.open_workspace(name)
    try:
        answer = workspace.test_credentials()
    finally:
        workspace.close()
    named = f"account {answer['account']}" if answer["account"] else "the environment's account"
    session.say(f"Mixpanel accepts {named} for project {answer['project_id']}.")


def _account_list(context: typer.Context) -> AccountList:
    return AccountList(tuple(_shown(account) for account in session_of(context).accounts.list_accounts()))


def _in_use(session: Session, name: str | None) -> AccountInfo:
    """The account that a command with this account name works with."""
    from mixpanel_nb.workspace import SANDBOX, sandbox_credentials

    wanted = session.accounts.account_in_effect(name)
    if wanted not in {None, SANDBOX}:
        session.accounts.get(wanted)  # raises if there is no such account
        return next(_shown(a) for a in session.accounts.list_accounts() if a.name == wanted)
    used = sandbox_credentials() if wanted == SANDBOX else session.accounts.resolve()
    return AccountInfo(
        wanted or ENVIRONMENT,
        used.username,
        used.project_id,
        used.region,
        timezone=used.timezone,
        legacy_time=used.legacy_time,
        workspace_id=used.workspace_id,
    )


def _shown(account: StoredAccount) -> AccountInfo:
    return AccountInfo(**dataclasses.asdict(account))
