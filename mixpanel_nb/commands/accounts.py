"""``auth``: the accounts that are configured."""

from __future__ import annotations

from typing import Annotated

import typer

from mixpanel_nb.commands.session import session_of
from mixpanel_nb.errors import AccountExistsError
from mixpanel_nb.results import AccountInfo, AccountList


app = typer.Typer(no_args_is_help=True, help="Accounts: list, add, remove, switch, show, test.")

Name = Annotated[str, typer.Argument(help="The account's name.")]
OptionalName = Annotated[str | None, typer.Argument(help="The account's name; the one in use if left out.")]


@app.command("list")
def list_(context: typer.Context) -> AccountList:
    """List the configured accounts.

    Example: mp auth list
    """
    return _account_list(context)


@app.command()
def add(
    context: typer.Context,
    name: Name,
    username: Annotated[str, typer.Option("--username", help="User name of the service account.")],
    project: Annotated[str, typer.Option("--project", help="The project's number.")],
    region: Annotated[str, typer.Option("--region", help="us, eu or in.")] = "us",
    timezone: Annotated[
        str, typer.Option("--timezone", help="The project's time zone, e.g. Europe/Berlin.")
    ] = "UTC",
    legacy_time: Annotated[
        bool,
        typer.Option("--legacy-time", help="The project was made before 2023: exports hold local times."),
    ] = False,
    default: Annotated[bool, typer.Option("--default", help="Use it where no account is named.")] = False,
) -> None:
    """Add a service account. Its secret is asked for, or read from standard input; never an argument.

    Example: mp auth add shop --username me.a1b2c3.mp-service-account --project 12345 --region eu
    """
    from mixpanel_nb.accounts import Credentials

    session = session_of(context)
    if name in {account.name for account in session.accounts.list_accounts()}:
        message = f"There is an account {name!r} already."
        raise AccountExistsError(message, hint=f"Remove it first: mp auth remove {name}")
    secret = session.ask_secret(f"Secret of {username}")
    credentials = Credentials(
        username, secret, project, region=region, account=name, timezone=timezone, legacy_time=legacy_time
    )
    session.accounts.add(name, credentials, default=default)
    session.say(f"Added account {name}. Try it with: mp auth test {name}")


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
    accounts = session_of(context).accounts
    wanted = name or accounts.account_in_effect()
    accounts.get(wanted) if wanted else accounts.resolve()
    return _account_list(context, wanted)


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
    account = answer["account"] or "of the environment"
    session.say(f"Mixpanel accepts account {account} for project {answer['project_id']}.")


def _account_list(context: typer.Context, only: str | None = None) -> AccountList:
    known = session_of(context).accounts.list_accounts()
    return AccountList(
        tuple(
            AccountInfo(a.name, a.username, a.project_id, a.region, a.is_default)
            for a in known
            if only in {None, a.name}
        )
    )
