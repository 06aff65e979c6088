"""``%mp_connect``: the words that choose a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import typer.main

from mixpanel_nb.workspace import Workspace


def workspace(words: list[str]) -> Workspace | None:
    """The workspace that the words of ``%mp_connect`` name, or None where they asked for help."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(_connect)
    chosen = typer.main.get_command(app).main(args=words, prog_name="mp_connect", standalone_mode=False)
    return chosen if isinstance(chosen, Workspace) else None


def _connect(
    account: Annotated[
        str | None, typer.Argument(help="sandbox, or an account; the default one if left out.")
    ] = None,
    db: Annotated[Path | None, typer.Option("--db", metavar="FILE", help="The database file.")] = None,
    project: Annotated[str | None, typer.Option("--project", help="Another project than the account's.")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Refuse changes to the database.")] = False,
) -> Workspace:
    """Choose what the commands work on: sandbox, an account, or a database file.

    Example: %mp_connect sandbox
    """
    if account is None and project is None and db is not None and db.expanduser().is_file():
        return Workspace.open(db, read_only=read_only)
    return Workspace(account, project, path=db, read_only=read_only)
