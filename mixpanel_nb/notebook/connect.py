"""``%mp_connect``: selects the workspace of a notebook's commands."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from mixpanel_nb.commands import names
from mixpanel_nb.commands.options import (
    DataView,
    Mapping,
    TimeZone,
    WeekStart,
    file_or_url,
    place_of_mapping,
    table_option,
)
from mixpanel_nb.files.places import is_address
from mixpanel_nb.results import WorkspaceInfo  # noqa: TC001 - Typer reads annotations at run time

if TYPE_CHECKING:
    from mixpanel_nb.notebook.notebook_session import NotebookSession
    from mixpanel_nb.workspace import Workspace


@cache
def command() -> Any:
    """``%mp_connect`` as a Click command."""
    from mixpanel_nb.commands.app import alone
    from mixpanel_nb.notebook.wording import NOTEBOOK

    return alone(_connect, NOTEBOOK)


def _connect(
    context: typer.Context,
    account: Annotated[
        str | None,
        typer.Argument(
            metavar="ACCOUNT",
            help="sandbox, or an account; the default one if left out. Or the URL of a lake or an engine.",
            autocompletion=names.accounts,
        ),
    ] = None,
    db: Annotated[
        str | None,
        typer.Option("--db", metavar="FILE", help="The database file, a lake, or the URL of an engine."),
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", metavar="ID", help="Another project than the account's.")
    ] = None,
    memory: Annotated[
        bool, typer.Option("--memory", help="Keep the tables in memory, not in a file.")
    ] = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse changes to the database.")] = False,
    timezone: TimeZone = None,
    week_start: WeekStart = None,
    workspace_id: DataView = None,
    mapping: Mapping = None,
    table: Annotated[
        str | None,
        table_option("The table that reports ask; events, or the only one."),
    ] = None,
) -> WorkspaceInfo:
    """Choose what the commands work on: the sandbox, an account, a database file, or tables of an engine.

    Example: %mp_connect sandbox
             %mp_connect shop --db shop.db
             %mp_connect lake:///data/shop
             %mp_connect spark://host:7077?events=shop.events
             %mp_connect --db exports/42 --mapping pipelines

    Without ACCOUNT a file is opened with the default account; if there is none, for queries and for files of
    your own (%mp_load). A file that is not there is made at the first change. --table, --timezone and
    --week-start alone change the workspace that is connected.
    """
    if account is not None and "://" in account:
        account, db = None, account
    if memory and (db is not None or read_only):
        raise typer.BadParameter("--memory has no file, so it does not go with --db or --read-only.")
    if memory and workspace_id is not None:
        raise typer.BadParameter("--memory takes the account's data view: leave out --workspace-id.")
    settings: dict[str, Any] = {"timezone": timezone, "week_start": week_start, "table": table}
    session = cast("NotebookSession", context.obj)
    elsewhere = account or project or workspace_id or db or memory or read_only or mapping
    if session.connected is not None and any(settings.values()) and not elsewhere:
        for name, value in settings.items():
            if value is not None:
                setattr(session.connected, name, value)
        return session.connected.info()
    more = {"read_only": read_only, "workspace_id": workspace_id}
    workspace = _workspace(account, project, db, settings, memory=memory, more=more, mapping=mapping)
    session.connect(workspace)
    return workspace.info()


def _workspace(
    account: str | None,
    project: str | None,
    db: str | None,
    settings: dict[str, Any],
    *,
    memory: bool,
    more: dict[str, Any],
    mapping: str | None,
) -> Workspace:
    from mixpanel_nb.workspace import Workspace

    where = None if db is None else file_or_url(db)
    if isinstance(where, str):
        if project or any(more.values()):
            raise typer.BadParameter("--project, --workspace-id and --read-only are not for an engine's URL.")
        table = settings.pop("table")
        return Workspace.over(where, events=table, mapping=mapping, account=account, **settings)
    if mapping is not None:
        return Workspace.lake(place_of_mapping(where), account, mapping=mapping, **settings)
    is_kept = where is None or where.exists() or is_address(where)
    if where is not None and not (account or project or any(more.values()) or is_kept):
        return Workspace.open(where, create=True, **settings)
    if memory:
        return Workspace.memory(account, project, **settings)
    return Workspace(account, project, path=where, **more, **settings)
